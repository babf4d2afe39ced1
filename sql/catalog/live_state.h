#pragma once
// State that system relations show but the catalog does not hold: sessions, locks, settings, sizes.
// The session layer implements it; every member has a default that means "nothing", so that tests
// and the embedded mode need not provide what they lack. Called by the thread that runs the
// statement.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/type/datum.h"
#include "engine/type/oid.h"

namespace luma {

// Times are timestamptz micros (from 2000-01-01 UTC); nullopt = NULL.
struct ActivityRow {
  Oid database = kInvalidOid;
  int32_t pid = 0;
  Oid user = kInvalidOid;
  std::string application_name;
  std::optional<std::string> client_address;  // inet text
  std::optional<int32_t> client_port;
  std::optional<int64_t> backend_start, transaction_start, query_start, state_change;
  std::optional<std::string> wait_event_type, wait_event;
  std::optional<std::string> state;  // active, idle, idle in transaction, ...
  std::optional<uint32_t> backend_xid, backend_xmin;
  std::string query;
  std::string backend_type = "client backend";
  bool ssl = false;
  std::string ssl_version, ssl_cipher;
  int32_t ssl_bits = 0;
};

struct LockRow {
  std::string type;  // relation, transactionid, tuple, advisory, virtualxid
  std::optional<Oid> database, relation;
  std::optional<uint32_t> transaction_id;
  std::optional<Oid> class_id, object_id;
  std::optional<int16_t> object_sub_id;
  std::string virtual_transaction;
  int32_t pid = 0;
  std::string mode;  // AccessShareLock, ...
  bool granted = true;
  std::optional<int64_t> wait_start;
};

struct PreparedStatementRow {
  std::string name, statement;
  int64_t prepare_time = 0;
  std::vector<Oid> parameter_types;
  bool from_sql = false;
  int64_t generic_plans = 0, custom_plans = 0;
};

// What SELECT from a sequence shows.
struct SequenceRow {
  int64_t last_value = 1, log_count = 0;
  bool is_called = false;
};

struct CursorRow {
  std::string name, statement;
  bool holdable = false, binary = false, scrollable = false;
  int64_t creation_time = 0;
};

// A setting as pg_settings shows it; descriptive facts come with it so that settings of LumaDB
// appear.
struct SettingRow {
  std::string name, setting;
  std::optional<std::string> unit;
  std::string category, short_desc;
  std::optional<std::string> extra_desc;
  std::string context, vartype, source = "default";
  std::optional<std::string> min_value, max_value;
  std::vector<std::string> enum_values;
  std::optional<std::string> boot_value, reset_value;
  bool pending_restart = false;
};

struct RelationSize {
  int64_t bytes = 0;
  double rows = -1;  // estimate; -1 = unknown
};

class LiveState {
 public:
  virtual ~LiveState() = default;
  virtual std::vector<ActivityRow> activity() { return {}; }
  virtual std::vector<LockRow> locks() { return {}; }
  virtual std::vector<PreparedStatementRow> prepared_statements() { return {}; }
  virtual std::vector<CursorRow> cursors() { return {}; }
  virtual std::vector<SettingRow> settings() { return {}; }
  // last_value of a sequence; nullopt when nextval was never called.
  virtual SequenceRow sequence(Oid) { return {}; }
  // Part `part` of the key of the row of `table` that a cursor is on (WHERE CURRENT OF). Throws
  // 34000 and 24000.
  virtual Value cursor_key(std::string_view, Oid, size_t, Arena&) { return Value::null(); }
  virtual RelationSize relation_size(Oid /*relation*/) { return {}; }
  virtual int64_t database_size(Oid /*database*/) { return 0; }

  // --- acting on sessions ---
  // Cancels what another session runs, or ends it; false when there is no such session.
  virtual bool signal_session(int32_t /*pid*/, bool /*terminate*/) { return false; }
  // Whom a waiting session waits for.
  virtual std::vector<int32_t> blocking_pids(int32_t /*pid*/) { return {}; }
  virtual void notify(std::string_view /*channel*/, std::string_view /*payload*/) {}
  virtual int64_t server_start_time() { return 0; }
  // The text that the client sent.
  virtual std::string current_query() { return {}; }
};

}  // namespace luma
