// Expressions over arrays: ARRAY[...], subscripts and slices, op ANY/ALL (array), coercion by
// element.
#include <algorithm>
#include <unordered_set>

#include "engine/base/sql_error.h"
#include "engine/exec/evaluator_node.h"
#include "engine/type/array.h"

namespace luma {

namespace {

Oid element_oid_of(Oid array) {
  const TypeInfo& type = type_info(array);
  return type.element;
}

// Elements are handed to kernels in batches of this many rows.
constexpr uint32_t kElementBatch = std::min<uint32_t>(256, kVectorSize);

// scalar op ANY/ALL (array): OR/AND of the comparisons, three-valued. An empty array gives
// FALSE/TRUE.
class ArrayComparisonNode final : public EvalNode {
 public:
  ArrayComparisonNode(const Expr& expr, uint32_t capacity)
      : EvalNode(expr, capacity),
        scalar_(compile_node(*expr.args[0], capacity)),
        array_(compile_node(*expr.args[1], capacity)),
        any_(expr.kind == ExprKind::kArrayAny),
        result_(PhysicalType::kBool, capacity),
        row_result_(PhysicalType::kBool, std::max(capacity, kElementBatch)) {
    LUMA_CHECK(expr.implementation.kernel != nullptr);
  }

  const Vector& evaluate(EvalContext& context, const Chunk& input) override {
    const Vector& scalar = scalar_->evaluate(context, input);
    const Vector& array = array_->evaluate(context, input);
    bool constant = scalar.is_constant() && array.is_constant();
    uint32_t count = constant ? std::min<uint32_t>(1, input.size) : input.size;
    if (constant) {
      result_.begin_constant();
    } else {
      result_.begin_flat();
    }
    if (count == 0) return result_;
    if (array.is_constant()) {
      compare_constant(context, scalar, array.value(0), count);
    } else {
      for (uint32_t row = 0; row < count; ++row) {
        result_.set_value(
            row, compare_row(context, scalar.value(row), scalar.physical(), array.value(row)));
      }
    }
    return result_;
  }

 private:
  struct ElementHash {
    const TypeInfo* type;
    size_t operator()(const Datum& value) const { return type->hash(value, *type); }
  };
  struct ElementEqual {
    const TypeInfo* type;
    bool operator()(const Datum& a, const Datum& b) const {
      return type->compare(a, b, *type) == 0;
    }
  };
  using ElementSet = std::unordered_set<Datum, ElementHash, ElementEqual>;

  void compare_constant(EvalContext& context, const Vector& scalar, const Value& array,
                        uint32_t count) {
    if (array.is_null) {
      for (uint32_t row = 0; row < count; ++row) result_.set_null(row);
      return;
    }
    ArrayView view(array.datum);
    if (view.size() == 0) {
      std::fill_n(result_.mutable_data<bool>(), count, !any_);
      return;
    }
    if (use_set(view, scalar, count)) {
      probe_set(view, scalar, count);
    } else if (count == 1) {
      result_.set_value(0, compare_row(context, scalar.value(0), scalar.physical(), array));
    } else {
      compare_by_element(context, scalar, view, count);
    }
  }

  bool use_set(const ArrayView& view, const Vector& scalar, uint32_t count) const {
    const TypeInfo& type = view.element_type();
    if (!any_ || !expr_.implementation.is_equality || type.hash == nullptr ||
        type.compare == nullptr || type.physical != scalar.physical()) {
      return false;
    }
    bool reusable = expr_.args[1]->kind == ExprKind::kConstant;
    return view.size() >= 8 && (reusable || count >= 16);
  }

  void probe_set(const ArrayView& view, const Vector& scalar, uint32_t count) {
    if (!set_ || expr_.args[1]->kind != ExprKind::kConstant) {
      const TypeInfo& type = view.element_type();
      set_ = std::make_unique<ElementSet>(view.size(), ElementHash{&type}, ElementEqual{&type});
      for (uint32_t i = 0; i < view.size(); ++i) {
        if (!view.is_null(i)) set_->insert(view.datum(i));
      }
    }
    bool* out = result_.mutable_data<bool>();
    for (uint32_t row = 0; row < count; ++row) {
      Value value = scalar.value(row);
      bool found = !value.is_null && set_->count(value.datum) != 0;
      out[row] = found;
      if (!found && (value.is_null || view.has_nulls())) result_.set_null(row);
    }
  }

  // One kernel call per element over all rows.
  void compare_by_element(EvalContext& context, const Vector& scalar, const ArrayView& view,
                          uint32_t count) {
    bool* out = result_.mutable_data<bool>();
    std::fill_n(out, count, !any_);
    Vector element(view.element_type().physical, 1);
    const Vector* args[] = {&scalar, &element};
    for (uint32_t i = 0; i < view.size(); ++i) {
      element.set_constant(view.element(i));
      expr_.implementation.kernel({context, expr_, args, count}, row_result_);
      auto truths = row_result_.unified<bool>();
      for (uint32_t row = 0; row < count; ++row) {
        if (out[row] == any_ && !result_.is_null(row)) continue;  // settled
        Truth truth = truth_at(truths, row);
        if (truth == Truth::kUnknown) {
          result_.set_null(row);
        } else if ((truth == Truth::kTrue) == any_) {
          result_.set_valid(row);
          out[row] = any_;
        }
      }
    }
  }

