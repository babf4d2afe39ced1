#include "engine/columnar/columnar_load.h"

#include <algorithm>
#include <numeric>
#include <system_error>

#include "engine/columnar/columnar_rows.h"
#include "engine/txn/commit_pipeline.h"

namespace luma {

class ColumnarLoader::Files {
 public:
  explicit Files(std::shared_ptr<ColumnarTable> table) : table_(std::move(table)) {}
  ~Files() {
    // After a failed write nobody knows whether the commit is in the log: a file too many is
    // removed at the next start, a missing one would be corruption.
    if (table_->owner().pipeline().refusing()) return;
    try {
      Kv& kv = table_->owner().pipeline().kv();
      for (const auto& [file_id, first_row_id] : files_) {
        KvValue value;
        bool committed = kv.get(KvFamily::kColumnar,
                                segment_key(table_->storage_id(), first_row_id), nullptr, &value)
                             .found();
        if (!committed) table_->owner().store().remove(file_id);
      }
    } catch (...) {
      // They stay as orphans until the next start.
    }
  }
  void add(uint64_t file_id, uint64_t first_row_id) { files_.emplace_back(file_id, first_row_id); }
  void keep(std::shared_ptr<RowIdRange> range) { ranges_.push_back(std::move(range)); }

 private:
  std::shared_ptr<ColumnarTable> table_;
  std::vector<std::pair<uint64_t, uint64_t>> files_;
  // Others must not build segments across ours before they are committed.
  std::vector<std::shared_ptr<RowIdRange>> ranges_;
};

ColumnarLoader::ColumnarLoader(TableDescPtr table, Transaction& txn, IdAllocator& ids,
                               MemoryBudget* memory, bool in_background)
    : table_(std::move(table)),
      txn_(txn),
      ids_(ids),
      memory_(memory),
      in_background_(in_background) {
  files_ = std::make_shared<Files>(table_->columnar);
  // The transaction drops its hooks when it ends or returns to a savepoint, and the files with
  // them.
  CommitHook hook;
  hook.published = [files = files_](uint64_t) {};
  txn_.add_commit_hook(std::move(hook));
}

ColumnarLoader::~ColumnarLoader() {
  if (memory_ != nullptr) memory_->release(charged_bytes_);
}

void ColumnarLoader::account() {
  if (memory_ == nullptr) return;
  auto bytes = [&] { return ending_bytes_ + (writer_ == nullptr ? 0 : writer_->memory_bytes()); };
  size_t used = bytes();
  if (used > charged_bytes_ && !memory_->try_charge(used - charged_bytes_)) {
    wait();
    if (writer_ != nullptr) writer_->end_row_group();
    used = bytes();
    if (used > charged_bytes_) memory_->charge(used - charged_bytes_);
  }
  if (used < charged_bytes_) memory_->release(charged_bytes_ - used);
  charged_bytes_ = used;
}

uint32_t ColumnarLoader::room() {
  if (row_ids_left_ == 0) {
    finish_segment();
    range_ = table_->columnar->reserve_row_ids(ids_, kSegmentRows);
    files_->keep(range_);
    next_row_id_ = range_->first();
    row_ids_left_ = range_->count();
  }
  if (writer_ == nullptr) {
    ColumnarTables& owner = table_->columnar->owner();
    SegmentStore::NewSegment made = owner.store().create();
    file_id_ = made.file_id;
    files_->add(file_id_, next_row_id_);
    SegmentOptions options = owner.options().segment;
    options.in_background = in_background_;
    writer_ = std::make_unique<SegmentWriter>(std::move(made.file), segment_columns(*table_), false,
                                              options);
  }
  return static_cast<uint32_t>(std::min<uint64_t>(row_ids_left_, kVectorSize));
}

uint64_t ColumnarLoader::add(const Chunk& rows, uint32_t row) {
  room();
  uint64_t id = next_row_id_++;
  --row_ids_left_;
  writer_->append(rows, row, {&id, 1}, {});
  if (id % 1024 == 0) account();
  return id;
}

void ColumnarLoader::add_all(const Chunk& rows) {
  for (uint32_t from = 0; from < rows.size;) {
    uint32_t count = std::min(room(), rows.size - from);
    row_ids_.resize(count);
    std::iota(row_ids_.begin(), row_ids_.end(), next_row_id_);
    writer_->append(rows, from, row_ids_, {});
    next_row_id_ += count;
    row_ids_left_ -= count;
    from += count;
  }
  account();
}

uint64_t ColumnarLoader::next_row_ids(uint32_t count) {
  if (row_ids_left_ < count) row_ids_left_ = 0;
  room();
  return next_row_id_;
}

void ColumnarLoader::add_segment(uint64_t file_id, const SegmentSummary& summary) {
  segments_.push_back({0, file_id, summary.size_bytes, summary.row_count, summary.first_row_id,
                       summary.last_row_id});
}

void ColumnarLoader::wait() {
  if (!ending_.valid()) return;
  add_segment(ending_file_id_, ending_.get());
  ending_bytes_ = 0;
}

void ColumnarLoader::finish_segment() {
  if (writer_ == nullptr) return;
  wait();
  if (in_background_) {
    ending_bytes_ = writer_->memory_bytes();
    ending_file_id_ = file_id_;
    std::shared_ptr<SegmentWriter> writer = std::move(writer_);
    auto end = [writer] { return writer->finish(); };
    try {
      ending_ = std::async(std::launch::async, end);
      return;
    } catch (const std::system_error&) {
      add_segment(file_id_, end());  // no more threads to be had
      ending_bytes_ = 0;
    }
  } else {
    add_segment(file_id_, writer_->finish());
    writer_.reset();
  }
  account();
}

void ColumnarLoader::finish() {
  finish_segment();
  wait();
  account();
  if (segments_.empty()) return;
  uint32_t storage_id = table_->columnar->storage_id();
  for (const SegmentInfo& info : segments_) {
    txn_.put(KvFamily::kColumnar, segment_key(storage_id, info.first_row_id), encode_segment(info),
             true);
  }
  txn_.put(KvFamily::kColumnar, version_key(storage_id), encode_version(), true);
  segments_.clear();
}

}  // namespace luma
