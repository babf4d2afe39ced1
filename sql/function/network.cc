// inet and cidr: parts, masks, containment, arithmetic.
#include "engine/type/network.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/utf8_text.h"
#include "sql/function/type_comparison.h"
#include "sql/function/type_families.h"

namespace luma {

namespace {

using std::string_view;

template <typename Change>
NetworkAddress each_byte(NetworkAddress address, Change change) {
  for (int i = 0; i < address.size(); ++i) {
    address.bytes[i] = static_cast<uint8_t>(change(address.bytes[i], address.mask(i)));
  }
  return address;
}

Datum host(RowCall& call, string_view value) {
  NetworkAddress address(value);
  std::string out;
  append_address(address, address.max_bits(), out);
  return arena_string(call.arena, out);
}
Datum text_with_mask(RowCall& call, string_view value) {
  std::string out;
  append_address_text(NetworkAddress(value), out);
  return arena_string(call.arena, out);
}
Datum abbreviated(RowCall& call, string_view value) {
  NetworkAddress address(value);
  std::string out;
  append_address(address, address.bits, out);
  return arena_string(call.arena, out);
}
Datum abbreviated_cidr(RowCall& call, string_view value) {
  std::string out;
  append_abbreviated_cidr(NetworkAddress(value), out);
  return arena_string(call.arena, out);
}

int32_t family(string_view value) { return NetworkAddress(value).is_v6 ? 6 : 4; }
int32_t mask_length(string_view value) { return NetworkAddress(value).bits; }
Datum network(RowCall& call, string_view value) {
  return NetworkAddress(value).network().store(call.arena);
}
Datum broadcast(RowCall& call, string_view value) {
  return each_byte(NetworkAddress(value), [](int byte, int mask) { return byte | ~mask; })
      .store(call.arena);
}
Datum netmask(RowCall& call, string_view value) {
  NetworkAddress out = each_byte(NetworkAddress(value), [](int, int mask) { return mask; });
  out.bits = static_cast<uint8_t>(out.max_bits());
  return out.store(call.arena);
}
Datum hostmask(RowCall& call, string_view value) {
  NetworkAddress out = each_byte(NetworkAddress(value), [](int, int mask) { return ~mask; });
  out.bits = static_cast<uint8_t>(out.max_bits());
  return out.store(call.arena);
}

NetworkAddress with_mask(string_view value, int32_t bits) {
  NetworkAddress address(value);
  if (bits == -1) bits = address.max_bits();
  if (bits < 0 || bits > address.max_bits())
    throw sql_error(SqlState::kInvalidParameterValue, "invalid mask length: {}", bits);
  address.bits = static_cast<uint8_t>(bits);
  return address;
}
Datum set_mask(RowCall& call, string_view value, int32_t bits) {
  return with_mask(value, bits).store(call.arena);
}
Datum set_cidr_mask(RowCall& call, string_view value, int32_t bits) {
  return with_mask(value, bits).network().store(call.arena);
}

// --- containment ---
// Whether `b` with its own mask holds `a`.
bool within(const NetworkAddress& a, const NetworkAddress& b) {
  return a.is_v6 == b.is_v6 && a.bits >= b.bits && common_bits(a, b, b.bits) == b.bits;
}
bool sub(string_view a, string_view b) {
  NetworkAddress x(a), y(b);
  return within(x, y) && x.bits > y.bits;
}
bool sub_equal(string_view a, string_view b) {
  return within(NetworkAddress(a), NetworkAddress(b));
}
bool super(string_view a, string_view b) { return sub(b, a); }
bool super_equal(string_view a, string_view b) { return sub_equal(b, a); }
bool overlaps(string_view a, string_view b) { return sub_equal(a, b) || sub_equal(b, a); }
bool same_family(string_view a, string_view b) {
  return NetworkAddress(a).is_v6 == NetworkAddress(b).is_v6;
}

Datum merge(RowCall& call, string_view a, string_view b) {
  NetworkAddress x(a), y(b);
  if (x.is_v6 != y.is_v6) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "cannot merge addresses from different families");
  }
  x.bits = static_cast<uint8_t>(common_bits(x, y, std::min(x.bits, y.bits)));
  return x.network().store(call.arena);
}

// --- arithmetic ---
void require_same_size(const NetworkAddress& a, const NetworkAddress& b, string_view verb) {
  if (a.is_v6 != b.is_v6) {
    throw sql_error(SqlState::kInvalidParameterValue, "cannot {} inet values of different sizes",
                    verb);
  }
}
[[noreturn]] void out_of_range() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "result is out of range");
}

Datum inverted(RowCall& call, string_view value) {
  return each_byte(NetworkAddress(value), [](int byte, int) { return ~byte; }).store(call.arena);
}
template <bool conjunction>
Datum combined(RowCall& call, string_view a, string_view b) {
  NetworkAddress x(a), y(b);
  require_same_size(x, y, conjunction ? "AND" : "OR");
  for (int i = 0; i < x.size(); ++i) {
    x.bytes[i] = conjunction ? x.bytes[i] & y.bytes[i] : x.bytes[i] | y.bytes[i];
  }
  x.bits = std::max(x.bits, y.bits);
  return x.store(call.arena);
}

