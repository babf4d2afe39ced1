#include "sql/bind/bind_select.h"

#include <algorithm>

#include "sql/ast/tree.h"
#include "sql/bind/below_with.h"
#include "sql/plan/walk.h"

namespace luma {
namespace {

bool has_outer_join(const ast::Node* node) {
  const auto* join = ast::try_as<ast::JoinExpr>(node);
  if (join == nullptr) return false;
  return join->jointype != ast::JoinType::kInner || has_outer_join(join->larg) ||
         has_outer_join(join->rarg);
}

// "t" and f(t.*): what may name rows of FROM as values.
void names_of_rows(const ast::SelectStmt& select, std::vector<std::string_view>& out) {
  auto add = [&](const ast::Node* node) {
    const auto* name = ast::try_as<ast::String>(node);
    if (name != nullptr) out.push_back(name->sval);
  };
  ast::walk(&select, [&](const ast::Node* node) {
    if (const auto* ref = ast::try_as<ast::ColumnRef>(node); ref != nullptr) {
      if (ref->fields.size() == 1) add(ref->fields[0]);
      if (ref->fields.size() > 1 && ast::is<ast::AStar>(ref->fields.back())) {
        add(ref->fields[ref->fields.size() - 2]);
      }
    }
    return true;
  });
  // A star of the list itself stands for columns.
  for (const ast::Node* node : select.target_list) {
    const auto* target = ast::try_as<ast::ResTarget>(node);
    const auto* ref = target == nullptr ? nullptr : ast::try_as<ast::ColumnRef>(target->val);
    if (ref == nullptr || ref->fields.size() < 2 || !ast::is<ast::AStar>(ref->fields.back())) {
      continue;
    }
    const auto* name = ast::try_as<ast::String>(ref->fields[ref->fields.size() - 2]);
    auto found = name == nullptr ? out.end() : std::ranges::find(out, name->sval);
    if (found != out.end()) out.erase(found);
  }
}

}  // namespace

SelectBinder::SelectBinder(Binder& binder, const ast::SelectStmt& select, Scope* parent,
                           const std::vector<TypeRef>* target_types, bool keep_unknown)
    : binder_(binder),
      select_(select),
      scope_(binder.new_scope(parent)),
      state_(*binder.new_select_state()),
      target_types_(target_types),
      keep_unknown_(keep_unknown),
      handed_lock_(std::exchange(binder.handed_lock_, {})) {
  scope_->select = &state_;
}

BoundSelect SelectBinder::bind() {
  if (select_.into_clause != nullptr) {
    throw SqlError(SqlState::kSyntaxError, "SELECT ... INTO is not allowed here");
  }
  WithOp* with = binder_.bind_with(select_.with_clause, scope_);
  announce_row_locks();
  if (std::ranges::any_of(select_.from_clause, has_outer_join)) {
    names_of_rows(select_, scope_->row_names);
  }
  LogicalOp* plan = nullptr;
  if (binder_.frame_select_ == &select_) {
    binder_.frame_select_ = nullptr;
    plan = binder_.bind_rule_rows(*binder_.open_frame_, scope_);
    if (!select_.from_clause.empty()) {
      plan = binder_.join_inputs(plan, binder_.bind_from_list(select_.from_clause, scope_),
                                 JoinKind::kInner, nullptr);
    }
  } else {
    plan = binder_.bind_from_list(select_.from_clause, scope_);
  }
  for (const ast::Node* node : select_.window_clause) {
    const auto* window = ast::as<ast::WindowDef>(node);
    for (const auto& [name, info] : state_.named_windows) {
      if (name == window->name) {
        throw sql_error(SqlState::kWindowingError, "window \"{}\" is already defined", name)
            .at_byte(window->location);
      }
    }
    state_.named_windows.emplace_back(std::string(window->name),
                                      binder_.bind_window(*window, scope_));
  }
  bind_targets();
  Expr* where = nullptr;
  if (select_.where_clause != nullptr) {
    bool policy = binder_.binds_stored_policy_ && binder_.query_level_ == 1;
    where = binder_.bind_boolean(select_.where_clause, scope_,
                                 policy ? Clause::kPolicy : Clause::kWhere,
                                 policy ? "POLICY" : "WHERE");
    auto* filter = binder_.context().make<FilterOp>();
    filter->inputs = {plan};
    filter->condition = where;
    filter->output = plan->output;
    plan = filter;
  }
  Expr* having = nullptr;
  if (select_.having_clause != nullptr) {
    having = binder_.bind_boolean(select_.having_clause, scope_, Clause::kHaving, "HAVING");
  }
  for (const ast::Node* node : select_.sort_clause) {
    const auto* sort = ast::as<ast::SortBy>(node);
    order_.push_back({find_target(sort->node, Clause::kOrderBy, "ORDER BY"), sort});
  }
  bind_group_clause();
  resolve_unknown_targets();
  if (!select_.distinct_clause.empty() && select_.distinct_clause[0] != nullptr) {
    for (const ast::Node* node : select_.distinct_clause) {
      distinct_on_.push_back(find_target(node, Clause::kDistinctOn, "DISTINCT ON"));
    }
  }
  bind_locking();
  if (!state_.aggregates.empty()) {
    for (const auto& item : scope_->items) {
      if (!item->recursive_reference) continue;
      throw SqlError(SqlState::kInvalidRecursion,
                     "aggregate functions are not allowed in a recursive query's recursive term")
          .at_byte(state_.aggregates[0].expr->location);
    }
  }

  grouped_ = !select_.group_clause.empty() || having != nullptr || !state_.aggregates.empty() ||
             !state_.groupings.empty();
  if (grouped_) {
    plan = add_aggregate(plan);
    for (Target& target : targets_) target.expr = above_aggregate(target.expr);
    for (ProjectItem& item : state_.windows) item.expr = above_aggregate(item.expr);
    for (ProjectItem& item : state_.set_returning) item.expr = above_aggregate(item.expr);
    if (having != nullptr) {
      auto* filter = binder_.context().make<FilterOp>();
      filter->condition = above_aggregate(having);
      filter->inputs = {plan};
      filter->output = plan->output;
      plan = filter;
    }
    plan = fill_gaps(plan, where);
  }
  check_gap_windows();
  plan = add_windows(plan);
  if (computes_targets_last()) {
    // LIMIT counts the rows that sets give.
    plan = sort_below_targets(plan);
    plan = add_set_returning(plan);
    // Targets are computed for rows that OFFSET skips, too.
    bool limits_input = state_.set_returning.empty() && select_.limit_offset == nullptr;
    if (limits_input) plan = binder_.apply_limit(select_, scope_, plan);
    plan = project(plan);
    if (!limits_input) plan = binder_.apply_limit(select_, scope_, plan);
    return finish(with, plan);
  }
  plan = add_set_returning(plan);
  if (hands_up_locks()) {
    plan = binder_.pass_columns_up(project(plan));
  } else if (locks_.empty()) {
    plan = project(plan);
    plan = add_distinct_and_sort(plan);
    plan = binder_.apply_limit(select_, scope_, plan);
  } else {
    // Rows are locked after sorting, so that LIMIT decides which; the targets are computed last,
    // from the versions that were locked.
    plan = sort_below_targets(plan);
    plan = add_row_locks(plan);
    plan = binder_.apply_limit(select_, scope_, plan);
    plan = project(plan);
  }
  return finish(with, plan);
}

BoundSelect SelectBinder::finish(WithOp* with, LogicalOp* plan) {
  plan = drop_junk(plan);
  BoundSelect out;
  if (hands_up_locks()) out.locks = std::move(locks_);
  for (const Target& target : targets_) {
    if (!target.junk) out.columns.push_back({target.label, target.column});
  }
  out.plan = below_with(with, plan);
  return out;
}

// --- targets ---

void SelectBinder::bind_targets() {
  for (const ast::Node* node : select_.target_list) add_target(*ast::as<ast::ResTarget>(node));
}

void SelectBinder::add_target(const ast::ResTarget& target) {
  if (const auto* ref = ast::try_as<ast::ColumnRef>(target.val)) {
    if (ast::is<ast::AStar>(ref->fields.back())) {
      expand_star(*ref);
      return;
    }
  }
  if (const auto* indirection = ast::try_as<ast::AIndirection>(target.val)) {
    if (ast::is<ast::AStar>(indirection->indirection.back())) {
      add_row_fields(binder_.bind_star_operand(target.val, scope_, Clause::kSelect),
                     target.location);
      return;
    }
  }
  Target bound;
  bound.label =
      target.name.data() != nullptr ? std::string(target.name) : figure_column_name(target.val);
  bound.expr = binder_.bind_expr(target.val, scope_, Clause::kSelect);
  targets_.push_back(std::move(bound));
}

void SelectBinder::add_star_columns(const ScopeItem& item) {
  for (const ScopeColumn& column : item.columns) {
    binder_.use_column(column);
    Target target;
    target.label = column.name;
    target.expr = binder_.column_value(column);
    targets_.push_back(std::move(target));
  }
}

void SelectBinder::add_row_fields(Expr* row, int location) {
  std::vector<RowField> fields;
  std::vector<Expr*> values = binder_.expand_row(row, fields, location);
  for (size_t i = 0; i < values.size(); ++i) {
    Target field;
    field.label = fields[i].name;
    field.expr = values[i];
    targets_.push_back(std::move(field));
  }
}

void SelectBinder::expand_star(const ast::ColumnRef& ref) {
  if (ref.fields.size() == 1) {
    bool any = false;
    for (const auto& item : scope_->items) {
      if (!item->cols_visible || item->lateral_only) continue;
      any = true;
      add_star_columns(*item);
    }
    if (!any) {
      throw SqlError(SqlState::kSyntaxError, "SELECT * with no tables specified is not valid")
          .at_byte(ref.location);
    }
    return;
  }
  std::string_view alias = ast::as<ast::String>(ref.fields[ref.fields.size() - 2])->sval;
  std::string_view schema = ref.fields.size() > 2
                                ? ast::as<ast::String>(ref.fields[ref.fields.size() - 3])->sval
                                : std::string_view{};
  for (Scope* level = scope_; level != nullptr; level = level->parent) {
    for (const auto& item : level->items) {
      if (!item->rel_visible || item->alias != alias || item->alias.empty()) continue;
      if (schema.data() != nullptr && item->schema != schema) continue;
      add_star_columns(*item);
      return;
    }
  }
  if (binder_.variables_in_reach()) {
    if (Expr* row = binder_.find_variable(ref, false)) {
      add_row_fields(row, ref.location);
      return;
    }
  }
  throw sql_error(SqlState::kUndefinedTable, "missing FROM-clause entry for table \"{}\"", alias)
      .at_byte(ref.location);
}

void SelectBinder::resolve_unknown_targets() {
  size_t position = 0;
  for (Target& target : targets_) {
    if (target.junk) {
      target.expr = binder_.resolve_unknown(target.expr);
      continue;
    }
    size_t index = position++;
    if (target.expr->type.oid != type_oid::kUnknown) continue;
    if (target_types_ != nullptr && index < target_types_->size()) {
      TypeRef type = (*target_types_)[index];
      if (Expr* coerced = binder_.coerce(target.expr, {type.oid, -1}, Coercion::kAssignment,
                                         target.expr->location)) {
        target.expr = coerced;
        continue;
      }
    }
    if (!keep_unknown_) target.expr = binder_.resolve_unknown(target.expr);
  }
}

size_t SelectBinder::find_or_add(Expr* expr) {
  for (size_t i = 0; i < targets_.size(); ++i) {
    if (targets_[i].expr == expr || expr_equal(*targets_[i].expr, *expr)) return i;
  }
  Target target;
  target.label = "?column?";
  target.expr = expr;
  target.junk = true;
  targets_.push_back(std::move(target));
  return targets_.size() - 1;
}

// An output column's label, or its position. GROUP BY prefers an input column of that name.
bool SelectBinder::match_label(const ast::Node* node, Clause clause, std::string_view clause_name,
                               size_t& index) {
  if (const auto* ref = ast::try_as<ast::ColumnRef>(node)) {
    if (ref->fields.size() != 1 || !ast::is<ast::String>(ref->fields[0])) return false;
    std::string_view name = ast::as<ast::String>(ref->fields[0])->sval;
    if (clause == Clause::kGroupBy) {
      for (const auto& item : scope_->items) {
        if (!item->cols_visible) continue;
        for (const ScopeColumn& column : item->columns) {
          if (column.name == name) return false;
        }
      }
    }
    bool found = false;
    for (size_t i = 0; i < targets_.size(); ++i) {
      if (targets_[i].junk || targets_[i].label != name) continue;
      if (found && !expr_equal(*targets_[i].expr, *targets_[index].expr)) {
        throw sql_error(SqlState::kAmbiguousColumn, "{} \"{}\" is ambiguous", clause_name, name)
            .at_byte(node->location);
      }
      if (!found) index = i;
      found = true;
    }
    return found;
  }
  if (const auto* constant = ast::try_as<ast::AConst>(node)) {
    if (constant->kind != ast::ConstKind::kInteger) {
      throw sql_error(SqlState::kSyntaxError, "non-integer constant in {}", clause_name)
          .at_byte(node->location);
    }
    int position = 0;
    for (size_t i = 0; i < targets_.size(); ++i) {
      if (!targets_[i].junk && ++position == constant->ival) {
        index = i;
        return true;
      }
    }
    throw sql_error(SqlState::kInvalidColumnReference, "{} position {} is not in select list",
                    clause_name, constant->ival)
        .at_byte(node->location);
  }
  return false;
}

size_t SelectBinder::find_target(const ast::Node* node, Clause clause,
                                 std::string_view clause_name) {
  size_t index = 0;
  if (match_label(node, clause, clause_name, index)) return index;
  return find_or_add(binder_.bind_value(node, scope_, clause));
}

// --- windows, sets ---

namespace {

bool same_keys(std::span<const SortKey> a, std::span<const SortKey> b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].descending != b[i].descending || a[i].nulls_first != b[i].nulls_first ||
        !expr_equal(*a[i].expr, *b[i].expr)) {
      return false;
    }
  }
  return true;
}

