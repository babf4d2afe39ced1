#include "sql/command/partition_references.h"

#include <algorithm>

#include "engine/table/table_build.h"
#include "sql/catalog/partition.h"
#include "sql/command/command_target.h"
#include "sql/command/object_name.h"

namespace luma {
namespace {

// The constraint for `partition` that belongs to `above`, which refers to `parent`.
Constraint reference_to(CommandContext& context, const Table& table, const Constraint& above,
                        const Table& parent, const Table& partition) {
  const Catalog& catalog = *context.ddl().view();
  Constraint added = above;
  added.oid = context.ddl().new_oid();
  added.parent = above.oid;
  added.referenced_table = partition.oid;
  added.comment.clear();
  added.index = kInvalidOid;
  for (Oid oid : catalog.indexes_of(partition.oid)) {
    if (catalog.index(oid)->parent == above.index) added.index = oid;
  }
  LUMA_CHECK(added.index != kInvalidOid);
  for (int16_t& number : added.referenced_columns) {
    number = partition.find_column(parent.column(number)->name)->number;
  }
  std::vector<std::string> names, taken;
  for (int16_t number : added.columns) names.push_back(table.column(number)->name);
  for (const Constraint& other : table.constraints) taken.push_back(other.name);
  added.name =
      free_constraint_name(catalog, table.schema, table.name, joined_names(names), "fkey", taken);
  return added;
}

void add_below(CommandContext& context, Table& table, const Constraint& above, const Table& parent,
               const Table& partition) {
  Constraint added = reference_to(context, table, above, parent, partition);
  table.constraints.push_back(added);
  for (const Table* below : partitions_of(*context.ddl().view(), partition)) {
    add_below(context, table, added, partition, *below);
  }
}

// What the catalog's keys to `table` are, without the copies that partitions of their tables have.
std::vector<std::pair<Oid, Oid>> keys_to(const Catalog& catalog, Oid table) {
  std::vector<std::pair<Oid, Oid>> out;
  for (const Catalog::ForeignKeyRef& ref : catalog.foreign_keys_to(table)) {
    bool is_copy = ref.constraint->parent != kInvalidOid &&
                   !is_partition_reference(*ref.table, *ref.constraint);
    if (!is_copy) out.emplace_back(ref.table->oid, ref.constraint->oid);
  }
  return out;
}

}  // namespace

bool is_partition_reference(const Table& table, const Constraint& constraint) {
  return constraint.type == 'f' && constraint.parent != kInvalidOid &&
         table.find_constraint(constraint.parent) != nullptr;
}

void add_partition_references(CommandContext& context, Table& table, const Constraint& key) {
  CatalogPtr catalog = context.ddl().view();
  const Table& parent = *catalog->table(key.referenced_table);
  if (!is_partitioned(parent)) return;
  const Constraint above = key;
  for (const Table* partition : partitions_of(*catalog, parent)) {
    add_below(context, table, above, parent, *partition);
  }
}

void reference_new_partition(CommandContext& context, Oid parent, Oid partition) {
  for (const auto& [table_oid, key] : keys_to(*context.ddl().view(), parent)) {
    CatalogPtr catalog = context.ddl().view();
    std::shared_ptr<Table> table = table_to_change(context, table_oid);
    const Constraint above = *table->find_constraint(key);
    add_below(context, *table, above, *catalog->table(parent), *catalog->table(partition));
    context.ddl().put(std::move(table));
  }
}

void remove_partition_references(CommandContext& context, Oid partition) {
  CatalogPtr catalog = context.ddl().view();
  std::vector<Oid> tables, removed;
  for (const PartitionNode& node : partition_tree(*catalog, *catalog->table(partition))) {
    TableDescPtr desc;
    if (!is_partitioned(*node.table)) desc = context.environment().table_desc(*node.table);
    for (const auto& [table, oid] : keys_to(*catalog, node.table->oid)) {
      const Constraint& constraint = *catalog->table(table)->find_constraint(oid);
      bool own =
          constraint.parent != kInvalidOid &&
          (node.level == 0 || std::ranges::find(removed, constraint.parent) != removed.end());
      if (!own) continue;
      removed.push_back(oid);
      if (std::ranges::find(tables, table) == tables.end()) tables.push_back(table);
      if (desc == nullptr) continue;
      for (const ForeignKeyDesc& key : desc->referenced_by) {
        if (key.name == constraint.name) refuse_referenced_rows(context.exec(), desc, key);
      }
    }
  }
  for (Oid oid : tables) {
    std::shared_ptr<Table> table = table_to_change(context, oid);
    std::erase_if(table->constraints, [&](const Constraint& constraint) {
      return std::ranges::find(removed, constraint.oid) != removed.end();
    });
    context.ddl().put(std::move(table));
  }
}

}  // namespace luma
