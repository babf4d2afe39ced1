#pragma once
// What the wire asks the commit pipeline: a reply may leave only when the log is durable up to the
// newest commit that the reply depends on. Implementations are thread-safe.
#include <cstdint>
#include <functional>

namespace luma {

class Durability {
 public:
  virtual ~Durability() = default;
  // Cheap (one atomic load): asked for every batch of replies. Timestamp 0 is always durable.
  virtual bool is_durable(uint64_t commit_ts) const = 0;
  // Calls `callback` exactly once, from any thread (also from this call): with true when commit_ts
  // is durable, with false when the log has failed and nobody can say. Replies that depend on it
  // must then never leave; the connection ends, as the client has to find out for itself.
  virtual void on_durable(uint64_t commit_ts, std::function<void(bool durable)> callback) = 0;
};

}  // namespace luma
