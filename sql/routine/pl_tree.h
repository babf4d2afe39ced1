#pragma once
// A PL/pgSQL function as a tree: declarations resolved to numbered variables, SQL kept as syntax
// trees that are bound when first run. Immutable after parsing but for what execution keeps with
// each expression (PlExpr::prepared); used by one session.
#include <memory>
#include <string>
#include <vector>

#include "engine/base/arena.h"
#include "engine/base/sql_state.h"
#include "sql/ast/node.h"
#include "sql/bind/variable_scope.h"
#include "sql/routine/sql_body.h"

namespace luma {

struct PlPrepared;  // pl_run.h: bound form and plans
struct PlPart;      // pl_run.h: bound form of a part

// One link of the names in reach: newest first. A label begins a level.
struct PlName {
  const PlName* outer = nullptr;
  bool is_label = false;
  bool is_loop = false;  // what the label is of
  std::string name;
  int variable = -1;
};

struct PlExpr {
  std::string text;
  int offset = 0;  // in the body
  bool is_statement = false;
  std::string assigns;  // "x := 1": what errors call it when it is an assignment
  const ast::Node* node = nullptr;
  const PlName* names = nullptr;
  mutable std::shared_ptr<PlPrepared> prepared;
};
using PlExprPtr = std::unique_ptr<PlExpr>;

struct PlVariable {
  std::string name;
  int line = 0;
  // kRecord: a row whose fields come with what is assigned to it, or those of `type`.
  enum class Kind : uint8_t { kScalar, kRecord } kind = Kind::kScalar;
  TypeRef type;
  bool constant = false;
  bool not_null = false;
  PlExprPtr initial;
  // Declared as a cursor: its query, and its arguments as variables.
  PlExprPtr cursor_query;
  std::vector<int> cursor_arguments;
  bool is_cursor = false;
  bool scroll = false;
};

// A place to store: a variable, a field of a record, or a part of either.
struct PlTarget {
  int variable = -1;
  std::string field;                    // "" = the whole variable
  std::vector<const ast::Node*> steps;  // subscripts and fields inside that
  std::string text;
  const PlName* names = nullptr;  // in reach of the subscripts
  mutable std::shared_ptr<PlPart> part;
};

enum class PlKind : uint8_t {
  kBlock,
  kAssign,
  kIf,
  kCase,
  kLoop,
  kWhile,
  kForInteger,
  kForQuery,
  kForExecute,
  kForCursor,
  kForeach,
  kExit,
  kReturn,
  kReturnNext,
  kReturnQuery,
  kRaise,
  kAssert,
  kSql,
  kPerform,
  kExecute,
  kDiagnostics,
  kOpen,
  kFetch,
  kClose,
  kCall,
  kCommit,
  kRollback,
  kNull
};

struct PlStatement {
  explicit PlStatement(PlKind k, int at) : kind(k), line(at) {}
  virtual ~PlStatement() = default;
  PlKind kind;
  int line;
};
using PlStatementPtr = std::unique_ptr<PlStatement>;
using PlBody = std::vector<PlStatementPtr>;

struct PlHandler {
  // A condition's class ("22000") stands for all of its codes. Empty: OTHERS.
  std::vector<std::string> codes;
  bool others = false;
  PlBody body;
};
struct PlBlock : PlStatement {
  using PlStatement::PlStatement;
  std::string label;
  std::vector<int> declared;  // variables to initialise
  PlBody body;
  std::vector<PlHandler> handlers;
  int sqlstate = -1, sqlerrm = -1;  // variables of the handlers
};
struct PlAssign : PlStatement {
  using PlStatement::PlStatement;
  PlTarget target;
  PlExprPtr value;
};
struct PlIf : PlStatement {
  using PlStatement::PlStatement;
  std::vector<std::pair<PlExprPtr, PlBody>> branches;
  PlBody otherwise;
};
struct PlCase : PlStatement {
  using PlStatement::PlStatement;
  int variable = -1;  // holds the value that WHENs compare with; -1: searched form
  PlExprPtr value;
  std::vector<std::pair<PlExprPtr, PlBody>> branches;
  bool has_else = false;
  PlBody otherwise;
};
// LOOP, WHILE and all FORs.
struct PlLoop : PlStatement {
  using PlStatement::PlStatement;
  std::string label;
  PlBody body;
  PlExprPtr condition;           // WHILE
  int variable = -1;             // FOR i, FOREACH of a variable of its own
  PlExprPtr lower, upper, step;  // FOR i
  bool reverse = false;
  PlExprPtr query;                   // FOR r IN query; the text of EXECUTE; the array of FOREACH
  std::vector<PlExprPtr> arguments;  // USING; of a cursor
  std::vector<PlTarget> targets;     // FOR r: one record, or scalars
  int cursor = -1;
  int slice = 0;
};
struct PlExit : PlStatement {
  using PlStatement::PlStatement;
  bool is_continue = false;
  std::string label;
  PlExprPtr condition;
};
struct PlReturn : PlStatement {
  using PlStatement::PlStatement;
  PlExprPtr value;
  int variable = -1;                 // RETURN of a variable, as it is
  PlExprPtr query;                   // RETURN QUERY
  std::vector<PlExprPtr> arguments;  // of RETURN QUERY EXECUTE
  bool is_dynamic = false;
};
struct PlRaise : PlStatement {
  using PlStatement::PlStatement;
  std::string level = "exception";
  std::string condition;  // name or code; "" = none
  std::string format;
  bool has_format = false;
  std::vector<PlExprPtr> arguments;
  std::vector<std::pair<std::string, PlExprPtr>> options;
  bool is_reraise() const { return condition.empty() && !has_format && options.empty(); }
};
struct PlAssert : PlStatement {
  using PlStatement::PlStatement;
  PlExprPtr condition, message;
};
// A SQL statement, PERFORM, EXECUTE, CALL.
struct PlSql : PlStatement {
  using PlStatement::PlStatement;
  PlExprPtr statement;
  std::vector<PlExprPtr> arguments;  // EXECUTE ... USING
  bool into = false, strict = false;
  std::vector<PlTarget> targets;
  // CALL: where output arguments go; no target for inputs.
  std::vector<PlTarget> outputs;
};
struct PlDiagnostics : PlStatement {
  using PlStatement::PlStatement;
  bool stacked = false;
  std::vector<std::pair<PlTarget, std::string>> items;
};
struct PlCursor : PlStatement {
  using PlStatement::PlStatement;
  int variable = -1;
  PlExprPtr query;  // OPEN c FOR query; the text of EXECUTE
  bool is_dynamic = false;
  bool scroll = false, no_scroll = false;
  std::vector<PlExprPtr> arguments;
  // FETCH, MOVE
  bool is_move = false;
  std::string direction = "next";  // next prior first last absolute relative forward backward all
  PlExprPtr count;
  std::vector<PlTarget> targets;
};
struct PlCommit : PlStatement {
  using PlStatement::PlStatement;
  bool chain = false;
};

struct PlFunction {
  std::string name;  // as CONTEXT lines show it
  std::string body;
  Arena arena;  // of syntax trees
  std::vector<std::unique_ptr<PlName>> names;
  std::vector<PlVariable> variables;
  std::vector<int> inputs;   // variables of the arguments, in order
  std::vector<int> outputs;  // of output arguments
  int found = -1;
  int result_row = -1;  // several output arguments have no variable of their own
  std::unique_ptr<PlBlock> block;
  RoutineTypes types;
  bool returns_set = false, is_procedure = false, is_trigger = false, is_inline = false;
  bool is_event_trigger = false;
  bool read_only = false;  // stable or immutable
  // TG_*, NEW, OLD.
  struct TriggerVariables {
    int new_row = -1, old_row = -1, name = -1, when = -1, level = -1, op = -1, relid = -1,
        relname = -1, table_name = -1, table_schema = -1, nargs = -1, argv = -1;
  } trigger;
  // Of event triggers.
  int event = -1, tag = -1;
  VariableConflict on_conflict = VariableConflict::kError;
  bool print_strict_params = false;
};

// The variable that the names mean in a chain, and how many of the names say so; -1: none.
std::pair<int, size_t> find_pl_variable(const PlFunction& function, const PlName* names,
                                        std::span<const std::string_view> parts);

// Parses and resolves. Throws with offsets into the body.
std::shared_ptr<PlFunction> parse_pl_function(BindEnvironment& environment,
                                              const Function& function, RoutineTypes types);

}  // namespace luma
