// INSERT, UPDATE and DELETE as they are stored: actions of rules.
#include <algorithm>
#include <utility>

#include "sql/ast/rewrite.h"
#include "sql/bind/bind_select.h"
#include "sql/command/canonical_text.h"

namespace luma {

const ast::Node* CanonicalText::rule_condition(const ast::SelectStmt& probe,
                                               const Binder::RowPair& rows) {
  name_rule_rows(rows);
  return expression(probe.where_clause);
}

const ast::Node* CanonicalText::rule_action(const ast::Node* node, const Binder::RowPair& rows) {
  name_rule_rows(rows);
  if (const auto* insert = ast::try_as<ast::InsertStmt>(node)) return insert_action(*insert);
  if (const auto* update = ast::try_as<ast::UpdateStmt>(node)) return update_action(*update);
  if (const auto* remove = ast::try_as<ast::DeleteStmt>(node)) return delete_action(*remove);
  if (const auto* query = ast::try_as<ast::SelectStmt>(node)) return select(*query, {});
  return node;
}

void CanonicalText::name_rule_rows(const Binder::RowPair& rows) {
  used_.insert({"old", "new"});
  if (rows.old_row != nullptr) item_names_[rows.old_row.get()] = "old";
  if (rows.new_row != nullptr) item_names_[rows.new_row.get()] = "new";
}

// The relation that is changed, by its full name.
const ast::RangeVar* CanonicalText::target_relation(const ast::RangeVar& var) {
  auto* out = copy(var);
  target_alias_ = var.alias != nullptr ? var.alias->aliasname : var.relname;
  used_.insert(std::string(target_alias_));
  const Relation* relation =
      find_relation(catalog_, path_, {var.schemaname, var.relname, var.catalogname});
  out->catalogname = {};
  if (relation != nullptr) {
    out->schemaname = arena_.copy(catalog_.schema_name(relation->schema));
  }
  return out;
}

const Table* CanonicalText::table_named(const ast::RangeVar& var) const {
  const Relation* relation =
      find_relation(catalog_, path_, {var.schemaname, var.relname, var.catalogname});
  return dynamic_cast<const Table*>(relation);
}

const ast::Node* CanonicalText::assigned(const ast::Node* value, std::string_view column,
                                         const Table* table) {
  if (ast::is<ast::SetToDefault>(value)) return value;
  const Column* found = table == nullptr ? nullptr : table->find_column(column);
  const auto* plain = ast::try_as<ast::AConst>(value);
  const Expr* own = bound(value);
  // A literal without a type has the column's.
  if (found != nullptr && plain != nullptr && own != nullptr &&
      own->type.oid == type_oid::kUnknown) {
    TypeRef type{found->type.oid, -1};
    return plain->isnull() ? cast(value, type) : quoted(plain->text, type);
  }
  return expression(value);
}

const ast::Node* CanonicalText::insert_action(const ast::InsertStmt& node) {
  auto* out = copy(node);
  const Table* table = table_named(*node.relation);
  out->relation = target_relation(*node.relation);
  if (node.with_clause != nullptr) throw unsupported("WITH in a rule's action");
  // Its columns are named.
  std::vector<std::string_view> names;
  for (const ast::Node* column : node.cols) {
    names.push_back(ast::as<ast::ResTarget>(column)->name);
  }
  const auto* select = ast::try_as<ast::SelectStmt>(node.select_stmt);
  const bool is_values = select != nullptr && !select->values_lists.empty();
  if (node.cols.empty() && select != nullptr && table != nullptr) {
    size_t given = is_values ? ast::as<ast::ListNode>(select->values_lists[0])->items.size()
                             : static_cast<size_t>(std::ranges::count_if(
                                   table->columns, [](const Column& c) { return !c.dropped; }));
    if (!is_values) given = std::min(given, select->target_list.size());
    std::vector<const ast::Node*> cols;
    for (const Column& column : table->columns) {
      if (column.dropped || cols.size() == given) continue;
      auto* target = arena_.make<ast::ResTarget>();
      target->name = arena_.copy(column.name);
      names.push_back(target->name);
      cols.push_back(target);
    }
    out->cols = ast::make_list(arena_, cols);
  }
  if (is_values) {
    auto* values = copy(*select);
    std::vector<const ast::Node*> rows;
    for (const ast::Node* row : select->values_lists) {
      auto* copied = copy(*ast::as<ast::ListNode>(row));
      std::vector<const ast::Node*> items;
      for (size_t i = 0; i < copied->items.size(); ++i) {
        std::string_view name = i < names.size() ? names[i] : std::string_view();
        items.push_back(assigned(copied->items[i], name, table));
      }
      copied->items = ast::make_list(arena_, items);
      rows.push_back(copied);
    }
    values->values_lists = ast::make_list(arena_, rows);
    out->select_stmt = values;
  } else if (select != nullptr) {
    out->select_stmt = insert_query(*select);
  }
  if (node.on_conflict_clause != nullptr) {
    out->on_conflict_clause = conflict_action(*node.on_conflict_clause, table);
  }
  out->returning_list = returned(node.returning_list, node.relation);
  return out;
}

const ast::OnConflictClause* CanonicalText::conflict_action(const ast::OnConflictClause& node,
                                                            const Table* table) {
  auto* out = copy(node);
  if (node.infer != nullptr && node.infer->where_clause != nullptr) {
    auto* infer = copy(*node.infer);
    const bool qualify = std::exchange(qualify_, false);
    infer->where_clause = expression(node.infer->where_clause);
    qualify_ = qualify;
    out->infer = infer;
  }
  std::vector<const ast::Node*> targets;
  for (const ast::Node* item : node.target_list) {
    auto* target = copy(*ast::as<ast::ResTarget>(item));
    if (ast::is<ast::MultiAssignRef>(target->val)) {
      throw unsupported("assigning several columns at once in ON CONFLICT of a rule's action");
    }
    target->val = assigned(target->val, target->name, table);
    targets.push_back(target);
  }
  out->target_list = ast::make_list(arena_, targets);
  out->where_clause = optional_expression(node.where_clause);
  return out;
}

// Its columns have no names, and its literals the types of the columns they go to.
const ast::SelectStmt* CanonicalText::insert_query(const ast::SelectStmt& query) {
  auto* out = copy(*select(query, {nullptr, false}));
  std::vector<const ast::Node*> targets(out->target_list.begin(), out->target_list.end());
  for (size_t i = 0; i < targets.size(); ++i) {
    const ast::Node* written = ast::as<ast::ResTarget>(query.target_list[i])->val;
    const auto* plain = ast::try_as<ast::AConst>(written);
    if (plain == nullptr || plain->kind != ast::ConstKind::kString) continue;
    auto* target = copy(*ast::as<ast::ResTarget>(targets[i]));
    target->val = plain;
    targets[i] = target;
  }
  out->target_list = ast::make_list(arena_, targets);
  return out;
}

const ast::Node* CanonicalText::update_action(const ast::UpdateStmt& node) {
  auto* out = copy(node);
  if (node.with_clause != nullptr) throw unsupported("WITH in a rule's action");
  const Table* table = table_named(*node.relation);
  out->relation = target_relation(*node.relation);
  for (const ast::Node* item : node.from_clause) name_items(item);
  std::vector<const ast::Node*> from, targets;
  for (const ast::Node* item : node.from_clause) from.push_back(from_item(item));
  out->from_clause = ast::make_list(arena_, from);
  for (const ast::Node* item : node.target_list) {
    auto* target = copy(*ast::as<ast::ResTarget>(item));
    if (const auto* multiple = ast::try_as<ast::MultiAssignRef>(target->val)) {
      // A row is taken apart; a subquery would have to stay whole.
      const auto* row = ast::try_as<ast::RowExpr>(multiple->source);
      if (row == nullptr || row->args.size() != static_cast<size_t>(multiple->ncolumns)) {
        throw unsupported("assigning several columns of a subquery in a rule's action");
      }
      target->val = row->args[static_cast<size_t>(multiple->colno) - 1];
    }
    target->val = assigned(target->val, target->name, table);
    targets.push_back(target);
  }
  out->target_list = ast::make_list(arena_, targets);
  out->where_clause = optional_expression(node.where_clause);
  out->returning_list = returned(node.returning_list, node.relation);
  return out;
}

const ast::Node* CanonicalText::delete_action(const ast::DeleteStmt& node) {
  auto* out = copy(node);
  if (node.with_clause != nullptr) throw unsupported("WITH in a rule's action");
  out->relation = target_relation(*node.relation);
  for (const ast::Node* item : node.using_clause) name_items(item);
  std::vector<const ast::Node*> from;
  for (const ast::Node* item : node.using_clause) from.push_back(from_item(item));
  out->using_clause = ast::make_list(arena_, from);
  out->where_clause = optional_expression(node.where_clause);
  out->returning_list = returned(node.returning_list, node.relation);
  return out;
}

ast::NodeList CanonicalText::returned(const ast::NodeList& list, const ast::RangeVar* relation) {
  std::vector<const ast::Node*> out;
  for (const ast::Node* item : list) {
    auto* target = copy(*ast::as<ast::ResTarget>(item));
    const auto* ref = ast::try_as<ast::ColumnRef>(target->val);
    if (ref == nullptr || !ast::is<ast::AStar>(ref->fields.back())) {
      if (ref == nullptr && target->name.data() == nullptr) {
        target->name = arena_.copy(figure_column_name(target->val));
      }
      target->val = value(target->val);
      out.push_back(target);
      continue;
    }
    const Table* table = table_named(*relation);
    std::string_view alias =
        relation->alias != nullptr ? relation->alias->aliasname : relation->relname;
    const auto* named = ref->fields.size() > 1
                            ? ast::try_as<ast::String>(ref->fields[ref->fields.size() - 2])
                            : nullptr;
    if (table == nullptr || (named != nullptr && named->sval != alias)) {
      throw unsupported("this * in RETURNING of a rule's action");
    }
    for (const Column& column : table->columns) {
      if (column.dropped) continue;
      auto part = [&](std::string_view text) {
        auto* string = arena_.make<ast::String>();
        string->sval = arena_.copy(text);
        return string;
      };
      auto* reference = arena_.make<ast::ColumnRef>();
      reference->fields =
          ast::make_list<const ast::Node*>(arena_, {part(alias), part(column.name)});
      auto* shown = arena_.make<ast::ResTarget>();
      shown->val = reference;
      out.push_back(shown);
    }
  }
  return ast::make_list(arena_, out);
}

}  // namespace luma
