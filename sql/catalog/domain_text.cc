#include "sql/catalog/domain_text.h"

#include <cctype>

namespace luma {

namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::string with_capital_value(std::string_view sql) {
  constexpr std::string_view kValue = "value";
  std::string out;
  size_t at = 0;
  while (at < sql.size()) {
    size_t end = at + 1;
    if (sql[at] == '\'' || sql[at] == '"') {
      while (end < sql.size() && sql[end] != sql[at]) ++end;
      end = end < sql.size() ? end + 1 : end;
    } else if (is_word(sql[at])) {
      while (end < sql.size() && is_word(sql[end])) ++end;
    }
    std::string_view word = sql.substr(at, end - at);
    bool is_part = at > 0 && (sql[at - 1] == '.' || sql[at - 1] == ':');
    bool is_call = end < sql.size() && sql[end] == '(';
    out += word == kValue && !is_part && !is_call ? "VALUE" : word;
    at = end;
  }
  return out;
}

}  // namespace luma
