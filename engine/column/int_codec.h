#pragma once
// Streams of integers (everything that is one inside: ints, dates, timestamps, booleans, bit
// patterns, dictionary codes, scaled decimals). The smallest of these is chosen:
//   constant; packed: a base per block and bit-packed offsets (frame of reference);
//   delta: packed differences; runs: value and end of each run; dictionary: packed codes.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/column/bit_pack.h"
#include "engine/column/row_mask.h"

namespace luma {

enum class IntEncoding : uint8_t { kConstant, kPacked, kDelta, kRuns, kDictionary };

// Appends a stream. It must begin at a multiple of 8 bytes of what it becomes part of.
void encode_ints(std::span<const int64_t> values, std::string& out);
// Forces an encoding that can hold any values (all but kConstant).
void encode_ints_as(IntEncoding encoding, std::span<const int64_t> values, std::string& out);

// Both ends belong to it.
struct IntRange {
  int64_t least = INT64_MIN, greatest = INT64_MAX;
  bool empty() const { return least > greatest; }
  bool contains(int64_t value) const { return least <= value && value <= greatest; }
};

// A view of an encoded stream; threads may share it. Throws CorruptChunk.
class IntReader {
 public:
  IntReader() = default;
  explicit IntReader(std::string_view bytes);

  IntEncoding encoding() const { return encoding_; }
  uint32_t size() const { return count_; }
  uint32_t rows_of_block(uint32_t block) const {
    return std::min(kBlockRows, count_ - block * kBlockRows);
  }
  // Writes up to a multiple of 64 values: `out` has room for kBlockRows.
  template <typename T>
  void read_block(uint32_t block, T* out) const;
  int64_t value(uint32_t index) const;
  // The values of some rows of the block, ascending.
  template <typename T>
  void read_rows(uint32_t block, const uint32_t* rows, uint32_t count, T* out) const;

  // Clears the rows of the block that lie outside of the range, without decoding where the encoding
  // tells.
  void keep_range(uint32_t block, IntRange range, RowMask& mask) const;
  // The same for codes: keeps rows whose code has flag 1 (other flags are 0). CorruptChunk for
  // codes beyond the flags.
  void keep_flagged(uint32_t block, std::span<const uint8_t> flags, RowMask& mask) const;

  struct PackedBlock {
    int64_t base;
    uint32_t offset;  // of its data, in 8 bytes
    uint32_t width;
  };
  struct DeltaBlock {
    int64_t first;
    int64_t least_delta;
    uint32_t offset;
    uint32_t width;
  };

 private:
  template <typename T>
  void read_runs(uint32_t block, T* out) const;
  void keep_packed(uint32_t block, IntRange range, RowMask& mask) const;
  void keep_runs(uint32_t block, IntRange range, RowMask& mask) const;
  int64_t packed_at(const PackedBlock& header, uint32_t row) const;

  IntEncoding encoding_ = IntEncoding::kConstant;
  uint32_t count_ = 0;
  int64_t constant_ = 0;
  std::span<const PackedBlock> packed_;
  std::span<const DeltaBlock> delta_;
  const std::byte* data_ = nullptr;
  std::span<const int64_t> values_;       // of runs or of the dictionary
  std::span<const uint32_t> run_ends_;    // exclusive
  std::span<const uint32_t> first_runs_;  // by block
};

}  // namespace luma
