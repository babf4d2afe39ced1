#include <algorithm>

#include "engine/exec/expr.h"
#include "sql/ast/rewrite.h"
#include "sql/bind/bind_select.h"
#include "sql/command/canonical_text.h"

namespace luma {
namespace {

// What a target is called.
std::string label_of(const ast::ResTarget& target) {
  return target.name.data() != nullptr ? std::string(target.name) : figure_column_name(target.val);
}

// Whether the alias calls any column other than the relation does.
bool renames_columns(const Relation& relation, const ast::Alias& alias) {
  const auto* table = dynamic_cast<const Table*>(&relation);
  size_t i = 0;
  for (const Column& column : table == nullptr ? std::vector<Column>() : table->columns) {
    if (column.dropped) continue;
    if (i == alias.colnames.size()) return false;
    if (column.name != alias.colnames[i++]) return true;
  }
  return i < alias.colnames.size();
}

const ast::Alias* written_alias(const ast::Node* item) {
  if (const auto* var = ast::try_as<ast::RangeVar>(item)) return var->alias;
  if (const auto* query = ast::try_as<ast::RangeSubselect>(item)) return query->alias;
  if (const auto* call = ast::try_as<ast::RangeFunction>(item)) return call->alias;
  if (const auto* join = ast::try_as<ast::JoinExpr>(item)) return join->alias;
  return nullptr;
}

}  // namespace

const ast::SelectStmt* CanonicalText::query(const ast::SelectStmt& node,
                                            const std::vector<std::string>& column_names) {
  return select(node, {&column_names, true});
}

const ast::SelectStmt* CanonicalText::select(const ast::SelectStmt& node, const Level& level) {
  Names used = used_;
  std::multiset<std::string> ctes = ctes_;
  auto* out = copy(node);
  if (node.with_clause != nullptr) {
    for (const ast::Node* cte : node.with_clause->ctes) {
      ctes_.emplace(ast::as<ast::CommonTableExpr>(cte)->ctename);
    }
  }
  for (const ast::Node* item : node.from_clause) name_items(item);
  if (node.with_clause != nullptr) out->with_clause = with(*node.with_clause);
  if (node.op != ast::SetOperation::kNone) {
    out->larg = select(*node.larg, level);
    out->rarg = select(*node.rarg, {level.column_names, false});
    // Columns are told by number here.
    const ast::SelectStmt* first = node.larg;
    while (first->op != ast::SetOperation::kNone) first = first->larg;
    std::vector<const ast::Node*> keys;
    for (const ast::Node* item : sort_list(node.sort_clause, first, first->target_list)) {
      auto* key = copy(*ast::as<ast::SortBy>(item));
      for (size_t i = 0; i < first->target_list.size(); ++i) {
        if (ast::as<ast::ResTarget>(first->target_list[i])->val != key->node) continue;
        auto* number = arena_.make<ast::AConst>();
        number->kind = ast::ConstKind::kInteger;
        number->ival = static_cast<int32_t>(i + 1);
        key->node = number;
        break;
      }
      keys.push_back(key);
    }
    out->sort_clause = ast::make_list(arena_, keys);
  } else if (!node.values_lists.empty()) {
    out->values_lists = values_lists(node.values_lists);
    out->sort_clause = sort_list(node.sort_clause, nullptr, {});
  } else {
    core(node, *out, level);
  }
  out->limit_count = optional_expression(node.limit_count);
  const auto* all = ast::try_as<ast::AConst>(node.limit_count);
  if (all != nullptr && all->isnull()) out->limit_count = all;
  out->limit_offset = optional_expression(node.limit_offset);
  used_ = std::move(used);
  ctes_ = std::move(ctes);
  return out;
}

void CanonicalText::core(const ast::SelectStmt& node, ast::SelectStmt& out, const Level& level) {
  std::vector<const ast::Node*> from;
  for (const ast::Node* item : node.from_clause) from.push_back(from_item(item));
  out.from_clause = ast::make_list(arena_, from);
  out.target_list = targets(node, level);
  out.where_clause = optional_expression(node.where_clause);
  if (!node.distinct_clause.empty() && node.distinct_clause.front() != nullptr) {
    std::vector<const ast::Node*> on;
    for (const ast::Node* item : node.distinct_clause) {
      const ast::Node* meant = target_meant(item, node, out.target_list);
      on.push_back(meant != nullptr ? meant : expression(item));
    }
    out.distinct_clause = ast::make_list(arena_, on);
  }
  std::vector<const ast::Node*> groups;
  for (const ast::Node* item : node.group_clause) {
    groups.push_back(grouping_item(item, node, out.target_list));
  }
  out.group_clause = ast::make_list(arena_, groups);
  out.having_clause = optional_expression(node.having_clause);
  std::vector<const ast::Node*> windows;
  for (const ast::Node* item : node.window_clause) {
    windows.push_back(window(*ast::as<ast::WindowDef>(item)));
  }
  out.window_clause = ast::make_list(arena_, windows);
  out.sort_clause = sort_list(node.sort_clause, &node, out.target_list);
  // A clause without names locks every table there is: they are named one by one.
  std::vector<const ast::Node*> locks;
  for (const ast::Node* item : node.locking_clause) {
    auto* lock = copy(*ast::as<ast::LockingClause>(item));
    if (lock->locked_rels.empty() && node.from_clause.size() == 1 &&
        ast::is<ast::RangeVar>(node.from_clause[0])) {
      auto* name = arena_.make<ast::RangeVar>();
      name->inh = true;
      name->relname = arena_.copy(item_names_[record_.items.at(node.from_clause[0]).get()]);
      lock->locked_rels = ast::make_list<const ast::Node*>(arena_, {name});
    }
    locks.push_back(lock);
  }
  out.locking_clause = ast::make_list(arena_, locks);
}

ast::NodeList CanonicalText::values_lists(const ast::NodeList& rows) {
  // A column's literals have the type of what else it holds.
  std::vector<Oid> types(ast::as<ast::ListNode>(rows[0])->items.size(), type_oid::kText);
  for (const ast::Node* row : rows) {
    const auto& items = ast::as<ast::ListNode>(row)->items;
    for (size_t i = 0; i < items.size(); ++i) {
      const Expr* item = bound(items[i]);
      if (item != nullptr && item->type.oid != type_oid::kUnknown) types[i] = item->type.oid;
    }
  }
  std::vector<const ast::Node*> out;
  for (const ast::Node* row : rows) {
    auto* copied = copy(*ast::as<ast::ListNode>(row));
    std::vector<const ast::Node*> items;
    for (size_t i = 0; i < copied->items.size(); ++i) {
      const ast::Node* item = copied->items[i];
      const Expr* own = bound(item);
      const auto* text = ast::try_as<ast::AConst>(item);
      bool untyped = text != nullptr && own != nullptr && own->type.oid == type_oid::kUnknown;
      if (untyped) {
        items.push_back(text->isnull() ? cast(item, {types[i], -1})
                                       : quoted(text->text, {types[i], -1}));
      } else {
        items.push_back(expression(item));
      }
    }
    copied->items = ast::make_list(arena_, items);
    out.push_back(copied);
  }
  return ast::make_list(arena_, out);
}

ast::NodeList CanonicalText::targets(const ast::SelectStmt& node, const Level& level) {
  std::vector<const ast::Node*> out;
  for (size_t i = 0; i < node.target_list.size(); ++i) {
    auto* target = copy(*ast::as<ast::ResTarget>(node.target_list[i]));
    bool named = level.column_names != nullptr && i < level.column_names->size();
    std::string label = named ? (*level.column_names)[i] : label_of(*target);
    target->val = value(target->val);
    const auto* column = ast::try_as<ast::ColumnRef>(target->val);
    std::string_view natural = level.names_visible ? "" : "?column?";
    if (column != nullptr && ast::is<ast::String>(column->fields.back())) {
      natural = ast::as<ast::String>(column->fields.back())->sval;
    }
    target->name = natural == label ? std::string_view() : arena_.copy(label);
    out.push_back(target);
  }
  return ast::make_list(arena_, out);
}

const ast::WithClause* CanonicalText::with(const ast::WithClause& node) {
  auto* out = copy(node);
  std::vector<const ast::Node*> ctes;
  for (const ast::Node* item : node.ctes) {
    auto* cte = copy(*ast::as<ast::CommonTableExpr>(item));
    const auto* query = ast::try_as<ast::SelectStmt>(cte->ctequery);
    if (query == nullptr) throw unsupported("a view with data-modifying statements in WITH");
    cte->ctequery = select(*query, {});
    ctes.push_back(cte);
  }
  out->ctes = ast::make_list(arena_, ctes);
  return out;
}

// --- FROM ---

// Gives each item a name that none of the enclosing queries uses.
void CanonicalText::name_items(const ast::Node* item) {
  const auto* join = ast::try_as<ast::JoinExpr>(item);
  if (join != nullptr) {
    name_items(join->larg);
    name_items(join->rarg);
    if (join->alias == nullptr) return;
  }
  auto found = record_.items.find(item);
  if (found == record_.items.end()) return;
  std::string name = found->second->alias;
  for (int i = 1; !name.empty() && used_.contains(name); ++i) {
    name = found->second->alias + "_" + std::to_string(i);
  }
  used_.insert(name);
  item_names_[found->second.get()] = name;
}

// The alias that `item` needs: what was written, under the item's name.
const ast::Alias* CanonicalText::alias_of(const ast::Node* item, const ast::Alias* alias,
                                          bool with_columns) {
  auto found = record_.items.find(item);
  if (found == record_.items.end()) return alias;
  const std::string& name = item_names_[found->second.get()];
  const auto* var = ast::try_as<ast::RangeVar>(item);
  if (alias == nullptr && !with_columns && var != nullptr && var->relname == name) return nullptr;
  auto* out = alias == nullptr ? arena_.make<ast::Alias>() : copy(*alias);
  out->aliasname = arena_.copy(name);
  if (with_columns) {
    std::vector<std::string_view> columns;
    for (const ScopeColumn& column : found->second->columns) {
      columns.push_back(arena_.copy(column.name));
    }
    out->colnames = ast::make_list(arena_, columns);
  }
  return out;
}

const ast::Node* CanonicalText::from_item(const ast::Node* node) {
  if (const auto* var = ast::try_as<ast::RangeVar>(node)) {
    auto* out = copy(*var);
    bool is_cte = var->schemaname.empty() && ctes_.contains(std::string(var->relname));
    const Relation* relation =
        is_cte ? nullptr
               : find_relation(catalog_, path_, {var->schemaname, var->relname, var->catalogname});
    bool renamed = var->alias != nullptr && !var->alias->colnames.empty();
    if (renamed && relation != nullptr && !renames_columns(*relation, *var->alias)) {
      auto* alias = copy(*var->alias);
      alias->colnames = {};
      out->alias = alias_of(node, alias, false);
    } else {
      out->alias = alias_of(node, var->alias, renamed);
    }
    if (relation != nullptr) {
      out->catalogname = {};
      out->schemaname = arena_.copy(catalog_.schema_name(relation->schema));
    }
    return out;
  }
  if (const auto* subquery = ast::try_as<ast::RangeSubselect>(node)) {
    auto* out = copy(*subquery);
    out->subquery = select(*ast::as<ast::SelectStmt>(subquery->subquery), {});
    out->alias = alias_of(node, subquery->alias, false);
    return out;
  }
  if (const auto* join_node = ast::try_as<ast::JoinExpr>(node)) return join(*join_node);
  if (const auto* call = ast::try_as<ast::RangeFunction>(node)) return range_function(*call);
  return ast::copy(node, arena_);
}

const ast::Node* CanonicalText::range_function(const ast::RangeFunction& node) {
  auto* out = copy(node);
  bool defined = !node.coldeflist.empty();
  std::vector<const ast::Node*> functions;
  for (const ast::Node* item : node.functions) {
    auto* pair = copy(*ast::as<ast::ListNode>(item));
    std::vector<const ast::Node*> parts(pair->items.begin(), pair->items.end());
    parts[0] = expression(parts[0]);
    defined |= parts.size() > 1 && parts[1] != nullptr;
    pair->items = ast::make_list(arena_, parts);
    functions.push_back(pair);
  }
  out->functions = ast::make_list(arena_, functions);
  out->alias = alias_of(&node, node.alias, !defined);
  return out;
}

// The columns that NATURAL looks at.
std::vector<std::string> CanonicalText::item_columns(const ast::Node* node) {
  std::vector<std::string> out;
  const auto* join = ast::try_as<ast::JoinExpr>(node);
  if (join != nullptr && join->alias == nullptr) {
    out = item_columns(join->larg);
    for (std::string& name : item_columns(join->rarg)) out.push_back(std::move(name));
    return out;
  }
  auto found = record_.items.find(node);
  if (found == record_.items.end()) return out;
  for (const ScopeColumn& column : found->second->columns) out.push_back(column.name);
  return out;
}

const ast::Node* CanonicalText::join(const ast::JoinExpr& node) {
  auto* out = copy(node);
  if (node.is_natural) {
    std::vector<std::string_view> shared;
    std::vector<std::string> right = item_columns(node.rarg);
    for (const std::string& name : item_columns(node.larg)) {
      bool both = std::ranges::find(right, name) != right.end();
      if (both && std::ranges::find(shared, name) == shared.end()) {
        shared.push_back(arena_.copy(name));
      }
    }
    out->using_clause = ast::make_list(arena_, shared);
    out->is_natural = false;
  }
  out->larg = from_item(node.larg);
  out->rarg = from_item(node.rarg);
  out->quals = optional_expression(node.quals);
  if (node.alias != nullptr) out->alias = alias_of(&node, written_alias(&node), false);
  return out;
}

// --- names and numbers that stand for targets ---

const ast::Node* CanonicalText::target_meant(const ast::Node* node, const ast::SelectStmt& select,
                                             ast::NodeList targets) {
  const auto* number = ast::try_as<ast::AConst>(node);
  if (number != nullptr && number->kind == ast::ConstKind::kInteger) {
    size_t i = static_cast<size_t>(number->ival) - 1;
    return i < targets.size() ? ast::as<ast::ResTarget>(targets[i])->val : nullptr;
  }
  const auto* column = ast::try_as<ast::ColumnRef>(node);
  // What was bound as a column is one.
  if (column == nullptr || column->fields.size() != 1 || bound(node) != nullptr) return nullptr;
  const auto* name = ast::try_as<ast::String>(column->fields[0]);
  for (size_t i = 0; name != nullptr && i < targets.size(); ++i) {
    if (label_of(*ast::as<ast::ResTarget>(select.target_list[i])) == name->sval) {
      return ast::as<ast::ResTarget>(targets[i])->val;
    }
  }
  return nullptr;
}

const ast::Node* CanonicalText::grouping_item(const ast::Node* node, const ast::SelectStmt& select,
                                              ast::NodeList targets) {
  if (const auto* set = ast::try_as<ast::GroupingSet>(node)) {
    auto* out = copy(*set);
    std::vector<const ast::Node*> content;
    for (const ast::Node* item : set->content) {
      const ast::Node* part = grouping_item(item, select, targets);
      content.push_back(part);
    }
    out->content = ast::make_list(arena_, content);
    return out;
  }
  if (const auto* row = ast::try_as<ast::RowExpr>(node)) {
    auto* out = copy(*row);
    std::vector<const ast::Node*> args;
    for (const ast::Node* arg : row->args) args.push_back(grouping_item(arg, select, targets));
    out->args = ast::make_list(arena_, args);
    return out;
  }
  const ast::Node* meant = target_meant(node, select, targets);
  return meant != nullptr ? meant : expression(node);
}

}  // namespace luma
