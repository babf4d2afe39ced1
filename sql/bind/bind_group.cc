// GROUP BY, grouping sets and what may stand above an aggregation.
#include <algorithm>

#include "sql/bind/bind_select.h"
#include "sql/plan/walk.h"

namespace luma {

uint32_t SelectBinder::add_group(const ast::Node* node) {
  size_t index = 0;
  Expr* expr;
  if (match_label(node, Clause::kGroupBy, "GROUP BY", index)) {
    targets_[index].expr = binder_.resolve_unknown(targets_[index].expr);
    expr = targets_[index].expr;
    bool aggregated = expr_contains(*expr, [&](const Expr& e) {
      return e.kind == ExprKind::kColumn &&
             std::any_of(state_.aggregates.begin(), state_.aggregates.end(),
                         [&](const ProjectItem& a) { return a.column == e.column; });
    });
    if (aggregated) {
      throw SqlError(SqlState::kGroupingError, "aggregate functions are not allowed in GROUP BY")
          .at_byte(expr->location);
    }
  } else {
    expr = binder_.bind_value(node, scope_, Clause::kGroupBy);
  }
  if (type_info(expr->type.oid).compare == nullptr) {
    throw sql_error(SqlState::kUndefinedFunction,
                    "could not identify an equality operator for type {}",
                    format_type(expr->type.oid))
        .at_byte(expr->location);
  }
  for (uint32_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i].expr == expr || expr_equal(*groups_[i].expr, *expr)) return i;
  }
  PlanColumn info{"group", expr->type, expr->collation};
  if (expr->kind == ExprKind::kColumn) info = binder_.context().column(expr->column);
  groups_.push_back({binder_.context().new_column(std::move(info)), expr});
  return static_cast<uint32_t>(groups_.size() - 1);
}

SelectBinder::GroupSets SelectBinder::expand_group_item(const ast::Node* node) {
  // (a, b) without ROW is two expressions in one set.
  auto simple = [&](const ast::Node* item) {
    std::vector<uint32_t> set;
    const auto* row = ast::try_as<ast::RowExpr>(item);
    if (row != nullptr && row->row_format == ast::CoercionForm::kImplicitCast) {
      for (const ast::Node* arg : row->args) set.push_back(add_group(arg));
    } else if (const auto* list = ast::try_as<ast::ListNode>(item)) {
      for (const ast::Node* arg : list->items) set.push_back(add_group(arg));
    } else {
      set.push_back(add_group(item));
    }
    return set;
  };
  const auto* grouping = ast::try_as<ast::GroupingSet>(node);
  if (grouping == nullptr) return {simple(node)};
  std::vector<std::vector<uint32_t>> parts;
  switch (grouping->kind) {
    case ast::GroupingSetKind::kEmpty:
      return {{}};
    case ast::GroupingSetKind::kSimple: {
      std::vector<uint32_t> set;
      for (const ast::Node* item : grouping->content) {
        auto some = simple(item);
        set.insert(set.end(), some.begin(), some.end());
      }
      return {set};
    }
    case ast::GroupingSetKind::kRollup:
    case ast::GroupingSetKind::kCube: {
      for (const ast::Node* item : grouping->content) parts.push_back(simple(item));
      GroupSets sets;
      if (grouping->kind == ast::GroupingSetKind::kRollup) {
        for (size_t n = parts.size() + 1; n-- > 0;) {
          std::vector<uint32_t> set;
          for (size_t i = 0; i < n; ++i) set.insert(set.end(), parts[i].begin(), parts[i].end());
          sets.push_back(std::move(set));
        }
        return sets;
      }
      if (parts.size() > 12) {
        throw SqlError(SqlState::kTooManyColumns, "CUBE is limited to 12 elements")
            .at_byte(node->location);
      }
      for (uint32_t mask = (1u << parts.size()); mask-- > 0;) {
        std::vector<uint32_t> set;
        for (size_t i = 0; i < parts.size(); ++i) {
          bool in = (mask >> (parts.size() - 1 - i)) & 1;
          if (in) set.insert(set.end(), parts[i].begin(), parts[i].end());
        }
        sets.push_back(std::move(set));
      }
      return sets;
    }
    case ast::GroupingSetKind::kSets: {
      GroupSets sets;
      for (const ast::Node* item : grouping->content) {
        GroupSets inner = expand_group_item(item);
        sets.insert(sets.end(), inner.begin(), inner.end());
      }
      return sets;
    }
  }
  return {};
}

