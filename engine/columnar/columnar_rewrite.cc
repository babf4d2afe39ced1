#include "engine/columnar/columnar_rewrite.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "engine/columnar/columnar_cursor.h"
#include "engine/columnar/columnar_rows.h"
#include "engine/columnar/sorted_rows.h"
#include "engine/txn/commit_pipeline.h"
#include "engine/txn/txn_iterator.h"

namespace luma {

namespace {

constexpr uint64_t kNoRow = UINT64_MAX;

// A range of row ids that becomes new segments: what the delta has there, and segments.
struct Slot {
  uint64_t first = 0, last = 0;  // inclusive
  std::vector<SegmentEntry> segments;
  uint64_t delta_rows = 0;  // tombstones included

  uint64_t segment_rows() const {
    uint64_t rows = 0;
    for (const SegmentEntry& entry : segments) rows += entry.info.row_count;
    return rows;
  }
};

std::vector<int32_t> stored_attributes(const TableDesc& table) {
  std::vector<int32_t> attributes;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].dropped) attributes.push_back(static_cast<int32_t>(i));
  }
  return attributes;
}

// Writes the rows of a slot as segments: in the order in which they come, or in that of the table's
// sort key. Then as much is sorted at a time as a row group may have in memory: what is larger
// becomes several sorted parts of one segment.
class SlotWriter {
 public:
  // Adds the files that it makes to `files`, at once.
  SlotWriter(const TableDesc& table, const Slot& slot, std::vector<uint64_t>& files)
      : table_(table), files_(files), attributes_(stored_attributes(table)) {
    if (SortedRows::applies(table)) sorted_.emplace(table);
    for (const SegmentEntry& entry : slot.segments) {
      reordered_ = reordered_ || entry.reader->footer().reordered;
    }
    for (const ColumnDesc& column : table.columns) {
      rows_.columns.emplace_back(column.physical, 1).set_constant_null();
      out_.columns.emplace_back(column.physical, column.dropped ? 1 : kVectorSize)
          .set_constant_null();
    }
  }

  // The cursor's window, of the attributes that the table has.
  void add(ColumnarCursor& cursor) {
    read(cursor);
    slot_rows_ += rows_.size;
    if (!sorted_) {
      if (!writer_) begin(reordered_);
      writer_->append(rows_, 0, ids_, stamps_);
    } else {
      sorted_->add(rows_, ids_, stamps_);
      if (sorted_->memory_bytes() > options().row_group_bytes) write_sorted(true);
    }
    // What came in another order than that of row ids cannot be cut into ranges of them.
    if (!reordered_ && slot_rows_ + kVectorSize > kSegmentRows) end_segment();
  }

  std::vector<SegmentInfo> finish() {
    end_segment();
    return std::move(made_);
  }

 private:
  const SegmentOptions& options() const { return table_.columnar->owner().options().segment; }

  void read(ColumnarCursor& cursor) {
    ids_.clear();
    stamps_.clear();
    for (uint32_t i = 0; i < cursor.size(); ++i) {
      uint32_t row = cursor.selection() == nullptr ? i : cursor.selection()[i];
      ids_.push_back(cursor.row_id(row));
      stamps_.push_back(cursor.stamp(row));
    }
    for (size_t i = 0; i < attributes_.size(); ++i) {
      Vector& out = rows_.columns[static_cast<size_t>(attributes_[i])];
      if (cursor.selection() == nullptr) {
        out.reference(cursor.column(i));
      } else {
        out.slice(cursor.column(i), cursor.selection(), cursor.size());
      }
    }
    rows_.size = cursor.size();
  }

  void begin(bool reordered) {
    SegmentStore::NewSegment fresh = table_.columnar->owner().store().create();
    files_.push_back(fresh.file_id);
    writer_.emplace(std::move(fresh.file), segment_columns(table_), true, options(), reordered);
  }

  void write_sorted(bool more_follow) {
    const bool changes_order = sorted_->sort();
    if (!writer_) begin(reordered_ || changes_order || more_follow);
    while (sorted_->next(kVectorSize, out_, ids_, stamps_)) {
      writer_->append(out_, 0, ids_, stamps_);
    }
    sorted_->clear();
  }

