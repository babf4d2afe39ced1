#include "engine/exec/op_sort.h"

#include <algorithm>

namespace luma {

namespace {

// More rows than this are sorted as a whole: trimming would copy them again and again.
constexpr uint64_t kMaxTopRows = 64 << 10;

std::vector<SortColumn> columns_of(const std::vector<SortKey>& keys) {
  std::vector<SortColumn> columns;
  for (const SortKey& key : keys) columns.push_back(SortColumn::of(key));
  return columns;
}
std::vector<const Expr*> exprs_of(const std::vector<SortKey>& keys) {
  std::vector<const Expr*> exprs;
  for (const SortKey& key : keys) exprs.push_back(key.expr);
  return exprs;
}

}  // namespace

SortOperator::SortOperator(OperatorPtr child, std::vector<SortKey> keys)
    : Operator(child->output_types()),
      child_(std::move(child)),
      keys_(exprs_of(keys)),
      sorter_(output_types(), columns_of(keys)),
      output_(output_types()),
      cut_(output_types()),
      selection_(kVectorSize) {
  explain.node_type = "Sort";
}

SortOperator::SortOperator(OperatorPtr child, std::vector<SortKey> keys, const Expr* limit,
                           const Expr* offset)
    : SortOperator(std::move(child), std::move(keys)) {
  clause_ = std::make_unique<RowCountClause>(limit, offset);
}

void SortOperator::do_open(ExecContext& context) {
  to_skip_ = 0;
  left_ = RowCountClause::kNoLimit;
  uint64_t bound = Sorter::kNoBound;
  if (clause_) {
    RowCountClause::Counts counts = clause_->evaluate(context);
    to_skip_ = counts.offset;
    left_ = counts.limit;
    if (counts.total() <= kMaxTopRows) bound = counts.total();
  }
  sorted_ = false;
  sorter_.open(context, bound);
  child_->open(context);
}

void SortOperator::do_close(ExecContext& context) {
  child_->close(context);
  sorter_.close();
  left_ = 0;
}

const Chunk* SortOperator::do_next(ExecContext& context) {
  if (left_ == 0) return nullptr;
  if (!sorted_) {
    while (const Chunk* chunk = child_->next(context)) {
      keys_.evaluate(context, *chunk, key_columns_);
      sorter_.append(context, key_columns_, column_pointers(*chunk), chunk->size);
    }
    sorter_.finish(context);
    sorted_ = true;
    stats().peak_memory_bytes = std::max(stats().peak_memory_bytes, sorter_.peak_memory_bytes());
    stats().spilled_bytes += sorter_.spilled_bytes();
  }
  while (sorter_.next(context, output_)) {
    if (to_skip_ >= output_.size) {
      to_skip_ -= output_.size;
      continue;
    }
    auto first = static_cast<uint32_t>(to_skip_);
    auto count = static_cast<uint32_t>(std::min<uint64_t>(output_.size - first, left_));
    to_skip_ = 0;
    if (left_ != RowCountClause::kNoLimit) left_ -= count;
    if (first == 0 && count == output_.size) return &output_;
    for (uint32_t i = 0; i < count; ++i) selection_[i] = first + i;
    cut_.slice(output_, selection_.data(), count);
    return &cut_;
  }
  left_ = 0;
  return nullptr;
}

}  // namespace luma
