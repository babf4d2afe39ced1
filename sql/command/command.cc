#include "sql/command/command.h"

#include "sql/command/commands.h"
#include "sql/command/event_trigger_command.h"
#include "sql/command/extension_dependency.h"
#include "sql/command/operator_class_command.h"
#include "sql/command/statistics_command.h"

namespace luma {
namespace {

bool has_into(const ast::Node* statement) {
  const auto* select = ast::try_as<ast::SelectStmt>(statement);
  while (select != nullptr) {
    if (select->into_clause != nullptr) return true;
    select = select->larg;
  }
  return false;
}

// Statements of PostgreSQL that LumaDB does not have, by name for the message.
struct UnsupportedRow {
  ast::NodeTag tag;
  std::string_view name;
};
constexpr UnsupportedRow kUnsupported[] = {
    {ast::NodeTag::kCreateTableSpaceStmt, "CREATE TABLESPACE"},
    {ast::NodeTag::kDropTableSpaceStmt, "DROP TABLESPACE"},
    {ast::NodeTag::kAlterTableSpaceOptionsStmt, "ALTER TABLESPACE"},
    {ast::NodeTag::kAlterTableMoveAllStmt, "ALTER TABLE ALL IN TABLESPACE"},
    {ast::NodeTag::kAlterExtensionContentsStmt, "ALTER EXTENSION"},
    {ast::NodeTag::kCreateFdwStmt, "CREATE FOREIGN DATA WRAPPER"},
    {ast::NodeTag::kAlterFdwStmt, "ALTER FOREIGN DATA WRAPPER"},
    {ast::NodeTag::kCreateForeignServerStmt, "CREATE SERVER"},
    {ast::NodeTag::kAlterForeignServerStmt, "ALTER SERVER"},
    {ast::NodeTag::kCreateForeignTableStmt, "CREATE FOREIGN TABLE"},
    {ast::NodeTag::kCreateUserMappingStmt, "CREATE USER MAPPING"},
    {ast::NodeTag::kAlterUserMappingStmt, "ALTER USER MAPPING"},
    {ast::NodeTag::kDropUserMappingStmt, "DROP USER MAPPING"},
    {ast::NodeTag::kImportForeignSchemaStmt, "IMPORT FOREIGN SCHEMA"},
    {ast::NodeTag::kCreateAmStmt, "CREATE ACCESS METHOD"},
    {ast::NodeTag::kCreatePLangStmt, "CREATE LANGUAGE"},
    {ast::NodeTag::kCreateConversionStmt, "CREATE CONVERSION"},
    {ast::NodeTag::kCreateTransformStmt, "CREATE TRANSFORM"},
    {ast::NodeTag::kCreatePublicationStmt, "CREATE PUBLICATION"},
    {ast::NodeTag::kAlterPublicationStmt, "ALTER PUBLICATION"},
    {ast::NodeTag::kCreateSubscriptionStmt, "CREATE SUBSCRIPTION"},
    {ast::NodeTag::kAlterSubscriptionStmt, "ALTER SUBSCRIPTION"},
    {ast::NodeTag::kDropSubscriptionStmt, "DROP SUBSCRIPTION"},
    {ast::NodeTag::kAlterTypeStmt, "ALTER TYPE"},
    {ast::NodeTag::kAlterSystemStmt, "ALTER SYSTEM"},
};

std::string_view unsupported_name(const ast::Node* statement) {
  for (const UnsupportedRow& row : kUnsupported) {
    if (row.tag == statement->tag) return row.name;
  }
  return {};
}

using Runner = CommandResult (*)(const ast::Node*, std::string_view, CommandContext&);

template <typename Statement, CommandResult (*kRun)(const Statement&, CommandContext&)>
CommandResult run_as(const ast::Node* node, std::string_view, CommandContext& context) {
  return kRun(*ast::as<Statement>(node), context);
}

CommandResult run_create_schema(const ast::Node* node, std::string_view sql,
                                CommandContext& context) {
  return create_schema(*ast::as<ast::CreateSchemaStmt>(node), sql, context);
}

CommandResult run_create_function(const ast::Node* node, std::string_view sql,
                                  CommandContext& context) {
  return create_function(*ast::as<ast::CreateFunctionStmt>(node), sql, context);
}

CommandResult define_object(const ast::DefineStmt& statement, CommandContext& context) {
  switch (statement.kind) {
    case ast::ObjectType::kAggregate:
      return create_aggregate(statement, context);
    case ast::ObjectType::kOperator:
      return create_operator(statement, context);
    case ast::ObjectType::kType:
      throw unsupported("CREATE TYPE with functions of its own");
    case ast::ObjectType::kCollation:
      return create_collation(statement, context);
    case ast::ObjectType::kTsdictionary:
      return create_text_dictionary(statement, context);
    case ast::ObjectType::kTsconfiguration:
      return create_text_configuration(statement, context);
    default:
      throw unsupported("CREATE TEXT SEARCH PARSER and TEMPLATE");
  }
}

struct CommandRow {
  ast::NodeTag tag;
  Runner run;
};
constexpr CommandRow kCommands[] = {
    {ast::NodeTag::kCreateStmt, run_as<ast::CreateStmt, create_table>},
    {ast::NodeTag::kCreateTableAsStmt, run_as<ast::CreateTableAsStmt, create_table_as>},
    {ast::NodeTag::kSelectStmt, run_as<ast::SelectStmt, select_into>},
    {ast::NodeTag::kRefreshMatViewStmt, run_as<ast::RefreshMatViewStmt, refresh_materialized_view>},
    {ast::NodeTag::kIndexStmt, run_as<ast::IndexStmt, create_index>},
    {ast::NodeTag::kCreateStatsStmt, run_as<ast::CreateStatsStmt, create_statistics>},
    {ast::NodeTag::kAlterStatsStmt, run_as<ast::AlterStatsStmt, alter_statistics>},
    {ast::NodeTag::kReindexStmt, run_as<ast::ReindexStmt, reindex>},
    {ast::NodeTag::kClusterStmt, run_as<ast::ClusterStmt, cluster_table>},
    {ast::NodeTag::kViewStmt, run_as<ast::ViewStmt, create_view>},
    {ast::NodeTag::kCreateSeqStmt, run_as<ast::CreateSeqStmt, create_sequence>},
    {ast::NodeTag::kAlterSeqStmt, run_as<ast::AlterSeqStmt, alter_sequence>},
    {ast::NodeTag::kCreateSchemaStmt, run_create_schema},
    {ast::NodeTag::kAlterTableStmt, run_as<ast::AlterTableStmt, alter_table>},
    {ast::NodeTag::kRenameStmt, run_as<ast::RenameStmt, rename_object>},
    {ast::NodeTag::kAlterObjectSchemaStmt, run_as<ast::AlterObjectSchemaStmt, set_object_schema>},
    {ast::NodeTag::kAlterOwnerStmt, run_as<ast::AlterOwnerStmt, set_object_owner>},
    {ast::NodeTag::kDropStmt, run_as<ast::DropStmt, drop_objects>},
    {ast::NodeTag::kTruncateStmt, run_as<ast::TruncateStmt, truncate_tables>},
    {ast::NodeTag::kCommentStmt, run_as<ast::CommentStmt, comment_on>},
    {ast::NodeTag::kCreateRoleStmt, run_as<ast::CreateRoleStmt, create_role>},
    {ast::NodeTag::kAlterRoleStmt, run_as<ast::AlterRoleStmt, alter_role>},
    {ast::NodeTag::kAlterRoleSetStmt, run_as<ast::AlterRoleSetStmt, alter_role_setting>},
    {ast::NodeTag::kDropRoleStmt, run_as<ast::DropRoleStmt, drop_roles>},
    {ast::NodeTag::kGrantRoleStmt, run_as<ast::GrantRoleStmt, grant_roles>},
    {ast::NodeTag::kGrantStmt, run_as<ast::GrantStmt, grant_privileges>},
    {ast::NodeTag::kAlterDefaultPrivilegesStmt,
     run_as<ast::AlterDefaultPrivilegesStmt, alter_default_privileges>},
    {ast::NodeTag::kCreateTrigStmt, run_as<ast::CreateTrigStmt, create_trigger>},
    {ast::NodeTag::kRuleStmt, run_as<ast::RuleStmt, create_rule>},
    {ast::NodeTag::kCreateEventTrigStmt, run_as<ast::CreateEventTrigStmt, create_event_trigger>},
    {ast::NodeTag::kAlterEventTrigStmt, run_as<ast::AlterEventTrigStmt, alter_event_trigger>},
    {ast::NodeTag::kCreatePolicyStmt, run_as<ast::CreatePolicyStmt, create_policy>},
    {ast::NodeTag::kAlterPolicyStmt, run_as<ast::AlterPolicyStmt, alter_policy>},
    {ast::NodeTag::kReassignOwnedStmt, run_as<ast::ReassignOwnedStmt, reassign_owned>},
    {ast::NodeTag::kDropOwnedStmt, run_as<ast::DropOwnedStmt, drop_owned>},
    {ast::NodeTag::kCreatedbStmt, run_as<ast::CreatedbStmt, create_database>},
    {ast::NodeTag::kAlterDatabaseStmt, run_as<ast::AlterDatabaseStmt, alter_database>},
    {ast::NodeTag::kAlterDatabaseSetStmt,
     run_as<ast::AlterDatabaseSetStmt, alter_database_setting>},
    {ast::NodeTag::kAlterDatabaseRefreshCollStmt,
     run_as<ast::AlterDatabaseRefreshCollStmt, refresh_database_collation>},
    {ast::NodeTag::kDropdbStmt, run_as<ast::DropdbStmt, drop_database>},
    {ast::NodeTag::kSecLabelStmt, run_as<ast::SecLabelStmt, set_security_label>},
    {ast::NodeTag::kAlterObjectDependsStmt,
     run_as<ast::AlterObjectDependsStmt, depend_on_extension>},
    {ast::NodeTag::kAlterOperatorStmt, run_as<ast::AlterOperatorStmt, alter_operator>},
    {ast::NodeTag::kCreateEnumStmt, run_as<ast::CreateEnumStmt, create_enum>},
    {ast::NodeTag::kCreateDomainStmt, run_as<ast::CreateDomainStmt, create_domain>},
    {ast::NodeTag::kAlterDomainStmt, run_as<ast::AlterDomainStmt, alter_domain>},
    {ast::NodeTag::kAlterEnumStmt, run_as<ast::AlterEnumStmt, alter_enum>},
    {ast::NodeTag::kDefineStmt, run_as<ast::DefineStmt, define_object>},
    {ast::NodeTag::kAlterCollationStmt, run_as<ast::AlterCollationStmt, alter_collation>},
    {ast::NodeTag::kAlterTSDictionaryStmt,
     run_as<ast::AlterTSDictionaryStmt, alter_text_dictionary>},
    {ast::NodeTag::kAlterTSConfigurationStmt,
     run_as<ast::AlterTSConfigurationStmt, alter_text_configuration>},
    {ast::NodeTag::kCreateOpClassStmt, run_as<ast::CreateOpClassStmt, create_operator_class>},
    {ast::NodeTag::kCreateOpFamilyStmt, run_as<ast::CreateOpFamilyStmt, create_operator_family>},
    {ast::NodeTag::kAlterOpFamilyStmt, run_as<ast::AlterOpFamilyStmt, alter_operator_family>},
    {ast::NodeTag::kCreateCastStmt, run_as<ast::CreateCastStmt, create_cast>},
    {ast::NodeTag::kCreateRangeStmt, run_as<ast::CreateRangeStmt, create_range_type>},
    {ast::NodeTag::kCompositeTypeStmt, run_as<ast::CompositeTypeStmt, create_composite_type>},
    {ast::NodeTag::kCreateFunctionStmt, run_create_function},
    {ast::NodeTag::kAlterFunctionStmt, run_as<ast::AlterFunctionStmt, alter_function>},
    {ast::NodeTag::kCreateExtensionStmt, run_as<ast::CreateExtensionStmt, create_extension>},
    {ast::NodeTag::kAlterExtensionStmt, run_as<ast::AlterExtensionStmt, alter_extension>},
};

const CommandRow* find_command(const ast::Node* statement) {
  if (ast::is<ast::SelectStmt>(statement) && !has_into(statement)) return nullptr;
  for (const CommandRow& row : kCommands) {
    if (row.tag == statement->tag) return &row;
  }
  return nullptr;
}

// "CREATE INDEX CONCURRENTLY" and the like, for 25001; empty for what may run in a block.
std::string_view lone_command_name(const ast::Node* statement) {
  if (const auto* index = ast::try_as<ast::IndexStmt>(statement)) {
    return index->concurrent ? "CREATE INDEX CONCURRENTLY" : "";
  }
  if (const auto* drop = ast::try_as<ast::DropStmt>(statement)) {
    return drop->concurrent ? "DROP INDEX CONCURRENTLY" : "";
  }
  if (const auto* alter = ast::try_as<ast::AlterTableStmt>(statement)) {
    for (const ast::Node* node : alter->cmds) {
      const auto* command = ast::as<ast::AlterTableCmd>(node);
      const auto* partition = ast::try_as<ast::PartitionCmd>(command->def);
      if (command->subtype == ast::AlterTableType::kDetachPartition && partition != nullptr &&
          partition->concurrent) {
        return "ALTER TABLE ... DETACH CONCURRENTLY";
      }
    }
    return "";
  }
  if (ast::is<ast::CreatedbStmt>(statement)) return "CREATE DATABASE";
  if (ast::is<ast::DropdbStmt>(statement)) return "DROP DATABASE";
  if (const auto* reindex = ast::try_as<ast::ReindexStmt>(statement)) {
    for (const ast::Node* option : reindex->params) {
      if (ast::as<ast::DefElem>(option)->defname == "concurrently") return "REINDEX CONCURRENTLY";
    }
    switch (reindex->kind) {
      case ast::ReindexObjectType::kSchema:
        return "REINDEX SCHEMA";
      case ast::ReindexObjectType::kSystem:
        return "REINDEX SYSTEM";
      case ast::ReindexObjectType::kDatabase:
        return "REINDEX DATABASE";
      default:
        return "";
    }
  }
  return "";
}

}  // namespace

bool is_command(const ast::Node* statement) {
  return find_command(statement) != nullptr || !unsupported_name(statement).empty();
}

bool needs_own_transaction(const ast::Node* statement) {
  return !lone_command_name(statement).empty();
}

CommandResult run_command(const ast::Node* statement, std::string_view sql,
                          CommandContext& context) {
  const CommandRow* row = find_command(statement);
  if (row == nullptr) {
    std::string_view name = unsupported_name(statement);
    throw unsupported("{}", name.empty() ? ast::node_name(statement->tag) : name);
  }
  if (std::string_view name = lone_command_name(statement);
      !name.empty() && context.in_transaction_block()) {
    throw sql_error(SqlState::kActiveSqlTransaction, "{} cannot run inside a transaction block",
                    name);
  }
  return row->run(statement, sql, context);
}

}  // namespace luma
