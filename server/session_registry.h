#pragma once
// All connections of the server: for cancel requests, limits and shutdown. Thread-safe.
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace luma {

class Session;

class SessionRegistry {
 public:
  SessionRegistry(size_t max_sessions, size_t reserved, size_t max_unauthenticated)
      : max_sessions_(max_sessions),
        reserved_(reserved),
        max_unauthenticated_(max_unauthenticated) {}

  int32_t next_process_id();
  // Returns the oldest unauthenticated session when there are too many of them: drop it.
  std::shared_ptr<Session> add(int32_t process_id, std::shared_ptr<Session> session);
  void remove(int32_t process_id, bool admitted);
  std::shared_ptr<Session> find(int32_t process_id);
  std::vector<std::shared_ptr<Session>> all();
  bool empty();

  // Takes one of the max_connections. Throws FATAL 53300.
  void admit(int32_t process_id, bool superuser);

 private:
  const size_t max_sessions_, reserved_, max_unauthenticated_;
  std::mutex mutex_;
  int32_t last_process_id_ = 1000;
  size_t admitted_ = 0;
  std::map<int32_t, std::shared_ptr<Session>> sessions_;
  std::map<uint64_t, int32_t> unauthenticated_;  // by age
  std::map<int32_t, uint64_t> unauthenticated_age_;
  uint64_t last_age_ = 0;
};

}  // namespace luma
