// FOR UPDATE and the like: whose rows are locked, and by which query level. A clause reaches into
// the views and subqueries of FROM that it names. A level whose rows are its tables' rows, one to
// one, hands its locks up, so that conditions and LIMIT above decide which rows are locked; others
// (ORDER BY, LIMIT, WITH) lock their rows themselves.
#include <algorithm>
#include <unordered_set>

#include "sql/bind/bind_select.h"
#include "sql/plan/copy_plan.h"
#include "sql/plan/walk.h"

namespace luma {

void RowLock::add(const RowLock& other) {
  in_view = strength == RowLockStrength::kNone ? other.in_view : in_view && other.in_view;
  strength = std::max(strength, other.strength);
  wait = std::max(wait, other.wait);
}

RowLock row_lock_of(const ast::LockingClause& clause) {
  RowLock lock;
  lock.strength = static_cast<RowLockStrength>(clause.strength);
  lock.wait = clause.wait_policy == ast::LockWaitPolicy::kSkip    ? RowLockWait::kSkipLocked
              : clause.wait_policy == ast::LockWaitPolicy::kError ? RowLockWait::kNoWait
                                                                  : RowLockWait::kBlock;
  return lock;
}

RowLock row_lock_of(const Scope& scope, std::string_view alias) {
  RowLock lock;
  for (const auto& [name, clause] : scope.row_locks) {
    if (name.empty() || name == alias) lock.add(clause);
  }
  return lock;
}

void Binder::lock_rows_of(ScopeItem& item, const RowLock& lock) {
  if (item.scan != nullptr) {
    LockRowsOp::Target& target = item.locks.emplace_back();
    target.table = item.scan->table;
    target.row_key = context().new_column({"row key", {type_oid::kBytea, -1}});
    item.scan->attribute.push_back(ScanOp::kRowKeyAttribute);
    item.scan->output.push_back(target.row_key);
    target.columns.assign(item.scan->table->columns.size(), kNoColumn);
    for (size_t i = 0; i < item.scan->attribute.size(); ++i) {
      if (item.scan->attribute[i] < 0) continue;
      target.columns[static_cast<size_t>(item.scan->attribute[i])] = item.scan->output[i];
    }
  }
  for (const ScanOp* leaf : item.leaves) {
    LockRowsOp::Target& target = item.locks.emplace_back();
    target.table = leaf->table;
    target.row_key = item.leaf_key;
    target.table_oid = item.leaf_oid;
    target.columns.assign(leaf->table->columns.size(), kNoColumn);
    // Scans of leaves list the table's columns in its order.
    for (size_t i = 0; i < item.columns.size(); ++i) {
      target.columns[static_cast<size_t>(leaf->attribute[i])] = item.columns[i].id;
    }
  }
  for (LockRowsOp::Target& target : item.locks) {
    target.strength = lock.strength;
    target.wait = lock.wait;
    query_.locks.push_back({target.table->oid, 2});
  }
}

// Before FROM is bound.
void SelectBinder::announce_row_locks() {
  if (handed_lock_.strength != RowLockStrength::kNone) {
    scope_->row_locks.emplace_back("", handed_lock_);
  }
  for (const ast::Node* node : select_.locking_clause) {
    const auto* clause = ast::as<ast::LockingClause>(node);
    RowLock lock = row_lock_of(*clause);
    if (clause->locked_rels.empty()) scope_->row_locks.emplace_back("", lock);
    for (const ast::Node* rel : clause->locked_rels) {
      const auto* var = ast::as<ast::RangeVar>(rel);
      if (var->schemaname.data() != nullptr || var->catalogname.data() != nullptr) {
        throw sql_error(SqlState::kSyntaxError, "{} must specify unqualified relation names",
                        row_lock_name(lock.strength))
            .at_byte(var->location);
      }
      scope_->row_locks.emplace_back(std::string(var->relname), lock);
    }
  }
}

void SelectBinder::refuse_row_locks() const {
  const bool own = !select_.locking_clause.empty();
  if (!own && handed_lock_.strength == RowLockStrength::kNone) return;
  // A view's query is asked only when something is to be locked in it.
  if (!own && handed_lock_.in_view && std::ranges::all_of(scope_->items, [](const auto& item) {
        return !item->unlockable.empty();
      })) {
    return;
  }
  RowLockStrength strength =
      own ? row_lock_of(*ast::as<ast::LockingClause>(select_.locking_clause[0])).strength
          : handed_lock_.strength;
  auto refuse = [&](bool present, std::string_view what) {
    if (!present) return;
    throw sql_error(SqlState::kFeatureNotSupported, "{} is not allowed with {}",
                    row_lock_name(strength), what);
  };
  refuse(!select_.distinct_clause.empty(), "DISTINCT clause");
  refuse(!select_.group_clause.empty(), "GROUP BY clause");
  refuse(select_.having_clause != nullptr, "HAVING clause");
  refuse(!state_.aggregates.empty(), "aggregate functions");
  refuse(!state_.windows.empty(), "window functions");
  refuse(!state_.set_returning.empty(), "set-returning functions in the target list");
}

void SelectBinder::bind_locking() {
  refuse_row_locks();
  for (const ast::Node* node : select_.locking_clause) {
    const auto* clause = ast::as<ast::LockingClause>(node);
    for (const ast::Node* rel : clause->locked_rels) {
      const auto* var = ast::as<ast::RangeVar>(rel);
      auto found = std::ranges::find_if(scope_->items, [&](const auto& item) {
        return item->alias == var->relname && !item->alias.empty();
      });
      std::string_view name = row_lock_name(row_lock_of(*clause).strength);
      if (found == scope_->items.end()) {
        throw sql_error(SqlState::kUndefinedTable,
                        "relation \"{}\" in {} clause not found in FROM clause", var->relname, name)
            .at_byte(var->location);
      }
      if ((*found)->unlockable.empty()) continue;
      throw sql_error(SqlState::kFeatureNotSupported, "{} cannot be applied to {}", name,
                      (*found)->unlockable)
          .at_byte(var->location);
    }
  }
  for (const auto& item : scope_->items) {
    locks_.insert(locks_.end(), item->locks.begin(), item->locks.end());
  }
  if (!locks_.empty()) binder_.query_.locks_rows = true;
}

bool SelectBinder::hands_up_locks() const {
  return handed_lock_.strength != RowLockStrength::kNone && !locks_.empty() &&
         select_.locking_clause.empty() && select_.sort_clause.empty() &&
         select_.limit_count == nullptr && select_.limit_offset == nullptr &&
         select_.with_clause == nullptr && std::ranges::none_of(targets_, [](const Target& target) {
           return expr_contains(*target.expr, [](const Expr& part) { return part.is_volatile; });
         });
}

namespace {

// What was computed from the locked rows, from below.
class LockSteps {
 public:
  explicit LockSteps(const std::vector<LockRowsOp::Target>& targets) {
    for (const LockRowsOp::Target& target : targets) {
      changing_.insert(target.columns.begin(), target.columns.end());
    }
    changing_.erase(kNoColumn);
  }

