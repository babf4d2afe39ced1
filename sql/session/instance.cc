#include "sql/session/instance.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/base/simd_level.h"
#include "engine/base/sql_error.h"
#include "engine/table/table_build.h"
#include "engine/txn/engine_keys.h"
#include "sql/catalog/object_set.h"
#include "sql/function/registry.h"
#include "sql/session/auto_analyze.h"
#include "sql/session/columnar_maintenance.h"
#include "sql/session/retention.h"
#include "sql/session/setting_registry.h"
#include "sql/session/statement_statistics.h"
#include "sql/session/transaction_history.h"
#include "sql/session/user_types.h"

namespace luma {
namespace {

constexpr int64_t kPostgresEpochUnixSecs = 946684800;
constexpr int64_t kEstimateLifetimeMicros = 5'000'000;

class BatchWriter final : public CatalogWriter {
 public:
  explicit BatchWriter(KvBatch& batch) : batch_(batch) {}
  void put(std::string_view key, std::string_view value) override {
    batch_.put(KvFamily::kCatalog, key, value);
  }
  void erase(std::string_view key) override { batch_.remove(KvFamily::kCatalog, key); }

 private:
  KvBatch& batch_;
};

// Catalog objects are keyed by (database, class, oid); the engine's own keys differ in length.
bool is_object_key(std::string_view key) { return key.size() == 12 && key[4] == '\0'; }

std::string storage_prefix(uint32_t storage_id) {
  std::string key;
  append_big_endian(&key, storage_id);
  return key;
}

}  // namespace

int64_t current_timestamp_micros() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count() -
         kPostgresEpochUnixSecs * 1'000'000;
}

class SqlInstance::Ids final : public CatalogIds {
 public:
  explicit Ids(IdAllocator& ids) : oids_(ids.oids()), storage_ids_(ids.storage_ids()) {}
  Oid next_oid() override { return static_cast<Oid>(oids_.allocate()); }
  uint32_t next_storage_id() override { return static_cast<uint32_t>(storage_ids_.allocate()); }

 private:
  IdAllocator::Counter& oids_;
  IdAllocator::Counter& storage_ids_;
};

namespace {

// What max_parallel_workers allows without being changed.
constexpr size_t kMinWorkerThreads = 8;

// By default a statement uses all processors, its own thread included.
void size_workers(SqlInstanceOptions& options) {
  constexpr std::string_view kName = "max_parallel_workers_per_gather";
  for (const auto& [name, value] : options.settings) {
    if (name == kName) return;
  }
  const size_t processors = std::max(1u, std::thread::hardware_concurrency());
  options.settings.emplace_back(kName, std::to_string(std::min(processors - 1, kMinWorkerThreads)));
}

void choose_simd_level(const SqlInstanceOptions& options) {
  const SettingDefinition& definition = *SettingRegistry::instance().find("luma.simd");
  SimdLevel level = simd_levels().back();
  for (const auto& [name, value] : options.settings) {
    if (name != definition.name) continue;
    level = simd_level_of(check_setting_value(definition, value)).value_or(simd_levels().back());
  }
  use_simd_level(level);
}

}  // namespace

SqlInstance::SqlInstance(SqlInstanceOptions options)
    : options_(std::move(options)),
      memory_(options_.memory_limit_bytes),
      worker_threads_(std::max<size_t>(kMinWorkerThreads, std::thread::hardware_concurrency())) {
  size_workers(options_);
  // Whatever is wrong with the built-in tables shows now, not in a statement.
  FunctionRegistry::instance();
  SettingRegistry::instance();
  choose_simd_level(options_);
  start_micros_ = current_timestamp_micros();
  options_.kv.logger = &logger();
  Kv::open(options_.kv, &kv_).check();
  pipeline_ = std::make_unique<CommitPipeline>(*kv_, options_.commit);
  ids_ = std::make_unique<IdAllocator>(*pipeline_);
  catalog_ids_ = std::make_unique<Ids>(*ids_);
  sequences_ = std::make_unique<SequenceStore>(*pipeline_);
  catalog_ = std::make_unique<CatalogStore>(*catalog_ids_);
  if (!options_.kv.in_memory) options_.columnar.directory = options_.kv.path + "/columnar";
  columnar_ = std::make_unique<ColumnarTables>(*pipeline_, options_.columnar);
  if (columnar_->has_segments() && options_.columnar.io != SegmentIoMode::kPread) {
    logger().log(LogLevel::kInfo, "segments are read",
                 {{"by", columnar_->store().io_description()}});
  }
  prepared_ = std::make_unique<PreparedTransactions>(
      *pipeline_, [this](Oid database) -> LockManager& { return locks(database); });
  history_ = std::make_unique<TransactionHistory>(*pipeline_, activity_, *prepared_);
  exported_snapshots_ = std::make_unique<ExportedSnapshots>();
  statement_statistics_ = std::make_unique<StatementStatistics>();
  load_catalog();
  recover_columnar();
  prepared_->recover();
  maintenance_ = std::make_unique<ColumnarMaintenance>(*this);
  auto_analyze_ = std::make_unique<AutoAnalyze>(*this);
  retention_ = std::make_unique<Retention>(*this);
}

