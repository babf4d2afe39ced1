#include "sql/session/columnar_maintenance.h"

#include <chrono>
#include <utility>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/columnar/columnar_rewrite.h"
#include "sql/catalog/access_method.h"
#include "sql/session/instance.h"

namespace luma {

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
  std::unique_lock guard(mutex_);
  while (!wake_.wait_for(guard, pause, [this] { return stopping_; })) {
    guard.unlock();
    try {
      visit_tables();
      instance_.columnar().remove_retired();
    } catch (const SqlError& error) {
      // Nothing is lost: the rows stay where they were, and the next round tries again.
      if (!stopping_) {
        instance_.logger().log(LogLevel::kWarning, "columnar maintenance failed",
                               {{"error", error.message}});
      }
    }
    guard.lock();
  }
}

void ColumnarMaintenance::visit_tables() {
  const uint64_t enough = instance_.columnar().options().flush_rows;
  std::vector<std::pair<Oid, Oid>> wanted;
  CatalogStore& catalog = instance_.catalog();
  catalog.snapshot(kPostgresDatabase)->for_each_database([&](const Database& database) {
    catalog.snapshot(database.oid)->for_each_relation([&](const Relation& relation) {
      if (relation.kind != ObjectKind::kTable || relation.oid < kFirstUserOid) return;
      const auto& table = static_cast<const Table&>(relation);
      if (!keeps_segments(table) || table.storage_id == 0) return;
      if (instance_.columnar().table(table.storage_id)->delta_rows() < enough) return;
      wanted.emplace_back(database.oid, table.oid);
    });
  });
  for (const auto& [database, table] : wanted) visit(database, table);
}

void ColumnarMaintenance::visit(Oid database, Oid table) {
  LockManager& locks = instance_.locks(database);
  LockOwner owner(locks, 0, &interrupt_);
  LockOptions options;
  options.wait = LockWait::kSkipLocked;
  if (locks.lock_table(owner, table, TableLockMode::kAccessShare, options) ==
      LockOutcome::kSkipped) {
    return;
  }
  // Sessions that write the table have made its description; it cannot change under the lock.
  TableDescPtr desc =
      instance_.cached_table(database, instance_.catalog().snapshot(database)->version(), table);
  if (desc == nullptr || desc->columnar == nullptr) return;
  RewriteOptions rewrite;
  rewrite.least_delta_rows = instance_.columnar().options().flush_rows / 2 + 1;
  rewrite_columnar(desc, &locks, &interrupt_, rewrite);
}

}  // namespace luma
