// Functions that ask the session: users, settings, sequences, sleeping; uuid; types of values.
#include <chrono>
#include <random>
#include <thread>

#include "engine/base/interrupt.h"
#include "engine/base/sql_error.h"
#include "engine/base/would_block.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"
#include "sql/function/identity_value.h"

namespace luma {

namespace {

using std::string_view;

SessionServices& session_of(RowCall& call) {
  if (call.context.session == nullptr) throw unsupported("a session function outside of a session");
  return *call.context.session;
}

Value current_user(RowCall& call, const Value*) {
  return arena_string(call.arena, session_of(call).current_user());
}
Value session_user(RowCall& call, const Value*) {
  return arena_string(call.arena, session_of(call).session_user());
}
Value current_database(RowCall& call, const Value*) {
  return arena_string(call.arena, session_of(call).current_database());
}
Value backend_pid(RowCall& call, const Value*) {
  return Datum::of_int32(session_of(call).backend_pid());
}
Value client_encoding(RowCall& call, const Value*) {
  std::string value;
  session_of(call).setting("client_encoding", false, value);
  return arena_string(call.arena, value);
}
Value database_encoding(RowCall&, const Value*) { return Datum::of_string(string_view("UTF8")); }
// Drivers and tools parse this: it has to look like the server whose protocol and catalog we speak.
Value version(RowCall& call, const Value*) {
  std::string value;
  std::string number = session_of(call).setting("server_version", true, value) ? value : "15.0";
  return arena_string(call.arena,
                      fmt::format("PostgreSQL {} (LumaDB) on x86_64-pc-linux-gnu, 64-bit", number));
}

Value current_setting(RowCall& call, const Value* args) {
  std::string value;
  bool missing_ok = call.expr.args.size() > 1 && args[1].datum.b;
  if (!session_of(call).setting(args[0].datum.str.view(), missing_ok, value)) return Value::null();
  return arena_string(call.arena, value);
}
Value set_config(RowCall& call, const Value* args) {
  if (args[0].is_null)
    throw sql_error(SqlState::kNullValueNotAllowed, "SET requires parameter name");
  string_view value = args[1].is_null ? string_view() : args[1].datum.str.view();
  bool local = !args[2].is_null && args[2].datum.b;
  return arena_string(call.arena,
                      session_of(call).set_setting(args[0].datum.str.view(), value, local));
}

Value next_value(RowCall& call, const Value* args) {
  return Datum::of_int64(session_of(call).sequence_next(args[0].datum.oid(), true));
}
Value next_identity_value(RowCall& call, const Value* args) {
  return Datum::of_int64(session_of(call).sequence_next(args[0].datum.oid(), false));
}
Value current_value(RowCall& call, const Value* args) {
  return Datum::of_int64(session_of(call).sequence_current(args[0].datum.oid()));
}
Value last_value(RowCall& call, const Value*) {
  return Datum::of_int64(session_of(call).sequence_last());
}
Value set_value(RowCall& call, const Value* args) {
  bool is_called = call.expr.args.size() > 2 ? args[2].datum.b : true;
  return Datum::of_int64(
      session_of(call).sequence_set(args[0].datum.oid(), args[1].datum.i64, is_called));
}

// Sleeps in short steps so that a cancel is noticed soon.
void sleep_micros(RowCall& call, double micros) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kStep = std::chrono::milliseconds(10);
  if (!(micros > 0)) return;
  if (call.context.inline_mode) throw WouldBlock();
  constexpr double kLongestMicros = 1e15;
  auto end = Clock::now() +
             std::chrono::microseconds(static_cast<int64_t>(std::min(micros, kLongestMicros)));
  while (true) {
    if (call.context.interrupt != nullptr) call.context.interrupt->check();
    auto now = Clock::now();
    if (now >= end) return;
    std::this_thread::sleep_for(std::min<Clock::duration>(kStep, end - now));
  }
}
Value sleep(RowCall& call, const Value* args) {
  sleep_micros(call, args[0].datum.f64 * 1e6);
  return Datum();
}
Value sleep_for(RowCall& call, const Value* args) {
  const Interval& time = args[0].datum.interval;
  constexpr double kMicrosPerDay = 86400e6;
  sleep_micros(call,
               static_cast<double>(time.micros) + (time.days + time.months * 30.0) * kMicrosPerDay);
  return Datum();
}

Value sleep_until(RowCall& call, const Value* args) {
  constexpr int64_t kUnixToPostgresMicros = 946684800000000;
  auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  sleep_micros(call, static_cast<double>(args[0].datum.i64) -
                         static_cast<double>(now.count() - kUnixToPostgresMicros));
  return Datum();
}

Value type_of(RowCall& call, const Value*) { return Datum::of_oid(call.expr.args[0]->type.oid); }
Value column_size(RowCall& call, const Value* args) {
  PhysicalType physical = call.expr.args[0]->physical;
  if (physical != PhysicalType::kVarlen)
    return Datum::of_int32(static_cast<int32_t>(physical_size(physical)));
  // One byte of header up to 126 bytes, four above, as in PostgreSQL.
  uint32_t size = args[0].datum.str.size();
  return Datum::of_int32(static_cast<int32_t>(size + (size <= 126 ? 1 : 4)));
}
Value always_false(RowCall&, const Value*) { return Datum::of_bool(false); }

// --- uuid ---
Value random_uuid(RowCall&, const Value*) {
  // The device is the kernel's generator: unpredictable, as PostgreSQL promises.
  static thread_local std::random_device device;
  Uuid uuid;
  for (size_t i = 0; i < sizeof uuid.bytes; i += 4) {
    uint32_t word = device();
    std::memcpy(uuid.bytes + i, &word, sizeof word);
  }
  uuid.bytes[6] = static_cast<uint8_t>((uuid.bytes[6] & 0x0F) | 0x40);  // version 4
  uuid.bytes[8] = static_cast<uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);  // RFC 4122
  return Datum::of_uuid(uuid);
}
int compare(const Uuid& a, const Uuid& b) { return std::memcmp(a.bytes, b.bytes, sizeof a.bytes); }
constexpr auto kUuidEq = [](const Uuid& a, const Uuid& b) -> bool { return compare(a, b) == 0; };
constexpr auto kUuidNe = [](const Uuid& a, const Uuid& b) -> bool { return compare(a, b) != 0; };
constexpr auto kUuidLt = [](const Uuid& a, const Uuid& b) -> bool { return compare(a, b) < 0; };
constexpr auto kUuidLe = [](const Uuid& a, const Uuid& b) -> bool { return compare(a, b) <= 0; };
constexpr auto kUuidGt = [](const Uuid& a, const Uuid& b) -> bool { return compare(a, b) > 0; };
constexpr auto kUuidGe = [](const Uuid& a, const Uuid& b) -> bool { return compare(a, b) >= 0; };
constexpr auto kUuidCmp = [](const Uuid& a, const Uuid& b) -> int32_t {
  int order = compare(a, b);
  return order < 0 ? -1 : order > 0;
};

