// Text form of plans: one operator a line, indented by depth. For tests and debugging only.
#include "engine/type/type_info.h"
#include "sql/plan/logical.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

const char* op_name(OpKind kind) {
  static constexpr const char* kNames[] = {
      "Scan",          "VirtualScan",   "Values", "OneRow",    "Filter",  "Project",
      "ProjectSet",    "Join",          "Apply",  "Aggregate", "Window",  "Distinct",
      "Sort",          "Limit",         "SetOp",  "With",      "CteScan", "RecursiveUnion",
      "WorkTableScan", "TableFunction", "Modify", "LockRows",  "AsofJoin"};
  return kNames[static_cast<size_t>(kind)];
}

const char* join_name(JoinKind kind) {
  static constexpr const char* kNames[] = {
      "inner", "left", "right", "full", "semi", "anti", "null-aware-anti", "mark", "single"};
  return kNames[static_cast<size_t>(kind)];
}

std::string column_name(const PlanContext& context, ColumnId id) {
  if (id == kNoColumn) return "-";
  return fmt::format("{}#{}", context.column(id).name, id);
}

void dump_op(const PlanContext& context, const LogicalOp& op, int depth, std::string& out) {
  out.append(depth * 2, ' ');
  out += op_name(op.kind);
  if (op.kind == OpKind::kScan) out += " " + static_cast<const ScanOp&>(op).table->name;
  if (op.kind == OpKind::kVirtualScan) out += " " + static_cast<const VirtualScanOp&>(op).name;
  if (op.kind == OpKind::kJoin)
    out += fmt::format(" {}", join_name(static_cast<const JoinOp&>(op).join));
  if (op.kind == OpKind::kApply)
    out += fmt::format(" {}", join_name(static_cast<const ApplyOp&>(op).join));
  out += " [";
  for (size_t i = 0; i < op.output.size(); ++i) {
    out += (i == 0 ? "" : ", ") + column_name(context, op.output[i]);
  }
  out += "]";
  for_each_expr(op, [&](const Expr& expr) { out += " " + dump_expr(context, expr); });
  out += "\n";
  if (op.kind == OpKind::kWith) {
    for (const CteDefinition* cte : static_cast<const WithOp&>(op).ctes) {
      out.append(depth * 2 + 2, ' ');
      out += "CTE " + cte->name + "\n";
      dump_op(context, *cte->plan, depth + 2, out);
    }
  }
  for (const LogicalOp* input : op.inputs) dump_op(context, *input, depth + 1, out);
}

}  // namespace

std::string dump_expr(const PlanContext& context, const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kColumn:
      return column_name(context, expr.column);
    case ExprKind::kSlot:
      return fmt::format("slot{}", expr.index);
    case ExprKind::kParameter:
      return fmt::format("${}", expr.index + 1);
    case ExprKind::kConstant: {
      if (expr.constant.is_null) return "NULL";
      const TypeInfo* type = find_type(expr.type.oid);
      std::string text;
      if (type != nullptr && type->output != nullptr)
        type->output(expr.constant.datum, *type, IoContext{}, text);
      return "'" + text + "'";
    }
    default:
      break;
  }
  std::string out = fmt::format("k{}", static_cast<int>(expr.kind));
  if (expr.subquery != nullptr && expr.subquery->plan != nullptr) {
    out += "{\n";
    dump_op(context, *expr.subquery->plan, 2, out);
    out += "}";
  }
  out += "(";
  bool first = true;
  for_each_child(expr, [&](Expr* child) {
    out += (first ? "" : ", ") + dump_expr(context, *child);
    first = false;
  });
  return out + ")";
}

std::string dump_plan(const PlanContext& context, const LogicalOp& root) {
  std::string out;
  dump_op(context, root, 0, out);
  return out;
}

}  // namespace luma
