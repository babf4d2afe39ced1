// pg_statistic and pg_stats: what ANALYZE has found, column by column.
#include <array>

#include "engine/type/array.h"
#include "engine/type/user_type.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/privileges.h"
#include "sql/catalog/statistics.h"
#include "sql/catalog/virtual_row.h"

namespace luma {
namespace {

// pg_statistic.stakind
constexpr int kCommonValues = 1, kHistogram = 2, kCorrelation = 3;
constexpr size_t kSlots = 5;
constexpr Oid kAnyArray = 2277, kAnyEnum = 3500, kVarchar = 1043;

template <typename Visit>
void visit_columns(const VirtualScan& scan, std::string_view key, const Visit& visit) {
  auto of = [&](const Table& table) {
    const TableStatisticsObject* known = scan.catalog().statistics(table.oid);
    if (known == nullptr) return;
    for (const Column& column : table.columns) {
      const ColumnStatistics* found = column.dropped ? nullptr : known->column(column);
      if (found != nullptr) visit(table, column, *found);
    }
  };
  if (std::optional<Oid> oid = key.empty() ? std::nullopt : scan.oid_filter(key)) {
    if (const Table* table = scan.catalog().table(*oid)) of(*table);
    return;
  }
  scan.catalog().for_each_relation([&](const Relation& relation) {
    if (relation.kind == ObjectKind::kTable && relation.oid >= kFirstUserOid) {
      of(static_cast<const Table&>(relation));
    }
  });
}

Value stored_array(std::string_view bytes, Arena& arena) {
  return bytes.empty() ? Value::null() : Value(Datum::of_string(arena.copy(bytes)));
}

Value float_array(std::span<const float> items, Arena& arena) {
  if (items.empty()) return Value::null();
  ArrayBuilder builder(type_oid::kFloat4);
  for (float item : items) builder.add(Datum::of_float(item));
  return builder.finish(arena);
}

struct ScalarOperators {
  Oid less = kInvalidOid, equal = kInvalidOid;
};

// < and = of the type's default btree operator class.
ScalarOperators scalar_operators(Oid type_oid) {
  const TypeInfo& type = type_info(base_type_of(type_oid));
  Oid input = type.is_array()         ? kAnyArray
              : type.type_type == 'e' ? kAnyEnum
              : type.oid == kVarchar  ? type_oid::kText
                                      : type.oid;
  ScalarOperators out;
  for (const OpClassFact& opclass : opclass_facts()) {
    if (opclass.method != kBtreeAm || !opclass.is_default || opclass.input_type != input) continue;
    for (const AmOpFact& op : amop_facts()) {
      if (op.family != opclass.family || op.left != input || op.right != input) continue;
      if (op.strategy == 1) out.less = op.operator_oid;
      if (op.strategy == 3) out.equal = op.operator_oid;
    }
  }
  return out;
}

struct Slot {
  int kind = 0;
  Oid operator_oid = kInvalidOid, collation = kInvalidOid;
  Value numbers = Value::null(), values = Value::null();
};

std::array<Slot, kSlots> slots_of(const VirtualScan& scan, const Column& column,
                                  const ColumnStatistics& found) {
  std::array<Slot, kSlots> slots;
  size_t next = 0;
  auto add = [&](int kind, Oid op) -> Slot& {
    Slot& slot = slots[next++];
    slot.kind = kind;
    slot.operator_oid = op;
    slot.collation = column.collation;
    return slot;
  };
  ScalarOperators operators = scalar_operators(column.type.oid);
  if (!found.common_values.empty()) {
    Slot& slot = add(kCommonValues, operators.equal);
    slot.numbers = float_array(found.common_frequencies, scan.arena);
    slot.values = stored_array(found.common_values, scan.arena);
  }
  if (!found.histogram.empty()) {
    add(kHistogram, operators.less).values = stored_array(found.histogram, scan.arena);
  }
  if (found.has_correlation) {
    add(kCorrelation, operators.less).numbers =
        float_array(std::array{found.correlation}, scan.arena);
  }
  return slots;
}

}  // namespace

void generate_pg_statistic(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  visit_columns(scan, "starelid",
                [&](const Table& table, const Column& column, const ColumnStatistics& found) {
                  std::array<Slot, kSlots> slots = slots_of(scan, column, found);
                  row.oid(table.oid).int2(column.number).boolean(false);
                  row.float4(found.null_fraction).int4(found.width_bytes).float4(found.distinct);
                  for (const Slot& slot : slots) row.int2(slot.kind);
                  for (const Slot& slot : slots) row.oid(slot.operator_oid);
                  for (const Slot& slot : slots) row.oid(slot.collation);
                  for (const Slot& slot : slots) row.value(slot.numbers);
                  for (const Slot& slot : slots) row.value(slot.values);
                  row.emit();
                });
}

void generate_pg_stats(const VirtualScan& scan, VirtualRowSink& sink) {
  const Catalog& catalog = scan.catalog();
  Oid role = scan.session.current_user_oid();
  std::optional<std::string_view> name = scan.text_filter("tablename");
  VirtualRow row(scan, sink);
  visit_columns(scan, {},
                [&](const Table& table, const Column& column, const ColumnStatistics& found) {
                  if (name.has_value() && table.name != *name) return;
                  if (!has_column_privilege(catalog, role, table, column, 'r')) return;
                  if (table.row_security && is_subject_to_row_security(catalog, role, table))
                    return;
                  row.text(catalog.schema_name(table.schema)).text(table.name).text(column.name);
                  row.boolean(false);
                  row.float4(found.null_fraction).int4(found.width_bytes).float4(found.distinct);
                  row.value(stored_array(found.common_values, scan.arena));
                  row.value(float_array(found.common_frequencies, scan.arena));
                  row.value(stored_array(found.histogram, scan.arena));
                  found.has_correlation ? row.float4(found.correlation) : row.null();
                  row.nulls(3).emit();
                });
}

}  // namespace luma
