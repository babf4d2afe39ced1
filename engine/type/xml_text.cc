#include "engine/type/xml_text.h"

#include <libxml/parser.h>

#include <memory>

#include "engine/base/sql_error.h"
#include "engine/type/string.h"
#include "engine/type/utf8_text.h"
#include "engine/type/xml_errors.h"

namespace luma {
namespace {

using std::string_view;

struct ContextCloser {
  void operator()(xmlParserCtxt* context) const { xmlFreeParserCtxt(context); }
};
struct DocumentCloser {
  void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};

bool begins_with_doctype(string_view text) {
  for (;;) {
    while (!text.empty() && (text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r'))) {
      text.remove_prefix(1);
    }
    string_view end;
    if (text.starts_with("<!--")) {
      end = "-->";
    } else if (text.starts_with("<?")) {
      end = "?>";
    } else {
      return text.starts_with("<!DOCTYPE");
    }
    size_t found = text.find(end);
    if (found == string_view::npos) return false;
    text.remove_prefix(found + end.size());
  }
}

// "" when it is well formed.
bool parse(string_view text, XmlForm form, std::string& error, bool& bad_declaration) {
  bad_declaration = false;
  XmlDeclaration declaration;
  const bool readable = read_xml_declaration(text, declaration);
  XmlErrors errors;
  const bool as_document = form == XmlForm::kDocument ||
                           (readable && begins_with_doctype(text.substr(declaration.size)));
  if (as_document) {
    std::unique_ptr<xmlParserCtxt, ContextCloser> context(xmlNewParserCtxt());
    std::unique_ptr<xmlDoc, DocumentCloser> document(
        xmlCtxtReadMemory(context.get(), text.data(), static_cast<int>(text.size()), nullptr,
                          "UTF-8", XML_PARSE_NOENT | XML_PARSE_DTDATTR | XML_PARSE_NONET));
    error = errors.text();
    return document != nullptr && !errors.any();
  }
  if (!readable) {
    bad_declaration = true;
    return false;
  }
  std::string body(text.substr(declaration.size));
  if (body.empty()) return true;
  std::unique_ptr<xmlDoc, DocumentCloser> document(xmlNewDoc(nullptr));
  int result = xmlParseBalancedChunkMemory(document.get(), nullptr, nullptr, 0,
                                           reinterpret_cast<const xmlChar*>(body.c_str()), nullptr);
  error = errors.text();
  return result == 0 && !errors.any();
}

Datum xml_in(string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  check_xml(text, XmlForm::kContent);
  return arena_string(arena, text);
}
Datum xml_recv(string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  verify_utf8(bytes);
  check_xml(bytes, XmlForm::kContent);
  return arena_string(arena, bytes);
}
void xml_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  out += xml_output(value.str.view());
}

constexpr TypeCodec kCodecs[] = {
    {"xml", PhysicalType::kVarlen, xml_in, xml_out, xml_recv, xml_out},
};

}  // namespace

void check_xml(string_view text, XmlForm form) {
  std::string error;
  bool bad_declaration = false;
  if (parse(text, form, error, bad_declaration)) return;
  if (bad_declaration) {
    throw SqlError(SqlState::kInvalidXmlContent, "invalid XML content: invalid XML declaration");
  }
  SqlError refused = form == XmlForm::kDocument
                         ? SqlError(SqlState::kInvalidXmlDocument, "invalid XML document")
                         : SqlError(SqlState::kInvalidXmlContent, "invalid XML content");
  if (!error.empty()) refused.detail(error);
  throw refused;
}

bool is_well_formed_xml(string_view text, XmlForm form) {
  std::string error;
  bool bad_declaration = false;
  return parse(text, form, error, bad_declaration);
}

bool read_xml_declaration(string_view text, XmlDeclaration& out) {
  out = {};
  constexpr string_view kBegin = "<?xml";
  auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  if (!text.starts_with(kBegin)) return true;
  size_t at = kBegin.size();
  // <?xml-stylesheet and the like are instructions.
  if (at < text.size() && !is_space(text[at]) && text[at] != '?') return true;
  auto skip = [&] {
    const size_t from = at;
    while (at < text.size() && is_space(text[at])) ++at;
    return at > from;
  };
  auto take = [&](string_view name, std::string& value) {
    const size_t from = at;
    if (!skip() || !text.substr(at).starts_with(name)) {
      at = from;
      return false;
    }
    at += name.size();
    skip();
    if (at >= text.size() || text[at] != '=') {
      at = from;
      return false;
    }
    ++at;
    skip();
    if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) {
      at = from;
      return false;
    }
    const size_t end = text.find(text[at], at + 1);
    if (end == string_view::npos) {
      at = from;
      return false;
    }
    value = text.substr(at + 1, end - at - 1);
    at = end + 1;
    return true;
  };
  std::string encoding, standalone;
  if (!take("version", out.version)) return false;
  take("encoding", encoding);
  if (take("standalone", standalone)) {
    if (standalone != "yes" && standalone != "no") return false;
    out.standalone = standalone == "yes" ? 1 : 0;
  }
  skip();
  if (!text.substr(at).starts_with("?>")) return false;
  out.size = at + 2;
  return true;
}

std::string xml_declaration_text(string_view version, int standalone) {
  constexpr string_view kUsualVersion = "1.0";
  const bool unusual = !version.empty() && version != kUsualVersion;
  if (!unusual && standalone == -1) return {};
  std::string out = fmt::format("<?xml version=\"{}\"", version.empty() ? kUsualVersion : version);
  if (standalone != -1) out += fmt::format(" standalone=\"{}\"", standalone == 1 ? "yes" : "no");
  return out + "?>";
}

std::string xml_output(string_view text) {
  XmlDeclaration declaration;
  if (!read_xml_declaration(text, declaration)) return std::string(text);
  std::string begin = xml_declaration_text(declaration.version, declaration.standalone);
  string_view rest = text.substr(declaration.size);
  // Where the declaration goes, so does the end of its line.
  if (begin.empty() && declaration.size > 0 && rest.starts_with('\n')) rest.remove_prefix(1);
  return begin + std::string(rest);
}

void append_xml_escaped(string_view text, std::string& out) {
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\r':
        out += "&#x0d;";
        break;
      default:
        out += c;
    }
  }
}

std::span<const TypeCodec> xml_codecs() { return kCodecs; }

}  // namespace luma
