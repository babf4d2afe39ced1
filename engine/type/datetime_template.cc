#include "engine/type/datetime_template.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "engine/base/ascii_case.h"

namespace luma {
namespace {

constexpr LetterCase kUp = LetterCase::kUpper, kMix = LetterCase::kMixed, kLow = LetterCase::kLower;

// Of names with a common beginning the longer comes first.
constexpr DateKeyword kKeywords[] = {
    {"A.D.", DateField::kEraDots, kUp, false, 0},
    {"A.M.", DateField::kMeridiemDots, kUp, false, 0},
    {"AD", DateField::kEra, kUp, false, 0},
    {"AM", DateField::kMeridiem, kUp, false, 0},
    {"B.C.", DateField::kEraDots, kUp, false, 0},
    {"BC", DateField::kEra, kUp, false, 0},
    {"CC", DateField::kCentury, kUp, true, 2},
    {"DAY", DateField::kDayName, kUp, false, 0},
    {"DDD", DateField::kDayOfYear, kUp, true, 3},
    {"DD", DateField::kDayOfMonth, kUp, true, 2},
    {"DY", DateField::kDayAbbreviation, kUp, false, 0},
    {"Day", DateField::kDayName, kMix, false, 0},
    {"Dy", DateField::kDayAbbreviation, kMix, false, 0},
    {"D", DateField::kDayOfWeek, kUp, true, 1},
    {"FF1", DateField::kFraction, kUp, true, 1},
    {"FF2", DateField::kFraction, kUp, true, 2},
    {"FF3", DateField::kFraction, kUp, true, 3},
    {"FF4", DateField::kFraction, kUp, true, 4},
    {"FF5", DateField::kFraction, kUp, true, 5},
    {"FF6", DateField::kFraction, kUp, true, 6},
    {"FX", DateField::kFixed, kUp, false, 0},
    {"HH24", DateField::kHour24, kUp, true, 2},
    {"HH12", DateField::kHour12, kUp, true, 2},
    {"HH", DateField::kHour12, kUp, true, 2},
    {"IDDD", DateField::kIsoDayOfYear, kUp, true, 3},
    {"ID", DateField::kIsoDay, kUp, true, 1},
    {"IW", DateField::kIsoWeek, kUp, true, 2},
    {"IYYY", DateField::kIsoYear, kUp, true, 4},
    {"IYY", DateField::kIsoYear, kUp, true, 3},
    {"IY", DateField::kIsoYear, kUp, true, 2},
    {"I", DateField::kIsoYear, kUp, true, 1},
    {"J", DateField::kJulian, kUp, true, 1},
    {"MI", DateField::kMinute, kUp, true, 2},
    {"MM", DateField::kMonthNumber, kUp, true, 2},
    {"MONTH", DateField::kMonthName, kUp, false, 0},
    {"MON", DateField::kMonthAbbreviation, kUp, false, 0},
    {"MS", DateField::kMillis, kUp, true, 3},
    {"Month", DateField::kMonthName, kMix, false, 0},
    {"Mon", DateField::kMonthAbbreviation, kMix, false, 0},
    {"OF", DateField::kOffset, kUp, false, 0},
    {"P.M.", DateField::kMeridiemDots, kUp, false, 0},
    {"PM", DateField::kMeridiem, kUp, false, 0},
    {"Q", DateField::kQuarter, kUp, true, 1},
    {"RM", DateField::kRomanMonth, kUp, false, 0},
    {"SSSSS", DateField::kSecondsOfDay, kUp, true, 5},
    {"SSSS", DateField::kSecondsOfDay, kUp, true, 4},
    {"SS", DateField::kSecond, kUp, true, 2},
    {"TZH", DateField::kZoneHours, kUp, false, 2},
    {"TZM", DateField::kZoneMinutes, kUp, true, 2},
    {"TZ", DateField::kZone, kUp, false, 0},
    {"US", DateField::kMicros, kUp, true, 6},
    {"WW", DateField::kWeekOfYear, kUp, true, 2},
    {"W", DateField::kWeekOfMonth, kUp, true, 1},
    {"Y,YYY", DateField::kYearComma, kUp, true, 4},
    {"YYYY", DateField::kYear, kUp, true, 4},
    {"YYY", DateField::kYear, kUp, true, 3},
    {"YY", DateField::kYear, kUp, true, 2},
    {"Y", DateField::kYear, kUp, true, 1},
};

// The keywords, also in lower case, by their first letter: templates are read for each row.
class KeywordIndex {
 public:
  KeywordIndex() {
    names_.reserve(std::size(kKeywords));
    for (const DateKeyword& row : kKeywords) add(row);
    for (const DateKeyword& row : kKeywords) {
      if (row.letters != kUp) continue;
      names_.push_back(ascii_lower(row.name));
      add({names_.back(), row.field, kLow, row.is_digit, row.width});
    }
  }
  const DateKeyword* find(std::string_view text) const {
    const auto first = static_cast<unsigned char>(text[0]);
    if (first >= by_letter_.size()) return nullptr;
    for (const DateKeyword& row : by_letter_[first]) {
      if (text.starts_with(row.name)) return &row;
    }
    return nullptr;
  }