SqlInstance::~SqlInstance() { close(); }

void SqlInstance::load_catalog() {
  bool found = catalog_->load([this](const CatalogStore::ScanCallback& each) {
    auto iterator = kv_->new_iterator(KvFamily::kCatalog, {});
    for (iterator->seek_first(); iterator->valid(); iterator->next()) {
      if (is_object_key(iterator->key())) each(iterator->key(), iterator->value());
    }
    iterator->status().check();
  });
  if (!found) {
    KvBatch batch;
    BatchWriter writer(batch);
    catalog_->bootstrap(options_.bootstrap, writer);
    pipeline_->write(batch, true);
    pipeline_->sync_now();
    return;
  }
  catalog_->snapshot(kPostgresDatabase)->for_each_database([this](const Database& database) {
    define_user_types(*catalog_->snapshot(database.oid));
    drop_left_over_temporary(database.oid);
  });
}

// Segments of storage that a crash kept from being removed, and files of unfinished work.
void SqlInstance::recover_columnar() {
  std::set<uint32_t> storage_ids;
  catalog_->snapshot(kPostgresDatabase)->for_each_database([&](const Database& database) {
    catalog_->snapshot(database.oid)->for_each_relation([&](const Relation& relation) {
      storage_ids.insert(relation.storage_id);
    });
  });
  columnar_->recover([&](uint32_t id) { return storage_ids.contains(id); });
}

// Temporary tables of sessions that a crash ended.
void SqlInstance::drop_left_over_temporary(Oid database) {
  CatalogTransaction ddl(*catalog_, database);
  std::vector<ObjectAddress> schemas;
  ddl.view()->for_each_schema([&](const Schema& schema) {
    if (schema.name.starts_with("pg_temp_")) schemas.push_back(schema.address());
  });
  if (schemas.empty()) return;
  DropResult dropped = ddl.drop(schemas, DropBehavior::kCascade);
  KvBatch batch;
  BatchWriter writer(batch);
  auto lock = catalog_->lock_commit();
  ddl.write_changes(writer);
  pipeline_->write(batch, true);
  catalog_->publish(ddl);
  for (const ObjectPtr& object : dropped.removed) {
    const auto* relation = dynamic_cast<const Relation*>(object.get());
    if (relation != nullptr && relation->storage_id != 0) drop_storage(relation->storage_id);
  }
}

LockManager& SqlInstance::locks(Oid database) {
  std::lock_guard lock(locks_mutex_);
  std::unique_ptr<LockManager>& manager = locks_[database];
  if (manager == nullptr) manager = std::make_unique<LockManager>(database);
  return *manager;
}

TableDescPtr SqlInstance::cached_table(Oid database, uint64_t catalog_version, Oid table) {
  std::lock_guard lock(tables_mutex_);
  auto cache = tables_.find(database);
  if (cache == tables_.end() || cache->second.version != catalog_version) return nullptr;
  auto it = cache->second.tables.find(table);
  return it == cache->second.tables.end() ? nullptr : it->second;
}

void SqlInstance::cache_table(Oid database, uint64_t catalog_version, const TableDescPtr& table) {
  std::lock_guard lock(tables_mutex_);
  TableCache& cache = tables_[database];
  if (catalog_version < cache.version) return;  // somebody works with a newer catalog already
  if (catalog_version > cache.version) {
    cache.tables.clear();
    cache.version = catalog_version;
  }
  cache.tables[table->oid] = table;
}

