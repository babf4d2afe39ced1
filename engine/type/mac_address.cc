#include "engine/type/mac_address.h"

#include <cctype>
#include <cstdio>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"

namespace luma {
namespace {

constexpr int kBytes6 = 6;
constexpr int kBytes8 = 8;

// The bytes that a 6-byte address gets in its middle.
constexpr uint64_t widen_address(uint64_t address) {
  return (address & 0xFFFFFF000000u) << 16 | uint64_t{0xFFFE} << 24 | (address & 0xFFFFFFu);
}

SqlError invalid_syntax(std::string_view type, std::string_view text) {
  return sql_error(SqlState::kInvalidTextRepresentation, "invalid input syntax for type {}: \"{}\"",
                   type, text);
}

// The spellings PostgreSQL takes, in its order; the last field catches what follows.
constexpr const char* kFormats[] = {
    "%x:%x:%x:%x:%x:%x%1s",   "%x-%x-%x-%x-%x-%x%1s",    "%2x%2x%2x:%2x%2x%2x%1s",
    "%2x%2x%2x-%2x%2x%2x%1s", "%2x%2x.%2x%2x.%2x%2x%1s", "%2x%2x-%2x%2x-%2x%2x%1s",
    "%2x%2x%2x%2x%2x%2x%1s",
};

Datum macaddr_in(std::string_view text, const TypeInfo& type, int32_t, const IoContext&, Arena&) {
  std::string copy(text);
  unsigned int part[kBytes6] = {};
  char rest[2];
  int count = 0;
  for (const char* format : kFormats) {
    count = std::sscanf(copy.c_str(), format, part, part + 1, part + 2, part + 3, part + 4,
                        part + 5, rest);
    if (count == kBytes6) break;
  }
  if (count != kBytes6) throw invalid_syntax(type.name, text);
  uint64_t address = 0;
  for (unsigned int byte : part) {
    if (byte > 0xFF) {
      throw sql_error(SqlState::kNumericValueOutOfRange,
                      "invalid octet value in \"macaddr\" value: \"{}\"", text);
    }
    address = address << 8 | byte;
  }
  return Datum::of_int64(static_cast<int64_t>(address));
}

// Pairs of digits with one kind of separator or none, blanks around.
Datum macaddr8_in(std::string_view text, const TypeInfo& type, int32_t, const IoContext&, Arena&) {
  auto at = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  auto digit = [](int c) { return std::isdigit(c) != 0 ? c - '0' : std::tolower(c) - 'a' + 10; };
  size_t i = 0;
  while (std::isspace(at(i)) != 0) ++i;
  uint64_t address = 0;
  int count = 0;
  int separator = 0;
  // One character that is left over is not looked at, as in PostgreSQL.
  while (at(i) != 0 && at(i + 1) != 0) {
    bool digits = std::isxdigit(at(i)) != 0 && std::isxdigit(at(i + 1)) != 0;
    if (!digits || count == kBytes8) throw invalid_syntax(type.name, text);
    address = address << 8 | static_cast<uint64_t>(digit(at(i)) * 16 + digit(at(i + 1)));
    ++count;
    i += 2;
    if (at(i) == ':' || at(i) == '-' || at(i) == '.') {
      if (separator != 0 && separator != at(i)) throw invalid_syntax(type.name, text);
      separator = at(i++);
    }
    if ((count == kBytes6 || count == kBytes8) && std::isspace(at(i)) != 0) {
      while (std::isspace(at(i)) != 0) ++i;
      if (i < text.size()) throw invalid_syntax(type.name, text);
    }
  }
  if (count == kBytes6) {
    address = widen_address(address);
  } else if (count != kBytes8) {
    throw invalid_syntax(type.name, text);
  }
  return Datum::of_int64(static_cast<int64_t>(address));
}

template <int bytes>
void mac_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  for (int i = bytes - 1; i >= 0; --i) {
    fmt::format_to(std::back_inserter(out), "{:02x}{}",
                   static_cast<uint64_t>(value.i64) >> (8 * i) & 0xFF, i == 0 ? "" : ":");
  }
}

Datum mac_recv(std::string_view bytes, const TypeInfo& type, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  bool wide = type.len == kBytes8;
  bool widened = wide && bytes.size() == kBytes6;
  uint64_t address = 0;
  for (int i = 0; i < (wide && !widened ? kBytes8 : kBytes6); ++i) {
    address = address << 8 | reader.u8();
  }
  reader.expect_end();
  return Datum::of_int64(static_cast<int64_t>(widened ? widen_address(address) : address));
}

template <int bytes>
void mac_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  for (int i = bytes - 1; i >= 0; --i) {
    put_u8(out, static_cast<uint8_t>(static_cast<uint64_t>(value.i64) >> (8 * i)));
  }
}

int mac_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  auto x = static_cast<uint64_t>(a.i64);
  auto y = static_cast<uint64_t>(b.i64);
  return x < y ? -1 : x > y;
}
void mac_key(const Datum& value, const TypeInfo&, std::string& out) {
  put_u64(out, static_cast<uint64_t>(value.i64));
}
Datum mac_from_key(std::string_view& key, const TypeInfo&, Arena&) {
  return Datum::of_int64(static_cast<int64_t>(take_key_u64(key)));
}

constexpr TypeCodec kCodecs[] = {
    {"macaddr", PhysicalType::kInt64, macaddr_in, mac_out<kBytes6>, mac_recv, mac_send<kBytes6>,
     mac_compare, hash_member<&Datum::i64>, mac_key, mac_from_key},
    {"macaddr8", PhysicalType::kInt64, macaddr8_in, mac_out<kBytes8>, mac_recv, mac_send<kBytes8>,
     mac_compare, hash_member<&Datum::i64>, mac_key, mac_from_key},
};

}  // namespace

std::span<const TypeCodec> mac_address_codecs() { return kCodecs; }

}  // namespace luma
