// Queries: from PostgreSQL's raw parse tree to ours, field by field.
#include "sql/ast/query.h"
#include "sql/parse/pg_convert.h"

namespace luma::parse {

LUMA_CONVERT(Alias, Alias) {
  set(to->aliasname, from->aliasname);
  set(to->colnames, from->colnames);
}
LUMA_CONVERT(RangeVar, RangeVar) {
  set(to->catalogname, from->catalogname);
  set(to->schemaname, from->schemaname);
  set(to->relname, from->relname);
  set(to->inh, from->inh);
  set(to->relpersistence, from->relpersistence);
  set(to->alias, from->alias);
  to->location = from->location;
}
LUMA_CONVERT(ResTarget, ResTarget) {
  set(to->name, from->name);
  set(to->indirection, from->indirection);
  set(to->val, from->val);
  to->location = from->location;
}
LUMA_CONVERT(RangeSubselect, RangeSubselect) {
  set(to->lateral, from->lateral);
  set(to->subquery, from->subquery);
  set(to->alias, from->alias);
}
LUMA_CONVERT(RangeFunction, RangeFunction) {
  set(to->lateral, from->lateral);
  set(to->ordinality, from->ordinality);
  set(to->is_rowsfrom, from->is_rowsfrom);
  set(to->functions, from->functions);
  set(to->alias, from->alias);
  set(to->coldeflist, from->coldeflist);
}
LUMA_CONVERT(RangeTableFunc, RangeTableFunc) {
  set(to->lateral, from->lateral);
  set(to->docexpr, from->docexpr);
  set(to->rowexpr, from->rowexpr);
  set(to->namespaces, from->namespaces);
  set(to->columns, from->columns);
  set(to->alias, from->alias);
  to->location = from->location;
}
LUMA_CONVERT(RangeTableFuncCol, RangeTableFuncCol) {
  set(to->colname, from->colname);
  set(to->type_name, from->typeName);
  set(to->for_ordinality, from->for_ordinality);
  set(to->is_not_null, from->is_not_null);
  set(to->colexpr, from->colexpr);
  set(to->coldefexpr, from->coldefexpr);
  to->location = from->location;
}
LUMA_CONVERT(RangeTableSample, RangeTableSample) {
  set(to->relation, from->relation);
  set(to->method, from->method);
  set(to->args, from->args);
  set(to->repeatable, from->repeatable);
  to->location = from->location;
}
LUMA_CONVERT(JoinExpr, JoinExpr) {
  set(to->jointype, from->jointype);
  set(to->is_natural, from->isNatural);
  set(to->larg, from->larg);
  set(to->rarg, from->rarg);
  to->is_asof = !asof_.empty() && asof_.stood_between(to->larg, to->rarg);
  set(to->using_clause, from->usingClause);
  set(to->join_using_alias, from->join_using_alias);
  set(to->quals, from->quals);
  set(to->alias, from->alias);
}
LUMA_CONVERT(GroupingSet, GroupingSet) {
  set(to->kind, from->kind);
  set(to->content, from->content);
  to->location = from->location;
}
LUMA_CONVERT(LockingClause, LockingClause) {
  set(to->locked_rels, from->lockedRels);
  set(to->strength, from->strength);
  set(to->wait_policy, from->waitPolicy);
}
LUMA_CONVERT(WithClause, WithClause) {
  set(to->ctes, from->ctes);
  set(to->recursive, from->recursive);
  to->location = from->location;
}
LUMA_CONVERT(CTESearchClause, CTESearchClause) {
  set(to->search_col_list, from->search_col_list);
  set(to->search_breadth_first, from->search_breadth_first);
  set(to->search_seq_column, from->search_seq_column);
  to->location = from->location;
}
LUMA_CONVERT(CTECycleClause, CTECycleClause) {
  set(to->cycle_col_list, from->cycle_col_list);
  set(to->cycle_mark_column, from->cycle_mark_column);
  set(to->cycle_mark_value, from->cycle_mark_value);
  set(to->cycle_mark_default, from->cycle_mark_default);
  set(to->cycle_path_column, from->cycle_path_column);
  to->location = from->location;
}
LUMA_CONVERT(CommonTableExpr, CommonTableExpr) {
  set(to->ctename, from->ctename);
  set(to->aliascolnames, from->aliascolnames);
  set(to->ctematerialized, from->ctematerialized);
  set(to->ctequery, from->ctequery);
  set(to->search_clause, from->search_clause);
  set(to->cycle_clause, from->cycle_clause);
  to->location = from->location;
}
LUMA_CONVERT(IntoClause, IntoClause) {
  set(to->rel, from->rel);
  set(to->col_names, from->colNames);
  set(to->access_method, from->accessMethod);
  set(to->options, from->options);
  set(to->on_commit, from->onCommit);
  set(to->table_space_name, from->tableSpaceName);
  set(to->skip_data, from->skipData);
}
LUMA_CONVERT(SelectStmt, SelectStmt) {
  set(to->distinct_clause, from->distinctClause);
  set(to->into_clause, from->intoClause);
  set(to->target_list, from->targetList);
  set(to->from_clause, from->fromClause);
  set(to->where_clause, from->whereClause);
  set(to->group_clause, from->groupClause);
  set(to->group_distinct, from->groupDistinct);
  set(to->having_clause, from->havingClause);
  set(to->window_clause, from->windowClause);
  set(to->values_lists, from->valuesLists);
  set(to->sort_clause, from->sortClause);
  set(to->limit_offset, from->limitOffset);
  set(to->limit_count, from->limitCount);
  set(to->limit_option, from->limitOption);
  set(to->locking_clause, from->lockingClause);
  set(to->with_clause, from->withClause);
  set(to->op, from->op);
  set(to->all, from->all);
  set(to->larg, from->larg);
  set(to->rarg, from->rarg);
}
LUMA_CONVERT(InferClause, InferClause) {
  set(to->index_elems, from->indexElems);
  set(to->where_clause, from->whereClause);
  set(to->conname, from->conname);
  to->location = from->location;
}
LUMA_CONVERT(OnConflictClause, OnConflictClause) {
  set(to->action, from->action);
  set(to->infer, from->infer);
  set(to->target_list, from->targetList);
  set(to->where_clause, from->whereClause);
  to->location = from->location;
}
LUMA_CONVERT(InsertStmt, InsertStmt) {
  set(to->relation, from->relation);
  set(to->cols, from->cols);
  set(to->select_stmt, from->selectStmt);
  set(to->on_conflict_clause, from->onConflictClause);
  set(to->returning_list, from->returningList);
  set(to->with_clause, from->withClause);
  set(to->override_, from->override);
}
LUMA_CONVERT(UpdateStmt, UpdateStmt) {
  set(to->relation, from->relation);
  set(to->target_list, from->targetList);
  set(to->where_clause, from->whereClause);
  set(to->from_clause, from->fromClause);
  set(to->returning_list, from->returningList);
  set(to->with_clause, from->withClause);
}
LUMA_CONVERT(DeleteStmt, DeleteStmt) {
  set(to->relation, from->relation);
  set(to->using_clause, from->usingClause);
  set(to->where_clause, from->whereClause);
  set(to->returning_list, from->returningList);
  set(to->with_clause, from->withClause);
}
LUMA_CONVERT(MergeWhenClause, MergeWhenClause) {
  set(to->matched, from->matched);
  set(to->command_type, from->commandType);
  set(to->override_, from->override);
  set(to->condition, from->condition);
  set(to->target_list, from->targetList);
  set(to->values, from->values);
}
LUMA_CONVERT(MergeStmt, MergeStmt) {
  set(to->relation, from->relation);
  set(to->source_relation, from->sourceRelation);
  set(to->join_condition, from->joinCondition);
  set(to->merge_when_clauses, from->mergeWhenClauses);
  set(to->with_clause, from->withClause);
}
LUMA_CONVERT(ReturnStmt, ReturnStmt) { set(to->returnval, from->returnval); }
LUMA_CONVERT(PLAssignStmt, PLAssignStmt) {
  set(to->name, from->name);
  set(to->indirection, from->indirection);
  set(to->nnames, from->nnames);
  set(to->val, from->val);
  to->location = from->location;
}
LUMA_CONVERT(RawStmt, RawStmt) {
  set(to->stmt, from->stmt);
  set(to->stmt_location, from->stmt_location);
  set(to->stmt_len, from->stmt_len);
}

const ast::Node* Converter::convert_query(const ::Node* from) {
  switch (nodeTag(from)) {
    LUMA_CONVERT_CASE(Alias, Alias)
    LUMA_CONVERT_CASE(RangeVar, RangeVar)
    LUMA_CONVERT_CASE(ResTarget, ResTarget)
    LUMA_CONVERT_CASE(RangeSubselect, RangeSubselect)
    LUMA_CONVERT_CASE(RangeFunction, RangeFunction)
    LUMA_CONVERT_CASE(RangeTableFunc, RangeTableFunc)
    LUMA_CONVERT_CASE(RangeTableFuncCol, RangeTableFuncCol)
    LUMA_CONVERT_CASE(RangeTableSample, RangeTableSample)
    LUMA_CONVERT_CASE(JoinExpr, JoinExpr)
    LUMA_CONVERT_CASE(GroupingSet, GroupingSet)
    LUMA_CONVERT_CASE(LockingClause, LockingClause)
    LUMA_CONVERT_CASE(WithClause, WithClause)
    LUMA_CONVERT_CASE(CTESearchClause, CTESearchClause)
    LUMA_CONVERT_CASE(CTECycleClause, CTECycleClause)
    LUMA_CONVERT_CASE(CommonTableExpr, CommonTableExpr)
    LUMA_CONVERT_CASE(IntoClause, IntoClause)
    LUMA_CONVERT_CASE(SelectStmt, SelectStmt)
    LUMA_CONVERT_CASE(InferClause, InferClause)
    LUMA_CONVERT_CASE(OnConflictClause, OnConflictClause)
    LUMA_CONVERT_CASE(InsertStmt, InsertStmt)
    LUMA_CONVERT_CASE(UpdateStmt, UpdateStmt)
    LUMA_CONVERT_CASE(DeleteStmt, DeleteStmt)
    LUMA_CONVERT_CASE(MergeWhenClause, MergeWhenClause)
    LUMA_CONVERT_CASE(MergeStmt, MergeStmt)
    LUMA_CONVERT_CASE(ReturnStmt, ReturnStmt)
    LUMA_CONVERT_CASE(PLAssignStmt, PLAssignStmt)
    LUMA_CONVERT_CASE(RawStmt, RawStmt)
    default:
      return nullptr;
  }
}

}  // namespace luma::parse
