// Full text search: making and editing tsvector and tsquery, matching.
#include <algorithm>
#include <set>

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "engine/type/text_query.h"
#include "engine/type/text_vector.h"
#include "engine/type/utf8_text.h"
#include "sql/function/headline.h"
#include "sql/function/text_search_call.h"
#include "sql/function/type_comparison.h"
#include "sql/function/type_families.h"

namespace luma {

namespace {

using std::string_view;

string_view last_text(const RowCall& call, const Value* args) {
  return args[call.expr.args.size() - 1].datum.str.view();
}

TextVector vector_of(const TextConfiguration& configuration, string_view text) {
  TextVector vector;
  for (PlacedLexeme& lexeme : lexemes_of(configuration, text)) {
    auto place = static_cast<uint32_t>(lexeme.place);
    vector.push_back({std::move(lexeme.text), {LexemePosition::of(place, 0)}});
  }
  return vector;
}
Value to_vector(RowCall& call, const Value* args) {
  return store_text_vector(vector_of(configuration_of(call, args), last_text(call, args)),
                           call.arena);
}

// --- queries of texts. A stop word is a lexeme without text until drop_stop_words(). ---
bool is_stop(const QueryNode& node) {
  return node.op == QueryOperator::kLexeme && node.text.empty();
}

// Takes stop words out. `left` and `right`: by how much distances to the neighbours in a phrase
// grow.
QueryTree drop_stop_words(QueryTree node, int& left, int& right) {
  left = right = 0;
  if (node == nullptr || is_stop(*node)) return nullptr;
  if (node->op == QueryOperator::kLexeme) return node;
  if (node->op == QueryOperator::kNot) {
    node->right = drop_stop_words(std::move(node->right), left, right);
    return node->right == nullptr ? nullptr : std::move(node);
  }
  bool phrase = node->op == QueryOperator::kPhrase;
  int distance = phrase ? node->distance : 0;
  int left_left, left_right, right_left, right_right;
  node->left = drop_stop_words(std::move(node->left), left_left, left_right);
  node->right = drop_stop_words(std::move(node->right), right_left, right_right);
  if (node->left == nullptr && node->right == nullptr) {
    left = right = phrase ? left_left + distance + right_left : std::max(left_left, right_left);
    return nullptr;
  }
  if (node->left == nullptr) {
    left = phrase ? left_left + distance + right_left : right_left;
    right = right_right;
    return std::move(node->right);
  }
  if (node->right == nullptr) {
    left = left_left;
    right = phrase ? left_right + distance + right_right : left_right;
    return std::move(node->left);
  }
  if (phrase) {
    node->distance = static_cast<uint16_t>(distance + left_right + right_left);
    left = left_left;
    right = right_right;
  }
  return node;
}
Datum store_cleaned(RowCall& call, QueryTree tree, string_view text) {
  int left, right;
  bool had_words = tree != nullptr;
  tree = drop_stop_words(std::move(tree), left, right);
  if (tree == nullptr && had_words && call.context.session != nullptr) {
    call.context.session->notice(
        "NOTICE", "text-search query contains only stop words or doesn't contain lexemes, ignored");
  } else if (tree == nullptr && call.context.session != nullptr) {
    call.context.session->notice(
        "NOTICE", fmt::format("text-search query doesn't contain lexemes: \"{}\"", text));
  }
  return store_query(tree.get(), call.arena);
}

// The lexemes of `text` with an operator between them.
QueryTree query_of_words(const TextConfiguration& configuration, string_view text, QueryOperator op,
                         bool prefix = false, uint8_t weights = 0) {
  QueryTree tree;
  int place = 0;
  auto join = [&](QueryTree next) {
    tree = tree == nullptr ? std::move(next) : operator_node(op, std::move(tree), std::move(next));
  };
  for (const PlacedLexeme& lexeme : lexemes_of(configuration, text)) {
    while (++place < lexeme.place) join(lexeme_node(""));
    join(lexeme_node(lexeme.text, prefix || lexeme.prefix, weights));
  }
  return tree == nullptr ? lexeme_node("") : std::move(tree);
}

class ConfiguredOperands final : public QueryOperands {
 public:
  explicit ConfiguredOperands(const TextConfiguration& configuration)
      : configuration_(configuration) {}
  QueryTree operand(string_view word, bool prefix, uint8_t weights) override {
    return query_of_words(configuration_, word, QueryOperator::kPhrase, prefix, weights);
  }

