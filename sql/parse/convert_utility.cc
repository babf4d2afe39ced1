// Session and maintenance statements: from PostgreSQL's raw parse tree to ours, field by field.
#include "sql/ast/utility.h"
#include "sql/parse/pg_convert.h"

namespace luma::parse {

LUMA_CONVERT(TransactionStmt, TransactionStmt) {
  set(to->kind, from->kind);
  set(to->options, from->options);
  set(to->savepoint_name, from->savepoint_name);
  set(to->gid, from->gid);
  set(to->chain, from->chain);
}
LUMA_CONVERT(VariableSetStmt, VariableSetStmt) {
  for (int i = 0; from->args != nullptr && i < from->args->length; ++i) {
    refuse_param(static_cast<const ::Node*>(from->args->elements[i].ptr_value));
  }
  set(to->kind, from->kind);
  set(to->name, from->name);
  set(to->args, from->args);
  set(to->is_local, from->is_local);
}
LUMA_CONVERT(VariableShowStmt, VariableShowStmt) { set(to->name, from->name); }
LUMA_CONVERT(AlterSystemStmt, AlterSystemStmt) { set(to->setstmt, from->setstmt); }
LUMA_CONVERT(PrepareStmt, PrepareStmt) {
  set(to->name, from->name);
  set(to->argtypes, from->argtypes);
  set(to->query, from->query);
}
LUMA_CONVERT(ExecuteStmt, ExecuteStmt) {
  set(to->name, from->name);
  set(to->params, from->params);
}
LUMA_CONVERT(DeallocateStmt, DeallocateStmt) { set(to->name, from->name); }
LUMA_CONVERT(DeclareCursorStmt, DeclareCursorStmt) {
  set(to->portalname, from->portalname);
  set(to->options, from->options);
  set(to->query, from->query);
}
LUMA_CONVERT(FetchStmt, FetchStmt) {
  set(to->direction, from->direction);
  set(to->how_many, from->howMany);
  set(to->portalname, from->portalname);
  set(to->ismove, from->ismove);
}
LUMA_CONVERT(ClosePortalStmt, ClosePortalStmt) { set(to->portalname, from->portalname); }
LUMA_CONVERT(CopyStmt, CopyStmt) {
  set(to->relation, from->relation);
  set(to->query, from->query);
  set(to->attlist, from->attlist);
  set(to->is_from, from->is_from);
  set(to->is_program, from->is_program);
  set(to->filename, from->filename);
  set(to->options, from->options);
  set(to->where_clause, from->whereClause);
}
LUMA_CONVERT(ExplainStmt, ExplainStmt) {
  set(to->query, from->query);
  set(to->options, from->options);
}
LUMA_CONVERT(VacuumStmt, VacuumStmt) {
  set(to->options, from->options);
  set(to->rels, from->rels);
  set(to->is_vacuumcmd, from->is_vacuumcmd);
}
LUMA_CONVERT(VacuumRelation, VacuumRelation) {
  set(to->relation, from->relation);
  set(to->va_cols, from->va_cols);
}
LUMA_CONVERT(ClusterStmt, ClusterStmt) {
  set(to->relation, from->relation);
  set(to->indexname, from->indexname);
  set(to->params, from->params);
}
LUMA_CONVERT(ReindexStmt, ReindexStmt) {
  set(to->kind, from->kind);
  set(to->relation, from->relation);
  set(to->name, from->name);
  set(to->params, from->params);
}
LUMA_CONVERT(LockStmt, LockStmt) {
  set(to->relations, from->relations);
  set(to->mode, from->mode);
  set(to->nowait, from->nowait);
}
LUMA_CONVERT(ListenStmt, ListenStmt) { set(to->conditionname, from->conditionname); }
LUMA_CONVERT(UnlistenStmt, UnlistenStmt) { set(to->conditionname, from->conditionname); }
LUMA_CONVERT(NotifyStmt, NotifyStmt) {
  set(to->conditionname, from->conditionname);
  set(to->payload, from->payload);
}
LUMA_CONVERT(LoadStmt, LoadStmt) { set(to->filename, from->filename); }
LUMA_CONVERT(DiscardStmt, DiscardStmt) { set(to->target, from->target); }
LUMA_CONVERT(ConstraintsSetStmt, ConstraintsSetStmt) {
  set(to->constraints, from->constraints);
  set(to->deferred, from->deferred);
}
LUMA_CONVERT(CheckPointStmt, CheckPointStmt) {
  (void)from;
  (void)to;
}
LUMA_CONVERT(DoStmt, DoStmt) { set(to->args, from->args); }
LUMA_CONVERT(CallStmt, CallStmt) { set(to->funccall, from->funccall); }

const ast::Node* Converter::convert_utility(const ::Node* from) {
  switch (nodeTag(from)) {
    LUMA_CONVERT_CASE(TransactionStmt, TransactionStmt)
    LUMA_CONVERT_CASE(VariableSetStmt, VariableSetStmt)
    LUMA_CONVERT_CASE(VariableShowStmt, VariableShowStmt)
    LUMA_CONVERT_CASE(AlterSystemStmt, AlterSystemStmt)
    LUMA_CONVERT_CASE(PrepareStmt, PrepareStmt)
    LUMA_CONVERT_CASE(ExecuteStmt, ExecuteStmt)
    LUMA_CONVERT_CASE(DeallocateStmt, DeallocateStmt)
    LUMA_CONVERT_CASE(DeclareCursorStmt, DeclareCursorStmt)
    LUMA_CONVERT_CASE(FetchStmt, FetchStmt)
    LUMA_CONVERT_CASE(ClosePortalStmt, ClosePortalStmt)
    LUMA_CONVERT_CASE(CopyStmt, CopyStmt)
    LUMA_CONVERT_CASE(ExplainStmt, ExplainStmt)
    LUMA_CONVERT_CASE(VacuumStmt, VacuumStmt)
    LUMA_CONVERT_CASE(VacuumRelation, VacuumRelation)
    LUMA_CONVERT_CASE(ClusterStmt, ClusterStmt)
    LUMA_CONVERT_CASE(ReindexStmt, ReindexStmt)
    LUMA_CONVERT_CASE(LockStmt, LockStmt)
    LUMA_CONVERT_CASE(ListenStmt, ListenStmt)
    LUMA_CONVERT_CASE(UnlistenStmt, UnlistenStmt)
    LUMA_CONVERT_CASE(NotifyStmt, NotifyStmt)
    LUMA_CONVERT_CASE(LoadStmt, LoadStmt)
    LUMA_CONVERT_CASE(DiscardStmt, DiscardStmt)
    LUMA_CONVERT_CASE(ConstraintsSetStmt, ConstraintsSetStmt)
    LUMA_CONVERT_CASE(CheckPointStmt, CheckPointStmt)
    LUMA_CONVERT_CASE(DoStmt, DoStmt)
    LUMA_CONVERT_CASE(CallStmt, CallStmt)
    default:
      return nullptr;
  }
}

}  // namespace luma::parse
