#include "sql/copy/binary_reader.h"

#include <cstring>

#include "engine/base/sql_error.h"

namespace luma {

namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);

SqlError bad_format(std::string text) {
  return SqlError(SqlState::kBadCopyFileFormat, std::move(text));
}

int16_t int16_at(const char* at) {
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<int16_t>(__builtin_bswap16(value));
}

int32_t int32_at(const char* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<int32_t>(__builtin_bswap32(value));
}

}  // namespace

void BinaryCopyReader::read(std::string_view bytes, bool at_end) {
  try {
    if (pending_.empty()) {
      size_t used = read_rows(bytes, at_end);
      pending_.assign(bytes.substr(used));
      return;
    }
    pending_.append(bytes);
    size_t used = read_rows(pending_, at_end);
    if (used > 0) pending_.erase(0, used);
  } catch (SqlError& error) {
    add_context(error);
    throw;
  }
}

std::string BinaryCopyReader::position_context() const {
  if (current_ == nullptr) return context();
  return fmt::format("{}, column {}", context(), current_->name);
}

size_t BinaryCopyReader::read_header(std::string_view data, bool at_end) {
  size_t known = std::min(data.size(), kSignature.size());
  if (data.substr(0, known) != kSignature.substr(0, known) ||
      (at_end && known < kSignature.size())) {
    throw bad_format("COPY file signature not recognized");
  }
  if (data.size() < 15) {
    if (at_end) throw bad_format("invalid COPY file header (missing flags)");
    return 0;
  }
  auto flags = static_cast<uint32_t>(int32_at(data.data() + 11));
  if ((flags & (1u << 16)) != 0) throw bad_format("invalid COPY file header (WITH OIDS)");
  if ((flags >> 16) != 0) throw bad_format("unrecognized critical flags in COPY file header");
  if (data.size() < 19) {
    if (at_end) throw bad_format("invalid COPY file header (missing length)");
    return 0;
  }
  int32_t extension = int32_at(data.data() + 15);
  if (extension < 0) throw bad_format("invalid COPY file header (missing length)");
  size_t length = 19 + static_cast<size_t>(extension);
  if (data.size() < length) {
    if (at_end) throw bad_format("invalid COPY file header (wrong length)");
    return 0;
  }
  return length;
}

size_t BinaryCopyReader::read_rows(std::string_view data, bool at_end) {
  size_t used = 0;
  if (!header_read_) {
    used = read_header(data, at_end);
    if (used == 0) return 0;
    header_read_ = true;
  }
  while (!done_ && used < data.size()) {
    if (!row_begun_) {
      ++line_number_;
      row_begun_ = true;
    }
    size_t length = read_row(data.substr(used), at_end);
    if (length == 0) return used;
    used += length;
    row_begun_ = false;
  }
  if (done_ && used < data.size()) throw bad_format("received copy data after EOF marker");
  return used;
}

size_t BinaryCopyReader::read_row(std::string_view data, bool at_end) {
  auto need_more = [&]() -> size_t {
    if (at_end) throw bad_format("unexpected EOF in COPY data");
    return 0;
  };
  // A lone byte at the end counts as the end, for PostgreSQL too.
  if (data.size() < 2) return at_end ? data.size() : 0;
  int16_t fields = int16_at(data.data());
  if (fields == -1) {
    done_ = true;
    return 2;
  }
  if (static_cast<size_t>(fields) != input_.columns.size()) {
    throw bad_format(
        fmt::format("row field count is {}, expected {}", fields, input_.columns.size()));
  }
  if (measured_bytes_ == 0) measured_bytes_ = 2;
  for (; measured_fields_ < fields; ++measured_fields_) {
    current_ = &input_.columns[static_cast<size_t>(measured_fields_)];
    if (data.size() - measured_bytes_ < 4) return need_more();
    int32_t size = int32_at(data.data() + measured_bytes_);
    if (size < -1) throw bad_format("invalid field size");
    size_t payload = size < 0 ? 0 : static_cast<size_t>(size);
    if (data.size() - measured_bytes_ - 4 < payload) return need_more();
    measured_bytes_ += 4 + payload;
  }
  size_t length = measured_bytes_;
  measured_bytes_ = 0;
  measured_fields_ = 0;
  convert(batch_.arena.copy(data.substr(0, length)));
  current_ = nullptr;
  end_row({});
  batch_.line_bytes += length;
  return length;
}

void BinaryCopyReader::convert(std::string_view row) {
  uint32_t at_row = batch_.chunk.size;
  const char* at = row.data() + 2;
  for (size_t i = 0; i < readers_.size(); ++i) {
    current_ = &input_.columns[i];
    int32_t size = int32_at(at);
    at += 4;
    if (size < 0) {
      readers_[i].read_null(at_row);
      continue;
    }
    readers_[i].read_binary(at_row, {at, static_cast<size_t>(size)}, batch_.arena);
    at += size;
  }
}

}  // namespace luma
