// Multiranges: construction, bounds, comparison with values, ranges and multiranges, sets.
#include "engine/type/multirange.h"

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "sql/function/aggregate_adapter.h"
#include "sql/function/type_comparison.h"
#include "sql/function/type_families.h"

namespace luma {

namespace {

using std::string_view;

// What an argument covers: a range counts as a multirange of one, an empty one of none.
RangeList ranges_of(const RangeOps& ops, const RowCall& call, size_t arg, string_view value) {
  if (call.expr.args[arg]->type.oid == ops.kind().multirange) return read_multirange(ops, value);
  Range range = ops.read(value);
  return range.empty ? RangeList() : RangeList{range};
}

// --- construction ---
Value construct_none(RowCall& call, const Value*) {
  return store_multirange(RangeOps(call.expr.type.oid), {}, call.arena);
}
Value construct_one(RowCall& call, const Value* args) {
  RangeOps ops(call.expr.type.oid);
  return store_multirange(ops, ranges_of(ops, call, 0, args[0].datum.str.view()), call.arena);
}
Value construct_many(RowCall& call, const Value* args) {
  RangeOps ops(call.expr.type.oid);
  ArrayView array(args[0].datum);
  if (array.dimension_count() > 1) {
    throw sql_error(SqlState::kCardinalityViolation,
                    "multiranges cannot be constructed from multidimensional arrays");
  }
  std::vector<Datum> values;  // short ranges live in their datums
  values.reserve(array.size());
  RangeList ranges;
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.is_null(i)) {
      throw sql_error(SqlState::kNullValueNotAllowed,
                      "multirange values cannot contain null members");
    }
    values.push_back(array.datum(i));
    ranges.push_back(ops.read(values.back().str.view()));
  }
  return store_multirange(ops, normalize_ranges(ops, std::move(ranges)), call.arena);
}

// --- bounds ---
template <RangeBound Range::*side>
Value bound_value(RowCall& call, const Value* args) {
  RangeOps ops(call.expr.args[0]->type.oid);
  Range range = span_of(read_multirange(ops, args[0].datum.str.view()));
  const RangeBound& bound = range.*side;
  if (range.empty || bound.infinite) return Value::null();
  return copy_datum(bound.value, ops.subtype().physical, call.arena);
}
Range span_of_value(const RowCall& call, string_view value) {
  RangeOps ops(call.expr.args[0]->type.oid);
  return span_of(read_multirange(ops, value));
}
template <RangeBound Range::*side>
bool bound_inclusive(RowCall& call, string_view value) {
  Range range = span_of_value(call, value);
  return !range.empty && (range.*side).inclusive;
}
template <RangeBound Range::*side>
bool bound_infinite(RowCall& call, string_view value) {
  Range range = span_of_value(call, value);
  return !range.empty && (range.*side).infinite;
}
bool is_empty(RowCall& call, string_view value) { return span_of_value(call, value).empty; }
Datum span_range(RowCall& call, string_view value) {
  RangeOps ops(call.expr.args[0]->type.oid);
  return ops.store(span_of(read_multirange(ops, value)), call.arena);
}

// --- comparison ---
bool holds_value(const RangeOps& ops, string_view multirange, const Datum& value) {
  for (const Range& range : read_multirange(ops, multirange)) {
    if (ops.contains_value(range, value)) return true;
  }
  return false;
}
Value contains_value(RowCall& call, const Value* args) {
  RangeOps ops(call.expr.args[0]->type.oid);
  return Datum::of_bool(holds_value(ops, args[0].datum.str.view(), args[1].datum));
}
Value value_contained(RowCall& call, const Value* args) {
  RangeOps ops(call.expr.args[1]->type.oid);
  return Datum::of_bool(holds_value(ops, args[1].datum.str.view(), args[0].datum));
}

