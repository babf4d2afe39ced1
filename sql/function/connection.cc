// Where the session's client is: inet_client_addr() and its relatives.
#include "engine/exec/kernel_adapter.h"
#include "engine/type/type_info.h"
#include "sql/catalog/operations_state.h"
#include "sql/catalog/session_catalog.h"
#include "sql/function/families.h"
#include "sql/function/variadic.h"

namespace luma {

namespace {

// The session's own row of pg_stat_activity.
std::optional<ActivityRow> own_activity(RowCall& call) {
  if (call.context.session == nullptr) throw unsupported("a session function outside of a session");
  int32_t pid = call.context.session->backend_pid();
  for (ActivityRow& row : session_catalog(call.context).live_state().activity()) {
    if (row.pid == pid) return std::move(row);
  }
  return std::nullopt;
}

Value inet_value(RowCall& call, std::string_view text) {
  constexpr Oid kInet = 869;
  const TypeInfo& inet = type_info(kInet);
  return inet.input(text, inet, -1, io_of(call.context), call.arena);
}

// NULL over a Unix socket, all of them.
Value client_address(RowCall& call, const Value*) {
  std::optional<ActivityRow> row = own_activity(call);
  if (!row || !row->client_address) return Value::null();
  return inet_value(call, *row->client_address);
}
Value client_port(RowCall& call, const Value*) {
  std::optional<ActivityRow> row = own_activity(call);
  if (!row || !row->client_address || !row->client_port) return Value::null();
  return Datum::of_int32(*row->client_port);
}
std::optional<std::pair<std::string, int32_t>> server_of(RowCall& call) {
  if (call.context.session == nullptr) throw unsupported("a session function outside of a session");
  auto* state = dynamic_cast<OperationsState*>(&session_catalog(call.context).live_state());
  if (state == nullptr) return std::nullopt;
  return state->server_address();
}
Value server_address(RowCall& call, const Value*) {
  auto server = server_of(call);
  return server ? inet_value(call, server->first) : Value::null();
}
Value server_port(RowCall& call, const Value*) {
  auto server = server_of(call);
  return server ? Value(Datum::of_int32(server->second)) : Value::null();
}

const KernelRow kRows[] = {
    scalar_row("inet_client_addr()", row_kernel<client_address>, "address of the client"),
    scalar_row("inet_client_port()", row_kernel<client_port>, "port of the client"),
    scalar_row("inet_server_addr()", row_kernel<server_address>, "address of the server"),
    scalar_row("inet_server_port()", row_kernel<server_port>, "port of the server"),
};

}  // namespace

std::span<const KernelRow> connection_kernels() { return kRows; }

}  // namespace luma
