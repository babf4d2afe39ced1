#include "engine/type/text_query.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/string.h"

namespace luma {
namespace {

constexpr uint16_t kMaxDistance = 16384;

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int priority_of(QueryOperator op) {
  switch (op) {
    case QueryOperator::kOr:
      return 1;
    case QueryOperator::kAnd:
      return 2;
    case QueryOperator::kPhrase:
      return 3;
    default:
      return 4;
  }
}

class QueryParser {
 public:
  QueryParser(std::string_view text, QueryOperands& operands) : text_(text), operands_(operands) {}

  QueryTree parse() {
    skip_blanks();
    if (at_ == text_.size()) return nullptr;
    QueryTree tree = parse_level(1);
    if (at_ < text_.size()) fail();
    return tree;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  [[noreturn]] void fail() const {
    throw sql_error(SqlState::kSyntaxError, "syntax error in tsquery: \"{}\"", text_);
  }
  [[noreturn]] void no_operand() const {
    throw sql_error(SqlState::kSyntaxError, "no operand in tsquery: \"{}\"", text_);
  }

  // "<->" or "<3>"
  bool accept_phrase(uint16_t& distance) {
    if (peek() != '<') return false;
    size_t i = at_ + 1;
    if (i < text_.size() && text_[i] == '-') {
      distance = 1;
      ++i;
    } else {
      uint32_t value = 0;
      size_t start = i;
      for (; i < text_.size() && text_[i] >= '0' && text_[i] <= '9'; ++i) {
        value = std::min<uint32_t>(value * 10 + static_cast<uint32_t>(text_[i] - '0'),
                                   kMaxDistance + 1);
      }
      if (i == start) return false;
      if (value > kMaxDistance) {
        throw sql_error(SqlState::kInvalidParameterValue,
                        "distance in phrase operator must be an integer value between zero and {} "
                        "inclusive",
                        kMaxDistance);
      }
      distance = static_cast<uint16_t>(value);
    }
    if (i >= text_.size() || text_[i] != '>') return false;
    at_ = i + 1;
    return true;
  }
  bool accept_operator(int priority, QueryOperator& op, uint16_t& distance) {
    skip_blanks();
    if (priority == 1 && peek() == '|') {
      op = QueryOperator::kOr;
    } else if (priority == 2 && peek() == '&') {
      op = QueryOperator::kAnd;
    } else {
      op = QueryOperator::kPhrase;
      return priority == 3 && accept_phrase(distance);
    }
    ++at_;
    return true;
  }
  QueryTree parse_level(int priority) {
    if (priority == 4) return parse_operand();
    QueryTree tree = parse_level(priority + 1);
    QueryOperator op;
    uint16_t distance = 1;
    while (accept_operator(priority, op, distance)) {
      tree = operator_node(op, std::move(tree), parse_level(priority + 1), distance);
    }
    return tree;
  }
  QueryTree parse_operand() {
    skip_blanks();
    if (peek() == '!') {
      ++at_;
      QueryTree operand = parse_operand();
      return operand == nullptr ? nullptr
                                : operator_node(QueryOperator::kNot, nullptr, std::move(operand));
    }
    if (peek() == '(') {
      ++at_;
      QueryTree tree = parse_level(1);
      skip_blanks();
      if (peek() != ')') fail();
      ++at_;
      return tree;
    }
    if (at_ == text_.size()) no_operand();
    if (peek() == ':') fail();
    LiteralWord word;
    if (!read_literal_word(text_, at_, ":!&|()<", word)) fail();
    if (word.text.empty() && !word.quoted) fail();
    bool prefix = false;
    uint8_t weights = 0;
    if (peek() == ':') read_flags(prefix, weights);
    return operands_.operand(word.text, prefix, weights);
  }
  void read_flags(bool& prefix, uint8_t& weights) {
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      if (upper >= 'A' && upper <= 'D') {
        weights |= static_cast<uint8_t>(8 >> (upper - 'A'));
      } else if (c == '*') {
        prefix = true;
      } else {
        break;
      }
    }
  }

  std::string_view text_;
  QueryOperands& operands_;
  size_t at_ = 0;
};

// Words are lexemes as they stand.
class PlainOperands final : public QueryOperands {
 public:
  QueryTree operand(std::string_view word, bool prefix, uint8_t weights) override {
    if (word.empty()) return nullptr;
    return lexeme_node(word, prefix, weights);
  }
};

Datum query_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  PlainOperands operands;
  return store_query(parse_query(text, operands).get(), arena);
}

void append_query(const QueryNode& node, int parent, bool right_of_phrase, std::string& out) {
  if (node.op == QueryOperator::kLexeme) {
    append_lexeme_text(node.text, out);
    if (node.prefix || node.weights != 0) {
      out.push_back(':');
      if (node.prefix) out.push_back('*');
      for (int i = 0; i < 4; ++i) {
        if ((node.weights & (8 >> i)) != 0) out.push_back(static_cast<char>('A' + i));
      }
    }
    return;
  }
  int priority = priority_of(node.op);
  bool parentheses = priority < parent ||
                     (node.op == QueryOperator::kPhrase && parent == priority && right_of_phrase);
  if (parentheses) out += "( ";
  if (node.op == QueryOperator::kNot) {
    out.push_back('!');
    append_query(*node.right, priority, false, out);
  } else {
    append_query(*node.left, priority, false, out);
    if (node.op == QueryOperator::kOr) {
      out += " | ";
    } else if (node.op == QueryOperator::kAnd) {
      out += " & ";
    } else if (node.distance == 1) {
      out += " <-> ";
    } else {
      fmt::format_to(std::back_inserter(out), " <{}> ", node.distance);
    }
    append_query(*node.right, priority, node.op == QueryOperator::kPhrase, out);
  }
  if (parentheses) out += " )";
}

void query_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  if (QueryTree tree = read_query(value.str.view())) append_query(*tree, -1, false, out);
}

