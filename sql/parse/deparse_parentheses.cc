// Where parentheses go, in the three ways of writing an expression.
#include "sql/parse/deparser.h"

namespace luma::parse {
namespace {

using ast::NodeTag;

bool is_sql_infix(const ast::Node* node) {
  const auto* call = ast::try_as<ast::FuncCall>(node);
  if (call == nullptr || call->funcformat != ast::CoercionForm::kSqlSyntax) return false;
  std::string_view name = call->funcname.back();
  return name == "timezone" || name == "overlaps" || name == "is_normalized";
}

bool is_comparing_sublink(const ast::Node* node) {
  const auto* link = ast::try_as<ast::SubLink>(node);
  return link != nullptr && (link->sub_link_type == ast::SubLinkType::kAny ||
                             link->sub_link_type == ast::SubLinkType::kAll);
}

bool is_operator(const ast::Node* node) {
  const auto* expr = ast::try_as<ast::AExpr>(node);
  return expr != nullptr && expr->kind != ast::AExprKind::kNullif;
}

// Parentheses::kSource: the node can be an operand of anything, and be cast, without parentheses.
bool binds_tightest(const ast::Node* node) {
  switch (node->tag) {
    case NodeTag::kColumnRef:
    case NodeTag::kParamRef:
    case NodeTag::kCoalesceExpr:
    case NodeTag::kMinMaxExpr:
    case NodeTag::kCaseExpr:
    case NodeTag::kRowExpr:
    case NodeTag::kAArrayExpr:
    case NodeTag::kSQLValueFunction:
    case NodeTag::kGroupingFunc:
    case NodeTag::kAIndirection:
    case NodeTag::kTypeCast:
    case NodeTag::kXmlSerialize:
      return true;
    case NodeTag::kAConst: {
      const auto& constant = *ast::as<ast::AConst>(node);
      if (constant.kind == ast::ConstKind::kInteger) return constant.ival >= 0;
      return constant.kind != ast::ConstKind::kFloat || constant.text[0] != '-';
    }
    case NodeTag::kFuncCall:
      return !is_sql_infix(node);
    case NodeTag::kAExpr:
      return !is_operator(node);
    case NodeTag::kXmlExpr:
      return ast::as<ast::XmlExpr>(node)->op != ast::XmlExprOp::kIsDocument;
    case NodeTag::kSubLink:
      return !is_comparing_sublink(node);
    default:
      return false;
  }
}

// A conversion that calls a function, as far as the text tells: those to strings seldom do.
bool is_call_of_cast(const ast::Node* node) {
  const auto* cast = ast::try_as<ast::TypeCast>(node);
  if (cast == nullptr || !cast->type_name->array_bounds.empty()) return false;
  const auto* constant = ast::try_as<ast::AConst>(cast->arg);
  if (constant != nullptr && constant->kind != ast::ConstKind::kInteger) return false;
  for (std::string_view name : {"text", "varchar", "name", "oid", "regclass", "json", "jsonb"}) {
    if (cast->type_name->names.back() == name) return false;
  }
  return true;
}

// + and - are 1, * / % are 2, everything else 0; binary ones only.
int priority_of(const ast::Node* node) {
  const auto* expr = ast::try_as<ast::AExpr>(node);
  if (expr == nullptr || expr->kind != ast::AExprKind::kOp || expr->lexpr == nullptr) return 0;
  if (expr->name.size() != 1 || expr->name[0].size() != 1) return 0;
  char op = expr->name[0][0];
  return op == '+' || op == '-' ? 1 : op == '*' || op == '/' || op == '%' ? 2 : 0;
}

bool is_simple_operator(const ast::Node* node, const ast::Node* parent) {
  if (ast::is<ast::BoolExpr>(parent)) return true;
  int own = priority_of(node);
  int outer = priority_of(parent);
  if (own == 0 || outer == 0) return false;
  return own > outer || (own == outer && ast::as<ast::AExpr>(parent)->lexpr == node);
}

// Parentheses::kNeeded: PostgreSQL writes the node as an operand of `parent` without parentheses.
bool is_simple(const ast::Node* node, const ast::Node* parent) {
  switch (node->tag) {
    case NodeTag::kAExpr: {
      auto kind = ast::as<ast::AExpr>(node)->kind;
      if (kind == ast::AExprKind::kOp || kind == ast::AExprKind::kDistinct) {
        return is_simple_operator(node, parent);
      }
      return kind == ast::AExprKind::kNullif;
    }
    case NodeTag::kNullTest:
    case NodeTag::kBooleanTest:
      return ast::is<ast::BoolExpr>(parent);
    case NodeTag::kBoolExpr: {
      const auto* outer = ast::try_as<ast::BoolExpr>(parent);
      if (outer == nullptr || outer->boolop == ast::BoolExprType::kNot) return false;
      return ast::as<ast::BoolExpr>(node)->boolop != ast::BoolExprType::kOr ||
             outer->boolop == ast::BoolExprType::kOr;
    }
    case NodeTag::kCollateClause:
      return false;
    case NodeTag::kXmlExpr:
      return ast::as<ast::XmlExpr>(node)->op != ast::XmlExprOp::kIsDocument;
    default:
      return true;
  }
}

}  // namespace

bool Deparser::has_parentheses(const ast::Node* node) const {
  if (parentheses_ == Parentheses::kSource) return false;
  if (is_sql_infix(node) || is_comparing_sublink(node)) return true;
  const auto* link = ast::try_as<ast::SubLink>(node);
  if (link != nullptr && link->sub_link_type == ast::SubLinkType::kExists) return true;
  const auto* expr = ast::try_as<ast::AExpr>(node);
  if (expr != nullptr && ast::is<ast::RowExpr>(expr->lexpr)) return true;
  if (parentheses_ != Parentheses::kAll) return false;
  switch (node->tag) {
    case NodeTag::kAExpr:
      return is_operator(node);
    case NodeTag::kBoolExpr:
    case NodeTag::kNullTest:
    case NodeTag::kBooleanTest:
    case NodeTag::kCollateClause:
      return true;
    case NodeTag::kXmlExpr:
      return ast::as<ast::XmlExpr>(node)->op == ast::XmlExprOp::kIsDocument;
    default:
      return false;
  }
}

void Deparser::operand(const ast::Node* node, const ast::Node* parent) {
  bool plain = true;
  if (parentheses_ == Parentheses::kSource) plain = binds_tightest(node);
  if (parentheses_ == Parentheses::kNeeded) {
    plain = has_parentheses(node) || is_simple(node, parent);
  }
  if (plain) {
    this->node(node);
  } else {
    parenthesized(node);
  }
}

void Deparser::sort_key(const ast::Node* node) {
  bool plain = ast::is<ast::ColumnRef>(node) || ast::is<ast::AConst>(node) ||
               ast::is<ast::GroupingSet>(node) || ast::is<ast::SortBy>(node);
  // Calls look like names of columns to a reader; other expressions have their parentheses already.
  if (parentheses_ == Parentheses::kSource && !ast::is<ast::GroupingSet>(node)) {
    return operand(node);
  }
  if (parentheses_ == Parentheses::kAll) {
    plain = (!ast::is<ast::FuncCall>(node) || is_sql_infix(node)) && !is_call_of_cast(node);
  }
  if (plain) {
    this->node(node);
  } else {
    parenthesized(node);
  }
}

void Deparser::sort_keys(std::string_view keyword, const ast::NodeList& items) {
  if (items.empty()) return;
  put(keyword);
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) put(", ");
    if (parentheses_ == Parentheses::kSource) {
      node(items[i]);
    } else {
      sort_key(items[i]);
    }
  }
}

}  // namespace luma::parse
