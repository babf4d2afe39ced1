#pragma once
// One call of a PL/pgSQL function: its variables, and the walk over its tree. Lives for the call;
// used by the session's thread.
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/exec/evaluator.h"
#include "sql/function/routine_caller.h"
#include "sql/routine/pl_tree.h"
#include "sql/routine/pl_values.h"
#include "sql/routine/routine_host.h"

namespace luma {

// Those that nobody uses right now: an expression may call its function again.
using PlEvaluators = std::vector<std::unique_ptr<ExprEvaluator>>;

// What is kept with an expression between its evaluations.
struct PlPrepared {
  static constexpr int kWholeRecord = -2, kNewPart = -3;
  PlanStamp stamp;
  struct Parameter {
    int variable = -1;
    int field = -1;  // of a record; kWholeRecord: its being NULL
    TypeRef type;
    std::string field_name;
    // Of a record that is used as a whole: whether it had a value when this was prepared, and the
    // composite type that it was of.
    std::optional<bool> is_assigned;
    Oid row_type = kInvalidOid;
  };
  std::vector<Parameter> parameters;
  std::unique_ptr<PlanContext> context;  // owns `expr`, an expression without a plan
  const Expr* expr = nullptr;
  PlEvaluators idle;
  PlEvaluators idle_elements;  // of the element that the expression appends to an array
  std::vector<std::unique_ptr<RoutinePlan>> idle_plans;
};

// What is kept with a target that is a part of a value: an expression for the whole value, of which
// parameter 0 is what it was and parameter 1 the new part.
struct PlPart {
  PlPrepared whole;
  TypeRef base_type, part_type;
  // An element that may be stored where it belongs: its subscript and its value.
  const Expr* subscript = nullptr;
  const Expr* element = nullptr;
  PlEvaluators idle_subscripts, idle_elements;
};

class PlRun {
 public:
  PlRun(RoutineHost& host, PlConversions& conversions, std::shared_ptr<PlFunction> function);
  ~PlRun();

  // `atomic`: COMMIT and ROLLBACK are not possible.
  void set_atomic(bool atomic) { atomic_ = atomic; }
  Value call(std::span<const Value> args, Arena& arena);
  // `types`: of the columns of `rows`.
  void call_set(std::span<const Value> args, std::vector<TypeRef> types, ChunkStore& rows);
  bool call_trigger(const TriggerData& data, Arena& arena, std::vector<Value>& row);
  void call_event_trigger(std::string_view event, std::string_view tag);
  // Output arguments after a procedure's call.
  std::vector<std::pair<TypeRef, Value>> outputs(Arena& arena);

 private:
  friend class PlScope;
  enum class Flow : uint8_t { kNormal, kExit, kContinue, kReturn };

  // --- pl_run.cc: calls and blocks
  template <typename Body>
  void guarded(Body&& body);
  void add_context(SqlError& error);
  void store_arguments(std::span<const Value> args);
  void initialise(int variable);
  void run_function();
  Flow run_body(const PlBody& body);
  Flow run(const PlStatement& statement);
  Flow run_block(const PlBlock& block);
  Flow run_protected(const PlBlock& block);
  const PlHandler* find_handler(const PlBlock& block, const SqlError& error) const;
  Value record_value(const PlRow& row, const std::vector<RoutineTypes::Field>& fields,
                     Arena& arena);
  void require_field_type(TypeRef type, TypeRef wanted, size_t field) const;
  Value result_value(Arena& arena);
  void set_text(int variable, std::string_view text);

  // --- pl_run_control.cc
  Flow run_if(const PlIf& statement);
  Flow run_case(const PlCase& statement);
  Flow run_loop(const PlLoop& loop);
  Flow run_for_integer(const PlLoop& loop);
  Flow run_for_rows(const PlLoop& loop);
  Flow run_foreach(const PlLoop& loop);
  void require_foreach_target(const PlLoop& loop) const;
  // True when the loop goes on; else `flow` is what it ends with.
  bool goes_on(const PlLoop& loop, Flow& flow);
  Flow run_exit(const PlExit& statement);
  Flow run_return(const PlReturn& statement);
  void return_next(const PlReturn& statement);
  void return_query(const PlReturn& statement);
  void raise(const PlRaise& statement);
  void assert_that(const PlAssert& statement);
  void diagnostics(const PlDiagnostics& statement);

  // --- pl_run_sql.cc
  void run_sql(const PlSql& statement);
  const ast::Node* with_variables(const PlExpr& expr, Arena& arena);
  void run_perform(const PlSql& statement);
  void run_execute(const PlSql& statement);
  void run_call(const PlSql& statement);
  const PlTarget& output_target(const PlSql& statement,
                                const RoutineHost::OutputPlace& place) const;
  void assign_cursor_arguments(const PlVariable& cursor, const std::vector<PlExprPtr>& arguments);
  std::string open_query(const PlExpr& expr, const std::string& name, bool scroll);
  Flow run_for_cursor(const PlLoop& loop);
  void open_cursor(const PlCursor& statement);
  void fetch_cursor(const PlCursor& statement);
  void close_cursor(const PlCursor& statement);
  // Runs a query of the body; for text that is made while running, with its USING values.
  uint64_t query(const PlExpr& expr, const RowVisitor& visit,
                 std::vector<ResultColumnInfo>& columns);
  uint64_t dynamic_query(const PlExpr& text, const std::vector<PlExprPtr>& arguments,
                         const RowVisitor& visit, std::vector<ResultColumnInfo>& columns,
                         bool& returns_rows);
  void store_row(const std::vector<PlTarget>& targets, const std::vector<ResultColumnInfo>& columns,
                 const Chunk* chunk, uint32_t row);
  void store_record(int variable, const std::vector<ResultColumnInfo>& columns, const Chunk* chunk,
                    uint32_t row);
  void require_not_read_only(const PhysicalPlan& plan) const;
  std::string cursor_name(int variable) const;

