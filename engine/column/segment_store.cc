#include "engine/column/segment_store.h"

#include <charconv>
#include <filesystem>

#include "engine/base/sql_error.h"

namespace luma {

namespace {

constexpr std::string_view kSuffix = ".seg";

// 0 for files that are not segments.
uint64_t file_id_of(const std::string& name) {
  if (!name.ends_with(kSuffix)) return 0;
  uint64_t id = 0;
  const char* end = name.data() + name.size() - kSuffix.size();
  auto [stopped, error] = std::from_chars(name.data(), end, id);
  return error == std::errc() && stopped == end ? id : 0;
}

}  // namespace

SegmentStore::SegmentStore(const SegmentStoreOptions& options)
    : options_(options), cache_(options.cache_bytes) {
  std::error_code error;
  std::filesystem::create_directories(options_.directory, error);
  if (error) {
    throw sql_error(SqlState::kIoError, "could not create directory \"{}\": {}", options_.directory,
                    error.message());
  }
  if (options_.io != SegmentIoMode::kPread) {
    std::string reason;
    io_ = SegmentIo::make(reason);
    if (io_ == nullptr && options_.io == SegmentIoMode::kUring) {
      throw sql_error(SqlState::kIoError, "could not set up io_uring: {}", reason);
    }
    io_description_ = io_ != nullptr ? "io_uring" : fmt::format("pread ({})", reason);
  }
  for (uint64_t id : files()) next_file_id_ = std::max(next_file_id_.load(), id + 1);
}

std::string SegmentStore::path_of(uint64_t file_id) const {
  return fmt::format("{}/{}{}", options_.directory, file_id, kSuffix);
}

std::vector<uint64_t> SegmentStore::files() const {
  std::vector<uint64_t> ids;
  for (const auto& entry : std::filesystem::directory_iterator(options_.directory)) {
    if (uint64_t id = file_id_of(entry.path().filename().string())) ids.push_back(id);
  }
  return ids;
}

SegmentStore::NewSegment SegmentStore::create() {
  uint64_t id = next_file_id_.fetch_add(1);
  return {id, SegmentFile::create(path_of(id), options_.faults)};
}

std::shared_ptr<const SegmentReader> SegmentStore::open(uint64_t file_id) {
  {
    std::lock_guard guard(mutex_);
    auto at = readers_.find(file_id);
    if (at != readers_.end()) {
      if (auto reader = at->second.lock()) return reader;
    }
  }
  auto reader = std::make_shared<const SegmentReader>(
      file_id, SegmentFile::open(path_of(file_id), options_.faults, io_.get()), cache_);
  std::lock_guard guard(mutex_);
  readers_[file_id] = reader;
  return reader;
}

void SegmentStore::remove(uint64_t file_id) {
  {
    std::lock_guard guard(mutex_);
    readers_.erase(file_id);
  }
  std::error_code ignored;
  std::filesystem::remove(path_of(file_id), ignored);
}

void SegmentStore::remove_orphans(const std::set<uint64_t>& wanted) {
  for (uint64_t id : files()) {
    if (!wanted.contains(id)) remove(id);
  }
  if (!wanted.empty()) next_file_id_ = std::max(next_file_id_.load(), *wanted.rbegin() + 1);
}

}  // namespace luma
