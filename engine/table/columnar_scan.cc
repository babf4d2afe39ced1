#include "engine/table/columnar_scan.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "engine/base/would_block.h"
#include "engine/columnar/columnar_cursor.h"
#include "engine/exec/parallel_safety.h"
#include "engine/table/deferred_checks.h"
#include "engine/table/scan_output.h"

namespace luma {

namespace {

// When so few rows of a block pass, they are read one by one and gathered from several blocks.
constexpr uint32_t kSparseRows = kBlockRows / 8;
// Gathered rows go out after so many blocks at the latest, the first time after one: LIMIT may be
// waiting for them.
constexpr uint32_t kPatienceBlocks = 64;

TableActivity& activity_of(const TableDesc& table, ExecContext& context) {
  return context.deferred->activity().of(table.oid, table.storage_id);
}

std::vector<int32_t> attributes_of(const std::vector<int32_t>& columns) {
  std::vector<int32_t> attributes;
  for (int32_t column : columns) {
    if (column >= 0) attributes.push_back(column);
  }
  return attributes;
}

}  // namespace

struct ColumnarScanOperator::State {
  State(TableDescPtr desc, std::vector<int32_t> wanted, const Expr* condition,
        std::vector<ZonePredicate> zones)
      : table(std::move(desc)),
        columns(std::move(wanted)),
        cursor(*table, attributes_of(columns)),
        filter(*table, columns, condition, std::move(zones)),
        rows(kBlockRows),
        passed(kBlockRows) {
    std::vector<PhysicalType> types = scan_types(*table, columns);
    dense.init(types);
    probed.init(types);
    gathered.init(types);
    size_t stored = 0;
    for (int32_t column : columns) numbers.push_back(column >= 0 ? stored++ : 0);
    cursor.set_pruner([this](const SegmentFooter& footer, const RowGroup& group) {
      return filter.may_pass(footer, group) && is_within_bound(footer, group);
    });
  }

  // The key's values in a row group; null when nothing is known of all of them.
  const ZoneMap* bound_zone(const SegmentFooter& footer, const RowGroup& group) const {
    const auto attribute = static_cast<size_t>(columns[bound_column]);
    if (attribute >= footer.columns.size()) return nullptr;
    const ZoneMap& zone = group.columns[attribute].zone;
    return zone.kind == ZoneKind::kInt && zone.null_count == 0 ? &zone : nullptr;
  }

  bool is_within_bound(const SegmentFooter& footer, const RowGroup& group) const {
    if (bound == nullptr) return true;
    const ZoneMap* zone = bound_zone(footer, group);
    return zone == nullptr || !bound->rules_out(zone->least_int, zone->greatest_int);
  }

  void order_units(ColumnarUnits& units) const {
    if (bound == nullptr || !bound->compares_integers()) return;
    units.order_by([this](const SegmentFooter& footer, const RowGroup& group) {
      const ZoneMap* zone = bound_zone(footer, group);
      if (zone == nullptr) return std::numeric_limits<int64_t>::min();
      return bound->is_descending() ? ~zone->greatest_int : zone->least_int;
    });
  }

  // Takes out rows that are too late in the order.
  void apply_bound() {
    if (bound == nullptr || count == 0 || !bound->is_set()) return;
    view(bound_column, bounded);
    keep_passed(bound->keep(bounded, count, passed.data()));
  }

  // Of the rows, those at the first `found` places in `passed`.
  void keep_passed(uint32_t found) {
    if (found == count) return;
    if (listed) {
      // passed[i] >= i, so what is read was not yet overwritten.
      for (uint32_t i = 0; i < found; ++i) rows[i] = rows[passed[i]];
    } else {
      rows.swap(passed);
      listed = true;
    }
    count = found;
  }

  void restart() {
    count = 0;
    is_flushed = true;
    forget_flushed();
    waited_blocks = 0;
    patience_blocks = 1;
  }

