#include "sql/session/auto_analyze.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

#include "engine/base/sql_error.h"
#include "sql/catalog/catalog_transaction.h"
#include "sql/session/instance.h"
#include "sql/session/session_settings.h"
#include "sql/session/storage_binder.h"
#include "sql/session/table_analysis.h"

namespace luma {
namespace {

constexpr int kNiceness = 15;
// Tables that have grown a lot since they were last looked at are not left until the next nap ends:
// plans made meanwhile would be far off.
constexpr auto kLoadedPause = std::chrono::seconds(5);
constexpr int64_t kLoadedRows = 10000;
constexpr double kLoadedPart = 0.5;

template <typename T>
T parsed(std::string_view text, T otherwise) {
  T value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// "name=value" among a table's storage parameters; "" when it is not there.
std::string_view parameter(const Table& table, std::string_view name) {
  for (std::string_view option : table.options) {
    if (option.size() > name.size() && option.starts_with(name) && option[name.size()] == '=') {
      return option.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace

AutoAnalyze::AutoAnalyze(SqlInstance& instance) : instance_(instance) {
  SessionSettings settings;
  for (const auto& [name, value] : instance.options().settings) {
    settings.set_initial(name, value, SettingSource::kConfiguration, true);
  }
  auto value = [&](std::string_view name) {
    return settings.value(*SettingRegistry::instance().find(name));
  };
  naptime_secs_ = parsed(value("autovacuum_naptime"), 60.0);
  thresholds_.rows = parsed(value("autovacuum_analyze_threshold"), 50.0);
  thresholds_.part = parsed(value("autovacuum_analyze_scale_factor"), 0.1);
  default_target_ = parsed(value("default_statistics_target"), 100);
  if (value("autovacuum") == "on" && value("track_counts") == "on") {
    thread_ = std::thread([this] { run(); });
  }
}

AutoAnalyze::~AutoAnalyze() {
  {
    std::lock_guard guard(mutex_);
    stopping_ = true;
    interrupt_.raise(Interrupt::kTerminate);
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void AutoAnalyze::run() {
  using Clock = std::chrono::steady_clock;
  // Sessions come first. Where that is not allowed it is no less right.
  static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNiceness));
  auto nap =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(naptime_secs_));
  auto pause = std::min<Clock::duration>(nap, kLoadedPause);
  Clock::time_point nap_ends = Clock::now() + nap;
  std::unique_lock guard(mutex_);
  while (!wake_.wait_for(guard, pause, [this] { return stopping_; })) {
    guard.unlock();
    bool only_loaded = Clock::now() < nap_ends;
    try {
      visit_tables(only_loaded);
    } catch (const std::exception& error) {
      // The former statistics stay; a later round tries again.
      if (!stopping_) {
        instance_.logger().log(LogLevel::kWarning, "automatic analyze failed",
                               {{"error", error.what()}});
      }
    }
    if (!only_loaded) nap_ends = Clock::now() + nap;
    guard.lock();
  }
}

bool AutoAnalyze::is_due(Oid database, const Catalog& catalog, const Table& table,
                         bool only_loaded) {
  if (parameter(table, "autovacuum_enabled") == "false") return false;
  double known = catalog.analyzed_size(table).first;
  RelationStatistics counted =
      instance_.statistics().relation(database, table.oid, table.storage_id, known);
  auto changed = static_cast<double>(counted.changed_since_analyze);
  if (only_loaded) {
    return counted.changed_since_analyze >= kLoadedRows &&
           changed > kLoadedPart * static_cast<double>(counted.live_rows);
  }
  double rows = parsed(parameter(table, "autovacuum_analyze_threshold"), thresholds_.rows);
  double part = parsed(parameter(table, "autovacuum_analyze_scale_factor"), thresholds_.part);
  return changed > rows + part * std::max(0.0, known);
}

void AutoAnalyze::visit_tables(bool only_loaded) {
  std::vector<std::pair<Oid, Oid>> due;
  CatalogStore& store = instance_.catalog();
  store.snapshot(kPostgresDatabase)->for_each_database([&](const Database& database) {
    // Most databases of a cluster are idle most of the time.
    if (!instance_.statistics().has_activity(database.oid)) return;
    CatalogPtr catalog = store.snapshot(database.oid);
    catalog->for_each_relation([&](const Relation& relation) {
      if (relation.kind != ObjectKind::kTable || relation.oid < kFirstUserOid) return;
      const auto& table = static_cast<const Table&>(relation);
      bool stored = (table.relkind == 'r' || table.relkind == 'm') && table.storage_id != 0;
      if (!stored || table.persistence == 't') return;
      if (is_due(database.oid, *catalog, table, only_loaded))
        due.emplace_back(database.oid, table.oid);
    });
  });
  for (const auto& [database, table] : due) analyze(database, table);
}

void AutoAnalyze::analyze(Oid database, Oid oid) {
  interrupt_.check();
  CatalogPtr catalog = instance_.catalog().snapshot(database);
  const Table* table = catalog->table(oid);
  if (table == nullptr || table->storage_id == 0) return;
  TableDescPtr desc = instance_.cached_table(database, catalog->version(), oid);
  if (desc == nullptr) {
    StorageBinder binder(instance_.columnar());
    desc = build_table_desc(*catalog, *table, binder);
  }
  TransactionOptions options;
  options.read_only = true;
  options.budget = &instance_.memory();
  Transaction transaction(instance_.pipeline(), nullptr, nullptr, options);
  AnalyzedTable found;
  {
    StatementScope scope(transaction);
    TableAnalysis analysis{instance_, *catalog, *table, desc, transaction};
    analysis.default_target = default_target_;
    analysis.breathe = [this] { interrupt_.check(); };
    found = analyze_table(analysis);
  }
  bool kept = false;
  auto rows = static_cast<int64_t>(found.statistics->rows);
  instance_.change_catalog(database, [&](CatalogTransaction& change) {
    const Table* now = change.view()->table(oid);
    if (now == nullptr || now->storage_id != found.statistics->storage_id) return;
    change.put(std::move(found.statistics));
    kept = true;
  });
  if (!kept) return;
  instance_.forget_estimate(table->storage_id);
  instance_.statistics().analyzed(database, oid, table->storage_id, rows,
                                  current_timestamp_micros(), true);
}

}  // namespace luma
