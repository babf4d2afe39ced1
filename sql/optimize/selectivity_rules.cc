#include "sql/optimize/selectivity_rules.h"

#include <charconv>
#include <unordered_map>

#include "engine/exec/evaluator.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/fact_table.h"
#include "sql/function/registry.h"
#include "sql/plan/walk.h"

namespace luma {
namespace {

struct Estimator {
  std::string_view name;  // pg_proc.proname
  SelectivityRule rule;
};
constexpr Estimator kEstimators[] = {
    {"eqsel", SelectivityRule::kEqual},
    {"neqsel", SelectivityRule::kNotEqual},
    {"scalarltsel", SelectivityRule::kLess},
    {"scalarlesel", SelectivityRule::kLessEqual},
    {"scalargtsel", SelectivityRule::kGreater},
    {"scalargesel", SelectivityRule::kGreaterEqual},
    {"likesel", SelectivityRule::kMatches},
    {"iclikesel", SelectivityRule::kMatches},
    {"regexeqsel", SelectivityRule::kMatches},
    {"icregexeqsel", SelectivityRule::kMatches},
    {"prefixsel", SelectivityRule::kMatches},
    {"nlikesel", SelectivityRule::kNotMatches},
    {"icnlikesel", SelectivityRule::kNotMatches},
    {"regexnesel", SelectivityRule::kNotMatches},
    {"icregexnesel", SelectivityRule::kNotMatches},
    {"contsel", SelectivityRule::kContains},
    {"matchingsel", SelectivityRule::kContains},
    {"tsmatchsel", SelectivityRule::kContains},
    {"arraycontsel", SelectivityRule::kOverlaps},
    {"rangesel", SelectivityRule::kOverlaps},
    {"multirangesel", SelectivityRule::kOverlaps},
    {"networksel", SelectivityRule::kOverlaps},
    {"areasel", SelectivityRule::kOverlaps},
    {"positionsel", SelectivityRule::kContains},
};

Oid number(std::string_view text) {
  Oid value = kInvalidOid;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::unordered_map<Oid, SelectivityRule> read_rules() {
  constexpr size_t kName = 1, kRestrict = 13;  // columns of pg_proc and pg_operator
  std::unordered_map<Oid, SelectivityRule> by_function;
  const FactTable& functions = fact_table("pg_proc");
  for (size_t i = 0; i < functions.row_count(); ++i) {
    auto row = functions.row(i);
    for (const Estimator& estimator : kEstimators) {
      if (row[kName] == estimator.name) by_function[number(row[0])] = estimator.rule;
    }
  }
  std::unordered_map<Oid, SelectivityRule> out;
  const FactTable& operators = fact_table("pg_operator");
  for (size_t i = 0; i < operators.row_count(); ++i) {
    auto row = operators.row(i);
    auto rule = by_function.find(number(row[kRestrict]));
    if (rule != by_function.end()) out[number(row[0])] = rule->second;
  }
  for (const ExtensionOperatorFact& fact : extension_operator_facts()) {
    for (const Estimator& estimator : kEstimators) {
      if (fact.restrict_estimator == estimator.name) out[fact.oid] = estimator.rule;
    }
  }
  return out;
}

Expr* with_slot(Arena& arena, Expr* expr, ColumnId column) {
  if (expr->kind == ExprKind::kColumn && expr->column == column) {
    Expr* slot = arena.make<Expr>(*expr);
    slot->kind = ExprKind::kSlot;
    slot->index = 0;
    return slot;
  }
  return map_children(arena, expr, [&](Expr* child) { return with_slot(arena, child, column); });
}

}  // namespace

SelectivityRule rule_of(Oid operator_oid) {
  static const std::unordered_map<Oid, SelectivityRule> kRules = read_rules();
  auto found = kRules.find(operator_oid);
  return found == kRules.end() ? SelectivityRule::kNone : found->second;
}

bool is_safe_to_sample(const Expr& condition) {
  return !expr_contains(condition, [](const Expr& e) {
    switch (e.kind) {
      case ExprKind::kParameter:
      case ExprKind::kExecParameter:
      case ExprKind::kSubquery:
      case ExprKind::kSubplan:
      case ExprKind::kAggregate:
      case ExprKind::kWindow:
      case ExprKind::kGrouping:
      case ExprKind::kSetReturning:
      case ExprKind::kDefault:
        return true;
      case ExprKind::kFunction:
        return e.is_volatile || e.function == nullptr || e.function->oid >= kFirstUserOid ||
               e.function->volatility != 'i';
      default:
        return e.is_volatile;
    }
  });
}

std::optional<std::vector<uint32_t>> evaluate_on_values(PlanContext& plan, const Expr& condition,
                                                        ColumnId column,
                                                        const std::vector<Value>& values,
                                                        EvalContext evaluation) {
  const Expr* over_slot = with_slot(plan.arena(), const_cast<Expr*>(&condition), column);
  const TypeInfo* type = find_type(plan.column(column).type.oid);
  if (type == nullptr || values.size() > kVectorSize) return std::nullopt;
  Arena scratch;
  evaluation.arena = &scratch;
  PhysicalType physical = type->physical;
  Chunk chunk(std::span<const PhysicalType>(&physical, 1), kVectorSize);
  chunk.begin();
  Vector& vector = chunk.columns[0];
  uint32_t width = physical_size(physical);
  for (uint32_t i = 0; i < values.size(); ++i) {
    if (values[i].is_null) {
      vector.set_null(i);
      continue;
    }
    std::memcpy(vector.mutable_data<std::byte>() + size_t{i} * width, &values[i].datum, width);
  }
  chunk.size = static_cast<uint32_t>(values.size());
  std::vector<uint32_t> passed(kVectorSize);
  ExprEvaluator evaluator(*over_slot, kVectorSize);
  passed.resize(evaluator.select(evaluation, chunk, passed.data()));
  return passed;
}

}  // namespace luma
