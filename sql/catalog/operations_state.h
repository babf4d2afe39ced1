#pragma once
// What system relations and functions for operators of a server see beyond LiveState: prepared
// transactions, where the server listens. A LiveState of a real session is an OperationsState too.
// Called by the thread that runs the statement.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/type/oid.h"

namespace luma {

struct PreparedTransactionRow {
  uint64_t transaction_id = 0;
  std::string gid;
  int64_t prepared_micros = 0;
  Oid owner = kInvalidOid, database = kInvalidOid;
};

// A rule of who may come in, in the order of their trial.
struct AuthenticationRow {
  std::string type;
  std::vector<std::string> databases, users;
  std::optional<std::string> address, netmask;
  std::string method;
};

// What has come of a table's retention since the server started (sql/session/retention.h).
struct RetentionRow {
  Oid table = kInvalidOid;
  int64_t partitions_created = 0, partitions_dropped = 0;
  std::optional<int64_t> last_created, last_dropped, last_failure;  // timestamptz
  double last_drop_ms = 0;
  std::string failure;  // of last_failure
};

class LargeObjects;  // large_objects.h

class OperationsState {
 public:
  virtual ~OperationsState() = default;
  virtual std::vector<PreparedTransactionRow> prepared_transactions() = 0;
  virtual std::vector<AuthenticationRow> authentication_rules() = 0;
  virtual LargeObjects& large_objects() = 0;
  // What the session listens to, by name.
  virtual std::vector<std::string> listening_channels() = 0;
  // The address and port of the server that the client came to; nullopt over a Unix socket.
  virtual std::optional<std::pair<std::string, int32_t>> server_address() = 0;
  // Of the session's database.
  virtual std::vector<RetentionRow> retention_rows() = 0;
};

}  // namespace luma
