#pragma once
// Row locks as statements take them, and what they find afterwards.
#include <string_view>

#include "engine/exec/operator.h"
#include "engine/row/table_desc.h"
#include "engine/txn/lock_manager.h"
#include "engine/txn/transaction.h"

namespace luma {

// Locks a row or a unique key until the transaction ends. Transactions without an owner (internal
// work) take no locks. Throws what LockManager::lock_row() throws.
LockOutcome lock_key(const EvalContext& context, const TableDesc& table, std::string_view key,
                     RowLockMode mode, LockWait wait = LockWait::kWait);

// A row that leaves its partition is marked until the transaction ends, so that who finds its key
// taken can wait for the outcome, and need not wait for those who merely lock the row.
void mark_moving(const EvalContext& context, const TableDesc& table, std::string_view key);
// True after waiting: look again.
bool wait_for_move(const EvalContext& context, const TableDesc& table, std::string_view key);

// True when the running statement, which began at `mark`, has written the row itself.
bool written_since(Transaction& txn, std::string_view key, WriteBuffer::Mark mark);

// Splits a kRowKeyColumn value.
struct RowVersion {
  std::string_view key;
  uint64_t commit_ts;
};
RowVersion row_version(const StringRef& value);

// A row that the transaction's snapshot has and that somebody has removed or changed since. Throws
// 40001 from REPEATABLE READ on, returns otherwise.
void refuse_change_since_snapshot(const Transaction& txn, bool removed);
// The same for a version that is gone. Throws at all levels when the row lives on in another
// partition.
void refuse_removal_since_snapshot(const Transaction& txn, const RowVersion& seen);

}  // namespace luma
