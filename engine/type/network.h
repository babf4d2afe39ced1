#pragma once
// inet and cidr. A value is a byte for the family (4 or 6), one for the length of the mask in bits,
// and the 4 or 16 bytes of the address.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> network_codecs();

inline constexpr Oid kInetOid = 869;
inline constexpr Oid kCidrOid = 650;

struct NetworkAddress {
  bool is_v6 = false;
  uint8_t bits = 0;
  uint8_t bytes[16] = {};

  NetworkAddress() = default;
  explicit NetworkAddress(std::string_view value);

  int size() const { return is_v6 ? 16 : 4; }
  int max_bits() const { return size() * 8; }
  // The bits of the mask in byte `i`.
  uint8_t mask(int i) const;
  // With the bits beyond the mask cleared.
  NetworkAddress network() const;
  bool is_network() const;
  Datum store(Arena& arena) const;
};

// How many of the first `most` bits are alike, counted from the start; families must be equal.
int common_bits(const NetworkAddress& a, const NetworkAddress& b, int most);
int compare_networks(const Datum& a, const Datum& b);

// "10.1.2.3/8", without "/bits" when `bits` is that of a whole address.
void append_address(const NetworkAddress& address, int bits, std::string& out);
// What a cast to text gives: "10.1.2.3/32".
void append_address_text(const NetworkAddress& address, std::string& out);
// The short form of a cidr: "10.1/16".
void append_abbreviated_cidr(const NetworkAddress& address, std::string& out);

}  // namespace luma
