#include "sql/function/text_parser.h"

#include <libstemmer.h>

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "engine/base/sql_error.h"
#include "engine/exec/eval_context.h"
#include "engine/type/type_info.h"
#include "engine/type/utf8_text.h"
#include "sql/catalog/fact_table.h"

namespace luma {

namespace {

using std::string_view;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_ascii_alnum(char c) { return is_digit(c) || is_ascii_letter(c); }

class DocumentSplitter {
 public:
  explicit DocumentSplitter(string_view text) : text_(text) {}

  std::vector<TextToken> run() {
    while (at_ < text_.size()) {
      size_t start = at_;
      bool taken = skip_markup() || take_address() || take_number() || take_word();
      if (!taken) at_ = start + utf8_bytes(text_[start]);
    }
    return std::move(tokens_);
  }

 private:
  char peek(size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
  void add(size_t start, size_t end, bool plain = false) {
    tokens_.push_back({text_.substr(start, end - start), plain});
  }
  bool is_word_character(size_t at) const {
    if (at >= text_.size()) return false;
    size_t next = at;
    return code_point_is_alnum(utf8_next(text_, next));
  }

  // Tags and entities.
  bool skip_markup() {
    if (text_[at_] == '<') {
      char next = peek(at_ + 1);
      if (!is_ascii_letter(next) && next != '/' && next != '!' && next != '?') return false;
      size_t end = text_.find_first_of("<>", at_ + 1);
      if (end == string_view::npos || text_[end] != '>') return false;
      at_ = end + 1;
      return true;
    }
    if (text_[at_] != '&') return false;
    size_t end = at_ + (peek(at_ + 1) == '#' ? 2 : 1);
    size_t start = end;
    while (is_ascii_alnum(peek(end))) ++end;
    if (end == start || peek(end) != ';') return false;
    at_ = end + 1;
    return true;
  }

  // The end of a host name that starts here; `start` when there is none.
  size_t host_end(size_t start) const {
    size_t end = start;
    size_t best = start;
    bool dotted = false;
    while (is_ascii_alnum(peek(end))) {
      size_t label = end;
      bool letters = true;
      while (is_ascii_alnum(peek(end)) || peek(end) == '-' || peek(end) == '_') {
        letters &= is_ascii_letter(peek(end));
        ++end;
      }
      while (end > label && !is_ascii_alnum(text_[end - 1])) --end;
      if (dotted && letters && end - label >= 2 && !is_word_character(end)) best = end;
      if (peek(end) != '.' || !is_ascii_alnum(peek(end + 1))) break;
      dotted = true;
      ++end;
    }
    return best;
  }
  size_t url_path_end(size_t start) const {
    size_t end = start;
    while (end < text_.size() &&
           (is_ascii_alnum(text_[end]) ||
            string_view("/_-.~%?=&#+:;,@!$*'").find(text_[end]) != string_view::npos)) {
      ++end;
    }
    while (end > start + 1 && string_view(".,;:?!'").find(text_[end - 1]) != string_view::npos)
      --end;
    return end;
  }
  size_t email_end(size_t start) const {
    size_t at = start;
    while (is_ascii_alnum(peek(at)) ||
           (at > start && string_view("._-").find(peek(at)) != string_view::npos &&
            at < text_.size())) {
      ++at;
    }
    if (at == start || peek(at) != '@') return start;
    size_t end = host_end(at + 1);
    return end == at + 1 ? start : end;
  }
  // Names with slashes or points in them.
  size_t file_end(size_t start) const {
    size_t end = start;
    bool marked = false;
    if (peek(end) == '~' && peek(end + 1) == '/') ++end;
    if (peek(end) == '/') {
      marked = true;
      ++end;
    } else if (!is_ascii_letter(peek(end)) && end == start) {
      return start;
    }
    if (!is_ascii_alnum(peek(end)) && peek(end) != '_') return start;
    for (;;) {
      while (is_ascii_alnum(peek(end)) || peek(end) == '_' || peek(end) == '-') ++end;
      char separator = peek(end);
      if ((separator != '/' && separator != '.') || !is_ascii_alnum(peek(end + 1))) break;
      marked = true;
      ++end;
    }
    while (end > start && !is_ascii_alnum(text_[end - 1])) --end;
    return marked && !is_word_character(end) ? end : start;
  }

  // E-mail addresses, hosts, URLs, files.
  bool take_address() {
    size_t start = at_;
    size_t letters = start;
    while (is_ascii_letter(peek(letters))) ++letters;
    bool has_protocol = letters > start && text_.substr(letters).starts_with("://");
    if (has_protocol) start = letters + 3;
    size_t end = email_end(start);
    if (end > start) {
      add(start, end);
      at_ = end;
      return true;
    }
    end = host_end(start);
    if (end > start) {
      size_t port = end;
      if (peek(port) == ':' && is_digit(peek(port + 1))) {
        for (++port; is_digit(peek(port));) ++port;
      }
      size_t path = url_path_end(port);
      bool has_path = peek(port) == '/' && path > port + 1;
      if (has_path) add(start, path);
      add(start, port);
      if (has_path) add(port, path);
      at_ = has_path ? path : port;
      return true;
    }
    if (has_protocol) {
      at_ = start;
      return true;
    }
    end = file_end(start);
    if (end == start) return false;
    add(start, end);
    at_ = end;
    return true;
  }

  // Integers, decimals with an exponent or several points. Signs belong to the number.
  bool take_number() {
    size_t end = at_;
    if (peek(end) == '+' || peek(end) == '-') ++end;
    if (!is_digit(peek(end))) return false;
    while (is_digit(peek(end))) ++end;
    while (peek(end) == '.' && is_digit(peek(end + 1))) {
      for (++end; is_digit(peek(end));) ++end;
    }
    if (peek(end) == 'e' || peek(end) == 'E') {
      size_t exponent = end + 1;
      if (peek(exponent) == '+' || peek(exponent) == '-') ++exponent;
      if (is_digit(peek(exponent))) {
        while (is_digit(peek(exponent))) ++exponent;
        if (!is_word_character(exponent)) end = exponent;
      }
    }
    if (is_word_character(end)) return false;
    add(at_, end);
    at_ = end;
    return true;
  }

  size_t word_end(size_t start, bool& plain) const {
    size_t end = start;
    while (is_word_character(end)) {
      plain &= !is_digit(text_[end]);
      end += utf8_bytes(text_[end]);
    }
    return end;
  }
  bool take_word() {
    size_t start = at_;
    bool plain = true;
    size_t end = word_end(start, plain);
    if (end == start) return false;
    std::vector<TextToken> parts = {{text_.substr(start, end - start), plain}};
    bool all_plain = plain;
    while (peek(end) == '-' && is_word_character(end + 1)) {
      plain = true;
      size_t part = end + 1;
      size_t part_end = word_end(part, plain);
      // A number after the hyphen is one of its own.
      if (!plain && is_digit(text_[part])) break;
      parts.push_back({text_.substr(part, part_end - part), plain});
      all_plain &= plain;
      end = part_end;
    }
    if (parts.size() > 1) add(start, end, all_plain);
    tokens_.insert(tokens_.end(), parts.begin(), parts.end());
    at_ = end;
    return true;
  }

  string_view text_;
  size_t at_ = 0;
  std::vector<TextToken> tokens_;
};

// Words too common to be searched for in English.
const std::unordered_set<string_view>& english_stop_words() {
  static const std::unordered_set<string_view> kWords = {
      "i",       "me",      "my",      "myself",   "we",         "our",    "ours",    "ourselves",
      "you",     "your",    "yours",   "yourself", "yourselves", "he",     "him",     "his",
      "himself", "she",     "her",     "hers",     "herself",    "it",     "its",     "itself",
      "they",    "them",    "their",   "theirs",   "themselves", "what",   "which",   "who",
      "whom",    "this",    "that",    "these",    "those",      "am",     "is",      "are",
      "was",     "were",    "be",      "been",     "being",      "have",   "has",     "had",
      "having",  "do",      "does",    "did",      "doing",      "a",      "an",      "the",
      "and",     "but",     "if",      "or",       "because",    "as",     "until",   "while",
      "of",      "at",      "by",      "for",      "with",       "about",  "against", "between",
      "into",    "through", "during",  "before",   "after",      "above",  "below",   "to",
      "from",    "up",      "down",    "in",       "out",        "on",     "off",     "over",
      "under",   "again",   "further", "then",     "once",       "here",   "there",   "when",
      "where",   "why",     "how",     "all",      "any",        "both",   "each",    "few",
      "more",    "most",    "other",   "some",     "such",       "no",     "nor",     "not",
      "only",    "own",     "same",    "so",       "than",       "too",    "very",    "s",
      "t",       "can",     "will",    "just",     "don",        "should", "now"};
  return kWords;
}

Oid configuration_named(string_view name) {
  if (name.starts_with("pg_catalog.")) name.remove_prefix(11);
  const FactTable& table = fact_table("pg_ts_config");
  for (size_t i = 0; i < table.row_count(); ++i) {
    if (table.row(i)[1] != name) continue;
    Oid oid = kInvalidOid;
    string_view digits = table.row(i)[0];
    std::from_chars(digits.data(), digits.data() + digits.size(), oid);
    return oid;
  }
  throw sql_error(SqlState::kUndefinedObject, "text search configuration \"{}\" does not exist",
                  name);
}

std::string configuration_name(Oid configuration) {
  const FactTable& table = fact_table("pg_ts_config");
  std::string digits = std::to_string(configuration);
  for (size_t i = 0; i < table.row_count(); ++i) {
    if (table.row(i)[0] == digits) return std::string(table.row(i)[1]);
  }
  throw sql_error(SqlState::kInternalError, "cache lookup failed for text search configuration {}",
                  configuration);
}

}  // namespace

struct TextConfiguration::Stemmer {
  Stemmer() : snowball(sb_stemmer_new("english", "UTF_8")) { LUMA_CHECK(snowball != nullptr); }
  ~Stemmer() { sb_stemmer_delete(snowball); }
  Stemmer(const Stemmer&) = delete;
  Stemmer& operator=(const Stemmer&) = delete;

