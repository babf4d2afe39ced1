#include "engine/txn/pending_keys.h"

#include <catch2/catch.hpp>

namespace luma {
namespace {

constexpr uint32_t kIndex = 77;
constexpr Oid kTable = 20000;

// A transaction that adds integers, which conflict when they are equal.
struct Adder {
  Adder(LockManager& manager, uint64_t number)
      : locks(manager), id(number), owner(manager, 1, nullptr) {}
  ~Adder() { locks.release_transaction(owner); }

  std::optional<std::string> add(int value) {
    PendingKeys& pending = locks.pending_keys();
    auto values = std::make_shared<const int>(value);
    PendingKeys::Key key{id, kTable, pending.new_lock(kIndex, id), values};
    if (!key.lock.empty()) locks.lock_row(owner, kTable, key.lock, RowLockMode::kUpdate);
    return pending.add(kIndex, key,
                       [&](const void* other) { return *static_cast<const int*>(other) == value; });
  }

  LockManager& locks;
  uint64_t id;
  LockOwner owner;
};

}  // namespace

TEST_CASE("keys of transactions that go on", "[pending]") {
  LockManager locks;
  Adder second(locks, 2);
  {
    Adder first(locks, 1);
    CHECK(!first.add(5));
    CHECK(!first.add(5));
    auto lock = second.add(5);
    REQUIRE(lock);
    CHECK(!second.add(6));
    LockOptions options;
    options.wait = LockWait::kSkipLocked;
    CHECK(locks.lock_row(second.owner, kTable, *lock, RowLockMode::kShare, options) ==
          LockOutcome::kSkipped);
  }
  CHECK(!second.add(5));
}

TEST_CASE("keys since a savepoint", "[pending]") {
  LockManager locks;
  Adder first(locks, 1), second(locks, 2);
  CHECK(!first.add(1));
  size_t mark = first.owner.mark();
  CHECK(!first.add(2));
  locks.release_since(first.owner, mark);
  CHECK(second.add(1));
  auto lock = second.add(2);
  REQUIRE(lock);
  // It is to be had: the key is gone.
  locks.lock_row(second.owner, kTable, *lock, RowLockMode::kShare);
  locks.pending_keys().forget(kIndex, *lock);
  CHECK(!second.add(2));
}

TEST_CASE("a transaction with very many keys", "[pending]") {
  LockManager locks;
  Adder first(locks, 1), second(locks, 2);
  CHECK(!first.add(-1));
  size_t mark = first.owner.mark();
  for (int i = 0; i < 5000; ++i) REQUIRE(!first.add(i));
  CHECK(locks.pending_keys().new_lock(kIndex, 1).empty());
  CHECK(second.add(9999));
  locks.release_since(first.owner, mark);
  // Others may have what was rolled back, not what was not.
  CHECK(!first.add(7));
  CHECK(!second.add(3000));
  CHECK(second.add(-1));
  CHECK(second.add(7));
}

}  // namespace luma
