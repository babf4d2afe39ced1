// Numbers of transactions, and what a server that is no standby says of recovery.
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/snapshot.h"
#include "engine/type/utf8_text.h"
#include "sql/catalog/operations_state.h"
#include "sql/catalog/session_catalog.h"
#include "sql/catalog/transaction_state.h"
#include "sql/function/families.h"

namespace luma {

namespace {

TransactionState& transactions_of(RowCall& call) {
  TransactionState* state = nullptr;
  if (call.context.session != nullptr) {
    state = dynamic_cast<TransactionState*>(&session_catalog(call.context).live_state());
  }
  if (state == nullptr) throw unsupported("a transaction's number outside of a session");
  return *state;
}

Value transaction_id(RowCall& call, const Value*) {
  return Datum::of_int64(static_cast<int64_t>(transactions_of(call).assign_number()));
}
// Every transaction has a number here; PostgreSQL numbers those that write or ask for it.
Value assigned_transaction_id(RowCall& call, const Value*) {
  uint64_t id = transactions_of(call).assigned_number();
  if (id == 0) return Value::null();
  return Datum::of_int64(static_cast<int64_t>(id));
}

// How many transactions ago; "infinitely" for what stands for the past as such.
Value age_of_transaction(RowCall& call, const Value* args) {
  constexpr uint32_t kFirstNormalNumber = 3;
  const auto id = static_cast<uint32_t>(args[0].datum.oid());
  if (id < kFirstNormalNumber) return Datum::of_int32(INT32_MAX);
  const auto now = static_cast<uint32_t>(transactions_of(call).current_snapshot().xmax);
  return Datum::of_int32(static_cast<int32_t>(now - id));
}
// There are no multixacts: the next one is always the first.
Value age_of_multixact(RowCall&, const Value* args) {
  const auto id = static_cast<uint32_t>(args[0].datum.oid());
  return Datum::of_int32(id == 0 ? INT32_MAX : static_cast<int32_t>(1 - id));
}

Value current_snapshot(RowCall& call, const Value*) {
  return store_snapshot(transactions_of(call).current_snapshot(), call.arena);
}
Value export_snapshot(RowCall& call, const Value*) {
  return arena_string(call.arena, transactions_of(call).export_snapshot());
}

// The numbers that stand for what is older than all transactions.
constexpr uint64_t kBootstrapId = 1, kFrozenId = 2;

Value transaction_status(RowCall& call, const Value* args) {
  const uint64_t id = static_cast<uint64_t>(args[0].datum.i64);
  if (id == kBootstrapId || id == kFrozenId) return arena_string(call.arena, "committed");
  switch (transactions_of(call).fate(id)) {
    case TransactionFate::kForgotten:
      break;
    case TransactionFate::kRunning:
      return arena_string(call.arena, "in progress");
    case TransactionFate::kCommitted:
      return arena_string(call.arena, "committed");
    case TransactionFate::kAborted:
      return arena_string(call.arena, "aborted");
    case TransactionFate::kFuture:
      throw sql_error(SqlState::kInvalidParameterValue, "transaction ID {} is in the future", id);
  }
  return Value::null();
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
    scalar_row("txid_current()", row_kernel<transaction_id>, "number of the transaction"),
    scalar_row("pg_current_xact_id_if_assigned()", row_kernel<assigned_transaction_id>,
               "number of the transaction once it has written"),
    scalar_row("txid_current_if_assigned()", row_kernel<assigned_transaction_id>,
               "number of the transaction once it has written"),
    scalar_row("pg_current_snapshot()", row_kernel<current_snapshot>,
               "which transactions the statement sees"),
    scalar_row("age(xid)", row_kernel<age_of_transaction>, "transactions since that one"),
    scalar_row("mxid_age(xid)", row_kernel<age_of_multixact>, "multixacts since that one"),
    scalar_row("txid_current_snapshot()", row_kernel<current_snapshot>,
               "which transactions the statement sees"),
    scalar_row("pg_xact_status(xid8)", row_kernel<transaction_status>,
               "what became of a recent transaction"),
    scalar_row("txid_status(int8)", row_kernel<transaction_status>,
               "what became of a recent transaction"),
    scalar_row("pg_export_snapshot()", row_kernel<export_snapshot>,
               "name by which other transactions can take the snapshot over"),
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