  void end_segment() {
    if (sorted_ && sorted_->size() > 0) write_sorted(false);
    if (!writer_) return;
    SegmentSummary summary = writer_->finish();
    writer_.reset();
    made_.push_back({0, files_.back(), summary.size_bytes, summary.row_count, summary.first_row_id,
                     summary.last_row_id});
    slot_rows_ = 0;
  }

  const TableDesc& table_;
  std::vector<uint64_t>& files_;
  std::vector<int32_t> attributes_;
  bool reordered_ = false;  // what comes
  std::optional<SortedRows> sorted_;
  std::optional<SegmentWriter> writer_;
  std::vector<SegmentInfo> made_;
  uint64_t slot_rows_ = 0;  // of the segment at hand
  Chunk rows_, out_;
  std::vector<uint64_t> ids_, stamps_;
};

class Rewriter {
 public:
  Rewriter(const TableDescPtr& table, LockManager* locks, Interrupt* interrupt,
           const RewriteOptions& options)
      : table_(table),
        columnar_(*table->columnar),
        pipeline_(columnar_.owner().pipeline()),
        locks_(locks),
        interrupt_(interrupt),
        options_(options),
        txn_(pipeline_, nullptr, nullptr, {}) {}

  RewriteResult run() {
    StatementScope scope(txn_);
    // Ids reserved before or after the snapshot was taken: see reserve_row_ids().
    std::set<uint64_t> reserved = columnar_.reserved_row_ids();
    list_ = columnar_.segments(txn_, ReadView::kStatement);
    reserved.merge(columnar_.reserved_row_ids());
    std::vector<Slot> slots = divide(reserved);
    count_delta(slots);
    uint64_t left = 0;
    for (const Slot& slot : join_small(slots)) {
      if (interrupt_ != nullptr) interrupt_->check();
      if (wants_rewrite(slot)) {
        rewrite(slot);
      } else {
        left += slot.delta_rows;
      }
    }
    result_.delta_rows_left += left;
    columnar_.set_delta_rows(result_.delta_rows_left);
    return result_;
  }

 private:
  // Segments, and the gaps between them, cut where somebody has reserved ids.
  std::vector<Slot> divide(const std::set<uint64_t>& reserved) const {
    std::vector<Slot> slots;
    uint64_t next = 0;
    auto add_gap = [&](uint64_t first, uint64_t end) {
      for (auto at = reserved.upper_bound(first); at != reserved.end() && *at < end; ++at) {
        slots.push_back({first, *at - 1, {}, 0});
        first = *at;
      }
      if (first < end) slots.push_back({first, end - 1, {}, 0});
    };
    for (const SegmentEntry& entry : list_->segments) {
      if (next < entry.info.first_row_id) add_gap(next, entry.info.first_row_id);
      slots.push_back({entry.info.first_row_id, entry.info.last_row_id, {entry}, 0});
      next = entry.info.last_row_id + 1;
    }
    add_gap(next, kNoRow);
    return slots;
  }

  std::unique_ptr<TxnIterator> delta(uint64_t first, uint64_t last) {
    std::string lower, upper;
    make_row_key(table_->storage_id, first, lower);
    make_row_key(table_->storage_id, last, upper);
    upper.push_back('\0');
    auto at = txn_.scan(KvFamily::kData, lower, upper, ReadView::kStatement, false);
    at->seek_first();
    return at;
  }

  void count_delta(std::vector<Slot>& slots) {
    auto slot = slots.begin();
    auto at = delta(0, kNoRow - 1);
    for (; at->valid(); at->next()) {
      uint64_t id = row_id_of(at->key());
      while (id > slot->last) ++slot;
      ++slot->delta_rows;
    }
  }

  bool wants_rewrite(const Slot& slot) const {
    if (slot.segments.size() > 1) return true;
    if (slot.delta_rows == 0) return false;
    if (slot.segments.empty()) return slot.delta_rows >= options_.least_delta_rows;
    return slot.delta_rows * options_.hidden_divisor > slot.segment_rows();
  }

