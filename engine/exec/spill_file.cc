#include "engine/exec/spill_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/base/work_counts.h"

namespace luma {

namespace {

constexpr size_t kBufferBytes = 32 << 10;

[[noreturn]] void throw_io(const char* what, int error) {
  throw sql_error(error == ENOSPC || error == EDQUOT ? SqlState::kDiskFull : SqlState::kIoError,
                  "could not {} temporary file: {}", what, std::strerror(error));
}

int open_unnamed(const std::string& directory) {
  int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  if (errno == ENOENT && ::mkdir(directory.c_str(), 0700) == 0) return open_unnamed(directory);
  // File systems without O_TMPFILE: a name that is gone at once.
  std::string name = directory + "/spill.XXXXXX";
  fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) throw_io("create", errno);
  ::unlink(name.c_str());
  return fd;
}

void put_u32(std::string& out, uint32_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

SpillFile::SpillFile(const ExecContext& context, std::vector<PhysicalType> types)
    : fd_(open_unnamed(context.spill_directory)), types_(std::move(types)) {}

SpillFile::~SpillFile() {
  if (fd_ >= 0) ::close(fd_);
}

void SpillFile::flush() {
  size_t done = 0;
  while (done < buffer_.size()) {
    ssize_t written = ::pwrite(fd_, buffer_.data() + done, buffer_.size() - done,
                               static_cast<off_t>(file_bytes_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_io("write to", errno);
    done += static_cast<size_t>(written);
    thread_work().temp_written_blocks += WorkCounts::blocks_of(static_cast<uint64_t>(written));
    file_bytes_ += static_cast<uint64_t>(written);
  }
  buffer_.clear();
}

void SpillFile::append_record(std::span<const Vector* const> columns, uint32_t row) {
  size_t start = buffer_.size();
  put_u32(buffer_, 0);
  size_t nulls = buffer_.size();
  buffer_.append((types_.size() + 7) / 8, '\0');
  for (size_t c = 0; c < types_.size(); ++c) {
    Value value = columns[c]->value(row);
    if (value.is_null) {
      buffer_[nulls + c / 8] = static_cast<char>(buffer_[nulls + c / 8] | (1 << (c % 8)));
    } else if (types_[c] == PhysicalType::kVarlen) {
      put_u32(buffer_, value.datum.str.size());
      buffer_.append(value.datum.str.view());
    } else {
      buffer_.append(reinterpret_cast<const char*>(&value.datum), physical_size(types_[c]));
    }
  }
  auto length = static_cast<uint32_t>(buffer_.size() - start - sizeof(uint32_t));
  std::memcpy(buffer_.data() + start, &length, sizeof length);
}

void SpillFile::append(std::span<const Vector* const> columns, const uint32_t* selection,
                       uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    append_record(columns, selection == nullptr ? i : selection[i]);
    if (buffer_.size() >= kBufferBytes) flush();
  }
  row_count_ += count;
}

const char* SpillFile::Reader::record(uint32_t& bytes) {
  auto ensure = [&](size_t need) {
    if (at_ + need <= window_at_ + window_.size()) return true;
    file_->flush();
    if (at_ + need > file_->file_bytes_) return false;
    window_.resize(std::max(need, kBufferBytes));
    window_at_ = at_;
    size_t have = 0;
    while (have < need) {
      ssize_t got = ::pread(file_->fd_, window_.data() + have, window_.size() - have,
                            static_cast<off_t>(at_ + have));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw_io("read from", got < 0 ? errno : EIO);
      have += static_cast<size_t>(got);
      thread_work().temp_read_blocks += WorkCounts::blocks_of(static_cast<uint64_t>(got));
    }
    window_.resize(have);
    return true;
  };
  if (!ensure(sizeof(uint32_t))) return nullptr;
  std::memcpy(&bytes, window_.data() + (at_ - window_at_), sizeof bytes);
  if (!ensure(sizeof(uint32_t) + bytes)) throw_io("read from", EIO);
  const char* data = window_.data() + (at_ - window_at_) + sizeof(uint32_t);
  at_ += sizeof(uint32_t) + bytes;
  return data;
}

void SpillFile::Reader::skip(uint64_t rows) {
  uint32_t bytes = 0;
  for (uint64_t i = 0; i < rows && record(bytes) != nullptr; ++i) {
  }
}

bool SpillFile::Reader::next(Chunk& out) {
  out.begin();
  const auto& types = file_->types_;
  const uint32_t capacity = out.columns.empty() ? kVectorSize : out.columns[0].capacity();
  uint32_t row = 0;
  uint32_t bytes = 0;
  for (; row < capacity; ++row) {
    const char* at = record(bytes);
    if (at == nullptr) break;
    const char* nulls = at;
    at += (types.size() + 7) / 8;
    for (size_t c = 0; c < types.size(); ++c) {
      Vector& column = out.columns[c];
      if (((nulls[c / 8] >> (c % 8)) & 1) != 0) {
        column.set_null(row);
      } else if (types[c] == PhysicalType::kVarlen) {
        uint32_t size = 0;
        std::memcpy(&size, at, sizeof size);
        at += sizeof size;
        column.mutable_data<StringRef>()[row] = column.add_string({at, size});
        at += size;
      } else {
        uint32_t size = physical_size(types[c]);
        std::memcpy(column.mutable_data<std::byte>() + size_t{row} * size, at, size);
        at += size;
      }
    }
  }
  out.size = row;
  return row != 0;
}

}  // namespace luma
