// ON CONFLICT: which unique indexes arbitrate, and what the row that is there becomes.
#include <algorithm>
#include <optional>

#include "sql/bind/bind_modify.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/collation_object.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

// The columns and expressions of ON CONFLICT (...), in the terms of stored index descriptions.
struct Inference {
  struct Element {
    int column = -1;  // attribute, or -1 for `expression`
    const Expr* expression = nullptr;
    Oid collation = kInvalidOid;            // as written
    const OpClassFact* op_class = nullptr;  // as written
  };
  std::vector<Element> elements;
  std::vector<const Expr*> conditions;  // of WHERE
};

// `expr` over a row's columns as descriptions of tables write it: over slots.
Expr* over_slots(Arena& arena, Expr* expr, const std::vector<ColumnId>& columns) {
  return rewrite_expr(arena, expr, [&](Expr* node) {
    if (node->kind != ExprKind::kColumn) return node;
    auto found = std::ranges::find(columns, node->column);
    if (found == columns.end()) return node;
    Expr* slot = arena.make<Expr>(*node);
    slot->kind = ExprKind::kSlot;
    slot->index = static_cast<uint32_t>(found - columns.begin());
    slot->column = kNoColumn;
    return slot;
  });
}

void flatten_and(const Expr* condition, std::vector<const Expr*>& out) {
  if (condition->kind != ExprKind::kAnd) {
    out.push_back(condition);
    return;
  }
  for (const Expr* arg : condition->args) flatten_and(arg, out);
}

// "value op constant" with a comparison of the value's type.
struct Bound {
  const Expr* value = nullptr;
  const Expr* constant = nullptr;
  std::string_view op;
};

std::optional<Bound> as_bound(const Expr& expr) {
  if (expr.kind != ExprKind::kFunction || expr.operator_oid == kInvalidOid ||
      expr.args.size() != 2 || expr.args[1]->kind != ExprKind::kConstant ||
      expr.args[1]->constant.is_null) {
    return std::nullopt;
  }
  const OperatorEntry* entry = FunctionRegistry::instance().operator_by_oid(expr.operator_oid);
  if (entry == nullptr || entry->left != entry->right) return std::nullopt;
  return Bound{expr.args[0], expr.args[1], entry->name};
}

// What is known of values compared with one constant, about their comparison with another.
bool bound_implies(const Expr& given, const Expr& needed) {
  std::optional<Bound> have = as_bound(given), want = as_bound(needed);
  if (!have || !want || !expr_equal(*have->value, *want->value)) return false;
  const TypeInfo& type = type_info(have->constant->type.oid);
  if (type.compare == nullptr || have->constant->type.oid != want->constant->type.oid) return false;
  int order = type.compare(have->constant->constant.datum, want->constant->constant.datum, type);
  if (have->op == "=") {
    return want->op == "="    ? order == 0
           : want->op == "<>" ? order != 0
           : want->op == "<"  ? order < 0
           : want->op == "<=" ? order <= 0
           : want->op == ">"  ? order > 0
                              : want->op == ">=" && order >= 0;
  }
  if (have->op == "<" || have->op == "<=") {
    bool strictly = have->op == "<";
    if (want->op == "<=") return order <= 0;
    return (want->op == "<" || want->op == "<>") && (strictly ? order <= 0 : order < 0);
  }
  if (have->op == ">" || have->op == ">=") {
    bool strictly = have->op == ">";
    if (want->op == ">=") return order >= 0;
    return (want->op == ">" || want->op == "<>") && (strictly ? order >= 0 : order > 0);
  }
  return false;
}

// Whether the rows for which `given` is true all fulfil `needed`.
bool implies(const Expr& given, const Expr& needed) {
  if (expr_equal(given, needed) || bound_implies(given, needed)) return true;
  if (needed.kind == ExprKind::kOr) {
    return std::ranges::any_of(needed.args, [&](const Expr* arg) { return implies(given, *arg); });
  }
  // A strict function's result is true only for arguments that are not NULL.
  return needed.kind == ExprKind::kIsNotNull && given.kind == ExprKind::kFunction && given.strict &&
         std::ranges::any_of(given.args,
                             [&](const Expr* arg) { return expr_equal(*arg, *needed.args[0]); });
}