int64_t SqlInstance::storage_size_bytes(uint32_t storage_id) {
  uint64_t rows = kv_->approximate_size_bytes(KvFamily::kData, storage_prefix(storage_id),
                                              storage_prefix(storage_id + 1));
  uint64_t segments = 0;
  if (columnar_->has_segments(storage_id)) {
    segments = columnar_->table(storage_id)->latest_segments()->size_bytes() +
               kv_->approximate_size_bytes(KvFamily::kColumnar, columnar_begin(storage_id),
                                           columnar_end(storage_id));
  }
  return static_cast<int64_t>(rows + segments);
}

double SqlInstance::estimated_rows(uint32_t storage_id, uint32_t row_width_bytes) {
  int64_t now = current_timestamp_micros();
  {
    std::lock_guard lock(estimates_mutex_);
    auto it = estimates_.find(storage_id);
    if (it != estimates_.end() && now - it->second.made_micros < kEstimateLifetimeMicros) {
      return it->second.rows;
    }
  }
  // Compressed size; rows of tables are about half as large on disk as in memory.
  uint64_t bytes = kv_->approximate_size_bytes(KvFamily::kData, storage_prefix(storage_id),
                                               storage_prefix(storage_id + 1));
  double rows = static_cast<double>(bytes) * 2 / std::max(row_width_bytes, 16u);
  if (columnar_->has_segments(storage_id)) {
    rows += static_cast<double>(columnar_->table(storage_id)->latest_segments()->row_count());
  }
  std::lock_guard lock(estimates_mutex_);
  estimates_[storage_id] = {rows, now};
  return rows;
}

void SqlInstance::forget_estimate(uint32_t storage_id) {
  std::lock_guard lock(estimates_mutex_);
  estimates_.erase(storage_id);
}

void SqlInstance::change_catalog(Oid database,
                                 const std::function<void(CatalogTransaction&)>& change) {
  auto lock = catalog_->lock_commit();
  CatalogTransaction ddl(*catalog_, database);
  change(ddl);
  if (!ddl.has_changes()) return;
  KvBatch batch;
  BatchWriter writer(batch);
  ddl.write_changes(writer);
  pipeline_->write(batch, true);
  catalog_->publish(ddl);
}

void SqlInstance::drop_storage(uint32_t storage_id) {
  // Readers that began before the drop may hold snapshots for a while: their data goes only when no
  // snapshot is as old as the drop.
  std::vector<uint32_t> ready;
  {
    std::lock_guard lock(dropped_mutex_);
    uint64_t now = static_cast<uint64_t>(current_timestamp_micros());
    if (storage_id != 0) dropped_.push_back({storage_id, now});
    uint64_t oldest_age_us = (kv_->oldest_snapshot_age_seconds() + 2) * 1'000'000;
    bool none = kv_->oldest_snapshot_age_seconds() == 0;
    std::erase_if(dropped_, [&](const auto& item) {
      if (!none && now - item.second < oldest_age_us + 1'000'000) return false;
      ready.push_back(item.first);
      return true;
    });
  }
  columnar_->remove_retired();
  for (uint32_t id : ready) {
    statistics_.drop_storage(id);
    columnar_->drop(id);
    if (KvStatus status =
            kv_->remove_range(KvFamily::kData, storage_prefix(id), storage_prefix(id + 1));
        !status.ok()) {
      logger().log(LogLevel::kWarning, "dropped storage could not be removed",
                   {{"storage_id", static_cast<int64_t>(id)}, {"error", status.message()}});
    }
  }
}

void SqlInstance::checkpoint() {
  pipeline_->sync_now();
  kv_->flush().check();
}

void SqlInstance::close() {
  if (kv_ == nullptr) return;
  retention_.reset();
  auto_analyze_.reset();
  maintenance_.reset();
  {
    std::lock_guard lock(dropped_mutex_);
    for (const auto& [id, when] : dropped_) {
      columnar_->drop(id);
      KvStatus status =
          kv_->remove_range(KvFamily::kData, storage_prefix(id), storage_prefix(id + 1));
      static_cast<void>(status.ok());
    }
    dropped_.clear();
  }
  prepared_.reset();
  columnar_.reset();
  catalog_.reset();
  sequences_.reset();
  catalog_ids_.reset();
  ids_.reset();
  pipeline_.reset();
  locks_.clear();
  kv_.reset();
}

}  // namespace luma
