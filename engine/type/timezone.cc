#include "engine/type/timezone.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "engine/base/ascii_case.h"
#include "engine/type/interval.h"
#include "engine/type/timezone_posix.h"

namespace luma {
namespace {

constexpr const char* kZoneFolder = "/usr/share/zoneinfo";
constexpr int64_t kUnixEpochOffsetSecs = 946684800;      // 2000-01-01
constexpr int64_t kCycleSecs = int64_t{146097} * 86400;  // 400 years
constexpr int kMaxNameBytes = 255;

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

int64_t year_start_unix(int64_t year) {
  int64_t y = year - 1;
  return (y * 365 + y / 4 - y / 100 + y / 400 - 719162) * 86400;
}

int64_t big_endian(const char* bytes, int size) {
  uint64_t value = 0;
  for (int i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  if (size == 4) return static_cast<int32_t>(value);
  return static_cast<int64_t>(value);
}

// Lower-case name -> name as spelled on disk, for all zone files. Read once.
const std::map<std::string, std::string>& zone_files() {
  static const std::map<std::string, std::string> files = [] {
    std::map<std::string, std::string> found;
    std::error_code error;
    const std::filesystem::path root(kZoneFolder);
    constexpr auto kFollow = std::filesystem::directory_options::follow_directory_symlink;
    for (std::filesystem::recursive_directory_iterator it(root, kFollow, error), end;
         !error && it != end; it.increment(error)) {
      if (!it->is_regular_file(error)) continue;
      std::string name = it->path().string().substr(root.string().size() + 1);
      // Zones with leap seconds are not usable: PostgreSQL's days have 86400 seconds.
      if (name.starts_with("right/")) continue;
      std::ifstream file(it->path(), std::ios::binary);
      char magic[4] = {};
      if (!file.read(magic, 4) || std::memcmp(magic, "TZif", 4) != 0) continue;
      found.emplace(ascii_lower(name), name);
    }
    return found;
  }();
  return files;
}

}  // namespace

// Builds zones and keeps them for the life of the process.
class TimeZoneLoader {
 public:
  static TimeZoneLoader& instance() {
    static TimeZoneLoader loader;
    return loader;
  }

  const TimeZone* find(std::string_view name) {
    if (name.empty() || name.size() > kMaxNameBytes) return nullptr;
    std::string key = upper(name);
    {
      std::shared_lock lock(mutex_);
      auto it = zones_.find(key);
      if (it != zones_.end()) return it->second.get();
    }
    std::unique_ptr<TimeZone> zone = load(key);
    if (!zone) return nullptr;
    std::unique_lock lock(mutex_);
    return zones_.try_emplace(key, std::move(zone)).first->second.get();
  }

 private:
  static std::unique_ptr<TimeZone> load(const std::string& upper_name) {
    if (upper_name == "GMT" || upper_name == "UTC") return constant(upper_name, 0, upper_name);
    const auto& files = zone_files();
    if (auto it = files.find(ascii_lower(upper_name)); it != files.end()) {
      if (auto zone = load_file(it->second)) return zone;
    }
    if (upper_name[0] == ':') return nullptr;
    auto posix = parse_posix_zone(upper_name);
    if (!posix) return nullptr;
    std::unique_ptr<TimeZone> zone(new TimeZone(upper_name));
    zone->first_kind_ = 0;
    zone->kinds_.push_back({posix->standard_east_secs, false, posix->standard_name});
    if (posix->has_dst) add_rule_years(*zone, *posix, 1901);
    return zone;
  }

  static std::unique_ptr<TimeZone> constant(const std::string& name, int32_t east_secs,
                                            const std::string& abbreviation) {
    std::unique_ptr<TimeZone> zone(new TimeZone(name));
    zone->kinds_.push_back({east_secs, false, abbreviation});
    return zone;
  }

