// xml: making it of values, parts of it, checks. Its texts are those of engine/type/xml_text.h.
#include <unicode/uchar.h>

#include "engine/base/ascii_case.h"
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/user_type.h"
#include "engine/type/utf8_text.h"
#include "engine/type/xml_path.h"
#include "engine/type/xml_text.h"
#include "sql/function/aggregate_adapter.h"
#include "sql/function/base64.h"
#include "sql/function/families.h"
#include "sql/function/xml_kernels.h"

namespace luma {
namespace {

using std::string_view;

// --- values as XML ---
// libxml2's lines.
std::string base64(string_view bytes) {
  std::string out;
  append_base64(bytes, 72, "\r\n", out);
  return out;
}
std::string hexadecimal(string_view bytes) {
  std::string out;
  for (char c : bytes) out += fmt::format("{:02X}", static_cast<uint8_t>(c));
  return out;
}

bool is_time(Oid type) {
  return type == type_oid::kDate || type == type_oid::kTimestamp || type == type_oid::kTimestamptz;
}
// ISO 8601, as XML Schema wants it.
std::string time_text(const Datum& value, const TypeInfo& type, const EvalContext& context) {
  IoContext io = context.io != nullptr ? *context.io : IoContext();
  io.date_style = DateStyle::kIso;
  std::string out;
  type.output(value, type, io, out);
  if (out == "infinity" || out == "-infinity") {
    bool is_date = type.oid == type_oid::kDate;
    throw sql_error(SqlState::kDatetimeFieldOverflow, "{} out of range",
                    is_date ? "date" : "timestamp")
        .detail(fmt::format("XML does not support infinite {} values.",
                            is_date ? "date" : "timestamp"));
  }
  const size_t blank = out.find(' ');
  if (blank != std::string::npos) out[blank] = 'T';
  const size_t sign = type.oid == type_oid::kTimestamptz ? out.find_last_of("+-") : out.npos;
  if (sign != out.npos && out.find(':', sign) == out.npos) out += ":00";
  return out;
}

void append_value(const EvalContext& context, const Datum& value, const TypeInfo& type, bool escape,
                  std::string& out);

void append_elements(const EvalContext& context, const Datum& value, std::string& out) {
  ArrayView array(value);
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.is_null(i)) continue;
    out += "<element>";
    append_value(context, array.datum(i), array.element_type(), true, out);
    out += "</element>";
  }
}

void append_value(const EvalContext& context, const Datum& value, const TypeInfo& given,
                  bool escape, std::string& out) {
  const TypeInfo& type = type_info(base_type_of(given.oid));
  if (type.is_array()) return append_elements(context, value, out);
  if (type.oid == type_oid::kBool) {
    out += value.b ? "true" : "false";
    return;
  }
  std::string text;
  if (is_time(type.oid)) {
    text = time_text(value, type, context);
  } else if (type.oid == type_oid::kBytea) {
    std::string encoding = "base64";
    if (context.session != nullptr) context.session->setting("xmlbinary", true, encoding);
    text = encoding == "hex" ? hexadecimal(value.str.view()) : base64(value.str.view());
  } else {
    type.output(value, type, context.io != nullptr ? *context.io : IoContext(), text);
  }
  if (type.oid == type_oid::kXml || type.oid == type_oid::kBytea || !escape) {
    out += text;
  } else {
    append_xml_escaped(text, out);
  }
}
void append_argument(const RowCall& call, const Value* args, size_t i, bool escape,
                     std::string& out) {
  append_value(call.context, args[i].datum, type_info(call.expr.args[i]->type.oid), escape, out);
}

