// CREATE INDEX, REINDEX and CLUSTER.
#include "sql/catalog/access_method.h"
#include "sql/catalog/inheritance.h"
#include "sql/catalog/partition.h"
#include "sql/catalog/stored_order.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/index_build.h"
#include "sql/command/partition_build.h"
#include "sql/command/table_storage.h"

namespace luma {
namespace {

// The stored indexes of the table that are the index, or parts of it.
std::vector<Oid> indexes_below(const Catalog& catalog, Oid index, Oid table) {
  std::vector<Oid> out;
  for (Oid own : catalog.indexes_of(table)) {
    if (catalog.index(own)->relkind == 'I') continue;
    for (const Index* at = catalog.index(own); at != nullptr; at = catalog.index(at->parent)) {
      if (at->oid == index) out.push_back(own);
    }
  }
  return out;
}

const Table& lock_indexed_table(const ast::IndexStmt& statement, CommandContext& context) {
  TableLockMode mode =
      statement.concurrent ? TableLockMode::kShareUpdateExclusive : TableLockMode::kShare;
  // LumaDB builds a concurrent index in one go, and nobody may write meanwhile.
  if (statement.concurrent) mode = TableLockMode::kShare;
  const Relation& relation = require_and_lock(context, *statement.relation, mode);
  if (relation.relkind != 'r' && relation.relkind != 'm' && relation.relkind != 'p') {
    SqlError error = sql_error(SqlState::kWrongObjectType, "cannot create index on relation \"{}\"",
                               relation.name);
    std::string_view plural = relation.relkind == 'v'   ? "views"
                              : relation.relkind == 'S' ? "sequences"
                              : relation.relkind == 'c' ? "composite types"
                                                        : "indexes";
    throw error.detail(fmt::format("This operation is not supported for {}.", plural));
  }
  require_owner(context, relation);
  return static_cast<const Table&>(relation);
}

}  // namespace

namespace {

// Not with ON ONLY: then it is of use once all partitions' indexes have been attached.
void create_partition_indexes(CommandContext& context, const Table& table,
                              std::shared_ptr<Index> index, bool recurse) {
  Oid oid = index->oid;
  CatalogPtr catalog = context.ddl().view();
  std::vector<const Table*> partitions = catalog->children_of(table.oid);
  index->valid = recurse || partitions.empty();
  context.ddl().put(std::move(index));
  if (!recurse) return;
  for (const Table* partition : partitions) {
    context.lock_table(partition->oid, TableLockMode::kShare);
    add_partition_index(context, oid, partition->oid, true);
  }
}

}  // namespace

CommandResult create_index(const ast::IndexStmt& statement, CommandContext& context) {
  if (!statement.table_space.empty() && statement.table_space != "pg_default") {
    throw sql_error(SqlState::kUndefinedObject, "tablespace \"{}\" does not exist",
                    statement.table_space);
  }
  std::shared_ptr<Table> table = copy_of(lock_indexed_table(statement, context));
  if (!statement.idxname.empty()) {
    std::string name = truncated_name(statement.idxname);
    if (context.ddl().view()->find_relation(table->schema, name) != nullptr) {
      if (!statement.if_not_exists) {
        throw sql_error(SqlState::kDuplicateTable, "relation \"{}\" already exists", name);
      }
      context.notice({.state = SqlState::kDuplicateTable,
                      .message = fmt::format("relation \"{}\" already exists, skipping", name)});
      return {"CREATE INDEX"};
    }
  }
  std::shared_ptr<Index> index = make_index(context, *table, statement);
  Oid oid = index->oid;
  if (is_partitioned(*table)) {
    if (statement.concurrent) {
      throw sql_error(SqlState::kFeatureNotSupported,
                      "cannot create index on partitioned table \"{}\" concurrently", table->name);
    }
    if (index->unique) require_partition_columns(*table, *index, "UNIQUE");
    create_partition_indexes(context, *table, std::move(index), statement.relation->inh);
    return {"CREATE INDEX"};
  }
  context.ddl().put(std::move(index));
  fill_index(context, oid);
  return {"CREATE INDEX"};
}

CommandResult reindex(const ast::ReindexStmt& statement, CommandContext& context) {
  for (const ast::Node* node : statement.params) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (option.defname == "verbose" || option.defname == "concurrently") continue;
    if (option.defname == "tablespace") {
      if (option_text(option) == "pg_default") continue;
      throw sql_error(SqlState::kUndefinedObject, "tablespace \"{}\" does not exist",
                      option_text(option));
    }
    throw sql_error(SqlState::kSyntaxError, "unrecognized REINDEX option \"{}\"", option.defname)
        .at_byte(option.location);
  }
  CatalogPtr family_view;  // keeps what family_of() gives
  auto reindex_table = [&](const Table& table) {
    for (Oid index : context.ddl().view()->indexes_of(table.oid)) rebuild_index(context, index);
  };
  auto family_of = [&](Oid table) {
    family_view = context.ddl().view();
    const Table& root = *family_view->table(table);
    return is_partitioned(root) ? table_family(*family_view, root)
                                : std::vector<FamilyMember>{{&root, 0, 0}};
  };
  switch (statement.kind) {
    case ast::ReindexObjectType::kIndex: {
      const Relation& found =
          require_relation(*context.ddl().view(), context.environment().search_path(),
                           qualified_name(*statement.relation));
      if (found.kind != ObjectKind::kIndex) throw_wrong_kind(found, "index");
      require_owner(context, found);
      Oid oid = found.oid;
      const Oid table = static_cast<const Index&>(found).table;
      lock_partition_tree(context, table, TableLockMode::kShare);
      context.ddl().refresh();
      for (const FamilyMember& member : family_of(table)) {
        for (Oid index : indexes_below(*context.ddl().view(), oid, member.table->oid)) {
          context.lock_table(index, TableLockMode::kAccessExclusive);
          rebuild_index(context, index);
        }
      }
      break;
    }
    case ast::ReindexObjectType::kTable: {
      const Relation& found = require_and_lock(context, *statement.relation, TableLockMode::kShare);
      if (found.relkind == 'p') {
        require_owner(context, found);
        const Oid oid = found.oid;
        lock_partition_tree(context, oid, TableLockMode::kShare);
        context.ddl().refresh();
        for (const FamilyMember& member : family_of(oid)) {
          if (!is_partitioned(*member.table)) reindex_table(*copy_of(*member.table));
        }
        break;
      }
      if (found.relkind != 'r' && found.relkind != 'm') {
        throw_wrong_kind(found, "table or materialized view");
      }
      require_owner(context, found);
      if (context.ddl().view()->indexes_of(found.oid).empty()) {
        notice(context, fmt::format("table \"{}\" has no indexes to reindex", found.name));
      }
      reindex_table(*copy_of(static_cast<const Table&>(found)));
      break;
    }
    default: {
      std::vector<Oid> tables;
      Oid schema = kInvalidOid;
      if (statement.kind == ast::ReindexObjectType::kSchema) {
        const Schema& named = require_schema(*context.ddl().view(),
                                             context.environment().search_path(), statement.name);
        require_owner(context, named);
        schema = named.oid;
      } else {
        require_database_owner(context);
      }
      context.ddl().view()->for_each_relation([&](const Relation& relation) {
        bool stored = relation.relkind == 'r' || relation.relkind == 'm';
        if (!stored || relation.storage_id == 0 || relation.oid < kFirstUserOid) return;
        if (schema == kInvalidOid || relation.schema == schema) tables.push_back(relation.oid);
      });
      for (Oid oid : tables) {
        context.lock_table(oid, TableLockMode::kShare);
        context.ddl().refresh();
        if (const Table* table = context.ddl().view()->table(oid)) reindex_table(*copy_of(*table));
      }
    }
  }
  return {"REINDEX"};
}

