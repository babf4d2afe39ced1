#pragma once
// A session over a store in memory, for tests.
#include <optional>
#include <string>

#include "engine/base/sql_error.h"
#include "engine/base/would_block.h"
#include "sql/session/collecting_receiver_test.h"
#include "sql/session/session.h"

namespace luma {

struct TestSession {
  TestSession() : instance(options()), session(instance, {.pid = 1}, hooks) {
    CollectingReceiver receiver;
    session.start({"postgres", "postgres", {}}, receiver);
  }
  static SqlInstanceOptions options() {
    SqlInstanceOptions options;
    options.kv.in_memory = true;
    options.kv.path = "memory";
    return options;
  }
  // Rows, tags and notices of what the call makes; "!" and the SQLSTATE where it fails.
  template <typename Call>
  std::string collect(Call&& call) {
    CollectingReceiver receiver;
    error.reset();
    try {
      call(receiver);
    } catch (const SqlError& thrown) {
      session.failed(thrown);
      error = thrown;
      receiver.log += "!" + sql_state_code(thrown.state);
    } catch (const WouldBlock&) {
      receiver.log += "!blocks";
    }
    return receiver.log;
  }
  // Of a query string.
  std::string run(std::string_view sql, bool may_block = true) {
    return collect([&](RowReceiver& receiver) { session.simple_query(sql, receiver, may_block); });
  }

  SqlInstance instance;
  SessionHooks hooks;
  SqlSession session;
  std::optional<SqlError> error;  // of the last call
};

}  // namespace luma
