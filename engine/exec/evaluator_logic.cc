// Conditional and three-valued expressions. The rule throughout: a branch is evaluated only for the
// rows that reach it, by slicing the input to those rows and scattering the results back.
#include "engine/base/sql_error.h"
#include "engine/exec/evaluator_node.h"

namespace luma {

namespace {

// A child together with the slice of the input it is evaluated on.
struct Branch {
  std::unique_ptr<EvalNode> node;
  InputSlice slice;

  Branch(const Expr& expr, uint32_t capacity) : node(compile_node(expr, capacity)), slice(expr) {}
};

std::vector<Branch> compile_branches(const Expr& expr, uint32_t capacity) {
  std::vector<Branch> branches;
  branches.reserve(expr.args.size());
  for (const Expr* arg : expr.args) branches.emplace_back(*arg, capacity);
  return branches;
}

// AND (absorbing = false) and OR (absorbing = true): a row is done when an argument is the
// absorbing value; a NULL argument makes the result NULL unless a later one absorbs it.
class JunctionNode final : public EvalNode {
 public:
  JunctionNode(const Expr& expr, uint32_t capacity)
      : EvalNode(expr, capacity),
        absorbing_(expr.kind == ExprKind::kOr ? Truth::kTrue : Truth::kFalse),
        branches_(compile_branches(expr, capacity)),
        active_(make_selection(capacity)),
        found_(make_selection(capacity)),
        merged_(make_selection(capacity)),
        result_(PhysicalType::kBool, capacity) {}

  const Vector& evaluate(EvalContext& context, const Chunk& input) override {
    uint32_t count = input.size;
    result_.begin_flat();
    bool* out = result_.mutable_data<bool>();
    std::fill(out, out + count, absorbing_ == Truth::kFalse);
    uint32_t active = count;
    for (uint32_t i = 0; i < count; ++i) active_[i] = i;
    for (Branch& branch : branches_) {
      if (active == 0) break;
      const Vector& vector =
          branch.node->evaluate(context, branch.slice.take(input, active_.get(), active));
      auto values = vector.unified<bool>();
      uint32_t rest = 0;
      for (uint32_t i = 0; i < active; ++i) {
        uint32_t row = active_[i];
        Truth truth = truth_at(values, i);
        if (truth == absorbing_) {
          out[row] = absorbing_ == Truth::kTrue;
          result_.set_valid(row);
          continue;
        }
        if (truth == Truth::kUnknown) result_.set_null(row);
        active_[rest++] = row;
      }
      active = rest;
    }
    return result_;
  }

  uint32_t select(EvalContext& context, const Chunk& input, uint32_t* selection) override {
    return absorbing_ == Truth::kFalse ? select_and(context, input, selection)
                                       : select_or(context, input, selection);
  }

 private:
  // A NULL conjunct cannot become true any more: only the survivors are looked at again.
  // (PostgreSQL would go on after a NULL, but only to find out whether the result is FALSE
  // instead.)
  uint32_t select_and(EvalContext& context, const Chunk& input, uint32_t* selection) {
    uint32_t active = branches_[0].node->select(context, input, selection);
    for (size_t b = 1; b < branches_.size() && active > 0; ++b) {
      Branch& branch = branches_[b];
      const Chunk& slice = branch.slice.take(input, selection, active);
      uint32_t found = branch.node->select(context, slice, found_.get());
      // found_[i] >= i, so composing in place reads only entries not yet overwritten.
      for (uint32_t i = 0; i < found; ++i) selection[i] = selection[found_[i]];
      active = found;
    }
    return active;
  }

  uint32_t select_or(EvalContext& context, const Chunk& input, uint32_t* selection) {
    uint32_t active = input.size;
    for (uint32_t i = 0; i < active; ++i) active_[i] = i;
    uint32_t chosen = 0;
    for (Branch& branch : branches_) {
      if (active == 0) break;
      const Chunk& slice = branch.slice.take(input, active_.get(), active);
      uint32_t found = branch.node->select(context, slice, found_.get());
      if (found == 0) continue;
      // Splits the active rows into found ones, merged into the result, and the rest.
      uint32_t rest = 0, next = 0, from = 0, merged = 0;
      for (uint32_t i = 0; i < active; ++i) {
        uint32_t row = active_[i];
        if (next < found && found_[next] == i) {
          while (from < chosen && selection[from] < row) merged_[merged++] = selection[from++];
          merged_[merged++] = row;
          ++next;
        } else {
          active_[rest++] = row;
        }
      }
      while (from < chosen) merged_[merged++] = selection[from++];
      std::copy(merged_.get(), merged_.get() + merged, selection);
      chosen = merged;
      active = rest;
    }
    return chosen;
  }

  Truth absorbing_;
  std::vector<Branch> branches_;
  SelectionBuffer active_;
  SelectionBuffer found_;
  SelectionBuffer merged_;
  Vector result_;
};

class NotNode final : public EvalNode {
 public:
  NotNode(const Expr& expr, uint32_t capacity)
      : EvalNode(expr, capacity),
        child_(compile_node(*expr.args[0], capacity)),
        result_(PhysicalType::kBool, capacity) {}

