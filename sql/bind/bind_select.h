#pragma once
// One SELECT level (no set operation, no VALUES): FROM, WHERE, grouping, windows, targets,
// DISTINCT, ORDER BY, LIMIT, row locks, in the order in which PostgreSQL resolves names. Used once.
#include <string>
#include <unordered_set>
#include <vector>

#include "sql/bind/binder.h"

namespace luma {

class SelectBinder {
 public:
  // `target_types`: column types of an INSERT this feeds (untyped literals take them); may be null.
  // `keep_unknown`: leaves untyped literals untyped, for a set operation to decide.
  SelectBinder(Binder& binder, const ast::SelectStmt& select, Scope* parent,
               const std::vector<TypeRef>* target_types, bool keep_unknown);
  BoundSelect bind();

 private:
  struct Target {
    std::string label;
    Expr* expr = nullptr;
    bool junk = false;            // only for ORDER BY, DISTINCT ON or row locks
    ColumnId column = kNoColumn;  // once projected
  };
  struct OrderItem {
    size_t target;
    const ast::SortBy* sort;
  };

  void bind_targets();
  void add_target(const ast::ResTarget& target);
  void add_row_fields(Expr* row, int location);
  void expand_star(const ast::ColumnRef& ref);
  void add_star_columns(const ScopeItem& item);
  void resolve_unknown_targets();
  size_t find_target(const ast::Node* node, Clause clause, std::string_view clause_name);
  size_t find_or_add(Expr* expr);
  bool match_label(const ast::Node* node, Clause clause, std::string_view clause_name,
                   size_t& index);

  void bind_group_clause();
  using GroupSets = std::vector<std::vector<uint32_t>>;
  GroupSets expand_group_item(const ast::Node* node);
  uint32_t add_group(const ast::Node* node);
  LogicalOp* add_aggregate(LogicalOp* plan);
  Expr* above_aggregate(Expr* expr);
  bool determined_by_group(const ScopeItem& item);
  void find_determined_columns();
  // The group that is this column; nullptr when it is none.
  const ProjectItem* group_of_column(ColumnId column);
  [[noreturn]] void ungrouped_column(const ScopeItem* item, ColumnId column, bool in_subquery,
                                     int location);

  // --- time_bucket_gapfill (bind_gap_fill.cc) ---
  struct GapBounds {
    Expr* start = nullptr;
    Expr* finish = nullptr;
    bool with_finish = false;
  };
  LogicalOp* fill_gaps(LogicalOp* plan, Expr* where);
  GapBounds gap_bounds(const Expr& call, Expr* where);
  void infer_bounds(Expr* condition, const Expr& time, GapBounds& bounds);
  Expr* call_builtin(std::string_view name, std::vector<Expr*> args, int location);
  LogicalOp* bucket_series(const Expr& call, const GapBounds& bounds, ColumnId* bucket);
  LogicalOp* read_again(CteDefinition* cte);
  LogicalOp* missing_buckets(CteDefinition* cte, size_t bucket_at, size_t group_count,
                             LogicalOp* series, ColumnId bucket);
  void define_gap_windows(size_t bucket_at);
  void check_gap_windows();

  LogicalOp* add_windows(LogicalOp* plan);
  LogicalOp* add_set_returning(LogicalOp* plan);
  LogicalOp* add_grouped_sets(LogicalOp* plan);
  // FOR UPDATE and the like (bind_row_locks.cc).
  void announce_row_locks();
  void refuse_row_locks() const;
  void bind_locking();
  bool hands_up_locks() const;
  LogicalOp* add_row_locks(LogicalOp* plan);
  LogicalOp* project(LogicalOp* plan);
  bool computes_targets_last() const;
  BoundSelect finish(WithOp* with, LogicalOp* plan);
  LogicalOp* sort_below_targets(LogicalOp* plan);
  LogicalOp* add_distinct_and_sort(LogicalOp* plan);
  LogicalOp* drop_junk(LogicalOp* plan);

  Binder& binder_;
  const ast::SelectStmt& select_;
  Scope* scope_;
  SelectState& state_;
  const std::vector<TypeRef>* target_types_;
  bool keep_unknown_;

  std::vector<Target> targets_;
  std::vector<OrderItem> order_;
  std::vector<size_t> distinct_on_;
  std::vector<ProjectItem> groups_;
  std::vector<int> group_locations_;
  // Columns that a primary key among the groups determines; they join the groups once somebody
  // asks for them.
  std::unordered_set<ColumnId> determined_;
  AggregateOp* aggregate_ = nullptr;
  GroupSets grouping_sets_;
  std::vector<LockRowsOp::Target> locks_;
  RowLock handed_lock_;
  bool grouped_ = false;
  ColumnId gap_mark_ = kNoColumn;  // whether a row was added by time_bucket_gapfill
};

// The literal an untyped output column of a plain SELECT or VALUES row comes from; nullptr
// otherwise.
Expr** untyped_source(LogicalOp* plan, ColumnId column);

// The label PostgreSQL gives an expression without AS ("?column?" when nothing better).
std::string figure_column_name(const ast::Node* node);

}  // namespace luma
