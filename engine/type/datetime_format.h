#pragma once
// to_char() of date/time values, to_date() and to_timestamp() with a template. `zone` nullptr means
// UTC. nullopt is SQL NULL (an infinite value or an empty template).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/type/datetime.h"
#include "engine/type/interval.h"

namespace luma {

std::optional<std::string> to_char_timestamp(int64_t timestamp, std::string_view format);
std::optional<std::string> to_char_timestamptz(int64_t timestamptz, std::string_view format,
                                               const TimeZone* zone);
std::optional<std::string> to_char_interval(const Interval& interval, std::string_view format);

// 22007 and 22008 with PostgreSQL's texts.
int32_t to_date(std::string_view text, std::string_view format);
int64_t to_timestamp(std::string_view text, std::string_view format, const TimeZone* zone);

}  // namespace luma
