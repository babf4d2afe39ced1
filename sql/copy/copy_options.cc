#include "sql/copy/copy_options.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/base/ascii_case.h"
#include "engine/base/sql_error.h"
#include "sql/ast/ddl.h"

namespace luma {

namespace {

using ast::DefElem;

SqlError refused(std::string_view text) {
  return SqlError(SqlState::kFeatureNotSupported, std::string(text));
}

SqlError invalid(std::string text) {
  return SqlError(SqlState::kInvalidParameterValue, std::move(text));
}

std::string joined(const ast::NameList& names) {
  std::string out;
  for (std::string_view name : names) {
    if (!out.empty()) out += '.';
    out += name;
  }
  return out;
}

// An option's value as text, whatever kind of token it was.
std::string string_of(const DefElem& option) {
  const ast::Node* arg = option.arg;
  if (arg == nullptr) {
    throw sql_error(SqlState::kSyntaxError, "{} requires a parameter", option.defname);
  }
  if (const auto* text = ast::try_as<ast::String>(arg)) return std::string(text->sval);
  if (const auto* number = ast::try_as<ast::Integer>(arg)) return std::to_string(number->ival);
  if (const auto* number = ast::try_as<ast::Float>(arg)) return std::string(number->fval);
  if (const auto* flag = ast::try_as<ast::Boolean>(arg)) return flag->boolval ? "true" : "false";
  if (const auto* type = ast::try_as<ast::TypeName>(arg)) return joined(type->names);
  if (ast::is<ast::AStar>(arg)) return "*";
  if (const auto* list = ast::try_as<ast::ListNode>(arg)) {
    std::string out;
    for (const ast::Node* item : list->items) {
      if (!out.empty()) out += '.';
      if (const auto* text = ast::try_as<ast::String>(item)) out += text->sval;
    }
    return out;
  }
  throw sql_error(SqlState::kSyntaxError, "{} requires a parameter", option.defname);
}

std::optional<bool> bool_of(const DefElem& option) {
  if (option.arg == nullptr) return true;
  if (const auto* number = ast::try_as<ast::Integer>(option.arg)) {
    if (number->ival == 0) return false;
    if (number->ival == 1) return true;
    return std::nullopt;
  }
  std::string text = ascii_lower(string_of(option));
  if (text == "true" || text == "on") return true;
  if (text == "false" || text == "off") return false;
  return std::nullopt;
}

CopyHeader header_of(const DefElem& option, bool is_from) {
  if (std::optional<bool> flag = bool_of(option)) {
    return *flag ? CopyHeader::kLine : CopyHeader::kNone;
  }
  if (!ast::is<ast::Integer>(option.arg) && ascii_lower(string_of(option)) == "match") {
    if (!is_from) {
      throw sql_error(SqlState::kFeatureNotSupported, "cannot use \"{}\" with HEADER in COPY TO",
                      string_of(option));
    }
    return CopyHeader::kMatch;
  }
  throw sql_error(SqlState::kSyntaxError, "{} requires a Boolean value or \"match\"",
                  option.defname);
}

std::vector<std::string> columns_of(const DefElem& option) {
  const auto* list = ast::try_as<ast::ListNode>(option.arg);
  if (list == nullptr) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "argument to option \"{}\" must be a list of column names", option.defname)
        .at_byte(option.location);
  }
  std::vector<std::string> names;
  for (const ast::Node* item : list->items) {
    names.emplace_back(ast::as<ast::String>(item)->sval);
  }
  return names;
}

int encoding_of(const DefElem& option) {
  const TextEncoding* encoding = find_encoding(string_of(option));
  if (encoding != nullptr) return encoding->id;
  throw sql_error(SqlState::kInvalidParameterValue,
                  "argument to option \"{}\" must be a valid encoding name", option.defname)
      .at_byte(option.location);
}

// What was written, before defaults.
struct Written {
  std::optional<CopyFormat> format;
  std::optional<CopyHeader> header;
  std::optional<std::string> delimiter, null_text, quote, escape;
  std::optional<std::vector<std::string>> force_quote, force_not_null, force_null;
  bool force_quote_all = false, freeze = false;
  std::optional<int> encoding;
};

void read_format(const DefElem& option, Written& written) {
  std::string name = string_of(option);
  if (name == "text") {
    written.format = CopyFormat::kText;
  } else if (name == "csv") {
    written.format = CopyFormat::kCsv;
  } else if (name == "binary") {
    written.format = CopyFormat::kBinary;
  } else {
    throw sql_error(SqlState::kInvalidParameterValue, "COPY format \"{}\" not recognized", name)
        .at_byte(option.location);
  }
}

void read_option(const DefElem& option, bool is_from, Written& written) {
  auto once = [&](bool seen) {
    if (seen) {
      throw SqlError(SqlState::kSyntaxError, "conflicting or redundant options")
          .at_byte(option.location);
    }
  };
  auto read_text = [&](std::optional<std::string>& to) {
    once(to.has_value());
    to = string_of(option);
  };
  auto read_columns = [&](std::optional<std::vector<std::string>>& to) {
    once(to.has_value());
    to = columns_of(option);
  };
  std::string_view name = option.defname;
  if (name == "format") {
    once(written.format.has_value());
    read_format(option, written);
  } else if (name == "freeze") {
    once(written.freeze);
    written.freeze = true;
    if (!bool_of(option)) {
      throw sql_error(SqlState::kSyntaxError, "{} requires a Boolean value", name);
    }
  } else if (name == "delimiter") {
    read_text(written.delimiter);
  } else if (name == "null") {
    read_text(written.null_text);
  } else if (name == "header") {
    once(written.header.has_value());
    written.header = header_of(option, is_from);
  } else if (name == "quote") {
    read_text(written.quote);
  } else if (name == "escape") {
    read_text(written.escape);
  } else if (name == "force_quote") {
    once(written.force_quote.has_value() || written.force_quote_all);
    if (ast::is<ast::AStar>(option.arg)) {
      written.force_quote_all = true;
    } else {
      written.force_quote = columns_of(option);
    }
  } else if (name == "force_not_null") {
    read_columns(written.force_not_null);
  } else if (name == "force_null") {
    read_columns(written.force_null);
  } else if (name == "encoding") {
    once(written.encoding.has_value());
    written.encoding = encoding_of(option);
  } else {
    throw sql_error(SqlState::kSyntaxError, "option \"{}\" not recognized", name)
        .at_byte(option.location);
  }
}

