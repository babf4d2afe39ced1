#include "engine/type/jsonpath.h"

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/json_lexer.h"
#include "engine/type/numeric.h"
#include "engine/type/string.h"

namespace luma {
namespace {

using Kind = JsonPathKind;

int priority_of(Kind kind) {
  switch (kind) {
    case Kind::kOr:
      return 0;
    case Kind::kAnd:
      return 1;
    case Kind::kEqual:
    case Kind::kNotEqual:
    case Kind::kLess:
    case Kind::kLessOrEqual:
    case Kind::kGreater:
    case Kind::kGreaterOrEqual:
    case Kind::kStartsWith:
      return 2;
    case Kind::kAdd:
    case Kind::kSubtract:
      return 3;
    case Kind::kMultiply:
    case Kind::kDivide:
    case Kind::kModulo:
      return 4;
    case Kind::kPlus:
    case Kind::kMinus:
      return 5;
    default:
      return 6;
  }
}

class Printer {
 public:
  explicit Printer(std::string& out) : out_(out) {}

  void print(const JsonPathItem& item, bool after_dot, bool brackets) {
    // An accessor must keep applying to the whole operation.
    print_one(item, after_dot, brackets || item.next != nullptr);
    for (const JsonPathItem* next = item.next.get(); next != nullptr; next = next->next.get()) {
      print_one(*next, true, true);
    }
  }

 private:
  void print_one(const JsonPathItem& item, bool after_dot, bool brackets);
  void print_operand(const JsonPathItem& item, Kind parent) {
    print(item, false, priority_of(item.kind) <= priority_of(parent));
  }
  void print_level(uint32_t level) {
    if (level == kJsonPathLastLevel) {
      out_ += "last";
    } else {
      out_ += std::to_string(level);
    }
  }
  void print_any_level(const JsonPathItem& item, bool after_dot) {
    out_ += after_dot ? ".**" : "**";
    if (item.first == 0 && item.last == kJsonPathLastLevel) return;
    out_ += '{';
    print_level(item.first);
    if (item.first != item.last) {
      out_ += " to ";
      print_level(item.last);
    }
    out_ += '}';
  }
  void print_elements(const JsonPathItem& item) {
    out_ += '[';
    bool first = true;
    for (const JsonPathSubscript& subscript : item.subscripts) {
      if (!first) out_ += ',';
      first = false;
      print(*subscript.from, false, false);
      if (subscript.to) {
        out_ += " to ";
        print(*subscript.to, false, false);
      }
    }
    out_ += ']';
  }
  void print_like_regex(const JsonPathItem& item) {
    print_operand(*item.left, item.kind);
    out_ += " like_regex ";
    append_json_string(item.text, out_);
    std::string flags;
    if (item.regex.ignore_case) flags += 'i';
    if (item.regex.dot_all) flags += 's';
    if (item.regex.multi_line) flags += 'm';
    if (item.regex.ignore_blank) flags += 'x';
    if (item.regex.quote) flags += 'q';
    if (!flags.empty()) out_ += " flag \"" + flags + "\"";
  }

  std::string& out_;
};

void Printer::print_one(const JsonPathItem& item, bool after_dot, bool brackets) {
  switch (item.kind) {
    case Kind::kNull:
    case Kind::kTrue:
    case Kind::kFalse:
    case Kind::kRoot:
    case Kind::kCurrent:
    case Kind::kLast:
      out_ += jsonpath_kind_text(item.kind);
      return;
    case Kind::kNumber:
      if (item.next) out_ += '(';
      numeric_append_text(item.number, out_);
      if (item.next) out_ += ')';
      return;
    case Kind::kString:
      append_json_string(item.text, out_);
      return;
    case Kind::kVariable:
      out_ += '$';
      append_json_string(item.text, out_);
      return;
    case Kind::kKey:
      if (after_dot) out_ += '.';
      append_json_string(item.text, out_);
      return;
    case Kind::kAnyKey:
      out_ += after_dot ? ".*" : "*";
      return;
    case Kind::kAnyElement:
      out_ += "[*]";
      return;
    case Kind::kElements:
      return print_elements(item);
    case Kind::kAnyLevel:
      return print_any_level(item, after_dot);
    case Kind::kNot:
    case Kind::kFilter:
    case Kind::kExists:
      out_ += jsonpath_kind_text(item.kind);
      out_ += '(';
      print(*item.left, false, false);
      out_ += ')';
      return;
    case Kind::kIsUnknown:
      out_ += '(';
      print(*item.left, false, false);
      out_ += ") is unknown";
      return;
    case Kind::kType:
    case Kind::kSize:
    case Kind::kAbs:
    case Kind::kFloor:
    case Kind::kCeiling:
    case Kind::kDouble:
    case Kind::kKeyValue:
    case Kind::kDatetime:
      out_ += '.';
      out_ += jsonpath_kind_text(item.kind);
      out_ += '(';
      if (item.has_template) append_json_string(item.text, out_);
      out_ += ')';
      return;
    default:
      break;
  }
  if (brackets) out_ += '(';
  if (item.kind == Kind::kLikeRegex) {
    print_like_regex(item);
  } else if (item.kind == Kind::kPlus || item.kind == Kind::kMinus) {
    out_ += jsonpath_kind_text(item.kind);
    print_operand(*item.left, item.kind);
  } else {
    print_operand(*item.left, item.kind);
    out_ += ' ';
    out_ += jsonpath_kind_text(item.kind);
    out_ += ' ';
    print_operand(*item.right, item.kind);
  }
  if (brackets) out_ += ')';
}

Datum jsonpath_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  std::string out;
  jsonpath_to_text(*parse_jsonpath(text), out);
  return Datum::of_string(arena.copy(out));
}
void jsonpath_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  out.append(value.str.view());
}
constexpr char kBinaryVersion = 1;
Datum jsonpath_recv(std::string_view bytes, const TypeInfo& type, int32_t typmod,
                    const IoContext& io, Arena& arena) {
  int version = bytes.empty() ? 0 : static_cast<unsigned char>(bytes[0]);
  if (version != kBinaryVersion) {
    throw sql_error(SqlState::kInternalError, "unsupported jsonpath version number: {}", version);
  }
  verify_utf8(bytes.substr(1));
  return jsonpath_in(bytes.substr(1), type, typmod, io, arena);
}
void jsonpath_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  out.push_back(kBinaryVersion);
  out.append(value.str.view());
}

constexpr TypeCodec kCodecs[] = {
    {"jsonpath", PhysicalType::kVarlen, jsonpath_in, jsonpath_out, jsonpath_recv, jsonpath_send},
};

}  // namespace

std::string_view jsonpath_kind_text(JsonPathKind kind) {
  static constexpr std::string_view kTexts[] = {
      "null",       "true", "false", "",      "",        "",       "$",
      "@",          "last", "||",    "&&",    "!",       "",       "exists ",
      "==",         "!=",   "<",     "<=",    ">",       ">=",     "starts with",
      "like_regex", "+",    "-",     "*",     "/",       "%",      "+",
      "-",          "",     "*",     "[*]",   "",        "**",     "?",
      "type",       "size", "abs",   "floor", "ceiling", "double", "datetime",
      "keyvalue"};
  static_assert(std::size(kTexts) == static_cast<size_t>(JsonPathKind::kKeyValue) + 1);
  return kTexts[static_cast<size_t>(kind)];
}

void jsonpath_to_text(const JsonPath& path, std::string& out) {
  if (!path.lax) out += "strict ";
  Printer(out).print(*path.root, false, true);
}

std::span<const TypeCodec> jsonpath_codecs() { return kCodecs; }

}  // namespace luma