  // Neighbours that are small become one, so that the number of segments stays small; in a table
  // with a sort key larger ones, too, since rows are in order only within their segment.
  std::vector<Slot> join_small(const std::vector<Slot>& slots) const {
    const uint64_t small_rows = kSegmentRows / (table_->stored_order.empty() ? 8 : 4);
    constexpr size_t kFewSegments = 4;
    std::vector<Slot> out;
    for (size_t i = 0; i < slots.size();) {
      size_t end = i, segments = 0;
      uint64_t rows = 0;
      while (end < slots.size()) {
        uint64_t more = slots[end].segment_rows() + slots[end].delta_rows;
        if (slots[end].segment_rows() > small_rows || rows + more > kSegmentRows) break;
        // Nothing may be built across reserved ids: two gaps in a row have some between them.
        if (end > i && slots[end].segments.empty() && slots[end - 1].segments.empty()) break;
        rows += more;
        segments += slots[end].segments.size();
        ++end;
      }
      if (segments < kFewSegments) {
        out.push_back(slots[i++]);
        continue;
      }
      Slot joined{slots[i].first, slots[end - 1].last, {}, 0};
      for (; i < end; ++i) {
        joined.delta_rows += slots[i].delta_rows;
        joined.segments.insert(joined.segments.end(), slots[i].segments.begin(),
                               slots[i].segments.end());
      }
      out.push_back(std::move(joined));
    }
    return out;
  }

  void rewrite(const Slot& slot) {
    std::vector<SegmentInfo> made;
    try {
      made = write_segments(slot);
      replace(slot, made);
    } catch (...) {
      // Whether a failed commit is in the log is unknown: see ColumnarLoader::Files.
      if (!pipeline_.refusing()) {
        for (uint64_t id : new_files_) columnar_.owner().store().remove(id);
      }
      throw;
    }
    new_files_.clear();
    result_.segments_added += made.size();
    result_.segments_removed += slot.segments.size();
    for (const SegmentInfo& info : made) result_.rows_moved += info.row_count;
  }

  std::vector<SegmentInfo> write_segments(const Slot& slot) {
    auto list = std::make_shared<SegmentList>();
    list->segments = slot.segments;
    ColumnarCursor cursor(*table_, stored_attributes(*table_));
    cursor.open(txn_, ReadView::kStatement, list, slot.first, slot.last);
    SlotWriter writer(*table_, slot, new_files_);
    while (cursor.next()) {
      if (interrupt_ != nullptr) interrupt_->check();
      writer.add(cursor);
    }
    return writer.finish();
  }

  // One step for everybody else: new segments for old ones and for rows of the delta.
  void replace(const Slot& slot, const std::vector<SegmentInfo>& made) {
    std::optional<LockOwner> owner;
    if (locks_ != nullptr) owner.emplace(*locks_, 0, interrupt_);
    KvBatch batch;
    remove_moved(slot, owner ? &*owner : nullptr, batch);
    uint32_t storage_id = columnar_.storage_id();
    std::vector<uint64_t> old_files;
    for (const SegmentEntry& entry : slot.segments) {
      batch.remove(KvFamily::kColumnar, segment_key(storage_id, entry.info.first_row_id));
      old_files.push_back(entry.info.file_id);
    }
    for (const SegmentInfo& info : made) {
      batch.put_stamped(KvFamily::kColumnar, segment_key(storage_id, info.first_row_id),
                        encode_segment(info));
    }
    batch.put_stamped(KvFamily::kColumnar, version_key(storage_id), encode_version());
    uint64_t commit_ts = pipeline_.write(batch, false);
    if (!old_files.empty()) columnar_.owner().retire(std::move(old_files), commit_ts);
  }

