// sum(x + 1), sum(x + 2), ...  ->  sum(x) + 1 * count(x), sum(x) + 2 * count(x), ..., when so many
// sums of one x differ by constants only that its sum, count and extremes are less work. The
// extremes tell whether x + c is out of range for some row: that error stays what it is. Not done
// for sums with DISTINCT, FILTER or ORDER BY, for volatile x, and where there are grouping sets.
#include <algorithm>
#include <optional>

#include "engine/exec/expr.h"
#include "sql/function/registry.h"
#include "sql/optimize/passes.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

// What takes the place of the sums is four aggregates.
constexpr size_t kFewestSums = 6;

namespace proc_oid {
constexpr Oid kInt4pl = 177, kInt24pl = 178, kInt42pl = 179, kInt4mi = 181, kInt24mi = 182;
constexpr Oid kInt4ToInt8 = 481, kInt2ToInt8 = 754;
constexpr Oid kInt8pl = 463, kInt8mi = 464, kInt8mul = 465;
constexpr Oid kSumInt4 = 2108, kSumInt2 = 2109, kCount = 2147;
constexpr Oid kMaxInt4 = 2116, kMaxInt2 = 2117, kMinInt4 = 2132, kMinInt2 = 2133;
}  // namespace proc_oid

bool is_constant(const Expr& expr) {
  return expr.kind == ExprKind::kParameter ||
         (expr.kind == ExprKind::kConstant && !expr.constant.is_null);
}

// sum(value + constant), or sum(value - constant).
struct ShiftedSum {
  const Expr* sum;
  const Expr* addition;
  size_t value_at;  // which argument of the addition is the value
  bool subtracts;

  Expr* value() const { return addition->args[value_at]; }
  Expr* constant() const { return addition->args[1 - value_at]; }
};

std::optional<ShiftedSum> as_shifted_sum(const Expr& expr) {
  using namespace proc_oid;
  if (expr.kind != ExprKind::kAggregate || expr.function == nullptr ||
      expr.function->oid != kSumInt4 || expr.args.size() != 1) {
    return std::nullopt;
  }
  const AggregateInfo* info = expr.aggregate;
  if (info != nullptr && (info->distinct || info->filter != nullptr || !info->order_by.empty())) {
    return std::nullopt;
  }
  const Expr& addition = *expr.args[0];
  if (addition.kind != ExprKind::kFunction || addition.function == nullptr) return std::nullopt;
  const Oid function = addition.function->oid;
  const bool subtracts = function == kInt4mi || function == kInt24mi;
  if (!subtracts && function != kInt4pl && function != kInt24pl && function != kInt42pl) {
    return std::nullopt;
  }
  ShiftedSum found{&expr, &addition, 0, subtracts};
  if (!is_constant(*found.constant()) && !subtracts) found.value_at = 1;
  if (!is_constant(*found.constant()) || is_constant(*found.value()) ||
      has_volatile(*found.value()) || has_subquery(*found.value())) {
    return std::nullopt;
  }
  return found;
}

class SumSharing {
 public:
  SumSharing(AggregateOp& aggregate, PlanContext& plan)
      : aggregate_(aggregate), plan_(plan), kept_(aggregate.aggregates) {}

  LogicalOp* run() {
    if (!aggregate_.grouping_sets.empty() || !aggregate_.grouping_marks.empty()) {
      return &aggregate_;
    }
    std::vector<std::pair<ColumnId, Expr*>> replaced;
    for (const ProjectItem& item : aggregate_.aggregates) {
      auto sum = as_shifted_sum(*item.expr);
      if (!sum || sums_of(*sum->value()) < kFewestSums) continue;
      replaced.emplace_back(item.column, nullptr);
      std::erase_if(kept_, [&](const ProjectItem& kept) { return kept.column == item.column; });
      replaced.back().second = rewrite(*sum);
    }
    if (replaced.empty()) return &aggregate_;
    auto* project = plan_.make<ProjectOp>();
    project->inputs = {&aggregate_};
    project->output = aggregate_.output;
    for (ColumnId column : aggregate_.output) {
      auto found = std::ranges::find(replaced, column, &std::pair<ColumnId, Expr*>::first);
      project->items.push_back(
          {column, found == replaced.end() ? plan_.column_ref(column) : found->second});
    }
    aggregate_.aggregates = std::move(kept_);
    aggregate_.output.clear();
    for (const ProjectItem& group : aggregate_.groups) aggregate_.output.push_back(group.column);
    for (const ProjectItem& item : aggregate_.aggregates) {
      aggregate_.output.push_back(item.column);
    }
    return project;
  }

