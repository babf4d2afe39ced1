// ATTACH PARTITION, DETACH PARTITION, and the indexes of partitions.
#include <algorithm>

#include "engine/table/table_build.h"
#include "sql/catalog/partition.h"
#include "sql/command/column_build.h"
#include "sql/command/command_target.h"
#include "sql/command/constraint_build.h"
#include "sql/command/index_build.h"
#include "sql/command/inherit_attach.h"
#include "sql/command/object_name.h"
#include "sql/command/partition_build.h"
#include "sql/command/partition_references.h"
#include "sql/command/partition_triggers.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

int16_t column_in(const Table& to, const Table& from, int16_t number) {
  const Column* column = to.find_column(from.column(number)->name);
  LUMA_CHECK(column != nullptr);
  return column->number;
}

// Whether `index` of the partition does what `wanted` of the partitioned table asks for.
bool same_index(const Table& table, const Index& index, const Table& parent, const Index& wanted) {
  if (index.access_method != wanted.access_method || index.unique != wanted.unique ||
      index.keys.size() != wanted.keys.size() || index.include.size() != wanted.include.size() ||
      index.predicate != wanted.predicate || index.parent != kInvalidOid) {
    return false;
  }
  if ((wanted.constraint != kInvalidOid) != (index.constraint != kInvalidOid) ||
      wanted.primary != index.primary || wanted.immediate != index.immediate) {
    return false;
  }
  for (size_t i = 0; i < index.keys.size(); ++i) {
    const IndexKey& own = index.keys[i];
    const IndexKey& other = wanted.keys[i];
    int16_t column = other.column == 0 ? int16_t{0} : column_in(table, parent, other.column);
    if (own.column != column || own.expression != other.expression ||
        own.opclass != other.opclass || own.collation != other.collation ||
        own.descending != other.descending || own.nulls_first != other.nulls_first) {
      return false;
    }
  }
  for (size_t i = 0; i < index.include.size(); ++i) {
    if (index.include[i] != column_in(table, parent, wanted.include[i])) return false;
  }
  return true;
}

void link_constraint(Table& table, Oid constraint, Oid parent) {
  for (Constraint& own : table.constraints) {
    if (own.oid != constraint) continue;
    own.parent = parent;
    own.is_local = parent == kInvalidOid;
    own.inherit_count = parent == kInvalidOid ? 0 : 1;
  }
}

// The partition's index is that of the partitioned table from now on; those below it stay as they
// are.
void link_index(CommandContext& context, const Index& parent_index, const Index& own) {
  auto linked = std::make_shared<Index>(own);
  linked->parent = parent_index.oid;
  Oid constraint = own.constraint;
  Oid table_oid = own.table;
  Oid parent_constraint = parent_index.constraint;
  context.ddl().put(std::move(linked));
  if (parent_constraint == kInvalidOid || constraint == kInvalidOid) return;
  std::shared_ptr<Table> table = table_to_change(context, table_oid);
  link_constraint(*table, constraint, parent_constraint);
  context.ddl().put(std::move(table));
}

