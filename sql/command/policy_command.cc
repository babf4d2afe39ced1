// CREATE, ALTER, DROP and RENAME of policies.
#include <algorithm>

#include "sql/ast/rewrite.h"
#include "sql/bind/bind_record.h"
#include "sql/bind/binder.h"
#include "sql/command/canonical_text.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/expression_text.h"
#include "sql/command/view_text.h"

namespace luma {
namespace {

struct StoredCondition {
  std::string sql;
  std::vector<Dependency> dependencies;
};

// Bound as the WHERE clause of a query of the table: policies may have subqueries.
StoredCondition store_condition(CommandContext& context, const Table& table,
                                const ast::Node* condition) {
  Arena arena;
  auto* from = arena.make<ast::RangeVar>();
  from->schemaname = arena.copy(context.ddl().view()->schema_name(table.schema));
  from->relname = arena.copy(table.name);
  from->inh = true;
  from->location = -1;
  auto* one = arena.make<ast::AConst>();
  one->kind = ast::ConstKind::kInteger;
  one->ival = 1;
  auto* target = arena.make<ast::ResTarget>();
  target->val = one;
  auto* probe = arena.make<ast::SelectStmt>();
  probe->target_list = ast::make_list<const ast::Node*>(arena, {target});
  probe->from_clause = ast::make_list<const ast::Node*>(arena, {from});
  probe->where_clause = condition;
  Binder binder(context.environment(), {});
  binder.bind_stored_policy();
  BindRecord record;
  binder.record(&record);
  BoundQuery bound = binder.bind(probe);
  StoredCondition out;
  CatalogPtr catalog = context.ddl().view();
  CanonicalText canonical(*catalog, context.environment().search_path(), record, arena);
  out.sql = stored_form(canonical.condition(*probe));
  for (Dependency& edge : view_dependencies(context, probe, bound, {})) {
    if (edge.referenced != table.address()) out.dependencies.push_back(std::move(edge));
  }
  return out;
}

Table& require_table(const Relation& relation) {
  if (relation.relkind != 'r' && relation.relkind != 'p') throw_wrong_kind(relation, "table");
  return const_cast<Table&>(static_cast<const Table&>(relation));
}

// A copy of the policy's table to change; locked.
std::shared_ptr<Table> open_table(CommandContext& context, const ast::RangeVar& name) {
  const Relation& relation = require_and_lock(context, name, TableLockMode::kAccessExclusive);
  require_owner(context, relation);
  return copy_of(require_table(relation));
}

std::vector<Policy>::iterator find_policy(Table& table, std::string_view name) {
  return std::ranges::find(table.policies, name, &Policy::name);
}

Policy& require_policy(Table& table, std::string_view name) {
  auto found = find_policy(table, name);
  if (found != table.policies.end()) return *found;
  throw sql_error(SqlState::kUndefinedObject, "policy \"{}\" for table \"{}\" does not exist", name,
                  table.name);
}

void refuse_taken(Table& table, std::string_view name) {
  if (find_policy(table, name) == table.policies.end()) return;
  throw sql_error(SqlState::kDuplicateObject, "policy \"{}\" for table \"{}\" already exists", name,
                  table.name);
}

std::vector<Oid> roles_of(CommandContext& context, const ast::NodeList& list) {
  std::vector<Oid> out;
  for (const ast::Node* node : list) {
    Oid role = role_oid(context, *ast::as<ast::RoleSpec>(node), true);
    if (role == kPublicGrantee && list.size() > 1) {
      warning(context, SqlState::kInvalidParameterValue,
              "ignoring specified roles other than PUBLIC");
      return {kPublicGrantee};
    }
    if (std::ranges::find(out, role) == out.end()) out.push_back(role);
  }
  if (out.empty()) out.push_back(kPublicGrantee);
  return out;
}

char command_letter(std::string_view name) {
  if (name == "select") return 'r';
  if (name == "insert") return 'a';
  if (name == "update") return 'w';
  if (name == "delete") return 'd';
  return '*';
}

void refuse_wrong_clauses(char command, bool has_using, bool has_check) {
  if ((command == 'r' || command == 'd') && has_check) {
    throw SqlError(SqlState::kSyntaxError, "WITH CHECK cannot be applied to SELECT or DELETE");
  }
  if (command == 'a' && has_using) {
    throw SqlError(SqlState::kSyntaxError, "only WITH CHECK expression allowed for INSERT");
  }
}

void set_conditions(CommandContext& context, const Table& table, Policy& policy,
                    const ast::Node* using_node, const ast::Node* check_node) {
  std::vector<Dependency> edges;
  auto add = [&](const ast::Node* node, std::string& sql) {
    StoredCondition stored = store_condition(context, table, node);
    sql = std::move(stored.sql);
    for (Dependency& edge : stored.dependencies) {
      if (std::ranges::find(edges, edge) == edges.end()) edges.push_back(std::move(edge));
    }
  };
  if (using_node != nullptr) add(using_node, policy.using_sql);
  if (check_node != nullptr) add(check_node, policy.check_sql);
  if (using_node != nullptr && check_node != nullptr) policy.dependencies.clear();
  policy.dependencies.insert(policy.dependencies.end(), edges.begin(), edges.end());
}

}  // namespace

CommandResult create_policy(const ast::CreatePolicyStmt& statement, CommandContext& context) {
  char command = command_letter(statement.cmd_name);
  refuse_wrong_clauses(command, statement.qual != nullptr, statement.with_check != nullptr);
  std::vector<Oid> roles = roles_of(context, statement.roles);
  std::shared_ptr<Table> table = open_table(context, *statement.table);
  Policy policy;
  policy.name = truncated_name(statement.policy_name);
  policy.command = command;
  policy.permissive = statement.permissive;
  policy.roles = std::move(roles);
  set_conditions(context, *table, policy, statement.qual, statement.with_check);
  refuse_taken(*table, policy.name);
  table->policies.push_back(std::move(policy));
  context.ddl().put(std::move(table));
  return {"CREATE POLICY"};
}

CommandResult alter_policy(const ast::AlterPolicyStmt& statement, CommandContext& context) {
  std::shared_ptr<Table> table = open_table(context, *statement.table);
  Policy changed = require_policy(*table, statement.policy_name);
  refuse_wrong_clauses(changed.command, statement.qual != nullptr, statement.with_check != nullptr);
  if (!statement.roles.empty()) changed.roles = roles_of(context, statement.roles);
  set_conditions(context, *table, changed, statement.qual, statement.with_check);
  require_policy(*table, statement.policy_name) = std::move(changed);
  context.ddl().put(std::move(table));
  return {"ALTER POLICY"};
}

void rename_policy(const ast::RenameStmt& statement, CommandContext& context) {
  std::shared_ptr<Table> table = open_table(context, *statement.relation);
  std::string name = truncated_name(statement.newname);
  Policy& policy = require_policy(*table, statement.subname);
  refuse_taken(*table, name);
  policy.name = std::move(name);
  context.ddl().put(std::move(table));
}

bool drop_policy(CommandContext& context, const Relation& relation, std::string_view name) {
  if (relation.kind != ObjectKind::kTable) return false;
  const auto& table = static_cast<const Table&>(relation);
  auto found = std::ranges::find(table.policies, name, &Policy::name);
  if (found == table.policies.end()) return false;
  require_owner(context, relation);
  Oid oid = relation.oid;
  context.lock_table(oid, TableLockMode::kAccessExclusive);
  context.ddl().refresh();
  std::shared_ptr<Table> changed = table_to_change(context, oid);
  std::erase_if(changed->policies, [&](const Policy& policy) { return policy.name == name; });
  context.ddl().put(std::move(changed));
  return true;
}

}  // namespace luma
