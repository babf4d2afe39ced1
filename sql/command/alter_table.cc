#include "sql/command/alter_table.h"

#include <algorithm>

#include "engine/table/table_build.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/inheritance.h"
#include "sql/catalog/partition.h"
#include "sql/catalog/session_catalog.h"
#include "sql/command/access_method.h"
#include "sql/command/alter_family.h"
#include "sql/command/check_option.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/expression_text.h"
#include "sql/command/index_build.h"
#include "sql/command/inherit_attach.h"
#include "sql/command/owner_change.h"
#include "sql/command/partition_build.h"
#include "sql/command/storage_options.h"
#include "sql/command/table_storage.h"
#include "sql/function/routine_caller.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

using Type_ = ast::AlterTableType;

std::string_view plural_kind(char relkind) {
  switch (relkind) {
    case 'v':
      return "views";
    case 'm':
      return "materialized views";
    case 'i':
      return "indexes";
    case 'S':
      return "sequences";
    case 'c':
      return "composite types";
    default:
      return "tables";
  }
}

std::string_view kind_of(ast::ObjectType type) {
  switch (type) {
    case ast::ObjectType::kIndex:
      return "index";
    case ast::ObjectType::kView:
      return "view";
    case ast::ObjectType::kMatview:
      return "materialized view";
    case ast::ObjectType::kSequence:
      return "sequence";
    case ast::ObjectType::kType:
      return "composite type";
    case ast::ObjectType::kForeignTable:
      return "foreign table";
    default:
      return "table";
  }
}

bool kind_matches(ast::ObjectType type, char relkind) {
  switch (type) {
    case ast::ObjectType::kIndex:
      return relkind == 'i' || relkind == 'I';
    case ast::ObjectType::kView:
      return relkind == 'v';
    case ast::ObjectType::kMatview:
      return relkind == 'm';
    case ast::ObjectType::kSequence:
      return relkind == 'S';
    case ast::ObjectType::kType:
      return relkind == 'c';
    case ast::ObjectType::kForeignTable:
      return relkind == 'f';
    default:
      return relkind != 'c';
  }
}

std::string tag_of(ast::ObjectType type) {
  std::string tag = "ALTER ";
  std::string_view kind = type == ast::ObjectType::kType ? "type" : kind_of(type);
  for (char c : kind) tag += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return tag;
}

TableLockMode lock_for(const ast::AlterTableStmt& statement) {
  TableLockMode mode = TableLockMode::kShareUpdateExclusive;
  for (const ast::Node* node : statement.cmds) {
    const auto& command = *ast::as<ast::AlterTableCmd>(node);
    TableLockMode needed = TableLockMode::kAccessExclusive;
    switch (command.subtype) {
      case Type_::kSetStatistics:
      case Type_::kSetOptions:
      case Type_::kResetOptions:
      case Type_::kSetRelOptions:
      case Type_::kResetRelOptions:
      case Type_::kValidateConstraint:
      case Type_::kClusterOn:
      case Type_::kDropCluster:
        needed = TableLockMode::kShareUpdateExclusive;
        break;
      case Type_::kEnableTrig:
      case Type_::kEnableAlwaysTrig:
      case Type_::kEnableReplicaTrig:
      case Type_::kDisableTrig:
      case Type_::kEnableTrigAll:
      case Type_::kDisableTrigAll:
      case Type_::kEnableTrigUser:
      case Type_::kDisableTrigUser:
        needed = TableLockMode::kShareRowExclusive;
        break;
      case Type_::kAddConstraint:
        if (ast::as<ast::Constraint>(command.def)->contype == ast::ConstrType::kForeign) {
          needed = TableLockMode::kShareRowExclusive;
        }
        break;
      default:
        break;
    }
    mode = std::max(mode, needed);
  }
  return mode;
}

