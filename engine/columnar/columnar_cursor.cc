#include "engine/columnar/columnar_cursor.h"

#include <algorithm>
#include <numeric>

#include "engine/row/key_codec.h"

namespace luma {

namespace {
// Windows fit the executor's chunks.
constexpr uint32_t kWindowRows = std::min<uint32_t>(kVectorSize, kBlockRows);

template <typename T>
void copy_rows(const Vector& from, const uint32_t* rows, uint32_t count, Vector& out, uint32_t at) {
  const T* values = from.unified<T>().data;
  T* to = out.mutable_data<T>() + at;
  for (uint32_t i = 0; i < count; ++i) to[i] = values[rows[i]];
}
}  // namespace

ColumnarCursor::ColumnarCursor(const TableDesc& table, std::vector<int32_t> columns)
    : table_(table), attributes_(std::move(columns)), layout_(table), columns_(attributes_.size()) {
  std::vector<PhysicalType> types;
  std::vector<uint32_t> targets(attributes_.size());
  std::iota(targets.begin(), targets.end(), 0);
  for (size_t i = 0; i < attributes_.size(); ++i) {
    types.push_back(table.columns.at(static_cast<size_t>(attributes_[i])).physical);
  }
  delta_rows_.init(types, kWindowRows);
  delta_decoder_ = std::make_unique<RowDecoder>(layout_, attributes_, targets);
  selection_.reserve(kBlockRows);
}

ColumnarCursor::~ColumnarCursor() = default;

void ColumnarCursor::open(Transaction& txn, ReadView view) { open(txn, view, nullptr, 0, kNoRow); }

void ColumnarCursor::open(Transaction& txn, ReadView view, SegmentListRef segments,
                          uint64_t first_row_id, uint64_t last_row_id) {
  set_bounds(first_row_id, last_row_id);
  // First the delta, then the segments: rows only move in that direction.
  delta_.reset();
  delta_ = txn.scan(KvFamily::kData, lower_, upper_, view, view != ReadView::kLatest);
  delta_->seek_first();
  units_ = nullptr;
  start(segments != nullptr ? std::move(segments) : table_.columnar->segments(txn, view));
  end_segment_ = list_->segments.size();
  load_delta_position();
}

void ColumnarCursor::open(Transaction& txn, ReadView view, ColumnarUnits& units) {
  LUMA_CHECK(view != ReadView::kLatest);
  set_bounds(0, kNoRow);
  delta_.reset();
  delta_ = txn.scan(KvFamily::kData, lower_, upper_, view);
  units_ = &units;
  start(units.segments());
  end_segment_ = 0;
  delta_id_ = kNoRow;
}

void ColumnarCursor::set_bounds(uint64_t first_row_id, uint64_t last_row_id) {
  make_row_key(table_.storage_id, first_row_id, lower_);
  if (last_row_id == kNoRow) {
    upper_.clear();
    append_storage_id(upper_, table_.storage_id);
    make_prefix_end(upper_);
  } else {
    make_row_key(table_.storage_id, last_row_id + 1, upper_);
  }
}

void ColumnarCursor::start(SegmentListRef segments) {
  list_ = std::move(segments);
  segment_ = 0;
  group_ = block_ = position_ = 0;
  group_checked_ = false;
  has_row_ids_ = has_stamps_ = false;
  hidden_segment_ = kNoSegment;
  for (Column& column : columns_) {
    column.decoded.reset();
    column.segment = static_cast<size_t>(-1);
  }
  counters_ = {};
  counters_.segments = list_->segments.size();
  begin_window();
}

bool ColumnarCursor::next_unit() {
  if (units_ == nullptr) return false;
  std::optional<ColumnarUnit> unit = units_->take();
  if (!unit) return false;
  const bool has_group = unit->segment != ColumnarUnit::kNoSegment;
  segment_ = has_group ? unit->segment : 0;
  end_segment_ = has_group ? unit->segment + 1 : 0;
  group_ = has_group ? unit->group : 0;
  block_ = position_ = 0;
  group_checked_ = false;
  has_row_ids_ = false;
  if (at_reordered()) {
    load_hidden();
    return true;
  }
  hidden_segment_ = kNoSegment;
  set_bounds(unit->first_row_id, unit->last_row_id);
  delta_->set_bounds(lower_, upper_);
  delta_->seek_first();
  load_delta_position();
  return true;
}

void ColumnarCursor::close() {
  delta_.reset();
  list_.reset();
  units_ = nullptr;
  delta_id_ = kNoRow;
  for (Column& column : columns_) column = {};
}

void ColumnarCursor::load_delta_position() {
  delta_id_ = delta_->valid() ? row_id_of(delta_->key()) : kNoRow;
}

void ColumnarCursor::next_delta_row() {
  delta_->next();
  load_delta_position();
}

void ColumnarCursor::begin_window() {
  count_ = 0;
  selected_ = false;
  from_delta_ = false;
  selection_.clear();
  patches_.clear();
  has_stamps_ = false;
  for (Column& column : columns_) column.ready = false;
}

// Rows of the delta before `end_row_id`; false when they are all gone.
bool ColumnarCursor::delta_window(uint64_t end_row_id) {
  begin_window();
  from_delta_ = true;
  delta_rows_.begin();
  delta_decoder_->attach(delta_rows_);
  delta_ids_.clear();
  delta_stamps_.clear();
  const bool hides = at_reordered();
  while (delta_id_ < end_row_id && count_ < kWindowRows) {
    if (hides) hidden_.push_back(delta_id_);
    if (!is_tombstone(delta_->value())) {
      delta_decoder_->decode(delta_->value(), count_++);
      delta_ids_.push_back(delta_id_);
      delta_stamps_.push_back(Transaction::timestamp_of(delta_->value()));
    }
    next_delta_row();
  }
  counters_.delta_rows += count_;
  return count_ > 0;
}

void ColumnarCursor::next_group() {
  ++group_;
  block_ = position_ = 0;
  group_checked_ = false;
  has_row_ids_ = false;
  if (units_ != nullptr) {
    segment_ = end_segment_;
  } else if (group_ == segment().reader->footer().groups.size()) {
    group_ = 0;
    ++segment_;
  }
}

// What was read of the group before is likely to be wanted of this one, too.
void ColumnarCursor::read_ahead() {
  const SegmentReader& reader = *segment().reader;
  ahead_.clear();
  for (size_t i = 0; i < columns_.size(); ++i) {
    const bool was_read =
        columns_[i].segment == window_segment_ && columns_[i].group == window_group_;
    const auto attribute = static_cast<uint32_t>(attributes_[i]);
    if (was_read && attribute < reader.footer().columns.size()) ahead_.push_back(attribute);
  }
  if (ahead_.size() > 1) reader.read_ahead(group_, ahead_);
}

void ColumnarCursor::next_block() {
  ++block_;
  position_ = 0;
  has_row_ids_ = false;
  if (block_ == block_count(group().row_count)) next_group();
}

void ColumnarCursor::load_row_ids() {
  if (has_row_ids_) return;
  auto column = static_cast<uint32_t>(segment().reader->footer().row_id_column());
  row_ids_.begin_flat();
  segment().reader->chunk(group_, column)->reader.read_block(block_, row_ids_);
  has_row_ids_ = true;
}

// From position_ on: which rows the delta leaves, and which it replaces.
void ColumnarCursor::select_visible() {
  const auto* ids = row_ids_.mutable_data<uint64_t>();
  const uint32_t end = std::min(block_rows(), position_ + kWindowRows);
  selected_ = true;
  for (; position_ < end; ++position_) {
    if (delta_id_ < ids[position_]) break;
    if (delta_id_ == ids[position_]) {
      bool removed = is_tombstone(delta_->value());
      if (!removed) patches_.push_back({position_, std::string(delta_->value())});
      next_delta_row();
      if (removed) continue;
    }
    selection_.push_back(position_);
  }
  count_ = static_cast<uint32_t>(selection_.size());
}

// What the delta has for a reordered segment, when it is a unit of another cursor.
void ColumnarCursor::load_hidden() {
  if (hidden_segment_ != segment_) {
    hidden_segment_ = segment_;
    hidden_.clear();
    set_bounds(segment().info.first_row_id, segment().info.last_row_id);
    delta_->set_bounds(lower_, upper_);
    for (delta_->seek_first(); delta_->valid(); delta_->next()) {
      hidden_.push_back(row_id_of(delta_->key()));
    }
  }
  delta_id_ = kNoRow;
}

// From position_ on: which rows of a reordered segment the delta does not hide.
void ColumnarCursor::select_unhidden() {
  const auto* ids = row_ids_.mutable_data<uint64_t>();
  const uint32_t end = std::min(block_rows(), position_ + kWindowRows);
  selected_ = true;
  for (; position_ < end; ++position_) {
    if (!std::binary_search(hidden_.begin(), hidden_.end(), ids[position_])) {
      selection_.push_back(position_);
    }
  }
  count_ = static_cast<uint32_t>(selection_.size());
}

bool ColumnarCursor::block_window() {
  begin_window();
  window_segment_ = segment_;
  window_group_ = group_;
  window_block_ = block_;
  const uint32_t rows = block_rows();
  if (at_reordered() && !hidden_.empty()) {
    load_row_ids();
    select_unhidden();
    selected_ = count_ < rows;
  } else if (delta_id_ > group().last_row_id) {
    const uint32_t end = std::min(rows, position_ + kWindowRows);
    count_ = end - position_;
    selected_ = count_ < rows;
    for (uint32_t row = position_; selected_ && row < end; ++row) selection_.push_back(row);
    position_ = end;
  } else {
    load_row_ids();
    select_visible();
    selected_ = count_ < rows;
  }
  return count_ > 0;
}

bool ColumnarCursor::next() {
  if (list_ == nullptr) return false;
  while (!next_window()) {
    if (!next_unit()) return false;
  }
  return true;
}

// False: there was none, and the cursor stands behind it.
bool ColumnarCursor::next_reordered_window() {
  if (hidden_segment_ != segment_) {
    hidden_segment_ = segment_;
    hidden_.clear();
  }
  // Without units they are this cursor's to return, and hidden_ gathers them.
  if (delta_id_ <= segment().info.last_row_id) {
    return delta_window(segment().info.last_row_id + 1);
  }
  if (!group_checked_) {
    if (pruner_ && !pruner_(segment().reader->footer(), group())) {
      ++counters_.groups_pruned;
      next_group();
      return false;
    }
    group_checked_ = true;
    ++counters_.groups;
    read_ahead();
  }
  return block_window();
}

// Of the current unit.
bool ColumnarCursor::next_window() {
  while (true) {
    // The window before this one may have been the last of its block.
    if (at_segment() && position_ > 0 && position_ == block_rows()) next_block();
    if (!at_segment()) return delta_id_ != kNoRow && delta_window(kNoRow);
    if (at_reordered()) {
      if (next_reordered_window()) return true;
      continue;
    }
    if (!group_checked_) {
      if (delta_id_ < group().first_row_id) {
        if (delta_window(group().first_row_id)) return true;
        continue;
      }
      if (pruner_ && !pruner_(segment().reader->footer(), group())) {
        if (delta_id_ <= group().last_row_id) {
          if (delta_window(group().last_row_id + 1)) return true;
          continue;
        }
        ++counters_.groups_pruned;
        next_group();
        continue;
      }
      group_checked_ = true;
      ++counters_.groups;
      read_ahead();
    }
    if (delta_id_ <= group().last_row_id) {
      load_row_ids();
      uint64_t first = row_ids_.mutable_data<uint64_t>()[position_];
      if (delta_id_ < first) {
        if (delta_window(first)) return true;
        continue;
      }
    }
    if (block_window()) return true;
  }
}

void ColumnarCursor::fill_missing(Column& column, const ColumnDesc& desc) {
  column.values->begin_flat();
  for (uint32_t row = 0; row < kBlockRows; ++row) {
    if (desc.missing_value.is_null) {
      column.values->set_null(row);
    } else {
      column.values->set_value(row, desc.missing_value, false);
    }
  }
}

const ChunkRef& ColumnarCursor::chunk(size_t number) {
  Column& column = columns_[number];
  if (column.segment != window_segment_ || column.group != window_group_) {
    const auto attribute = static_cast<uint32_t>(attributes_[number]);
    const SegmentReader& reader = *list_->segments[window_segment_].reader;
    column.chunk.reset();
    if (attribute < reader.footer().columns.size()) {
      column.chunk = reader.chunk(window_group_, attribute);
    }
    column.segment = window_segment_;
    column.group = window_group_;
  }
  return column.chunk;
}

void ColumnarCursor::read_rows(size_t number, const uint32_t* rows, uint32_t count, Vector& out,
                               uint32_t at) {
  Column& column = columns_[number];
  const ChunkRef& stored = chunk(number);
  if (stored != nullptr && !column.ready) {
    stored->reader.read_rows(window_block_, rows, count, out, at);
    return;
  }
  const Vector& values = this->column(number);
  const bool copies_strings = values.physical() == PhysicalType::kVarlen &&
                              (stored == nullptr || !stored->reader.has_strings_in_place());
  if (copies_strings || values.has_nulls()) {
    for (uint32_t i = 0; i < count; ++i) out.set_value(at + i, values.value(rows[i]));
    return;
  }
  switch (physical_size(values.physical())) {
    case 1:
      return copy_rows<uint8_t>(values, rows, count, out, at);
    case 2:
      return copy_rows<uint16_t>(values, rows, count, out, at);
    case 4:
      return copy_rows<uint32_t>(values, rows, count, out, at);
    case 8:
      return copy_rows<uint64_t>(values, rows, count, out, at);
    default:
      return copy_rows<Datum>(values, rows, count, out, at);
  }
}

void ColumnarCursor::decode(size_t number) {
  Column& column = columns_[number];
  auto attribute = static_cast<uint32_t>(attributes_[number]);
  const ColumnDesc& desc = table_.columns[attribute];
  if (column.values == nullptr) column.values = std::make_unique<Vector>(desc.physical, kBlockRows);
  const ChunkRef& stored = chunk(number);
  if (stored == nullptr) {
    column.decoded.reset();
    fill_missing(column, desc);
  } else if (column.decoded != stored || column.block != window_block_) {
    column.values->begin_flat();
    stored->reader.read_block(window_block_, *column.values);
    column.decoded = stored;
    column.block = window_block_;
  }
  for (const Patch& patch : patches_) {
    Value value = StoredRow(layout_, patch.bytes).value(attribute);
    if (value.is_null) {
      column.values->set_null(patch.row);
    } else {
      column.values->set_valid(patch.row);
      column.values->set_value(patch.row, value);
    }
  }
  column.ready = true;
}

const Vector& ColumnarCursor::column(size_t number) {
  if (from_delta_) return delta_rows_.columns[number];
  if (!columns_[number].ready) decode(number);
  return *columns_[number].values;
}

uint64_t ColumnarCursor::row_id(uint32_t row) {
  if (from_delta_) return delta_ids_[row];
  if (!has_row_ids_) {
    // position_ stands at the window's end, in the same block.
    load_row_ids();
  }
  return row_ids_.mutable_data<uint64_t>()[row];
}

uint64_t ColumnarCursor::stamp(uint32_t row) {
  if (from_delta_) return delta_stamps_[row];
  const SegmentEntry& entry = list_->segments[window_segment_];
  if (!has_stamps_) {
    stamps_.begin_flat();
    const SegmentFooter& footer = entry.reader->footer();
    if (footer.has_stamps) {
      entry.reader->chunk(window_group_, static_cast<uint32_t>(footer.stamp_column()))
          ->reader.read_block(window_block_, stamps_);
    } else {
      std::fill_n(stamps_.mutable_data<uint64_t>(), kBlockRows, entry.info.stamp);
    }
    for (const Patch& patch : patches_) {
      stamps_.mutable_data<uint64_t>()[patch.row] = Transaction::timestamp_of(patch.bytes);
    }
    has_stamps_ = true;
  }
  return stamps_.mutable_data<uint64_t>()[row];
}

}  // namespace luma
