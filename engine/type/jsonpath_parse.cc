// The grammar of jsonpath by recursive descent.
#include <algorithm>
#include <charconv>

#include "engine/base/sql_error.h"
#include "engine/type/jsonpath.h"
#include "engine/type/jsonpath_lexer.h"
#include "engine/type/numeric.h"

namespace luma {
namespace {

using Kind = JsonPathKind;
using Token = JsonPathToken;
using TokenKind = JsonPathTokenKind;
using ItemPtr = JsonPathItemPtr;

// Deeper paths are refused, as their evaluation recurses.
constexpr int kMaxItems = 1500;

enum Precedence { kLowest, kOrLevel, kAndLevel, kCompareLevel, kSumLevel, kProductLevel };

struct BinaryOperator {
  std::string_view text;
  Kind kind;
  Precedence level;
};
constexpr BinaryOperator kBinaryOperators[] = {
    {"||", Kind::kOr, kOrLevel},
    {"&&", Kind::kAnd, kAndLevel},
    {"==", Kind::kEqual, kCompareLevel},
    {"!=", Kind::kNotEqual, kCompareLevel},
    {"<>", Kind::kNotEqual, kCompareLevel},
    {"<", Kind::kLess, kCompareLevel},
    {"<=", Kind::kLessOrEqual, kCompareLevel},
    {">", Kind::kGreater, kCompareLevel},
    {">=", Kind::kGreaterOrEqual, kCompareLevel},
    {"+", Kind::kAdd, kSumLevel},
    {"-", Kind::kSubtract, kSumLevel},
    {"*", Kind::kMultiply, kProductLevel},
    {"/", Kind::kDivide, kProductLevel},
    {"%", Kind::kModulo, kProductLevel},
};

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

class Parser {
 public:
  Parser(std::string_view text, Arena& arena) : lexer_(text), arena_(arena) { advance(); }

  void parse(JsonPath& path) {
    if (accept_word("strict")) {
      path.lax = false;
    } else {
      accept_word("lax");
    }
    path.root = parse_binary(kLowest);
    if (token_.kind != TokenKind::kEnd) fail();
  }

 private:
  void advance() { token_ = lexer_.next(); }
  [[noreturn]] void fail() const {
    if (token_.kind == TokenKind::kEnd || token_.is_hidden) {
      throw sql_error(SqlState::kSyntaxError, "syntax error at end of jsonpath input");
    }
    throw sql_error(SqlState::kSyntaxError, "syntax error at or near \"{}\" of jsonpath input",
                    token_.written);
  }
  bool at_symbol(std::string_view text) const {
    return token_.kind == TokenKind::kSymbol && token_.text == text;
  }
  bool accept_symbol(std::string_view text) {
    if (!at_symbol(text)) return false;
    advance();
    return true;
  }
  void expect_symbol(std::string_view text) {
    if (!accept_symbol(text)) fail();
  }
  bool at_word(std::string_view word) const {
    return token_.kind == TokenKind::kIdentifier && lower_ascii(token_.text) == word;
  }
  bool accept_word(std::string_view word) {
    if (!at_word(word)) return false;
    advance();
    return true;
  }
  void expect_word(std::string_view word) {
    if (!accept_word(word)) fail();
  }
  // Every item and parenthesis may be a level of recursion, here or in the evaluation.
  void count_level() {
    if (++items_ > kMaxItems) {
      throw sql_error(SqlState::kSyntaxError,
                      "memory exhausted at or near \"{}\" of jsonpath input", token_.written);
    }
  }
  ItemPtr make(Kind kind) {
    count_level();
    return std::make_unique<JsonPathItem>(kind);
  }
  void require_expression(const ItemPtr& item) const {
    if (item->is_predicate()) fail();
  }
  void require_predicate(const ItemPtr& item) const {
    if (!item->is_predicate()) fail();
  }

  ItemPtr parse_binary(Precedence above);
  ItemPtr parse_comparison_word(ItemPtr left, bool& found);
  ItemPtr parse_unary();
  ItemPtr parse_sign(Kind kind);
  ItemPtr parse_primary();
  ItemPtr parse_parenthesised();
  ItemPtr parse_word_primary();
  ItemPtr parse_delimited_predicate();
  void parse_accessors(ItemPtr& head);
  ItemPtr parse_member();
  ItemPtr parse_method(std::string_view name);
  ItemPtr parse_subscripts();
  ItemPtr parse_any_level();
  uint32_t parse_level();
  ItemPtr parse_filter();
  JsonPathRegexFlags parse_regex_flags();
  ItemPtr parse_expression() {
    ItemPtr item = parse_binary(kLowest);
    require_expression(item);
    return item;
  }