  // The rows of the cursor's window that pass.
  void find_rows(ExecContext& context) {
    const uint32_t* selection = cursor.selection();
    const bool stored = cursor.is_stored();
    listed = selection != nullptr;
    count = cursor.size();
    if (!stored && listed) std::copy_n(selection, count, rows.data());
    RowMask mask;
    if (stored && selection == nullptr) {
      mask.set_range(0, cursor.size());
    } else if (stored) {
      mask.clear();
      for (uint32_t i = 0; i < cursor.size(); ++i) mask.set(selection[i]);
    }
    const auto& rest = filter.reduce(context, cursor, stored ? &mask : nullptr);
    if (stored && (selection != nullptr || !mask.is_all(count))) {
      count = mask.list(rows.data());
      listed = true;
    }
    for (ScanFilter::Conjunct* conjunct : rest) {
      if (count == 0) return;
      apply(context, *conjunct);
    }
    apply_bound();
  }

  // Unless they are listed, `rows` are all of the window.
  void list_rows() {
    if (listed) return;
    for (uint32_t i = 0; i < count; ++i) rows[i] = i;
    listed = true;
  }

  // Evaluates a conjunct for the rows.
  void apply(ExecContext& context, ScanFilter::Conjunct& conjunct) {
    probed.size = count;
    for (uint32_t slot : conjunct.slots) {
      const size_t number = numbers[slot];
      if (columns[slot] >= 0 && is_sparse() && !cursor.is_decoded(number)) {
        probed.columns[slot].begin_flat();
        list_rows();
        cursor.read_rows(number, rows.data(), count, probed.columns[slot], 0);
      } else {
        view(slot, probed.columns[slot]);
      }
    }
    keep_passed(conjunct.evaluator.select(context, probed, passed.data()));
  }

  bool is_sparse() const { return cursor.is_stored() && count < kSparseRows; }

  // Column `i` of the rows, without copying what is stored.
  void view(size_t i, Vector& out) {
    if (columns[i] == kTableOidColumn) {
      out.set_constant(Datum::of_oid(table->oid));
    } else if (columns[i] == kRowKeyColumn) {
      out.begin_flat();
      add_row_keys(out, 0);
    } else if (count == cursor.size() && cursor.selection() == nullptr) {
      out.reference(cursor.column(numbers[i]));
    } else {
      out.slice(cursor.column(numbers[i]), rows.data(), count);
    }
  }

  void add_row_keys(Vector& out, uint32_t at) {
    list_rows();
    for (uint32_t i = 0; i < count; ++i) {
      make_row_key(table->storage_id, cursor.row_id(rows[i]), key);
      uint64_t stamp = cursor.stamp(rows[i]);
      key.append(reinterpret_cast<const char*>(&stamp), sizeof stamp);
      out.mutable_data<StringRef>()[at + i] = out.add_string(key);
    }
  }

  // Adds the rows to those of earlier blocks.
  void gather() {
    list_rows();
    if (gathered.size == 0) {
      gathered.begin();
      held.clear();
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      Vector& out = gathered.columns[i];
      if (columns[i] == kTableOidColumn) {
        std::fill_n(out.mutable_data<int32_t>() + gathered.size, count,
                    static_cast<int32_t>(table->oid));
      } else if (columns[i] == kRowKeyColumn) {
        add_row_keys(out, gathered.size);
      } else {
        cursor.read_rows(numbers[i], rows.data(), count, out, gathered.size);
        // Its strings may lie in the chunk.
        const ChunkRef& chunk = cursor.chunk(numbers[i]);
        if (out.physical() == PhysicalType::kVarlen && chunk != nullptr &&
            (held.empty() || held.back() != chunk)) {
          held.push_back(chunk);
        }
      }
    }
    gathered.size += count;
    count = 0;
  }

  // What is to go out now, if anything. `count` rows are left to be taken when that is what was
  // gathered before them.
  const Chunk* take() {
    const bool sparse = is_sparse();
    if (gathered.size > 0 && (!sparse || gathered.size + count > kVectorSize)) return flush();
    if (sparse) {
      gather();
      return nullptr;
    }
    dense.size = count;
    for (size_t i = 0; i < columns.size(); ++i) view(i, dense.columns[i]);
    count = 0;
    return &dense;
  }