  Value compare_row(EvalContext& context, const Value& scalar, PhysicalType physical,
                    const Value& array) {
    if (array.is_null) return Value::null();
    ArrayView view(array.datum);
    if (view.size() == 0) return Datum::of_bool(!any_);
    if (!scalar_value_ || scalar_value_->physical() != physical) {
      scalar_value_ = std::make_unique<Vector>(physical, 1);
    }
    PhysicalType element = view.element_type().physical;
    if (!elements_ || elements_->physical() != element) {
      elements_ = std::make_unique<Vector>(element, kElementBatch);
    }
    scalar_value_->set_constant(scalar);
    const Vector* args[] = {scalar_value_.get(), elements_.get()};
    bool unknown = false;
    for (uint32_t from = 0; from < view.size(); from += kElementBatch) {
      uint32_t count = std::min(kElementBatch, view.size() - from);
      elements_->begin_flat();
      for (uint32_t i = 0; i < count; ++i) elements_->set_value(i, view.element(from + i), false);
      expr_.implementation.kernel({context, expr_, args, count}, row_result_);
      auto truths = row_result_.unified<bool>();
      for (uint32_t i = 0; i < count; ++i) {
        Truth truth = truth_at(truths, i);
        if (truth == Truth::kUnknown) {
          unknown = true;
        } else if ((truth == Truth::kTrue) == any_) {
          return Datum::of_bool(any_);
        }
      }
    }
    return unknown ? Value::null() : Value(Datum::of_bool(!any_));
  }

  std::unique_ptr<EvalNode> scalar_;
  std::unique_ptr<EvalNode> array_;
  bool any_;
  Vector result_;
  Vector row_result_;
  std::unique_ptr<Vector> scalar_value_;
  std::unique_ptr<Vector> elements_;
  std::unique_ptr<ElementSet> set_;
};

class ArrayNode final : public RowwiseNode {
 public:
  ArrayNode(const Expr& expr, uint32_t capacity)
      : RowwiseNode(expr, capacity, compile_nodes(expr.args, capacity)),
        element_(element_oid_of(expr.type.oid)) {}

 protected:
  Value compute(EvalContext&, const Value* args, Arena& arena) override {
    if (expr_.index == 1) return nested(args, arena);
    ArrayBuilder builder(element_);
    for (size_t i = 0; i < expr_.args.size(); ++i) builder.add(args[i]);
    return builder.finish(arena);
  }

 private:
  // ARRAY[array, array]: one dimension more than its parts, which must agree.
  Value nested(const Value* args, Arena& arena) const {
    ArrayBuilder builder(element_);
    std::vector<ArrayDimension> dimensions;
    bool empty_seen = false;
    for (size_t i = 0; i < expr_.args.size(); ++i) {
      if (args[i].is_null) {
        empty_seen = true;
        continue;
      }
      ArrayView part(args[i].datum);
      if (part.dimension_count() == 0) {
        empty_seen = true;
        continue;
      }
      std::vector<ArrayDimension> expected{{static_cast<int32_t>(expr_.args.size()), 1}};
      expected.insert(expected.end(), part.dimensions().begin(), part.dimensions().end());
      if (!dimensions.empty() && dimensions != expected) throw mismatch();
      dimensions = std::move(expected);
      for (uint32_t e = 0; e < part.size(); ++e) builder.add(part.element(e));
    }
    if (dimensions.empty()) return empty_array(element_);
    if (empty_seen) throw mismatch();
    if (dimensions.size() > kMaxArrayDimensions) {
      throw sql_error(SqlState::kProgramLimitExceeded,
                      "number of array dimensions ({}) exceeds the maximum allowed ({})",
                      dimensions.size(), kMaxArrayDimensions);
    }
    return builder.finish(dimensions, arena);
  }
  static SqlError mismatch() {
    return sql_error(
        SqlState::kArraySubscriptError,
        "multidimensional arrays must have array expressions with matching dimensions");
  }

  Oid element_;
};

// array[i][j] and array[a:b][c:d]. Children: the array, then per dimension the given bounds.
class SubscriptNode final : public RowwiseNode {
 public:
  SubscriptNode(const Expr& expr, uint32_t capacity)
      : RowwiseNode(expr, capacity, compile_all(expr, capacity)) {
    const TypeInfo& container = type_info(expr.args[0]->type.oid);
    if (container.element == kInvalidOid || container.physical != PhysicalType::kVarlen) {
      throw unsupported("subscripting of type {}", format_type(container.oid));
    }
  }

