// jsonb: operators, editing, casts, construction from any value.
#include "engine/type/jsonb.h"

#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/numeric.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"
#include "sql/function/json_key.h"
#include "sql/function/row_names.h"
#include "sql/function/variadic.h"

namespace luma {

namespace {

using std::string_view;
using OptionalDatum = std::optional<Datum>;
using View = std::optional<JsonbView>;

OptionalDatum as_value(RowCall& call, View view) {
  return view ? OptionalDatum(jsonb_of(*view, call.arena)) : std::nullopt;
}
OptionalDatum as_text(RowCall& call, View view) {
  std::string out;
  if (!view || !jsonb_value_text(*view, out)) return std::nullopt;
  return arena_string(call.arena, out);
}

// The elements of a text[]; NULL elements are nullopt. Holds what short strings point into.
class Steps {
 public:
  explicit Steps(const Datum& array) {
    ArrayView view(array);
    if (view.dimension_count() > 1)
      throw sql_error(SqlState::kArraySubscriptError, "wrong number of array subscripts");
    datums_.resize(view.size());
    for (uint32_t i = 0; i < view.size(); ++i) {
      if (view.is_null(i)) {
        steps_.push_back(std::nullopt);
        continue;
      }
      datums_[i] = view.datum(i);
      steps_.push_back(datums_[i].str.view());
    }
  }
  std::span<const JsonPathStep> steps() const { return steps_; }
  bool has_null() const {
    for (const JsonPathStep& step : steps_) {
      if (!step) return true;
    }
    return false;
  }
  std::vector<string_view> texts() const {
    std::vector<string_view> out;
    for (const JsonPathStep& step : steps_) {
      if (step) out.push_back(*step);
    }
    return out;
  }

