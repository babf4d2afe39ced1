#pragma once
// Text -> calendar fields for the date/time types: PostgreSQL's guesses about what a field means.
#include <cstdint>
#include <string_view>

#include "engine/type/datetime.h"

namespace luma {

struct ParsedDateTime {
  enum Special : uint8_t { kNone, kEpoch, kInfinity, kNegInfinity } special = kNone;
  CivilTime fields;  // fields.zone.east_secs is set when a zone was given or implied
};

// date, timestamp and timestamptz; `type_name` is for error texts.
ParsedDateTime parse_datetime_text(std::string_view text, std::string_view type_name,
                                   const IoContext& io);
// time and timetz.
ParsedDateTime parse_time_text(std::string_view text, std::string_view type_name,
                               const IoContext& io);
// "+hh", "-hh:mm[:ss]", "+hhmm": seconds east. Throws a DateTimeFault.
int32_t parse_zone_displacement(std::string_view text);
// Hours of 24:00:00 at most.
bool time_fields_overflow(int hour, int minute, int second, int micros);

}  // namespace luma
