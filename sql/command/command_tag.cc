#include "sql/command/command_tag.h"

#include <algorithm>
#include <iterator>

#include "sql/ast/ast.h"

namespace luma {
namespace {

// Both sorted.
constexpr std::string_view kFiring[] = {"ALTER ACCESS METHOD",
                                        "ALTER AGGREGATE",
                                        "ALTER CAST",
                                        "ALTER COLLATION",
                                        "ALTER CONSTRAINT",
                                        "ALTER CONVERSION",
                                        "ALTER DEFAULT PRIVILEGES",
                                        "ALTER DOMAIN",
                                        "ALTER EXTENSION",
                                        "ALTER FOREIGN DATA WRAPPER",
                                        "ALTER FOREIGN TABLE",
                                        "ALTER FUNCTION",
                                        "ALTER INDEX",
                                        "ALTER LANGUAGE",
                                        "ALTER LARGE OBJECT",
                                        "ALTER MATERIALIZED VIEW",
                                        "ALTER OPERATOR",
                                        "ALTER OPERATOR CLASS",
                                        "ALTER OPERATOR FAMILY",
                                        "ALTER POLICY",
                                        "ALTER PROCEDURE",
                                        "ALTER PUBLICATION",
                                        "ALTER ROUTINE",
                                        "ALTER RULE",
                                        "ALTER SCHEMA",
                                        "ALTER SEQUENCE",
                                        "ALTER SERVER",
                                        "ALTER STATISTICS",
                                        "ALTER SUBSCRIPTION",
                                        "ALTER TABLE",
                                        "ALTER TEXT SEARCH CONFIGURATION",
                                        "ALTER TEXT SEARCH DICTIONARY",
                                        "ALTER TEXT SEARCH PARSER",
                                        "ALTER TEXT SEARCH TEMPLATE",
                                        "ALTER TRANSFORM",
                                        "ALTER TRIGGER",
                                        "ALTER TYPE",
                                        "ALTER USER MAPPING",
                                        "ALTER VIEW",
                                        "COMMENT",
                                        "CREATE ACCESS METHOD",
                                        "CREATE AGGREGATE",
                                        "CREATE CAST",
                                        "CREATE COLLATION",
                                        "CREATE CONSTRAINT",
                                        "CREATE CONVERSION",
                                        "CREATE DOMAIN",
                                        "CREATE EXTENSION",
                                        "CREATE FOREIGN DATA WRAPPER",
                                        "CREATE FOREIGN TABLE",
                                        "CREATE FUNCTION",
                                        "CREATE INDEX",
                                        "CREATE LANGUAGE",
                                        "CREATE MATERIALIZED VIEW",
                                        "CREATE OPERATOR",
                                        "CREATE OPERATOR CLASS",
                                        "CREATE OPERATOR FAMILY",
                                        "CREATE POLICY",
                                        "CREATE PROCEDURE",
                                        "CREATE PUBLICATION",
                                        "CREATE ROUTINE",
                                        "CREATE RULE",
                                        "CREATE SCHEMA",
                                        "CREATE SEQUENCE",
                                        "CREATE SERVER",
                                        "CREATE STATISTICS",
                                        "CREATE SUBSCRIPTION",
                                        "CREATE TABLE",
                                        "CREATE TABLE AS",
                                        "CREATE TEXT SEARCH CONFIGURATION",
                                        "CREATE TEXT SEARCH DICTIONARY",
                                        "CREATE TEXT SEARCH PARSER",
                                        "CREATE TEXT SEARCH TEMPLATE",
                                        "CREATE TRANSFORM",
                                        "CREATE TRIGGER",
                                        "CREATE TYPE",
                                        "CREATE USER MAPPING",
                                        "CREATE VIEW",
                                        "DROP ACCESS METHOD",
                                        "DROP AGGREGATE",
                                        "DROP CAST",
                                        "DROP COLLATION",
                                        "DROP CONSTRAINT",
                                        "DROP CONVERSION",
                                        "DROP DOMAIN",
                                        "DROP EXTENSION",
                                        "DROP FOREIGN DATA WRAPPER",
                                        "DROP FOREIGN TABLE",
                                        "DROP FUNCTION",
                                        "DROP INDEX",
                                        "DROP LANGUAGE",
                                        "DROP MATERIALIZED VIEW",
                                        "DROP OPERATOR",
                                        "DROP OPERATOR CLASS",
                                        "DROP OPERATOR FAMILY",
                                        "DROP OWNED",
                                        "DROP POLICY",
                                        "DROP PROCEDURE",
                                        "DROP PUBLICATION",
                                        "DROP ROUTINE",
                                        "DROP RULE",
                                        "DROP SCHEMA",
                                        "DROP SEQUENCE",
                                        "DROP SERVER",
                                        "DROP STATISTICS",
                                        "DROP SUBSCRIPTION",
                                        "DROP TABLE",
                                        "DROP TEXT SEARCH CONFIGURATION",
                                        "DROP TEXT SEARCH DICTIONARY",
                                        "DROP TEXT SEARCH PARSER",
                                        "DROP TEXT SEARCH TEMPLATE",
                                        "DROP TRANSFORM",
                                        "DROP TRIGGER",
                                        "DROP TYPE",
                                        "DROP USER MAPPING",
                                        "DROP VIEW",
                                        "GRANT",
                                        "IMPORT FOREIGN SCHEMA",
                                        "REFRESH MATERIALIZED VIEW",
                                        "REVOKE",
                                        "SECURITY LABEL",
                                        "SELECT INTO"};
constexpr std::string_view kSilent[] = {"ALTER DATABASE",
                                        "ALTER EVENT TRIGGER",
                                        "ALTER ROLE",
                                        "ALTER SYSTEM",
                                        "ALTER TABLESPACE",
                                        "ANALYZE",
                                        "BEGIN",
                                        "CALL",
                                        "CHECKPOINT",
                                        "CLOSE",
                                        "CLOSE CURSOR",
                                        "CLOSE CURSOR ALL",
                                        "CLUSTER",
                                        "COMMIT",
                                        "COMMIT PREPARED",
                                        "COPY",
                                        "COPY FROM",
                                        "CREATE DATABASE",
                                        "CREATE EVENT TRIGGER",
                                        "CREATE ROLE",
                                        "CREATE TABLESPACE",
                                        "DEALLOCATE",
                                        "DEALLOCATE ALL",
                                        "DECLARE CURSOR",
                                        "DELETE",
                                        "DISCARD",
                                        "DISCARD ALL",
                                        "DISCARD PLANS",
                                        "DISCARD SEQUENCES",
                                        "DISCARD TEMP",
                                        "DO",
                                        "DROP DATABASE",
                                        "DROP EVENT TRIGGER",
                                        "DROP ROLE",
                                        "DROP TABLESPACE",
                                        "EXECUTE",
                                        "EXPLAIN",
                                        "FETCH",
                                        "GRANT ROLE",
                                        "INSERT",
                                        "LISTEN",
                                        "LOAD",
                                        "LOCK TABLE",
                                        "MERGE",
                                        "MOVE",
                                        "NOTIFY",
                                        "PREPARE",
                                        "PREPARE TRANSACTION",
                                        "REASSIGN OWNED",
                                        "REINDEX",
                                        "RELEASE",
                                        "RESET",
                                        "REVOKE ROLE",
                                        "ROLLBACK",
                                        "ROLLBACK PREPARED",
                                        "SAVEPOINT",
                                        "SELECT",
                                        "SELECT FOR KEY SHARE",
                                        "SELECT FOR NO KEY UPDATE",
                                        "SELECT FOR SHARE",
                                        "SELECT FOR UPDATE",
                                        "SET",
                                        "SET CONSTRAINTS",
                                        "SHOW",
                                        "START TRANSACTION",
                                        "TRUNCATE TABLE",
                                        "UNLISTEN",
                                        "UPDATE",
                                        "VACUUM"};

struct StatementRow {
  ast::NodeTag node;
  std::string_view tag;
};
constexpr StatementRow kStatements[] = {
    {ast::NodeTag::kCreateStmt, "CREATE TABLE"},
    {ast::NodeTag::kIndexStmt, "CREATE INDEX"},
    {ast::NodeTag::kCreateStatsStmt, "CREATE STATISTICS"},
    {ast::NodeTag::kAlterStatsStmt, "ALTER STATISTICS"},
    {ast::NodeTag::kViewStmt, "CREATE VIEW"},
    {ast::NodeTag::kRefreshMatViewStmt, "REFRESH MATERIALIZED VIEW"},
    {ast::NodeTag::kCreateSeqStmt, "CREATE SEQUENCE"},
    {ast::NodeTag::kAlterSeqStmt, "ALTER SEQUENCE"},
    {ast::NodeTag::kCreateSchemaStmt, "CREATE SCHEMA"},
    {ast::NodeTag::kCreateDomainStmt, "CREATE DOMAIN"},
    {ast::NodeTag::kAlterDomainStmt, "ALTER DOMAIN"},
    {ast::NodeTag::kCreateEnumStmt, "CREATE TYPE"},
    {ast::NodeTag::kAlterEnumStmt, "ALTER TYPE"},
    {ast::NodeTag::kCreateRangeStmt, "CREATE TYPE"},
    {ast::NodeTag::kCompositeTypeStmt, "CREATE TYPE"},
    {ast::NodeTag::kAlterTypeStmt, "ALTER TYPE"},
    {ast::NodeTag::kCommentStmt, "COMMENT"},
    {ast::NodeTag::kSecLabelStmt, "SECURITY LABEL"},
    {ast::NodeTag::kCreateTrigStmt, "CREATE TRIGGER"},
    {ast::NodeTag::kRuleStmt, "CREATE RULE"},
    {ast::NodeTag::kCreatePolicyStmt, "CREATE POLICY"},
    {ast::NodeTag::kAlterPolicyStmt, "ALTER POLICY"},
    {ast::NodeTag::kCreateEventTrigStmt, "CREATE EVENT TRIGGER"},
    {ast::NodeTag::kAlterEventTrigStmt, "ALTER EVENT TRIGGER"},
    {ast::NodeTag::kDropOwnedStmt, "DROP OWNED"},
    {ast::NodeTag::kReassignOwnedStmt, "REASSIGN OWNED"},
    {ast::NodeTag::kAlterDefaultPrivilegesStmt, "ALTER DEFAULT PRIVILEGES"},
    {ast::NodeTag::kCreateExtensionStmt, "CREATE EXTENSION"},
    {ast::NodeTag::kAlterExtensionStmt, "ALTER EXTENSION"},
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
    {ast::NodeTag::kCreateOpClassStmt, "CREATE OPERATOR CLASS"},
    {ast::NodeTag::kCreateOpFamilyStmt, "CREATE OPERATOR FAMILY"},
    {ast::NodeTag::kAlterOpFamilyStmt, "ALTER OPERATOR FAMILY"},
    {ast::NodeTag::kAlterOperatorStmt, "ALTER OPERATOR"},
    {ast::NodeTag::kAlterCollationStmt, "ALTER COLLATION"},
    {ast::NodeTag::kCreateConversionStmt, "CREATE CONVERSION"},
    {ast::NodeTag::kCreateCastStmt, "CREATE CAST"},
    {ast::NodeTag::kCreateTransformStmt, "CREATE TRANSFORM"},
    {ast::NodeTag::kAlterTSDictionaryStmt, "ALTER TEXT SEARCH DICTIONARY"},
    {ast::NodeTag::kAlterTSConfigurationStmt, "ALTER TEXT SEARCH CONFIGURATION"},
    {ast::NodeTag::kCreatePublicationStmt, "CREATE PUBLICATION"},
    {ast::NodeTag::kAlterPublicationStmt, "ALTER PUBLICATION"},
    {ast::NodeTag::kCreateSubscriptionStmt, "CREATE SUBSCRIPTION"},
    {ast::NodeTag::kAlterSubscriptionStmt, "ALTER SUBSCRIPTION"},
    {ast::NodeTag::kDropSubscriptionStmt, "DROP SUBSCRIPTION"},
    {ast::NodeTag::kAlterTableMoveAllStmt, "ALTER TABLE"},
};

struct WordsRow {
  ast::ObjectType type;
  std::string_view words;
};
constexpr WordsRow kWords[] = {
    {ast::ObjectType::kAccessMethod, "ACCESS METHOD"},
    {ast::ObjectType::kAggregate, "AGGREGATE"},
    {ast::ObjectType::kAttribute, "TYPE"},
    {ast::ObjectType::kCast, "CAST"},
    {ast::ObjectType::kColumn, "TABLE"},
    {ast::ObjectType::kCollation, "COLLATION"},
    {ast::ObjectType::kConversion, "CONVERSION"},
    {ast::ObjectType::kDatabase, "DATABASE"},
    {ast::ObjectType::kDomain, "DOMAIN"},
    {ast::ObjectType::kDomconstraint, "DOMAIN"},
    {ast::ObjectType::kEventTrigger, "EVENT TRIGGER"},
    {ast::ObjectType::kExtension, "EXTENSION"},
    {ast::ObjectType::kFdw, "FOREIGN DATA WRAPPER"},
    {ast::ObjectType::kForeignServer, "SERVER"},
    {ast::ObjectType::kForeignTable, "FOREIGN TABLE"},
    {ast::ObjectType::kFunction, "FUNCTION"},
    {ast::ObjectType::kIndex, "INDEX"},
    {ast::ObjectType::kLanguage, "LANGUAGE"},
    {ast::ObjectType::kLargeobject, "LARGE OBJECT"},
    {ast::ObjectType::kMatview, "MATERIALIZED VIEW"},
    {ast::ObjectType::kOpclass, "OPERATOR CLASS"},
    {ast::ObjectType::kOperator, "OPERATOR"},
    {ast::ObjectType::kOpfamily, "OPERATOR FAMILY"},
    {ast::ObjectType::kPolicy, "POLICY"},
    {ast::ObjectType::kProcedure, "PROCEDURE"},
    {ast::ObjectType::kPublication, "PUBLICATION"},
    {ast::ObjectType::kRole, "ROLE"},
    {ast::ObjectType::kRoutine, "ROUTINE"},
    {ast::ObjectType::kRule, "RULE"},
    {ast::ObjectType::kSchema, "SCHEMA"},
    {ast::ObjectType::kSequence, "SEQUENCE"},
    {ast::ObjectType::kSubscription, "SUBSCRIPTION"},
    {ast::ObjectType::kStatisticExt, "STATISTICS"},
    {ast::ObjectType::kTabconstraint, "TABLE"},
    {ast::ObjectType::kTable, "TABLE"},
    {ast::ObjectType::kTablespace, "TABLESPACE"},
    {ast::ObjectType::kTransform, "TRANSFORM"},
    {ast::ObjectType::kTrigger, "TRIGGER"},
    {ast::ObjectType::kTsconfiguration, "TEXT SEARCH CONFIGURATION"},
    {ast::ObjectType::kTsdictionary, "TEXT SEARCH DICTIONARY"},
    {ast::ObjectType::kTsparser, "TEXT SEARCH PARSER"},
    {ast::ObjectType::kTstemplate, "TEXT SEARCH TEMPLATE"},
    {ast::ObjectType::kType, "TYPE"},
    {ast::ObjectType::kUserMapping, "USER MAPPING"},
    {ast::ObjectType::kView, "VIEW"},
};

std::string with_type(std::string_view verb, ast::ObjectType type) {
  return std::string(verb) + std::string(object_type_words(type));
}

template <typename List>
bool holds(const List& list, std::string_view tag) {
  return std::binary_search(std::begin(list), std::end(list), tag);
}

std::string table_as_tag(const ast::CreateTableAsStmt& statement) {
  if (statement.is_select_into) return "SELECT INTO";
  return statement.objtype == ast::ObjectType::kMatview ? "CREATE MATERIALIZED VIEW"
                                                        : "CREATE TABLE AS";
}

std::string rename_tag(const ast::RenameStmt& statement) {
  const bool is_part = statement.rename_type == ast::ObjectType::kColumn ||
                       statement.rename_type == ast::ObjectType::kAttribute;
  return with_type("ALTER ", is_part ? statement.relation_type : statement.rename_type);
}

}  // namespace

std::string_view object_type_words(ast::ObjectType type) {
  for (const WordsRow& row : kWords) {
    if (row.type == type) return row.words;
  }
  return "";
}

bool is_command_tag(std::string_view tag) { return holds(kFiring, tag) || holds(kSilent, tag); }

bool fires_event_triggers(std::string_view tag) { return holds(kFiring, tag); }

bool may_rewrite_tables(std::string_view tag) {
  return tag == "ALTER TABLE" || tag == "ALTER TYPE" || tag == "ALTER MATERIALIZED VIEW";
}

std::string command_tag(const ast::Node* statement) {
  for (const StatementRow& row : kStatements) {
    if (row.node == statement->tag) return std::string(row.tag);
  }
  switch (statement->tag) {
    case ast::NodeTag::kSelectStmt:
      return "SELECT INTO";
    case ast::NodeTag::kCreateTableAsStmt:
      return table_as_tag(*ast::as<ast::CreateTableAsStmt>(statement));
    case ast::NodeTag::kAlterTableStmt:
      return with_type("ALTER ", ast::as<ast::AlterTableStmt>(statement)->objtype);
    case ast::NodeTag::kRenameStmt:
      return rename_tag(*ast::as<ast::RenameStmt>(statement));
    case ast::NodeTag::kAlterObjectSchemaStmt:
      return with_type("ALTER ", ast::as<ast::AlterObjectSchemaStmt>(statement)->object_type);
    case ast::NodeTag::kAlterOwnerStmt:
      return with_type("ALTER ", ast::as<ast::AlterOwnerStmt>(statement)->object_type);
    case ast::NodeTag::kAlterObjectDependsStmt:
      return with_type("ALTER ", ast::as<ast::AlterObjectDependsStmt>(statement)->object_type);
    case ast::NodeTag::kAlterFunctionStmt:
      return with_type("ALTER ", ast::as<ast::AlterFunctionStmt>(statement)->objtype);
    case ast::NodeTag::kCreateFunctionStmt:
      return ast::as<ast::CreateFunctionStmt>(statement)->is_procedure ? "CREATE PROCEDURE"
                                                                       : "CREATE FUNCTION";
    case ast::NodeTag::kDefineStmt:
      return with_type("CREATE ", ast::as<ast::DefineStmt>(statement)->kind);
    case ast::NodeTag::kDropStmt:
      return with_type("DROP ", ast::as<ast::DropStmt>(statement)->remove_type);
    case ast::NodeTag::kGrantStmt:
      return ast::as<ast::GrantStmt>(statement)->is_grant ? "GRANT" : "REVOKE";
    default:
      return "";
  }
}

}  // namespace luma
