#pragma once
// Translates an ARE into PCRE2 syntax and finds out what its matching needs. Thread-safe.
#include <string>
#include <string_view>

#include "sql/function/regexp.h"

namespace luma {

struct RegexpSyntax {
  std::string pattern;  // for PCRE2
  RegexpFlags flags;    // with embedded options applied
  bool has_alternation = false;
  bool has_back_reference = false;
  bool has_lazy = false;
  bool has_counted = false;  // *, +, ?, {} anywhere
  int quantifiers = 0;
  bool prefers_shortest = false;  // the whole expression is non-greedy
};

// Throws 2201B with PostgreSQL's messages for what PCRE2 would understand differently.
RegexpSyntax translate_regexp(std::string_view pattern, RegexpFlags flags);
[[noreturn]] void invalid_regexp(std::string_view reason);

}  // namespace luma
