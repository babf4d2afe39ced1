// Large changes as table files that RocksDB takes over (its "ingestion").
#include <rocksdb/sst_file_writer.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <map>

#include "engine/row/kv_files.h"
#include "engine/row/kv_rocksdb.h"

namespace luma {

namespace {

constexpr uint64_t kFileBytes = uint64_t{64} << 20;
// A file of one table or index lies in nobody's way; small ones are not worth a file each.
constexpr uint64_t kOwnFileBytes = uint64_t{256} << 10;
constexpr size_t kStorageBytes = 4;

void require_ok(const rocksdb::Status& status) {
  if (!status.ok()) kv_status_of(status).check();
}

// What a batch leaves behind for every key.
class BatchReader : public rocksdb::WriteBatch::Handler {
 public:
  struct Change {
    bool is_removal;
    rocksdb::Slice value;
  };
  std::map<std::string_view, Change> families[kKvFamilyCount];
  std::vector<std::pair<rocksdb::Slice, rocksdb::Slice>> removed_ranges[kKvFamilyCount];

  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    families[family - 1][view_of(key)] = {false, value};
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(uint32_t family, const rocksdb::Slice& key) override {
    families[family - 1][view_of(key)] = {true, {}};
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteRangeCF(uint32_t family, const rocksdb::Slice& begin,
                                const rocksdb::Slice& end) override {
    auto& keys = families[family - 1];
    keys.erase(keys.lower_bound(view_of(begin)), keys.lower_bound(view_of(end)));
    removed_ranges[family - 1].emplace_back(begin, end);
    return rocksdb::Status::OK();
  }
};

}  // namespace

struct KvFiles::Impl {
  struct File {
    KvFamily family;
    std::string path, first, last;
  };
  Kv& kv;
  Kv::Impl& store;
  std::vector<File> files;
  std::unique_ptr<rocksdb::SstFileWriter> writer;
  std::string scratch;

  explicit Impl(Kv& kv_, Kv::Impl& store_) : kv(kv_), store(store_) {}

