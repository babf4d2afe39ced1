#pragma once
// The plan IR: relational operators over columns with query-unique identities. Every language
// lowers to it, the optimizer rewrites it, sql/lower turns it into physical operators.
//
// A ColumnId names one column produced by exactly one operator; expressions refer to columns by it,
// in whatever depth. A correlated reference is simply a ColumnId that no operator below produces.
// Operators and columns are owned by the PlanContext; pointers are stable until it dies. Not
// thread-safe.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/exec/expr.h"
#include "engine/row/table_desc.h"

namespace luma {

enum class OpKind : uint8_t {
  kScan,
  kVirtualScan,
  kValues,
  kOneRow,
  kFilter,
  kProject,
  kProjectSet,
  kJoin,
  kApply,
  kAggregate,
  kWindow,
  kDistinct,
  kSort,
  kLimit,
  kSetOp,
  kWith,
  kCteScan,
  kRecursiveUnion,
  kWorkTableScan,
  kTableFunction,
  kModify,
  kLockRows,
  kAsofJoin
};

struct LogicalOp {
  explicit LogicalOp(OpKind op_kind) : kind(op_kind) {}
  virtual ~LogicalOp() = default;
  OpKind kind;
  std::vector<LogicalOp*> inputs;
  // Columns this operator hands up, in order. Parents may use any of them.
  std::vector<ColumnId> output;
  // Estimates, filled by the optimizer; negative = unknown.
  double rows = -1;
  double cost = -1;
};

// column = expr
struct ProjectItem {
  ColumnId column = kNoColumn;
  Expr* expr = nullptr;
};

enum class RowLockStrength : uint8_t {
  kNone,
  kForKeyShare,
  kForShare,
  kForNoKeyUpdate,
  kForUpdate
};
std::string_view row_lock_name(RowLockStrength strength);  // "FOR UPDATE"
enum class RowLockWait : uint8_t { kBlock, kSkipLocked, kNoWait };

struct PartitionPlace;  // partition_place.h
struct PartitionRoute;  // engine/table

// A stored table. output lists the needed columns; attribute[i] is the 0-based attribute of
// output[i].
struct ScanOp : LogicalOp {
  ScanOp() : LogicalOp(OpKind::kScan) {}
  TableDescPtr table;
  std::string alias;
  std::vector<int32_t> attribute;  // parallel to output; kRowKeyAttribute for the row's key
  Expr* filter = nullptr;          // conjuncts pushed into the scan, over output columns
  // A leaf of a partitioned table that the statement names: the bounds that its rows keep.
  std::shared_ptr<const PartitionPlace> place;
  bool excluded = false;                             // no row can pass the filter
  static constexpr int32_t kRowKeyAttribute = -1;    // varlen: key bytes, for DML and row locks
  static constexpr int32_t kTableOidAttribute = -2;  // oid
};

// A pg_catalog relation produced by code.
struct VirtualScanOp : LogicalOp {
  VirtualScanOp() : LogicalOp(OpKind::kVirtualScan) {}
  Oid relation = kInvalidOid;
  std::string name;
  std::string alias;
  std::vector<int32_t> attribute;  // parallel to output; kTableOidAttribute allowed
  Expr* filter = nullptr;
};

struct ValuesOp : LogicalOp {
  ValuesOp() : LogicalOp(OpKind::kValues) {}
  std::vector<std::vector<Expr*>> value_rows;
};

struct OneRowOp : LogicalOp {
  OneRowOp() : LogicalOp(OpKind::kOneRow) {}
};

struct FilterOp : LogicalOp {
  FilterOp() : LogicalOp(OpKind::kFilter) {}
  Expr* condition = nullptr;
  // Conditions from above may only pass it when they can tell nothing about the rows that what is
  // below takes out (row level security, security_barrier views).
  bool barrier = false;
};

// output = items' columns; what is to pass through appears as an item whose expr is that very
// column (item.column == item.expr->column), which costs nothing.
struct ProjectOp : LogicalOp {
  ProjectOp() : LogicalOp(OpKind::kProject) {}
  std::vector<ProjectItem> items;
};

// Like Project, where some items are set-returning calls (kSetReturning at the top of the item, set
// results inside bigger expressions having been split off by the binder).
struct ProjectSetOp : LogicalOp {
  ProjectSetOp() : LogicalOp(OpKind::kProjectSet) {}
  std::vector<ProjectItem> items;
};

enum class JoinKind : uint8_t {
  kInner,
  kLeft,
  kRight,
  kFull,
  kSemi,
  kAnti,           // left rows with / without a match (anti: NOT EXISTS)
  kNullAwareAnti,  // NOT IN: condition is a conjunction of equalities under three-valued logic
  kMark,           // all left rows plus `mark`: true/false/NULL as IN gives it
  kSingle,         // left join; a second match for a left row is error 21000
};
// output: left columns, then right columns (not for semi/anti/mark), then mark.
struct JoinOp : LogicalOp {
  JoinOp() : LogicalOp(OpKind::kJoin) {}
  JoinKind join = JoinKind::kInner;
  Expr* condition = nullptr;  // nullptr: true
  // kMark, kNullAwareAnti: which right rows belong to the subquery at all, as opposed to
  // `condition`, the three-valued comparison with them.
  Expr* membership = nullptr;
  ColumnId mark = kNoColumn;
};
// Dependent join: the right side refers to columns of the left. What unnesting removes.
struct ApplyOp : LogicalOp {
  ApplyOp() : LogicalOp(OpKind::kApply) {}
  JoinKind join = JoinKind::kInner;
  Expr* condition = nullptr;
  Expr* membership = nullptr;
  ColumnId mark = kNoColumn;
};

// ASOF JOIN: each left row with the one right row that has equal keys and whose time is nearest
// among those that `left time compare right time` allows. Left: also the rows without one.
// output: left columns, then right columns.
struct AsofJoinOp : LogicalOp {
  AsofJoinOp() : LogicalOp(OpKind::kAsofJoin) {}
  bool is_left = false;
  // The comparison is >= or > (the right row is earlier), and one that equal times pass.
  bool looks_back = true, includes_equal = true;
  struct Pair {
    Expr* left = nullptr;
    Expr* right = nullptr;
    // The comparison, for EXPLAIN: its operands may be outdated, and were the other way around.
    const Expr* as_written = nullptr;
    bool is_turned = false;
  };
  std::vector<Pair> keys;
  Pair times;
};

// output: group columns (in all grouping sets; NULL where not in the set), aggregates, grouping
// marks.
struct AggregateOp : LogicalOp {
  AggregateOp() : LogicalOp(OpKind::kAggregate) {}
  std::vector<ProjectItem> groups;      // group column = expr over the input
  std::vector<ProjectItem> aggregates;  // column = kAggregate expr
  // Indexes into `groups` per grouping set; empty = one set with all groups.
  std::vector<std::vector<uint32_t>> grouping_sets;
  // GROUPING(...) results: column and the indexes into `groups` of its arguments.
  struct GroupingMark {
    ColumnId column;
    std::vector<uint32_t> groups;
  };
  std::vector<GroupingMark> grouping_marks;
};

// All items share one window definition (partition, order, frame may differ per item).
struct WindowOp : LogicalOp {
  WindowOp() : LogicalOp(OpKind::kWindow) {}
  std::vector<Expr*> partition_by;
  std::vector<SortKey> order_by;
  std::vector<ProjectItem> items;  // column = kWindow expr; output = input's output + these
};

struct DistinctOp : LogicalOp {
  DistinctOp() : LogicalOp(OpKind::kDistinct) {}
  // Empty: all output columns. Otherwise DISTINCT ON: the input is sorted by these first.
  std::vector<Expr*> on;
};

struct SortOp : LogicalOp {
  SortOp() : LogicalOp(OpKind::kSort) {}
  std::vector<SortKey> keys;
};

struct LimitOp : LogicalOp {
  LimitOp() : LogicalOp(OpKind::kLimit) {}
  Expr* limit = nullptr;  // int8; NULL value = no limit
  Expr* offset = nullptr;
  bool with_ties = false;  // the input is a SortOp
};

enum class SetOpKind : uint8_t { kUnion, kIntersect, kExcept };
// output[i] takes columns[0][i] from the left input and columns[1][i] from the right one.
struct SetOpOp : LogicalOp {
  SetOpOp() : LogicalOp(OpKind::kSetOp) {}
  SetOpKind set_op = SetOpKind::kUnion;
  bool all = false;
  bool partitions = false;  // UNION ALL of a partitioned table's leaves, or of several of them
  std::vector<ColumnId> columns[2];
};

// WITH: inputs[0] is the main query, the rest are in `ctes`. Each CTE is evaluated at most once
// per evaluation of this operator (data-modifying ones exactly once, to the end).
struct CteDefinition {
  uint32_t id = 0;  // unique in the PlanContext
  std::string name;
  LogicalOp* plan = nullptr;  // output columns = plan->output
  enum class Mode : uint8_t { kDefault, kMaterialized, kNotMaterialized } mode = Mode::kDefault;
  bool modifies_data = false;
  bool recursive = false;
  uint32_t references = 0;
};
struct WithOp : LogicalOp {
  WithOp() : LogicalOp(OpKind::kWith) {}
  std::vector<CteDefinition*> ctes;  // owned by the PlanContext
};
// One reference to a CTE: output[i] is this reference's name for the CTE's column i.
struct CteScanOp : LogicalOp {
  CteScanOp() : LogicalOp(OpKind::kCteScan) {}
  CteDefinition* cte = nullptr;
  std::string alias;
};

// inputs: non-recursive term, recursive term; the latter reads WorkTableScan ops with the same id.
struct RecursiveUnionOp : LogicalOp {
  RecursiveUnionOp() : LogicalOp(OpKind::kRecursiveUnion) {}
  uint32_t work_table = 0;
  bool all = false;
  std::vector<ColumnId> columns[2];  // as in SetOpOp
};
struct WorkTableScanOp : LogicalOp {
  WorkTableScanOp() : LogicalOp(OpKind::kWorkTableScan) {}
  uint32_t work_table = 0;
  std::string alias;
};

// FROM function(...): several in ROWS FROM; arguments may be correlated (under Apply).
struct TableFunctionOp : LogicalOp {
  TableFunctionOp() : LogicalOp(OpKind::kTableFunction) {}
  struct Call {
    Expr* call = nullptr;        // kSetReturning, or any scalar expression (one row)
    uint32_t column_count = 1;   // columns it contributes to output
    bool expand_record = false;  // a scalar composite result spread over the columns
  };
  std::vector<Call> calls;
  bool ordinality = false;  // last output column: int8
  std::string alias;
};

enum class ModifyKind : uint8_t { kInsert, kUpdate, kDelete, kMerge };
struct CheckExpr {
  std::string name;          // of the constraint
  Expr* expr = nullptr;      // over new_columns; NULL passes constraints only
  bool view_option = false;  // WITH CHECK OPTION: 44000 instead of 23514
  bool policy = false;       // row level security: 42501; without a name for permissive ones
  bool partition = false;    // the bound of a partition that is written directly
};
struct OnConflict {
  bool update = false;                // DO UPDATE, otherwise DO NOTHING
  std::vector<Oid> indexes;           // arbiters; empty: any unique index (DO NOTHING only)
  std::vector<ColumnId> old_columns;  // the existing row, by attribute
  std::vector<ColumnId> excluded_columns;
  std::vector<Expr*> assignments;  // by attribute, nullptr = unchanged
  Expr* where = nullptr;
  // Row level security: of the existing row, and of the updated one instead of ModifyOp::checks;
  // empty without it.
  std::vector<CheckExpr> old_checks, new_checks;
};
// A WHEN clause of MERGE: the first one whose condition holds acts on the row.
struct MergeAction {
  bool matched = false;
  bool does_nothing = false;
  ModifyKind modify = ModifyKind::kInsert;
  Expr* condition = nullptr;       // over input columns
  std::vector<Expr*> assignments;  // as in ModifyOp
};
// What a change of a table with others below it is in one of those that have rows.
struct ModifyLeaf {
  TableDescPtr table;
  std::vector<int32_t> root_attribute;  // by the leaf's attribute; -1: dropped, or its own
  std::vector<ColumnId> new_columns;    // by the leaf's attribute: ModifyOp's, or of its own
  std::vector<CheckExpr> checks;        // over new_columns, as the next ones
  std::vector<Expr*> generated;         // by the leaf's attribute
  Expr* bound = nullptr;                // what its rows fulfil; UPDATE: others move
  std::vector<Oid> arbiters;            // ON CONFLICT
};
// INSERT, UPDATE, DELETE, MERGE. Vectors "by attribute" have one entry per TableDesc column.
struct ModifyOp : LogicalOp {
  ModifyOp() : LogicalOp(OpKind::kModify) {}
  ModifyKind modify = ModifyKind::kInsert;
  TableDescPtr table;
  // `table` is a view whose INSTEAD OF triggers do what is to be done.
  bool instead = false;
  // UPDATE, DELETE, MERGE: the target row as the input produces it (MERGE: NULLs when there is
  // none).
  ColumnId row_key = kNoColumn;
  std::vector<ColumnId> old_columns;
  // The condition that made the row qualify, over input columns: evaluated again on the row's
  // latest version when somebody changed it meanwhile (READ COMMITTED).
  Expr* recheck = nullptr;
  // INSERT: every attribute; UPDATE: the assigned ones. Over input columns.
  std::vector<Expr*> assignments;
  // The row as stored, after generated columns; CHECKs and RETURNING refer to these.
  std::vector<ColumnId> new_columns;
  std::vector<Expr*> generated;  // by attribute, over new_columns; nullptr if not generated
  std::vector<CheckExpr> checks;
  OnConflict* on_conflict = nullptr;  // owned by the PlanContext
  std::vector<MergeAction> merge_actions;
  // Of a partitioned table, or one that others inherit from: the tables that have rows, how rows
  // find theirs (partitions: keys over new_columns), and the one that a row to be changed comes
  // from.
  bool is_partitioned = false;
  std::vector<ModifyLeaf> leaves;
  std::shared_ptr<const PartitionRoute> route;
  ColumnId table_oid = kNoColumn;
  ColumnId leaf_oid = kNoColumn;       // in `returning`: the leaf that has the new row
  std::vector<ProjectItem> returning;  // over new_columns (DELETE: old_columns) and input columns
};

// FOR UPDATE/SHARE: locks the named rows as they pass.
struct LockRowsOp : LogicalOp {
  LockRowsOp() : LogicalOp(OpKind::kLockRows) {}
  struct Target {
    TableDescPtr table;
    ColumnId row_key = kNoColumn;
    std::vector<ColumnId> columns;  // by attribute, kNoColumn where not read
    // Of a partitioned table's leaf: locks the rows that have the table's oid here.
    ColumnId table_oid = kNoColumn;
    RowLockStrength strength = RowLockStrength::kForUpdate;
    RowLockWait wait = RowLockWait::kBlock;
  };
  // What stands between the targets and here, from below: done again to a row that somebody changed
  // before it was locked.
  struct Step {
    Expr* expr = nullptr;
    ColumnId column = kNoColumn;   // gets the value of `expr`
    std::vector<ColumnId> absent;  // the side of an outer join: NULL unless `expr` is true
    // Neither: the row drops out unless `expr` is true.
  };
  std::vector<Target> targets;
  std::vector<Step> steps;
  // The clause is one of an enclosing query, about this subquery or view.
  bool is_handed_down = false;
};

struct PlanColumn {
  std::string name;
  TypeRef type;
  Oid collation = kInvalidOid;
  // The stored column behind it, for RowDescription; 0 when computed.
  Oid table = kInvalidOid;
  int16_t attnum = 0;
};

// Owner of one statement's logical plan.
class PlanContext {
 public:
  Arena& arena() { return arena_; }

