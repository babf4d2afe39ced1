#include "sql/command/alter_family.h"

#include <algorithm>

#include "sql/ast/rewrite.h"
#include "sql/catalog/inheritance.h"
#include "sql/catalog/partition.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/inherit_attach.h"
#include "sql/command/partition_build.h"
#include "sql/command/table_storage.h"
#include "sql/parse/parser.h"

namespace luma {

using Type_ = ast::AlterTableType;

namespace {

// What is said of the column itself, not of keys.
std::vector<const ast::Node*> column_parts(const ast::ColumnDef& definition, bool with_checks) {
  std::vector<const ast::Node*> out;
  for (const ast::Node* node : definition.constraints) {
    switch (ast::as<ast::Constraint>(node)->contype) {
      case ast::ConstrType::kCheck:
        if (with_checks) out.push_back(node);
        break;
      case ast::ConstrType::kNull:
      case ast::ConstrType::kNotNull:
      case ast::ConstrType::kDefault:
      case ast::ConstrType::kGenerated:
      case ast::ConstrType::kIdentity:
        out.push_back(node);
        break;
      default:
        break;
    }
  }
  return out;
}

}  // namespace

void FamilyAlterer::run(const ast::AlterTableCmd& command) {
  if (is_partitioned_table() && run_as_partitioned(command)) return;
  switch (command.subtype) {
    case Type_::kAddColumn:
      return add_column(command);
    case Type_::kDropColumn:
      return drop_column(command);
    case Type_::kAlterColumnType:
      return alter_type(command);
    case Type_::kSetNotNull:
    case Type_::kDropNotNull:
    case Type_::kColumnDefault:
    case Type_::kSetStatistics:
    case Type_::kSetStorage:
    case Type_::kDropExpression:
      return run_everywhere(command);
    case Type_::kAddConstraint:
      return add_constraint(command);
    case Type_::kDropConstraint:
      return drop_constraint(command);
    case Type_::kValidateConstraint:
      return validate_constraint(command);
    default:
      return run_on(table_, command);
  }
}

// False when it is done as for other tables.
bool FamilyAlterer::run_as_partitioned(const ast::AlterTableCmd& command) {
  switch (command.subtype) {
    case Type_::kAttachPartition:
      attach_partition(context_, table_, *ast::as<ast::PartitionCmd>(command.def));
      return true;
    case Type_::kDetachPartition:
      detach_partition(context_, table_, *ast::as<ast::PartitionCmd>(command.def));
      return true;
    case Type_::kDetachPartitionFinalize:
      finish_detaching(context_, table_, *ast::as<ast::PartitionCmd>(command.def));
      return true;
    case Type_::kEnableTrig:
    case Type_::kDisableTrig:
    case Type_::kEnableAlwaysTrig:
    case Type_::kEnableReplicaTrig:
    case Type_::kEnableTrigAll:
    case Type_::kDisableTrigAll:
    case Type_::kEnableTrigUser:
    case Type_::kDisableTrigUser:
      enable_triggers(command, context_, table_, recurse_);
      return true;
    case Type_::kAlterConstraint:
      alter_constraint(command);
      return true;
    case Type_::kSetRelOptions:
    case Type_::kResetRelOptions:
    case Type_::kChangeOwner:
    case Type_::kEnableRowSecurity:
    case Type_::kDisableRowSecurity:
    case Type_::kForceRowSecurity:
    case Type_::kNoForceRowSecurity:
    case Type_::kAddColumn:
    case Type_::kDropColumn:
    case Type_::kAlterColumnType:
    case Type_::kSetNotNull:
    case Type_::kDropNotNull:
    case Type_::kColumnDefault:
    case Type_::kSetStatistics:
    case Type_::kSetStorage:
    case Type_::kDropExpression:
    case Type_::kAddConstraint:
    case Type_::kDropConstraint:
    case Type_::kValidateConstraint:
    case Type_::kAddInherit:
    case Type_::kDropInherit:
      return false;
    default:
      throw unsupported("this form of ALTER TABLE on a partitioned table");
  }
}

void FamilyAlterer::run_on(Oid table, const ast::AlterTableCmd& command) {
  TableAlterer alterer(context_, table);
  alterer.run(command);
  alterer.finish();
}

std::vector<Oid> FamilyAlterer::children(Oid table) {
  std::vector<Oid> out = children_in_order(*view(), table);
  for (Oid oid : out) context_.lock_table(oid, TableLockMode::kAccessExclusive);
  return out;
}

std::vector<Oid> FamilyAlterer::below() {
  std::vector<Oid> out;
  CatalogPtr catalog = view();
  for (const FamilyMember& member : table_family(*catalog, *catalog->table(table_))) {
    if (member.level == 0) continue;
    context_.lock_table(member.table->oid, TableLockMode::kAccessExclusive);
    out.push_back(member.table->oid);
  }
  return out;
}

void FamilyAlterer::require_recursion(const char* message) const {
  if (recurse_ || view()->children_of(table_).empty()) return;
  throw SqlError(SqlState::kInvalidTableDefinition, message);
}

// --- columns ---

void FamilyAlterer::run_everywhere(const ast::AlterTableCmd& command) {
  if (command.subtype == Type_::kDropExpression) {
    require_recursion("ALTER TABLE / DROP EXPRESSION must be applied to child tables too");
  } else if (is_partitioned_table() && command.subtype == Type_::kDropNotNull) {
    require_recursion(
        "cannot remove constraint from only the partitioned table when partitions exist");
  } else if (is_partitioned_table() && command.subtype == Type_::kSetNotNull) {
    require_recursion("constraint must be added to child tables too");
  }
  const bool is_there = now().find_column(command.name) != nullptr;
  std::vector<Oid> others = recurse_ && is_there ? below() : std::vector<Oid>();
  run_on(table_, command);
  for (Oid oid : others) run_on(oid, command);
}

void FamilyAlterer::refuse_key_column(std::string_view name, std::string_view verb) {
  const Column* column = now().find_column(name);
  if (column == nullptr) return;
  CatalogPtr catalog = view();
  for (const PartitionNode& node : partition_tree(*catalog, now())) {
    if (!is_partitioned(*node.table)) continue;
    const Column* own = node.table->find_column(name);
    for (const IndexKey& part : node.table->partition_key.parts) {
      bool used = part.column == own->number;
      for (const Dependency& edge : node.table->dependencies) {
        used |= part.column == 0 && edge.kind == 'i' && edge.referenced.sub_id == own->number;
      }
      if (!used) continue;
      throw sql_error(SqlState::kInvalidTableDefinition,
                      "cannot {} column \"{}\" because it is part of the partition key of "
                      "relation \"{}\"",
                      verb, name, node.table->name);
    }
  }
}

void FamilyAlterer::add_column(const ast::AlterTableCmd& command) {
  const auto& definition = *ast::as<ast::ColumnDef>(command.def);
  const std::string name = truncated_name(definition.colname);
  if (now().find_column(name) != nullptr) return run_on(table_, command);
  for (const ast::Node* node : definition.constraints) {
    if (ast::as<ast::Constraint>(node)->contype != ast::ConstrType::kIdentity) continue;
    if (!recurse_ || view()->children_of(table_).empty()) break;
    throw SqlError(SqlState::kInvalidTableDefinition,
                   "cannot recursively add identity column to table that has child tables");
  }
  require_recursion("column must be added to child tables too");
  const CatalogPtr before = view();
  const ColumnPlan plan = plan_column(context_, now(), definition);
  // Keys of partitioned tables are those of their partitions, too: they come last.
  ast::AlterTableCmd own_command = command;
  ast::ColumnDef own = definition;
  const std::vector<const ast::Node*> own_parts = column_parts(definition, true);
  if (is_partitioned_table()) {
    own.constraints = ast::NodeList(own_parts.data(), own_parts.size());
    own_command.def = &own;
  }
  run_on(table_, own_command);
  // Children get the column as it is now: one sequence serves all, and names are decided.
  Arena arena;
  ast::ColumnDef column = definition;
  std::vector<const ast::Node*> parts = column_parts(definition, false);
  ast::TypeName type;
  ast::Constraint next_value, not_null;
  const Column added = *now().find_column(name);
  const std::string type_name(type_info(added.type.oid).name);
  if (plan.serial) {
    next_value.contype = ast::ConstrType::kDefault;
    next_value.raw_expr = parse_expression(added.default_sql, arena);
    not_null.contype = ast::ConstrType::kNotNull;
    parts.push_back(&next_value);
    parts.push_back(&not_null);
    type.names = ast::make_list<std::string_view>(arena, {"pg_catalog", type_name});
    column.type_name = &type;
  }
  column.constraints = ast::NodeList(parts.data(), parts.size());
  ast::AlterTableCmd for_child = command;
  for_child.def = &column;
  for_child.missing_ok = false;
  for (Oid child : children(table_)) add_child_column(child, for_child);
  hand_down_new_checks(*before->table(table_));
  if (is_partitioned_table()) add_column_keys(plan);
}

// The checks that the table did not have as `before`.
void FamilyAlterer::hand_down_new_checks(const Table& before) {
  std::vector<Oid> checks;
  for (const Constraint& constraint : now().constraints) {
    if (before.find_constraint(constraint.oid) != nullptr) continue;
    if (constraint.type == 'c' && !constraint.no_inherit) checks.push_back(constraint.oid);
  }
  for (Oid check : checks) hand_down_check(table_, check);
}

// Keys and foreign keys that were written at a new column of a partitioned table.
void FamilyAlterer::add_column_keys(const ColumnPlan& plan) {
  const std::string_view name[] = {plan.column.name};
  for (const PendingConstraint& pending : plan.constraints) {
    if (pending.node->contype == ast::ConstrType::kCheck) continue;
    ast::Constraint node = *pending.node;
    node.deferrable = pending.deferrable;
    node.initdeferred = pending.initially_deferred;
    (node.contype == ast::ConstrType::kForeign ? node.fk_attrs : node.keys) =
        ast::NameList(name, 1);
    ast::AlterTableCmd command;
    command.subtype = Type_::kAddConstraint;
    command.def = &node;
    add_constraint(command);
  }
}

void FamilyAlterer::add_child_column(Oid oid, const ast::AlterTableCmd& command) {
  const auto& definition = *ast::as<ast::ColumnDef>(command.def);
  const std::string name = truncated_name(definition.colname);
  const Column* known = at(oid).find_column(name);
  if (known != nullptr) {
    const ColumnPlan wanted = plan_column(context_, at(oid), definition);
    if (known->type.oid != wanted.column.type.oid ||
        known->type.typmod != wanted.column.type.typmod) {
      throw sql_error(SqlState::kDatatypeMismatch,
                      "child table \"{}\" has different type for column \"{}\"", at(oid).name,
                      name);
    }
    if (known->collation != wanted.column.collation) {
      throw sql_error(SqlState::kCollationMismatch,
                      "child table \"{}\" has different collation for column \"{}\"", at(oid).name,
                      name);
    }
    std::shared_ptr<Table> table = table_to_change(context_, oid);
    ++require_column_of(*table, name).inherit_count;
    notice(context_,
           fmt::format("merging definition of column \"{}\" for child \"{}\"", name, table->name));
    context_.ddl().put(std::move(table));
    return;  // those below have it already
  }
  run_on(oid, command);
  std::shared_ptr<Table> table = table_to_change(context_, oid);
  Column& column = require_column_of(*table, name);
  column.is_local = false;
  column.inherit_count = 1;
  context_.ddl().put(std::move(table));
  for (Oid child : children(oid)) add_child_column(child, command);
}

void FamilyAlterer::drop_column(const ast::AlterTableCmd& command) {
  const Column* column = now().find_column(command.name);
  if (column == nullptr) return run_on(table_, command);
  refuse_key_column(command.name, "drop");
  if (is_partitioned_table()) {
    require_recursion("cannot drop column from only the partitioned table when partitions exist");
  }
  const std::string name = column->name;
  std::vector<ObjectAddress> doomed = {{class_oid::kRelation, table_, column->number}};
  for (Oid child : children(table_)) leave_column(child, name, doomed);
  drop_and_finish(context_, doomed,
                  command.behavior == ast::DropBehavior::kCascade ? DropBehavior::kCascade
                                                                  : DropBehavior::kRestrict);
}

// A parent of the table loses the column.
void FamilyAlterer::leave_column(Oid oid, const std::string& name,
                                 std::vector<ObjectAddress>& doomed) {
  std::shared_ptr<Table> table = table_to_change(context_, oid);
  Column& column = require_column_of(*table, name);
  if (recurse_ && column.inherit_count == 1 && !column.is_local) {
    doomed.push_back({class_oid::kRelation, oid, column.number});
    for (Oid child : children(oid)) leave_column(child, name, doomed);
    return;
  }
  --column.inherit_count;
  if (!recurse_) column.is_local = true;
  context_.ddl().put(std::move(table));
}

void FamilyAlterer::alter_type(const ast::AlterTableCmd& command) {
  refuse_key_column(command.name, "alter");
  const Column* column = now().find_column(command.name);
  if (column == nullptr) return run_on(table_, command);
  const std::string name = column->name;
  run_on(table_, command);
  require_recursion(
      fmt::format("type of inherited column \"{}\" must be changed in child tables too", name)
          .c_str());
  CatalogPtr catalog = view();
  for (const FamilyMember& member : table_family(*catalog, *catalog->table(table_))) {
    if (member.level == 0) continue;
    const Column* own = member.table->find_column(command.name);
    if (own == nullptr || own->inherit_count <= member.parents) continue;
    throw sql_error(SqlState::kInvalidTableDefinition,
                    "cannot alter inherited column \"{}\" of relation \"{}\"", own->name,
                    member.table->name);
  }
  for (Oid oid : below()) run_on(oid, command);
}

void refuse_inherited_changes(const Catalog& catalog, const Table& table,
                              const ast::AlterTableStmt& statement) {
  if (table.inherits.empty()) return;
  const Table* parent = partition_parent(catalog, table);
  for (const ast::Node* node : statement.cmds) {
    const auto& command = *ast::as<ast::AlterTableCmd>(node);
    const Column* column = command.name.empty() ? nullptr : table.find_column(command.name);
    switch (command.subtype) {
      case Type_::kAddColumn:
        if (parent == nullptr) break;
        throw SqlError(SqlState::kWrongObjectType, "cannot add column to a partition");
      case Type_::kDropColumn:
        if (column == nullptr || column->inherit_count == 0) break;
        throw sql_error(SqlState::kInvalidTableDefinition, "cannot drop inherited column \"{}\"",
                        column->name);
      case Type_::kAlterColumnType:
        if (column == nullptr || column->inherit_count == 0) break;
        throw sql_error(SqlState::kInvalidTableDefinition, "cannot alter inherited column \"{}\"",
                        column->name);
      case Type_::kDropNotNull: {
        const Column* above =
            column == nullptr || parent == nullptr ? nullptr : parent->find_column(column->name);
        if (above == nullptr || !above->not_null) break;
        throw sql_error(SqlState::kInvalidTableDefinition,
                        "column \"{}\" is marked NOT NULL in parent table", column->name);
      }
      case Type_::kDropConstraint: {
        const Constraint* constraint = table.find_constraint(command.name);
        if (constraint == nullptr || constraint->inherit_count == 0) break;
        throw sql_error(SqlState::kInvalidTableDefinition,
                        "cannot drop inherited constraint \"{}\" of relation \"{}\"",
                        constraint->name, table.name);
      }
      default:
        break;
    }
  }
}

}  // namespace luma
