#pragma once
// Groups and the states of their aggregates: what one thread of an aggregation builds up. Beyond
// work_mem, rows whose group is not in memory yet go to temporary files by hash, to be aggregated
// part by part; states themselves are never written. Calls with DISTINCT or ORDER BY sort their
// input by group first (which spills as well) and are fed by finish(); or DISTINCT keeps what it
// has seen of each group in a hash table and sorts only what is left when that has grown to
// work_mem.
//
// Several threads, each with a Grouping of its own: open_partitioned(), collect_distinct(),
// consume*; then merge_distinct() into fresh Groupings, each some parts of the hashes, which makes
// the states of hashed calls; then merge_partition() of all, or merge_all() where rows went to
// files. has_overflowed() tells that memory is not enough for that. Such Groupings keep their
// groups in partitions by hash, and may have several groups with the same keys (group_window.h).
//
// Life: open, consume*, finish, then next() until it is false. Not thread-safe; merge_distinct()
// and merge_partition() may work on one Grouping from several threads.
#include <memory>
#include <span>
#include <vector>

#include "engine/exec/aggregate_plan.h"
#include "engine/exec/group_merger.h"
#include "engine/exec/group_table.h"
#include "engine/exec/group_window.h"
#include "engine/exec/partitioned_spill.h"
#include "engine/exec/rows_by_group.h"
#include "engine/exec/top_bound.h"

namespace luma {

class Grouping {
 public:
  // `plan` outlives this.
  explicit Grouping(const AggregatePlan& plan);
  ~Grouping();

  // Empties it. `depth`: how often the rows to come have been divided over files already.
  void open(ExecContext& context, uint32_t depth);
  // The same for one of several that are to be merged.
  static constexpr size_t kPartitions = 128;
  void open_partitioned(ExecContext& context);
  void close();
  // Makes the groups that exist without any input: empty grouping sets. (The group of an
  // aggregation without keys always exists.)
  void add_empty_sets(ExecContext& context);

  // Hashed calls only remember the values they see, without updating states.
  void collect_distinct() { collects_distinct_ = true; }
  bool has_overflowed() const { return has_overflowed_; }

  // Aggregates rows: plan.inputs evaluated.
  void consume(ExecContext& context, std::span<const Vector* const> inputs, uint32_t count);
  // The same for rows that were written to files: plan.input_types.
  void consume_spilled(ExecContext& context, SpillFile& file);
  void finish(ExecContext& context);

  // Updates the states of hashed calls with the values that others have seen and whose hashes
  // belong to part `part` of kPartitions, of kSpillParts when one has_spilled_values(). Each part
  // is asked for once.
  static constexpr size_t kSpillParts = PartitionedSpill::kParts;
  bool has_spilled_values() const;
  void merge_distinct(ExecContext& context, std::span<const std::unique_ptr<Grouping>> from,
                      size_t part);
  // Merges the groups of another one over the same plan. Its rows in files are not looked at.
  void merge_all(ExecContext& context, Grouping& from);
  // Makes one group of those with equal keys in partition `number` of the others, over the same
  // plan, and shows it in next(). The groups stay where they are: the others live longer than what
  // this shows. `bound` as for next(). Calls for different partitions may run at once, on different
  // targets.
  void merge_partition(ExecContext& context, std::span<const std::unique_ptr<Grouping>> from,
                       size_t number, const TopBound* bound, uint32_t bound_column);
  // Gives back the memory of groups; what merged states may still refer to stays.
  void drop_groups();
  // From now on rows without a group in memory go to files.
  void set_full() { is_full_ = true; }

  // Rows for later, null when there were none.
  std::unique_ptr<PartitionedSpill> take_spill() { return std::move(spill_); }
  bool has_spilled() const { return spill_ != nullptr; }
  uint64_t group_count() const { return table_.group_count(); }
  size_t peak_memory_bytes() const { return peak_memory_bytes_; }
  uint64_t sorted_spill_bytes() const { return sorted_spill_bytes_; }

  // Further groups into `out`: keys, results, GROUPING() numbers; false at the end. Without those
  // that `bound` (null: none) rules out by column `bound_column`.
  bool next(ExecContext& context, const TopBound* bound, uint32_t bound_column, Chunk& out);

 private:
  // Of a hashed call: the groups' keys with the values seen.
  struct Seen {
    explicit Seen(std::vector<KeyType> keys) : table(std::move(keys), 0) {}
    GroupTable table;
    GroupWindow window;  // of several to be merged
    // What the table has no room for; null as long as it has.
    std::unique_ptr<PartitionedSpill> spill;
  };