bool same_list(ExprList a, std::span<Expr* const> b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!expr_equal(*a[i], *b[i])) return false;
  }
  return true;
}

}  // namespace

LogicalOp* SelectBinder::add_windows(LogicalOp* plan) {
  std::vector<WindowOp*> ops;
  for (const ProjectItem& item : state_.windows) {
    const WindowInfo& info = *item.expr->window;
    WindowOp* target = nullptr;
    for (WindowOp* op : ops) {
      if (same_list(info.partition_by, op->partition_by) && same_keys(info.order_by, op->order_by))
        target = op;
    }
    if (target == nullptr) {
      target = binder_.context().make<WindowOp>();
      target->partition_by.assign(info.partition_by.begin(), info.partition_by.end());
      target->order_by.assign(info.order_by.begin(), info.order_by.end());
      ops.push_back(target);
    }
    target->items.push_back(item);
  }
  for (WindowOp* op : ops) {
    op->inputs = {plan};
    op->output = plan->output;
    for (const ProjectItem& item : op->items) op->output.push_back(item.column);
    plan = op;
  }
  return plan;
}

LogicalOp* SelectBinder::add_set_returning(LogicalOp* plan) {
  std::vector<ProjectItem> waiting = state_.set_returning;
  // A call whose arguments contain another set-returning call waits for the level above it.
  while (!waiting.empty()) {
    std::vector<ProjectItem> ready, later;
    for (const ProjectItem& item : waiting) {
      std::vector<ColumnId> used;
      collect_columns(*item.expr, used);
      bool blocked = std::any_of(waiting.begin(), waiting.end(), [&](const ProjectItem& other) {
        return std::find(used.begin(), used.end(), other.column) != used.end();
      });
      (blocked ? later : ready).push_back(item);
    }
    auto* op = binder_.context().make<ProjectSetOp>();
    op->inputs = {plan};
    for (ColumnId column : plan->output)
      op->items.push_back({column, binder_.context().column_ref(column)});
    op->items.insert(op->items.end(), ready.begin(), ready.end());
    for (const ProjectItem& item : op->items) op->output.push_back(item.column);
    plan = op;
    waiting = std::move(later);
  }
  return plan;
}

