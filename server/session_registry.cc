#include "server/session_registry.h"

#include <limits>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

SqlError too_many(const char* text) {
  SqlError error(SqlState::kTooManyConnections, text);
  error.fatal = true;
  return error;
}

}  // namespace

int32_t SessionRegistry::next_process_id() {
  std::lock_guard lock(mutex_);
  do {
    last_process_id_ =
        last_process_id_ == std::numeric_limits<int32_t>::max() ? 1001 : last_process_id_ + 1;
  } while (sessions_.contains(last_process_id_));
  return last_process_id_;
}

std::shared_ptr<Session> SessionRegistry::add(int32_t process_id,
                                              std::shared_ptr<Session> session) {
  std::lock_guard lock(mutex_);
  sessions_.emplace(process_id, std::move(session));
  uint64_t age = ++last_age_;
  unauthenticated_.emplace(age, process_id);
  unauthenticated_age_.emplace(process_id, age);
  if (unauthenticated_.size() <= max_unauthenticated_) return nullptr;
  auto oldest = unauthenticated_.begin();
  std::shared_ptr<Session> victim = sessions_[oldest->second];
  unauthenticated_age_.erase(oldest->second);
  unauthenticated_.erase(oldest);
  return victim;
}

void SessionRegistry::remove(int32_t process_id, bool admitted) {
  std::shared_ptr<Session> removed;  // destroyed after the lock is gone
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(process_id);
  if (found == sessions_.end()) return;
  removed = std::move(found->second);
  sessions_.erase(found);
  if (admitted) --admitted_;
  if (auto age = unauthenticated_age_.find(process_id); age != unauthenticated_age_.end()) {
    unauthenticated_.erase(age->second);
    unauthenticated_age_.erase(age);
  }
}

std::shared_ptr<Session> SessionRegistry::find(int32_t process_id) {
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(process_id);
  return found == sessions_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Session>> SessionRegistry::all() {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Session>> sessions;
  sessions.reserve(sessions_.size());
  for (const auto& [id, session] : sessions_) sessions.push_back(session);
  return sessions;
}

bool SessionRegistry::empty() {
  std::lock_guard lock(mutex_);
  return sessions_.empty();
}

void SessionRegistry::admit(int32_t process_id, bool superuser) {
  std::lock_guard lock(mutex_);
  if (admitted_ >= max_sessions_) throw too_many("sorry, too many clients already");
  if (!superuser && admitted_ + reserved_ >= max_sessions_) {
    throw too_many(
        "remaining connection slots are reserved for non-replication superuser connections");
  }
  ++admitted_;
  if (auto age = unauthenticated_age_.find(process_id); age != unauthenticated_age_.end()) {
    unauthenticated_.erase(age->second);
    unauthenticated_age_.erase(age);
  }
}

}  // namespace luma
