// CREATE [OR REPLACE] VIEW.
#include <algorithm>

#include "sql/ast/tree.h"
#include "sql/bind/binder.h"
#include "sql/command/check_option.h"
#include "sql/command/column_build.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/query_columns.h"
#include "sql/command/relation_create.h"
#include "sql/command/storage_options.h"
#include "sql/command/view_text.h"

namespace luma {
namespace {

void check_query(const ast::ViewStmt& statement) {
  const auto* select = ast::try_as<ast::SelectStmt>(statement.query);
  if (select == nullptr) throw unsupported("a view over this statement");
  if (select->into_clause != nullptr) {
    throw SqlError(SqlState::kFeatureNotSupported, "views must not contain SELECT INTO");
  }
  ast::walk(statement.query, [](const ast::Node* node) {
    const auto* parameter = ast::try_as<ast::ParamRef>(node);
    if (parameter == nullptr) return true;
    throw sql_error(SqlState::kUndefinedParameter, "there is no parameter ${}", parameter->number)
        .at_byte(parameter->location);
  });
  if (statement.view->relpersistence == 'u') {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "views cannot be unlogged because they do not have storage");
  }
}

// Columns of a replaced view stay; new ones may follow.
void check_replacement(const Catalog& catalog, const Table& old_view,
                       const std::vector<Column>& columns) {
  std::vector<const Column*> old_columns;
  for (const Column& column : old_view.columns) {
    if (!column.dropped) old_columns.push_back(&column);
  }
  if (columns.size() < old_columns.size()) {
    throw SqlError(SqlState::kInvalidTableDefinition, "cannot drop columns from view");
  }
  for (size_t i = 0; i < old_columns.size(); ++i) {
    const Column& before = *old_columns[i];
    const Column& after = columns[i];
    if (before.name != after.name) {
      throw sql_error(SqlState::kInvalidTableDefinition,
                      "cannot change name of view column \"{}\" to \"{}\"", before.name, after.name)
          .hint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.");
    }
    if (before.type != after.type) {
      throw sql_error(SqlState::kInvalidTableDefinition,
                      "cannot change data type of view column \"{}\" from {} to {}", before.name,
                      catalog.type_name(before.type.oid, before.type.typmod),
                      catalog.type_name(after.type.oid, after.type.typmod));
    }
  }
}

bool reads_temporary(CommandContext& context, const ast::Node* query) {
  bool found = false;
  for_each_named_relation(*context.ddl().view(), context.environment().search_path(), query,
                          [&](const ast::RangeVar&, const Relation& relation) {
                            found |= relation.persistence == 't';
                          });
  return found;
}

void set_check_option(CommandContext& context, const ast::ViewStmt& statement, Table& view) {
  if (statement.with_check_option != ast::ViewCheckOption::kNo) {
    bool local = statement.with_check_option == ast::ViewCheckOption::kLocal;
    for (const std::string& option : view.options) {
      if (option.starts_with("check_option=")) {
        throw SqlError(SqlState::kInvalidParameterValue,
                       "parameter \"check_option\" specified more than once");
      }
    }
    view.options.emplace_back("check_option=");
    view.options.back() += local ? "local" : "cascaded";
  }
  require_checkable(context, view);
}

}  // namespace

CommandResult create_view(const ast::ViewStmt& statement, CommandContext& context) {
  check_query(statement);
  std::string name = truncated_name(statement.view->relname);
  char persistence = statement.view->relpersistence;
  if (persistence != 't' && reads_temporary(context, statement.query)) {
    persistence = 't';
    notice(context, fmt::format("view \"{}\" will be a temporary view", name));
  }
  Binder binder(context.environment(), {});
  binder.bind_definition();
  BoundQuery bound = binder.bind(statement.query);
  if (bound.modifies_data) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "views must not contain data-modifying statements in WITH");
  }
  std::vector<Column> columns = columns_of_query(
      bound, statement.aliases, "CREATE VIEW specifies more column names than columns");
  NewRelationPlace place = place_of_new_relation(context, *statement.view, persistence);
  auto view = std::make_shared<Table>();
  const Relation* old_relation = context.ddl().view()->find_relation(place.schema, name);
  if (old_relation != nullptr) {
    if (!statement.replace) {
      throw sql_error(SqlState::kDuplicateTable, "relation \"{}\" already exists", name);
    }
    Oid oid = old_relation->oid;
    if (old_relation->relkind != 'v') {
      throw sql_error(SqlState::kWrongObjectType, "\"{}\" is not a view", name);
    }
    context.lock_table(oid, TableLockMode::kAccessExclusive);
    context.ddl().refresh();
    old_relation = context.ddl().view()->relation(oid);
    if (old_relation == nullptr) {
      throw sql_error(SqlState::kUndefinedTable, "relation \"{}\" does not exist", name);
    }
    require_owner(context, *old_relation);
    view = copy_of(static_cast<const Table&>(*old_relation));
    check_replacement(*context.ddl().view(), *view, columns);
    for (size_t i = view->columns.size(); i < columns.size(); ++i) {
      view->columns.push_back(columns[i]);
    }
    view->options.clear();
  } else {
    view->oid = context.ddl().new_oid();
    view->name = name;
    view->schema = place.schema;
    view->persistence = place.persistence;
    view->owner = context.current_user();
    view->relkind = 'v';
    view->access_method = kInvalidOid;
    view->columns = columns;
  }
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  view->definition = view_text(context, statement.query, names);
  view->definition_search_path = context.search_path_setting();
  view->dependencies = view_dependencies(context, statement.query, bound, view->address());
  change_options(view->options, statement.options, OptionOwner::kView, false);
  set_check_option(context, statement, *view);
  bool is_new_temporary = old_relation == nullptr && place.persistence == 't';
  Oid oid = view->oid;
  context.ddl().put(std::move(view));
  if (is_new_temporary) context.register_temporary(oid, ast::OnCommitAction::kNoop);
  return {"CREATE VIEW"};
}

}  // namespace luma