  // --- pl_expression.cc
  // Bytes live until the next leaf statement.
  Value evaluate(const PlExpr& expr, TypeRef* type);
  Value evaluate_as(const PlExpr& expr, TypeRef type);
  Value evaluate_bound(const Expr& expr, PlEvaluators& idle, std::span<const Value> values);
  bool condition(const PlExpr& expr);
  std::shared_ptr<PlPrepared> prepare(const PlExpr& expr);
  bool is_current(const PlPrepared& prepared) const;
  void gather(const PlPrepared& prepared, std::vector<Value>& values) const;
  // value() of what `expr` gives as text; nullopt for NULL.
  std::optional<std::string> text_of(const Value& value, TypeRef type);
  void assign(const PlTarget& target, const Value& value, TypeRef type);
  void assign_variable(int variable, const Value& value, TypeRef type);
  // A record that was assigned a row as it stands has the names of its fields.
  void keep_field_names(const PlExpr& value, const PlTarget& target);
  void assign_row(int variable, const Value& value, TypeRef type);
  // A record of a domain keeps its old value when the new one is refused.
  template <typename Change>
  void change_record(int variable, Change&& change);
  bool is_domain(int variable) const;
  // Of a record whose type is a domain.
  void check_domain(int variable);

  // --- pl_parts.cc
  void assign_part(const PlTarget& target, const Value& value, TypeRef type);
  std::shared_ptr<PlPart> prepare_part(const PlTarget& target, TypeRef base_type, TypeRef type,
                                       const std::string& name);
  bool store_element(PlPart& part, PlSlot& place, std::span<const Value> values);
  // a := a || element, without making the array anew; false: to be done as usual.
  bool append_element(const PlAssign& assignment);

  void set_null_row(int variable);
  const PlVariable& declared(int variable) const {
    return function_->variables[static_cast<size_t>(variable)];
  }
  PlSlot& slot(int variable) { return scalars_[static_cast<size_t>(variable)]; }
  PlRow& row(int variable) { return rows_[static_cast<size_t>(variable)]; }
  const PlRow& row(int variable) const { return rows_[static_cast<size_t>(variable)]; }
  void set_found(bool found) {
    slot(function_->found).assign(Datum::of_bool(found), PhysicalType::kBool);
  }
  void add_result_row(std::span<const Value> values);
  void flush_results();

  RoutineHost& host_;
  PlConversions& conversions_;
  std::shared_ptr<PlFunction> function_;
  std::vector<PlSlot> scalars_;
  std::vector<PlRow> rows_;
  std::unique_ptr<Arena> temporary_;  // values of the running leaf statement
  const PlStatement* current_ = nullptr;
  std::string doing_;  // what happens outside of statements, for CONTEXT
  int doing_line_ = 0;
  std::string exit_label_;
  bool returned_ = false;
  int returned_variable_ = -1;
  PlSlot result_;
  TypeRef result_type_;
  std::vector<const SqlError*> caught_;  // being handled, innermost last
  uint64_t row_count_ = 0;
  bool atomic_ = true;
  int subtransactions_ = 0;
  bool rethrows_ = false;  // the error under way knows already where it happened here
  const TriggerData* trigger_ = nullptr;
  // Set-returning functions.
  ChunkStore* results_ = nullptr;
  std::vector<TypeRef> result_types_;
  std::optional<Chunk> pending_;
};

template <typename Change>
void PlRun::change_record(int variable, Change&& change) {
  if (!is_domain(variable)) return change();
  PlRow before = row(variable);
  try {
    change();
    check_domain(variable);
  } catch (...) {
    row(variable) = std::move(before);
    throw;
  }
}

// The names that one expression or statement can use.
class PlScope final : public VariableScope {
 public:
  PlScope(PlRun& run, const PlName* names, std::vector<PlPrepared::Parameter>& parameters)
      : run_(run), names_(names), parameters_(parameters) {}
  VariableConflict on_conflict() const override { return run_.function_->on_conflict; }
  Expr* find(std::span<const std::string_view> names, bool is_column, Arena& arena) override;
  Expr* parameter(int32_t number, Arena& arena) override;
  std::vector<Oid> parameter_types() const override;
  bool find_rows(std::string_view name, NamedRows& rows, Arena& arena) override;

 private:
  Expr* variable(int number, std::string_view field, bool has_field, bool is_column, Arena& arena);
  Expr* add(PlPrepared::Parameter parameter, Arena& arena);
  PlRun& run_;
  const PlName* names_;
  std::vector<PlPrepared::Parameter>& parameters_;
};

}  // namespace luma
