#include "engine/txn/transaction.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "engine/base/sql_error.h"
#include "engine/txn/read_set.h"
#include "engine/txn/test_store.h"
#include "engine/txn/txn_iterator.h"

namespace luma {
namespace {

constexpr auto kData = KvFamily::kData;

template <typename Action>
SqlState state_of(Action action) {
  try {
    action();
  } catch (const SqlError& error) {
    return error.state;
  }
  return SqlState::kSuccessfulCompletion;
}

}  // namespace

TEST_CASE("statements see earlier statements' writes, not their own") {
  TestStore store;
  store.put("a", "old");
  auto txn = store.begin();
  {
    StatementScope statement(*txn);
    txn->put(kData, "a", TestStore::stamped("new"), true);
    txn->put(kData, "b", TestStore::stamped("new"), true);
    REQUIRE(TestStore::get(*txn, "a") == "old");
    REQUIRE(TestStore::get(*txn, "a", ReadView::kOwn) == "new");
    REQUIRE(!TestStore::get(*txn, "b"));
    {
      StatementScope inner(*txn, true);
      REQUIRE(TestStore::get(*txn, "b") == "new");
    }
    REQUIRE(!TestStore::get(*txn, "b"));
  }
  StatementScope statement(*txn);
  REQUIRE(TestStore::get(*txn, "a") == "new");
  store.put("c", "other");
  REQUIRE(TestStore::get(*txn, "c") == "other");
}

TEST_CASE("read committed takes a snapshot per statement, repeatable read one") {
  TestStore store;
  store.put("a", "1");
  auto committed = store.begin(), repeatable = store.begin(IsolationLevel::kRepeatableRead);
  auto read = [](Transaction& txn) {
    StatementScope statement(txn);
    return TestStore::get(txn, "a");
  };
  REQUIRE(read(*committed) == "1");
  REQUIRE(read(*repeatable) == "1");
  store.put("a", "2");
  REQUIRE(read(*committed) == "2");
  REQUIRE(read(*repeatable) == "1");
  REQUIRE(TestStore::get(*repeatable, "a", ReadView::kLatest) == "2");
  committed->check_unchanged_since_snapshot(kData, "a");
  repeatable->check_unchanged_since_snapshot(kData, "never there");
  REQUIRE(state_of([&] { repeatable->check_unchanged_since_snapshot(kData, "a"); }) ==
          SqlState::kTRSerializationFailure);
  store.remove("a");
  REQUIRE_THROWS_WITH(repeatable->check_unchanged_since_snapshot(kData, "a"),
                      "could not serialize access due to concurrent delete");
}

TEST_CASE("savepoints undo writes and give back locks") {
  TestStore store;
  LockManager locks;
  Interrupt interrupt;
  LockOwner owner(locks, 1, &interrupt);
  {
    Transaction txn(*store.pipeline, &locks, &owner, {});
    txn.put(kData, "a", TestStore::stamped("1"), true);
    locks.lock_row(owner, 1, "a", RowLockMode::kUpdate);
    auto savepoint = txn.savepoint();
    for (int i = 0; i < 40; ++i)
      txn.put(kData, fmt::format("k{}", i), TestStore::stamped("x"), true);
    txn.put(kData, "a", TestStore::stamped("2"), true);
    locks.lock_row(owner, 1, "b", RowLockMode::kUpdate);
    txn.rollback_to(savepoint);
    REQUIRE(TestStore::get(txn, "a", ReadView::kOwn) == "1");
    REQUIRE(!TestStore::get(txn, "k3", ReadView::kOwn));
    REQUIRE(locks.list().size() == 1);
    txn.put(kData, "k3", TestStore::stamped("y"), true);
    store.pipeline->commit(txn);
    REQUIRE(locks.list().empty());
  }
  auto txn = store.begin();
  REQUIRE(TestStore::get(*txn, "a") == "1");
  REQUIRE(TestStore::get(*txn, "k3") == "y");
  REQUIRE(!TestStore::get(*txn, "k4"));
  REQUIRE(owner.transaction_id() == 0);
}

TEST_CASE("the buffer is bounded by its limit and by memory") {
  TestStore store;
  MemoryBudget budget(1 << 20);
  TransactionOptions options;
  options.max_bytes = 10000;
  options.budget = &budget;
  auto fill = [&] {
    Transaction txn(*store.pipeline, nullptr, nullptr, options);
    for (int i = 0; i < 1000000; ++i) txn.put(kData, fmt::format("{}", i), "0123456789");
  };
  REQUIRE(state_of(fill) == SqlState::kProgramLimitExceeded);
  options.max_bytes = size_t{1} << 40;
  REQUIRE(state_of(fill) == SqlState::kOutOfMemory);
  REQUIRE(budget.used_bytes() == 0);
}

TEST_CASE("merged iteration equals a map, in all directions and with all marks") {
  TestStore store;
  std::mt19937 random(42);
  auto random_key = [&] { return fmt::format("k{:03}", random() % 400); };
  std::map<std::string, std::string> committed;
  for (int i = 0; i < 200; ++i) {
    std::string key = random_key(), value = std::to_string(i);
    store.put(key, value);
    committed[key] = value;
  }
  store.kv->flush().check();
  for (int round = 0; round < 60; ++round) {
    auto txn = store.begin();
    auto expected = committed, at_mark = committed;
    int writes = static_cast<int>(random() % 60), mark = static_cast<int>(random() % 60);
    // Ascending keys need no index, as long as no other follows.
    int ascending = round % 3 == 0 ? static_cast<int>(random() % 60) : 0;
    for (int i = 0; i < writes; ++i) {
      if (i == mark) {
        txn->advance_statement_mark();
        at_mark = expected;
      }
      std::string key = i < ascending ? fmt::format("k{:03}", i * 6) : random_key();
      if (random() % 3 == 0) {
        txn->remove(kData, key);
        expected.erase(key);
      } else {
        txn->put(kData, key, TestStore::stamped(std::to_string(-i)), true);
        expected[key] = std::to_string(-i);
      }
    }
    for (ReadView view : {ReadView::kStatement, ReadView::kOwn, ReadView::kLatest}) {
      const auto& model = view == ReadView::kStatement ? at_mark : expected;
      auto iterator = txn->scan(kData, "", "", view);
      for (int probe = 0; probe < 30; ++probe) {
        std::string lower = random() % 4 ? random_key() : "",
                    upper = random() % 4 ? random_key() : "";
        if (!upper.empty() && upper < lower) std::swap(lower, upper);
        iterator->set_bounds(lower, upper);
        auto begin = model.lower_bound(lower);
        auto end = upper.empty() ? model.end() : model.lower_bound(upper);
        std::vector<std::pair<std::string, std::string>> range(begin, end);
        auto at = static_cast<int64_t>(0);
        auto size = static_cast<int64_t>(range.size());
        std::string key = random_key();
        auto first_not_below =
            std::lower_bound(range.begin(), range.end(), key,
                             [](auto& pair, auto& k) { return pair.first < k; }) -
            range.begin();
        switch (random() % 4) {
          case 0:
            iterator->seek_first();
            at = 0;
            break;
          case 1:
            iterator->seek_last();
            at = size - 1;
            break;
          case 2:
            iterator->seek(key);
            at = first_not_below;
            break;
          case 3:
            iterator->seek_for_prev(key);
            at = first_not_below;
            if (at == size || range[static_cast<size_t>(at)].first != key) --at;
            break;
        }
        for (int step = 0; step < 12; ++step) {
          bool inside = at >= 0 && at < size;
          REQUIRE(iterator->valid() == inside);
          if (!inside) break;
          REQUIRE(iterator->key() == range[static_cast<size_t>(at)].first);
          REQUIRE(iterator->value().substr(8) == range[static_cast<size_t>(at)].second);
          if (random() % 3) {
            iterator->next();
            ++at;
          } else {
            iterator->prev();
            --at;
          }
        }
      }
      for (int probe = 0; probe < 20; ++probe) {
        std::string key = random_key();
        auto found = TestStore::get(*txn, key, view);
        REQUIRE(found.has_value() == model.contains(key));
        if (found) REQUIRE(*found == model.at(key));
      }
    }
  }
}

TEST_CASE("many keys are looked for at once") {
  TestStore store;
  std::mt19937 random(7);
  auto key_of = [](int number) { return fmt::format("k{:05}", number); };
  for (int i = 0; i < 300; ++i) store.put(key_of(static_cast<int>(random() % 5000) * 2), "x");
  store.kv->flush().check();
  for (int i = 5000; i < 10000; i += 2) store.put(key_of(i), "x");
  for (int i = 5000; i < 10000; i += 2) store.remove(key_of(i));
  store.put(key_of(20000), "x");
  auto txn = store.begin();
  for (int i = 0; i < 40; ++i) txn->put(kData, key_of(30000 + i * 2), TestStore::stamped("own"));
  txn->remove(kData, key_of(20000));
  for (int probe = 0; probe < 200; ++probe) {
    std::vector<std::string> keys;
    int first = static_cast<int>(random() % 40000), step = probe % 2 == 0 ? 2 : 200;
    for (int i = 0; i < 100; ++i) {
      first += static_cast<int>(random() % static_cast<unsigned>(step)) + 1;
      if (probe % 4 != 0) first |= 1;  // odd ones do not exist
      keys.push_back(key_of(first));
    }
    bool exists = false;
    for (const auto& key : keys) {
      exists = exists || TestStore::get(*txn, key, ReadView::kLatest) || key == key_of(20000);
    }
    std::vector<std::string_view> views(keys.begin(), keys.end());
    REQUIRE(txn->any_may_exist(kData, views) == exists);
  }
}

TEST_CASE("a read set merges ranges and escalates without forgetting") {
  ReadSet set;
  std::mt19937 random(3);
  std::vector<bool> model(1000);
  for (int i = 0; i < 40; ++i) {
    size_t lower = random() % 1000, upper = std::min<size_t>(1000, lower + random() % 30);
    set.add_range(kData, fmt::format("{:04}", lower), fmt::format("{:04}", upper));
    std::fill(model.begin() + static_cast<ptrdiff_t>(lower),
              model.begin() + static_cast<ptrdiff_t>(upper), true);
  }
  for (size_t i = 0; i < 1000; ++i) {
    REQUIRE(set.contains(kData, fmt::format("{:04}", i)) == model[i]);
  }
  REQUIRE(!set.contains(KvFamily::kCatalog, "0500"));
  for (size_t i = 0; i <= ReadSet::kMaxKeys; ++i) set.add_key(kData, fmt::format("tab1{}", i));
  REQUIRE(set.contains(kData, "tab1 anything"));
  REQUIRE(!set.contains(kData, "tab2"));
  set.add_range(kData, "x", "");
  REQUIRE(set.contains(kData, "zzz"));
}

TEST_CASE("serializable: write skew and phantoms fail, readers do not") {
  TestStore store;
  store.put("a", "1");
  store.put("b", "1");
  auto commit = [&](std::unique_ptr<Transaction>& txn) {
    return state_of([&] { store.pipeline->commit(*txn); });
  };
  auto first = store.begin(IsolationLevel::kSerializable);
  auto second = store.begin(IsolationLevel::kSerializable);
  TestStore::get(*first, "a");
  TestStore::get(*first, "b");
  TestStore::get(*second, "a");
  TestStore::get(*second, "b");
  first->put(kData, "a", TestStore::stamped("0"), true);
  second->put(kData, "b", TestStore::stamped("0"), true);
  REQUIRE(commit(first) == SqlState::kSuccessfulCompletion);
  REQUIRE(commit(second) == SqlState::kTRSerializationFailure);

  auto counter = store.begin(IsolationLevel::kSerializable);
  auto reader = store.begin(IsolationLevel::kSerializable);
  for (Transaction* txn : {counter.get(), reader.get()}) {
    auto iterator = txn->scan(kData, "p", "q");
    for (iterator->seek_first(); iterator->valid();) iterator->next();
  }
  store.put("p1", "phantom");
  counter->put(kData, "sum", TestStore::stamped("0"), true);
  REQUIRE(commit(counter) == SqlState::kTRSerializationFailure);
  REQUIRE(commit(reader) == SqlState::kSuccessfulCompletion);

  // A scan that stopped early has not read what lies behind.
  auto limited = store.begin(IsolationLevel::kSerializable);
  auto iterator = limited->scan(kData, "a", "");
  iterator->seek_first();
  REQUIRE(iterator->key() == "a");
  store.put("b", "changed");
  limited->put(kData, "z", TestStore::stamped("0"), true);
  REQUIRE(commit(limited) == SqlState::kSuccessfulCompletion);
  iterator.reset();
}

}  // namespace luma
