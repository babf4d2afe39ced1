#pragma once
// Physical operators: a tree that is pulled chunk by chunk.
//
// Lifecycle: constructed once per plan (a cached plan keeps the tree), then open() .. next()* ..
// close() for each execution. open() may be called again at any time (a rescan): it must reset
// everything, including what depends on exec parameters. close() frees memory that grew with data.
// next() returns a chunk owned by the operator, never empty, valid until the following call of
// next(), open() or close(); nullptr at the end (and on every call after that). Plain synchronous
// code: blocking (locks, spill I/O) is allowed, and in inline mode a would-be wait throws
// WouldBlock (see engine/base/would_block.h), after which the tree is closed and run again.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/memory_budget.h"
#include "engine/base/work_counts.h"
#include "engine/exec/eval_context.h"
#include "engine/vector/vector.h"

namespace luma {

class DeferredChecks;   // engine/table
class ConstraintQueue;  // engine/table
class TableResolver;    // engine/row
class IdAllocator;      // engine/txn
class WorkerThreads;    // engine/exec/worker_threads.h
class TriggerCaller;    // engine/table

// A number that no other execution in this process has.
uint64_t new_execution_id();

// One execution of one plan.
struct ExecContext : EvalContext {
  // Tells what is computed once per execution (uncorrelated subplans) that a new one has begun.
  uint64_t execution_id = new_execution_id();
  MemoryBudget* memory = nullptr;    // the statement's budget
  size_t work_mem_bytes = 4u << 20;  // per operator, beyond it: spill
  double hash_mem_multiplier = 1;    // of work_mem_bytes, for hash tables
  size_t hash_mem_bytes() const {
    return static_cast<size_t>(static_cast<double>(work_mem_bytes) * hash_mem_multiplier);
  }
  std::string spill_directory;         // for temporary files; "" = spilling is not possible
  bool instrument = false;             // EXPLAIN ANALYZE: count and time every operator
  bool count_work = false;             // and what each reads and writes
  uint64_t rows_affected = 0;          // set by Insert/Update/Delete; the command tag's count
  TableResolver* tables = nullptr;     // other tables by oid, for foreign keys
  DeferredChecks* deferred = nullptr;  // constraints to be checked at commit; null: all immediate
  ConstraintQueue* constraints =
      nullptr;                 // shared by the statement's modifications; null: one each
  IdAllocator* ids = nullptr;  // hidden row ids of tables without a primary key
  // Parallel execution (engine/exec/divided_input.h). Null: everything runs on this thread.
  WorkerThreads* threads = nullptr;
  uint32_t max_workers = 0;                     // beside this thread, for one part of a plan
  uint64_t min_parallel_scan_bytes = 8u << 20;  // what reads less is not divided
  // In a worker: another worker has failed. Work ends at the next chunk.
  const std::atomic<bool>* abandoned = nullptr;
  TriggerCaller* triggers = nullptr;  // runs triggers' functions
  // session_replication_role is replica: only triggers and foreign keys meant for it fire.
  bool replays_changes = false;
};

// What one thread has done of an operator.
struct OperatorWork {
  uint64_t loops = 0;
  uint64_t rows = 0;
  uint64_t startup_ns = 0;  // until the first chunk
  uint64_t total_ns = 0;    // including children
  WorkCounts counts;        // including children
};

// How the rows of an operator were made by several threads.
struct DivisionStats {
  OperatorWork whole;                  // as the reader of the rows saw it
  uint64_t planned = 0, launched = 0;  // threads beside the statement's own, of all loops
};

struct OperatorStats : OperatorWork {
  size_t peak_memory_bytes = 0;
  size_t spilled_bytes = 0;
  // Rows that the operator's own condition, or that of a join, has taken out.
  uint64_t filtered_rows = 0;
  uint64_t join_filtered_rows = 0;
  // Of hash tables: 0 where there is none.
  uint64_t buckets = 0;
  uint64_t batches = 0;
  // By helping thread; the statement's own thread did the rest.
  std::vector<OperatorWork> workers;
  std::shared_ptr<DivisionStats> division;  // null: not divided
};

// "Sort Key: a, b DESC" under a node of EXPLAIN.
struct ExplainProperty {
  std::string name;
  std::string value;
};

class Operator {
 public:
  explicit Operator(std::vector<PhysicalType> output_types)
      : output_types_(std::move(output_types)) {}
  virtual ~Operator() = default;
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  void open(ExecContext& context) {
    stats_.loops += context.instrument ? 1 : 0;
    was_opened_ = true;
    if (context.count_work) return open_counted(context);
    do_open(context);
  }
  const Chunk* next(ExecContext& context);
  // Nothing happens when it is not open.
  void close(ExecContext& context) {
    if (!was_opened_) return;
    was_opened_ = false;
    do_close(context);
  }

  const std::vector<PhysicalType>& output_types() const { return output_types_; }
  virtual std::vector<Operator*> children() = 0;

  // --- division among threads; see engine/exec/divided_input.h ---
  // Whether siblings can ever be made: structure and expressions allow it.
  virtual bool is_divisible() const { return false; }
  // After open() and instead of next(): prepares what siblings share (hash tables, the pieces of
  // the source) and returns how many siblings would be of use. Less than 2: it is not worth it, and
  // next() gives all rows. Valid until close() or the next open().
  virtual size_t divide(ExecContext& context);
  // After divide(): another instance over the same shared state. All siblings together produce the
  // rows of this operator, each row once; each is opened, read and closed by a thread of its own,
  // all before this operator's close().
  virtual std::unique_ptr<Operator> make_sibling() { return nullptr; }

  // --- EXPLAIN ---
  struct Explain {
    std::string node_type;                    // "Hash Join", "Seq Scan"
    std::string target;                       // "on orders o"
    std::vector<ExplainProperty> properties;  // filled in by lowering, which knows names
    double estimated_rows = 0, startup_cost = 0, total_cost = 0;
    uint32_t width_bytes = 0;
  };
  Explain explain;
  OperatorStats& stats() { return stats_; }

 protected:
  virtual void do_open(ExecContext& context) = 0;
  virtual const Chunk* do_next(ExecContext& context) = 0;
  virtual void do_close(ExecContext& context) = 0;

 private:
  void open_counted(ExecContext& context);
  const Chunk* next_timed(ExecContext& context);

  std::vector<PhysicalType> output_types_;
  OperatorStats stats_;
  bool was_opened_ = false;
};

using OperatorPtr = std::unique_ptr<Operator>;

}  // namespace luma
