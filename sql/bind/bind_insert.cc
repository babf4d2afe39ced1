// INSERT: its columns and rows, and ON CONFLICT.
#include <algorithm>

#include "engine/type/user_type.h"
#include "sql/ast/ast.h"
#include "sql/ast/tree.h"
#include "sql/bind/bind_modify.h"
#include "sql/bind/bind_select.h"
#include "sql/bind/make_node.h"
#include "sql/bind/rule_rewrite.h"
#include "sql/catalog/partition.h"
#include "sql/function/registry.h"
#include "sql/parse/parser.h"

namespace luma {

std::vector<int> ModifyBinder::insert_columns(const ast::InsertStmt& insert) {
  std::vector<int> columns;
  if (insert.cols.empty() && view_ != nullptr) return view_->attributes();
  if (insert.cols.empty()) {
    for (size_t i = 0; i < desc_->columns.size(); ++i) {
      if (!desc_->columns[i].dropped) columns.push_back(static_cast<int>(i));
    }
    return columns;
  }
  for (const ast::Node* node : insert.cols) {
    const auto* target = ast::as<ast::ResTarget>(node);
    int attribute = attribute_of(target->name, target->location);
    bool repeated = false;
    for (size_t i = 0; i < columns.size(); ++i) {
      repeated |= columns[i] == attribute && (target->indirection.empty() || parts_[i].empty());
    }
    parts_.push_back(target->indirection);
    if (repeated) {
      throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" specified more than once",
                      target->name)
          .at_byte(target->location);
    }
    columns.push_back(attribute);
  }
  return columns;
}

namespace {

SqlError too_many(int location) {
  return SqlError(SqlState::kSyntaxError, "INSERT has more expressions than target columns")
      .at_byte(location);
}

SqlError too_few(int location) {
  return SqlError(SqlState::kSyntaxError, "INSERT has more target columns than expressions")
      .at_byte(location);
}

bool is_star(const ast::Node* item) {
  if (const auto* column = ast::try_as<ast::ColumnRef>(item)) {
    return ast::is<ast::AStar>(column->fields.back());
  }
  const auto* part = ast::try_as<ast::AIndirection>(item);
  return part != nullptr && ast::is<ast::AStar>(part->indirection.back());
}

// A single row of VALUES with "row.*" or with functions that return sets is a SELECT; nullptr: it
// is none.
const ast::SelectStmt* as_select(const ast::SelectStmt& values, BindEnvironment& environment,
                                 Arena& arena) {
  if (values.values_lists.size() != 1) return nullptr;
  const ast::NodeList& row = ast::as<ast::ListNode>(values.values_lists[0])->items;
  bool sets = false, defaults = false;
  for (const ast::Node* item : row) {
    defaults |= ast::is<ast::SetToDefault>(item);
    sets |= is_star(item);
    ast::walk(item, [&](const ast::Node* node) {
      const auto* call = ast::try_as<ast::FuncCall>(node);
      if (call != nullptr) {
        std::string_view name = call->funcname.back();
        for (const FunctionEntry* entry : FunctionRegistry::instance().functions(name)) {
          sets |= entry->returns_set;
        }
        for (Oid schema : environment.search_path().schemas) {
          for (const Function* function : environment.catalog().functions_named(schema, name)) {
            sets |= function->returns_set;
          }
        }
      }
      return !ast::is<ast::SubLink>(node);
    });
  }
  if (!sets || defaults) return nullptr;
  std::vector<const ast::Node*> targets;
  for (const ast::Node* item : row) {
    auto* target = arena.make<ast::ResTarget>();
    target->val = item;
    target->location = item->location;
    targets.push_back(target);
  }
  auto* select = arena.make<ast::SelectStmt>();
  std::span<const ast::Node*> kept = copy_span(arena, targets);
  select->target_list = ast::NodeList(kept.data(), kept.size());
  return select;
}

}  // namespace