// --- XMLELEMENT and others of the grammar ---
void append_attribute(string_view text, std::string& out) {
  for (char c : text) {
    switch (c) {
      case '"':
        out += "&quot;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\r':
        out += "&#13;";
        break;
      case '\t':
        out += "&#9;";
        break;
      default:
        out += c;
    }
  }
}
Value element(RowCall& call, const Value* args) {
  string_view name = args[0].datum.str.view();
  std::string out = fmt::format("<{}", name);
  size_t at = 1;
  for (uint32_t i = 0; i < call.expr.index; ++i, at += 2) {
    if (args[at + 1].is_null) continue;
    std::string value;
    append_argument(call, args, at + 1, false, value);
    out += fmt::format(" {}=\"", args[at].datum.str.view());
    append_attribute(value, out);
    out += '"';
  }
  bool any = false;
  std::string contents;
  for (; at < call.expr.args.size(); ++at) {
    if (args[at].is_null) continue;
    any = true;
    append_argument(call, args, at, true, contents);
  }
  out += any ? fmt::format(">{}</{}>", contents, name) : "/>";
  return arena_string(call.arena, out);
}
Value forest(RowCall& call, const Value* args) {
  std::string out;
  bool any = false;
  for (size_t i = 0; i + 1 < call.expr.args.size(); i += 2) {
    if (args[i + 1].is_null) continue;
    any = true;
    string_view name = args[i].datum.str.view();
    out += fmt::format("<{}>", name);
    append_argument(call, args, i + 1, true, out);
    out += fmt::format("</{}>", name);
  }
  return any ? Value(arena_string(call.arena, out)) : Value::null();
}

// Values behind each other: what their declarations agree on comes before.
std::string concatenation(const std::vector<string_view>& parts) {
  int standalone = 1;
  std::string version, out;
  bool no_version = false;
  for (string_view part : parts) {
    XmlDeclaration declaration;
    read_xml_declaration(part, declaration);
    if (declaration.standalone == 0 && standalone == 1) standalone = 0;
    if (declaration.standalone < 0) standalone = -1;
    if (declaration.version.empty()) {
      no_version = true;
    } else if (version.empty()) {
      version = declaration.version;
    } else if (version != declaration.version) {
      no_version = true;
    }
    out += part.substr(declaration.size);
  }
  if (no_version && standalone < 0) return out;
  return xml_declaration_text(no_version ? string_view() : version, standalone) + out;
}
Value concat(RowCall& call, const Value* args) {
  std::vector<string_view> parts;
  for (size_t i = 0; i < call.expr.args.size(); ++i) {
    if (!args[i].is_null) parts.push_back(args[i].datum.str.view());
  }
  if (parts.empty()) return Value::null();
  return arena_string(call.arena, concatenation(parts));
}
// XMLAGG's step: the other argument when one is NULL.
Value concat_two(RowCall& call, const Value* args) {
  if (args[0].is_null) return args[1];
  if (args[1].is_null) return args[0];
  return concat(call, args);
}

Value instruction(RowCall& call, const Value* args) {
  string_view target = args[0].datum.str.view();
  if (ascii_lower(target) == "xml") {
    throw sql_error(SqlState::kSyntaxError, "invalid XML processing instruction")
        .detail(fmt::format("XML processing instruction target name cannot be \"{}\".", target));
  }
  std::string out = fmt::format("<?{}", target);
  if (call.expr.args.size() > 1) {
    if (args[1].is_null) return Value::null();
    string_view text = args[1].datum.str.view();
    if (text.find("?>") != string_view::npos) {
      throw sql_error(SqlState::kInvalidXmlProcessingInstruction,
                      "invalid XML processing instruction")
          .detail("XML processing instruction cannot contain \"?>\".");
    }
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    out += ' ';
    out += text;
  }
  return arena_string(call.arena, out + "?>");
}

Value root(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  // As the grammar numbers YES, NO, NO VALUE and nothing.
  constexpr int32_t kYes = 0, kNo = 1, kNoValue = 2;
  string_view text = args[0].datum.str.view();
  XmlDeclaration declaration;
  read_xml_declaration(text, declaration);
  int standalone = declaration.standalone;
  if (args[2].datum.i32 == kYes) standalone = 1;
  if (args[2].datum.i32 == kNo) standalone = 0;
  if (args[2].datum.i32 == kNoValue) standalone = -1;
  string_view version = args[1].is_null ? string_view() : args[1].datum.str.view();
  std::string out = xml_declaration_text(version, standalone);
  out += text.substr(declaration.size);
  return arena_string(call.arena, out);
}