  static std::unique_ptr<TimeZone> load_file(const std::string& name) {
    std::ifstream file(std::string(kZoneFolder) + "/" + name, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    size_t pos = 0;
    int time_size = 4;
    if (!valid_header(bytes, 0)) return nullptr;
    if (bytes[4] >= '2') {
      pos = 44 + block_bytes(bytes, 0, 4);
      time_size = 8;
      if (!valid_header(bytes, pos)) return nullptr;
    }
    size_t block = block_bytes(bytes, pos, time_size);
    if (pos + 44 + block > bytes.size()) return nullptr;
    std::unique_ptr<TimeZone> zone(new TimeZone(name));
    if (!read_block(bytes, pos, time_size, *zone)) return nullptr;
    if (time_size == 8) read_footer(bytes.substr(pos + 44 + block), *zone);
    return zone;
  }

  static bool valid_header(const std::string& bytes, size_t pos) {
    return bytes.size() >= pos + 44 && bytes.compare(pos, 4, "TZif") == 0;
  }
  static size_t count(const std::string& bytes, size_t pos, int index) {
    return static_cast<uint32_t>(big_endian(bytes.data() + pos + 20 + 4 * index, 4));
  }
  static size_t block_bytes(const std::string& bytes, size_t pos, int time_size) {
    size_t utc = count(bytes, pos, 0), standard = count(bytes, pos, 1), leap = count(bytes, pos, 2);
    size_t times = count(bytes, pos, 3), types = count(bytes, pos, 4), chars = count(bytes, pos, 5);
    return times * (time_size + 1) + types * 6 + chars + leap * (time_size + 4) + standard + utc;
  }

  static bool read_block(const std::string& bytes, size_t pos, int time_size, TimeZone& zone) {
    size_t leap = count(bytes, pos, 2), times = count(bytes, pos, 3), types = count(bytes, pos, 4);
    size_t chars = count(bytes, pos, 5);
    if (leap != 0 || types == 0 || types > 255) return false;
    const char* time_bytes = bytes.data() + pos + 44;
    const char* kind_bytes = time_bytes + times * time_size;
    const char* type_bytes = kind_bytes + times;
    const char* names = type_bytes + types * 6;
    for (size_t i = 0; i < types; ++i) {
      const char* row = type_bytes + i * 6;
      size_t name_at = static_cast<unsigned char>(row[5]);
      if (name_at >= chars) return false;
      std::string abbreviation(names + name_at, strnlen(names + name_at, chars - name_at));
      zone.kinds_.push_back({static_cast<int32_t>(big_endian(row, 4)), row[4] != 0, abbreviation});
    }
    for (size_t i = 0; i < times; ++i) {
      auto kind = static_cast<uint8_t>(kind_bytes[i]);
      if (kind >= types) return false;
      zone.starts_.push_back(big_endian(time_bytes + i * time_size, time_size));
      zone.start_kinds_.push_back(kind);
    }
    return true;
  }

  // The footer rules the years after the last transition of the file.
  static void read_footer(const std::string& footer, TimeZone& zone) {
    if (footer.size() < 2 || footer[0] != '\n') return;
    size_t end = footer.find('\n', 1);
    if (end == std::string::npos) return;
    auto posix = parse_posix_zone(std::string_view(footer).substr(1, end - 1));
    if (!posix || !posix->has_dst) return;
    int64_t from_year = 1970;
    while (!zone.starts_.empty() && year_start_unix(from_year) <= zone.starts_.back()) ++from_year;
    // The year of the last transition may be covered in part only.
    add_rule_years(zone, *posix, from_year - 1);
  }

  static uint8_t kind_index(TimeZone& zone, int32_t east_secs, bool is_dst,
                            const std::string& name) {
    for (size_t i = 0; i < zone.kinds_.size(); ++i) {
      const auto& kind = zone.kinds_[i];
      if (kind.east_secs == east_secs && kind.is_dst == is_dst && kind.abbreviation == name) {
        return static_cast<uint8_t>(i);
      }
    }
    zone.kinds_.push_back({east_secs, is_dst, name});
    return static_cast<uint8_t>(zone.kinds_.size() - 1);
  }

  // Adds the rule's transitions for 402 years: the last 400 stand for all later ones.
  static void add_rule_years(TimeZone& zone, const PosixZone& posix, int64_t from_year) {
    uint8_t standard = kind_index(zone, posix.standard_east_secs, false, posix.standard_name);
    uint8_t dst = kind_index(zone, posix.dst_east_secs, true, posix.dst_name);
    int64_t last = zone.starts_.empty() ? INT64_MIN : zone.starts_.back();
    for (int64_t year = from_year; year < from_year + 403; ++year) {
      int64_t base = year_start_unix(year);
      std::pair<int64_t, uint8_t> changes[2] = {
          {base + posix.dst_start.secs_into_year(year) - posix.standard_east_secs, dst},
          {base + posix.dst_end.secs_into_year(year) - posix.dst_east_secs, standard}};
      if (changes[1].first < changes[0].first) std::swap(changes[0], changes[1]);
      for (auto [when, kind] : changes) {
        if (when <= last) continue;
        zone.starts_.push_back(when);
        zone.start_kinds_.push_back(kind);
      }
    }
    zone.cyclic_ = true;
  }

  std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<TimeZone>> zones_;
};

const TimeZone* TimeZone::find(std::string_view name) {
  return TimeZoneLoader::instance().find(name);
}

const TimeZone& TimeZone::utc() {
  static const TimeZone* zone = find("UTC");
  return *zone;
}

const TimeZone* TimeZone::fixed(int32_t east_secs) {
  int32_t absolute = std::abs(east_secs);
  if (absolute >= 168 * 3600) return nullptr;
  std::string text = fmt::format("{:02}", absolute / 3600);
  if (absolute % 3600 != 0) text += fmt::format(":{:02}", absolute / 60 % 60);
  if (absolute % 60 != 0) text += fmt::format(":{:02}", absolute % 60);
  return find(east_secs < 0 ? fmt::format("<-{}>+{}", text, text)
                            : fmt::format("<+{}>-{}", text, text));
}

const TimeZone* TimeZone::find_setting(std::string_view text) {
  if (ascii_lower(text.substr(0, 8)) == "interval") {
    std::string_view rest = text.substr(8);
    while (!rest.empty() && std::isspace(static_cast<unsigned char>(rest.front())))
      rest.remove_prefix(1);
    if (rest.size() < 2 || rest.front() != '\'' || rest.back() != '\'') return nullptr;
    Interval interval = parse_interval(rest.substr(1, rest.size() - 2));
    if (interval.months != 0 || interval.days != 0) return nullptr;
    return fixed(static_cast<int32_t>(interval.micros / 1000000));
  }
  std::string copy(text);
  char* end = nullptr;
  double hours = std::strtod(copy.c_str(), &end);
  if (end != copy.c_str() && *end == '\0') {
    if (!(std::fabs(hours) < 168)) return nullptr;
    return fixed(static_cast<int32_t>(hours * 3600));
  }
  return find(text);
}

std::span<const std::string> TimeZone::names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> list;
    for (const auto& [key, name] : zone_files()) list.push_back(name);
    std::sort(list.begin(), list.end());
    return list;
  }();
  return all;
}

size_t TimeZone::transitions_before(int64_t& unix_secs) const {
  if (starts_.empty()) return 0;
  if (cyclic_ && unix_secs >= starts_.back()) {
    unix_secs -= ((unix_secs - starts_.back()) / kCycleSecs + 1) * kCycleSecs;
  }
  // Neighbouring rows mostly fall into the same range.
  size_t hit = last_hit_.load(std::memory_order_relaxed);
  if (hit != 0 && starts_[hit - 1] <= unix_secs &&
      (hit == starts_.size() || unix_secs < starts_[hit])) {
    return hit;
  }
  hit = std::upper_bound(starts_.begin(), starts_.end(), unix_secs) - starts_.begin();
  last_hit_.store(static_cast<uint32_t>(hit), std::memory_order_relaxed);
  return hit;
}

ZoneOffset TimeZone::at_unix(int64_t unix_secs) const {
  return offset_of(kind_after(transitions_before(unix_secs)));
}

ZoneOffset TimeZone::at(int64_t timestamp_micros) const {
  int64_t secs = timestamp_micros / 1000000;
  if (timestamp_micros % 1000000 < 0) --secs;
  return at_unix(secs + kUnixEpochOffsetSecs);
}

ZoneOffset TimeZone::at_local_unix(int64_t local_unix_secs) const {
  // Offsets are below a day, so the first change after "a day earlier" is the one that matters.
  int64_t probe = local_unix_secs - 86400;
  size_t hit = transitions_before(probe);
  int64_t local = probe + 86400;
  ZoneOffset before = offset_of(kind_after(hit));
  if (hit == starts_.size()) return before;
  ZoneOffset after = offset_of(kind_after(hit + 1));
  int64_t boundary = starts_[hit];
  int64_t before_instant = local - before.east_secs;
  int64_t after_instant = local - after.east_secs;
  if (before_instant < boundary && after_instant < boundary) return before;
  if (before_instant > boundary && after_instant >= boundary) return after;
  return before_instant > after_instant ? before : after;
}

bool TimeZone::abbreviation_offset(std::string_view abbreviation, int64_t unix_secs,
                                   ZoneOffset* offset) const {
  std::string wanted = upper(abbreviation);
  auto matches = [&](uint8_t kind) { return upper(kinds_[kind].abbreviation) == wanted; };
  size_t hit = transitions_before(unix_secs);
  for (size_t i = hit + 1; i-- > 0;) {  // the last use up to now
    if (!matches(kind_after(i))) continue;
    *offset = offset_of(kind_after(i));
    return true;
  }
  for (size_t i = hit + 1; i <= starts_.size(); ++i) {  // else the next one
    if (!matches(kind_after(i))) continue;
    *offset = offset_of(kind_after(i));
    return true;
  }
  return false;
}

std::span<const ZoneAbbreviation> zone_abbreviations() {
  static constexpr ZoneAbbreviation kRows[] = {
#define LUMA_ZONE(name, offset, is_dst, zone) {name, offset, is_dst, zone},
#include "engine/type/timezone_abbreviations.inc"
#undef LUMA_ZONE
  };
  return kRows;
}

const ZoneAbbreviation* find_zone_abbreviation(std::string_view name) {
  if (name.empty() || name.size() > 10) return nullptr;
  auto rows = zone_abbreviations();
  std::string key = ascii_lower(name);
  auto it = std::lower_bound(
      rows.begin(), rows.end(), key,
      [](const ZoneAbbreviation& row, const std::string& k) { return row.name < k; });
  return it != rows.end() && it->name == key ? &*it : nullptr;
}

ZoneOffset abbreviation_offset_at_local(const ZoneAbbreviation& row, int64_t local_unix_secs) {
  if (row.zone.empty()) return {row.east_secs, row.is_dst, row.name};
  const TimeZone* zone = TimeZone::find(row.zone);
  if (zone == nullptr) return {0, false, row.name};
  ZoneOffset plain = zone->at_local_unix(local_unix_secs);
  ZoneOffset found;
  return zone->abbreviation_offset(row.name, local_unix_secs - plain.east_secs, &found) ? found
                                                                                        : plain;
}

ZoneOffset abbreviation_offset_at(const ZoneAbbreviation& row, int64_t unix_secs) {
  if (row.zone.empty()) return {row.east_secs, row.is_dst, row.name};
  const TimeZone* zone = TimeZone::find(row.zone);
  if (zone == nullptr) return {0, false, row.name};
  ZoneOffset found;
  return zone->abbreviation_offset(row.name, unix_secs, &found) ? found : zone->at_unix(unix_secs);
}

}  // namespace luma
