#include "sql/session/columnar_maintenance.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/columnar/columnar_rewrite.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/table_desc_builder.h"
#include "sql/session/instance.h"

namespace luma {

namespace {
// A delta of this part of the usual size moves when nothing has changed for so long.
constexpr uint64_t kIdleFraction = 64;
constexpr auto kIdle = std::chrono::seconds(10);

// For descriptions of how rows are stored and nothing else: a rewrite evaluates no expression, and
// binding one would need a session. They are never shown to anybody else.
class StorageBinder final : public ExpressionBinder {
 public:
  explicit StorageBinder(ColumnarTables& tables) : tables_(tables) {}
  const Expr* bind_over_table(const Catalog&, const Table&, std::string_view, Arena&) override {
    return nullptr;
  }
  std::shared_ptr<ColumnarTable> columnar_table(uint32_t storage_id) override {
    return tables_.table(storage_id);
  }

 private:
  ColumnarTables& tables_;
};
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

void ColumnarMaintenance::visit_tables() {
  std::vector<std::pair<Oid, Oid>> wanted;
  CatalogStore& catalog = instance_.catalog();
  catalog.snapshot(kPostgresDatabase)->for_each_database([&](const Database& database) {
    catalog.snapshot(database.oid)->for_each_relation([&](const Relation& relation) {
      if (relation.kind != ObjectKind::kTable || relation.oid < kFirstUserOid) return;
      const auto& table = static_cast<const Table&>(relation);
      if (!keeps_segments(table) || table.storage_id == 0) return;
      uint64_t rows = instance_.columnar().table(table.storage_id)->delta_rows();
      if (!is_due(table.storage_id, rows)) return;
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
  if (desc->columnar == nullptr) return;
  RewriteOptions rewrite;
  rewrite.least_delta_rows = instance_.columnar().options().flush_rows / kIdleFraction + 1;
  rewrite_columnar(desc, &locks, &interrupt_, rewrite);
}

}  // namespace luma
