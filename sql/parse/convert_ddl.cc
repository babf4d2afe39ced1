// Definitions of relations and types: from PostgreSQL's raw parse tree to ours, field by field.
#include "sql/ast/ddl.h"
#include "sql/parse/pg_convert.h"

namespace luma::parse {

LUMA_CONVERT(DefElem, DefElem) {
  refuse_param(from->arg);
  set(to->defnamespace, from->defnamespace);
  set(to->defname, from->defname);
  set(to->arg, from->arg);
  set(to->defaction, from->defaction);
  to->location = from->location;
}
LUMA_CONVERT(RoleSpec, RoleSpec) {
  set(to->roletype, from->roletype);
  set(to->rolename, from->rolename);
  to->location = from->location;
}
LUMA_CONVERT(ObjectWithArgs, ObjectWithArgs) {
  set(to->objname, from->objname);
  set(to->objargs, from->objargs);
  set(to->objfuncargs, from->objfuncargs);
  set(to->args_unspecified, from->args_unspecified);
}
LUMA_CONVERT(ColumnDef, ColumnDef) {
  set(to->colname, from->colname);
  set(to->type_name, from->typeName);
  set(to->compression, from->compression);
  set(to->is_not_null, from->is_not_null);
  set(to->raw_default, from->raw_default);
  set(to->coll_clause, from->collClause);
  set(to->constraints, from->constraints);
  set(to->fdwoptions, from->fdwoptions);
  to->location = from->location;
}
LUMA_CONVERT(Constraint, Constraint) {
  set(to->contype, from->contype);
  set(to->conname, from->conname);
  set(to->deferrable, from->deferrable);
  set(to->initdeferred, from->initdeferred);
  set(to->is_no_inherit, from->is_no_inherit);
  set(to->raw_expr, from->raw_expr);
  set(to->generated_when, from->generated_when);
  set(to->nulls_not_distinct, from->nulls_not_distinct);
  set(to->keys, from->keys);
  set(to->including, from->including);
  set(to->exclusions, from->exclusions);
  set(to->options, from->options);
  set(to->indexname, from->indexname);
  set(to->indexspace, from->indexspace);
  set(to->reset_default_tblspc, from->reset_default_tblspc);
  set(to->access_method, from->access_method);
  set(to->where_clause, from->where_clause);
  set(to->pktable, from->pktable);
  set(to->fk_attrs, from->fk_attrs);
  set(to->pk_attrs, from->pk_attrs);
  set(to->fk_matchtype, from->fk_matchtype);
  set(to->fk_upd_action, from->fk_upd_action);
  set(to->fk_del_action, from->fk_del_action);
  set(to->fk_del_set_cols, from->fk_del_set_cols);
  set(to->skip_validation, from->skip_validation);
  set(to->initially_valid, from->initially_valid);
  to->location = from->location;
}
LUMA_CONVERT(TableLikeClause, TableLikeClause) {
  set(to->relation, from->relation);
  set(to->options, from->options);
}
LUMA_CONVERT(PartitionElem, PartitionElem) {
  set(to->name, from->name);
  set(to->expr, from->expr);
  set(to->collation, from->collation);
  set(to->opclass, from->opclass);
  to->location = from->location;
}
LUMA_CONVERT(PartitionSpec, PartitionSpec) {
  set(to->strategy, from->strategy);
  set(to->part_params, from->partParams);
  to->location = from->location;
}
LUMA_CONVERT(PartitionBoundSpec, PartitionBoundSpec) {
  set(to->strategy, from->strategy);
  set(to->is_default, from->is_default);
  set(to->modulus, from->modulus);
  set(to->remainder, from->remainder);
  set(to->listdatums, from->listdatums);
  set(to->lowerdatums, from->lowerdatums);
  set(to->upperdatums, from->upperdatums);
  to->location = from->location;
}
LUMA_CONVERT(PartitionRangeDatum, PartitionRangeDatum) {
  set(to->kind, from->kind);
  set(to->value, from->value);
  to->location = from->location;
}
LUMA_CONVERT(PartitionCmd, PartitionCmd) {
  set(to->name, from->name);
  set(to->bound, from->bound);
  set(to->concurrent, from->concurrent);
}
LUMA_CONVERT(CreateStmt, CreateStmt) {
  set(to->relation, from->relation);
  set(to->table_elts, from->tableElts);
  set(to->inh_relations, from->inhRelations);
  set(to->partbound, from->partbound);
  set(to->partspec, from->partspec);
  set(to->of_typename, from->ofTypename);
  set(to->constraints, from->constraints);
  set(to->options, from->options);
  set(to->oncommit, from->oncommit);
  set(to->tablespacename, from->tablespacename);
  set(to->access_method, from->accessMethod);
  set(to->if_not_exists, from->if_not_exists);
}
LUMA_CONVERT(AlterTableStmt, AlterTableStmt) {
  set(to->relation, from->relation);
  set(to->cmds, from->cmds);
  set(to->objtype, from->objtype);
  set(to->missing_ok, from->missing_ok);
}
LUMA_CONVERT(AlterTableCmd, AlterTableCmd) {
  set(to->subtype, from->subtype);
  set(to->name, from->name);
  set(to->num, from->num);
  set(to->newowner, from->newowner);
  set(to->def, from->def);
  set(to->behavior, from->behavior);
  set(to->missing_ok, from->missing_ok);
}
LUMA_CONVERT(ReplicaIdentityStmt, ReplicaIdentityStmt) {
  set(to->identity_type, from->identity_type);
  set(to->name, from->name);
}
LUMA_CONVERT(IndexStmt, IndexStmt) {
  set(to->idxname, from->idxname);
  set(to->relation, from->relation);
  set(to->access_method, from->accessMethod);
  set(to->table_space, from->tableSpace);
  set(to->index_params, from->indexParams);
  set(to->index_including_params, from->indexIncludingParams);
  set(to->options, from->options);
  set(to->where_clause, from->whereClause);
  set(to->exclude_op_names, from->excludeOpNames);
  set(to->unique, from->unique);
  set(to->nulls_not_distinct, from->nulls_not_distinct);
  set(to->primary, from->primary);
  set(to->isconstraint, from->isconstraint);
  set(to->deferrable, from->deferrable);
  set(to->initdeferred, from->initdeferred);
  set(to->concurrent, from->concurrent);
  set(to->if_not_exists, from->if_not_exists);
  set(to->reset_default_tblspc, from->reset_default_tblspc);
}
LUMA_CONVERT(IndexElem, IndexElem) {
  set(to->name, from->name);
  set(to->expr, from->expr);
  set(to->indexcolname, from->indexcolname);
  set(to->collation, from->collation);
  set(to->opclass, from->opclass);
  set(to->opclassopts, from->opclassopts);
  set(to->ordering, from->ordering);
  set(to->nulls_ordering, from->nulls_ordering);
}
LUMA_CONVERT(CreateStatsStmt, CreateStatsStmt) {
  set(to->defnames, from->defnames);
  set(to->stat_types, from->stat_types);
  set(to->exprs, from->exprs);
  set(to->relations, from->relations);
  set(to->if_not_exists, from->if_not_exists);
}
LUMA_CONVERT(StatsElem, StatsElem) {
  set(to->name, from->name);
  set(to->expr, from->expr);
}
LUMA_CONVERT(AlterStatsStmt, AlterStatsStmt) {
  set(to->defnames, from->defnames);
  set(to->stxstattarget, from->stxstattarget);
  set(to->missing_ok, from->missing_ok);
}
LUMA_CONVERT(ViewStmt, ViewStmt) {
  set(to->view, from->view);
  set(to->aliases, from->aliases);
  set(to->query, from->query);
  set(to->replace, from->replace);
  set(to->options, from->options);
  set(to->with_check_option, from->withCheckOption);
}
LUMA_CONVERT(CreateTableAsStmt, CreateTableAsStmt) {
  set(to->query, from->query);
  set(to->into, from->into);
  set(to->objtype, from->objtype);
  set(to->is_select_into, from->is_select_into);
  set(to->if_not_exists, from->if_not_exists);
}
LUMA_CONVERT(RefreshMatViewStmt, RefreshMatViewStmt) {
  set(to->concurrent, from->concurrent);
  set(to->skip_data, from->skipData);
  set(to->relation, from->relation);
}
LUMA_CONVERT(CreateSeqStmt, CreateSeqStmt) {
  set(to->sequence, from->sequence);
  set(to->options, from->options);
  set(to->for_identity, from->for_identity);
  set(to->if_not_exists, from->if_not_exists);
}
LUMA_CONVERT(AlterSeqStmt, AlterSeqStmt) {
  set(to->sequence, from->sequence);
  set(to->options, from->options);
  set(to->for_identity, from->for_identity);
  set(to->missing_ok, from->missing_ok);
}
LUMA_CONVERT(CreateSchemaStmt, CreateSchemaStmt) {
  set(to->schemaname, from->schemaname);
  set(to->authrole, from->authrole);
  set(to->schema_elts, from->schemaElts);
  set(to->if_not_exists, from->if_not_exists);
}
LUMA_CONVERT(CreateDomainStmt, CreateDomainStmt) {
  set(to->domainname, from->domainname);
  set(to->type_name, from->typeName);
  set(to->coll_clause, from->collClause);
  set(to->constraints, from->constraints);
}
LUMA_CONVERT(AlterDomainStmt, AlterDomainStmt) {
  set(to->subtype, from->subtype);
  set(to->type_name, from->typeName);
  set(to->name, from->name);
  set(to->def, from->def);
  set(to->behavior, from->behavior);
  set(to->missing_ok, from->missing_ok);
}
LUMA_CONVERT(CreateEnumStmt, CreateEnumStmt) {
  set(to->type_name, from->typeName);
  set(to->vals, from->vals);
}
LUMA_CONVERT(AlterEnumStmt, AlterEnumStmt) {
  set(to->type_name, from->typeName);
  set(to->old_val, from->oldVal);
  set(to->new_val, from->newVal);
  set(to->new_val_neighbor, from->newValNeighbor);
  set(to->new_val_is_after, from->newValIsAfter);
  set(to->skip_if_new_val_exists, from->skipIfNewValExists);
}
LUMA_CONVERT(CreateRangeStmt, CreateRangeStmt) {
  set(to->type_name, from->typeName);
  set(to->params, from->params);
}
LUMA_CONVERT(CompositeTypeStmt, CompositeTypeStmt) {
  set(to->typevar, from->typevar);
  set(to->coldeflist, from->coldeflist);
}
LUMA_CONVERT(AlterTypeStmt, AlterTypeStmt) {
  set(to->type_name, from->typeName);
  set(to->options, from->options);
}
LUMA_CONVERT(RenameStmt, RenameStmt) {
  set(to->rename_type, from->renameType);
  set(to->relation_type, from->relationType);
  set(to->relation, from->relation);
  set(to->object, from->object);
  set(to->subname, from->subname);
  set(to->newname, from->newname);
  set(to->behavior, from->behavior);
  set(to->missing_ok, from->missing_ok);
}
LUMA_CONVERT(AlterObjectSchemaStmt, AlterObjectSchemaStmt) {
  set(to->object_type, from->objectType);
  set(to->relation, from->relation);
  set(to->object, from->object);
  set(to->newschema, from->newschema);
  set(to->missing_ok, from->missing_ok);
}
LUMA_CONVERT(AlterObjectDependsStmt, AlterObjectDependsStmt) {
  set(to->object_type, from->objectType);
  set(to->relation, from->relation);
  set(to->object, from->object);
  set(to->extname, from->extname);
  set(to->remove, from->remove);
}
LUMA_CONVERT(AlterOwnerStmt, AlterOwnerStmt) {
  set(to->object_type, from->objectType);
  set(to->relation, from->relation);
  set(to->object, from->object);
  set(to->newowner, from->newowner);
}
LUMA_CONVERT(DropStmt, DropStmt) {
  set(to->objects, from->objects);
  set(to->remove_type, from->removeType);
  set(to->behavior, from->behavior);
  set(to->missing_ok, from->missing_ok);
  set(to->concurrent, from->concurrent);
}
LUMA_CONVERT(TruncateStmt, TruncateStmt) {
  set(to->relations, from->relations);
  set(to->restart_seqs, from->restart_seqs);
  set(to->behavior, from->behavior);
}
LUMA_CONVERT(CommentStmt, CommentStmt) {
  set(to->objtype, from->objtype);
  set(to->object, from->object);
  set(to->comment, from->comment);
}
LUMA_CONVERT(SecLabelStmt, SecLabelStmt) {
  set(to->objtype, from->objtype);
  set(to->object, from->object);
  set(to->provider, from->provider);
  set(to->label, from->label);
}

const ast::Node* Converter::convert_ddl(const ::Node* from) {
  switch (nodeTag(from)) {
    LUMA_CONVERT_CASE(DefElem, DefElem)
    LUMA_CONVERT_CASE(RoleSpec, RoleSpec)
    LUMA_CONVERT_CASE(ObjectWithArgs, ObjectWithArgs)
    LUMA_CONVERT_CASE(ColumnDef, ColumnDef)
    LUMA_CONVERT_CASE(Constraint, Constraint)
    LUMA_CONVERT_CASE(TableLikeClause, TableLikeClause)
    LUMA_CONVERT_CASE(PartitionElem, PartitionElem)
    LUMA_CONVERT_CASE(PartitionSpec, PartitionSpec)
    LUMA_CONVERT_CASE(PartitionBoundSpec, PartitionBoundSpec)
    LUMA_CONVERT_CASE(PartitionRangeDatum, PartitionRangeDatum)
    LUMA_CONVERT_CASE(PartitionCmd, PartitionCmd)
    LUMA_CONVERT_CASE(CreateStmt, CreateStmt)
    LUMA_CONVERT_CASE(AlterTableStmt, AlterTableStmt)
    LUMA_CONVERT_CASE(AlterTableCmd, AlterTableCmd)
    LUMA_CONVERT_CASE(ReplicaIdentityStmt, ReplicaIdentityStmt)
    LUMA_CONVERT_CASE(IndexStmt, IndexStmt)
    LUMA_CONVERT_CASE(IndexElem, IndexElem)
    LUMA_CONVERT_CASE(CreateStatsStmt, CreateStatsStmt)
    LUMA_CONVERT_CASE(StatsElem, StatsElem)
    LUMA_CONVERT_CASE(AlterStatsStmt, AlterStatsStmt)
    LUMA_CONVERT_CASE(ViewStmt, ViewStmt)
    LUMA_CONVERT_CASE(CreateTableAsStmt, CreateTableAsStmt)
    LUMA_CONVERT_CASE(RefreshMatViewStmt, RefreshMatViewStmt)
    LUMA_CONVERT_CASE(CreateSeqStmt, CreateSeqStmt)
    LUMA_CONVERT_CASE(AlterSeqStmt, AlterSeqStmt)
    LUMA_CONVERT_CASE(CreateSchemaStmt, CreateSchemaStmt)
    LUMA_CONVERT_CASE(CreateDomainStmt, CreateDomainStmt)
    LUMA_CONVERT_CASE(AlterDomainStmt, AlterDomainStmt)
    LUMA_CONVERT_CASE(CreateEnumStmt, CreateEnumStmt)
    LUMA_CONVERT_CASE(AlterEnumStmt, AlterEnumStmt)
    LUMA_CONVERT_CASE(CreateRangeStmt, CreateRangeStmt)
    LUMA_CONVERT_CASE(CompositeTypeStmt, CompositeTypeStmt)
    LUMA_CONVERT_CASE(AlterTypeStmt, AlterTypeStmt)
    LUMA_CONVERT_CASE(RenameStmt, RenameStmt)
    LUMA_CONVERT_CASE(AlterObjectSchemaStmt, AlterObjectSchemaStmt)
    LUMA_CONVERT_CASE(AlterObjectDependsStmt, AlterObjectDependsStmt)
    LUMA_CONVERT_CASE(AlterOwnerStmt, AlterOwnerStmt)
    LUMA_CONVERT_CASE(DropStmt, DropStmt)
    LUMA_CONVERT_CASE(TruncateStmt, TruncateStmt)
    LUMA_CONVERT_CASE(CommentStmt, CommentStmt)
    LUMA_CONVERT_CASE(SecLabelStmt, SecLabelStmt)
    default:
      return nullptr;
  }
}

}  // namespace luma::parse
