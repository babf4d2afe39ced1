#include "sql/function/text_token.h"

#include <unicode/uchar.h>

#include <array>

#include "engine/base/ascii_case.h"
#include "engine/base/sql_error.h"
#include "engine/type/utf8_text.h"

namespace luma {
namespace {

using std::string_view;

enum class State : uint8_t {
  kBase,
  kNumWord,
  kAsciiWord,
  kWord,
  kUnsignedInt,
  kSignedIntFirst,
  kSignedInt,
  kSpace,
  kUDecimalFirst,
  kUDecimal,
  kDecimalFirst,
  kDecimal,
  kSignedVersion,
  kRestOfVersion,
  kVersionFirst,
  kVersion,
  kExponentFirst,
  kExponentSign,
  kExponent,
  kEntityFirst,
  kEntity,
  kEntityNumFirst,
  kEntityHexNumFirst,
  kEntityNum,
  kEntityHexNum,
  kEntityEnd,
  kTagFirst,
  kXmlBegin,
  kTagCloseFirst,
  kTagName,
  kTagBeginEnd,
  kTag,
  kTagSingleQuoted,
  kTagDoubleQuoted,
  kTagEscaped,
  kTagEnd,
  kCommentFirst,
  kCommentLast,
  kComment,
  kCloseCommentFirst,
  kCloseCommentLast,
  kCommentEnd,
  kHostFirstDomain,
  kHostDomainSecond,
  kHostDomain,
  kPortFirst,
  kPort,
  kHostAfterMark,
  kHost,
  kEmail,
  kFileFirst,
  kFileTilde,
  kPathFirst,
  kPathFirstFirst,
  kPathSecond,
  kFile,
  kFileNext,
  kUrlPathFirst,
  kUrlPathStart,
  kUrlPath,
  kUrlOfHost,
  kProtocolFirst,
  kProtocolSecond,
  kProtocolEnd,
  kHyphenAsciiWordFirst,
  kHyphenAsciiWord,
  kHyphenWordFirst,
  kHyphenWord,
  kHyphenNumWordFirst,
  kHyphenNumWord,
  kHyphenDigitLookahead,
  kParseHyphen,
  kParseHyphenHyphen,
  kHyphenWordPart,
  kHyphenAsciiWordPart,
  kHyphenNumWordPart,
  kHyphenUnsignedInt,
  kStay,  // no other state
};
constexpr size_t kStates = static_cast<size_t>(State::kStay);

enum class Test : uint8_t {
  kElse,
  kEnd,
  kChar,
  kIgnoring,
  kAsciiLetter,
  kLetter,
  kDigit,
  kHexDigit,
  kAlnum,
  kNotAlnum,
  kMark,  // belongs to a word without being a letter: marks, zero width characters
  kBlank,
  kUrlChar,
  kHostWanted,
  kHost,
  kUrlPath
};

// Steps of a rule. A pushed place is where the state's next rules are tried when what the rule
// hoped for does not come.
constexpr uint8_t kNext = 0, kFound = 1, kPop = 2, kPush = 4, kRerun = 8, kClear = 16, kMerge = 32,
                  kClearAll = 64;

enum class Action : uint8_t { kNone, kTag, kUrl, kBack, kRestart };

struct Rule {
  State state;
  Test test;
  char character;
  uint8_t steps;
  State next;
  uint8_t type;
  Action action;
};

using S = State;
using T = Test;
using A = Action;
constexpr Rule kRules[] = {
#include "sql/function/text_token_rules.inc"
};

using RuleStarts = std::array<uint16_t, kStates>;
constexpr RuleStarts first_rules() {
  RuleStarts out{};
  for (uint16_t i = std::size(kRules); i-- > 0;) {
    out[static_cast<size_t>(kRules[i].state)] = i;
  }
  return out;
}
constexpr RuleStarts kFirstRule = first_rules();

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

class Splitter {
 public:
  explicit Splitter(string_view text) : text_(text) { places_.emplace_back(); }

