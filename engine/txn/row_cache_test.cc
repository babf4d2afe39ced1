#include "engine/txn/row_cache.h"

#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "engine/txn/commit_pipeline.h"
#include "engine/txn/test_store.h"

namespace luma {
namespace {

constexpr auto kData = KvFamily::kData;

std::string key_of(int i) { return fmt::format("tab1{:06}", i); }

std::string read(Transaction& txn, int i, ReadView view = ReadView::kStatement) {
  KvValue value;
  if (!txn.get_stamped(kData, key_of(i), &value, view)) return "none";
  return std::string(value.view().substr(8));
}

std::string read_now(TestStore& store, int i) {
  auto txn = store.begin();
  return read(*txn, i, ReadView::kLatest);
}

bool is_kept(TestStore& store, int i) {
  KvValue value;
  RowCache::Ticket ticket;
  return store.pipeline->rows().find(key_of(i), RowCache::kNewest, 0, &value, &ticket);
}

}  // namespace

TEST_CASE("rows that were read are kept until a commit changes them") {
  TestStore store;
  store.put(key_of(1), "a");
  store.put(key_of(2), "b");
  CHECK(read_now(store, 1) == "a");  // the first row of a storage is not kept
  CHECK_FALSE(is_kept(store, 1));
  CHECK(read_now(store, 1) == "a");
  CHECK(is_kept(store, 1));
  CHECK(read_now(store, 1) == "a");

  auto old = store.begin(IsolationLevel::kRepeatableRead);
  CHECK(read(*old, 1) == "a");
  store.put(key_of(1), "c");
  CHECK(is_kept(store, 1));  // as it is now
  CHECK(read_now(store, 1) == "c");
  CHECK(read(*old, 1) == "a");
  CHECK(read_now(store, 1) == "c");
  store.remove(key_of(1));
  CHECK_FALSE(is_kept(store, 1));
  CHECK(read_now(store, 1) == "none");
  CHECK(read(*old, 1) == "a");
  CHECK(read_now(store, 1) == "none");

  auto txn = store.begin();
  txn->put(kData, key_of(2), TestStore::stamped("own"), true);
  CHECK(read(*txn, 2, ReadView::kLatest) == "own");
  CHECK(read_now(store, 2) == "b");
  txn->put(kData, key_of(2), TestStore::stamped("last"), true);
  store.pipeline->commit(*txn);
  CHECK(read_now(store, 2) == "last");
}

TEST_CASE("a change to a whole storage takes its rows out of the cache") {
  TestStore store;
  store.put(key_of(1), "a");
  CHECK(read_now(store, 1) == "a");
  CHECK(read_now(store, 1) == "a");
  CHECK(is_kept(store, 1));
  KvBatch batch;
  batch.remove(kData, key_of(1));
  store.pipeline->write(batch, false);
  CHECK_FALSE(is_kept(store, 1));
  CHECK(read_now(store, 1) == "none");

  store.put(key_of(1), "b");
  CHECK(read_now(store, 1) == "b");
  auto txn = store.begin();
  for (int i = 0; i < 20000; ++i) txn->put(kData, key_of(i), TestStore::stamped("many"), true);
  store.pipeline->commit(*txn);
  CHECK(read_now(store, 1) == "many");
}

TEST_CASE("a reader that did not see the last change keeps nothing") {
  RowCache rows(1 << 20);
  KvValue value;
  RowCache::Ticket ticket;
  std::string row(16, '\0');
  rows.find("tab1x", RowCache::kNewest, 1, &value, &ticket);
  rows.put(ticket, "tab1x", row);  // says that rows are wanted
  rows.will_change("tab1x", 7);
  CHECK_FALSE(rows.find("tab1x", RowCache::kNewest, 6, &value, &ticket));
  CHECK_FALSE(ticket);
  CHECK_FALSE(rows.find("tab1x", RowCache::kNewest, 7, &value, &ticket));
  REQUIRE(ticket);
  rows.will_change("tab1x", 8);  // while the row is read
  rows.put(ticket, "tab1x", row);
  CHECK_FALSE(rows.find("tab1x", RowCache::kNewest, 8, &value, &ticket));
  REQUIRE(ticket);
  rows.will_change_all("tab1", 9);
  rows.put(ticket, "tab1x", row);
  CHECK_FALSE(rows.find("tab1x", RowCache::kNewest, 8, &value, &ticket));
  CHECK_FALSE(ticket);
  CHECK_FALSE(rows.find("tab1x", RowCache::kNewest, 9, &value, &ticket));
  rows.put(ticket, "tab1x", row);
  CHECK(rows.find("tab1x", RowCache::kNewest, 9, &value, &ticket));
}

TEST_CASE("changes to a storage before its rows are wanted are not forgotten") {
  RowCache rows(1 << 20);
  KvValue value;
  std::string row(16, '\0');
  RowCache::Ticket first, second;
  CHECK_FALSE(rows.find("tab1x", RowCache::kNewest, 6, &value, &first));
  CHECK_FALSE(rows.will_change("tab1x", 7));
  rows.put(first, "tab1y", row);
  // 7 is not visible to this reader.
  CHECK_FALSE(rows.find("tab1x", RowCache::kNewest, 6, &value, &second));
  CHECK_FALSE(second);
  CHECK_FALSE(rows.find("tab1x", RowCache::kNewest, 7, &value, &second));
  CHECK(second);
}

TEST_CASE("the cache of rows stays within its limit and keeps what is used") {
  constexpr size_t kLimit = 64 << 10;
  RowCache rows(kLimit);
  KvValue value;
  RowCache::Ticket ticket;
  std::string row(200, '\0');
  auto keep = [&](int i) {
    RowCache::Ticket ticket;
    if (!rows.find(key_of(i), RowCache::kNewest, 1, &value, &ticket)) {
      rows.put(ticket, key_of(i), row);
    }
  };
  for (int i = 0; i < 5000; ++i) {
    for (int hot = 0; hot < 20; ++hot) keep(hot);
    keep(100 + i);
    REQUIRE(rows.used_bytes() <= kLimit);
  }
  int kept = 0;
  for (int hot = 0; hot < 20; ++hot) {
    kept += rows.find(key_of(hot), RowCache::kNewest, 1, &value, &ticket) ? 1 : 0;
  }
  CHECK(kept >= 15);

  RowCache none(0);
  CHECK_FALSE(none.find("tab1x", RowCache::kNewest, 1, &value, &ticket));
  none.will_change_all("tab1", 1);
  CHECK_FALSE(none.will_change("tab1x", 1));
}

TEST_CASE("snapshots and newest reads are right while rows change") {
  CommitOptions options;
  options.row_cache_size = 16 << 10;
  TestStore store(false, options);
  constexpr int kRows = 60;
  constexpr int kTotal = kRows * 1000;
  for (int i = 0; i < kRows; ++i) store.put(key_of(i), "1000");
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  // One writer moves amounts; what it reads as the newest row is what it wrote last.
  std::thread writer([&] {
    std::mt19937 random(1);
    std::vector<int> amounts(kRows, 1000);
    for (int round = 0; round < 4000; ++round) {
      int from = static_cast<int>(random() % kRows), to = static_cast<int>(random() % kRows);
      auto txn = store.begin();
      if (read(*txn, from, ReadView::kLatest) != std::to_string(amounts[from])) ++wrong;
      --amounts[from];
      txn->put(kData, key_of(from), TestStore::stamped(std::to_string(amounts[from])), true);
      ++amounts[to];
      txn->put(kData, key_of(to), TestStore::stamped(std::to_string(amounts[to])), true);
      store.pipeline->commit(*txn);
    }
    stop = true;
  });
  auto check_snapshots = [&] {
    while (!stop) {
      auto txn = store.begin(IsolationLevel::kRepeatableRead);
      int total = 0;
      for (int i = 0; i < kRows; ++i) total += std::stoi(read(*txn, i));
      if (total != kTotal) ++wrong;
    }
  };
  std::thread reader(check_snapshots);
  check_snapshots();
  writer.join();
  reader.join();
  CHECK(wrong == 0);
}

}  // namespace luma
