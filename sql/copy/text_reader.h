#pragma once
// Text and CSV input.
#include <string>

#include "sql/copy/copy_reader.h"
#include "sql/copy/field_splitter.h"
#include "sql/copy/line_finder.h"

namespace luma {

// `text` as error contexts show it: at most 100 bytes.
std::string shown_value(std::string_view text);

class TextCopyReader final : public CopyReader {
 public:
  explicit TextCopyReader(Input input);

 private:
  void read(std::string_view bytes, bool at_end) override;
  std::string position_context() const override;
  // Reads the rows that are complete in `data`; returns how much of it was used.
  size_t read_lines(std::string_view data, bool at_end);
  // A header that must match is missed even when there is no input at all.
  bool expects_header() const {
    return !header_read_ && input_.options.header == CopyHeader::kMatch;
  }
  void read_line(std::string_view raw);
  void check_header(std::string_view line);
  void convert(const std::vector<std::string_view>& fields);

  LineFinder finder_;
  FieldSplitter splitter_;
  std::string pending_;  // begin of a row whose end has not come yet
  bool header_read_ = false;
  bool line_begun_ = false;  // it has its number
  bool line_valid_ = false;  // line_ is the row being read
  std::string_view line_;
  std::string_view value_;
};

}  // namespace luma
