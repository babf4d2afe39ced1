#pragma once
// Time zones as PostgreSQL knows them: the system's tzdata files (TZif), POSIX rule strings and
// fixed offsets. A TimeZone is immutable, lives until the process ends and may be used by any
// thread.
//
// Instants are seconds since 1970-01-01 UTC ("unix seconds") or PostgreSQL timestamps (microseconds
// since 2000-01-01), as the parameter's name says. Offsets are seconds EAST of UTC.
#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace luma {

struct ZoneOffset {
  int32_t east_secs = 0;
  bool is_dst = false;
  std::string_view abbreviation;  // lives as long as the zone
};

class TimeZone {
 public:
  // By IANA name (any case) or POSIX form ("EST5EDT", "<+03>-03", "XYZ-2"); nullptr when there is
  // none. What AT TIME ZONE and zone names inside date/time input accept.
  static const TimeZone* find(std::string_view name);
  // What SET TimeZone accepts: `find`, numbers of hours ("-5", "+02", "5.5") and "interval '...'".
  static const TimeZone* find_setting(std::string_view text);
  // A zone with a constant offset, named as PostgreSQL names it ("<+02>-02").
  static const TimeZone* fixed(int32_t east_secs);
  static const TimeZone& utc();
  // Every zone of pg_timezone_names, sorted. Reads the whole tzdata folder once.
  static std::span<const std::string> names();

  const std::string& name() const { return name_; }
  ZoneOffset at_unix(int64_t unix_secs) const;
  // Of an instant given as timestamptz.
  ZoneOffset at(int64_t timestamp_micros) const;
  // Offset of a local time. In a gap the offset before it holds, in an overlap the one after it.
  ZoneOffset at_local_unix(int64_t local_unix_secs) const;
  // Offset that `abbreviation` has in this zone near the instant; false when the zone never uses
  // it.
  bool abbreviation_offset(std::string_view abbreviation, int64_t unix_secs,
                           ZoneOffset* offset) const;
  bool has_constant_offset() const { return starts_.empty(); }

  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;

 private:
  friend class TimeZoneLoader;
  struct Kind {
    int32_t east_secs;
    bool is_dst;
    std::string abbreviation;
  };
  explicit TimeZone(std::string name) : name_(std::move(name)) {}
  ZoneOffset offset_of(uint8_t kind) const {
    return {kinds_[kind].east_secs, kinds_[kind].is_dst, kinds_[kind].abbreviation};
  }
  // How many transitions happened at or before the instant, which is moved into the table's range.
  size_t transitions_before(int64_t& unix_secs) const;
  uint8_t kind_after(size_t transitions) const {
    return transitions == 0 ? first_kind_ : start_kinds_[transitions - 1];
  }

  std::string name_;
  std::vector<Kind> kinds_;
  std::vector<int64_t> starts_;       // unix seconds, ascending
  std::vector<uint8_t> start_kinds_;  // what begins at starts_[i]
  uint8_t first_kind_ = 0;            // before the first transition
  bool cyclic_ = false;               // the last 400 years of the table repeat forever
  mutable std::atomic<uint32_t> last_hit_{0};
};

// A row of PostgreSQL's abbreviation set "Default". `zone` is empty for a fixed offset; otherwise
// the abbreviation means what that zone used it for.
struct ZoneAbbreviation {
  std::string_view name;  // lower case
  int32_t east_secs;
  bool is_dst;
  std::string_view zone;
};
std::span<const ZoneAbbreviation> zone_abbreviations();
// Any case; nullptr when unknown.
const ZoneAbbreviation* find_zone_abbreviation(std::string_view name);
// Offset of an abbreviation for a local time (unix seconds read as if UTC) or for an instant.
ZoneOffset abbreviation_offset_at_local(const ZoneAbbreviation& row, int64_t local_unix_secs);
ZoneOffset abbreviation_offset_at(const ZoneAbbreviation& row, int64_t unix_secs);

}  // namespace luma
