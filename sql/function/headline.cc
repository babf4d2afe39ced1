#include "sql/function/headline.h"

#include <algorithm>
#include <climits>
#include <map>
#include <optional>
#include <vector>

#include "engine/base/ascii_case.h"
#include "engine/base/sql_error.h"
#include "engine/type/text_vector.h"

namespace luma {
namespace {

using std::string_view;

// A piece of the document, in its order. A compound (a URL, a word with hyphens) comes before its
// parts, which are shown in its stead.
struct Piece {
  enum class Kind : uint8_t { kBlank, kTag, kCompound, kWord, kNumber, kOther };
  string_view text;
  Kind kind = Kind::kBlank;
  std::vector<std::string> lexemes;  // those that the query asks for
  int place = 0;
  bool wanted = false;  // by the query
  bool shown = false;

  bool counts() const {
    return kind != Kind::kBlank && kind != Kind::kTag && kind != Kind::kCompound;
  }
};

Piece::Kind kind_of(int type) {
  switch (type) {
    case token_type::kBlank:
      return Piece::Kind::kBlank;
    case token_type::kTag:
      return Piece::Kind::kTag;
    case token_type::kUrl:
    case token_type::kNumHyphenated:
    case token_type::kAsciiHyphenated:
    case token_type::kHyphenated:
      return Piece::Kind::kCompound;
    case token_type::kScientific:
    case token_type::kVersion:
    case token_type::kDecimal:
    case token_type::kSigned:
    case token_type::kUnsigned:
      return Piece::Kind::kNumber;
    case token_type::kProtocol:
    case token_type::kEntity:
      return Piece::Kind::kOther;
    default:
      return Piece::Kind::kWord;
  }
}

class Document {
 public:
  Document(const TextConfiguration& configuration, string_view text, const QueryNode* query)
      : query_(query == nullptr ? nullptr : copy_query(*query)) {
    if (query_ != nullptr) forget_weights(*query_);
    int place = 0;
    std::vector<TextLexeme> lexemes;
    for (const TextToken& token : split_document(text)) {
      if (token.text.size() > kMaxLexemeBytes) {
        configuration.report_long_word();
        continue;
      }
      Piece& piece = pieces.emplace_back();
      piece.text = token.text;
      piece.kind = kind_of(token.type);
      if (!configuration.lexemes_of(token, lexemes)) continue;
      piece.place = ++place;
      for (TextLexeme& lexeme : lexemes) {
        if (!asks_for(query_.get(), lexeme.text)) continue;
        piece.wanted = true;
        piece.lexemes.push_back(std::move(lexeme.text));
      }
    }
  }

  std::vector<Piece> pieces;

  int count() const { return static_cast<int>(pieces.size()); }
  bool counts(int i) const { return at(i).counts(); }
  bool wanted(int i) const { return at(i).wanted; }
  // Whether a fragment had better not end here.
  bool ends_badly(int i, int short_word) const {
    const Piece& piece = at(i);
    if (piece.wanted) return false;
    return piece.kind != Piece::Kind::kWord || static_cast<int>(piece.text.size()) <= short_word;
  }

  struct Span {
    int first, last;
  };
  // The first and shortest stretch from `from` on that satisfies the query, between words that it
  // asks for.
  std::optional<Span> next_cover(int from, int most) const {
    if (query_ == nullptr) return std::nullopt;
    for (int first = next_wanted(from); first >= 0; first = next_wanted(first + 1)) {
      std::map<std::string, std::vector<LexemePosition>> seen;
      for (int last = first; last >= 0 && last - first < most; last = next_wanted(last + 1)) {
        const Piece& piece = at(last);
        for (const std::string& lexeme : piece.lexemes) {
          seen[lexeme].push_back(LexemePosition::of(static_cast<uint32_t>(piece.place), 0));
        }
        TextVector vector;
        for (const auto& [lexeme, positions] : seen) vector.push_back({lexeme, positions});
        if (query_matches(query_.get(), vector)) return Span{first, last};
      }
    }
    return std::nullopt;
  }