LogicalOp* ModifyBinder::insert_values(const ast::SelectStmt& select,
                                       const std::vector<int>& columns, Scope* scope) {
  auto* values = binder_.context().make<ValuesOp>();
  size_t width = 0;
  for (const ast::Node* row : select.values_lists) {
    const auto* list = ast::as<ast::ListNode>(row);
    if (values->value_rows.empty()) width = list->items.size();
    if (list->items.size() != width) {
      throw SqlError(SqlState::kSyntaxError, "VALUES lists must all be the same length")
          .at_byte(list->items[0]->location);
    }
    if (width > columns.size()) throw too_many(list->items[columns.size()]->location);
    std::vector<Expr*> bound;
    bound.reserve(width);
    for (size_t i = 0; i < width; ++i) {
      const ast::Node* item = list->items[i];
      if (columns[i] == ViewTarget::kNotAssignable) view_->refuse_column(i);
      const Column& column = table_->columns[columns[i]];
      bool is_default = ast::is<ast::SetToDefault>(item);
      bool ignored = overriding_ == ast::OverridingKind::kUserValue && column.identity != '\0';
      check_writable(columns[i], is_default || ignored, overriding_, item->location, false);
      bool is_part = !parts_.empty() && !parts_[i].empty();
      if ((is_default || ignored) && !is_part) {
        bound.push_back(default_of(columns[i]));
        continue;
      }
      Expr* value = is_default ? nullptr : binder_.bind_expr(item, scope, Clause::kValues);
      if (is_part) {
        Expr* whole = nullptr;
        for (size_t j = 0; j < i; ++j) {
          if (columns[j] != columns[i]) continue;
          // What all parts make is the value; a domain need not like less.
          whole = bound[j];
          bound[j] = make_constant(binder_.arena(), column.type, Value::null());
        }
        bound.push_back(
            assign_part(columns[i], parts_[i], whole, item, value, item->location, scope));
        continue;
      }
      bound.push_back(
          binder_.coerce_assignment(value, column.type, target_column_name(columns[i]),
                                    value->location >= 0 ? value->location : item->location));
    }
    values->value_rows.push_back(std::move(bound));
  }
  for (size_t i = 0; i < width; ++i) {
    const Column& column = table_->columns[columns[i]];
    ColumnId id = binder_.context().new_column({column.name, column.type, column.collation});
    values->output.push_back(id);
    modify_->assignments[columns[i]] = binder_.context().column_ref(id);
  }
  return values;
}

TypeRef ModifyBinder::part_type(int attribute, const ast::NodeList& steps) {
  TypeRef type = table_->columns[attribute].type;
  for (size_t i = 0; i < steps.size(); ++i) {
    type = base_type_of(type);
    if (const auto* field = ast::try_as<ast::String>(steps[i])) {
      std::vector<RowField> fields;
      binder_.row_fields(type.oid, fields);
      auto found = std::ranges::find(fields, field->sval, &RowField::name);
      if (found == fields.end()) return {type_oid::kText, -1};
      type = found->type;
      continue;
    }
    // Subscripts in a row are one access; with a slice it is an array again.
    bool slice = false;
    for (; i < steps.size() && ast::is<ast::AIndices>(steps[i]); ++i) {
      slice |= ast::as<ast::AIndices>(steps[i])->is_slice;
    }
    --i;
    if (type.oid == type_oid::kJsonb) return type;
    if (!type_info(type.oid).is_array()) return {type_oid::kText, -1};
    if (!slice) type = {type_info(type.oid).element, type.typmod};
  }
  return type;
}

LogicalOp* ModifyBinder::insert_query(const ast::Node* query, const std::vector<int>& columns,
                                      Scope* scope) {
  std::vector<TypeRef> types;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == ViewTarget::kNotAssignable) break;
    types.push_back(parts_.empty() || parts_[i].empty() ? table_->columns[columns[i]].type
                                                        : part_type(columns[i], parts_[i]));
  }
  BoundSelect source = binder_.bind_query(query, scope, &types);
  if (source.columns.size() > columns.size()) throw too_many(-1);
  for (size_t i = 0; i < source.columns.size(); ++i) {
    if (columns[i] == ViewTarget::kNotAssignable) view_->refuse_column(i);
    const Column& column = table_->columns[columns[i]];
    bool ignored = overriding_ == ast::OverridingKind::kUserValue && column.identity != '\0';
    check_writable(columns[i], ignored, overriding_, -1, false);
    Expr* value = binder_.context().column_ref(source.columns[i].column);
    if (!parts_.empty() && !parts_[i].empty()) {
      Expr*& whole = modify_->assignments[columns[i]];
      whole = assign_part(columns[i], parts_[i], whole, nullptr, value, -1, scope);
      continue;
    }
    modify_->assignments[columns[i]] =
        ignored ? default_of(columns[i])
                : binder_.coerce_assignment(value, column.type, target_column_name(columns[i]), -1);
  }
  return source.plan;
}

void ModifyBinder::make_new_columns() {
  for (size_t i = 0; i < desc_->columns.size(); ++i) {
    const ColumnDesc& column = desc_->columns[i];
    modify_->new_columns.push_back(
        column.dropped ? kNoColumn
                       : binder_.context().new_column({column.name, column.type, column.collation,
                                                       desc_->oid, static_cast<int16_t>(i + 1)}));
  }
}

