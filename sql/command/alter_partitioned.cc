#include "sql/command/alter_partitioned.h"

#include <algorithm>

#include "engine/table/table_build.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/partition_build.h"

namespace luma {
namespace {

using Type_ = ast::AlterTableType;

class PartitionedAlterer {
 public:
  PartitionedAlterer(CommandContext& context, Oid table, bool recurse)
      : context_(context), table_(table), recurse_(recurse) {}

  void run(const ast::AlterTableCmd& command) {
    switch (command.subtype) {
      case Type_::kAttachPartition:
        return attach_partition(context_, table_, *ast::as<ast::PartitionCmd>(command.def));
      case Type_::kDetachPartition:
        return detach_partition(context_, table_, *ast::as<ast::PartitionCmd>(command.def));
      case Type_::kChangeOwner:
      case Type_::kEnableRowSecurity:
      case Type_::kDisableRowSecurity:
      case Type_::kForceRowSecurity:
      case Type_::kNoForceRowSecurity:
        return run_on(table_, command);
      case Type_::kAlterColumnType:
        refuse_key_column(command.name, "alter");
        throw unsupported("changing the type of a partitioned table's column");
      case Type_::kDropConstraint:
        // Those of the partitions depend on it.
        return run_on(table_, command);
      case Type_::kAddColumn:
        return add_column(command);
      case Type_::kDropColumn:
        refuse_key_column(command.name, "drop");
        return run_everywhere(command);
      case Type_::kEnableTrig:
      case Type_::kDisableTrig:
      case Type_::kEnableAlwaysTrig:
      case Type_::kEnableReplicaTrig:
      case Type_::kEnableTrigAll:
      case Type_::kDisableTrigAll:
      case Type_::kEnableTrigUser:
      case Type_::kDisableTrigUser:
        return enable_triggers(command, context_, table_, recurse_);
      case Type_::kSetNotNull:
      case Type_::kDropNotNull:
      case Type_::kColumnDefault:
        return run_everywhere(command);
      case Type_::kAddConstraint:
        return add_constraint(command);
      default:
        throw unsupported("this form of ALTER TABLE on a partitioned table");
    }
  }

 private:
  CatalogPtr view() const { return context_.ddl().view(); }
  const Table& now() const { return *view()->table(table_); }

  void run_on(Oid table, const ast::AlterTableCmd& command) {
    TableAlterer alterer(context_, table);
    alterer.run(command);
    alterer.finish();
  }

  // Everything below the table.
  std::vector<Oid> below() {
    std::vector<Oid> out;
    CatalogPtr catalog = view();
    for (const PartitionNode& node : partition_tree(*catalog, *catalog->table(table_))) {
      if (node.level == 0) continue;
      context_.lock_table(node.table->oid, TableLockMode::kAccessExclusive);
      out.push_back(node.table->oid);
    }
    return out;
  }

  void require_recursion(const char* message) const {
    if (recurse_ || view()->children_of(table_).empty()) return;
    throw SqlError(SqlState::kInvalidTableDefinition, message);
  }

  void run_everywhere(const ast::AlterTableCmd& command) {
    if (command.subtype == Type_::kDropColumn) {
      require_recursion("cannot drop column from only the partitioned table when partitions exist");
    } else if (command.subtype == Type_::kDropNotNull) {
      require_recursion(
          "cannot remove constraint from only the partitioned table when partitions exist");
    } else if (command.subtype == Type_::kSetNotNull) {
      require_recursion("constraint must be added to child tables too");
    }
    const bool is_there = now().find_column(command.name) != nullptr;
    std::vector<Oid> partitions = recurse_ && is_there ? below() : std::vector<Oid>();
    run_on(table_, command);
    for (Oid oid : partitions) run_on(oid, command);
  }

