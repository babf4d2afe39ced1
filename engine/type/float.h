#pragma once
// real and double precision. NaN is equal to itself and above everything; -0 equals 0.
#include <span>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> float_codecs();

// Throw 22P02 and 22003 with PostgreSQL texts.
float parse_float4(std::string_view text);
double parse_float8(std::string_view text);

// extra_float_digits > 0: the shortest text that reads back as the same value.
void append_float4(float value, int extra_float_digits, std::string& out);
void append_float8(double value, int extra_float_digits, std::string& out);

int compare_float8(double a, double b);
uint64_t hash_float8(double value);

}  // namespace luma
