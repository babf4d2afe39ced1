#include "engine/table/columnar_scan.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "engine/base/would_block.h"
#include "engine/columnar/columnar_cursor.h"
#include "engine/exec/evaluator.h"
#include "engine/exec/expr.h"
#include "engine/table/deferred_checks.h"
#include "engine/table/scan_output.h"

namespace luma {

namespace {

void collect_slots(const Expr& expr, std::vector<bool>& used) {
  if (expr.kind == ExprKind::kSlot) used[expr.index] = true;
  for_each_child(expr, [&](const Expr* child) { collect_slots(*child, used); });
}

TableActivity& activity_of(const TableDesc& table, ExecContext& context) {
  return context.deferred->activity().of(table.oid, table.storage_id);
}

// A predicate with its value of this execution.
struct Bound {
  size_t attribute;
  ZoneCompare compare;
  PhysicalType physical;  // of the value
  Value value;
};

int64_t integer_of(const Bound& bound) {
  switch (bound.physical) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
      return bound.value.datum.i8;
    case PhysicalType::kInt16:
      return bound.value.datum.i16;
    case PhysicalType::kInt32:
      return bound.value.datum.i32;
    default:
      return bound.value.datum.i64;
  }
}

bool may_contain(const ZoneMap& zone, const Bound& bound) {
  switch (zone.kind) {
    case ZoneKind::kNone:
      return !zone.all_null();
    case ZoneKind::kInt:
      return zone_may_contain(zone, bound.compare, integer_of(bound));
    case ZoneKind::kFloat:
      return zone_may_contain(zone, bound.compare,
                              bound.physical == PhysicalType::kFloat
                                  ? static_cast<double>(bound.value.datum.f32)
                                  : bound.value.datum.f64);
    case ZoneKind::kDecimal:
      return zone_may_contain_decimal(zone, bound.compare, bound.value.datum);
    case ZoneKind::kBytes:
      return zone_may_contain(zone, bound.compare, bound.value.datum.str.view());
  }
  return true;
}

}  // namespace

struct ColumnarScanOperator::State {
  State(TableDescPtr desc, std::vector<int32_t> wanted, const Expr* condition,
        std::vector<ZonePredicate> zone_predicates)
      : table(std::move(desc)),
        columns(std::move(wanted)),
        attributes(attributes_of(columns)),
        cursor(*table, attributes),
        zones(std::move(zone_predicates)) {
    std::vector<PhysicalType> types = scan_types(*table, columns);
    chunk.init(types, 1);
    filtered.init(types, 1);
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == kRowKeyColumn || columns[i] == kTableOidColumn) {
        chunk.columns[i] = Vector(types[i], kVectorSize);
      }
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      numbers.push_back(columns[i] >= 0 ? static_cast<size_t>(std::count_if(
                                              columns.begin(), columns.begin() + ptrdiff_t(i),
                                              [](int32_t c) { return c >= 0; }))
                                        : 0);
    }
    for (const ZonePredicate& zone : zones) values.emplace_back(*zone.value, 1);
    if (condition == nullptr) return;
    filter.emplace(*condition, kVectorSize);
    in_filter.resize(columns.size());
    collect_slots(*condition, in_filter);
    passed.resize(kVectorSize);
  }

  static std::vector<int32_t> attributes_of(const std::vector<int32_t>& columns) {
    std::vector<int32_t> attributes;
    for (int32_t column : columns) {
      if (column >= 0) attributes.push_back(column);
    }
    return attributes;
  }

  void bind_zones(ExecContext& context) {
    bounds.clear();
    for (size_t i = 0; i < zones.size(); ++i) {
      Value value = values[i].evaluate_scalar(context);
      // A comparison with NULL passes no row; the filter finds that out as well.
      if (value.is_null) continue;
      bounds.push_back({static_cast<size_t>(zones[i].attribute), zones[i].compare,
                        zones[i].value->physical, value});
    }
    if (bounds.empty()) {
      cursor.set_pruner(nullptr);
      return;
    }
    cursor.set_pruner([this](const SegmentFooter& footer, const RowGroup& group) {
      return std::all_of(bounds.begin(), bounds.end(), [&](const Bound& bound) {
        // Columns added later read as a default.
        return bound.attribute >= footer.columns.size() ||
               may_contain(group.columns[bound.attribute].zone, bound);
      });
    });
  }

  void fill(size_t i) {
    Vector& out = chunk.columns[i];
    if (columns[i] == kTableOidColumn) {
      out.set_constant(Datum::of_oid(table->oid));
    } else if (columns[i] == kRowKeyColumn) {
      fill_row_keys(out);
    } else if (cursor.selection() == nullptr) {
      out.reference(cursor.column(numbers[i]));
    } else {
      out.slice(cursor.column(numbers[i]), cursor.selection(), cursor.size());
    }
  }

  void fill_row_keys(Vector& out) {
    out.begin_flat();
    for (uint32_t i = 0; i < cursor.size(); ++i) {
      uint32_t row = cursor.selection() == nullptr ? i : cursor.selection()[i];
      make_row_key(table->storage_id, cursor.row_id(row), key);
      uint64_t stamp = cursor.stamp(row);
      key.append(reinterpret_cast<const char*>(&stamp), sizeof stamp);
      out.mutable_data<StringRef>()[i] = out.add_string(key);
    }
  }

  // The window's rows that pass; null when none does.
  const Chunk* emit(ExecContext& context) {
    chunk.size = cursor.size();
    if (!filter) {
      for (size_t i = 0; i < columns.size(); ++i) fill(i);
      return &chunk;
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      if (in_filter[i]) fill(i);
    }
    uint32_t count = filter->select(context, chunk, passed.data());
    if (count == 0) return nullptr;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (!in_filter[i]) fill(i);
    }
    if (count == chunk.size) return &chunk;
    filtered.slice(chunk, passed.data(), count);
    return &filtered;
  }

  TableDescPtr table;
  std::shared_ptr<SharedColumnarScan> shared;
  std::vector<int32_t> columns;
  std::vector<int32_t> attributes;
  ColumnarCursor cursor;
  std::vector<size_t> numbers;  // by output column: the cursor's
  std::vector<ZonePredicate> zones;
  std::vector<ExprEvaluator> values;
  std::vector<Bound> bounds;
  std::optional<ExprEvaluator> filter;
  std::vector<bool> in_filter;
  std::vector<uint32_t> passed;
  Chunk chunk, filtered;
  std::string key;
  uint64_t visited = 0;
};

