// FOREIGN KEY constraints: which key they refer to and whether the types fit.
#include <algorithm>

#include "engine/type/user_type.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/constraint_build.h"
#include "sql/command/object_name.h"
#include "sql/command/partition_build.h"
#include "sql/command/partition_references.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

std::vector<int16_t> columns_named(const Table& table, const ast::NameList& names) {
  std::vector<int16_t> out;
  for (std::string_view name : names) {
    const Column* column = table.find_column(name);
    if (column == nullptr) {
      throw sql_error(SqlState::kUndefinedColumn,
                      "column \"{}\" referenced in foreign key constraint does not exist", name);
    }
    if (out.size() >= 32) {
      throw sql_error(SqlState::kTooManyColumns, "cannot have more than {} keys in a foreign key",
                      32);
    }
    out.push_back(column->number);
  }
  return out;
}

bool same_columns(const Index& index, std::vector<int16_t> wanted) {
  if (index.keys.size() != wanted.size()) return false;
  std::vector<int16_t> have;
  for (const IndexKey& key : index.keys) have.push_back(key.column);
  std::ranges::sort(have);
  std::ranges::sort(wanted);
  return have == wanted;
}

// The unique index that a foreign key to these columns relies on. `own_indexes`: of a table that is
// being made, not yet in the catalog.
const Index& referenced_index(const Catalog& catalog, const Table& table,
                              const std::vector<int16_t>& columns) {
  std::vector<int16_t> sorted = columns;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) {
    throw SqlError(SqlState::kInvalidForeignKey,
                   "foreign key referenced-columns list must not contain duplicates");
  }
  bool found_deferrable = false;
  for (Oid oid : catalog.indexes_of(table.oid)) {
    const Index& index = *catalog.index(oid);
    if (!index.unique || !index.valid || !index.predicate.empty() ||
        !same_columns(index, columns)) {
      continue;
    }
    if (index.immediate) return index;
    found_deferrable = true;
  }
  if (found_deferrable) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                    "cannot use a deferrable unique constraint for referenced table \"{}\"",
                    table.name);
  }
  throw sql_error(SqlState::kInvalidForeignKey,
                  "there is no unique constraint matching given keys for referenced table \"{}\"",
                  table.name);
}

const Index& primary_key_index(const Catalog& catalog, const Table& table) {
  const Constraint* key = table.primary_key();
  if (key == nullptr) {
    throw sql_error(SqlState::kUndefinedObject,
                    "there is no primary key for referenced table \"{}\"", table.name);
  }
  if (key->deferrable) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                    "cannot use a deferrable primary key for referenced table \"{}\"", table.name);
  }
  return *catalog.index(key->index);
}

void check_persistence(const Table& table, const Table& referenced) {
  std::string_view text;
  if (table.persistence == 'p' && referenced.persistence != 'p') {
    text = "constraints on permanent tables may reference only permanent tables";
  }
  if (table.persistence == 'u' && referenced.persistence == 't') {
    text = "constraints on unlogged tables may reference only permanent or unlogged tables";
  }
  if (table.persistence == 't' && referenced.persistence != 't') {
    text = "constraints on temporary tables may reference only temporary tables";
  }
  if (!text.empty()) throw SqlError(SqlState::kInvalidTableDefinition, std::string(text));
}

void check_generated(const Table& table, const Constraint& constraint) {
  for (int16_t number : constraint.columns) {
    if (table.column(number)->generated == '\0') continue;
    auto refuse = [](std::string_view what) {
      throw sql_error(SqlState::kSyntaxError,
                      "invalid {} action for foreign key constraint containing generated column",
                      what);
    };
    if (constraint.on_update == 'n' || constraint.on_update == 'd' || constraint.on_update == 'c') {
      refuse("ON UPDATE");
    }
    if (constraint.on_delete == 'n' || constraint.on_delete == 'd') refuse("ON DELETE");
  }
}

// The operator by which a referencing value is compared with the referenced key.
Oid equality_for(CommandContext& context, const Table& table, const Table& referenced,
                 const Constraint& constraint, size_t i, const IndexKey& key) {
  const FunctionRegistry& registry = FunctionRegistry::instance();
  const Column& from = *table.column(constraint.columns[i]);
  const Column& to = *referenced.column(constraint.referenced_columns[i]);
  // Domains compare as what lies below them, users' types as the family they are of.
  Oid from_type = base_type_of(from.type.oid), to_type = base_type_of(to.type.oid);
  const OpClassFact* opclass = find_opclass_fact(key.opclass);
  if (from_type == to_type) {
    const TypeInfo& type = type_info(to_type);
    Oid family = type.type_type == 'e'   ? type_oid::kAnyEnum
                 : type.type_type == 'c' ? type_oid::kRecord
                 : type.is_array()       ? type_oid::kAnyArray
                                         : to_type;
    const OperatorEntry* equal = registry.equality(to_type);
    if (equal == nullptr) equal = registry.equality(family);
    if (equal != nullptr) return equal->oid;
  }
  if (opclass != nullptr) {
    const OperatorEntry* equal = registry.family_operator(opclass->family, to_type, from_type, 3);
    if (equal != nullptr) return equal->oid;
  }
  const CastEntry* cast = registry.cast(from_type, to_type);
  const OperatorEntry* equal = registry.equality(to_type);
  if (cast != nullptr && cast->context == 'i' && equal != nullptr) return equal->oid;
  const Catalog& catalog = *context.ddl().view();
  throw sql_error(SqlState::kDatatypeMismatch,
                  "foreign key constraint \"{}\" cannot be implemented", constraint.name)
      .detail(fmt::format("Key columns \"{}\" and \"{}\" are of incompatible types: {} and {}.",
                          from.name, to.name, catalog.type_name(from.type.oid),
                          catalog.type_name(to.type.oid)));
}

