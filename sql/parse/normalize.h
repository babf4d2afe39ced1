#pragma once
// One fast pass over a simple statement that takes its literals out, so that statements which
// differ only in their literals share one cached plan. Thread-safe; works on the text alone.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace luma {

enum class LiteralKind : uint8_t {
  kInteger,  // fits int4
  kBigint,   // fits int8
  kNumeric,  // every other number
  kString,   // an untyped string constant ("unknown")
};

struct Literal {
  LiteralKind kind;
  bool negative;           // a minus sign before the number belongs to the literal
  bool has_doubled_quote;  // `text` still has '' where a quote is meant
  int byte_offset;         // of the literal in the statement, the minus sign's if it has one
  std::string_view text;   // into the statement: digits without sign, string without quotes
};

// The literal's value: "-5", "it's".
std::string literal_value(const Literal& literal);

// Writes to `key` the statement with unquoted names in lower case, single spaces, and literal
// number i of `literals` replaced by $i+1. The key is valid SQL when the statement is; it ends in a
// comment that lists the literals' kinds, so equal keys mean equal types. A literal whose value
// could change what the statement means stays in the key (ORDER BY positions, type modifiers, typed
// constants, ...).
//
// Substituting the literals for the parameters in the parsed key gives the parsed statement, while
// standard_conforming_strings is on. When a key does not parse or bind, go on with the statement
// itself: its error is the one to report, and in a few odd spellings it has none.
//
// False when the statement is not a plain SELECT, INSERT, UPDATE, DELETE, WITH or VALUES, or when
// it has parameters, comments, dollar quotes, set operations, grouping or too many literals; `key`
// and `literals` are then of no use. Both are cleared first and keep their capacity.
bool normalize_literals(std::string_view sql, std::string& key, std::vector<Literal>& literals);

}  // namespace luma