void SelectBinder::bind_group_clause() {
  if (select_.group_clause.empty()) return;
  bool has_sets = false;
  GroupSets product = {{}};
  for (const ast::Node* node : select_.group_clause) {
    const auto* grouping = ast::try_as<ast::GroupingSet>(node);
    has_sets |= grouping != nullptr;
    GroupSets sets = expand_group_item(node);
    if (product.size() * sets.size() > 4096) {
      throw SqlError(SqlState::kStatementTooComplex,
                     "too many grouping sets present (maximum 4096)")
          .at_byte(node->location);
    }
    GroupSets next;
    for (const auto& a : product) {
      for (const auto& b : sets) {
        std::vector<uint32_t> set = a;
        for (uint32_t group : b) {
          if (std::find(set.begin(), set.end(), group) == set.end()) set.push_back(group);
        }
        next.push_back(std::move(set));
      }
    }
    product = std::move(next);
  }
  if (!has_sets) return;
  if (select_.group_distinct) {
    GroupSets unique;
    for (auto& set : product) {
      auto sorted = set;
      std::sort(sorted.begin(), sorted.end());
      bool seen = std::any_of(unique.begin(), unique.end(), [&](std::vector<uint32_t> other) {
        std::sort(other.begin(), other.end());
        return other == sorted;
      });
      if (!seen) unique.push_back(set);
    }
    product = std::move(unique);
  }
  grouping_sets_ = std::move(product);
}

namespace {

bool uses(const std::vector<ProjectItem>& items, ColumnId column) {
  return std::ranges::any_of(items, [&](const ProjectItem& item) {
    std::vector<ColumnId> used;
    collect_columns(*item.expr, used);
    return std::ranges::find(used, column) != used.end();
  });
}

}  // namespace

// Sets that rows are grouped by are made below the aggregation.
LogicalOp* SelectBinder::add_grouped_sets(LogicalOp* plan) {
  std::vector<ProjectItem> below, above;
  for (const ProjectItem& item : state_.set_returning) {
    (uses(groups_, item.column) ? below : above).push_back(item);
  }
  if (below.empty()) return plan;
  // The arguments of what is below are below, too.
  for (size_t i = 0; i < above.size();) {
    if (uses(below, above[i].column)) {
      below.push_back(above[i]);
      above.erase(above.begin() + static_cast<ptrdiff_t>(i));
      i = 0;
    } else {
      ++i;
    }
  }
  // A call that is written again means the same rows.
  for (Target& target : targets_) {
    target.expr = substitute_columns(binder_.context(), target.expr, [&](ColumnId column) -> Expr* {
      auto again = std::ranges::find(above, column, &ProjectItem::column);
      if (again == above.end()) return nullptr;
      for (const ProjectItem& item : below) {
        if (expr_equal(*item.expr, *again->expr)) return binder_.context().column_ref(item.column);
      }
      return nullptr;
    });
  }
  std::erase_if(above, [&](const ProjectItem& item) {
    return std::ranges::any_of(
        below, [&](const ProjectItem& other) { return expr_equal(*other.expr, *item.expr); });
  });
  state_.set_returning = std::move(below);
  plan = add_set_returning(plan);
  state_.set_returning = std::move(above);
  return plan;
}

LogicalOp* SelectBinder::add_aggregate(LogicalOp* plan) {
  plan = add_grouped_sets(plan);
  auto* op = binder_.context().make<AggregateOp>();
  op->inputs = {plan};
  op->grouping_sets = grouping_sets_;
  for (const SelectState::Grouping& grouping : state_.groupings) {
    AggregateOp::GroupingMark mark{grouping.column, {}};
    for (Expr* arg : grouping.args) {
      auto found = std::find_if(groups_.begin(), groups_.end(), [&](const ProjectItem& group) {
        return expr_equal(*group.expr, *arg);
      });
      if (found == groups_.end()) {
        throw SqlError(
            SqlState::kGroupingError,
            "arguments to GROUPING must be grouping expressions of the associated query level")
            .at_byte(arg->location);
      }
      mark.groups.push_back(static_cast<uint32_t>(found - groups_.begin()));
    }
    op->grouping_marks.push_back(std::move(mark));
  }
  op->aggregates = state_.aggregates;
  op->groups = groups_;
  for (const ProjectItem& group : op->groups) op->output.push_back(group.column);
  for (const ProjectItem& aggregate : op->aggregates) op->output.push_back(aggregate.column);
  for (const auto& mark : op->grouping_marks) op->output.push_back(mark.column);
  find_determined_columns();
  aggregate_ = op;
  return op;
}

