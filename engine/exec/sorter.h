#pragma once
// Sorts rows: in memory up to work_mem, then as sorted runs in temporary files that are merged.
// With a bound only the first rows are kept (top-N). Used by Sort, Window and aggregates with
// DISTINCT or ORDER BY. Life: open, append*, finish, next*, close. Not thread-safe.
#include <memory>
#include <span>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/exec/row_collection.h"
#include "engine/exec/sort_key_encoder.h"
#include "engine/exec/spill_file.h"

namespace luma {

class Sorter {
 public:
  // `payload`: types of the columns that come out again.
  Sorter(std::vector<PhysicalType> payload, std::vector<SortColumn> columns);
  ~Sorter();

  // Empties the sorter. `bound`: how many of the first rows will be asked for.
  void open(ExecContext& context, uint64_t bound = kNoBound);
  void append(ExecContext& context, std::span<const Vector* const> sort_columns,
              std::span<const Vector* const> payload, uint32_t count);
  // Takes over what another sorter of the same kind has gathered (neither is finished).
  void absorb(Sorter& other);
  void finish(ExecContext& context);
  // The next rows in order into `out` (payload columns); false at the end. Valid until the next
  // call.
  bool next(ExecContext& context, Chunk& out);
  void close();

  uint64_t row_count() const { return row_count_; }
  size_t spilled_bytes() const { return spilled_bytes_; }
  size_t peak_memory_bytes() const { return peak_memory_bytes_; }

  static constexpr uint64_t kNoBound = ~uint64_t{0};

 private:
  struct Entry {
    uint64_t prefix;
    std::byte* row;
  };
  struct Run;

  StringRef key_of(const std::byte* row) const;
  void values_of(const std::byte* row, std::vector<Value>& values) const;
  int compare_rows(ExecContext& context, const std::byte* a, const std::byte* b);
  void add_entry(std::byte* row);
  void sort_entries(ExecContext& context);
  void radix_sort();
  void trim(ExecContext& context);
  void write_run(ExecContext& context);
  void start_merge(ExecContext& context);
  void merge_all_runs(ExecContext& context);
  int compare_runs(ExecContext& context, Run& a, Run& b);
  bool is_later(ExecContext& context, uint32_t a, uint32_t b);
  bool merge_next(ExecContext& context, Chunk& out);
  void reset_memory(ExecContext& context);
  void charge_entries(size_t entries);

  std::vector<PhysicalType> payload_;
  SortKeyEncoder encoder_;
  // Payload columns, then one key column, or the sort columns where keys cannot be encoded.
  RowLayout layout_;
  uint32_t key_column_;
  uint64_t bound_ = kNoBound;
  MemoryBudget* budget_ = nullptr;
  size_t charged_bytes_ = 0;

  std::unique_ptr<RowCollection> rows_;
  std::vector<Entry> entries_;
  std::vector<Entry> scratch_;
  Vector keys_{PhysicalType::kVarlen};
  std::vector<uint32_t> selection_;
  std::vector<std::byte*> addresses_;
  std::vector<const Vector*> columns_;
  std::string threshold_;  // with a bound: keys not below it cannot be among the first rows
  bool has_threshold_ = false;

  std::vector<std::unique_ptr<Run>> runs_;
  std::vector<uint32_t> heap_;  // indexes into runs_, smallest first
  bool merging_ = false;
  uint64_t row_count_ = 0;
  size_t position_ = 0;
  size_t spilled_bytes_ = 0;
  size_t peak_memory_bytes_ = 0;
  std::vector<Value> values_a_, values_b_;
};

}  // namespace luma
