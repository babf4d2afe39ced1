#include "engine/type/xml_errors.h"

#include <fmt/format.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

namespace luma {
namespace {

// Nothing outside of the text is read.
xmlParserInputPtr load_nothing(const char*, const char*, xmlParserCtxtPtr context) {
  return xmlNewStringInputStream(context, reinterpret_cast<const xmlChar*>(""));
}
void prepare_library() {
  static const bool kReady = [] {
    xmlInitParser();
    xmlSetExternalEntityLoader(load_nothing);
    return true;
  }();
  (void)kReady;
}

}  // namespace

XmlErrors::XmlErrors() {
  prepare_library();
  xmlSetStructuredErrorFunc(this, add);
}
XmlErrors::~XmlErrors() { xmlSetStructuredErrorFunc(nullptr, nullptr); }

std::string XmlErrors::text() const {
  std::string out = text_;
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

void XmlErrors::add(void* self, xmlErrorPtr error) {
  static_cast<XmlErrors*>(self)->add_one(*error);
}

void XmlErrors::add_one(const xmlError& error) {
  // Namespaces that nobody declares are only warned of.
  if (error.level == XML_ERR_WARNING || error.domain == XML_FROM_NAMESPACE) return;
  any_ = true;
  if (error.line > 0) text_ += fmt::format("line {}: ", error.line);
  text_ += error.message == nullptr ? "unknown error\n" : error.message;
  if (!text_.ends_with('\n')) text_ += '\n';
  auto* context = static_cast<xmlParserCtxtPtr>(error.ctxt);
  if (error.domain != XML_FROM_PARSER || context == nullptr || context->input == nullptr) return;
  add_place(context->input);
}

// The line of the error and a mark below its place.
void XmlErrors::add_place(const void* parser_input) {
  const auto& input = *static_cast<const xmlParserInput*>(parser_input);
  constexpr ptrdiff_t kLongestLine = 80;
  const xmlChar* at = input.cur;
  while (at > input.base && (*at == '\n' || *at == '\r')) --at;
  const xmlChar* begin = at;
  while (begin > input.base && begin[-1] != '\n' && begin[-1] != '\r' &&
         at - begin < kLongestLine) {
    --begin;
  }
  const ptrdiff_t column = input.cur - begin;
  const xmlChar* end = begin;
  while (*end != 0 && *end != '\n' && *end != '\r' && end - begin < kLongestLine) ++end;
  text_.append(reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin));
  text_ += '\n';
  for (ptrdiff_t i = 0; i < column && begin + i < end; ++i) {
    text_ += begin[i] == '\t' ? '\t' : ' ';
  }
  text_ += "^\n";
}

}  // namespace luma