 private:
  const TextConfiguration& configuration_;
};

Value to_query(RowCall& call, const Value* args) {
  TextConfiguration configuration = configuration_of(call, args);
  ConfiguredOperands operands(configuration);
  string_view text = last_text(call, args);
  return store_cleaned(call, parse_query(text, operands), text);
}
template <QueryOperator op>
Value words_to_query(RowCall& call, const Value* args) {
  string_view text = last_text(call, args);
  if (text.empty()) return store_cleaned(call, nullptr, text);
  return store_cleaned(call, query_of_words(configuration_of(call, args), text, op), text);
}

// Words and "phrases", "or" between them, - before what must not occur.
class WebQuery {
 public:
  WebQuery(const TextConfiguration& configuration, string_view text)
      : configuration_(configuration), text_(text) {}

  QueryTree parse() {
    QueryTree any;
    QueryTree all;
    auto close = [&] {
      if (all == nullptr) return;
      any = any == nullptr ? std::move(all)
                           : operator_node(QueryOperator::kOr, std::move(any), std::move(all));
    };
    while (skip_blanks()) {
      if (all != nullptr && accept_or()) {
        close();
        continue;
      }
      QueryTree next = parse_operand();
      all = all == nullptr ? std::move(next)
                           : operator_node(QueryOperator::kAnd, std::move(all), std::move(next));
    }
    close();
    return any;
  }

 private:
  static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  bool skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    return at_ < text_.size();
  }
  // "or" counts between two operands only.
  bool accept_or() {
    if (lower_text(text_.substr(at_, 2)) != "or") return false;
    size_t end = at_ + 2;
    if (end < text_.size() && !is_blank(text_[end]) && text_[end] != '"') return false;
    while (end < text_.size() && is_blank(text_[end])) ++end;
    if (end == text_.size()) return false;
    at_ = end;
    return true;
  }
  QueryTree parse_operand() {
    bool negated = text_[at_] == '-' && at_ + 1 < text_.size() && !is_blank(text_[at_ + 1]);
    if (negated) ++at_;
    size_t start = at_;
    size_t end;
    if (text_[at_] == '"') {
      start = at_ + 1;
      end = std::min(text_.find('"', start), text_.size());
      at_ = std::min(end + 1, text_.size());
    } else {
      while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != '"') ++at_;
      end = at_;
    }
    QueryTree tree =
        query_of_words(configuration_, text_.substr(start, end - start), QueryOperator::kPhrase);
    return negated ? operator_node(QueryOperator::kNot, nullptr, std::move(tree)) : std::move(tree);
  }

  const TextConfiguration& configuration_;
  string_view text_;
  size_t at_ = 0;
};
Value web_to_query(RowCall& call, const Value* args) {
  string_view text = last_text(call, args);
  return store_cleaned(call, WebQuery(configuration_of(call, args), text).parse(), text);
}

// --- operators of queries ---
template <QueryOperator op>
Datum joined(RowCall& call, string_view a, string_view b) {
  return store_query(operator_node(op, read_query(a), read_query(b)).get(), call.arena);
}
Datum phrase(RowCall& call, string_view a, string_view b, int32_t distance) {
  constexpr int32_t kMaxDistance = 16384;
  if (distance < 0 || distance > kMaxDistance) {
    throw sql_error(
        SqlState::kInvalidParameterValue,
        "distance in phrase operator must be an integer value between zero and {} inclusive",
        kMaxDistance);
  }
  QueryTree tree = operator_node(QueryOperator::kPhrase, read_query(a), read_query(b),
                                 static_cast<uint16_t>(distance));
  return store_query(tree.get(), call.arena);
}
Datum negated(RowCall& call, string_view a) {
  QueryTree tree = read_query(a);
  if (tree != nullptr) tree = operator_node(QueryOperator::kNot, nullptr, std::move(tree));
  return store_query(tree.get(), call.arena);
}
int32_t count_nodes(const QueryNode* node) {
  if (node == nullptr) return 0;
  return 1 + count_nodes(node->left.get()) + count_nodes(node->right.get());
}
int32_t node_count(string_view query) { return count_nodes(read_query(query).get()); }

void collect_words(const QueryNode* node, std::set<std::string>& words) {
  if (node == nullptr) return;
  if (node->op == QueryOperator::kLexeme) words.insert(node->text);
  collect_words(node->left.get(), words);
  collect_words(node->right.get(), words);
}
std::set<std::string> words_of(string_view query) {
  std::set<std::string> words;
  collect_words(read_query(query).get(), words);
  return words;
}
bool has_words_of(string_view query, string_view other) {
  return std::ranges::includes(words_of(query), words_of(other));
}
bool has_its_words_in(string_view query, string_view other) { return has_words_of(other, query); }

