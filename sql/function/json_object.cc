// json_object() and jsonb_object(): objects of arrays of keys and values.
#include <optional>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/jsonb.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"

namespace luma {

namespace {

using Text = std::optional<std::string>;

struct Pair {
  std::string key;
  Text value;
};

Text text_at(const ArrayView& array, uint32_t i) {
  Value value = array.element(i);
  if (value.is_null) return std::nullopt;
  return std::string(value.datum.str.view());
}
std::string key_at(const ArrayView& array, uint32_t i) {
  Text key = text_at(array, i);
  if (!key) {
    throw sql_error(SqlState::kNullValueNotAllowed, "null value not allowed for object key");
  }
  return *std::move(key);
}

// Keys and values by turns, or pairs of them in a second dimension.
std::vector<Pair> pairs_of(const ArrayView& array) {
  if (array.dimension_count() > 2) {
    throw sql_error(SqlState::kArraySubscriptError, "wrong number of array subscripts");
  }
  if (array.dimension_count() == 2 && array.dimension(1).length != 2) {
    throw sql_error(SqlState::kArraySubscriptError, "array must have two columns");
  }
  if (array.size() % 2 != 0) {
    throw sql_error(SqlState::kArraySubscriptError, "array must have even number of elements");
  }
  std::vector<Pair> pairs;
  for (uint32_t i = 0; i < array.size(); i += 2) {
    pairs.push_back({key_at(array, i), text_at(array, i + 1)});
  }
  return pairs;
}

std::vector<Pair> pairs_of(const ArrayView& keys, const ArrayView& values) {
  if (keys.dimension_count() > 1 || keys.dimension_count() != values.dimension_count()) {
    throw sql_error(SqlState::kArraySubscriptError, "wrong number of array subscripts");
  }
  if (keys.size() != values.size()) {
    throw sql_error(SqlState::kArraySubscriptError, "mismatched array dimensions");
  }
  std::vector<Pair> pairs;
  for (uint32_t i = 0; i < keys.size(); ++i) {
    pairs.push_back({key_at(keys, i), text_at(values, i)});
  }
  return pairs;
}

Datum json_of(const std::vector<Pair>& pairs, Arena& arena) {
  std::string out = "{";
  for (const Pair& pair : pairs) {
    if (out.size() > 1) out += ", ";
    append_json_string(pair.key, out);
    out += " : ";
    if (pair.value) {
      append_json_string(*pair.value, out);
    } else {
      out += "null";
    }
  }
  return arena_string(arena, out + "}");
}

Datum jsonb_of_pairs(const std::vector<Pair>& pairs, Arena& arena) {
  JsonbBuilder builder;
  builder.begin_object();
  for (const Pair& pair : pairs) {
    builder.key(pair.key);
    if (pair.value) {
      builder.string(*pair.value);
    } else {
      builder.null();
    }
  }
  builder.end_object();
  return builder.finish(arena);
}

Datum json_object(RowCall& call, const Datum& array) {
  return json_of(pairs_of(ArrayView(array)), call.arena);
}
Datum json_object_of_two(RowCall& call, const Datum& keys, const Datum& values) {
  return json_of(pairs_of(ArrayView(keys), ArrayView(values)), call.arena);
}
Datum jsonb_object(RowCall& call, const Datum& array) {
  return jsonb_of_pairs(pairs_of(ArrayView(array)), call.arena);
}
Datum jsonb_object_of_two(RowCall& call, const Datum& keys, const Datum& values) {
  return jsonb_of_pairs(pairs_of(ArrayView(keys), ArrayView(values)), call.arena);
}

// jsonb_set() with a choice of what NULL does.
Value set_lax(RowCall& call, const Value* args) {
  if (args[0].is_null || args[1].is_null || args[3].is_null) return Value::null();
  if (args[4].is_null) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "null_value_treatment must be \"delete_key\", \"return_target\", "
                    "\"use_json_null\", or \"raise_exception\"");
  }
  ArrayView array(args[1].datum);
  std::vector<Text> texts;
  for (uint32_t i = 0; i < array.size(); ++i) texts.push_back(text_at(array, i));
  std::vector<JsonPathStep> steps(texts.begin(), texts.end());
  JsonbView target(args[0].datum);
  bool create = args[3].datum.b;
  if (!args[2].is_null) {
    return jsonb_set(target, steps, JsonbView(args[2].datum), create, call.arena);
  }
  std::string_view treatment = args[4].datum.str.view();
  if (treatment == "raise_exception") {
    throw sql_error(SqlState::kNullValueNotAllowed, "JSON value must not be null")
        .detail("Exception was raised because null_value_treatment is \"raise_exception\".")
        .hint(
            "To avoid, either change the null_value_treatment argument or ensure that an SQL NULL "
            "is not passed.");
  }
  if (treatment == "use_json_null") {
    return jsonb_set(target, steps, JsonbView(JsonKind::kNull, {}), create, call.arena);
  }
  if (treatment == "delete_key") return jsonb_delete_path(target, steps, call.arena);
  if (treatment == "return_target") return jsonb_of(target, call.arena);
  throw sql_error(SqlState::kInvalidParameterValue,
                  "null_value_treatment must be \"delete_key\", \"return_target\", "
                  "\"use_json_null\", or \"raise_exception\"");
}

const KernelRow kRows[] = {
    scalar_row("json_object(_text)", strict_kernel<&json_object>, "object of keys and values"),
    scalar_row("json_object(_text,_text)", strict_kernel<&json_object_of_two>,
               "object of keys and values"),
    scalar_row("jsonb_object(_text)", strict_kernel<&jsonb_object>, "object of keys and values"),
    scalar_row("jsonb_object(_text,_text)", strict_kernel<&jsonb_object_of_two>,
               "object of keys and values"),
    scalar_row("jsonb_set_lax(jsonb,_text,jsonb,bool,text)", row_kernel<set_lax, false>,
               "with the value at a path replaced, NULL as said"),
};

}  // namespace

std::span<const KernelRow> json_object_kernels() { return kRows; }

}  // namespace luma
