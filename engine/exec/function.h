#pragma once
// The interfaces that built-in functions implement. The facts about a function (oid, argument
// types, strictness, volatility: pg_proc) live in sql/function's registry; here is only what runs.
//
// Vector kernels get all argument vectors and write `count` results. Row functions get one row's
// values; `row_kernel<fn, strict>` makes a vector kernel of one. There is one implementation of
// each function for all uses: a single-row statement calls the same kernel with count = 1.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/exec/eval_context.h"
#include "engine/vector/vector.h"

namespace luma {

struct Expr;

struct KernelCall {
  EvalContext& context;
  const Expr& expr;  // the call: argument types, typmods, constants, collation
  std::span<const Vector* const> args;
  uint32_t count;  // rows to compute
};

// Writes rows [0, count) of `result`, which the kernel itself begins (begin_flat/begin_constant or
// reference). NULL handling is the kernel's (adapters do it for strict functions). Throws SqlError.
using VectorKernel = void (*)(const KernelCall& call, Vector& result);

// For comparisons: writes the ascending row numbers for which the call is true to `selection` (room
// for call.count) and returns how many, without making a boolean vector.
using SelectKernel = uint32_t (*)(const KernelCall& call, uint32_t* selection);

// One row: args are values (possibly NULL unless the function is strict). Results of variable
// length are allocated from `arena`, which lives as long as the result vector.
struct RowCall {
  EvalContext& context;
  const Expr& expr;
  Arena& arena;
};
using RowFunction = Value (*)(RowCall& call, const Value* args);

// --- aggregates ---
// A state is `state_bytes` of raw memory in an arena, initialised by `init`. States are never
// moved. When `destroy` is set it runs exactly once per initialised state (states with owned
// memory).
struct AggregateCall {
  EvalContext& context;
  const Expr& expr;  // the aggregate call (kAggregate)
  Arena& arena;      // lives as long as the states
};
struct AggregateFunction {
  uint32_t state_bytes = 0;
  void (*init)(const AggregateCall& call, std::byte* state) = nullptr;
  // Adds row i of `args` to states[i], for i in [0, count). Strict aggregates skip rows with a NULL
  // argument themselves.
  void (*update)(const AggregateCall& call, std::byte* const* states,
                 std::span<const Vector* const> args, uint32_t count) = nullptr;
  // The same when all rows go to one state (no GROUP BY); nullptr: update() is used.
  void (*update_single)(const AggregateCall& call, std::byte* state,
                        std::span<const Vector* const> args, uint32_t count) = nullptr;
  // Merges `from` into `into`; nullptr when the aggregate cannot run in parallel.
  void (*combine)(const AggregateCall& call, std::byte* into, const std::byte* from) = nullptr;
  Value (*finalize)(const AggregateCall& call, const std::byte* state) = nullptr;
  void (*destroy)(std::byte* state) = nullptr;
  // Takes one row out again, for moving window frames; nullptr: the window recomputes.
  void (*remove)(const AggregateCall& call, std::byte* state, const Value* args) = nullptr;
};

// --- window functions (row_number, rank, lag, ...); aggregates over windows use AggregateFunction
// --- Sees one whole partition, sorted. Positions are 0-based row numbers in the partition.
class WindowPartition {
 public:
  virtual ~WindowPartition() = default;
  virtual uint64_t row_count() const = 0;
  // Value of argument `arg` of the call at partition row `row`.
  virtual Value argument(uint32_t arg, uint64_t row) = 0;
  // First and one-past-last row that are peers of `row` under the window's ORDER BY.
  virtual uint64_t peer_begin(uint64_t row) = 0;
  virtual uint64_t peer_end(uint64_t row) = 0;
  // Frame of `row` before EXCLUDE; rows inside may be excluded (see in_frame).
  virtual uint64_t frame_begin(uint64_t row) = 0;
  virtual uint64_t frame_end(uint64_t row) = 0;
  virtual bool in_frame(uint64_t row, uint64_t candidate) = 0;
};
struct WindowFunction {
  // Fills `result` (flat, begun, capacity >= count) for partition rows [from, from + count).
  void (*evaluate)(const AggregateCall& call, WindowPartition& partition, uint64_t from,
                   uint32_t count, Vector& result) = nullptr;
};

// --- set-returning functions (generate_series, unnest, json_each, ...) ---
// One call of a set-returning function with concrete arguments; produces rows chunk by chunk.
class TableFunctionState {
 public:
  virtual ~TableFunctionState() = default;
  // Fills `out` (columns of the function's result, begun) with up to its capacity rows; sets
  // out.size; 0 rows means the end.
  virtual void next(EvalContext& context, Chunk& out) = 0;
};
// `args`: the evaluated arguments. `expr`: the call. Returns nullptr for an empty set.
using TableFunction = std::unique_ptr<TableFunctionState> (*)(EvalContext& context,
                                                              const Expr& expr,
                                                              std::span<const Value> args);

// What a pg_proc row runs. Exactly one of kernel, aggregate, window and table is set.
struct FunctionImplementation {
  VectorKernel kernel = nullptr;
  SelectKernel select = nullptr;  // optional companion of `kernel`
  bool is_equality = false;       // kernel is the equality of a type's default order
  // Depends on nothing but its arguments and what is constant during a statement, and never asks
  // the session: several threads may call it at once.
  bool is_parallel_safe = false;
  const AggregateFunction* aggregate = nullptr;
  const WindowFunction* window = nullptr;
  TableFunction table = nullptr;
};

}  // namespace luma
