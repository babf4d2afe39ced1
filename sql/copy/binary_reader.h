#pragma once
// PostgreSQL's binary COPY format as input.
#include <string>

#include "sql/copy/copy_reader.h"

namespace luma {

class BinaryCopyReader final : public CopyReader {
 public:
  explicit BinaryCopyReader(Input input) : CopyReader(std::move(input)) {}

 private:
  void read(std::string_view bytes, bool at_end) override;
  std::string position_context() const override;
  size_t read_rows(std::string_view data, bool at_end);
  // Length of the header; 0: more bytes are needed.
  size_t read_header(std::string_view data, bool at_end);
  // Length of the row that `data` begins with; 0: more bytes are needed.
  size_t read_row(std::string_view data, bool at_end);
  void convert(std::string_view row);

  bool header_read_ = false;
  bool row_begun_ = false;
  std::string pending_;
  // How much of the pending row has been measured, and how many of its fields.
  size_t measured_bytes_ = 0;
  int measured_fields_ = 0;
};

}  // namespace luma
