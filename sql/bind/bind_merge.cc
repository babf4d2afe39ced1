// MERGE.
#include <algorithm>

#include "sql/bind/bind_modify.h"

namespace luma {
namespace {

// A WHEN clause without a condition hides those of its kind behind it.
void require_reachable(const ast::NodeList& clauses) {
  bool is_terminal[2] = {false, false};
  for (const ast::Node* node : clauses) {
    const auto* when = ast::as<ast::MergeWhenClause>(node);
    if (is_terminal[when->matched ? 1 : 0]) {
      throw SqlError(SqlState::kSyntaxError,
                     "unreachable WHEN clause specified after unconditional WHEN clause");
    }
    if (when->condition == nullptr) is_terminal[when->matched ? 1 : 0] = true;
  }
}

bool inserts(const ast::NodeList& clauses) {
  return std::any_of(clauses.begin(), clauses.end(), [](const ast::Node* node) {
    return !ast::as<ast::MergeWhenClause>(node)->matched;
  });
}

}  // namespace

BoundSelect ModifyBinder::bind_merge(const ast::MergeStmt& merge) {
  modify_->modify = ModifyKind::kMerge;
  if (merge.with_clause != nullptr && merge.with_clause->recursive) {
    throw SqlError(SqlState::kSyntaxError, "WITH RECURSIVE is not supported for MERGE statement");
  }
  require_reachable(merge.merge_when_clauses);
  Scope* scope = binder_.new_scope(parent_);
  WithOp* with = binder_.bind_with(merge.with_clause, scope);
  open_target(*merge.relation);
  LogicalOp* target = scan_target(scope, *merge.relation);
  std::shared_ptr<ScopeItem> target_item = scope->items[0];
  Scope* source_scope = binder_.new_scope(parent_);
  source_scope->ctes = scope->ctes;
  std::vector<std::shared_ptr<ScopeItem>> source_items;
  LogicalOp* source = binder_.bind_from_item(merge.source_relation, source_scope, source_items);
  for (const auto& item : source_items) {
    if (item->rel_visible && item->alias == alias_) {
      throw sql_error(SqlState::kDuplicateAlias, "name \"{}\" specified more than once", alias_)
          .detail("The name is used both as MERGE target table and data source.");
    }
    scope->items.push_back(item);
  }
  Expr* condition = binder_.bind_boolean(merge.join_condition, scope, Clause::kJoinOn, "JOIN/ON");
  add_recheck(condition);
  JoinKind kind = inserts(merge.merge_when_clauses) ? JoinKind::kLeft : JoinKind::kInner;
  LogicalOp* plan = binder_.join_inputs(source, target, kind, condition);

  // Without a target row only the source can be named.
  Scope* unmatched = binder_.new_scope(parent_);
  unmatched->ctes = scope->ctes;
  unmatched->items = scope->items;
  unmatched->items[0] = std::make_shared<ScopeItem>(*target_item);
  unmatched->items[0]->rel_visible = unmatched->items[0]->cols_visible = false;
  for (const ast::Node* node : merge.merge_when_clauses) {
    const auto* when = ast::as<ast::MergeWhenClause>(node);
    modify_->merge_actions.push_back(bind_merge_action(*when, when->matched ? scope : unmatched));
  }
  make_new_columns();
  bind_constraints();
  return finish(plan, with, {}, scope);
}

MergeAction ModifyBinder::bind_merge_action(const ast::MergeWhenClause& when, Scope* scope) {
  MergeAction action;
  action.matched = when.matched;
  if (when.condition != nullptr) {
    action.condition = binder_.bind_boolean(when.condition, scope, Clause::kMergeWhen, "WHEN");
  }
  action.assignments.assign(desc_->columns.size(), nullptr);
  switch (when.command_type) {
    case ast::CmdType::kInsert:
      action.modify = ModifyKind::kInsert;
      required().insert = true;
      bind_merge_insert(when, scope, action);
      break;
    case ast::CmdType::kUpdate:
      action.modify = ModifyKind::kUpdate;
      required().update = true;
      bind_set_list(when.target_list, scope, action.assignments, nullptr);
      break;
    case ast::CmdType::kDelete:
      action.modify = ModifyKind::kDelete;
      required().remove = true;
      break;
    default:
      action.does_nothing = true;
      break;
  }
  return action;
}

void ModifyBinder::bind_merge_insert(const ast::MergeWhenClause& when, Scope* scope,
                                     MergeAction& action) {
  overriding_ = when.override_;
  ast::InsertStmt columns_of;
  columns_of.cols = when.target_list;
  parts_.clear();
  std::vector<int> columns = insert_columns(columns_of);
  if (!when.values.empty()) {
    auto* row = binder_.arena().make<ast::ListNode>();
    row->items = when.values;
    auto* values = binder_.arena().make<ast::SelectStmt>();
    values->values_lists = ast::NodeList(binder_.arena().make<const ast::Node*>(row), 1);
    LogicalOp* bound = insert_values(*values, columns, scope);
    const std::vector<Expr*>& exprs = static_cast<ValuesOp*>(bound)->value_rows[0];
    if (exprs.size() < columns.size() && !when.target_list.empty()) {
      throw SqlError(SqlState::kSyntaxError, "INSERT has more target columns than expressions")
          .at_byte(ast::as<ast::ResTarget>(when.target_list[exprs.size()])->location);
    }
    for (size_t i = 0; i < exprs.size(); ++i) {
      action.assignments[columns[i]] = exprs[i];
      required().inserted.push_back(static_cast<int16_t>(columns[i] + 1));
    }
    std::fill(modify_->assignments.begin(), modify_->assignments.end(), nullptr);
  }
  for (size_t i = 0; i < desc_->columns.size(); ++i) {
    if (action.assignments[i] == nullptr && !desc_->columns[i].dropped) {
      action.assignments[i] = default_of(static_cast<int>(i));
    }
  }
}

}  // namespace luma