ColumnarScanOperator::ColumnarScanOperator(TableDescPtr table, std::vector<int32_t> columns,
                                           const Expr* filter, std::vector<ZonePredicate> zones)
    : Operator(scan_types(*table, columns)),
      state_(
          std::make_unique<State>(std::move(table), std::move(columns), filter, std::move(zones))) {
  explain.node_type = "Columnar Scan";
}

ColumnarScanOperator::~ColumnarScanOperator() = default;

void SharedColumnarScan::open(ExecContext& context) {
  rows_read_.store(0, std::memory_order_relaxed);
  units_.open(*table_, *context.transaction, ReadView::kStatement);
  if (context.deferred != nullptr) ++activity_of(*table_, context).scans;
}

void SharedColumnarScan::close(ExecContext& context) {
  units_.close();
  const int64_t rows = rows_read_.exchange(0, std::memory_order_relaxed);
  if (context.deferred != nullptr) activity_of(*table_, context).rows_read += rows;
}

void ColumnarScanOperator::share(std::shared_ptr<SharedColumnarScan> scan) {
  state_->shared = std::move(scan);
}

TableDescPtr ColumnarScanOperator::table() const { return state_->table; }

void ColumnarScanOperator::do_open(ExecContext& context) {
  State& state = *state_;
  state.bind_zones(context);
  state.visited = 0;
  if (state.shared != nullptr) {
    state.cursor.open(*context.transaction, ReadView::kStatement, state.shared->units_);
    return;
  }
  state.cursor.open(*context.transaction, ReadView::kStatement);
  if (context.deferred != nullptr) ++activity_of(*state.table, context).scans;
}

void ColumnarScanOperator::count_rows(ExecContext& context, uint32_t rows) {
  State& state = *state_;
  state.visited += rows;
  if (state.shared != nullptr) {
    state.shared->rows_read_.fetch_add(rows, std::memory_order_relaxed);
    return;
  }
  if (context.inline_mode && state.visited > kInlineScanRows) throw WouldBlock{};
  if (context.deferred != nullptr) activity_of(*state.table, context).rows_read += rows;
}

const Chunk* ColumnarScanOperator::do_next(ExecContext& context) {
  State& state = *state_;
  while (state.cursor.next()) {
    if (context.interrupt != nullptr) context.interrupt->check();
    count_rows(context, state.cursor.size());
    if (const Chunk* chunk = state.emit(context)) return chunk;
  }
  if (context.instrument) describe_work();
  return nullptr;
}

// Of the last execution, for EXPLAIN ANALYZE.
void ColumnarScanOperator::describe_work() {
  const ColumnarCursor::Counters& counters = state_->cursor.counters();
  auto set = [this](std::string name, uint64_t value) {
    for (ExplainProperty& property : explain.properties) {
      if (property.name == name) {
        property.value = std::to_string(value);
        return;
      }
    }
    explain.properties.push_back({std::move(name), std::to_string(value)});
  };
  set("Segments", counters.segments);
  set("Row Groups Read", counters.groups);
  set("Row Groups Pruned", counters.groups_pruned);
  set("Delta Rows", counters.delta_rows);
}

void ColumnarScanOperator::do_close(ExecContext& context) {
  if (context.instrument) describe_work();
  state_->cursor.close();
}

}  // namespace luma
