// fuzzystrmatch: distances between words, and codes for how they sound.
#include <algorithm>
#include <array>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/utf8_text.h"
#include "sql/function/extension.h"

namespace luma {

namespace {

using std::string_view;

constexpr size_t kMaxLevenshteinLength = 255;
constexpr size_t kMaxMetaphoneLength = 255;

std::vector<string_view> characters_of(string_view text) {
  std::vector<string_view> out;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

struct Costs {
  int64_t insertion = 1, deletion = 1, substitution = 1;
};

// From `source` to `target`; one more than `limit` when it is farther (limit < 0: no limit).
int32_t distance(string_view source, string_view target, const Costs& costs, int64_t limit) {
  std::vector<string_view> from = characters_of(source), to = characters_of(target);
  if (from.size() > kMaxLevenshteinLength || to.size() > kMaxLevenshteinLength) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "levenshtein argument exceeds maximum length of {} characters",
                    kMaxLevenshteinLength);
  }
  std::vector<int64_t> before(from.size() + 1), now(from.size() + 1);
  for (size_t i = 0; i <= from.size(); ++i) before[i] = static_cast<int64_t>(i) * costs.deletion;
  for (size_t j = 1; j <= to.size(); ++j) {
    now[0] = static_cast<int64_t>(j) * costs.insertion;
    for (size_t i = 1; i <= from.size(); ++i) {
      now[i] = std::min({before[i] + costs.insertion, now[i - 1] + costs.deletion,
                         before[i - 1] + (from[i - 1] == to[j - 1] ? 0 : costs.substitution)});
    }
    std::swap(before, now);
  }
  int64_t found = before[from.size()];
  if (limit >= 0 && found > limit) found = limit + 1;
  return static_cast<int32_t>(found);
}

int32_t levenshtein(string_view a, string_view b) { return distance(a, b, {}, -1); }
int32_t levenshtein_costs(string_view a, string_view b, int32_t insertion, int32_t deletion,
                          int32_t substitution) {
  return distance(a, b, {insertion, deletion, substitution}, -1);
}
int32_t levenshtein_limit(string_view a, string_view b, int32_t limit) {
  return distance(a, b, {}, limit);
}
int32_t levenshtein_costs_limit(string_view a, string_view b, int32_t insertion, int32_t deletion,
                                int32_t substitution, int32_t limit) {
  return distance(a, b, {insertion, deletion, substitution}, limit);
}

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

constexpr size_t kSoundexLength = 4;
using Soundex = std::array<char, kSoundexLength>;

// All zero bytes when there is no letter.
Soundex soundex_of(string_view word) {
  static constexpr string_view kCodes = "01230120022455012623010202";
  auto code = [](char c) { return is_letter(c) ? kCodes[static_cast<size_t>(upper(c) - 'A')] : c; };
  Soundex out{};
  size_t at = 0;
  while (at < word.size() && !is_letter(word[at])) ++at;
  if (at == word.size()) return out;
  out[0] = upper(word[at++]);
  size_t count = 1;
  for (; at < word.size() && count < kSoundexLength; ++at) {
    if (!is_letter(word[at]) || code(word[at]) == code(word[at - 1])) continue;
    if (code(word[at]) != '0') out[count++] = code(word[at]);
  }
  while (count < kSoundexLength) out[count++] = '0';
  return out;
}
Datum soundex(RowCall& call, string_view word) {
  Soundex code = soundex_of(word);
  return arena_string(call.arena, code[0] == 0 ? string_view() : string_view(code.data(), 4));
}
int32_t difference(string_view a, string_view b) {
  Soundex left = soundex_of(a), right = soundex_of(b);
  int32_t same = 0;
  for (size_t i = 0; i < kSoundexLength; ++i) same += left[i] == right[i];
  return same;
}

// Lawrence Philips' Metaphone, in the variant that PostgreSQL has: '0' is th, 'X' is sh.
class Metaphone {
 public:
  Metaphone(string_view word, size_t limit) : word_(word), limit_(limit) {}

  std::string run() {
    while (at_ < word_.size() && !is_letter(word_[at_])) ++at_;
    if (at_ == word_.size()) return {};
    begin();
    for (; at_ < word_.size() && out_.size() < limit_; ++at_) {
      char c = letter(0);
      if (!is_letter(c) || (c == letter(-1) && c != 'C')) continue;
      size_t skip = 0;
      add_letter(c, &skip);
      at_ += skip;
    }
    return out_.substr(0, limit_);
  }

 private:
  // 0 beyond the ends.
  char letter(int offset) const {
    auto place = static_cast<int64_t>(at_) + offset;
    if (place < 0 || place >= static_cast<int64_t>(word_.size())) return '\0';
    return upper(word_[static_cast<size_t>(place)]);
  }
  static bool one_of(char c, string_view set) { return c != '\0' && set.find(c) != set.npos; }
  static bool is_vowel(char c) { return one_of(c, "AEIOU"); }
  static bool softens(char c) { return one_of(c, "EIY"); }

