#pragma once
// Keys of exclusion constraints that running transactions have written: other transactions do not
// see the rows yet, but must wait for them before they add a key that conflicts. A key is announced
// together with a row lock that its transaction holds until it ends or rolls back to a savepoint;
// whoever gets that lock knows that the key is settled. One per LockManager. Thread-safe.
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/type/oid.h"

namespace luma {

class LockManager;

class PendingKeys {
 public:
  explicit PendingKeys(LockManager& locks) : locks_(locks) {}

  struct Key {
    uint64_t transaction = 0;  // Transaction::id()
    Oid table = kInvalidOid;
    std::string lock;  // the key that the transaction holds a row lock on
    std::shared_ptr<const void> values;
  };
  // A lock's key that nobody has used: what add() wants.
  std::string new_lock(uint32_t storage_id);
  // Announces the key, unless `conflicts` is true of the values of another transaction's key of the
  // index with that storage: then that key's lock. `conflicts` must not use PendingKeys.
  std::optional<std::string> add(uint32_t storage_id, Key key,
                                 const std::function<bool(const void* values)>& conflicts);
  // The caller has got the lock: the key behind it is committed or gone.
  void forget(uint32_t storage_id, std::string_view lock);

 private:
  struct OfIndex {
    std::vector<Key> keys;
    size_t sweep_at = 64;
  };
  void sweep(OfIndex& index);

  LockManager& locks_;
  std::mutex mutex_;
  uint64_t last_lock_ = 0;
  std::unordered_map<uint32_t, OfIndex> indexes_;
};

}  // namespace luma
