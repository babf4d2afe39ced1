#pragma once
// The build side of a hash join: rows in a RowCollection, chained per bucket, and a directory of
// chain heads with 16 tag bits that reject most probes without a match at once.
//
// Life: open, append*, finish; then JoinProbes look rows up. Not thread-safe, but after finish()
// any number of threads may probe, each with a JoinProbe of its own, and set flags.
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "engine/exec/key_type.h"
#include "engine/exec/row_collection.h"

namespace luma {

class WorkerTeam;  // engine/exec/divided_input.h

class JoinHashTable {
 public:
  // `payload`: columns of the build side. `null_matches[k]`: key k compares with IS NOT DISTINCT
  // FROM. `with_flags`: rows have a "was matched" flag.
  JoinHashTable(std::vector<PhysicalType> payload, std::vector<KeyType> keys,
                std::vector<bool> null_matches, bool with_flags);
  ~JoinHashTable();

  void open(MemoryBudget* budget);
  void close();

  const std::vector<KeyType>& keys() const { return keys_; }
  // Hashes of keys; equal on both sides for rows that match.
  void hash(std::span<const Vector* const> keys, uint32_t count, uint64_t* hashes);
  // Rows (ascending) whose NULLs keep them from matching anything: appended to `excluded`, the
  // others to `usable`. Both have room for `count`; returns the number of usable rows.
  uint32_t split_nulls(std::span<const Vector* const> keys, uint32_t count, uint32_t* usable,
                       uint32_t* excluded) const;

  // Stores rows selection[0..count). Unlinked ones are never found by probes, only by scans.
  void append(std::span<const Vector* const> keys, std::span<const Vector* const> payload,
              const uint32_t* selection, uint32_t count, uint32_t total, bool linked);
  // An empty table for the same rows, for another thread to fill; takes its rows over again.
  std::unique_ptr<JoinHashTable> make_part() const;
  void absorb(JoinHashTable& part) { rows_->absorb(std::move(*part.rows_)); }
  // Builds the directory. `distinct`: of rows with equal keys only one can be found. `team` (may be
  // null) shares the work.
  void finish(bool distinct, WorkerTeam* team = nullptr);

  uint64_t row_count() const { return rows_ ? rows_->row_count() : 0; }
  // What finish() will need, or has taken, altogether.
  size_t bytes() const;
  uint64_t bucket_count() const { return directory_.size(); }
  const RowCollection& rows() const { return *rows_; }
  const RowLayout& layout() const { return layout_; }
  // Column of key k in the rows.
  uint32_t key_column(uint32_t key) const { return payload_columns_ + key; }
  bool has_flag(const std::byte* row) const { return row[flag_offset_] != std::byte{0}; }
  void set_flag(std::byte* row) const {
    // Most are set already: then nobody's cache line is taken away.
    std::atomic_ref<std::byte> flag(row[flag_offset_]);
    if (flag.load(std::memory_order_relaxed) == std::byte{0}) {
      flag.store(std::byte{1}, std::memory_order_relaxed);
    }
  }

 private:
  friend class JoinProbe;
  std::byte* next_of(const std::byte* row) const {
    std::byte* next;
    std::memcpy(&next, row, sizeof next);
    return next;
  }
  uint64_t hash_of(const std::byte* row) const;
  bool same_keys(const std::byte* a, const std::byte* b) const;
  void release_directory();
  template <bool shared>
  void link(std::byte* const* rows, uint32_t count, uint64_t* hashes, bool distinct);

  std::vector<KeyType> keys_;
  std::vector<bool> null_matches_;
  bool packed_;
  uint32_t payload_columns_;
  uint32_t flag_offset_;
  RowLayout layout_;
  MemoryBudget* budget_ = nullptr;
  std::unique_ptr<RowCollection> rows_;
  std::vector<uint64_t> directory_;
  uint32_t shift_ = 0;

  std::vector<uint64_t> hashes_;
  std::vector<PackedKey> packed_keys_;
  std::vector<std::byte*> new_rows_;
  std::vector<const Vector*> columns_;
};

// Looks rows up in a finished JoinHashTable: probe(chunk keys), then collect() until it returns 0,
// chunk after chunk. The probed key vectors must stay until the last collect(). One thread; the
// table outlives it.
class JoinProbe {
 public:
  explicit JoinProbe(const JoinHashTable& table);

  // Positions at the rows usable[0..count) of a chunk with `total` rows.
  void probe(std::span<const Vector* const> keys, const uint32_t* usable, uint32_t count,
             uint32_t total);
  // The next matches: probe row left[i] with build row right[i]; at most kVectorSize, 0 at the end.
  // `done` (may be null): probe rows with a nonzero entry are skipped. `first_only`: one match a
  // row.
  uint32_t collect(const uint8_t* done, bool first_only, uint32_t* left, std::byte** right);

 private:
  uint32_t candidates(const uint8_t* done, bool first_only, uint32_t* left, std::byte** right);
  uint32_t keep_matches(uint32_t count, uint32_t* left, std::byte** right) const;

  const JoinHashTable& table_;
  std::vector<uint64_t> hashes_;
  std::vector<PackedKey> packed_keys_;
  std::vector<const Vector*> probe_keys_;
  std::vector<uint32_t> probe_rows_;
  std::vector<std::byte*> heads_;
  uint32_t probe_count_ = 0;
  uint32_t at_ = 0;
  std::byte* chain_ = nullptr;
};

}  // namespace luma