  const Chunk* flush() {
    is_flushed = true;
    waited_blocks = 0;
    patience_blocks = std::min(patience_blocks * 2, kPatienceBlocks);
    return &gathered;
  }

  // What was flushed has been read.
  void forget_flushed() {
    if (!is_flushed) return;
    is_flushed = false;
    gathered.size = 0;
    held.clear();
  }

  TableDescPtr table;
  std::vector<int32_t> columns;
  std::vector<size_t> numbers;  // by output column: the cursor's
  std::shared_ptr<SharedColumnarScan> shared;
  bool is_sibling = false;  // reads a share; otherwise the shared scan is this one's to close
  ColumnarCursor cursor;
  ScanFilter filter;
  std::shared_ptr<const TopBound> bound;
  uint32_t bound_column = 0;
  ColumnarUnits units;  // in the bound's order, of a scan that nobody shares
  // Of the window: rows of its columns that have passed so far.
  std::vector<uint32_t> rows, passed;
  uint32_t count = 0;
  bool listed = false;
  Chunk dense, probed, gathered;
  Vector bounded;              // the bound's key
  std::vector<ChunkRef> held;  // what gathered strings refer to
  bool is_flushed = false;
  uint32_t waited_blocks = 0, patience_blocks = 1;
  std::string key;
  uint64_t visited = 0;
};

ColumnarScanOperator::ColumnarScanOperator(TableDescPtr table, std::vector<int32_t> columns,
                                           const Expr* filter, std::vector<ZonePredicate> zones)
    : Operator(scan_types(*table, columns)),
      filter_(filter),
      zones_(zones),
      state_(
          std::make_unique<State>(std::move(table), std::move(columns), filter, std::move(zones))) {
  explain.node_type = "Columnar Scan";
}

ColumnarScanOperator::~ColumnarScanOperator() = default;

void SharedColumnarScan::open(ExecContext& context) {
  rows_read_.store(0, std::memory_order_relaxed);
  units_.open(*table_, *context.transaction, ReadView::kStatement);
}

void SharedColumnarScan::close(ExecContext& context) {
  units_.close();
  const int64_t rows = rows_read_.exchange(0, std::memory_order_relaxed);
  if (context.deferred != nullptr) activity_of(*table_, context).rows_read += rows;
}

size_t SharedColumnarScan::size_bytes() const {
  constexpr size_t kDeltaUnitBytes = size_t{1} << 20;  // roughly
  return units_.segments()->size_bytes() + units_.count() * kDeltaUnitBytes;
}

bool ColumnarScanOperator::is_divisible() const {
  return filter_ == nullptr || is_parallel_safe(*filter_);
}

size_t ColumnarScanOperator::divide(ExecContext& context) {
  State& state = *state_;
  auto shared = std::make_shared<SharedColumnarScan>(state.table);
  shared->open(context);
  if (shared->size_bytes() < context.min_parallel_scan_bytes || shared->unit_count() < 2) return 0;
  state.order_units(shared->units_);
  state.shared = std::move(shared);
  return state.shared->unit_count();
}

OperatorPtr ColumnarScanOperator::make_sibling() {
  auto sibling =
      std::make_unique<ColumnarScanOperator>(state_->table, state_->columns, filter_, zones_);
  sibling->share(state_->shared);
  for (const auto& [column, join_filter] : join_filters_) {
    sibling->accept_filter(column, join_filter);
  }
  if (bound_ != nullptr) sibling->accept_bound(bound_column_, bound_);
  return sibling;
}

bool ColumnarScanOperator::accept_filter(uint32_t column, const JoinFilterRef& filter) {
  State& state = *state_;
  if (state.columns[column] < 0 || (filter_ != nullptr && !is_parallel_safe(*filter_)))
    return false;
  state.filter.add_join_filter(state.columns[column], state.numbers[column], filter);
  join_filters_.emplace_back(column, filter);
  return true;
}

void ColumnarScanOperator::accept_bound(uint32_t column,
                                        const std::shared_ptr<const TopBound>& bound) {
  State& state = *state_;
  if (state.columns[column] < 0 || (filter_ != nullptr && !is_parallel_safe(*filter_))) return;
  bound_ = state.bound = bound;
  bound_column_ = state.bound_column = column;
  state.bounded = Vector(output_types()[column]);
}

void ColumnarScanOperator::share(std::shared_ptr<SharedColumnarScan> scan) {
  state_->is_sibling = scan != nullptr;
  state_->shared = std::move(scan);
}

void ColumnarScanOperator::do_open(ExecContext& context) {
  State& state = *state_;
  state.filter.open(context);
  state.restart();
  state.visited = 0;
  if (state.is_sibling) {
    state.cursor.open(*context.transaction, ReadView::kStatement, state.shared->units_);
    return;
  }
  state.shared.reset();
  if (state.bound != nullptr && state.bound->compares_integers()) {
    state.units.open(*state.table, *context.transaction, ReadView::kStatement);
    state.order_units(state.units);
    state.cursor.open(*context.transaction, ReadView::kStatement, state.units);
  } else {
    state.cursor.open(*context.transaction, ReadView::kStatement);
  }
  if (context.deferred != nullptr) ++activity_of(*state.table, context).scans;
}

void ColumnarScanOperator::count_rows(ExecContext& context, uint32_t rows) {
  State& state = *state_;
  state.visited += rows;
  if (state.is_sibling) {
    state.shared->rows_read_.fetch_add(rows, std::memory_order_relaxed);
    return;
  }
  if (context.inline_mode && state.visited > kInlineScanRows) throw WouldBlock{};
  if (context.deferred != nullptr) activity_of(*state.table, context).rows_read += rows;
}

const Chunk* ColumnarScanOperator::do_next(ExecContext& context) {
  State& state = *state_;
  state.forget_flushed();
  while (true) {
    if (state.count > 0) {
      if (const Chunk* chunk = state.take()) return chunk;
    } else if (state.cursor.next()) {
      if (context.interrupt != nullptr) context.interrupt->check();
      count_rows(context, state.cursor.size());
      state.find_rows(context);
      if (context.instrument) {
        const uint64_t without_key = state.filter.take_rows_without_key();
        stats().join_filtered_rows += without_key;
        stats().filtered_rows += state.cursor.size() - state.count - without_key;
      }
      if (state.gathered.size > 0) ++state.waited_blocks;
    } else if (state.gathered.size > 0) {
      return state.flush();
    } else {
      if (context.instrument) describe_work();
      return nullptr;
    }
    if (state.gathered.size > 0 && state.waited_blocks >= state.patience_blocks) {
      return state.flush();
    }
  }
}

ColumnarCursor::Counters ColumnarScanOperator::work() const {
  const State& state = *state_;
  if (state.shared == nullptr || state.is_sibling) return state.cursor.counters();
  std::lock_guard lock(state.shared->mutex_);
  return state.shared->counters_;
}

// Of the last execution, for EXPLAIN ANALYZE.
void ColumnarScanOperator::describe_work() {
  const ColumnarCursor::Counters counters = work();
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
  State& state = *state_;
  if (state.is_sibling) {
    const ColumnarCursor::Counters& own = state.cursor.counters();
    std::lock_guard lock(state.shared->mutex_);
    ColumnarCursor::Counters& all = state.shared->counters_;
    all.segments = std::max(all.segments, own.segments);
    all.groups += own.groups;
    all.groups_pruned += own.groups_pruned;
    all.delta_rows += own.delta_rows;
  } else if (context.instrument) {
    describe_work();
  }
  state.cursor.close();
  state.units.close();
  state.filter.close();
  state.restart();
  if (state.shared != nullptr && !state.is_sibling) {
    state.shared->close(context);
    state.shared.reset();
  }
}

}  // namespace luma
