#include "sql/session/columnar_maintenance.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/columnar/columnar_rewrite.h"
#include "sql/catalog/access_method.h"
#include "sql/session/instance.h"
#include "sql/session/storage_binder.h"

namespace luma {

namespace {
// A delta of this part of the usual size moves when nothing has changed for so long.
constexpr uint64_t kIdleFraction = 64;
constexpr auto kIdle = std::chrono::seconds(10);

}  // namespace

ColumnarMaintenance::ColumnarMaintenance(SqlInstance& instance) : instance_(instance) {
  if (instance.columnar().has_segments()) thread_ = std::thread([this] { run(); });
}

ColumnarMaintenance::~ColumnarMaintenance() {
  {
    std::lock_guard guard(mutex_);
    stopping_ = true;
    interrupt_.raise(Interrupt::kTerminate);
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ColumnarMaintenance::run() {
  const std::chrono::milliseconds pause(instance_.columnar().options().interval_ms);
  constexpr std::chrono::milliseconds kPauseAfterFailure(5000);
  bool failed = false;
  std::unique_lock guard(mutex_);
  while (!wake_.wait_for(guard, failed ? std::max(pause, kPauseAfterFailure) : pause,
                         [this] { return stopping_; })) {
    guard.unlock();
    failed = false;
    try {
      visit_tables();
      instance_.columnar().remove_retired();
    } catch (const std::exception& error) {
      // Nothing is lost: the rows stay where they were, and a later round tries again.
      failed = true;
      if (!stopping_) {
        instance_.logger().log(LogLevel::kWarning, "columnar maintenance failed",
                               {{"error", error.what()}});
      }
    }
    guard.lock();
  }
}

// Much, or what has been left alone for a while: a small delta costs every scan a little.
bool ColumnarMaintenance::is_due(uint32_t storage_id, uint64_t delta_rows) {
  const uint64_t enough = instance_.columnar().options().flush_rows;
  if (delta_rows >= enough) return true;
  if (delta_rows * kIdleFraction < enough) return false;
  auto now = std::chrono::steady_clock::now();
  Seen& seen = seen_[storage_id];
  if (seen.delta_rows != delta_rows) seen = {delta_rows, now};
  return now - seen.since >= kIdle;
}

namespace {

// The table whose rows a relation has in columns; invalid when it keeps none so.
Oid columnar_owner(const Relation& relation) {
  if (relation.kind == ObjectKind::kTable) {
    return keeps_segments(static_cast<const Table&>(relation)) ? relation.oid : kInvalidOid;
  }
  if (relation.kind != ObjectKind::kIndex) return kInvalidOid;
  const auto& index = static_cast<const Index&>(relation);
  return index.access_method == kColumnarAm ? index.table : kInvalidOid;
}

}  // namespace

void ColumnarMaintenance::visit_tables() {
  struct Wanted {
    Oid database, table, relation;
  };
  std::vector<Wanted> wanted;
  std::vector<std::shared_ptr<ColumnarTable>> compactions;
  CatalogStore& catalog = instance_.catalog();
  catalog.snapshot(kPostgresDatabase)->for_each_database([&](const Database& database) {
    catalog.snapshot(database.oid)->for_each_relation([&](const Relation& relation) {
      if (relation.oid < kFirstUserOid || relation.storage_id == 0) return;
      const Oid table = columnar_owner(relation);
      if (table == kInvalidOid) return;
      auto columnar = instance_.columnar().table(relation.storage_id);
      if (is_due(relation.storage_id, columnar->delta_rows())) {
        wanted.push_back({database.oid, table, relation.oid});
      }
      if (delta_wants_compaction(*columnar)) compactions.push_back(std::move(columnar));
    });
  });
  for (const Wanted& item : wanted) visit(item.database, item.table, item.relation);
  for (const auto& columnar : compactions) compact_delta(*columnar);
}

void ColumnarMaintenance::visit(Oid database, Oid table, Oid relation) {
  LockManager& locks = instance_.locks(database);
  LockOwner owner(locks, 0, &interrupt_);
  LockOptions options;
  options.wait = LockWait::kSkipLocked;
  if (locks.lock_table(owner, table, TableLockMode::kAccessShare, options) ==
      LockOutcome::kSkipped) {
    return;
  }
  // Read under the lock, so that the definition stays as it is. Sessions that use the table have
  // made its description; nobody may have since the server started.
  auto catalog = instance_.catalog().snapshot(database);
  TableDescPtr desc = instance_.cached_table(database, catalog->version(), table);
  if (desc == nullptr) {
    const Table* definition = catalog->table(table);
    if (definition == nullptr || definition->storage_id == 0) return;
    StorageBinder binder(instance_.columnar());
    desc = build_table_desc(*catalog, *definition, binder);
  }
  for (const ColumnarCopyDesc& copy : desc->copies) {
    if (copy.oid == relation) desc = copy.rows;
  }
  if (desc->oid != relation || desc->columnar == nullptr) return;
  RewriteOptions rewrite;
  rewrite.least_delta_rows = instance_.columnar().options().flush_rows / kIdleFraction + 1;
  rewrite_columnar(desc, &locks, &interrupt_, rewrite);
}

}  // namespace luma
