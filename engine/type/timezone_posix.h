#pragma once
// POSIX TZ strings: "EST5EDT,M3.2.0,M11.1.0", "<+03>-03". Used by zone names and by the footer of
// tzdata files, which rules all years after the file's last transition.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace luma {

// When in a year a change happens.
struct PosixRule {
  enum Kind : uint8_t { kMonthWeekDay, kJulianNoLeap, kDayOfYear } kind = kMonthWeekDay;
  int month = 0;
  int week = 0;
  int day = 0;
  int32_t time_secs = 7200;  // local time of the change

  // Seconds from the start of `year` to the change, in local time.
  int64_t secs_into_year(int64_t year) const;
};

struct PosixZone {
  std::string standard_name;
  int32_t standard_east_secs = 0;
  bool has_dst = false;
  std::string dst_name;
  int32_t dst_east_secs = 0;
  PosixRule dst_start;
  PosixRule dst_end;
};

// nullopt when `text` is not a POSIX zone.
std::optional<PosixZone> parse_posix_zone(std::string_view text);

}  // namespace luma