  void collect(const LogicalOp& op, std::vector<Expr*>& conditions) {
    switch (op.kind) {
      case OpKind::kFilter:
        collect(*op.inputs[0], conditions);
        keep(static_cast<const FilterOp&>(op).condition, conditions);
        break;
      case OpKind::kProject:
        collect(*op.inputs[0], conditions);
        for (const ProjectItem& item : static_cast<const ProjectOp&>(op).items) {
          bool same = item.expr->kind == ExprKind::kColumn && item.expr->column == item.column;
          if (same || !changes(*item.expr)) continue;
          add_conditions(conditions);
          steps.push_back({.expr = item.expr, .column = item.column});
          changing_.insert(item.column);
        }
        break;
      case OpKind::kJoin:
        join(op, static_cast<const JoinOp&>(op).join, static_cast<const JoinOp&>(op).condition,
             conditions);
        break;
      case OpKind::kApply:
        join(op, static_cast<const ApplyOp&>(op).join, static_cast<const ApplyOp&>(op).condition,
             conditions);
        break;
      case OpKind::kAsofJoin:
      case OpKind::kSort:
        collect(*op.inputs[0], conditions);
        break;
      default:
        break;
    }
  }

  void add_conditions(std::vector<Expr*>& conditions) {
    for (Expr* condition : conditions) steps.push_back({.expr = condition});
    conditions.clear();
  }