  void reset(ExecContext& context, uint32_t depth, size_t parts);
  void destroy_states();
  void init_states(ExecContext& context, std::byte* const* rows, uint32_t count);
  void make_group(ExecContext& context);
  void find_groups(ExecContext& context, uint32_t count);
  void consume_rows(ExecContext& context, uint32_t count);
  uint32_t spill_missing(ExecContext& context, uint32_t count);
  void update(ExecContext& context, size_t number, uint32_t count);
  void update_by_group(ExecContext& context, const AggregatePlan::Call& call);
  void update_distinct(ExecContext& context, size_t number, const uint32_t* selection,
                       uint32_t count);
  uint32_t new_values(ExecContext& context, Seen& seen, uint32_t count, uint32_t depth);
  void add_values(ExecContext& context, size_t number, const Chunk& values, uint32_t depth);
  void add_new_values(ExecContext& context, size_t number, const Chunk& values);
  void merge_distinct(ExecContext& context, std::span<const std::unique_ptr<Grouping>> from,
                      size_t number, size_t partition);
  void merge_spilled_distinct(ExecContext& context, std::span<const std::unique_ptr<Grouping>> from,
                              size_t number, size_t part);
  void add_file(ExecContext& context, size_t number, SpillFile& file, uint32_t depth);
  void add_spilled(ExecContext& context, size_t number, uint32_t depth);
  void update_states(ExecContext& context, const AggregatePlan::Call& call,
                     std::byte* const* groups, std::span<const Vector* const> args, uint32_t count);
  const Vector* input(uint32_t column, const uint32_t* selection, uint32_t count);
  void sort_rows(ExecContext& context, const AggregatePlan::Call& call, Sorter& sorter,
                 const uint32_t* selection, uint32_t count);
  void feed_sorted(ExecContext& context, const AggregatePlan::Call& call, Sorter& sorter);
  uint32_t drop_repeated(ExecContext& context, const AggregatePlan::Call& call, const Chunk& chunk);
  void combine(ExecContext& context, std::byte* into, const std::byte* from);
  void show(uint32_t count);
  void drop_shown();
  uint32_t keep_within(ExecContext& context, const TopBound* bound, uint32_t bound_column,
                       uint32_t count);
  uint32_t next_rows();
  void emit(ExecContext& context, uint32_t column, uint32_t count, Vector& out);
  void emit_marks(std::byte* const* rows, uint32_t count, Chunk& out) const;
  AggregateCall call_context(ExecContext& context, const AggregatePlan::Call& call) {
    return {context, *call.expr, *state_arena_};
  }

  const AggregatePlan& plan_;
  GroupTable table_;
  std::unique_ptr<Arena> state_arena_;
  std::vector<std::unique_ptr<Sorter>> sorters_;  // by call; null where none is needed
  std::vector<std::unique_ptr<Seen>> seen_;       // by call; null unless it is hashed
  bool collects_distinct_ = false;
  bool has_overflowed_ = false;
  std::vector<uint64_t> states_initialised_;  // by partition
  std::byte* only_ = nullptr;                 // without keys: the group

  // The rows at hand: keys with the set's number, then the other inputs.
  std::vector<const Vector*> columns_;
  std::vector<Vector> null_keys_;
  Vector set_number_{PhysicalType::kInt32};

  bool is_full_ = false;
  uint32_t depth_ = 0;
  std::unique_ptr<PartitionedSpill> spill_;
  RowCollection::Cursor cursor_;
  // Groups of others, shown instead of those in table_ when there are partitions.
  GroupMerger merger_;
  std::vector<std::byte*> shown_;
  size_t shown_bytes_ = 0, next_shown_ = 0;
  MemoryBudget* budget_ = nullptr;
  GroupWindow window_;  // of several to be merged
  size_t peak_memory_bytes_ = 0;
  uint64_t sorted_spill_bytes_ = 0;

  std::vector<std::byte*> rows_;
  std::vector<std::byte*> states_;
  RowsByGroup by_group_;
  std::vector<uint32_t> created_, selection_, filtered_;
  std::vector<Vector> sliced_;           // of rows whose groups are in memory
  std::vector<Vector> bound_values_;     // by column of the output
  std::vector<Vector> filtered_inputs_;  // of rows that pass a call's FILTER
  uint32_t filtered_used_ = 0;
  std::vector<const Vector*> args_;
  std::vector<const Vector*> seen_columns_;
  std::vector<std::byte*> seen_rows_, groups_;
  std::vector<uint32_t> new_values_;
  std::vector<Vector> new_inputs_;
  std::vector<Chunk> fresh_;  // by call
  Vector addresses_{PhysicalType::kInt64};
  // DISTINCT: the row before.
  std::vector<Value> last_;
  bool has_last_ = false;
  std::unique_ptr<Arena> last_heap_;
};

}  // namespace luma