  void start_in(State state) { place().state = state; }
  void want_host() { host_wanted_ = true; }
  size_t position() const { return places_.back().at; }
  size_t token_bytes() const { return token_bytes_; }

  // Type of the next token; 0 at the end. It ends at where the document is read on, unless its
  // parts follow.
  int next(TextToken& token) {
    if (place().at >= text_.size()) return 0;
    token_start_ = place().at;
    resume_ = 0;
    while (place().at <= text_.size()) {
      const Rule& rule = applying_rule();
      act(rule.action);
      bool found = (rule.steps & kFound) != 0;
      if (found) {
        token_bytes_ = place().token_bytes;
        token = {rule.type, text_.substr(token_start_, token_bytes_)};
        place().token_bytes = 0;
      }
      change_stack(rule);
      if (rule.next != State::kStay) place().state = rule.next;
      if (found) return rule.type;
      if (place().at >= text_.size() && (rule.steps & kRerun) == 0) return 0;
      if ((rule.steps & (kRerun | kPop)) != 0) continue;
      size_t bytes = character_bytes();
      place().at += bytes;
      place().token_bytes += bytes;
    }
    return 0;
  }

 private:
  struct Place {
    State state = State::kBase;
    size_t at = 0;
    size_t token_bytes = 0;
    uint16_t resume = 0;  // the rule after the one that pushed another place above this
  };
  Place& place() { return places_.back(); }

  bool at_end() const { return places_.back().at >= text_.size(); }
  char character() const { return text_[places_.back().at]; }
  size_t character_bytes() const {
    if (at_end()) return 0;
    return std::min<size_t>(utf8_bytes(character()), text_.size() - places_.back().at);
  }
  uint32_t code_point() const {
    size_t at = places_.back().at;
    return utf8_next(text_, at);
  }

  const Rule& applying_rule() {
    size_t i = resume_ != 0 ? resume_ : kFirstRule[static_cast<size_t>(place().state)];
    resume_ = 0;
    while (!fits(kRules[i])) ++i;
    return kRules[i];
  }

  bool is_alnum() const { return !at_end() && code_point_is_alnum(code_point()); }
  bool is_mark() const {
    if (at_end()) return true;
    char c = character();
    if (c == '\0') return true;
    if (static_cast<unsigned char>(c) < 0x80) return false;
    auto category = u_charType(static_cast<UChar32>(code_point()));
    return category == U_NON_SPACING_MARK || category == U_ENCLOSING_MARK ||
           category == U_COMBINING_SPACING_MARK;
  }

  bool fits(const Rule& rule) {
    switch (rule.test) {
      case Test::kElse:
        return true;
      case Test::kEnd:
        return at_end();
      case Test::kChar:
        return !at_end() && character() == rule.character;
      case Test::kIgnoring:
        return ignoring_;
      case Test::kAsciiLetter:
        return !at_end() && is_ascii_letter(character());
      case Test::kLetter:
        return is_alnum() && !is_digit(character());
      case Test::kDigit:
        return !at_end() && is_digit(character());
      case Test::kHexDigit:
        return !at_end() && std::isxdigit(static_cast<unsigned char>(character())) != 0;
      case Test::kAlnum:
        return is_alnum();
      case Test::kNotAlnum:
        return !is_alnum();
      case Test::kMark:
        return is_mark();
      case Test::kBlank:
        return !at_end() &&
               (is_blank(character()) || u_isWhitespace(static_cast<UChar32>(code_point())) != 0);
      case Test::kUrlChar:
        return is_url_character();
      case Test::kHostWanted:
        return std::exchange(host_wanted_, false);
      case Test::kHost:
        return take_host();
      case Test::kUrlPath:
        return take_url_path();
    }
    LUMA_CHECK(false);
  }
  bool is_url_character() const {
    if (at_end()) return false;
    char c = character();
    return c > 0x20 && c < 0x7F && string_view("\"<>\\^`{|}").find(c) == string_view::npos;
  }