// --- projection, DISTINCT, ORDER BY ---

LogicalOp* SelectBinder::project(LogicalOp* plan) {
  auto* op = binder_.context().make<ProjectOp>();
  op->inputs = {plan};
  for (Target& target : targets_) {
    const Expr& expr = *target.expr;
    bool plain =
        expr.kind == ExprKind::kColumn &&
        std::find(op->output.begin(), op->output.end(), expr.column) == op->output.end() &&
        std::find(plan->output.begin(), plan->output.end(), expr.column) != plan->output.end();
    if (plain) {
      target.column = expr.column;
    } else {
      PlanColumn info{target.label, expr.type, expr.collation};
      if (expr.kind == ExprKind::kColumn) {
        const PlanColumn& source = binder_.context().column(expr.column);
        info.table = source.table;
        info.attnum = source.attnum;
      }
      target.column = binder_.context().new_column(std::move(info));
      binder_.keep_record_fields(target.column, expr);
    }
    op->items.push_back({target.column, target.expr});
    op->output.push_back(target.column);
  }
  return op;
}

// Volatile functions and sets are computed from sorted rows, unless the order depends on them.
bool SelectBinder::computes_targets_last() const {
  if (order_.empty() || !locks_.empty() || !select_.distinct_clause.empty()) return false;
  // Ties are told apart by the rows right above the sort.
  if (select_.limit_option == ast::LimitOption::kWithTies && !state_.set_returning.empty()) {
    return false;
  }
  auto comes_last = [&](const Expr& expr) {
    return expr_contains(expr, [&](const Expr& part) {
      if (part.is_volatile) return true;
      return part.kind == ExprKind::kColumn &&
             std::ranges::any_of(state_.set_returning, [&](const ProjectItem& item) {
               return item.column == part.column;
             });
    });
  };
  if (std::ranges::any_of(
          order_, [&](const OrderItem& item) { return comes_last(*targets_[item.target].expr); })) {
    return false;
  }
  return std::ranges::any_of(targets_,
                             [&](const Target& target) { return comes_last(*target.expr); });
}