  void open(KvFamily family) {
    rocksdb::Options options = store.db->GetOptions(store.handle(family));
    // Compaction chooses again; nobody should wait for the thorough way.
    options.bottommost_compression = rocksdb::kDisableCompressionOption;
    writer = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(options), options,
                                                      store.handle(family), false);
    uint64_t number = store.next_incoming.fetch_add(1, std::memory_order_relaxed);
    files.push_back({family, fmt::format("{}/{}.sst", store.incoming_path, number), {}, {}});
    require_ok(writer->Open(files.back().path));
  }
  void close() {
    if (writer == nullptr) return;
    rocksdb::ExternalSstFileInfo info;
    require_ok(writer->Finish(&info));
    writer.reset();
    if (!info.largest_key.empty()) files.back().last = info.largest_key;
  }
  // The writer for the next key.
  rocksdb::SstFileWriter& at(KvFamily family, std::string_view key) {
    if (writer != nullptr) {
      const File& file = files.back();
      uint64_t size = writer->FileSize();
      bool same_storage =
          file.family == family &&
          std::string_view(file.first).substr(0, kStorageBytes) == key.substr(0, kStorageBytes);
      if (file.family != family || size >= kFileBytes || (!same_storage && size >= kOwnFileBytes)) {
        close();
      }
    }
    if (writer == nullptr) {
      open(family);
      files.back().first.assign(key);
    }
    return *writer;
  }
};

KvFiles::KvFiles(Kv& kv) : impl_(std::make_unique<Impl>(kv, *kv.impl_)) {}

KvFiles::~KvFiles() {
  impl_->writer.reset();
  for (const Impl::File& file : impl_->files) {
    impl_->store.file_env->DeleteFile(file.path).PermitUncheckedError();
  }
}

void KvFiles::put(KvFamily family, std::string_view key, std::string_view value) {
  require_ok(impl_->at(family, key).Put(slice_of(key), slice_of(value)));
}

void KvFiles::put_stamped(KvFamily family, std::string_view key, std::string_view value,
                          uint64_t commit_ts) {
  LUMA_CHECK(value.size() >= sizeof(commit_ts));
  impl_->scratch.assign(value);
  std::memcpy(impl_->scratch.data(), &commit_ts, sizeof(commit_ts));
  put(family, key, impl_->scratch);
}

void KvFiles::remove(KvFamily family, std::string_view key) {
  require_ok(impl_->at(family, key).Delete(slice_of(key)));
}

void KvFiles::add(const KvBatch& batch) {
  BatchReader reader;
  require_ok(batch.impl_->batch.Iterate(&reader));
  for (int i = 0; i < kKvFamilyCount; ++i) {
    auto family = static_cast<KvFamily>(i);
    if (reader.families[i].empty() && reader.removed_ranges[i].empty()) continue;
    impl_->close();
    impl_->open(family);
    for (const auto& [key, change] : reader.families[i]) {
      if (impl_->files.back().first.empty()) impl_->files.back().first.assign(key);
      require_ok(change.is_removal ? impl_->writer->Delete(slice_of(key))
                                   : impl_->writer->Put(slice_of(key), change.value));
    }
    for (const auto& [begin, end] : reader.removed_ranges[i]) {
      require_ok(impl_->writer->DeleteRange(begin, end));
    }
  }
}

void KvFiles::finish() { impl_->close(); }

void Kv::make_way(const KvFiles& files) {
  for (const KvFiles::Impl::File& file : files.impl_->files) {
    std::string behind = file.last + '\0';
    uint64_t count = 0, bytes = 0;
    impl_->db->GetApproximateMemTableStats(
        impl_->handle(file.family), {slice_of(file.first), slice_of(behind)}, &count, &bytes);
    if (count == 0) continue;
    // A failure shows again when the files are taken over.
    (void)flush();
    return;
  }
}

bool Kv::can_take_over() const { return !impl_->was_resumed.load(std::memory_order_acquire); }

KvStatus Kv::take_over(KvFiles& files) {
  std::lock_guard guard(impl_->resume_mutex);
  if (stopped()) return impl_->stop_reason_now();
  if (!can_take_over()) return {KvCode::kNoSpace, "the disk was full a moment ago"};
  std::vector<rocksdb::IngestExternalFileArg> parts;
  for (int i = 0; i < kKvFamilyCount; ++i) {
    rocksdb::IngestExternalFileArg part;
    part.column_family = impl_->families[i];
    part.options.move_files = true;
    part.options.write_global_seqno = false;
    for (const KvFiles::Impl::File& file : files.impl_->files) {
      if (static_cast<int>(file.family) == i) part.external_files.push_back(file.path);
    }
    if (!part.external_files.empty()) parts.push_back(std::move(part));
  }
  if (parts.empty()) return {};
  rocksdb::Status status = impl_->db->IngestExternalFiles(parts);
  if (!status.ok()) return impl_->stop(kv_status_of(status));
  return {};
}

std::vector<std::string> KvBatch::prefixes(KvFamily family, size_t bytes) const {
  std::vector<std::string> found;
  BatchReader reader;
  require_ok(impl_->batch.Iterate(&reader));
  for (const auto& [key, change] : reader.families[static_cast<int>(family)]) {
    std::string_view prefix = key.substr(0, bytes);
    if (found.empty() || found.back() != prefix) found.emplace_back(prefix);
  }
  return found;
}

uint64_t Kv::file_count(KvFamily family) {
  uint64_t count = 0;
  for (int level = 0; level < impl_->db->NumberLevels(impl_->handle(family)); ++level) {
    std::string text;
    std::string name = rocksdb::DB::Properties::kNumFilesAtLevelPrefix + std::to_string(level);
    if (impl_->db->GetProperty(impl_->handle(family), name, &text)) count += std::stoull(text);
  }
  return count;
}

const std::string& Kv::scratch_directory() const {
  static const std::string kNone;
  return impl_->options.in_memory ? kNone : impl_->incoming_path;
}

KvStatus Kv::Impl::open_incoming(const std::string& path) {
  incoming_path = path + "/incoming";
  file_env = db->GetEnv();
  std::vector<std::string> left;
  rocksdb::Status status = file_env->CreateDirIfMissing(incoming_path);
  if (status.ok()) status = file_env->GetChildren(incoming_path, &left);
  if (!status.ok()) return kv_status_of(status);
  for (const std::string& name : left) {
    // Of a transaction that a crash has ended. What cannot be removed does no harm.
    file_env->DeleteFile(incoming_path + "/" + name).PermitUncheckedError();
  }
  return {};
}

}  // namespace luma
