#pragma once
// The thread that analyses tables after much of them has changed, by PostgreSQL's settings
// (autovacuum, autovacuum_naptime, autovacuum_analyze_threshold and _scale_factor, and the storage
// parameters of the same names). It takes no locks: it reads a snapshot, and what it finds is
// committed when the table is still there. So nobody ever waits for it.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/base/interrupt.h"
#include "sql/catalog/catalog.h"

namespace luma {

class SqlInstance;

class AutoAnalyze {
 public:
  explicit AutoAnalyze(SqlInstance& instance);
  // Stops the thread; what it is at is given up.
  ~AutoAnalyze();
  AutoAnalyze(const AutoAnalyze&) = delete;
  AutoAnalyze& operator=(const AutoAnalyze&) = delete;

 private:
  struct Thresholds {
    double rows = 50, part = 0.1;
  };
  void run();
  void visit_tables(bool only_loaded);
  bool is_due(Oid database, const Catalog& catalog, const Table& table, bool only_loaded);
  void analyze(Oid database, Oid table);

  SqlInstance& instance_;
  double naptime_secs_ = 60;
  Thresholds thresholds_;
  int default_target_ = 100;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  Interrupt interrupt_;
  std::thread thread_;
};

}  // namespace luma