  const Vector& evaluate(EvalContext& context, const Chunk& input) override {
    const Vector& vector = child_->evaluate(context, input);
    auto values = vector.unified<bool>();
    uint32_t count = input.size;
    if (vector.is_constant()) {
      count = 1;
      result_.begin_constant();
    } else {
      result_.begin_flat();
    }
    bool* out = result_.mutable_data<bool>();
    for (uint32_t i = 0; i < count; ++i) {
      Truth truth = truth_at(values, i);
      out[i] = truth == Truth::kFalse;
      if (truth == Truth::kUnknown) result_.set_null(i);
    }
    return result_;
  }

 private:
  std::unique_ptr<EvalNode> child_;
  Vector result_;
};

// IS [NOT] NULL of values that are no rows, IS [NOT] TRUE/FALSE/UNKNOWN. Never NULL.
class TestNode final : public EvalNode {
 public:
  TestNode(const Expr& expr, uint32_t capacity)
      : EvalNode(expr, capacity),
        child_(compile_node(*expr.args[0], capacity)),
        result_(PhysicalType::kBool, capacity) {}

  const Vector& evaluate(EvalContext& context, const Chunk& input) override {
    const Vector& vector = child_->evaluate(context, input);
    uint32_t count = input.size;
    if (vector.is_constant()) {
      count = 1;
      result_.begin_constant();
    } else {
      result_.begin_flat();
    }
    bool* out = result_.mutable_data<bool>();
    switch (expr_.kind) {
      case ExprKind::kIsNull:
      case ExprKind::kIsUnknown:
        fill_null_test(vector, count, true, out);
        break;
      case ExprKind::kIsNotNull:
      case ExprKind::kIsNotUnknown:
        fill_null_test(vector, count, false, out);
        break;
      case ExprKind::kIsTrue:
        fill_truth_test(vector, count, Truth::kTrue, true, out);
        break;
      case ExprKind::kIsNotTrue:
        fill_truth_test(vector, count, Truth::kTrue, false, out);
        break;
      case ExprKind::kIsFalse:
        fill_truth_test(vector, count, Truth::kFalse, true, out);
        break;
      default:
        fill_truth_test(vector, count, Truth::kFalse, false, out);
        break;
    }
    return result_;
  }

 private:
  static void fill_null_test(const Vector& vector, uint32_t count, bool when_null, bool* out) {
    if (!vector.has_nulls()) {
      std::fill(out, out + count, !when_null);
      return;
    }
    for (uint32_t i = 0; i < count; ++i) out[i] = vector.is_null(i) == when_null;
  }
  static void fill_truth_test(const Vector& vector, uint32_t count, Truth truth, bool wanted,
                              bool* out) {
    auto values = vector.unified<bool>();
    for (uint32_t i = 0; i < count; ++i) out[i] = (truth_at(values, i) == truth) == wanted;
  }

  std::unique_ptr<EvalNode> child_;
  Vector result_;
};

class CaseNode final : public EvalNode {
 public:
  CaseNode(const Expr& expr, uint32_t capacity)
      : EvalNode(expr, capacity),
        branches_(compile_branches(expr, capacity)),
        matched_(make_selection(capacity)),
        rest_(make_selection(capacity)),
        result_(expr.physical, capacity) {}

  const Vector& evaluate(EvalContext& context, const Chunk& input) override {
    uint32_t rest = input.size;
    bool begun = false;
    for (uint32_t i = 0; i < rest; ++i) rest_[i] = i;
    for (size_t b = 0; b + 1 < branches_.size() && rest > 0; b += 2) {
      Branch& when = branches_[b];
      const Chunk& slice = when.slice.take(input, rest_.get(), rest);
      uint32_t matched = when.node->select(context, slice, matched_.get());
      if (matched == 0) continue;
      rest = split(rest, matched);
      if (matched == input.size) return branches_[b + 1].node->evaluate(context, input);
      fill(context, input, branches_[b + 1], matched_.get(), matched, begun);
    }
    if (rest == input.size) return branches_.back().node->evaluate(context, input);
    if (rest > 0) fill(context, input, branches_.back(), rest_.get(), rest, begun);
    return result_;
  }

 private:
  // Makes matched_ row numbers of the input and removes them from rest_.
  uint32_t split(uint32_t rest, uint32_t matched) {
    uint32_t next = 0, kept = 0;
    for (uint32_t i = 0; i < rest; ++i) {
      uint32_t row = rest_[i];
      if (next < matched && matched_[next] == i) {
        matched_[next++] = row;
      } else {
        rest_[kept++] = row;
      }
    }
    return kept;
  }
  void fill(EvalContext& context, const Chunk& input, Branch& branch, const uint32_t* rows,
            uint32_t count, bool& begun) {
    if (!begun) result_.begin_flat();
    begun = true;
    scatter(branch.node->evaluate(context, branch.slice.take(input, rows, count)), rows, count,
            result_);
  }

