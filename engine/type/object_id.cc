#include "engine/type/object_id.h"

#include <algorithm>
#include <charconv>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"

namespace luma {
namespace {

SqlError invalid_syntax(std::string_view type, std::string_view text) {
  return sql_error(SqlState::kInvalidTextRepresentation, "invalid input syntax for type {}: \"{}\"",
                   type, text);
}

// What C's strtoul makes of `text` in base 0; garbage ends the number, as PostgreSQL 15 reads xid
// and cid.
uint64_t lenient_unsigned(std::string_view text) {
  text = trim_spaces(text);
  bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
  }
  uint64_t value = 0;
  auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (result.ec == std::errc::result_out_of_range) return UINT64_MAX;
  return negative ? 0 - value : value;
}

void append_unsigned(uint64_t value, std::string& out) {
  char buffer[24];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

Datum oid_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  return Datum::of_oid(parse_oid(text));
}
Datum xid_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  return Datum::of_oid(static_cast<uint32_t>(lenient_unsigned(text)));
}
Datum xid8_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  return Datum::of_int64(static_cast<int64_t>(lenient_unsigned(text)));
}
void unsigned4_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  append_unsigned(value.oid(), out);
}
void unsigned8_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  append_unsigned(static_cast<uint64_t>(value.i64), out);
}
Datum unsigned4_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  uint32_t value = reader.u32();
  reader.expect_end();
  return Datum::of_oid(value);
}
void unsigned4_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  put_u32(out, value.oid());
}
Datum unsigned8_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  uint64_t value = reader.u64();
  reader.expect_end();
  return Datum::of_int64(static_cast<int64_t>(value));
}
void unsigned8_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  put_u64(out, static_cast<uint64_t>(value.i64));
}
int unsigned4_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  return a.oid() < b.oid() ? -1 : a.oid() > b.oid();
}
int unsigned8_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  auto x = static_cast<uint64_t>(a.i64);
  auto y = static_cast<uint64_t>(b.i64);
  return x < y ? -1 : x > y;
}
uint64_t unsigned4_hash(const Datum& value, const TypeInfo&) { return hash_int64(value.oid()); }
void unsigned4_key(const Datum& value, const TypeInfo&, std::string& out) {
  put_u32(out, value.oid());
}
Datum unsigned4_from_key(std::string_view& key, const TypeInfo&, Arena&) {
  return Datum::of_oid(take_key_u32(key));
}
void unsigned8_key(const Datum& value, const TypeInfo&, std::string& out) {
  put_u64(out, static_cast<uint64_t>(value.i64));
}
Datum unsigned8_from_key(std::string_view& key, const TypeInfo&, Arena&) {
  return Datum::of_int64(static_cast<int64_t>(take_key_u64(key)));
}

// Alias types: "-" is no object, digits are the oid itself, everything else is a name.
Datum alias_in(std::string_view text, const TypeInfo& type, int32_t, const IoContext& io, Arena&) {
  if (text == "-") return Datum::of_oid(kInvalidOid);
  bool all_digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                 [](char c) { return c >= '0' && c <= '9'; });
  if (all_digits) return Datum::of_oid(parse_oid(text));
  if (io.names == nullptr) throw invalid_syntax(type.name, text);
  return Datum::of_oid(io.names->oid_of(type.oid, text));
}
void alias_out(const Datum& value, const TypeInfo& type, const IoContext& io, std::string& out) {
  if (value.oid() == kInvalidOid) {
    out.push_back('-');
    return;
  }
  std::string name = io.names == nullptr ? std::string() : io.names->name_of(type.oid, value.oid());
  if (name.empty()) {
    append_unsigned(value.oid(), out);
  } else {
    out += name;
  }
}

Datum tid_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  uint32_t block = 0;
  uint16_t offset = 0;
  std::string_view rest = trim_spaces(text);
  bool valid = rest.size() > 2 && rest.front() == '(' && rest.back() == ')';
  size_t comma = rest.find(',');
  valid = valid && comma != std::string_view::npos;
  if (valid) {
    std::string_view left = trim_spaces(rest.substr(1, comma - 1));
    std::string_view right = trim_spaces(rest.substr(comma + 1, rest.size() - comma - 2));
    auto first = std::from_chars(left.data(), left.data() + left.size(), block);
    auto second = std::from_chars(right.data(), right.data() + right.size(), offset);
    valid = first.ec == std::errc() && first.ptr == left.data() + left.size() &&
            second.ec == std::errc() && second.ptr == right.data() + right.size();
  }
  if (!valid) throw invalid_syntax("tid", text);
  return Datum::of_int64(static_cast<int64_t>(uint64_t{block} << 16 | offset));
}
void tid_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  append_tid(value.i64, out);
}
Datum tid_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  uint64_t block = reader.u32();
  uint16_t offset = reader.u16();
  reader.expect_end();
  return Datum::of_int64(static_cast<int64_t>(block << 16 | offset));
}
void tid_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  put_u32(out, static_cast<uint32_t>(value.i64 >> 16));
  put_u16(out, static_cast<uint16_t>(value.i64));
}

