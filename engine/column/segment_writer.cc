#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <numeric>
#include <system_error>

#include "engine/base/sql_error.h"
#include "engine/column/segment.h"
#include "engine/column/segment_layout.h"

namespace luma {

SegmentWriter::SegmentWriter(SegmentFile file, std::vector<ColumnSpec> columns, bool has_stamps,
                             const SegmentOptions& options, bool reordered)
    : file_(std::move(file)), options_(options) {
  footer_.columns = std::move(columns);
  footer_.has_stamps = has_stamps;
  footer_.reordered = reordered;
  begin_group();
  std::string head;
  SectionWriter(head).value(kSegmentMagic);
  file_.append(head);
}

void SegmentWriter::begin_group() {
  builders_.clear();
  for (const ColumnSpec& spec : footer_.columns) builders_.emplace_back(spec);
  ColumnSpec system = kSystemColumn;
  system.single_access = footer_.reordered;
  while (builders_.size() < footer_.chunks_per_group()) builders_.emplace_back(system);
}

void SegmentWriter::append(const Chunk& rows, uint32_t from, std::span<const uint64_t> row_ids,
                           std::span<const uint64_t> stamps) {
  LUMA_CHECK(stamps.size() == (footer_.has_stamps ? row_ids.size() : 0));
  while (!row_ids.empty()) {
    auto count = static_cast<uint32_t>(
        std::min<size_t>(row_ids.size(), options_.row_group_rows - pending_rows_));
    if (pending_rows_ == 0) {
      pending_first_ = pending_last_ = row_ids[0];
      pending_stamp_ = 0;
    }
    for (size_t i = 0; i < footer_.columns.size(); ++i) {
      builders_[i].append(rows.columns[i], from, count);
    }
    builders_[footer_.row_id_column()].append_ints(row_ids.first(count));
    if (footer_.reordered) {
      auto [least, greatest] = std::minmax_element(row_ids.begin(), row_ids.begin() + count);
      pending_first_ = std::min(pending_first_, *least);
      pending_last_ = std::max(pending_last_, *greatest);
      pending_ids_.insert(pending_ids_.end(), row_ids.begin(), row_ids.begin() + count);
    } else {
      pending_last_ = row_ids[count - 1];
    }
    if (footer_.has_stamps) {
      builders_[footer_.stamp_column()].append_ints(stamps.first(count));
      pending_stamp_ = std::max(
          pending_stamp_, *std::max_element(stamps.begin(), stamps.begin() + ptrdiff_t{count}));
      stamps = stamps.subspan(count);
    }
    row_ids = row_ids.subspan(count);
    from += count;
    pending_rows_ += count;
    if (pending_rows_ == options_.row_group_rows) end_group(options_.in_background);
  }
  if (pending_rows_ % 64 == 0 && pending_bytes() > options_.row_group_bytes) {
    end_group(options_.in_background);
  }
}

void SegmentWriter::end_row_group() {
  end_group(false);
  wait();
}

size_t SegmentWriter::pending_bytes() const {
  size_t total = 0;
  for (const ColumnBuilder& builder : builders_) total += builder.memory_bytes();
  return total;
}

size_t SegmentWriter::memory_bytes() const { return pending_bytes() + encoding_bytes_; }

void SegmentWriter::wait() {
  if (encoding_.valid()) encoding_.get();
}

ChunkPlace SegmentWriter::write_chunk(ColumnBuilder& builder) {
  encoded_.clear();
  ChunkPlace place;
  place.zone = builder.encode(encoded_);
  place.raw_bytes = static_cast<uint32_t>(encoded_.size());
  LUMA_CHECK(place.raw_bytes == encoded_.size());
  if (options_.zstd_level > 0) {
    std::string compressed(ZSTD_compressBound(encoded_.size()), '\0');
    size_t size = ZSTD_compress(compressed.data(), compressed.size(), encoded_.data(),
                                encoded_.size(), options_.zstd_level);
    if (!ZSTD_isError(size) && size < encoded_.size() - encoded_.size() / 8) {
      compressed.resize(size);
      encoded_.swap(compressed);
    }
  }
  place.stored_bytes = static_cast<uint32_t>(encoded_.size());
  place.offset = file_.size_bytes();
  place.checksum = XXH3_64bits(encoded_.data(), encoded_.size());
  file_.append(encoded_);
  return place;
}

// Rows of the group in order of their row ids.
void SegmentWriter::append_order() {
  std::vector<uint64_t> order(pending_ids_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](uint64_t a, uint64_t b) { return pending_ids_[a] < pending_ids_[b]; });
  builders_[footer_.order_column()].append_ints(order);
  pending_ids_.clear();
}

void SegmentWriter::write_group(std::vector<ColumnBuilder>& builders, RowGroup group) {
  for (ColumnBuilder& builder : builders) group.columns.push_back(write_chunk(builder));
  footer_.groups.push_back(std::move(group));
}

void SegmentWriter::end_group(bool in_background) {
  if (pending_rows_ == 0) return;
  wait();
  if (footer_.reordered) append_order();
  RowGroup group;
  group.row_count = pending_rows_;
  group.first_row_id = pending_first_;
  group.last_row_id = pending_last_;
  group.greatest_stamp = pending_stamp_;
  row_count_ += pending_rows_;
  pending_rows_ = 0;
  if (in_background) {
    encoding_bytes_ = pending_bytes();
    auto builders = std::make_shared<std::vector<ColumnBuilder>>(std::move(builders_));
    begin_group();
    auto encode = [this, builders, group] {
      write_group(*builders, group);
      builders->clear();
      encoding_bytes_ = 0;
    };
    try {
      encoding_ = std::async(std::launch::async, encode);
    } catch (const std::system_error&) {
      encode();  // no more threads to be had
    }
    return;
  }
  write_group(builders_, std::move(group));
}

SegmentSummary SegmentWriter::finish() {
  end_row_group();
  footer_.row_count = row_count_;
  std::string bytes;
  SectionWriter writer(bytes);
  writer.value(static_cast<uint64_t>(footer_.columns.size()));
  for (const ColumnSpec& spec : footer_.columns) {
    writer.value(static_cast<uint32_t>(spec.physical));
    writer.value(static_cast<uint32_t>(spec.numeric));
  }
  writer.value((footer_.has_stamps ? kFooterStamps : 0) |
               (footer_.reordered ? kFooterReordered : 0));
  writer.value(footer_.row_count);
  writer.value(static_cast<uint64_t>(footer_.groups.size()));
  for (const RowGroup& group : footer_.groups) {
    writer.value(uint64_t{group.row_count});
    writer.value(group.first_row_id);
    writer.value(group.last_row_id);
    writer.value(group.greatest_stamp);
    for (const ChunkPlace& place : group.columns) {
      writer.value(place.offset);
      writer.value(place.stored_bytes);
      writer.value(place.raw_bytes);
      writer.value(place.checksum);
      place.zone.write(writer);
    }
  }
  SegmentTail tail;
  tail.footer_bytes = bytes.size();
  tail.footer_checksum = XXH3_64bits(bytes.data(), bytes.size());
  SectionWriter(bytes).value(tail);
  file_.append(bytes);
  file_.sync();
  SegmentSummary summary;
  summary.row_count = footer_.row_count;
  summary.size_bytes = file_.size_bytes();
  for (const RowGroup& group : footer_.groups) {
    const bool is_first = &group == &footer_.groups.front();
    summary.first_row_id =
        is_first ? group.first_row_id : std::min(summary.first_row_id, group.first_row_id);
    summary.last_row_id = std::max(summary.last_row_id, group.last_row_id);
  }
  return summary;
}

}  // namespace luma
