#pragma once
// Where a session's replies go: the wire encodes them, the embedded mode collects them. Called by
// the thread that runs the statement, only during the session call that got the receiver.
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/sql_error.h"
#include "engine/vector/vector.h"
#include "sql/lower/planner.h"
#include "sql/session/session_settings.h"

namespace luma {

class RowReceiver {
 public:
  virtual ~RowReceiver() = default;
  // The columns of the rows that follow; in the extended protocol they were described before and
  // this only tells their types again.
  virtual void begin_rows(std::span<const ResultColumnInfo> columns) = 0;
  // Rows [from, from + count) of `chunk`, column i being result column i.
  virtual void rows(const Chunk& chunk, uint32_t from, uint32_t count) = 0;
  virtual void complete(std::string_view tag) = 0;
  virtual void suspended() = 0;
  virtual void empty_query() = 0;
  // COPY with the client. Formats: 0 text, 1 binary, overall and of every column.
  virtual void copy_in(int8_t, std::span<const int16_t>) {
    throw unsupported("COPY FROM STDIN in this place");
  }
  virtual void copy_out(int8_t, std::span<const int16_t>) {
    throw unsupported("COPY TO STDOUT in this place");
  }
  virtual void copy_data(std::string_view) {}
  virtual void copy_done() {}
  virtual void notice(MessageLevel level, const SqlError& notice) = 0;
  // What was received so far stays when the present call is repeated on a worker.
  virtual void checkpoint() {}
  // From here on the present call cannot be repeated.
  virtual void forbid_repeat() {}
};

}  // namespace luma
