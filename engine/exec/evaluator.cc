#include "engine/exec/evaluator.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/evaluator_node.h"
#include "engine/exec/subplan.h"

namespace luma {

namespace {

class ConstantNode final : public EvalNode {
 public:
  ConstantNode(const Expr& expr, uint32_t capacity)
      : EvalNode(expr, capacity), result_(expr.physical, 1) {
    result_.set_constant(expr.constant);
  }
  const Vector& evaluate(EvalContext&, const Chunk&) override { return result_; }

 private:
  Vector result_;
};

class SlotNode final : public EvalNode {
 public:
  using EvalNode::EvalNode;
  const Vector& evaluate(EvalContext&, const Chunk& input) override {
    LUMA_DCHECK(expr_.index < input.columns.size());
    return input.columns[expr_.index];
  }
};

class ParameterNode final : public EvalNode {
 public:
  ParameterNode(const Expr& expr, uint32_t capacity)
      : EvalNode(expr, capacity), result_(expr.physical, 1) {}
  const Vector& evaluate(EvalContext& context, const Chunk&) override {
    if (expr_.kind == ExprKind::kParameter) {
      if (expr_.index >= context.parameters.size()) {
        throw sql_error(SqlState::kUndefinedParameter, "there is no parameter ${}",
                        expr_.index + 1);
      }
      result_.set_constant(context.parameters[expr_.index]);
    } else {
      LUMA_CHECK(expr_.index < context.exec_parameters.size());
      result_.set_constant(context.exec_parameters[expr_.index]);
    }
    return result_;
  }

 private:
  Vector result_;
};

constexpr size_t kUncountedBytes = size_t{1} << 20;

// Results live until the next chunk; long ones must at least fit into what the statement may use.
void check_room(const EvalContext& context, const Vector& result) {
  size_t bytes = result.heap_bytes();
  if (bytes <= kUncountedBytes || context.arena == nullptr) return;
  if (MemoryBudget* budget = context.arena->budget(); budget != nullptr) {
    budget->charge(bytes);
    budget->release(bytes);
  }
}

class FunctionNode final : public EvalNode {
 public:
  FunctionNode(const Expr& expr, uint32_t capacity)
      : EvalNode(expr, capacity),
        children_(compile_nodes(expr.args, capacity)),
        inputs_(children_.size()),
        result_(expr.physical, capacity) {
    LUMA_CHECK(expr.implementation.kernel != nullptr);
  }

  const Vector& evaluate(EvalContext& context, const Chunk& input) override {
    KernelCall call = prepare(context, input);
    expr_.implementation.kernel(call, result_);
    check_room(context, result_);
    return result_;
  }

  uint32_t select(EvalContext& context, const Chunk& input, uint32_t* selection) override {
    if (expr_.implementation.select == nullptr) return EvalNode::select(context, input, selection);
    return expr_.implementation.select(prepare(context, input), selection);
  }

 private:
  KernelCall prepare(EvalContext& context, const Chunk& input) {
    for (size_t i = 0; i < children_.size(); ++i)
      inputs_[i] = &children_[i]->evaluate(context, input);
    return {context, expr_, inputs_, input.size};
  }

  EvalNodes children_;
  std::vector<const Vector*> inputs_;
  Vector result_;
};

class SubplanNode final : public EvalNode {
 public:
  SubplanNode(const Expr& expr, uint32_t capacity)
      : EvalNode(expr, capacity),
        children_(compile_nodes(expr.args, capacity)),
        inputs_(children_.size()),
        row_(children_.size()),
        result_(expr.physical, capacity) {
    LUMA_CHECK(expr.subplan != nullptr);
  }

  const Vector& evaluate(EvalContext& context, const Chunk& input) override {
    if (!state_) state_ = expr_.subplan->instantiate();
    for (size_t i = 0; i < children_.size(); ++i)
      inputs_[i] = &children_[i]->evaluate(context, input);
    result_.begin_flat();
    for (uint32_t row = 0; row < input.size; ++row) {
      for (size_t i = 0; i < inputs_.size(); ++i) row_[i] = inputs_[i]->value(row);
      result_.set_value(row, state_->evaluate(context, row_));
    }
    return result_;
  }

