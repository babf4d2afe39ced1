#pragma once
// The thread that keeps columnar tables in shape: moves what has gathered in their deltas into
// segments, and removes files that nobody can see any more.
#include <condition_variable>
#include <mutex>
#include <thread>

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
  void visit(Oid database, Oid table);

  SqlInstance& instance_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  Interrupt interrupt_;
  std::thread thread_;
};

}  // namespace luma