  struct sb_stemmer* snowball;
};

std::vector<TextToken> split_document(string_view text) { return DocumentSplitter(text).run(); }

TextConfiguration::TextConfiguration(Oid configuration) {
  std::string name = configuration_name(configuration);
  if (name == "english") {
    stemmer_ = std::make_unique<Stemmer>();
  } else if (name != "simple") {
    throw unsupported("text search configuration \"{}\"", name);
  }
}
TextConfiguration::~TextConfiguration() = default;

bool TextConfiguration::lexeme_of(const TextToken& token, std::string& lexeme) const {
  lexeme = lower_text(token.text);
  if (stemmer_ == nullptr || !token.is_plain_word) return true;
  if (english_stop_words().contains(lexeme)) return false;
  const sb_symbol* stem =
      sb_stemmer_stem(stemmer_->snowball, reinterpret_cast<const sb_symbol*>(lexeme.data()),
                      static_cast<int>(lexeme.size()));
  if (stem == nullptr) throw sql_error(SqlState::kOutOfMemory, "out of memory");
  lexeme = std::string(reinterpret_cast<const char*>(stem),
                       static_cast<size_t>(sb_stemmer_length(stemmer_->snowball)));
  return true;
}

Oid default_text_configuration(const EvalContext& context) {
  std::string name = "simple";
  if (context.session != nullptr) {
    context.session->setting("default_text_search_config", true, name);
  }
  return configuration_named(name);
}

std::vector<PlacedLexeme> lexemes_of(const TextConfiguration& configuration, string_view text) {
  std::vector<PlacedLexeme> out;
  std::string lexeme;
  int place = 0;
  for (const TextToken& token : split_document(text)) {
    ++place;
    if (configuration.lexeme_of(token, lexeme)) out.push_back({lexeme, place});
  }
  return out;
}

}  // namespace luma
