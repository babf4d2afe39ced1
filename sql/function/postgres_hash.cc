// hashtext() and its kin with PostgreSQL's values: applications make keys of advisory locks and
// numbers of shards of them. (Nothing in LumaDB itself hashes so.) The algorithm is Bob Jenkins'
// lookup3.
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/exec/kernel_adapter.h"
#include "engine/type/datetime.h"
#include "engine/type/uuid.h"
#include "sql/function/type_families.h"

namespace luma {

namespace {

using std::string_view;

class Lookup3 {
 public:
  explicit Lookup3(size_t size) {
    a_ = b_ = c_ = 0x9e3779b9u + static_cast<uint32_t>(size) + 3923095u;
  }

  void seed(uint64_t value) {
    if (value == 0) return;
    a_ += static_cast<uint32_t>(value >> 32);
    b_ += static_cast<uint32_t>(value);
    mix();
  }
  void add_word(uint32_t word) {
    a_ += word;
    finish();
  }
  void add_bytes(string_view bytes) {
    while (bytes.size() >= 12) {
      a_ += word(bytes, 0);
      b_ += word(bytes, 4);
      c_ += word(bytes, 8);
      mix();
      bytes.remove_prefix(12);
    }
    // The lowest byte of c is for the length.
    for (size_t i = 0; i < bytes.size(); ++i) {
      uint32_t byte = static_cast<uint8_t>(bytes[i]);
      if (i < 4) a_ += byte << (8 * i);
      if (i >= 4 && i < 8) b_ += byte << (8 * (i - 4));
      if (i >= 8) c_ += byte << (8 * (i - 7));
    }
    finish();
  }

  uint32_t value() const { return c_; }
  uint64_t extended_value() const { return uint64_t{b_} << 32 | c_; }

 private:
  static uint32_t word(string_view bytes, size_t at) {
    uint32_t out;
    std::memcpy(&out, bytes.data() + at, sizeof(out));
    return out;
  }
  void mix() {
    a_ = (a_ - c_) ^ std::rotl(c_, 4), c_ += b_;
    b_ = (b_ - a_) ^ std::rotl(a_, 6), a_ += c_;
    c_ = (c_ - b_) ^ std::rotl(b_, 8), b_ += a_;
    a_ = (a_ - c_) ^ std::rotl(c_, 16), c_ += b_;
    b_ = (b_ - a_) ^ std::rotl(a_, 19), a_ += c_;
    c_ = (c_ - b_) ^ std::rotl(b_, 4), b_ += a_;
  }
  void finish() {
    c_ = (c_ ^ b_) - std::rotl(b_, 14);
    a_ = (a_ ^ c_) - std::rotl(c_, 11);
    b_ = (b_ ^ a_) - std::rotl(a_, 25);
    c_ = (c_ ^ b_) - std::rotl(b_, 16);
    a_ = (a_ ^ c_) - std::rotl(c_, 4);
    b_ = (b_ ^ a_) - std::rotl(a_, 14);
    c_ = (c_ ^ b_) - std::rotl(b_, 24);
  }

  uint32_t a_, b_, c_;
};

int32_t hash_word(uint32_t word) {
  Lookup3 hash(sizeof(word));
  hash.add_word(word);
  return static_cast<int32_t>(hash.value());
}
int64_t hash_word_extended(uint32_t word, int64_t seed) {
  Lookup3 hash(sizeof(word));
  hash.seed(static_cast<uint64_t>(seed));
  hash.add_word(word);
  return static_cast<int64_t>(hash.extended_value());
}
int32_t hash_bytes(string_view bytes) {
  Lookup3 hash(bytes.size());
  hash.add_bytes(bytes);
  return static_cast<int32_t>(hash.value());
}
int64_t hash_bytes_extended(string_view bytes, int64_t seed) {
  Lookup3 hash(bytes.size());
  hash.seed(static_cast<uint64_t>(seed));
  hash.add_bytes(bytes);
  return static_cast<int64_t>(hash.extended_value());
}

// Equal numbers of all integer types hash alike.
uint32_t word_of(int64_t value) {
  auto low = static_cast<uint32_t>(value);
  auto high = static_cast<uint32_t>(static_cast<uint64_t>(value) >> 32);
  return low ^ (value >= 0 ? high : ~high);
}
template <typename T>
int32_t hash_integer(T value) {
  return hash_word(word_of(value));
}
template <typename T>
int64_t hash_integer_extended(T value, int64_t seed) {
  return hash_word_extended(word_of(value), seed);
}
int32_t hash_oid(uint32_t value) { return hash_word(value); }
int64_t hash_oid_extended(uint32_t value, int64_t seed) { return hash_word_extended(value, seed); }

// 0 and -0 are equal, and all NaN are; float4 hashes as float8.
string_view bytes_of(double& value) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}
template <typename T>
int32_t hash_float(T value) {
  double wide = value;
  return wide == 0 ? 0 : hash_bytes(bytes_of(wide));
}
template <typename T>
int64_t hash_float_extended(T value, int64_t seed) {
  double wide = value;
  return wide == 0 ? seed : hash_bytes_extended(bytes_of(wide), seed);
}

string_view without_trailing_blanks(string_view text) {
  size_t end = text.find_last_not_of(' ');
  return text.substr(0, end == text.npos ? 0 : end + 1);
}
int32_t hash_padded(string_view text) { return hash_bytes(without_trailing_blanks(text)); }
int64_t hash_padded_extended(string_view text, int64_t seed) {
  return hash_bytes_extended(without_trailing_blanks(text), seed);
}

#define LUMA_HASH(name, type, plain, extended)         \
  scalar_row(name "(" type ")", strict_kernel<plain>), \
      scalar_row(name "extended(" type ",int8)", strict_kernel<extended>)
#define LUMA_HASH_OF_TYPE(name, type, plain, extended)      \
  scalar_row(name "_hash(" type ")", strict_kernel<plain>), \
      scalar_row(name "_hash_extended(" type ",int8)", strict_kernel<extended>)

const KernelRow kRows[] = {
    LUMA_HASH("hashtext", "text", &hash_bytes, &hash_bytes_extended),
    LUMA_HASH("hashname", "name", &hash_bytes, &hash_bytes_extended),
    LUMA_HASH("hashbpchar", "bpchar", &hash_padded, &hash_padded_extended),
    LUMA_HASH("hashchar", "char", &hash_integer<int8_t>, &hash_integer_extended<int8_t>),
    LUMA_HASH("hashint2", "int2", &hash_integer<int16_t>, &hash_integer_extended<int16_t>),
    LUMA_HASH("hashint4", "int4", &hash_integer<int32_t>, &hash_integer_extended<int32_t>),
    LUMA_HASH("hashint8", "int8", &hash_integer<int64_t>, &hash_integer_extended<int64_t>),
    LUMA_HASH("hashoid", "oid", &hash_oid, &hash_oid_extended),
    LUMA_HASH("hashfloat4", "float4", &hash_float<float>, &hash_float_extended<float>),
    LUMA_HASH("hashfloat8", "float8", &hash_float<double>, &hash_float_extended<double>),
    LUMA_HASH_OF_TYPE("timestamp", "timestamp", &hash_integer<int64_t>,
                      &hash_integer_extended<int64_t>),
    LUMA_HASH_OF_TYPE("time", "time", &hash_integer<int64_t>, &hash_integer_extended<int64_t>),
};

#undef LUMA_HASH
#undef LUMA_HASH_OF_TYPE

}  // namespace

std::span<const KernelRow> postgres_hash_kernels() { return kRows; }

}  // namespace luma
