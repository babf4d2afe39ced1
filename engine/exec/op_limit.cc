#include "engine/exec/op_limit.h"

#include "engine/base/sql_error.h"

namespace luma {

namespace {

std::vector<SortColumn> sort_columns_of(const std::vector<SortKey>& keys) {
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

RowCountClause::RowCountClause(const Expr* limit, const Expr* offset)
    : limit_(limit == nullptr ? nullptr : std::make_unique<ExprEvaluator>(*limit, 1)),
      offset_(offset == nullptr ? nullptr : std::make_unique<ExprEvaluator>(*offset, 1)) {}

RowCountClause::Counts RowCountClause::evaluate(EvalContext& context) {
  Counts counts;
  if (offset_) {
    Value value = offset_->evaluate_scalar(context);
    if (!value.is_null && value.datum.i64 < 0) {
      throw sql_error(SqlState::kInvalidRowCountInResultOffsetClause,
                      "OFFSET must not be negative");
    }
    counts.offset = value.is_null ? 0 : static_cast<uint64_t>(value.datum.i64);
  }
  if (limit_) {
    Value value = limit_->evaluate_scalar(context);
    if (!value.is_null && value.datum.i64 < 0) {
      throw sql_error(SqlState::kInvalidRowCountInLimitClause, "LIMIT must not be negative");
    }
    counts.limit = value.is_null ? kNoLimit : static_cast<uint64_t>(value.datum.i64);
  }
  return counts;
}

LimitOperator::LimitOperator(OperatorPtr child, const Expr* limit, const Expr* offset,
                             std::vector<SortKey> ties)
    : Operator(child->output_types()),
      child_(std::move(child)),
      clause_(limit, offset),
      with_ties_(!ties.empty()),
      tie_keys_(sort_columns_of(ties)),
      tie_exprs_(exprs_of(ties)),
      selection_(kVectorSize),
      output_(output_types()) {
  explain.node_type = "Limit";
}

void LimitOperator::do_open(ExecContext& context) {
  RowCountClause::Counts counts = clause_.evaluate(context);
  to_skip_ = counts.offset;
  left_ = counts.limit;
  done_ = left_ == 0;
  in_ties_ = false;
  pending_ = nullptr;
  child_->open(context);
}

void LimitOperator::do_close(ExecContext& context) {
  child_->close(context);
  last_heap_.reset();
  pending_ = nullptr;
  done_ = true;
}

void LimitOperator::remember_last(ExecContext& context, const Chunk& chunk, uint32_t row) {
  tie_exprs_.evaluate(context, chunk, key_columns_);
  last_heap_ = std::make_unique<Arena>(context.memory);
  last_.clear();
  for (size_t c = 0; c < key_columns_.size(); ++c) {
    Value value = key_columns_[c]->value(row);
    if (!value.is_null)
      value.datum = copy_datum(value.datum, key_columns_[c]->physical(), *last_heap_);
    last_.push_back(value);
  }
}

const Chunk* LimitOperator::next_ties(ExecContext& context) {
  if (pending_ == nullptr || pending_row_ == pending_->size) {
    pending_ = child_->next(context);
    pending_row_ = 0;
  }
  uint32_t count = 0;
  if (pending_ != nullptr) {
    tie_exprs_.evaluate(context, *pending_, key_columns_);
    std::vector<Value> row(key_columns_.size());
    for (; pending_row_ < pending_->size; ++pending_row_) {
      for (size_t c = 0; c < row.size(); ++c) row[c] = key_columns_[c]->value(pending_row_);
      if (tie_keys_.compare(context, last_.data(), row.data()) != 0) {
        done_ = true;
        break;
      }
      selection_[count++] = pending_row_;
    }
  }
  if (count == 0) {
    done_ = true;
    return nullptr;
  }
  output_.slice(*pending_, selection_.data(), count);
  return &output_;
}

const Chunk* LimitOperator::do_next(ExecContext& context) {
  if (done_) return nullptr;
  if (in_ties_) return next_ties(context);
  while (const Chunk* chunk = child_->next(context)) {
    if (to_skip_ >= chunk->size) {
      to_skip_ -= chunk->size;
      continue;
    }
    auto first = static_cast<uint32_t>(to_skip_);
    auto count = static_cast<uint32_t>(std::min<uint64_t>(chunk->size - first, left_));
    to_skip_ = 0;
    if (left_ != RowCountClause::kNoLimit) left_ -= count;
    if (left_ == 0) {
      if (with_ties_) {
        in_ties_ = true;
        pending_ = chunk;
        pending_row_ = first + count;
        remember_last(context, *chunk, first + count - 1);
      } else {
        done_ = true;
      }
    }
    if (first == 0 && count == chunk->size) return chunk;
    for (uint32_t i = 0; i < count; ++i) selection_[i] = first + i;
    output_.slice(*chunk, selection_.data(), count);
    return &output_;
  }
  done_ = true;
  return nullptr;
}

}  // namespace luma