// A new index of the partition, with the constraint that it backs.
Oid make_partition_index(CommandContext& context, const Index& wanted, const Table& parent,
                         Oid partition) {
  std::shared_ptr<Table> table = table_to_change(context, partition);
  auto index = std::make_shared<Index>(wanted);
  index->oid = context.ddl().new_oid();
  index->storage_id = 0;
  index->relkind = is_partitioned(*table) ? 'I' : 'i';
  index->schema = table->schema;
  index->owner = table->owner;
  index->persistence = table->persistence;
  index->table = partition;
  index->parent = wanted.oid;
  index->clustered = index->replica_identity = false;
  index->valid = true;
  index->acl.reset();
  index->comment.clear();
  index->dependencies.clear();
  std::vector<std::string> names;
  for (IndexKey& key : index->keys) {
    if (key.column > 0) {
      key.column = column_in(*table, parent, key.column);
      names.push_back(table->column(key.column)->name);
    } else {
      Arena arena;
      names.push_back(index_column_name(parse_expression(key.expression, arena)));
    }
  }
  for (int16_t& column : index->include) {
    column = column_in(*table, parent, column);
    names.push_back(table->column(column)->name);
  }
  for (const Dependency& edge : wanted.dependencies) {
    if (edge.referenced.oid != parent.oid || edge.referenced.sub_id == 0) continue;
    int16_t column = column_in(*table, parent, static_cast<int16_t>(edge.referenced.sub_id));
    index->dependencies.push_back(
        {index->address(), {class_oid::kRelation, partition, column}, edge.kind});
  }
  const Constraint* source = parent.find_constraint(wanted.constraint);
  bool keyed = source != nullptr;
  index->name = free_relation_name(*context.ddl().view(), table->schema, table->name,
                                   wanted.primary ? "" : joined_names(names),
                                   wanted.primary ? "pkey"
                                   : keyed        ? "key"
                                                  : "idx",
                                   keyed);
  index->constraint = kInvalidOid;
  if (keyed) {
    if (wanted.primary && table->primary_key() != nullptr) {
      throw sql_error(SqlState::kInvalidTableDefinition,
                      "multiple primary keys for table \"{}\" are not allowed", table->name);
    }
    Constraint copy = *source;
    copy.oid = context.ddl().new_oid();
    copy.name = index->name;
    copy.index = index->oid;
    copy.parent = source->oid;
    copy.is_local = false;
    copy.inherit_count = 1;
    copy.comment.clear();
    for (int16_t& column : copy.columns) column = column_in(*table, parent, column);
    if (wanted.primary) {
      for (int16_t number : copy.columns) column_at(*table, number).not_null = true;
    }
    index->constraint = copy.oid;
    table->constraints.push_back(std::move(copy));
    context.ddl().put(table);
  }
  Oid oid = index->oid;
  context.ddl().put(std::move(index));
  return oid;
}

// --- ATTACH ---

void refuse_attached(CommandContext& context, const Table& parent, const Relation& found) {
  if (found.relkind != 'r' && found.relkind != 'p') throw_wrong_kind(found, "table");
  const auto& child = static_cast<const Table&>(found);
  if (is_partition(child)) {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is already a partition", child.name);
  }
  if (!child.inherits.empty()) {
    throw SqlError(SqlState::kWrongObjectType, "cannot attach inheritance child as partition");
  }
  if (!context.ddl().view()->children_of(child.oid).empty() && !is_partitioned(child)) {
    throw SqlError(SqlState::kWrongObjectType, "cannot attach inheritance parent as partition");
  }
  for (const PartitionNode& node : partition_tree(*context.ddl().view(), child)) {
    if (node.table->oid != parent.oid) continue;
    throw SqlError(SqlState::kDuplicateTable, "circular inheritance not allowed")
        .detail(fmt::format("\"{}\" is already a child of \"{}\".", parent.name, child.name));
  }
  if (parent.persistence == 't' && child.persistence != 't') {
    throw sql_error(SqlState::kWrongObjectType,
                    "cannot attach a permanent relation as partition of temporary relation \"{}\"",
                    parent.name);
  }
  if (parent.persistence != 't' && child.persistence == 't') {
    throw sql_error(SqlState::kWrongObjectType,
                    "cannot attach a temporary relation as partition of permanent relation \"{}\"",
                    parent.name);
  }
  for (const Trigger& trigger : child.triggers) {
    if (trigger.old_table.empty() && trigger.new_table.empty()) continue;
    if ((trigger.type & trigger_type::kRow) == 0) continue;
    throw sql_error(SqlState::kFeatureNotSupported,
                    "trigger \"{}\" prevents table \"{}\" from becoming a partition", trigger.name,
                    child.name)
        .detail("ROW triggers with transition tables are not supported on partitions.");
  }
}

}  // namespace

void add_partition_index(CommandContext& context, Oid parent_index, Oid partition, bool fill) {
  CatalogPtr catalog = context.ddl().view();
  const Index& wanted = *catalog->index(parent_index);
  const Table& parent = *catalog->table(wanted.table);
  const Table& table = *catalog->table(partition);
  for (Oid oid : catalog->indexes_of(partition)) {
    const Index& own = *catalog->index(oid);
    if (!own.valid || !same_index(table, own, parent, wanted)) continue;
    link_index(context, wanted, own);
    return;
  }
  Oid made = make_partition_index(context, wanted, parent, partition);
  if (!is_partitioned(table)) {
    if (fill) fill_index(context, made);
    return;
  }
  for (const Table* below : catalog->children_of(partition)) {
    add_partition_index(context, made, below->oid, fill);
  }
}