bool covers_predicate(const Inference& wanted, const IndexDesc& index) {
  if (index.predicate == nullptr) return true;
  std::vector<const Expr*> needed;
  flatten_and(index.predicate, needed);
  return std::ranges::all_of(needed, [&](const Expr* part) {
    return std::ranges::any_of(wanted.conditions,
                               [&](const Expr* given) { return implies(*given, *part); });
  });
}

bool same_part(const Inference::Element& element, const KeyPart& key) {
  if (element.column >= 0 || key.column >= 0) return element.column == key.column;
  return expr_equal(*element.expression, *key.expression);
}

// A collation or operator class that is written must be the index's.
bool fits(const Inference::Element& element, const KeyPart& key, const IndexKey& stored) {
  if (!same_part(element, key)) return false;
  if (element.collation != kInvalidOid && element.collation != stored.collation) return false;
  if (element.op_class == nullptr || element.op_class->oid == stored.opclass) return true;
  const OpClassFact* own = find_opclass_fact(stored.opclass);
  return own != nullptr && own->family == element.op_class->family &&
         own->input_type == element.op_class->input_type;
}

bool matches(const Inference& wanted, const IndexDesc& index, const Index& stored) {
  auto has_key = [&](const Inference::Element& element) {
    for (size_t i = 0; i < index.keys.size(); ++i) {
      if (fits(element, index.keys[i], stored.keys[i])) return true;
    }
    return false;
  };
  auto is_named = [&](const KeyPart& key) {
    return std::ranges::any_of(wanted.elements, [&](const Inference::Element& element) {
      return same_part(element, key);
    });
  };
  return std::ranges::all_of(wanted.elements, has_key) &&
         std::ranges::all_of(index.keys, is_named) && covers_predicate(wanted, index);
}

const OpClassFact* written_class(const ast::NameList& name) {
  if (name.empty()) return nullptr;
  const OpClassFact* found = FunctionRegistry::instance().opclass(kBtreeAm, name.back());
  if (found == nullptr) {
    throw sql_error(SqlState::kUndefinedObject,
                    "operator class \"{}\" does not exist for access method \"btree\"",
                    name.back());
  }
  return found;
}

}  // namespace

std::vector<Oid> ModifyBinder::named_arbiter(const ast::InferClause& infer) {
  const Constraint* constraint =
      view_ != nullptr ? nullptr : table_->find_constraint(infer.conname);
  if (constraint == nullptr) {
    throw sql_error(SqlState::kUndefinedObject, "constraint \"{}\" for table \"{}\" does not exist",
                    infer.conname, view_ != nullptr ? view_->view().name : table_->name);
  }
  required().select = true;
  for (int16_t column : constraint->columns) required().selected.push_back(column);
  if (constraint->index == kInvalidOid || constraint->type == 'f') {
    throw SqlError(SqlState::kWrongObjectType,
                   "constraint in ON CONFLICT clause has no associated index");
  }
  if (constraint->type == 'x' && modify_->on_conflict->update) {
    throw SqlError(SqlState::kWrongObjectType,
                   "ON CONFLICT DO UPDATE not supported with exclusion constraints");
  }
  return {constraint->index};
}

