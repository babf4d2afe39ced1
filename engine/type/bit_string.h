#pragma once
// bit(n) and bit varying(n). A value is its length in bits (u32, little-endian) followed by the
// bits, the first one in the highest bit of the first byte; unused bits of the last byte are 0.
#include <span>
#include <string>
#include <string_view>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> bit_string_codecs();

// Reads a value in place; the value must outlive the view.
class BitView {
 public:
  explicit BitView(std::string_view value);

  uint32_t size() const { return size_; }
  std::string_view bytes() const { return bytes_; }
  bool bit(uint32_t i) const {
    return (static_cast<uint8_t>(bytes_[i / 8]) >> (7 - i % 8) & 1) != 0;
  }

 private:
  uint32_t size_;
  std::string_view bytes_;
};

// A string of `size` zero bits to set bits in.
class BitBuilder {
 public:
  explicit BitBuilder(uint32_t size);
  void set(uint32_t i, bool on);
  // Copies bits [from, from + count) of `source` to position `to`.
  void copy(const BitView& source, uint32_t from, uint32_t count, uint32_t to);
  Datum finish(Arena& arena) const;

 private:
  std::string value_;
};

// The same length, bytes given: bits beyond the length are cleared.
Datum bits_of_bytes(uint32_t size, std::string_view bytes, Arena& arena);
int compare_bits(const Datum& a, const Datum& b);
// bit(n) (is_fixed) or bit varying(n); throws 22026 or 22001 unless `explicit_cast`.
Datum apply_bit_typmod(const Datum& value, bool is_fixed, int32_t typmod, bool explicit_cast,
                       Arena& arena);

}  // namespace luma