 private:
  const Piece& at(int i) const { return pieces[static_cast<size_t>(i)]; }
  int next_wanted(int from) const {
    for (int i = from; i < count(); ++i) {
      if (at(i).wanted) return i;
    }
    return -1;
  }

  static void forget_weights(QueryNode& node) {
    node.weights = 0;
    if (node.left != nullptr) forget_weights(*node.left);
    if (node.right != nullptr) forget_weights(*node.right);
  }
  bool asks_for(const QueryNode* node, const std::string& lexeme) const {
    if (node == nullptr) return false;
    if (node->op == QueryOperator::kLexeme) {
      return node->prefix ? lexeme.starts_with(node->text) : lexeme == node->text;
    }
    return asks_for(node->left.get(), lexeme) || asks_for(node->right.get(), lexeme);
  }

  QueryTree query_;
};

class Selector {
 public:
  Selector(Document& document, const HeadlineOptions& options)
      : document_(document), options_(options) {
    constexpr int kSpanPerWord = 10, kLeastSpan = 100;
    int span =
        std::max(std::min(options.max_words, INT_MAX / kSpanPerWord) * kSpanPerWord, kLeastSpan);
    most_ =
        options.max_fragments > 0
            ? static_cast<int>(std::min<int64_t>(int64_t{span} * options.max_fragments, INT_MAX))
            : span;
  }

  void run() {
    if (options_.max_fragments == 0) {
      if (options_.whole_document) return show(0, document_.count() - 1);
      if (!show_best_cover()) show_beginning();
    } else if (!show_fragments()) {
      show_beginning();
    }
  }

 private:
  struct Fragment {
    int first = 0, last = 0;
    int words = 0, hits = 0;
    bool has_cover = false, taken = false;
  };

  bool ends_badly(int i) const { return document_.ends_badly(i, options_.short_word); }
  void show(int first, int last) {
    for (int i = first; i <= last; ++i) document_.pieces[static_cast<size_t>(i)].shown = true;
  }
  void show_beginning() {
    int last = 0, words = 0;
    for (int i = 0; i < document_.count() && words < options_.min_words; ++i) {
      words += document_.counts(i);
      last = i;
    }
    if (document_.count() > 0) show(0, last);
  }

  // --- one fragment around the best cover ---

  // As much of the cover as the headline may have, with what follows until it is long enough, or
  // with what is before it at the end of the document.
  Fragment around(int first, int last) const {
    Fragment out;
    out.first = out.last = first;
    int i = first;
    auto take = [&](int piece) {
      out.words += document_.counts(piece);
      out.hits += document_.wanted(piece);
    };
    for (; i <= last && out.words < options_.max_words; ++i) {
      take(i);
      out.last = i;
    }
    if (out.words < options_.max_words) {
      extend(out, i - 1, last, take);
    } else {
      for (i = std::min(i, last); out.words > options_.min_words && ends_badly(i); --i) {
        out.words -= document_.counts(i);
        out.hits -= document_.wanted(i);
        out.last = i - 1;
      }
    }
    out.has_cover = out.first <= first && out.last >= last;
    return out;
  }
  template <typename Take>
  void extend(Fragment& out, int from, int last, const Take& take) const {
    const int begin = out.first;
    for (int i = from; i < document_.count() && out.words < options_.max_words; ++i) {
      if (i > last) take(i);
      out.last = i;
      if (!ends_badly(i) && out.words >= options_.min_words) break;
    }
    if (out.words >= options_.min_words) return;
    int i = begin - 1;
    for (; i >= 0; --i) {
      take(i);
      if (out.words >= options_.max_words) break;
      if (!ends_badly(i) && out.words >= options_.min_words) break;
    }
    out.first = std::max(i, 0);
  }

