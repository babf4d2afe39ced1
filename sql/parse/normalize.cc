#include "sql/parse/normalize.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "sql/parse/long_identifiers.h"
#include "sql/parse/utf8.h"

namespace luma {
namespace {

constexpr size_t kMaxLiterals = 64;
constexpr size_t kMaxStatementBytes = 16384;
constexpr int kNowhere = -1;

enum CharClass : uint8_t { kOther, kSpace, kLetter, kDigit, kOperator };

constexpr std::array<uint8_t, 256> kCharClass = [] {
  std::array<uint8_t, 256> classes{};
  for (char c : {' ', '\t', '\n', '\r', '\f', '\v'}) classes[static_cast<uint8_t>(c)] = kSpace;
  for (int c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 32] = kLetter;
  for (int c = 128; c < 256; ++c) classes[c] = kLetter;
  classes['_'] = kLetter;
  for (int c = '0'; c <= '9'; ++c) classes[c] = kDigit;
  for (char c :
       {'+', '-', '*', '/', '<', '>', '=', '~', '!', '@', '#', '%', '^', '&', '|', '`', '?'}) {
    classes[static_cast<uint8_t>(c)] = kOperator;
  }
  return classes;
}();

// What a word means to the scanner; most mean nothing.
enum class Word : uint8_t {
  kNone,
  kSelect,
  kStart,    // INSERT, UPDATE, DELETE, WITH, VALUES: may begin a statement or a subquery
  kOperand,  // a literal after it is an ordinary operand
  kNot,
  kInfix,   // the same, but where an operand should be they would be names of types
  kRefuse,  // statements that have it are not normalized
  kOrder,
  kEndsOrder,  // LIMIT, OFFSET, RETURNING; a literal after it is an operand
  kAs,
  kTypeLike,  // CURRENT_TIME and its like: parentheses hold a precision
  kConflict,
  kDo,
  kExtract,
  kInto,
  kDistinct,
  kKeep,  // FIRST, ROWS, BY: a number after it is not an operand
};

struct WordEntry {
  std::string_view text;
  Word word;
};

constexpr WordEntry kWords[] = {
    {"select", Word::kSelect},
    {"insert", Word::kStart},
    {"update", Word::kStart},
    {"delete", Word::kStart},
    {"with", Word::kStart},
    {"values", Word::kStart},
    {"where", Word::kOperand},
    {"and", Word::kOperand},
    {"or", Word::kOperand},
    {"not", Word::kNot},
    {"in", Word::kInfix},
    {"like", Word::kInfix},
    {"ilike", Word::kInfix},
    {"between", Word::kInfix},
    {"when", Word::kOperand},
    {"then", Word::kOperand},
    {"else", Word::kOperand},
    {"case", Word::kOperand},
    {"from", Word::kOperand},
    {"for", Word::kOperand},
    {"having", Word::kRefuse},
    {"escape", Word::kInfix},
    {"on", Word::kOperand},
    {"limit", Word::kEndsOrder},
    {"offset", Word::kEndsOrder},
    {"returning", Word::kEndsOrder},
    {"order", Word::kOrder},
    {"as", Word::kAs},
    {"conflict", Word::kConflict},
    {"do", Word::kDo},
    {"extract", Word::kExtract},
    {"into", Word::kInto},
    {"distinct", Word::kDistinct},
    {"group", Word::kRefuse},
    {"union", Word::kRefuse},
    {"intersect", Word::kRefuse},
    {"except", Word::kRefuse},
    {"window", Word::kRefuse},
    {"grouping", Word::kRefuse},
    {"xmltable", Word::kRefuse},
    {"symmetric", Word::kInfix},
    {"asymmetric", Word::kInfix},
    {"all", Word::kOperand},
    {"variadic", Word::kOperand},
    {"placing", Word::kInfix},
    {"to", Word::kKeep},
    {"leading", Word::kOperand},
    {"trailing", Word::kOperand},
    {"both", Word::kOperand},
    {"by", Word::kKeep},
    {"zone", Word::kKeep},
    {"operator", Word::kRefuse},
    {"first", Word::kKeep},
    {"next", Word::kKeep},
    {"rows", Word::kKeep},
    {"range", Word::kKeep},
    {"groups", Word::kKeep},
    {"any", Word::kKeep},
    {"some", Word::kKeep},
    {"using", Word::kKeep},
    {"default", Word::kKeep},
    {"is", Word::kKeep},
    {"current_time", Word::kTypeLike},
    {"current_timestamp", Word::kTypeLike},
    {"localtime", Word::kTypeLike},
    {"localtimestamp", Word::kTypeLike},
};

// Perfect enough: buckets by length and first letter, filled at compile time.
struct WordTable {
  std::array<uint8_t, 16 * 32> first{};
  std::array<uint8_t, std::size(kWords)> next{};

