// Numbers of transactions, and what a server that is no standby says of recovery.
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/txn/transaction.h"
#include "sql/catalog/operations_state.h"
#include "sql/catalog/session_catalog.h"
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

class Channels final : public TableFunctionState {
 public:
  explicit Channels(std::vector<std::string> names) : names_(std::move(names)) {}
  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    while (at_ < names_.size() && count < out.columns[0].capacity()) {
      out.columns[0].set_value(count++, Datum::of_string(std::string_view(names_[at_++])));
    }
    out.size = count;
  }

 private:
  std::vector<std::string> names_;
  size_t at_ = 0;
};
std::unique_ptr<TableFunctionState> listening_channels(EvalContext& context, const Expr&,
                                                       std::span<const Value>) {
  if (context.session == nullptr) throw unsupported("a session function outside of a session");
  auto* state = dynamic_cast<OperationsState*>(&session_catalog(context).live_state());
  if (state == nullptr) return nullptr;
  return std::make_unique<Channels>(state->listening_channels());
}

// Notifications wait with the session they are for; no common queue can fill up.
Value queue_usage(RowCall&, const Value*) { return Datum::of_double(0); }

const KernelRow kRows[] = {
    table_row("pg_listening_channels()", listening_channels, "channels the session listens to"),
    scalar_row("pg_notification_queue_usage()", row_kernel<queue_usage>, "always 0"),
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
