// ANALYZE and VACUUM: statistics for the planner; storage reclaims itself in the background.
#include <charconv>

#include "engine/base/sql_error.h"
#include "engine/columnar/columnar_rewrite.h"
#include "sql/ast/ast.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/partition.h"
#include "sql/catalog/privileges.h"
#include "sql/session/session_parts.h"
#include "sql/session/setting_registry.h"
#include "sql/session/table_analysis.h"

namespace luma {

// `only`: attnums; nullptr: all columns; none: rows are counted and nothing else.
void SqlSession::analyze_table(const Table& table, const std::vector<int16_t>* only, bool verbose) {
  if (table.storage_id == 0) return;
  bool counts = only != nullptr && only->empty();
  if (verbose && !counts) {
    notice(MessageLevel::kInfo,
           SqlError(SqlState::kSuccessfulCompletion,
                    fmt::format("analyzing \"{}.{}\"",
                                environment_.catalog().schema_name(table.schema), table.name)));
  }
  AnalyzedTable found;
  {
    StatementScope scope(*transaction_);
    TableAnalysis analysis{instance_,     environment_.catalog(),
                           table,         environment_.table_desc(table),
                           *transaction_, ReadView::kOwn};
    std::string_view target =
        settings_.value(*SettingRegistry::instance().find("default_statistics_target"));
    std::from_chars(target.data(), target.data() + target.size(), analysis.default_target);
    analysis.all_columns = only == nullptr;
    if (only != nullptr) analysis.only = *only;
    analysis.breathe = [this] { interrupt_.check(); };
    found = luma::analyze_table(analysis);
  }
  auto rows = static_cast<int64_t>(found.statistics->rows);
  if (verbose && !counts) {
    int32_t pages = found.statistics->pages;
    notice(
        MessageLevel::kInfo,
        SqlError(SqlState::kSuccessfulCompletion,
                 fmt::format("\"{}\": scanned {} of {} pages, containing {} live rows and 0 dead "
                             "rows; {} rows in sample, {} estimated total rows",
                             table.name, pages, pages, rows, found.sample_rows, rows)));
  }
  environment_.ddl().put(std::move(found.statistics));
  instance_.forget_estimate(table.storage_id);
  ActivityStatistics& statistics = instance_.statistics();
  if (!counts) {
    statistics.analyzed(environment_.database(), table.oid, table.storage_id, rows,
                        current_timestamp_micros(), false);
  }
  statistics.counted(environment_.database(), table.oid, table.storage_id, rows,
                     live_->transaction_activity(table.oid).live_change);
}

// Everything that the delta holds goes to segments.
void SqlSession::compact_columnar(const Table& table) {
  RewriteOptions everything;
  everything.hidden_divisor = uint64_t{1} << 32;
  everything.waits = true;
  TableDescPtr desc = environment_.table_desc(table);
  if (desc->columnar != nullptr) rewrite_columnar(desc, locks_, &interrupt_, everything);
  for (const ColumnarCopyDesc& copy : desc->copies) {
    rewrite_columnar(copy.rows, locks_, &interrupt_, everything);
  }
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
  bool analyze = !statement.is_vacuumcmd, verbose = false;
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
    if (option.defname == "verbose") verbose = true;
  }
  if (statement.is_vacuumcmd) require_no_block("VACUUM");
  const Catalog& catalog = environment_.catalog();
  std::vector<std::shared_ptr<const Table>> tables;
  std::map<Oid, std::vector<int16_t>> columns;  // of tables that name some
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
    if (relation.relkind != 'r' && relation.relkind != 'm' && relation.relkind != 'p') {
      warn(SqlState::kWarning,
           fmt::format("skipping \"{}\" --- cannot {} non-tables or special system tables",
                       relation.name, statement.is_vacuumcmd ? "vacuum" : "analyze"));
      continue;
    }
    std::vector<int16_t> numbers;
    for (std::string_view name : item->va_cols) {
      const Column* column = static_cast<const Table&>(relation).find_column(name);
      if (column == nullptr) {
        throw sql_error(SqlState::kUndefinedColumn,
                        "column \"{}\" of relation \"{}\" does not exist", name, relation.name);
      }
      if (std::ranges::find(numbers, column->number) != numbers.end()) {
        throw sql_error(SqlState::kDuplicateColumn,
                        "column \"{}\" of relation \"{}\" appears more than once", name,
                        relation.name);
      }
      numbers.push_back(column->number);
    }
    if (relation.oid < kFirstUserOid) continue;
    if (!may_maintain(relation)) {
      warn(SqlState::kWarning,
           fmt::format("skipping \"{}\" --- only table or database owner can {} it", relation.name,
                       statement.is_vacuumcmd ? "vacuum" : "analyze"));
      continue;
    }
    if (relation.relkind == 'p') {
      if (!numbers.empty()) throw unsupported("ANALYZE of some columns of a partitioned table");
      for (const PartitionNode& node :
           partition_tree(catalog, static_cast<const Table&>(relation))) {
        if (!is_partitioned(*node.table)) add(*node.table);
      }
      continue;
    }
    add(relation);
    if (!numbers.empty()) columns[relation.oid] = std::move(numbers);
  }
  static const std::vector<int16_t> kNone;
  for (const auto& table : tables) {
    locks_->lock_table(*lock_owner_, table->oid, TableLockMode::kShareUpdateExclusive);
    auto only = columns.find(table->oid);
    analyze_table(*table,
                  !analyze                ? &kNone
                  : only == columns.end() ? nullptr
                                          : &only->second,
                  verbose);
  }
  for (const auto& table : tables) {
    if (!statement.is_vacuumcmd) continue;
    if (!keeps_segments(*table) && environment_.table_desc(*table)->copies.empty()) continue;
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
