#include "sql/command/table_storage.h"

#include <algorithm>

#include "engine/exec/expr.h"
#include "engine/table/deferred_checks.h"
#include "engine/table/table_build.h"
#include "sql/command/command_target.h"

namespace luma {
namespace {

std::shared_ptr<Index> index_to_change(CommandContext& context, Oid index) {
  return std::make_shared<Index>(*context.ddl().view()->index(index));
}

// Gives table and indexes new storage ids.
void renew_storage_ids(CommandContext& context, Oid table_oid) {
  std::shared_ptr<Table> table = table_to_change(context, table_oid);
  context.drop_storage_after_commit(table->storage_id);
  table->storage_id = context.ddl().new_storage_id();
  context.ddl().put(table);
  for (Oid oid : context.ddl().view()->indexes_of(table_oid)) {
    std::shared_ptr<Index> index = index_to_change(context, oid);
    context.drop_storage_after_commit(index->storage_id);
    index->storage_id = context.ddl().new_storage_id();
    context.ddl().put(std::move(index));
  }
}

// The table as it was while its rows were keyed by `key`, which has left the catalog.
TableDescPtr desc_keyed_by(CommandContext& context, const Table& now, const Index& key) {
  auto desc = std::make_shared<TableDesc>(*context.environment().table_desc(now));
  desc->row_key.clear();
  for (const IndexKey& part : key.keys) {
    const ColumnDesc& column = desc->columns[static_cast<size_t>(part.column) - 1];
    KeyPart added;
    added.column = part.column - 1;
    added.type = column.type;
    added.physical = column.physical;
    added.collation = part.collation;
    added.descending = part.descending;
    added.nulls_first = part.nulls_first;
    added.nullable = false;
    desc->row_key.push_back(added);
  }
  return desc;
}

void rekey_if_needed(CommandContext& context, const DropResult& result, const Table& before) {
  if (before.row_key_index == kInvalidOid) return;
  auto lost = std::ranges::find_if(result.removed, [&](const ObjectPtr& object) {
    return object->kind == ObjectKind::kIndex && object->oid == before.row_key_index;
  });
  if (lost == result.removed.end()) return;
  const Table* now = context.ddl().view()->table(before.oid);
  if (now == nullptr) return;
  std::shared_ptr<Table> table = copy_of(*now);
  table->row_key_index = kInvalidOid;
  context.ddl().put(table);
  TableDescPtr from = desc_keyed_by(context, *context.ddl().view()->table(before.oid),
                                    static_cast<const Index&>(**lost));
  rewrite_rows(context, from, before.oid, {});
}

}  // namespace

void replace_storage(CommandContext& context, Oid table_oid) {
  renew_storage_ids(context, table_oid);
}

void rewrite_rows(CommandContext& context, const TableDescPtr& from, Oid table_oid,
                  std::span<const Expr* const> mapping) {
  renew_storage_ids(context, table_oid);
  std::shared_ptr<Table> table = table_to_change(context, table_oid);
  for (Column& column : table->columns) {
    column.since_version = 0;
    column.missing_text.reset();
  }
  context.ddl().put(table);
  CatalogPtr catalog = context.ddl().view();
  TableDescPtr to = context.environment().table_desc(*catalog->table(table_oid));
  Arena arena;
  std::vector<const Expr*> identity;
  if (mapping.empty()) {
    for (size_t i = 0; i < to->columns.size(); ++i) {
      bool present = i < from->columns.size() && !to->columns[i].dropped;
      identity.push_back(present ? make_slot(arena, static_cast<uint32_t>(i), to->columns[i].type)
                                 : nullptr);
    }
    mapping = identity;
  }
  rewrite_table(context.exec(), from, to, mapping);
}

void check_not_in_use(CommandContext& context, const Relation& relation, std::string_view command) {
  const DeferredChecks* deferred = context.exec().deferred;
  if (deferred == nullptr || !deferred->has_pending(relation.oid)) return;
  throw sql_error(SqlState::kObjectInUse, "cannot {} \"{}\" because it has pending trigger events",
                  command, relation.name);
}

void finish_drop(CommandContext& context, const DropResult& result) {
  if (!result.notice.empty()) notice(context, result.notice, result.notice_detail);
  for (const ObjectPtr& object : result.removed) {
    if (object->kind == ObjectKind::kSequence) {
      context.sequences().drop(context.transaction(), context.sequence_id(object->oid));
      continue;
    }
    if (object->kind != ObjectKind::kTable && object->kind != ObjectKind::kIndex) continue;
    const auto& relation = static_cast<const Relation&>(*object);
    if (object->kind == ObjectKind::kTable) check_not_in_use(context, relation, "DROP TABLE");
    if (relation.storage_id != 0) context.drop_storage_after_commit(relation.storage_id);
  }
  for (const ObjectPtr& object : result.changed_from) {
    if (object->kind != ObjectKind::kTable) continue;
    rekey_if_needed(context, result, static_cast<const Table&>(*object));
  }
}

void drop_and_finish(CommandContext& context, const std::vector<ObjectAddress>& targets,
                     DropBehavior behavior) {
  auto mark = context.ddl().savepoint();
  DropResult result = context.ddl().drop(targets, behavior, visibility(context));
  // What goes by cascade is locked too, and looked at again after waiting.
  bool locked_more = false;
  auto lock = [&](const ObjectPtr& object) {
    if (object->kind != ObjectKind::kTable || object->oid < kFirstUserOid) return;
    context.lock_table(object->oid, TableLockMode::kAccessExclusive);
    locked_more = true;
  };
  for (const ObjectPtr& object : result.removed) lock(object);
  for (const ObjectPtr& object : result.changed_from) lock(object);
  if (locked_more) {
    context.ddl().rollback_to(mark);
    context.ddl().refresh();
    result = context.ddl().drop(targets, behavior, visibility(context));
  }
  finish_drop(context, result);
}

}  // namespace luma