  bool show_best_cover() {
    std::optional<Fragment> best;
    for (int from = 0;;) {
      auto cover = document_.next_cover(from, most_);
      if (!cover) break;
      Fragment made = around(cover->first, cover->last);
      auto rank = [&](const Fragment& one) {
        return std::tuple(one.has_cover, one.hits, !ends_badly(one.last));
      };
      if (!best || rank(made) > rank(*best)) best = made;
      from = cover->first + 1;
    }
    if (best) show(best->first, best->last);
    return best.has_value();
  }

  // --- several fragments ---

  // The beginning of a cover, as long as a fragment may be, from one wanted word to another.
  Fragment beginning_of(int first, int last) const {
    Fragment out;
    while (first < last && !document_.wanted(first)) ++first;
    out.first = first;
    out.last = last;
    int i = first;
    for (; i <= last && out.words < options_.max_words; ++i) {
      out.words += document_.counts(i);
      out.hits += document_.wanted(i);
    }
    if (last <= i) return out;
    for (out.last = i; out.last > first && !document_.wanted(out.last); --out.last) {
      out.words -= document_.counts(out.last);
    }
    return out;
  }

  std::vector<Fragment> fragments() const {
    std::vector<Fragment> out;
    for (int from = 0;;) {
      auto cover = document_.next_cover(from, most_);
      if (!cover) return out;
      for (int first = cover->first; first <= cover->last; first = out.back().last + 1) {
        out.push_back(beginning_of(first, cover->last));
      }
      from = cover->first + 1;
    }
  }

  // Adds words on both sides, up to what is shown already.
  void stretch(Fragment& fragment) const {
    if (fragment.words >= options_.max_words) return;
    auto free = [&](int i) { return !document_.pieces[static_cast<size_t>(i)].shown; };
    const int most_before = (options_.max_words - fragment.words) / 2;
    int first = fragment.first, added = 0;
    for (int i = first - 1; i >= 0 && added < most_before && free(i); --i) {
      added += document_.counts(i);
      first = i;
    }
    fragment.words += added;
    for (; first < fragment.first && ends_badly(first); ++first) {
      fragment.words -= document_.counts(first);
    }
    fragment.first = first;
    int last = fragment.last;
    for (int i = last + 1; i < document_.count() && fragment.words < options_.max_words && free(i);
         ++i) {
      fragment.words += document_.counts(i);
      last = i;
    }
    for (; last > fragment.last && ends_badly(last); --last) {
      fragment.words -= document_.counts(last);
    }
    fragment.last = last;
  }

  bool show_fragments() {
    std::vector<Fragment> all = fragments();
    bool any = false;
    for (int shown = 0; shown < options_.max_fragments; ++shown) {
      Fragment* best = nullptr;
      for (Fragment& one : all) {
        if (one.taken || one.hits == 0) continue;
        if (best == nullptr || one.hits > best->hits ||
            (one.hits == best->hits && one.words < best->words)) {
          best = &one;
        }
      }
      if (best == nullptr) break;
      stretch(*best);
      show(best->first, best->last);
      any = true;
      for (Fragment& one : all) {
        one.taken |= one.first <= best->last && one.last >= best->first;
      }
    }
    return any;
  }

  Document& document_;
  const HeadlineOptions& options_;
  int most_;
};

// --- options ---

[[noreturn]] void bad_options(string_view text) {
  throw sql_error(SqlState::kSyntaxError, "invalid parameter list format: \"{}\"", text);
}

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

class OptionReader {
 public:
  explicit OptionReader(string_view text) : text_(text) {}