  std::vector<Branch> branches_;
  SelectionBuffer matched_;
  SelectionBuffer rest_;
  Vector result_;
};

class CoalesceNode final : public EvalNode {
 public:
  CoalesceNode(const Expr& expr, uint32_t capacity)
      : EvalNode(expr, capacity),
        branches_(compile_branches(expr, capacity)),
        rest_(make_selection(capacity)),
        slice_rows_(make_selection(capacity)),
        result_(expr.physical, capacity) {}

  const Vector& evaluate(EvalContext& context, const Chunk& input) override {
    uint32_t rest = input.size;
    for (uint32_t i = 0; i < rest; ++i) rest_[i] = i;
    bool begun = false;
    for (Branch& branch : branches_) {
      if (rest == 0) break;
      // The slice must not see its selection change while rest_ shrinks.
      std::copy(rest_.get(), rest_.get() + rest, slice_rows_.get());
      const Vector& vector =
          branch.node->evaluate(context, branch.slice.take(input, slice_rows_.get(), rest));
      uint32_t nulls = 0;
      if (vector.has_nulls()) {
        for (uint32_t i = 0; i < rest; ++i) {
          if (vector.is_null(i)) rest_[nulls++] = slice_rows_[i];
        }
      }
      if (rest == input.size && nulls == 0) return vector;
      if (nulls == rest && &branch != &branches_.back()) continue;
      if (!begun) result_.begin_flat();
      begun = true;
      // Rows that stay NULL are marked so; a later argument that has a value makes them valid
      // again.
      for (uint32_t i = 0; i < rest; ++i) result_.set_valid(slice_rows_[i]);
      scatter(vector, slice_rows_.get(), rest, result_);
      rest = nulls;
    }
    return result_;
  }

 private:
  std::vector<Branch> branches_;
  SelectionBuffer rest_;
  SelectionBuffer slice_rows_;
  Vector result_;
};

// IS [NOT] DISTINCT FROM and NULLIF: both need the type's equality, which is strict.
class EqualityNode final : public EvalNode {
 public:
  EqualityNode(const Expr& expr, uint32_t capacity)
      : EvalNode(expr, capacity),
        left_(compile_node(*expr.args[0], capacity)),
        right_(compile_node(*expr.args[1], capacity)),
        equal_(PhysicalType::kBool, capacity),
        result_(expr.physical, capacity) {
    LUMA_CHECK(expr.implementation.kernel != nullptr);
  }

  const Vector& evaluate(EvalContext& context, const Chunk& input) override {
    const Vector& left = left_->evaluate(context, input);
    const Vector& right = right_->evaluate(context, input);
    const Vector* args[] = {&left, &right};
    expr_.implementation.kernel({context, expr_, args, input.size}, equal_);
    auto equal = equal_.unified<bool>();
    if (expr_.kind == ExprKind::kNullIf) return null_if(left, equal, input.size);
    bool constant = left.is_constant() && right.is_constant();
    if (constant) {
      result_.begin_constant();
    } else {
      result_.begin_flat();
    }
    bool* out = result_.mutable_data<bool>();
    uint32_t count = constant ? 1 : input.size;
    bool wanted = expr_.kind == ExprKind::kIsNotDistinct;
    for (uint32_t i = 0; i < count; ++i) {
      bool left_null = left.is_null(i), right_null = right.is_null(i);
      bool same =
          left_null || right_null ? left_null && right_null : truth_at(equal, i) == Truth::kTrue;
      out[i] = same == wanted;
    }
    return result_;
  }

 private:
  const Vector& null_if(const Vector& left, const UnifiedVector<bool>& equal, uint32_t count) {
    result_.begin_flat();
    for (uint32_t i = 0; i < count; ++i) {
      bool same = truth_at(equal, i) == Truth::kTrue;
      result_.set_value(i, same ? Value::null() : left.value(i), false);
    }
    return result_;
  }

  std::unique_ptr<EvalNode> left_;
  std::unique_ptr<EvalNode> right_;
  Vector equal_;
  Vector result_;
};

}  // namespace

std::unique_ptr<EvalNode> make_logic_node(const Expr& expr, uint32_t capacity) {
  switch (expr.kind) {
    case ExprKind::kAnd:
    case ExprKind::kOr:
      return std::make_unique<JunctionNode>(expr, capacity);
    case ExprKind::kNot:
      return std::make_unique<NotNode>(expr, capacity);
    case ExprKind::kCase:
      return std::make_unique<CaseNode>(expr, capacity);
    case ExprKind::kCoalesce:
      return std::make_unique<CoalesceNode>(expr, capacity);
    case ExprKind::kIsDistinct:
    case ExprKind::kIsNotDistinct:
    case ExprKind::kNullIf:
      return std::make_unique<EqualityNode>(expr, capacity);
    default:
      return std::make_unique<TestNode>(expr, capacity);
  }
}

}  // namespace luma
