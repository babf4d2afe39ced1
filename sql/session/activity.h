#pragma once
// All sessions of an instance: for pg_stat_activity, pg_cancel_backend and NOTIFY. Thread-safe.
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/interrupt.h"
#include "engine/txn/lock_manager.h"
#include "sql/catalog/live_state.h"

namespace luma {

// One session as others see it. The session writes, anybody reads, both under the mutex.
class SessionActivity {
 public:
  static constexpr size_t kQueryBytes = 1023;  // track_activity_query_size

  // A statement starts; `transaction_start` 0 keeps the present one.
  void begin_statement(std::string_view query, int64_t now, int64_t transaction_start);
  void begin_transaction(int64_t now);
  // `state`: idle, idle in transaction, idle in transaction (aborted). A literal.
  void end_statement(const char* state, int64_t now, bool in_transaction);
  ActivityRow row() const;
  void edit(const std::function<void(ActivityRow&)>& change);

 private:
  friend class ActivityRegistry;
  mutable std::mutex mutex_;
  ActivityRow row_;
  const char* state_ = "idle";
};

struct Notification {
  int32_t pid = 0;
  std::string channel, payload;
};

class ActivityRegistry {
 public:
  struct Member {
    SessionActivity* activity;
    Interrupt* interrupt;
    LockOwner* owner;                                 // may be null
    std::function<void(const Notification&)> notify;  // any thread; must not block
    std::function<void()> wake = {};  // sees to an interrupt while nothing runs; the same
  };

  void add(int32_t pid, Member member);
  void remove(int32_t pid);
  std::vector<ActivityRow> rows() const;
  // Raises `reason` on that session; false when there is none.
  bool interrupt(int32_t pid, Interrupt::Reason reason);
  int count(Oid database, int32_t except_pid) const;
  // Numbers of the sessions' running transactions. A session whose owner says that it is about to
  // begin one (kBeginning) is waited for.
  static constexpr uint64_t kBeginning = UINT64_MAX;
  std::vector<uint64_t> transaction_ids() const;
  void terminate(Oid database, int32_t except_pid);
  // Hands notifications of a committed transaction to every session of the database.
  void broadcast(Oid database, const std::vector<Notification>& notifications);

 private:
  static void interrupt(const Member& member, Interrupt::Reason reason);

  mutable std::mutex mutex_;
  std::map<int32_t, Member> members_;
};

}  // namespace luma
