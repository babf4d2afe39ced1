// parse_ident(), to_ascii(), normalize(), pg_size_pretty() of numeric, length() of encoded text.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/numeric.h"
#include "engine/type/string.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"

namespace luma {

namespace {

using std::string_view;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_identifier_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_identifier_part(char c) {
  return is_identifier_start(c) || (c >= '0' && c <= '9') || c == '$';
}

class IdentifierReader {
 public:
  explicit IdentifierReader(string_view text) : text_(text) {}

  std::vector<std::string> read(bool strict) {
    std::vector<std::string> parts;
    skip_spaces();
    bool after_dot = false;
    while (true) {
      parts.push_back(read_part(after_dot));
      skip_spaces();
      if (peek() != '.') break;
      ++at_;
      after_dot = true;
      skip_spaces();
    }
    if (at_ < text_.size() && strict) throw invalid();
    return parts;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_spaces() {
    while (is_space(peek())) ++at_;
  }
  SqlError invalid() const {
    return sql_error(SqlState::kInvalidParameterValue, "string is not a valid identifier: \"{}\"",
                     text_);
  }
  std::string read_part(bool after_dot) {
    std::string part;
    if (peek() == '"') {
      do {
        size_t end = text_.find('"', at_ + 1);
        if (end == string_view::npos) {
          throw invalid().detail("String has unclosed double quotes.");
        }
        if (!part.empty() || text_[at_] != '"' || quoted_again_) part.push_back('"');
        part.append(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        quoted_again_ = true;
      } while (peek() == '"');
      quoted_again_ = false;
      if (part.empty()) throw invalid().detail("Quoted identifier must not be empty.");
      return part;
    }
    if (!is_identifier_start(peek())) {
      if (peek() == '.') throw invalid().detail("No valid identifier before \".\".");
      if (after_dot) throw invalid().detail("No valid identifier after \".\".");
      throw invalid();
    }
    while (is_identifier_part(peek())) {
      char c = text_[at_++];
      part.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    return part;
  }

  string_view text_;
  size_t at_ = 0;
  bool quoted_again_ = false;
};

Datum parse_identifier(RowCall& call, string_view text, bool strict) {
  ArrayBuilder parts(type_oid::kText);
  for (const std::string& part : IdentifierReader(text).read(strict)) {
    parts.add(arena_string(call.arena, part));
  }
  return parts.finish(call.arena);
}

// The only encoding of databases here is one that PostgreSQL does not convert either.
Datum to_ascii(RowCall&, string_view) {
  throw sql_error(SqlState::kFeatureNotSupported,
                  "encoding conversion from UTF8 to ASCII not supported");
}

// The unit grows while ten of the next one fit; halves are rounded away from zero.
Datum size_pretty(RowCall& call, const Datum& size) {
  constexpr string_view kUnits[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
  if (numeric_is_nan(size) || numeric_is_infinite(size)) {
    std::string text;
    numeric_append_text(size, text);
    return arena_string(call.arena, text + " bytes");
  }
  auto number = [](int64_t value) { return numeric_from_int64(value); };
  auto below = [&](const Datum& value, int64_t limit) {
    return numeric_compare(numeric_abs(value, call.arena), number(limit)) < 0;
  };
  Datum value = size;
  size_t unit = 0;
  // From kB on the value is kept in half units, so that the last step can round.
  while (unit + 1 < std::size(kUnits) && !below(value, unit == 0 ? 10 * 1024 : 20 * 1024 - 1)) {
    value = numeric_div_trunc(value, number(unit == 0 ? 512 : 1024), call.arena);
    ++unit;
  }
  if (unit > 0) {
    bool negative = numeric_compare(value, number(0)) < 0;
    value = numeric_add(value, number(negative ? -1 : 1), call.arena);
    value = numeric_div_trunc(value, number(2), call.arena);
  }
  std::string out;
  numeric_append_text(value, out);
  out += ' ';
  out += kUnits[unit];
  return arena_string(call.arena, out);
}

// ASCII is normal in every form; other text would take Unicode's decomposition tables.
bool require_normal(string_view text, string_view form) {
  std::string name = upper_text(form);
  if (name != "NFC" && name != "NFD" && name != "NFKC" && name != "NFKD") {
    throw sql_error(SqlState::kInvalidParameterValue, "invalid normalization form: {}", form);
  }
  if (!is_ascii(text)) throw unsupported("Unicode normalization of text beyond ASCII");
  return true;
}
string_view normalize(string_view text, string_view form) {
  require_normal(text, form);
  return text;
}

const KernelRow kRows[] = {
    scalar_row("normalize(text,text)", strict_kernel<&normalize>, "text in a normal form"),
    scalar_row("is_normalized(text,text)", strict_kernel<&require_normal>,
               "whether text is in a normal form"),
    scalar_row("parse_ident(text,bool)", strict_kernel<&parse_identifier>,
               "parts of a qualified name"),
    scalar_row("to_ascii(text)", strict_kernel<&to_ascii>),
    scalar_row("pg_size_pretty(numeric)", strict_kernel<&size_pretty>, "a size with its unit"),
};

}  // namespace

std::span<const KernelRow> identifier_kernels() { return kRows; }

}  // namespace luma