  std::vector<LockRowsOp::Step> steps;

 private:
  bool changes(const Expr& expr) const {
    std::vector<ColumnId> columns;
    collect_columns(expr, columns);
    return std::ranges::any_of(columns, [&](ColumnId id) { return changing_.contains(id); });
  }
  void keep(Expr* condition, std::vector<Expr*>& conditions) {
    if (condition != nullptr && changes(*condition)) conditions.push_back(condition);
  }

  void join(const LogicalOp& op, JoinKind kind, Expr* condition, std::vector<Expr*>& conditions) {
    if (kind == JoinKind::kInner) {
      collect(*op.inputs[0], conditions);
      collect(*op.inputs[1], conditions);
      return keep(condition, conditions);
    }
    if (kind != JoinKind::kLeft && kind != JoinKind::kRight) return;
    const LogicalOp& kept = *op.inputs[kind == JoinKind::kLeft ? 0 : 1];
    const LogicalOp& optional = *op.inputs[kind == JoinKind::kLeft ? 1 : 0];
    collect(kept, conditions);
    add_conditions(conditions);
    std::vector<Expr*> matching;
    collect_optional(optional, matching);
    keep(condition, matching);
    for (Expr* match : matching) steps.push_back({.expr = match, .absent = optional.output});
  }

  // What is computed there is computed whether the row is there or not: when its rows are locked,
  // a condition above has taken out those that are not.
  void collect_optional(const LogicalOp& op, std::vector<Expr*>& matching) {
    LockSteps inner({});
    inner.changing_ = changing_;
    std::vector<Expr*> rest;
    inner.collect(op, rest);
    inner.add_conditions(rest);
    for (LockRowsOp::Step& step : inner.steps) {
      bool filters = step.column == kNoColumn && step.absent.empty();
      if (filters) {
        matching.push_back(step.expr);
      } else {
        steps.push_back(std::move(step));
      }
    }
    changing_ = inner.changing_;
  }

  std::unordered_set<ColumnId> changing_;
};

}  // namespace

LogicalOp* SelectBinder::add_row_locks(LogicalOp* plan) {
  if (locks_.empty()) return plan;
  auto* op = binder_.context().make<LockRowsOp>();
  op->inputs = {plan};
  op->output = plan->output;
  op->targets = locks_;
  op->is_handed_down = handed_lock_.strength != RowLockStrength::kNone;
  LockSteps steps(locks_);
  std::vector<Expr*> conditions;
  steps.collect(*plan, conditions);
  steps.add_conditions(conditions);
  op->steps = std::move(steps.steps);
  for (LockRowsOp::Step& step : op->steps) {
    step.expr = copy_subqueries(binder_.context(), step.expr);
  }
  std::erase_if(op->steps, [](const LockRowsOp::Step& step) { return step.expr == nullptr; });
  return op;
}

LogicalOp* Binder::pass_columns_up(LogicalOp* project) {
  LUMA_CHECK(project->kind == OpKind::kProject);
  for (ColumnId column : project->inputs[0]->output) {
    if (std::ranges::find(project->output, column) != project->output.end()) continue;
    static_cast<ProjectOp*>(project)->items.push_back({column, context().column_ref(column)});
    project->output.push_back(column);
  }
  return project;
}

}  // namespace luma
