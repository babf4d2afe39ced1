#include "engine/type/network.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/network_parse.h"

namespace luma {
namespace {

constexpr uint8_t kWireV4 = 2;
constexpr uint8_t kWireV6 = 3;

SqlError host_bits_set(SqlState state, std::string message) {
  return SqlError(state, std::move(message)).detail("Value has bits set to right of mask.");
}

Datum network_in(std::string_view text, const TypeInfo& type, int32_t, const IoContext&,
                 Arena& arena) {
  NetworkAddress address;
  bool is_cidr = type.oid == kCidrOid;
  if (!parse_network_address(text, is_cidr, address)) {
    throw sql_error(SqlState::kInvalidTextRepresentation,
                    "invalid input syntax for type {}: \"{}\"", type.name, text);
  }
  if (is_cidr && !address.is_network()) {
    throw host_bits_set(SqlState::kInvalidTextRepresentation,
                        fmt::format("invalid cidr value: \"{}\"", text));
  }
  return address.store(arena);
}

void network_out(const Datum& value, const TypeInfo& type, const IoContext&, std::string& out) {
  NetworkAddress address(value.str.view());
  append_address(address, address.bits, out);
  if (type.oid == kCidrOid && address.bits == address.max_bits()) {
    fmt::format_to(std::back_inserter(out), "/{}", address.bits);
  }
}

Datum network_recv(std::string_view bytes, const TypeInfo& type, int32_t, const IoContext&,
                   Arena& arena) {
  auto fail = [&](std::string_view what) {
    return sql_error(SqlState::kInvalidBinaryRepresentation, "invalid {} in external \"{}\" value",
                     what, type.name);
  };
  WireReader reader(bytes);
  NetworkAddress address;
  uint8_t family = reader.u8();
  if (family != kWireV4 && family != kWireV6) throw fail("address family");
  address.is_v6 = family == kWireV6;
  address.bits = reader.u8();
  if (address.bits > address.max_bits()) throw fail("bits");
  reader.u8();  // whether the sender takes it for a cidr
  if (reader.u8() != address.size()) throw fail("length");
  auto size = static_cast<size_t>(address.size());
  std::memcpy(address.bytes, reader.take(size).data(), size);
  reader.expect_end();
  if (type.oid == kCidrOid && !address.is_network()) {
    throw host_bits_set(SqlState::kInvalidBinaryRepresentation, "invalid external \"cidr\" value");
  }
  return address.store(arena);
}

void network_send(const Datum& value, const TypeInfo& type, const IoContext&, std::string& out) {
  NetworkAddress address(value.str.view());
  put_u8(out, address.is_v6 ? kWireV6 : kWireV4);
  put_u8(out, address.bits);
  put_u8(out, type.oid == kCidrOid ? 1 : 0);
  put_u8(out, static_cast<uint8_t>(address.size()));
  out.append(reinterpret_cast<const char*>(address.bytes), static_cast<size_t>(address.size()));
}

int network_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  return compare_networks(a, b);
}

// Networks come before what they contain: the network, padded with zeros, then its length.
void network_key(const Datum& value, const TypeInfo&, std::string& out) {
  NetworkAddress address(value.str.view());
  NetworkAddress network = address.network();
  auto size = static_cast<size_t>(address.size());
  put_u8(out, address.is_v6 ? 6 : 4);
  out.append(reinterpret_cast<const char*>(network.bytes), size);
  put_u8(out, address.bits);
  out.append(reinterpret_cast<const char*>(address.bytes), size);
}

Datum network_from_key(std::string_view& key, const TypeInfo&, Arena& arena) {
  NetworkAddress address;
  address.is_v6 = take_key_bytes(key, 1)[0] == 6;
  auto size = static_cast<size_t>(address.size());
  take_key_bytes(key, size);
  address.bits = static_cast<uint8_t>(take_key_bytes(key, 1)[0]);
  std::memcpy(address.bytes, take_key_bytes(key, size).data(), size);
  return address.store(arena);
}

constexpr TypeCodec network_codec(std::string_view name) {
  return {name,         PhysicalType::kVarlen, network_in,  network_out, network_recv,
          network_send, network_compare,       hash_varlen, network_key, network_from_key};
}
constexpr TypeCodec kCodecs[] = {network_codec("inet"), network_codec("cidr")};

// A run of zero words, written "::".
struct ZeroRun {
  int start = -1;
  int length = 0;
};

ZeroRun longest_zero_run(const int* words, int count) {
  ZeroRun best;
  for (int i = 0; i < count;) {
    int end = i;
    while (end < count && words[end] == 0) ++end;
    if (end - i > best.length) best = {i, end - i};
    i = end == i ? i + 1 : end;
  }
  return best;
}

void append_v6(const uint8_t* bytes, std::string& out) {
  constexpr int kWords = 8;
  int words[kWords];
  for (int i = 0; i < kWords; ++i) words[i] = bytes[2 * i] << 8 | bytes[2 * i + 1];
  ZeroRun zeros = longest_zero_run(words, kWords);
  if (zeros.length < 2) zeros = {};
  for (int i = 0; i < kWords; ++i) {
    if (i >= zeros.start && i < zeros.start + zeros.length) {
      if (i == zeros.start) out.push_back(':');
      continue;
    }
    if (i != 0) out.push_back(':');
    bool holds_v4 = i == 6 && zeros.start == 0 &&
                    (zeros.length == 6 || (zeros.length == 7 && words[7] != 1) ||
                     (zeros.length == 5 && words[5] == 0xFFFF));
    if (holds_v4) {
      fmt::format_to(std::back_inserter(out), "{}.{}.{}.{}", bytes[12], bytes[13], bytes[14],
                     bytes[15]);
      return;
    }
    fmt::format_to(std::back_inserter(out), "{:x}", words[i]);
  }
  if (zeros.start >= 0 && zeros.start + zeros.length == kWords) out.push_back(':');
}

void append_short_v4(const NetworkAddress& network, std::string& out) {
  int octets = (network.bits + 7) / 8;
  if (octets == 0) out.push_back('0');
  for (int i = 0; i < octets; ++i) {
    fmt::format_to(std::back_inserter(out), "{}{}", i == 0 ? "" : ".", network.bytes[i]);
  }
}

void append_short_v6(const NetworkAddress& network, std::string& out) {
  if (network.bits == 0) {
    out += "::";
    return;
  }
  int words[8];
  int count = std::max((network.bits + 15) / 16, 2);
  for (int i = 0; i < count; ++i) words[i] = network.bytes[2 * i] << 8 | network.bytes[2 * i + 1];
  ZeroRun zeros = longest_zero_run(words, count);
  const uint8_t* bytes = network.bytes;
  bool holds_v4 =
      zeros.length != count && zeros.start == 0 &&
      (zeros.length == 6 || (zeros.length == 5 && bytes[10] == 0xFF && bytes[11] == 0xFF) ||
       (zeros.length == 7 && bytes[14] != 0 && bytes[15] != 1));
  size_t begin = out.size();
  for (int i = 0; i < count; ++i) {
    if (zeros.length != 0 && i >= zeros.start && i < zeros.start + zeros.length) {
      if (i == zeros.start) out.push_back(':');
      if (i == count - 1) out.push_back(':');
    } else if (holds_v4 && i > 5) {
      fmt::format_to(std::back_inserter(out), "{}{}", i == 6 ? ':' : '.', bytes[2 * i]);
      // The last octet may be left out.
      if (i != 7 || network.bits > 120) {
        fmt::format_to(std::back_inserter(out), ".{}", bytes[2 * i + 1]);
      }
    } else {
      fmt::format_to(std::back_inserter(out), "{}{:x}", out.size() == begin ? "" : ":", words[i]);
    }
  }
}

}  // namespace

