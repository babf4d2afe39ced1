// What text search makes of a text, step by step: ts_parse, ts_token_type, ts_lexize, ts_debug.
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "sql/catalog/name_resolution.h"
#include "sql/catalog/session_catalog.h"
#include "sql/function/row_list.h"
#include "sql/function/text_search_call.h"
#include "sql/function/type_families.h"

namespace luma {
namespace {

using State = std::unique_ptr<TableFunctionState>;
using Arguments = std::span<const Value>;
using std::string_view;

void require_parser(const Expr& expr, const Value& parser) {
  if (expr.args[0]->type.oid == type_oid::kOid) {
    if (parser.datum.oid() == kDefaultTextParser) return;
    throw sql_error(SqlState::kInternalError, "cache lookup failed for text search parser {}",
                    parser.datum.oid());
  }
  std::vector<std::string> names = split_qualified_name(parser.datum.str.view());
  bool known = names.back() == "default" && (names.size() == 1 || names.front() == "pg_catalog");
  if (known) return;
  throw sql_error(SqlState::kUndefinedObject, "text search parser \"{}\" does not exist",
                  parser.datum.str.view());
}

State parse(EvalContext&, const Expr& expr, Arguments args) {
  if (args[0].is_null || args[1].is_null) return nullptr;
  require_parser(expr, args[0]);
  auto rows = std::make_unique<RowList>(2);
  for (const TextToken& token : split_document(args[1].datum.str.view())) {
    rows->add(Datum::of_int32(token.type));
    rows->add_text(token.text);
  }
  return rows;
}

State list_token_types(EvalContext&, const Expr& expr, Arguments args) {
  if (args[0].is_null) return nullptr;
  require_parser(expr, args[0]);
  auto rows = std::make_unique<RowList>(3);
  for (const TokenTypeRow& type : token_types()) {
    rows->add(Datum::of_int32(type.number));
    rows->add_text(type.alias);
    rows->add_text(type.description);
  }
  return rows;
}

// The lexemes; NULL: the dictionary does not know the word.
Value lexeme_array(TextDictionary& dictionary, string_view word, Arena& arena) {
  std::vector<TextLexeme> lexemes;
  if (dictionary.look_up(word, lexemes) == TextLookup::kUnknown) return Value::null();
  ArrayBuilder builder(type_oid::kText);
  for (const TextLexeme& lexeme : lexemes) builder.add(Datum::of_string(lexeme.text));
  return builder.finish(arena);
}

Value lexize(RowCall& call, const Value* args) {
  auto dictionary = open_text_dictionary(call.context, args[0].datum.oid());
  return lexeme_array(*dictionary, args[1].datum.str.view(), call.arena);
}

void add_debug_row(RowList& rows, const TextConfiguration& configuration, const TextToken& token) {
  const TokenTypeRow& type = token_types()[static_cast<size_t>(token.type - 1)];
  rows.add_text(type.alias);
  rows.add_text(type.description);
  rows.add_text(token.text);
  const std::vector<Oid>& dictionaries = configuration.dictionaries_for(token.type);
  ArrayBuilder list(type_oid::kRegdictionary);
  for (Oid oid : dictionaries) list.add(Datum::of_oid(oid));
  rows.add(list.finish(rows.arena()));
  Value chosen = Value::null(), lexemes = Value::null();
  for (Oid oid : dictionaries) {
    if (chosen.is_null) chosen = Datum::of_oid(oid);
    lexemes = lexeme_array(configuration.dictionary(oid), token.text, rows.arena());
    if (lexemes.is_null) continue;
    chosen = Datum::of_oid(oid);
    break;
  }
  rows.add(chosen);
  rows.add(lexemes);
}

// [configuration,] document
State debug(EvalContext& context, const Expr& expr, Arguments args) {
  const bool given = expr.args.size() == 2;
  const Value& document = args[given ? 1 : 0];
  if (document.is_null || args[0].is_null) return nullptr;
  TextConfiguration configuration(
      context, given ? args[0].datum.oid() : default_text_configuration(context));
  auto rows = std::make_unique<RowList>(6);
  for (const TextToken& token : split_document(document.datum.str.view())) {
    add_debug_row(*rows, configuration, token);
  }
  return rows;
}

const KernelRow kRows[] = {
    table_row("ts_parse(oid,text)", parse, "tokens of a document"),
    table_row("ts_parse(text,text)", parse, "tokens of a document"),
    table_row("ts_token_type(oid)", list_token_types, "types of tokens"),
    table_row("ts_token_type(text)", list_token_types, "types of tokens"),
    scalar_row("ts_lexize(regdictionary,text)", row_kernel<lexize>,
               "what a dictionary makes of it"),
    table_row("ts_debug(regconfig,text)", debug, "what a configuration makes of a document"),
    table_row("ts_debug(text)", debug, "what the session's configuration makes of a document"),
};

}  // namespace

std::span<const KernelRow> text_debug_kernels() { return kRows; }

}  // namespace luma