  // Delta rows that are in the new segments, and tombstones that they no longer need.
  void remove_moved(const Slot& slot, LockOwner* owner, KvBatch& batch) {
    struct Row {
      uint64_t id, stamp;
    };
    std::vector<Row> locked;
    std::string key;
    LockOptions skip;
    skip.wait = LockWait::kSkipLocked;
    skip.relation_name = table_->name;
    for (auto at = delta(slot.first, slot.last); at->valid(); at->next()) {
      LockOutcome outcome = LockOutcome::kGranted;
      if (owner != nullptr) {
        outcome = locks_->lock_row(*owner, table_->oid, at->key(), RowLockMode::kUpdate, skip);
      }
      if (outcome == LockOutcome::kSkipped) {
        ++result_.delta_rows_left;
        continue;
      }
      locked.push_back({row_id_of(at->key()), Transaction::timestamp_of(at->value())});
    }
    if (locked.empty()) return;
    // Read after locking: what is unchanged now stays so until the locks are given back.
    std::string lower, upper;
    make_row_key(table_->storage_id, locked.front().id, lower);
    make_row_key(table_->storage_id, locked.back().id, upper);
    upper.push_back('\0');
    KvReadOptions options;
    options.lower = lower;
    options.upper = upper;
    options.fill_cache = false;
    auto now = pipeline_.kv().new_iterator(KvFamily::kData, options);
    now->seek_first();
    for (const Row& row : locked) {
      make_row_key(table_->storage_id, row.id, key);
      while (now->valid() && now->key() < key) now->next();
      if (!now->valid()) break;
      if (now->key() == key && Transaction::timestamp_of(now->value()) == row.stamp) {
        batch.remove(KvFamily::kData, key);
        ++result_.delta_rows_removed;
      } else {
        ++result_.delta_rows_left;
      }
    }
    now->status().check();
  }

  TableDescPtr table_;
  ColumnarTable& columnar_;
  CommitPipeline& pipeline_;
  LockManager* locks_;
  Interrupt* interrupt_;
  RewriteOptions options_;
  Transaction txn_;
  SegmentListRef list_;
  std::vector<uint64_t> new_files_;
  RewriteResult result_;
};

}  // namespace

RewriteResult rewrite_columnar(const TableDescPtr& table, LockManager* locks, Interrupt* interrupt,
                               const RewriteOptions& options) {
  ColumnarTable& columnar = *table->columnar;
  if (!columnar.owner().has_segments()) return {};
  std::unique_lock guard(columnar.rewrite_mutex(), std::try_to_lock);
  while (!guard.owns_lock()) {
    if (!options.waits) return {};
    if (interrupt != nullptr) interrupt->check();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    static_cast<void>(guard.try_lock());
  }
  RewriteResult result = Rewriter(table, locks, interrupt, options).run();
  columnar.count_removed_rows(result.delta_rows_removed);
  return result;
}

bool delta_wants_compaction(const ColumnarTable& columnar) {
  // From here on, stepping over them takes a scan longer than it should.
  constexpr uint64_t kManyRemovedRows = 10000;
  if (columnar.removed_rows() < kManyRemovedRows) return false;
  // What a snapshot sees cannot go yet. Ages are in whole seconds.
  const std::chrono::seconds oldest(columnar.owner().pipeline().kv().oldest_snapshot_age_seconds() +
                                    1);
  return columnar.since_last_removal() > oldest;
}

void compact_delta(ColumnarTable& columnar) {
  std::string begin, end;
  make_row_key(columnar.storage_id(), 0, begin);
  make_row_key(columnar.storage_id(), UINT64_MAX, end);
  columnar.forget_removed_rows();
  Kv& kv = columnar.owner().pipeline().kv();
  kv.flush().check();
  const uint64_t before = kv.approximate_size_bytes(KvFamily::kData, begin, end);
  // A compaction that runs anyway may take the files away as they are, to be looked for again.
  constexpr int kMostAttempts = 3;
  for (int i = 0; i < kMostAttempts; ++i) {
    kv.compact_range(KvFamily::kData, begin, end).check();
    if (kv.approximate_size_bytes(KvFamily::kData, begin, end) <= before / 2) break;
  }
}

}  // namespace luma
