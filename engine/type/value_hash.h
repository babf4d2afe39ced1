#pragma once
// The 64-bit hash that all types use. Stable within one build only: never store it.
#include <cstdint>
#include <cstring>
#include <string_view>

namespace luma {

inline uint64_t hash_mix(uint64_t a, uint64_t b) {
  __uint128_t product =
      static_cast<__uint128_t>(a ^ 0x2d358dccaa6c78a5u) * (b ^ 0x8bb84b93962eacc9u);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}
inline uint64_t hash_int64(int64_t value) {
  return hash_mix(static_cast<uint64_t>(value), 0x9e3779b97f4a7c15u);
}

inline uint64_t hash_bytes(std::string_view bytes) {
  uint64_t hash = hash_mix(bytes.size(), 0x4b33a62ed433d4a3u);
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t low = 0;
  uint64_t high = 0;
  for (; left >= 16; left -= 16, at += 16) {
    std::memcpy(&low, at, 8);
    std::memcpy(&high, at + 8, 8);
    hash = hash_mix(low ^ hash, high);
  }
  low = high = 0;
  if (left > 8) {
    std::memcpy(&low, at, 8);
    std::memcpy(&high, at + 8, left - 8);
  } else if (left > 0) {
    std::memcpy(&low, at, left);
  }
  return left == 0 ? hash : hash_mix(low ^ hash, high + left);
}

}  // namespace luma
