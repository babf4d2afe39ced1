#pragma once
// tsvector: lexemes in bytewise order, each with the places where it stood. The bytes of a value:
// u32 count, then for each lexeme u16 length, u16 number of positions, the text, the positions.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> text_vector_codecs();

inline constexpr uint16_t kMaxLexemePosition = 16383;
inline constexpr size_t kMaxLexemePositions = 256;
inline constexpr size_t kMaxLexemeBytes = 2046;

// A position and the weight there: 3 A, 2 B, 1 C, 0 D.
struct LexemePosition {
  uint16_t bits = 0;

  static LexemePosition of(uint32_t place, int weight) {
    uint32_t most = kMaxLexemePosition;
    return {static_cast<uint16_t>(static_cast<uint32_t>(weight) << 14 | std::min(place, most))};
  }
  int place() const { return bits & kMaxLexemePosition; }
  int weight() const { return bits >> 14; }
};

// The weight that a letter of either case stands for; -1 when none.
int weight_of_letter(char letter);

struct Lexeme {
  std::string text;
  std::vector<LexemePosition> positions;
};
using TextVector = std::vector<Lexeme>;

TextVector read_text_vector(std::string_view value);
// Sorts lexemes and positions and joins equal ones first.
Datum store_text_vector(TextVector vector, Arena& arena);
const Lexeme* find_lexeme(const TextVector& vector, std::string_view text);

// One word of a tsvector or tsquery literal, quoted or not.
struct LiteralWord {
  std::string text;
  bool quoted = false;
};
// Reads the word at `at`, up to a blank or one of `stops`; false when a quote or an escape does not
// end.
bool read_literal_word(std::string_view text, size_t& at, std::string_view stops,
                       LiteralWord& word);
void append_lexeme_text(std::string_view lexeme, std::string& out);

}  // namespace luma
