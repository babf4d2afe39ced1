#include "sql/session/activity.h"

#include <thread>

namespace luma {

void SessionActivity::begin_statement(std::string_view query, int64_t now,
                                      int64_t transaction_start) {
  std::lock_guard lock(mutex_);
  row_.query.assign(query.substr(0, kQueryBytes));
  state_ = "active";
  row_.query_start = now;
  row_.state_change = now;
  if (transaction_start != 0) row_.transaction_start = transaction_start;
}

void SessionActivity::begin_transaction(int64_t now) {
  std::lock_guard lock(mutex_);
  row_.transaction_start = now;
}

void SessionActivity::end_statement(const char* state, int64_t now, bool in_transaction) {
  std::lock_guard lock(mutex_);
  state_ = state;
  row_.state_change = now;
  if (!in_transaction) row_.transaction_start.reset();
}

ActivityRow SessionActivity::row() const {
  std::lock_guard lock(mutex_);
  ActivityRow copy = row_;
  copy.state = state_;
  return copy;
}

void SessionActivity::edit(const std::function<void(ActivityRow&)>& change) {
  std::lock_guard lock(mutex_);
  change(row_);
}

void ActivityRegistry::add(int32_t pid, Member member) {
  std::lock_guard lock(mutex_);
  members_.insert_or_assign(pid, std::move(member));
}

void ActivityRegistry::remove(int32_t pid) {
  std::lock_guard lock(mutex_);
  members_.erase(pid);
}

std::vector<ActivityRow> ActivityRegistry::rows() const {
  std::lock_guard lock(mutex_);
  std::vector<ActivityRow> out;
  out.reserve(members_.size());
  for (const auto& [pid, member] : members_) out.push_back(member.activity->row());
  return out;
}

bool ActivityRegistry::interrupt(int32_t pid, Interrupt::Reason reason) {
  std::lock_guard lock(mutex_);
  auto it = members_.find(pid);
  if (it == members_.end()) return false;
  interrupt(it->second, reason);
  return true;
}

void ActivityRegistry::interrupt(const Member& member, Interrupt::Reason reason) {
  member.interrupt->raise(reason);
  if (member.owner != nullptr) member.owner->wake();
  if (member.wake) member.wake();
}

int ActivityRegistry::count(Oid database, int32_t except_pid) const {
  std::lock_guard lock(mutex_);
  int count = 0;
  for (const auto& [pid, member] : members_) {
    if (pid != except_pid && member.activity->row().database == database) ++count;
  }
  return count;
}

std::vector<uint64_t> ActivityRegistry::transaction_ids() const {
  std::lock_guard lock(mutex_);
  std::vector<uint64_t> ids;
  for (const auto& [pid, member] : members_) {
    if (member.owner == nullptr) continue;
    uint64_t id;
    while ((id = member.owner->transaction_id()) == kBeginning) std::this_thread::yield();
    if (id != 0) ids.push_back(id);
  }
  return ids;
}

void ActivityRegistry::terminate(Oid database, int32_t except_pid) {
  std::lock_guard lock(mutex_);
  for (const auto& [pid, member] : members_) {
    if (pid == except_pid || member.activity->row().database != database) continue;
    interrupt(member, Interrupt::kTerminate);
  }
}

void ActivityRegistry::broadcast(Oid database, const std::vector<Notification>& notifications) {
  std::lock_guard lock(mutex_);
  for (const auto& [pid, member] : members_) {
    if (!member.notify || member.activity->row().database != database) continue;
    for (const Notification& notification : notifications) member.notify(notification);
  }
}

}  // namespace luma