 protected:
  Value compute(EvalContext&, const Value* args, Arena& arena) override {
    size_t bounds = expr_.subscript->upper.size();
    size_t given = 1;
    int32_t lower[kMaxArrayDimensions];
    int32_t upper[kMaxArrayDimensions];
    if (args[0].is_null) return Value::null();
    if (bounds > kMaxArrayDimensions) return Value::null();
    ArrayView view(args[0].datum);
    for (size_t i = 0; i < bounds; ++i) {
      bool known = static_cast<int>(i) < view.dimension_count();
      ArrayDimension dimension = known ? view.dimension(static_cast<int>(i)) : ArrayDimension{0, 1};
      lower[i] = dimension.lower_bound;
      upper[i] = dimension.lower_bound + dimension.length - 1;
      if (i < expr_.subscript->lower.size() && expr_.subscript->lower[i] != nullptr) {
        if (args[given].is_null) return Value::null();
        lower[i] = args[given++].datum.i32;
      }
      if (expr_.subscript->upper[i] != nullptr) {
        if (args[given].is_null) return Value::null();
        upper[i] = args[given++].datum.i32;
      }
    }
    if (!expr_.subscript->slice) return view.at({upper, bounds});
    return slice(view, lower, upper, bounds, arena);
  }

 private:
  static EvalNodes compile_all(const Expr& expr, uint32_t capacity) {
    EvalNodes nodes;
    nodes.push_back(compile_node(*expr.args[0], capacity));
    const SubscriptInfo& info = *expr.subscript;
    for (size_t i = 0; i < info.upper.size(); ++i) {
      if (i < info.lower.size() && info.lower[i] != nullptr) {
        nodes.push_back(compile_node(*info.lower[i], capacity));
      }
      if (info.upper[i] != nullptr) nodes.push_back(compile_node(*info.upper[i], capacity));
    }
    return nodes;
  }

  static Value slice(const ArrayView& view, int32_t* lower, int32_t* upper, size_t bounds,
                     Arena& arena) {
    auto dimensions = static_cast<size_t>(view.dimension_count());
    if (dimensions < bounds || dimensions == 0) return empty_array(view.element_oid());
    ArrayDimension result[kMaxArrayDimensions];
    for (size_t d = 0; d < dimensions; ++d) {
      ArrayDimension dimension = view.dimension(static_cast<int>(d));
      int32_t first = dimension.lower_bound, last = dimension.lower_bound + dimension.length - 1;
      // Dimensions without a subscript are taken whole.
      if (d >= bounds) {
        lower[d] = first;
        upper[d] = last;
      }
      lower[d] = std::max(lower[d], first);
      upper[d] = std::min(upper[d], last);
      if (lower[d] > upper[d]) return empty_array(view.element_oid());
      result[d] = {upper[d] - lower[d] + 1, 1};
    }
    ArrayBuilder builder(view.element_oid());
    std::vector<int32_t> at(lower, lower + dimensions);
    while (true) {
      builder.add(view.at(at));
      size_t d = dimensions;
      while (d > 0 && at[d - 1] == upper[d - 1]) {
        at[d - 1] = lower[d - 1];
        --d;
      }
      if (d == 0) break;
      ++at[d - 1];
    }
    return builder.finish({result, dimensions}, arena);
  }
};

// The same array with each element through expr.element_coercion, whose slot 0 is the element.
class CoerceArrayNode final : public RowwiseNode {
 public:
  CoerceArrayNode(const Expr& expr, uint32_t capacity)
      : RowwiseNode(expr, capacity, compile_nodes(expr.args, capacity)),
        target_(element_oid_of(expr.type.oid)),
        coercion_(compile_node(*expr.element_coercion, kElementBatch)) {
    PhysicalType source = type_info(element_oid_of(expr.args[0]->type.oid)).physical;
    elements_.init(std::span(&source, 1), kElementBatch);
  }

 protected:
  Value compute(EvalContext& context, const Value* args, Arena& arena) override {
    if (args[0].is_null) return Value::null();
    ArrayView view(args[0].datum);
    if (view.size() == 0) return empty_array(target_);
    ArrayBuilder builder(target_);
    for (uint32_t from = 0; from < view.size(); from += kElementBatch) {
      uint32_t count = std::min(kElementBatch, view.size() - from);
      elements_.begin();
      for (uint32_t i = 0; i < count; ++i)
        elements_.columns[0].set_value(i, view.element(from + i), false);
      elements_.size = count;
      const Vector& coerced = coercion_->evaluate(context, elements_);
      for (uint32_t i = 0; i < count; ++i) builder.add(coerced.value(i));
    }
    return builder.finish(view.dimensions(), arena);
  }

 private:
  Oid target_;
  std::unique_ptr<EvalNode> coercion_;
  Chunk elements_;
};

}  // namespace

std::unique_ptr<EvalNode> make_array_node(const Expr& expr, uint32_t capacity) {
  switch (expr.kind) {
    case ExprKind::kArrayAny:
    case ExprKind::kArrayAll:
      return std::make_unique<ArrayComparisonNode>(expr, capacity);
    case ExprKind::kArray:
      return std::make_unique<ArrayNode>(expr, capacity);
    case ExprKind::kSubscript:
      return std::make_unique<SubscriptNode>(expr, capacity);
    default:
      return std::make_unique<CoerceArrayNode>(expr, capacity);
  }
}

}  // namespace luma
