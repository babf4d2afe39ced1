#include "engine/columnar/columnar_table.h"

#include <algorithm>
#include <chrono>

#include "engine/base/sql_error.h"
#include "engine/txn/commit_pipeline.h"
#include "engine/txn/txn_iterator.h"

namespace luma {

namespace {

constexpr size_t kRememberedLists = 4;

int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::vector<SegmentInfo> read_entries(Kv& kv, const KvSnapshot& snapshot, const std::string& begin,
                                      const std::string& end) {
  KvReadOptions options;
  options.snapshot = &snapshot;
  options.lower = begin;
  options.upper = end;
  std::vector<SegmentInfo> infos;
  auto at = kv.new_iterator(KvFamily::kColumnar, options);
  for (at->seek_first(); at->valid(); at->next()) infos.push_back(decode_segment(at->value()));
  at->status().check();
  return infos;
}

}  // namespace

uint64_t SegmentList::row_count() const {
  uint64_t total = 0;
  for (const SegmentEntry& entry : segments) total += entry.info.row_count;
  return total;
}

uint64_t SegmentList::size_bytes() const {
  uint64_t total = 0;
  for (const SegmentEntry& entry : segments) total += entry.info.size_bytes;
  return total;
}

const SegmentEntry* SegmentList::find(uint64_t row_id) const {
  auto after = std::upper_bound(
      segments.begin(), segments.end(), row_id,
      [](uint64_t id, const SegmentEntry& entry) { return id < entry.info.first_row_id; });
  if (after == segments.begin()) return nullptr;
  const SegmentEntry& entry = *std::prev(after);
  return row_id <= entry.info.last_row_id ? &entry : nullptr;
}

RowIdRange::~RowIdRange() {
  std::lock_guard guard(table_->mutex_);
  table_->reserved_.erase(table_->reserved_.find(first_));
}

SegmentListRef ColumnarTable::cached(uint64_t version) const {
  std::lock_guard guard(mutex_);
  auto at = lists_.find(version);
  return at == lists_.end() ? nullptr : at->second;
}

std::shared_ptr<SegmentList> ColumnarTable::open_all(const std::vector<SegmentInfo>& infos) const {
  auto list = std::make_shared<SegmentList>();
  for (const SegmentInfo& info : infos) {
    list->segments.push_back({info, owner_.store().open(info.file_id)});
  }
  return list;
}

SegmentListRef ColumnarTable::remember(uint64_t version, std::vector<SegmentInfo> infos) {
  SegmentListRef list = open_all(infos);
  std::lock_guard guard(mutex_);
  lists_[version] = list;
  if (lists_.size() > kRememberedLists) lists_.erase(lists_.begin());
  return list;
}

SegmentListRef ColumnarTable::committed_at(const KvSnapshot& snapshot) {
  Kv& kv = owner_.pipeline().kv();
  KvValue value;
  if (!kv.get(KvFamily::kColumnar, version_key(storage_id_), &snapshot, &value).found()) {
    return std::make_shared<SegmentList>();
  }
  uint64_t version = Transaction::timestamp_of(value.view());
  if (SegmentListRef known = cached(version)) return known;
  return remember(
      version, read_entries(kv, snapshot, segments_begin(storage_id_), segments_end(storage_id_)));
}

SegmentListRef ColumnarTable::latest_segments() {
  return committed_at(owner_.pipeline().take_snapshot()->kv);
}

SegmentListRef ColumnarTable::segments(Transaction& txn, ReadView view) {
  KvValue value;
  if (!txn.get_stamped(KvFamily::kColumnar, version_key(storage_id_), &value, view)) {
    return std::make_shared<SegmentList>();
  }
  uint64_t version = Transaction::timestamp_of(value.view());
  if (version == 0) {
    // Own segments, not committed yet: never remembered.
    std::vector<SegmentInfo> infos;
    auto at =
        txn.scan(KvFamily::kColumnar, segments_begin(storage_id_), segments_end(storage_id_), view);
    for (at->seek_first(); at->valid(); at->next()) infos.push_back(decode_segment(at->value()));
    return open_all(infos);
  }
  if (SegmentListRef known = cached(version)) return known;
  // The newest version may change between two reads: look at both at once.
  if (view == ReadView::kLatest) return latest_segments();
  return committed_at(txn.snapshot()->kv);
}

void ColumnarTable::forget_old_lists() {
  std::lock_guard guard(mutex_);
  while (lists_.size() > 1) lists_.erase(lists_.begin());
}

void ColumnarTable::count_removed_rows(uint64_t rows) {
  if (rows == 0) return;
  removed_rows_.fetch_add(rows, std::memory_order_relaxed);
  last_removal_.store(std::chrono::steady_clock::now(), std::memory_order_relaxed);
}

std::chrono::seconds ColumnarTable::since_last_removal() const {
  return std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::steady_clock::now() - last_removal_.load(std::memory_order_relaxed));
}

std::shared_ptr<RowIdRange> ColumnarTable::reserve_row_ids(IdAllocator& ids, uint64_t count) {
  auto self = shared_from_this();
  IdAllocator::Counter& counter = ids.row_ids(storage_id_);
  std::lock_guard guard(mutex_);
  // Both under the mutex: whoever asks for the reserved ranges misses none that lies before ids
  // that he sees.
  uint64_t first = counter.allocate(count);
  reserved_.insert(first);
  return std::make_shared<RowIdRange>(std::move(self), first, count);
}