namespace {

// The foreign keys of `parent` for its new partition and everything below that, whose rows are
// looked at.
void inherit_foreign_keys(CommandContext& context, const Table& parent, Oid partition) {
  auto key_count = [&](Oid table) {
    return context.ddl().view()->table(table)->constraints.size();
  };
  size_t before = key_count(partition);
  copy_partition_foreign_keys(context, parent, partition);
  CatalogPtr catalog = context.ddl().view();
  const Table& table = *catalog->table(partition);
  // The new ones are the last.
  std::vector<Constraint> added(table.constraints.begin() + static_cast<ptrdiff_t>(before),
                                table.constraints.end());
  if (added.empty()) return;
  if (is_partitioned(table)) {
    Table source = table;
    source.constraints = added;
    std::vector<Oid> below;
    for (const Table* child : catalog->children_of(partition)) below.push_back(child->oid);
    for (Oid child : below) inherit_foreign_keys(context, source, child);
    return;
  }
  TableDescPtr desc = context.environment().table_desc(table);
  for (const ForeignKeyDesc& key : desc->foreign_keys) {
    bool is_new = std::ranges::find(added, key.oid, &Constraint::oid) != added.end();
    if (is_new) validate_foreign_key(context.exec(), desc, key);
  }
}

}  // namespace

void attach_partition(CommandContext& context, Oid parent_oid, const ast::PartitionCmd& command) {
  const Relation& found = require_and_lock(context, *command.name, TableLockMode::kAccessExclusive);
  require_owner(context, found);
  std::shared_ptr<Table> parent = copy_of(*context.ddl().view()->table(parent_oid));
  refuse_attached(context, *parent, found);
  std::shared_ptr<Table> child = copy_of(static_cast<const Table&>(found));
  merge_existing_columns(*parent, *child, true);
  PartitionBound bound = make_partition_bound(context, *parent, *command.bound, child->name);
  merge_existing_checks(*parent, *child, true);
  check_partition_rows(context, *parent, *child, bound);
  check_default_partition(context, *parent, bound);
  child->inherits = {parent->oid};
  child->partition_bound = bound;
  Oid child_oid = child->oid;
  context.ddl().put(std::move(child));
  for (Oid index : context.ddl().view()->indexes_of(parent->oid)) {
    add_partition_index(context, index, child_oid, true);
  }
  copy_partition_triggers(context, parent->oid, child_oid);
  reference_new_partition(context, parent->oid, child_oid);
  inherit_foreign_keys(context, *parent, child_oid);
}

namespace {

const Table& require_partition(const Table& parent, const Relation& found) {
  const auto* child = dynamic_cast<const Table*>(&found);
  if (child != nullptr && is_partition(*child) && child->inherits[0] == parent.oid) return *child;
  throw sql_error(SqlState::kUndefinedTable,
                  "relation \"{}\" is not a partition of relation \"{}\"", found.name, parent.name);
}

void refuse_default_partition(CommandContext& context, Oid parent) {
  for (const Table* child : context.ddl().view()->children_of(parent)) {
    if (!child->partition_bound.is_default) continue;
    throw SqlError(SqlState::kObjectNotInPrerequisiteState,
                   "cannot detach partitions concurrently when a default partition exists");
  }
}

// Statements that began before may still rely on the bound.
void keep_bound_as_check(CommandContext& context, Oid child_oid) {
  std::shared_ptr<Table> child = table_to_change(context, child_oid);
  std::string text = partition_constraint(*context.ddl().view(), *child);
  if (text.empty()) return;
  Arena arena;
  auto* check = arena.make<ast::Constraint>();
  check->contype = ast::ConstrType::kCheck;
  check->raw_expr = parse_expression(text, arena);
  check->initially_valid = true;
  std::vector<std::string> taken;
  add_check(context, *child, PendingConstraint{check}, taken);
  context.ddl().put(std::move(child));
}

}  // namespace

