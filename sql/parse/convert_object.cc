// Definitions of other objects: from PostgreSQL's raw parse tree to ours, field by field.
#include "sql/ast/object.h"
#include "sql/parse/pg_convert.h"

namespace luma::parse {

LUMA_CONVERT(CreateFunctionStmt, CreateFunctionStmt) {
  set(to->is_procedure, from->is_procedure);
  set(to->replace, from->replace);
  set(to->funcname, from->funcname);
  set(to->parameters, from->parameters);
  set(to->return_type, from->returnType);
  set(to->options, from->options);
  set(to->sql_body, from->sql_body);
}
LUMA_CONVERT(FunctionParameter, FunctionParameter) {
  set(to->name, from->name);
  set(to->arg_type, from->argType);
  set(to->mode, from->mode);
  set(to->defexpr, from->defexpr);
}
LUMA_CONVERT(AlterFunctionStmt, AlterFunctionStmt) {
  set(to->objtype, from->objtype);
  set(to->func, from->func);
  set(to->actions, from->actions);
}
LUMA_CONVERT(CreateTrigStmt, CreateTrigStmt) {
  set(to->replace, from->replace);
  set(to->isconstraint, from->isconstraint);
  set(to->trigname, from->trigname);
  set(to->relation, from->relation);
  set(to->funcname, from->funcname);
  set(to->args, from->args);
  set(to->row, from->row);
  set(to->timing, from->timing);
  set(to->events, from->events);
  set(to->columns, from->columns);
  set(to->when_clause, from->whenClause);
  set(to->transition_rels, from->transitionRels);
  set(to->deferrable, from->deferrable);
  set(to->initdeferred, from->initdeferred);
  set(to->constrrel, from->constrrel);
}
LUMA_CONVERT(TriggerTransition, TriggerTransition) {
  set(to->name, from->name);
  set(to->is_new, from->isNew);
  set(to->is_table, from->isTable);
}
LUMA_CONVERT(RuleStmt, RuleStmt) {
  set(to->relation, from->relation);
  set(to->rulename, from->rulename);
  set(to->where_clause, from->whereClause);
  set(to->event, from->event);
  set(to->instead, from->instead);
  set(to->actions, from->actions);
  set(to->replace, from->replace);
}
LUMA_CONVERT(CreatePolicyStmt, CreatePolicyStmt) {
  set(to->policy_name, from->policy_name);
  set(to->table, from->table);
  set(to->cmd_name, from->cmd_name);
  set(to->permissive, from->permissive);
  set(to->roles, from->roles);
  set(to->qual, from->qual);
  set(to->with_check, from->with_check);
}
LUMA_CONVERT(AlterPolicyStmt, AlterPolicyStmt) {
  set(to->policy_name, from->policy_name);
  set(to->table, from->table);
  set(to->roles, from->roles);
  set(to->qual, from->qual);
  set(to->with_check, from->with_check);
}
LUMA_CONVERT(CreateEventTrigStmt, CreateEventTrigStmt) {
  set(to->trigname, from->trigname);
  set(to->eventname, from->eventname);
  set(to->whenclause, from->whenclause);
  set(to->funcname, from->funcname);
}
LUMA_CONVERT(AlterEventTrigStmt, AlterEventTrigStmt) {
  set(to->trigname, from->trigname);
  set(to->tgenabled, from->tgenabled);
}
LUMA_CONVERT(CreateRoleStmt, CreateRoleStmt) {
  set(to->stmt_type, from->stmt_type);
  set(to->role, from->role);
  set(to->options, from->options);
}
LUMA_CONVERT(AlterRoleStmt, AlterRoleStmt) {
  set(to->role, from->role);
  set(to->options, from->options);
  set(to->action, from->action);
}
LUMA_CONVERT(AlterRoleSetStmt, AlterRoleSetStmt) {
  set(to->role, from->role);
  set(to->database, from->database);
  set(to->setstmt, from->setstmt);
}
LUMA_CONVERT(DropRoleStmt, DropRoleStmt) {
  set(to->roles, from->roles);
  set(to->missing_ok, from->missing_ok);
}
LUMA_CONVERT(DropOwnedStmt, DropOwnedStmt) {
  set(to->roles, from->roles);
  set(to->behavior, from->behavior);
}
LUMA_CONVERT(ReassignOwnedStmt, ReassignOwnedStmt) {
  set(to->roles, from->roles);
  set(to->newrole, from->newrole);
}
LUMA_CONVERT(GrantStmt, GrantStmt) {
  set(to->is_grant, from->is_grant);
  set(to->targtype, from->targtype);
  set(to->objtype, from->objtype);
  set(to->objects, from->objects);
  set(to->privileges, from->privileges);
  set(to->grantees, from->grantees);
  set(to->grant_option, from->grant_option);
  set(to->grantor, from->grantor);
  set(to->behavior, from->behavior);
}
LUMA_CONVERT(AccessPriv, AccessPriv) {
  set(to->priv_name, from->priv_name);
  set(to->cols, from->cols);
}
LUMA_CONVERT(GrantRoleStmt, GrantRoleStmt) {
  set(to->granted_roles, from->granted_roles);
  set(to->grantee_roles, from->grantee_roles);
  set(to->is_grant, from->is_grant);
  set(to->admin_opt, from->admin_opt);
  set(to->grantor, from->grantor);
  set(to->behavior, from->behavior);
}
LUMA_CONVERT(AlterDefaultPrivilegesStmt, AlterDefaultPrivilegesStmt) {
  set(to->options, from->options);
  set(to->action, from->action);
}
LUMA_CONVERT(CreatedbStmt, CreatedbStmt) {
  set(to->dbname, from->dbname);
  set(to->options, from->options);
}
LUMA_CONVERT(AlterDatabaseStmt, AlterDatabaseStmt) {
  set(to->dbname, from->dbname);
  set(to->options, from->options);
}
LUMA_CONVERT(AlterDatabaseSetStmt, AlterDatabaseSetStmt) {
  set(to->dbname, from->dbname);
  set(to->setstmt, from->setstmt);
}
LUMA_CONVERT(AlterDatabaseRefreshCollStmt, AlterDatabaseRefreshCollStmt) {
  set(to->dbname, from->dbname);
}
LUMA_CONVERT(DropdbStmt, DropdbStmt) {
  set(to->dbname, from->dbname);
  set(to->missing_ok, from->missing_ok);
  set(to->options, from->options);
}
LUMA_CONVERT(CreateTableSpaceStmt, CreateTableSpaceStmt) {
  set(to->tablespacename, from->tablespacename);
  set(to->owner, from->owner);
  set(to->directory, from->location);
  set(to->options, from->options);
}
LUMA_CONVERT(DropTableSpaceStmt, DropTableSpaceStmt) {
  set(to->tablespacename, from->tablespacename);
  set(to->missing_ok, from->missing_ok);
}
LUMA_CONVERT(AlterTableSpaceOptionsStmt, AlterTableSpaceOptionsStmt) {
  set(to->tablespacename, from->tablespacename);
  set(to->options, from->options);
  set(to->is_reset, from->isReset);
}
LUMA_CONVERT(AlterTableMoveAllStmt, AlterTableMoveAllStmt) {
  set(to->orig_tablespacename, from->orig_tablespacename);
  set(to->objtype, from->objtype);
  set(to->roles, from->roles);
  set(to->new_tablespacename, from->new_tablespacename);
  set(to->nowait, from->nowait);
}
LUMA_CONVERT(CreateExtensionStmt, CreateExtensionStmt) {
  set(to->extname, from->extname);
  set(to->if_not_exists, from->if_not_exists);
  set(to->options, from->options);
}
LUMA_CONVERT(AlterExtensionStmt, AlterExtensionStmt) {
  set(to->extname, from->extname);
  set(to->options, from->options);
}
LUMA_CONVERT(AlterExtensionContentsStmt, AlterExtensionContentsStmt) {
  set(to->extname, from->extname);
  set(to->action, from->action);
  set(to->objtype, from->objtype);
  set(to->object, from->object);
}
LUMA_CONVERT(CreateFdwStmt, CreateFdwStmt) {
  set(to->fdwname, from->fdwname);
  set(to->func_options, from->func_options);
  set(to->options, from->options);
}
LUMA_CONVERT(AlterFdwStmt, AlterFdwStmt) {
  set(to->fdwname, from->fdwname);
  set(to->func_options, from->func_options);
  set(to->options, from->options);
}
LUMA_CONVERT(CreateForeignServerStmt, CreateForeignServerStmt) {
  set(to->servername, from->servername);
  set(to->servertype, from->servertype);
  set(to->version, from->version);
  set(to->fdwname, from->fdwname);
  set(to->if_not_exists, from->if_not_exists);
  set(to->options, from->options);
}
LUMA_CONVERT(AlterForeignServerStmt, AlterForeignServerStmt) {
  set(to->servername, from->servername);
  set(to->version, from->version);
  set(to->options, from->options);
  set(to->has_version, from->has_version);
}
LUMA_CONVERT(CreateForeignTableStmt, CreateForeignTableStmt) {
  to->base = static_cast<const ast::CreateStmt*>(make<ast::CreateStmt>(&from->base));
  set(to->servername, from->servername);
  set(to->options, from->options);
}
LUMA_CONVERT(CreateUserMappingStmt, CreateUserMappingStmt) {
  set(to->user, from->user);
  set(to->servername, from->servername);
  set(to->if_not_exists, from->if_not_exists);
  set(to->options, from->options);
}
LUMA_CONVERT(AlterUserMappingStmt, AlterUserMappingStmt) {
  set(to->user, from->user);
  set(to->servername, from->servername);
  set(to->options, from->options);
}
LUMA_CONVERT(DropUserMappingStmt, DropUserMappingStmt) {
  set(to->user, from->user);
  set(to->servername, from->servername);
  set(to->missing_ok, from->missing_ok);
}
LUMA_CONVERT(ImportForeignSchemaStmt, ImportForeignSchemaStmt) {
  set(to->server_name, from->server_name);
  set(to->remote_schema, from->remote_schema);
  set(to->local_schema, from->local_schema);
  set(to->list_type, from->list_type);
  set(to->table_list, from->table_list);
  set(to->options, from->options);
}
LUMA_CONVERT(CreateAmStmt, CreateAmStmt) {
  set(to->amname, from->amname);
  set(to->handler_name, from->handler_name);
  set(to->amtype, from->amtype);
}
LUMA_CONVERT(CreatePLangStmt, CreatePLangStmt) {
  set(to->replace, from->replace);
  set(to->plname, from->plname);
  set(to->plhandler, from->plhandler);
  set(to->plinline, from->plinline);
  set(to->plvalidator, from->plvalidator);
  set(to->pltrusted, from->pltrusted);
}
LUMA_CONVERT(DefineStmt, DefineStmt) {
  set(to->kind, from->kind);
  set(to->oldstyle, from->oldstyle);
  set(to->defnames, from->defnames);
  set(to->args, from->args);
  set(to->definition, from->definition);
  set(to->if_not_exists, from->if_not_exists);
  set(to->replace, from->replace);
}
LUMA_CONVERT(CreateOpClassStmt, CreateOpClassStmt) {
  set(to->opclassname, from->opclassname);
  set(to->opfamilyname, from->opfamilyname);
  set(to->amname, from->amname);
  set(to->datatype, from->datatype);
  set(to->items, from->items);
  set(to->is_default, from->isDefault);
}
LUMA_CONVERT(CreateOpClassItem, CreateOpClassItem) {
  set(to->itemtype, from->itemtype);
  set(to->name, from->name);
  set(to->number, from->number);
  set(to->order_family, from->order_family);
  set(to->class_args, from->class_args);
  set(to->storedtype, from->storedtype);
}
LUMA_CONVERT(CreateOpFamilyStmt, CreateOpFamilyStmt) {
  set(to->opfamilyname, from->opfamilyname);
  set(to->amname, from->amname);
}
LUMA_CONVERT(AlterOpFamilyStmt, AlterOpFamilyStmt) {
  set(to->opfamilyname, from->opfamilyname);
  set(to->amname, from->amname);
  set(to->is_drop, from->isDrop);
  set(to->items, from->items);
}
LUMA_CONVERT(AlterOperatorStmt, AlterOperatorStmt) {
  set(to->opername, from->opername);
  set(to->options, from->options);
}
LUMA_CONVERT(AlterCollationStmt, AlterCollationStmt) { set(to->collname, from->collname); }
LUMA_CONVERT(CreateConversionStmt, CreateConversionStmt) {
  set(to->conversion_name, from->conversion_name);
  set(to->for_encoding_name, from->for_encoding_name);
  set(to->to_encoding_name, from->to_encoding_name);
  set(to->func_name, from->func_name);
  set(to->def, from->def);
}
LUMA_CONVERT(CreateCastStmt, CreateCastStmt) {
  set(to->sourcetype, from->sourcetype);
  set(to->targettype, from->targettype);
  set(to->func, from->func);
  set(to->context, from->context);
  set(to->inout, from->inout);
}
LUMA_CONVERT(CreateTransformStmt, CreateTransformStmt) {
  set(to->replace, from->replace);
  set(to->type_name, from->type_name);
  set(to->lang, from->lang);
  set(to->fromsql, from->fromsql);
  set(to->tosql, from->tosql);
}
LUMA_CONVERT(AlterTSDictionaryStmt, AlterTSDictionaryStmt) {
  set(to->dictname, from->dictname);
  set(to->options, from->options);
}
LUMA_CONVERT(AlterTSConfigurationStmt, AlterTSConfigurationStmt) {
  set(to->kind, from->kind);
  set(to->cfgname, from->cfgname);
  set(to->tokentype, from->tokentype);
  set(to->dicts, from->dicts);
  set(to->override_, from->override);
  set(to->replace, from->replace);
  set(to->missing_ok, from->missing_ok);
}
LUMA_CONVERT(PublicationTable, PublicationTable) {
  set(to->relation, from->relation);
  set(to->where_clause, from->whereClause);
  set(to->columns, from->columns);
}
LUMA_CONVERT(PublicationObjSpec, PublicationObjSpec) {
  set(to->pubobjtype, from->pubobjtype);
  set(to->name, from->name);
  set(to->pubtable, from->pubtable);
  to->location = from->location;
}
LUMA_CONVERT(CreatePublicationStmt, CreatePublicationStmt) {
  set(to->pubname, from->pubname);
  set(to->options, from->options);
  set(to->pubobjects, from->pubobjects);
  set(to->for_all_tables, from->for_all_tables);
}
LUMA_CONVERT(AlterPublicationStmt, AlterPublicationStmt) {
  set(to->pubname, from->pubname);
  set(to->options, from->options);
  set(to->pubobjects, from->pubobjects);
  set(to->for_all_tables, from->for_all_tables);
  set(to->action, from->action);
}
LUMA_CONVERT(CreateSubscriptionStmt, CreateSubscriptionStmt) {
  set(to->subname, from->subname);
  set(to->conninfo, from->conninfo);
  set(to->publication, from->publication);
  set(to->options, from->options);
}
LUMA_CONVERT(AlterSubscriptionStmt, AlterSubscriptionStmt) {
  set(to->kind, from->kind);
  set(to->subname, from->subname);
  set(to->conninfo, from->conninfo);
  set(to->publication, from->publication);
  set(to->options, from->options);
}
LUMA_CONVERT(DropSubscriptionStmt, DropSubscriptionStmt) {
  set(to->subname, from->subname);
  set(to->missing_ok, from->missing_ok);
  set(to->behavior, from->behavior);
}

const ast::Node* Converter::convert_object(const ::Node* from) {
  switch (nodeTag(from)) {
    LUMA_CONVERT_CASE(CreateFunctionStmt, CreateFunctionStmt)
    LUMA_CONVERT_CASE(FunctionParameter, FunctionParameter)
    LUMA_CONVERT_CASE(AlterFunctionStmt, AlterFunctionStmt)
    LUMA_CONVERT_CASE(CreateTrigStmt, CreateTrigStmt)
    LUMA_CONVERT_CASE(TriggerTransition, TriggerTransition)
    LUMA_CONVERT_CASE(RuleStmt, RuleStmt)
    LUMA_CONVERT_CASE(CreatePolicyStmt, CreatePolicyStmt)
    LUMA_CONVERT_CASE(AlterPolicyStmt, AlterPolicyStmt)
    LUMA_CONVERT_CASE(CreateEventTrigStmt, CreateEventTrigStmt)
    LUMA_CONVERT_CASE(AlterEventTrigStmt, AlterEventTrigStmt)
    LUMA_CONVERT_CASE(CreateRoleStmt, CreateRoleStmt)
    LUMA_CONVERT_CASE(AlterRoleStmt, AlterRoleStmt)
    LUMA_CONVERT_CASE(AlterRoleSetStmt, AlterRoleSetStmt)
    LUMA_CONVERT_CASE(DropRoleStmt, DropRoleStmt)
    LUMA_CONVERT_CASE(DropOwnedStmt, DropOwnedStmt)
    LUMA_CONVERT_CASE(ReassignOwnedStmt, ReassignOwnedStmt)
    LUMA_CONVERT_CASE(GrantStmt, GrantStmt)
    LUMA_CONVERT_CASE(AccessPriv, AccessPriv)
    LUMA_CONVERT_CASE(GrantRoleStmt, GrantRoleStmt)
    LUMA_CONVERT_CASE(AlterDefaultPrivilegesStmt, AlterDefaultPrivilegesStmt)
    LUMA_CONVERT_CASE(CreatedbStmt, CreatedbStmt)
    LUMA_CONVERT_CASE(AlterDatabaseStmt, AlterDatabaseStmt)
    LUMA_CONVERT_CASE(AlterDatabaseSetStmt, AlterDatabaseSetStmt)
    LUMA_CONVERT_CASE(AlterDatabaseRefreshCollStmt, AlterDatabaseRefreshCollStmt)
    LUMA_CONVERT_CASE(DropdbStmt, DropdbStmt)
    LUMA_CONVERT_CASE(CreateTableSpaceStmt, CreateTableSpaceStmt)
    LUMA_CONVERT_CASE(DropTableSpaceStmt, DropTableSpaceStmt)
    LUMA_CONVERT_CASE(AlterTableSpaceOptionsStmt, AlterTableSpaceOptionsStmt)
    LUMA_CONVERT_CASE(AlterTableMoveAllStmt, AlterTableMoveAllStmt)
    LUMA_CONVERT_CASE(CreateExtensionStmt, CreateExtensionStmt)
    LUMA_CONVERT_CASE(AlterExtensionStmt, AlterExtensionStmt)
    LUMA_CONVERT_CASE(AlterExtensionContentsStmt, AlterExtensionContentsStmt)
    LUMA_CONVERT_CASE(CreateFdwStmt, CreateFdwStmt)
    LUMA_CONVERT_CASE(AlterFdwStmt, AlterFdwStmt)
    LUMA_CONVERT_CASE(CreateForeignServerStmt, CreateForeignServerStmt)
    LUMA_CONVERT_CASE(AlterForeignServerStmt, AlterForeignServerStmt)
    LUMA_CONVERT_CASE(CreateForeignTableStmt, CreateForeignTableStmt)
    LUMA_CONVERT_CASE(CreateUserMappingStmt, CreateUserMappingStmt)
    LUMA_CONVERT_CASE(AlterUserMappingStmt, AlterUserMappingStmt)
    LUMA_CONVERT_CASE(DropUserMappingStmt, DropUserMappingStmt)
    LUMA_CONVERT_CASE(ImportForeignSchemaStmt, ImportForeignSchemaStmt)
    LUMA_CONVERT_CASE(CreateAmStmt, CreateAmStmt)
    LUMA_CONVERT_CASE(CreatePLangStmt, CreatePLangStmt)
    LUMA_CONVERT_CASE(DefineStmt, DefineStmt)
    LUMA_CONVERT_CASE(CreateOpClassStmt, CreateOpClassStmt)
    LUMA_CONVERT_CASE(CreateOpClassItem, CreateOpClassItem)
    LUMA_CONVERT_CASE(CreateOpFamilyStmt, CreateOpFamilyStmt)
    LUMA_CONVERT_CASE(AlterOpFamilyStmt, AlterOpFamilyStmt)
    LUMA_CONVERT_CASE(AlterOperatorStmt, AlterOperatorStmt)
    LUMA_CONVERT_CASE(AlterCollationStmt, AlterCollationStmt)
    LUMA_CONVERT_CASE(CreateConversionStmt, CreateConversionStmt)
    LUMA_CONVERT_CASE(CreateCastStmt, CreateCastStmt)
    LUMA_CONVERT_CASE(CreateTransformStmt, CreateTransformStmt)
    LUMA_CONVERT_CASE(AlterTSDictionaryStmt, AlterTSDictionaryStmt)
    LUMA_CONVERT_CASE(AlterTSConfigurationStmt, AlterTSConfigurationStmt)
    LUMA_CONVERT_CASE(PublicationTable, PublicationTable)
    LUMA_CONVERT_CASE(PublicationObjSpec, PublicationObjSpec)
    LUMA_CONVERT_CASE(CreatePublicationStmt, CreatePublicationStmt)
    LUMA_CONVERT_CASE(AlterPublicationStmt, AlterPublicationStmt)
    LUMA_CONVERT_CASE(CreateSubscriptionStmt, CreateSubscriptionStmt)
    LUMA_CONVERT_CASE(AlterSubscriptionStmt, AlterSubscriptionStmt)
    LUMA_CONVERT_CASE(DropSubscriptionStmt, DropSubscriptionStmt)
    default:
      return nullptr;
  }
}

}  // namespace luma::parse
