// Row level security: the rows that the policies of a table let a role see and store.
#include <algorithm>

#include "sql/bind/bind_modify.h"
#include "sql/catalog/privileges.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

bool is_for(const Catalog& catalog, const Policy& policy, char command, Oid user) {
  if (policy.command != '*' && policy.command != command) return false;
  return std::ranges::any_of(policy.roles, [&](Oid role) {
    return role == kPublicGrantee || has_privileges_of(catalog, user, role);
  });
}

}  // namespace

bool Binder::row_security_applies(const Table& table, Oid check_as) const {
  if (!table.row_security || binds_stored_policy_ || binds_definition_) return false;
  Oid user = check_as != kInvalidOid ? check_as : environment_.search_path().user;
  if (user == kInvalidOid || !is_subject_to_row_security(environment_.catalog(), user, table)) {
    return false;
  }
  if (environment_.row_security()) return true;
  SqlError error = sql_error(
      SqlState::kInsufficientPrivilege,
      "query would be affected by row-level security policy for table \"{}\"", table.name);
  if (has_privileges_of(environment_.catalog(), user, table.owner)) {
    error.hint(
        "To disable the policy for the table's owner, use ALTER TABLE NO FORCE ROW LEVEL "
        "SECURITY.");
  }
  throw error;
}

Expr* Binder::bind_policy(const Table& table, const std::string& sql,
                          const std::shared_ptr<ScopeItem>& row) {
  if (std::ranges::find(open_policies_, table.oid) != open_policies_.end()) {
    throw sql_error(SqlState::kInvalidObjectDefinition,
                    "infinite recursion detected in policy for relation \"{}\"", table.name);
  }
  SearchPath stored = environment_.resolve_path("pg_catalog");
  const SearchPath* outer = view_path_;
  view_path_ = &stored;
  open_policies_.push_back(table.oid);
  struct Restore {
    Binder& binder;
    const SearchPath* outer;
    ~Restore() {
      binder.view_path_ = outer;
      binder.open_policies_.pop_back();
    }
  } restore{*this, outer};
  Scope* scope = new_scope(nullptr);
  auto item = std::make_shared<ScopeItem>(*row);
  item->alias = table.name;
  item->schema = environment_.catalog().schema_name(table.schema);
  item->privilege = -1;
  for (ScopeColumn& column : item->columns) column.privilege = -1;
  // The columns' own names: FROM may have given them others.
  size_t position = 0;
  for (const Column& column : table.columns) {
    if (!column.dropped && position < item->columns.size()) {
      item->columns[position++].name = column.name;
    }
  }
  scope->items.push_back(item);
  try {
    return bind_boolean(parse_expression(sql, arena()), scope, Clause::kPolicy, "POLICY");
  } catch (SqlError& error) {
    error.byte_offset = -1;
    throw;
  }
}

Expr* Binder::policy_condition(const Table& table, Oid check_as, char command,
                               const std::shared_ptr<ScopeItem>& row) {
  const Catalog& catalog = environment_.catalog();
  Oid user = check_as != kInvalidOid ? check_as : environment_.search_path().user;
  std::vector<Expr*> permissive, all;
  for (const Policy& policy : table.policies) {
    if (!is_for(catalog, policy, command, user) || policy.using_sql.empty()) continue;
    (policy.permissive ? permissive : all).push_back(bind_policy(table, policy.using_sql, row));
  }
  Expr* some = make_or(arena(), permissive);
  all.push_back(some != nullptr ? some : make_bool(arena(), false));
  return make_and(arena(), all);
}

std::vector<CheckExpr> Binder::policy_checks(const Table& table, Oid check_as, char command,
                                             const std::shared_ptr<ScopeItem>& row, bool by_using) {
  const Catalog& catalog = environment_.catalog();
  Oid user = check_as != kInvalidOid ? check_as : environment_.search_path().user;
  std::vector<Expr*> permissive;
  std::vector<CheckExpr> out(1);
  for (const Policy& policy : table.policies) {
    if (!is_for(catalog, policy, command, user)) continue;
    const std::string& sql =
        by_using || policy.check_sql.empty() ? policy.using_sql : policy.check_sql;
    if (sql.empty()) continue;
    Expr* bound = bind_policy(table, sql, row);
    if (policy.permissive) {
      permissive.push_back(bound);
    } else {
      out.push_back({policy.name, bound, false, true});
    }
  }
  std::sort(out.begin() + 1, out.end(),
            [](const CheckExpr& a, const CheckExpr& b) { return a.name < b.name; });
  Expr* some = make_or(arena(), permissive);
  out[0] = {"", some != nullptr ? some : make_bool(arena(), false), false, true};
  return out;
}