 private:
  void add(const DateKeyword& row) {
    by_letter_[static_cast<unsigned char>(row.name[0])].push_back(row);
  }
  std::vector<std::string> names_;  // those in lower case
  std::array<std::vector<DateKeyword>, 128> by_letter_;
};

const DateKeyword* find_keyword(std::string_view text) {
  static const KeywordIndex index;
  return index.find(text);
}

size_t char_bytes(std::string_view text) {
  auto c = static_cast<unsigned char>(text[0]);
  return std::min<size_t>(c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4, text.size());
}

}  // namespace

bool is_separator_char(char c) {
  return c > 0x20 && c < 0x7F && !std::isalnum(static_cast<unsigned char>(c));
}

std::vector<DateNode> parse_date_template(std::string_view rest) {
  std::vector<DateNode> nodes;
  nodes.reserve(rest.size());
  auto take_char = [&](DateNode::Kind kind) {
    size_t bytes = char_bytes(rest);
    DateNode node{kind};
    node.text = std::string(rest.substr(0, bytes));
    nodes.push_back(std::move(node));
    rest.remove_prefix(bytes);
  };
  while (!rest.empty()) {
    DateNode node{DateNode::kField};
    if (rest.starts_with("FM") || rest.starts_with("fm")) {
      node.fill = true;
      rest.remove_prefix(2);
    } else if (rest.starts_with("TM") || rest.starts_with("tm")) {
      node.localized = true;
      rest.remove_prefix(2);
    }
    if (rest.empty()) break;
    if (const DateKeyword* keyword = find_keyword(rest)) {
      node.keyword = keyword;
      rest.remove_prefix(keyword->name.size());
      if (rest.starts_with("TH") || rest.starts_with("th")) {
        node.ordinal = true;
        node.ordinal_lower = rest[0] == 't';
        rest.remove_prefix(2);
      } else if (rest.starts_with("SP")) {  // known, without effect
        rest.remove_prefix(2);
      }
      nodes.push_back(std::move(node));
      continue;
    }
    if (rest[0] == '"') {
      rest.remove_prefix(1);
      while (!rest.empty() && rest[0] != '"') {
        if (rest[0] == '\\' && rest.size() > 1) rest.remove_prefix(1);
        take_char(DateNode::kText);
      }
      if (!rest.empty()) rest.remove_prefix(1);
      continue;
    }
    if (rest[0] == '\\' && rest.size() > 1 && rest[1] == '"') rest.remove_prefix(1);
    if (is_separator_char(rest[0])) {
      take_char(DateNode::kSeparator);
    } else if (std::isspace(static_cast<unsigned char>(rest[0]))) {
      take_char(DateNode::kSpace);
    } else {
      take_char(DateNode::kText);
    }
  }
  return nodes;
}

}  // namespace luma
