#include "sql/command/view_rename.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "sql/ast/rewrite.h"
#include "sql/ast/tree.h"

namespace luma {
namespace {

// The tree belongs to the caller of this file's functions.
template <typename T>
T& mutable_node(const T* node) {
  return const_cast<T&>(*node);
}

std::string_view name_of(const ast::RangeVar& var) {
  return var.alias != nullptr ? var.alias->aliasname : var.relname;
}

// Visits column references with the FROM item that their qualifier names.
class QualifiedColumns {
 public:
  // What is known of the FROM items of one query level, by name; null: not a table.
  using Level = std::map<std::string_view, const ast::RangeVar*>;
  using Visit = std::function<void(ast::ColumnRef&, const ast::RangeVar&)>;

  explicit QualifiedColumns(Visit visit) : visit_(std::move(visit)) {}

  void walk(const ast::Node* node) {
    if (const auto* select = ast::try_as<ast::SelectStmt>(node)) {
      levels_.emplace_back();
      for (const ast::Node* item : select->from_clause) add_item(item);
      ast::for_each_child(node, [&](const ast::Node* child) { walk(child); });
      levels_.pop_back();
      return;
    }
    if (const auto* column = ast::try_as<ast::ColumnRef>(node)) {
      const auto* qualifier = ast::try_as<ast::String>(column->fields[0]);
      if (column->fields.size() < 2 || qualifier == nullptr) return;
      for (size_t i = levels_.size(); i-- > 0;) {
        auto found = levels_[i].find(qualifier->sval);
        if (found == levels_[i].end()) continue;
        if (found->second != nullptr) visit_(mutable_node(column), *found->second);
        return;
      }
      return;
    }
    ast::for_each_child(node, [&](const ast::Node* child) { walk(child); });
  }

 private:
  void add_item(const ast::Node* item) {
    const ast::Alias* alias = nullptr;
    if (const auto* var = ast::try_as<ast::RangeVar>(item)) {
      levels_.back()[name_of(*var)] = var;
      return;
    }
    if (const auto* join = ast::try_as<ast::JoinExpr>(item)) {
      add_item(join->larg);
      add_item(join->rarg);
      alias = join->alias;
    }
    if (const auto* query = ast::try_as<ast::RangeSubselect>(item)) alias = query->alias;
    if (const auto* call = ast::try_as<ast::RangeFunction>(item)) alias = call->alias;
    if (alias != nullptr) levels_.back()[alias->aliasname] = nullptr;
  }

  Visit visit_;
  std::vector<Level> levels_;
};

const ast::String* column_name(const ast::ColumnRef& column) {
  return ast::try_as<ast::String>(column.fields[1]);
}

}  // namespace

bool rename_column_in_query(const ast::SelectStmt& query, const IsRenamedTable& is_renamed,
                            std::string_view old_name, std::string_view new_name, Arena& arena) {
  bool merged = false;
  ast::walk(&query, [&](const ast::Node* node) {
    if (const auto* join = ast::try_as<ast::JoinExpr>(node)) {
      merged |= std::ranges::find(join->using_clause, old_name) != join->using_clause.end();
    }
    return true;
  });
  if (merged) return false;
  std::set<const ast::Node*> renamed;
  QualifiedColumns columns([&](ast::ColumnRef& column, const ast::RangeVar& var) {
    bool has_names = var.alias != nullptr && !var.alias->colnames.empty();
    const ast::String* name = column_name(column);
    if (has_names || name == nullptr || name->sval != old_name || !is_renamed(var)) return;
    renamed.insert(&column);
  });
  columns.walk(&query);
  ast::walk(&query, [&](const ast::Node* node) {
    const auto* target = ast::try_as<ast::ResTarget>(node);
    if (target != nullptr && target->name.data() == nullptr && renamed.contains(target->val)) {
      mutable_node(target).name = arena.copy(old_name);
    }
    return true;
  });
  for (const ast::Node* node : renamed) {
    mutable_node(column_name(*ast::as<ast::ColumnRef>(node))).sval = arena.copy(new_name);
  }
  return true;
}

void rename_table_in_query(const ast::SelectStmt& query, const IsRenamedTable& is_renamed,
                           std::string_view new_name, Arena& arena) {
  std::set<std::string_view> used;
  ast::walk(&query, [&](const ast::Node* node) {
    if (const auto* var = ast::try_as<ast::RangeVar>(node)) used.insert(name_of(*var));
    if (const auto* alias = ast::try_as<ast::Alias>(node)) used.insert(alias->aliasname);
    return true;
  });
  std::string shown(new_name);
  for (int i = 1; used.contains(shown); ++i) shown = fmt::format("{}_{}", new_name, i);
  std::set<const ast::RangeVar*> tables;
  ast::walk(&query, [&](const ast::Node* node) {
    const auto* var = ast::try_as<ast::RangeVar>(node);
    if (var != nullptr && var->alias == nullptr && is_renamed(*var)) tables.insert(var);
    return true;
  });
  QualifiedColumns columns([&](ast::ColumnRef& column, const ast::RangeVar& var) {
    if (!tables.contains(&var)) return;
    mutable_node(ast::as<ast::String>(column.fields[0])).sval = arena.copy(shown);
  });
  columns.walk(&query);
  if (shown == new_name) return;
  for (const ast::RangeVar* var : tables) {
    auto* alias = arena.make<ast::Alias>();
    alias->aliasname = arena.copy(shown);
    mutable_node(var).alias = alias;
  }
}

}  // namespace luma