// Items as the wire has them; stored values use the same form.
void append_items(const QueryNode& node, std::string& out, uint32_t& count) {
  ++count;
  bool is_lexeme = node.op == QueryOperator::kLexeme;
  put_u8(out, is_lexeme ? 1 : 2);
  if (is_lexeme) {
    put_u8(out, node.weights);
    put_u8(out, node.prefix ? 1 : 0);
    out += node.text;
    out.push_back('\0');
    return;
  }
  put_u8(out, static_cast<uint8_t>(node.op));
  if (node.op == QueryOperator::kPhrase) put_u16(out, node.distance);
  append_items(*node.right, out, count);
  if (node.left != nullptr) append_items(*node.left, out, count);
}

QueryTree read_item(WireReader& reader, int depth) {
  auto malformed = [](const char* what) {
    return sql_error(SqlState::kInvalidBinaryRepresentation, "malformed tsquery: {}", what);
  };
  constexpr int kMaxDepth = 1000;
  if (depth > kMaxDepth) throw malformed("too deeply nested");
  uint8_t type = reader.u8();
  if (type == 1) {
    uint8_t weights = reader.u8();
    uint8_t prefix = reader.u8();
    size_t end = reader.rest().find('\0');
    if (end == std::string_view::npos) throw malformed("operand not found");
    QueryTree node = lexeme_node(reader.take(end), prefix != 0, weights);
    reader.u8();
    if (weights > 0xF) throw malformed("invalid weight bitmap");
    if (node->text.size() > kMaxLexemeBytes) throw malformed("operand too long");
    return node;
  }
  if (type != 2) throw malformed("unrecognized item type");
  uint8_t op = reader.u8();
  if (op < 1 || op > 4) throw malformed("unrecognized operator type");
  uint16_t distance = op == 4 ? reader.u16() : 1;
  QueryTree right = read_item(reader, depth + 1);
  QueryTree left = op == 1 ? nullptr : read_item(reader, depth + 1);
  return operator_node(static_cast<QueryOperator>(op), std::move(left), std::move(right), distance);
}

Datum query_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  WireReader reader(bytes);
  uint32_t count = reader.u32();
  QueryTree tree = count == 0 ? nullptr : read_item(reader, 0);
  reader.expect_end();
  return store_query(tree.get(), arena);
}
void query_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  out += value.str.view();
}

constexpr TypeCodec kCodecs[] = {
    {"tsquery", PhysicalType::kVarlen, query_in, query_out, query_recv, query_send},
};

// --- matching ---
// Where a part of a query matches: the places of its last word, or (negated) everywhere else.
struct Places {
  bool found = false;
  bool negated = false;
  // The vector has a lexeme without its places: whether this matches cannot be told.
  bool uncertain = false;
  int width = 0;
  std::vector<int> at;
};