Value parse(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  check_xml(args[0].datum.str.view(),
            call.expr.index == 1 ? XmlForm::kDocument : XmlForm::kContent);
  return arena_string(call.arena, args[0].datum.str.view());
}
Value serialize(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  string_view text = args[0].datum.str.view();
  if (call.expr.index == 1 && !is_well_formed_xml(text, XmlForm::kDocument)) {
    throw SqlError(SqlState::kNotAnXmlDocument, "not an XML document");
  }
  return arena_string(call.arena, text);
}
Value is_document(RowCall&, const Value* args) {
  if (args[0].is_null) return Value::null();
  return Datum::of_bool(is_well_formed_xml(args[0].datum.str.view(), XmlForm::kDocument));
}

// --- functions ---
XmlForm form_of_session(const RowCall& call) {
  std::string option;
  if (call.context.session != nullptr) call.context.session->setting("xmloption", true, option);
  return option == "document" ? XmlForm::kDocument : XmlForm::kContent;
}
Datum of_text(RowCall& call, string_view text) {
  check_xml(text, form_of_session(call));
  return arena_string(call.arena, text);
}
bool well_formed(RowCall& call, string_view text) {
  return is_well_formed_xml(text, form_of_session(call));
}
bool well_formed_document(string_view text) { return is_well_formed_xml(text, XmlForm::kDocument); }
bool well_formed_content(string_view text) { return is_well_formed_xml(text, XmlForm::kContent); }
Datum comment(RowCall& call, string_view text) {
  if (text.find("--") != string_view::npos || text.ends_with('-')) {
    throw SqlError(SqlState::kInvalidXmlComment, "invalid XML comment");
  }
  return arena_string(call.arena, fmt::format("<!--{}-->", text));
}

XmlNamespaces namespaces_of(const Datum& array) {
  ArrayView view(array);
  XmlNamespaces out;
  if (view.dimension_count() == 0) return out;
  if (view.dimension_count() != 2 || view.dimension(1).length != 2) {
    throw sql_error(SqlState::kDataException, "invalid array for XML namespace mapping")
        .detail("The array must be two-dimensional with length of the second axis equal to 2.");
  }
  for (uint32_t i = 0; i < view.size(); i += 2) {
    if (view.is_null(i) || view.is_null(i + 1)) {
      throw SqlError(SqlState::kNullValueNotAllowed, "neither namespace name nor URI may be null");
    }
    Datum name = view.datum(i), uri = view.datum(i + 1);
    out.emplace_back(name.str.view(), uri.str.view());
  }
  return out;
}
Datum array_of(RowCall& call, const std::vector<std::string>& found) {
  ArrayBuilder builder(type_oid::kXml);
  for (const std::string& one : found) builder.add(Datum::of_string(one));
  return builder.finish(call.arena);
}
Datum xpath(RowCall& call, string_view path, string_view xml) {
  return array_of(call, evaluate_xpath(path, xml, {}));
}
Datum xpath_with(RowCall& call, string_view path, string_view xml, const Datum& namespaces) {
  return array_of(call, evaluate_xpath(path, xml, namespaces_of(namespaces)));
}
bool finds(string_view path, string_view xml) { return !evaluate_xpath(path, xml, {}).empty(); }
bool finds_with(string_view path, string_view xml, const Datum& namespaces) {
  return !evaluate_xpath(path, xml, namespaces_of(namespaces)).empty();
}
bool validate(string_view, string_view) { throw unsupported("xmlvalidate"); }

