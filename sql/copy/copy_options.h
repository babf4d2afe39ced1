#pragma once
// The options of COPY, in either syntax, checked by PostgreSQL 15's rules.
#include <string>
#include <vector>

#include "sql/ast/utility.h"

namespace luma {

enum class CopyFormat : uint8_t { kText, kCsv, kBinary };
enum class CopyHeader : uint8_t { kNone, kLine, kMatch };

struct CopyOptions {
  CopyFormat format = CopyFormat::kText;
  CopyHeader header = CopyHeader::kNone;
  char delimiter = '\t';
  char quote = '"';  // csv only, like `escape`
  char escape = '"';
  std::string null_text = "\\N";
  bool force_quote_all = false;
  // As written; the caller resolves them against the copied columns.
  std::vector<std::string> force_quote, force_not_null, force_null;

  bool csv() const { return format == CopyFormat::kCsv; }
  bool binary() const { return format == CopyFormat::kBinary; }
};

// Throws 42601, 22023, 0A000 with PostgreSQL's texts. FREEZE is accepted and changes nothing.
CopyOptions parse_copy_options(const ast::NodeList& options, bool is_from);

}  // namespace luma
