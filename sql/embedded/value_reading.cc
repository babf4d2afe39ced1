#include "sql/embedded/value_reading.h"

#include "engine/base/sql_error.h"
#include "engine/type/numeric.h"
#include "engine/type/user_type.h"
#include "sql/embedded/error_translation.h"

namespace luma::embedded_internal {
namespace {

Oid base_oid(const TypeInfo& type) { return base_type_of(type.oid); }

[[noreturn]] void throw_mismatch(const TypeInfo& type, std::string_view wanted) {
  throw public_error(
      SqlState::kDatatypeMismatch,
      fmt::format("a value of type {} cannot be read as {}", format_type(type.oid), wanted));
}

}  // namespace

bool is_plain_text(const TypeInfo& type) {
  return type.physical == PhysicalType::kVarlen && type.category == 'S';
}

std::string text_of(const Datum& value, const TypeInfo& type, const IoContext& io) {
  return translated([&] {
    if (type.output == nullptr) {
      throw sql_error(SqlState::kUndefinedFunction, "no output function available for type {}",
                      format_type(type.oid));
    }
    std::string out;
    type.output(value, type, io, out);
    return out;
  });
}

bool read_bool(const Datum& value, const TypeInfo& type) {
  if (base_oid(type) != type_oid::kBool) throw_mismatch(type, "a boolean");
  return value.b;
}

int64_t read_integer(const Datum& value, const TypeInfo& type, int64_t minimum, int64_t maximum) {
  int64_t number = 0;
  switch (base_oid(type)) {
    case type_oid::kInt2:
      number = value.i16;
      break;
    case type_oid::kInt4:
      number = value.i32;
      break;
    case type_oid::kInt8:
      number = value.i64;
      break;
    case type_oid::kOid:
    case type_oid::kXid:
    case type_oid::kCid:
      number = value.oid();
      break;
    case type_oid::kNumeric: {
      number = translated([&] { return numeric_to_int64(value); });
      const TypeInfo& numeric = type_info(type_oid::kNumeric);
      if (numeric.compare(numeric_from_int64(number), value, numeric) != 0) {
        throw public_error(SqlState::kNumericValueOutOfRange, "the value is not a whole number");
      }
      break;
    }
    default:
      throw_mismatch(type, "an integer");
  }
  if (number < minimum || number > maximum) {
    throw public_error(SqlState::kNumericValueOutOfRange,
                       fmt::format("value {} is out of range", number));
  }
  return number;
}

double read_double(const Datum& value, const TypeInfo& type) {
  switch (base_oid(type)) {
    case type_oid::kFloat4:
      return value.f32;
    case type_oid::kFloat8:
      return value.f64;
    case type_oid::kInt2:
      return value.i16;
    case type_oid::kInt4:
      return value.i32;
    case type_oid::kInt8:
      return static_cast<double>(value.i64);
    case type_oid::kNumeric:
      return translated([&] { return numeric_to_float8(value); });
    default:
      throw_mismatch(type, "a floating-point number");
  }
}

embedded::Bytes read_bytes(const Datum& value, const TypeInfo& type) {
  if (base_oid(type) != type_oid::kBytea) throw_mismatch(type, "bytes");
  const auto* data = reinterpret_cast<const std::byte*>(value.str.data());
  return {data, data + value.str.size()};
}

}  // namespace luma::embedded_internal