  // A host name, or a URL's path, from here on belongs to the token.
  bool take(Splitter& ahead, int wanted) {
    TextToken token;
    if (ahead.next(token) != wanted) return false;
    place().at += ahead.token_bytes();
    place().token_bytes += ahead.token_bytes();
    return true;
  }
  bool take_host() {
    Splitter ahead(text_.substr(position()));
    ahead.want_host();
    return take(ahead, token_type::kHost);
  }
  bool take_url_path() {
    Splitter ahead(text_.substr(position()));
    ahead.start_in(State::kUrlPathFirst);
    ahead.places_.insert(ahead.places_.begin(), Place());
    return take(ahead, token_type::kUrlPath);
  }

  void act(Action action) {
    switch (action) {
      case Action::kNone:
        return;
      case Action::kTag:
        return look_at_tag();
      case Action::kUrl:
        host_wanted_ = true;
        place().at -= place().token_bytes;
        return;
      case Action::kBack:
        place().at -= place().token_bytes;
        return;
      case Action::kRestart:
        place().at -= place().token_bytes;
        place().token_bytes = 0;
        return;
    }
  }
  // What is inside of scripts and styles is not looked at.
  void look_at_tag() {
    constexpr size_t kLongestName = 8;
    if (place().token_bytes > kLongestName) return;
    std::string name = ascii_lower(text_.substr(token_start_, place().token_bytes));
    if (name == "</script" || name == "</style") ignoring_ = false;
    if (name == "<script" || name == "<style") ignoring_ = true;
  }

  void change_stack(const Rule& rule) {
    if ((rule.steps & kPop) != 0) {
      places_.pop_back();
      LUMA_CHECK(!places_.empty());
      resume_ = place().resume;
    } else if ((rule.steps & kPush) != 0) {
      place().resume = static_cast<uint16_t>(&rule - kRules + 1);
      Place above = place();
      above.resume = 0;
      places_.push_back(above);
    } else if ((rule.steps & kClear) != 0) {
      LUMA_CHECK(places_.size() > 1);
      places_.erase(places_.end() - 2);
    } else if ((rule.steps & kClearAll) != 0) {
      places_.erase(places_.begin(), places_.end() - 1);
    } else if ((rule.steps & kMerge) != 0) {
      LUMA_CHECK(places_.size() > 1);
      Place above = place();
      places_.pop_back();
      place().at = above.at;
      place().token_bytes = above.token_bytes;
      resume_ = place().resume;
    }
  }

  string_view text_;
  std::vector<Place> places_;
  size_t token_start_ = 0;
  size_t token_bytes_ = 0;
  uint16_t resume_ = 0;
  bool host_wanted_ = false;
  bool ignoring_ = false;
};

constexpr TokenTypeRow kTypes[] = {
    {1, "asciiword", "Word, all ASCII"},
    {2, "word", "Word, all letters"},
    {3, "numword", "Word, letters and digits"},
    {4, "email", "Email address"},
    {5, "url", "URL"},
    {6, "host", "Host"},
    {7, "sfloat", "Scientific notation"},
    {8, "version", "Version number"},
    {9, "hword_numpart", "Hyphenated word part, letters and digits"},
    {10, "hword_part", "Hyphenated word part, all letters"},
    {11, "hword_asciipart", "Hyphenated word part, all ASCII"},
    {12, "blank", "Space symbols"},
    {13, "tag", "XML tag"},
    {14, "protocol", "Protocol head"},
    {15, "numhword", "Hyphenated word, letters and digits"},
    {16, "asciihword", "Hyphenated word, all ASCII"},
    {17, "hword", "Hyphenated word, all letters"},
    {18, "url_path", "URL path"},
    {19, "file", "File or path name"},
    {20, "float", "Decimal notation"},
    {21, "int", "Signed integer"},
    {22, "uint", "Unsigned integer"},
    {23, "entity", "XML entity"},
};

}  // namespace

std::span<const TokenTypeRow> token_types() { return kTypes; }

std::vector<TextToken> split_document(string_view document) {
  std::vector<TextToken> tokens;
  Splitter splitter(document);
  for (TextToken token; splitter.next(token) != 0;) tokens.push_back(token);
  return tokens;
}

}  // namespace luma
