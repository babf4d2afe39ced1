// ALTER TABLE of tables with others below them: constraints.
#include <algorithm>
#include <map>

#include "engine/table/table_build.h"
#include "sql/catalog/inheritance.h"
#include "sql/catalog/partition.h"
#include "sql/command/alter_family.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/inherit_parts.h"
#include "sql/command/partition_build.h"
#include "sql/command/table_storage.h"
#include "sql/parse/parser.h"

namespace luma {

using Type_ = ast::AlterTableType;

void FamilyAlterer::add_constraint(const ast::AlterTableCmd& command) {
  const auto& node = *ast::as<ast::Constraint>(command.def);
  if (node.contype == ast::ConstrType::kCheck) return add_check(command, node);
  if (!is_partitioned_table()) return run_on(table_, command);
  switch (node.contype) {
    case ast::ConstrType::kPrimary:
    case ast::ConstrType::kUnique:
      return add_key(node);
    case ast::ConstrType::kForeign:
      return add_foreign_key(node);
    case ast::ConstrType::kExclusion:
      throw SqlError(SqlState::kFeatureNotSupported,
                     "exclusion constraints are not supported on partitioned tables")
          .at_byte(node.location);
    default:
      throw unsupported("this constraint of a partitioned table");
  }
}

void FamilyAlterer::add_key(const ast::Constraint& node) {
  if (!node.indexname.empty()) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "ALTER TABLE / ADD CONSTRAINT USING INDEX is not supported on partitioned "
                   "tables");
  }
  std::vector<Oid> partitions = below();
  CatalogPtr before = view();
  const PendingConstraint pending{&node, "", node.deferrable, node.initdeferred};
  std::shared_ptr<Table> table = table_to_change(context_, table_);
  AddedKey added = luma::add_key(context_, *table, pending, false);
  Oid index = added.index->oid;
  added.index->valid = recurse_ || partitions.empty();
  context_.ddl().put(std::move(added.index));
  context_.ddl().put(table);
  for (const Column& column : now().columns) {
    const Column* old = before->table(table_)->column(column.number);
    if (column.dropped || !column.not_null || old->not_null) continue;
    ast::AlterTableCmd set;
    set.subtype = Type_::kSetNotNull;
    set.name = column.name;
    for (Oid oid : partitions) run_on(oid, set);
  }
  if (!recurse_) return;
  for (const Table* child : view()->children_of(table_)) {
    add_partition_index(context_, index, child->oid, true);
  }
}

void FamilyAlterer::add_check(const ast::AlterTableCmd& command, const ast::Constraint& node) {
  CatalogPtr before = view();
  run_on(table_, command);
  const Table& table = now();
  const auto added = std::ranges::find_if(table.constraints, [&](const Constraint& constraint) {
    return before->table(table_)->find_constraint(constraint.oid) == nullptr;
  });
  // Otherwise it was merged with one that those below have already.
  if (added == table.constraints.end() || node.is_no_inherit) return;
  require_recursion("constraint must be added to child tables too");
  hand_down_check(table_, added->oid);
}

void FamilyAlterer::hand_down_check(Oid oid, Oid check_oid) {
  const Constraint check = *at(oid).find_constraint(check_oid);
  Arena arena;
  ast::Constraint node;
  node.contype = ast::ConstrType::kCheck;
  node.conname = check.name;
  node.raw_expr = parse_expression(check.expression, arena);
  node.skip_validation = !check.validated;
  node.initially_valid = check.validated;
  ast::AlterTableCmd command;
  command.subtype = Type_::kAddConstraint;
  command.def = &node;
  for (Oid child : children(oid)) {
    std::shared_ptr<Table> table = table_to_change(context_, child);
    CheckMerge how;
    how.is_local = false;
    how.validated = check.validated;
    how.may_merge = true;
    const bool merged = merge_check(context_, *table, {&node, "", false, false}, how);
    if (!merged) {
      run_on(child, command);
      table = table_to_change(context_, child);
    }
    auto own = std::ranges::find(table->constraints, check.name, &Constraint::name);
    if (!merged) {
      own->is_local = false;
      own->inherit_count = 1;
    }
    if (is_partition(*table)) own->parent = check.oid;
    const Oid own_oid = own->oid;
    context_.ddl().put(std::move(table));
    if (!merged) hand_down_check(child, own_oid);
  }
}

