#pragma once
// What expression evaluation may depend on besides its inputs. One per statement execution; used by
// one thread at a time.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/base/interrupt.h"
#include "engine/type/type_info.h"

namespace luma {

class Transaction;
class RecordFieldNames;  // engine/type/json.h

// State of random(): xoroshiro128**, seeded by setseed() or at the first use.
struct RandomState {
  uint64_t words[2] = {0, 0};
  bool seeded = false;
};

// What functions may ask of the session they run in (current_user, nextval, set_config, notices,
// ...). sql/session implements it; engine code never needs more of a session than this.
class SessionServices {
 public:
  virtual ~SessionServices() = default;
  virtual std::string current_user() const = 0;
  virtual std::string session_user() const = 0;
  virtual std::string current_database() const = 0;
  virtual int32_t backend_pid() const = 0;
  // current_setting(); throws 42704 unless missing_ok; false when missing.
  virtual bool setting(std::string_view name, bool missing_ok, std::string& value) const = 0;
  virtual std::string set_setting(std::string_view name, std::string_view value, bool local) = 0;
  // Sequences by oid.
  // An identity column's own next value needs no privilege.
  virtual int64_t sequence_next(Oid sequence, bool check_privilege) = 0;
  virtual int64_t sequence_current(Oid sequence) = 0;
  virtual int64_t sequence_last() = 0;
  virtual int64_t sequence_set(Oid sequence, int64_t value, bool is_called) = 0;
  virtual void notice(std::string_view severity, std::string_view message) = 0;
  // Escape hatch for function families that need the catalog or the instance: sql/ code casts it to
  // its own session type (sql/function/session_access.h). Never null in a real session.
  virtual void* native() = 0;

  RandomState random;
};

struct EvalContext {
  const IoContext* io = nullptr;
  Interrupt* interrupt = nullptr;
  SessionServices* session = nullptr;
  Transaction* transaction = nullptr;
  int64_t statement_micros = 0;       // statement_timestamp(), from 2000-01-01 UTC
  std::span<const Value> parameters;  // $1.. of the statement, already of their bound types
  std::span<Value> exec_parameters;   // values handed from outer to inner plans (correlation)
  bool inline_mode = false;           // on an event loop: what would wait throws WouldBlock
  int32_t lock_timeout_ms = 0;        // 0 waits for ever
  int32_t deadlock_timeout_ms = 50;
  Arena* arena = nullptr;  // statement lifetime
  const RecordFieldNames* field_names =
      nullptr;  // of composite types, for to_json(); null: f1, f2, ...
};

}  // namespace luma
