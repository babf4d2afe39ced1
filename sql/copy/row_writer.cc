#include "sql/copy/row_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/type/wire_bytes.h"

namespace luma {

namespace {

Datum load(const Vector& column, uint32_t index) {
  Datum value;
  size_t size = physical_size(column.physical());
  std::memcpy(&value, column.raw_data() + index * size, size);
  return value;
}

template <typename T>
void append_integer(T value, std::string& out) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

}  // namespace

CopyRowWriter::CopyRowWriter(CopyOptions options, std::vector<Column> columns, const IoContext& io)
    : options_(std::move(options)), columns_(std::move(columns)), io_(io) {
  for (const Column& column : columns_) {
    const TypeInfo& type = type_info(column.type.oid);
    if (options_.binary() ? type.send == nullptr : type.output == nullptr) {
      throw sql_error(SqlState::kUndefinedFunction, "no {}output function available for type {}",
                      options_.binary() ? "binary " : "", format_type(type.oid));
    }
    outputs_.push_back({&type, column.force_quote, is_plain(type) && !column.force_quote});
  }
  for (char c : {'\b', '\f', '\n', '\r', '\t', '\v', '\\', options_.delimiter}) {
    special_[static_cast<unsigned char>(c)] = true;
  }
}

// True when the type's text has only digits, letters and date punctuation, and the options make
// none of these special.
bool CopyRowWriter::is_plain(const TypeInfo& type) const {
  static constexpr Oid kPlain[] = {type_oid::kBool,   type_oid::kInt2,      type_oid::kInt4,
                                   type_oid::kInt8,   type_oid::kOid,       type_oid::kFloat4,
                                   type_oid::kFloat8, type_oid::kNumeric,   type_oid::kDate,
                                   type_oid::kTime,   type_oid::kTimestamp, type_oid::kTimestamptz,
                                   type_oid::kTimetz, type_oid::kUuid};
  bool usual_null = options_.null_text.empty() || options_.null_text == "\\N";
  return usual_null &&
         std::string_view(",\t|;").find(options_.delimiter) != std::string_view::npos &&
         (!options_.csv() || options_.quote == '"' || options_.quote == '\'') &&
         std::find(std::begin(kPlain), std::end(kPlain), type.oid) != std::end(kPlain);
}

void CopyRowWriter::append_header(std::string& out) {
  if (options_.binary()) {
    out.append("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    return;
  }
  if (!has_header_line()) return;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out += options_.delimiter;
    append_text(columns_[i].name, false, out);
  }
  out += '\n';
}

void CopyRowWriter::append_trailer(std::string& out) {
  if (options_.binary()) put_u16(out, 0xFFFF);
}

void CopyRowWriter::append_row(const Chunk& chunk, uint32_t row, std::string& out) {
  if (options_.binary()) {
    append_binary_row(chunk, row, out);
    return;
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (i > 0) out += options_.delimiter;
    const Vector& column = chunk.columns[i];
    uint32_t index = column.selection() == nullptr ? row : column.selection()[row];
    if (column.is_null(row)) {
      out += options_.null_text;
    } else {
      append_value(outputs_[i], load(column, index), out);
    }
  }
  out += '\n';
}

void CopyRowWriter::append_value(const Output& output, const Datum& value, std::string& out) {
  const TypeInfo& type = *output.type;
  if (output.plain) {
    switch (type.oid) {
      case type_oid::kInt4:
        append_integer(value.i32, out);
        return;
      case type_oid::kInt8:
        append_integer(value.i64, out);
        return;
      default:
        type.output(value, type, io_, out);
        return;
    }
  }
  if (type.oid == type_oid::kText || type.oid == type_oid::kVarchar) {
    append_text(value.str.view(), output.force_quote, out);
    return;
  }
  scratch_.clear();
  type.output(value, type, io_, scratch_);
  append_text(scratch_, output.force_quote, out);
}

void CopyRowWriter::append_text(std::string_view text, bool force_quote, std::string& out) {
  if (options_.csv()) {
    append_csv(text, force_quote, out);
  } else {
    append_escaped(text, out);
  }
}

void CopyRowWriter::append_escaped(std::string_view text, std::string& out) {
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (__builtin_expect(!special_[static_cast<unsigned char>(c)], 1)) continue;
    out.append(text, start, i - start);
    start = i + 1;
    out += '\\';
    switch (c) {
      case '\b':
        out += 'b';
        break;
      case '\f':
        out += 'f';
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      case '\v':
        out += 'v';
        break;
      default:
        out += c;
    }
  }
  out.append(text, start, text.size() - start);
}

void CopyRowWriter::append_csv(std::string_view text, bool force_quote, std::string& out) {
  char quote = options_.quote, escape = options_.escape;
  // A lone \. would read as the end of the data.
  bool quoted = force_quote || text == options_.null_text ||
                (columns_.size() == 1 && text == "\\.") ||
                std::any_of(text.begin(), text.end(), [&](char c) {
                  return c == options_.delimiter || c == quote || c == '\n' || c == '\r';
                });
  if (!quoted) {
    out += text;
    return;
  }
  out += quote;
  for (char c : text) {
    if (c == quote || c == escape) out += escape;
    out += c;
  }
  out += quote;
}

void CopyRowWriter::append_binary_row(const Chunk& chunk, uint32_t row, std::string& out) {
  put_u16(out, static_cast<uint16_t>(outputs_.size()));
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const Vector& column = chunk.columns[i];
    if (column.is_null(row)) {
      put_u32(out, 0xFFFFFFFF);
      continue;
    }
    uint32_t index = column.selection() == nullptr ? row : column.selection()[row];
    size_t at = out.size();
    out.append(4, '\0');
    outputs_[i].type->send(load(column, index), *outputs_[i].type, io_, out);
    auto length = __builtin_bswap32(static_cast<uint32_t>(out.size() - at - 4));
    std::memcpy(out.data() + at, &length, sizeof length);
  }
}

}  // namespace luma
