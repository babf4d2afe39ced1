#include "engine/table/scan.h"

#include "engine/exec/parallel_safety.h"
#include "engine/row/key_codec.h"
#include "engine/table/deferred_checks.h"
#include "engine/table/key_ranges.h"
#include "engine/table/scan_output.h"

namespace luma {

struct TableScanOperator::State {
  State(TableDescPtr desc, std::vector<int32_t> columns, const Expr* condition)
      : table(std::move(desc)),
        filter(condition),
        output(*table, std::move(columns), filter, kVectorSize) {
    append_storage_id(lower, table->storage_id);
    upper = lower;
    make_prefix_end(upper);
  }

  // Goes on with the next range; false when there is none.
  bool take_range(ExecContext& context) {
    const KeyRanges::Range* range = ranges->take();
    if (range == nullptr) return false;
    next_piece = ranges->number_of(*range);
    iterator.open(*context.transaction, range->lower, range->upper).seek_first();
    return true;
  }

  TableDescPtr table;
  const Expr* filter;
  ScanOutput output;
  std::string lower, upper;
  ReusableIterator iterator;
  bool done = true;
  // Divided among siblings.
  std::shared_ptr<KeyRanges> ranges;
  bool is_sibling = false;
  uint64_t next_piece = 0;  // of the rows to come
  uint64_t piece = 0;       // of those in the chunk
};

TableScanOperator::TableScanOperator(TableDescPtr table, std::vector<int32_t> columns,
                                     const Expr* filter)
    : Operator(scan_types(*table, columns)),
      state_(std::make_unique<State>(std::move(table), std::move(columns), filter)) {
  explain.node_type = "Seq Scan";
}

TableScanOperator::~TableScanOperator() = default;

bool TableScanOperator::is_divisible() const {
  return state_->filter == nullptr || is_parallel_safe(*state_->filter);
}

size_t TableScanOperator::divide(ExecContext& context) {
  auto ranges = std::make_shared<KeyRanges>();
  size_t count = ranges->open(*context.transaction, state_->lower, state_->upper,
                              context.min_parallel_scan_bytes);
  if (count >= 2) state_->ranges = std::move(ranges);
  return count;
}

OperatorPtr TableScanOperator::make_sibling() {
  auto sibling =
      std::make_unique<TableScanOperator>(state_->table, state_->output.columns(), state_->filter);
  sibling->state_->ranges = state_->ranges;
  sibling->state_->is_sibling = true;
  return sibling;
}

uint64_t TableScanOperator::piece() const { return state_->piece; }

void TableScanOperator::do_open(ExecContext& context) {
  State& state = *state_;
  state.output.restart(context);
  if (state.is_sibling) {
    state.done = !state.take_range(context);
    return;
  }
  state.ranges.reset();
  state.iterator.open(*context.transaction, state.lower, state.upper).seek_first();
  state.done = false;
}

const Chunk* TableScanOperator::do_next(ExecContext& context) {
  State& state = *state_;
  ScanOutput& output = state.output;
  output.raise_error();
  while (!state.done) {
    output.begin();
    state.piece = state.next_piece;
    TxnIterator& at = *state.iterator;
    for (; at.valid() && !output.full(); at.next()) output.add_row(at.key(), at.value());
    if (!at.valid()) state.done = !state.is_sibling || !state.take_range(context);
    const Chunk* chunk = output.finish(context, true);
    stats().filtered_rows += output.take_rows_filtered();
    if (chunk != nullptr) return chunk;
  }
  return nullptr;
}

void TableScanOperator::do_close(ExecContext& context) {
  State& state = *state_;
  state.iterator.reset();
  state.done = true;
  if (state.ranges == nullptr) return;
  if (state.is_sibling) {
    state.ranges->add_rows(state.output.rows_visited());
  } else if (context.deferred != nullptr) {
    context.deferred->activity().of(state.table->oid, state.table->storage_id).rows_read +=
        static_cast<int64_t>(state.ranges->rows_read());
  }
}

}  // namespace luma
