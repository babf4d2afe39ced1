#include "sql/session/statement_statistics.h"

#include <algorithm>

namespace luma {

void StatementStatistics::add(const StatementKey& key, std::string_view text, double milliseconds,
                              int64_t rows, size_t max_entries) {
  std::lock_guard lock(mutex_);
  auto it = rows_.find(key);
  if (it == rows_.end()) {
    while (!rows_.empty() && rows_.size() >= max_entries) forget_rare();
    it = rows_.emplace(key, StatementRow{}).first;
    it->second.key = key;
    it->second.query = text;
    it->second.min = it->second.max = milliseconds;
  }
  StatementRow& row = it->second;
  ++row.calls;
  row.rows += rows;
  row.total += milliseconds;
  row.min = std::min(row.min, milliseconds);
  row.max = std::max(row.max, milliseconds);
  // Welford's way, which does not lose the small differences of large times.
  const double off = milliseconds - row.mean;
  row.mean += off / static_cast<double>(row.calls);
  row.squares += off * (milliseconds - row.mean);
}

void StatementStatistics::forget_rare() {
  std::vector<std::pair<int64_t, StatementKey>> by_calls;
  by_calls.reserve(rows_.size());
  for (const auto& [key, row] : rows_) by_calls.emplace_back(row.calls, key);
  const size_t count = std::max<size_t>(1, by_calls.size() / 20);
  std::nth_element(by_calls.begin(), by_calls.begin() + static_cast<ptrdiff_t>(count - 1),
                   by_calls.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < count; ++i) rows_.erase(by_calls[i].second);
  ++totals_.forgotten;
}

void StatementStatistics::reset(Oid user, Oid database, int64_t query_id, int64_t now_micros) {
  std::lock_guard lock(mutex_);
  std::erase_if(rows_, [&](const auto& item) {
    const StatementKey& key = item.first;
    return (user == kInvalidOid || key.user == user) &&
           (database == kInvalidOid || key.database == database) &&
           (query_id == 0 || key.query_id == query_id);
  });
  if (user == kInvalidOid && database == kInvalidOid && query_id == 0) {
    totals_ = {0, now_micros};
  }
}

std::vector<StatementRow> StatementStatistics::rows() const {
  std::lock_guard lock(mutex_);
  std::vector<StatementRow> out;
  out.reserve(rows_.size());
  for (const auto& [key, row] : rows_) out.push_back(row);
  return out;
}

StatementTotals StatementStatistics::totals() const {
  std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace luma
