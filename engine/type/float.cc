#include "engine/type/float.h"

#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"

namespace luma {
namespace {

template <typename Float>
struct FloatTraits;
template <>
struct FloatTraits<double> {
  using Wider = long double;
  static constexpr const char* kName = "double precision";
  static constexpr int kDigits = 15;  // scientific notation starts at 10^15
  static constexpr int kMaxDigits = 17;
  static double read(const char* text, char** end) { return std::strtod(text, end); }
  static Wider read_wide(const char* text) { return std::strtold(text, nullptr); }
};
template <>
struct FloatTraits<float> {
  using Wider = double;
  static constexpr const char* kName = "real";
  static constexpr int kDigits = 6;
  static constexpr int kMaxDigits = 9;
  static float read(const char* text, char** end) { return std::strtof(text, end); }
  static Wider read_wide(const char* text) { return std::strtod(text, nullptr); }
};

// Everything that is not a plain in-range decimal number.
template <typename Float>
Float parse_slowly(std::string_view text, std::string_view trimmed) {
  auto invalid = [&] {
    return sql_error(SqlState::kInvalidTextRepresentation,
                     "invalid input syntax for type {}: \"{}\"", FloatTraits<Float>::kName, text);
  };
  if (trimmed.empty() || trimmed.find('\0') != std::string_view::npos) throw invalid();
  std::string copy(trimmed);
  char* end = nullptr;
  errno = 0;
  Float value = FloatTraits<Float>::read(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size() || copy.find('(') != std::string::npos) throw invalid();
  // Denormals also set ERANGE, and are fine.
  if (errno == ERANGE && (value == 0 || std::isinf(value))) {
    throw sql_error(SqlState::kNumericValueOutOfRange, "\"{}\" is out of range for type {}", copy,
                    FloatTraits<Float>::kName);
  }
  return value;
}

template <typename Float>
Float parse_float(std::string_view text) {
  std::string_view trimmed = trim_spaces(text);
  Float value;
  auto [end, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), value);
  bool plain = error == std::errc() && end == trimmed.data() + trimmed.size() &&
               std::isfinite(value) && value != 0;
  return plain ? value : parse_slowly<Float>(text, trimmed);
}

// Shortest decimal digits of a positive finite value in scientific form "d.ddde+xx". PostgreSQL
// wants the number strictly inside the rounding interval, so that a reader with another tie rule
// agrees; to_chars also returns numbers on its border, which are found and given one more digit
// here.
template <typename Float>
std::string_view shortest_scientific(Float value, std::span<char> buffer) {
  using Traits = FloatTraits<Float>;
  using Wider = typename Traits::Wider;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size() - 1, value,
                           std::chars_format::scientific)
                 .ptr;
  *end = '\0';
  std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  Wider decimal = Traits::read_wide(buffer.data());
  Wider wide = static_cast<Wider>(value);
  if (decimal == wide) return text;
  Float neighbour =
      std::nextafter(value, decimal > wide ? std::numeric_limits<Float>::infinity() : Float{0});
  if (std::isinf(neighbour) || decimal != (wide + static_cast<Wider>(neighbour)) / 2) return text;
  // Near the border at least: exactly on it only when all further digits of the border are zeros.
  std::string exact(1200, '\0');
  exact.resize(static_cast<size_t>(
      std::snprintf(exact.data(), exact.size(), "%.1100Le", static_cast<long double>(decimal))));
  std::string_view mantissa = text.substr(0, text.find('e'));
  std::string_view exact_mantissa = std::string_view(exact).substr(0, exact.find('e'));
  if (exact_mantissa.substr(mantissa.size()).find_first_not_of(".0") != std::string_view::npos)
    return text;
  size_t digits = mantissa.size() > 1 ? mantissa.size() - 1 : 1;
  for (int precision = static_cast<int>(digits); precision <= Traits::kMaxDigits; ++precision) {
    int length = std::snprintf(buffer.data(), buffer.size(), "%.*e", precision - 1,
                               static_cast<double>(value));
    char* read_end;
    if (Traits::read(buffer.data(), &read_end) == value &&
        Traits::read_wide(buffer.data()) != decimal) {
      return {buffer.data(), static_cast<size_t>(length)};
    }
  }
  return text;
}

