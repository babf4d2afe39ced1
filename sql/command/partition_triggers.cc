#include "sql/command/partition_triggers.h"

#include <algorithm>

#include "sql/catalog/partition.h"
#include "sql/command/command_target.h"

namespace luma {

void sort_triggers(Table& table) { std::ranges::sort(table.triggers, {}, &Trigger::name); }

void replace_trigger(Table& table, Trigger& trigger, bool replace, bool in_partition) {
  auto existing = std::ranges::find(table.triggers, trigger.name, &Trigger::name);
  if (existing == table.triggers.end()) return;
  auto refuse = [&](std::string_view what) {
    throw sql_error(SqlState::kDuplicateObject, "trigger \"{}\" for relation \"{}\" {}",
                    trigger.name, table.name, what);
  };
  if (!replace) refuse("already exists");
  if (existing->parent != kInvalidOid && !in_partition) {
    refuse("is an internal or a child trigger");
  }
  if (existing->constraint != kInvalidOid) refuse("is a constraint trigger");
  trigger.oid = existing->oid;
  trigger.comment = existing->comment;
  table.triggers.erase(existing);
}

void add_trigger_constraint(CommandContext& context, Table& table, Trigger& trigger) {
  Constraint constraint;
  constraint.oid = trigger.constraint = context.ddl().new_oid();
  constraint.name = trigger.name;
  constraint.type = 't';
  constraint.deferrable = trigger.deferrable;
  constraint.initially_deferred = trigger.initially_deferred;
  constraint.no_inherit = true;
  table.constraints.push_back(std::move(constraint));
}

void add_partition_trigger(CommandContext& context, const Table& parent, const Trigger& trigger,
                           Oid partition, bool replace) {
  context.lock_table(partition, TableLockMode::kShareRowExclusive);
  std::shared_ptr<Table> table = table_to_change(context, partition);
  Trigger copy = trigger;
  copy.oid = copy.constraint = kInvalidOid;
  copy.parent = trigger.oid;
  copy.comment.clear();
  // The parent's trigger depends on what it uses, and copies go with it.
  copy.dependencies.clear();
  for (int16_t& column : copy.columns) {
    column = table->find_column(parent.column(column)->name)->number;
  }
  replace_trigger(*table, copy, replace, true);
  if (trigger.constraint != kInvalidOid) add_trigger_constraint(context, *table, copy);
  if (copy.oid == kInvalidOid) copy.oid = context.ddl().new_oid();
  table->triggers.push_back(copy);
  sort_triggers(*table);
  context.ddl().put(table);
  std::vector<Oid> below;
  for (const Table* child : context.ddl().view()->children_of(partition)) {
    below.push_back(child->oid);
  }
  for (Oid child : below) add_partition_trigger(context, *table, copy, child, replace);
}

void copy_partition_triggers(CommandContext& context, Oid parent, Oid partition) {
  CatalogPtr catalog = context.ddl().view();
  const Table& from = *catalog->table(parent);
  for (const Trigger& trigger : from.triggers) {
    if ((trigger.type & trigger_type::kRow) == 0) continue;
    add_partition_trigger(context, from, trigger, partition, false);
  }
}

void remove_partition_triggers(CommandContext& context, Oid partition) {
  CatalogPtr catalog = context.ddl().view();
  std::vector<Oid> removed;
  for (const PartitionNode& node : partition_tree(*catalog, *catalog->table(partition))) {
    std::shared_ptr<Table> table = copy_of(*catalog->table(node.table->oid));
    auto goes = [&](const Trigger& trigger) {
      if (trigger.parent == kInvalidOid) return false;
      return node.level == 0 || std::ranges::find(removed, trigger.parent) != removed.end();
    };
    std::vector<Oid> constraints;
    for (const Trigger& trigger : table->triggers) {
      if (!goes(trigger)) continue;
      removed.push_back(trigger.oid);
      if (trigger.constraint != kInvalidOid) constraints.push_back(trigger.constraint);
    }
    if (std::erase_if(table->triggers, goes) == 0) continue;
    std::erase_if(table->constraints, [&](const Constraint& constraint) {
      return std::ranges::find(constraints, constraint.oid) != constraints.end();
    });
    context.ddl().put(std::move(table));
  }
}

void change_trigger_copies(CommandContext& context, Oid table, Oid trigger,
                           const std::function<void(Table&, Trigger&)>& change) {
  std::vector<Oid> below;
  for (const Table* child : context.ddl().view()->children_of(table)) below.push_back(child->oid);
  for (Oid child : below) {
    context.lock_table(child, TableLockMode::kAccessExclusive);
    std::shared_ptr<Table> changed = table_to_change(context, child);
    auto copy = std::ranges::find(changed->triggers, trigger, &Trigger::parent);
    if (copy == changed->triggers.end()) continue;
    Oid oid = copy->oid;
    change(*changed, *copy);
    context.ddl().put(std::move(changed));
    change_trigger_copies(context, child, oid, change);
  }
}

const Table* table_of_parent_trigger(const Catalog& catalog, const Table& table,
                                     const Trigger& trigger) {
  const Table* parent = partition_parent(catalog, table);
  if (parent == nullptr || trigger.parent == kInvalidOid) return nullptr;
  return std::ranges::find(parent->triggers, trigger.parent, &Trigger::oid) !=
                 parent->triggers.end()
             ? parent
             : nullptr;
}

}  // namespace luma
