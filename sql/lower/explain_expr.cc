#include "sql/lower/explain_expr.h"

#include <algorithm>
#include <functional>

#include "engine/type/array.h"
#include "engine/type/user_type.h"
#include "sql/catalog/name_resolution.h"
#include "sql/function/registry.h"
#include "sql/function/value_parts.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

std::string output_of_value(const Datum& value, Oid oid) {
  const TypeInfo& type = type_info(oid);
  std::string text;
  if (type.output != nullptr) type.output(value, type, IoContext{}, text);
  return text;
}

std::string constant_text(const Expr& expr) {
  if (expr.constant.is_null) return "NULL::" + format_type(expr.type.oid, expr.type.typmod);
  std::string text = output_of_value(expr.constant.datum, expr.type.oid);
  if (expr.type.oid == type_oid::kBool) return expr.constant.datum.b ? "true" : "false";
  if (expr.type.oid == type_oid::kInt4 && !text.starts_with('-')) return text;
  // A name without a length says nothing of it.
  bool plain = expr.type.oid == type_oid::kBpchar && expr.type.typmod < 0;
  return quote_literal(text) +
         "::" + (plain ? std::string("bpchar") : format_type(expr.type.oid, expr.type.typmod));
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

std::string field_name(const Expr& field) {
  const TypeInfo* row = find_type(base_type_of(field.args[0]->type.oid));
  bool named =
      row != nullptr && row->user != nullptr && field.index < row->user->field_names.size();
  return named ? quote_identifier(row->user->field_names[field.index])
               : fmt::format("f{}", field.index + 1);
}

// A function that is there for a cast is written as one.
bool is_cast(const Expr& expr) {
  if (expr.function == nullptr || expr.args.empty() || expr.args.size() > 3) return false;
  const CastEntry* cast = FunctionRegistry::instance().cast(expr.args[0]->type.oid, expr.type.oid);
  return cast != nullptr && cast->implementation == expr.function;
}

}  // namespace

ExprDeparser::ExprDeparser(const PlanContext& context, const LogicalOp& root, bool verbose)
    : context_(context), verbose_(verbose) {
  learn(root);
}

void ExprDeparser::add_columns(const LogicalOp& op, const std::string& alias) {
  ++tables_;
  for (ColumnId id : op.output) {
    Source& source = columns_[id];
    source.alias = alias;
    source.name = context_.column(id).name;
  }
}

void ExprDeparser::learn(const LogicalOp& op) {
  for (const LogicalOp* input : op.inputs) learn(*input);
  for_each_expr(op, [&](const Expr& expr) {
    std::function<void(const Expr&)> visit = [&](const Expr& e) {
      if (e.subquery != nullptr && e.subquery->plan != nullptr) learn(*e.subquery->plan);
      for_each_child(e, [&](const Expr* child) { visit(*child); });
    };
    visit(expr);
  });
  auto computed = [&](const std::vector<ProjectItem>& items) {
    for (const ProjectItem& item : items) {
      if (item.expr->kind == ExprKind::kColumn && item.expr->column == item.column) continue;
      columns_[item.column] = {"", context_.column(item.column).name, item.expr, &op};
    }
  };
  switch (op.kind) {
    case OpKind::kScan: {
      const auto& scan = static_cast<const ScanOp&>(op);
      add_columns(op, scan.alias.empty() ? scan.table->name : scan.alias);
      for (size_t i = 0; i < scan.output.size(); ++i) {
        int32_t attribute = scan.attribute[i];
        columns_[scan.output[i]].name = attribute == ScanOp::kRowKeyAttribute ? "ctid"
                                        : attribute == ScanOp::kTableOidAttribute
                                            ? "tableoid"
                                            : scan.table->columns[size_t(attribute)].name;
      }
      return;
    }
    case OpKind::kVirtualScan:
      return add_columns(op, static_cast<const VirtualScanOp&>(op).alias);
    case OpKind::kCteScan:
      return add_columns(op, static_cast<const CteScanOp&>(op).alias);
    case OpKind::kWorkTableScan:
      return add_columns(op, static_cast<const WorkTableScanOp&>(op).alias);
    case OpKind::kTableFunction:
      return add_columns(op, static_cast<const TableFunctionOp&>(op).alias);
    case OpKind::kValues:
      return add_columns(op, "*VALUES*");
    case OpKind::kProject:
      return computed(static_cast<const ProjectOp&>(op).items);
    case OpKind::kProjectSet:
      return computed(static_cast<const ProjectSetOp&>(op).items);
    case OpKind::kAggregate:
      computed(static_cast<const AggregateOp&>(op).groups);
      return computed(static_cast<const AggregateOp&>(op).aggregates);
    case OpKind::kWindow:
      return computed(static_cast<const WindowOp&>(op).items);
    case OpKind::kSetOp: {
      const auto& set = static_cast<const SetOpOp&>(op);
      for (size_t i = 0; i < set.output.size() && i < set.columns[0].size(); ++i) {
        columns_[set.output[i]] = {"", context_.column(set.output[i]).name,
                                   const_cast<PlanContext&>(context_).column_ref(set.columns[0][i]),
                                   &op};
      }
      return;
    }
    case OpKind::kWith:
      for (const CteDefinition* cte : static_cast<const WithOp&>(op).ctes) learn(*cte->plan);
      return;
    default:
      return;
  }
}

