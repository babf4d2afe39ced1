// pg_statistic_ext, pg_statistic_ext_data and pg_stats_ext: CREATE STATISTICS and what ANALYZE has
// found for it.
#include <array>

#include "engine/type/array.h"
#include "sql/catalog/extended_statistics.h"
#include "sql/catalog/privileges.h"
#include "sql/catalog/statistics.h"
#include "sql/catalog/virtual_row.h"

namespace luma {
namespace {

Value kinds_value(const ExtendedStatistics& statistics, Arena& arena) {
  constexpr Oid kChar = 18;
  ArrayBuilder builder(kChar);
  for (char kind : statistics.kinds) builder.add(Datum::of_int8(static_cast<int8_t>(kind)));
  return builder.finish(arena);
}

const JointStatistics* data_of(const Catalog& catalog, const ExtendedStatistics& statistics) {
  const TableStatisticsObject* known = catalog.statistics(statistics.table);
  if (known == nullptr) return nullptr;
  for (const JointStatistics& one : known->joint) {
    if (one.object == statistics.oid) return &one;
  }
  return nullptr;
}

std::string joined(const std::vector<int16_t>& numbers, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    out += fmt::format("{}{}", i == 0 ? "" : ", ", numbers[i]);
  }
  return out;
}

std::string distinct_text(const JointStatistics& data) {
  std::string out;
  for (const JointStatistics::Group& group : data.distinct) {
    out += fmt::format("{}\"{}\": {:.0f}", out.empty() ? "" : ", ",
                       joined(group.columns, group.columns.size()), group.value);
  }
  return out.empty() ? out : "{" + out + "}";
}

std::string dependencies_text(const JointStatistics& data) {
  std::string out;
  for (const JointStatistics::Group& group : data.dependencies) {
    out += fmt::format("{}\"{} => {}\": {:.6f}", out.empty() ? "" : ", ",
                       joined(group.columns, group.columns.size() - 1), group.columns.back(),
                       group.value);
  }
  return out.empty() ? out : "{" + out + "}";
}

// The common values, or which of them are NULL, a row for each combination.
Value common_values(const JointStatistics& data, bool nulls, Arena& arena) {
  if (data.common_values.empty()) return Value::null();
  ArrayBuilder builder(nulls ? type_oid::kBool : type_oid::kText);
  for (const std::string& bytes : data.common_values) {
    ArrayView values(Datum::of_string(arena.copy(bytes)));
    for (uint32_t i = 0; i < values.size(); ++i) {
      builder.add(nulls ? Value(Datum::of_bool(values.is_null(i))) : values.element(i));
    }
  }
  const std::array dimensions{ArrayDimension{static_cast<int32_t>(data.common_values.size()), 1},
                              ArrayDimension{static_cast<int32_t>(data.columns.size()), 1}};
  return builder.finish(dimensions, arena);
}

Value numbers(const std::vector<double>& values, Arena& arena) {
  if (values.empty()) return Value::null();
  ArrayBuilder builder(type_oid::kFloat8);
  for (double value : values) builder.add(Datum::of_double(value));
  return builder.finish(arena);
}

}  // namespace

void generate_pg_statistic_ext(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for (const ExtendedStatistics* one : all_extended_statistics(scan.catalog())) {
    row.oid(one->oid).oid(one->table).text(one->name).oid(one->schema).oid(one->owner);
    row.int4(one->target).int2vector(one->columns).value(kinds_value(*one, scan.arena));
    row.null().emit();
  }
}

void generate_pg_statistic_ext_data(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for (const ExtendedStatistics* one : all_extended_statistics(scan.catalog())) {
    const JointStatistics* data = data_of(scan.catalog(), *one);
    if (data == nullptr) continue;
    row.oid(one->oid).boolean(false).text_or_null(distinct_text(*data));
    row.text_or_null(dependencies_text(*data));
    // The bytes of pg_mcv_list are PostgreSQL's own: pg_stats_ext shows what is in it.
    row.null().null().emit();
  }
}

void generate_pg_stats_ext(const VirtualScan& scan, VirtualRowSink& sink) {
  const Catalog& catalog = scan.catalog();
  const Oid role = scan.session.current_user_oid();
  VirtualRow row(scan, sink);
  for (const ExtendedStatistics* one : all_extended_statistics(catalog)) {
    const Table* table = catalog.table(one->table);
    const JointStatistics* data = data_of(catalog, *one);
    if (table == nullptr || data == nullptr) continue;
    // Values are shown to the owner of the statistics only.
    if (!has_privileges_of(catalog, role, one->owner)) continue;
    if (table->row_security && is_subject_to_row_security(catalog, role, *table)) continue;
    row.text(catalog.schema_name(table->schema)).text(table->name);
    row.text(catalog.schema_name(one->schema)).text(one->name);
    row.text(catalog.role_name(one->owner));
    ArrayBuilder names(type_oid::kName);
    for (int16_t number : one->columns) {
      names.add(Datum::of_string(scan.arena.copy(table->column(number)->name)));
    }
    row.value(names.finish(scan.arena)).null().value(kinds_value(*one, scan.arena));
    row.boolean(false).text_or_null(distinct_text(*data)).text_or_null(dependencies_text(*data));
    row.value(common_values(*data, false, scan.arena));
    row.value(common_values(*data, true, scan.arena));
    row.value(numbers(data->common_frequencies, scan.arena));
    row.value(numbers(data->base_frequencies, scan.arena)).emit();
  }
}

}  // namespace luma
