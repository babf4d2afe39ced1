#include "engine/type/json.h"

#include <vector>

#include "engine/base/sql_error.h"
#include "engine/type/json_lexer.h"
#include "engine/type/jsonb.h"
#include "engine/type/string.h"

namespace luma {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Walks over text that is known to be valid JSON.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) { skip_space(); }

  char peek() const { return pos_ < text_.size() ? text_[pos_] : '\0'; }
  void take() {
    ++pos_;
    skip_space();
  }

  // The text of the value at the cursor; leaves the cursor behind it.
  std::string_view value() {
    size_t begin = pos_;
    int depth = 0;
    do {
      char c = text_[pos_];
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++pos_;
      } else if (c == '}' || c == ']') {
        --depth;
        ++pos_;
      } else if (depth > 0) {
        ++pos_;
      } else {
        while (pos_ < text_.size() && !is_space(text_[pos_]) && text_[pos_] != ',' &&
               text_[pos_] != '}' && text_[pos_] != ']') {
          ++pos_;
        }
      }
    } while (depth > 0);
    size_t end = pos_;
    skip_space();
    return text_.substr(begin, end - begin);
  }

 private:
  void skip_space() {
    while (pos_ < text_.size() && is_space(text_[pos_])) ++pos_;
  }
  void skip_string() {
    ++pos_;
    while (text_[pos_] != '"') pos_ += text_[pos_] == '\\' ? 2 : 1;
    ++pos_;
  }

  std::string_view text_;
  size_t pos_ = 0;
};

std::string_view string_body(std::string_view token) { return token.substr(1, token.size() - 2); }

char first_char(std::string_view json) { return Cursor(json).peek(); }

// visit(raw key token, value) for each member of a JSON object.
template <typename Visit>
void walk_object(std::string_view json, Visit visit) {
  Cursor cursor(json);
  cursor.take();
  while (cursor.peek() != '}') {
    std::string_view key = cursor.value();
    cursor.take();  // the colon
    visit(key, cursor.value());
    if (cursor.peek() == ',') cursor.take();
  }
}

template <typename Visit>
void walk_array(std::string_view json, Visit visit) {
  Cursor cursor(json);
  cursor.take();
  while (cursor.peek() != ']') {
    visit(cursor.value());
    if (cursor.peek() == ',') cursor.take();
  }
}

SqlError wrong_kind(std::string text) {
  return sql_error(SqlState::kInvalidParameterValue, "{}", text);
}

void strip_nulls(std::string_view json, std::string& out) {
  bool first = true;
  auto separate = [&] {
    if (!first) out.push_back(',');
    first = false;
  };
  switch (first_char(json)) {
    case '{':
      out.push_back('{');
      walk_object(json, [&](std::string_view key, std::string_view value) {
        if (value == "null") return;
        separate();
        std::string decoded;
        decode_json_string(string_body(key), decoded);
        append_json_string(decoded, out);
        out.push_back(':');
        strip_nulls(value, out);
      });
      out.push_back('}');
      break;
    case '[':
      out.push_back('[');
      walk_array(json, [&](std::string_view value) {
        separate();
        strip_nulls(value, out);
      });
      out.push_back(']');
      break;
    case '"': {
      std::string decoded;
      decode_json_string(string_body(Cursor(json).value()), decoded);
      append_json_string(decoded, out);
      break;
    }
    default:
      out.append(Cursor(json).value());
  }
}

Datum json_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  validate_json_text(text);
  return Datum::of_string(arena.copy(text));
}
void json_out(const Datum& v, const TypeInfo&, const IoContext&, std::string& out) {
  out.append(v.str.view());
}
Datum json_receive(std::string_view bytes, const TypeInfo& type, int32_t typmod,
                   const IoContext& io, Arena& arena) {
  verify_utf8(bytes);
  return json_in(bytes, type, typmod, io, arena);
}
Datum jsonb_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  return jsonb_from_text(text, arena);
}
void jsonb_out(const Datum& v, const TypeInfo&, const IoContext&, std::string& out) {
  jsonb_to_text(JsonbView(v), out);
}
constexpr char kJsonbWireVersion = 1;
Datum jsonb_receive(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&,
                    Arena& arena) {
  if (bytes.empty()) throw sql_error(SqlState::kProtocolViolation, "no data left in message");
  if (bytes[0] != kJsonbWireVersion) {
    throw sql_error(SqlState::kInternalError, "unsupported jsonb version number {}",
                    static_cast<unsigned char>(bytes[0]));
  }
  verify_utf8(bytes.substr(1));
  return jsonb_from_text(bytes.substr(1), arena);
}
void jsonb_send(const Datum& v, const TypeInfo&, const IoContext&, std::string& out) {
  out.push_back(kJsonbWireVersion);
  jsonb_to_text(JsonbView(v), out);
}
int jsonb_order(const Datum& a, const Datum& b, const TypeInfo&) {
  return jsonb_compare(JsonbView(a), JsonbView(b));
}
uint64_t jsonb_hash_of(const Datum& v, const TypeInfo&) { return jsonb_hash(JsonbView(v)); }
void jsonb_key_of(const Datum& v, const TypeInfo&, std::string& out) {
  jsonb_to_key(JsonbView(v), out);
}

}  // namespace