// ALTER INDEX and the few sub-commands that apply to relations without columns of their own.
void alter_other_relation(CommandContext& context, const Relation& relation,
                          const ast::AlterTableCmd& command) {
  switch (command.subtype) {
    case Type_::kChangeOwner:
      change_relation_owner(context, relation.oid, role_oid(context, *command.newowner));
      return;
    case Type_::kSetRelOptions:
    case Type_::kResetRelOptions: {
      if (relation.kind != ObjectKind::kIndex) break;
      auto index = std::make_shared<Index>(static_cast<const Index&>(relation));
      change_options(index->options, ast::as<ast::ListNode>(command.def)->items,
                     index_option_owner(index->access_method),
                     command.subtype == Type_::kResetRelOptions);
      context.ddl().put(std::move(index));
      return;
    }
    case Type_::kSetTableSpace:
      if (command.name == "pg_default") return;
      throw sql_error(SqlState::kUndefinedObject, "tablespace \"{}\" does not exist", command.name);
    case Type_::kAttachPartition:
      if (relation.relkind != 'I') break;
      return attach_index(context, static_cast<const Index&>(relation),
                          *ast::as<ast::PartitionCmd>(command.def));
    case Type_::kSetStatistics:
      throw unsupported("SET STATISTICS of an index column");
    default:
      break;
  }
  throw sql_error(SqlState::kWrongObjectType, "ALTER action cannot be performed on relation \"{}\"",
                  relation.name)
      .detail(
          fmt::format("This operation is not supported for {}.", plural_kind(relation.relkind)));
}

}  // namespace

// --- one statement ---

TableAlterer::TableAlterer(CommandContext& context, Oid table) : context_(context), table_(table) {
  if (now().storage_id != 0) from_ = context.environment().table_desc(now());
}

const Table& TableAlterer::now() const {
  const Table* table = context_.ddl().view()->table(table_);
  LUMA_CHECK(table != nullptr);
  return *table;
}

std::shared_ptr<Table> TableAlterer::copy() const { return copy_of(now()); }

void TableAlterer::put(std::shared_ptr<Table> table) { context_.ddl().put(std::move(table)); }

void TableAlterer::require_table(std::string_view action) const {
  if (now().relkind == 'r' || now().relkind == 'p') return;
  throw sql_error(SqlState::kWrongObjectType,
                  "ALTER action {} cannot be performed on relation \"{}\"", action, now().name)
      .detail(fmt::format("This operation is not supported for {}.", plural_kind(now().relkind)));
}

TableAlterer::Pass TableAlterer::pass_of(const ast::AlterTableCmd& command) {
  switch (command.subtype) {
    case Type_::kDropColumn:
    case Type_::kDropConstraint:
    case Type_::kDropNotNull:
    case Type_::kDropExpression:
    case Type_::kDropIdentity:
      return kDrop;
    case Type_::kColumnDefault:
      return command.def == nullptr ? kDrop : kAddOtherConstraint;
    case Type_::kAlterColumnType:
      return kAlterType;
    case Type_::kAddColumn:
      return kAddColumn;
    case Type_::kSetNotNull:
    case Type_::kSetIdentity:
      return kColumnAttributes;
    case Type_::kAddConstraint: {
      auto type = ast::as<ast::Constraint>(command.def)->contype;
      bool key = type == ast::ConstrType::kPrimary || type == ast::ConstrType::kUnique ||
                 type == ast::ConstrType::kExclusion;
      return key ? kAddIndexConstraint : kAddOtherConstraint;
    }
    case Type_::kAddIdentity:
      return kAddOtherConstraint;
    default:
      return kMiscellaneous;
  }
}

void TableAlterer::run(const ast::AlterTableCmd& command) {
  switch (command.subtype) {
    case Type_::kAddColumn:
      return add_column(command);
    case Type_::kDropColumn:
      return drop_column(command);
    case Type_::kColumnDefault:
      return set_default(command);
    case Type_::kSetNotNull:
      require_table("ALTER COLUMN ... SET NOT NULL");
      return set_not_null(require_column_of(now(), command.name).number);
    case Type_::kDropNotNull:
      require_table("ALTER COLUMN ... DROP NOT NULL");
      return drop_not_null(command.name);
    case Type_::kDropExpression:
      return drop_expression(command);
    case Type_::kSetStatistics:
      return set_statistics(command);
    case Type_::kSetStorage:
      return set_storage(command);
    case Type_::kAddIdentity:
      return add_identity(command);
    case Type_::kSetIdentity:
      return set_identity(command);
    case Type_::kDropIdentity:
      return drop_identity(command);
    case Type_::kAlterColumnType:
      return alter_type(command);
    case Type_::kAddConstraint: {
      require_table("ADD CONSTRAINT");
      const auto& node = *ast::as<ast::Constraint>(command.def);
      return add_constraint({&node, "", node.deferrable, node.initdeferred});
    }
    case Type_::kValidateConstraint:
      return validate_constraint(command.name);
    case Type_::kDropConstraint:
      return drop_constraint(command);
    case Type_::kAlterConstraint:
      return alter_constraint(*ast::as<ast::Constraint>(command.def));
    default:
      return run_on_table(command);
  }
}

