#pragma once
// Finds out by the text alone whether a statement is an INSERT of many rows of literals, so that
// they need neither a syntax tree nor a plan each. Thread-safe.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace luma {

enum class RowLiteralKind : uint8_t { kNull, kBool, kInteger, kBigint, kNumeric, kString };

struct RowLiteral {
  const char* text;  // into the statement: a number with its sign, a string without its quotes
  uint32_t size_bytes;
  RowLiteralKind kind;
  bool has_doubled_quote;  // '' in the text stands for a quote

  std::string_view view() const { return {text, size_bytes}; }
};

struct LiteralRows {
  uint32_t width = 0;
  std::vector<RowLiteral> literals;   // row after row
  std::vector<RowLiteralKind> kinds;  // by column, one that all its literals can be read as
  std::string one_row;                // the statement with a row of '' in place of the rows
  size_t row_offset = 0;              // of the first '' in it

  size_t literal_offset(uint32_t column) const { return row_offset + size_t{column} * 3; }
  size_t size() const { return width == 0 ? 0 : literals.size() / width; }
};

// False when it is not, or when a column mixes kinds that PostgreSQL reads differently (numbers and
// strings, for example). Literals mean what they mean while standard_conforming_strings is on. The
// text has not been checked beyond the rows: `one_row` must parse and be valid UTF-8 like `sql`.
bool find_literal_rows(std::string_view sql, LiteralRows& out);

}  // namespace luma
