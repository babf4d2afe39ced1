#include "engine/exec/op_sort.h"

#include <algorithm>
#include <utility>

#include "engine/exec/parallel_safety.h"

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
      sort_keys_(std::move(keys)),
      keys_(exprs_of(sort_keys_)),
      sorter_(output_types(), columns_of(sort_keys_)),
      output_(output_types()),
      cut_(output_types()),
      selection_(kVectorSize) {
  explain.node_type = "Sort";
}

SortOperator::SortOperator(OperatorPtr child, std::vector<SortKey> keys, const Expr* limit,
                           const Expr* offset)
    : SortOperator(std::move(child), std::move(keys)) {
  clause_ = std::make_unique<RowCountClause>(limit, offset);
  offer_bound_below();
}

void SortOperator::offer_bound_below() {
  const SortKey& first = sort_keys_.front();
  if (first.expr->kind != ExprKind::kSlot || first.less_than != nullptr) return;
  auto bound = std::make_shared<TopBound>(SortColumn::of(first).type, first.descending,
                                          sort_keys_.size() > 1);
  offer_bound(*child_, first.expr->index, bound);
  if (bound.use_count() > 1) top_bound_ = std::move(bound);
}

void SortOperator::do_open(ExecContext& context) {
  to_skip_ = 0;
  left_ = RowCountClause::kNoLimit;
  bound_ = Sorter::kNoBound;
  if (clause_) {
    RowCountClause::Counts counts = clause_->evaluate(context);
    to_skip_ = counts.offset;
    left_ = counts.limit;
    if (counts.total() <= kMaxTopRows) bound_ = counts.total();
  }
  sorted_ = false;
  if (top_bound_) top_bound_->begin(bound_);
  sorter_.open(context, bound_);
  child_->open(context);
}

void SortOperator::do_close(ExecContext& context) {
  child_->close(context);
  sorter_.close();
  left_ = 0;
}

void SortOperator::gather(ExecContext& context) {
  const bool may_divide = are_parallel_safe(keys_.exprs()) &&
                          std::none_of(sort_keys_.begin(), sort_keys_.end(),
                                       [](const SortKey& key) { return key.less_than != nullptr; });
  if (may_divide) {
    if (auto divided = DividedInput::make(*child_, context)) return gather_divided(*divided);
  }
  while (const Chunk* chunk = child_->next(context)) {
    keys_.evaluate(context, *chunk, key_columns_);
    if (top_bound_) top_bound_->note(*key_columns_[0], chunk->size);
    sorter_.append(context, key_columns_, column_pointers(*chunk), chunk->size);
  }
}

void SortOperator::gather_divided(DividedInput& input) {
  struct Worker {
    Worker(const std::vector<PhysicalType>& types, const std::vector<SortKey>& sort_keys)
        : keys(exprs_of(sort_keys)), sorter(types, columns_of(sort_keys)) {}
    ExprListEvaluator keys;
    Sorter sorter;
    std::vector<const Vector*> key_columns;
    bool is_open = false;
  };
  std::vector<std::unique_ptr<Worker>> workers;
  for (size_t i = 0; i < input.size(); ++i) {
    workers.push_back(std::make_unique<Worker>(output_types(), sort_keys_));
  }
  input.read([&](size_t i, const Chunk& chunk, ExecContext& context) {
    Worker& worker = *workers[i];
    if (!std::exchange(worker.is_open, true)) worker.sorter.open(context, bound_);
    worker.keys.evaluate(context, chunk, worker.key_columns);
    if (top_bound_) top_bound_->note(*worker.key_columns[0], chunk.size);
    worker.sorter.append(context, worker.key_columns, column_pointers(chunk), chunk.size);
  });
  for (auto& worker : workers) {
    if (worker->is_open) sorter_.absorb(worker->sorter);
  }
}

const Chunk* SortOperator::do_next(ExecContext& context) {
  if (left_ == 0) return nullptr;
  if (!sorted_) {
    gather(context);
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
