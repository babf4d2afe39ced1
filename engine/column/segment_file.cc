#include "engine/column/segment_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "engine/base/fault_plan.h"
#include "engine/base/sql_error.h"
#include "engine/column/segment_io.h"

namespace luma {

namespace {

[[noreturn]] void fail(std::string_view action, const std::string& path) {
  int error = errno;
  bool full = error == ENOSPC || error == EDQUOT;
  throw sql_error(full ? SqlState::kDiskFull : SqlState::kIoError, "could not {} file \"{}\": {}",
                  action, path, std::strerror(error));
}

// What a plan wants to happen now; errors that need no preparation are thrown here.
FaultAction planned(FaultPlan* faults, FaultOperation operation, std::string_view action,
                    const std::string& path) {
  if (faults == nullptr) return FaultAction::kNone;
  FaultAction fault = faults->decide(path, operation);
  if (fault == FaultAction::kNone) return fault;
  bool halfway = fault == FaultAction::kShortWrite || fault == FaultAction::kDie;
  if (operation == FaultOperation::kAppend && halfway) return fault;
  if (fault == FaultAction::kDie) _exit(137);
  errno = fault == FaultAction::kIoError || operation == FaultOperation::kRead ? EIO : ENOSPC;
  fail(action, path);
}

void sync_directory_of(const std::string& path) {
  std::string directory = std::filesystem::path(path).parent_path().string();
  int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail("open", directory);
  int result = ::fsync(descriptor);
  ::close(descriptor);
  if (result != 0) fail("fsync", directory);
}

}  // namespace

SegmentFile::SegmentFile(SegmentFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      direct_(std::exchange(other.direct_, -1)),
      io_(other.io_),
      path_(std::move(other.path_)),
      size_bytes_(other.size_bytes_),
      faults_(other.faults_) {}

SegmentFile& SegmentFile::operator=(SegmentFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(direct_, other.direct_);
  std::swap(io_, other.io_);
  std::swap(path_, other.path_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(faults_, other.faults_);
  return *this;
}

SegmentFile::~SegmentFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (direct_ >= 0) ::close(direct_);
}

SegmentFile SegmentFile::create(const std::string& path, FaultPlan* faults) {
  planned(faults, FaultOperation::kOpen, "create", path);
  int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) fail("create", path);
  return {descriptor, path, faults};
}

SegmentFile SegmentFile::open(const std::string& path, FaultPlan* faults, SegmentIo* io) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ENOENT) {
      throw sql_error(SqlState::kDataCorrupted, "segment file \"{}\" is missing", path);
    }
    fail("open", path);
  }
  SegmentFile file(descriptor, path, faults);
  struct stat facts;
  if (::fstat(descriptor, &facts) != 0) fail("stat", path);
  file.size_bytes_ = static_cast<uint64_t>(facts.st_size);
  if (io != nullptr) {
    file.io_ = io;
    file.direct_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
  }
  return file;
}

void SegmentFile::append(std::string_view bytes) {
  FaultAction fault = planned(faults_, FaultOperation::kAppend, "write to", path_);
  if (fault == FaultAction::kNone) return write(bytes);
  write(bytes.substr(0, bytes.size() / 2));
  if (fault == FaultAction::kDie) _exit(137);
  errno = ENOSPC;
  fail("write to", path_);
}

void SegmentFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written =
        ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_bytes_));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("write to", path_);
    size_bytes_ += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void SegmentFile::sync() {
  planned(faults_, FaultOperation::kSync, "fsync", path_);
  if (::fdatasync(descriptor_) != 0) fail("fsync", path_);
  sync_directory_of(path_);
}

void SegmentFile::read_many(std::span<const Piece> pieces) const {
  if (!reads_at_once()) {
    for (const Piece& piece : pieces) read(piece.offset, piece.size, piece.out);
    return;
  }
  planned(faults_, FaultOperation::kRead, "read", path_);
  std::vector<SegmentIo::Piece> parts;
  for (const Piece& piece : pieces) {
    parts.push_back({direct_, piece.offset, piece.size, static_cast<char*>(piece.out)});
  }
  const int error = io_->read(parts);
  if (error == ENODATA) {
    throw sql_error(SqlState::kDataCorrupted, "segment file \"{}\" is too short", path_);
  }
  if (error == 0) return;
  errno = error;
  fail("read", path_);
}

void SegmentFile::read(uint64_t offset, size_t size, void* out) const {
  if (reads_at_once()) {
    const Piece piece{offset, size, out};
    return read_many({&piece, 1});
  }
  planned(faults_, FaultOperation::kRead, "read", path_);
  auto* to = static_cast<char*>(out);
  while (size > 0) {
    ssize_t got = ::pread(descriptor_, to, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", path_);
    if (got == 0) {
      throw sql_error(SqlState::kDataCorrupted, "segment file \"{}\" is too short", path_);
    }
    to += got;
    offset += static_cast<uint64_t>(got);
    size -= static_cast<size_t>(got);
  }
}

}  // namespace luma
