#pragma once
// Definitions of everything that is not a relation or a type: functions, triggers, policies, roles,
// privileges, databases, extensions, foreign servers, operator classes, publications.
#include <cstdint>
#include <string_view>

#include "sql/ast/ddl.h"

namespace luma::ast {

struct VariableSetStmt;

struct CreateFunctionStmt : NodeOf<NodeTag::kCreateFunctionStmt> {
  bool is_procedure = false;
  bool replace = false;
  NodeList funcname;
  NodeList parameters;
  const TypeName* return_type = nullptr;
  NodeList options;
  const Node* sql_body = nullptr;  // ReturnStmt or ListNode of statements
  LUMA_AST_FIELDS(is_procedure, replace, funcname, parameters, return_type, options, sql_body)
};

struct FunctionParameter : NodeOf<NodeTag::kFunctionParameter> {
  std::string_view name;
  const TypeName* arg_type = nullptr;
  FunctionParameterMode mode{};
  const Node* defexpr = nullptr;
  LUMA_AST_FIELDS(name, arg_type, mode, defexpr)
};

struct AlterFunctionStmt : NodeOf<NodeTag::kAlterFunctionStmt> {
  ObjectType objtype{};
  const ObjectWithArgs* func = nullptr;
  NodeList actions;
  LUMA_AST_FIELDS(objtype, func, actions)
};

struct CreateTrigStmt : NodeOf<NodeTag::kCreateTrigStmt> {
  bool replace = false;
  bool isconstraint = false;
  std::string_view trigname;
  const RangeVar* relation = nullptr;
  NameList funcname;
  NameList args;  // string arguments
  bool row = false;
  int16_t timing = 0;  // TriggerBit bits
  int16_t events = 0;  // TriggerBit bits
  NameList columns;
  const Node* when_clause = nullptr;
  NodeList transition_rels;
  bool deferrable = false;
  bool initdeferred = false;
  const RangeVar* constrrel = nullptr;
  LUMA_AST_FIELDS(replace, isconstraint, trigname, relation, funcname, args, row, timing, events,
                  columns, when_clause, transition_rels, deferrable, initdeferred, constrrel)
};

struct TriggerTransition : NodeOf<NodeTag::kTriggerTransition> {
  std::string_view name;
  bool is_new = false;
  bool is_table = false;
  LUMA_AST_FIELDS(name, is_new, is_table)
};

struct RuleStmt : NodeOf<NodeTag::kRuleStmt> {
  const RangeVar* relation = nullptr;
  std::string_view rulename;
  const Node* where_clause = nullptr;
  CmdType event{};
  bool instead = false;
  NodeList actions;
  bool replace = false;
  LUMA_AST_FIELDS(relation, rulename, where_clause, event, instead, actions, replace)
};

struct CreatePolicyStmt : NodeOf<NodeTag::kCreatePolicyStmt> {
  std::string_view policy_name;
  const RangeVar* table = nullptr;
  std::string_view cmd_name;  // "all", "select", ...
  bool permissive = false;
  NodeList roles;
  const Node* qual = nullptr;
  const Node* with_check = nullptr;
  LUMA_AST_FIELDS(policy_name, table, cmd_name, permissive, roles, qual, with_check)
};

struct AlterPolicyStmt : NodeOf<NodeTag::kAlterPolicyStmt> {
  std::string_view policy_name;
  const RangeVar* table = nullptr;
  NodeList roles;
  const Node* qual = nullptr;
  const Node* with_check = nullptr;
  LUMA_AST_FIELDS(policy_name, table, roles, qual, with_check)
};

struct CreateEventTrigStmt : NodeOf<NodeTag::kCreateEventTrigStmt> {
  std::string_view trigname;
  std::string_view eventname;
  NodeList whenclause;
  NameList funcname;
  LUMA_AST_FIELDS(trigname, eventname, whenclause, funcname)
};

struct AlterEventTrigStmt : NodeOf<NodeTag::kAlterEventTrigStmt> {
  std::string_view trigname;
  char tgenabled = 0;
  LUMA_AST_FIELDS(trigname, tgenabled)
};

struct CreateRoleStmt : NodeOf<NodeTag::kCreateRoleStmt> {
  RoleStmtType stmt_type{};
  std::string_view role;
  NodeList options;
  LUMA_AST_FIELDS(stmt_type, role, options)
};

struct AlterRoleStmt : NodeOf<NodeTag::kAlterRoleStmt> {
  const RoleSpec* role = nullptr;
  NodeList options;
  int32_t action = 0;  // +1 add, -1 drop members
  LUMA_AST_FIELDS(role, options, action)
};

struct AlterRoleSetStmt : NodeOf<NodeTag::kAlterRoleSetStmt> {
  const RoleSpec* role = nullptr;
  std::string_view database;
  const VariableSetStmt* setstmt = nullptr;
  LUMA_AST_FIELDS(role, database, setstmt)
};

struct DropRoleStmt : NodeOf<NodeTag::kDropRoleStmt> {
  NodeList roles;
  bool missing_ok = false;
  LUMA_AST_FIELDS(roles, missing_ok)
};

struct DropOwnedStmt : NodeOf<NodeTag::kDropOwnedStmt> {
  NodeList roles;
  DropBehavior behavior{};
  LUMA_AST_FIELDS(roles, behavior)
};

struct ReassignOwnedStmt : NodeOf<NodeTag::kReassignOwnedStmt> {
  NodeList roles;
  const RoleSpec* newrole = nullptr;
  LUMA_AST_FIELDS(roles, newrole)
};

struct GrantStmt : NodeOf<NodeTag::kGrantStmt> {
  bool is_grant = false;
  GrantTargetType targtype{};
  ObjectType objtype{};
  NodeList objects;
  NodeList privileges;
  NodeList grantees;
  bool grant_option = false;
  const RoleSpec* grantor = nullptr;
  DropBehavior behavior{};
  LUMA_AST_FIELDS(is_grant, targtype, objtype, objects, privileges, grantees, grant_option, grantor,
                  behavior)
};

struct AccessPriv : NodeOf<NodeTag::kAccessPriv> {
  std::string_view priv_name;
  NameList cols;
  LUMA_AST_FIELDS(priv_name, cols)
};

struct GrantRoleStmt : NodeOf<NodeTag::kGrantRoleStmt> {
  NodeList granted_roles;
  NodeList grantee_roles;
  bool is_grant = false;
  bool admin_opt = false;
  const RoleSpec* grantor = nullptr;
  DropBehavior behavior{};
  LUMA_AST_FIELDS(granted_roles, grantee_roles, is_grant, admin_opt, grantor, behavior)
};

struct AlterDefaultPrivilegesStmt : NodeOf<NodeTag::kAlterDefaultPrivilegesStmt> {
  NodeList options;
  const GrantStmt* action = nullptr;
  LUMA_AST_FIELDS(options, action)
};

struct CreatedbStmt : NodeOf<NodeTag::kCreatedbStmt> {
  std::string_view dbname;
  NodeList options;
  LUMA_AST_FIELDS(dbname, options)
};

struct AlterDatabaseStmt : NodeOf<NodeTag::kAlterDatabaseStmt> {
  std::string_view dbname;
  NodeList options;
  LUMA_AST_FIELDS(dbname, options)
};

struct AlterDatabaseSetStmt : NodeOf<NodeTag::kAlterDatabaseSetStmt> {
  std::string_view dbname;
  const VariableSetStmt* setstmt = nullptr;
  LUMA_AST_FIELDS(dbname, setstmt)
};

struct AlterDatabaseRefreshCollStmt : NodeOf<NodeTag::kAlterDatabaseRefreshCollStmt> {
  std::string_view dbname;
  LUMA_AST_FIELDS(dbname)
};

struct DropdbStmt : NodeOf<NodeTag::kDropdbStmt> {
  std::string_view dbname;
  bool missing_ok = false;
  NodeList options;
  LUMA_AST_FIELDS(dbname, missing_ok, options)
};

struct CreateTableSpaceStmt : NodeOf<NodeTag::kCreateTableSpaceStmt> {
  std::string_view tablespacename;
  const RoleSpec* owner = nullptr;
  std::string_view directory;
  NodeList options;
  LUMA_AST_FIELDS(tablespacename, owner, directory, options)
};

struct DropTableSpaceStmt : NodeOf<NodeTag::kDropTableSpaceStmt> {
  std::string_view tablespacename;
  bool missing_ok = false;
  LUMA_AST_FIELDS(tablespacename, missing_ok)
};

struct AlterTableSpaceOptionsStmt : NodeOf<NodeTag::kAlterTableSpaceOptionsStmt> {
  std::string_view tablespacename;
  NodeList options;
  bool is_reset = false;
  LUMA_AST_FIELDS(tablespacename, options, is_reset)
};

struct AlterTableMoveAllStmt : NodeOf<NodeTag::kAlterTableMoveAllStmt> {
  std::string_view orig_tablespacename;
  ObjectType objtype{};
  NodeList roles;
  std::string_view new_tablespacename;
  bool nowait = false;
  LUMA_AST_FIELDS(orig_tablespacename, objtype, roles, new_tablespacename, nowait)
};

struct CreateExtensionStmt : NodeOf<NodeTag::kCreateExtensionStmt> {
  std::string_view extname;
  bool if_not_exists = false;
  NodeList options;
  LUMA_AST_FIELDS(extname, if_not_exists, options)
};

struct AlterExtensionStmt : NodeOf<NodeTag::kAlterExtensionStmt> {
  std::string_view extname;
  NodeList options;
  LUMA_AST_FIELDS(extname, options)
};

struct AlterExtensionContentsStmt : NodeOf<NodeTag::kAlterExtensionContentsStmt> {
  std::string_view extname;
  int32_t action = 0;  // +1 add, -1 drop
  ObjectType objtype{};
  const Node* object = nullptr;
  LUMA_AST_FIELDS(extname, action, objtype, object)
};

struct CreateFdwStmt : NodeOf<NodeTag::kCreateFdwStmt> {
  std::string_view fdwname;
  NodeList func_options;
  NodeList options;
  LUMA_AST_FIELDS(fdwname, func_options, options)
};

struct AlterFdwStmt : NodeOf<NodeTag::kAlterFdwStmt> {
  std::string_view fdwname;
  NodeList func_options;
  NodeList options;
  LUMA_AST_FIELDS(fdwname, func_options, options)
};

struct CreateForeignServerStmt : NodeOf<NodeTag::kCreateForeignServerStmt> {
  std::string_view servername;
  std::string_view servertype;
  std::string_view version;
  std::string_view fdwname;
  bool if_not_exists = false;
  NodeList options;
  LUMA_AST_FIELDS(servername, servertype, version, fdwname, if_not_exists, options)
};

struct AlterForeignServerStmt : NodeOf<NodeTag::kAlterForeignServerStmt> {
  std::string_view servername;
  std::string_view version;
  NodeList options;
  bool has_version = false;
  LUMA_AST_FIELDS(servername, version, options, has_version)
};

struct CreateForeignTableStmt : NodeOf<NodeTag::kCreateForeignTableStmt> {
  const CreateStmt* base = nullptr;
  std::string_view servername;
  NodeList options;
  LUMA_AST_FIELDS(base, servername, options)
};

struct CreateUserMappingStmt : NodeOf<NodeTag::kCreateUserMappingStmt> {
  const RoleSpec* user = nullptr;
  std::string_view servername;
  bool if_not_exists = false;
  NodeList options;
  LUMA_AST_FIELDS(user, servername, if_not_exists, options)
};

struct AlterUserMappingStmt : NodeOf<NodeTag::kAlterUserMappingStmt> {
  const RoleSpec* user = nullptr;
  std::string_view servername;
  NodeList options;
  LUMA_AST_FIELDS(user, servername, options)
};

struct DropUserMappingStmt : NodeOf<NodeTag::kDropUserMappingStmt> {
  const RoleSpec* user = nullptr;
  std::string_view servername;
  bool missing_ok = false;
  LUMA_AST_FIELDS(user, servername, missing_ok)
};

struct ImportForeignSchemaStmt : NodeOf<NodeTag::kImportForeignSchemaStmt> {
  std::string_view server_name;
  std::string_view remote_schema;
  std::string_view local_schema;
  ImportForeignSchemaType list_type{};
  NodeList table_list;
  NodeList options;
  LUMA_AST_FIELDS(server_name, remote_schema, local_schema, list_type, table_list, options)
};

struct CreateAmStmt : NodeOf<NodeTag::kCreateAmStmt> {
  std::string_view amname;
  NameList handler_name;
  char amtype = 0;
  LUMA_AST_FIELDS(amname, handler_name, amtype)
};

struct CreatePLangStmt : NodeOf<NodeTag::kCreatePLangStmt> {
  bool replace = false;
  std::string_view plname;
  NameList plhandler;
  NameList plinline;
  NameList plvalidator;
  bool pltrusted = false;
  LUMA_AST_FIELDS(replace, plname, plhandler, plinline, plvalidator, pltrusted)
};

struct DefineStmt : NodeOf<NodeTag::kDefineStmt> {
  ObjectType kind{};
  bool oldstyle = false;
  NameList defnames;
  NodeList args;
  NodeList definition;
  bool if_not_exists = false;
  bool replace = false;
  LUMA_AST_FIELDS(kind, oldstyle, defnames, args, definition, if_not_exists, replace)
};

struct CreateOpClassStmt : NodeOf<NodeTag::kCreateOpClassStmt> {
  NameList opclassname;
  NameList opfamilyname;
  std::string_view amname;
  const TypeName* datatype = nullptr;
  NodeList items;
  bool is_default = false;
  LUMA_AST_FIELDS(opclassname, opfamilyname, amname, datatype, items, is_default)
};

struct CreateOpClassItem : NodeOf<NodeTag::kCreateOpClassItem> {
  int32_t itemtype = 0;  // 1 operator, 2 function, 3 storage type
  const ObjectWithArgs* name = nullptr;
  int32_t number = 0;
  NameList order_family;
  NodeList class_args;
  const TypeName* storedtype = nullptr;
  LUMA_AST_FIELDS(itemtype, name, number, order_family, class_args, storedtype)
};

struct CreateOpFamilyStmt : NodeOf<NodeTag::kCreateOpFamilyStmt> {
  NameList opfamilyname;
  std::string_view amname;
  LUMA_AST_FIELDS(opfamilyname, amname)
};

struct AlterOpFamilyStmt : NodeOf<NodeTag::kAlterOpFamilyStmt> {
  NameList opfamilyname;
  std::string_view amname;
  bool is_drop = false;
  NodeList items;
  LUMA_AST_FIELDS(opfamilyname, amname, is_drop, items)
};

struct AlterOperatorStmt : NodeOf<NodeTag::kAlterOperatorStmt> {
  const ObjectWithArgs* opername = nullptr;
  NodeList options;
  LUMA_AST_FIELDS(opername, options)
};

struct AlterCollationStmt : NodeOf<NodeTag::kAlterCollationStmt> {
  NameList collname;
  LUMA_AST_FIELDS(collname)
};

struct CreateConversionStmt : NodeOf<NodeTag::kCreateConversionStmt> {
  NameList conversion_name;
  std::string_view for_encoding_name;
  std::string_view to_encoding_name;
  NameList func_name;
  bool def = false;
  LUMA_AST_FIELDS(conversion_name, for_encoding_name, to_encoding_name, func_name, def)
};

struct CreateCastStmt : NodeOf<NodeTag::kCreateCastStmt> {
  const TypeName* sourcetype = nullptr;
  const TypeName* targettype = nullptr;
  const ObjectWithArgs* func = nullptr;
  CoercionContext context{};
  bool inout = false;
  LUMA_AST_FIELDS(sourcetype, targettype, func, context, inout)
};

struct CreateTransformStmt : NodeOf<NodeTag::kCreateTransformStmt> {
  bool replace = false;
  const TypeName* type_name = nullptr;
  std::string_view lang;
  const ObjectWithArgs* fromsql = nullptr;
  const ObjectWithArgs* tosql = nullptr;
  LUMA_AST_FIELDS(replace, type_name, lang, fromsql, tosql)
};

struct AlterTSDictionaryStmt : NodeOf<NodeTag::kAlterTSDictionaryStmt> {
  NameList dictname;
  NodeList options;
  LUMA_AST_FIELDS(dictname, options)
};

struct AlterTSConfigurationStmt : NodeOf<NodeTag::kAlterTSConfigurationStmt> {
  AlterTSConfigType kind{};
  NameList cfgname;
  NameList tokentype;
  NodeList dicts;
  bool override_ = false;
  bool replace = false;
  bool missing_ok = false;
  LUMA_AST_FIELDS(kind, cfgname, tokentype, dicts, override_, replace, missing_ok)
};

struct PublicationTable : NodeOf<NodeTag::kPublicationTable> {
  const RangeVar* relation = nullptr;
  const Node* where_clause = nullptr;
  NameList columns;
  LUMA_AST_FIELDS(relation, where_clause, columns)
};

struct PublicationObjSpec : NodeOf<NodeTag::kPublicationObjSpec> {
  PublicationObjSpecType pubobjtype{};
  std::string_view name;
  const PublicationTable* pubtable = nullptr;
  LUMA_AST_FIELDS(pubobjtype, name, pubtable)
};

struct CreatePublicationStmt : NodeOf<NodeTag::kCreatePublicationStmt> {
  std::string_view pubname;
  NodeList options;
  NodeList pubobjects;
  bool for_all_tables = false;
  LUMA_AST_FIELDS(pubname, options, pubobjects, for_all_tables)
};

struct AlterPublicationStmt : NodeOf<NodeTag::kAlterPublicationStmt> {
  std::string_view pubname;
  NodeList options;
  NodeList pubobjects;
  bool for_all_tables = false;
  AlterPublicationAction action{};
  LUMA_AST_FIELDS(pubname, options, pubobjects, for_all_tables, action)
};

struct CreateSubscriptionStmt : NodeOf<NodeTag::kCreateSubscriptionStmt> {
  std::string_view subname;
  std::string_view conninfo;
  NameList publication;
  NodeList options;
  LUMA_AST_FIELDS(subname, conninfo, publication, options)
};

struct AlterSubscriptionStmt : NodeOf<NodeTag::kAlterSubscriptionStmt> {
  AlterSubscriptionType kind{};
  std::string_view subname;
  std::string_view conninfo;
  NameList publication;
  NodeList options;
  LUMA_AST_FIELDS(kind, subname, conninfo, publication, options)
};

struct DropSubscriptionStmt : NodeOf<NodeTag::kDropSubscriptionStmt> {
  std::string_view subname;
  bool missing_ok = false;
  DropBehavior behavior{};
  LUMA_AST_FIELDS(subname, missing_ok, behavior)
};

}  // namespace luma::ast
