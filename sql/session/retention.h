#pragma once
// The thread that keeps the partitions of tables with the storage parameters
//   retention = '30 days'            partitions whose rows are all older are dropped
//   partition_interval = '1 day'     partitions of that width are made before they are needed
//   partition_ahead = 4              for so many intervals from now
// It works like a client: each partition is dropped or made by one statement of a transaction of
// its own, as the table's owner, with times in UTC. It never queues for a lock, where it would hold
// up others, but tries again. What it did is logged and shown by luma_stat_retention.
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "sql/catalog/catalog.h"
#include "sql/catalog/operations_state.h"

namespace luma {

class SqlInstance;
class SqlSession;

class Retention {
 public:
  explicit Retention(SqlInstance& instance);
  // Stops the thread, behind the partition that it is at.
  ~Retention();
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  // Looks at all tables once, on the calling thread: for tests, with luma.retention_naptime = 0.
  void run_once();
  // Of one database, by table. Any thread.
  std::vector<RetentionRow> rows(Oid database) const;

 private:
  // What a table wants, read from a catalog snapshot.
  struct Task {
    Oid table = kInvalidOid;
    std::string owner, name, time_type;  // names as SQL
    std::string relation_name, schema;   // as they are
    std::string retention, interval;     // "": no such parameter
    int ahead = 4;
    struct Partition {
      std::string name;
      std::string upper;  // "": MAXVALUE
    };
    std::vector<Partition> partitions;  // by their bounds, without a default one
    bool is_columnar = false;           // the newest partition
  };
  void run();
  static std::vector<Task> tasks_of(const Catalog& catalog);
  void visit(const Database& database, const std::vector<Task>& tasks);
  void drop_old(SqlSession& session, Oid database, const Task& task);
  void make_new(SqlSession& session, Oid database, const Task& task);
  // Runs a statement in a transaction that has locked `relations`.
  void change(SqlSession& session, const std::string& relations, const std::string& statement);
  void note(Oid database, Oid table, const std::function<void(RetentionRow&)>& edit);

  SqlInstance& instance_;
  double naptime_secs_ = 60;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_ = false;
  std::map<std::pair<Oid, Oid>, RetentionRow> rows_;
  std::thread thread_;
};

}  // namespace luma