// The address as a number.
__uint128_t number_of(const NetworkAddress& address) {
  __uint128_t number = 0;
  for (int i = 0; i < address.size(); ++i) number = number << 8 | address.bytes[i];
  return number;
}

Datum moved(RowCall& call, string_view value, int64_t distance, bool down) {
  NetworkAddress address(value);
  __uint128_t number = number_of(address);
  __uint128_t highest = ~__uint128_t{0} >> (128 - address.max_bits());
  auto magnitude =
      distance < 0 ? -static_cast<__uint128_t>(distance) : static_cast<__uint128_t>(distance);
  if ((distance < 0) != down) {
    if (number < magnitude) out_of_range();
    number -= magnitude;
  } else {
    if (highest - number < magnitude) out_of_range();
    number += magnitude;
  }
  for (int i = address.size() - 1; i >= 0; --i, number >>= 8) {
    address.bytes[i] = static_cast<uint8_t>(number);
  }
  return address.store(call.arena);
}
Datum plus(RowCall& call, string_view value, int64_t distance) {
  return moved(call, value, distance, false);
}
Datum plus_reversed(RowCall& call, int64_t distance, string_view value) {
  return moved(call, value, distance, false);
}
Datum minus(RowCall& call, string_view value, int64_t distance) {
  return moved(call, value, distance, true);
}
int64_t difference(string_view a, string_view b) {
  NetworkAddress x(a), y(b);
  require_same_size(x, y, "subtract");
  auto distance = static_cast<__int128_t>(number_of(x) - number_of(y));
  bool wrapped = (distance < 0) != (number_of(x) < number_of(y));
  if (wrapped || distance < INT64_MIN || distance > INT64_MAX) out_of_range();
  return static_cast<int64_t>(distance);
}

const KernelRow kRows[] = {
    LUMA_TYPE_COMPARISONS("network_", "inet"),
    scalar_row("network_cmp(inet,inet)", strict_kernel<&TypeOrder::cmp>),
    scalar_row("network_larger(inet,inet)", strict_kernel<&TypeOrder::larger>),
    scalar_row("network_smaller(inet,inet)", strict_kernel<&TypeOrder::smaller>),
    scalar_row("host(inet)", strict_kernel<&host>, "address as text"),
    scalar_row("text(inet)", strict_kernel<&text_with_mask>, "address and mask length as text"),
    scalar_row("abbrev(inet)", strict_kernel<&abbreviated>, "short text"),
    scalar_row("abbrev(cidr)", strict_kernel<&abbreviated_cidr>, "short text"),
    scalar_row("family(inet)", strict_kernel<&family>, "4 or 6"),
    scalar_row("masklen(inet)", strict_kernel<&mask_length>, "length of the mask"),
    scalar_row("network(inet)", strict_kernel<&network>, "network of an address"),
    scalar_row("cidr(inet)", strict_kernel<&network>, "network of an address"),
    scalar_row("broadcast(inet)", strict_kernel<&broadcast>, "highest address of the network"),
    scalar_row("netmask(inet)", strict_kernel<&netmask>, "mask of the network"),
    scalar_row("hostmask(inet)", strict_kernel<&hostmask>, "mask of the host part"),
    scalar_row("set_masklen(inet,int4)", strict_kernel<&set_mask>, "with another mask"),
    scalar_row("set_masklen(cidr,int4)", strict_kernel<&set_cidr_mask>, "with another mask"),
    scalar_row("network_sub(inet,inet)", strict_kernel<&sub>),
    scalar_row("network_subeq(inet,inet)", strict_kernel<&sub_equal>),
    scalar_row("network_sup(inet,inet)", strict_kernel<&super>),
    scalar_row("network_supeq(inet,inet)", strict_kernel<&super_equal>),
    scalar_row("network_overlap(inet,inet)", strict_kernel<&overlaps>),
    scalar_row("inet_same_family(inet,inet)", strict_kernel<&same_family>,
               "whether both are IPv4 or both IPv6"),
    scalar_row("inet_merge(inet,inet)", strict_kernel<&merge>, "smallest network with both"),
    scalar_row("inetnot(inet)", strict_kernel<&inverted>),
    scalar_row("inetand(inet,inet)", strict_kernel<&combined<true>>),
    scalar_row("inetor(inet,inet)", strict_kernel<&combined<false>>),
    scalar_row("inetpl(inet,int8)", strict_kernel<&plus>),
    scalar_row("int8pl_inet(int8,inet)", strict_kernel<&plus_reversed>),
    scalar_row("inetmi_int8(inet,int8)", strict_kernel<&minus>),
    scalar_row("inetmi(inet,inet)", strict_kernel<&difference>),
};

}  // namespace

std::span<const KernelRow> network_kernels() { return kRows; }

}  // namespace luma
