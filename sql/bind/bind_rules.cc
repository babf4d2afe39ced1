// Statements that rules have made of others.
#include <algorithm>

#include "sql/ast/data_modification.h"
#include "sql/bind/below_with.h"
#include "sql/bind/bind_modify.h"
#include "sql/bind/make_node.h"
#include "sql/bind/rule_rewrite.h"

namespace luma {

template <typename Bind>
auto Binder::in_rule(const RuleFrame* frame, Bind bind) {
  if (frame != nullptr && frame->is_definition()) return bind();
  SearchPath path = rule_path(environment_);
  struct Restore {
    Binder& binder;
    const SearchPath* path;
    Oid check_as;
    uint32_t depth;
    ~Restore() {
      binder.view_path_ = path;
      binder.check_as_ = check_as;
      binder.view_depth_ = depth;
    }
  } restore{*this, view_path_, check_as_, view_depth_};
  view_path_ = frame == nullptr ? nullptr : &path;
  check_as_ = frame == nullptr ? kInvalidOid : frame->table->owner;
  if (frame == nullptr) return bind();
  ++view_depth_;
  try {
    return bind();
  } catch (SqlError& error) {
    error.byte_offset = -1;  // it would point into the rule's text
    throw;
  }
}

BoundQuery Binder::bind(const RuleStatement& statement) {
  return finish(bind_rule_statement(statement, nullptr));
}

BoundSelect Binder::bind_modifying_cte(const ast::Node* node, Scope* scope) {
  std::shared_ptr<RuleRewrite> rewrite = rewrite_in_with(environment_, path(), node);
  if (rewrite == nullptr) return bind_query(node, scope);
  rule_trees_.push_back(rewrite);
  return bind_rule_statement(rewrite->statements[0], scope);
}

BoundSelect Binder::bind_rule_statement(const RuleStatement& statement, Scope* parent) {
  auto bind = [&]() -> BoundSelect {
    const auto* select = ast::try_as<ast::SelectStmt>(statement.node);
    if (select == nullptr) return ModifyBinder(*this, parent, &statement).bind(statement.node);
    open_frame_ = statement.frame.get();
    frame_select_ = select;
    return bind_query(select, parent);
  };
  return statement.frame == nullptr ? bind() : in_rule(statement.frame.get(), bind);
}

namespace {

std::shared_ptr<ScopeItem> rule_row(const Table& table, std::string_view name,
                                    const std::vector<ColumnId>& columns) {
  auto item = std::make_shared<ScopeItem>();
  item->alias = name;
  item->row_type = table.row_type;
  item->cols_visible = false;
  size_t i = 0;
  for (const Column& column : table.columns) {
    ColumnId id = i < columns.size() ? columns[i] : kNoColumn;
    ++i;
    if (!column.dropped && id != kNoColumn) item->columns.push_back({column.name, id});
  }
  return item;
}

}  // namespace

LogicalOp* Binder::bind_rule_rows(const RuleFrame& frame, Scope* scope) {
  const Table& table = *frame.table;
  RuleRows rows;
  if (frame.is_definition()) {
    auto* values = context().make<ValuesOp>();
    auto add = [&](std::vector<ColumnId>& columns) {
      for (const Column& column : table.columns) {
        ColumnId id = context().new_column(
            {column.name, column.type, column.collation, table.oid, column.number});
        columns.push_back(id);
        values->output.push_back(id);
      }
    };
    if (frame.event != '3') add(rows.old_columns);
    if (frame.event != '4') add(rows.new_columns);
    rows.plan = values;
  } else {
    const RuleStatement& source = frame.statement;
    rows = in_rule(source.frame.get(), [&] {
      return ModifyBinder(*this, nullptr, &source).bind_rows(source.node, frame.names_rows);
    });
  }
  RowPair pair;
  if (frame.event != '3' && !rows.old_columns.empty()) {
    pair.old_row = rule_row(table, "old", rows.old_columns);
    scope->items.push_back(pair.old_row);
  }
  if (frame.event != '4' && !rows.new_columns.empty()) {
    pair.new_row = rule_row(table, "new", rows.new_columns);
    scope->items.push_back(pair.new_row);
  }
  if (!frame.is_definition()) {
    for (std::shared_ptr<ScopeItem> item : rows.others) {
      item = std::make_shared<ScopeItem>(*item);
      item->rel_visible = item->cols_visible = false;
      scope->items.push_back(std::move(item));
    }
  }
  rule_rows_ = pair;
  return filter_rule_rows(frame, rows.plan, pair);
}

LogicalOp* Binder::filter_rule_rows(const RuleFrame& frame, LogicalOp* rows, const RowPair& pair) {
  if (frame.condition == nullptr) return rows;
  Expr* condition = in_rule(&frame, [&] { return bind_rule_condition(frame.condition, pair); });
  auto* filter = context().make<FilterOp>();
  filter->inputs = {rows};
  filter->condition = condition;
  filter->output = rows->output;
  return filter;
}

Expr* Binder::bind_rule_condition(const ast::Node* condition, const RowPair& pair) {
  Scope* scope = new_scope(nullptr);
  for (const auto& item : {pair.old_row, pair.new_row}) {
    if (item == nullptr) continue;
    auto visible = std::make_shared<ScopeItem>(*item);
    visible->cols_visible = true;
    scope->items.push_back(visible);
    if (view_depth_ == 0)
      (item == pair.old_row ? rule_rows_.old_row : rule_rows_.new_row) = visible;
  }
  return bind_boolean(condition, scope, Clause::kWhere, "WHERE");
}

// --- the statements whose rows they are ---

RuleRows ModifyBinder::bind_rows(const ast::Node* node, bool names_rows) {
  binder_.query_.modifies_data = true;
  modify_ = binder_.context().make<ModifyOp>();
  collects_rows_ = true;
  names_rows_ = names_rows;
  if (const auto* insert = ast::try_as<ast::InsertStmt>(node)) bind_insert(*insert);
  if (const auto* update = ast::try_as<ast::UpdateStmt>(node)) bind_update(*update);
  if (const auto* remove = ast::try_as<ast::DeleteStmt>(node)) bind_delete(*remove);
  return std::move(rows_);
}

LogicalOp* ModifyBinder::frame_rows(Scope* scope) {
  if (rule_ == nullptr || rule_->frame == nullptr) return nullptr;
  return binder_.bind_rule_rows(*rule_->frame, scope);
}

LogicalOp* ModifyBinder::with_new_values(LogicalOp* plan, const std::vector<Expr*>& values,
                                         std::vector<ColumnId>& columns) {
  auto* project = binder_.context().make<ProjectOp>();
  project->inputs = {plan};
  project->output = plan->output;
  for (ColumnId column : plan->output) {
    project->items.push_back({column, binder_.context().column_ref(column)});
  }
  columns.assign(desc_->columns.size(), kNoColumn);
  for (size_t i = 0; i < columns.size(); ++i) {
    const ColumnDesc& column = desc_->columns[i];
    if (column.dropped) continue;
    if (values[i] == nullptr) {
      columns[i] = modify_->old_columns[i];
      continue;
    }
    columns[i] = binder_.context().new_column({column.name, column.type, column.collation});
    project->items.push_back({columns[i], values[i]});
    project->output.push_back(columns[i]);
  }
  return project;
}

void ModifyBinder::keep_rows(LogicalOp* plan, WithOp* with, std::vector<ColumnId> new_columns,
                             const Scope& scope, size_t first_other) {
  if (view_ != nullptr) view_->require_assigned();
  rows_.plan = below_with(with, plan);
  rows_.old_columns = modify_->old_columns;
  rows_.new_columns = std::move(new_columns);
  for (size_t i = first_other; i < scope.items.size(); ++i) rows_.others.push_back(scope.items[i]);
}

// The rows that INSTEAD rules have left.
LogicalOp* ModifyBinder::without_excluded(LogicalOp* plan, const std::vector<Expr*>& values) {
  if (rule_ == nullptr || rule_->excluded.empty() || collects_rows_) return plan;
  std::vector<ColumnId> new_columns;
  if (modify_->modify != ModifyKind::kDelete) plan = with_new_values(plan, values, new_columns);
  RuleFrame frame;
  frame.statement = *rule_;
  frame.table = rule_->target;
  frame.event = modify_->modify == ModifyKind::kInsert   ? '3'
                : modify_->modify == ModifyKind::kUpdate ? '2'
                                                         : '4';
  Binder::RowPair pair;
  if (modify_->modify != ModifyKind::kInsert) {
    pair.old_row = rule_row(*table_, "old", modify_->old_columns);
  }
  if (!new_columns.empty()) pair.new_row = rule_row(*table_, "new", new_columns);
  std::vector<Expr*> kept;
  for (const ast::Node* condition : rule_->excluded) {
    Expr* taken =
        binder_.in_rule(&frame, [&] { return binder_.bind_rule_condition(condition, pair); });
    Expr* test = binder_.arena().make<Expr>(make_node(ExprKind::kIsNotTrue, type_oid::kBool, -1));
    test->args = copy_span(binder_.arena(), std::vector<Expr*>{taken});
    kept.push_back(test);
  }
  auto* filter = binder_.context().make<FilterOp>();
  filter->inputs = {plan};
  filter->condition = make_and(binder_.arena(), kept);
  filter->output = plan->output;
  if (modify_->modify == ModifyKind::kInsert) {
    for (size_t i = 0; i < new_columns.size(); ++i) {
      if (new_columns[i] != kNoColumn) {
        modify_->assignments[i] = binder_.context().column_ref(new_columns[i]);
      }
    }
  }
  return filter;
}

// Nobody looks at the target's rows: there is one row for each of FROM's.
LogicalOp* ModifyBinder::rows_without_target(LogicalOp* others) {
  return others != nullptr ? others : binder_.context().make<OneRowOp>();
}

bool ModifyBinder::reads_target(const Expr* condition) const {
  if (condition == nullptr) return false;
  std::vector<ColumnId> columns;
  collect_columns(*condition, columns);
  return std::ranges::any_of(columns, [&](ColumnId column) {
    return std::ranges::find(modify_->old_columns, column) != modify_->old_columns.end();
  });
}

// --- RETURNING of actions ---

// The relation whose rows a rule's action returns, as the statement before it names it.
std::shared_ptr<ScopeItem> ModifyBinder::returned_row(const RuleStatement& action, Scope* scope) {
  const RuleFrame& frame = *action.frame;
  const ast::Node* node = action.node;
  const ast::NodeList list = ast::returning_list_of(node);
  const ast::RangeVar& var = *ast::target_of(frame.statement.node);
  auto item = std::make_shared<ScopeItem>();
  item->alias = var.alias != nullptr ? var.alias->aliasname : var.relname;
  item->row_type = frame.table->row_type;
  size_t at = 0;
  for (const Column& column : frame.table->columns) {
    if (column.dropped || at == list.size()) continue;
    const ast::Node* value = ast::as<ast::ResTarget>(list[at++])->val;
    ScopeColumn shown;
    shown.name = column.name;
    shown.compute = [this, &frame, value, scope] {
      return binder_.in_rule(&frame,
                             [&] { return binder_.bind_value(value, scope, Clause::kReturning); });
    };
    item->columns.push_back(std::move(shown));
  }
  return item;
}

void ModifyBinder::bind_returning_of_user(Scope* scope, BoundSelect& out) {
  const RuleStatement* action = rule_;
  while (true) {
    const RuleStatement& before = action->frame->statement;
    Scope* next = binder_.new_scope(nullptr);
    next->items.push_back(returned_row(*action, scope));
    for (const auto& item : scope->items) {
      if (item->rel_visible || item->alias.empty()) continue;
      auto visible = std::make_shared<ScopeItem>(*item);
      visible->rel_visible = visible->cols_visible = true;
      next->items.push_back(std::move(visible));
    }
    scope = next;
    if (before.frame == nullptr) {
      const ast::Node* node = before.node;
      const ast::NodeList list = ast::returning_list_of(node);
      binder_.in_rule(nullptr, [&] {
        bind_returning(list, scope, out);
        return 0;
      });
      return;
    }
    action = &before;
  }
}

}  // namespace luma
