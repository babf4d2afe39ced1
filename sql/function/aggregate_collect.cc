// Aggregates that collect their input: string_agg, array_agg, json(b)_agg, json(b)_object_agg, and
// the ordered-set aggregates, whose input arrives sorted.
#include <cmath>
#include <memory>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "engine/type/interval.h"
#include "engine/type/jsonb.h"
#include "engine/type/utf8_text.h"
#include "sql/function/aggregate_adapter.h"
#include "sql/function/families.h"
#include "sql/function/json_key.h"
#include "sql/function/row_names.h"
#include "sql/function/variadic.h"

namespace luma {

namespace {

struct StringAgg {
  struct State {
    std::string text;
    bool any = false;
  };
  static void add(const AggregateCall&, State& state, const Value* values) {
    if (values[0].is_null) return;
    if (state.any && !values[1].is_null) state.text += values[1].datum.str.view();
    state.text += values[0].datum.str.view();
    state.any = true;
  }
  static Value finish(const AggregateCall& call, const State& state) {
    return state.any ? Value(arena_string(call.arena, state.text)) : Value::null();
  }
};

struct ArrayAgg {
  using State = std::unique_ptr<ArrayBuilder>;
  static void add(const AggregateCall& call, State& state, const Value* values) {
    if (!state) {
      const TypeInfo& type = type_info(call.expr.type.oid);
      state = std::make_unique<ArrayBuilder>(type.element, call.expr.args[0]->physical);
    }
    state->add(values[0]);
  }
  static Value finish(const AggregateCall& call, const State& state) {
    return state ? Value(state->finish(call.arena)) : Value::null();
  }
};

// array_agg of arrays: one dimension more.
struct ArrayOfArraysAgg {
  struct State {
    std::unique_ptr<ArrayBuilder> elements;
    std::vector<ArrayDimension> dimensions;
    int32_t parts = 0;
  };
  static void add(const AggregateCall&, State& state, const Value* values) {
    if (values[0].is_null)
      throw sql_error(SqlState::kNullValueNotAllowed, "cannot accumulate null arrays");
    ArrayView part(values[0].datum);
    if (part.dimension_count() == 0) {
      throw sql_error(SqlState::kArraySubscriptError, "cannot accumulate empty arrays");
    }
    std::vector<ArrayDimension> dimensions(part.dimensions().begin(), part.dimensions().end());
    if (!state.elements) {
      state.elements = std::make_unique<ArrayBuilder>(part.element_oid());
      state.dimensions = dimensions;
    } else if (dimensions != state.dimensions) {
      throw sql_error(SqlState::kArraySubscriptError,
                      "cannot accumulate arrays of different dimensionality");
    }
    for (uint32_t i = 0; i < part.size(); ++i) state.elements->add(part.element(i));
    ++state.parts;
  }
  static Value finish(const AggregateCall& call, const State& state) {
    if (!state.elements) return Value::null();
    std::vector<ArrayDimension> dimensions{{state.parts, 1}};
    dimensions.insert(dimensions.end(), state.dimensions.begin(), state.dimensions.end());
    return state.elements->finish(dimensions, call.arena);
  }
};

// Arrays and rows start on a line of their own, as PostgreSQL prints them.
bool is_structured(Oid type) {
  const TypeInfo& info = type_info(type);
  return info.is_array() || info.type_type == 'c' || type == type_oid::kRecord;
}

struct JsonAgg {
  using State = std::string;
  static void add(const AggregateCall& call, State& state, const Value* values) {
    TypeRef type = call.expr.args[0]->type;
    if (state.empty()) {
      state = "[";
    } else {
      state += ", ";
      if (!values[0].is_null && is_structured(type.oid)) state += "\n ";
    }
    RowNames names(*call.expr.args[0], call.context.field_names);
    value_to_json(values[0], type, io_of(call.context), names.get(), state);
  }
  static Value finish(const AggregateCall& call, const State& state) {
    return state.empty() ? Value::null() : Value(arena_string(call.arena, state + "]"));
  }
};

// The text of an object key of any type.
std::string key_text(const AggregateCall& call, const Value& value, TypeRef type) {
  std::string text;
  append_json_key(call.context, {value, type}, text);
  return text;
}

struct JsonObjectAgg {
  using State = std::string;
  static void add(const AggregateCall& call, State& state, const Value* values) {
    if (values[0].is_null)
      throw sql_error(SqlState::kInvalidParameterValue, "field name must not be null");
    state += state.empty() ? "{ " : ", ";
    std::string key = key_text(call, values[0], call.expr.args[0]->type);
    value_to_json(Datum::of_string(key), {type_oid::kText, -1}, io_of(call.context),
                  call.context.field_names, state);
    state += " : ";
    RowNames names(*call.expr.args[1], call.context.field_names);
    value_to_json(values[1], call.expr.args[1]->type, io_of(call.context), names.get(), state);
  }
  static Value finish(const AggregateCall& call, const State& state) {
    return state.empty() ? Value::null() : Value(arena_string(call.arena, state + " }"));
  }
};

struct JsonbAgg {
  using State = std::unique_ptr<JsonbBuilder>;
  static void add(const AggregateCall& call, State& state, const Value* values) {
    if (!state) {
      state = std::make_unique<JsonbBuilder>();
      state->begin_array();
    }
    RowNames names(*call.expr.args[0], call.context.field_names);
    add_to_jsonb(values[0], call.expr.args[0]->type, io_of(call.context), names.get(), *state);
  }
  static Value finish(const AggregateCall& call, const State& state) {
    if (!state) return Value::null();
    JsonbBuilder copy = *state;  // a window may ask again after more rows
    copy.end_array();
    return copy.finish(call.arena);
  }
};

struct JsonbObjectAgg {
  using State = std::unique_ptr<JsonbBuilder>;
  static void add(const AggregateCall& call, State& state, const Value* values) {
    if (values[0].is_null)
      throw sql_error(SqlState::kInvalidParameterValue, "field name must not be null");
    if (!state) {
      state = std::make_unique<JsonbBuilder>();
      state->begin_object();
    }
    state->key(key_text(call, values[0], call.expr.args[0]->type));
    RowNames names(*call.expr.args[1], call.context.field_names);
    add_to_jsonb(values[1], call.expr.args[1]->type, io_of(call.context), names.get(), *state);
  }
  static Value finish(const AggregateCall& call, const State& state) {
    if (!state) return Value::null();
    JsonbBuilder copy = *state;
    copy.end_object();
    return copy.finish(call.arena);
  }
};

// --- ordered-set aggregates: args are (direct..., value) and rows come in the order of WITHIN
// GROUP ---
struct SortedValues {
  std::vector<Datum> values;
  Value direct;
  bool direct_known = false;
};

void keep_sorted(const AggregateCall& call, SortedValues& state, const Value* direct,
                 const Value& value) {
  if (direct != nullptr && !state.direct_known) {
    const TypeInfo& type = type_info(call.expr.args[0]->type.oid);
    state.direct = direct->is_null ? Value::null()
                                   : Value(copy_datum(direct->datum, type.physical, call.arena));
    state.direct_known = true;
  }
  if (value.is_null) return;
  PhysicalType physical = call.expr.args[direct == nullptr ? 0 : 1]->physical;
  state.values.push_back(copy_datum(value.datum, physical, call.arena));
}

double checked_fraction(double fraction) {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw sql_error(SqlState::kNumericValueOutOfRange, "percentile value {} is not between 0 and 1",
                    fraction);
  }
  return fraction;
}

Datum discrete(const SortedValues& state, double fraction) {
  auto rows = static_cast<double>(state.values.size());
  auto index = static_cast<size_t>(std::ceil(checked_fraction(fraction) * rows));
  return state.values[index == 0 ? 0 : index - 1];
}

Datum interpolate(const Datum& low, const Datum& high, double part, PhysicalType physical) {
  if (physical == PhysicalType::kDouble)
    return Datum::of_double(low.f64 + part * (high.f64 - low.f64));
  Interval difference = interval_subtract(high.interval, low.interval);
  return Datum::of_interval(interval_add(low.interval, interval_multiply(difference, part)));
}

Datum continuous(const SortedValues& state, double fraction, PhysicalType physical) {
  double position = checked_fraction(fraction) * static_cast<double>(state.values.size() - 1);
  auto low = static_cast<size_t>(std::floor(position)),
       high = static_cast<size_t>(std::ceil(position));
  if (low == high) return state.values[low];
  return interpolate(state.values[low], state.values[high], position - std::floor(position),
                     physical);
}

template <bool is_continuous>
struct Percentile {
  using State = SortedValues;
  static void add(const AggregateCall& call, State& state, const Value* values) {
    keep_sorted(call, state, values, values[1]);
  }
  static Value finish(const AggregateCall& call, const State& state) {
    if (state.values.empty() || state.direct.is_null) return Value::null();
    return at(call, state, state.direct.datum.f64);
  }
  static Datum at(const AggregateCall& call, const State& state, double fraction) {
    return is_continuous ? continuous(state, fraction, call.expr.args[1]->physical)
                         : discrete(state, fraction);
  }
};

// An array of fractions gives an array of results.
template <bool is_continuous>
struct Percentiles : Percentile<is_continuous> {
  using State = SortedValues;
  static Value finish(const AggregateCall& call, const State& state) {
    if (state.values.empty() || state.direct.is_null) return Value::null();
    ArrayView fractions(state.direct.datum);
    ArrayBuilder results(type_info(call.expr.type.oid).element);
    for (uint32_t i = 0; i < fractions.size(); ++i) {
      if (fractions.is_null(i)) {
        results.add(Value::null());
      } else {
        results.add(Percentile<is_continuous>::at(call, state, fractions.datum(i).f64));
      }
    }
    return results.finish(fractions.dimensions(), call.arena);
  }
};

struct Mode {
  using State = SortedValues;
  static void add(const AggregateCall& call, State& state, const Value* values) {
    keep_sorted(call, state, nullptr, values[0]);
  }
  static Value finish(const AggregateCall& call, const State& state) {
    const TypeInfo& type = type_info(call.expr.args[0]->type.oid);
    size_t best = 0, best_length = 0, start = 0;
    for (size_t i = 0; i < state.values.size(); ++i) {
      if (i > 0 && type.compare(state.values[i], state.values[start], type) != 0) start = i;
      if (i - start + 1 > best_length) {
        best = start;
        best_length = i - start + 1;
      }
    }
    return best_length == 0 ? Value::null() : Value(state.values[best]);
  }
};

const KernelRow kRows[] = {
    aggregate_row("string_agg(text,text)", aggregate_of<StringAgg>(),
                  "texts with a delimiter between them"),
    aggregate_row("string_agg(bytea,bytea)", aggregate_of<StringAgg>(),
                  "bytes with a delimiter between them"),
    aggregate_row("array_agg(anynonarray)", aggregate_of<ArrayAgg>(), "array of the values"),
    aggregate_row("array_agg(anyarray)", aggregate_of<ArrayOfArraysAgg>(), "array of the arrays"),
    aggregate_row("json_agg(anyelement)", aggregate_of<JsonAgg>(), "JSON array of the values"),
    aggregate_row("jsonb_agg(anyelement)", aggregate_of<JsonbAgg>(), "JSON array of the values"),
    aggregate_row("json_object_agg(any,any)", aggregate_of<JsonObjectAgg>(),
                  "JSON object of keys and values"),
    aggregate_row("jsonb_object_agg(any,any)", aggregate_of<JsonbObjectAgg>(),
                  "JSON object of keys and values"),
    aggregate_row("percentile_cont(float8,float8)", aggregate_of<Percentile<true>>(),
                  "interpolated percentile"),
    aggregate_row("percentile_cont(float8,interval)", aggregate_of<Percentile<true>>(),
                  "interpolated percentile"),
    aggregate_row("percentile_cont(_float8,float8)", aggregate_of<Percentiles<true>>(),
                  "interpolated percentiles"),
    aggregate_row("percentile_cont(_float8,interval)", aggregate_of<Percentiles<true>>(),
                  "interpolated percentiles"),
    aggregate_row("percentile_disc(float8,anyelement)", aggregate_of<Percentile<false>>(),
                  "percentile"),
    aggregate_row("percentile_disc(_float8,anyelement)", aggregate_of<Percentiles<false>>(),
                  "percentiles"),
    aggregate_row("mode(anyelement)", aggregate_of<Mode>(), "most frequent value"),
};

}  // namespace

std::span<const KernelRow> aggregate_collect_kernels() { return kRows; }

}  // namespace luma