LogicalOp* SelectBinder::sort_below_targets(LogicalOp* plan) {
  if (order_.empty()) return plan;
  auto* op = binder_.context().make<SortOp>();
  op->inputs = {plan};
  op->output = plan->output;
  for (const OrderItem& item : order_) {
    op->keys.push_back(binder_.make_sort_key(targets_[item.target].expr, *item.sort));
  }
  return op;
}

LogicalOp* SelectBinder::add_distinct_and_sort(LogicalOp* plan) {
  bool distinct = !select_.distinct_clause.empty();
  std::vector<SortKey> keys;
  for (const OrderItem& item : order_) {
    keys.push_back(binder_.make_sort_key(binder_.context().column_ref(targets_[item.target].column),
                                         *item.sort));
    keys.back().expr->location = item.sort->node->location;
  }
  auto sort = [&](LogicalOp* input) -> LogicalOp* {
    if (keys.empty()) return input;
    auto* op = binder_.context().make<SortOp>();
    op->inputs = {input};
    op->output = input->output;
    op->keys = keys;
    return op;
  };
  if (!distinct) return sort(plan);
  for (const Target& target : targets_) {
    if (type_info(target.expr->type.oid).compare == nullptr &&
        (distinct_on_.empty() || target.junk)) {
      throw sql_error(SqlState::kUndefinedFunction,
                      "could not identify an equality operator for type {}",
                      format_type(target.expr->type.oid))
          .at_byte(target.expr->location);
    }
  }
  if (distinct_on_.empty()) {
    for (const OrderItem& item : order_) {
      if (targets_[item.target].junk) {
        throw SqlError(SqlState::kInvalidColumnReference,
                       "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
            .at_byte(item.sort->node->location);
      }
    }
    auto* op = binder_.context().make<DistinctOp>();
    op->inputs = {plan};
    op->output = plan->output;
    return sort(op);
  }
  // DISTINCT ON: the leading ORDER BY keys must be the ON expressions, in any order; the rest
  // follows.
  std::vector<size_t> missing = distinct_on_;
  for (size_t i = 0; i < order_.size(); ++i) {
    size_t target = order_[i].target;
    bool is_on = std::find(distinct_on_.begin(), distinct_on_.end(), target) != distinct_on_.end();
    missing.erase(std::remove(missing.begin(), missing.end(), target), missing.end());
    if (is_on || missing.empty()) continue;
    throw SqlError(SqlState::kInvalidColumnReference,
                   "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
        .at_byte(order_[i].sort->node->location);
  }
  for (size_t target : missing) {
    SortKey key;
    key.expr = binder_.context().column_ref(targets_[target].column);
    keys.push_back(key);
  }
  auto* op = binder_.context().make<DistinctOp>();
  for (size_t target : distinct_on_)
    op->on.push_back(binder_.context().column_ref(targets_[target].column));
  plan = sort(plan);
  op->inputs = {plan};
  op->output = plan->output;
  return op;
}

LogicalOp* SelectBinder::drop_junk(LogicalOp* plan) {
  bool junk = std::any_of(targets_.begin(), targets_.end(), [](const Target& t) { return t.junk; });
  if (!junk) return plan;
  auto* op = binder_.context().make<ProjectOp>();
  op->inputs = {plan};
  for (const Target& target : targets_) {
    if (target.junk) continue;
    op->items.push_back({target.column, binder_.context().column_ref(target.column)});
    op->output.push_back(target.column);
  }
  return op;
}

}  // namespace luma