struct XmlAggregate {
  using Args = TypeList<StringRef>;
  struct State {
    std::string value;
    bool any = false;
  };
  static void add(const AggregateCall&, State& state, const StringRef& value) {
    std::string joined =
        state.any ? concatenation({state.value, value.view()}) : std::string(value.view());
    state.value = std::move(joined);
    state.any = true;
  }
  static void merge(const AggregateCall& call, State& into, const State& from) {
    if (from.any) add(call, into, StringRef(from.value));
  }
  static Value finish(const AggregateCall& call, const State& state) {
    if (!state.any) return Value::null();
    return copy_datum(Datum::of_string(state.value), PhysicalType::kVarlen, call.arena);
  }
};

const KernelRow kRows[] = {
    scalar_row("xml(text)", strict_kernel<of_text>, "text as XML"),
    scalar_row("xmlcomment(text)", strict_kernel<comment>, "a comment"),
    scalar_row("xmlconcat2(xml,xml)", row_kernel<concat_two, false>),
    scalar_row("xmlvalidate(xml,text)", strict_kernel<validate>),
    scalar_row("xml_is_well_formed(text)", strict_kernel<well_formed>, "is it well-formed?"),
    scalar_row("xml_is_well_formed_document(text)", strict_kernel<well_formed_document>,
               "is it a well-formed document?"),
    scalar_row("xml_is_well_formed_content(text)", strict_kernel<well_formed_content>,
               "is it well-formed content?"),
    scalar_row("xpath(text,xml)", strict_kernel<xpath>, "what an XPath expression finds"),
    scalar_row("xpath(text,xml,_text)", strict_kernel<xpath_with>,
               "what an XPath expression finds"),
    scalar_row("xpath_exists(text,xml)", strict_kernel<finds>, "does it find anything?"),
    scalar_row("xpath_exists(text,xml,_text)", strict_kernel<finds_with>, "does it find anything?"),
    scalar_row("xmlexists(text,xml)", strict_kernel<finds>, "does it find anything?"),
    aggregate_row("xmlagg(xml)", aggregate_of<XmlAggregate>(), "values behind each other"),
};

}  // namespace

VectorKernel xml_element_kernel() { return row_kernel<element, false>; }
VectorKernel xml_forest_kernel() { return row_kernel<forest, false>; }
VectorKernel xml_concat_kernel() { return row_kernel<concat, false>; }
VectorKernel xml_instruction_kernel() { return row_kernel<instruction, false>; }
VectorKernel xml_root_kernel() { return row_kernel<root, false>; }
VectorKernel xml_parse_kernel() { return row_kernel<parse, false>; }
VectorKernel xml_serialize_kernel() { return row_kernel<serialize, false>; }
VectorKernel xml_is_document_kernel() { return row_kernel<is_document, false>; }

std::string xml_name(string_view name, bool whole) {
  std::string out;
  for (size_t at = 0; at < name.size();) {
    const size_t begin = at;
    const uint32_t c = utf8_next(name, at);
    const auto code = static_cast<UChar32>(c);
    const bool letter = u_isalpha(code) != 0;
    const bool inside = letter || u_isdigit(code) != 0 || c == '.' || c == '-' || c == '_' ||
                        c == ':' || u_getCombiningClass(code) != 0 || c == 0xB7;
    const bool starts = letter || c == '_' || c == ':';
    if (c == ':' && (begin == 0 || whole)) {
      out += "_x003A_";
    } else if (c == '_' && at < name.size() && name[at] == 'x') {
      out += "_x005F_";
    } else if (whole && begin == 0 && ascii_lower(name.substr(0, 3)) == "xml") {
      out += c == 'x' ? "_x0078_" : "_x0058_";
    } else if (begin == 0 ? starts : inside) {
      out += name.substr(begin, at - begin);
    } else {
      out += fmt::format("_x{:04X}_", c);
    }
  }
  return out;
}

std::span<const KernelRow> xml_kernels() { return kRows; }

}  // namespace luma