void TableAlterer::run_on_table(const ast::AlterTableCmd& command) {
  switch (command.subtype) {
    case Type_::kChangeOwner:
      return change_relation_owner(context_, table_, role_oid(context_, *command.newowner));
    case Type_::kSetRelOptions:
    case Type_::kResetRelOptions:
    case Type_::kReplaceRelOptions:
      return set_options(command);
    case Type_::kSetLogged:
      return set_persistence('p');
    case Type_::kSetUnLogged:
      return set_persistence('u');
    case Type_::kClusterOn:
      return cluster_on(command.name);
    case Type_::kDropCluster:
      return cluster_on("");
    case Type_::kReplicaIdentity:
      return set_replica_identity(*ast::as<ast::ReplicaIdentityStmt>(command.def));
    case Type_::kDropOids:
      return;
    case Type_::kSetTableSpace:
      if (command.name == "pg_default") return;
      throw sql_error(SqlState::kUndefinedObject, "tablespace \"{}\" does not exist", command.name);
    case Type_::kSetAccessMethod:
      return set_access_method(table_access_method(context_, command.name));
    case Type_::kDisableRowSecurity:
    case Type_::kEnableRowSecurity:
      return set_row_security(&Table::row_security, command.subtype == Type_::kEnableRowSecurity);
    case Type_::kNoForceRowSecurity:
    case Type_::kForceRowSecurity:
      return set_row_security(&Table::force_row_security,
                              command.subtype == Type_::kForceRowSecurity);
    case Type_::kAddInherit:
      return inherit_from(context_, table_, *ast::as<ast::RangeVar>(command.def));
    case Type_::kDropInherit:
      return disinherit_from(context_, table_, *ast::as<ast::RangeVar>(command.def));
    case Type_::kAttachPartition:
    case Type_::kDetachPartition:
      throw sql_error(SqlState::kInvalidObjectDefinition, "table \"{}\" is not partitioned",
                      now().name);
    case Type_::kEnableTrig:
    case Type_::kDisableTrig:
    case Type_::kEnableAlwaysTrig:
    case Type_::kEnableReplicaTrig:
    case Type_::kEnableTrigAll:
    case Type_::kDisableTrigAll:
    case Type_::kEnableTrigUser:
    case Type_::kDisableTrigUser:
      return enable_triggers(command, context_, table_, false);
    case Type_::kEnableRule:
    case Type_::kEnableAlwaysRule:
    case Type_::kEnableReplicaRule:
    case Type_::kDisableRule:
      return enable_rule(command, context_, table_);
    default:
      throw unsupported("this form of ALTER TABLE");
  }
}

void TableAlterer::set_options(const ast::AlterTableCmd& command) {
  change([&](Table& table) {
    OptionOwner owner = table.relkind == 'v'   ? OptionOwner::kView
                        : table.relkind == 'm' ? OptionOwner::kMaterializedView
                        : table.relkind == 'p' ? OptionOwner::kPartitioned
                                               : OptionOwner::kTable;
    if (command.subtype == Type_::kReplaceRelOptions) table.options.clear();
    change_options(table.options, ast::as<ast::ListNode>(command.def)->items, owner,
                   command.subtype == Type_::kResetRelOptions);
    if (table.relkind == 'v') require_checkable(context_, table);
    require_partition_options(table);
    require_sort_key(table);
  });
}

