#pragma once
// A plan with everything one execution of it needs, kept together so that executing it again
// allocates nothing; and a statement's text with its plan, which prepared statements and the plan
// cache share. Used by the session's thread.
#include <memory>
#include <string>
#include <vector>

#include "engine/base/arena.h"
#include "engine/base/memory_budget.h"
#include "engine/exec/op_gather.h"
#include "engine/exec/operator.h"
#include "engine/txn/transaction.h"
#include "sql/ast/node.h"
#include "sql/lower/planner.h"

namespace luma {

class PlanRun;

// A statement that rules have added to the one at hand; or NOTIFY.
struct RuleCompanion {
  std::unique_ptr<PlanRun> run;
  const ast::Node* utility = nullptr;
};

class PlanRun {
 public:
  PlanRun(std::unique_ptr<PhysicalPlan> plan, MemoryBudget* parent_budget)
      : budget_(MemoryBudget::kUnlimited, parent_budget), arena_(&budget_), plan_(std::move(plan)) {
    context_.memory = &budget_;
    context_.arena = &arena_;
    exec_parameters_.resize(plan_->exec_parameter_count);
    parameters_.resize(plan_->parameter_types.size());
  }
  ~PlanRun() { close(); }
  PlanRun(const PlanRun&) = delete;
  PlanRun& operator=(const PlanRun&) = delete;

  const PhysicalPlan& plan() const { return *plan_; }
  PhysicalPlan& plan() { return *plan_; }
  ExecContext& context() { return context_; }
  MemoryBudget& budget() { return budget_; }
  // Statement lifetime: emptied by begin().
  Arena& arena() { return arena_; }
  // $1.. of the next execution; their long strings live in arena().
  std::vector<Value>& parameters() { return parameters_; }

  // Forgets the last execution's values; then parameters are filled in.
  void begin() {
    close();
    arena_.reset();
  }
  // Called with the context's session parts filled in. `reads_all`: the reader will want every row.
  void open(bool reads_all = true) {
    if (plan_->gather != nullptr) plan_->gather->set_reads_all(reads_all);
    context_.parameters = parameters_;
    context_.exec_parameters = exec_parameters_;
    context_.execution_id = new_execution_id();
    context_.rows_affected = 0;
    is_open_ = true;
    plan_->root->open(context_);
  }
  const Chunk* next() { return plan_->root->next(context_); }
  void close() noexcept {
    if (!is_open_) return;
    is_open_ = false;
    plan_->root->close(context_);
  }
  bool is_open() const { return is_open_; }

  // What the plan was made under.
  uint64_t catalog_version = 0;
  uint64_t plan_epoch = 0;
  Oid role = kInvalidOid;
  // That role was found to have the privileges that the plan needs.
  bool is_permitted = false;
  // What rules want to be run before and after it, and what keeps the trees of all that.
  std::vector<RuleCompanion> before, after;
  std::shared_ptr<const void> rule_trees;
  // False: rules have left nothing of the statement itself.
  bool has_main = true;

 private:
  // Before the plan, whose operators give back what they hold when they go.
  MemoryBudget budget_;
  Arena arena_;
  std::unique_ptr<PhysicalPlan> plan_;
  ExecContext context_;
  std::vector<Value> parameters_, exec_parameters_;
  bool is_open_ = false;
};

// How a statement is run.
enum class StatementKind : uint8_t { kEmpty, kPlan, kUtility };

struct CachedQuery {
  std::string text;
  Arena arena;  // of the tree
  const ast::Node* node = nullptr;
  StatementKind kind = StatementKind::kEmpty;
  std::vector<Oid> declared_types;  // as Parse or PREPARE gave them
  bool takes_parameter_rows = false;
  bool for_cursor = false;
  // What the client was told; a new plan must agree.
  bool described = false;
  std::vector<Oid> parameter_types;
  std::vector<ResultColumnInfo> columns;
  bool has_columns = false;
  // A plan that nobody is executing. Executions take it and give it back.
  std::unique_ptr<PlanRun> spare;
  int64_t prepare_micros = 0;
  bool from_sql = false;
  uint64_t executions = 0;
  // Of the plan cache, with parameters for a statement's literals. Nobody was told of their types:
  // they follow the definitions.
  bool for_literals = false;
  bool needs_literals = false;  // literals cannot be parameters
};
using CachedQueryPtr = std::shared_ptr<CachedQuery>;

}  // namespace luma