void set_name(CommandContext& context, const Table& table, const ast::Constraint& node,
              Constraint& constraint) {
  if (!node.conname.empty()) {
    constraint.name = truncated_name(node.conname);
    if (table.find_constraint(constraint.name) != nullptr) {
      throw sql_error(SqlState::kDuplicateObject,
                      "constraint \"{}\" for relation \"{}\" already exists", constraint.name,
                      table.name);
    }
    return;
  }
  std::vector<std::string> names, taken;
  for (int16_t number : constraint.columns) names.push_back(table.column(number)->name);
  for (const Constraint& other : table.constraints) taken.push_back(other.name);
  constraint.name = free_constraint_name(*context.ddl().view(), table.schema, table.name,
                                         joined_names(names), "fkey", taken);
}

const Table& lock_referenced(CommandContext& context, const Table& table,
                             const ast::RangeVar& name) {
  const Relation& relation = require_and_lock(context, name, TableLockMode::kShareRowExclusive);
  if (relation.relkind == 'p' && !name.inh) {
    throw sql_error(SqlState::kInvalidTableDefinition,
                    "cannot use ONLY for foreign key on partitioned table \"{}\" referencing "
                    "relation \"{}\"",
                    table.name, relation.name);
  }
  if (relation.relkind != 'r' && relation.relkind != 'p') {
    throw sql_error(SqlState::kWrongObjectType, "referenced relation \"{}\" is not a table",
                    relation.name);
  }
  if (relation.oid < kFirstUserOid) {
    throw sql_error(SqlState::kInsufficientPrivilege,
                    "permission denied: \"{}\" is a system catalog", relation.name);
  }
  if (relation.oid == table.oid) return table;
  lock_partition_tree(context, relation.oid, TableLockMode::kShareRowExclusive);
  return static_cast<const Table&>(relation);
}

}  // namespace

std::vector<Oid> foreign_key_operators(CommandContext& context, const Table& table,
                                       const Table& referenced, const Constraint& constraint) {
  const Index* index = context.ddl().view()->index(constraint.index);
  LUMA_CHECK(index != nullptr);
  std::vector<Oid> out;
  for (size_t i = 0; i < constraint.columns.size(); ++i) {
    auto key = std::ranges::find(index->keys, constraint.referenced_columns[i], &IndexKey::column);
    LUMA_CHECK(key != index->keys.end());
    out.push_back(equality_for(context, table, referenced, constraint, i, *key));
  }
  return out;
}

namespace {

// On the table or on all of the columns.
void require_references(CommandContext& context, const Table& referenced,
                        const std::vector<int16_t>& columns) {
  const Catalog& catalog = *context.ddl().view();
  Oid role = context.current_user();
  bool allowed = std::ranges::all_of(columns, [&](int16_t number) {
    return has_column_privilege(catalog, role, referenced, *referenced.column(number), 'x');
  });
  if (allowed) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for table {}",
                  referenced.name);
}

}  // namespace

Oid add_foreign_key(CommandContext& context, Table& table, const PendingConstraint& pending) {
  const ast::Constraint& node = *pending.node;
  const Table& referenced = lock_referenced(context, table, *node.pktable);
  const Catalog& catalog = *context.ddl().view();
  check_persistence(table, referenced);
  Constraint constraint;
  constraint.oid = context.ddl().new_oid();
  constraint.type = 'f';
  constraint.deferrable = pending.deferrable;
  constraint.initially_deferred = pending.initially_deferred;
  constraint.referenced_table = referenced.oid;
  constraint.match = node.fk_matchtype == 0 ? 's' : node.fk_matchtype;
  constraint.on_update = node.fk_upd_action == 0 ? 'a' : node.fk_upd_action;
  constraint.on_delete = node.fk_del_action == 0 ? 'a' : node.fk_del_action;
  if (constraint.match == 'p') {
    throw SqlError(SqlState::kFeatureNotSupported, "MATCH PARTIAL not yet implemented")
        .at_byte(node.location);
  }
  std::string_view own_name[] = {pending.column};
  constraint.columns =
      columns_named(table, node.fk_attrs.empty() ? ast::NameList(own_name, 1) : node.fk_attrs);
  constraint.set_columns = columns_named(table, node.fk_del_set_cols);
  for (int16_t column : constraint.set_columns) {
    if (std::ranges::find(constraint.columns, column) != constraint.columns.end()) continue;
    throw sql_error(SqlState::kInvalidColumnReference,
                    "column \"{}\" referenced in ON DELETE SET action must be part of foreign key",
                    table.column(column)->name);
  }
  const Index* index = nullptr;
  if (node.pk_attrs.empty()) {
    index = &primary_key_index(catalog, referenced);
    for (const IndexKey& key : index->keys) constraint.referenced_columns.push_back(key.column);
  } else {
    constraint.referenced_columns = columns_named(referenced, node.pk_attrs);
  }
  if (constraint.columns.size() != constraint.referenced_columns.size()) {
    throw SqlError(SqlState::kInvalidForeignKey,
                   "number of referencing and referenced columns for foreign key disagree");
  }
  if (index == nullptr)
    index = &referenced_index(catalog, referenced, constraint.referenced_columns);
  constraint.index = index->oid;
  check_generated(table, constraint);
  require_references(context, referenced, constraint.referenced_columns);
  set_name(context, table, node, constraint);
  constraint.equality_operators = foreign_key_operators(context, table, referenced, constraint);
  table.constraints.push_back(constraint);
  add_partition_references(context, table, constraint);
  return constraint.oid;
}

}  // namespace luma