std::vector<Oid> ModifyBinder::infer_arbiters(const ast::InferClause& infer,
                                              const std::vector<ColumnId>& row, Scope* scope) {
  if (infer.conname.data() != nullptr) return named_arbiter(infer);
  Inference wanted;
  for (const ast::Node* node : infer.index_elems) {
    const auto* item = ast::as<ast::IndexElem>(node);
    if (item->ordering != ast::SortByDir::kDefault) {
      throw SqlError(SqlState::kInvalidColumnReference,
                     "ASC/DESC is not allowed in ON CONFLICT clause")
          .at_byte(infer.location);
    }
    if (item->nulls_ordering != ast::SortByNulls::kDefault) {
      throw SqlError(SqlState::kInvalidColumnReference,
                     "NULLS FIRST/LAST is not allowed in ON CONFLICT clause")
          .at_byte(infer.location);
    }
    Inference::Element element;
    if (item->name.data() != nullptr) {
      if (std::ranges::none_of(scope->items[0]->columns, [&](const ScopeColumn& column) {
            return column.name == item->name;
          })) {
        throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" does not exist", item->name)
            .at_byte(infer.location);
      }
      element.column = attribute_of(item->name, infer.location);
      required().select = true;
      required().selected.push_back(static_cast<int16_t>(element.column + 1));
    } else {
      Expr* bound = binder_.resolve_unknown(binder_.bind_expr(item->expr, scope, Clause::kIndex));
      const Expr* expression = over_slots(binder_.arena(), bound, row);
      element.expression = expression;
      // A column in parentheses is a column.
      if (expression->kind == ExprKind::kSlot) element.column = static_cast<int>(expression->index);
    }
    if (!item->collation.empty()) {
      element.collation = require_collation(binder_.environment_.catalog(), binder_.path(),
                                            item->collation, infer.location);
    }
    element.op_class = written_class(item->opclass);
    wanted.elements.push_back(element);
  }
  if (infer.where_clause != nullptr) {
    Expr* where = binder_.bind_boolean(infer.where_clause, scope, Clause::kIndexPredicate, "WHERE");
    flatten_and(over_slots(binder_.arena(), where, row), wanted.conditions);
  }
  std::vector<Oid> found;
  for (const IndexDesc& index : desc_->indexes) {
    if (!index.unique || index.deferrable || !index.valid) continue;
    const Index* stored = binder_.environment_.catalog().index(index.oid);
    if (stored != nullptr && matches(wanted, index, *stored)) found.push_back(index.oid);
  }
  if (found.empty()) {
    throw SqlError(
        SqlState::kInvalidColumnReference,
        "there is no unique or exclusion constraint matching the ON CONFLICT specification");
  }
  return found;
}

void ModifyBinder::bind_on_conflict(const ast::OnConflictClause& clause, Scope* scope) {
  OnConflict* conflict = binder_.context().make_on_conflict();
  modify_->on_conflict = conflict;
  conflict->update = clause.action == ast::OnConflictAction::kUpdate;
  auto make_row = [&](std::vector<ColumnId>& columns) {
    for (size_t i = 0; i < desc_->columns.size(); ++i) {
      const ColumnDesc& column = desc_->columns[i];
      columns.push_back(column.dropped ? kNoColumn
                                       : binder_.context().new_column(
                                             {column.name, column.type, column.collation}));
    }
  };
  make_row(conflict->old_columns);
  make_row(conflict->excluded_columns);
  scope->items = {target_item(conflict->old_columns, alias_)};
  if (clause.infer != nullptr) {
    conflict->indexes = infer_arbiters(*clause.infer, conflict->old_columns, scope);
  } else if (conflict->update) {
    throw SqlError(SqlState::kSyntaxError,
                   "ON CONFLICT DO UPDATE requires inference specification or constraint name")
        .hint("For example, ON CONFLICT (column_name).")
        .at_byte(clause.location);
  }
  if (!conflict->update) return;
  required().update = true;
  auto excluded = target_item(conflict->excluded_columns, "excluded");
  excluded->schema.clear();
  scope->items.push_back(excluded);
  conflict->assignments.assign(desc_->columns.size(), nullptr);
  // "excluded" must be named to be reached in SET: unqualified names mean the target row.
  excluded->cols_visible = false;
  bind_set_list(clause.target_list, scope, conflict->assignments, nullptr);
  if (clause.where_clause != nullptr) {
    conflict->where = binder_.bind_boolean(clause.where_clause, scope, Clause::kWhere, "WHERE");
  }
}

}  // namespace luma