  static constexpr size_t bucket(std::string_view text) {
    return (text.size() & 15) * 32 + (static_cast<uint8_t>(text[0]) & 31);
  }
  constexpr WordTable() {
    for (size_t i = 0; i < std::size(kWords); ++i) {
      size_t at = bucket(kWords[i].text);
      next[i] = first[at];
      first[at] = static_cast<uint8_t>(i + 1);
    }
  }
};
constexpr WordTable kWordTable;

Word find_word(std::string_view lower_case) {
  if (lower_case.size() > 17) return Word::kNone;
  for (size_t i = kWordTable.first[WordTable::bucket(lower_case)]; i != 0;
       i = kWordTable.next[i - 1]) {
    if (kWords[i - 1].text == lower_case) return kWords[i - 1].word;
  }
  return Word::kNone;
}

// What stands before the token at hand.
enum class Before : uint8_t {
  kStartOfText,
  kOperator,  // or "(", ",", "[": an operand follows
  kOperand,   // a word after which an operand follows
  kName,      // any other word or a quoted name
  kLiteral,
  kClose,  // ")" or "]"
  kDot,
  kCast,  // "::"
  kKeep,  // a word after which a number is syntax
};

class Normalizer {
 public:
  Normalizer(std::string_view sql, std::string& key, std::vector<Literal>& literals)
      : sql_(sql), key_(key), literals_(literals) {}

  bool run();

 private:
  static uint8_t class_of(char c) { return kCharClass[static_cast<uint8_t>(c)]; }
  char at(size_t i) const { return i < sql_.size() ? sql_[i] : '\0'; }
  bool operand_expected() const {
    return before_ == Before::kOperator || before_ == Before::kOperand;
  }
  // Literals stay as they are inside type modifiers, column definitions, ORDER BY and the like.
  bool keep_literals() const {
    return keep_depth_ != kNowhere || order_depth_ != kNowhere || in_conflict_target_;
  }
  void set_before(Before before) {
    before_ = before;
    if (before != Before::kName && before != Before::kDot && before != Before::kKeep) {
      type_follows_ = false;
    }
  }

  bool word();
  bool apply(Word word);
  bool first_word(Word word);
  bool quoted_name();
  bool string_after_word(size_t word_start);
  bool string();
  bool number();
  bool negative_number();
  bool punctuation(char c);
  bool open(char c);
  bool close(char c);
  bool add_literal(const Literal& literal, size_t end);
  bool copy_to(size_t end, Before before);
  size_t skip_space(size_t i) const;
  size_t end_of_string(size_t quote, bool backslashes, bool& doubled) const;
  size_t end_of_number(size_t start, LiteralKind& kind) const;
  bool ends_operand(size_t i) const;
  void finish();

