// json: operators, construction from any value.
#include "engine/type/json.h"

#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/json_lexer.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"
#include "sql/function/json_key.h"
#include "sql/function/row_names.h"
#include "sql/function/variadic.h"

namespace luma {

namespace {

using std::string_view;
using Piece = std::optional<string_view>;
using OptionalDatum = std::optional<Datum>;

OptionalDatum as_text(RowCall& call, Piece piece) {
  std::string out;
  if (!piece || !json_value_text(*piece, out)) return std::nullopt;
  return arena_string(call.arena, out);
}

Piece field(string_view json, string_view key) { return json_get_field(json, key); }
OptionalDatum field_text(RowCall& call, string_view json, string_view key) {
  return as_text(call, json_get_field(json, key));
}
Piece element(string_view json, int32_t index) { return json_get_element(json, index); }
OptionalDatum element_text(RowCall& call, string_view json, int32_t index) {
  return as_text(call, json_get_element(json, index));
}

// A path with a NULL step leads nowhere.
Piece path_piece(string_view json, const Datum& path) {
  ArrayView view(path);
  std::vector<Datum> datums(view.size());
  std::vector<string_view> steps;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.is_null(i)) return std::nullopt;
    datums[i] = view.datum(i);
    steps.push_back(datums[i].str.view());
  }
  return json_get_path(json, steps);
}
Piece path(string_view json, const Datum& steps) { return path_piece(json, steps); }
OptionalDatum path_text(RowCall& call, string_view json, const Datum& steps) {
  return as_text(call, path_piece(json, steps));
}

int32_t array_length(string_view json) { return json_array_length(json); }
string_view type_of(string_view json) { return json_typeof(json); }
Datum strip_nulls(RowCall& call, string_view json) {
  std::string out;
  json_strip_nulls(json, out);
  return arena_string(call.arena, out);
}

// --- construction ---
void append_json(const RowCall& call, const TypedValue& value, std::string& out) {
  value_to_json(value.value, value.type, io_of(call.context), call.context.field_names, out);
}
// The same for argument `i`, which may be a row with named fields.
void append_json(const RowCall& call, const TypedValue& value, size_t i, std::string& out,
                 JsonLayout layout = JsonLayout::kOneLine) {
  if (i >= call.expr.args.size()) return append_json(call, value, out);
  RowNames names(*call.expr.args[i], call.context.field_names);
  value_to_json(value.value, value.type, io_of(call.context), names.get(), out, layout);
}
Value to_json(RowCall& call, const Value* args) {
  std::string out;
  append_json(call, {args[0], call.expr.args[0]->type}, 0, out);
  return arena_string(call.arena, out);
}
// array_to_json and row_to_json with line feeds between the outermost elements.
Value to_pretty_json(RowCall& call, const Value* args) {
  std::string out;
  append_json(call, {args[0], call.expr.args[0]->type}, 0, out,
              args[1].datum.b ? JsonLayout::kLines : JsonLayout::kOneLine);
  return arena_string(call.arena, out);
}
Value build_array(RowCall& call, const Value* args) {
  if (spreads_null(call, args)) return Value::null();
  std::string out = "[";
  size_t i = 0;
  for (const TypedValue& value : variadic_arguments(call, args, 0)) {
    if (out.size() > 1) out += ", ";
    append_json(call, value, i++, out);
  }
  return arena_string(call.arena, out + "]");
}
Value build_object(RowCall& call, const Value* args) {
  if (spreads_null(call, args)) return Value::null();
  std::vector<TypedValue> members = variadic_arguments(call, args, 0);
  if (members.size() % 2 != 0) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "argument list must have even number of elements")
        .hint("The arguments of json_build_object() must consist of alternating keys and values.");
  }
  std::string out = "{";
  for (size_t i = 0; i < members.size(); i += 2) {
    if (members[i].value.is_null) {
      throw sql_error(SqlState::kInvalidParameterValue, "argument {} cannot be null", i + 1)
          .hint("Object keys should be text.");
    }
    if (i > 0) out += ", ";
    std::string key;
    append_json_key(call.context, members[i], key);
    append_json_string(key, out);
    out += " : ";
    append_json(call, members[i + 1], i + 1, out);
  }
  return arena_string(call.arena, out + "}");
}

#define LUMA_JSON(signature, fn, doc) scalar_row(signature, strict_kernel<&fn>, doc)

const KernelRow kRows[] = {
    LUMA_JSON("json_object_field(json,text)", field, ""),
    LUMA_JSON("json_object_field_text(json,text)", field_text, ""),
    LUMA_JSON("json_array_element(json,int4)", element, ""),
    LUMA_JSON("json_array_element_text(json,int4)", element_text, ""),
    LUMA_JSON("json_extract_path(json,_text)", path, "value at a path"),
    LUMA_JSON("json_extract_path_text(json,_text)", path_text, "value at a path as text"),
    LUMA_JSON("json_array_length(json)", array_length, "number of elements"),
    LUMA_JSON("json_typeof(json)", type_of, "kind of value"),
    LUMA_JSON("json_strip_nulls(json)", strip_nulls, "without members that are null"),
    scalar_row("to_json(anyelement)", row_kernel<to_json>, "any value as JSON"),
    scalar_row("array_to_json(anyarray)", row_kernel<to_json>, "array as JSON"),
    scalar_row("array_to_json(anyarray,bool)", row_kernel<to_pretty_json>, "array as JSON"),
    scalar_row("row_to_json(record)", row_kernel<to_json>, "row as JSON"),
    scalar_row("row_to_json(record,bool)", row_kernel<to_pretty_json>, "row as JSON"),
    scalar_row("json_build_array()", row_kernel<build_array, false>, "JSON array of the arguments"),
    scalar_row("json_build_array(any)", row_kernel<build_array, false>,
               "JSON array of the arguments"),
    scalar_row("json_build_object()", row_kernel<build_object, false>,
               "JSON object of keys and values"),
    scalar_row("json_build_object(any)", row_kernel<build_object, false>,
               "JSON object of keys and values"),
};

}  // namespace

std::span<const KernelRow> json_kernels() { return kRows; }

}  // namespace luma
