#pragma once
// A statement's text without its constants, for statistics: "select $1 + x". Thread-safe; works on
// the text alone.
#include <cstdint>
#include <string>
#include <string_view>

namespace luma {

struct StatementText {
  std::string shown;  // constants are $n, with numbers after those of the parameters there are
  // Of the words alone: the same for other spaces, comments and cases of letters.
  int64_t fingerprint = 0;
};

// `keep_constants`: what is no query or change of rows is shown as it is.
StatementText text_of_statement(std::string_view sql, bool keep_constants);

}  // namespace luma
