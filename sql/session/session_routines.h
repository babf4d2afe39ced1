#pragma once
// Private to sql/session: user-defined functions and procedures, run inside a statement of the
// session.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sql/function/routine_caller.h"
#include "sql/routine/pl_run.h"
#include "sql/routine/pl_tree.h"
#include "sql/routine/pl_values.h"
#include "sql/routine/routine_host.h"
#include "sql/routine/sql_body.h"
#include "sql/session/session.h"

namespace luma {

class SqlSession::Routines final : public RoutineCaller, public RoutineHost {
 public:
  explicit Routines(SqlSession& session) : session_(session), conversions_(*this) {}

  // RoutineCaller
  Value call(EvalContext& context, const Expr& call, std::span<const Value> args,
             Arena& arena) override;
  std::unique_ptr<TableFunctionState> call_set(EvalContext& context, const Expr& call,
                                               std::span<const Value> args) override;
  bool call_trigger(EvalContext& context, Oid function, const TriggerData& data, Arena& arena,
                    std::vector<Value>& row) override;
  QueryRows query(std::string_view sql, Arena& arena) override;
  const EventTriggerData* event_trigger() const override { return event_; }
  void fire_table_rewrite(Oid table, int32_t reason) override;

  // Runs a data definition and the event triggers that it fires. `run` returns the statement's tag.
  std::string with_event_triggers(const ast::Node* node, const std::function<std::string()>& run);
  // DO and CALL. `atomic`: inside a transaction block or another statement.
  void run_do(const ast::DoStmt& statement, bool atomic);
  std::vector<ResultColumnInfo> call_columns(const ast::CallStmt& statement);
  void run_top_call(const ast::CallStmt& statement, bool atomic, RowReceiver& receiver);
  int depth() const { return depth_; }

  // RoutineHost
  BindEnvironment& environment() override { return session_.environment_; }
  void fill_context(ExecContext& context) override;
  MemoryBudget& memory() override { return session_.memory_; }
  Interrupt& interrupt() override { return session_.interrupt_; }
  PlanStamp stamp() override;
  std::string setting(std::string_view name) override;
  std::unique_ptr<RoutinePlan> plan(const ast::Node* node, VariableScope* scope) override {
    return make_plan(node, scope, false);
  }
  std::unique_ptr<RoutinePlan> plan_cursor(const ast::Node* node, VariableScope* scope) override {
    return make_plan(node, scope, true);
  }
  uint64_t run(RoutinePlan& plan, std::span<const Value> parameters, const RowVisitor& visit,
               bool read_only) override;
  uint64_t run_utility(const ast::Node* node, std::string_view text,
                       std::vector<ResultColumnInfo>* columns = nullptr,
                       const RowVisitor* visit = nullptr) override;
  std::vector<CallOutput> run_call(const ast::Node* call, VariableScope* scope,
                                   const GatherArguments& gather, Arena& arena,
                                   bool atomic) override;
  void begin_subtransaction() override;
  void release_subtransaction() override;
  void rollback_subtransaction() override;
  void commit(bool chain) override;
  void rollback(bool chain) override;
  void message(std::string_view level, SqlError error) override;
  std::string open_cursor(const std::string& name, RoutinePlan& plan,
                          std::span<const Value> parameters, bool read_only, bool scroll) override;
  uint64_t fetch(const std::string& name, const Fetch& fetch, const FetchVisitor& visit) override;
  void close_cursor(const std::string& name) override;
  void pin_cursor(const std::string& name) override { pinned_.insert(name); }
  void unpin_cursor(const std::string& name) override { pinned_.erase(name); }

 private:
  class Plan;
  class Frame;
  // A function with one set of argument types, compiled.
  struct Compiled {
    ObjectPtr function;
    uint64_t catalog_version = 0;
    RoutineTypes types;
    std::shared_ptr<PlFunction> tree;  // PL/pgSQL
    // SQL: plans of the statements, as far as they have been run.
    std::unique_ptr<SqlBody> body;
    struct Planned {
      PlanStamp stamp;
      std::vector<std::unique_ptr<RoutinePlan>> idle;
    };
    std::vector<Planned> plans;
  };
  using CompiledPtr = std::shared_ptr<Compiled>;

  std::unique_ptr<RoutinePlan> plan_execute(const ast::ExecuteStmt& execute);
  std::unique_ptr<RoutinePlan> make_plan(const ast::Node* node, VariableScope* scope,
                                         bool for_cursor);
  void keep_pinned(const std::function<void()>& end);
  CompiledPtr compile(const Function& function, std::span<const Oid> inputs, Oid result);
  CompiledPtr compiled_of(const Expr& call);
  void fire_event(const EventTriggerData& data);
  const Function& require_function(Oid oid) const;
  // The last statement's rows go to `visit`, with their columns.
  using SqlVisitor =
      std::function<bool(const std::vector<ResultColumnInfo>& columns, const Chunk& chunk)>;
  void run_sql(Compiled& compiled, std::span<const Value> args, const SqlVisitor& visit);
  uint64_t run_sql_statement(Compiled& compiled, size_t statement, std::span<const Value> args,
                             const SqlVisitor& visit);
  // A row as the function returns it: its columns, or one composite value.
  std::vector<Value> sql_row(const Compiled& compiled, const std::vector<ResultColumnInfo>& columns,
                             const Chunk& chunk, uint32_t row, bool spread, Arena& arena);
  std::vector<CallOutput> run_procedure(const Function& function, std::span<const Oid> inputs,
                                        std::span<const Value> args, Arena& arena, bool atomic);

  SqlSession& session_;
  PlConversions conversions_;
  std::map<std::pair<Oid, std::vector<Oid>>, CompiledPtr> compiled_;
  std::set<std::string> pinned_;  // cursors
  const EventTriggerData* event_ = nullptr;
  std::string rewriting_tag_;  // of the statement that runs, when it fires event triggers
  int depth_ = 0;
  const char* stack_base_ = nullptr;
};

}  // namespace luma
