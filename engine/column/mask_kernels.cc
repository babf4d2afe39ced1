#include "engine/column/mask_kernels.h"

#include "engine/base/simd_call.h"

namespace luma {

namespace {

// Bits of 64 tests. Bytes first: compilers make vectors of that loop; multiplying gathers each
// byte's lowest bit.
template <typename Test>
[[gnu::always_inline]] inline uint64_t bits_of(Test test) {
  alignas(64) uint8_t flags[64];
  for (uint32_t i = 0; i < 64; ++i) flags[i] = test(i) ? 1 : 0;
  uint64_t bits = 0;
  for (uint32_t byte = 0; byte < 8; ++byte) {
    uint64_t eight;
    __builtin_memcpy(&eight, flags + 8 * size_t{byte}, sizeof eight);
    bits |= (eight * 0x0102040810204080ull >> 56) << (8 * byte);
  }
  return bits;
}

LUMA_SIMD_LOOP void keep_range32(const uint32_t* values, uint32_t count, uint32_t from,
                                 uint32_t span, uint64_t* mask) {
  for (uint32_t at = 0; at < count; at += 64, values += 64, ++mask) {
    *mask &= bits_of([=](uint32_t i) { return values[i] - from <= span; });
  }
}

LUMA_SIMD_LOOP void keep_range64(const uint64_t* values, uint32_t count, uint64_t from,
                                 uint64_t span, uint64_t* mask) {
  for (uint32_t at = 0; at < count; at += 64, values += 64, ++mask) {
    *mask &= bits_of([=](uint32_t i) { return values[i] - from <= span; });
  }
}

LUMA_SIMD_LOOP uint32_t greatest32(const uint32_t* values, uint32_t count) {
  uint32_t greatest = 0;
  for (uint32_t i = 0; i < count; ++i) greatest = values[i] > greatest ? values[i] : greatest;
  return greatest;
}

// Flags of up to 32 codes fit a word.
LUMA_SIMD_LOOP void keep_word(const uint32_t* codes, uint32_t count, uint32_t flags,
                              uint64_t* mask) {
  for (uint32_t at = 0; at < count; at += 64, codes += 64, ++mask) {
    *mask &= bits_of([=](uint32_t i) { return (flags >> (codes[i] & 31) & 1) != 0; });
  }
}

}  // namespace

uint32_t greatest_of(const uint32_t* values, uint32_t count) {
  return simd_call<greatest32>(values, count);
}

void keep_range(const uint32_t* values, uint32_t count, uint32_t from, uint32_t span,
                uint64_t* mask) {
  simd_call<keep_range32>(values, count, from, span, mask);
}

void keep_range(const uint64_t* values, uint32_t count, uint64_t from, uint64_t span,
                uint64_t* mask) {
  simd_call<keep_range64>(values, count, from, span, mask);
}

void keep_flagged(const uint32_t* codes, uint32_t count, const uint8_t* flags, size_t flag_count,
                  uint64_t* mask) {
  if (flag_count <= 32) {
    uint32_t word = 0;
    for (size_t i = 0; i < flag_count; ++i) word |= uint32_t{flags[i]} << i;
    return simd_call<keep_word>(codes, count, word, mask);
  }
  for (uint32_t at = 0; at < count; at += 64, codes += 64, ++mask) {
    if (*mask == 0) continue;
    uint64_t bits = 0;
    const uint32_t rows = count - at < 64 ? count - at : 64;
    for (uint32_t i = 0; i < rows; ++i) bits |= uint64_t{flags[codes[i]]} << i;
    *mask &= bits;
  }
}

}  // namespace luma
