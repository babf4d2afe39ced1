// Predicates on encoded integers, and reading some of them.
#include <algorithm>

#include "engine/column/int_codec.h"
#include "engine/column/mask_kernels.h"
#include "engine/column/section.h"

namespace luma {

namespace {
// Finding a packed value takes about as long as decoding so many of a block.
constexpr uint32_t kBlockPerValue = 16;
}  // namespace

int64_t IntReader::packed_at(const PackedBlock& header, uint32_t row) const {
  return static_cast<int64_t>(static_cast<uint64_t>(header.base) +
                              packed_value(data_ + size_t{header.offset} * 8, header.width, row));
}

template <typename T>
void IntReader::read_rows(uint32_t block, const uint32_t* rows, uint32_t count, T* out) const {
  const bool packed = encoding_ == IntEncoding::kPacked || encoding_ == IntEncoding::kDictionary;
  if (encoding_ == IntEncoding::kConstant) {
    std::fill(out, out + count, static_cast<T>(constant_));
  } else if (packed && count < kBlockRows / kBlockPerValue) {
    const PackedBlock& header = packed_[block];
    for (uint32_t i = 0; i < count; ++i) {
      int64_t value = packed_at(header, rows[i]);
      if (encoding_ == IntEncoding::kDictionary) value = values_[static_cast<uint64_t>(value)];
      out[i] = static_cast<T>(value);
    }
  } else {
    T values[kBlockRows];
    read_block(block, values);
    for (uint32_t i = 0; i < count; ++i) out[i] = values[rows[i]];
  }
}
template void IntReader::read_rows(uint32_t, const uint32_t*, uint32_t, int8_t*) const;
template void IntReader::read_rows(uint32_t, const uint32_t*, uint32_t, int16_t*) const;
template void IntReader::read_rows(uint32_t, const uint32_t*, uint32_t, int32_t*) const;
template void IntReader::read_rows(uint32_t, const uint32_t*, uint32_t, int64_t*) const;

void IntReader::keep_packed(uint32_t block, IntRange range, RowMask& mask) const {
  const PackedBlock& header = packed_[block];
  const uint64_t most = header.width == 64 ? ~uint64_t{0} : (uint64_t{1} << header.width) - 1;
  const uint64_t above = static_cast<uint64_t>(INT64_MAX) - static_cast<uint64_t>(header.base);
  const int64_t greatest =
      most > above ? INT64_MAX : static_cast<int64_t>(static_cast<uint64_t>(header.base) + most);
  if (range.greatest < header.base || range.least > greatest) return mask.clear();
  if (range.least <= header.base && greatest <= range.greatest) return;
  // From here on in offsets from the base.
  auto offset = [&](int64_t value) {
    return static_cast<uint64_t>(value) - static_cast<uint64_t>(header.base);
  };
  const uint64_t from = offset(std::max(range.least, header.base));
  const uint64_t span = offset(std::min(range.greatest, greatest)) - from;
  const uint32_t rows = rows_of_block(block);
  const std::byte* data = data_ + size_t{header.offset} * 8;
  if (header.width <= 32) {
    uint32_t offsets[kBlockRows];
    unpack_block(data, header.width, 0, rows, offsets);
    luma::keep_range(offsets, rows, static_cast<uint32_t>(from), static_cast<uint32_t>(span),
                     mask.words.data());
  } else {
    int64_t offsets[kBlockRows];
    unpack_block(data, header.width, 0, rows, offsets);
    luma::keep_range(reinterpret_cast<const uint64_t*>(offsets), rows, from, span,
                     mask.words.data());
  }
}

void IntReader::keep_runs(uint32_t block, IntRange range, RowMask& mask) const {
  const uint32_t begin = block * kBlockRows, end = begin + rows_of_block(block);
  uint32_t row = begin;
  for (uint32_t run = first_runs_[block]; row < end; ++run) {
    const uint32_t until = std::min(run_ends_[run], end);
    if (!range.contains(values_[run])) mask.clear_range(row - begin, until - begin);
    row = until;
  }
}

void IntReader::keep_range(uint32_t block, IntRange range, RowMask& mask) const {
  if (range.empty()) return mask.clear();
  switch (encoding_) {
    case IntEncoding::kConstant:
      if (!range.contains(constant_)) mask.clear();
      return;
    case IntEncoding::kPacked:
      return keep_packed(block, range, mask);
    case IntEncoding::kRuns:
      return keep_runs(block, range, mask);
    case IntEncoding::kDictionary: {
      // The dictionary is in order, and so are its codes.
      auto first = std::lower_bound(values_.begin(), values_.end(), range.least) - values_.begin();
      auto end = std::upper_bound(values_.begin(), values_.end(), range.greatest) - values_.begin();
      if (first == end) return mask.clear();
      return keep_packed(block, {first, end - 1}, mask);
    }
    case IntEncoding::kDelta: {
      int64_t values[kBlockRows];
      read_block(block, values);
      const auto from = static_cast<uint64_t>(range.least);
      luma::keep_range(reinterpret_cast<const uint64_t*>(values), rows_of_block(block), from,
                       static_cast<uint64_t>(range.greatest) - from, mask.words.data());
      return;
    }
  }
}

void IntReader::keep_flagged(uint32_t block, std::span<const uint8_t> flags, RowMask& mask) const {
  if (encoding_ == IntEncoding::kConstant) {
    if (static_cast<uint64_t>(constant_) >= flags.size()) throw CorruptChunk{"an unknown code"};
    if (flags[static_cast<uint64_t>(constant_)] == 0) mask.clear();
    return;
  }
  const uint32_t rows = rows_of_block(block);
  uint32_t codes[kBlockRows];
  read_block(block, reinterpret_cast<int32_t*>(codes));
  if (greatest_of(codes, rows) >= flags.size()) throw CorruptChunk{"an unknown code"};
  luma::keep_flagged(codes, rows, flags.data(), flags.size(), mask.words.data());
}

}  // namespace luma
