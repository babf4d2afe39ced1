#include "engine/type/integer.h"

#include <charconv>
#include <limits>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"

namespace luma {
namespace {

template <typename Int>
Int parse_integer(std::string_view text, const char* type_name) {
  std::string_view digits = trim_spaces(text);
  bool negative = false;
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) {
    negative = digits[0] == '-';
    digits.remove_prefix(1);
  }
  uint64_t magnitude = 0;
  bool overflow = false;
  bool valid = !digits.empty();
  for (char c : digits) {
    if (c < '0' || c > '9') {
      valid = false;
      break;
    }
    overflow |= __builtin_mul_overflow(magnitude, uint64_t{10}, &magnitude);
    overflow |= __builtin_add_overflow(magnitude, static_cast<uint64_t>(c - '0'), &magnitude);
  }
  // PostgreSQL accumulates a negative number: of "99999x" it meets the overflow before the garbage.
  uint64_t limit =
      static_cast<uint64_t>(std::numeric_limits<Int>::max()) + (negative || !valid ? 1 : 0);
  if (overflow || magnitude > limit) {
    throw sql_error(SqlState::kNumericValueOutOfRange, "value \"{}\" is out of range for type {}",
                    text, type_name);
  }
  if (!valid) {
    throw sql_error(SqlState::kInvalidTextRepresentation,
                    "invalid input syntax for type {}: \"{}\"", type_name, text);
  }
  return static_cast<Int>(negative ? 0 - magnitude : magnitude);
}

void append_int(int64_t value, std::string& out) {
  char buffer[24];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

template <auto parse, auto make>
Datum int_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  return make(parse(text));
}
template <auto member>
void int_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  append_int(value.*member, out);
}
Datum int2_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  auto value = static_cast<int16_t>(reader.u16());
  reader.expect_end();
  return Datum::of_int16(value);
}
Datum int4_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  auto value = static_cast<int32_t>(reader.u32());
  reader.expect_end();
  return Datum::of_int32(value);
}
Datum int8_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  auto value = static_cast<int64_t>(reader.u64());
  reader.expect_end();
  return Datum::of_int64(value);
}
void int2_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  put_u16(out, static_cast<uint16_t>(value.i16));
}
void int4_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  put_u32(out, static_cast<uint32_t>(value.i32));
}
void int8_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  put_u64(out, static_cast<uint64_t>(value.i64));
}

constexpr TypeCodec kCodecs[] = {
    {"int2", PhysicalType::kInt16, int_in<parse_int16, Datum::of_int16>, int_out<&Datum::i16>,
     int2_recv, int2_send, compare_member<&Datum::i16>, hash_member<&Datum::i16>, encode_int16_key,
     decode_int16_key},
    {"int4", PhysicalType::kInt32, int_in<parse_int32, Datum::of_int32>, int_out<&Datum::i32>,
     int4_recv, int4_send, compare_member<&Datum::i32>, hash_member<&Datum::i32>, encode_int32_key,
     decode_int32_key},
    {"int8", PhysicalType::kInt64, int_in<parse_int64, Datum::of_int64>, int_out<&Datum::i64>,
     int8_recv, int8_send, compare_member<&Datum::i64>, hash_member<&Datum::i64>, encode_int64_key,
     decode_int64_key},
};

}  // namespace

int16_t parse_int16(std::string_view text) { return parse_integer<int16_t>(text, "smallint"); }
int32_t parse_int32(std::string_view text) { return parse_integer<int32_t>(text, "integer"); }
int64_t parse_int64(std::string_view text) { return parse_integer<int64_t>(text, "bigint"); }

std::span<const TypeCodec> integer_codecs() { return kCodecs; }

}  // namespace luma
