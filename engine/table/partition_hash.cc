// The hash by which PostgreSQL spreads rows over hash partitions: Bob Jenkins's lookup3 with a
// seed, over the value's bytes, combined over the columns. What is dumped from one server and
// restored into another must find its partitions again.
#include <bit>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/table/partition_router.h"
#include "engine/type/type_info.h"

namespace luma {
namespace {

constexpr uint64_t kSeed = 0x7A5B22367996DCFD;

struct Lookup3 {
  uint32_t a, b, c;

  explicit Lookup3(size_t length) {
    a = b = c = 0x9e3779b9u + static_cast<uint32_t>(length) + 3923095u;
    a += static_cast<uint32_t>(kSeed >> 32);
    b += static_cast<uint32_t>(kSeed);
    mix();
  }

  void mix() {
    step(a, c, b, 4);
    step(b, a, c, 6);
    step(c, b, a, 8);
    step(a, c, b, 16);
    step(b, a, c, 19);
    step(c, b, a, 4);
  }

  uint64_t finish() {
    last(c, b, 14);
    last(a, c, 11);
    last(b, a, 25);
    last(c, b, 16);
    last(a, c, 4);
    last(b, a, 14);
    last(c, b, 24);
    return (uint64_t{b} << 32) | c;
  }

 private:
  static void step(uint32_t& x, uint32_t& y, uint32_t z, int bits) {
    x -= y;
    x ^= std::rotl(y, bits);
    y += z;
  }
  static void last(uint32_t& x, uint32_t y, int bits) {
    x ^= y;
    x -= std::rotl(y, bits);
  }
};

uint64_t hash_word(uint32_t value) {
  Lookup3 state(sizeof(value));
  state.a += value;
  return state.finish();
}

uint64_t hash_long(int64_t value) {
  auto low = static_cast<uint32_t>(value);
  auto high = static_cast<uint32_t>(static_cast<uint64_t>(value) >> 32);
  return hash_word(low ^ (value >= 0 ? high : ~high));
}

uint64_t hash_text(std::string_view bytes) {
  Lookup3 state(bytes.size());
  auto word = [&](size_t at, size_t shift = 0) {
    uint32_t out = 0;
    for (size_t i = 0; i + shift < 4 && at + i < bytes.size(); ++i) {
      out |= uint32_t{static_cast<uint8_t>(bytes[at + i])} << (8 * (i + shift));
    }
    return out;
  };
  size_t at = 0;
  for (; bytes.size() - at >= 12; at += 12) {
    state.a += word(at);
    state.b += word(at + 4);
    state.c += word(at + 8);
    state.mix();
  }
  state.a += word(at);
  state.b += word(at + 4);
  state.c += word(at + 8, 1);  // the lowest byte is the length's
  return state.finish();
}

uint64_t hash_double(double value) {
  if (value == 0) return kSeed;
  if (value != value) value = std::bit_cast<double>(uint64_t{0x7ff8000000000000});
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  return hash_text({bytes, sizeof(bytes)});
}

uint64_t hash_value(const TypeInfo& type, const Datum& value) {
  switch (type.oid) {
    case type_oid::kInt2:
      return hash_word(static_cast<uint32_t>(int32_t{value.i16}));
    case type_oid::kInt4:
    case type_oid::kDate:
      return hash_word(static_cast<uint32_t>(value.i32));
    case type_oid::kInt8:
    case type_oid::kTimestamp:
    case type_oid::kTimestamptz:
    case type_oid::kTime:
      return hash_long(value.i64);
    case type_oid::kOid:
      return hash_word(value.oid());
    case type_oid::kBool:
      return hash_word(value.b ? 1 : 0);
    case type_oid::kFloat4:
      return hash_double(value.f32);
    case type_oid::kFloat8:
      return hash_double(value.f64);
    case type_oid::kBpchar: {
      std::string_view text = value.str.view();
      while (text.ends_with(' ')) text.remove_suffix(1);
      return hash_text(text);
    }
    default:
      return hash_text(value.str.view());
  }
}

uint64_t combine(uint64_t a, uint64_t b) {
  return a ^ (b + 0x49a0f4dd15e5a8e3 + (a << 54) + (a >> 7));
}

}  // namespace

bool has_partition_hash(const TypeInfo& type) {
  switch (type.oid) {
    case type_oid::kInt2:
    case type_oid::kInt4:
    case type_oid::kInt8:
    case type_oid::kDate:
    case type_oid::kTimestamp:
    case type_oid::kTimestamptz:
    case type_oid::kTime:
    case type_oid::kOid:
    case type_oid::kBool:
    case type_oid::kFloat4:
    case type_oid::kFloat8:
    case type_oid::kBpchar:
    case type_oid::kText:
    case type_oid::kVarchar:
    case type_oid::kBytea:
    case type_oid::kName:
      return true;
    default:
      return false;
  }
}

uint64_t partition_hash(const std::vector<const TypeInfo*>& types,
                        const std::vector<Value>& values) {
  uint64_t hash = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].is_null) continue;
    if (!has_partition_hash(*types[i])) {
      throw unsupported("hash partitioning by type {}", format_type(types[i]->oid));
    }
    hash = combine(hash, hash_value(*types[i], values[i].datum));
  }
  return hash;
}

}  // namespace luma
