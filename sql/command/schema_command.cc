// CREATE SCHEMA.
#include <set>

#include "sql/ast/rewrite.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"

namespace luma {
namespace {

// Elements are made in the new schema whatever the search path says.
const ast::RangeVar* in_schema(const ast::RangeVar* name, std::string_view schema, Arena& arena) {
  if (!name->schemaname.empty() && name->schemaname != schema) {
    throw sql_error(SqlState::kInvalidSchemaDefinition,
                    "CREATE specifies a schema ({}) different from the one being created ({})",
                    name->schemaname, schema);
  }
  auto* out = arena.make<ast::RangeVar>(*name);
  out->schemaname = arena.copy(schema);
  return out;
}

const ast::Node* element_in_schema(const ast::Node* element, std::string_view schema,
                                   Arena& arena) {
  switch (element->tag) {
    case ast::NodeTag::kCreateStmt: {
      auto* copy = arena.make<ast::CreateStmt>(*ast::as<ast::CreateStmt>(element));
      copy->relation = in_schema(copy->relation, schema, arena);
      return copy;
    }
    case ast::NodeTag::kViewStmt: {
      auto* copy = arena.make<ast::ViewStmt>(*ast::as<ast::ViewStmt>(element));
      copy->view = in_schema(copy->view, schema, arena);
      return copy;
    }
    case ast::NodeTag::kIndexStmt: {
      auto* copy = arena.make<ast::IndexStmt>(*ast::as<ast::IndexStmt>(element));
      copy->relation = in_schema(copy->relation, schema, arena);
      return copy;
    }
    case ast::NodeTag::kCreateSeqStmt: {
      auto* copy = arena.make<ast::CreateSeqStmt>(*ast::as<ast::CreateSeqStmt>(element));
      copy->sequence = in_schema(copy->sequence, schema, arena);
      return copy;
    }
    case ast::NodeTag::kCreateTrigStmt: {
      auto* copy = arena.make<ast::CreateTrigStmt>(*ast::as<ast::CreateTrigStmt>(element));
      copy->relation = in_schema(copy->relation, schema, arena);
      return copy;
    }
    case ast::NodeTag::kGrantStmt:
      return element;
    default:
      throw unsupported("{} in CREATE SCHEMA", ast::node_name(element->tag));
  }
}

// The new schema is the first one in which elements look for relations.
const ast::Node* with_names_in_schema(const ast::Node* element, const Catalog& catalog,
                                      const std::string& schema, Arena& arena) {
  Oid oid = catalog.find_schema(schema)->oid;
  std::set<std::string_view> ctes;
  ast::walk(element, [&](const ast::Node* node) {
    if (const auto* cte = ast::try_as<ast::CommonTableExpr>(node)) ctes.insert(cte->ctename);
    return true;
  });
  return ast::rewrite(element, arena, [&](ast::Node* node) -> const ast::Node* {
    if (node->tag != ast::NodeTag::kRangeVar) return node;
    auto& name = static_cast<ast::RangeVar&>(*node);
    bool free = name.schemaname.empty() && !ctes.contains(name.relname);
    if (free && catalog.find_relation(oid, name.relname) != nullptr) {
      name.schemaname = arena.copy(schema);
    }
    return node;
  });
}

int creation_rank(const ast::Node* element) {
  switch (element->tag) {
    case ast::NodeTag::kCreateSeqStmt:
      return 0;
    case ast::NodeTag::kCreateStmt:
      return 1;
    case ast::NodeTag::kViewStmt:
      return 2;
    case ast::NodeTag::kIndexStmt:
      return 3;
    default:
      return 4;
  }
}

}  // namespace

CommandResult create_schema(const ast::CreateSchemaStmt& statement, std::string_view sql,
                            CommandContext& context) {
  const Catalog& catalog = *context.ddl().view();
  Oid owner = statement.authrole != nullptr ? role_oid(context, *statement.authrole)
                                            : context.current_user();
  std::string name = statement.schemaname.empty() ? catalog.role_name(owner)
                                                  : truncated_name(statement.schemaname);
  const Database* database = catalog.database(catalog.database_oid());
  if (database != nullptr &&
      !has_database_privilege(catalog, context.current_user(), *database, 'C')) {
    throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for database {}",
                    database->name);
  }
  if (!is_member_of(catalog, context.current_user(), owner) && !is_superuser_now(context)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be member of role \"{}\"",
                    catalog.role_name(owner));
  }
  if (name.starts_with("pg_")) {
    throw sql_error(SqlState::kReservedName, "unacceptable schema name \"{}\"", name)
        .detail("The prefix \"pg_\" is reserved for system schemas.");
  }
  if (statement.if_not_exists && catalog.find_schema(name) != nullptr) {
    context.notice({.state = SqlState::kDuplicateSchema,
                    .message = fmt::format("schema \"{}\" already exists, skipping", name)});
    return {"CREATE SCHEMA"};
  }
  auto schema = std::make_shared<Schema>();
  schema->name = name;
  schema->owner = owner;
  context.ddl().put(std::move(schema));
  Arena arena;
  for (int rank = 0; rank <= 4; ++rank) {
    for (const ast::Node* element : statement.schema_elts) {
      if (creation_rank(element) != rank) continue;
      const ast::Node* placed = element_in_schema(element, name, arena);
      CatalogPtr now = context.ddl().view();
      run_command(with_names_in_schema(placed, *now, name, arena), sql, context);
    }
  }
  return {"CREATE SCHEMA"};
}

}  // namespace luma