bool has_line_end(std::string_view text) { return text.find_first_of("\r\n") != text.npos; }

void check_force_lists(const Written& written, bool csv, bool is_from) {
  bool force_quote = written.force_quote_all || written.force_quote.has_value();
  if (!csv && force_quote) throw refused("COPY force quote available only in CSV mode");
  if (force_quote && is_from) throw refused("COPY force quote only available using COPY TO");
  if (!csv && written.force_not_null) {
    throw refused("COPY force not null available only in CSV mode");
  }
  if (written.force_not_null && !is_from) {
    throw refused("COPY force not null only available using COPY FROM");
  }
  if (!csv && written.force_null) throw refused("COPY force null available only in CSV mode");
  if (written.force_null && !is_from) {
    throw refused("COPY force null only available using COPY FROM");
  }
}

// In the order of PostgreSQL's checks: the first mistake is the one reported.
void check(const Written& written, bool is_from, const std::string& delimiter,
           const std::string& null_text, const std::string& quote, const std::string& escape) {
  bool csv = written.format == CopyFormat::kCsv;
  bool binary = written.format == CopyFormat::kBinary;
  if (delimiter.size() != 1) throw refused("COPY delimiter must be a single one-byte character");
  if (has_line_end(delimiter)) {
    throw invalid("COPY delimiter cannot be newline or carriage return");
  }
  if (has_line_end(null_text)) {
    throw invalid("COPY null representation cannot use newline or carriage return");
  }
  static constexpr std::string_view kUnsafe = "\\.abcdefghijklmnopqrstuvwxyz0123456789";
  if (!csv && kUnsafe.find(delimiter[0]) != kUnsafe.npos) {
    throw invalid("COPY delimiter cannot be \"" + delimiter + "\"");
  }
  if (binary && written.header.value_or(CopyHeader::kNone) != CopyHeader::kNone) {
    throw refused("cannot specify HEADER in BINARY mode");
  }
  if (!csv && written.quote) throw refused("COPY quote available only in CSV mode");
  if (csv && quote.size() != 1) throw refused("COPY quote must be a single one-byte character");
  if (csv && delimiter == quote) throw invalid("COPY delimiter and quote must be different");
  if (!csv && written.escape) throw refused("COPY escape available only in CSV mode");
  if (csv && escape.size() != 1) throw refused("COPY escape must be a single one-byte character");
  check_force_lists(written, csv, is_from);
  if (null_text.find(delimiter[0]) != null_text.npos) {
    throw refused("COPY delimiter must not appear in the NULL specification");
  }
  if (csv && null_text.find(quote[0]) != null_text.npos) {
    throw refused("CSV quote character must not appear in the NULL specification");
  }
}

}  // namespace

std::unique_ptr<Transcoder> transcoder_for_copy(const CopyOptions& options, int client_encoding) {
  const TextEncoding& encoding =
      *find_encoding(options.encoding >= 0 ? options.encoding : client_encoding);
  if (encoding.id == kUtf8Encoding || encoding.id == kSqlAsciiEncoding) return nullptr;
  if (encoding.iconv_name == nullptr) {
    throw sql_error(SqlState::kUndefinedFunction,
                    "default conversion function for encoding \"{}\" to \"UTF8\" does not exist",
                    encoding.name);
  }
  if (options.binary()) throw unsupported("binary COPY with encoding {}", encoding.name);
  return std::make_unique<Transcoder>(encoding);
}

CopyOptions parse_copy_options(const ast::NodeList& options, bool is_from) {
  Written written;
  for (const ast::Node* node : options) read_option(*ast::as<DefElem>(node), is_from, written);
  CopyOptions out;
  out.format = written.format.value_or(CopyFormat::kText);
  out.encoding = written.encoding.value_or(-1);
  if (out.binary() && written.delimiter) {
    throw SqlError(SqlState::kSyntaxError, "cannot specify DELIMITER in BINARY mode");
  }
  if (out.binary() && written.null_text) {
    throw SqlError(SqlState::kSyntaxError, "cannot specify NULL in BINARY mode");
  }
  std::string delimiter = written.delimiter.value_or(out.csv() ? "," : "\t");
  std::string null_text = written.null_text.value_or(out.csv() ? "" : "\\N");
  std::string quote = written.quote.value_or("\"");
  std::string escape = written.escape.value_or(quote);
  check(written, is_from, delimiter, null_text, quote, escape);
  out.header = written.header.value_or(CopyHeader::kNone);
  out.delimiter = delimiter[0];
  out.null_text = std::move(null_text);
  out.quote = quote[0];
  out.escape = escape[0];
  out.force_quote_all = written.force_quote_all;
  out.force_quote = written.force_quote.value_or(std::vector<std::string>{});
  out.force_not_null = written.force_not_null.value_or(std::vector<std::string>{});
  out.force_null = written.force_null.value_or(std::vector<std::string>{});
  return out;
}

}  // namespace luma
