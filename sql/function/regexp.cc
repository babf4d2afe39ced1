#include "sql/function/regexp.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <list>

#include "engine/base/sql_error.h"
#include "sql/function/regexp_syntax.h"

namespace luma {

namespace {

struct Release {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
using CodePtr = std::unique_ptr<pcre2_code, Release>;
using MatchDataPtr = std::unique_ptr<pcre2_match_data, Release>;
using MatchContextPtr = std::unique_ptr<pcre2_match_context, Release>;

// Backtracking steps before a match is given up: some hundred milliseconds.
constexpr uint32_t kMatchLimit = 10'000'000;
constexpr size_t kDfaWorkspace = 4096;
constexpr uint32_t kDfaMatches = 256;
constexpr size_t kCacheSize = 64;

std::string_view reason_of(int error) {
  switch (error) {
    case 104:
    case 105:
      return "invalid repetition count(s)";
    case 106:
      return "brackets [] not balanced";
    case 107:
    case 108:
    case 150:
      return "invalid character range";
    case 109:
      return "quantifier operand invalid";
    case 114:
    case 122:
      return "parentheses () not balanced";
    case 115:
      return "invalid backreference number";
    case 112:
    case 130:
      return "invalid character class";
    default:
      return {};
  }
}

CodePtr compile_code(const std::string& pattern, uint32_t options) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  CodePtr code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options,
                             &error, &offset, nullptr));
  if (code) return code;
  std::string_view reason = reason_of(error);
  if (!reason.empty()) invalid_regexp(reason);
  char text[200];
  pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(text), sizeof text);
  invalid_regexp(text);
}

[[noreturn]] void match_failed(int error) {
  if (error == PCRE2_ERROR_MATCHLIMIT || error == PCRE2_ERROR_DEPTHLIMIT ||
      error == PCRE2_ERROR_HEAPLIMIT) {
    throw sql_error(SqlState::kProgramLimitExceeded, "regular expression is too complex");
  }
  throw sql_error(SqlState::kInvalidRegularExpression, "regular expression failed: error {}",
                  error);
}

// Accepts only matches that end where the extent ends.
int end_callout(pcre2_callout_block* block, void* wanted) {
  return block->current_position == *static_cast<const size_t*>(wanted) ? 0 : 1;
}

}  // namespace

struct Regexp::Code {
  CodePtr plain;
  CodePtr exact_end;  // with a callout at the end
  MatchDataPtr data;
  MatchDataPtr dfa_data;
  MatchContextPtr context;
  std::vector<int> workspace;
};

Regexp::~Regexp() = default;

RegexpFlags parse_regexp_flags(std::string_view text) {
  RegexpFlags flags;
  for (char c : text) {
    switch (c) {
      case 'g':
        flags.global = true;
        break;
      case 'c':
        flags.ignore_case = false;
        break;
      case 'i':
        flags.ignore_case = true;
        break;
      case 'm':
      case 'n':
        flags.dot_matches_newline = false;
        flags.multi_line = true;
        break;
      case 'p':
        flags.dot_matches_newline = false;
        flags.multi_line = false;
        break;
      case 's':
        flags.dot_matches_newline = true;
        flags.multi_line = false;
        break;
      case 'w':
        flags.dot_matches_newline = true;
        flags.multi_line = true;
        break;
      case 'x':
        flags.expanded = true;
        break;
      case 't':
        flags.expanded = false;
        break;
      case 'q':
        flags.literal = true;
        break;
      case 'e':
        break;
      case 'b':
        throw unsupported("basic regular expression syntax");
      default:
        throw sql_error(SqlState::kInvalidParameterValue,
                        "invalid regular expression option: \"{}\"", c);
    }
  }
  return flags;
}

