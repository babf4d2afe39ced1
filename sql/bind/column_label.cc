// The name PostgreSQL gives an output column that has no AS.
#include "sql/bind/bind_select.h"

namespace luma {

namespace {

std::string_view xml_label(ast::XmlExprOp op) {
  switch (op) {
    case ast::XmlExprOp::kXmlConcat:
      return "xmlconcat";
    case ast::XmlExprOp::kXmlElement:
      return "xmlelement";
    case ast::XmlExprOp::kXmlForest:
      return "xmlforest";
    case ast::XmlExprOp::kXmlParse:
      return "xmlparse";
    case ast::XmlExprOp::kXmlPi:
      return "xmlpi";
    case ast::XmlExprOp::kXmlRoot:
      return "xmlroot";
    case ast::XmlExprOp::kXmlSerialize:
      return "xmlserialize";
    case ast::XmlExprOp::kIsDocument:
      return {};
  }
  return {};
}

// How good a name is: a stronger one from deeper inside wins over a weaker one outside.
int figure(const ast::Node* node, std::string& name) {
  if (node == nullptr) return 0;
  switch (node->tag) {
    case ast::NodeTag::kColumnRef: {
      const auto* ref = ast::as<ast::ColumnRef>(node);
      for (size_t i = ref->fields.size(); i-- > 0;) {
        if (const auto* text = ast::try_as<ast::String>(ref->fields[i])) {
          name = text->sval;
          return 2;
        }
      }
      return 0;
    }
    case ast::NodeTag::kAIndirection: {
      const auto* indirection = ast::as<ast::AIndirection>(node);
      for (size_t i = indirection->indirection.size(); i-- > 0;) {
        if (const auto* text = ast::try_as<ast::String>(indirection->indirection[i])) {
          name = text->sval;
          return 2;
        }
      }
      return figure(indirection->arg, name);
    }
    case ast::NodeTag::kFuncCall:
      name = ast::as<ast::FuncCall>(node)->funcname.back();
      return 2;
    case ast::NodeTag::kAExpr:
      if (ast::as<ast::AExpr>(node)->kind == ast::AExprKind::kNullif) {
        name = "nullif";
        return 2;
      }
      return 0;
    case ast::NodeTag::kTypeCast: {
      const auto* cast = ast::as<ast::TypeCast>(node);
      int strength = figure(cast->arg, name);
      if (strength <= 1) {
        name = cast->type_name->names.back();
        return 1;
      }
      return strength;
    }
    case ast::NodeTag::kCollateClause:
      return figure(ast::as<ast::CollateClause>(node)->arg, name);
    case ast::NodeTag::kXmlSerialize:
      name = "xmlserialize";
      return 2;
    case ast::NodeTag::kXmlExpr:
      name = xml_label(ast::as<ast::XmlExpr>(node)->op);
      return name.empty() ? 0 : 2;
    case ast::NodeTag::kGroupingFunc:
      name = "grouping";
      return 2;
    case ast::NodeTag::kSubLink: {
      const auto* link = ast::as<ast::SubLink>(node);
      if (link->sub_link_type == ast::SubLinkType::kExists) {
        name = "exists";
        return 2;
      }
      if (link->sub_link_type == ast::SubLinkType::kArray) {
        name = "array";
        return 2;
      }
      if (link->sub_link_type == ast::SubLinkType::kExpr) {
        const auto* select = ast::try_as<ast::SelectStmt>(link->subselect);
        while (select != nullptr && select->op != ast::SetOperation::kNone) select = select->larg;
        if (select != nullptr && !select->target_list.empty()) {
          const auto* target = ast::as<ast::ResTarget>(select->target_list[0]);
          if (target->name.data() != nullptr) {
            name = target->name;
            return 2;
          }
          return figure(target->val, name);
        }
      }
      return 0;
    }
    case ast::NodeTag::kCaseExpr: {
      int strength = figure(ast::as<ast::CaseExpr>(node)->defresult, name);
      if (strength <= 1) {
        name = "case";
        return 1;
      }
      return strength;
    }
    case ast::NodeTag::kAArrayExpr:
      name = "array";
      return 2;
    case ast::NodeTag::kRowExpr:
      name = "row";
      return 2;
    case ast::NodeTag::kCoalesceExpr:
      name = "coalesce";
      return 2;
    case ast::NodeTag::kMinMaxExpr:
      name = ast::as<ast::MinMaxExpr>(node)->op == ast::MinMaxOp::kGreatest ? "greatest" : "least";
      return 2;
    case ast::NodeTag::kSQLValueFunction: {
      static constexpr std::string_view kNames[] = {
          "current_date",      "current_time",    "current_time",  "current_timestamp",
          "current_timestamp", "localtime",       "localtime",     "localtimestamp",
          "localtimestamp",    "current_role",    "current_user",  "user",
          "session_user",      "current_catalog", "current_schema"};
      name = kNames[static_cast<size_t>(ast::as<ast::SQLValueFunction>(node)->op)];
      return 2;
    }
    default:
      return 0;
  }
}

}  // namespace

std::string figure_column_name(const ast::Node* node) {
  std::string name;
  return figure(node, name) > 0 ? name : "?column?";
}

}  // namespace luma