 private:
  std::vector<Datum> datums_;
  std::vector<JsonPathStep> steps_;
};

OptionalDatum field(RowCall& call, const Datum& json, string_view key) {
  return as_value(call, jsonb_get_field(JsonbView(json), key));
}
OptionalDatum field_text(RowCall& call, const Datum& json, string_view key) {
  return as_text(call, jsonb_get_field(JsonbView(json), key));
}
OptionalDatum element(RowCall& call, const Datum& json, int32_t index) {
  return as_value(call, jsonb_get_element(JsonbView(json), index));
}
OptionalDatum element_text(RowCall& call, const Datum& json, int32_t index) {
  return as_text(call, jsonb_get_element(JsonbView(json), index));
}
OptionalDatum path(RowCall& call, const Datum& json, const Datum& steps) {
  Steps list(steps);
  return list.has_null() ? std::nullopt
                         : as_value(call, jsonb_get_path(JsonbView(json), list.texts()));
}
OptionalDatum path_text(RowCall& call, const Datum& json, const Datum& steps) {
  Steps list(steps);
  return list.has_null() ? std::nullopt
                         : as_text(call, jsonb_get_path(JsonbView(json), list.texts()));
}

int32_t array_length(const Datum& json) { return jsonb_array_length(JsonbView(json)); }
string_view type_of(const Datum& json) { return jsonb_typeof(JsonbView(json)); }
Datum pretty(RowCall& call, const Datum& json) {
  std::string out;
  jsonb_pretty(JsonbView(json), out);
  return arena_string(call.arena, out);
}
Datum strip_nulls(RowCall& call, const Datum& json) {
  return jsonb_strip_nulls(JsonbView(json), call.arena);
}

bool contains(const Datum& a, const Datum& b) { return jsonb_contains(JsonbView(a), JsonbView(b)); }
bool contained(const Datum& a, const Datum& b) {
  return jsonb_contains(JsonbView(b), JsonbView(a));
}
bool exists(const Datum& json, string_view key) { return jsonb_exists(JsonbView(json), key); }
bool exists_any(const Datum& json, const Datum& keys) {
  return jsonb_exists_any(JsonbView(json), Steps(keys).texts());
}
bool exists_all(const Datum& json, const Datum& keys) {
  return jsonb_exists_all(JsonbView(json), Steps(keys).texts());
}

Datum concatenate(RowCall& call, const Datum& a, const Datum& b) {
  return jsonb_concat(JsonbView(a), JsonbView(b), call.arena);
}
Datum delete_key(RowCall& call, const Datum& json, string_view key) {
  return jsonb_delete_key(JsonbView(json), key, call.arena);
}
Datum delete_keys(RowCall& call, const Datum& json, const Datum& keys) {
  return jsonb_delete_keys(JsonbView(json), Steps(keys).texts(), call.arena);
}
Datum delete_element(RowCall& call, const Datum& json, int32_t index) {
  return jsonb_delete_element(JsonbView(json), index, call.arena);
}
Datum delete_path(RowCall& call, const Datum& json, const Datum& steps) {
  return jsonb_delete_path(JsonbView(json), Steps(steps).steps(), call.arena);
}
Datum set(RowCall& call, const Datum& json, const Datum& steps, const Datum& value, bool create) {
  return jsonb_set(JsonbView(json), Steps(steps).steps(), JsonbView(value), create, call.arena);
}
Datum insert(RowCall& call, const Datum& json, const Datum& steps, const Datum& value, bool after) {
  return jsonb_insert(JsonbView(json), Steps(steps).steps(), JsonbView(value), after, call.arena);
}

bool eq(const Datum& a, const Datum& b) { return jsonb_equal(JsonbView(a), JsonbView(b)); }
bool ne(const Datum& a, const Datum& b) { return !jsonb_equal(JsonbView(a), JsonbView(b)); }
bool lt(const Datum& a, const Datum& b) { return jsonb_compare(JsonbView(a), JsonbView(b)) < 0; }
bool le(const Datum& a, const Datum& b) { return jsonb_compare(JsonbView(a), JsonbView(b)) <= 0; }
bool gt(const Datum& a, const Datum& b) { return jsonb_compare(JsonbView(a), JsonbView(b)) > 0; }
bool ge(const Datum& a, const Datum& b) { return jsonb_compare(JsonbView(a), JsonbView(b)) >= 0; }
int32_t cmp(const Datum& a, const Datum& b) { return jsonb_compare(JsonbView(a), JsonbView(b)); }

bool to_bool(const Datum& json) { return jsonb_to_bool(JsonbView(json)); }
Datum to_numeric(RowCall& call, const Datum& json) {
  return copy_datum(jsonb_to_numeric(JsonbView(json), "numeric"), PhysicalType::kVarlen,
                    call.arena);
}
int16_t to_int2(const Datum& json) {
  return numeric_to_int16(jsonb_to_numeric(JsonbView(json), "smallint"));
}
int32_t to_int4(const Datum& json) {
  return numeric_to_int32(jsonb_to_numeric(JsonbView(json), "integer"));
}
int64_t to_int8(const Datum& json) {
  return numeric_to_int64(jsonb_to_numeric(JsonbView(json), "bigint"));
}
float to_float4(const Datum& json) {
  return numeric_to_float4(jsonb_to_numeric(JsonbView(json), "real"));
}
double to_float8(const Datum& json) {
  return numeric_to_float8(jsonb_to_numeric(JsonbView(json), "double precision"));
}

// --- construction ---
Value from_any(RowCall& call, const Value* args) {
  RowNames names(*call.expr.args[0], call.context.field_names);
  return to_jsonb(args[0], call.expr.args[0]->type, io_of(call.context), names.get(), call.arena);
}
Value build_array(RowCall& call, const Value* args) {
  if (spreads_null(call, args)) return Value::null();
  JsonbBuilder builder;
  builder.begin_array();
  size_t i = 0;
  for (const TypedValue& value : variadic_arguments(call, args, 0)) {
    RowNames names(*call.expr.args[std::min(i++, call.expr.args.size() - 1)],
                   call.context.field_names);
    add_to_jsonb(value.value, value.type, io_of(call.context), names.get(), builder);
  }
  builder.end_array();
  return builder.finish(call.arena);
}
Value build_object(RowCall& call, const Value* args) {
  if (spreads_null(call, args)) return Value::null();
  std::vector<TypedValue> members = variadic_arguments(call, args, 0);
  if (members.size() % 2 != 0) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "argument list must have even number of elements")
        .hint("The arguments of jsonb_build_object() must consist of alternating keys and values.");
  }
  JsonbBuilder builder;
  builder.begin_object();
  for (size_t i = 0; i < members.size(); i += 2) {
    if (members[i].value.is_null) {
      throw sql_error(SqlState::kInvalidParameterValue, "argument {}: key must not be null", i + 1);
    }
    std::string key;
    append_json_key(call.context, members[i], key);
    builder.key(key);
    RowNames names(*call.expr.args[std::min(i + 1, call.expr.args.size() - 1)],
                   call.context.field_names);
    add_to_jsonb(members[i + 1].value, members[i + 1].type, io_of(call.context), names.get(),
                 builder);
  }
  builder.end_object();
  return builder.finish(call.arena);
}