template <typename Float>
void append_float(Float value, int extra_float_digits, std::string& out) {
  using Traits = FloatTraits<Float>;
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  char buffer[64];
  if (extra_float_digits <= 0) {
    int digits = std::max(Traits::kDigits + extra_float_digits, 1);
    int length = std::snprintf(buffer, sizeof buffer, "%.*g", digits, static_cast<double>(value));
    out.append(buffer, static_cast<size_t>(length));
    return;
  }
  if (std::signbit(value)) out.push_back('-');
  if (value == 0) {
    out.push_back('0');
    return;
  }
  std::string_view text = shortest_scientific(std::abs(value), buffer);
  size_t e = text.find('e');
  int exponent = 0;
  std::string_view exponent_text = text.substr(e + 1);
  if (exponent_text[0] == '+') exponent_text.remove_prefix(1);
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  if (exponent < -4 || exponent >= Traits::kDigits) {
    out.append(text);
    return;
  }
  char digits[24];
  int count = 0;
  for (char c : text.substr(0, e)) {
    if (c != '.') digits[count++] = c;
  }
  if (exponent < 0) {
    out += "0.";
    out.append(static_cast<size_t>(-exponent - 1), '0');
    out.append(digits, static_cast<size_t>(count));
    return;
  }
  int whole = exponent + 1;
  out.append(digits, static_cast<size_t>(std::min(whole, count)));
  if (count <= whole) {
    out.append(static_cast<size_t>(whole - count), '0');
  } else {
    out.push_back('.');
    out.append(digits + whole, static_cast<size_t>(count - whole));
  }
}

Datum float4_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  return Datum::of_float(parse_float4(text));
}
Datum float8_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  return Datum::of_double(parse_float8(text));
}
void float4_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  append_float4(value.f32, io.extra_float_digits, out);
}
void float8_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  append_float8(value.f64, io.extra_float_digits, out);
}
Datum float4_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  auto value = std::bit_cast<float>(reader.u32());
  reader.expect_end();
  return Datum::of_float(value);
}
Datum float8_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  auto value = std::bit_cast<double>(reader.u64());
  reader.expect_end();
  return Datum::of_double(value);
}
void float4_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  put_u32(out, std::bit_cast<uint32_t>(value.f32));
}
void float8_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  put_u64(out, std::bit_cast<uint64_t>(value.f64));
}
int float4_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  return compare_float8(a.f32, b.f32);
}
int float8_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  return compare_float8(a.f64, b.f64);
}
uint64_t float4_hash(const Datum& value, const TypeInfo&) { return hash_float8(value.f32); }
uint64_t float8_hash(const Datum& value, const TypeInfo&) { return hash_float8(value.f64); }

// Positive numbers get their sign bit set, negative ones are inverted: bytes then order like
// values.
void float4_key(const Datum& value, const TypeInfo&, std::string& out) {
  float v = value.f32 == 0          ? 0.0f
            : std::isnan(value.f32) ? std::numeric_limits<float>::quiet_NaN()
                                    : value.f32;
  auto bits = std::bit_cast<uint32_t>(v);
  put_u32(out, (bits >> 31) != 0 ? ~bits : bits | 0x80000000u);
}
void float8_key(const Datum& value, const TypeInfo&, std::string& out) {
  double v = value.f64 == 0          ? 0.0
             : std::isnan(value.f64) ? std::numeric_limits<double>::quiet_NaN()
                                     : value.f64;
  auto bits = std::bit_cast<uint64_t>(v);
  put_u64(out, (bits >> 63) != 0 ? ~bits : bits | 0x8000000000000000u);
}

// Keys are not decoded: they do not tell -0 from 0.
constexpr TypeCodec kCodecs[] = {
    {"float4", PhysicalType::kFloat, float4_in, float4_out, float4_recv, float4_send,
     float4_compare, float4_hash, float4_key, nullptr},
    {"float8", PhysicalType::kDouble, float8_in, float8_out, float8_recv, float8_send,
     float8_compare, float8_hash, float8_key, nullptr},
};

}  // namespace

float parse_float4(std::string_view text) { return parse_float<float>(text); }
double parse_float8(std::string_view text) { return parse_float<double>(text); }

void append_float4(float value, int extra_float_digits, std::string& out) {
  append_float(value, extra_float_digits, out);
}
void append_float8(double value, int extra_float_digits, std::string& out) {
  append_float(value, extra_float_digits, out);
}

int compare_float8(double a, double b) {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a == b) return 0;
  return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
}

uint64_t hash_float8(double value) {
  if (value == 0) value = 0;
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  return hash_int64(std::bit_cast<int64_t>(value));
}

std::span<const TypeCodec> float_codecs() { return kCodecs; }

}  // namespace luma
