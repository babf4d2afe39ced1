#pragma once
// Names visible to expressions: FROM items of one query level, linked to the enclosing levels, plus
// the CTEs in reach. Rules are PostgreSQL's: an item has a relation name that can qualify columns
// (rel_visible) and columns that can be named alone (cols_visible); a JOIN hides its sides' columns
// behind its own merged ones.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/ast/query.h"
#include "sql/plan/logical.h"

namespace luma {

struct Table;

// How FOR UPDATE and the like lock a table's rows.
struct RowLock {
  RowLockStrength strength = RowLockStrength::kNone;
  RowLockWait wait = RowLockWait::kBlock;
  bool in_view = false;  // it reaches into a view's query from outside

  void add(const RowLock& other);
};

struct ScopeColumn {
  std::string name;
  ColumnId id = kNoColumn;
  // Whose SELECT privilege a reference needs: an entry of BoundQuery::privileges, or -1, and the
  // column's number there.
  int32_t privilege = -1;
  int16_t number = 0;
  // A column of an updated view: bound anew at each reference.
  std::function<Expr*()> compute;
};

struct ScopeItem {
  std::string alias;   // "" for an unaliased join
  std::string schema;  // of a stored relation without alias, for schema.table.column
  std::vector<ScopeColumn> columns;
  bool rel_visible = true;
  bool cols_visible = true;
  // Being bound as the right side of a join, visible only to LATERAL; and where referring to it is
  // an error because of the join's kind.
  bool lateral_only = false;
  bool lateral_ok = true;
  bool is_target = false;  // of UPDATE or DELETE, while its other tables are bound
  ScanOp* scan = nullptr;  // a stored table: system columns can be added
  // A partitioned table instead of it: the scans of its leaves, and columns that all of them give.
  bool partitioned = false;
  std::vector<ScanOp*> leaves;
  ColumnId leaf_oid = kNoColumn, leaf_key = kNoColumn;
  // Instead of a scan: a row of this table that a statement changes, and its key (kNoColumn: it is
  // new).
  TableDescPtr changed_table;
  ColumnId row_key = kNoColumn;
  VirtualScanOp* virtual_scan = nullptr;
  // Row level security: the filter over the scan, its table, and for whom it was bound.
  FilterOp* policy_filter = nullptr;
  const Table* secured = nullptr;
  Oid check_as = kInvalidOid;
  int32_t privilege = -1;  // of the relation that the item is: an entry of BoundQuery::privileges
  // The composite type of its rows; 0: they are records.
  Oid row_type = kInvalidOid;
  // On the side of an outer join that may be missing: a row of NULLs there is no row.
  bool nullable = false;
  // Of such an item without a scan: a column that is true where there is a row.
  ColumnId present = kNoColumn;
  // FROM f(...) AS a with a scalar result: "a" alone is the value, not a row.
  bool scalar_function = false;
  // The work table of a recursive query, seen from its recursive term.
  bool recursive_reference = false;
  // What rows FOR UPDATE locks of it: its own, or of the tables that a subquery or view reads.
  std::vector<LockRowsOp::Target> locks;
  std::string_view unlockable;  // what FOR UPDATE OF cannot name: "a join"
};

struct CteBinding {
  std::string name;
  CteDefinition* cte = nullptr;
  // While the recursive term is being bound: its work table's columns.
  uint32_t work_table = 0;
  bool in_recursion = false;
  std::vector<PlanColumn> columns;  // names as the CTE shows them
  size_t hidden_columns = 0;        // the last ones, which only its own recursion sees
  // The entries of BoundQuery::privileges that its query has added.
  size_t first_privilege = 0, last_privilege = 0;
  // Set when a reference in a place that recursion forbids must be refused.
  uint32_t recursive_references = 0;
};

// What a SELECT level collects while its expressions are bound.
struct SelectState {
  std::vector<ProjectItem> aggregates;     // kAggregate expressions
  std::vector<ProjectItem> windows;        // kWindow expressions
  std::vector<ProjectItem> set_returning;  // kSetReturning expressions
  struct Grouping {
    ColumnId column;
    std::vector<Expr*> args;
    int location;
  };
  std::vector<Grouping> groupings;
  // Named windows of the WINDOW clause, in order.
  std::vector<std::pair<std::string, const WindowInfo*>> named_windows;
};

struct Scope {
  Scope* parent = nullptr;
  std::vector<std::shared_ptr<ScopeItem>> items;
  std::vector<CteBinding*> ctes;        // innermost last
  const Scope* out_of_reach = nullptr;  // FROM siblings that only LATERAL would let in (for errors)
  SelectState* select = nullptr;        // owner of aggregates found at this level
  // Names in the level's expressions that may mean a row of FROM as a value.
  std::vector<std::string_view> row_names;
  // FOR UPDATE and the like of the level, by what they name; "": everything in FROM.
  std::vector<std::pair<std::string, RowLock>> row_locks;
};

// What the level's clauses do to the rows of what `alias` names in FROM.
RowLock row_lock_of(const Scope& scope, std::string_view alias);
RowLock row_lock_of(const ast::LockingClause& clause);

// Where an expression stands; decides what may occur in it and how errors name the place.
enum class Clause : uint8_t {
  kSelect,
  kWhere,
  kHaving,
  kJoinOn,
  kJoinUsing,
  kGroupBy,
  kOrderBy,
  kDistinctOn,
  kLimit,
  kOffset,
  kValues,
  kFromFunction,
  kFromSubselect,
  kFilter,
  kWindowPartition,
  kWindowOrder,
  kWindowFrame,
  kInsertTarget,
  kUpdateSource,
  kMergeWhen,
  kReturning,
  kCheck,
  kDefault,
  kIndex,
  kIndexPredicate,
  kGenerated,
  kExecute,
  kCopyWhere,
  kCallArgument,
  kAlterColumnUsing,
  kPolicy,
  kTriggerWhen,
  kPartition,
  kOther
};

}  // namespace luma