std::vector<int> places_of_lexeme(const QueryNode& node, const TextVector& vector, bool& exists,
                                  bool& uncertain) {
  std::vector<int> places;
  auto add = [&](const Lexeme& lexeme) {
    // Without places there are no weights to compare with.
    bool wanted = node.weights == 0 || lexeme.positions.empty();
    uncertain |= lexeme.positions.empty();
    for (LexemePosition position : lexeme.positions) {
      if (node.weights != 0 && (node.weights >> position.weight() & 1) == 0) continue;
      wanted = true;
      places.push_back(position.place());
    }
    exists |= wanted;
  };
  if (!node.prefix) {
    if (const Lexeme* lexeme = find_lexeme(vector, node.text)) add(*lexeme);
    return places;
  }
  auto at =
      std::lower_bound(vector.begin(), vector.end(), node.text,
                       [](const Lexeme& l, const std::string& text) { return l.text < text; });
  for (; at != vector.end() && at->text.starts_with(node.text); ++at) add(*at);
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

// Places in both, only left, only right, as asked for.
Places combine(const Places& left, const Places& right, bool both, bool left_only, bool right_only,
               int left_offset, int right_offset) {
  Places out;
  size_t l = 0, r = 0;
  while (l < left.at.size() || r < right.at.size()) {
    int a = l < left.at.size() ? left.at[l] + left_offset : INT32_MAX;
    int b = r < right.at.size() ? right.at[r] + right_offset : INT32_MAX;
    if (a == b ? both : a < b ? left_only : right_only) out.at.push_back(std::min(a, b));
    if (a <= b) ++l;
    if (b <= a) ++r;
  }
  out.found = !out.at.empty();
  return out;
}

Places locate(const QueryNode& node, const TextVector& vector) {
  if (node.op == QueryOperator::kLexeme) {
    Places out;
    bool exists = false;
    out.at = places_of_lexeme(node, vector, exists, out.uncertain);
    out.found = !out.at.empty() && !out.uncertain;
    return out;
  }
  Places right = locate(*node.right, vector);
  if (node.op == QueryOperator::kNot) {
    if (right.uncertain) return right;
    right.negated = !right.negated;
    right.found = right.negated || !right.at.empty();
    return right;
  }
  Places left = locate(*node.left, vector);
  bool left_is_out = !left.found && !left.uncertain,
       right_is_out = !right.found && !right.uncertain;
  if (node.op == QueryOperator::kOr ? left_is_out && right_is_out : left_is_out || right_is_out) {
    return {};
  }
  if (left.uncertain || right.uncertain) {
    Places unknown;
    unknown.uncertain = true;
    return unknown;
  }
  int left_offset, right_offset, width;
  if (node.op == QueryOperator::kPhrase) {
    left_offset = node.distance + right.width;
    right_offset = 0;
    width = node.distance + left.width + right.width;
  } else {
    width = std::max(left.width, right.width);
    left_offset = width - left.width;
    right_offset = width - right.width;
  }
  Places out;
  bool negated = false;
  if (node.op == QueryOperator::kOr) {
    negated = left.negated || right.negated;
    // !L | !R = !(L & R); !L | R = !(L & !R); L | !R = !(R & !L)
    if (!left.negated && !right.negated) {
      out = combine(left, right, true, true, true, left_offset, right_offset);
    } else if (left.negated && right.negated) {
      out = combine(left, right, true, false, false, left_offset, right_offset);
    } else {
      out = combine(left, right, false, left.negated, right.negated, left_offset, right_offset);
    }
  } else if (left.negated && right.negated) {
    out = combine(left, right, true, true, true, left_offset, right_offset);
    negated = true;
  } else if (left.negated || right.negated) {
    out = combine(left, right, false, right.negated, left.negated, left_offset, right_offset);
  } else {
    out = combine(left, right, true, false, false, left_offset, right_offset);
  }
  out.negated = negated;
  out.width = width;
  out.found = negated || !out.at.empty();
  return out;
}

bool matches(const QueryNode& node, const TextVector& vector) {
  switch (node.op) {
    case QueryOperator::kLexeme: {
      bool exists = false, uncertain = false;
      places_of_lexeme(node, vector, exists, uncertain);
      return exists;
    }
    case QueryOperator::kNot:
      return !matches(*node.right, vector);
    case QueryOperator::kAnd:
      return matches(*node.left, vector) && matches(*node.right, vector);
    case QueryOperator::kOr:
      return matches(*node.left, vector) || matches(*node.right, vector);
    case QueryOperator::kPhrase:
      return locate(node, vector).found;
  }
  return false;
}

}  // namespace

QueryTree lexeme_node(std::string_view text, bool prefix, uint8_t weights) {
  auto node = std::make_unique<QueryNode>();
  node->text = text;
  node->prefix = prefix;
  node->weights = weights;
  return node;
}

QueryTree operator_node(QueryOperator op, QueryTree left, QueryTree right, uint16_t distance) {
  if (op != QueryOperator::kNot && (left == nullptr || right == nullptr)) {
    return left == nullptr ? std::move(right) : std::move(left);
  }
  auto node = std::make_unique<QueryNode>();
  node->op = op;
  node->distance = distance;
  node->left = std::move(left);
  node->right = std::move(right);
  return node;
}

QueryTree copy_query(const QueryNode& node) {
  auto copy = std::make_unique<QueryNode>();
  copy->op = node.op;
  copy->distance = node.distance;
  copy->text = node.text;
  copy->prefix = node.prefix;
  copy->weights = node.weights;
  if (node.left != nullptr) copy->left = copy_query(*node.left);
  if (node.right != nullptr) copy->right = copy_query(*node.right);
  return copy;
}

QueryTree read_query(std::string_view value) {
  WireReader reader(value);
  return reader.u32() == 0 ? nullptr : read_item(reader, 0);
}

Datum store_query(const QueryNode* query, Arena& arena) {
  std::string items;
  uint32_t count = 0;
  if (query != nullptr) append_items(*query, items, count);
  std::string out;
  put_u32(out, count);
  out += items;
  return Datum::of_string(out.size() > StringRef::kInlineBytes ? arena.copy(out)
                                                               : std::string_view(out));
}

QueryTree parse_query(std::string_view text, QueryOperands& operands) {
  return QueryParser(text, operands).parse();
}

bool query_matches(const QueryNode* query, const TextVector& vector) {
  return query != nullptr && matches(*query, vector);
}

std::span<const TypeCodec> text_query_codecs() { return kCodecs; }

}  // namespace luma