  JsonPathLexer lexer_;
  Arena& arena_;
  Token token_;
  int items_ = 0;
  int filter_depth_ = 0;
  int subscript_depth_ = 0;
};

ItemPtr Parser::parse_binary(Precedence above) {
  ItemPtr left = parse_unary();
  while (true) {
    if (token_.kind == TokenKind::kIdentifier && above < kCompareLevel) {
      bool found = false;
      left = parse_comparison_word(std::move(left), found);
      if (found) continue;
    }
    const auto* op = token_.kind != TokenKind::kSymbol
                         ? std::end(kBinaryOperators)
                         : std::find_if(std::begin(kBinaryOperators), std::end(kBinaryOperators),
                                        [&](const auto& row) { return row.text == token_.text; });
    if (op == std::end(kBinaryOperators) || op->level <= above) return left;
    bool logical = op->level <= kAndLevel;
    logical ? require_predicate(left) : require_expression(left);
    advance();
    ItemPtr item = make(op->kind);
    item->left = std::move(left);
    item->right = parse_binary(op->level);
    logical ? require_predicate(item->right) : require_expression(item->right);
    left = std::move(item);
  }
}

// starts with, like_regex
ItemPtr Parser::parse_comparison_word(ItemPtr left, bool& found) {
  if (at_word("starts")) {
    require_expression(left);
    advance();
    expect_word("with");
    ItemPtr item = make(Kind::kStartsWith);
    item->left = std::move(left);
    if (token_.kind != TokenKind::kString && token_.kind != TokenKind::kVariable) fail();
    item->right = make(token_.kind == TokenKind::kString ? Kind::kString : Kind::kVariable);
    item->right->text = token_.text;
    advance();
    found = true;
    return item;
  }
  if (at_word("like_regex")) {
    require_expression(left);
    advance();
    ItemPtr item = make(Kind::kLikeRegex);
    item->left = std::move(left);
    if (token_.kind != TokenKind::kString) fail();
    item->text = token_.text;
    advance();
    if (accept_word("flag")) item->regex = parse_regex_flags();
    found = true;
    return item;
  }
  return left;
}

JsonPathRegexFlags Parser::parse_regex_flags() {
  if (token_.kind != TokenKind::kString) fail();
  JsonPathRegexFlags flags;
  for (char c : token_.text) {
    bool* flag = c == 'i'   ? &flags.ignore_case
                 : c == 's' ? &flags.dot_all
                 : c == 'm' ? &flags.multi_line
                 : c == 'x' ? &flags.ignore_blank
                 : c == 'q' ? &flags.quote
                            : nullptr;
    if (flag == nullptr) {
      throw sql_error(SqlState::kSyntaxError, "invalid input syntax for type jsonpath")
          .detail(fmt::format("Unrecognized flag character \"{}\" in LIKE_REGEX predicate.", c));
    }
    *flag = true;
  }
  if (flags.ignore_blank && !flags.quote) {
    throw sql_error(SqlState::kFeatureNotSupported,
                    "XQuery \"x\" flag (expanded regular expressions) is not implemented");
  }
  advance();
  return flags;
}

ItemPtr Parser::parse_unary() {
  if (accept_symbol("+")) return parse_sign(Kind::kPlus);
  if (accept_symbol("-")) return parse_sign(Kind::kMinus);
  if (accept_symbol("!")) {
    ItemPtr item = make(Kind::kNot);
    item->left = parse_delimited_predicate();
    return item;
  }
  return parse_primary();
}

ItemPtr Parser::parse_sign(Kind kind) {
  ItemPtr item = make(kind);
  item->left = parse_unary();
  require_expression(item->left);
  // A signed literal is a literal.
  if (item->left->kind != Kind::kNumber || item->left->next) return item;
  if (kind == Kind::kMinus) item->left->number = numeric_neg(item->left->number, arena_);
  return std::move(item->left);
}

// "( predicate )" or "exists ( path )"
ItemPtr Parser::parse_delimited_predicate() {
  if (at_word("exists")) return parse_word_primary();
  expect_symbol("(");
  ItemPtr inner = parse_binary(kLowest);
  require_predicate(inner);
  expect_symbol(")");
  return inner;
}

ItemPtr Parser::parse_parenthesised() {
  count_level();
  expect_symbol("(");
  ItemPtr inner = parse_binary(kLowest);
  expect_symbol(")");
  if (inner->is_predicate() && at_word("is")) {
    advance();
    expect_word("unknown");
    ItemPtr item = make(Kind::kIsUnknown);
    item->left = std::move(inner);
    return item;
  }
  parse_accessors(inner);
  return inner;
}

ItemPtr Parser::parse_primary() {
  ItemPtr item;
  switch (token_.kind) {
    case TokenKind::kSymbol:
      if (at_symbol("(")) return parse_parenthesised();
      if (at_symbol("$")) {
        item = make(Kind::kRoot);
      } else if (at_symbol("@")) {
        if (filter_depth_ == 0) {
          throw sql_error(SqlState::kSyntaxError, "@ is not allowed in root expressions");
        }
        item = make(Kind::kCurrent);
      } else {
        fail();
      }
      break;
    case TokenKind::kString:
    case TokenKind::kVariable:
      item = make(token_.kind == TokenKind::kString ? Kind::kString : Kind::kVariable);
      item->text = token_.text;
      break;
    case TokenKind::kNumber:
      item = make(Kind::kNumber);
      item->number = numeric_from_text(token_.text, arena_);
      break;
    case TokenKind::kIdentifier:
      return parse_word_primary();
    case TokenKind::kEnd:
      fail();
  }
  advance();
  parse_accessors(item);
  return item;
}

ItemPtr Parser::parse_word_primary() {
  ItemPtr item;
  if (accept_word("exists")) {
    expect_symbol("(");
    item = make(Kind::kExists);
    item->left = parse_expression();
    expect_symbol(")");
    return item;
  }
  if (at_word("last")) {
    if (subscript_depth_ == 0) {
      throw sql_error(SqlState::kSyntaxError, "LAST is allowed only in array subscripts");
    }
    item = make(Kind::kLast);
  } else if (token_.text == "null") {
    item = make(Kind::kNull);
  } else if (token_.text == "true") {
    item = make(Kind::kTrue);
  } else if (token_.text == "false") {
    item = make(Kind::kFalse);
  } else {
    fail();
  }
  advance();
  parse_accessors(item);
  return item;
}

void Parser::parse_accessors(ItemPtr& head) {
  JsonPathItem* tail = head.get();
  while (tail->next) tail = tail->next.get();
  while (true) {
    ItemPtr item;
    if (accept_symbol(".")) {
      item = parse_member();
    } else if (at_symbol("[")) {
      item = parse_subscripts();
    } else if (at_symbol("?")) {
      item = parse_filter();
    } else {
      return;
    }
    tail->next = std::move(item);
    tail = tail->next.get();
  }
}

// Behind the dot.
ItemPtr Parser::parse_member() {
  if (accept_symbol("*")) return make(Kind::kAnyKey);
  if (at_symbol("**")) return parse_any_level();
  if (token_.kind != TokenKind::kIdentifier && token_.kind != TokenKind::kString) fail();
  bool is_word = token_.kind == TokenKind::kIdentifier;
  std::string name = token_.text;
  advance();
  if (is_word && at_symbol("(")) return parse_method(lower_ascii(name));
  ItemPtr item = make(Kind::kKey);
  item->text = std::move(name);
  return item;
}

ItemPtr Parser::parse_method(std::string_view name) {
  for (int i = static_cast<int>(Kind::kType); i <= static_cast<int>(Kind::kKeyValue); ++i) {
    auto kind = static_cast<Kind>(i);
    if (jsonpath_kind_text(kind) != name) continue;
    ItemPtr item = make(kind);
    expect_symbol("(");
    if (kind == Kind::kDatetime && token_.kind == TokenKind::kString) {
      item->has_template = true;
      item->text = token_.text;
      advance();
    }
    expect_symbol(")");
    return item;
  }
  fail();
}

ItemPtr Parser::parse_subscripts() {
  expect_symbol("[");
  if (accept_symbol("*")) {
    expect_symbol("]");
    return make(Kind::kAnyElement);
  }
  ItemPtr item = make(Kind::kElements);
  ++subscript_depth_;
  do {
    JsonPathSubscript subscript;
    subscript.from = parse_expression();
    if (accept_word("to")) subscript.to = parse_expression();
    item->subscripts.push_back(std::move(subscript));
  } while (accept_symbol(","));
  --subscript_depth_;
  expect_symbol("]");
  return item;
}

uint32_t Parser::parse_level() {
  if (accept_word("last")) return kJsonPathLastLevel;
  if (token_.kind != TokenKind::kNumber || !token_.is_integer) fail();
  int32_t level = 0;
  const char* end = token_.text.data() + token_.text.size();
  if (std::from_chars(token_.text.data(), end, level).ec != std::errc()) {
    throw sql_error(SqlState::kNumericValueOutOfRange,
                    "value \"{}\" is out of range for type integer", token_.text);
  }
  advance();
  return static_cast<uint32_t>(level);
}

ItemPtr Parser::parse_any_level() {
  expect_symbol("**");
  ItemPtr item = make(Kind::kAnyLevel);
  item->last = kJsonPathLastLevel;
  if (!accept_symbol("{")) return item;
  item->first = parse_level();
  item->last = accept_word("to") ? parse_level() : item->first;
  expect_symbol("}");
  return item;
}

ItemPtr Parser::parse_filter() {
  expect_symbol("?");
  expect_symbol("(");
  ItemPtr item = make(Kind::kFilter);
  ++filter_depth_;
  item->left = parse_binary(kLowest);
  --filter_depth_;
  require_predicate(item->left);
  expect_symbol(")");
  return item;
}

}  // namespace

std::unique_ptr<JsonPath> parse_jsonpath(std::string_view text) {
  auto path = std::make_unique<JsonPath>();
  if (std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\n'; })) {
    throw sql_error(SqlState::kInvalidTextRepresentation,
                    "invalid input syntax for type jsonpath: \"{}\"", text);
  }
  Parser(text, path->arena).parse(*path);
  return path;
}

}  // namespace luma