const KernelRow kRows[] = {
    scalar_row("current_user()", row_kernel<current_user>, "current user"),
    scalar_row("getpgusername()", row_kernel<current_user>),
    scalar_row("session_user()", row_kernel<session_user>, "session user"),
    scalar_row("current_database()", row_kernel<current_database>, "current database"),
    scalar_row("pg_backend_pid()", row_kernel<backend_pid>, "process id of the session"),
    scalar_row("pg_client_encoding()", row_kernel<client_encoding>, "client encoding"),
    scalar_row("getdatabaseencoding()", row_kernel<database_encoding>, "database encoding"),
    scalar_row("version()", row_kernel<version>, "server version"),
    scalar_row("current_setting(text)", row_kernel<current_setting>, "value of a setting"),
    scalar_row("current_setting(text,bool)", row_kernel<current_setting>, "value of a setting"),
    scalar_row("set_config(text,text,bool)", row_kernel<set_config, false>, "changes a setting"),
    scalar_row("nextval(regclass)", row_kernel<next_value>, "advances a sequence"),
    scalar_row("currval(regclass)", row_kernel<current_value>,
               "last value of a sequence in this session"),
    scalar_row("lastval()", row_kernel<last_value>, "last value of any sequence in this session"),
    scalar_row("setval(regclass,int8)", row_kernel<set_value>, "sets a sequence"),
    scalar_row("setval(regclass,int8,bool)", row_kernel<set_value>, "sets a sequence"),
    scalar_row("pg_sleep(float8)", row_kernel<sleep>, "waits seconds"),
    scalar_row("pg_sleep_for(interval)", row_kernel<sleep_for>, "waits"),
    scalar_row("pg_sleep_until(timestamptz)", row_kernel<sleep_until>, "waits until a time"),
    scalar_row("pg_typeof(any)", row_kernel<type_of, false>, "type of a value"),
    scalar_row("pg_column_size(any)", row_kernel<column_size>, "bytes of a value"),
    scalar_row("pg_is_in_recovery()", row_kernel<always_false>, "whether the server is a standby"),
    scalar_row("pg_jit_available()", row_kernel<always_false>, "whether JIT is there"),
    scalar_row("gen_random_uuid()", row_kernel<random_uuid>, "random UUID"),
    comparison_row("uuid_eq(uuid,uuid)", comparison<kUuidEq>(true)),
    comparison_row("uuid_ne(uuid,uuid)", comparison<kUuidNe>()),
    comparison_row("uuid_lt(uuid,uuid)", comparison<kUuidLt>()),
    comparison_row("uuid_le(uuid,uuid)", comparison<kUuidLe>()),
    comparison_row("uuid_gt(uuid,uuid)", comparison<kUuidGt>()),
    comparison_row("uuid_ge(uuid,uuid)", comparison<kUuidGe>()),
    scalar_row("uuid_cmp(uuid,uuid)", total_kernel<kUuidCmp>),
};

}  // namespace

VectorKernel identity_value_kernel() { return row_kernel<next_identity_value>; }

std::span<const KernelRow> session_kernels() { return kRows; }

}  // namespace luma
