// Numbers of transactions, and what a server that is no standby says of recovery.
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/txn/transaction.h"
#include "sql/function/families.h"

namespace luma {

namespace {

Transaction& transaction_of(RowCall& call) {
  if (call.context.transaction == nullptr) throw unsupported("a transaction's number here");
  return *call.context.transaction;
}

Value transaction_id(RowCall& call, const Value*) {
  return Datum::of_int64(static_cast<int64_t>(transaction_of(call).id()));
}
// PostgreSQL numbers transactions that write.
Value assigned_transaction_id(RowCall& call, const Value*) {
  Transaction& transaction = transaction_of(call);
  if (!transaction.has_writes()) return Value::null();
  return Datum::of_int64(static_cast<int64_t>(transaction.id()));
}

Value nothing(RowCall&, const Value*) { return Value::null(); }
Value not_in_recovery(RowCall&, const Value*) {
  throw SqlError(SqlState::kObjectNotInPrerequisiteState, "recovery is not in progress")
      .hint("Recovery control functions can only be executed during recovery.");
}

const KernelRow kRows[] = {
    scalar_row("pg_current_xact_id()", row_kernel<transaction_id>, "number of the transaction"),
    scalar_row("pg_current_xact_id_if_assigned()", row_kernel<assigned_transaction_id>,
               "number of the transaction once it has written"),
    scalar_row("txid_current_if_assigned()", row_kernel<assigned_transaction_id>,
               "number of the transaction once it has written"),
    scalar_row("pg_last_wal_receive_lsn()", row_kernel<nothing>, "null: no standby"),
    scalar_row("pg_last_wal_replay_lsn()", row_kernel<nothing>, "null: no standby"),
    scalar_row("pg_last_xact_replay_timestamp()", row_kernel<nothing>, "null: no standby"),
    scalar_row("pg_is_wal_replay_paused()", row_kernel<not_in_recovery>, "fails: no standby"),
    scalar_row("pg_get_wal_replay_pause_state()", row_kernel<not_in_recovery>, "fails: no standby"),
    scalar_row("pg_current_logfile()", row_kernel<nothing>, "null: logs go to standard error"),
    scalar_row("pg_column_compression(any)", row_kernel<nothing>, "null: values are not toasted"),
};

}  // namespace

std::span<const KernelRow> server_state_kernels() { return kRows; }

}  // namespace luma
