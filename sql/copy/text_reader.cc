#include "sql/copy/text_reader.h"

#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/type/string.h"

namespace luma {

namespace {

constexpr size_t kLongestLineBytes = size_t{1} << 30;

SqlError bad_format(std::string text) {
  return SqlError(SqlState::kBadCopyFileFormat, std::move(text));
}

// No NUL and nothing beyond ASCII, eight bytes at a time.
bool is_plain_ascii(std::string_view text) {
  size_t at = 0;
  uint64_t suspicious = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    suspicious |= (word | (word - 0x0101010101010101u)) & 0x8080808080808080u;
  }
  for (; at < text.size(); ++at) {
    if (text[at] <= 0) suspicious = 1;
  }
  return suspicious == 0;
}

}  // namespace

TextCopyReader::TextCopyReader(Input input)
    : CopyReader(std::move(input)), finder_(input_.options), splitter_(input_.options) {}

void TextCopyReader::read(std::string_view bytes, bool at_end) {
  if (bytes.size() > kLongestLineBytes - pending_.size()) {
    throw SqlError(SqlState::kProgramLimitExceeded, "out of memory")
        .detail(fmt::format("Cannot enlarge string buffer containing {} bytes by {} more bytes.",
                            pending_.size(), bytes.size()));
  }
  if (pending_.empty()) {
    size_t used = read_lines(bytes, at_end);
    pending_.assign(bytes.substr(used));
    return;
  }
  pending_.append(bytes);
  size_t used = read_lines(pending_, at_end);
  if (used > 0) pending_.erase(0, used);
}

size_t TextCopyReader::read_lines(std::string_view data, bool at_end) {
  size_t used = 0;
  try {
    while (!done_) {
      std::string_view rest = data.substr(used);
      if (!line_begun_) {
        ++line_number_;
        line_begun_ = true;
      }
      if (rest.empty() && at_end) {
        if (expects_header()) read_line(rest);
        return used;
      }
      FoundLine found = finder_.find(rest, at_end, line_number_);
      if (found.kind == FoundLine::kIncomplete) return used;
      used += found.consumed;
      done_ = found.kind == FoundLine::kEndMarker;
      if (!done_ || found.length > 0 || expects_header()) read_line(rest.substr(0, found.length));
      line_begun_ = false;
    }
  } catch (SqlError& error) {
    add_context(error);
    throw;
  }
  return data.size();
}

std::string TextCopyReader::position_context() const {
  if (current_ != nullptr) {
    return fmt::format("{}, column {}: ", context(), current_->name) +
           (value_.data() == nullptr ? "null input" : "\"" + shown_value(value_) + "\"");
  }
  return line_valid_ ? fmt::format("{}: \"{}\"", context(), shown_value(line_)) : context();
}

void TextCopyReader::read_line(std::string_view raw) {
  current_ = nullptr;
  line_valid_ = false;
  if (!is_plain_ascii(raw)) verify_utf8(raw);
  // Everything that refers to the row outlives the caller's bytes.
  line_ = batch_.arena.copy(raw);
  line_valid_ = true;
  if (!header_read_ && input_.options.header != CopyHeader::kNone) {
    header_read_ = true;
    if (input_.options.header == CopyHeader::kMatch) check_header(line_);
    line_valid_ = false;
    return;
  }
  if (input_.columns.empty()) {
    if (!line_.empty()) throw bad_format("extra data after last expected column");
  } else {
    convert(splitter_.split(line_, batch_.arena));
  }
  line_valid_ = false;
  end_row(line_);
}

void TextCopyReader::convert(const std::vector<std::string_view>& fields) {
  if (fields.size() > input_.columns.size()) {
    throw bad_format("extra data after last expected column");
  }
  uint32_t row = batch_.chunk.size;
  for (size_t i = 0; i < input_.columns.size(); ++i) {
    const CopyColumn& column = input_.columns[i];
    if (i == fields.size()) {
      current_ = nullptr;
      throw bad_format(fmt::format("missing data for column \"{}\"", column.name));
    }
    std::string_view value = fields[i];
    if (column.force_not_null && value.data() == nullptr) {
      value = std::string_view(input_.options.null_text.data(), input_.options.null_text.size());
    } else if (column.force_null && value == input_.options.null_text) {
      value = {};
    }
    current_ = &column;
    value_ = value;
    if (value.data() == nullptr) {
      readers_[i].read_null(row);
    } else {
      readers_[i].read_text(row, value, batch_.arena);
    }
  }
  current_ = nullptr;
}

void TextCopyReader::check_header(std::string_view line) {
  const std::vector<std::string_view>& fields = splitter_.split(line, batch_.arena);
  if (fields.size() != input_.columns.size()) {
    throw bad_format(fmt::format("wrong number of fields in header line: got {}, expected {}",
                                 fields.size(), input_.columns.size()));
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string& name = input_.columns[i].name;
    if (fields[i].data() == nullptr) {
      throw bad_format(
          fmt::format("column name mismatch in header line field {}: got null value (\"{}\"), "
                      "expected \"{}\"",
                      i + 1, input_.options.null_text, name));
    }
    if (fields[i] != name) {
      throw bad_format(
          fmt::format("column name mismatch in header line field {}: got \"{}\", expected \"{}\"",
                      i + 1, fields[i], name));
    }
  }
}

}  // namespace luma
