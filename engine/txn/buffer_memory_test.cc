#include "engine/txn/buffer_memory.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "engine/txn/test_store.h"
#include "engine/txn/txn_iterator.h"

namespace luma {
namespace {

constexpr auto kData = KvFamily::kData;

std::map<std::string, std::string> contents(Transaction& txn) {
  std::map<std::string, std::string> rows;
  auto at = txn.scan(kData, "", "", ReadView::kOwn);
  for (at->seek_first(); at->valid(); at->next()) {
    rows[std::string(at->key())] = at->value().substr(8);
  }
  return rows;
}

}  // namespace

TEST_CASE("a transaction that outgrows its memory goes on in a file") {
  TestStore store(true);
  MemoryBudget budget(size_t{1} << 20);
  TransactionOptions options;
  options.budget = &budget;
  options.memory_bytes = size_t{64} << 10;
  Transaction txn(*store.pipeline, nullptr, nullptr, options);
  std::map<std::string, std::string> expected, saved;
  std::mt19937 random(7);
  const std::string padding(30, '.');
  constexpr int kOps = 60000;
  for (int i = 0; i < kOps; ++i) {
    std::string key = fmt::format("key {:05}", random() % 20000);
    if (random() % 5 == 0) {
      txn.remove(kData, key);
      expected.erase(key);
    } else {
      std::string value = std::to_string(i) + padding;
      txn.put(kData, key, TestStore::stamped(value), true);
      expected[key] = value;
    }
  }
  CHECK(contents(txn) == expected);
  auto savepoint = txn.savepoint();
  for (int i = 0; i < kOps; ++i) {
    txn.put(kData, fmt::format("key {:05}", i % 30000), TestStore::stamped("undone"), true);
  }
  txn.rollback_to(savepoint);
  CHECK(contents(txn) == expected);
  // Larger than a piece of the file.
  std::string large(size_t{20} << 20, 'x');
  txn.put(kData, "large", TestStore::stamped(large), true);
  expected["large"] = large;
  CHECK(budget.used_bytes() < size_t{1} << 20);
  store.pipeline->commit(txn);
  CHECK(std::filesystem::is_empty(store.kv->scratch_directory()));
  auto reader = store.begin();
  CHECK(contents(*reader) == expected);
}

}  // namespace luma
