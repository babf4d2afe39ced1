#pragma once
// Queries: SELECT, VALUES, INSERT, UPDATE, DELETE, MERGE, and what stands in a FROM list.
#include <cstdint>
#include <string_view>

#include "sql/ast/expression.h"

namespace luma::ast {

struct Alias : NodeOf<NodeTag::kAlias> {
  std::string_view aliasname;
  NameList colnames;
  LUMA_AST_FIELDS(aliasname, colnames)
};

struct RangeVar : NodeOf<NodeTag::kRangeVar> {
  std::string_view catalogname;
  std::string_view schemaname;
  std::string_view relname;
  bool inh = false;         // false after ONLY
  char relpersistence = 0;  // 'p', 'u' or 't'
  const Alias* alias = nullptr;
  LUMA_AST_FIELDS(catalogname, schemaname, relname, inh, relpersistence, alias)
};

struct ResTarget : NodeOf<NodeTag::kResTarget> {
  std::string_view name;
  NodeList indirection;  // subscripts and field names of an assignment target
  const Node* val = nullptr;
  LUMA_AST_FIELDS(name, indirection, val)
};

struct RangeSubselect : NodeOf<NodeTag::kRangeSubselect> {
  bool lateral = false;
  const Node* subquery = nullptr;
  const Alias* alias = nullptr;
  LUMA_AST_FIELDS(lateral, subquery, alias)
};

struct RangeFunction : NodeOf<NodeTag::kRangeFunction> {
  bool lateral = false;
  bool ordinality = false;
  bool is_rowsfrom = false;
  NodeList functions;  // ListNodes of (function, ListNode of column definitions or null)
  const Alias* alias = nullptr;
  NodeList coldeflist;
  LUMA_AST_FIELDS(lateral, ordinality, is_rowsfrom, functions, alias, coldeflist)
};

struct RangeTableFunc : NodeOf<NodeTag::kRangeTableFunc> {
  bool lateral = false;
  const Node* docexpr = nullptr;
  const Node* rowexpr = nullptr;
  NodeList namespaces;
  NodeList columns;
  const Alias* alias = nullptr;
  LUMA_AST_FIELDS(lateral, docexpr, rowexpr, namespaces, columns, alias)
};

struct RangeTableFuncCol : NodeOf<NodeTag::kRangeTableFuncCol> {
  std::string_view colname;
  const TypeName* type_name = nullptr;
  bool for_ordinality = false;
  bool is_not_null = false;
  const Node* colexpr = nullptr;
  const Node* coldefexpr = nullptr;
  LUMA_AST_FIELDS(colname, type_name, for_ordinality, is_not_null, colexpr, coldefexpr)
};

struct RangeTableSample : NodeOf<NodeTag::kRangeTableSample> {
  const Node* relation = nullptr;
  NameList method;
  NodeList args;
  const Node* repeatable = nullptr;
  LUMA_AST_FIELDS(relation, method, args, repeatable)
};

struct JoinExpr : NodeOf<NodeTag::kJoinExpr> {
  JoinType jointype{};
  bool is_natural = false;
  bool is_asof = false;  // LumaDB's: the nearest row by an inequality
  const Node* larg = nullptr;
  const Node* rarg = nullptr;
  NameList using_clause;
  const Alias* join_using_alias = nullptr;
  const Node* quals = nullptr;
  const Alias* alias = nullptr;
  LUMA_AST_FIELDS(jointype, is_natural, is_asof, larg, rarg, using_clause, join_using_alias, quals,
                  alias)
};

struct GroupingSet : NodeOf<NodeTag::kGroupingSet> {
  GroupingSetKind kind{};
  NodeList content;
  LUMA_AST_FIELDS(kind, content)
};

struct LockingClause : NodeOf<NodeTag::kLockingClause> {
  NodeList locked_rels;
  LockClauseStrength strength{};
  LockWaitPolicy wait_policy{};
  LUMA_AST_FIELDS(locked_rels, strength, wait_policy)
};

struct WithClause : NodeOf<NodeTag::kWithClause> {
  NodeList ctes;
  bool recursive = false;
  LUMA_AST_FIELDS(ctes, recursive)
};

struct CTESearchClause : NodeOf<NodeTag::kCTESearchClause> {
  NameList search_col_list;
  bool search_breadth_first = false;
  std::string_view search_seq_column;
  LUMA_AST_FIELDS(search_col_list, search_breadth_first, search_seq_column)
};

struct CTECycleClause : NodeOf<NodeTag::kCTECycleClause> {
  NameList cycle_col_list;
  std::string_view cycle_mark_column;
  const Node* cycle_mark_value = nullptr;
  const Node* cycle_mark_default = nullptr;
  std::string_view cycle_path_column;
  LUMA_AST_FIELDS(cycle_col_list, cycle_mark_column, cycle_mark_value, cycle_mark_default,
                  cycle_path_column)
};

struct CommonTableExpr : NodeOf<NodeTag::kCommonTableExpr> {
  std::string_view ctename;
  NameList aliascolnames;
  CTEMaterialize ctematerialized{};
  const Node* ctequery = nullptr;
  const CTESearchClause* search_clause = nullptr;
  const CTECycleClause* cycle_clause = nullptr;
  LUMA_AST_FIELDS(ctename, aliascolnames, ctematerialized, ctequery, search_clause, cycle_clause)
};

struct IntoClause : NodeOf<NodeTag::kIntoClause> {
  const RangeVar* rel = nullptr;
  NameList col_names;
  std::string_view access_method;
  NodeList options;
  OnCommitAction on_commit{};
  std::string_view table_space_name;
  bool skip_data = false;
  LUMA_AST_FIELDS(rel, col_names, access_method, options, on_commit, table_space_name, skip_data)
};

struct SelectStmt : NodeOf<NodeTag::kSelectStmt> {
  NodeList distinct_clause;  // nothing: plain; one null element: DISTINCT; else DISTINCT ON
  const IntoClause* into_clause = nullptr;
  NodeList target_list;
  NodeList from_clause;
  const Node* where_clause = nullptr;
  NodeList group_clause;
  bool group_distinct = false;
  const Node* having_clause = nullptr;
  NodeList window_clause;
  NodeList values_lists;  // ListNodes, one per row
  NodeList sort_clause;
  const Node* limit_offset = nullptr;
  const Node* limit_count = nullptr;
  LimitOption limit_option{};
  NodeList locking_clause;
  const WithClause* with_clause = nullptr;
  SetOperation op{};
  bool all = false;
  const SelectStmt* larg = nullptr;  // set operations only
  const SelectStmt* rarg = nullptr;
  LUMA_AST_FIELDS(distinct_clause, into_clause, target_list, from_clause, where_clause,
                  group_clause, group_distinct, having_clause, window_clause, values_lists,
                  sort_clause, limit_offset, limit_count, limit_option, locking_clause, with_clause,
                  op, all, larg, rarg)
};

struct InferClause : NodeOf<NodeTag::kInferClause> {
  NodeList index_elems;
  const Node* where_clause = nullptr;
  std::string_view conname;
  LUMA_AST_FIELDS(index_elems, where_clause, conname)
};

struct OnConflictClause : NodeOf<NodeTag::kOnConflictClause> {
  OnConflictAction action{};
  const InferClause* infer = nullptr;
  NodeList target_list;
  const Node* where_clause = nullptr;
  LUMA_AST_FIELDS(action, infer, target_list, where_clause)
};

struct InsertStmt : NodeOf<NodeTag::kInsertStmt> {
  const RangeVar* relation = nullptr;
  NodeList cols;
  const Node* select_stmt = nullptr;  // null: DEFAULT VALUES
  const OnConflictClause* on_conflict_clause = nullptr;
  NodeList returning_list;
  const WithClause* with_clause = nullptr;
  OverridingKind override_{};
  LUMA_AST_FIELDS(relation, cols, select_stmt, on_conflict_clause, returning_list, with_clause,
                  override_)
};

struct UpdateStmt : NodeOf<NodeTag::kUpdateStmt> {
  const RangeVar* relation = nullptr;
  NodeList target_list;
  const Node* where_clause = nullptr;
  NodeList from_clause;
  NodeList returning_list;
  const WithClause* with_clause = nullptr;
  LUMA_AST_FIELDS(relation, target_list, where_clause, from_clause, returning_list, with_clause)
};

struct DeleteStmt : NodeOf<NodeTag::kDeleteStmt> {
  const RangeVar* relation = nullptr;
  NodeList using_clause;
  const Node* where_clause = nullptr;
  NodeList returning_list;
  const WithClause* with_clause = nullptr;
  LUMA_AST_FIELDS(relation, using_clause, where_clause, returning_list, with_clause)
};

struct MergeWhenClause : NodeOf<NodeTag::kMergeWhenClause> {
  bool matched = false;
  CmdType command_type{};
  OverridingKind override_{};
  const Node* condition = nullptr;
  NodeList target_list;
  NodeList values;
  LUMA_AST_FIELDS(matched, command_type, override_, condition, target_list, values)
};

struct MergeStmt : NodeOf<NodeTag::kMergeStmt> {
  const RangeVar* relation = nullptr;
  const Node* source_relation = nullptr;
  const Node* join_condition = nullptr;
  NodeList merge_when_clauses;
  const WithClause* with_clause = nullptr;
  LUMA_AST_FIELDS(relation, source_relation, join_condition, merge_when_clauses, with_clause)
};

struct ReturnStmt : NodeOf<NodeTag::kReturnStmt> {
  const Node* returnval = nullptr;
  LUMA_AST_FIELDS(returnval)
};

struct PLAssignStmt : NodeOf<NodeTag::kPLAssignStmt> {
  std::string_view name;
  NodeList indirection;
  int32_t nnames = 0;  // how many names of indirection belong to the variable
  const SelectStmt* val = nullptr;
  LUMA_AST_FIELDS(name, indirection, nnames, val)
};

struct RawStmt : NodeOf<NodeTag::kRawStmt> {
  const Node* stmt = nullptr;
  int32_t stmt_location = 0;
  int32_t stmt_len = 0;  // 0: to the end of the text
  LUMA_AST_FIELDS(stmt, stmt_location, stmt_len)
};

}  // namespace luma::ast