namespace {

// The mark is that of the partitions' indexes; the partitioned table keeps none.
CommandResult cluster_partitioned(const ast::ClusterStmt& statement, CommandContext& context,
                                  Oid oid) {
  const Table& table = *context.ddl().view()->table(oid);
  require_owner(context, table);
  if (statement.indexname.empty()) {
    throw sql_error(SqlState::kUndefinedObject,
                    "there is no previously clustered index for table \"{}\"", table.name);
  }
  const Oid index = clusterable_index(context, table, statement.indexname);
  lock_partition_tree(context, oid, TableLockMode::kAccessExclusive);
  CatalogPtr catalog = context.ddl().view();
  for (const FamilyMember& member : table_family(*catalog, *catalog->table(oid))) {
    for (Oid own : indexes_below(*catalog, index, member.table->oid)) {
      mark_clustered(context, member.table->oid, own);
    }
  }
  return {"CLUSTER"};
}

}  // namespace

// Rows are stored by their key whatever is said here, so only the mark changes.
CommandResult cluster_table(const ast::ClusterStmt& statement, CommandContext& context) {
  if (statement.relation == nullptr) return {"CLUSTER"};
  const Relation& relation =
      require_and_lock(context, *statement.relation, TableLockMode::kAccessExclusive);
  if (relation.relkind == 'p') return cluster_partitioned(statement, context, relation.oid);
  if (relation.relkind != 'r' && relation.relkind != 'm') throw_wrong_kind(relation, "table");
  require_owner(context, relation);
  const auto& table = static_cast<const Table&>(relation);
  if (statement.indexname.empty() && keeps_segments(table) && !sort_key_of(table).empty()) {
    const Oid oid = table.oid;
    rewrite_rows(context, context.environment().table_desc(table), oid, {});
    return {"CLUSTER"};
  }
  if (statement.indexname.empty()) {
    for (Oid oid : context.ddl().view()->indexes_of(table.oid)) {
      if (context.ddl().view()->index(oid)->clustered) return {"CLUSTER"};
    }
    throw sql_error(SqlState::kUndefinedObject,
                    "there is no previously clustered index for table \"{}\"", table.name);
  }
  Oid table_oid = table.oid;
  mark_clustered(context, table_oid, clusterable_index(context, table, statement.indexname));
  return {"CLUSTER"};
}

}  // namespace luma
