#pragma once
// Taking documents apart for full text search, as PostgreSQL's default parser does: an automaton
// with a stack of places to go back to. Pure functions.
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace luma {

// Token types, by their numbers in PostgreSQL (ts_token_type).
namespace token_type {
inline constexpr int kAsciiWord = 1, kWord = 2, kNumWord = 3, kEmail = 4, kUrl = 5, kHost = 6,
                     kScientific = 7, kVersion = 8, kNumPart = 9, kPart = 10, kAsciiPart = 11,
                     kBlank = 12, kTag = 13, kProtocol = 14, kNumHyphenated = 15,
                     kAsciiHyphenated = 16, kHyphenated = 17, kUrlPath = 18, kFile = 19,
                     kDecimal = 20, kSigned = 21, kUnsigned = 22, kEntity = 23;
}  // namespace token_type

struct TokenTypeRow {
  int number;
  std::string_view alias;
  std::string_view description;
};
std::span<const TokenTypeRow> token_types();  // by number, from 1

struct TextToken {
  int type = 0;
  std::string_view text;  // of the document
};

// All tokens in their order, blanks and tags included. A compound (a URL, a word with hyphens)
// comes before its parts, whose text it covers. `document` is valid UTF-8.
std::vector<TextToken> split_document(std::string_view document);

}  // namespace luma
