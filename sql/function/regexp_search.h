#pragma once
// What the regexp_* scalar and table functions share: arguments, all matches, splitting.
#include <string>
#include <string_view>
#include <vector>

#include "engine/type/datum.h"
#include "sql/function/regexp.h"

namespace luma {

class Arena;

// How a regexp_* function was called, for its error messages.
struct RegexpCallShape {
  std::string_view function;
  size_t argument_count;
  bool global_allowed;
  std::string_view hint;  // of the error when "g" is not allowed
};

std::string_view text_argument(const Value* args, size_t index);
// Flags from argument `index` when the call has it.
RegexpFlags regexp_flags_argument(const Value* args, size_t index, const RegexpCallShape& shape);

// Matches from byte `from` on. `skip_degenerate` leaves out empty matches at the end and right
// behind another match, as splitting wants it.
std::vector<std::vector<Regexp::Span>> regexp_all_matches(const Regexp& regexp,
                                                          std::string_view text, size_t from,
                                                          bool global, bool skip_degenerate);
// text[] of a match's groups, or of the whole match when there are none.
Datum regexp_groups_array(const std::vector<Regexp::Span>& groups, std::string_view text,
                          Arena& arena);
std::vector<std::string_view> regexp_split(std::string_view text, std::string_view pattern,
                                           const RegexpFlags& flags);

// The regular expression for a SIMILAR TO pattern; `escape` is empty (no escape) or one character,
// anything else is 22025.
std::string similar_to_regexp(std::string_view pattern, std::string_view escape);

}  // namespace luma
