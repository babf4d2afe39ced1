#pragma once
// What statements cost, by their text without constants: behind pg_stat_statements. Counts start
// with the server. Sessions of databases that have the extension add what they ran. Thread-safe.
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sql/catalog/statement_state.h"

namespace luma {

class StatementStatistics {
 public:
  // `text` shows what `key.query_id` stands for. Beyond `max_entries` the statements with the
  // fewest calls are forgotten.
  void add(const StatementKey& key, std::string_view text, double milliseconds, int64_t rows,
           size_t max_entries);
  // 0 stands for any.
  void reset(Oid user, Oid database, int64_t query_id, int64_t now_micros);
  std::vector<StatementRow> rows() const;
  StatementTotals totals() const;

 private:
  struct Hash {
    size_t operator()(const StatementKey& key) const {
      return static_cast<size_t>(key.query_id) * 31 + key.user * 7 + key.database;
    }
  };
  void forget_rare();  // under mutex_

  mutable std::mutex mutex_;
  std::unordered_map<StatementKey, StatementRow, Hash> rows_;
  StatementTotals totals_;
};

}  // namespace luma
