#pragma once
// Private to sql/command: one function for each statement. All work inside the context's
// transaction and throw SqlError.
#include "sql/ast/ast.h"
#include "sql/command/command.h"

namespace luma {

CommandResult create_table(const ast::CreateStmt& statement, CommandContext& context);
CommandResult create_table_as(const ast::CreateTableAsStmt& statement, CommandContext& context);
CommandResult select_into(const ast::SelectStmt& statement, CommandContext& context);
CommandResult refresh_materialized_view(const ast::RefreshMatViewStmt& statement,
                                        CommandContext& context);
CommandResult create_index(const ast::IndexStmt& statement, CommandContext& context);
CommandResult reindex(const ast::ReindexStmt& statement, CommandContext& context);
CommandResult cluster_table(const ast::ClusterStmt& statement, CommandContext& context);
CommandResult create_view(const ast::ViewStmt& statement, CommandContext& context);
CommandResult create_sequence(const ast::CreateSeqStmt& statement, CommandContext& context);
CommandResult alter_sequence(const ast::AlterSeqStmt& statement, CommandContext& context);
CommandResult create_schema(const ast::CreateSchemaStmt& statement, std::string_view sql,
                            CommandContext& context);
CommandResult alter_table(const ast::AlterTableStmt& statement, CommandContext& context);
CommandResult rename_object(const ast::RenameStmt& statement, CommandContext& context);
CommandResult set_object_schema(const ast::AlterObjectSchemaStmt& statement,
                                CommandContext& context);
CommandResult set_object_owner(const ast::AlterOwnerStmt& statement, CommandContext& context);
CommandResult drop_objects(const ast::DropStmt& statement, CommandContext& context);
CommandResult truncate_tables(const ast::TruncateStmt& statement, CommandContext& context);
CommandResult comment_on(const ast::CommentStmt& statement, CommandContext& context);

CommandResult set_security_label(const ast::SecLabelStmt& statement, CommandContext& context);

CommandResult create_role(const ast::CreateRoleStmt& statement, CommandContext& context);
CommandResult alter_role(const ast::AlterRoleStmt& statement, CommandContext& context);
CommandResult alter_role_setting(const ast::AlterRoleSetStmt& statement, CommandContext& context);
CommandResult drop_roles(const ast::DropRoleStmt& statement, CommandContext& context);
CommandResult grant_roles(const ast::GrantRoleStmt& statement, CommandContext& context);
CommandResult create_trigger(const ast::CreateTrigStmt& statement, CommandContext& context);
void rename_trigger(const ast::RenameStmt& statement, CommandContext& context);
// False when the relation has no trigger of that name.
bool drop_trigger(CommandContext& context, const Relation& relation, std::string_view name,
                  bool cascade);
// ALTER TABLE ENABLE | DISABLE TRIGGER.
void enable_triggers(const ast::AlterTableCmd& command, CommandContext& context, Oid table,
                     bool recurse);
CommandResult create_rule(const ast::RuleStmt& statement, CommandContext& context);
void rename_rule(const ast::RenameStmt& statement, CommandContext& context);
// False when there is none of that name.
bool drop_rule(CommandContext& context, const Relation& relation, std::string_view name,
               bool cascade);
// ALTER TABLE ENABLE | DISABLE RULE.
void enable_rule(const ast::AlterTableCmd& command, CommandContext& context, Oid table);
CommandResult create_policy(const ast::CreatePolicyStmt& statement, CommandContext& context);
CommandResult alter_policy(const ast::AlterPolicyStmt& statement, CommandContext& context);
void rename_policy(const ast::RenameStmt& statement, CommandContext& context);
// False when there is none of that name.
bool drop_policy(CommandContext& context, const Relation& relation, std::string_view name);
CommandResult grant_privileges(const ast::GrantStmt& statement, CommandContext& context);
CommandResult alter_default_privileges(const ast::AlterDefaultPrivilegesStmt& statement,
                                       CommandContext& context);
CommandResult reassign_owned(const ast::ReassignOwnedStmt& statement, CommandContext& context);
CommandResult drop_owned(const ast::DropOwnedStmt& statement, CommandContext& context);

CommandResult create_database(const ast::CreatedbStmt& statement, CommandContext& context);
CommandResult alter_database(const ast::AlterDatabaseStmt& statement, CommandContext& context);
CommandResult alter_database_setting(const ast::AlterDatabaseSetStmt& statement,
                                     CommandContext& context);
// SET and RESET, by the database's owner.
void change_database_setting(CommandContext& context, const Database& before,
                             const ast::VariableSetStmt& set);
// REFRESH COLLATION VERSION
CommandResult refresh_database_collation(const ast::AlterDatabaseRefreshCollStmt& statement,
                                         CommandContext& context);
CommandResult drop_database(const ast::DropdbStmt& statement, CommandContext& context);

CommandResult create_enum(const ast::CreateEnumStmt& statement, CommandContext& context);
CommandResult alter_enum(const ast::AlterEnumStmt& statement, CommandContext& context);
CommandResult create_domain(const ast::CreateDomainStmt& statement, CommandContext& context);
CommandResult alter_domain(const ast::AlterDomainStmt& statement, CommandContext& context);
void alter_composite_type(CommandContext& context, const Table& table,
                          const ast::NodeList& commands);
// Throws when columns hold rows of the table, which these commands would change.
void refuse_row_type_change(CommandContext& context, const Table& table,
                            const ast::NodeList& commands);
CommandResult rename_attribute(const ast::RenameStmt& statement, CommandContext& context);
CommandResult rename_domain_constraint(const ast::RenameStmt& statement, CommandContext& context);
CommandResult create_composite_type(const ast::CompositeTypeStmt& statement,
                                    CommandContext& context);

CommandResult create_aggregate(const ast::DefineStmt& statement, CommandContext& context);
CommandResult create_operator(const ast::DefineStmt& statement, CommandContext& context);
// SET (RESTRICT = ..., JOIN = ...)
CommandResult alter_operator(const ast::AlterOperatorStmt& statement, CommandContext& context);
CommandResult create_collation(const ast::DefineStmt& statement, CommandContext& context);
CommandResult alter_collation(const ast::AlterCollationStmt& statement, CommandContext& context);
CommandResult create_text_dictionary(const ast::DefineStmt& statement, CommandContext& context);
CommandResult alter_text_dictionary(const ast::AlterTSDictionaryStmt& statement,
                                    CommandContext& context);
CommandResult create_text_configuration(const ast::DefineStmt& statement, CommandContext& context);
CommandResult alter_text_configuration(const ast::AlterTSConfigurationStmt& statement,
                                       CommandContext& context);
CommandResult create_cast(const ast::CreateCastStmt& statement, CommandContext& context);
CommandResult drop_operators(const ast::DropStmt& statement, CommandContext& context);
// One that a user has created, whose types are the user's.
const Cast& own_cast(CommandContext& context, const ast::TypeName& from, const ast::TypeName& to);
CommandResult drop_casts(const ast::DropStmt& statement, CommandContext& context);
// nullptr: there is none and that is fine.
const UserOperator* find_user_operator(CommandContext& context, const ast::ObjectWithArgs& object,
                                       bool missing_ok);
CommandResult create_range_type(const ast::CreateRangeStmt& statement, CommandContext& context);

CommandResult create_function(const ast::CreateFunctionStmt& statement, std::string_view sql,
                              CommandContext& context);
CommandResult rename_function(const ast::RenameStmt& statement, CommandContext& context);
CommandResult move_function(const ast::AlterObjectSchemaStmt& statement, CommandContext& context);
CommandResult alter_function(const ast::AlterFunctionStmt& statement, CommandContext& context);

CommandResult create_extension(const ast::CreateExtensionStmt& statement, CommandContext& context);
CommandResult alter_extension(const ast::AlterExtensionStmt& statement, CommandContext& context);
CommandResult drop_extensions(const ast::DropStmt& statement, CommandContext& context);
CommandResult move_extension(std::string_view name, std::string_view schema_name,
                             CommandContext& context);

}  // namespace luma