std::span<const TypeCodec> json_codecs() {
  static constexpr TypeCodec kCodecs[] = {
      {"json", PhysicalType::kVarlen, json_in, json_out, json_receive, json_out, nullptr, nullptr,
       nullptr, nullptr},
      {"jsonb", PhysicalType::kVarlen, jsonb_in, jsonb_out, jsonb_receive, jsonb_send, jsonb_order,
       jsonb_hash_of, jsonb_key_of, nullptr},
  };
  return kCodecs;
}

std::optional<std::string_view> json_get_field(std::string_view json, std::string_view key) {
  if (first_char(json) != '{') return std::nullopt;
  std::optional<std::string_view> found;
  std::string decoded;
  walk_object(json, [&](std::string_view token, std::string_view value) {
    decoded.clear();
    decode_json_string(string_body(token), decoded);
    if (decoded == key) found = value;  // of equal keys the last one counts
  });
  return found;
}

std::optional<std::string_view> json_get_element(std::string_view json, int64_t index) {
  if (first_char(json) != '[') return std::nullopt;
  if (index < 0) index += json_array_length(json);
  std::optional<std::string_view> found;
  int64_t i = 0;
  walk_array(json, [&](std::string_view value) {
    if (i++ == index) found = value;
  });
  return found;
}

std::optional<std::string_view> json_get_path(std::string_view json,
                                              std::span<const std::string_view> path) {
  std::optional<std::string_view> at = Cursor(json).value();
  if (path.empty()) return at;
  for (std::string_view step : path) {
    char c = first_char(*at);
    if (c == '{') {
      at = json_get_field(*at, step);
    } else if (c == '[') {
      auto index = json_path_index(step);
      if (!index) return std::nullopt;
      at = json_get_element(*at, *index);
    } else {
      return std::nullopt;
    }
    if (!at) return std::nullopt;
  }
  return at;
}

bool json_value_text(std::string_view json, std::string& out) {
  std::string_view value = Cursor(json).value();
  if (value == "null") return false;
  if (value[0] == '"') {
    decode_json_string(string_body(value), out);
  } else {
    out.append(value);
  }
  return true;
}

std::string_view json_typeof(std::string_view json) {
  switch (first_char(json)) {
    case '{':
      return "object";
    case '[':
      return "array";
    case '"':
      return "string";
    case 't':
    case 'f':
      return "boolean";
    case 'n':
      return "null";
    default:
      return "number";
  }
}

int32_t json_array_length(std::string_view json) {
  char c = first_char(json);
  if (c == '{') throw wrong_kind("cannot get array length of a non-array");
  if (c != '[') throw wrong_kind("cannot get array length of a scalar");
  int32_t count = 0;
  walk_array(json, [&](std::string_view) { ++count; });
  return count;
}

void json_each_member(std::string_view json, std::string_view,
                      const std::function<void(std::string_view, std::string_view)>& visit) {
  char c = first_char(json);
  if (c == '[') throw wrong_kind("cannot deconstruct an array as an object");
  if (c != '{') throw wrong_kind("cannot deconstruct a scalar");
  std::string decoded;
  walk_object(json, [&](std::string_view token, std::string_view value) {
    decoded.clear();
    decode_json_string(string_body(token), decoded);
    visit(decoded, value);
  });
}

void json_each_element(std::string_view json, std::string_view function_name,
                       const std::function<void(std::string_view)>& visit) {
  char c = first_char(json);
  if (c == '{') throw wrong_kind(fmt::format("cannot call {} on a non-array", function_name));
  if (c != '[') throw wrong_kind(fmt::format("cannot call {} on a scalar", function_name));
  walk_array(json, visit);
}

void json_each_key(std::string_view json, const std::function<void(std::string_view)>& visit) {
  char c = first_char(json);
  if (c == '[') throw wrong_kind("cannot call json_object_keys on an array");
  if (c != '{') throw wrong_kind("cannot call json_object_keys on a scalar");
  std::string decoded;
  walk_object(json, [&](std::string_view token, std::string_view) {
    decoded.clear();
    decode_json_string(string_body(token), decoded);
    visit(decoded);
  });
}

void json_strip_nulls(std::string_view json, std::string& out) { strip_nulls(json, out); }

}  // namespace luma
