#include "engine/exec/op_window.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/chunk_builder.h"

namespace luma {

namespace {

std::vector<PhysicalType> window_types(const Operator& child, const WindowSpec& spec) {
  std::vector<PhysicalType> types = child.output_types();
  for (const Expr* call : spec.calls) types.push_back(call->physical);
  return types;
}

}  // namespace

WindowOperator::WindowOperator(OperatorPtr child, WindowSpec spec)
    : Operator(window_types(*child, spec)),
      child_(std::move(child)),
      spec_(std::move(spec)),
      child_columns_(static_cast<uint32_t>(child_->output_types().size())),
      output_(output_types()) {
  explain.node_type = "WindowAgg";
  std::vector<SortColumn> sort_columns;
  std::vector<const Expr*> sort_exprs;
  for (const Expr* expr : spec_.partition_by) {
    partition_columns_.push_back(column_of(expr));
    partition_types_.push_back(KeyType::of(*expr));
    sort_columns.push_back(SortColumn::ascending(partition_types_.back()));
    sort_exprs.push_back(expr);
  }
  for (const SortKey& key : spec_.order_by) {
    order_columns_.push_back(column_of(key.expr));
    order_types_.push_back(KeyType::of(*key.expr));
    sort_columns.push_back(SortColumn::of(key));
    sort_exprs.push_back(key.expr);
  }
  for (const Expr* call : spec_.calls) add_call(call);
  row_types_ = child_->output_types();
  for (const Expr* expr : extra_exprs_) row_types_.push_back(expr->physical);
  extras_ = std::make_unique<ExprListEvaluator>(extra_exprs_);
  sort_keys_ = std::make_unique<ExprListEvaluator>(std::move(sort_exprs));
  sorter_ = std::make_unique<Sorter>(row_types_, std::move(sort_columns));
  layout_ = RowLayout(row_types_);
  sorted_chunk_.init(row_types_);
}

// The row column that holds the expression's value.
uint32_t WindowOperator::column_of(const Expr* expr) {
  if (expr->kind == ExprKind::kSlot) return expr->index;
  for (uint32_t i = 0; i < extra_exprs_.size(); ++i) {
    if (expr_equal(*extra_exprs_[i], *expr)) return child_columns_ + i;
  }
  extra_exprs_.push_back(expr);
  return child_columns_ + static_cast<uint32_t>(extra_exprs_.size()) - 1;
}

void WindowOperator::add_call(const Expr* expr) {
  Call call;
  call.expr = expr;
  std::vector<uint32_t> arguments;
  std::vector<PhysicalType> argument_types;
  for (const Expr* arg : expr->args) {
    arguments.push_back(column_of(arg));
    argument_types.push_back(arg->physical);
  }
  int filter =
      expr->window->filter == nullptr ? -1 : static_cast<int>(column_of(expr->window->filter));
  bool one_key = spec_.order_by.size() == 1;
  call.view = std::make_unique<WindowFrameView>(*expr, std::move(arguments),
                                                one_key ? static_cast<int>(order_columns_[0]) : -1,
                                                one_key ? &spec_.order_by[0] : nullptr);
  if (expr->implementation.aggregate != nullptr) {
    call.aggregate = std::make_unique<WindowAggregate>(*expr, std::move(argument_types), filter);
  } else {
    LUMA_CHECK(expr->implementation.window != nullptr);
  }
  call.piece = Vector(expr->physical);
  calls_.push_back(std::move(call));
}

void WindowOperator::do_open(ExecContext& context) {
  reset();
  sorted_ = input_done_ = false;
  sorter_->open(context);
  budget_ = context.memory;
  for (Call& call : calls_) call.view->open(context);
  child_->open(context);
}

void WindowOperator::do_close(ExecContext& context) {
  child_->close(context);
  reset();
}

void WindowOperator::reset() {
  sorter_->close();
  for (Call& call : calls_) {
    if (call.aggregate) call.aggregate->close();
    call.arena.reset();
  }
  rows_.reset();
  addresses_ = {};
  if (charged_bytes_ != 0 && budget_ != nullptr) budget_->release(charged_bytes_);
  charged_bytes_ = 0;
  partitions_.clear();
  partition_ = 0;
  position_ = 0;
  partition_started_ = false;
  sorted_chunk_.size = sorted_row_ = 0;
  sorted_ = input_done_ = true;
}

void WindowOperator::sort_input(ExecContext& context) {
  std::vector<const Vector*> keys;
  std::vector<const Vector*> extras;
  while (const Chunk* chunk = child_->next(context)) {
    sort_keys_->evaluate(context, *chunk, keys);
    extras_->evaluate(context, *chunk, extras);
    std::vector<const Vector*> payload = column_pointers(*chunk);
    payload.insert(payload.end(), extras.begin(), extras.end());
    sorter_->append(context, keys, payload, chunk->size);
  }
  sorter_->finish(context);
  stats().spilled_bytes += sorter_->spilled_bytes();
}

bool WindowOperator::same_partition(const std::byte* a, const std::byte* b) const {
  for (size_t c = 0; c < partition_columns_.size(); ++c) {
    uint32_t column = partition_columns_[c];
    bool null = layout_.is_null(a, column);
    if (null != layout_.is_null(b, column)) return false;
    uint32_t offset = layout_.offsets[column];
    if (!null && !key_equal(partition_types_[c], a + offset, b + offset)) return false;
  }
  return true;
}

// Loads whole partitions, at least a vector of rows where there are as many; false at the end.
bool WindowOperator::load_batch(ExecContext& context) {
  rows_ = std::make_unique<RowCollection>(layout_, context.memory);
  addresses_.clear();
  partitions_.clear();
  partition_ = 0;
  position_ = 0;
  partition_started_ = false;
  uint64_t begin = 0;
  std::vector<const Vector*> columns = column_pointers(sorted_chunk_);
  while (true) {
    if (sorted_row_ == sorted_chunk_.size) {
      sorted_row_ = 0;
      if (input_done_ || !sorter_->next(context, sorted_chunk_)) {
        input_done_ = true;
        sorted_chunk_.size = 0;
        break;
      }
      if (context.interrupt != nullptr) context.interrupt->check();
    }
    std::byte* row = nullptr;
    uint32_t source = sorted_row_;
    rows_->append(columns, &source, 1, &row);
    if (addresses_.size() > begin && !same_partition(addresses_.back(), row)) {
      partitions_.push_back({begin, addresses_.size()});
      begin = addresses_.size();
      // The row starts a partition: it is read again for the next batch when this one is large
      // enough.
      if (begin >= kVectorSize) return true;
    }
    ++sorted_row_;
    addresses_.push_back(row);
    if (addresses_.size() * sizeof(std::byte*) > charged_bytes_) {
      size_t more = std::max<size_t>(charged_bytes_, size_t{64} << 10);
      if (budget_ != nullptr) budget_->charge(more);
      charged_bytes_ += more;
    }
  }
  if (addresses_.size() > begin) partitions_.push_back({begin, addresses_.size()});
  return !partitions_.empty();
}

void WindowOperator::start_partition(ExecContext& context) {
  const Partition& partition = partitions_[partition_];
  std::span<std::byte* const> rows(addresses_.data() + partition.begin,
                                   partition.end - partition.begin);
  peers_.compute(layout_, rows, order_columns_, order_types_);
  for (Call& call : calls_) {
    call.view->set_partition(context, layout_, rows, peers_);
    call.arena = std::make_unique<Arena>(context.memory, 256);
    if (call.aggregate) call.aggregate->start_partition(context, *call.view, layout_);
  }
  partition_started_ = true;
}

// Results of rows [from, from + count) of the current partition to output rows from `at` on.
void WindowOperator::evaluate(ExecContext& context, uint64_t from, uint32_t count, uint32_t at,
                              bool whole) {
  for (size_t i = 0; i < calls_.size(); ++i) {
    Call& call = calls_[i];
    Vector& target = output_.columns[child_columns_ + i];
    Vector& result = whole ? target : call.piece;
    if (!whole) call.piece.begin_flat();
    if (call.aggregate) {
      call.aggregate->evaluate(context, *call.view, from, count, result);
    } else {
      AggregateCall aggregate_call{context, *call.expr, *call.arena};
      call.expr->implementation.window->evaluate(aggregate_call, *call.view, from, count, result);
    }
    if (!whole) append_rows(target, at, call.piece, 0, count);
  }
}

const Chunk* WindowOperator::do_next(ExecContext& context) {
  if (!sorted_) {
    sorted_ = true;
    sort_input(context);
  }
  if (partition_ == partitions_.size() && !load_batch(context)) return nullptr;
  auto count =
      static_cast<uint32_t>(std::min<uint64_t>(kVectorSize, partitions_.back().end - position_));
  output_.begin();
  for (uint32_t c = 0; c < child_columns_; ++c) {
    rows_->gather(c, addresses_.data() + position_, count, output_.columns[c]);
  }
  for (uint32_t at = 0; at < count;) {
    if (!partition_started_) start_partition(context);
    const Partition& partition = partitions_[partition_];
    auto take = static_cast<uint32_t>(std::min<uint64_t>(count - at, partition.end - position_));
    evaluate(context, position_ - partition.begin, take, at, take == count);
    at += take;
    position_ += take;
    if (position_ == partition.end) {
      ++partition_;
      partition_started_ = false;
    }
  }
  output_.size = count;
  return &output_;
}

}  // namespace luma