  // False at the end.
  bool next(std::string& name, std::string& value) {
    while (at_ < text_.size() && (is_blank(text_[at_]) || text_[at_] == ',')) ++at_;
    if (at_ == text_.size()) return false;
    name = take_name();
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != '=') bad_options(text_);
    ++at_;
    skip_blanks();
    if (at_ == text_.size()) bad_options(text_);
    value = text_[at_] == '\'' || text_[at_] == '"' ? take_quoted() : take_plain();
    skip_blanks();
    if (at_ < text_.size() && text_[at_] != ',') bad_options(text_);
    return true;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  std::string take_name() {
    if (text_[at_] == '"') return take_quoted();
    size_t begin = at_;
    while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != '=') ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  std::string take_plain() {
    size_t begin = at_;
    while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != ',') ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  std::string take_quoted() {
    const char quote = text_[at_++];
    std::string out;
    for (;; ++at_) {
      if (at_ == text_.size()) bad_options(text_);
      if (text_[at_] != quote) {
        out += text_[at_];
      } else if (text_.substr(at_ + 1).starts_with(quote)) {
        out += text_[at_++];
      } else {
        ++at_;
        return out;
      }
    }
  }

  string_view text_;
  size_t at_ = 0;
};

int option_number(const std::string& value) {
  try {
    size_t used = 0;
    int number = std::stoi(value, &used);
    if (used == value.size()) return number;
  } catch (const std::out_of_range&) {
    throw sql_error(SqlState::kNumericValueOutOfRange, "value \"{}\" is out of range for type {}",
                    value, "integer");
  } catch (const std::invalid_argument&) {
  }
  throw sql_error(SqlState::kInvalidTextRepresentation,
                  "invalid input syntax for type integer: \"{}\"", value);
}

bool option_is_on(const std::string& value) {
  static constexpr string_view kOn[] = {"1", "on", "true", "t", "y", "yes"};
  return std::ranges::find(kOn, ascii_lower(value)) != std::end(kOn);
}

void require(bool valid, string_view message) {
  if (!valid) throw SqlError(SqlState::kInvalidParameterValue, std::string(message));
}

}  // namespace

HeadlineOptions parse_headline_options(string_view text) {
  HeadlineOptions out;
  OptionReader reader(text);
  for (std::string name, value; reader.next(name, value);) {
    const std::string key = ascii_lower(name);
    if (key == "maxwords") {
      out.max_words = option_number(value);
    } else if (key == "minwords") {
      out.min_words = option_number(value);
    } else if (key == "shortword") {
      out.short_word = option_number(value);
    } else if (key == "maxfragments") {
      out.max_fragments = option_number(value);
    } else if (key == "startsel") {
      out.start = value;
    } else if (key == "stopsel") {
      out.stop = value;
    } else if (key == "fragmentdelimiter") {
      out.delimiter = value;
    } else if (key == "highlightall") {
      out.whole_document = option_is_on(value);
    } else {
      throw sql_error(SqlState::kInvalidParameterValue, "unrecognized headline parameter: \"{}\"",
                      name);
    }
  }
  if (!out.whole_document) {
    require(out.min_words < out.max_words, "MinWords should be less than MaxWords");
    require(out.min_words > 0, "MinWords should be positive");
    require(out.short_word >= 0, "ShortWord should be >= 0");
    require(out.max_fragments >= 0, "MaxFragments should be >= 0");
  }
  return out;
}

std::string make_headline(const TextConfiguration& configuration, string_view document,
                          const QueryNode* query, const HeadlineOptions& options) {
  Document parts(configuration, document, query);
  Selector(parts, options).run();
  std::string out;
  bool inside = false, any = false;
  for (const Piece& piece : parts.pieces) {
    if (!piece.shown) {
      inside = false;
      continue;
    }
    if (!inside && any) out += options.delimiter;
    inside = any = true;
    if (piece.kind == Piece::Kind::kTag && !options.whole_document) {
      out += ' ';
    } else if (piece.kind != Piece::Kind::kCompound) {
      if (piece.wanted) out += options.start;
      out += piece.text;
      if (piece.wanted) out += options.stop;
    }
  }
  return out;
}

}  // namespace luma
