#pragma once
// PostgreSQL's regular expressions (AREs) on top of PCRE2. Patterns are translated where the
// dialects differ; where POSIX wants the longest (or, for non-greedy expressions, the shortest)
// match, its extent is found with the DFA matcher first. Not available: BREs, collating elements,
// equivalence classes beyond single characters.
//
// A Regexp is used by the thread that compiled it; the cache behind compile() is per thread.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace luma {

struct RegexpFlags {
  bool ignore_case = false;
  bool global = false;
  bool expanded = false;  // x: blanks and comments in the pattern
  bool literal = false;   // q
  bool dot_matches_newline = true;
  bool multi_line = false;  // ^ and $ at every line
  bool operator==(const RegexpFlags&) const = default;
};
// The flags argument of regexp_*; throws 22023 "invalid regular expression option".
RegexpFlags parse_regexp_flags(std::string_view text);

class Regexp {
 public:
  static constexpr size_t kNoMatch = static_cast<size_t>(-1);
  struct Span {
    size_t begin = kNoMatch;
    size_t end = kNoMatch;
    bool matched() const { return begin != kNoMatch; }
    std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
  };

  // Throws 2201B. The reference is valid until the thread compiles 64 other patterns.
  static const Regexp& compile(std::string_view pattern, const RegexpFlags& flags);
  ~Regexp();

  bool matches(std::string_view subject) const;
  // The first match at or after byte `from`; groups[0] is all of it. False when there is none.
  bool find(std::string_view subject, size_t from, std::vector<Span>& groups) const;
  uint32_t group_count() const { return group_count_; }

 private:
  struct Code;
  Regexp() = default;
  bool find_extent(std::string_view subject, size_t from, Span& extent) const;

  std::unique_ptr<Code> code_;
  uint32_t group_count_ = 0;
  bool needs_extent_ = false;
  bool shortest_ = false;
};

}  // namespace luma
