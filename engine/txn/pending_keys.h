#pragma once
// Keys of exclusion constraints that running transactions have written: other transactions do not
// see the rows yet, but must wait for them before they add a key that conflicts. A key is announced
// together with a row lock that its transaction holds until it ends or rolls back to a savepoint;
// whoever gets that lock knows that the key is settled. A transaction with many keys in an index
// makes others wait whatever they add. One per LockManager. Thread-safe.
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/txn/lock_manager.h"
#include "engine/type/oid.h"

namespace luma {

class PendingKeys {
 public:
  explicit PendingKeys(LockManager& locks) : locks_(locks), probe_(locks, 0, nullptr) {}

  struct Key {
    uint64_t transaction = 0;  // Transaction::id()
    Oid table = kInvalidOid;
    std::string lock;  // the key that the transaction holds a row lock on; "" when it needs none
    std::shared_ptr<const void> values;
  };
  // A lock's key that nobody has used: what add() wants. "" when the transaction has so many keys
  // in the index that others wait for it anyway.
  std::string new_lock(uint32_t storage_id, uint64_t transaction);
  // Announces the key, unless `conflicts` is true of the values of another transaction's key of the
  // index with that storage: then that key's lock. `conflicts` must not use PendingKeys.
  std::optional<std::string> add(uint32_t storage_id, Key key,
                                 const std::function<bool(const void* values)>& conflicts);
  // The caller has got the lock: the key behind it is committed or gone.
  void forget(uint32_t storage_id, std::string_view lock);

 private:
  static constexpr size_t kMaxKeys = 1024;
  // Of one transaction in one index.
  struct Group {
    uint64_t transaction = 0;
    std::deque<Key> keys;    // in the order of adding
    std::string everything;  // with more than kMaxKeys: the lock of the last one
  };
  using Groups = std::vector<Group>;
  bool is_free(Oid table, std::string_view lock);
  void drop_settled(Group& group);

  LockManager& locks_;
  std::mutex mutex_;
  LockOwner probe_;  // under mutex_
  uint64_t last_lock_ = 0;
  std::unordered_map<uint32_t, Groups> indexes_;
};

}  // namespace luma
