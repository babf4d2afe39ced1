#include "sql/embedded/result_state.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/embedded/value_reading.h"

namespace luma::embedded_internal {

embedded::Column public_column(const ResultColumnInfo& column) {
  embedded::Column out;
  out.name = column.name;
  out.type_name = format_type(column.type.oid, column.type.typmod);
  out.type_oid = column.type.oid;
  out.type_modifier = column.type.typmod;
  out.table_oid = column.table;
  out.table_column = column.attnum;
  return out;
}

ResultState::ResultState(std::shared_ptr<ConnectionState> connection, std::string sql, bool at_once)
    : PlainReceiver(*connection),
      connection_(std::move(connection)),
      sql_(std::move(sql)),
      at_once_(at_once),
      arena_(&connection_->memory()) {}

void ResultState::choose_portal(bool autocommit) {
  autocommit_ = autocommit;
  if (!autocommit) portal_ = connection_->new_name("result");
}

void ResultState::set_columns(std::span<const ResultColumnInfo> columns) {
  columns_.clear();
  types_.clear();
  for (const ResultColumnInfo& column : columns) {
    columns_.push_back(public_column(column));
    types_.push_back(&type_info(column.type.oid));
  }
}

void ResultState::start(SqlSession& session, std::span<const ResultColumnInfo> columns) {
  set_columns(columns);
  open_ = true;
  connection_->result_opened(autocommit_);
  try {
    fetch(session);
  } catch (...) {
    finished();
    throw;
  }
}

void ResultState::finished() {
  if (!open_) return;
  open_ = false;
  connection_->result_finished(autocommit_);
}

// On an error the caller calls finished().
void ResultState::fetch(SqlSession& session) {
  values_.clear();
  arena_.reset();
  slice_size_ = at_ = 0;
  bool completed = false;
  completed_ = &completed;
  auto outcome = session.execute(portal_, at_once_ ? 0 : slice_rows_, *this, true);
  completed_ = nullptr;
  if (outcome == SqlSession::Outcome::kCopyIn) {
    throw unsupported("COPY FROM STDIN in the embedded mode");
  }
  rows_delivered_ += slice_size_;
  if (!completed) return adapt_slice();
  // A statement without a transaction block ends here: its commit may still fail.
  session.close_portal(portal_);
  if (autocommit_) session.sync(*this, true);
  finished();
  if (!columns_.empty() && rows_delivered_ != completion.affected_rows) {
    // The tag counts the last slice only.
    size_t space = completion.tag.rfind(' ');
    completion.tag = completion.tag.substr(0, space) + fmt::format(" {}", rows_delivered_);
    completion.affected_rows = rows_delivered_;
  }
}

// Slices of wide rows hold fewer of them.
void ResultState::adapt_slice() {
  size_t bytes = arena_.allocated_bytes() + values_.size() * sizeof(Value);
  if (bytes > kLargeSliceBytes) slice_rows_ = std::max(slice_rows_ / 2, 1u);
  if (bytes < kSmallSliceBytes) slice_rows_ = std::min(slice_rows_ * 2, kMaxSliceRows);
}

void ResultState::begin_rows(std::span<const ResultColumnInfo> columns) {
  // Utility statements may tell their columns only now.
  if (columns_.size() != columns.size()) set_columns(columns);
}

void ResultState::rows(const Chunk& chunk, uint32_t from, uint32_t count) {
  size_t first = values_.size();
  size_t width = columns_.size();
  values_.resize(first + count * width);
  for (size_t c = 0; c < width; ++c) {
    const Vector& vector = chunk.columns[c];
    PhysicalType physical = vector.physical();
    Value* out = values_.data() + first + c;
    for (uint32_t i = 0; i < count; ++i, out += width) {
      *out = vector.value(from + i);
      if (!out->is_null && physical == PhysicalType::kVarlen && !out->datum.str.is_inline()) {
        out->datum = Datum::of_string(arena_.copy(out->datum.str.view()));
      }
    }
  }
  slice_size_ += count;
}

void ResultState::complete(std::string_view tag) {
  PlainReceiver::complete(tag);
  if (completed_ != nullptr) *completed_ = true;
}

void ResultState::empty_query() {
  PlainReceiver::empty_query();
  if (completed_ != nullptr) *completed_ = true;
}

bool ResultState::next() {
  texts_.clear();
  if (on_row_) ++at_;
  on_row_ = false;
  while (at_ >= slice_size_) {
    if (!open_) return false;
    try {
      connection_->call(sql_, [&](SqlSession& session) { fetch(session); });
    } catch (...) {
      slice_size_ = at_ = 0;
      finished();
      throw;
    }
  }
  on_row_ = true;
  return true;
}

void ResultState::close() noexcept {
  on_row_ = false;
  slice_size_ = at_ = 0;
  if (!open_) return;
  try {
    connection_->call({}, [&](SqlSession& session) {
      session.close_portal(portal_);
      if (autocommit_) session.sync(*this, true);
    });
  } catch (...) {  // documented: not reported
  }
  finished();
}

const embedded::Completion& ResultState::result_completion() const {
  static const embedded::Completion kNone;
  return open_ ? kNone : completion;
}

const Value& ResultState::value(size_t column) const {
  if (!on_row_) {
    throw public_error(SqlState::kInvalidCursorState, "the result is not on a row");
  }
  if (column >= columns_.size()) {
    throw public_error(
        SqlState::kUndefinedColumn,
        fmt::format("column {} does not exist in a result of {} columns", column, columns_.size()));
  }
  return values_[size_t{at_} * columns_.size() + column];
}

std::string_view ResultState::text(size_t column) {
  const Value& present = value(column);
  const TypeInfo& info = *types_[column];
  if (is_plain_text(info)) return present.datum.str.view();
  return texts_.emplace_back(text_of(present.datum, info, io()));
}

size_t ResultState::column_index(std::string_view name) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == name) return i;
  }
  throw public_error(SqlState::kUndefinedColumn, fmt::format("column \"{}\" does not exist", name));
}

}  // namespace luma::embedded_internal