void finish_detaching(CommandContext& context, Oid parent_oid, const ast::PartitionCmd& command) {
  const Relation& found = require_and_lock(context, *command.name, TableLockMode::kAccessExclusive);
  require_partition(*context.ddl().view()->table(parent_oid), found);
  throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                  "cannot complete detaching partition \"{}\"", found.name)
      .detail("There's no pending concurrent detach.");
}

void detach_partition(CommandContext& context, Oid parent_oid, const ast::PartitionCmd& command) {
  if (command.concurrent) refuse_default_partition(context, parent_oid);
  const Relation& found = require_and_lock(context, *command.name, TableLockMode::kAccessExclusive);
  const Table* parent = context.ddl().view()->table(parent_oid);
  Oid child_oid = require_partition(*parent, found).oid;
  if (command.concurrent) keep_bound_as_check(context, child_oid);
  remove_partition_references(context, child_oid);
  std::shared_ptr<Table> child = table_to_change(context, child_oid);
  child->inherits.clear();
  child->partition_bound = {};
  for (Column& column : child->columns) {
    if (column.dropped) continue;
    column.is_local = true;
    column.inherit_count = 0;
  }
  for (Constraint& constraint : child->constraints) {
    if (is_partition_reference(*child, constraint)) continue;
    constraint.parent = kInvalidOid;
    constraint.is_local = true;
    constraint.inherit_count = 0;
  }
  context.ddl().put(std::move(child));
  remove_partition_triggers(context, child_oid);
  CatalogPtr catalog = context.ddl().view();
  for (Oid oid : catalog->indexes_of(child_oid)) {
    if (catalog->index(oid)->parent == kInvalidOid) continue;
    auto index = std::make_shared<Index>(*catalog->index(oid));
    index->parent = kInvalidOid;
    context.ddl().put(std::move(index));
  }
}

namespace {

// With all partitions' indexes there an index is of use; so may then be the one above it.
void make_valid_if_complete(CommandContext& context, Oid index_oid) {
  CatalogPtr catalog = context.ddl().view();
  const Index* index = catalog->index(index_oid);
  if (index == nullptr || index->valid) return;
  for (const Table* child : catalog->children_of(index->table)) {
    bool attached = std::ranges::any_of(catalog->indexes_of(child->oid), [&](Oid oid) {
      const Index& below = *catalog->index(oid);
      return below.parent == index_oid && below.valid;
    });
    if (!attached) return;
  }
  auto valid = std::make_shared<Index>(*index);
  valid->valid = true;
  Oid above = valid->parent;
  context.ddl().put(std::move(valid));
  if (above != kInvalidOid) make_valid_if_complete(context, above);
}

}  // namespace

void attach_index(CommandContext& context, const Index& parent_index,
                  const ast::PartitionCmd& command) {
  Oid parent_oid = parent_index.oid;
  const Relation& found = require_and_lock(context, *command.name, TableLockMode::kAccessExclusive);
  if (found.kind != ObjectKind::kIndex) throw_wrong_kind(found, "index");
  require_owner(context, found);
  CatalogPtr catalog = context.ddl().view();
  const Index& wanted = *catalog->index(parent_oid);
  const auto& own = static_cast<const Index&>(found);
  if (own.parent == wanted.oid) return;
  const Table& parent = *catalog->table(wanted.table);
  const Table& table = *catalog->table(own.table);
  auto refuse = [&](std::string detail) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                    "cannot attach index \"{}\" as a partition of index \"{}\"", own.name,
                    wanted.name)
        .detail(std::move(detail));
  };
  if (own.parent != kInvalidOid) {
    refuse(fmt::format("Index \"{}\" is already attached to another index.", own.name));
  }
  if (!is_partition(table) || table.inherits[0] != parent.oid) {
    refuse(fmt::format("Index \"{}\" is not an index on any partition of table \"{}\".", own.name,
                       parent.name));
  }
  for (Oid oid : catalog->indexes_of(table.oid)) {
    if (catalog->index(oid)->parent != wanted.oid) continue;
    refuse(fmt::format("Another index is already attached for partition \"{}\".", table.name));
  }
  if (!same_index(table, own, parent, wanted)) refuse("The index definitions do not match.");
  link_index(context, wanted, own);
  make_valid_if_complete(context, parent_oid);
}

}  // namespace luma