// --- matching ---
bool match(string_view vector, string_view query) {
  return query_matches(read_query(query).get(), read_text_vector(vector));
}
bool match_reversed(string_view query, string_view vector) { return match(vector, query); }
bool match_text(RowCall& call, string_view text, string_view query) {
  Arena arena;
  TextConfiguration configuration(call.context, default_text_configuration(call.context));
  return match(store_text_vector(vector_of(configuration, text), arena).str.view(), query);
}
bool match_texts(RowCall& call, string_view text, string_view words) {
  Arena arena;
  TextConfiguration configuration(call.context, default_text_configuration(call.context));
  int left, right;
  QueryTree query =
      drop_stop_words(query_of_words(configuration, words, QueryOperator::kAnd), left, right);
  Datum vector = store_text_vector(vector_of(configuration, text), arena);
  return query_matches(query.get(), read_text_vector(vector.str.view()));
}

// [configuration,] document, query [, options]
Value headline(RowCall& call, const Value* args) {
  const size_t first = has_configuration(call) ? 1 : 0;
  const size_t count = call.expr.args.size();
  TextConfiguration configuration = configuration_of(call, args);
  HeadlineOptions options;
  if (count == first + 3) options = parse_headline_options(args[first + 2].datum.str.view());
  QueryTree query = read_query(args[first + 1].datum.str.view());
  std::string made =
      make_headline(configuration, args[first].datum.str.view(), query.get(), options);
  return Datum::of_string(call.arena.copy(made));
}

// --- vectors ---
int32_t lexeme_count(string_view vector) {
  return static_cast<int32_t>(read_text_vector(vector).size());
}
Datum stripped(RowCall& call, string_view value) {
  TextVector vector = read_text_vector(value);
  for (Lexeme& lexeme : vector) lexeme.positions.clear();
  return store_text_vector(std::move(vector), call.arena);
}
int parse_weight(int8_t letter) {
  int weight = weight_of_letter(static_cast<char>(letter));
  if (weight < 0) throw sql_error(SqlState::kInternalError, "unrecognized weight: {}", letter);
  return weight;
}
void weigh(Lexeme& lexeme, int weight) {
  for (LexemePosition& position : lexeme.positions) {
    position = LexemePosition::of(static_cast<uint32_t>(position.place()), weight);
  }
}
Datum with_weight(RowCall& call, string_view value, int8_t letter) {
  TextVector vector = read_text_vector(value);
  int weight = parse_weight(letter);
  for (Lexeme& lexeme : vector) weigh(lexeme, weight);
  return store_text_vector(std::move(vector), call.arena);
}
std::vector<std::string> texts_of(const Datum& array) {
  ArrayView view(array);
  std::vector<std::string> out;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.is_null(i)) {
      throw sql_error(SqlState::kNullValueNotAllowed, "lexeme array may not contain nulls");
    }
    Datum text = view.datum(i);
    out.emplace_back(text.str.view());
  }
  return out;
}
bool is_among(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}
Datum with_weight_of(RowCall& call, string_view value, int8_t letter, const Datum& lexemes) {
  TextVector vector = read_text_vector(value);
  int weight = parse_weight(letter);
  std::vector<std::string> wanted = texts_of(lexemes);
  for (Lexeme& lexeme : vector) {
    if (is_among(wanted, lexeme.text)) weigh(lexeme, weight);
  }
  return store_text_vector(std::move(vector), call.arena);
}
// The second document follows the first.
Datum concatenated(RowCall& call, string_view a, string_view b) {
  TextVector vector = read_text_vector(a);
  int last = 0;
  for (const Lexeme& lexeme : vector) {
    for (LexemePosition position : lexeme.positions) last = std::max(last, position.place());
  }
  for (Lexeme& lexeme : read_text_vector(b)) {
    for (LexemePosition& position : lexeme.positions) {
      position =
          LexemePosition::of(static_cast<uint32_t>(position.place() + last), position.weight());
    }
    vector.push_back(std::move(lexeme));
  }
  return store_text_vector(std::move(vector), call.arena);
}
Datum without(RowCall& call, string_view value, const std::vector<std::string>& lexemes) {
  TextVector vector = read_text_vector(value);
  std::erase_if(vector, [&](const Lexeme& lexeme) { return is_among(lexemes, lexeme.text); });
  return store_text_vector(std::move(vector), call.arena);
}
Datum without_one(RowCall& call, string_view value, string_view lexeme) {
  return without(call, value, {std::string(lexeme)});
}
Datum without_many(RowCall& call, string_view value, const Datum& lexemes) {
  return without(call, value, texts_of(lexemes));
}
Datum to_array(RowCall& call, string_view value) {
  ArrayBuilder builder(type_oid::kText);
  for (const Lexeme& lexeme : read_text_vector(value)) builder.add(Datum::of_string(lexeme.text));
  return builder.finish(call.arena);
}
Datum from_array(RowCall& call, const Datum& array) {
  TextVector vector;
  for (std::string& text : texts_of(array)) {
    if (text.empty()) {
      throw sql_error(SqlState::kZeroLengthCharacterString,
                      "lexeme array may not contain empty strings");
    }
    vector.push_back({std::move(text), {}});
  }
  return store_text_vector(std::move(vector), call.arena);
}

