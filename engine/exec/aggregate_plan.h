#pragma once
// What an aggregation computes, worked out once: its input columns, the aggregate calls over them
// and where their states lie in a group. Immutable, so that all threads of an aggregation share it.
//
// Ordered-set aggregates get all of `args` (the direct ones first, then the sorted ones) as
// arguments of update(); when the call's args hold only the direct ones, the ORDER BY expressions
// are added.
#include <vector>

#include "engine/exec/expr.h"
#include "engine/exec/key_type.h"
#include "engine/exec/sorter.h"

namespace luma {

struct AggregateSpec {
  std::vector<const Expr*> groups;  // over the child's output
  std::vector<const Expr*>
      aggregates;  // kAggregate; args, filter, order_by over the child's output
  // Indexes into `groups` per grouping set; empty: one set with all groups.
  std::vector<std::vector<uint32_t>> grouping_sets;
  // Arguments of GROUPING() calls as indexes into `groups`.
  std::vector<std::vector<uint32_t>> grouping_marks;
};

struct AggregatePlan {
  // One aggregate call and where its pieces are among the input columns.
  struct Call {
    const Expr* expr = nullptr;
    const AggregateFunction* function = nullptr;
    std::vector<uint32_t> args;  // input columns
    int filter = -1;             // input column
    uint32_t state_offset = 0;   // in the group's tail
    // All rows at hand are updated at once, in any order of groups.
    bool may_update_single = false;
    // DISTINCT and ORDER BY: the rows are sorted by the group's address, then by `order` (input
    // columns); `payload` is that address and the arguments.
    bool is_sorted = false;
    bool is_distinct = false;
    // DISTINCT where the order of rows does not matter: what was seen is kept in a hash table.
    bool is_hashed = false;
    std::vector<uint32_t> order;
    std::vector<SortColumn> sort_columns;
    std::vector<PhysicalType> payload;
    std::vector<KeyType> arg_types;  // for DISTINCT
  };

  explicit AggregatePlan(AggregateSpec aggregate_spec);

  // Several threads may aggregate parts of the input, to be merged afterwards.
  bool can_merge() const;

  AggregateSpec spec;
  bool has_sets;  // several grouping sets: the set's number is the last key
  uint32_t key_count;
  std::vector<const Expr*> inputs;  // group keys, then everything the calls need
  // Keys with the set's number, then the other inputs.
  std::vector<PhysicalType> input_types;
  std::vector<KeyType> keys;
  std::vector<Call> calls;
  uint32_t tail_bytes = 0;
  bool has_hashed = false;  // such a call

 private:
  void add_call(const Expr* expr);
};

}  // namespace luma
