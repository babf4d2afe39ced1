#include "sql/command/policy_rename.h"

#include "sql/ast/ast.h"
#include "sql/ast/tree.h"
#include "sql/command/command_target.h"
#include "sql/command/expression_text.h"
#include "sql/command/view_rename.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

// Edits each condition as the WHERE clause of a query of its table: edit(query, arena).
template <typename Edit>
void edit_conditions(const Catalog& catalog, Table& table, const Edit& edit) {
  std::string from = quote_qualified(catalog.schema_name(table.schema), table.name);
  for (Policy& policy : table.policies) {
    for (std::string* sql : {&policy.using_sql, &policy.check_sql}) {
      if (sql->empty()) continue;
      Arena arena;
      const auto* query = ast::as<ast::SelectStmt>(
          parse_sql(fmt::format("SELECT FROM {} WHERE {}", from, *sql), arena).statements[0].node);
      edit(*query, arena);
      *sql = stored_form(query->where_clause);
    }
  }
}

template <typename Edit>
void edit_tables_with_policies(CommandContext& context, Oid except, const Edit& edit) {
  std::vector<std::shared_ptr<Table>> changed;
  context.ddl().view()->for_each_relation([&](const Relation& relation) {
    if (relation.kind != ObjectKind::kTable || relation.oid == except) return;
    const auto& table = static_cast<const Table&>(relation);
    if (!table.policies.empty()) changed.push_back(copy_of(table));
  });
  for (auto& table : changed) {
    edit(*table);
    context.ddl().put(std::move(table));
  }
}

IsRenamedTable is_table(const Catalog& catalog, Oid table) {
  return [&catalog, table](const ast::RangeVar& var) {
    const Relation* found =
        find_relation(catalog, naming_path(), {var.schemaname, var.relname, var.catalogname});
    return found != nullptr && found->oid == table;
  };
}

// Only the policy's own table has columns without qualifier.
void rename_plain_columns(const ast::Node* condition, std::string_view old_name,
                          std::string_view new_name, Arena& arena) {
  ast::walk(condition, [&](const ast::Node* node) {
    const auto* column = ast::try_as<ast::ColumnRef>(node);
    if (column == nullptr || column->fields.size() != 1) return true;
    const auto* name = ast::try_as<ast::String>(column->fields[0]);
    if (name != nullptr && name->sval == old_name) {
      const_cast<ast::String*>(name)->sval = arena.copy(new_name);
    }
    return true;
  });
}

}  // namespace

void rename_column_in_policies(CommandContext& context, Table& table, const std::string& old_name,
                               const std::string& new_name) {
  CatalogPtr catalog = context.ddl().view();
  auto rename = [&](Table& holder) {
    edit_conditions(*catalog, holder, [&](const ast::SelectStmt& query, Arena& arena) {
      if (!rename_column_in_query(query, is_table(*catalog, table.oid), old_name, new_name,
                                  arena)) {
        throw unsupported("renaming a column that a policy joins USING");
      }
      if (holder.oid != table.oid) return;
      rename_plain_columns(query.where_clause, old_name, new_name, arena);
    });
  };
  rename(table);
  edit_tables_with_policies(context, table.oid, rename);
}

void rename_relation_in_policies(CommandContext& context, Oid relation,
                                 const std::string& new_name) {
  CatalogPtr catalog = context.ddl().view();
  edit_tables_with_policies(context, kInvalidOid, [&](Table& holder) {
    edit_conditions(*catalog, holder, [&](const ast::SelectStmt& query, Arena& arena) {
      rename_table_in_query(query, is_table(*catalog, relation), new_name, arena);
    });
  });
}

}  // namespace luma
