#include "engine/txn/lock_manager.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "engine/base/sql_error.h"
#include "engine/base/would_block.h"

namespace luma {
namespace {

constexpr LockOptions kTry{.wait = LockWait::kSkipLocked};

struct Session {
  Interrupt interrupt;
  LockOwner owner;
  Session(LockManager& locks, int32_t pid) : owner(locks, pid, &interrupt) {
    owner.set_transaction_id(static_cast<uint64_t>(pid) * 100);
  }
};

void wait_until_waiting(LockManager& locks, size_t count) {
  while (true) {
    size_t waiting = 0;
    for (const auto& line : locks.list()) waiting += !line.granted;
    if (waiting == count) return;
    std::this_thread::yield();
  }
}

template <typename Action>
SqlError error_of(Action action) {
  try {
    action();
  } catch (const SqlError& error) {
    return error;
  }
  return SqlError(SqlState::kSuccessfulCompletion, "no error");
}

}  // namespace

TEST_CASE("row and table modes conflict as in PostgreSQL") {
  LockManager locks;
  Session first(locks, 1), second(locks, 2);
  const std::string row_matrix[4] = {"...x", "..xx", ".xxx", "xxxx"};
  for (int held = 0; held < 4; ++held) {
    for (int wanted = 0; wanted < 4; ++wanted) {
      locks.lock_row(first.owner, 1, "key", RowLockMode(held));
      bool refused = locks.lock_row(second.owner, 1, "key", RowLockMode(wanted), kTry) ==
                     LockOutcome::kSkipped;
      REQUIRE(refused == (row_matrix[held][wanted] == 'x'));
      locks.release_transaction(first.owner);
      locks.release_transaction(second.owner);
    }
  }
  const std::string table_matrix[8] = {".......x", "......xx", "....xxxx", "...xxxxx",
                                       "..xx.xxx", "..xxxxxx", ".xxxxxxx", "xxxxxxxx"};
  for (int held = 1; held <= 8; ++held) {
    for (int wanted = 1; wanted <= 8; ++wanted) {
      locks.lock_table(first.owner, 16384, TableLockMode(held));
      bool refused = locks.lock_table(second.owner, 16384, TableLockMode(wanted), kTry) ==
                     LockOutcome::kSkipped;
      REQUIRE(refused == (table_matrix[held - 1][wanted - 1] == 'x'));
      locks.release_transaction(first.owner);
      locks.release_transaction(second.owner);
    }
  }
  REQUIRE(locks.list().empty());
}

TEST_CASE("refusals: NOWAIT, inline, lock_timeout, interrupt") {
  LockManager locks;
  Session first(locks, 1), second(locks, 2);
  locks.lock_row(first.owner, 1, "key", RowLockMode::kUpdate);
  auto lock = [&](LockOptions options) {
    options.relation_name = "accounts";
    return error_of([&] { locks.lock_row(second.owner, 1, "key", RowLockMode::kUpdate, options); });
  };
  SqlError nowait = lock({.wait = LockWait::kNoWait});
  REQUIRE(nowait.state == SqlState::kLockNotAvailable);
  REQUIRE(nowait.message == "could not obtain lock on row in relation \"accounts\"");
  SqlError timeout = lock({.timeout_ms = 20});
  REQUIRE(timeout.message == "canceling statement due to lock timeout");
  REQUIRE_THROWS_AS(lock({.inline_mode = true}), WouldBlock);
  std::thread canceller([&] {
    wait_until_waiting(locks, 1);
    second.interrupt.raise(Interrupt::kCancel);
    second.owner.wake();
  });
  auto start = std::chrono::steady_clock::now();
  SqlError cancelled = lock({});
  canceller.join();
  REQUIRE(cancelled.state == SqlState::kQueryCanceled);
  REQUIRE(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  REQUIRE(locks.list().size() == 1);
}

TEST_CASE("rows locked in bulk") {
  LockManager locks;
  Session bulk(locks, 1), other(locks, 2);
  std::vector<std::string> texts;
  for (int i = 0; i < 1000; ++i) texts.push_back(fmt::format("abcd{:06}", i * 2));
  auto run = [&](size_t from, size_t to) {
    return std::vector<std::string_view>(texts.begin() + static_cast<ptrdiff_t>(from),
                                         texts.begin() + static_cast<ptrdiff_t>(to));
  };
  auto try_one = [&](Session& session, std::string_view key) {
    return locks.lock_row(session.owner, 1, key, RowLockMode::kKeyShare, kTry);
  };
  locks.lock_row(other.owner, 1, texts[20], RowLockMode::kKeyShare);
  REQUIRE(!locks.try_lock_rows(bulk.owner, run(0, 100), RowLockMode::kUpdate));
  locks.release_transaction(other.owner);
  REQUIRE(locks.try_lock_rows(bulk.owner, run(0, 100), RowLockMode::kUpdate));
  size_t mark = bulk.owner.mark();
  REQUIRE(locks.try_lock_rows(bulk.owner, run(500, 600), RowLockMode::kUpdate));
  REQUIRE(locks.try_lock_rows(bulk.owner, run(200, 300), RowLockMode::kUpdate));
  // Only the keys themselves are locked, and for their owner they are.
  REQUIRE(try_one(other, "abcd000001") == LockOutcome::kGranted);
  REQUIRE(try_one(other, texts[400]) == LockOutcome::kGranted);
  for (size_t i : {0, 99, 200, 299, 500, 599}) {
    REQUIRE(try_one(other, texts[i]) == LockOutcome::kSkipped);
    REQUIRE(try_one(bulk, texts[i]) == LockOutcome::kAlreadyHeld);
  }
  REQUIRE(!locks.try_lock_rows(other.owner, run(299, 301), RowLockMode::kUpdate));
  REQUIRE(locks.try_lock_rows(other.owner, run(300, 301), RowLockMode::kUpdate));
  // Back to the savepoint: what came later is free, for those who wait, too.
  std::thread waiter([&] { locks.lock_row(other.owner, 1, texts[550], RowLockMode::kUpdate); });
  wait_until_waiting(locks, 1);
  REQUIRE(locks.blocking_pids(2) == std::vector<int32_t>{1});
  locks.release_since(bulk.owner, mark);
  waiter.join();
  REQUIRE(try_one(other, texts[250]) == LockOutcome::kGranted);
  REQUIRE(try_one(other, texts[50]) == LockOutcome::kSkipped);
  locks.release_transaction(bulk.owner);
  REQUIRE(try_one(other, texts[50]) == LockOutcome::kGranted);
  locks.release_transaction(other.owner);
  REQUIRE(locks.list().empty());
}

TEST_CASE("bulk and single row locks exclude each other") {
  LockManager locks;
  constexpr int kKeys = 64, kRounds = 3000;
  std::vector<std::string> texts;
  for (int i = 0; i < kKeys; ++i) texts.push_back(fmt::format("abcd{:06}", i));
  std::vector<std::atomic<int>> owners(kKeys);
  std::atomic<bool> broken{false};
  auto enter = [&](int key) { broken = broken || owners[static_cast<size_t>(key)]++ != 0; };
  auto leave = [&](int key) { --owners[static_cast<size_t>(key)]; };
  auto work = [&](int pid, bool in_bulk) {
    Session session(locks, pid);
    std::mt19937 random(static_cast<unsigned>(pid));
    for (int round = 0; round < kRounds; ++round) {
      int first = static_cast<int>(random() % (kKeys - 8)), count = in_bulk ? 8 : 1;
      std::vector<std::string_view> keys;
      for (int i = 0; i < count; ++i) keys.push_back(texts[static_cast<size_t>(first + i)]);
      if (!in_bulk) {
        locks.lock_row(session.owner, 1, keys[0], RowLockMode::kUpdate);
      } else if (!locks.try_lock_rows(session.owner, keys, RowLockMode::kUpdate)) {
        continue;
      }
      for (int i = 0; i < count; ++i) enter(first + i);
      for (int i = 0; i < count; ++i) leave(first + i);
      locks.release_transaction(session.owner);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work, i + 1, i < 2);
  for (auto& thread : threads) thread.join();
  REQUIRE(!broken);
  REQUIRE(locks.list().empty());
}

TEST_CASE("waiters are served in order, upgrades first") {
  LockManager locks;
  Session holder(locks, 1), writer(locks, 2), reader(locks, 3);
  std::string order;
  std::mutex order_mutex;
  locks.lock_table(holder.owner, 1, TableLockMode::kShare);
  auto acquire = [&](Session& session, TableLockMode mode, char name) {
    locks.lock_table(session.owner, 1, mode);
    {
      std::lock_guard guard(order_mutex);
      order += name;
    }
    locks.release_transaction(session.owner);
  };
  std::thread first([&] { acquire(writer, TableLockMode::kAccessExclusive, 'w'); });
  wait_until_waiting(locks, 1);
  // Compatible with the holder, but the writer came first.
  std::thread second([&] { acquire(reader, TableLockMode::kShare, 'r'); });
  wait_until_waiting(locks, 2);
  REQUIRE(locks.blocking_pids(3) == std::vector<int32_t>{2});
  REQUIRE(locks.blocking_pids(2) == std::vector<int32_t>{1});
  // The holder itself is not stopped by the queue.
  REQUIRE(locks.lock_table(holder.owner, 1, TableLockMode::kAccessExclusive) ==
          LockOutcome::kGranted);
  REQUIRE(locks.lock_table(holder.owner, 1, TableLockMode::kShare) == LockOutcome::kAlreadyHeld);
  locks.release_transaction(holder.owner);
  first.join();
  second.join();
  REQUIRE(order == "wr");
  REQUIRE(locks.list().empty());
}

TEST_CASE("who may share a row with its holders does not stand behind those who wait") {
  LockManager locks;
  Session holder(locks, 1), writer(locks, 2), reader(locks, 3);
  locks.lock_row(holder.owner, 1, "key", RowLockMode::kKeyShare);
  std::thread waits([&] { locks.lock_row(writer.owner, 1, "key", RowLockMode::kUpdate); });
  wait_until_waiting(locks, 1);
  REQUIRE(locks.lock_row(reader.owner, 1, "key", RowLockMode::kShare) == LockOutcome::kGranted);
  locks.release_transaction(holder.owner);
  REQUIRE(locks.blocking_pids(2) == std::vector<int32_t>{3});
  locks.release_transaction(reader.owner);
  waits.join();
}

TEST_CASE("a deadlock fails one of its members with PostgreSQL's texts") {
  LockManager locks(5);
  Session first(locks, 11), second(locks, 22);
  locks.lock_row(first.owner, 1, "a", RowLockMode::kUpdate);
  locks.lock_table(second.owner, 16400, TableLockMode::kAccessExclusive);
  std::thread other([&] {
    locks.lock_row(second.owner, 1, "a", RowLockMode::kUpdate, {.deadlock_timeout_ms = 60000});
    locks.release_transaction(second.owner);
  });
  wait_until_waiting(locks, 1);
  SqlError error = error_of([&] {
    locks.lock_table(first.owner, 16400, TableLockMode::kAccessShare, {.deadlock_timeout_ms = 1});
  });
  REQUIRE(error.state == SqlState::kTRDeadlockDetected);
  REQUIRE(error.message == "deadlock detected");
  REQUIRE(error.detail_text ==
          "Process 11 waits for AccessShareLock on relation 16400 of database 5; blocked by "
          "process 22.\nProcess 22 waits for ShareLock on transaction 1100; blocked by process "
          "11.");
  REQUIRE(error.hint_text == "See server log for query details.");
  locks.release_transaction(first.owner);
  other.join();
}

TEST_CASE("a circle that only queue order makes is opened by reordering") {
  LockManager locks;
  Session first(locks, 1), second(locks, 2), third(locks, 3);
  locks.lock_table(first.owner, 1, TableLockMode::kShare);
  locks.lock_table(third.owner, 2, TableLockMode::kAccessExclusive);
  std::thread writer([&] {
    locks.lock_table(second.owner, 1, TableLockMode::kAccessExclusive, {.deadlock_timeout_ms = 1});
    locks.release_transaction(second.owner);
  });
  wait_until_waiting(locks, 1);
  std::thread waits_for_third([&] {
    locks.lock_table(first.owner, 2, TableLockMode::kAccessExclusive, {.deadlock_timeout_ms = 1});
    locks.release_transaction(first.owner);
  });
  wait_until_waiting(locks, 2);
  REQUIRE(locks.lock_table(third.owner, 1, TableLockMode::kShare, {.deadlock_timeout_ms = 1}) ==
          LockOutcome::kWaited);
  locks.release_transaction(third.owner);
  waits_for_third.join();
  writer.join();
}

TEST_CASE("locks end with their savepoint or transaction; session locks are counted") {
  LockManager locks;
  Session session(locks, 1), other(locks, 2);
  locks.lock_row(session.owner, 1, "a", RowLockMode::kShare);
  size_t mark = session.owner.mark();
  locks.lock_row(session.owner, 1, "a", RowLockMode::kUpdate);
  locks.lock_row(session.owner, 1, "b", RowLockMode::kUpdate);
  locks.release_since(session.owner, mark);
  REQUIRE(locks.list().size() == 1);
  REQUIRE(locks.lock_row(other.owner, 1, "a", RowLockMode::kShare, kTry) == LockOutcome::kGranted);
  REQUIRE(locks.lock_row(other.owner, 1, "b", RowLockMode::kUpdate, kTry) == LockOutcome::kGranted);

  AdvisoryKey key = AdvisoryKey::from_int8(-5);
  locks.lock_advisory(session.owner, key, false, true);
  locks.lock_advisory(session.owner, key, false, true);
  locks.lock_advisory(session.owner, key, false, false);
  locks.release_transaction(session.owner);
  REQUIRE(locks.lock_advisory(other.owner, key, true, true, kTry) == LockOutcome::kSkipped);
  REQUIRE(locks.unlock_advisory(session.owner, key, false));
  REQUIRE(locks.lock_advisory(other.owner, key, true, true, kTry) == LockOutcome::kSkipped);
  REQUIRE(locks.unlock_advisory(session.owner, key, false));
  REQUIRE(!locks.unlock_advisory(session.owner, key, false));
  REQUIRE(locks.lock_advisory(other.owner, key, true, true, kTry) == LockOutcome::kGranted);
  REQUIRE(locks.lock_advisory(session.owner, AdvisoryKey::from_int4(-1, -5), false, true, kTry) ==
          LockOutcome::kGranted);
}

TEST_CASE("random locking by many threads neither hangs nor lets conflicts in") {
  LockManager locks;
  std::atomic<int> writers[4]{};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      Session session(locks, t + 1);
      std::mt19937 random(static_cast<unsigned>(t));
      for (int i = 0; i < 300; ++i) {
        std::vector<int> held;
        try {
          for (int k = 0; k < 3; ++k) {
            int row = static_cast<int>(random() % 4);
            auto outcome = locks.lock_row(session.owner, 1, std::string(1, char('a' + row)),
                                          RowLockMode::kUpdate, {.deadlock_timeout_ms = 1});
            if (outcome == LockOutcome::kAlreadyHeld) continue;
            if (writers[row].fetch_add(1) != 0) std::abort();
            held.push_back(row);
            std::this_thread::yield();
          }
        } catch (const SqlError& error) {
          if (error.state != SqlState::kTRDeadlockDetected) std::abort();
        }
        for (int row : held) writers[row].fetch_sub(1);
        locks.release_transaction(session.owner);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  REQUIRE(locks.list().empty());
}

}  // namespace luma
