// The canonical form of operators, CASE and subqueries: what IN, BETWEEN and comparisons of rows
// stand for is written out.
#include "engine/type/extension_type.h"
#include "sql/ast/rewrite.h"
#include "sql/catalog/extension_objects.h"
#include "sql/command/bound_shape.h"
#include "sql/command/canonical_text.h"

namespace luma {

// Found again whatever the search path says; who shows it leaves the schema out (NameShortener).
ast::NameList CanonicalText::operator_name(std::string_view name, const Expr* bound) {
  std::optional<OperatorFact> created;
  if (bound != nullptr && bound->operator_oid >= kFirstExtensionTypeOid) {
    created = find_created_operator(catalog_, bound->operator_oid);
  }
  if (!created || created->name != name) {
    return ast::make_list<std::string_view>(arena_, {arena_.copy(name)});
  }
  return ast::make_list<std::string_view>(
      arena_, {arena_.copy(catalog_.schema_name(created->schema)), arena_.copy(name)});
}

const ast::Node* CanonicalText::operation(std::string_view name, const Expr* bound,
                                          const ast::Node* left, const ast::Node* right,
                                          ast::AExprKind kind) {
  auto* out = arena_.make<ast::AExpr>();
  out->kind = kind;
  out->name = operator_name(name, bound);
  out->lexpr = left;
  out->rexpr = right;
  return out;
}

const ast::Node* CanonicalText::both(ast::BoolExprType type,
                                     const std::vector<const ast::Node*>& args) {
  if (args.size() == 1) return args[0];
  auto* out = arena_.make<ast::BoolExpr>();
  out->boolop = type;
  out->args = ast::make_list(arena_, args);
  return out;
}

const ast::Node* CanonicalText::a_expr(const ast::AExpr& node, const Expr* own) {
  switch (node.kind) {
    case ast::AExprKind::kIn:
      return in_list(node, own);
    case ast::AExprKind::kBetween:
    case ast::AExprKind::kNotBetween:
    case ast::AExprKind::kBetweenSym:
    case ast::AExprKind::kNotBetweenSym:
      return between(node, own);
    default:
      break;
  }
  if (ast::is<ast::RowExpr>(node.lexpr) && ast::is<ast::RowExpr>(node.rexpr)) {
    return row_comparison(node, own);
  }
  ast::AExprKind kind = node.kind;
  if (kind == ast::AExprKind::kLike || kind == ast::AExprKind::kIlike ||
      kind == ast::AExprKind::kSimilar) {
    kind = ast::AExprKind::kOp;
  }
  bool is_null_test =
      own != nullptr && (own->kind == ExprKind::kIsNull || own->kind == ExprKind::kIsNotNull);
  if (is_null_test) {
    const auto* right = ast::try_as<ast::AConst>(node.rexpr);
    auto* out = arena_.make<ast::NullTest>();
    out->nulltesttype =
        own->kind == ExprKind::kIsNull ? ast::NullTestType::kIsNull : ast::NullTestType::kIsNotNull;
    out->arg =
        expression(right != nullptr && right->isnull() ? node.lexpr : node.rexpr, argument(own, 0));
    return out;
  }
  const Expr* converted = own;
  size_t last = own == nullptr || own->args.empty() ? 0 : own->args.size() - 1;
  auto* out = copy(node);
  out->kind = kind;
  if (node.name.size() == 2 && node.name[0] == "pg_catalog") {
    out->name = ast::make_list<std::string_view>(arena_, {node.name.back()});
  }
  bool is_written = kind == ast::AExprKind::kOp || kind == ast::AExprKind::kOpAny ||
                    kind == ast::AExprKind::kOpAll;
  if (is_written && (node.name.size() == 1 || node.name[0] != "pg_catalog")) {
    out->name = operator_name(node.name.back(), own);
  }
  if (node.lexpr != nullptr) out->lexpr = expression(node.lexpr, argument(converted, 0));
  out->rexpr = expression(node.rexpr, argument(converted, last));
  return out;
}

const ast::Node* CanonicalText::row_comparison(const ast::AExpr& node, const Expr* own) {
  const auto& left = ast::as<ast::RowExpr>(node.lexpr)->args;
  const auto& right = ast::as<ast::RowExpr>(node.rexpr)->args;
  std::string_view op = node.name.empty() ? "=" : node.name.back();
  bool logical = op == "=" || op == "<>";
  if (!logical || node.kind != ast::AExprKind::kOp || left.size() != right.size()) {
    auto* out = copy(node);
    out->lexpr = expression(node.lexpr);
    out->rexpr = expression(node.rexpr);
    return out;
  }
  std::vector<const ast::Node*> parts;
  for (size_t i = 0; i < left.size(); ++i) {
    const Expr* part = left.size() == 1 ? own : argument(own, i);
    parts.push_back(operation(op, part, expression(left[i], argument(part, 0)),
                              expression(right[i], argument(part, 1))));
  }
  return both(op == "=" ? ast::BoolExprType::kAnd : ast::BoolExprType::kOr, parts);
}

const ast::Node* CanonicalText::in_list(const ast::AExpr& node, const Expr* own) {
  const auto& items = ast::as<ast::ListNode>(node.rexpr)->items;
  bool negated = node.name.back() == "<>";
  // The parts are a comparison with the array of all constants, if there are several, then one for
  // each item that is no constant.
  std::vector<const Expr*> parts = {own};
  if (own != nullptr && (own->kind == ExprKind::kAnd || own->kind == ExprKind::kOr)) {
    parts.assign(own->args.begin(), own->args.end());
  }
  std::vector<const ast::Node*> out;
  std::vector<bool> done(items.size(), false);
  for (const Expr* part : parts) {
    if (part == nullptr ||
        (part->kind != ExprKind::kArrayAny && part->kind != ExprKind::kArrayAll)) {
      continue;
    }
    const Expr* all = array_below(argument(part, 1));
    std::vector<const ast::Node*> elements;
    for (size_t i = 0, used = 0; i < items.size() && all != nullptr; ++i) {
      const Expr* element = argument(all, used);
      if (element == nullptr || element->location != items[i]->location) {
        const Expr* inner = constant_below(element);
        if (inner == nullptr || inner->location != items[i]->location) continue;
      }
      elements.push_back(expression(items[i], element));
      done[i] = true;
      ++used;
    }
    auto* array = arena_.make<ast::AArrayExpr>();
    array->elements = ast::make_list(arena_, elements);
    const ast::Node* right = array;
    if (all != argument(part, 1)) right = cast(array, argument(part, 1)->type);
    out.push_back(operation(node.name.back(), part, expression(node.lexpr, argument(part, 0)),
                            right, negated ? ast::AExprKind::kOpAll : ast::AExprKind::kOpAny));
  }
  size_t next = out.size();
  for (size_t i = 0; i < items.size(); ++i) {
    if (done[i]) continue;
    const Expr* part = next < parts.size() ? parts[next++] : nullptr;
    auto* pair = arena_.make<ast::AExpr>();
    pair->kind = ast::AExprKind::kOp;
    pair->name = node.name;
    pair->lexpr = node.lexpr;
    pair->rexpr = items[i];
    out.push_back(a_expr(*pair, part));
  }
  return both(negated ? ast::BoolExprType::kAnd : ast::BoolExprType::kOr, out);
}

const ast::Node* CanonicalText::between(const ast::AExpr& node, const Expr* own) {
  const auto& bounds = ast::as<ast::ListNode>(node.rexpr)->items;
  bool negated =
      node.kind == ast::AExprKind::kNotBetween || node.kind == ast::AExprKind::kNotBetweenSym;
  bool symmetric =
      node.kind == ast::AExprKind::kBetweenSym || node.kind == ast::AExprKind::kNotBetweenSym;
  auto pair = [&](const Expr* pair, size_t low) {
    auto compare = [&](std::string_view op, size_t bound, const Expr* part) {
      return operation(op, part, expression(node.lexpr, argument(part, 0)),
                       expression(bounds[bound], argument(part, 1)));
    };
    return both(negated ? ast::BoolExprType::kOr : ast::BoolExprType::kAnd,
                {compare(negated ? "<" : ">=", low, argument(pair, 0)),
                 compare(negated ? ">" : "<=", 1 - low, argument(pair, 1))});
  };
  if (!symmetric) return pair(own, 0);
  return both(negated ? ast::BoolExprType::kAnd : ast::BoolExprType::kOr,
              {pair(argument(own, 0), 0), pair(argument(own, 1), 1)});
}

const ast::Node* CanonicalText::case_expr(const ast::CaseExpr& node, const Expr* own) {
  auto* out = copy(node);
  if (node.arg != nullptr) out->arg = value(node.arg);
  std::vector<const ast::Node*> branches;
  for (size_t i = 0; i < node.args.size(); ++i) {
    auto* when = copy(*ast::as<ast::CaseWhen>(node.args[i]));
    const Expr* condition = argument(own, 2 * i);
    when->expr = node.arg == nullptr ? expression(when->expr)
                                     : expression(when->expr, argument(condition, 1));
    when->result = expression(when->result, argument(own, 2 * i + 1));
    branches.push_back(when);
  }
  out->args = ast::make_list(arena_, branches);
  if (node.defresult != nullptr) {
    out->defresult = expression(node.defresult, argument(own, 2 * node.args.size()));
  } else if (own != nullptr) {
    out->defresult = cast(arena_.make<ast::AConst>(), {own->type.oid, -1});
  }
  return out;
}

const ast::Node* CanonicalText::sub_link(const ast::SubLink& node, const Expr* own) {
  auto* out = copy(node);
  const Expr* test = own == nullptr || own->subquery == nullptr ? nullptr : own->subquery->test;
  if (node.testexpr != nullptr) {
    const auto* row = ast::try_as<ast::RowExpr>(node.testexpr);
    if (row != nullptr) {
      auto* fields = copy(*row);
      fields->row_format = ast::CoercionForm::kImplicitCast;
      std::vector<const ast::Node*> items;
      for (size_t i = 0; i < row->args.size(); ++i) {
        const Expr* part = row->args.size() == 1 ? test : argument(test, i);
        items.push_back(expression(row->args[i], argument(part, 0)));
      }
      fields->args = ast::make_list(arena_, items);
      out->testexpr = fields;
    } else {
      out->testexpr = expression(node.testexpr, argument(test, 0));
    }
  }
  if (node.sub_link_type == ast::SubLinkType::kAny && node.oper_name.size() == 1 &&
      node.oper_name[0] == "=") {
    out->oper_name = {};
  }
  if (!out->oper_name.empty() && (test == nullptr || test->kind == ExprKind::kFunction)) {
    out->oper_name = operator_name(out->oper_name.back(), test);
  }
  bool qualified = qualify_;
  qualify_ = true;
  out->subselect = select(*ast::as<ast::SelectStmt>(node.subselect), {nullptr, false});
  qualify_ = qualified;
  return out;
}

}  // namespace luma