void FamilyAlterer::add_foreign_key(const ast::Constraint& node) {
  if (!recurse_ && !view()->children_of(table_).empty()) {
    throw sql_error(SqlState::kWrongObjectType,
                    "cannot use ONLY for foreign key on partitioned table \"{}\" referencing "
                    "relation \"{}\"",
                    now().name, node.pktable->relname);
  }
  if (node.skip_validation) {
    throw sql_error(SqlState::kWrongObjectType,
                    "cannot add NOT VALID foreign key on partitioned table \"{}\" referencing "
                    "relation \"{}\"",
                    now().name, node.pktable->relname)
        .detail("This feature is not yet supported on partitioned tables.");
  }
  std::vector<Oid> partitions = below();
  std::shared_ptr<Table> table = table_to_change(context_, table_);
  Oid key =
      luma::add_foreign_key(context_, *table, {&node, "", node.deferrable, node.initdeferred});
  const Constraint added = *table->find_constraint(key);
  context_.ddl().put(std::move(table));
  for (Oid oid : partitions) {
    const Table& child = *view()->table(oid);
    // Of its parent only the new one.
    Table parent = *view()->table(child.inherits[0]);
    std::erase_if(parent.constraints,
                  [&](const Constraint& c) { return c.type != 'f' || c.name != added.name; });
    copy_partition_foreign_keys(context_, parent, oid);
    if (is_partitioned(child)) continue;
    Oid copy = view()->table(oid)->constraints.back().oid;
    TableDescPtr desc = context_.environment().table_desc(*view()->table(oid));
    for (const ForeignKeyDesc& key : desc->foreign_keys) {
      if (key.oid == copy) validate_foreign_key(context_.exec(), desc, key);
    }
  }
}

void FamilyAlterer::drop_constraint(const ast::AlterTableCmd& command) {
  const Constraint* found = now().find_constraint(command.name);
  const bool inherits = found != nullptr && found->type == 'c' && !found->no_inherit;
  if (is_partitioned_table() && found != nullptr && !recurse_ &&
      !view()->children_of(table_).empty()) {
    throw SqlError(SqlState::kInvalidTableDefinition,
                   "cannot remove constraint from only the partitioned table when partitions exist")
        .hint("Do not specify the ONLY keyword.");
  }
  // Those that partitions have of other kinds depend on it.
  if (!inherits) return run_on(table_, command);
  const std::string name = found->name;
  std::vector<ObjectAddress> doomed = {{class_oid::kConstraint, found->oid, 0}};
  for (Oid child : children(table_)) leave_check(child, name, doomed);
  drop_and_finish(context_, doomed,
                  command.behavior == ast::DropBehavior::kCascade ? DropBehavior::kCascade
                                                                  : DropBehavior::kRestrict);
}

// A parent of the table loses the CHECK.
void FamilyAlterer::leave_check(Oid oid, const std::string& name,
                                std::vector<ObjectAddress>& doomed) {
  std::shared_ptr<Table> table = table_to_change(context_, oid);
  auto own = std::ranges::find(table->constraints, name, &Constraint::name);
  if (own == table->constraints.end()) {
    throw sql_error(SqlState::kUndefinedObject,
                    "constraint \"{}\" of relation \"{}\" does not exist", name, table->name);
  }
  if (recurse_ && own->inherit_count == 1 && !own->is_local) {
    doomed.push_back({class_oid::kConstraint, own->oid, 0});
    for (Oid child : children(oid)) leave_check(child, name, doomed);
    return;
  }
  --own->inherit_count;
  if (!recurse_) own->is_local = true;
  own->parent = kInvalidOid;
  context_.ddl().put(std::move(table));
}

void FamilyAlterer::validate_constraint(const ast::AlterTableCmd& command) {
  const Constraint* found = now().find_constraint(command.name);
  std::vector<Oid> others;
  if (found != nullptr && !found->validated && found->type == 'c' && !found->no_inherit) {
    require_recursion("constraint must be validated on child tables too");
    others = below();
  }
  for (Oid oid : others) {
    const Constraint* own = at(oid).find_constraint(command.name);
    if (own != nullptr && !own->validated) run_on(oid, command);
  }
  run_on(table_, command);
}

// Foreign keys of partitions follow those that they were made for.
void FamilyAlterer::alter_constraint(const ast::AlterTableCmd& command) {
  const auto& node = *ast::as<ast::Constraint>(command.def);
  const Constraint* found = now().find_constraint(node.conname);
  const Oid key = found == nullptr ? kInvalidOid : found->oid;
  run_on(table_, command);
  std::vector<Oid> altered = {key};
  for (Oid oid : below()) {
    std::shared_ptr<Table> table = table_to_change(context_, oid);
    bool changed = false;
    for (Constraint& own : table->constraints) {
      if (std::ranges::find(altered, own.parent) == altered.end()) continue;
      own.deferrable = node.deferrable;
      own.initially_deferred = node.initdeferred;
      altered.push_back(own.oid);
      changed = true;
    }
    if (changed) context_.ddl().put(std::move(table));
  }
}

}  // namespace luma
