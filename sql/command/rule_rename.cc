#include "sql/command/rule_rename.h"

#include <functional>
#include <set>
#include <vector>

#include "sql/ast/ast.h"
#include "sql/ast/rewrite.h"
#include "sql/ast/tree.h"
#include "sql/command/command_target.h"
#include "sql/command/expression_text.h"
#include "sql/parse/deparse.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

bool names(const Catalog& catalog, const ast::RangeVar& var, Oid relation) {
  const Relation* found = find_relation(catalog, naming_path(), {var.schemaname, var.relname});
  return found != nullptr && found->oid == relation;
}

// The names by which a statement's columns can be the relation's.
std::set<std::string> qualifiers_of(const Catalog& catalog, const ast::Node* text, Oid relation,
                                    bool with_alias) {
  std::set<std::string> out;
  ast::walk(text, [&](const ast::Node* node) {
    const auto* var = ast::try_as<ast::RangeVar>(node);
    if (var == nullptr || !names(catalog, *var, relation)) return true;
    if (var->alias == nullptr) out.emplace(var->relname);
    if (var->alias != nullptr && with_alias) out.emplace(var->alias->aliasname);
    return true;
  });
  return out;
}

using Edit = std::function<void(ast::Node& node, Arena& arena)>;

// Edits a copy of each text of the table's rules.
void edit_rules(Table& table, const std::function<Edit(const ast::Node*)>& make_edit) {
  for (Rule& rule : table.rules) {
    auto changed = [&](const ast::Node* text, Arena& arena) {
      Edit edit = make_edit(text);
      return ast::rewrite(text, arena, [&](ast::Node* node) -> const ast::Node* {
        edit(*node, arena);
        return node;
      });
    };
    if (!rule.condition_sql.empty()) {
      Arena arena;
      rule.condition_sql = stored_form(changed(parse_expression(rule.condition_sql, arena), arena));
    }
    for (std::string& action : rule.actions) {
      if (action.starts_with("NOTIFY ")) continue;
      Arena arena;
      action = deparse(changed(parse_sql(action, arena).statements[0].node, arena));
    }
  }
}

// Calls edit(copy) for each table with rules but `except`, and puts the copies back.
void edit_tables(CommandContext& context, Oid except, const std::function<void(Table&)>& edit) {
  std::vector<std::shared_ptr<Table>> changed;
  context.ddl().view()->for_each_relation([&](const Relation& relation) {
    const auto* table = dynamic_cast<const Table*>(&relation);
    if (table == nullptr || table->rules.empty() || table->oid == except) return;
    std::shared_ptr<Table> copy = copy_of(*table);
    edit(*copy);
    changed.push_back(std::move(copy));
  });
  for (auto& table : changed) context.ddl().put(std::move(table));
}

void rename_targets(const ast::NodeList& targets, const std::string& old_name,
                    const std::string& new_name, Arena& arena) {
  for (const ast::Node* target : targets) {
    auto* column = const_cast<ast::ResTarget*>(ast::as<ast::ResTarget>(target));
    if (column->name == old_name) column->name = arena.copy(new_name);
  }
}

}  // namespace

void rename_column_in_rules(CommandContext& context, Table& table, const std::string& old_name,
                            const std::string& new_name) {
  CatalogPtr catalog = context.ddl().view();
  const Oid oid = table.oid;
  auto rename = [&](Table& holder) {
    edit_rules(holder, [&](const ast::Node* text) -> Edit {
      std::set<std::string> qualifiers = qualifiers_of(*catalog, text, oid, true);
      if (holder.oid == oid) qualifiers.insert({"old", "new"});
      return [&, qualifiers](ast::Node& node, Arena& arena) {
        if (auto* insert = node.tag == ast::NodeTag::kInsertStmt
                               ? static_cast<ast::InsertStmt*>(&node)
                               : nullptr) {
          if (names(*catalog, *insert->relation, oid)) {
            rename_targets(insert->cols, old_name, new_name, arena);
          }
        }
        if (auto* update = node.tag == ast::NodeTag::kUpdateStmt
                               ? static_cast<ast::UpdateStmt*>(&node)
                               : nullptr) {
          if (names(*catalog, *update->relation, oid)) {
            rename_targets(update->target_list, old_name, new_name, arena);
          }
        }
        if (const auto* join = ast::try_as<ast::JoinExpr>(&node)) {
          for (std::string_view column : join->using_clause) {
            if (column == old_name && !qualifiers.empty()) {
              throw unsupported("renaming a column that a rule joins USING");
            }
          }
        }
        const auto* column = ast::try_as<ast::ColumnRef>(&node);
        if (column == nullptr || column->fields.size() < 2) return;
        const auto* first = ast::try_as<ast::String>(column->fields[0]);
        const auto* second = ast::try_as<ast::String>(column->fields[1]);
        if (first == nullptr || second == nullptr || second->sval != old_name) return;
        if (!qualifiers.contains(std::string(first->sval))) return;
        const_cast<ast::String*>(second)->sval = arena.copy(new_name);
      };
    });
  };
  rename(table);
  edit_tables(context, oid, rename);
}

void rename_relation_in_rules(CommandContext& context, Oid relation, const std::string& new_name) {
  CatalogPtr catalog = context.ddl().view();
  edit_tables(context, kInvalidOid, [&](Table& holder) {
    edit_rules(holder, [&](const ast::Node* text) -> Edit {
      std::set<std::string> qualifiers = qualifiers_of(*catalog, text, relation, false);
      return [&, qualifiers](ast::Node& node, Arena& arena) {
        const auto* column = ast::try_as<ast::ColumnRef>(&node);
        const auto* first =
            column == nullptr ? nullptr : ast::try_as<ast::String>(column->fields[0]);
        if (first == nullptr || column->fields.size() < 2) return;
        if (!qualifiers.contains(std::string(first->sval))) return;
        const_cast<ast::String*>(first)->sval = arena.copy(new_name);
      };
    });
  });
}

}  // namespace luma
