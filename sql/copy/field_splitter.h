#pragma once
// Splits one row of text or CSV input into fields, undoing escapes and quotes.
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "sql/copy/copy_options.h"

namespace luma {

class FieldSplitter {
 public:
  // `options` must outlive this.
  explicit FieldSplitter(const CopyOptions& options) : options_(options) {}

  // The fields of `line`; those with data() == nullptr are NULL. They view `line`, or `arena` where
  // something was unescaped. Throws 22P04 (unterminated quote) and 22021.
  const std::vector<std::string_view>& split(std::string_view line, Arena& arena);

 private:
  void split_text(std::string_view line, Arena& arena);
  void split_csv(std::string_view line, Arena& arena);
  void add(std::string_view raw, std::string_view value, bool quoted);
  std::string_view unescape(const char*& at, const char* end, const char* start, Arena& arena);
  std::string_view unquote(const char*& at, const char* end, const char* start, Arena& arena);

  const CopyOptions& options_;
  std::vector<std::string_view> fields_;
};

}  // namespace luma