Value current_configuration(RowCall& call, const Value*) {
  return Datum::of_oid(default_text_configuration(call.context));
}

#define LUMA_TO_QUERY(name, fn, doc)              \
  scalar_row(name "(text)", row_kernel<fn>, doc), \
      scalar_row(name "(regconfig,text)", row_kernel<fn>, doc)

const KernelRow kRows[] = {
    LUMA_TYPE_COMPARISONS("tsvector_", "tsvector"),
    scalar_row("tsvector_cmp(tsvector,tsvector)", strict_kernel<&TypeOrder::cmp>),
    LUMA_TO_QUERY("to_tsvector", to_vector, "lexemes of a document"),
    LUMA_TO_QUERY("to_tsquery", to_query, "query of words and operators"),
    LUMA_TO_QUERY("plainto_tsquery", words_to_query<QueryOperator::kAnd>, "query for all words"),
    LUMA_TO_QUERY("phraseto_tsquery", words_to_query<QueryOperator::kPhrase>, "query for a phrase"),
    LUMA_TO_QUERY("websearch_to_tsquery", web_to_query, "query as search engines take it"),
    scalar_row("ts_match_vq(tsvector,tsquery)", strict_kernel<&match>),
    scalar_row("ts_match_qv(tsquery,tsvector)", strict_kernel<&match_reversed>),
    scalar_row("ts_match_tq(text,tsquery)", strict_kernel<&match_text>),
    scalar_row("ts_match_tt(text,text)", strict_kernel<&match_texts>),
    scalar_row("tsquery_and(tsquery,tsquery)", strict_kernel<&joined<QueryOperator::kAnd>>),
    scalar_row("tsquery_or(tsquery,tsquery)", strict_kernel<&joined<QueryOperator::kOr>>),
    scalar_row("tsquery_phrase(tsquery,tsquery)", strict_kernel<&joined<QueryOperator::kPhrase>>,
               "one query followed by another"),
    scalar_row("tsquery_phrase(tsquery,tsquery,int4)", strict_kernel<&phrase>,
               "one query followed by another at a distance"),
    scalar_row("tsquery_not(tsquery)", strict_kernel<&negated>),
    scalar_row("ts_headline(text,tsquery)", row_kernel<headline>,
               "the part of a document that matches"),
    scalar_row("ts_headline(text,tsquery,text)", row_kernel<headline>),
    scalar_row("ts_headline(regconfig,text,tsquery)", row_kernel<headline>),
    scalar_row("ts_headline(regconfig,text,tsquery,text)", row_kernel<headline>),
    scalar_row("tsq_mcontains(tsquery,tsquery)", strict_kernel<&has_words_of>),
    scalar_row("tsq_mcontained(tsquery,tsquery)", strict_kernel<&has_its_words_in>),
    scalar_row("numnode(tsquery)", strict_kernel<&node_count>, "number of words and operators"),
    scalar_row("length(tsvector)", strict_kernel<&lexeme_count>, "number of lexemes"),
    scalar_row("strip(tsvector)", strict_kernel<&stripped>, "without positions"),
    scalar_row("setweight(tsvector,char)", strict_kernel<&with_weight>, "with a weight"),
    scalar_row("setweight(tsvector,char,_text)", strict_kernel<&with_weight_of>,
               "with a weight for some lexemes"),
    scalar_row("tsvector_concat(tsvector,tsvector)", strict_kernel<&concatenated>),
    scalar_row("ts_delete(tsvector,text)", strict_kernel<&without_one>, "without a lexeme"),
    scalar_row("ts_delete(tsvector,_text)", strict_kernel<&without_many>, "without lexemes"),
    scalar_row("tsvector_to_array(tsvector)", strict_kernel<&to_array>, "lexemes"),
    scalar_row("array_to_tsvector(_text)", strict_kernel<&from_array>, "vector of lexemes"),
    scalar_row("get_current_ts_config()", row_kernel<current_configuration>,
               "the session's configuration"),
};

}  // namespace

std::span<const KernelRow> text_search_kernels() { return kRows; }

}  // namespace luma