const Regexp& Regexp::compile(std::string_view pattern, const RegexpFlags& flags) {
  struct Entry {
    std::string pattern;
    RegexpFlags flags;
    std::unique_ptr<Regexp> regexp;
  };
  // Compiling costs microseconds; sessions use few patterns, again and again. Most recent first.
  static thread_local std::list<Entry> cache;
  for (auto entry = cache.begin(); entry != cache.end(); ++entry) {
    if (entry->pattern == pattern && entry->flags == flags) {
      cache.splice(cache.begin(), cache, entry);
      return *cache.front().regexp;
    }
  }
  RegexpSyntax syntax = translate_regexp(pattern, flags);
  uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_UTF_CHECK;
  if (syntax.flags.ignore_case) options |= PCRE2_CASELESS;
  if (syntax.flags.dot_matches_newline) options |= PCRE2_DOTALL;
  if (syntax.flags.multi_line) options |= PCRE2_MULTILINE;

  std::unique_ptr<Regexp> regexp(new Regexp);
  regexp->code_ = std::make_unique<Code>();
  Code& code = *regexp->code_;
  regexp->shortest_ = syntax.prefers_shortest && !syntax.has_alternation;
  // With one greedy quantifier and no alternatives the first match found is the longest.
  regexp->needs_extent_ = !syntax.has_back_reference &&
                          (syntax.has_alternation || syntax.quantifiers > 1 || syntax.has_lazy);
  // Possessive rewrites would hide all but the longest way to match.
  if (regexp->needs_extent_) options |= PCRE2_NO_AUTO_POSSESS;
  code.plain = compile_code(syntax.pattern, options);
  pcre2_pattern_info(code.plain.get(), PCRE2_INFO_CAPTURECOUNT, &regexp->group_count_);
  if (regexp->needs_extent_) {
    code.exact_end = compile_code("(?:" + syntax.pattern + ")(?C1)", options);
    code.dfa_data.reset(pcre2_match_data_create(kDfaMatches, nullptr));
    code.workspace.resize(kDfaWorkspace);
  }
  pcre2_jit_compile(code.plain.get(), PCRE2_JIT_COMPLETE);
  code.data.reset(pcre2_match_data_create(regexp->group_count_ + 1, nullptr));
  code.context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(code.context.get(), kMatchLimit);

  if (cache.size() >= kCacheSize) cache.pop_back();
  cache.push_front({std::string(pattern), flags, std::move(regexp)});
  return *cache.front().regexp;
}

bool Regexp::matches(std::string_view subject) const {
  int found =
      pcre2_match(code_->plain.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(),
                  0, PCRE2_NO_UTF_CHECK, code_->data.get(), code_->context.get());
  if (found >= 0) return true;
  if (found == PCRE2_ERROR_NOMATCH) return false;
  match_failed(found);
}

bool Regexp::find_extent(std::string_view subject, size_t from, Span& extent) const {
  int found;
  while (true) {
    found = pcre2_dfa_match(code_->plain.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()),
                            subject.size(), from, PCRE2_NO_UTF_CHECK, code_->dfa_data.get(),
                            code_->context.get(), code_->workspace.data(), code_->workspace.size());
    if (found != PCRE2_ERROR_DFA_WSSIZE || code_->workspace.size() > (size_t{1} << 24)) break;
    code_->workspace.resize(code_->workspace.size() * 4);
  }
  if (found == PCRE2_ERROR_NOMATCH) return false;
  if (found < 0) match_failed(found);
  // Matches are sorted, longest first; 0 means that there were more than fit.
  const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(code_->dfa_data.get());
  size_t last = found == 0 ? kDfaMatches - 1 : static_cast<size_t>(found) - 1;
  size_t chosen = shortest_ ? last : 0;
  extent = {offsets[2 * chosen], offsets[2 * chosen + 1]};
  return true;
}

bool Regexp::find(std::string_view subject, size_t from, std::vector<Span>& groups) const {
  groups.assign(group_count_ + 1, Span());
  pcre2_code* code = code_->plain.get();
  uint32_t options = PCRE2_NO_UTF_CHECK;
  size_t end = 0;
  if (needs_extent_) {
    Span extent;
    if (!find_extent(subject, from, extent)) return false;
    groups[0] = extent;
    if (group_count_ == 0) return true;
    code = code_->exact_end.get();
    from = extent.begin;
    end = extent.end;
    options |= PCRE2_ANCHORED;
    pcre2_set_callout(code_->context.get(), end_callout, &end);
  }
  int found = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), from,
                          options, code_->data.get(), code_->context.get());
  if (needs_extent_) pcre2_set_callout(code_->context.get(), nullptr, nullptr);
  if (found == PCRE2_ERROR_NOMATCH) return needs_extent_;
  if (found < 0) match_failed(found);
  const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(code_->data.get());
  for (uint32_t group = 0; group <= group_count_ && group < static_cast<uint32_t>(found); ++group) {
    if (offsets[2 * group] != PCRE2_UNSET)
      groups[group] = {offsets[2 * group], offsets[2 * group + 1]};
  }
  return true;
}

}  // namespace luma
