#include "sql/lower/explain_expr.h"

#include "engine/type/user_type.h"
#include "sql/catalog/name_resolution.h"
#include "sql/function/registry.h"
#include "sql/function/value_parts.h"

namespace luma {

namespace {

std::string constant_text(const Expr& expr) {
  if (expr.constant.is_null) return "NULL::" + format_type(expr.type.oid);
  const TypeInfo& type = type_info(expr.type.oid);
  std::string text;
  if (type.output != nullptr) type.output(expr.constant.datum, type, IoContext{}, text);
  if (expr.type.oid == type_oid::kInt4 || expr.type.oid == type_oid::kBool) {
    return expr.type.oid == type_oid::kBool ? (expr.constant.datum.b ? "true" : "false") : text;
  }
  return quote_literal(text) + "::" + format_type(expr.type.oid, expr.type.typmod);
}

std::string list_text(const PlanContext& context, ExprList args, std::string_view separator) {
  std::string out;
  for (const Expr* arg : args) {
    if (!out.empty()) out += separator;
    out += explain_expr(context, *arg);
  }
  return out;
}

std::string_view test_suffix(ExprKind kind) {
  switch (kind) {
    case ExprKind::kIsNull:
      return " IS NULL";
    case ExprKind::kIsNotNull:
      return " IS NOT NULL";
    case ExprKind::kIsTrue:
      return " IS TRUE";
    case ExprKind::kIsNotTrue:
      return " IS NOT TRUE";
    case ExprKind::kIsFalse:
      return " IS FALSE";
    case ExprKind::kIsNotFalse:
      return " IS NOT FALSE";
    case ExprKind::kIsUnknown:
      return " IS UNKNOWN";
    default:
      return " IS NOT UNKNOWN";
  }
}

std::string call_text(const PlanContext& context, const Expr& expr) {
  const OperatorEntry* op = expr.operator_oid == kInvalidOid
                                ? nullptr
                                : FunctionRegistry::instance().operator_by_oid(expr.operator_oid);
  if (op != nullptr && expr.args.size() == 2) {
    return fmt::format("({} {} {})", explain_expr(context, *expr.args[0]), op->name,
                       explain_expr(context, *expr.args[1]));
  }
  if (op != nullptr && expr.args.size() == 1) {
    return fmt::format("({} {})", op->name, explain_expr(context, *expr.args[0]));
  }
  if (expr.function == nullptr && expr.implementation.kernel == domain_kernel())
    return fmt::format("({})::{}", explain_expr(context, *expr.args[0]),
                       format_type(expr.type.oid));
  std::string name = expr.function == nullptr ? "function" : std::string(expr.function->name);
  if (expr.kind == ExprKind::kAggregate && expr.args.empty()) return name + "(*)";
  return name + "(" + list_text(context, expr.args, ", ") + ")";
}

}  // namespace

namespace {

std::string field_name(const Expr& field) {
  const TypeInfo* row = find_type(base_type_of(field.args[0]->type.oid));
  bool named =
      row != nullptr && row->user != nullptr && field.index < row->user->field_names.size();
  return named ? quote_identifier(row->user->field_names[field.index])
               : fmt::format("f{}", field.index + 1);
}

}  // namespace

std::string explain_expr(const PlanContext& context, const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return constant_text(expr);
    case ExprKind::kColumn:
      return quote_identifier(context.column(expr.column).name);
    case ExprKind::kSlot:
      return fmt::format("${}", expr.index);
    case ExprKind::kParameter:
      return fmt::format("${}", expr.index + 1);
    case ExprKind::kExecParameter:
      return quote_identifier(context.column(expr.index).name);
    case ExprKind::kAnd:
      return "(" + list_text(context, expr.args, " AND ") + ")";
    case ExprKind::kOr:
      return "(" + list_text(context, expr.args, " OR ") + ")";
    case ExprKind::kNot:
      return "(NOT " + explain_expr(context, *expr.args[0]) + ")";
    case ExprKind::kIsNull:
    case ExprKind::kIsNotNull:
    case ExprKind::kIsTrue:
    case ExprKind::kIsNotTrue:
    case ExprKind::kIsFalse:
    case ExprKind::kIsNotFalse:
    case ExprKind::kIsUnknown:
    case ExprKind::kIsNotUnknown:
      return fmt::format("({}{})", explain_expr(context, *expr.args[0]), test_suffix(expr.kind));
    case ExprKind::kIsDistinct:
    case ExprKind::kIsNotDistinct:
      return fmt::format("({} IS {}DISTINCT FROM {})", explain_expr(context, *expr.args[0]),
                         expr.kind == ExprKind::kIsDistinct ? "" : "NOT ",
                         explain_expr(context, *expr.args[1]));
    case ExprKind::kArrayAny:
    case ExprKind::kArrayAll: {
      const OperatorEntry* op = FunctionRegistry::instance().operator_by_oid(expr.operator_oid);
      return fmt::format(
          "({} {} {} ({}))", explain_expr(context, *expr.args[0]), op == nullptr ? "=" : op->name,
          expr.kind == ExprKind::kArrayAny ? "ANY" : "ALL", explain_expr(context, *expr.args[1]));
    }
    case ExprKind::kArray:
      return "ARRAY[" + list_text(context, expr.args, ", ") + "]";
    case ExprKind::kRow:
      return "ROW(" + list_text(context, expr.args, ", ") + ")";
    case ExprKind::kCoalesce:
      return "COALESCE(" + list_text(context, expr.args, ", ") + ")";
    case ExprKind::kNullIf:
      return "NULLIF(" + list_text(context, expr.args, ", ") + ")";
    case ExprKind::kGreatest:
      return "GREATEST(" + list_text(context, expr.args, ", ") + ")";
    case ExprKind::kLeast:
      return "LEAST(" + list_text(context, expr.args, ", ") + ")";
    case ExprKind::kCase: {
      std::string out = "CASE";
      for (size_t i = 0; i + 1 < expr.args.size(); i += 2) {
        out += " WHEN " + explain_expr(context, *expr.args[i]) + " THEN " +
               explain_expr(context, *expr.args[i + 1]);
      }
      return out + " ELSE " + explain_expr(context, *expr.args.back()) + " END";
    }
    case ExprKind::kRelabel:
    case ExprKind::kCoerceViaIo:
    case ExprKind::kCoerceArray:
    case ExprKind::kApplyTypmod:
      return fmt::format("({})::{}", explain_expr(context, *expr.args[0]),
                         format_type(expr.type.oid, expr.type.typmod));
    case ExprKind::kSubscript:
      return explain_expr(context, *expr.args[0]) + "[...]";
    case ExprKind::kField:
      return fmt::format("({}).{}", explain_expr(context, *expr.args[0]), field_name(expr));
    case ExprKind::kSubquery:
    case ExprKind::kSubplan:
      return "(SubPlan)";
    case ExprKind::kFunction:
    case ExprKind::kAggregate:
    case ExprKind::kWindow:
    case ExprKind::kGrouping:
    case ExprKind::kSetReturning:
      return call_text(context, expr);
    case ExprKind::kDefault:
      return "DEFAULT";
  }
  return "?";
}

}  // namespace luma