void SelectBinder::find_determined_columns() {
  if (!grouping_sets_.empty()) return;
  for (const auto& item : scope_->items) {
    if (!determined_by_group(*item)) continue;
    for (const ScopeColumn& column : item->columns) determined_.insert(column.id);
  }
}

const ProjectItem* SelectBinder::group_of_column(ColumnId column) {
  for (const ProjectItem& group : groups_) {
    if (group.expr->kind == ExprKind::kColumn && group.expr->column == column) return &group;
  }
  if (!determined_.contains(column)) return nullptr;
  PlanContext& context = binder_.context();
  PlanColumn info = context.column(column);
  groups_.push_back({context.new_column(std::move(info)), context.column_ref(column)});
  aggregate_->groups.push_back(groups_.back());
  aggregate_->output.push_back(groups_.back().column);
  return &groups_.back();
}

bool SelectBinder::determined_by_group(const ScopeItem& item) {
  if (item.scan == nullptr) return false;
  const TableDesc& table = *item.scan->table;
  for (const IndexDesc& index : table.indexes) {
    if (!index.primary || index.deferrable) continue;
    bool all = std::all_of(index.keys.begin(), index.keys.end(), [&](const KeyPart& key) {
      return std::any_of(groups_.begin(), groups_.end(), [&](const ProjectItem& group) {
        if (group.expr->kind != ExprKind::kColumn) return false;
        for (size_t i = 0; i < item.scan->attribute.size(); ++i) {
          if (item.scan->attribute[i] == key.column && item.scan->output[i] == group.expr->column)
            return true;
        }
        return false;
      });
    });
    if (all && !index.keys.empty()) return true;
  }
  return false;
}

void SelectBinder::ungrouped_column(const ScopeItem* item, ColumnId column, bool in_subquery,
                                    int location) {
  std::string name;
  for (const ScopeColumn& candidate : item->columns) {
    if (candidate.id == column) name = candidate.name;
  }
  std::string qualified = item->alias.empty() ? name : item->alias + "." + name;
  if (in_subquery) {
    throw sql_error(SqlState::kGroupingError,
                    "subquery uses ungrouped column \"{}\" from outer query", qualified)
        .at_byte(location);
  }
  throw sql_error(
      SqlState::kGroupingError,
      "column \"{}\" must appear in the GROUP BY clause or be used in an aggregate function",
      qualified)
      .at_byte(location);
}

// Rewrites an expression over the FROM columns into one over the aggregation's output.
Expr* SelectBinder::above_aggregate(Expr* expr) {
  for (const ProjectItem& group : groups_) {
    if (group.expr == expr || expr_equal(*group.expr, *expr)) {
      Expr* out = binder_.context().column_ref(group.column);
      out->location = expr->location;
      return out;
    }
  }
  auto owner_of = [&](ColumnId column) -> const ScopeItem* {
    const ScopeItem* owner = nullptr;
    for (const auto& item : scope_->items) {
      for (const ScopeColumn& candidate : item->columns) {
        // Prefer the table's own item over a join's merged view of it: errors name the table.
        if (candidate.id == column && (owner == nullptr || owner->alias.empty()))
          owner = item.get();
      }
      if (item->scan != nullptr && owner == nullptr &&
          std::find(item->scan->output.begin(), item->scan->output.end(), column) !=
              item->scan->output.end()) {
        owner = item.get();
      }
    }
    return owner;
  };
  if (expr->kind == ExprKind::kColumn) {
    if (const ProjectItem* group = group_of_column(expr->column)) {
      Expr* out = binder_.context().column_ref(group->column);
      out->location = expr->location;
      return out;
    }
    const ScopeItem* owner = owner_of(expr->column);
    if (owner != nullptr) ungrouped_column(owner, expr->column, false, expr->location);
    return expr;
  }
  if (expr->kind == ExprKind::kSubquery && expr->subquery->plan != nullptr) {
    substitute_columns(binder_.context(), *expr->subquery->plan, [&](ColumnId column) -> Expr* {
      if (const ProjectItem* group = group_of_column(column)) {
        return binder_.context().column_ref(group->column);
      }
      const ScopeItem* owner = owner_of(column);
      if (owner != nullptr) ungrouped_column(owner, column, true, expr->location);
      return nullptr;
    });
  }
  return map_children(binder_.arena(), expr, [&](Expr* child) { return above_aggregate(child); });
}

}  // namespace luma
