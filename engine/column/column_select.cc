// Reading some rows of a chunk, and predicates on what is encoded.
#include <bit>

#include "engine/column/column_chunk.h"
#include "engine/column/section.h"

namespace luma {

uint64_t ColumnChunkReader::valid_word(uint32_t block, uint32_t word) const {
  const size_t at = size_t{block} * RowMask::kWords + word;
  return at < validity_.size() ? validity_[at] : ~uint64_t{0};
}

std::optional<int> ColumnChunkReader::decimal_scale() const {
  if (kind_ != ChunkKind::kDecimal || more_ints_.encoding() != IntEncoding::kConstant) {
    return std::nullopt;
  }
  return static_cast<int>(more_ints_.value(0));
}

void ColumnChunkReader::keep_range(uint32_t block, IntRange range, RowMask& mask) const {
  ints_.keep_range(block, range, mask);
  if (validity_.empty()) return;
  for (uint32_t w = 0; w < RowMask::kWords; ++w) mask.words[w] &= valid_word(block, w);
}

std::span<const StringRef> ColumnChunkReader::dictionary() const {
  if (kind_ != ChunkKind::kString || strings_.encoding() != StringEncoding::kDictionary) return {};
  return strings_.dictionary();
}

void ColumnChunkReader::keep_entries(uint32_t block, std::span<const uint8_t> flags,
                                     bool keep_nulls, RowMask& mask) const {
  RowMask nulls;
  nulls.clear();
  if (!validity_.empty()) {
    for (uint32_t w = 0; w < RowMask::kWords; ++w) {
      const uint64_t valid = valid_word(block, w);
      if (keep_nulls) nulls.words[w] = mask.words[w] & ~valid;
      mask.words[w] &= valid;
    }
  }
  strings_.codes().keep_flagged(block, flags, mask);
  for (uint32_t w = 0; w < RowMask::kWords; ++w) mask.words[w] |= nulls.words[w];
}

void ColumnChunkReader::read_some_decimals(uint32_t block, const uint32_t* rows, uint32_t count,
                                           StringRef* out) const {
  int64_t scaled[kBlockRows], scales[kBlockRows];
  ints_.read_rows(block, rows, count, scaled);
  // The words of a small decimal: see read_decimals().
  auto* words = reinterpret_cast<uint64_t*>(out);
  auto write = [&](auto scale_of) {
    for (uint32_t i = 0; i < count; ++i) {
      words[2 * i] = uint64_t{12} | static_cast<uint64_t>(scale_of(i)) << 48;
      words[2 * i + 1] = static_cast<uint64_t>(scaled[i]);
    }
  };
  if (std::optional<int> scale = decimal_scale()) return write([&](uint32_t) { return *scale; });
  more_ints_.read_rows(block, rows, count, scales);
  write([&](uint32_t i) { return scales[i]; });
}

void ColumnChunkReader::read_values(uint32_t block, const uint32_t* rows, uint32_t count,
                                    Vector& out, uint32_t at) const {
  auto ints = [&]<typename T>(T) {
    ints_.read_rows(block, rows, count, out.mutable_data<T>() + at);
  };
  auto pairs = [&]<typename T>(T) {
    int64_t low[kBlockRows], high[kBlockRows];
    ints_.read_rows(block, rows, count, low);
    more_ints_.read_rows(block, rows, count, high);
    struct Words {
      int64_t low, high;
    };
    T* to = out.mutable_data<T>() + at;
    for (uint32_t i = 0; i < count; ++i) to[i] = std::bit_cast<T>(Words{low[i], high[i]});
  };
  auto floats = [&](const auto& reader, auto* to) {
    std::remove_pointer_t<decltype(to)> values[kBlockRows];
    reader.read_block(block, values);
    for (uint32_t i = 0; i < count; ++i) to[i] = values[rows[i]];
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
      if (kind_ != ChunkKind::kAlp) return ints(int32_t{});
      return floats(floats_, out.mutable_data<float>() + at);
    case PhysicalType::kDouble:
      if (kind_ != ChunkKind::kAlp) return ints(int64_t{});
      return floats(doubles_, out.mutable_data<double>() + at);
    case PhysicalType::kInterval:
      return pairs(Interval{});
    case PhysicalType::kUuid:
      return pairs(Uuid{});
    case PhysicalType::kTimeTz:
      return pairs(TimeTz{});
    case PhysicalType::kVarlen:
      if (kind_ == ChunkKind::kDecimal) {
        return read_some_decimals(block, rows, count, out.mutable_data<StringRef>() + at);
      }
      return strings_.read_rows(block, rows, count, out.mutable_data<StringRef>() + at, out.heap());
  }
}

void ColumnChunkReader::read_rows(uint32_t block, const uint32_t* rows, uint32_t count, Vector& out,
                                  uint32_t at) const {
  if (kind_ == ChunkKind::kNull) {
    const size_t size = physical_size(spec_.physical);
    std::fill_n(out.mutable_data<std::byte>() + at * size, count * size, std::byte{0});
    for (uint32_t i = 0; i < count; ++i) out.set_null(at + i);
    return;
  }
  read_values(block, rows, count, out, at);
  if (validity_.empty()) return;
  for (uint32_t i = 0; i < count; ++i) {
    if (((valid_word(block, rows[i] >> 6) >> (rows[i] & 63)) & 1) == 0) out.set_null(at + i);
  }
}

}  // namespace luma
