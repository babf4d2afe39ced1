#pragma once
// The thread that keeps columnar tables in shape: moves what has gathered in their deltas into
// segments, and removes files that nobody can see any more.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "engine/base/interrupt.h"
#include "engine/row/table_desc.h"

namespace luma {

class SqlInstance;

class ColumnarMaintenance {
 public:
  explicit ColumnarMaintenance(SqlInstance& instance);
  // Stops the thread; what it is at is given up.
  ~ColumnarMaintenance();
  ColumnarMaintenance(const ColumnarMaintenance&) = delete;
  ColumnarMaintenance& operator=(const ColumnarMaintenance&) = delete;

 private:
  void run();
  void visit_tables();
  bool is_due(uint32_t storage_id, uint64_t delta_rows);
  void visit(Oid database, Oid table, Oid relation);

  // What a delta held when it was last seen to grow; used by the thread alone.
  struct Seen {
    uint64_t delta_rows = 0;
    std::chrono::steady_clock::time_point since;
  };

  SqlInstance& instance_;
  std::unordered_map<uint32_t, Seen> seen_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  Interrupt interrupt_;
  std::thread thread_;
};

}  // namespace luma
