// XMLELEMENT, XMLFOREST, XMLCONCAT, XMLPI, XMLROOT, XMLPARSE, XMLSERIALIZE, IS DOCUMENT.
#include <set>

#include "sql/bind/bind_select.h"
#include "sql/bind/binder.h"
#include "sql/bind/make_node.h"
#include "sql/function/xml_kernels.h"

namespace luma {

namespace {

Expr* make_xml_call(Arena& arena, VectorKernel kernel, Oid type, std::vector<Expr*> args,
                    int location) {
  Expr* out = arena.make<Expr>(make_node(ExprKind::kFunction, type, location));
  out->implementation.kernel = kernel;
  for (const Expr* arg : args) out->is_volatile |= arg->is_volatile;
  out->args = copy_span(arena, args);
  return out;
}

Expr* text_constant(Arena& arena, std::string_view text) {
  return make_constant(arena, {type_oid::kText, -1}, Value(Datum::of_string(arena.copy(text))));
}

}  // namespace

// The name that AS gives, or the column's.
std::string Binder::xml_argument_name(const ast::ResTarget& target, bool attribute) {
  if (!target.name.empty()) return xml_name(target.name, false);
  if (ast::is<ast::ColumnRef>(target.val)) return xml_name(figure_column_name(target.val), true);
  throw SqlError(SqlState::kSyntaxError,
                 attribute ? "unnamed XML attribute value must be a column reference"
                           : "unnamed XML element value must be a column reference")
      .at_byte(target.val->location);
}

Expr* Binder::xml_argument(const ast::Node* node, Oid type, Scope* scope, Clause clause,
                           std::string_view construct) {
  Expr* value = bind_expr(node, scope, clause);
  if (type == kInvalidOid) return resolve_unknown(value);
  Expr* out = coerce(value, {type, -1}, Coercion::kImplicit, value->location);
  if (out != nullptr) return out;
  throw sql_error(SqlState::kDatatypeMismatch, "argument of {} must be type {}, not type {}",
                  construct, format_type(type), format_type(value->type.oid))
      .at_byte(value->location);
}

Expr* Binder::bind_xml_expr(const ast::XmlExpr& node, Scope* scope, Clause clause) {
  std::vector<Expr*> args;
  auto finish = [&](VectorKernel kernel, Oid type = type_oid::kXml) {
    return make_xml_call(arena(), kernel, type, args, node.location);
  };
  const bool has_name = node.op == ast::XmlExprOp::kXmlElement || node.op == ast::XmlExprOp::kXmlPi;
  if (has_name) args.push_back(text_constant(arena(), xml_name(node.name, false)));
  std::set<std::string> names;
  for (const ast::Node* named : node.named_args) {
    const auto& target = *ast::as<ast::ResTarget>(named);
    Expr* value = xml_argument(target.val, kInvalidOid, scope, clause, "");
    const bool attribute = node.op == ast::XmlExprOp::kXmlElement;
    std::string name = xml_argument_name(target, attribute);
    if (attribute && !names.insert(name).second) {
      throw sql_error(SqlState::kSyntaxError, "XML attribute name \"{}\" appears more than once",
                      name)
          .at_byte(target.location);
    }
    args.push_back(text_constant(arena(), name));
    args.push_back(value);
  }
  auto add = [&](size_t i, Oid type, std::string_view construct) {
    args.push_back(xml_argument(node.args[i], type, scope, clause, construct));
  };
  switch (node.op) {
    case ast::XmlExprOp::kXmlConcat:
      for (size_t i = 0; i < node.args.size(); ++i) add(i, type_oid::kXml, "XMLCONCAT");
      return finish(xml_concat_kernel());
    case ast::XmlExprOp::kXmlElement: {
      for (size_t i = 0; i < node.args.size(); ++i) add(i, kInvalidOid, "");
      Expr* out = finish(xml_element_kernel());
      out->index = static_cast<uint32_t>(node.named_args.size());
      return out;
    }
    case ast::XmlExprOp::kXmlForest:
      return finish(xml_forest_kernel());
    case ast::XmlExprOp::kXmlParse: {
      // Whether white space is kept does not show in the text.
      add(0, type_oid::kText, "XMLPARSE");
      Expr* out = finish(xml_parse_kernel());
      out->index = node.xmloption == ast::XmlOptionType::kDocument ? 1 : 0;
      return out;
    }
    case ast::XmlExprOp::kXmlPi:
      for (size_t i = 0; i < node.args.size(); ++i) add(i, type_oid::kText, "XMLPI");
      return finish(xml_instruction_kernel());
    case ast::XmlExprOp::kXmlRoot:
      add(0, type_oid::kXml, "XMLROOT");
      add(1, type_oid::kText, "XMLROOT");
      add(2, type_oid::kInt4, "XMLROOT");
      return finish(xml_root_kernel());
    case ast::XmlExprOp::kIsDocument:
      add(0, type_oid::kXml, "IS DOCUMENT");
      return finish(xml_is_document_kernel(), type_oid::kBool);
    case ast::XmlExprOp::kXmlSerialize:
      break;
  }
  throw unsupported("this XML expression").at_byte(node.location);
}

Expr* Binder::bind_xml_serialize(const ast::XmlSerialize& node, Scope* scope, Clause clause) {
  std::vector<Expr*> args{xml_argument(node.expr, type_oid::kXml, scope, clause, "XMLSERIALIZE")};
  Expr* text = make_xml_call(arena(), xml_serialize_kernel(), type_oid::kText, args, node.location);
  text->index = node.xmloption == ast::XmlOptionType::kDocument ? 1 : 0;
  const TypeRef target = resolve_type_name(*node.type_name);
  Expr* out = coerce(text, target, Coercion::kImplicit, node.location);
  if (out != nullptr) return out;
  throw sql_error(SqlState::kCannotCoerce, "cannot cast XMLSERIALIZE result to {}",
                  format_type(target.oid))
      .at_byte(node.location);
}

}  // namespace luma
