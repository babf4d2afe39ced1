#pragma once
// From a syntax tree to something that runs: bind, optimize, lower. The result owns everything it
// needs (expressions, operators); it can be executed any number of times, one execution at a time.
#include <memory>
#include <string>
#include <vector>

#include "engine/exec/op_parameter_rows.h"
#include "engine/exec/operator.h"
#include "sql/ast/node.h"
#include "sql/bind/bind_environment.h"
#include "sql/lower/cursor_keys.h"
#include "sql/optimize/optimizer.h"
#include "sql/plan/logical.h"

namespace luma {

struct ExplainNotes;
class VariableScope;  // sql/bind

struct ResultColumnInfo {
  std::string name;
  TypeRef type;
  Oid table = kInvalidOid;  // the stored column behind it, 0 when computed
  int16_t attnum = 0;
};

class GatherOperator;

struct PhysicalPlan {
  // Declared before the operators: they point into it and go first.
  std::unique_ptr<PlanContext> context;
  OperatorPtr root;  // output column i is result column i
  std::vector<ResultColumnInfo> columns;
  std::vector<TypeRef> parameter_types;
  std::vector<BoundQuery::TableLock> locks;   // to take before each execution
  std::vector<RequiredPrivilege> privileges;  // that whoever executes it must have
  std::vector<Oid> functions;                 // likewise EXECUTE on these
  uint32_t exec_parameter_count = 0;          // size of EvalContext::exec_parameters
  bool modifies_data = false;                 // INSERT/UPDATE/DELETE, also inside WITH
  bool locks_rows = false;
  bool calls_routines = false;
  bool cacheable = true;
  // A constant expression that fails (constant_check.h): thrown when the plan is about to run.
  std::shared_ptr<const SqlError> constant_error;
  bool folds_parameters = false;
  void require_constants() const {
    if (constant_error != nullptr) throw SqlError(*constant_error);
  }
  bool is_point_operation = false;  // a unique-key lookup, or one row by VALUES
  // Where the rows of parameters go, when it was planned for them. Owned by `root`.
  ParameterRowsOperator* parameter_rows = nullptr;
  // The root, when threads find its rows ahead of the reader.
  GatherOperator* gather = nullptr;
  double estimated_cost = 0;  // in the unit of sql/optimize/cost_model.h
  // What the command tag counts: 'S' rows returned, or the root modification's kind 'I', 'U', 'D'.
  char command = 'S';
  bool has_returning = false;  // a modification that returns rows
  // Of a cursor: the root's output columns behind `columns`.
  std::vector<CursorKey> cursor_keys;
  // For EXPLAIN (explain_tree.h).
  std::shared_ptr<ExplainNotes> notes;
};

struct PlannerContext {
  BindEnvironment& environment;
  const TableStatistics& statistics;
  EvalContext evaluation;  // constant folding; session may be null
  std::string disabled_passes;
  std::vector<Oid> parameter_types;  // declared ones; 0 = infer
  // The statement's VALUES, of one row, is to be evaluated for many rows of parameters.
  bool takes_parameter_rows = false;
  bool for_cursor = false;  // WHERE CURRENT OF may name it
  PlannerSettings settings = {};
  // Of the function whose body the statement belongs to.
  VariableScope* variables = nullptr;
};

// `statement` is a SELECT, VALUES, INSERT, UPDATE or DELETE. Throws SqlError.
std::unique_ptr<PhysicalPlan> plan_query(const ast::Node* statement, PlannerContext& context);

// An already bound query.
std::unique_ptr<PhysicalPlan> plan_bound_query(BoundQuery query, PlannerContext& context);

}  // namespace luma
