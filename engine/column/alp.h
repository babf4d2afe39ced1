#pragma once
// ALP (adaptive lossless floating-point) after the paper of Afroozeh, Kuffo and Boncz: most
// floating point numbers in databases are decimals, so a block's values become integers v * 10^e /
// 10^f where that turns back into the very same bits; the others are kept as exceptions.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/column/int_codec.h"

namespace luma {

// False (and nothing appended) when the values are no decimals. Float: float or double.
template <typename Float>
bool encode_alp(std::span<const Float> values, std::string& out);

// A view; threads may share it. Throws CorruptChunk.
template <typename Float>
class AlpReader {
 public:
  AlpReader() = default;
  explicit AlpReader(std::string_view bytes);
  // `out` has room for kBlockRows.
  void read_block(uint32_t block, Float* out) const;

  struct Block {
    uint8_t exponent, factor;
    uint16_t unused;
    uint32_t first_exception;
  };

 private:
  IntReader ints_;
  std::span<const Block> blocks_;  // and one more, for the end
  std::span<const uint16_t> positions_;
  std::span<const Float> exceptions_;
};

}  // namespace luma
