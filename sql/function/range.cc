// Ranges: construction, bounds, comparison with ranges and values, union, intersection, difference;
// the same of multiranges is in multirange.cc.
#include "engine/type/range.h"

#include "engine/base/sql_error.h"
#include "engine/type/interval.h"
#include "engine/type/numeric.h"
#include "sql/function/aggregate_adapter.h"
#include "sql/function/type_comparison.h"
#include "sql/function/type_families.h"

namespace luma {

namespace {

using std::string_view;

// The operations of a call's first range argument.
RangeOps ops_of(const RowCall& call, size_t arg = 0) {
  return RangeOps(call.expr.args[arg]->type.oid);
}

// --- construction ---
void parse_bound_flags(const Value& flags, RangeBound& lower, RangeBound& upper) {
  if (flags.is_null) {
    throw sql_error(SqlState::kDataException, "range constructor flags argument must not be null");
  }
  string_view text = flags.datum.str.view();
  bool valid =
      text.size() == 2 && (text[0] == '[' || text[0] == '(') && (text[1] == ']' || text[1] == ')');
  if (!valid) {
    throw sql_error(SqlState::kSyntaxError, "invalid range bound flags")
        .hint("Valid values are \"[]\", \"[)\", \"(]\", and \"()\".");
  }
  lower.inclusive = text[0] == '[';
  upper.inclusive = text[1] == ']';
}

Value construct(RowCall& call, const Value* args) {
  RangeOps ops(call.expr.type.oid);
  RangeBound lower, upper;
  lower.inclusive = true;
  if (call.expr.args.size() > 2) parse_bound_flags(args[2], lower, upper);
  auto take = [](const Value& value, RangeBound& bound) {
    bound.infinite = value.is_null;
    bound.value = value.datum;
  };
  take(args[0], lower);
  take(args[1], upper);
  return ops.store(ops.make(lower, upper), call.arena);
}

Datum canonical(RowCall& call, string_view value) {
  RangeOps ops = ops_of(call);
  Range range = ops.read(value);
  return ops.store(range.empty ? range : ops.make(range.lower, range.upper), call.arena);
}

// --- bounds ---
template <RangeBound Range::*side>
Value bound_value(RowCall& call, const Value* args) {
  RangeOps ops = ops_of(call);
  Range range = ops.read(args[0].datum.str.view());
  const RangeBound& bound = range.*side;
  if (range.empty || bound.infinite) return Value::null();
  return copy_datum(bound.value, ops.subtype().physical, call.arena);
}
template <RangeBound Range::*side>
bool bound_inclusive(RowCall& call, string_view value) {
  Range range = ops_of(call).read(value);
  return !range.empty && (range.*side).inclusive;
}
template <RangeBound Range::*side>
bool bound_infinite(RowCall& call, string_view value) {
  Range range = ops_of(call).read(value);
  return !range.empty && (range.*side).infinite;
}
bool is_empty(RowCall& call, string_view value) { return ops_of(call).read(value).empty; }

// --- comparison with values and ranges ---
Value contains_value(RowCall& call, const Value* args) {
  RangeOps ops = ops_of(call);
  return Datum::of_bool(ops.contains_value(ops.read(args[0].datum.str.view()), args[1].datum));
}
Value value_contained(RowCall& call, const Value* args) {
  RangeOps ops = ops_of(call, 1);
  return Datum::of_bool(ops.contains_value(ops.read(args[1].datum.str.view()), args[0].datum));
}

template <auto test>
bool test_ranges(RowCall& call, string_view a, string_view b) {
  RangeOps ops = ops_of(call);
  return test(ops, ops.read(a), ops.read(b));
}
bool contains(const RangeOps& ops, const Range& a, const Range& b) { return ops.contains(a, b); }
bool contained(const RangeOps& ops, const Range& a, const Range& b) { return ops.contains(b, a); }
bool overlaps(const RangeOps& ops, const Range& a, const Range& b) { return ops.overlaps(a, b); }
bool before(const RangeOps& ops, const Range& a, const Range& b) { return ops.before(a, b); }
bool after(const RangeOps& ops, const Range& a, const Range& b) { return ops.before(b, a); }
bool adjacent(const RangeOps& ops, const Range& a, const Range& b) { return ops.adjacent(a, b); }
bool not_above(const RangeOps& ops, const Range& a, const Range& b) {
  return !a.empty && !b.empty && ops.compare_bounds(a.upper, b.upper) <= 0;
}
bool not_below(const RangeOps& ops, const Range& a, const Range& b) {
  return !a.empty && !b.empty && ops.compare_bounds(a.lower, b.lower) >= 0;
}

// --- sets ---
template <auto combine>
Datum combined(RowCall& call, string_view a, string_view b) {
  RangeOps ops = ops_of(call);
  return ops.store(combine(ops, ops.read(a), ops.read(b)), call.arena);
}
Range united(const RangeOps& ops, const Range& a, const Range& b) {
  if (!a.empty && !b.empty && !ops.overlaps(a, b) && !ops.adjacent(a, b)) {
    throw sql_error(SqlState::kDataException, "result of range union would not be contiguous");
  }
  return ops.merge(a, b);
}
Range merged(const RangeOps& ops, const Range& a, const Range& b) { return ops.merge(a, b); }
Range intersection(const RangeOps& ops, const Range& a, const Range& b) {
  return ops.intersect(a, b);
}
Range difference(const RangeOps& ops, const Range& a, const Range& b) {
  Range below, above;
  ops.subtract(a, b, below, above);
  if (!below.empty && !above.empty) {
    throw sql_error(SqlState::kDataException, "result of range difference would not be contiguous");
  }
  return below.empty ? above : below;
}

// --- distances ---
double int4_distance(int32_t a, int32_t b) { return static_cast<double>(a) - b; }
double int8_distance(int64_t a, int64_t b) {
  return static_cast<double>(a) - static_cast<double>(b);
}
double date_distance(int32_t a, int32_t b) { return static_cast<double>(a) - b; }
double timestamp_distance(int64_t a, int64_t b) {
  constexpr double kMicrosPerSecond = 1000000;
  return (static_cast<double>(a) - static_cast<double>(b)) / kMicrosPerSecond;
}
double numeric_distance(RowCall& call, const Datum& a, const Datum& b) {
  return numeric_to_float8(numeric_sub(a, b, call.arena));
}

// range_intersect_agg(range): kept as bytes.
struct IntersectRanges {
  using Args = TypeList<StringRef>;
  struct State {
    std::string range;
    bool any = false;
  };
  static void add(const AggregateCall& call, State& state, const StringRef& value) {
    if (!state.any) {
      state.range = value.view();
      state.any = true;
      return;
    }
    RangeOps ops(call.expr.args[0]->type.oid);
    std::string both;
    ops.append(ops.intersect(ops.read(state.range), ops.read(value.view())), both);
    state.range = std::move(both);
  }
  static void merge(const AggregateCall& call, State& into, const State& from) {
    if (from.any) add(call, into, StringRef(from.range));
  }
  static Value finish(const AggregateCall& call, const State& state) {
    if (!state.any) return Value::null();
    return copy_datum(Datum::of_string(state.range), PhysicalType::kVarlen, call.arena);
  }
};

#define LUMA_RANGE_CONSTRUCTORS(range, subtype)                               \
  scalar_row(range "(" subtype "," subtype ")", row_kernel<construct, false>, \
             "range from the first up to before the second value"),           \
      scalar_row(range "(" subtype "," subtype ",text)", row_kernel<construct, false>, "range")

const KernelRow kRows[] = {
    LUMA_TYPE_COMPARISONS("range_", "anyrange"),
    scalar_row("range_cmp(anyrange,anyrange)", strict_kernel<&TypeOrder::cmp>),
    LUMA_RANGE_CONSTRUCTORS("int4range", "int4"),
    LUMA_RANGE_CONSTRUCTORS("int8range", "int8"),
    LUMA_RANGE_CONSTRUCTORS("numrange", "numeric"),
    LUMA_RANGE_CONSTRUCTORS("daterange", "date"),
    LUMA_RANGE_CONSTRUCTORS("tsrange", "timestamp"),
    LUMA_RANGE_CONSTRUCTORS("tstzrange", "timestamptz"),
    scalar_row("int4range_canonical(int4range)", strict_kernel<&canonical>),
    scalar_row("int8range_canonical(int8range)", strict_kernel<&canonical>),
    scalar_row("daterange_canonical(daterange)", strict_kernel<&canonical>),
    scalar_row("lower(anyrange)", row_kernel<bound_value<&Range::lower>>, "lower bound"),
    scalar_row("upper(anyrange)", row_kernel<bound_value<&Range::upper>>, "upper bound"),
    scalar_row("lower_inc(anyrange)", strict_kernel<&bound_inclusive<&Range::lower>>,
               "whether the lower bound is in the range"),
    scalar_row("upper_inc(anyrange)", strict_kernel<&bound_inclusive<&Range::upper>>,
               "whether the upper bound is in the range"),
    scalar_row("lower_inf(anyrange)", strict_kernel<&bound_infinite<&Range::lower>>,
               "whether there is no lower bound"),
    scalar_row("upper_inf(anyrange)", strict_kernel<&bound_infinite<&Range::upper>>,
               "whether there is no upper bound"),
    scalar_row("isempty(anyrange)", strict_kernel<&is_empty>, "whether the range is empty"),
    scalar_row("range_contains_elem(anyrange,anyelement)", row_kernel<contains_value>),
    scalar_row("elem_contained_by_range(anyelement,anyrange)", row_kernel<value_contained>),
    scalar_row("range_contains(anyrange,anyrange)", strict_kernel<&test_ranges<&contains>>),
    scalar_row("range_contained_by(anyrange,anyrange)", strict_kernel<&test_ranges<&contained>>),
    scalar_row("range_overlaps(anyrange,anyrange)", strict_kernel<&test_ranges<&overlaps>>),
    scalar_row("range_before(anyrange,anyrange)", strict_kernel<&test_ranges<&before>>),
    scalar_row("range_after(anyrange,anyrange)", strict_kernel<&test_ranges<&after>>),
    scalar_row("range_adjacent(anyrange,anyrange)", strict_kernel<&test_ranges<&adjacent>>),
    scalar_row("range_overleft(anyrange,anyrange)", strict_kernel<&test_ranges<&not_above>>),
    scalar_row("range_overright(anyrange,anyrange)", strict_kernel<&test_ranges<&not_below>>),
    scalar_row("range_union(anyrange,anyrange)", strict_kernel<&combined<&united>>),
    scalar_row("range_merge(anyrange,anyrange)", strict_kernel<&combined<&merged>>,
               "smallest range with both"),
    scalar_row("range_intersect(anyrange,anyrange)", strict_kernel<&combined<&intersection>>),
    scalar_row("range_minus(anyrange,anyrange)", strict_kernel<&combined<&difference>>),
    scalar_row("int4range_subdiff(int4,int4)", strict_kernel<&int4_distance>),
    scalar_row("int8range_subdiff(int8,int8)", strict_kernel<&int8_distance>),
    scalar_row("daterange_subdiff(date,date)", strict_kernel<&date_distance>),
    scalar_row("tsrange_subdiff(timestamp,timestamp)", strict_kernel<&timestamp_distance>),
    scalar_row("tstzrange_subdiff(timestamptz,timestamptz)", strict_kernel<&timestamp_distance>),
    scalar_row("numrange_subdiff(numeric,numeric)", strict_kernel<&numeric_distance>),
    aggregate_row("range_intersect_agg(anyrange)", aggregate_of<IntersectRanges>(),
                  "what all ranges share"),
};

}  // namespace

std::span<const KernelRow> range_kernels() { return kRows; }

}  // namespace luma
