#include "engine/txn/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/sql_error.h"

namespace luma {

namespace {

size_t whole_pages(size_t bytes) {
  constexpr size_t kPageBytes = size_t{64} << 10;
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

[[noreturn]] void fail(const char* what, int error) {
  bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  throw sql_error(full ? SqlState::kDiskFull : SqlState::kIoError,
                  "could not {} a file for the transaction's changes: {}", what,
                  std::strerror(error));
}

}  // namespace

MappedFile::MappedFile(const std::string& directory) {
  std::string name = directory + "/changes_XXXXXX";
  file_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (file_ < 0) fail("create", errno);
  ::unlink(name.c_str());
}

MappedFile::~MappedFile() {
  for (const auto& [at, bytes] : pieces_) ::munmap(at, bytes);
  if (file_ >= 0) ::close(file_);
}

void MappedFile::take_room(size_t bytes) {
  int error = ::posix_fallocate(file_, static_cast<off_t>(size_bytes_), static_cast<off_t>(bytes));
  if (error != 0) fail("extend", error);
  size_bytes_ += bytes;
}

char* MappedFile::add(size_t wanted) {
  size_t bytes = whole_pages(wanted);
  auto offset = static_cast<off_t>(size_bytes_);
  pieces_.reserve(pieces_.size() + 1);
  take_room(bytes);
  void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, offset);
  if (at == MAP_FAILED) throw SqlError(SqlState::kOutOfMemory, "out of memory");
  pieces_.emplace_back(at, bytes);
  return static_cast<char*>(at);
}

char* MappedFile::grow(size_t wanted) {
  if (pieces_.empty()) return add(wanted);
  size_t bytes = whole_pages(wanted);
  if (bytes > size_bytes_) take_room(bytes - size_bytes_);
  void* at = ::mremap(pieces_[0].first, pieces_[0].second, bytes, MREMAP_MAYMOVE);
  if (at == MAP_FAILED) throw SqlError(SqlState::kOutOfMemory, "out of memory");
  pieces_[0] = {at, bytes};
  return static_cast<char*>(at);
}

}  // namespace luma