template <auto test>
bool test_lists(RowCall& call, string_view a, string_view b) {
  RangeOps ops(call.expr.args[0]->type.oid);
  return test(ops, ranges_of(ops, call, 0, a), ranges_of(ops, call, 1, b));
}
bool contains(const RangeOps& ops, const RangeList& a, const RangeList& b) {
  for (const Range& range : b) {
    if (!multirange_contains(ops, a, range)) return false;
  }
  return true;
}
bool contained(const RangeOps& ops, const RangeList& a, const RangeList& b) {
  return contains(ops, b, a);
}
bool overlaps(const RangeOps& ops, const RangeList& a, const RangeList& b) {
  for (const Range& range : b) {
    if (multirange_overlaps(ops, a, range)) return true;
  }
  return false;
}
bool before(const RangeOps& ops, const RangeList& a, const RangeList& b) {
  return ops.before(span_of(a), span_of(b));
}
bool after(const RangeOps& ops, const RangeList& a, const RangeList& b) {
  return before(ops, b, a);
}
bool adjacent(const RangeOps& ops, const RangeList& a, const RangeList& b) {
  return ops.adjacent(span_of(a), span_of(b));
}
bool not_above(const RangeOps& ops, const RangeList& a, const RangeList& b) {
  return !a.empty() && !b.empty() && ops.compare_bounds(a.back().upper, b.back().upper) <= 0;
}
bool not_below(const RangeOps& ops, const RangeList& a, const RangeList& b) {
  return !a.empty() && !b.empty() && ops.compare_bounds(a.front().lower, b.front().lower) >= 0;
}

// --- sets ---
template <auto combine>
Datum combined(RowCall& call, string_view a, string_view b) {
  RangeOps ops(call.expr.args[0]->type.oid);
  return store_multirange(ops, combine(ops, read_multirange(ops, a), read_multirange(ops, b)),
                          call.arena);
}
RangeList united(const RangeOps& ops, RangeList a, const RangeList& b) {
  a.insert(a.end(), b.begin(), b.end());
  return normalize_ranges(ops, std::move(a));
}

// --- aggregates: values are kept as bytes, as ranges point into them ---
struct CollectRanges {
  struct State {
    std::vector<std::string> values;
    bool any = false;
  };
  static void add(const AggregateCall&, State& state, const Value* values) {
    if (values[0].is_null) return;
    state.values.emplace_back(values[0].datum.str.view());
    state.any = true;
  }
  static void merge(const AggregateCall&, State& into, const State& from) {
    into.values.insert(into.values.end(), from.values.begin(), from.values.end());
    into.any |= from.any;
  }
  static Value finish(const AggregateCall& call, const State& state) {
    if (!state.any) return Value::null();
    RangeOps ops(call.expr.args[0]->type.oid);
    bool multiranges = call.expr.args[0]->type.oid == ops.kind().multirange;
    RangeList ranges;
    for (const std::string& value : state.values) {
      if (multiranges) {
        RangeList more = read_multirange(ops, value);
        ranges.insert(ranges.end(), more.begin(), more.end());
      } else {
        ranges.push_back(ops.read(value));
      }
    }
    return store_multirange(ops, normalize_ranges(ops, std::move(ranges)), call.arena);
  }
};

struct IntersectMultiranges {
  using Args = TypeList<StringRef>;
  struct State {
    std::string value;
    bool any = false;
  };
  static void add(const AggregateCall& call, State& state, const StringRef& value) {
    if (!state.any) {
      state.value = value.view();
      state.any = true;
      return;
    }
    RangeOps ops(call.expr.args[0]->type.oid);
    Arena arena;
    Datum both = store_multirange(ops,
                                  intersect_multiranges(ops, read_multirange(ops, state.value),
                                                        read_multirange(ops, value.view())),
                                  arena);
    state.value = both.str.view();
  }
  static void merge(const AggregateCall& call, State& into, const State& from) {
    if (from.any) add(call, into, StringRef(from.value));
  }
  static Value finish(const AggregateCall& call, const State& state) {
    if (!state.any) return Value::null();
    return copy_datum(Datum::of_string(state.value), PhysicalType::kVarlen, call.arena);
  }
};

// --- unnest ---
class UnnestRanges final : public TableFunctionState {
 public:
  UnnestRanges(const Datum& value, Oid type)
      : ops_(type),
        value_(copy_datum(value, PhysicalType::kVarlen, arena_)),
        ranges_(read_multirange(ops_, value_.str.view())) {}
  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    Vector& column = out.columns[0];
    while (at_ < ranges_.size() && count < column.capacity()) {
      column.set_value(count++, ops_.store(ranges_[at_++], arena_));
    }
    out.size = count;
  }

 private:
  Arena arena_;
  RangeOps ops_;
  Datum value_;
  RangeList ranges_;
  size_t at_ = 0;
};
std::unique_ptr<TableFunctionState> unnest(EvalContext&, const Expr& expr,
                                           std::span<const Value> args) {
  if (args[0].is_null) return nullptr;
  return std::make_unique<UnnestRanges>(args[0].datum, expr.args[0]->type.oid);
}