 private:
  EvalNodes children_;
  std::vector<const Vector*> inputs_;
  std::vector<Value> row_;
  std::unique_ptr<SubplanState> state_;
  Vector result_;
};

class RelabelNode final : public EvalNode {
 public:
  RelabelNode(const Expr& expr, uint32_t capacity)
      : EvalNode(expr, capacity), child_(compile_node(*expr.args[0], capacity)) {}
  const Vector& evaluate(EvalContext& context, const Chunk& input) override {
    return child_->evaluate(context, input);
  }
  uint32_t select(EvalContext& context, const Chunk& input, uint32_t* selection) override {
    return child_->select(context, input, selection);
  }

 private:
  std::unique_ptr<EvalNode> child_;
};

void collect_slots(const Expr& expr, std::vector<uint32_t>& slots) {
  if (expr.kind == ExprKind::kSlot) slots.push_back(expr.index);
  for_each_child(expr, [&](const Expr* child) { collect_slots(*child, slots); });
}

template <typename T>
void scatter_typed(const Vector& source, const uint32_t* selection, uint32_t count,
                   Vector& result) {
  auto from = source.unified<T>();
  T* to = result.mutable_data<T>();
  for (uint32_t i = 0; i < count; ++i) to[selection[i]] = from[i];
  if (!source.has_nulls()) return;
  for (uint32_t i = 0; i < count; ++i) {
    if (!from.valid(i)) result.set_null(selection[i]);
  }
}

}  // namespace

uint32_t EvalNode::select(EvalContext& context, const Chunk& input, uint32_t* selection) {
  const Vector& vector = evaluate(context, input);
  auto values = vector.unified<bool>();
  uint32_t count = input.size;
  if (vector.is_constant()) {
    if (count == 0 || truth_at(values, 0) != Truth::kTrue) return 0;
    for (uint32_t i = 0; i < count; ++i) selection[i] = i;
    return count;
  }
  uint32_t found = 0;
  if (!vector.has_nulls()) {
    for (uint32_t i = 0; i < count; ++i) {
      selection[found] = i;
      found += values[i];
    }
    return found;
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (truth_at(values, i) == Truth::kTrue) selection[found++] = i;
  }
  return found;
}

InputSlice::InputSlice(const Expr& expr) {
  collect_slots(expr, slots_);
  std::sort(slots_.begin(), slots_.end());
  slots_.erase(std::unique(slots_.begin(), slots_.end()), slots_.end());
  if (!slots_.empty()) chunk_.columns.resize(slots_.back() + 1);
}

const Chunk& InputSlice::take(const Chunk& input, const uint32_t* selection, uint32_t count) {
  if (count == input.size) return input;
  for (uint32_t slot : slots_) chunk_.columns[slot].slice(input.columns[slot], selection, count);
  chunk_.size = count;
  return chunk_;
}

void scatter(const Vector& source, const uint32_t* selection, uint32_t count, Vector& result) {
  switch (physical_size(source.physical())) {
    case 1:
      return scatter_typed<uint8_t>(source, selection, count, result);
    case 2:
      return scatter_typed<uint16_t>(source, selection, count, result);
    case 4:
      return scatter_typed<uint32_t>(source, selection, count, result);
    case 8:
      return scatter_typed<uint64_t>(source, selection, count, result);
    default:
      return scatter_typed<Datum>(source, selection, count, result);
  }
}

RowwiseNode::RowwiseNode(const Expr& expr, uint32_t capacity, EvalNodes children)
    : EvalNode(expr, capacity),
      children_(std::move(children)),
      inputs_(children_.size()),
      row_(children_.size()),
      result_(expr.physical, capacity) {}

const Vector& RowwiseNode::evaluate(EvalContext& context, const Chunk& input) {
  bool constant = !children_.empty();
  for (size_t i = 0; i < children_.size(); ++i) {
    inputs_[i] = &children_[i]->evaluate(context, input);
    constant &= inputs_[i]->is_constant();
  }
  uint32_t count = input.size;
  if (constant) {
    result_.begin_constant();
    count = 1;
  } else {
    result_.begin_flat();
  }
  for (uint32_t row = 0; row < count; ++row) {
    for (size_t i = 0; i < inputs_.size(); ++i) row_[i] = inputs_[i]->value(row);
    result_.set_value(row, compute(context, row_.data(), result_.heap()), false);
  }
  return result_;
}

EvalNodes compile_nodes(std::span<Expr* const> exprs, uint32_t capacity) {
  EvalNodes nodes;
  nodes.reserve(exprs.size());
  for (const Expr* expr : exprs) nodes.push_back(compile_node(*expr, capacity));
  return nodes;
}

std::unique_ptr<EvalNode> compile_node(const Expr& expr, uint32_t capacity) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return std::make_unique<ConstantNode>(expr, capacity);
    case ExprKind::kSlot:
      return std::make_unique<SlotNode>(expr, capacity);
    case ExprKind::kParameter:
    case ExprKind::kExecParameter:
      return std::make_unique<ParameterNode>(expr, capacity);
    case ExprKind::kFunction:
      return std::make_unique<FunctionNode>(expr, capacity);
    case ExprKind::kRelabel:
      return std::make_unique<RelabelNode>(expr, capacity);
    case ExprKind::kSubplan:
      return std::make_unique<SubplanNode>(expr, capacity);
    case ExprKind::kIsNull:
    case ExprKind::kIsNotNull:
      if (is_composite_type(expr.args[0]->type.oid)) return make_rowwise_node(expr, capacity);
      return make_logic_node(expr, capacity);
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kNot:
    case ExprKind::kIsTrue:
    case ExprKind::kIsNotTrue:
    case ExprKind::kIsFalse:
    case ExprKind::kIsNotFalse:
    case ExprKind::kIsUnknown:
    case ExprKind::kIsNotUnknown:
    case ExprKind::kIsDistinct:
    case ExprKind::kIsNotDistinct:
    case ExprKind::kNullIf:
    case ExprKind::kCase:
    case ExprKind::kCoalesce:
      return make_logic_node(expr, capacity);
    case ExprKind::kGreatest:
    case ExprKind::kLeast:
    case ExprKind::kRow:
    case ExprKind::kField:
    case ExprKind::kCoerceViaIo:
    case ExprKind::kApplyTypmod:
      return make_rowwise_node(expr, capacity);
    case ExprKind::kArrayAny:
    case ExprKind::kArrayAll:
    case ExprKind::kArray:
    case ExprKind::kSubscript:
    case ExprKind::kCoerceArray:
      return make_array_node(expr, capacity);
    default:
      break;
  }
  throw sql_error(SqlState::kInternalError, "expression kind {} cannot be evaluated here",
                  static_cast<int>(expr.kind));
}

ExprEvaluator::ExprEvaluator(const Expr& expr, uint32_t capacity)
    : root_(compile_node(expr, capacity)) {
  no_columns_.size = 1;
}
ExprEvaluator::ExprEvaluator(ExprEvaluator&&) noexcept = default;
ExprEvaluator& ExprEvaluator::operator=(ExprEvaluator&&) noexcept = default;
ExprEvaluator::~ExprEvaluator() = default;

const Vector& ExprEvaluator::evaluate(EvalContext& context, const Chunk& input) {
  return root_->evaluate(context, input);
}

uint32_t ExprEvaluator::select(EvalContext& context, const Chunk& input, uint32_t* selection) {
  return root_->select(context, input, selection);
}

Value ExprEvaluator::evaluate_scalar(EvalContext& context) {
  return root_->evaluate(context, no_columns_).value(0);
}

const Expr& ExprEvaluator::expr() const { return root_->expr(); }

}  // namespace luma
