#include "engine/type/number_template.h"

#include <algorithm>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

struct PatternName {
  std::string_view name;
  NumberPattern pattern;
};

// Longer names come before their prefixes; letters in either case, but not mixed.
constexpr PatternName kPatterns[] = {
    {",", NumberPattern::kComma},         {".", NumberPattern::kPoint},
    {"0", NumberPattern::kZero},          {"9", NumberPattern::kNine},
    {"EEEE", NumberPattern::kScientific}, {"FM", NumberPattern::kFill},
    {"MI", NumberPattern::kMinus},        {"PL", NumberPattern::kPlus},
    {"PR", NumberPattern::kBracket},      {"RN", NumberPattern::kRoman},
    {"SG", NumberPattern::kSign},         {"SP", NumberPattern::kIgnored},
    {"TH", NumberPattern::kOrdinal},      {"B", NumberPattern::kBlank},
    {"C", NumberPattern::kIgnored},       {"D", NumberPattern::kLocalePoint},
    {"E", NumberPattern::kIgnored},       {"G", NumberPattern::kGroup},
    {"L", NumberPattern::kCurrency},      {"S", NumberPattern::kLocaleSign},
    {"V", NumberPattern::kShift},
};

SqlError template_error(const char* text) { return sql_error(SqlState::kSyntaxError, "{}", text); }

class TemplateParser {
 public:
  explicit TemplateParser(std::string_view text) : text_(text) {}

  NumberTemplate run() {
    while (pos_ < text_.size()) {
      if (keyword()) continue;
      if (text_[pos_] == '"') {
        quoted();
      } else {
        if (text_[pos_] == '\\' && pos_ + 1 < text_.size() && text_[pos_ + 1] == '"') ++pos_;
        literal();
      }
    }
    return std::move(t_);
  }

 private:
  void literal() {
    auto c = static_cast<unsigned char>(text_[pos_]);
    size_t bytes = std::min<size_t>(c < 0x80   ? 1
                                    : c < 0xE0 ? 2
                                    : c < 0xF0 ? 3
                                               : 4,
                                    text_.size() - pos_);
    t_.nodes.push_back({NumberPattern::kLiteral, std::string(text_.substr(pos_, bytes))});
    pos_ += bytes;
  }

  void quoted() {
    ++pos_;
    while (pos_ < text_.size() && text_[pos_] != '"') {
      if (text_[pos_] == '\\' && pos_ + 1 < text_.size()) ++pos_;
      literal();
    }
    ++pos_;
  }

  bool keyword() {
    for (const PatternName& row : kPatterns) {
      std::string_view candidate = text_.substr(pos_, row.name.size());
      if (candidate.size() != row.name.size()) continue;
      std::string lower(row.name);
      for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      if (candidate != row.name && candidate != lower) continue;
      pos_ += row.name.size();
      NumberPattern pattern = row.pattern;
      bool is_lower = candidate != row.name;
      if (is_lower && pattern == NumberPattern::kRoman) pattern = NumberPattern::kLowerRoman;
      if (is_lower && pattern == NumberPattern::kOrdinal) pattern = NumberPattern::kLowerOrdinal;
      t_.nodes.push_back({pattern, {}});
      note(pattern);
      return true;
    }
    return false;
  }

  void note(NumberPattern pattern) {
    if (t_.scientific && pattern != NumberPattern::kScientific) {
      throw template_error("\"EEEE\" must be the last pattern used");
    }
    switch (pattern) {
      case NumberPattern::kNine:
        if (t_.bracket) throw template_error("\"9\" must be ahead of \"PR\"");
        if (t_.multiply) {
          ++t_.shift;
        } else {
          ++(t_.decimal ? t_.after : t_.before);
        }
        break;
      case NumberPattern::kZero:
        if (t_.bracket) throw template_error("\"0\" must be ahead of \"PR\"");
        if (!t_.zero && !t_.decimal) {
          t_.zero = true;
          t_.zero_start = t_.before + 1;
        }
        ++(t_.decimal ? t_.after : t_.before);
        t_.zero_end = t_.before + t_.after;
        break;
      case NumberPattern::kBlank:
        if (t_.before == 0 && t_.after == 0 && !t_.zero) t_.blank = true;
        break;
      case NumberPattern::kLocalePoint:
      case NumberPattern::kPoint:
        if (t_.decimal) throw template_error("multiple decimal points");
        if (t_.multiply) throw template_error("cannot use \"V\" and decimal point together");
        t_.decimal = true;
        break;
      case NumberPattern::kFill:
        t_.fill = true;
        break;
      case NumberPattern::kLocaleSign:
        note_locale_sign();
        break;
      case NumberPattern::kMinus:
        if (t_.sign_s) throw template_error("cannot use \"S\" and \"MI\" together");
        t_.minus = true;
        break;
      case NumberPattern::kPlus:
        if (t_.sign_s) throw template_error("cannot use \"S\" and \"PL\" together");
        t_.plus = true;
        break;
      case NumberPattern::kSign:
        if (t_.sign_s) throw template_error("cannot use \"S\" and \"SG\" together");
        t_.minus = t_.plus = true;
        break;
      case NumberPattern::kBracket:
        if (t_.sign_s || t_.plus || t_.minus) {
          throw template_error("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
        }
        t_.bracket = true;
        break;
      case NumberPattern::kRoman:
      case NumberPattern::kLowerRoman:
        t_.roman = true;
        break;
      case NumberPattern::kShift:
        if (t_.decimal) throw template_error("cannot use \"V\" and decimal point together");
        t_.multiply = true;
        break;
      case NumberPattern::kScientific:
        if (t_.scientific) throw template_error("cannot use \"EEEE\" twice");
        if (t_.blank || t_.fill || t_.sign_s || t_.bracket || t_.minus || t_.plus || t_.roman ||
            t_.multiply) {
          throw template_error("\"EEEE\" is incompatible with other formats")
              .detail("\"EEEE\" may only be used together with digit and decimal point patterns.");
        }
        t_.scientific = true;
        break;
      default:
        break;
    }
  }

  void note_locale_sign() {
    if (t_.sign_s) throw template_error("cannot use \"S\" twice");
    if (t_.plus || t_.minus || t_.bracket) {
      throw template_error("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
    }
    t_.sign_s = true;
    if (!t_.decimal) {
      t_.locale_sign = SignPlace::kBefore;
      t_.before_at_sign = t_.before;
    } else if (t_.locale_sign == SignPlace::kNone) {
      t_.locale_sign = SignPlace::kAfter;
    }
  }

  std::string_view text_;
  size_t pos_ = 0;
  NumberTemplate t_;
};

}  // namespace

NumberTemplate parse_number_template(std::string_view text) { return TemplateParser(text).run(); }

}  // namespace luma
