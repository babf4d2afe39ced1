// Parts of tsvector and tsquery: lexemes as rows, those of some weights, what an index can look
// for.
#include <algorithm>
#include <map>
#include <string>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/text_query.h"
#include "engine/type/text_vector.h"
#include "engine/type/utf8_text.h"
#include "sql/catalog/session_catalog.h"
#include "sql/function/routine_caller.h"
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

// ts_stat(query [, weights]): in how many values of the query's column each lexeme is, and how
// often; with weights only places that have one of them count.
std::unique_ptr<TableFunctionState> word_statistics(EvalContext& context, const Expr&,
                                                    std::span<const Value> args) {
  constexpr Oid kTsvector = 3614;
  for (const Value& arg : args) {
    if (arg.is_null) return nullptr;
  }
  bool wanted[4] = {};
  bool any_weight = false;
  if (args.size() > 1) {
    // Other letters say nothing.
    for (char letter : args[1].datum.str.view()) {
      const int weight = weight_of_letter(letter);
      if (weight < 0) continue;
      wanted[weight] = any_weight = true;
    }
  }
  Arena arena;
  const RoutineCaller::QueryRows found =
      session_catalog(context).routines().query(args[0].datum.str.view(), arena);
  if (found.columns.size() != 1 || found.columns[0].oid != kTsvector) {
    throw SqlError(SqlState::kInvalidParameterValue,
                   "ts_stat query must return one tsvector column");
  }
  struct Counts {
    int32_t values = 0, places = 0;
  };
  std::map<std::string, Counts> counts;
  for (const std::vector<Value>& row : found.rows) {
    if (row[0].is_null) continue;
    for (const Lexeme& lexeme : read_text_vector(row[0].datum.str.view())) {
      auto places = static_cast<int32_t>(lexeme.positions.size());
      if (any_weight) {
        places = static_cast<int32_t>(std::ranges::count_if(
            lexeme.positions, [&](LexemePosition position) { return wanted[position.weight()]; }));
        if (places == 0) continue;
      }
      Counts& count = counts[lexeme.text];
      ++count.values;
      count.places += std::max(places, 1);
    }
  }
  auto rows = std::make_unique<RowList>(3);
  for (const auto& [word, count] : counts) {
    rows->add_text(word);
    rows->add(Datum::of_int32(count.values));
    rows->add(Datum::of_int32(count.places));
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
    table_row("ts_stat(text)", word_statistics, "how often lexemes are in a query's rows"),
    table_row("ts_stat(text,text)", word_statistics, "how often lexemes of some weights are there"),
    scalar_row("ts_filter(tsvector,_char)", strict_kernel<of_weights>, "lexemes of some weights"),
    scalar_row("querytree(tsquery)", strict_kernel<search_text>, "what an index can look for"),
};

}  // namespace

std::span<const KernelRow> text_vector_part_kernels() { return kRows; }

}  // namespace luma
