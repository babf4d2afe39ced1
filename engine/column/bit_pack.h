#pragma once
// Bit-packing of unsigned integers in blocks of kBlockRows values.
//
// A block is laid out in lanes: values up to 32 bits use 64 lanes of 32-bit words, wider ones 32
// lanes of 64-bit words. Value i belongs to lane i % lanes, and a lane's values follow each other
// in that lane's words, so one shift and one mask serve a whole row of lanes: loops that compilers
// turn into SIMD, and any value can be found on its own. A block of fewer rows stores only the
// words it needs. Pure functions.
#include <cstddef>
#include <cstdint>

namespace luma {

// Rows of a storage block, whatever the executor's vectors hold.
inline constexpr uint32_t kBlockRows = 2048;

constexpr uint32_t block_count(uint32_t rows) { return (rows + kBlockRows - 1) / kBlockRows; }

// Bits needed for `range` as the greatest value.
uint32_t bit_width_of(uint64_t range);
size_t packed_size_bytes(uint32_t width, uint32_t rows);
// `values` has kBlockRows entries, those from `rows` on zero; `out` packed_size_bytes().
void pack_block(const uint64_t* values, uint32_t width, uint32_t rows, std::byte* out);
// out[i] = base + value i, wrapping. Writes up to a multiple of 64 rows: `out` has room for
// kBlockRows. T: int8_t, int16_t, int32_t, int64_t, uint32_t (for widths up to 32).
template <typename T>
void unpack_block(const std::byte* in, uint32_t width, uint64_t base, uint32_t rows, T* out);
uint64_t packed_value(const std::byte* in, uint32_t width, uint32_t index);

}  // namespace luma