NetworkAddress::NetworkAddress(std::string_view value) {
  is_v6 = value[0] == 6;
  bits = static_cast<uint8_t>(value[1]);
  std::memcpy(bytes, value.data() + 2, static_cast<size_t>(size()));
}

uint8_t NetworkAddress::mask(int i) const {
  int covered = std::clamp(bits - 8 * i, 0, 8);
  return static_cast<uint8_t>(0xFF00 >> covered);
}

NetworkAddress NetworkAddress::network() const {
  NetworkAddress out = *this;
  for (int i = 0; i < size(); ++i) out.bytes[i] &= mask(i);
  return out;
}

bool NetworkAddress::is_network() const {
  for (int i = 0; i < size(); ++i) {
    if ((bytes[i] & ~mask(i)) != 0) return false;
  }
  return true;
}

Datum NetworkAddress::store(Arena& arena) const {
  char value[18];
  value[0] = is_v6 ? 6 : 4;
  value[1] = static_cast<char>(bits);
  std::memcpy(value + 2, bytes, static_cast<size_t>(size()));
  std::string_view view(value, static_cast<size_t>(size()) + 2);
  return Datum::of_string(is_v6 ? arena.copy(view) : view);
}

int common_bits(const NetworkAddress& a, const NetworkAddress& b, int most) {
  for (int i = 0; i * 8 < most; ++i) {
    auto difference = static_cast<uint32_t>(a.bytes[i] ^ b.bytes[i]);
    if (difference != 0) return std::min(most, i * 8 + __builtin_clz(difference) - 24);
  }
  return most;
}

int compare_networks(const Datum& a, const Datum& b) {
  NetworkAddress x(a.str.view()), y(b.str.view());
  if (x.is_v6 != y.is_v6) return x.is_v6 ? 1 : -1;
  auto size = static_cast<size_t>(x.size());
  int shared = std::min(x.bits, y.bits);
  if (common_bits(x, y, shared) == shared && x.bits != y.bits) return x.bits < y.bits ? -1 : 1;
  int order = std::memcmp(x.bytes, y.bytes, size);
  return order < 0 ? -1 : order > 0;
}

void append_address(const NetworkAddress& address, int bits, std::string& out) {
  if (address.is_v6) {
    append_v6(address.bytes, out);
  } else {
    fmt::format_to(std::back_inserter(out), "{}.{}.{}.{}", address.bytes[0], address.bytes[1],
                   address.bytes[2], address.bytes[3]);
  }
  if (bits != address.max_bits()) fmt::format_to(std::back_inserter(out), "/{}", bits);
}

void append_address_text(const NetworkAddress& address, std::string& out) {
  append_address(address, address.max_bits(), out);
  fmt::format_to(std::back_inserter(out), "/{}", address.bits);
}

void append_abbreviated_cidr(const NetworkAddress& address, std::string& out) {
  NetworkAddress network = address.network();
  if (address.is_v6) {
    append_short_v6(network, out);
  } else {
    append_short_v4(network, out);
  }
  fmt::format_to(std::back_inserter(out), "/{}", address.bits);
}

std::span<const TypeCodec> network_codecs() { return kCodecs; }

}  // namespace luma
