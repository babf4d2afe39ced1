#include "engine/column/column_chunk.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/column/section.h"
#include "engine/type/numeric.h"

namespace luma {

namespace {

// Two words of a 16-byte value that is not a string.
struct Words {
  int64_t low, high;
};
template <typename T>
Words words_of(const T& value) {
  static_assert(sizeof(T) == sizeof(Words));
  return std::bit_cast<Words>(value);
}

void write_part(SectionWriter& writer, std::span<const int64_t> values) {
  std::string encoded;
  encode_ints(values, encoded);
  writer.part(encoded);
}

void set_int_zone(std::span<const int64_t> values, ZoneMap& zone) {
  // Places of NULLs hold a neighbour's value, so they do not matter.
  int64_t least = values[0], greatest = values[0];
  for (int64_t value : values) {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  zone.kind = ZoneKind::kInt;
  zone.least_int = least;
  zone.greatest_int = greatest;
}

// The first bytes as a number in the strings' order; equal numbers decide nothing.
uint32_t leading_bytes(const StringRef& value) {
  uint32_t bytes;
  std::memcpy(&bytes, reinterpret_cast<const char*>(&value) + sizeof(uint32_t), sizeof bytes);
  return __builtin_bswap32(bytes);
}

void set_bytes_zone(std::span<const StringRef> values, ZoneMap& zone) {
  StringRef least = values[0], greatest = values[0];
  uint32_t least_bytes = leading_bytes(least), greatest_bytes = least_bytes;
  for (const StringRef& value : values) {
    const uint32_t bytes = leading_bytes(value);
    if (bytes <= least_bytes && value.view() < least.view()) {
      least = value;
      least_bytes = bytes;
    }
    if (bytes >= greatest_bytes && value.view() > greatest.view()) {
      greatest = value;
      greatest_bytes = bytes;
    }
  }
  zone.add_bytes(least.view());
  zone.add_bytes(greatest.view());
}

}  // namespace

template <typename Store>
void ColumnBuilder::each(const Vector& values, uint32_t from, uint32_t count, Store&& store) {
  validity_.resize((count_ + count + 63) / 64);
  for (uint32_t row = from; row < from + count; ++row, ++count_) {
    if (values.is_null(row)) {
      ++null_count_;
      store(row, false);
    } else {
      validity_[count_ >> 6] |= uint64_t{1} << (count_ & 63);
      store(row, true);
    }
  }
}

void ColumnBuilder::append(const Vector& values, uint32_t from, uint32_t count) {
  auto ints = [&]<typename T>(T) {
    auto data = values.unified<T>();
    each(values, from, count, [&](uint32_t row, bool valid) {
      ints_.push_back(valid ? static_cast<int64_t>(data[row]) : 0);
    });
  };
  auto floats = [&]<typename T>(std::vector<T>& out) {
    auto data = values.unified<T>();
    each(values, from, count,
         [&](uint32_t row, bool valid) { out.push_back(valid ? data[row] : T{0}); });
  };
  auto pairs = [&]<typename T>(T) {
    auto data = values.unified<T>();
    each(values, from, count, [&](uint32_t row, bool valid) {
      Words words = valid ? words_of(data[row]) : Words{0, 0};
      ints_.push_back(words.low);
      more_ints_.push_back(words.high);
    });
  };
  switch (spec_.physical) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
      return ints(int8_t{});
    case PhysicalType::kInt16:
      return ints(int16_t{});
    case PhysicalType::kInt32:
      return ints(int32_t{});
    case PhysicalType::kInt64:
      return ints(int64_t{});
    case PhysicalType::kFloat:
      return floats(floats_);
    case PhysicalType::kDouble:
      return floats(doubles_);
    case PhysicalType::kInterval:
      return pairs(Interval{});
    case PhysicalType::kUuid:
      return pairs(Uuid{});
    case PhysicalType::kTimeTz:
      return pairs(TimeTz{});
    case PhysicalType::kVarlen: {
      auto data = values.unified<StringRef>();
      each(values, from, count, [&](uint32_t row, bool valid) {
        if (!valid) {
          strings_.emplace_back();
        } else if (data[row].is_inline()) {
          strings_.push_back(data[row]);
        } else {
          strings_.emplace_back(heap_->copy(data[row].view()));
        }
      });
      return;
    }
  }
}

void ColumnBuilder::append_ints(std::span<const uint64_t> values) {
  for (uint64_t value : values) ints_.push_back(static_cast<int64_t>(value));
  count_ += static_cast<uint32_t>(values.size());
}

size_t ColumnBuilder::memory_bytes() const {
  return heap_->allocated_bytes() + strings_.capacity() * sizeof(StringRef) +
         (ints_.capacity() + more_ints_.capacity() + doubles_.capacity()) * 8 +
         floats_.capacity() * 4;
}

// Gives NULLs the value before them (or the first one), which costs no bits and ends no run.
template <typename T>
void ColumnBuilder::fill_nulls(std::vector<T>& values) const {
  if (null_count_ == 0) return;
  uint32_t first = 0;
  while (first < count_ && !valid(first)) ++first;
  if (first == count_) return;
  T last = values[first];
  for (uint32_t i = 0; i < count_; ++i) {
    if (valid(i)) {
      last = values[i];
    } else {
      values[i] = last;
    }
  }
}

template <typename Float>
void ColumnBuilder::encode_floats(const std::vector<Float>& values, std::string& out,
                                  ZoneMap& zone) {
  zone.kind = ZoneKind::kFloat;
  zone.least_float = zone.greatest_float = values[0];
  for (Float value : values) {
    if (std::isnan(value) || value > zone.greatest_float) {
      if (!std::isnan(zone.greatest_float)) zone.greatest_float = value;
    }
    if (std::isnan(zone.least_float) || value < zone.least_float) {
      zone.least_float = value;
    }
  }
  using Bits = std::conditional_t<sizeof(Float) == 8, int64_t, int32_t>;
  std::vector<int64_t> bits;
  bits.reserve(values.size());
  for (Float value : values) bits.push_back(std::bit_cast<Bits>(value));
  std::string as_bits, as_decimals;
  encode_ints(bits, as_bits);
  SectionWriter writer(out);
  // Runs and constants are as small as any, and faster.
  bool small = as_bits.size() * 8 < values.size();
  if (!small && encode_alp(std::span<const Float>(values), as_decimals) &&
      as_decimals.size() < as_bits.size()) {
    writer.value(static_cast<uint64_t>(ChunkKind::kAlp));
    writer.part(as_decimals);
  } else {
    writer.value(static_cast<uint64_t>(ChunkKind::kFloatBits));
    writer.part(as_bits);
  }
}

// False when some value is not a small decimal.
bool ColumnBuilder::encode_decimals(std::string& out, ZoneMap& zone) {
  std::vector<int64_t> scaled(count_), scales(count_);
  for (uint32_t i = 0; i < count_; ++i) {
    Datum datum = Datum::of_string(strings_[i]);
    if (!numeric_is_small(datum)) return false;
    SmallNumeric small = numeric_small(datum);
    scaled[i] = small.scaled;
    scales[i] = small.scale;
  }
  auto [least, greatest] = std::minmax_element(scales.begin(), scales.end());
  if (*least == *greatest) {
    set_int_zone(scaled, zone);
    zone.kind = ZoneKind::kDecimal;
    zone.scale = static_cast<uint32_t>(*least);
  }
  SectionWriter writer(out);
  writer.value(static_cast<uint64_t>(ChunkKind::kDecimal));
  write_part(writer, scaled);
  write_part(writer, scales);
  return true;
}

void ColumnBuilder::encode_varlen(std::string& out, ZoneMap& zone) {
  fill_nulls(strings_);
  if (spec_.numeric && encode_decimals(out, zone)) return;
  if (!spec_.numeric) set_bytes_zone(strings_, zone);
  SectionWriter writer(out);
  writer.value(static_cast<uint64_t>(ChunkKind::kString));
  std::string encoded;
  encode_strings(strings_, encoded);
  writer.part(encoded);
}

void ColumnBuilder::encode_values(std::string& out, ZoneMap& zone) {
  SectionWriter writer(out);
  switch (spec_.physical) {
    case PhysicalType::kFloat:
      fill_nulls(floats_);
      return encode_floats(floats_, out, zone);
    case PhysicalType::kDouble:
      fill_nulls(doubles_);
      return encode_floats(doubles_, out, zone);
    case PhysicalType::kVarlen:
      return encode_varlen(out, zone);
    case PhysicalType::kInterval:
    case PhysicalType::kUuid:
    case PhysicalType::kTimeTz:
      fill_nulls(ints_);
      fill_nulls(more_ints_);
      writer.value(static_cast<uint64_t>(ChunkKind::kPair));
      write_part(writer, ints_);
      write_part(writer, more_ints_);
      return;
    default:
      fill_nulls(ints_);
      set_int_zone(ints_, zone);
      writer.value(static_cast<uint64_t>(ChunkKind::kInt));
      if (!spec_.single_access) return write_part(writer, ints_);
      std::string encoded;
      encode_ints_as(IntEncoding::kPacked, ints_, encoded);
      writer.part(encoded);
  }
}

ZoneMap ColumnBuilder::encode(std::string& out) {
  ZoneMap zone;
  zone.row_count = count_;
  zone.null_count = null_count_;
  SectionWriter writer(out);
  writer.value(count_);
  writer.value(null_count_);
  if (null_count_ == count_) {
    writer.value(static_cast<uint64_t>(ChunkKind::kNull));
  } else {
    if (null_count_ > 0) writer.array(std::span<const uint64_t>(validity_));
    encode_values(out, zone);
  }
  *this = ColumnBuilder(spec_);
  return zone;
}

ColumnChunkReader::ColumnChunkReader(std::string_view bytes, ColumnSpec spec) : spec_(spec) {
  SectionReader reader(bytes);
  rows_ = reader.value<uint32_t>();
  null_count_ = reader.value<uint32_t>();
  if (null_count_ > 0 && null_count_ < rows_) {
    validity_ = reader.array<uint64_t>((rows_ + 63) / 64);
  }
  auto kind = reader.value<uint64_t>();
  if (kind > static_cast<uint64_t>(ChunkKind::kPair)) throw CorruptChunk{"unknown kind of chunk"};
  kind_ = static_cast<ChunkKind>(kind);
  uint32_t found = rows_;
  switch (kind_) {
    case ChunkKind::kNull:
      break;
    case ChunkKind::kInt:
    case ChunkKind::kFloatBits:
      ints_ = IntReader(reader.part());
      found = ints_.size();
      break;
    case ChunkKind::kAlp:
      if (spec_.physical == PhysicalType::kDouble) {
        doubles_ = AlpReader<double>(reader.part());
      } else {
        floats_ = AlpReader<float>(reader.part());
      }
      break;
    case ChunkKind::kString:
      strings_ = StringReader(reader.part());
      found = strings_.size();
      break;
    case ChunkKind::kDecimal:
    case ChunkKind::kPair:
      ints_ = IntReader(reader.part());
      more_ints_ = IntReader(reader.part());
      found = std::min(ints_.size(), more_ints_.size());
      break;
  }
  if (found != rows_) throw CorruptChunk{"wrong number of values"};
}

std::string ColumnChunkReader::description() const {
  static constexpr std::string_view kIntNames[] = {"constant", "packed", "delta", "runs",
                                                   "dictionary"};
  static constexpr std::string_view kStringNames[] = {"dictionary", "fsst", "plain"};
  auto name = [](const IntReader& ints) {
    return std::string(kIntNames[static_cast<size_t>(ints.encoding())]);
  };
  switch (kind_) {
    case ChunkKind::kNull:
      return "null";
    case ChunkKind::kInt:
    case ChunkKind::kFloatBits:
      return name(ints_);
    case ChunkKind::kAlp:
      return "alp";
    case ChunkKind::kString:
      return std::string(kStringNames[static_cast<size_t>(strings_.encoding())]);
    case ChunkKind::kDecimal:
      return "decimal " + name(ints_);
    case ChunkKind::kPair:
      return name(ints_) + " and " + name(more_ints_);
  }
  return "";
}

void ColumnChunkReader::read_decimals(uint32_t block, StringRef* out) const {
  int64_t scaled[kBlockRows], scales[kBlockRows];
  ints_.read_block(block, scaled);
  uint32_t rows = ints_.rows_of_block(block);
  // The words of a small decimal: size 12, two zero bytes, the scale; the scaled value.
  auto* words = reinterpret_cast<uint64_t*>(out);
  auto head = [](int64_t scale) { return uint64_t{12} | static_cast<uint64_t>(scale) << 48; };
  if (more_ints_.encoding() == IntEncoding::kConstant) {
    const uint64_t same = head(more_ints_.value(0));
    for (uint32_t i = 0; i < rows; ++i) {
      words[2 * i] = same;
      words[2 * i + 1] = static_cast<uint64_t>(scaled[i]);
    }
    return;
  }
  more_ints_.read_block(block, scales);
  for (uint32_t i = 0; i < rows; ++i) {
    words[2 * i] = head(scales[i]);
    words[2 * i + 1] = static_cast<uint64_t>(scaled[i]);
  }
}

template <typename T>
void ColumnChunkReader::read_pairs(uint32_t block, T* out) const {
  int64_t low[kBlockRows], high[kBlockRows];
  ints_.read_block(block, low);
  more_ints_.read_block(block, high);
  uint32_t rows = ints_.rows_of_block(block);
  for (uint32_t i = 0; i < rows; ++i) out[i] = std::bit_cast<T>(Words{low[i], high[i]});
}

std::optional<uint32_t> ColumnChunkReader::find_sorted(uint64_t value) const {
  if (kind_ != ChunkKind::kInt || rows_ == 0) return std::nullopt;
  auto at = [&](uint32_t row) { return static_cast<uint64_t>(ints_.value(row)); };
  // The last block that begins at or before the value.
  uint32_t low = 0, high = block_count(rows_);
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (at(middle * kBlockRows) <= value) {
      low = middle;
    } else {
      high = middle;
    }
  }
  int64_t values[kBlockRows];
  ints_.read_block(low, values);
  auto* end = values + ints_.rows_of_block(low);
  auto* found = std::lower_bound(values, end, static_cast<int64_t>(value));
  if (found == end || static_cast<uint64_t>(*found) != value) return std::nullopt;
  return low * kBlockRows + static_cast<uint32_t>(found - values);
}