std::string ExprDeparser::column(ColumnId id, bool parentheses) const {
  constexpr int kDeepest = 64;  // what computes a column refers to others
  auto found = columns_.find(id);
  if (found == columns_.end()) return quote_identifier(context_.column(id).name);
  const Source& source = found->second;
  if (source.computed != nullptr && depth_ < kDeepest) {
    ++depth_;
    const Expr& inner = *source.computed;
    bool bare = inner.kind == ExprKind::kColumn || source.by == plain_ || !parentheses;
    std::string out = deparse(inner, false);
    --depth_;
    return bare ? out : "(" + out + ")";
  }
  std::string name = quote_identifier(source.name);
  bool qualify = tables_ > 1 || (verbose_ && parentheses);
  if (own_ != nullptr) {
    bool own = std::ranges::find(own_->output, id) != own_->output.end();
    qualify = !own || verbose_;
  }
  return qualify && !source.alias.empty() ? quote_identifier(source.alias) + "." + name : name;
}

std::string ExprDeparser::column_text(ColumnId id) const { return column(id, false); }
std::string ExprDeparser::output_text(const Expr& expr) const { return deparse(expr, false); }

std::string ExprDeparser::conjunction(const std::vector<Expr*>& conjuncts) const {
  if (conjuncts.size() == 1) return text(*conjuncts[0]);
  std::string out;
  for (const Expr* conjunct : conjuncts) out += (out.empty() ? "" : " AND ") + text(*conjunct);
  return "(" + out + ")";
}

std::string ExprDeparser::list(ExprList args, std::string_view separator) const {
  std::string out;
  for (const Expr* arg : args) {
    if (!out.empty()) out += separator;
    out += text(*arg);
  }
  return out;
}