  template <typename Op>
  Op* make() {
    auto op = std::make_unique<Op>();
    Op* raw = op.get();
    ops_.push_back(std::move(op));
    return raw;
  }
  CteDefinition* make_cte() {
    ctes_.push_back(std::make_unique<CteDefinition>());
    ctes_.back()->id = static_cast<uint32_t>(ctes_.size() - 1);
    return ctes_.back().get();
  }
  OnConflict* make_on_conflict() {
    conflicts_.push_back(std::make_unique<OnConflict>());
    return conflicts_.back().get();
  }
  ColumnId new_column(PlanColumn column) {
    columns_.push_back(std::move(column));
    return static_cast<ColumnId>(columns_.size() - 1);
  }
  PlanColumn& column(ColumnId id) { return columns_[id]; }
  const PlanColumn& column(ColumnId id) const { return columns_[id]; }
  size_t column_count() const { return columns_.size(); }
  uint32_t new_work_table() { return work_tables_++; }
  // A kColumn expression for `id`.
  Expr* column_ref(ColumnId id);
  // Keeps something alive as long as the plan (a TableDesc, a catalog snapshot, a parse tree).
  void keep(std::shared_ptr<const void> thing) { kept_.push_back(std::move(thing)); }

 private:
  Arena arena_;
  std::vector<std::unique_ptr<LogicalOp>> ops_;
  std::vector<std::unique_ptr<CteDefinition>> ctes_;
  std::vector<std::unique_ptr<OnConflict>> conflicts_;
  std::vector<PlanColumn> columns_;
  std::vector<std::shared_ptr<const void>> kept_;
  uint32_t work_tables_ = 0;
};

// What a query needs of one relation that it names; checked when its plan is about to run.
struct RequiredPrivilege {
  Oid relation = kInvalidOid;
  Oid check_as = kInvalidOid;  // the owner of the view that names it; 0: whoever runs the query
  // Depth of the subquery or view that names it: outer ones are checked first.
  uint32_t level = 0;
  bool select = false, insert = false, update = false, remove = false;
  // attnums; 0 is the whole row, negative ones are system columns. Empty: a privilege on any column
  // will do.
  std::vector<int16_t> selected, inserted, updated;
};

// One bound statement that runs as a plan (SELECT, VALUES, INSERT, UPDATE, DELETE, and the query
// inside EXPLAIN, COPY, CREATE TABLE AS, DECLARE CURSOR, ...).
struct BoundQuery {
  std::unique_ptr<PlanContext> context;
  LogicalOp* root = nullptr;
  // What the client sees, in order: plan columns (names in PlanColumn may differ from the label).
  struct ResultColumn {
    std::string label;
    ColumnId column = kNoColumn;
  };
  std::vector<ResultColumn> result;
  std::vector<TypeRef> parameter_types;  // $1..$n, all resolved
  // Tables touched, with the table lock mode each needs (PostgreSQL's numbering 1..8).
  struct TableLock {
    Oid table;
    uint8_t mode;
  };
  std::vector<TableLock> locks;
  std::vector<RequiredPrivilege> privileges;
  std::vector<Oid> functions;  // called ones that not everybody may EXECUTE by default
  bool modifies_data = false;  // INSERT/UPDATE/DELETE anywhere (also in a CTE)
  bool locks_rows = false;     // FOR UPDATE/SHARE
  bool has_volatile = false;
  bool calls_routines = false;  // user-defined functions, which run on workers
  // False when the text depends on things that a later execution could see differently beyond the
  // catalog version (then the plan cache must not keep it).
  bool cacheable = true;
};

// Text form of a plan for tests and debugging.
std::string dump_plan(const PlanContext& context, const LogicalOp& root);
std::string dump_expr(const PlanContext& context, const Expr& expr);

// The columns an expression refers to (subqueries' free columns included), appended without
// duplicates.
void collect_columns(const Expr& expr, std::vector<ColumnId>& out);
// Columns used below `op` that no operator below produces: its correlation.
std::vector<ColumnId> free_columns(const LogicalOp& op);

}  // namespace luma
