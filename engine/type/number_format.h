#pragma once
// to_char() of numbers and to_number(), in the "C" locale: '.' decimal point, ',' group separator.
// A broken template is 42601. nullopt is SQL NULL (an empty template given to to_number).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/type/datum.h"

namespace luma {

std::string to_char_int32(int32_t value, std::string_view format);
std::string to_char_int64(int64_t value, std::string_view format);
std::string to_char_float4(float value, std::string_view format);
std::string to_char_float8(double value, std::string_view format);
std::string to_char_numeric(const Datum& value, std::string_view format);
std::optional<Datum> to_number(std::string_view text, std::string_view format, Arena& arena);

}  // namespace luma
