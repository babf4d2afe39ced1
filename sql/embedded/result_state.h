#pragma once
// What stands behind a Result: a portal, the slice of its rows that was fetched last, and the
// present row. Used by the connection's thread.
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/type/type_info.h"
#include "sql/embedded/connection_state.h"

namespace luma::embedded_internal {

embedded::Column public_column(const ResultColumnInfo& column);

class ResultState final : public PlainReceiver {
 public:
  // `at_once`: the statement changes data, so it runs to its end at the first fetch.
  ResultState(std::shared_ptr<ConnectionState> connection, std::string sql, bool at_once);
  ~ResultState() override { close(); }

  // Within a call of the connection, the portal being bound under portal(): takes over and fetches
  // the first slice.
  void start(SqlSession& session, std::span<const ResultColumnInfo> columns);
  // The name to bind: the unnamed portal outside transactions, which is the quickest.
  void choose_portal(bool autocommit);
  const std::string& portal() const { return portal_; }

  bool next();
  void close() noexcept;
  const std::vector<embedded::Column>& columns() const { return columns_; }
  const embedded::Completion& result_completion() const;

  // The present row.
  const Value& value(size_t column) const;
  const TypeInfo& type(size_t column) const { return *types_[column]; }
  const IoContext& io() const { return connection_->io(); }
  // Valid until the next row.
  std::string_view text(size_t column);
  size_t column_index(std::string_view name) const;

  void begin_rows(std::span<const ResultColumnInfo> columns) override;
  void rows(const Chunk& chunk, uint32_t from, uint32_t count) override;
  void complete(std::string_view tag) override;
  void empty_query() override;

 private:
  static constexpr uint32_t kFirstSliceRows = 128, kMaxSliceRows = 8192;
  static constexpr size_t kSmallSliceBytes = 256 << 10, kLargeSliceBytes = 1 << 20;

  void set_columns(std::span<const ResultColumnInfo> columns);
  void fetch(SqlSession& session);
  void adapt_slice();
  void finished();

  std::shared_ptr<ConnectionState> connection_;
  std::string sql_, portal_;
  bool at_once_;
  bool autocommit_ = true;
  bool open_ = false;  // the portal has, or may have, more rows
  std::vector<embedded::Column> columns_;
  std::vector<const TypeInfo*> types_;
  uint64_t rows_delivered_ = 0;
  uint32_t slice_rows_ = kFirstSliceRows;

  Arena arena_;
  std::vector<Value> values_;  // of the slice, row by row
  uint32_t slice_size_ = 0, at_ = 0;
  bool on_row_ = false;
  bool* completed_ = nullptr;  // set during a fetch
  std::deque<std::string> texts_;
};

}  // namespace luma::embedded_internal