FilterOp* Binder::add_barrier(LogicalOp* plan) {
  auto* barrier = context().make<FilterOp>();
  barrier->barrier = true;
  barrier->condition = make_bool(arena(), true);
  barrier->inputs = {plan};
  barrier->output = plan->output;
  return barrier;
}

LogicalOp* Binder::with_policies(const Table& table, LogicalOp* scan, ScopeItem& item) {
  if (!row_security_applies(table, check_as_)) return scan;
  auto* filter = context().make<FilterOp>();
  filter->inputs = {scan};
  filter->output = scan->output;
  filter->condition = policy_condition(table, check_as_, 'r', std::make_shared<ScopeItem>(item));
  item.policy_filter = filter;
  item.secured = &table;
  item.check_as = check_as_;
  return add_barrier(filter);
}

// FOR UPDATE and the like: only rows that could be updated.
void Binder::add_update_policies(const ScopeItem& item) {
  if (item.policy_filter == nullptr) return;
  Expr* update =
      policy_condition(*item.secured, item.check_as, 'w', std::make_shared<ScopeItem>(item));
  item.policy_filter->condition =
      make_and(arena(), std::vector<Expr*>{item.policy_filter->condition, update});
}

// --- INSERT, UPDATE, DELETE ---

LogicalOp* ModifyBinder::with_policies(LogicalOp* scan) {
  if (!binder_.row_security_applies(*table_, required().check_as)) return scan;
  policy_filter_ = binder_.context().make<FilterOp>();
  policy_filter_->inputs = {scan};
  policy_filter_->output = scan->output;
  policy_filter_->condition = make_bool(binder_.arena(), true);  // until finish_policies()
  return binder_.add_barrier(policy_filter_);
}

// When all is bound: which policies count depends on whether the statement reads the table.
void ModifyBinder::finish_policies() {
  if (!binder_.row_security_applies(*table_, required().check_as)) return;
  Oid check_as = required().check_as;
  if (modify_->modify == ModifyKind::kMerge) {
    throw unsupported("MERGE into a table with row-level security");
  }
  bool reads = required().select;
  char command = modify_->modify == ModifyKind::kInsert   ? 'a'
                 : modify_->modify == ModifyKind::kUpdate ? 'w'
                                                          : 'd';
  if (policy_filter_ != nullptr) {
    auto old_row = row_item(modify_->old_columns, table_->name);
    std::vector<Expr*> parts = {binder_.policy_condition(*table_, check_as, command, old_row)};
    if (reads) parts.push_back(binder_.policy_condition(*table_, check_as, 'r', old_row));
    policy_filter_->condition = make_and(binder_.arena(), parts);
    add_recheck(policy_filter_->condition);
  }
  if (modify_->modify == ModifyKind::kDelete) return;
  auto new_row = row_item(modify_->new_columns, table_->name);
  if (modify_->on_conflict != nullptr && modify_->on_conflict->update) {
    finish_conflict_policies(*modify_->on_conflict, new_row);
  }
  auto checks = binder_.policy_checks(*table_, check_as, command, new_row, false);
  if (reads) {
    for (CheckExpr& check : binder_.policy_checks(*table_, check_as, 'r', new_row, true)) {
      checks.push_back(check);
    }
  }
  modify_->checks.insert(modify_->checks.begin(), checks.begin(), checks.end());
}

// DO UPDATE: the row that is there must be one that could be updated, or the statement fails.
void ModifyBinder::finish_conflict_policies(OnConflict& conflict,
                                            const std::shared_ptr<ScopeItem>& new_row) {
  Oid check_as = required().check_as;
  auto old_row = row_item(conflict.old_columns, table_->name);
  conflict.old_checks = binder_.policy_checks(*table_, check_as, 'w', old_row, true);
  conflict.new_checks = binder_.policy_checks(*table_, check_as, 'w', new_row, false);
  if (required().select) {
    for (CheckExpr& check : binder_.policy_checks(*table_, check_as, 'r', old_row, true)) {
      conflict.old_checks.push_back(check);
    }
    for (CheckExpr& check : binder_.policy_checks(*table_, check_as, 'r', new_row, true)) {
      conflict.new_checks.push_back(check);
    }
  }
  conflict.new_checks.insert(conflict.new_checks.end(), modify_->checks.begin(),
                             modify_->checks.end());
}

}  // namespace luma
