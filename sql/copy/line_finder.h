#pragma once
// Finds where rows end in text and CSV input that comes in pieces: PostgreSQL's rules about line
// ends, the end marker \. and quoted newlines. Remembers how far it has looked, so that a long row
// in many pieces is looked at once.
#include <cstdint>
#include <string_view>

#include "sql/copy/copy_options.h"

namespace luma {

struct FoundLine {
  enum Kind : uint8_t { kIncomplete, kLine, kEndMarker } kind = kIncomplete;
  size_t length = 0;    // of the row, without its end
  size_t consumed = 0;  // with its end
};

class LineFinder {
 public:
  LineFinder(const CopyOptions& options);

  // `rest` begins where the row does and only grows until the row is found. At the end of the input
  // the rest is a row. kEndMarker: \. was found, `length` bytes of data stand before it. Throws
  // 22P04. Adds newlines inside quotes to `line_number`.
  FoundLine find(std::string_view rest, bool at_end, uint64_t& line_number);

 private:
  enum class LineEnd : uint8_t { kUnknown, kNewline, kReturn, kReturnNewline };
  FoundLine find_text(std::string_view rest, bool at_end);
  FoundLine find_csv(std::string_view rest, bool at_end, uint64_t& line_number);
  // At a CR or LF that may end the row.
  FoundLine line_end(std::string_view rest, size_t at, bool at_end);
  // At "\.": an end marker, or (CSV only, `is_data`) not.
  FoundLine end_marker(std::string_view rest, size_t at, bool at_end, bool& is_data);
  FoundLine incomplete(size_t looked_at) {
    looked_at_ = looked_at;
    return {};
  }

  bool csv_;
  char quote_, escape_;
  bool escape_is_quote_;
  LineEnd line_end_ = LineEnd::kUnknown;
  // State within the current row.
  size_t looked_at_ = 0;
  bool in_quote_ = false;
  bool after_escape_ = false;
  size_t escape_at_ = 0;
};

// First of `a`, `b`, `c` in [at, end); `end` when there is none.
const char* find_any(const char* at, const char* end, char a, char b, char c);
const char* find_any(const char* at, const char* end, char a, char b, char c, char d);

}  // namespace luma
