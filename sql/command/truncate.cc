// TRUNCATE.
#include <algorithm>

#include "engine/table/trigger_firing.h"
#include "sql/catalog/inheritance.h"
#include "sql/catalog/partition.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/table_storage.h"

namespace luma {
namespace {

void check_target(CommandContext& context, const Relation& relation) {
  if (relation.relkind != 'r' && relation.relkind != 'p') throw_wrong_kind(relation, "table");
  if (relation.oid < kFirstUserOid) {
    throw sql_error(SqlState::kInsufficientPrivilege,
                    "permission denied: \"{}\" is a system catalog", relation.name);
  }
  if (!has_relation_privilege(*context.ddl().view(), context.current_user(), relation, 'D')) {
    throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for table {}",
                    relation.name);
  }
}

bool contains(const std::vector<Oid>& list, Oid oid) {
  return std::ranges::find(list, oid) != list.end();
}

// Rights are looked at for the named table alone.
void add_family(CommandContext& context, Oid root, std::vector<Oid>& tables) {
  CatalogPtr catalog = context.ddl().view();
  const Oid temp_schema = context.temp_schema(false);
  for (const FamilyMember& node : family_in_session(*catalog, *catalog->table(root), temp_schema)) {
    if (contains(tables, node.table->oid)) continue;
    context.lock_table(node.table->oid, TableLockMode::kAccessExclusive);
    tables.push_back(node.table->oid);
  }
}

// Tables that refer to the listed ones go too.
void add_referencing(CommandContext& context, std::vector<Oid>& tables) {
  for (size_t i = 0; i < tables.size(); ++i) {
    std::vector<Oid> more;
    for (const auto& ref : context.ddl().view()->foreign_keys_to(tables[i])) {
      if (!contains(tables, ref.table->oid) && !contains(more, ref.table->oid)) {
        more.push_back(ref.table->oid);
      }
    }
    std::ranges::sort(more);
    for (Oid oid : more) {
      context.lock_table(oid, TableLockMode::kAccessExclusive);
      context.ddl().refresh();
      const Table* table = context.ddl().view()->table(oid);
      if (table == nullptr) continue;
      notice(context, fmt::format("truncate cascades to table \"{}\"", table->name));
      check_target(context, *table);
      tables.push_back(oid);
    }
  }
}

void refuse_referencing(CommandContext& context, const std::vector<Oid>& tables) {
  for (Oid oid : tables) {
    for (const auto& ref : context.ddl().view()->foreign_keys_to(oid)) {
      if (contains(tables, ref.table->oid)) continue;
      const std::string& from = ref.table->name;
      throw SqlError(SqlState::kFeatureNotSupported,
                     "cannot truncate a table referenced in a foreign key constraint")
          .detail(fmt::format("Table \"{}\" references \"{}\".", from,
                              context.ddl().view()->table(oid)->name))
          .hint(fmt::format("Truncate table \"{}\" at the same time, or use TRUNCATE ... CASCADE.",
                            from));
    }
  }
}

}  // namespace

CommandResult truncate_tables(const ast::TruncateStmt& statement, CommandContext& context) {
  std::vector<Oid> tables;
  for (const ast::Node* node : statement.relations) {
    const auto& name = *ast::as<ast::RangeVar>(node);
    const Relation& relation = require_and_lock(context, name, TableLockMode::kAccessExclusive);
    check_target(context, relation);
    if (!contains(tables, relation.oid)) tables.push_back(relation.oid);
    if (relation.relkind != 'p' && !name.inh) continue;
    if (!name.inh) {
      throw SqlError(SqlState::kWrongObjectType, "cannot truncate only a partitioned table")
          .hint(
              "Do not specify the ONLY keyword, or use TRUNCATE ONLY on the partitions directly.");
    }
    add_family(context, relation.oid, tables);
  }
  if (statement.behavior == ast::DropBehavior::kCascade) {
    add_referencing(context, tables);
  } else {
    refuse_referencing(context, tables);
  }
  std::vector<TableDescPtr> described;
  for (Oid oid : tables) {
    const Table& table = *context.ddl().view()->table(oid);
    check_not_in_use(context, table, "TRUNCATE");
    if (!table.triggers.empty()) described.push_back(context.environment().table_desc(table));
  }
  StatementTriggers triggers(context.exec(), std::move(described), TriggerEvent::kTruncate);
  triggers.before();
  for (Oid oid : tables) {
    if (!is_partitioned(*context.ddl().view()->table(oid))) replace_storage(context, oid);
    if (!statement.restart_seqs) continue;
    for (const Sequence* sequence : context.ddl().view()->sequences_owned_by(oid)) {
      context.lock_table(sequence->oid, TableLockMode::kAccessExclusive);
      context.sequences().create(context.transaction(), context.sequence_id(sequence->oid),
                                 sequence->start);
    }
  }
  triggers.after();
  return {"TRUNCATE TABLE"};
}

}  // namespace luma