void TableAlterer::set_persistence(char persistence) {
  require_table(persistence == 'p' ? "SET LOGGED" : "SET UNLOGGED");
  if (now().persistence == 't') {
    throw sql_error(SqlState::kInvalidTableDefinition,
                    "cannot change logged status of table \"{}\" because it is temporary",
                    now().name);
  }
  if (now().persistence == persistence) return;
  if (persistence == 'p') {
    for (const Constraint& constraint : now().constraints) {
      const Table* other = context_.ddl().view()->table(constraint.referenced_table);
      if (constraint.type != 'f' || other == nullptr || other->oid == table_) continue;
      if (other->persistence == 'p') continue;
      throw sql_error(SqlState::kInvalidTableDefinition,
                      "could not change table \"{}\" to logged because it references unlogged "
                      "table \"{}\"",
                      now().name, other->name);
    }
  } else {
    for (const auto& ref : context_.ddl().view()->foreign_keys_to(table_)) {
      if (ref.table->oid == table_ || ref.table->persistence != 'p') continue;
      throw sql_error(SqlState::kInvalidTableDefinition,
                      "could not change table \"{}\" to unlogged because it references logged "
                      "table \"{}\"",
                      now().name, ref.table->name);
    }
  }
  change([&](Table& table) { table.persistence = persistence; });
  for (Oid oid : context_.ddl().view()->indexes_of(table_)) {
    auto index = std::make_shared<Index>(*context_.ddl().view()->index(oid));
    index->persistence = persistence;
    context_.ddl().put(std::move(index));
  }
}

void TableAlterer::cluster_on(std::string_view index_name) {
  mark_clustered(context_, table_,
                 index_name.empty() ? kInvalidOid : clusterable_index(context_, now(), index_name));
}

void TableAlterer::set_row_security(bool Table::*flag, bool value) {
  if (now().relkind != 'r' && now().relkind != 'p') throw_wrong_kind(now(), "table");
  std::shared_ptr<Table> changed = copy_of(now());
  (*changed).*flag = value;
  context_.ddl().put(std::move(changed));
}

void TableAlterer::set_replica_identity(const ast::ReplicaIdentityStmt& node) {
  Oid chosen = kInvalidOid;
  if (node.identity_type == 'i') {
    const Relation* found = context_.ddl().view()->find_relation(now().schema, node.name);
    if (found == nullptr || found->kind != ObjectKind::kIndex) {
      throw sql_error(SqlState::kUndefinedObject, "index \"{}\" for table \"{}\" does not exist",
                      node.name, now().name);
    }
    const auto& index = static_cast<const Index&>(*found);
    if (!index.unique || !index.immediate || !index.predicate.empty() || index.table != table_) {
      throw sql_error(SqlState::kWrongObjectType, "cannot use index \"{}\" as replica identity",
                      node.name);
    }
    chosen = index.oid;
  }
  change([&](Table& table) { table.replica_identity = node.identity_type; });
  for (Oid oid : context_.ddl().view()->indexes_of(table_)) {
    const Index& index = *context_.ddl().view()->index(oid);
    if (index.replica_identity == (oid == chosen)) continue;
    auto changed = std::make_shared<Index>(index);
    changed->replica_identity = oid == chosen;
    context_.ddl().put(std::move(changed));
  }
}

// --- rows ---

void TableAlterer::drop_parts(const std::vector<ObjectAddress>& parts, ast::DropBehavior behavior) {
  drop_and_finish(
      context_, parts,
      behavior == ast::DropBehavior::kCascade ? DropBehavior::kCascade : DropBehavior::kRestrict);
  // The rows may have been stored anew, under another key.
  if (from_ != nullptr) from_ = context_.environment().table_desc(now());
}

void TableAlterer::set_access_method(Oid method) {
  if (method == now().access_method) return;
  std::shared_ptr<Table> table = copy();
  table->access_method = method;
  // Rows that a key used to place get hidden row ids, and the key's index entries of its own.
  table->row_key_index = kInvalidOid;
  put(table);
  rewrite_for(rewrite_reason::kAccessMethod);
}

void TableAlterer::rewrite_for(int32_t reason) {
  rewrite_ = true;
  rewrite_reason_ |= reason;
}

void TableAlterer::rewrite() {
  const bool has_session = context_.exec().session != nullptr;
  if (rewrite_reason_ != 0 && has_session) {
    session_catalog(context_.exec()).routines().fire_table_rewrite(table_, rewrite_reason_);
  }
  const Table& table = now();
  std::vector<const Expr*> mapping;
  Arena arena;
  for (const Column& column : table.columns) {
    auto index = static_cast<size_t>(column.number) - 1;
    auto value = new_values_.find(column.number);
    if (value != new_values_.end()) {
      mapping.push_back(value->second);
    } else if (column.dropped || index >= from_->columns.size()) {
      mapping.push_back(nullptr);
    } else {
      mapping.push_back(make_slot(arena, static_cast<uint32_t>(index), from_->columns[index].type));
    }
  }
  rewrite_rows(context_, from_, table_, mapping);
}