#define LUMA_MULTIRANGE(multirange, range)                                              \
  scalar_row(multirange "()", row_kernel<construct_none>, "multirange without ranges"), \
      scalar_row(multirange "(" range ")", row_kernel<construct_one>, "multirange"),    \
      scalar_row(multirange "(_" range ")", row_kernel<construct_many>, "multirange of ranges")
#define LUMA_LIST_TEST(name, test)                                          \
  scalar_row("multirange_" name "_multirange(anymultirange,anymultirange)", \
             strict_kernel<&test_lists<&test>>),                            \
      scalar_row("multirange_" name "_range(anymultirange,anyrange)",       \
                 strict_kernel<&test_lists<&test>>),                        \
      scalar_row("range_" name "_multirange(anyrange,anymultirange)",       \
                 strict_kernel<&test_lists<&test>>)

const KernelRow kRows[] = {
    LUMA_TYPE_COMPARISONS("multirange_", "anymultirange"),
    scalar_row("multirange_cmp(anymultirange,anymultirange)", strict_kernel<&TypeOrder::cmp>),
    LUMA_MULTIRANGE("int4multirange", "int4range"),
    LUMA_MULTIRANGE("int8multirange", "int8range"),
    LUMA_MULTIRANGE("nummultirange", "numrange"),
    LUMA_MULTIRANGE("datemultirange", "daterange"),
    LUMA_MULTIRANGE("tsmultirange", "tsrange"),
    LUMA_MULTIRANGE("tstzmultirange", "tstzrange"),
    scalar_row("multirange(anyrange)", row_kernel<construct_one>, "multirange of one range"),
    scalar_row("lower(anymultirange)", row_kernel<bound_value<&Range::lower>>, "lower bound"),
    scalar_row("upper(anymultirange)", row_kernel<bound_value<&Range::upper>>, "upper bound"),
    scalar_row("lower_inc(anymultirange)", strict_kernel<&bound_inclusive<&Range::lower>>,
               "whether the lower bound is in the multirange"),
    scalar_row("upper_inc(anymultirange)", strict_kernel<&bound_inclusive<&Range::upper>>,
               "whether the upper bound is in the multirange"),
    scalar_row("lower_inf(anymultirange)", strict_kernel<&bound_infinite<&Range::lower>>,
               "whether there is no lower bound"),
    scalar_row("upper_inf(anymultirange)", strict_kernel<&bound_infinite<&Range::upper>>,
               "whether there is no upper bound"),
    scalar_row("isempty(anymultirange)", strict_kernel<&is_empty>, "whether there is no range"),
    scalar_row("range_merge(anymultirange)", strict_kernel<&span_range>,
               "smallest range with all ranges"),
    scalar_row("multirange_contains_elem(anymultirange,anyelement)", row_kernel<contains_value>),
    scalar_row("elem_contained_by_multirange(anyelement,anymultirange)",
               row_kernel<value_contained>),
    LUMA_LIST_TEST("contains", contains),
    LUMA_LIST_TEST("contained_by", contained),
    LUMA_LIST_TEST("overlaps", overlaps),
    LUMA_LIST_TEST("before", before),
    LUMA_LIST_TEST("after", after),
    LUMA_LIST_TEST("adjacent", adjacent),
    LUMA_LIST_TEST("overleft", not_above),
    LUMA_LIST_TEST("overright", not_below),
    scalar_row("multirange_union(anymultirange,anymultirange)", strict_kernel<&combined<&united>>),
    scalar_row("multirange_intersect(anymultirange,anymultirange)",
               strict_kernel<&combined<&intersect_multiranges>>),
    scalar_row("multirange_minus(anymultirange,anymultirange)",
               strict_kernel<&combined<&subtract_multiranges>>),
    aggregate_row("range_agg(anyrange)", aggregate_of<CollectRanges>(), "multirange of all ranges"),
    aggregate_row("range_agg(anymultirange)", aggregate_of<CollectRanges>(),
                  "multirange of all multiranges"),
    aggregate_row("range_intersect_agg(anymultirange)", aggregate_of<IntersectMultiranges>(),
                  "what all multiranges share"),
    table_row("unnest(anymultirange)", unnest, "ranges of a multirange"),
};

}  // namespace

std::span<const KernelRow> multirange_kernels() { return kRows; }

}  // namespace luma