  void begin() {
    char c = letter(0), next = letter(1);
    auto take = [&](char sound, size_t count) {
      out_ += sound;
      at_ += count;
    };
    if (c == 'A') return next == 'E' ? take('E', 2) : take('A', 1);
    if (one_of(c, "GKP")) {
      if (next == 'N') take('N', 2);
    } else if (c == 'X') {
      take('S', 1);
    } else if (is_vowel(c)) {
      take(c, 1);
    } else if (c == 'W' && next == 'R') {
      take('R', 2);
    }
  }

  void add_letter(char c, size_t* skip) {
    char next = letter(1), after = letter(2), last = letter(-1);
    switch (c) {
      case 'B':
        if (last != 'M') out_ += 'B';
        return;
      case 'C':
        return add_c(skip);
      case 'D':
        if (next == 'G' && softens(after)) {
          out_ += 'J';
          ++*skip;
        } else {
          out_ += 'T';
        }
        return;
      case 'G':
        return add_g(skip);
      case 'H':
        if (is_vowel(next) && !one_of(last, "CGPST")) out_ += 'H';
        return;
      case 'K':
        if (last != 'C') out_ += 'K';
        return;
      case 'P':
        out_ += next == 'H' ? 'F' : 'P';
        return;
      case 'S':
        return add_s(skip);
      case 'T':
        return add_t(skip);
      case 'X':
        out_ += "KS";
        return;
      case 'W':
      case 'Y':
        if (is_vowel(next)) out_ += c;
        return;
      default:
        if (one_of(c, "FJLMNR")) out_ += c;
        if (c == 'Q') out_ += 'K';
        if (c == 'V') out_ += 'F';
        if (c == 'Z') out_ += 'S';
        return;
    }
  }
  void add_c(size_t* skip) {
    char next = letter(1), after = letter(2), last = letter(-1);
    if (softens(next)) {
      if (next == 'I' && after == 'A') {
        out_ += 'X';
      } else if (last != 'S') {
        out_ += 'S';
      }
    } else if (next == 'H') {
      out_ += after == 'R' || last == 'S' ? 'K' : 'X';
      ++*skip;
    } else {
      out_ += 'K';
    }
  }
  void add_g(size_t* skip) {
    char next = letter(1), after = letter(2);
    if (next == 'H') {
      if (one_of(letter(-3), "BDH") || letter(-4) == 'H') return;
      out_ += 'F';
      ++*skip;
    } else if (next == 'N') {
      bool silent = !is_letter(after) || (after == 'E' && letter(3) == 'D');
      if (!silent) out_ += 'K';
    } else {
      out_ += softens(next) && letter(-1) != 'G' ? 'J' : 'K';
    }
  }
  void add_s(size_t* skip) {
    char next = letter(1), after = letter(2);
    if (next == 'I' && (after == 'O' || after == 'A')) {
      out_ += 'X';
    } else if (next == 'H') {
      out_ += 'X';
      ++*skip;
    } else if (next == 'C' && after == 'H' && letter(3) == 'W') {
      out_ += 'X';
      *skip += 2;
    } else {
      out_ += 'S';
    }
  }
  void add_t(size_t* skip) {
    char next = letter(1), after = letter(2);
    if (next == 'I' && (after == 'O' || after == 'A')) {
      out_ += 'X';
    } else if (next == 'H') {
      out_ += '0';
      ++*skip;
    } else {
      out_ += 'T';
    }
  }

  string_view word_;
  size_t limit_;
  size_t at_ = 0;
  std::string out_;
};

Datum metaphone(RowCall& call, string_view word, int32_t limit) {
  if (word.empty()) return arena_string(call.arena, string_view());
  if (word.size() > kMaxMetaphoneLength) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "argument exceeds the maximum length of {} bytes", kMaxMetaphoneLength);
  }
  if (limit > static_cast<int32_t>(kMaxMetaphoneLength)) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "output exceeds the maximum length of {} bytes", kMaxMetaphoneLength);
  }
  if (limit <= 0) {
    throw SqlError(SqlState::kZeroLengthCharacterString, "output cannot be empty string");
  }
  return arena_string(call.arena, Metaphone(word, static_cast<size_t>(limit)).run());
}

const ExtensionFunction kRows[] = {
    extension_row("levenshtein(text,text)", "int4", strict_kernel<levenshtein>),
    extension_row("levenshtein(text,text,int4,int4,int4)", "int4",
                  strict_kernel<levenshtein_costs>),
    extension_row("levenshtein_less_equal(text,text,int4)", "int4",
                  strict_kernel<levenshtein_limit>),
    extension_row("levenshtein_less_equal(text,text,int4,int4,int4,int4)", "int4",
                  strict_kernel<levenshtein_costs_limit>),
    extension_row("soundex(text)", "text", strict_kernel<soundex>),
    extension_row("text_soundex(text)", "text", strict_kernel<soundex>),
    extension_row("difference(text,text)", "int4", strict_kernel<difference>),
    extension_row("metaphone(text,int4)", "text", strict_kernel<metaphone>),
};

}  // namespace

std::span<const ExtensionFunction> fuzzystrmatch_functions() { return kRows; }

}  // namespace luma
