#pragma once
// What functions see of transactions beside their own: numbers, snapshots, what became of them. A
// LiveState of a real session is a TransactionState too. Called by the thread that runs the
// statement.
#include <cstdint>
#include <string>

#include "engine/type/snapshot.h"

namespace luma {

enum class TransactionFate : uint8_t {
  kForgotten,  // it ended long ago, or before the server started
  kRunning,
  kCommitted,
  kAborted,
  kFuture
};

class TransactionState {
 public:
  virtual ~TransactionState() = default;
  // The number of the running transaction; from now on it has one, as if it had written.
  virtual uint64_t assign_number() = 0;
  // 0 as long as it has none.
  virtual uint64_t assigned_number() = 0;
  virtual TransactionFate fate(uint64_t id) = 0;
  // Of the running statement; the same for the same snapshot.
  virtual SnapshotValue current_snapshot() = 0;
  // Others may use it until the transaction ends. 25001 in a subtransaction.
  virtual std::string export_snapshot() = 0;
};

}  // namespace luma
