// Parts of tsvector and tsquery: lexemes as rows, those of some weights, what an index can look
// for.
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/text_query.h"
#include "engine/type/text_vector.h"
#include "engine/type/utf8_text.h"
#include "sql/function/row_list.h"
#include "sql/function/type_families.h"

namespace luma {
namespace {

using std::string_view;

constexpr string_view kWeightLetters = "DCBA";  // by weight

std::unique_ptr<TableFunctionState> lexemes(EvalContext&, const Expr&,
                                            std::span<const Value> args) {
  if (args[0].is_null) return nullptr;
  auto rows = std::make_unique<RowList>(3);
  for (const Lexeme& lexeme : read_text_vector(args[0].datum.str.view())) {
    rows->add_text(lexeme.text);
    if (lexeme.positions.empty()) {
      rows->add(Value::null());
      rows->add(Value::null());
      continue;
    }
    ArrayBuilder places(type_oid::kInt2), weights(type_oid::kText);
    for (LexemePosition position : lexeme.positions) {
      places.add(Datum::of_int16(static_cast<int16_t>(position.place())));
      weights.add(
          Datum::of_string(kWeightLetters.substr(static_cast<size_t>(position.weight()), 1)));
    }
    rows->add(places.finish(rows->arena()));
    rows->add(weights.finish(rows->arena()));
  }
  return rows;
}

Datum of_weights(RowCall& call, string_view value, const Datum& letters) {
  ArrayView view(letters);
  bool wanted[4] = {};
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.is_null(i)) {
      throw sql_error(SqlState::kNullValueNotAllowed, "weight array may not contain nulls");
    }
    const char letter = static_cast<char>(view.datum(i).i8);
    const int weight = weight_of_letter(letter);
    if (weight < 0) {
      throw sql_error(SqlState::kInvalidParameterValue, "unrecognized weight: \"{}\"", letter);
    }
    wanted[weight] = true;
  }
  TextVector vector = read_text_vector(value);
  for (Lexeme& lexeme : vector) {
    std::erase_if(lexeme.positions,
                  [&](LexemePosition position) { return !wanted[position.weight()]; });
  }
  std::erase_if(vector, [](const Lexeme& lexeme) { return lexeme.positions.empty(); });
  return store_text_vector(std::move(vector), call.arena);
}

// Without what must not occur; nullptr when nothing is left that rows could be found by.
QueryTree searchable(QueryTree node) {
  if (node == nullptr || node->op == QueryOperator::kNot) return nullptr;
  if (node->op == QueryOperator::kLexeme) return node;
  node->left = searchable(std::move(node->left));
  node->right = searchable(std::move(node->right));
  const bool any = node->op == QueryOperator::kOr;
  if (any && (node->left == nullptr || node->right == nullptr)) return nullptr;
  if (node->left == nullptr) return std::move(node->right);
  if (node->right == nullptr) return std::move(node->left);
  return node;
}
Datum search_text(RowCall& call, string_view query) {
  QueryTree tree = read_query(query);
  if (tree == nullptr) return arena_string(call.arena, "");
  tree = searchable(std::move(tree));
  if (tree == nullptr) return arena_string(call.arena, "T");
  const TypeInfo& type = type_info(call.expr.args[0]->type.oid);
  std::string out;
  type.output(store_query(tree.get(), call.arena), type, IoContext(), out);
  return arena_string(call.arena, out);
}

const KernelRow kRows[] = {
    table_row("unnest(tsvector)", lexemes, "lexemes with their places and weights"),
    scalar_row("ts_filter(tsvector,_char)", strict_kernel<of_weights>, "lexemes of some weights"),
    scalar_row("querytree(tsquery)", strict_kernel<search_text>, "what an index can look for"),
};

}  // namespace

std::span<const KernelRow> text_vector_part_kernels() { return kRows; }

}  // namespace luma