std::optional<uint32_t> ColumnChunkReader::find_ordered(const ColumnChunkReader& order,
                                                        uint64_t value) const {
  if (kind_ != ChunkKind::kInt || order.kind_ != ChunkKind::kInt || order.rows_ != rows_) {
    throw CorruptChunk{"no order of rows"};
  }
  uint32_t low = 0, high = rows_;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const auto row = static_cast<uint64_t>(order.ints_.value(middle));
    if (row >= rows_) throw CorruptChunk{"a row number beyond its row group"};
    const auto found = static_cast<uint64_t>(ints_.value(static_cast<uint32_t>(row)));
    if (found == value) return static_cast<uint32_t>(row);
    if (found < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::nullopt;
}

void ColumnChunkReader::read_block(uint32_t block, Vector& out) const {
  LUMA_DCHECK(out.capacity() >= kBlockRows);
  if (kind_ == ChunkKind::kNull) {
    std::fill_n(out.mutable_data<std::byte>(), size_t{kBlockRows} * physical_size(spec_.physical),
                std::byte{0});
    std::fill_n(out.mutable_validity(), kBlockRows / 64, 0);
    return;
  }
  switch (spec_.physical) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
      ints_.read_block(block, out.mutable_data<int8_t>());
      break;
    case PhysicalType::kInt16:
      ints_.read_block(block, out.mutable_data<int16_t>());
      break;
    case PhysicalType::kInt32:
      ints_.read_block(block, out.mutable_data<int32_t>());
      break;
    case PhysicalType::kInt64:
      ints_.read_block(block, out.mutable_data<int64_t>());
      break;
    case PhysicalType::kFloat:
      if (kind_ == ChunkKind::kAlp) {
        floats_.read_block(block, out.mutable_data<float>());
      } else {
        ints_.read_block(block, out.mutable_data<int32_t>());
      }
      break;
    case PhysicalType::kDouble:
      if (kind_ == ChunkKind::kAlp) {
        doubles_.read_block(block, out.mutable_data<double>());
      } else {
        ints_.read_block(block, out.mutable_data<int64_t>());
      }
      break;
    case PhysicalType::kInterval:
      read_pairs(block, out.mutable_data<Interval>());
      break;
    case PhysicalType::kUuid:
      read_pairs(block, out.mutable_data<Uuid>());
      break;
    case PhysicalType::kTimeTz:
      read_pairs(block, out.mutable_data<TimeTz>());
      break;
    case PhysicalType::kVarlen:
      if (kind_ == ChunkKind::kDecimal) {
        read_decimals(block, out.mutable_data<StringRef>());
      } else {
        strings_.read_block(block, out.mutable_data<StringRef>(), out.heap());
      }
      break;
  }
  if (validity_.empty()) return;
  size_t first = size_t{block} * (kBlockRows / 64);
  size_t words = std::min<size_t>(kBlockRows / 64, validity_.size() - first);
  std::copy_n(validity_.data() + first, words, out.mutable_validity());
}

}  // namespace luma
