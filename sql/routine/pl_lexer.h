#pragma once
// Tokens of PL/pgSQL: SQL's, told apart only as far as the statements around SQL need. Offsets are
// bytes of the body. Not thread-safe.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace luma {

enum class PlTokenKind : uint8_t { kWord, kQuoted, kString, kNumber, kParameter, kSymbol, kEnd };

struct PlToken {
  PlTokenKind kind = PlTokenKind::kEnd;
  std::string text;  // words in lower case, quoted identifiers and strings without their quotes
  int start = 0, end = 0;

  bool is_word(std::string_view word) const { return kind == PlTokenKind::kWord && text == word; }
  bool is(std::string_view symbol) const { return kind == PlTokenKind::kSymbol && text == symbol; }
  bool is_name() const { return kind == PlTokenKind::kWord || kind == PlTokenKind::kQuoted; }
};

// Throws 42601 for what never ends. The last token is kEnd.
std::vector<PlToken> pl_tokens(std::string_view body);

// From 1.
int pl_line(std::string_view body, int offset);

}  // namespace luma
