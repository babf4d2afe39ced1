#include <iterator>

#include "sql/parse/deparser.h"

namespace luma::parse {

using ast::NodeTag;

void Deparser::primary(const ast::Node* node) {
  if (ast::is<ast::TypeCast>(node)) {
    parenthesized(node);
  } else {
    operand(node);
  }
}

void Deparser::typed_constant(const ast::Node* node) {
  const auto* typed = ast::try_as<ast::TypeCast>(node);
  if (typed != nullptr) {
    type_name(*typed->type_name);
    put(" ");
    node = typed->arg;
  }
  this->node(node);
}

bool Deparser::expression(const ast::Node* node) {
  switch (node->tag) {
    case NodeTag::kAConst:
      constant(*ast::as<ast::AConst>(node));
      return true;
    case NodeTag::kColumnRef:
      column(*ast::as<ast::ColumnRef>(node));
      return true;
    case NodeTag::kParamRef:
      put("$", std::to_string(ast::as<ast::ParamRef>(node)->number));
      return true;
    case NodeTag::kAExpr:
      a_expr(*ast::as<ast::AExpr>(node));
      return true;
    case NodeTag::kTypeName:
      type_name(*ast::as<ast::TypeName>(node));
      return true;
    case NodeTag::kTypeCast:
      cast(*ast::as<ast::TypeCast>(node));
      return true;
    case NodeTag::kCollateClause:
      operand(ast::as<ast::CollateClause>(node)->arg);
      put(" COLLATE ");
      qualified(ast::as<ast::CollateClause>(node)->collname);
      return true;
    case NodeTag::kFuncCall:
      function(*ast::as<ast::FuncCall>(node));
      return true;
    case NodeTag::kAIndirection:
      indirection_base(*ast::as<ast::AIndirection>(node));
      indirection(ast::as<ast::AIndirection>(node)->indirection);
      return true;
    case NodeTag::kAArrayExpr:
      put("ARRAY[");
      list(ast::as<ast::AArrayExpr>(node)->elements);
      put("]");
      return true;
    case NodeTag::kNamedArgExpr:
      identifier(ast::as<ast::NamedArgExpr>(node)->name);
      put(" => ");
      this->node(ast::as<ast::NamedArgExpr>(node)->arg);
      return true;
    case NodeTag::kBoolExpr:
      bool_expr(*ast::as<ast::BoolExpr>(node));
      return true;
    case NodeTag::kSubLink:
      sub_link(*ast::as<ast::SubLink>(node));
      return true;
    case NodeTag::kCaseExpr:
      case_expr(*ast::as<ast::CaseExpr>(node));
      return true;
    case NodeTag::kRowExpr: {
      const auto& row = *ast::as<ast::RowExpr>(node);
      put(row.row_format == ast::CoercionForm::kExplicitCall ? "ROW(" : "(");
      list(row.args);
      put(")");
      return true;
    }
    case NodeTag::kCoalesceExpr:
      put("COALESCE(");
      list(ast::as<ast::CoalesceExpr>(node)->args);
      put(")");
      return true;
    case NodeTag::kMinMaxExpr: {
      const auto& call = *ast::as<ast::MinMaxExpr>(node);
      put(call.op == ast::MinMaxOp::kGreatest ? "GREATEST(" : "LEAST(");
      list(call.args);
      put(")");
      return true;
    }
    case NodeTag::kSQLValueFunction:
      value_function(*ast::as<ast::SQLValueFunction>(node));
      return true;
    case NodeTag::kXmlExpr:
      xml_expr(*ast::as<ast::XmlExpr>(node));
      return true;
    case NodeTag::kXmlSerialize: {
      const auto& xml = *ast::as<ast::XmlSerialize>(node);
      put("XMLSERIALIZE(",
          xml.xmloption == ast::XmlOptionType::kDocument ? "DOCUMENT " : "CONTENT ");
      this->node(xml.expr);
      put(" AS ");
      type_name(*xml.type_name);
      put(")");
      return true;
    }
    case NodeTag::kNullTest:
      null_test(*ast::as<ast::NullTest>(node));
      return true;
    case NodeTag::kBooleanTest:
      boolean_test(*ast::as<ast::BooleanTest>(node));
      return true;
    case NodeTag::kCurrentOfExpr:
      put("CURRENT OF ");
      identifier(ast::as<ast::CurrentOfExpr>(node)->cursor_name);
      return true;
    case NodeTag::kSetToDefault:
      put("DEFAULT");
      return true;
    case NodeTag::kGroupingFunc:
      put("GROUPING(");
      list(ast::as<ast::GroupingFunc>(node)->args);
      put(")");
      return true;
    case NodeTag::kSortBy:
      sort_by(*ast::as<ast::SortBy>(node));
      return true;
    default:
      return false;
  }
}

void Deparser::constant(const ast::AConst& node) {
  switch (node.kind) {
    case ast::ConstKind::kNull:
      put("NULL");
      return;
    case ast::ConstKind::kInteger:
      put(std::to_string(node.ival));
      return;
    case ast::ConstKind::kFloat:
      put(node.text);
      return;
    case ast::ConstKind::kBoolean:
      put(node.boolval ? "true" : "false");
      return;
    case ast::ConstKind::kString:
      literal(node.text);
      return;
    case ast::ConstKind::kBitString:
      out_ += node.text[0];
      put("'", node.text.substr(1), "'");
      return;
  }
}

void Deparser::column(const ast::ColumnRef& node) {
  for (size_t i = 0; i < node.fields.size(); ++i) {
    if (i > 0) put(".");
    const auto* name = ast::try_as<ast::String>(node.fields[i]);
    if (name == nullptr) {
      put("*");
    } else {
      identifier(name->sval);
    }
  }
}

// A field of something wants parentheses, an element of a column does not.
void Deparser::indirection_base(const ast::AIndirection& node) {
  bool subscript = ast::is<ast::AIndices>(node.indirection[0]);
  if (subscript && ast::is<ast::ColumnRef>(node.arg)) {
    this->node(node.arg);
  } else {
    parenthesized(node.arg);
  }
}

void Deparser::indirection(const ast::NodeList& items) {
  for (const ast::Node* item : items) {
    if (const auto* name = ast::try_as<ast::String>(item)) {
      put(".");
      identifier(name->sval);
    } else if (const auto* index = ast::try_as<ast::AIndices>(item)) {
      put("[");
      if (index->lidx != nullptr) this->node(index->lidx);
      if (index->is_slice) put(":");
      if (index->uidx != nullptr) this->node(index->uidx);
      put("]");
    } else {
      put(".*");
    }
  }
}

void Deparser::operator_name(const ast::NameList& name) {
  if (name.size() == 1) {
    put(name[0]);
    return;
  }
  put("OPERATOR(");
  for (size_t i = 0; i + 1 < name.size(); ++i) {
    identifier(name[i]);
    put(".");
  }
  put(name.back(), ")");
}

void Deparser::pattern(const ast::AExpr& node, std::string_view keyword, bool negated) {
  operand(node.lexpr);
  put(negated ? " NOT " : " ", keyword, " ");
  // The grammar wraps the patterns of SIMILAR TO in a call; it will do so again.
  const auto* call = ast::try_as<ast::FuncCall>(node.rexpr);
  if (node.kind != ast::AExprKind::kSimilar || call == nullptr) {
    operand(node.rexpr);
    return;
  }
  operand(call->args[0]);
  if (call->args.size() > 1) {
    put(" ESCAPE ");
    operand(call->args[1]);
  }
}

void Deparser::between(const ast::AExpr& node, std::string_view keyword) {
  const auto& bounds = ast::as<ast::ListNode>(node.rexpr)->items;
  operand(node.lexpr);
  put(keyword);
  operand(bounds[0]);
  put(" AND ");
  operand(bounds[1]);
}

void Deparser::a_expr(const ast::AExpr& node) {
  auto binary = [&](std::string_view infix) {
    operand(node.lexpr);
    put(infix);
    operand(node.rexpr);
  };
  auto quantified = [&](std::string_view quantifier) {
    operand(node.lexpr);
    put(" ");
    operator_name(node.name);
    put(quantifier);
    parenthesized(node.rexpr);
  };
  bool negated = !node.name.empty() && (node.name[0][0] == '!' || node.name[0] == "<>");
  switch (node.kind) {
    case ast::AExprKind::kOp:
      if (node.lexpr != nullptr) {
        operand(node.lexpr, &node);
        put(" ");
      }
      operator_name(node.name);
      put(" ");
      operand(node.rexpr, &node);
      return;
    case ast::AExprKind::kOpAny:
      return quantified(" ANY ");
    case ast::AExprKind::kOpAll:
      return quantified(" ALL ");
    case ast::AExprKind::kDistinct:
      return binary(" IS DISTINCT FROM ");
    case ast::AExprKind::kNotDistinct:
      return binary(" IS NOT DISTINCT FROM ");
    case ast::AExprKind::kNullif:
      put("NULLIF(");
      this->node(node.lexpr);
      put(", ");
      this->node(node.rexpr);
      put(")");
      return;
    case ast::AExprKind::kIn:
      operand(node.lexpr);
      put(negated ? " NOT IN (" : " IN (");
      list(ast::as<ast::ListNode>(node.rexpr)->items);
      put(")");
      return;
    case ast::AExprKind::kLike:
      return pattern(node, "LIKE", negated);
    case ast::AExprKind::kIlike:
      return pattern(node, "ILIKE", negated);
    case ast::AExprKind::kSimilar:
      return pattern(node, "SIMILAR TO", negated);
    case ast::AExprKind::kBetween:
      return between(node, " BETWEEN ");
    case ast::AExprKind::kNotBetween:
      return between(node, " NOT BETWEEN ");
    case ast::AExprKind::kBetweenSym:
      return between(node, " BETWEEN SYMMETRIC ");
    case ast::AExprKind::kNotBetweenSym:
      return between(node, " NOT BETWEEN SYMMETRIC ");
  }
}

void Deparser::bool_expr(const ast::BoolExpr& node) {
  if (node.boolop == ast::BoolExprType::kNot) {
    put("NOT ");
    operand(node.args[0], &node);
    return;
  }
  for (size_t i = 0; i < node.args.size(); ++i) {
    if (i > 0) put(node.boolop == ast::BoolExprType::kAnd ? " AND " : " OR ");
    operand(node.args[i], &node);
  }
}

void Deparser::sub_link(const ast::SubLink& node) {
  switch (node.sub_link_type) {
    case ast::SubLinkType::kExists:
      put("EXISTS ");
      break;
    case ast::SubLinkType::kArray:
      put("ARRAY");
      break;
    case ast::SubLinkType::kAny:
    case ast::SubLinkType::kAll:
      operand(node.testexpr);
      put(" ");
      if (node.oper_name.empty()) {
        put("IN ");
      } else {
        operator_name(node.oper_name);
        put(node.sub_link_type == ast::SubLinkType::kAny ? " ANY " : " ALL ");
      }
      break;
    default:
      break;
  }
  parenthesized(node.subselect);
}

void Deparser::case_expr(const ast::CaseExpr& node) {
  constexpr int32_t kCaseIndent = 4;
  new_line(0, 0);
  put("CASE");
  clause(" ", node.arg);
  if (in_lines()) indent_ += kCaseIndent;
  for (const ast::Node* item : node.args) {
    const auto& when = *ast::as<ast::CaseWhen>(item);
    new_line(0, 0);
    clause(in_lines() ? "WHEN " : " WHEN ", when.expr);
    clause(" THEN ", when.result);
  }
  if (node.defresult != nullptr) new_line(0, 0);
  clause(in_lines() ? "ELSE " : " ELSE ", node.defresult);
  if (in_lines()) indent_ -= kCaseIndent;
  new_line(0, 0);
  put(in_lines() ? "END" : " END");
}

void Deparser::null_test(const ast::NullTest& node) {
  operand(node.arg);
  put(node.nulltesttype == ast::NullTestType::kIsNull ? " IS NULL" : " IS NOT NULL");
}

void Deparser::boolean_test(const ast::BooleanTest& node) {
  static constexpr std::string_view kTests[] = {" IS TRUE",      " IS NOT TRUE", " IS FALSE",
                                                " IS NOT FALSE", " IS UNKNOWN",  " IS NOT UNKNOWN"};
  operand(node.arg);
  put(kTests[static_cast<size_t>(node.booltesttype)]);
}

void Deparser::value_function(const ast::SQLValueFunction& node) {
  static constexpr std::string_view kNames[] = {
      "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIME",   "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP",
      "LOCALTIME",    "LOCALTIME",    "LOCALTIMESTAMP", "LOCALTIMESTAMP",    "CURRENT_ROLE",
      "CURRENT_USER", "USER",         "SESSION_USER",   "CURRENT_CATALOG",   "CURRENT_SCHEMA"};
  put(kNames[static_cast<size_t>(node.op)]);
  if (node.typmod >= 0) put("(", std::to_string(node.typmod), ")");
}

void Deparser::xml_expr(const ast::XmlExpr& node) {
  auto named = [&](const ast::NodeList& targets) {
    for (size_t i = 0; i < targets.size(); ++i) {
      if (i > 0) put(", ");
      select_target(*ast::as<ast::ResTarget>(targets[i]));
    }
  };
  switch (node.op) {
    case ast::XmlExprOp::kXmlConcat:
      put("XMLCONCAT(");
      list(node.args);
      break;
    case ast::XmlExprOp::kXmlElement:
      put("XMLELEMENT(NAME ");
      identifier(node.name);
      if (!node.named_args.empty()) {
        put(", XMLATTRIBUTES(");
        named(node.named_args);
        put(")");
      }
      clause(", ", node.args);
      break;
    case ast::XmlExprOp::kXmlForest:
      put("XMLFOREST(");
      named(node.named_args);
      break;
    case ast::XmlExprOp::kXmlParse:
      put(node.xmloption == ast::XmlOptionType::kDocument ? "XMLPARSE(DOCUMENT "
                                                          : "XMLPARSE(CONTENT ");
      this->node(node.args[0]);
      if (ast::as<ast::AConst>(node.args[1])->boolval) put(" PRESERVE WHITESPACE");
      break;
    case ast::XmlExprOp::kXmlPi:
      put("XMLPI(NAME ");
      identifier(node.name);
      clause(", ", node.args);
      break;
    case ast::XmlExprOp::kXmlRoot: {
      static constexpr std::string_view kStandalone[] = {", STANDALONE YES", ", STANDALONE NO",
                                                         ", STANDALONE NO VALUE", ""};
      put("XMLROOT(");
      this->node(node.args[0]);
      const auto* version = ast::try_as<ast::AConst>(node.args[1]);
      put(", VERSION ");
      if (version != nullptr && version->isnull()) {
        put("NO VALUE");
      } else {
        this->node(node.args[1]);
      }
      put(kStandalone[ast::as<ast::AConst>(node.args[2])->ival & 3]);
      break;
    }
    case ast::XmlExprOp::kIsDocument:
      operand(node.args[0]);
      put(" IS DOCUMENT");
      return;
    case ast::XmlExprOp::kXmlSerialize:
      break;
  }
  put(")");
}

}  // namespace luma::parse
