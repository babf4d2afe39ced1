// LIKE, ILIKE, SIMILAR TO and the functions that bring their patterns into standard form.
#include <cstring>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"
#include "sql/function/regexp_search.h"

namespace luma {

namespace {

using std::string_view;

// General matching: bytes, except that _ takes a whole character (a byte in bytea). Backtracks to
// the last % only, which is enough because an earlier one could not do better.
bool like_match(string_view text, string_view pattern, bool by_byte) {
  size_t t = 0, p = 0, retry_text = 0, retry_pattern = string_view::npos;
  while (t < text.size()) {
    bool same = false;
    size_t step = 1, pattern_step = 1;
    if (p < pattern.size()) {
      char c = pattern[p];
      if (c == '%') {
        retry_pattern = ++p;
        retry_text = t;
        continue;
      }
      if (c == '_') {
        same = true;
        step = by_byte ? 1 : utf8_bytes(text[t]);
      } else {
        if (c == '\\') {
          if (p + 1 == pattern.size()) {
            throw sql_error(SqlState::kInvalidEscapeSequence,
                            "LIKE pattern must not end with escape character");
          }
          c = pattern[p + 1];
          pattern_step = 2;
        }
        same = c == text[t];
      }
    }
    if (same) {
      t += step;
      p += pattern_step;
    } else if (retry_pattern != string_view::npos) {
      t = ++retry_text;
      p = retry_pattern;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p >= pattern.size();
}

// What a constant pattern amounts to; most are one of the simple kinds.
class LikePattern {
 public:
  explicit LikePattern(string_view pattern) : kind_(Kind::kGeneral), literal_(pattern) {
    if (pattern.find_first_of("_\\") != string_view::npos) return;
    const bool head = pattern.starts_with('%');
    const bool tail = pattern.size() > 1 && pattern.ends_with('%');
    string_view middle = pattern.substr(head ? 1 : 0);
    if (tail) middle.remove_suffix(1);
    if (middle.find('%') != string_view::npos) {
      kind_ = Kind::kPieces;
      split();
      return;
    }
    literal_ = middle;
    kind_ = head ? (tail || middle.empty() ? Kind::kContains : Kind::kSuffix)
                 : (tail ? Kind::kPrefix : Kind::kExact);
  }
  bool matches(string_view text, bool by_byte) const {
    switch (kind_) {
      case Kind::kExact:
        return text == literal_;
      case Kind::kPrefix:
        return text.starts_with(literal_);
      case Kind::kSuffix:
        return text.ends_with(literal_);
      case Kind::kContains:
        return text.find(literal_) != string_view::npos;
      case Kind::kPieces:
        return matches_pieces(text);
      case Kind::kGeneral:
        break;
    }
    return like_match(text, literal_, by_byte);
  }

 private:
  enum class Kind : uint8_t { kExact, kPrefix, kSuffix, kContains, kPieces, kGeneral };

  // At the percent signs: what the text begins with, then what follows in this order, then its end.
  void split() {
    size_t from = 0, to;
    while ((to = literal_.find('%', from)) != string_view::npos) {
      if (from == 0 || to > from) pieces_.push_back(literal_.substr(from, to - from));
      from = to + 1;
    }
    pieces_.push_back(literal_.substr(from));
  }
  bool matches_pieces(string_view text) const {
    const string_view first = pieces_.front(), last = pieces_.back();
    if (text.size() < first.size() + last.size() || !text.starts_with(first) ||
        !text.ends_with(last)) {
      return false;
    }
    text.remove_prefix(first.size());
    text.remove_suffix(last.size());
    // Unlike find(), memmem() copes with pieces whose first letter is frequent; it takes longer
    // where it is rare.
    for (size_t i = 1; i + 1 < pieces_.size(); ++i) {
      const void* found = memmem(text.data(), text.size(), pieces_[i].data(), pieces_[i].size());
      if (found == nullptr) return false;
      text = text.substr(static_cast<size_t>(static_cast<const char*>(found) - text.data()) +
                         pieces_[i].size());
    }
    return true;
  }

  Kind kind_;
  string_view literal_;
  std::vector<string_view> pieces_;
};

template <bool fold, bool by_byte>
struct Matcher {
  static bool run(const LikePattern& pattern, string_view text) {
    if constexpr (fold) {
      return pattern.matches(lower_text(text), by_byte);
    } else {
      return pattern.matches(text, by_byte);
    }
  }
  static std::string prepare(string_view pattern) {
    return fold ? lower_text(pattern) : std::string(pattern);
  }
};

// Calls set(row, matched) for every row without NULLs, null(row) for the others.
template <bool fold, bool by_byte, typename Set, typename Null>
void for_each_row(const KernelCall& call, Set&& set, Null&& null) {
  using M = Matcher<fold, by_byte>;
  auto text = call.args[0]->unified<StringRef>();
  auto pattern = call.args[1]->unified<StringRef>();
  if (call.args[1]->is_constant() && pattern.valid(0)) {
    std::string prepared = M::prepare(pattern[0].view());
    LikePattern compiled(prepared);
    for (uint32_t row = 0; row < call.count; ++row) {
      if (text.valid(row)) {
        set(row, M::run(compiled, text[row].view()));
      } else {
        null(row);
      }
    }
    return;
  }
  for (uint32_t row = 0; row < call.count; ++row) {
    if (!text.valid(row) || !pattern.valid(row)) {
      null(row);
      continue;
    }
    std::string prepared = M::prepare(pattern[row].view());
    set(row, M::run(LikePattern(prepared), text[row].view()));
  }
}

template <bool negate, bool fold, bool by_byte>
void like_kernel(const KernelCall& call, Vector& result) {
  result.begin_flat();
  bool* out = result.mutable_data<bool>();
  for_each_row<fold, by_byte>(
      call, [&](uint32_t row, bool matched) { out[row] = matched != negate; },
      [&](uint32_t row) { result.set_null(row); });
}
template <bool negate, bool fold, bool by_byte>
uint32_t like_select(const KernelCall& call, uint32_t* selection) {
  uint32_t found = 0;
  for_each_row<fold, by_byte>(
      call,
      [&](uint32_t row, bool matched) {
        selection[found] = row;
        found += matched != negate;
      },
      [](uint32_t) {});
  return found;
}
template <bool negate, bool fold = false, bool by_byte = false>
FunctionImplementation like() {
  FunctionImplementation implementation;
  implementation.kernel = like_kernel<negate, fold, by_byte>;
  implementation.select = like_select<negate, fold, by_byte>;
  return implementation;
}

[[noreturn]] void invalid_escape() {
  throw sql_error(SqlState::kInvalidEscapeSequence, "invalid escape string")
      .hint("Escape string must be empty or one character.");
}

// The pattern with backslash as its escape character.
Datum like_escape(RowCall& call, string_view pattern, string_view escape) {
  if (escape == "\\") return Datum::of_string(pattern);
  if (!escape.empty() && utf8_bytes(escape[0]) != escape.size()) invalid_escape();
  std::string out;
  bool escaped = false;
  for (size_t at = 0; at < pattern.size();) {
    size_t size = std::min<size_t>(utf8_bytes(pattern[at]), pattern.size() - at);
    string_view character = pattern.substr(at, size);
    at += size;
    if (!escape.empty() && character == escape && !escaped) {
      out += '\\';
      escaped = true;
      continue;
    }
    if (character == "\\" && !escaped) out += '\\';
    out += character;
    escaped = false;
  }
  return arena_string(call.arena, out);
}

Datum similar_to_escape(RowCall& call, string_view pattern, string_view escape) {
  return arena_string(call.arena, similar_to_regexp(pattern, escape));
}
Datum similar_to_escape1(RowCall& call, string_view pattern) {
  return arena_string(call.arena, similar_to_regexp(pattern, "\\"));
}
Value similar_escape(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  string_view escape = args[1].is_null ? string_view("\\") : args[1].datum.str.view();
  return arena_string(call.arena, similar_to_regexp(args[0].datum.str.view(), escape));
}

const KernelRow kRows[] = {
    comparison_row("textlike(text,text)", like<false>()),
    comparison_row("textnlike(text,text)", like<true>()),
    comparison_row("like(text,text)", like<false>(), "LIKE"),
    comparison_row("notlike(text,text)", like<true>(), "NOT LIKE"),
    comparison_row("namelike(name,text)", like<false>()),
    comparison_row("namenlike(name,text)", like<true>()),
    comparison_row("like(name,text)", like<false>(), "LIKE"),
    comparison_row("notlike(name,text)", like<true>(), "NOT LIKE"),
    comparison_row("bpcharlike(bpchar,text)", like<false>()),
    comparison_row("bpcharnlike(bpchar,text)", like<true>()),
    comparison_row("texticlike(text,text)", like<false, true>()),
    comparison_row("texticnlike(text,text)", like<true, true>()),
    comparison_row("nameiclike(name,text)", like<false, true>()),
    comparison_row("nameicnlike(name,text)", like<true, true>()),
    comparison_row("bpchariclike(bpchar,text)", like<false, true>()),
    comparison_row("bpcharicnlike(bpchar,text)", like<true, true>()),
    comparison_row("bytealike(bytea,bytea)", like<false, false, true>()),
    comparison_row("byteanlike(bytea,bytea)", like<true, false, true>()),
    comparison_row("like(bytea,bytea)", like<false, false, true>(), "LIKE"),
    comparison_row("notlike(bytea,bytea)", like<true, false, true>(), "NOT LIKE"),
    scalar_row("like_escape(text,text)", strict_kernel<&like_escape>,
               "LIKE pattern with another escape"),
    scalar_row("like_escape(bytea,bytea)", strict_kernel<&like_escape>,
               "LIKE pattern with another escape"),
    scalar_row("similar_to_escape(text,text)", strict_kernel<&similar_to_escape>,
               "regular expression of SIMILAR TO"),
    scalar_row("similar_to_escape(text)", strict_kernel<&similar_to_escape1>,
               "regular expression of SIMILAR TO"),
    scalar_row("similar_escape(text,text)", row_kernel<similar_escape, false>,
               "regular expression of SIMILAR TO"),
};

}  // namespace

// The escape-double-quote separators cut the pattern into three; the first part takes as little as
// possible, the middle one becomes the group that substring() returns.
std::string similar_to_regexp(string_view pattern, string_view escape) {
  if (!escape.empty() && utf8_bytes(escape[0]) != escape.size()) invalid_escape();
  bool has_separator =
      !escape.empty() && pattern.find(std::string(escape) + "\"") != string_view::npos;
  std::string out = "^(?:";
  bool escaped = false, in_class = false;
  int separators = 0;
  for (size_t at = 0; at < pattern.size();) {
    size_t size = std::min<size_t>(utf8_bytes(pattern[at]), pattern.size() - at);
    string_view character = pattern.substr(at, size);
    char c = character[0];
    at += size;
    if (escaped) {
      escaped = false;
      if (c == '"' && !in_class) {
        if (++separators > 2) {
          throw sql_error(SqlState::kNonstandardUseOfEscapeCharacter,
                          "SQL regular expression may not contain more than two "
                          "escape-double-quote separators");
        }
        out += separators == 1 ? ")(" : ")(?:";
      } else {
        if (size == 1) out += '\\';
        out += character;
      }
    } else if (!escape.empty() && character == escape) {
      escaped = true;
    } else if (in_class) {
      if (c == '\\') out += '\\';
      out += character;
      if (c == ']') in_class = false;
    } else if (c == '[') {
      out += '[';
      in_class = true;
    } else if (c == '%') {
      out += has_separator && separators == 0 ? ".*?" : ".*";
    } else if (c == '_') {
      out += '.';
    } else if (c == '(') {
      out += "(?:";
    } else if (c == '\\' || c == '.' || c == '^' || c == '$') {
      out += '\\';
      out += c;
    } else {
      out += character;
    }
  }
  return out + ")$";
}

std::span<const KernelRow> like_kernels() { return kRows; }

}  // namespace luma
