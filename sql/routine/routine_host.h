#pragma once
// What running a function's body needs of the session: plans, rows, savepoints, cursors, messages.
// The session implements it; used by its thread, inside its transaction.
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/chunk_store.h"
#include "sql/ast/node.h"
#include "sql/bind/bind_environment.h"
#include "sql/bind/variable_scope.h"
#include "sql/lower/planner.h"

namespace luma {

// Changes with whatever makes bound expressions and plans useless.
struct PlanStamp {
  uint64_t catalog_version = 0;
  uint64_t plan_epoch = 0;
  Oid role = kInvalidOid;
  bool operator==(const PlanStamp&) const = default;
};

// A planned statement; one execution at a time.
class RoutinePlan {
 public:
  virtual ~RoutinePlan() = default;
  virtual const PhysicalPlan& physical() const = 0;
  bool returns_rows() const { return physical().command == 'S' || physical().has_returning; }
};

// Thrown by RoutineHost::run(): definitions have changed since it was planned.
struct StaleRoutinePlan {};

// Gets the rows of a plan; false: no more are wanted.
using RowVisitor = std::function<bool(const Chunk& chunk)>;

class RoutineHost {
 public:
  virtual ~RoutineHost() = default;
  virtual BindEnvironment& environment() = 0;
  // Memory, interrupt, session and transaction of the running statement; `arena` is left alone.
  virtual void fill_context(ExecContext& context) = 0;
  virtual MemoryBudget& memory() = 0;
  virtual Interrupt& interrupt() = 0;
  virtual PlanStamp stamp() = 0;
  // A setting's text.
  virtual std::string setting(std::string_view name) = 0;

  virtual std::unique_ptr<RoutinePlan> plan(const ast::Node* node, VariableScope* scope) = 0;
  // Of a cursor, which WHERE CURRENT OF may name.
  virtual std::unique_ptr<RoutinePlan> plan_cursor(const ast::Node* node, VariableScope* scope) = 0;
  // Runs it with these parameters; returns the number of rows returned or changed. `read_only`: in
  // the surrounding statement's snapshot, changing nothing.
  virtual uint64_t run(RoutinePlan& plan, std::span<const Value> parameters,
                       const RowVisitor& visit, bool read_only) = 0;
  // Anything that is no plan. What it returns (EXPLAIN, SHOW, FETCH) goes to `visit`, with its
  // columns in `columns` before; both null: nowhere.
  virtual uint64_t run_utility(const ast::Node* node, std::string_view text,
                               std::vector<ResultColumnInfo>* columns = nullptr,
                               const RowVisitor* visit = nullptr) = 0;
  // CALL: binds the arguments in `scope`, whose parameters' values `gather` then gives; it is told
  // where the output arguments are before the procedure runs. Returns these in order.
  struct CallOutput {
    size_t position;  // among all arguments
    TypeRef type;
    Value value;
  };
  struct OutputPlace {
    std::string name;               // of the parameter; may be empty
    size_t position;                // among all arguments
    std::optional<size_t> written;  // which of the call's arguments; none: a default
  };
  using GatherArguments =
      std::function<void(std::span<const OutputPlace> places, std::vector<Value>& values)>;
  virtual std::vector<CallOutput> run_call(const ast::Node* call, VariableScope* scope,
                                           const GatherArguments& gather, Arena& arena,
                                           bool atomic) = 0;

  // Subtransactions nest; the last one begun ends first.
  virtual void begin_subtransaction() = 0;
  virtual void release_subtransaction() = 0;
  virtual void rollback_subtransaction() = 0;
  // Of the whole transaction, where `may_end_transaction`.
  virtual void commit(bool chain) = 0;
  virtual void rollback(bool chain) = 0;

  // "DEBUG1", "LOG", "INFO", "NOTICE", "WARNING".
  virtual void message(std::string_view level, SqlError error) = 0;

  // Cursors: all rows are read when they are opened. `name` may be empty: one is made up. The plan
  // becomes the cursor's.
  virtual std::string open_cursor(const std::string& name, RoutinePlan& plan,
                                  std::span<const Value> parameters, bool read_only,
                                  bool scroll) = 0;
  struct Fetch {
    std::string_view direction;  // as written: "next", "forward all", ...
    int64_t count = 1;
  };
  // Rows go to `visit`, after a first call without a chunk; returns how many were passed.
  using FetchVisitor =
      std::function<void(const std::vector<ResultColumnInfo>&, const Chunk* chunk, uint32_t row)>;
  virtual uint64_t fetch(const std::string& name, const Fetch& fetch,
                         const FetchVisitor& visit) = 0;
  virtual void close_cursor(const std::string& name) = 0;
  // A pinned cursor outlives the transaction that `commit` or `rollback` ends.
  virtual void pin_cursor(const std::string& name) = 0;
  virtual void unpin_cursor(const std::string& name) = 0;
};

}  // namespace luma
