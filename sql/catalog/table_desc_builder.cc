#include "sql/catalog/table_desc_builder.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/inverted_keys.h"
#include "engine/type/type_info.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/definition_text.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/partition.h"
#include "sql/catalog/stored_order.h"

namespace luma {
namespace {

struct BoundExpressions {
  Arena arena;
};

// How values of a type are kept; types that users create follow from their kind.
PhysicalType physical_of(const Catalog& catalog, Oid type) {
  if (const TypeInfo* builtin = find_type(type)) return builtin->physical;
  if (const Type* user = catalog.type(type)) {
    if (user->type_type == 'd') return physical_of(catalog, user->base.oid);
    if (user->type_type == 'e') return type_info(type_oid::kAnyEnum).physical;
  }
  return PhysicalType::kVarlen;
}

// The text form of a missing value is read once, when the description is made.
void set_missing_value(const Catalog& catalog, const Column& column, ColumnDesc& desc) {
  if (!column.missing_text.has_value()) return;
  Oid oid = column.type.oid;
  while (const Type* domain = catalog.type(oid)) {
    if (domain->type_type != 'd') break;
    oid = domain->base.oid;
  }
  const TypeInfo& type = type_info(oid);
  Arena arena;
  IoContext io;
  Datum value = type.input(*column.missing_text, type, column.type.typmod, io, arena);
  if (type.physical == PhysicalType::kVarlen && !value.str.is_inline()) {
    desc.missing_bytes = value.str.view();
    value = Datum::of_string(std::string_view(desc.missing_bytes));
  }
  desc.missing_value = value;
}

ColumnDesc column_desc(const Catalog& catalog, const Column& column) {
  ColumnDesc desc;
  desc.name = column.name;
  desc.type = column.type;
  desc.physical = physical_of(catalog, column.type.oid);
  desc.collation = column.collation;
  desc.not_null = column.not_null && !column.dropped;
  desc.dropped = column.dropped;
  desc.since_version = column.since_version;
  return desc;
}

KeyPart key_part(const Catalog& catalog, const Table& table, const IndexKey& key,
                 ExpressionBinder& binder, Arena& arena) {
  KeyPart part;
  part.descending = key.descending;
  part.nulls_first = key.nulls_first;
  part.collation = key.collation;
  if (key.column > 0) {
    const Column* column = table.column(key.column);
    LUMA_CHECK(column != nullptr);
    part.column = key.column - 1;
    part.type = column->type;
    part.nullable = !column->not_null;
  } else {
    part.expression = binder.bind_over_table(catalog, table, key.expression, arena);
    part.type = key.type;
    part.text = key.expression;
  }
  part.physical = physical_of(catalog, part.type.oid);
  return part;
}

std::string qualified_operator(const Catalog& catalog, Oid oid) {
  std::optional<OperatorFact> created = find_created_operator(catalog, oid);
  const OperatorFact* fact = created ? &*created : find_operator_fact(oid);
  LUMA_CHECK(fact != nullptr);
  return fmt::format("OPERATOR({}.{})", quote_identifier(catalog.schema_name(fact->schema)),
                     fact->name);
}

// The operators between two keys of an exclusion constraint, as an expression over both.
void add_exclusion(const Catalog& catalog, const Index& index, const Constraint& constraint,
                   ExpressionBinder& binder, Arena& arena, IndexDesc& desc) {
  Table keys;
  keys.name = index.name;
  std::string sql;
  for (std::string_view prefix : {"stored", "added"}) {
    for (size_t i = 0; i < index.keys.size(); ++i) {
      Column& column = keys.columns.emplace_back();
      column.name = fmt::format("{}{}", prefix, i);
      column.number = static_cast<int16_t>(keys.columns.size());
      column.type = index.keys[i].type;
      column.collation = index.keys[i].collation;
    }
  }
  for (size_t i = 0; i < index.keys.size(); ++i) {
    const Oid oid = constraint.exclusion_operators[i];
    sql += fmt::format("{}stored{} {} added{}", i == 0 ? "" : " AND ", i,
                       qualified_operator(catalog, oid), i);
    desc.keys[i].exclusion_strategy = opclass_strategy(index.keys[i].opclass, oid);
  }
  desc.exclusion = binder.bind_over_table(catalog, keys, sql, arena);
}

IndexDesc index_desc(const Catalog& catalog, const Table& table, const Index& index,
                     ExpressionBinder& binder, Arena& arena) {
  IndexDesc desc;
  desc.oid = index.oid;
  desc.storage_id = index.storage_id;
  desc.name = index.name;
  desc.unique = index.unique;
  desc.primary = index.primary;
  desc.clustered = index.oid == table.row_key_index;
  desc.nulls_not_distinct = index.nulls_not_distinct;
  desc.valid = index.valid;
  for (const IndexKey& key : index.keys) {
    desc.keys.push_back(key_part(catalog, table, key, binder, arena));
    if (key.column == 0) {
      const auto number = static_cast<int>(desc.keys.size());
      desc.keys.back().text = index_column_definition(catalog, SearchPath(), index, number, true);
    }
    if (is_inverted_method(index.access_method)) {
      desc.keys.back().inverted = find_inverted_keys(key.opclass);
    }
  }
  for (int16_t column : index.include) desc.include.push_back(column - 1);
  if (!index.predicate.empty()) {
    desc.predicate = binder.bind_over_table(catalog, table, index.predicate, arena);
  }
  if (const Constraint* constraint = table.find_constraint(index.constraint)) {
    desc.constraint_name = constraint->name;
    desc.deferrable = constraint->deferrable;
    desc.initially_deferred = constraint->initially_deferred;
    if (index.exclusion) add_exclusion(catalog, index, *constraint, binder, arena, desc);
  }
  return desc;
}

ForeignKeyAction action_of(char letter) {
  switch (letter) {
    case 'r':
      return ForeignKeyAction::kRestrict;
    case 'c':
      return ForeignKeyAction::kCascade;
    case 'n':
      return ForeignKeyAction::kSetNull;
    case 'd':
      return ForeignKeyAction::kSetDefault;
    default:
      return ForeignKeyAction::kNoAction;
  }
}

std::vector<int32_t> attributes_of(const std::vector<int16_t>& numbers) {
  std::vector<int32_t> out;
  for (int16_t number : numbers) out.push_back(number - 1);
  return out;
}

ForeignKeyDesc foreign_key_desc(const Table& child, const Constraint& constraint) {
  ForeignKeyDesc key;
  key.oid = constraint.oid;
  key.name = constraint.name;
  key.child_table = child.oid;
  key.parent_table = constraint.referenced_table;
  key.child_columns = attributes_of(constraint.columns);
  key.parent_columns = attributes_of(constraint.referenced_columns);
  key.parent_index = constraint.index;
  key.on_update = action_of(constraint.on_update);
  key.on_delete = action_of(constraint.on_delete);
  key.set_columns = attributes_of(constraint.set_columns);
  key.match = constraint.match;
  key.deferrable = constraint.deferrable;
  key.initially_deferred = constraint.initially_deferred;
  key.child_enabled = constraint.child_enabled;
  key.parent_enabled = constraint.parent_enabled;
  return key;
}

// The constraints that a foreign key to a partitioned table has for each of its partitions belong
// to the same table as the key itself.
const Constraint* key_behind(const Table& table, const Constraint& constraint) {
  const Constraint* found = &constraint;
  while (found->parent != kInvalidOid) {
    const Constraint* above = table.find_constraint(found->parent);
    if (above == nullptr) break;
    found = above;
  }
  return found;
}

std::vector<ReferencedLeaf> referenced_leaves(const Catalog& catalog, const Table& root,
                                              const Constraint& key) {
  std::vector<ReferencedLeaf> out;
  for (const PartitionNode& node : partition_tree(catalog, root)) {
    if (is_partitioned(*node.table)) continue;
    ReferencedLeaf& leaf = out.emplace_back();
    leaf.table = node.table->oid;
    for (Oid oid : catalog.indexes_of(node.table->oid)) {
      const Index* index = catalog.index(oid);
      while (index != nullptr && index->oid != key.index) index = catalog.index(index->parent);
      if (index != nullptr) leaf.index = oid;
    }
    for (int16_t number : key.referenced_columns) {
      const Column* column = node.table->find_column(root.column(number)->name);
      leaf.columns.push_back(column->number - 1);
    }
    // An index in the making.
    if (leaf.index == kInvalidOid) out.pop_back();
  }
  return out;
}

void set_leaves(const Catalog& catalog, const Constraint& key, ForeignKeyDesc& desc) {
  const Table* referenced = catalog.table(key.referenced_table);
  if (referenced == nullptr || !is_partitioned(*referenced)) return;
  desc.parent_is_partitioned = true;
  desc.leaves = referenced_leaves(catalog, *referenced, key);
}

// Messages name the table that a partition has the key from.
void set_declared_table(const Catalog& catalog, const Table& child, const Constraint& own,
                        ForeignKeyDesc& desc) {
  const Table& holder = declaring_table(catalog, child, own);
  if (&holder == &child) return;
  desc.declared_schema = catalog.schema_name(holder.schema);
  desc.declared_table = holder.name;
}

// The foreign keys of others to this table: of the leaves where the other table is partitioned.
void add_referencing(const Catalog& catalog, const Catalog::ForeignKeyRef& ref, TableDesc& desc) {
  const Constraint* key = key_behind(*ref.table, *ref.constraint);
  auto add = [&](const Table& child, const Constraint& own) {
    ForeignKeyDesc& added = desc.referenced_by.emplace_back(foreign_key_desc(child, own));
    // The parent is this table, be it a partition.
    added.name = ref.constraint->name;
    added.parent_table = ref.constraint->referenced_table;
    added.parent_index = ref.constraint->index;
    added.parent_columns = attributes_of(ref.constraint->referenced_columns);
    set_leaves(catalog, *key, added);
    set_declared_table(catalog, child, own, added);
  };
  if (key == ref.constraint) return add(*ref.table, *key);
  for (const PartitionNode& node : partition_tree(catalog, *ref.table)) {
    if (is_partitioned(*node.table)) continue;
    for (const Constraint& own : node.table->constraints) {
      const Constraint* top = &own;
      const Table* holder = node.table;
      while (top->oid != key->oid && top->parent != kInvalidOid && is_partition(*holder)) {
        holder = partition_parent(catalog, *holder);
        top = holder->find_constraint(top->parent);
        if (top == nullptr) break;
      }
      if (top != nullptr && top->oid == key->oid) add(*node.table, own);
    }
  }
}

// A columnar index: the table's columns that it has, stored in a columnar table of its own.
ColumnarCopyDesc copy_desc(const TableDesc& table, const Index& index, ExpressionBinder& binder) {
  auto rows = std::make_shared<TableDesc>();
  rows->oid = index.oid;
  rows->storage_id = index.storage_id;
  rows->schema_name = table.schema_name;
  rows->name = index.name;
  rows->schema_version = table.schema_version;
  rows->columnar = binder.columnar_table(index.storage_id);
  for (const ColumnDesc& column : table.columns) {
    // Rows of the copy are complete: it was made when the column existed.
    ColumnDesc& added = rows->columns.emplace_back();
    added.name = column.name;
    added.type = column.type;
    added.physical = column.physical;
    added.collation = column.collation;
    added.dropped = true;
  }
  for (const IndexKey& key : index.keys) {
    ColumnDesc& copied = rows->columns[static_cast<size_t>(key.column) - 1];
    copied.dropped = false;
    copied.not_null = table.columns[static_cast<size_t>(key.column) - 1].not_null;
  }
  return {index.oid, index.name, std::move(rows)};
}

// Foreign keys on both sides, and the expressions that their actions and bulk writing need.
void add_constraints(const Catalog& catalog, const Table& table, ExpressionBinder& binder,
                     Arena& arena, TableDesc& desc) {
  bool sets_defaults = false;
  for (const Constraint& constraint : table.constraints) {
    if (constraint.type == 'f') {
      if (key_behind(table, constraint) != &constraint) continue;
      desc.foreign_keys.push_back(foreign_key_desc(table, constraint));
      set_leaves(catalog, constraint, desc.foreign_keys.back());
      sets_defaults |= constraint.on_delete == 'd' || constraint.on_update == 'd';
    } else if (constraint.type == 'c') {
      desc.checks.emplace_back(
          constraint.name, binder.bind_over_table(catalog, table, constraint.expression, arena));
    }
  }
  if (is_partition(table) && !is_partitioned(table)) {
    std::string bound = partition_constraint(catalog, table);
    if (!bound.empty()) {
      desc.checks.emplace_back("", binder.bind_over_table(catalog, table, bound, arena));
    }
  }
  // PostgreSQL checks them by name.
  std::sort(desc.checks.begin(), desc.checks.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const Catalog::ForeignKeyRef& ref : catalog.foreign_keys_to(table.oid)) {
    add_referencing(catalog, ref, desc);
  }
  desc.defaults.resize(table.columns.size(), nullptr);
  desc.generated.resize(table.columns.size(), nullptr);
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (column.dropped || !column.has_default()) continue;
    if (column.generated != '\0') {
      desc.generated[i] = binder.bind_column_value(catalog, table, column, arena);
    } else if (sets_defaults) {
      desc.defaults[i] = binder.bind_column_value(catalog, table, column, arena);
    }
  }
}

TriggerDesc trigger_desc(const Catalog& catalog, const Table& table, const Trigger& trigger,
                         ExpressionBinder& binder, Arena& arena) {
  TriggerDesc desc;
  desc.oid = trigger.oid;
  desc.function = trigger.function;
  desc.name = trigger.name;
  desc.timing = (trigger.type & trigger_type::kBefore) != 0    ? TriggerTiming::kBefore
                : (trigger.type & trigger_type::kInstead) != 0 ? TriggerTiming::kInsteadOf
                                                               : TriggerTiming::kAfter;
  desc.for_each_row = (trigger.type & trigger_type::kRow) != 0;
  static constexpr std::pair<TriggerEvent, int16_t> kEvents[] = {
      {TriggerEvent::kInsert, trigger_type::kInsert},
      {TriggerEvent::kUpdate, trigger_type::kUpdate},
      {TriggerEvent::kDelete, trigger_type::kDelete},
      {TriggerEvent::kTruncate, trigger_type::kTruncate}};
  for (const auto& [event, bit] : kEvents) {
    desc.events[static_cast<size_t>(event)] = (trigger.type & bit) != 0;
  }
  desc.columns = attributes_of(trigger.columns);
  desc.enabled = trigger.enabled;
  if (!trigger.when_sql.empty()) {
    desc.when = binder.bind_trigger_condition(catalog, table, trigger.when_sql, arena);
  }
  desc.arguments = trigger.arguments;
  desc.constraint = trigger.constraint;
  desc.constraint_table = trigger.constraint_table;
  desc.deferrable = trigger.deferrable;
  desc.initially_deferred = trigger.initially_deferred;
  desc.old_table = trigger.old_table;
  desc.new_table = trigger.new_table;
  return desc;
}

}  // namespace

