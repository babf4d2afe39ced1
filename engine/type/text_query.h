#pragma once
// tsquery: a tree of lexemes and the operators & | ! <N>. The bytes of a value are its items in
// PostgreSQL's order (operator, right operand, left operand); the empty query has none.
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/type/text_vector.h"

namespace luma {

std::span<const TypeCodec> text_query_codecs();

enum class QueryOperator : uint8_t { kLexeme = 0, kNot = 1, kAnd = 2, kOr = 3, kPhrase = 4 };

struct QueryNode;
using QueryTree = std::unique_ptr<QueryNode>;
struct QueryNode {
  QueryOperator op = QueryOperator::kLexeme;
  uint16_t distance = 1;  // kPhrase
  std::string text;       // kLexeme
  bool prefix = false;
  uint8_t weights = 0;  // bit 1 << weight for each that is wanted; 0: all
  QueryTree left;       // the operand of kNot is `right`
  QueryTree right;
};

QueryTree lexeme_node(std::string_view text, bool prefix = false, uint8_t weights = 0);
QueryTree operator_node(QueryOperator op, QueryTree left, QueryTree right, uint16_t distance = 1);
QueryTree copy_query(const QueryNode& node);

QueryTree read_query(std::string_view value);  // nullptr: the empty query
Datum store_query(const QueryNode* query, Arena& arena);

// What becomes of the words of a query: a tree, nullptr for one to leave out (an operator without
// one of its operands is the other one).
class QueryOperands {
 public:
  virtual ~QueryOperands() = default;
  virtual QueryTree operand(std::string_view word, bool prefix, uint8_t weights) = 0;
};
// Parses & | ! <N> and parentheses. Throws 42601.
QueryTree parse_query(std::string_view text, QueryOperands& operands);

// Whether a vector satisfies a query.
bool query_matches(const QueryNode* query, const TextVector& vector);

}  // namespace luma
