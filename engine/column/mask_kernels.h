#pragma once
// Loops over decoded blocks that clear the bits of rows which do not pass. They go over `count`
// rows rounded up to a multiple of 64, for which there is room; bits beyond are kept. Pure
// functions.
#include <cstddef>
#include <cstdint>

namespace luma {

// Keeps rows with value - from <= span, unsigned and wrapping: a range of any position.
void keep_range(const uint32_t* values, uint32_t count, uint32_t from, uint32_t span,
                uint64_t* mask);
void keep_range(const uint64_t* values, uint32_t count, uint64_t from, uint64_t span,
                uint64_t* mask);
uint32_t greatest_of(const uint32_t* values, uint32_t count);
// Keeps rows whose code's flag is 1; the other flags are 0. Codes are below `flag_count`.
void keep_flagged(const uint32_t* codes, uint32_t count, const uint8_t* flags, size_t flag_count,
                  uint64_t* mask);

}  // namespace luma
