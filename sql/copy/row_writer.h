#pragma once
// Rows to COPY's output formats, byte for byte PostgreSQL's. Not thread-safe.
#include <string>
#include <string_view>
#include <vector>

#include "engine/type/type_info.h"
#include "engine/vector/vector.h"
#include "sql/copy/copy_options.h"

namespace luma {

class CopyRowWriter {
 public:
  struct Column {
    std::string name;
    TypeRef type;
    bool force_quote = false;
  };
  // `io` must outlive this. Throws 42883 for a type that the format cannot show.
  CopyRowWriter(CopyOptions options, std::vector<Column> columns, const IoContext& io);

  // What stands before the rows: binary signature or header line. In PostgreSQL's messages the
  // former shares one with what follows; the latter has its own.
  void append_header(std::string& out);
  void append_row(const Chunk& chunk, uint32_t row, std::string& out);
  // What stands behind the rows.
  void append_trailer(std::string& out);
  bool has_header_line() const { return options_.header != CopyHeader::kNone; }

 private:
  struct Output {
    const TypeInfo* type;
    bool force_quote;
    bool plain;  // its text never needs escapes or quotes
  };
  void append_value(const Output& output, const Datum& value, std::string& out);
  void append_text(std::string_view text, bool force_quote, std::string& out);
  void append_escaped(std::string_view text, std::string& out);
  void append_csv(std::string_view text, bool force_quote, std::string& out);
  void append_binary_row(const Chunk& chunk, uint32_t row, std::string& out);
  bool is_plain(const TypeInfo& type) const;

  CopyOptions options_;
  std::vector<Column> columns_;
  std::vector<Output> outputs_;
  const IoContext& io_;
  std::string scratch_;
  bool special_[256] = {};  // characters that a text field escapes
};

}  // namespace luma
