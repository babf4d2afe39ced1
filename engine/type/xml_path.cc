#include "engine/type/xml_path.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include <memory>

#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"
#include "engine/type/xml_errors.h"
#include "engine/type/xml_text.h"

namespace luma {
namespace {

using std::string_view;

template <auto close>
struct Closer {
  template <typename T>
  void operator()(T* thing) const {
    close(thing);
  }
};
template <typename T, auto close>
using Held = std::unique_ptr<T, Closer<close>>;

const xmlChar* as_xml(const std::string& text) {
  return reinterpret_cast<const xmlChar*>(text.c_str());
}

[[noreturn]] void refuse(SqlState state, string_view message, const XmlErrors& errors) {
  SqlError error(state, std::string(message));
  if (errors.any()) error.detail(errors.text());
  throw error;
}

std::string text_of_node(xmlNode* node) {
  std::string out;
  if (node->type == XML_ATTRIBUTE_NODE || node->type == XML_TEXT_NODE) {
    xmlChar* text = xmlXPathCastNodeToString(node);
    append_xml_escaped(reinterpret_cast<const char*>(text), out);
    xmlFree(text);
    return out;
  }
  // A copy has the namespaces that are declared above it.
  Held<xmlBuffer, xmlBufferFree> buffer(xmlBufferCreate());
  if (node->type == XML_DOCUMENT_NODE) {
    Held<xmlDoc, xmlFreeDoc> copy(reinterpret_cast<xmlDoc*>(xmlCopyNode(node, 1)));
    xmlNodeDump(buffer.get(), nullptr, reinterpret_cast<xmlNode*>(copy.get()), 0, 0);
  } else {
    Held<xmlNode, xmlFreeNode> copy(xmlCopyNode(node, 1));
    if (copy == nullptr) throw SqlError(SqlState::kOutOfMemory, "could not copy node");
    xmlNodeDump(buffer.get(), nullptr, copy.get(), 0, 0);
  }
  return reinterpret_cast<const char*>(xmlBufferContent(buffer.get()));
}

std::string text_of_number(double number) {
  const TypeInfo& type = type_info(type_oid::kFloat8);
  std::string out;
  type.output(Datum::of_double(number), type, IoContext(), out);
  return out;
}

std::vector<std::string> texts_of(const xmlXPathObject& found) {
  std::vector<std::string> out;
  switch (found.type) {
    case XPATH_NODESET:
      if (found.nodesetval == nullptr) break;
      for (int i = 0; i < found.nodesetval->nodeNr; ++i) {
        out.push_back(text_of_node(found.nodesetval->nodeTab[i]));
      }
      break;
    case XPATH_BOOLEAN:
      out.emplace_back(found.boolval ? "true" : "false");
      break;
    case XPATH_NUMBER:
      out.push_back(text_of_number(found.floatval));
      break;
    case XPATH_STRING:
      append_xml_escaped(reinterpret_cast<const char*>(found.stringval), out.emplace_back());
      break;
    default:
      throw sql_error(SqlState::kInternalError, "xpath expression result type {} is unsupported",
                      static_cast<int>(found.type));
  }
  return out;
}

}  // namespace

std::vector<std::string> evaluate_xpath(string_view path, string_view xml,
                                        const XmlNamespaces& namespaces) {
  if (path.empty()) throw SqlError(SqlState::kDataException, "empty XPath expression");
  XmlDeclaration declaration;
  read_xml_declaration(xml, declaration);
  xml.remove_prefix(declaration.size);
  XmlErrors errors;
  Held<xmlParserCtxt, xmlFreeParserCtxt> parser(xmlNewParserCtxt());
  Held<xmlDoc, xmlFreeDoc> document(xmlCtxtReadMemory(
      parser.get(), xml.data(), static_cast<int>(xml.size()), nullptr, nullptr, XML_PARSE_NONET));
  if (document == nullptr || errors.any()) {
    refuse(SqlState::kInvalidXmlDocument, "could not parse XML document", errors);
  }
  Held<xmlXPathContext, xmlXPathFreeContext> context(xmlXPathNewContext(document.get()));
  if (context == nullptr) throw SqlError(SqlState::kOutOfMemory, "out of memory");
  context->node = reinterpret_cast<xmlNode*>(document.get());
  for (const auto& [name, uri] : namespaces) {
    if (xmlXPathRegisterNs(context.get(), as_xml(name), as_xml(uri)) == 0) continue;
    throw sql_error(SqlState::kInternalError,
                    "could not register XML namespace with name \"{}\" and URI \"{}\"", name, uri);
  }
  const std::string expression(path);
  Held<xmlXPathCompExpr, xmlXPathFreeCompExpr> compiled(
      xmlXPathCtxtCompile(context.get(), as_xml(expression)));
  if (compiled == nullptr || errors.any()) {
    refuse(SqlState::kInternalError, "invalid XPath expression", errors);
  }
  Held<xmlXPathObject, xmlXPathFreeObject> found(
      xmlXPathCompiledEval(compiled.get(), context.get()));
  if (found == nullptr || errors.any()) {
    refuse(SqlState::kInternalError, "could not create XPath object", errors);
  }
  return texts_of(*found);
}

}  // namespace luma