std::set<uint64_t> ColumnarTable::reserved_row_ids() const {
  std::lock_guard guard(mutex_);
  return {reserved_.begin(), reserved_.end()};
}

ColumnarTables::ColumnarTables(CommitPipeline& pipeline, ColumnarOptions options)
    : pipeline_(pipeline), options_(std::move(options)) {
  if (!options_.directory.empty()) {
    store_ = std::make_unique<SegmentStore>(SegmentStoreOptions{
        options_.directory, options_.cache_bytes, pipeline_.kv().fault_plan(), options_.io});
  }
}

void ColumnarTables::recover(const std::function<bool(uint32_t storage_id)>& lives) {
  if (store_ == nullptr) return;
  std::set<uint64_t> wanted;
  KvBatch forgotten;
  Kv& kv = pipeline_.kv();
  auto at = kv.new_iterator(KvFamily::kColumnar, {});
  for (at->seek_first(); at->valid();) {
    const uint32_t storage_id = storage_id_of(at->key());
    if (!lives(storage_id)) {
      forgotten.remove_range(KvFamily::kColumnar, columnar_begin(storage_id),
                             columnar_end(storage_id));
    } else {
      for (at->seek(segments_begin(storage_id));
           at->valid() && at->key() < segments_end(storage_id); at->next()) {
        wanted.insert(decode_segment(at->value()).file_id);
      }
    }
    at->seek(columnar_end(storage_id));
  }
  at->status().check();
  at.reset();
  if (forgotten.count() > 0) {
    pipeline_.write(forgotten, true);
    pipeline_.sync_now();
  }
  store_->remove_orphans(wanted);
}

std::shared_ptr<ColumnarTable> ColumnarTables::table(uint32_t storage_id) {
  std::lock_guard guard(mutex_);
  std::shared_ptr<ColumnarTable>& table = tables_[storage_id];
  if (table == nullptr) {
    table = std::make_shared<ColumnarTable>(*this, storage_id);
    // What an earlier run of the server has left there, roughly.
    constexpr uint64_t kRowBytes = 100;
    std::string lower, upper;
    make_row_key(storage_id, 0, lower);
    make_row_key(storage_id, UINT64_MAX, upper);
    uint64_t bytes = pipeline_.kv().approximate_size_bytes(KvFamily::kData, lower, upper);
    table->count_delta_rows(bytes / kRowBytes);
  }
  return table;
}

bool ColumnarTables::has_segments(uint32_t storage_id) {
  if (store_ == nullptr) return false;
  {
    std::lock_guard guard(mutex_);
    if (tables_.contains(storage_id)) return true;
  }
  KvValue value;
  return pipeline_.kv().get(KvFamily::kColumnar, version_key(storage_id), nullptr, &value).found();
}

bool ColumnarTables::has_entries(uint32_t storage_id) {
  auto at = pipeline_.kv().new_iterator(KvFamily::kColumnar, {});
  at->seek(columnar_begin(storage_id));
  return at->valid() && at->key() < columnar_end(storage_id);
}

void ColumnarTables::drop(uint32_t storage_id) {
  if (!has_segments(storage_id) && !has_entries(storage_id)) return;
  {
    std::lock_guard guard(mutex_);
    tables_.erase(storage_id);
  }
  if (store_ == nullptr) return;
  TxnSnapshotRef snapshot = pipeline_.take_snapshot();
  std::vector<uint64_t> files;
  for (const SegmentInfo& info : read_entries(
           pipeline_.kv(), snapshot->kv, segments_begin(storage_id), segments_end(storage_id))) {
    files.push_back(info.file_id);
  }
  snapshot.reset();
  KvBatch batch;
  batch.remove_range(KvFamily::kColumnar, columnar_begin(storage_id), columnar_end(storage_id));
  uint64_t commit_ts = pipeline_.write(batch, true);
  if (!files.empty()) retire(std::move(files), commit_ts);
}

void ColumnarTables::retire(std::vector<uint64_t> file_ids, uint64_t commit_ts) {
  int64_t now = now_seconds();
  std::lock_guard guard(mutex_);
  for (uint64_t id : file_ids) retired_.push_back({id, commit_ts, now});
}

void ColumnarTables::remove_retired() {
  std::vector<uint64_t> ready;
  uint64_t newest = 0;
  {
    std::lock_guard guard(mutex_);
    if (retired_.empty()) return;
    auto oldest = static_cast<int64_t>(pipeline_.kv().oldest_snapshot_age_seconds());
    int64_t now = now_seconds();
    // Ages are whole seconds: some more make sure.
    constexpr int64_t kMarginSeconds = 3;
    std::erase_if(retired_, [&](const Retired& item) {
      if (now - item.since_seconds < oldest + kMarginSeconds) return false;
      ready.push_back(item.file_id);
      newest = std::max(newest, item.commit_ts);
      return true;
    });
  }
  if (ready.empty()) return;
  {
    std::lock_guard guard(mutex_);
    for (const auto& [id, table] : tables_) table->forget_old_lists();
  }
  // A crash must not bring back a list that names a file which is gone.
  pipeline_.wait_durable(newest);
  for (uint64_t id : ready) store_->remove(id);
}

}  // namespace luma
