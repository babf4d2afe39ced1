#pragma once
// An aggregate over window frames: one state that grows while frames only grow, that gives rows
// back when the aggregate can remove them, and otherwise is computed anew per frame, over a tree of
// partial states when frames are large and the aggregate can combine. Rows are asked in ascending
// order. Owned by WindowOperator; one per call. Not thread-safe.
#include <memory>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/exec/window_frame.h"

namespace luma {

class WindowAggregate {
 public:
  // `argument_types`: of the view's argument columns; `filter_column`: in the rows, -1 for none.
  WindowAggregate(const Expr& call, std::vector<PhysicalType> argument_types, int filter_column);
  ~WindowAggregate();

  void start_partition(ExecContext& context, WindowFrameView& view, const RowLayout& layout);
  // Results of rows [from, from + count) into `result` (flat, begun).
  void evaluate(ExecContext& context, WindowFrameView& view, uint64_t from, uint32_t count,
                Vector& result);
  void close();

 private:
  // One aggregate state and the memory it uses.
  struct State {
    std::unique_ptr<Arena> arena;
    std::unique_ptr<std::byte[]> bytes;
    bool live = false;
  };
  struct TreeLevel {
    uint64_t rows_per_node = 0;
    uint64_t nodes = 0;
    std::unique_ptr<std::byte[]> bytes;
    uint64_t live = 0;
  };

  AggregateCall call_in(ExecContext& context, Arena& arena) const {
    return {context, *expr_, arena};
  }
  void begin(ExecContext& context, State& state);
  void end(State& state);
  void add_rows(ExecContext& context, Arena& arena, std::byte* state, WindowFrameView& view,
                uint64_t from, uint64_t to);
  void remove_rows(ExecContext& context, WindowFrameView& view, uint64_t from, uint64_t to);
  void add_frame(ExecContext& context, WindowFrameView& view, uint64_t from, uint64_t to);
  void add_from_tree(ExecContext& context, WindowFrameView& view, uint64_t from, uint64_t to);
  void build_tree(ExecContext& context, WindowFrameView& view);
  void drop_tree();
  void move_frame(ExecContext& context, WindowFrameView& view, uint64_t from, uint64_t to);
  void recompute(ExecContext& context, WindowFrameView& view, uint64_t row, uint64_t from,
                 uint64_t to);

  const Expr* expr_;
  const AggregateFunction* function_;
  std::vector<PhysicalType> argument_types_;
  int filter_column_;
  uint32_t state_bytes_;
  State state_;
  uint64_t from_ = 0, to_ = 0;  // rows in state_
  bool has_frame_ = false;
  const RowLayout* layout_ = nullptr;

  std::unique_ptr<Arena> tree_arena_;
  std::vector<TreeLevel> tree_;

  Chunk arguments_;
  std::vector<const std::byte*> selected_;
  std::vector<std::byte*> states_;
  Value result_;
  std::unique_ptr<Arena> result_arena_;
};

// Reads columns of rows that stand in a RowCollection of this layout.
void gather_rows(const RowLayout& layout, uint32_t column, const std::byte* const* rows,
                 uint32_t count, Vector& out);

}  // namespace luma
