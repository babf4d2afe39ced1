#include "engine/table/row_lock.h"

#include <cstring>
#include <string>

#include "engine/base/sql_error.h"
#include "engine/row/row_codec.h"
#include "engine/txn/commit_pipeline.h"

namespace luma {

LockOutcome lock_key(const EvalContext& context, const TableDesc& table, std::string_view key,
                     RowLockMode mode, LockWait wait) {
  Transaction& txn = *context.transaction;
  if (txn.locks() == nullptr || txn.owner() == nullptr) return LockOutcome::kGranted;
  LockOptions options;
  options.wait = wait;
  options.inline_mode = context.inline_mode;
  options.timeout_ms = context.lock_timeout_ms;
  options.deadlock_timeout_ms = context.deadlock_timeout_ms;
  options.relation_name = table.name;
  return txn.locks()->lock_row(*txn.owner(), table.oid, key, mode, options);
}

namespace {

// No row has such a key: those of a table are all complete.
std::string moving_mark(std::string_view key) { return std::string(key) + "moving"; }

}  // namespace

void mark_moving(const EvalContext& context, const TableDesc& table, std::string_view key) {
  lock_key(context, table, moving_mark(key), RowLockMode::kUpdate);
}

bool wait_for_move(const EvalContext& context, const TableDesc& table, std::string_view key) {
  Transaction& txn = *context.transaction;
  if (txn.locks() == nullptr || txn.owner() == nullptr) return false;
  const size_t before = txn.owner()->mark();
  LockOutcome outcome = lock_key(context, table, moving_mark(key), RowLockMode::kKeyShare);
  txn.locks()->release_since(*txn.owner(), before);
  return outcome == LockOutcome::kWaited;
}

bool written_since(Transaction& txn, std::string_view key, WriteBuffer::Mark mark) {
  WriteBuffer& buffer = txn.buffer();
  if (buffer.mark() <= mark) return false;
  const BufferedOp* op = buffer.find(KvFamily::kData, key, buffer.mark());
  return op != nullptr && op - buffer.ops().data() >= static_cast<ptrdiff_t>(mark);
}

RowVersion row_version(const StringRef& value) {
  std::string_view bytes = value.view();
  LUMA_CHECK(bytes.size() > kRowStampBytes);
  RowVersion version{bytes.substr(0, bytes.size() - kRowStampBytes), 0};
  std::memcpy(&version.commit_ts, bytes.data() + version.key.size(), kRowStampBytes);
  return version;
}

void refuse_change_since_snapshot(const Transaction& txn, bool removed) {
  if (!txn.keeps_snapshot()) return;
  throw SqlError(SqlState::kTRSerializationFailure,
                 removed ? "could not serialize access due to concurrent delete"
                         : "could not serialize access due to concurrent update");
}

void refuse_removal_since_snapshot(const Transaction& txn, const RowVersion& seen) {
  const bool moved = txn.pipeline().moved_rows().contains(seen.key, seen.commit_ts);
  refuse_change_since_snapshot(txn, !moved);
  if (!moved) return;
  throw SqlError(SqlState::kTRSerializationFailure,
                 "tuple to be locked was already moved to another partition due to concurrent "
                 "update");
}

}  // namespace luma