  std::string_view sql_;
  std::string& key_;
  std::vector<Literal>& literals_;
  size_t i_ = 0;
  Before before_ = Before::kStartOfText;
  Word last_word_ = Word::kNone;  // the previous token if it was a word
  Word first_word_ = Word::kNone;
  bool type_follows_ = false;       // names here spell a type: its parentheses hold modifiers
  bool alias_after_close_ = false;  // a name that followed ")": its parentheses define columns
  bool query_may_follow_ = false;   // just after "AS (": a subquery or column definitions
  bool in_conflict_target_ = false;
  int depth_ = 0;
  int keep_depth_ = kNowhere;
  int order_depth_ = kNowhere;
};

size_t Normalizer::skip_space(size_t i) const {
  while (i < sql_.size() && class_of(sql_[i]) == kSpace) ++i;
  return i;
}

bool Normalizer::copy_to(size_t end, Before before) {
  key_.append(sql_, i_, end - i_);
  i_ = end;
  set_before(before);
  return true;
}

// The position after the closing quote; 0 when there is none.
size_t Normalizer::end_of_string(size_t quote, bool backslashes, bool& doubled) const {
  for (size_t i = quote + 1; i < sql_.size(); ++i) {
    if (backslashes && sql_[i] == '\\') {
      ++i;
    } else if (sql_[i] == sql_[quote]) {
      if (at(i + 1) != sql_[quote]) return i + 1;
      doubled = true;
      ++i;
    }
  }
  return 0;
}

size_t Normalizer::end_of_number(size_t start, LiteralKind& kind) const {
  size_t i = start;
  while (class_of(at(i)) == kDigit) ++i;
  bool integer = true;
  if (at(i) == '.' && at(i + 1) != '.') {
    integer = false;
    ++i;
    while (class_of(at(i)) == kDigit) ++i;
  }
  if (at(i) == 'e' || at(i) == 'E') {
    size_t digits = i + 1 + (at(i + 1) == '+' || at(i + 1) == '-' ? 1 : 0);
    if (class_of(at(digits)) == kDigit) {
      integer = false;
      i = digits;
      while (class_of(at(i)) == kDigit) ++i;
    }
  }
  kind = LiteralKind::kNumeric;
  if (integer) {
    int64_t value;
    auto parsed = std::from_chars(sql_.data() + start, sql_.data() + i, value);
    if (parsed.ec == std::errc()) {
      kind = value <= INT32_MAX ? LiteralKind::kInteger : LiteralKind::kBigint;
    }
  }
  return i;
}

bool Normalizer::add_literal(const Literal& literal, size_t end) {
  if (literals_.size() >= kMaxLiterals) return false;
  // A subscript or field of a constant is an error, of a parameter it is not.
  char next = at(skip_space(end));
  if (next == '[' || next == '.' || class_of(at(end)) == kDigit) return false;
  literals_.push_back(literal);
  if (!key_.empty() && (class_of(key_.back()) == kLetter || class_of(key_.back()) == kDigit)) {
    key_ += ' ';
  }
  char digits[8];
  auto written = std::to_chars(digits, digits + sizeof(digits), literals_.size());
  key_ += '$';
  key_.append(digits, written.ptr);
  i_ = end;
  if (class_of(at(i_)) == kLetter) key_ += ' ';
  set_before(Before::kLiteral);
  return true;
}

bool Normalizer::string() {
  bool doubled = false;
  size_t end = end_of_string(i_, false, doubled);
  if (end == 0) return false;
  size_t next = skip_space(end);
  // Strings with only a line break between them are one constant.
  if (at(next) == '\'') return false;
  // A typed constant such as varchar(3) 'abc', whose modifier may already be replaced.
  if (before_ == Before::kClose) return false;
  if (!operand_expected() || keep_literals()) {
    bool typed = before_ == Before::kName;
    copy_to(end, Before::kLiteral);
    type_follows_ = typed;  // INTERVAL '1' SECOND(3)
    return true;
  }
  return add_literal({LiteralKind::kString, false, doubled, static_cast<int>(i_),
                      sql_.substr(i_ + 1, end - i_ - 2)},
                     end);
}

bool Normalizer::number() {
  LiteralKind kind;
  size_t end = end_of_number(i_, kind);
  char next = at(end);
  if (class_of(next) == kLetter || next == '$' || next == '.') return false;
  if (!operand_expected() || keep_literals()) return copy_to(end, Before::kLiteral);
  return add_literal({kind, false, false, static_cast<int>(i_), sql_.substr(i_, end - i_)}, end);
}

// True when what begins at `i` can't bind tighter than a sign: -1::text is -(1::text).
bool Normalizer::ends_operand(size_t i) const {
  i = skip_space(i);
  if (i >= sql_.size()) return true;
  char c = sql_[i];
  if (c == ',' || c == ')' || c == ';') return true;
  for (std::string_view word : {"and", "or", "where", "limit", "from", "returning", "then", "else",
                                "end", "when", "order", "offset"}) {
    if (i + word.size() > sql_.size()) continue;
    bool same = std::equal(word.begin(), word.end(), sql_.begin() + static_cast<int64_t>(i),
                           [](char a, char b) { return a == (b | 0x20); });
    uint8_t after = class_of(at(i + word.size()));
    if (same && after != kLetter && after != kDigit && at(i + word.size()) != '$') return true;
  }
  return false;
}

// At a minus sign where an operand is expected.
bool Normalizer::negative_number() {
  char previous = i_ == 0 ? ' ' : sql_[i_ - 1];
  size_t start = skip_space(i_ + 1);
  bool number_follows =
      class_of(at(start)) == kDigit || (at(start) == '.' && class_of(at(start + 1)) == kDigit);
  bool sign = class_of(previous) == kSpace || previous == '(' || previous == ',' ||
              previous == '=' || previous == '<' || previous == '>' || previous == '[';
  if (!number_follows) {
    // The grammar negates constants through parentheses and further signs.
    if (at(start) == '(' || at(start) == '-' || at(start) == '+') return false;
    return copy_to(i_ + 1, Before::kOperator);
  }
  LiteralKind kind;
  size_t end = end_of_number(start, kind);
  char next = at(end);
  if (class_of(next) == kLetter || next == '$' || next == '.') return false;
  if (!sign || keep_literals() || !ends_operand(end)) return copy_to(end, Before::kLiteral);
  std::string_view digits = sql_.substr(start, end - start);
  if (kind == LiteralKind::kBigint && digits == "2147483648") kind = LiteralKind::kInteger;
  if (digits == "9223372036854775808") kind = LiteralKind::kBigint;
  return add_literal({kind, true, false, static_cast<int>(i_), digits}, end);
}

bool Normalizer::quoted_name() {
  bool doubled = false;
  size_t end = end_of_string(i_, false, doubled);
  if (end == 0 || end - i_ - 2 > kMaxNameBytes) return false;
  alias_after_close_ = before_ == Before::kClose;
  last_word_ = Word::kNone;
  return copy_to(end, Before::kName);
}

// E'...', B'...', X'...', N'...' stay; U&'...' and U&"..." are too rare to care.
bool Normalizer::string_after_word(size_t word_start) {
  if (i_ - word_start != 1) return true;
  char prefix = static_cast<char>(sql_[word_start] | 0x20);
  if (prefix == 'u' && at(i_) == '&' && (at(i_ + 1) == '\'' || at(i_ + 1) == '"')) return false;
  if (at(i_) != '\'') return true;
  if (prefix != 'e' && prefix != 'b' && prefix != 'x' && prefix != 'n') return true;
  bool doubled = false;
  size_t end = end_of_string(i_, prefix == 'e', doubled);
  if (end == 0 || at(skip_space(end)) == '\'') return false;
  return copy_to(end, Before::kLiteral);
}

bool Normalizer::first_word(Word word) {
  first_word_ = word;
  return word == Word::kSelect || word == Word::kStart;
}

bool Normalizer::apply(Word word) {
  Word previous = last_word_;
  last_word_ = word;
  switch (word) {
    case Word::kRefuse:
      return false;
    case Word::kDistinct:
      set_before(Before::kOperand);
      return previous != Word::kSelect;
    case Word::kInto:
      return previous == Word::kStart;
    case Word::kOrder:
      if (order_depth_ == kNowhere) order_depth_ = depth_;
      return true;
    case Word::kEndsOrder:
      if (order_depth_ == depth_) order_depth_ = kNowhere;
      set_before(Before::kOperand);
      return true;
    case Word::kStart:
      alias_after_close_ = false;
      type_follows_ = false;
      return true;
    case Word::kKeep:
      set_before(Before::kKeep);
      return true;
    case Word::kSelect:
    case Word::kOperand:
    case Word::kNot:
    case Word::kInfix:
      set_before(Before::kOperand);
      return true;
    case Word::kConflict:
      in_conflict_target_ = true;
      return true;
    case Word::kDo:
      in_conflict_target_ = false;
      return true;
    case Word::kAs:
    case Word::kTypeLike:
      type_follows_ = true;
      return true;
    default:
      return true;
  }
}

bool Normalizer::word() {
  size_t start = i_;
  size_t key_start = key_.size();
  bool after_dot = before_ == Before::kDot;
  bool after_close = before_ == Before::kClose;
  bool is_operand = operand_expected() && last_word_ != Word::kNot && last_word_ != Word::kInfix;
  bool at_start = before_ == Before::kStartOfText;
  while (i_ < sql_.size()) {
    uint8_t c = class_of(sql_[i_]);
    if (c != kLetter && c != kDigit && sql_[i_] != '$') break;
    char letter = sql_[i_++];
    key_ += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  }
  // Whoever uses such a name is told each time that it is cut.
  if (i_ - start > kMaxNameBytes) return false;
  Word found = find_word(std::string_view(key_).substr(key_start));
  if (query_may_follow_) {
    query_may_follow_ = false;
    if (found == Word::kSelect || found == Word::kStart) keep_depth_ = kNowhere;
  }
  alias_after_close_ = after_close;
  set_before(Before::kName);
  if (at_start && !first_word(found)) return false;
  if (after_dot) {
    last_word_ = Word::kNone;
  } else if ((found == Word::kInfix && is_operand) || !apply(found)) {
    return false;
  }
  return string_after_word(start);
}

bool Normalizer::open(char c) {
  if (c == '[' && before_ == Before::kKeep) return false;
  bool after_name = before_ == Before::kName;
  bool keep = after_name && (type_follows_ || alias_after_close_);
  if (c == '(' && last_word_ == Word::kAs && after_name) {
    keep = true;
    query_may_follow_ = keep_depth_ == kNowhere;
  }
  if (last_word_ == Word::kExtract) keep = true;
  ++depth_;
  if (keep && keep_depth_ == kNowhere) keep_depth_ = depth_;
  return copy_to(i_ + 1, Before::kOperator);
}

bool Normalizer::close(char) {
  if (depth_ == 0) return false;
  bool type_goes_on = keep_depth_ == depth_;
  if (keep_depth_ == depth_) keep_depth_ = kNowhere;
  if (order_depth_ == depth_) order_depth_ = kNowhere;
  --depth_;
  copy_to(i_ + 1, Before::kClose);
  // varchar(10)[3], numeric(10,2): another bracket belongs to the type too.
  if (type_goes_on && at(skip_space(i_)) == '[') return false;
  return true;
}

bool Normalizer::punctuation(char c) {
  switch (c) {
    case '(':
    case '[':
      return open(c);
    case ')':
    case ']':
      return close(c);
    case ',':
      return copy_to(i_ + 1, Before::kOperator);
    case '.':
      if (class_of(at(i_ + 1)) == kDigit && before_ != Before::kName) return number();
      return copy_to(i_ + 1, Before::kDot);
    case ':': {
      bool cast = at(i_ + 1) == ':';
      copy_to(i_ + (cast ? 2 : 1), cast ? Before::kCast : Before::kOperator);
      type_follows_ = cast;
      return true;
    }
    case ';':
      i_ = skip_space(i_ + 1);
      return i_ == sql_.size();
    default:
      return false;
  }
}

void Normalizer::finish() {
  while (!key_.empty() && key_.back() == ' ') key_.pop_back();
  if (literals_.empty()) return;
  key_ += " --";
  for (const Literal& literal : literals_) key_ += "ibns"[static_cast<int>(literal.kind)];
}

bool Normalizer::run() {
  if (sql_.size() > kMaxStatementBytes) return false;
  i_ = skip_space(0);
  while (i_ < sql_.size()) {
    char c = sql_[i_];
    uint8_t kind = class_of(c);
    if (kind == kSpace) {
      i_ = skip_space(i_);
      key_ += ' ';
      continue;
    }
    if (before_ == Before::kStartOfText && kind != kLetter) return false;
    bool sure = false;
    if (kind == kLetter) {
      sure = word();
    } else {
      if (c != '(' && c != '[') query_may_follow_ = false;
      if (kind == kDigit) {
        sure = number();
      } else if (kind == kOperator) {
        if ((c == '-' && at(i_ + 1) == '-') || (c == '/' && at(i_ + 1) == '*')) return false;
        if (before_ == Before::kKeep) return false;
        if (before_ == Before::kDot) {  // t.*
          copy_to(i_ + 1, Before::kClose);
          continue;
        }
        sure =
            c == '-' && operand_expected() ? negative_number() : copy_to(i_ + 1, Before::kOperator);
      } else if (c == '\'') {
        sure = string();
      } else if (c == '"') {
        sure = quoted_name();
      } else {
        sure = punctuation(c);
      }
      last_word_ = Word::kNone;
    }
    if (!sure) return false;
  }
  finish();
  return before_ != Before::kStartOfText && depth_ == 0;
}

}  // namespace

std::string literal_value(const Literal& literal) {
  std::string value = literal.negative ? "-" : "";
  value += literal.text;
  if (!literal.has_doubled_quote) return value;
  value.clear();
  for (size_t i = 0; i < literal.text.size(); ++i) {
    value += literal.text[i];
    if (literal.text[i] == '\'') ++i;
  }
  return value;
}

bool normalize_literals(std::string_view sql, std::string& key, std::vector<Literal>& literals) {
  key.clear();
  literals.clear();
  return parse::is_utf8(sql) && Normalizer(sql, key, literals).run();
}

}  // namespace luma
