// Functions that act on sessions and locks: advisory locks, cancelling, NOTIFY, transaction
// numbers.
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/txn/lock_manager.h"
#include "engine/txn/transaction.h"
#include "engine/type/array.h"
#include "engine/type/utf8_text.h"
#include "sql/catalog/session_catalog.h"
#include "sql/function/families.h"

namespace luma {

namespace {

Transaction& transaction_of(RowCall& call) {
  if (call.context.transaction == nullptr || call.context.transaction->owner() == nullptr) {
    throw unsupported("a lock outside of a session");
  }
  return *call.context.transaction;
}

AdvisoryKey key_of(RowCall& call, const Value* args) {
  return call.expr.args.size() == 1 ? AdvisoryKey::from_int8(args[0].datum.i64)
                                    : AdvisoryKey::from_int4(args[0].datum.i32, args[1].datum.i32);
}

LockOptions options_of(RowCall& call) {
  LockOptions options;
  options.inline_mode = call.context.inline_mode;
  options.timeout_ms = call.context.lock_timeout_ms;
  options.deadlock_timeout_ms = call.context.deadlock_timeout_ms;
  return options;
}

template <bool kShared, bool kSession>
Value lock(RowCall& call, const Value* args) {
  Transaction& transaction = transaction_of(call);
  transaction.locks()->lock_advisory(*transaction.owner(), key_of(call, args), kShared, kSession,
                                     options_of(call));
  return Datum();
}
template <bool kShared, bool kSession>
Value try_lock(RowCall& call, const Value* args) {
  Transaction& transaction = transaction_of(call);
  LockOptions options = options_of(call);
  options.wait = LockWait::kSkipLocked;
  LockOutcome outcome = transaction.locks()->lock_advisory(*transaction.owner(), key_of(call, args),
                                                           kShared, kSession, options);
  return Datum::of_bool(outcome != LockOutcome::kSkipped);
}
template <bool kShared>
Value unlock(RowCall& call, const Value* args) {
  Transaction& transaction = transaction_of(call);
  bool held =
      transaction.locks()->unlock_advisory(*transaction.owner(), key_of(call, args), kShared);
  if (!held && call.context.session != nullptr) {
    call.context.session->notice("WARNING", kShared ? "you don't own a lock of type ShareLock"
                                                    : "you don't own a lock of type ExclusiveLock");
  }
  return Datum::of_bool(held);
}
Value unlock_all(RowCall& call, const Value*) {
  Transaction& transaction = transaction_of(call);
  transaction.locks()->unlock_all_advisory(*transaction.owner());
  return Datum();
}

LiveState& live_of(RowCall& call) { return session_catalog(call.context).live_state(); }

template <bool kTerminate>
Value signal(RowCall& call, const Value* args) {
  bool found = live_of(call).signal_session(args[0].datum.i32, kTerminate);
  if (!found) {
    call.context.session->notice(
        "WARNING", fmt::format("PID {} is not a PostgreSQL server process", args[0].datum.i32));
  }
  return Datum::of_bool(found);
}
Value blocking_pids(RowCall& call, const Value* args) {
  ArrayBuilder pids(type_oid::kInt4);
  for (int32_t pid : live_of(call).blocking_pids(args[0].datum.i32)) {
    pids.add(Datum::of_int32(pid));
  }
  return pids.finish(call.arena);
}
Value notify(RowCall& call, const Value* args) {
  live_of(call).notify(args[0].is_null ? std::string_view() : args[0].datum.str.view(),
                       args[1].is_null ? std::string_view() : args[1].datum.str.view());
  return Datum();
}
Value start_time(RowCall& call, const Value*) {
  return Datum::of_int64(live_of(call).server_start_time());
}
Value current_query(RowCall& call, const Value*) {
  return arena_string(call.arena, live_of(call).current_query());
}

const KernelRow kRows[] = {
#define LUMA_ADVISORY(name, function)                               \
  scalar_row(name "(int8)", row_kernel<function>, "advisory lock"), \
      scalar_row(name "(int4,int4)", row_kernel<function>, "advisory lock")
    LUMA_ADVISORY("pg_advisory_lock", (lock<false, true>)),
    LUMA_ADVISORY("pg_advisory_lock_shared", (lock<true, true>)),
    LUMA_ADVISORY("pg_advisory_xact_lock", (lock<false, false>)),
    LUMA_ADVISORY("pg_advisory_xact_lock_shared", (lock<true, false>)),
    LUMA_ADVISORY("pg_try_advisory_lock", (try_lock<false, true>)),
    LUMA_ADVISORY("pg_try_advisory_lock_shared", (try_lock<true, true>)),
    LUMA_ADVISORY("pg_try_advisory_xact_lock", (try_lock<false, false>)),
    LUMA_ADVISORY("pg_try_advisory_xact_lock_shared", (try_lock<true, false>)),
    LUMA_ADVISORY("pg_advisory_unlock", (unlock<false>)),
    LUMA_ADVISORY("pg_advisory_unlock_shared", (unlock<true>)),
#undef LUMA_ADVISORY
    scalar_row("pg_advisory_unlock_all()", row_kernel<unlock_all>, "gives back all advisory locks"),
    scalar_row("pg_cancel_backend(int4)", row_kernel<(signal<false>)>, "cancels a session's query"),
    scalar_row("pg_terminate_backend(int4,int8)", row_kernel<(signal<true>)>, "ends a session"),
    scalar_row("pg_blocking_pids(int4)", row_kernel<blocking_pids>, "whom a session waits for"),
    scalar_row("pg_notify(text,text)", row_kernel<notify, false>, "sends a notification"),
    scalar_row("pg_postmaster_start_time()", row_kernel<start_time>, "when the server started"),
    scalar_row("pg_conf_load_time()", row_kernel<start_time>, "when settings were read"),
    scalar_row("current_query()", row_kernel<current_query>, "the text of the query"),
};

}  // namespace

std::span<const KernelRow> session_control_kernels() { return kRows; }

}  // namespace luma
