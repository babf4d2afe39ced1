// CREATE TABLE AS, SELECT INTO, CREATE and REFRESH MATERIALIZED VIEW.
#include "sql/bind/binder.h"
#include "sql/bind/privilege_check.h"
#include "sql/command/access_method.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/query_columns.h"
#include "sql/command/relation_create.h"
#include "sql/command/storage_options.h"
#include "sql/command/stored_query_environment.h"
#include "sql/command/table_storage.h"
#include "sql/command/view_text.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

struct Wanted {
  const ast::Node* query = nullptr;
  const ast::IntoClause* into = nullptr;
  bool materialized_view = false;
  bool if_not_exists = false;
  std::string_view tag;
};

BoundQuery bind_source(const ast::Node* query, CommandContext& context) {
  if (const auto* execute = ast::try_as<ast::ExecuteStmt>(query)) {
    return context.bind_execute(*execute);
  }
  Binder binder(context.environment(), context.parameter_types());
  return binder.bind(query);
}

void check_into(const ast::IntoClause& into, bool temporary) {
  if (!into.table_space_name.empty() && into.table_space_name != "pg_default") {
    throw sql_error(SqlState::kUndefinedObject, "tablespace \"{}\" does not exist",
                    into.table_space_name);
  }
  if (into.on_commit != ast::OnCommitAction::kNoop && !temporary) {
    throw SqlError(SqlState::kInvalidTableDefinition,
                   "ON COMMIT can only be used on temporary tables");
  }
}

CommandResult create_from_query(const Wanted& wanted, CommandContext& context) {
  const ast::IntoClause& into = *wanted.into;
  BoundQuery bound = bind_source(wanted.query, context);
  if (!into.skip_data) {
    check_privileges(*context.ddl().view(), context.current_user(), bound.privileges,
                     bound.functions);
  }
  NewRelationPlace place = place_of_new_relation(context, *into.rel, into.rel->relpersistence);
  check_into(into, place.persistence == 't');
  std::string name = truncated_name(into.rel->relname);
  if (skip_existing(context, place.schema, name, wanted.if_not_exists)) {
    return {std::string(wanted.tag)};
  }
  auto table = std::make_shared<Table>();
  table->oid = context.ddl().new_oid();
  table->name = name;
  table->schema = place.schema;
  table->persistence = place.persistence;
  table->owner = context.current_user();
  table->access_method = table_access_method(context, into.access_method);
  table->columns = columns_of_query(bound, into.col_names, "too many column names were specified");
  change_options(table->options, into.options,
                 wanted.materialized_view ? OptionOwner::kMaterializedView : OptionOwner::kTable,
                 false);
  require_sort_key(*table);
  if (wanted.materialized_view) {
    if (bound.modifies_data) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "materialized views must not use data-modifying statements in WITH");
    }
    table->relkind = 'm';
    table->is_populated = !into.skip_data;
    std::vector<std::string> names;
    for (const Column& column : table->columns) names.push_back(column.name);
    table->definition = view_text(context, wanted.query, names);
    table->definition_search_path = context.search_path_setting();
    table->dependencies = view_dependencies(context, wanted.query, bound, table->address());
  }
  Oid oid = table->oid;
  context.ddl().put(std::move(table));
  if (place.persistence == 't') context.register_temporary(oid, into.on_commit);
  if (into.skip_data) return {std::string(wanted.tag)};
  CatalogPtr catalog = context.ddl().view();
  uint64_t rows = context.insert_query(std::move(bound), *catalog->table(oid));
  return {fmt::format("SELECT {}", rows)};
}

void require_unique_index(CommandContext& context, const Table& view) {
  for (Oid oid : context.ddl().view()->indexes_of(view.oid)) {
    const Index& index = *context.ddl().view()->index(oid);
    bool plain = index.predicate.empty();
    for (const IndexKey& key : index.keys) plain &= key.column > 0;
    if (index.unique && plain) return;
  }
  throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                  "cannot refresh materialized view \"{}\" concurrently",
                  fmt::format("{}.{}", context.ddl().view()->schema_name(view.schema), view.name))
      .hint(
          "Create a unique index with no WHERE clause on one or more columns of the materialized "
          "view.");
}

}  // namespace

CommandResult create_table_as(const ast::CreateTableAsStmt& statement, CommandContext& context) {
  bool materialized = statement.objtype == ast::ObjectType::kMatview;
  return create_from_query({statement.query, statement.into, materialized, statement.if_not_exists,
                            materialized ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS"},
                           context);
}

CommandResult select_into(const ast::SelectStmt& statement, CommandContext& context) {
  // The INTO clause of a set operation stands in its first branch.
  Arena arena;
  auto* query = arena.make<ast::SelectStmt>(statement);
  const ast::IntoClause* into = query->into_clause;
  query->into_clause = nullptr;
  ast::SelectStmt* level = query;
  while (into == nullptr && level->larg != nullptr) {
    auto* left = arena.make<ast::SelectStmt>(*level->larg);
    level->larg = left;
    into = left->into_clause;
    left->into_clause = nullptr;
    level = left;
  }
  LUMA_CHECK(into != nullptr);
  return create_from_query({query, into, false, false, "SELECT INTO"}, context);
}

CommandResult refresh_materialized_view(const ast::RefreshMatViewStmt& statement,
                                        CommandContext& context) {
  const Relation& relation = require_and_lock(
      context, *statement.relation,
      statement.concurrent ? TableLockMode::kExclusive : TableLockMode::kAccessExclusive);
  if (relation.relkind != 'm' && relation.relkind != 'r') {
    throw_wrong_kind(relation, "table or materialized view");
  }
  if (relation.relkind != 'm') {
    throw sql_error(SqlState::kFeatureNotSupported, "\"{}\" is not a materialized view",
                    relation.name);
  }
  require_owner(context, relation);
  std::shared_ptr<Table> view = copy_of(static_cast<const Table&>(relation));
  if (statement.concurrent) {
    if (statement.skip_data) {
      throw SqlError(SqlState::kSyntaxError,
                     "REFRESH options CONCURRENTLY and WITH NO DATA cannot be used together");
    }
    if (!view->is_populated) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "CONCURRENTLY cannot be used when the materialized view is not populated");
    }
    require_unique_index(context, *view);
  }
  view->is_populated = !statement.skip_data;
  Oid oid = view->oid;
  context.ddl().put(view);
  replace_storage(context, oid);
  if (!statement.skip_data) {
    // Read as a query over the definition, under the path it was written with.
    Arena arena;
    CatalogPtr catalog = context.ddl().view();
    const Table& stored = *catalog->table(oid);
    StoredQueryEnvironment environment(context.environment(), stored.definition_search_path);
    Binder binder(environment, {});
    BoundQuery bound = binder.bind(parse_sql(stored.definition, arena).statements[0].node);
    for (RequiredPrivilege& required : bound.privileges) {
      if (required.check_as == kInvalidOid) required.check_as = stored.owner;
    }
    context.insert_query(std::move(bound), stored);
  }
  return {"REFRESH MATERIALIZED VIEW"};
}

}  // namespace luma