const Table& declaring_table(const Catalog& catalog, const Table& child, const Constraint& own) {
  const Table* holder = &child;
  const Constraint* key = &own;
  while (key->parent != kInvalidOid && is_partition(*holder)) {
    const Table* above = partition_parent(catalog, *holder);
    const Constraint* same = above == nullptr ? nullptr : above->find_constraint(key->parent);
    if (same == nullptr) break;
    holder = above;
    key = same;
  }
  return *holder;
}

TableDescPtr build_table_desc(const Catalog& catalog, const Table& table,
                              ExpressionBinder& binder) {
  if (table.storage_id == 0 && !table.is_view() && table.relkind != 'p') {
    throw sql_error(SqlState::kInternalError, "relation \"{}\" has no storage", table.name);
  }
  auto desc = std::make_shared<TableDesc>();
  auto owner = std::make_shared<BoundExpressions>();
  desc->oid = table.oid;
  desc->storage_id = table.storage_id;
  desc->schema_name = catalog.schema_name(table.schema);
  desc->name = table.name;
  desc->temporary = table.persistence == 't';
  desc->schema_version = table.schema_version;
  if (keeps_segments(table)) desc->columnar = binder.columnar_table(table.storage_id);
  // Reserved first: a missing value may point into its own description.
  desc->columns.reserve(table.columns.size());
  for (const Column& column : table.columns) {
    ColumnDesc& added = desc->columns.emplace_back(column_desc(catalog, column));
    set_missing_value(catalog, column, added);
  }
  if (desc->columnar != nullptr) desc->stored_order = sort_key_of(table);
  for (Oid oid : catalog.indexes_of(table.oid)) {
    const Index* index = catalog.index(oid);
    if (index == nullptr || !index->ready) continue;
    if (index->access_method == kColumnarAm) {
      desc->copies.push_back(copy_desc(*desc, *index, binder));
      continue;
    }
    IndexDesc added = index_desc(catalog, table, *index, binder, owner->arena);
    if (added.clustered) {
      desc->row_key = added.keys;
      desc->indexes.insert(desc->indexes.begin(), std::move(added));
    } else {
      desc->indexes.push_back(std::move(added));
    }
  }
  add_constraints(catalog, table, binder, owner->arena, *desc);
  for (const Trigger& trigger : table.triggers) {
    // A partitioned table has no rows: its partitions have copies.
    if (table.relkind == 'p' && (trigger.type & trigger_type::kRow) != 0) continue;
    desc->triggers.push_back(trigger_desc(catalog, table, trigger, binder, owner->arena));
  }
  desc->expression_owner = std::move(owner);
  return desc;
}

}  // namespace luma
