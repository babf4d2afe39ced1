// ~ and its relatives, regexp_*, substring(text from pattern).
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/string.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"
#include "sql/function/regexp.h"
#include "sql/function/regexp_search.h"

namespace luma {

std::string_view text_argument(const Value* args, size_t index) {
  return args[index].datum.str.view();
}

RegexpFlags regexp_flags_argument(const Value* args, size_t index, const RegexpCallShape& shape) {
  RegexpFlags flags =
      index < shape.argument_count ? parse_regexp_flags(text_argument(args, index)) : RegexpFlags();
  if (flags.global && !shape.global_allowed) {
    SqlError error = sql_error(SqlState::kInvalidParameterValue,
                               "{}() does not support the \"global\" option", shape.function);
    if (!shape.hint.empty()) error.hint(std::string(shape.hint));
    throw error;
  }
  return flags;
}

std::vector<std::vector<Regexp::Span>> regexp_all_matches(const Regexp& regexp,
                                                          std::string_view text, size_t from,
                                                          bool global, bool skip_degenerate) {
  std::vector<std::vector<Regexp::Span>> all;
  std::vector<Regexp::Span> groups;
  size_t previous_end = 0;
  while (from <= text.size() && regexp.find(text, from, groups)) {
    const Regexp::Span whole = groups[0];
    if (!skip_degenerate || (whole.begin < text.size() && whole.end > previous_end))
      all.push_back(groups);
    if (!global) break;
    previous_end = whole.end;
    from = whole.end;
    if (whole.begin == whole.end) {
      if (from >= text.size()) break;
      from += utf8_bytes(text[from]);
    }
  }
  return all;
}

Datum regexp_groups_array(const std::vector<Regexp::Span>& groups, std::string_view text,
                          Arena& arena) {
  ArrayBuilder builder(type_oid::kText);
  size_t first = groups.size() > 1 ? 1 : 0;
  for (size_t i = first; i < groups.size(); ++i) {
    builder.add(groups[i].matched() ? Value(Datum::of_string(groups[i].of(text))) : Value::null());
  }
  return builder.finish(arena);
}

std::vector<std::string_view> regexp_split(std::string_view text, std::string_view pattern,
                                           const RegexpFlags& flags) {
  std::vector<std::string_view> parts;
  const Regexp& regexp = Regexp::compile(pattern, flags);
  size_t start = 0;
  for (const auto& match : regexp_all_matches(regexp, text, 0, true, true)) {
    parts.push_back(text.substr(start, match[0].begin - start));
    start = match[0].end;
  }
  parts.push_back(text.substr(start));
  return parts;
}

namespace {

using std::string_view;

template <bool ignore_case, bool negate>
constexpr auto kMatches = [](string_view text, string_view pattern) -> bool {
  RegexpFlags flags;
  flags.ignore_case = ignore_case;
  return Regexp::compile(pattern, flags).matches(text) != negate;
};

int32_t int_argument(const Value* args, size_t index, const RegexpCallShape& shape,
                     string_view name, int32_t fallback, int32_t low, int32_t high = INT32_MAX) {
  int32_t value = index < shape.argument_count ? args[index].datum.i32 : fallback;
  if (value < low || value > high) {
    throw sql_error(SqlState::kInvalidParameterValue, "invalid value for parameter \"{}\": {}",
                    name, value);
  }
  return value;
}

// Byte offset of character `position` (1-based); behind the end when the text is shorter.
size_t start_offset(string_view text, int32_t position) {
  size_t offset = utf8_prefix_bytes(text, static_cast<size_t>(position - 1));
  if (offset == text.size() && static_cast<int64_t>(utf8_length(text)) < position - 1)
    return text.size() + 1;
  return offset;
}

// --- regexp_replace ---
void append_replacement(string_view replacement, string_view text,
                        const std::vector<Regexp::Span>& groups, std::string& out) {
  for (size_t i = 0; i < replacement.size(); ++i) {
    char c = replacement[i];
    if (c != '\\' || i + 1 == replacement.size()) {
      out += c;
      continue;
    }
    char next = replacement[++i];
    if (next == '&' || (next >= '1' && next <= '9')) {
      size_t group = next == '&' ? 0 : static_cast<size_t>(next - '0');
      if (group < groups.size() && groups[group].matched()) out += groups[group].of(text);
    } else if (next == '\\') {
      out += '\\';
    } else {
      out += c;
      out += next;
    }
  }
}

// Replaces the `nth` match (0: all) at or after byte `from`.
Datum replace_matches(RowCall& call, string_view text, const Regexp& regexp,
                      string_view replacement, size_t from, int32_t nth) {
  std::string out;
  std::vector<Regexp::Span> groups;
  size_t copied = 0;
  int32_t seen = 0;
  while (from <= text.size() && regexp.find(text, from, groups)) {
    const Regexp::Span whole = groups[0];
    ++seen;
    if (nth == 0 || seen == nth) {
      out += text.substr(copied, whole.begin - copied);
      append_replacement(replacement, text, groups, out);
      copied = whole.end;
      if (nth != 0) break;
    }
    from = whole.end;
    if (whole.begin == whole.end) {
      if (from >= text.size()) break;
      from += utf8_bytes(text[from]);
    }
  }
  if (copied == 0 && out.empty()) return Datum::of_string(text);
  out += text.substr(copied);
  return arena_string(call.arena, out);
}

Value replace_flags(RowCall& call, const Value* args) {
  RegexpFlags flags;
  if (call.expr.args.size() > 3) {
    string_view text = text_argument(args, 3);
    if (!text.empty() && text[0] >= '0' && text[0] <= '9') {
      throw sql_error(SqlState::kInvalidParameterValue, "invalid regular expression option: \"{}\"",
                      text[0])
          .hint(
              "If you meant to use regexp_replace() with a start parameter, cast the fourth "
              "argument to integer "
              "explicitly.");
    }
    flags = parse_regexp_flags(text);
  }
  const Regexp& regexp = Regexp::compile(text_argument(args, 1), flags);
  return replace_matches(call, text_argument(args, 0), regexp, text_argument(args, 2), 0,
                         flags.global ? 0 : 1);
}

Value replace_extended(RowCall& call, const Value* args) {
  RegexpCallShape shape{"regexp_replace", call.expr.args.size(), true, {}};
  int32_t start = int_argument(args, 3, shape, "start", 1, 1);
  int32_t nth = int_argument(args, 4, shape, "n", 1, 0);
  RegexpFlags flags = regexp_flags_argument(args, 5, shape);
  if (shape.argument_count <= 4) nth = flags.global ? 0 : 1;
  const Regexp& regexp = Regexp::compile(text_argument(args, 1), flags);
  string_view text = text_argument(args, 0);
  return replace_matches(call, text, regexp, text_argument(args, 2), start_offset(text, start),
                         nth);
}

// --- regexp_match, _like, _count, _instr, _substr, split ---
Value match_first(RowCall& call, const Value* args) {
  RegexpCallShape shape{"regexp_match", call.expr.args.size(), false,
                        "Use the regexp_matches function instead."};
  const Regexp& regexp =
      Regexp::compile(text_argument(args, 1), regexp_flags_argument(args, 2, shape));
  std::vector<Regexp::Span> groups;
  string_view text = text_argument(args, 0);
  if (!regexp.find(text, 0, groups)) return Value::null();
  return regexp_groups_array(groups, text, call.arena);
}

Value like(RowCall& call, const Value* args) {
  RegexpCallShape shape{"regexp_like", call.expr.args.size(), false, {}};
  const Regexp& regexp =
      Regexp::compile(text_argument(args, 1), regexp_flags_argument(args, 2, shape));
  return Datum::of_bool(regexp.matches(text_argument(args, 0)));
}

Value count(RowCall& call, const Value* args) {
  RegexpCallShape shape{"regexp_count", call.expr.args.size(), false, {}};
  int32_t start = int_argument(args, 2, shape, "start", 1, 1);
  const Regexp& regexp =
      Regexp::compile(text_argument(args, 1), regexp_flags_argument(args, 3, shape));
  string_view text = text_argument(args, 0);
  auto all = regexp_all_matches(regexp, text, start_offset(text, start), true, false);
  return Datum::of_int32(static_cast<int32_t>(all.size()));
}

// The span that regexp_instr and regexp_substr are about; false when there is none.
bool nth_span(string_view text, const Regexp& regexp, int32_t start, int32_t nth, int32_t group,
              Regexp::Span& span) {
  auto all = regexp_all_matches(regexp, text, start_offset(text, start), true, false);
  if (static_cast<size_t>(nth) > all.size()) return false;
  const auto& groups = all[static_cast<size_t>(nth) - 1];
  if (static_cast<size_t>(group) >= groups.size()) return false;
  span = groups[static_cast<size_t>(group)];
  return span.matched();
}

Value position(RowCall& call, const Value* args) {
  RegexpCallShape shape{"regexp_instr", call.expr.args.size(), false, {}};
  int32_t start = int_argument(args, 2, shape, "start", 1, 1);
  int32_t nth = int_argument(args, 3, shape, "n", 1, 1);
  int32_t end = int_argument(args, 4, shape, "endoption", 0, 0, 1);
  RegexpFlags flags = regexp_flags_argument(args, 5, shape);
  int32_t group = int_argument(args, 6, shape, "subexpr", 0, 0);
  string_view text = text_argument(args, 0);
  Regexp::Span span;
  if (!nth_span(text, Regexp::compile(text_argument(args, 1), flags), start, nth, group, span)) {
    return Datum::of_int32(0);
  }
  size_t offset = end == 1 ? span.end : span.begin;
  return Datum::of_int32(static_cast<int32_t>(utf8_length(text.substr(0, offset))) + 1);
}

Value part(RowCall& call, const Value* args) {
  RegexpCallShape shape{"regexp_substr", call.expr.args.size(), false, {}};
  int32_t start = int_argument(args, 2, shape, "start", 1, 1);
  int32_t nth = int_argument(args, 3, shape, "n", 1, 1);
  RegexpFlags flags = regexp_flags_argument(args, 4, shape);
  int32_t group = int_argument(args, 5, shape, "subexpr", 0, 0);
  string_view text = text_argument(args, 0);
  Regexp::Span span;
  if (!nth_span(text, Regexp::compile(text_argument(args, 1), flags), start, nth, group, span))
    return Value::null();
  return arena_string(call.arena, span.of(text));
}

Value split_to_array(RowCall& call, const Value* args) {
  RegexpCallShape shape{"regexp_split_to_array", call.expr.args.size(), false, {}};
  ArrayBuilder builder(type_oid::kText);
  RegexpFlags flags = regexp_flags_argument(args, 2, shape);
  for (string_view piece : regexp_split(text_argument(args, 0), text_argument(args, 1), flags)) {
    builder.add(Datum::of_string(piece));
  }
  return builder.finish(call.arena);
}

// substring(text from pattern): the first group when there is one.
Datum substring_of(RowCall& call, string_view text, const Regexp& regexp, bool& found) {
  std::vector<Regexp::Span> groups;
  found = regexp.find(text, 0, groups);
  if (!found) return Datum();
  const Regexp::Span& span = groups.size() > 1 ? groups[1] : groups[0];
  found = span.matched();
  return found ? arena_string(call.arena, span.of(text)) : Datum();
}
std::optional<Datum> substring_pattern(RowCall& call, string_view text, string_view pattern) {
  bool found;
  Datum result = substring_of(call, text, Regexp::compile(pattern, {}), found);
  return found ? std::optional<Datum>(result) : std::nullopt;
}
std::optional<Datum> substring_similar(RowCall& call, string_view text, string_view pattern,
                                       string_view escape) {
  return substring_pattern(call, text, similar_to_regexp(pattern, escape));
}

const KernelRow kRows[] = {
    scalar_row("textregexeq(text,text)", strict_kernel<kMatches<false, false>>),
    scalar_row("textregexne(text,text)", strict_kernel<kMatches<false, true>>),
    scalar_row("texticregexeq(text,text)", strict_kernel<kMatches<true, false>>),
    scalar_row("texticregexne(text,text)", strict_kernel<kMatches<true, true>>),
    scalar_row("nameregexeq(name,text)", strict_kernel<kMatches<false, false>>),
    scalar_row("nameregexne(name,text)", strict_kernel<kMatches<false, true>>),
    scalar_row("nameicregexeq(name,text)", strict_kernel<kMatches<true, false>>),
    scalar_row("nameicregexne(name,text)", strict_kernel<kMatches<true, true>>),
    scalar_row("bpcharregexeq(bpchar,text)", strict_kernel<kMatches<false, false>>),
    scalar_row("bpcharregexne(bpchar,text)", strict_kernel<kMatches<false, true>>),
    scalar_row("bpcharicregexeq(bpchar,text)", strict_kernel<kMatches<true, false>>),
    scalar_row("bpcharicregexne(bpchar,text)", strict_kernel<kMatches<true, true>>),
    scalar_row("regexp_replace(text,text,text)", row_kernel<replace_flags>, "first match replaced"),
    scalar_row("regexp_replace(text,text,text,text)", row_kernel<replace_flags>,
               "matches replaced"),
    scalar_row("regexp_replace(text,text,text,int4)", row_kernel<replace_extended>,
               "match replaced"),
    scalar_row("regexp_replace(text,text,text,int4,int4)", row_kernel<replace_extended>,
               "n-th match replaced"),
    scalar_row("regexp_replace(text,text,text,int4,int4,text)", row_kernel<replace_extended>,
               "n-th match replaced"),
    scalar_row("regexp_match(text,text)", row_kernel<match_first>, "groups of the first match"),
    scalar_row("regexp_match(text,text,text)", row_kernel<match_first>,
               "groups of the first match"),
    scalar_row("regexp_like(text,text)", row_kernel<like>, "whether there is a match"),
    scalar_row("regexp_like(text,text,text)", row_kernel<like>, "whether there is a match"),
    scalar_row("regexp_count(text,text)", row_kernel<count>, "number of matches"),
    scalar_row("regexp_count(text,text,int4)", row_kernel<count>, "number of matches"),
    scalar_row("regexp_count(text,text,int4,text)", row_kernel<count>, "number of matches"),
    scalar_row("regexp_instr(text,text)", row_kernel<position>, "where a match is"),
    scalar_row("regexp_instr(text,text,int4)", row_kernel<position>, "where a match is"),
    scalar_row("regexp_instr(text,text,int4,int4)", row_kernel<position>, "where a match is"),
    scalar_row("regexp_instr(text,text,int4,int4,int4)", row_kernel<position>, "where a match is"),
    scalar_row("regexp_instr(text,text,int4,int4,int4,text)", row_kernel<position>,
               "where a match is"),
    scalar_row("regexp_instr(text,text,int4,int4,int4,text,int4)", row_kernel<position>,
               "where a match is"),
    scalar_row("regexp_substr(text,text)", row_kernel<part>, "text of a match"),
    scalar_row("regexp_substr(text,text,int4)", row_kernel<part>, "text of a match"),
    scalar_row("regexp_substr(text,text,int4,int4)", row_kernel<part>, "text of a match"),
    scalar_row("regexp_substr(text,text,int4,int4,text)", row_kernel<part>, "text of a match"),
    scalar_row("regexp_substr(text,text,int4,int4,text,int4)", row_kernel<part>, "text of a match"),
    scalar_row("regexp_split_to_array(text,text)", row_kernel<split_to_array>,
               "pieces between matches"),
    scalar_row("regexp_split_to_array(text,text,text)", row_kernel<split_to_array>,
               "pieces between matches"),
    scalar_row("substring(text,text)", strict_kernel<&substring_pattern>, "what a pattern matches"),
    scalar_row("substring(text,text,text)", strict_kernel<&substring_similar>,
               "what an SQL pattern matches"),
};

}  // namespace

std::span<const KernelRow> regexp_kernels() { return kRows; }

}  // namespace luma
