#pragma once
// smallint, integer and bigint.
#include <span>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> integer_codecs();

// Text to integer under PostgreSQL 15 rules: blanks around, a sign, decimal digits. Throw 22P02 and
// 22003.
int16_t parse_int16(std::string_view text);
int32_t parse_int32(std::string_view text);
int64_t parse_int64(std::string_view text);

}  // namespace luma