 private:
  size_t sums_of(const Expr& value) const {
    return static_cast<size_t>(
        std::ranges::count_if(aggregate_.aggregates, [&](const ProjectItem& item) {
          auto sum = as_shifted_sum(*item.expr);
          return sum && expr_equal(*sum->value(), value);
        }));
  }

  // case when min(x) + c is null or max(x) + c is null then null else sum(x) + c * count(x) end
  Expr* rewrite(const ShiftedSum& sum) {
    using namespace proc_oid;
    const bool narrow = sum.value()->type.oid == type_oid::kInt2;
    Expr* total = aggregate_of(sum, narrow ? kSumInt2 : kSumInt4);
    Expr* count = aggregate_of(sum, kCount);
    Expr* least = shifted(sum, aggregate_of(sum, narrow ? kMinInt2 : kMinInt4));
    Expr* greatest = shifted(sum, aggregate_of(sum, narrow ? kMaxInt2 : kMaxInt4));
    const bool narrow_constant = sum.constant()->type.oid == type_oid::kInt2;
    Expr* constant = call(narrow_constant ? kInt2ToInt8 : kInt4ToInt8, {sum.constant()});
    Expr* moved =
        call(sum.subtracts ? kInt8mi : kInt8pl, {total, call(kInt8mul, {constant, count})});
    Arena& arena = plan_.arena();
    Expr* choice = arena.make<Expr>();
    choice->kind = ExprKind::kCase;
    choice->type = moved->type;
    choice->physical = moved->physical;
    choice->location = sum.sum->location;
    Expr* nothing = make_constant(arena, moved->type, Value::null());
    Expr* is_null = make_or(arena, std::vector<Expr*>{null_test(least), null_test(greatest)});
    choice->args = copy_span(arena, std::vector<Expr*>{is_null, nothing, moved});
    return choice;
  }

  // The addition with another value.
  Expr* shifted(const ShiftedSum& sum, Expr* value) {
    Expr* out = plan_.arena().make<Expr>(*sum.addition);
    std::vector<Expr*> args(sum.addition->args.begin(), sum.addition->args.end());
    args[sum.value_at] = value;
    out->args = copy_span(plan_.arena(), args);
    return out;
  }

  Expr* null_test(Expr* expr) {
    Expr* test = plan_.arena().make<Expr>();
    test->kind = ExprKind::kIsNull;
    test->type = {type_oid::kBool, -1};
    test->physical = type_info(type_oid::kBool).physical;
    test->args = copy_span(plan_.arena(), std::vector<Expr*>{expr});
    return test;
  }

  Expr* call(Oid function, const std::vector<Expr*>& args) {
    Expr* out = plan_.arena().make<Expr>();
    out->kind = ExprKind::kFunction;
    set_function(*out, function);
    out->strict = out->function->strict;
    out->args = copy_span(plan_.arena(), args);
    return out;
  }

  void set_function(Expr& expr, Oid oid) {
    const FunctionEntry* entry = FunctionRegistry::instance().function(oid);
    expr.function = entry;
    expr.implementation = entry->implementation;
    expr.type = {entry->result, -1};
    expr.physical = type_info(entry->result).physical;
  }

  // A column with this aggregate of the value, added when there is none.
  Expr* aggregate_of(const ShiftedSum& sum, Oid function) {
    Expr* wanted = plan_.arena().make<Expr>(*sum.sum);
    set_function(*wanted, function);
    wanted->args = copy_span(plan_.arena(), std::vector<Expr*>{sum.value()});
    for (const ProjectItem& item : kept_) {
      if (expr_equal(*item.expr, *wanted)) return plan_.column_ref(item.column);
    }
    PlanColumn column;
    column.name = wanted->function->name;
    column.type = wanted->type;
    kept_.push_back({plan_.new_column(std::move(column)), wanted});
    return plan_.column_ref(kept_.back().column);
  }

  AggregateOp& aggregate_;
  PlanContext& plan_;
  std::vector<ProjectItem> kept_;
};

}  // namespace

LogicalOp* share_sums(LogicalOp* root, OptimizerContext& context) {
  auto improve = [&](LogicalOp* op) {
    return op->kind == OpKind::kAggregate
               ? SumSharing(static_cast<AggregateOp&>(*op), context.plan).run()
               : op;
  };
  root = improve(root);
  for_each_op(*root, [&](LogicalOp& op) {
    for (LogicalOp*& input : op.inputs) input = improve(input);
  });
  return root;
}

}  // namespace luma