void TableAlterer::validate_rows() {
  TableDescPtr desc = context_.environment().table_desc(now());
  if (!rewrite_) {
    for (int16_t column : not_null_) {
      if (now().column(column)->dropped) continue;
      validate_not_null(context_.exec(), desc, column - 1);
    }
    for (Oid oid : checks_) {
      const Constraint* check = now().find_constraint(oid);
      if (check == nullptr) continue;
      Binder binder(context_.environment(), {});
      TableDesc columns = columns_only_desc(now());
      Arena arena;
      Expr* bound = binder.bind_table_expr(parse_expression(check->expression, arena), &columns,
                                           Clause::kCheck, {type_oid::kBool, -1});
      validate_check(context_.exec(), desc, check->name, *bound);
    }
    for (Oid oid : new_indexes_) {
      if (context_.ddl().view()->index(oid) != nullptr) fill_index(context_, oid);
    }
    for (Oid oid : stale_indexes_) {
      bool is_new = new_indexes_.contains(oid);
      if (!is_new && context_.ddl().view()->index(oid) != nullptr) rebuild_index(context_, oid);
    }
    desc = context_.environment().table_desc(now());
  }
  for (Oid oid : foreign_keys_) {
    for (const ForeignKeyDesc& key : desc->foreign_keys) {
      if (key.oid == oid) validate_foreign_key(context_.exec(), desc, key);
    }
  }
}

void TableAlterer::finish() {
  auto rank = [](const PendingConstraint& pending) {
    switch (pending.node->contype) {
      case ast::ConstrType::kPrimary:
        return 0;
      case ast::ConstrType::kUnique:
        return 1;
      case ast::ConstrType::kCheck:
        return 2;
      default:
        return 3;
    }
  };
  std::ranges::stable_sort(later_, {}, rank);
  for (const PendingConstraint& pending : later_) add_constraint(pending);
  if (from_ == nullptr) return;
  if (rewrite_) rewrite();
  validate_rows();
}

namespace {

template <typename Run>
void for_each_pass(const ast::AlterTableStmt& statement, const Run& run) {
  for (int pass = 0; pass < TableAlterer::kPassCount; ++pass) {
    for (const ast::Node* node : statement.cmds) {
      const auto& command = *ast::as<ast::AlterTableCmd>(node);
      if (TableAlterer::pass_of(command) == pass) run(command);
    }
  }
}

}  // namespace

CommandResult alter_table(const ast::AlterTableStmt& statement, CommandContext& context) {
  std::string tag = tag_of(statement.objtype);
  const Relation* found = find_and_lock(context, *statement.relation, lock_for(statement));
  if (found == nullptr) {
    std::string text =
        fmt::format("relation \"{}\" does not exist", display_name(*statement.relation));
    if (!statement.missing_ok) throw SqlError(SqlState::kUndefinedTable, text);
    notice(context, text + ", skipping");
    return {tag};
  }
  if (!kind_matches(statement.objtype, found->relkind)) {
    throw_wrong_kind(*found, kind_of(statement.objtype));
  }
  require_owner(context, *found);
  Oid oid = found->oid;
  if (found->kind != ObjectKind::kTable) {
    for (const ast::Node* node : statement.cmds) {
      alter_other_relation(context, *context.ddl().view()->relation(oid),
                           *ast::as<ast::AlterTableCmd>(node));
    }
    return {tag};
  }
  const auto& table = static_cast<const Table&>(*context.ddl().view()->relation(oid));
  check_not_in_use(context, table, "ALTER TABLE");
  if (found->relkind == 'c') {
    alter_composite_type(context, table, statement.cmds);
    return {tag};
  }
  refuse_row_type_change(context, table, statement.cmds);
  refuse_inherited_changes(*context.ddl().view(), table, statement);
  if (stands_for_family(*context.ddl().view(), table)) {
    FamilyAlterer alterer(context, oid, statement.relation->inh);
    for_each_pass(statement, [&](const auto& command) { alterer.run(command); });
    return {tag};
  }
  TableAlterer alterer(context, oid);
  for_each_pass(statement, [&](const auto& command) { alterer.run(command); });
  alterer.finish();
  return {tag};
}

}  // namespace luma