std::string ExprDeparser::array(const Expr& expr) const {
  bool constant = std::ranges::all_of(
      expr.args, [](const Expr* arg) { return arg->kind == ExprKind::kConstant; });
  if (!constant || expr.index != 0) return "ARRAY[" + list(expr.args, ", ") + "]";
  const TypeInfo* type = find_type(expr.type.oid);
  std::string out;
  for (const Expr* arg : expr.args) {
    if (!out.empty()) out += ',';
    std::string text =
        arg->constant.is_null ? "NULL" : output_of_value(arg->constant.datum, arg->type.oid);
    bool quoted = !arg->constant.is_null && type != nullptr &&
                  array_element_needs_quotes(text, type->delimiter);
    if (!quoted) {
      out += text;
      continue;
    }
    out += '"';
    for (char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return quote_literal("{" + out + "}") + "::" + format_type(expr.type.oid);
}

std::string ExprDeparser::call(const Expr& expr) const {
  const OperatorEntry* op = expr.operator_oid == kInvalidOid
                                ? nullptr
                                : FunctionRegistry::instance().operator_by_oid(expr.operator_oid);
  if (op != nullptr && expr.args.size() == 2) {
    return fmt::format("({} {} {})", text(*expr.args[0]), op->name, text(*expr.args[1]));
  }
  if (op != nullptr && expr.args.size() == 1) {
    return fmt::format("({} {})", op->name, text(*expr.args[0]));
  }
  if (expr.function == nullptr && expr.implementation.kernel == domain_kernel()) {
    return fmt::format("({})::{}", text(*expr.args[0]), format_type(expr.type.oid));
  }
  if (is_cast(expr)) {
    return fmt::format("({})::{}", text(*expr.args[0]),
                       format_type(expr.type.oid, expr.type.typmod));
  }
  bool is_extract = expr.function != nullptr && expr.function->name == "extract" &&
                    expr.args.size() == 2 && expr.args[0]->kind == ExprKind::kConstant &&
                    !expr.args[0]->constant.is_null;
  if (is_extract) {
    return fmt::format("EXTRACT({} FROM {})", expr.args[0]->constant.datum.str.view(),
                       text(*expr.args[1]));
  }
  std::string name = expr.function == nullptr ? "function" : quote_identifier(expr.function->name);
  std::string out = name + "(";
  if (expr.kind == ExprKind::kAggregate && expr.args.empty()) {
    out += "*";
  } else {
    if (expr.aggregate != nullptr && expr.aggregate->distinct) out += "DISTINCT ";
    out += list(expr.args, ", ");
  }
  if (expr.aggregate != nullptr && !expr.aggregate->order_by.empty()) {
    std::string keys;
    for (const SortKey& key : expr.aggregate->order_by) {
      keys += (keys.empty() ? "" : ", ") + text(*key.expr) + (key.descending ? " DESC" : "");
    }
    out += " ORDER BY " + keys;
  }
  out += ")";
  if (expr.aggregate != nullptr && expr.aggregate->filter != nullptr) {
    out += " FILTER (WHERE " + text(*expr.aggregate->filter) + ")";
  }
  if (expr.kind == ExprKind::kWindow) out += " OVER (?)";
  return out;
}

std::string ExprDeparser::subplan(const Expr& expr) const {
  const SubqueryInfo* info = expr.subquery;
  auto number = subplans_.find(info);
  std::string name =
      number == subplans_.end() ? "SubPlan" : fmt::format("SubPlan {}", number->second);
  return "(" + name + ")";
}

std::string ExprDeparser::deparse(const Expr& expr, bool) const {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return constant_text(expr);
    case ExprKind::kColumn:
      return column(expr.column, true);
    case ExprKind::kSlot:
      return fmt::format("${}", expr.index);
    case ExprKind::kParameter:
      if (expr.index < parameters_.size()) {
        Expr value = expr;
        value.kind = ExprKind::kConstant;
        value.constant = parameters_[expr.index];
        return constant_text(value);
      }
      return fmt::format("${}", expr.index + 1);
    case ExprKind::kExecParameter:
      return column(expr.index, true);
    case ExprKind::kAnd:
      return "(" + list(expr.args, " AND ") + ")";
    case ExprKind::kOr:
      return "(" + list(expr.args, " OR ") + ")";
    case ExprKind::kNot:
      return "(NOT " + text(*expr.args[0]) + ")";
    case ExprKind::kIsNull:
    case ExprKind::kIsNotNull:
    case ExprKind::kIsTrue:
    case ExprKind::kIsNotTrue:
    case ExprKind::kIsFalse:
    case ExprKind::kIsNotFalse:
    case ExprKind::kIsUnknown:
    case ExprKind::kIsNotUnknown:
      return fmt::format("({}{})", text(*expr.args[0]), test_suffix(expr.kind));
    case ExprKind::kIsDistinct:
    case ExprKind::kIsNotDistinct:
      return fmt::format("({} IS {}DISTINCT FROM {})", text(*expr.args[0]),
                         expr.kind == ExprKind::kIsDistinct ? "" : "NOT ", text(*expr.args[1]));
    case ExprKind::kArrayAny:
    case ExprKind::kArrayAll: {
      const OperatorEntry* op = FunctionRegistry::instance().operator_by_oid(expr.operator_oid);
      return fmt::format("({} {} {} ({}))", text(*expr.args[0]), op == nullptr ? "=" : op->name,
                         expr.kind == ExprKind::kArrayAny ? "ANY" : "ALL", text(*expr.args[1]));
    }
    case ExprKind::kArray:
      return array(expr);
    case ExprKind::kRow:
      return "ROW(" + list(expr.args, ", ") + ")";
    case ExprKind::kCoalesce:
      return "COALESCE(" + list(expr.args, ", ") + ")";
    case ExprKind::kNullIf:
      return "NULLIF(" + list(expr.args, ", ") + ")";
    case ExprKind::kGreatest:
      return "GREATEST(" + list(expr.args, ", ") + ")";
    case ExprKind::kLeast:
      return "LEAST(" + list(expr.args, ", ") + ")";
    case ExprKind::kCase: {
      std::string out = "CASE";
      for (size_t i = 0; i + 1 < expr.args.size(); i += 2) {
        out += " WHEN " + text(*expr.args[i]) + " THEN " + text(*expr.args[i + 1]);
      }
      return out + " ELSE " + text(*expr.args.back()) + " END";
    }
    case ExprKind::kRelabel:
    case ExprKind::kCoerceViaIo:
    case ExprKind::kCoerceArray:
    case ExprKind::kApplyTypmod:
      return fmt::format("({})::{}", text(*expr.args[0]),
                         format_type(expr.type.oid, expr.type.typmod));
    case ExprKind::kSubscript:
      return text(*expr.args[0]) + "[...]";
    case ExprKind::kField:
      return fmt::format("({}).{}", text(*expr.args[0]), field_name(expr));
    case ExprKind::kSubquery:
    case ExprKind::kSubplan:
      return subplan(expr);
    case ExprKind::kFunction:
    case ExprKind::kAggregate:
    case ExprKind::kWindow:
    case ExprKind::kGrouping:
    case ExprKind::kSetReturning:
      return call(expr);
    case ExprKind::kDefault:
      return "DEFAULT";
  }
  return "?";
}

}  // namespace luma