Datum lsn_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash > 8 || text.size() - slash - 1 > 8 ||
      text.size() == slash + 1) {
    throw invalid_syntax("pg_lsn", text);
  }
  uint32_t high = 0;
  uint32_t low = 0;
  auto first = std::from_chars(text.data(), text.data() + slash, high, 16);
  auto second = std::from_chars(text.data() + slash + 1, text.data() + text.size(), low, 16);
  if (first.ptr != text.data() + slash || second.ptr != text.data() + text.size()) {
    throw invalid_syntax("pg_lsn", text);
  }
  return Datum::of_int64(static_cast<int64_t>(uint64_t{high} << 32 | low));
}
void lsn_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  auto lsn = static_cast<uint64_t>(value.i64);
  fmt::format_to(std::back_inserter(out), "{:X}/{:X}", lsn >> 32, lsn & 0xFFFFFFFFu);
}

// void prints as nothing and accepts anything: some drivers send parameters of that type.
Datum void_in(std::string_view, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  return Datum();
}
void void_out(const Datum&, const TypeInfo&, const IoContext&, std::string&) {}
Datum void_recv(std::string_view, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  return Datum();
}

// Of types that only declarations name.
[[noreturn]] void refuse_value(std::string_view verb, const TypeInfo& type) {
  throw sql_error(SqlState::kFeatureNotSupported, "cannot {} a value of type {}", verb, type.name);
}
Datum no_value_in(std::string_view, const TypeInfo& type, int32_t, const IoContext&, Arena&) {
  refuse_value("accept", type);
}
void no_value_out(const Datum&, const TypeInfo& type, const IoContext&, std::string&) {
  refuse_value("display", type);
}

constexpr TypeCodec alias_codec(std::string_view name) {
  return {name,           PhysicalType::kInt32, alias_in,       alias_out,     unsigned4_recv,
          unsigned4_send, unsigned4_compare,    unsigned4_hash, unsigned4_key, unsigned4_from_key};
}

constexpr TypeCodec kCodecs[] = {
    {"oid", PhysicalType::kInt32, oid_in, unsigned4_out, unsigned4_recv, unsigned4_send,
     unsigned4_compare, unsigned4_hash, unsigned4_key, unsigned4_from_key},
    {"xid", PhysicalType::kInt32, xid_in, unsigned4_out, unsigned4_recv, unsigned4_send,
     unsigned4_compare, unsigned4_hash, unsigned4_key, unsigned4_from_key},
    {"cid", PhysicalType::kInt32, xid_in, unsigned4_out, unsigned4_recv, unsigned4_send,
     unsigned4_compare, unsigned4_hash, unsigned4_key, unsigned4_from_key},
    {"xid8", PhysicalType::kInt64, xid8_in, unsigned8_out, unsigned8_recv, unsigned8_send,
     unsigned8_compare, hash_member<&Datum::i64>, unsigned8_key, unsigned8_from_key},
    {"tid", PhysicalType::kInt64, tid_in, tid_out, tid_recv, tid_send, unsigned8_compare,
     hash_member<&Datum::i64>, unsigned8_key, unsigned8_from_key},
    {"pg_lsn", PhysicalType::kInt64, lsn_in, lsn_out, unsigned8_recv, unsigned8_send,
     unsigned8_compare, hash_member<&Datum::i64>, unsigned8_key, unsigned8_from_key},
    {"void", PhysicalType::kVarlen, void_in, void_out, void_recv, void_out},
    {"trigger", PhysicalType::kInt32, no_value_in, no_value_out, no_value_in, no_value_out},
    {"event_trigger", PhysicalType::kInt32, no_value_in, no_value_out, no_value_in, no_value_out},
    alias_codec("regproc"),
    alias_codec("regprocedure"),
    alias_codec("regoper"),
    alias_codec("regoperator"),
    alias_codec("regclass"),
    alias_codec("regtype"),
    alias_codec("regrole"),
    alias_codec("regnamespace"),
    alias_codec("regconfig"),
    alias_codec("regdictionary"),
    alias_codec("regcollation"),
};

}  // namespace

Oid parse_oid(std::string_view text) {
  std::string_view digits = trim_spaces(text);
  bool negative = !digits.empty() && digits[0] == '-';
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.remove_prefix(1);
  uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::invalid_argument || digits.empty() ||
      end != digits.data() + digits.size()) {
    throw invalid_syntax("oid", text);
  }
  // Negative numbers wrap around, which some clients rely on.
  uint64_t limit = negative ? uint64_t{1} << 31 : UINT32_MAX;
  if (error == std::errc::result_out_of_range || value > limit) {
    throw sql_error(SqlState::kNumericValueOutOfRange, "value \"{}\" is out of range for type oid",
                    text);
  }
  return static_cast<Oid>(negative ? 0 - value : value);
}

void append_tid(int64_t tid, std::string& out) {
  fmt::format_to(std::back_inserter(out), "({},{})", static_cast<uint32_t>(tid >> 16),
                 static_cast<uint16_t>(tid));
}

std::span<const TypeCodec> object_id_codecs() { return kCodecs; }

}  // namespace luma
