#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "engine/base/fault_plan.h"
#include "engine/base/sql_error.h"
#include "engine/txn/commit_pipeline.h"
#include "engine/txn/test_store.h"
#include "engine/txn/txn_iterator.h"

namespace luma {
namespace {

constexpr auto kData = KvFamily::kData;

CommitOptions always_large() {
  CommitOptions options;
  options.large_commit_bytes = 1;
  return options;
}

std::string key_of(int i) { return fmt::format("tab1{:06}", i); }

void put_rows(Transaction& txn, int first, int count, std::string_view value) {
  for (int i = first; i < first + count; ++i) {
    txn.put(kData, key_of(i), TestStore::stamped(value), true);
  }
}

// "first=value" of every run of equal values, and how many rows there are.
std::string describe(Transaction& txn) {
  std::string text, last;
  int rows = 0;
  auto at = txn.scan(kData, "tab1", "tab2");
  for (at->seek_first(); at->valid(); at->next(), ++rows) {
    std::string value(at->value().substr(8));
    if (value != last) text += fmt::format("{}={} ", at->key(), value);
    last = value;
  }
  return text + std::to_string(rows);
}

}  // namespace

TEST_CASE("a large commit is one change: later operations win, older snapshots do not see it") {
  TestStore store(true, always_large());
  auto first = store.begin();
  put_rows(*first, 0, 1000, "old");
  first->put(KvFamily::kCatalog, "name", "table");
  store.pipeline->commit(*first);

  auto reader = store.begin(IsolationLevel::kRepeatableRead);
  CHECK(describe(*reader) == "tab1000000=old 1000");
  auto second = store.begin();
  put_rows(*second, 500, 1000, "lost");
  put_rows(*second, 500, 1000, "new");
  for (int i = 0; i < 100; ++i) second->remove(kData, key_of(i));
  auto savepoint = second->savepoint();
  put_rows(*second, 0, 3000, "undone");
  second->rollback_to(savepoint);
  second->remove(KvFamily::kCatalog, "name");
  CommitResult result = store.pipeline->commit(*second);
  CHECK(store.pipeline->durable_ts() >= result.commit_ts);

  CHECK(describe(*reader) == "tab1000000=old 1000");
  auto later = store.begin();
  CHECK(describe(*later) == "tab1000100=old tab1000500=new 1400");
  KvValue value;
  CHECK_FALSE(later->get(KvFamily::kCatalog, "name", &value));
  REQUIRE(later->get(kData, key_of(500), &value));
  CHECK(Transaction::timestamp_of(value.view()) > 0);
}

TEST_CASE("a large commit survives a crash with everything before it") {
  TestStore store(true, always_large());
  CommitOptions rarely = always_large();
  rarely.mode = WalSyncMode::kPeriodic;
  rarely.sync_interval_ms = 100000;
  store.reopen(rarely);
  // Small enough for the log, which nobody syncs.
  KvBatch batch;
  batch.put(kData, "small", "before");
  store.pipeline->write(batch, false);
  auto txn = store.begin();
  put_rows(*txn, 0, 1000, "row");
  txn->put(KvFamily::kCatalog, "name", "table");
  store.pipeline->commit(*txn);
  KvOptions options = store.kv_options;
  options.path = store.copy_files();
  // As if another transaction had been about to commit.
  std::ofstream(options.path + "/incoming/77.sst") << "half a file";
  std::unique_ptr<Kv> kv;
  Kv::open(options, &kv).check();
  CHECK(std::filesystem::is_empty(options.path + "/incoming"));
  KvValue value;
  CHECK(kv->get(kData, "small", nullptr, &value).ok());
  CHECK(kv->get(kData, key_of(999), nullptr, &value).ok());
  CHECK(kv->get(KvFamily::kCatalog, "name", nullptr, &value).ok());
}

TEST_CASE("snapshots taken during large commits do not change") {
  TestStore store(true, always_large());
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&] {
      while (!done) {
        auto txn = store.begin(IsolationLevel::kRepeatableRead);
        std::string before = describe(*txn);
        std::this_thread::yield();
        if (describe(*txn) != before) ++torn;
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    auto txn = store.begin();
    put_rows(*txn, i % 3 * 50, 100, std::to_string(i));
    // Rows of every kind of commit lie side by side.
    if (i % 2 == 0) store.pipeline->commit(*txn);
    store.put(key_of(i), "single");
  }
  done = true;
  for (auto& reader : readers) reader.join();
  CHECK(torn == 0);
}

TEST_CASE("a disk that is full fails a large commit and nothing else") {
  TestStore store(true, always_large(), "enospc:*.sst:append:count=1");
  auto txn = store.begin();
  put_rows(*txn, 0, 1000, "row");
  try {
    store.pipeline->commit(*txn);
    FAIL("committed");
  } catch (const SqlError& error) {
    CHECK(error.state == SqlState::kDiskFull);
  }
  CHECK_FALSE(store.pipeline->refusing());
  CHECK(std::filesystem::is_empty(store.kv_options.path + "/incoming"));
  auto next = store.begin();
  CHECK(describe(*next) == "0");
  put_rows(*next, 0, 10, "row");
  store.pipeline->commit(*next);
  auto reader = store.begin();
  CHECK(describe(*reader) == "tab1000000=row 10");
}

TEST_CASE("after a full disk large commits go through the log") {
  CommitOptions options;
  options.large_commit_bytes = 10000;
  TestStore store(true, options,
                  "enospc:*.log:append:after=12:count=1;enospc:*.sst:append:count=1");
  int stored = 0;
  try {
    for (; stored < 100; ++stored) {
      store.pipeline->wait_durable(store.put(key_of(1000 + stored), "small").wait_for_ts);
    }
    FAIL("the disk was not full");
  } catch (const SqlError& error) {
    CHECK(error.state == SqlState::kDiskFull);
  }
  while (!store.pipeline->try_resume()) std::this_thread::yield();
  CHECK_FALSE(store.kv->can_take_over());
  auto txn = store.begin();
  put_rows(*txn, 0, 1000, "row");
  store.pipeline->wait_durable(store.pipeline->commit(*txn).wait_for_ts);
  store.kv_options.faults.clear();
  store.reopen(options);
  CHECK(store.kv->can_take_over());
  CHECK(describe(*store.begin()).starts_with("tab1000000=row tab1001000=small "));
}

}  // namespace luma
