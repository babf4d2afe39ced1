#include "engine/column/bit_pack.h"

#include <bit>
#include <cstring>
#include <type_traits>

#include "engine/base/simd_call.h"

namespace luma {

namespace {

template <typename Word>
struct Lanes {
  static constexpr uint32_t kBits = sizeof(Word) * 8;
  static constexpr uint32_t kCount = kBlockRows / kBits;
  static uint32_t rows_of(uint32_t values) { return (values + kCount - 1) / kCount; }
  static size_t words_of(uint32_t width, uint32_t values) {
    return (size_t{rows_of(values)} * width + kBits - 1) / kBits * kCount;
  }
};

template <typename Word>
void pack(const uint64_t* values, uint32_t width, uint32_t rows, Word* out) {
  using L = Lanes<Word>;
  std::memset(out, 0, L::words_of(width, rows) * sizeof(Word));
  uint32_t bit = 0;
  for (uint32_t row = 0; row < L::rows_of(rows); ++row, bit += width) {
    Word* word = out + size_t{bit / L::kBits} * L::kCount;
    uint32_t shift = bit % L::kBits;
    for (uint32_t lane = 0; lane < L::kCount; ++lane) {
      auto value = static_cast<Word>(values[row * L::kCount + lane]);
      word[lane] |= value << shift;
      if (shift + width > L::kBits) word[lane + L::kCount] |= value >> (L::kBits - shift);
    }
  }
}

template <typename Word, typename T>
LUMA_SIMD_LOOP void unpack(const Word* in, uint32_t width, uint64_t base, uint32_t rows,
                           T* __restrict out) {
  using L = Lanes<Word>;
  using U = std::make_unsigned_t<T>;
  const Word mask = width == L::kBits ? ~Word{0} : (Word{1} << width) - 1;
  const U from = static_cast<U>(base);
  uint32_t bit = 0;
  for (uint32_t row = 0; row < L::rows_of(rows); ++row, bit += width, out += L::kCount) {
    const Word* word = in + size_t{bit / L::kBits} * L::kCount;
    const uint32_t shift = bit % L::kBits;
    if (shift + width <= L::kBits) {
      for (uint32_t lane = 0; lane < L::kCount; ++lane) {
        out[lane] = static_cast<T>(static_cast<U>(from + ((word[lane] >> shift) & mask)));
      }
    } else {
      const uint32_t rest = L::kBits - shift;
      for (uint32_t lane = 0; lane < L::kCount; ++lane) {
        Word value = ((word[lane] >> shift) | (word[lane + L::kCount] << rest)) & mask;
        out[lane] = static_cast<T>(static_cast<U>(from + value));
      }
    }
  }
}

template <typename Word>
uint64_t value_at(const Word* in, uint32_t width, uint32_t index) {
  using L = Lanes<Word>;
  uint32_t bit = index / L::kCount * width;
  const Word* word = in + size_t{bit / L::kBits} * L::kCount + index % L::kCount;
  uint32_t shift = bit % L::kBits;
  Word value = word[0] >> shift;
  if (shift + width > L::kBits) value |= word[L::kCount] << (L::kBits - shift);
  return width == L::kBits ? value : value & ((Word{1} << width) - 1);
}

const uint32_t* narrow(const std::byte* in) { return reinterpret_cast<const uint32_t*>(in); }
const uint64_t* wide(const std::byte* in) { return reinterpret_cast<const uint64_t*>(in); }

}  // namespace

uint32_t bit_width_of(uint64_t range) { return static_cast<uint32_t>(std::bit_width(range)); }

size_t packed_size_bytes(uint32_t width, uint32_t rows) {
  return width <= 32 ? Lanes<uint32_t>::words_of(width, rows) * 4
                     : Lanes<uint64_t>::words_of(width, rows) * 8;
}

void pack_block(const uint64_t* values, uint32_t width, uint32_t rows, std::byte* out) {
  if (width == 0) return;
  if (width <= 32) {
    pack(values, width, rows, reinterpret_cast<uint32_t*>(out));
  } else {
    pack(values, width, rows, reinterpret_cast<uint64_t*>(out));
  }
}

template <typename T>
void unpack_block(const std::byte* in, uint32_t width, uint64_t base, uint32_t rows, T* out) {
  if (width == 0) {
    for (uint32_t i = 0; i < rows; ++i) out[i] = static_cast<T>(base);
  } else if (width <= 32) {
    using Signed = std::make_signed_t<T>;
    simd_call<unpack<uint32_t, Signed>>(narrow(in), width, base, rows,
                                        reinterpret_cast<Signed*>(out));
  } else if constexpr (sizeof(T) == 8) {
    simd_call<unpack<uint64_t, int64_t>>(wide(in), width, base, rows, out);
  } else {
    // Only wrapping differences are this wide; nothing that fits T is written so.
    int64_t values[kBlockRows];
    simd_call<unpack<uint64_t, int64_t>>(wide(in), width, base, rows, values);
    for (uint32_t i = 0; i < rows; ++i) out[i] = static_cast<T>(values[i]);
  }
}
template void unpack_block(const std::byte*, uint32_t, uint64_t, uint32_t, int8_t*);
template void unpack_block(const std::byte*, uint32_t, uint64_t, uint32_t, int16_t*);
template void unpack_block(const std::byte*, uint32_t, uint64_t, uint32_t, int32_t*);
template void unpack_block(const std::byte*, uint32_t, uint64_t, uint32_t, int64_t*);
template void unpack_block(const std::byte*, uint32_t, uint64_t, uint32_t, uint32_t*);

uint64_t packed_value(const std::byte* in, uint32_t width, uint32_t index) {
  if (width == 0) return 0;
  return width <= 32 ? value_at(narrow(in), width, index) : value_at(wide(in), width, index);
}

}  // namespace luma
