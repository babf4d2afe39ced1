#include "engine/table/scan.h"

#include "engine/row/key_codec.h"
#include "engine/table/scan_output.h"

namespace luma {

struct TableScanOperator::State {
  State(TableDescPtr desc, std::vector<int32_t> columns, const Expr* filter)
      : table(std::move(desc)), output(*table, std::move(columns), filter, kVectorSize) {
    append_storage_id(lower, table->storage_id);
    upper = lower;
    make_prefix_end(upper);
  }

  TableDescPtr table;
  ScanOutput output;
  std::string lower, upper;
  ReusableIterator iterator;
  bool done = true;
};

TableScanOperator::TableScanOperator(TableDescPtr table, std::vector<int32_t> columns,
                                     const Expr* filter)
    : Operator(scan_types(*table, columns)),
      state_(std::make_unique<State>(std::move(table), std::move(columns), filter)) {
  explain.node_type = "Seq Scan";
}

TableScanOperator::~TableScanOperator() = default;

void TableScanOperator::do_open(ExecContext& context) {
  state_->iterator.open(*context.transaction, state_->lower, state_->upper).seek_first();
  state_->output.restart(context);
  state_->done = false;
}

const Chunk* TableScanOperator::do_next(ExecContext& context) {
  State& state = *state_;
  ScanOutput& output = state.output;
  while (!state.done) {
    output.begin();
    TxnIterator& at = *state.iterator;
    for (; at.valid() && !output.full(); at.next()) output.add_row(at.key(), at.value());
    state.done = !at.valid();
    if (const Chunk* chunk = output.finish(context)) return chunk;
  }
  return nullptr;
}

void TableScanOperator::do_close(ExecContext&) {
  state_->iterator.reset();
  state_->done = true;
}

}  // namespace luma
