// ANALYZE and VACUUM: row counts for the planner; storage reclaims itself in the background.
#include "engine/base/sql_error.h"
#include "engine/columnar/columnar_cursor.h"
#include "engine/columnar/columnar_rewrite.h"
#include "engine/row/kv.h"
#include "engine/txn/engine_keys.h"
#include "engine/txn/txn_iterator.h"
#include "sql/ast/ast.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/privileges.h"
#include "sql/session/session_parts.h"

namespace luma {

// Counts the table's rows and keeps the number in the catalog.
void SqlSession::analyze_table(const Table& table) {
  if (table.storage_id == 0) return;
  std::string lower, upper;
  append_big_endian(&lower, table.storage_id);
  append_big_endian(&upper, table.storage_id + 1);
  int64_t rows = 0;
  {
    StatementScope scope(*transaction_);
    TableDescPtr desc = environment_.table_desc(table);
    if (desc->columnar != nullptr) {
      ColumnarCursor cursor(*desc, {});
      cursor.open(*transaction_, ReadView::kOwn);
      for (; cursor.next(); interrupt_.check()) rows += cursor.size();
    } else {
      auto iterator = transaction_->scan(KvFamily::kData, lower, upper, ReadView::kOwn, false);
      for (iterator->seek_first(); iterator->valid(); iterator->next()) {
        if ((++rows & 1023) == 0) interrupt_.check();
      }
    }
  }
  auto changed = std::make_shared<Table>(table);
  changed->estimated_rows = static_cast<double>(rows);
  int64_t bytes = instance_.storage_size_bytes(table.storage_id);
  changed->estimated_pages = static_cast<int32_t>((bytes + 8191) / 8192);
  environment_.ddl().put(changed);
  instance_.forget_estimate(table.storage_id);
  instance_.statistics().analyzed(environment_.database(), table.oid, table.storage_id, rows,
                                  current_timestamp_micros());
}

// Everything that the delta holds goes to segments.
void SqlSession::compact_columnar(const Table& table) {
  RewriteOptions everything;
  everything.hidden_divisor = uint64_t{1} << 32;
  everything.waits = true;
  TableDescPtr desc = environment_.table_desc(table);
  if (desc->columnar != nullptr) rewrite_columnar(desc, locks_, &interrupt_, everything);
  instance_.forget_estimate(table.storage_id);
}

bool SqlSession::may_maintain(const Relation& relation) const {
  const Catalog& catalog = environment_.catalog();
  Oid role = environment_.current_user_oid();
  const Database* database = catalog.database(catalog.database_oid());
  return has_privileges_of(catalog, role, relation.owner) ||
         (database != nullptr && has_privileges_of(catalog, role, database->owner));
}

void SqlSession::vacuum(const ast::VacuumStmt& statement) {
  bool analyze = !statement.is_vacuumcmd;
  static constexpr std::string_view kKnown[] = {
      "verbose",     "analyze",  "full",     "freeze",        "disable_page_skipping",
      "skip_locked", "parallel", "truncate", "index_cleanup", "process_toast"};
  for (const ast::Node* node : statement.options) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (std::find(std::begin(kKnown), std::end(kKnown), option.defname) == std::end(kKnown)) {
      throw sql_error(SqlState::kSyntaxError, "unrecognized {} option \"{}\"",
                      statement.is_vacuumcmd ? "VACUUM" : "ANALYZE", option.defname)
          .at_byte(option.location);
    }
    if (option.defname == "analyze") analyze = true;
  }
  if (statement.is_vacuumcmd) require_no_block("VACUUM");
  const Catalog& catalog = environment_.catalog();
  std::vector<std::shared_ptr<const Table>> tables;
  auto add = [&](const Relation& relation) {
    tables.push_back(std::static_pointer_cast<const Table>(catalog.share(relation.address())));
  };
  if (statement.rels.empty()) {
    catalog.for_each_relation([&](const Relation& relation) {
      if (relation.oid >= kFirstUserOid && (relation.relkind == 'r' || relation.relkind == 'm') &&
          may_maintain(relation)) {
        add(relation);
      }
    });
  }
  for (const ast::Node* node : statement.rels) {
    const auto* item = ast::as<ast::VacuumRelation>(node);
    const ast::RangeVar& range = *item->relation;
    const Relation& relation = require_relation(
        catalog, environment_.search_path(), {range.schemaname, range.relname, range.catalogname});
    if (relation.relkind != 'r' && relation.relkind != 'm') {
      warn(SqlState::kWarning,
           fmt::format("skipping \"{}\" --- cannot {} non-tables or special system tables",
                       relation.name, statement.is_vacuumcmd ? "vacuum" : "analyze"));
      continue;
    }
    for (std::string_view column : item->va_cols) {
      if (static_cast<const Table&>(relation).find_column(column) == nullptr) {
        throw sql_error(SqlState::kUndefinedColumn,
                        "column \"{}\" of relation \"{}\" does not exist", column, relation.name);
      }
    }
    if (relation.oid < kFirstUserOid) continue;
    if (!may_maintain(relation)) {
      warn(SqlState::kWarning,
           fmt::format("skipping \"{}\" --- only table or database owner can {} it", relation.name,
                       statement.is_vacuumcmd ? "vacuum" : "analyze"));
      continue;
    }
    add(relation);
  }
  if (analyze) {
    for (const auto& table : tables) {
      locks_->lock_table(*lock_owner_, table->oid, TableLockMode::kShareUpdateExclusive);
      analyze_table(*table);
    }
  }
  for (const auto& table : tables) {
    if (!statement.is_vacuumcmd || !keeps_segments(*table)) continue;
    locks_->lock_table(*lock_owner_, table->oid, TableLockMode::kShareUpdateExclusive);
    environment_.refresh();
    const Table* now = environment_.catalog().table(table->oid);
    if (now != nullptr && now->storage_id != 0) compact_columnar(*now);
  }
  for (const auto& table : tables) {
    if (!statement.is_vacuumcmd) break;
    instance_.statistics().vacuumed(environment_.database(), table->oid,
                                    current_timestamp_micros());
  }
  // Dropped storage whose readers have gone meanwhile.
  if (statement.is_vacuumcmd) instance_.drop_storage(0);
}

}  // namespace luma