#define LUMA_JSONB(signature, fn, doc) scalar_row(signature, strict_kernel<&fn>, doc)

const KernelRow kRows[] = {
    LUMA_JSONB("jsonb_object_field(jsonb,text)", field, ""),
    LUMA_JSONB("jsonb_object_field_text(jsonb,text)", field_text, ""),
    LUMA_JSONB("jsonb_array_element(jsonb,int4)", element, ""),
    LUMA_JSONB("jsonb_array_element_text(jsonb,int4)", element_text, ""),
    LUMA_JSONB("jsonb_extract_path(jsonb,_text)", path, "value at a path"),
    LUMA_JSONB("jsonb_extract_path_text(jsonb,_text)", path_text, "value at a path as text"),
    LUMA_JSONB("jsonb_array_length(jsonb)", array_length, "number of elements"),
    LUMA_JSONB("jsonb_typeof(jsonb)", type_of, "kind of value"),
    LUMA_JSONB("jsonb_pretty(jsonb)", pretty, "indented text"),
    LUMA_JSONB("jsonb_strip_nulls(jsonb)", strip_nulls, "without members that are null"),
    LUMA_JSONB("jsonb_contains(jsonb,jsonb)", contains, ""),
    LUMA_JSONB("jsonb_contained(jsonb,jsonb)", contained, ""),
    LUMA_JSONB("jsonb_exists(jsonb,text)", exists, ""),
    LUMA_JSONB("jsonb_exists_any(jsonb,_text)", exists_any, ""),
    LUMA_JSONB("jsonb_exists_all(jsonb,_text)", exists_all, ""),
    LUMA_JSONB("jsonb_concat(jsonb,jsonb)", concatenate, ""),
    LUMA_JSONB("jsonb_delete(jsonb,text)", delete_key, ""),
    LUMA_JSONB("jsonb_delete(jsonb,_text)", delete_keys, ""),
    LUMA_JSONB("jsonb_delete(jsonb,int4)", delete_element, ""),
    LUMA_JSONB("jsonb_delete_path(jsonb,_text)", delete_path, ""),
    LUMA_JSONB("jsonb_set(jsonb,_text,jsonb,bool)", set, "with the value at a path replaced"),
    LUMA_JSONB("jsonb_insert(jsonb,_text,jsonb,bool)", insert, "with a value inserted at a path"),
    LUMA_JSONB("jsonb_eq(jsonb,jsonb)", eq, ""),
    LUMA_JSONB("jsonb_ne(jsonb,jsonb)", ne, ""),
    LUMA_JSONB("jsonb_lt(jsonb,jsonb)", lt, ""),
    LUMA_JSONB("jsonb_le(jsonb,jsonb)", le, ""),
    LUMA_JSONB("jsonb_gt(jsonb,jsonb)", gt, ""),
    LUMA_JSONB("jsonb_ge(jsonb,jsonb)", ge, ""),
    LUMA_JSONB("jsonb_cmp(jsonb,jsonb)", cmp, ""),
    LUMA_JSONB("bool(jsonb)", to_bool, ""),
    LUMA_JSONB("numeric(jsonb)", to_numeric, ""),
    LUMA_JSONB("int2(jsonb)", to_int2, ""),
    LUMA_JSONB("int4(jsonb)", to_int4, ""),
    LUMA_JSONB("int8(jsonb)", to_int8, ""),
    LUMA_JSONB("float4(jsonb)", to_float4, ""),
    LUMA_JSONB("float8(jsonb)", to_float8, ""),
    scalar_row("to_jsonb(anyelement)", row_kernel<from_any>, "any value as JSON"),
    scalar_row("jsonb_build_array()", row_kernel<build_array, false>,
               "JSON array of the arguments"),
    scalar_row("jsonb_build_array(any)", row_kernel<build_array, false>,
               "JSON array of the arguments"),
    scalar_row("jsonb_build_object()", row_kernel<build_object, false>,
               "JSON object of keys and values"),
    scalar_row("jsonb_build_object(any)", row_kernel<build_object, false>,
               "JSON object of keys and values"),
};

}  // namespace

std::span<const KernelRow> jsonb_kernels() { return kRows; }

}  // namespace luma