void ModifyBinder::bind_constraints() {
  Scope* scope = binder_.new_scope(nullptr);
  scope->items.push_back(row_item(modify_->new_columns, desc_->name));
  // What the table's own definition reads is nobody's privilege.
  for (ScopeColumn& column : scope->items.back()->columns) column.privilege = -1;
  scope->items.back()->privilege = -1;
  auto bind = [&](const std::string& sql, Clause clause) {
    try {
      return binder_.bind_expr(parse_expression(sql, binder_.arena()), scope, clause);
    } catch (SqlError& error) {
      error.byte_offset = -1;
      throw;
    }
  };
  for (size_t i = 0; i < table_->columns.size(); ++i) {
    const Column& column = table_->columns[i];
    if (column.dropped || column.generated == '\0') continue;
    Expr* value = bind(column.default_sql, Clause::kGenerated);
    modify_->generated[i] = binder_.coerce_assignment(value, column.type, column.name, -1);
  }
  for (const Constraint& constraint : table_->constraints) {
    if (constraint.type != 'c') continue;
    modify_->checks.push_back(
        {constraint.name,
         binder_.coerce_to_boolean(bind(constraint.expression, Clause::kCheck), "CHECK"), false});
  }
  std::sort(modify_->checks.begin(), modify_->checks.end(),
            [](const CheckExpr& a, const CheckExpr& b) { return a.name < b.name; });
  if (is_partition(*table_) && !is_partitioned(*table_)) {
    std::string bound = partition_constraint(binder_.environment_.catalog(), *table_);
    if (!bound.empty()) {
      modify_->checks.push_back(
          {.name = "",
           .expr = binder_.coerce_to_boolean(bind(bound, Clause::kCheck), "CHECK"),
           .partition = true});
    }
  }
  if (view_ != nullptr && modify_->modify != ModifyKind::kDelete) {
    for (CheckExpr& check : view_->checks(modify_->new_columns)) modify_->checks.push_back(check);
  }
}

BoundSelect ModifyBinder::bind_insert(const ast::InsertStmt& insert) {
  modify_->modify = ModifyKind::kInsert;
  overriding_ = insert.override_;
  Scope* scope = binder_.new_scope(parent_);
  WithOp* with = binder_.bind_with(insert.with_clause, scope);
  open_target(*insert.relation);
  std::vector<int> columns = insert_columns(insert);
  const auto* select = ast::try_as<ast::SelectStmt>(insert.select_stmt);
  LogicalOp* plan;
  size_t given = 0;
  const bool of_rule = rule_ != nullptr && rule_->frame != nullptr;
  const bool one_query = insert.select_stmt != nullptr && select->values_lists.empty();
  LogicalOp* rows = nullptr;
  if (of_rule && one_query) {
    binder_.open_frame_ = rule_->frame.get();
    binder_.frame_select_ = select;
  } else if (of_rule) {
    rows = frame_rows(scope);
  }
  if (insert.select_stmt == nullptr) {
    plan = binder_.context().make<OneRowOp>();
    columns.clear();
  } else {
    const ast::Node* query = insert.select_stmt;
    bool plain_values = select != nullptr && !select->values_lists.empty() &&
                        select->sort_clause.empty() && select->limit_count == nullptr &&
                        select->limit_offset == nullptr && select->with_clause == nullptr;
    if (plain_values) {
      const ast::SelectStmt* row = as_select(*select, binder_.environment_, binder_.arena());
      if (row != nullptr) query = select = row;
    }
    bool values = plain_values && query == insert.select_stmt;
    plan = values ? insert_values(*select, columns, scope) : insert_query(query, columns, scope);
    given = values ? plan->output.size()
                   : static_cast<size_t>(std::count_if(modify_->assignments.begin(),
                                                       modify_->assignments.end(),
                                                       [](Expr* e) { return e != nullptr; }));
  }
  if (rows != nullptr) plan = binder_.join_inputs(rows, plan, JoinKind::kInner, nullptr);
  size_t wanted = columns.size();
  for (size_t i = 0; i < parts_.size(); ++i) {
    // Several parts of a column make one assignment.
    bool again = std::find(columns.begin(), columns.begin() + static_cast<ptrdiff_t>(i),
                           columns[i]) != columns.begin() + static_cast<ptrdiff_t>(i);
    if (again && select != nullptr && select->values_lists.empty()) --wanted;
  }
  if (given < wanted && !insert.cols.empty()) {
    throw too_few(ast::as<ast::ResTarget>(insert.cols[given])->location);
  }
  for (size_t i = 0; i < std::min(given, columns.size()); ++i) {
    required().inserted.push_back(static_cast<int16_t>(columns[i] + 1));
  }
  for (size_t i = 0; i < desc_->columns.size(); ++i) {
    if (modify_->assignments[i] == nullptr && !desc_->columns[i].dropped) {
      modify_->assignments[i] = default_of(static_cast<int>(i));
    }
  }
  if (collects_rows_) {
    std::vector<ColumnId> new_columns;
    plan = with_new_values(plan, modify_->assignments, new_columns);
    modify_->old_columns.clear();
    keep_rows(plan, with, std::move(new_columns), *scope, scope->items.size());
    return {};
  }
  plan = without_excluded(plan, modify_->assignments);
  make_new_columns();
  bind_constraints();
  Scope* row_scope = binder_.new_scope(parent_);
  row_scope->ctes = scope->ctes;
  if (insert.on_conflict_clause != nullptr && modify_->instead) {
    throw unsupported("ON CONFLICT with INSTEAD OF triggers");
  }
  if (insert.on_conflict_clause != nullptr) bind_on_conflict(*insert.on_conflict_clause, row_scope);
  row_scope->items.clear();
  row_scope->items.push_back(target_item(modify_->new_columns, alias_));
  return finish(plan, with, insert.returning_list, row_scope);
}

}  // namespace luma