  void refuse_key_column(std::string_view name, std::string_view verb) {
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

  void add_column(const ast::AlterTableCmd& command) {
    require_recursion("column must be added to child tables too");
    const auto& definition = *ast::as<ast::ColumnDef>(command.def);
    for (const ast::Node* node : definition.constraints) {
      switch (ast::as<ast::Constraint>(node)->contype) {
        case ast::ConstrType::kNull:
        case ast::ConstrType::kNotNull:
        case ast::ConstrType::kDefault:
          break;
        default:
          throw unsupported("this constraint of a column that is added to a partitioned table");
      }
    }
    for (std::string_view serial :
         {"serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"}) {
      if (definition.type_name != nullptr && definition.type_name->names.back() == serial) {
        throw unsupported("adding a serial column to a partitioned table");
      }
    }
    if (now().find_column(definition.colname) != nullptr) return run_on(table_, command);
    std::vector<Oid> partitions = below();
    run_on(table_, command);
    for (Oid oid : partitions) {
      run_on(oid, command);
      std::shared_ptr<Table> table = table_to_change(context_, oid);
      Column& column = require_column_of(*table, truncated_name(definition.colname));
      column.is_local = false;
      column.inherit_count = 1;
      context_.ddl().put(std::move(table));
    }
  }

  void add_constraint(const ast::AlterTableCmd& command) {
    const auto& node = *ast::as<ast::Constraint>(command.def);
    switch (node.contype) {
      case ast::ConstrType::kPrimary:
      case ast::ConstrType::kUnique:
        return add_key(command, node);
      case ast::ConstrType::kCheck:
        return add_check(command, node);
      case ast::ConstrType::kForeign:
        return add_foreign_key(node);
      default:
        throw unsupported("this constraint of a partitioned table");
    }
  }

  void add_key(const ast::AlterTableCmd& command, const ast::Constraint& node) {
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
    (void)command;
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

  void add_check(const ast::AlterTableCmd& command, const ast::Constraint& node) {
    require_recursion("constraint must be added to child tables too");
    if (node.is_no_inherit) {
      throw sql_error(SqlState::kInvalidTableDefinition,
                      "cannot add NO INHERIT constraint to partitioned table \"{}\"", now().name);
    }
    std::vector<Oid> partitions = below();
    run_on(table_, command);
    const Constraint added = now().constraints.back();
    std::map<Oid, Oid> of_table = {{table_, added.oid}};
    for (Oid oid : partitions) {
      const Table& child = *view()->table(oid);
      Oid parent = of_table.at(child.inherits[0]);
      const Constraint* same = child.find_constraint(added.name);
      if (same == nullptr) {
        ast::Constraint named = node;
        named.conname = added.name;
        ast::AlterTableCmd again;
        again.subtype = Type_::kAddConstraint;
        again.def = &named;
        run_on(oid, again);
      } else if (same->type != 'c' || same->expression != added.expression) {
        throw sql_error(SqlState::kDuplicateObject,
                        "constraint \"{}\" for relation \"{}\" already exists", added.name,
                        child.name);
      } else {
        notice(context_,
               fmt::format("merging constraint \"{}\" with inherited definition", added.name));
      }
      std::shared_ptr<Table> table = table_to_change(context_, oid);
      auto own = std::ranges::find(table->constraints, added.name, &Constraint::name);
      own->is_local = same != nullptr;
      own->inherit_count = 1;
      own->parent = parent;
      of_table[oid] = own->oid;
      context_.ddl().put(std::move(table));
    }
  }

  void add_foreign_key(const ast::Constraint& node) {
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

  CommandContext& context_;
  Oid table_;
  bool recurse_;
};

}  // namespace

void alter_partitioned_table(CommandContext& context, Oid table,
                             const ast::AlterTableStmt& statement) {
  PartitionedAlterer alterer(context, table, statement.relation->inh);
  for (int pass = 0; pass < TableAlterer::kPassCount; ++pass) {
    for (const ast::Node* node : statement.cmds) {
      const auto& command = *ast::as<ast::AlterTableCmd>(node);
      if (TableAlterer::pass_of(command) == pass) alterer.run(command);
    }
  }
}

void refuse_inherited_changes(const Catalog& catalog, const Table& partition,
                              const ast::AlterTableStmt& statement) {
  if (!is_partition(partition)) return;
  const Table& parent = *partition_parent(catalog, partition);
  for (const ast::Node* node : statement.cmds) {
    const auto& command = *ast::as<ast::AlterTableCmd>(node);
    const Column* column = command.name.empty() ? nullptr : partition.find_column(command.name);
    switch (command.subtype) {
      case Type_::kAddColumn:
        throw SqlError(SqlState::kWrongObjectType, "cannot add column to a partition");
      case Type_::kDropColumn:
        if (column == nullptr) break;
        throw sql_error(SqlState::kInvalidTableDefinition, "cannot drop inherited column \"{}\"",
                        column->name);
      case Type_::kAlterColumnType:
        if (column == nullptr) break;
        throw sql_error(SqlState::kInvalidTableDefinition, "cannot alter inherited column \"{}\"",
                        column->name);
      case Type_::kDropNotNull: {
        const Column* above = column == nullptr ? nullptr : parent.find_column(column->name);
        if (above == nullptr || !above->not_null) break;
        throw sql_error(SqlState::kInvalidTableDefinition,
                        "column \"{}\" is marked NOT NULL in parent table", column->name);
      }
      case Type_::kDropConstraint: {
        const Constraint* constraint = partition.find_constraint(command.name);
        if (constraint == nullptr || constraint->inherit_count == 0) break;
        throw sql_error(SqlState::kInvalidTableDefinition,
                        "cannot drop inherited constraint \"{}\" of relation \"{}\"",
                        constraint->name, partition.name);
      }
      default:
        break;
    }
  }
}

}  // namespace luma
