#pragma once
// The options of COPY, in either syntax, checked by PostgreSQL 15's rules.
#include <memory>
#include <string>
#include <vector>

#include "engine/type/encoding.h"
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
  int encoding = -1;  // as pg_encoding_to_char() counts; -1: the client's
  // As written; the caller resolves them against the copied columns.
  std::vector<std::string> force_quote, force_not_null, force_null;

  bool csv() const { return format == CopyFormat::kCsv; }
  bool binary() const { return format == CopyFormat::kBinary; }
};

// Null when COPY's data is UTF-8; otherwise the way from it or to it. 0A000 for binary data.
std::unique_ptr<Transcoder> transcoder_for_copy(const CopyOptions& options, int client_encoding);

// Throws 42601, 22023, 0A000 with PostgreSQL's texts. FREEZE is accepted and changes nothing.
CopyOptions parse_copy_options(const ast::NodeList& options, bool is_from);

}  // namespace luma
