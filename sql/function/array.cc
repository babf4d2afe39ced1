// Functions and operators of arrays, and comparisons of records.
#include "engine/type/array.h"

#include <algorithm>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/record.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"
#include "sql/function/record_image.h"
#include "sql/function/string_split.h"

namespace luma {

std::vector<Value> split_string(std::span<const Value> args) {
  std::string_view text = args[0].datum.str.view();
  std::vector<Value> pieces;
  if (text.empty()) return pieces;
  auto add = [&](std::string_view piece) {
    bool null = args.size() > 2 && !args[2].is_null && piece == args[2].datum.str.view();
    pieces.push_back(null ? Value::null() : Value(Datum::of_string(piece)));
  };
  if (args[1].is_null) {
    for (size_t at = 0; at < text.size();) {
      size_t size = std::min<size_t>(utf8_bytes(text[at]), text.size() - at);
      add(text.substr(at, size));
      at += size;
    }
    return pieces;
  }
  std::string_view delimiter = args[1].datum.str.view();
  size_t start = 0;
  while (!delimiter.empty()) {
    size_t end = text.find(delimiter, start);
    if (end == std::string_view::npos) break;
    add(text.substr(start, end - start));
    start = end + delimiter.size();
  }
  add(text.substr(start));
  return pieces;
}

namespace {

[[noreturn]] void array_error(std::string_view message) {
  throw sql_error(SqlState::kArraySubscriptError, "{}", message);
}

// --- shape ---
std::optional<int32_t> dimensions_of(const Datum& array) {
  ArrayView view(array);
  return view.dimension_count() == 0 ? std::nullopt
                                     : std::optional<int32_t>(view.dimension_count());
}
std::optional<ArrayDimension> dimension_of(const Datum& array, int32_t which) {
  ArrayView view(array);
  if (which < 1 || which > view.dimension_count()) return std::nullopt;
  return view.dimension(which - 1);
}
std::optional<int32_t> length(const Datum& array, int32_t which) {
  auto dimension = dimension_of(array, which);
  return dimension ? std::optional<int32_t>(dimension->length) : std::nullopt;
}
std::optional<int32_t> lower(const Datum& array, int32_t which) {
  auto dimension = dimension_of(array, which);
  return dimension ? std::optional<int32_t>(dimension->lower_bound) : std::nullopt;
}
std::optional<int32_t> upper(const Datum& array, int32_t which) {
  auto dimension = dimension_of(array, which);
  return dimension ? std::optional<int32_t>(dimension->lower_bound + dimension->length - 1)
                   : std::nullopt;
}
int32_t cardinality(const Datum& array) { return static_cast<int32_t>(ArrayView(array).size()); }
std::optional<Datum> dims_text(RowCall& call, const Datum& array) {
  ArrayView view(array);
  if (view.dimension_count() == 0) return std::nullopt;
  std::string text;
  for (const ArrayDimension& d : view.dimensions()) {
    text += fmt::format("[{}:{}]", d.lower_bound, d.lower_bound + d.length - 1);
  }
  return arena_string(call.arena, text);
}

// --- building ---
void add_all(ArrayBuilder& builder, const ArrayView& view) {
  for (uint32_t i = 0; i < view.size(); ++i) builder.add(view.element(i));
}
Oid result_element(const RowCall& call) { return type_info(call.expr.type.oid).element; }

// array || element and element || array keep the array's lower bound.
Value with_element(RowCall& call, const Value& array, const Value& element, bool at_end) {
  ArrayBuilder builder(result_element(call));
  int32_t bound = 1;
  if (!at_end) builder.add(element);
  if (!array.is_null) {
    ArrayView view(array.datum);
    if (view.dimension_count() > 1) {
      throw sql_error(SqlState::kDataException, "argument must be empty or one-dimensional array");
    }
    if (view.dimension_count() == 1) bound = view.dimension(0).lower_bound;
    add_all(builder, view);
  }
  if (at_end) builder.add(element);
  return builder.finish(call.arena, bound);
}
Value append(RowCall& call, const Value* args) {
  return with_element(call, args[0], args[1], true);
}
Value prepend(RowCall& call, const Value* args) {
  return with_element(call, args[1], args[0], false);
}

[[noreturn]] void incompatible(std::string_view detail) {
  throw sql_error(SqlState::kArraySubscriptError, "cannot concatenate incompatible arrays")
      .detail(std::string(detail));
}
Value concatenate(RowCall& call, const Value* args) {
  if (args[0].is_null) return args[1];
  if (args[1].is_null) return args[0];
  ArrayView a(args[0].datum), b(args[1].datum);
  if (a.dimension_count() == 0) return args[1];
  if (b.dimension_count() == 0) return args[0];
  auto tail = [](const ArrayView& view, int from) {
    return std::vector<ArrayDimension>(view.dimensions().begin() + from, view.dimensions().end());
  };
  // Parts may be of equal depth, or one an element of the other.
  int depth_a = a.dimension_count(), depth_b = b.dimension_count();
  std::vector<ArrayDimension> result;
  if (depth_a == depth_b) {
    if (tail(a, 1) != tail(b, 1)) {
      incompatible(
          "Arrays with differing element dimensions are not compatible for concatenation.");
    }
    result = tail(a, 0);
    result[0].length += b.dimension(0).length;
  } else if (depth_a == depth_b + 1 || depth_b == depth_a + 1) {
    const ArrayView& outer = depth_a > depth_b ? a : b;
    const ArrayView& inner = depth_a > depth_b ? b : a;
    if (tail(outer, 1) != tail(inner, 0)) {
      incompatible("Arrays with differing dimensions are not compatible for concatenation.");
    }
    result = tail(outer, 0);
    ++result[0].length;
  } else {
    incompatible(fmt::format("Arrays of {} and {} dimensions are not compatible for concatenation.",
                             depth_a, depth_b));
  }
  ArrayBuilder builder(a.element_oid());
  add_all(builder, a);
  add_all(builder, b);
  return builder.finish(result, call.arena);
}

std::vector<int32_t> bounds_argument(const Value& value) {
  if (value.is_null) {
    throw sql_error(SqlState::kNullValueNotAllowed,
                    "dimension array or low bound array cannot be null");
  }
  ArrayView view(value.datum);
  if (view.dimension_count() > 1) {
    throw sql_error(SqlState::kArraySubscriptError, "wrong number of array subscripts")
        .detail("Dimension array must be one dimensional.");
  }
  if (view.has_nulls())
    throw sql_error(SqlState::kNullValueNotAllowed, "dimension values cannot be null");
  std::vector<int32_t> out;
  for (uint32_t i = 0; i < view.size(); ++i) out.push_back(view.datum(i).i32);
  return out;
}
Value fill(RowCall& call, const Value* args) {
  std::vector<int32_t> lengths = bounds_argument(args[1]);
  std::vector<int32_t> bounds(lengths.size(), 1);
  if (call.expr.args.size() > 2) bounds = bounds_argument(args[2]);
  if (bounds.size() != lengths.size()) {
    throw sql_error(SqlState::kArraySubscriptError, "wrong number of array subscripts")
        .detail("Low bound array has different size than dimensions array.");
  }
  if (lengths.size() > kMaxArrayDimensions) {
    throw sql_error(SqlState::kProgramLimitExceeded,
                    "number of array dimensions ({}) exceeds the maximum allowed ({})",
                    lengths.size(), kMaxArrayDimensions);
  }
  std::vector<ArrayDimension> dimensions;
  for (size_t i = 0; i < lengths.size(); ++i) dimensions.push_back({lengths[i], bounds[i]});
  uint32_t count = lengths.empty() ? 0 : array_element_count(dimensions);
  if (count == 0) return empty_array(result_element(call));
  ArrayBuilder builder(result_element(call));
  for (uint32_t i = 0; i < count; ++i) builder.add(args[0]);
  return builder.finish(dimensions, call.arena);
}

// --- searching; NULLs are found, too ---
bool same_value(const TypeInfo& type, const Value& a, const Value& b) {
  if (a.is_null || b.is_null) return a.is_null && b.is_null;
  return type.compare(a.datum, b.datum, type) == 0;
}
Value position(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  ArrayView view(args[0].datum);
  if (view.dimension_count() > 1)
    throw unsupported("searching for elements in multidimensional arrays");
  if (view.dimension_count() == 0) return Value::null();
  int32_t bound = view.dimension(0).lower_bound;
  int64_t start = bound;
  if (call.expr.args.size() > 2) {
    if (args[2].is_null)
      throw sql_error(SqlState::kNullValueNotAllowed, "initial position must not be null");
    start = std::max<int64_t>(args[2].datum.i32, bound);
  }
  for (int64_t i = start - bound; i < view.size(); ++i) {
    if (same_value(view.element_type(), view.element(static_cast<uint32_t>(i)), args[1])) {
      return Datum::of_int32(static_cast<int32_t>(i + bound));
    }
  }
  return Value::null();
}
Value positions(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  ArrayView view(args[0].datum);
  if (view.dimension_count() > 1)
    throw unsupported("searching for elements in multidimensional arrays");
  ArrayBuilder builder(type_oid::kInt4);
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (same_value(view.element_type(), view.element(i), args[1])) {
      builder.add(Datum::of_int32(static_cast<int32_t>(i) + view.dimension(0).lower_bound));
    }
  }
  return builder.finish(call.arena);
}
Value remove(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  ArrayView view(args[0].datum);
  if (view.dimension_count() > 1)
    throw unsupported("removing elements from multidimensional arrays");
  ArrayBuilder builder(view.element_oid());
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (!same_value(view.element_type(), view.element(i), args[1])) builder.add(view.element(i));
  }
  if (builder.size() == view.size()) return args[0];
  return builder.finish(call.arena, view.dimension(0).lower_bound);
}
Value replace(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  ArrayView view(args[0].datum);
  ArrayBuilder builder(view.element_oid());
  for (uint32_t i = 0; i < view.size(); ++i) {
    Value element = view.element(i);
    builder.add(same_value(view.element_type(), element, args[1]) ? args[2] : element);
  }
  return view.size() == 0 ? args[0] : Value(builder.finish(view.dimensions(), call.arena));
}
Value trim(RowCall& call, const Value* args) {
  ArrayView view(args[0].datum);
  int32_t count = args[1].datum.i32;
  int32_t outer = view.dimension_count() > 0 ? view.dimension(0).length : 0;
  if (count < 0 || count > outer)
    array_error(fmt::format("number of elements to trim must be between 0 and {}", outer));
  if (count == outer) return empty_array(view.element_oid());
  std::vector<ArrayDimension> dimensions(view.dimensions().begin(), view.dimensions().end());
  dimensions[0].length -= count;
  dimensions[0].lower_bound = 1;
  for (ArrayDimension& d : dimensions) d.lower_bound = 1;
  uint32_t kept = view.size() / static_cast<uint32_t>(outer) * static_cast<uint32_t>(outer - count);
  ArrayBuilder builder(view.element_oid());
  for (uint32_t i = 0; i < kept; ++i) builder.add(view.element(i));
  return builder.finish(dimensions, call.arena);
}

// --- texts ---
Value from_string(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  ArrayBuilder builder(type_oid::kText);
  for (const Value& piece : split_string({args, call.expr.args.size()})) builder.add(piece);
  return builder.finish(call.arena);
}
Value to_string(RowCall& call, const Value* args) {
  if (args[0].is_null || args[1].is_null) return Value::null();
  static const IoContext kDefault;
  const IoContext& io = call.context.io == nullptr ? kDefault : *call.context.io;
  ArrayView view(args[0].datum);
  const TypeInfo& type = view.element_type();
  bool show_nulls = call.expr.args.size() > 2 && !args[2].is_null;
  std::string out;
  bool first = true;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.is_null(i) && !show_nulls) continue;
    if (!first) out += args[1].datum.str.view();
    first = false;
    if (view.is_null(i)) {
      out += args[2].datum.str.view();
    } else {
      type.output(view.datum(i), type, io, out);
    }
  }
  return arena_string(call.arena, out);
}

// --- containment: as sets, NULLs equal nothing ---
bool has_element(const ArrayView& view, const Datum& wanted) {
  const TypeInfo& type = view.element_type();
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (!view.is_null(i) && type.compare(view.datum(i), wanted, type) == 0) return true;
  }
  return false;
}
bool contains(const Datum& whole, const Datum& part) {
  ArrayView a(whole), b(part);
  for (uint32_t i = 0; i < b.size(); ++i) {
    if (b.is_null(i) || !has_element(a, b.datum(i))) return false;
  }
  return true;
}
bool contained(const Datum& part, const Datum& whole) { return contains(whole, part); }
bool overlaps(const Datum& left, const Datum& right) {
  ArrayView a(left), b(right);
  for (uint32_t i = 0; i < b.size(); ++i) {
    if (!b.is_null(i) && has_element(a, b.datum(i))) return true;
  }
  return false;
}

// --- order ---
template <int (*compare)(const Datum&, const Datum&)>
struct Order {
  static bool eq(const Datum& a, const Datum& b) { return compare(a, b) == 0; }
  static bool ne(const Datum& a, const Datum& b) { return compare(a, b) != 0; }
  static bool lt(const Datum& a, const Datum& b) { return compare(a, b) < 0; }
  static bool le(const Datum& a, const Datum& b) { return compare(a, b) <= 0; }
  static bool gt(const Datum& a, const Datum& b) { return compare(a, b) > 0; }
  static bool ge(const Datum& a, const Datum& b) { return compare(a, b) >= 0; }
  static int32_t cmp(const Datum& a, const Datum& b) { return compare(a, b); }
  static Datum larger(const Datum& a, const Datum& b) { return compare(a, b) > 0 ? a : b; }
  static Datum smaller(const Datum& a, const Datum& b) { return compare(a, b) < 0 ? a : b; }
};
using Arrays = Order<compare_arrays>;
using Records = Order<compare_records>;
using RecordImages = Order<compare_record_images>;

// Enums are their position in the type's order, so that any comparison of the type does.
int compare_by_type(const RowCall& call, const Datum& a, const Datum& b) {
  const TypeInfo& type = type_info(call.expr.args[0]->type.oid);
  if (type.compare == nullptr) {
    throw sql_error(SqlState::kUndefinedFunction,
                    "could not identify a comparison function for type {}", format_type(type.oid));
  }
  return type.compare(a, b, type);
}
constexpr auto kIsEq = [](int order) { return order == 0; };
constexpr auto kIsNe = [](int order) { return order != 0; };
constexpr auto kIsLt = [](int order) { return order < 0; };
constexpr auto kIsLe = [](int order) { return order <= 0; };
constexpr auto kIsGt = [](int order) { return order > 0; };
constexpr auto kIsGe = [](int order) { return order >= 0; };
template <auto test>
Value enum_test(RowCall& call, const Value* args) {
  return Datum::of_bool(test(compare_by_type(call, args[0].datum, args[1].datum)));
}
Value enum_compare(RowCall& call, const Value* args) {
  return Datum::of_int32(compare_by_type(call, args[0].datum, args[1].datum));
}

#define LUMA_ORDER(prefix, sql, O)                                          \
  comparison_row(prefix "_eq(" sql "," sql ")", strict_function<&O::eq>()), \
      scalar_row(prefix "_ne(" sql "," sql ")", strict_kernel<&O::ne>),     \
      scalar_row(prefix "_lt(" sql "," sql ")", strict_kernel<&O::lt>),     \
      scalar_row(prefix "_le(" sql "," sql ")", strict_kernel<&O::le>),     \
      scalar_row(prefix "_gt(" sql "," sql ")", strict_kernel<&O::gt>),     \
      scalar_row(prefix "_ge(" sql "," sql ")", strict_kernel<&O::ge>)
template <auto fn>
FunctionImplementation strict_function() {
  FunctionImplementation implementation;
  implementation.kernel = strict_kernel<fn>;
  implementation.is_equality = true;
  return implementation;
}

const KernelRow kRows[] = {
    LUMA_ORDER("array", "anyarray", Arrays),
    scalar_row("btarraycmp(anyarray,anyarray)", strict_kernel<&Arrays::cmp>),
    scalar_row("array_larger(anyarray,anyarray)", strict_kernel<&Arrays::larger>),
    scalar_row("array_smaller(anyarray,anyarray)", strict_kernel<&Arrays::smaller>),
    LUMA_ORDER("record", "record", Records),
    LUMA_ORDER("record_image", "record", RecordImages),
    scalar_row("btrecordimagecmp(record,record)", strict_kernel<&RecordImages::cmp>),
    scalar_row("btrecordcmp(record,record)", strict_kernel<&Records::cmp>),
    scalar_row("enum_eq(anyenum,anyenum)", row_kernel<enum_test<kIsEq>>),
    scalar_row("enum_ne(anyenum,anyenum)", row_kernel<enum_test<kIsNe>>),
    scalar_row("enum_lt(anyenum,anyenum)", row_kernel<enum_test<kIsLt>>),
    scalar_row("enum_le(anyenum,anyenum)", row_kernel<enum_test<kIsLe>>),
    scalar_row("enum_gt(anyenum,anyenum)", row_kernel<enum_test<kIsGt>>),
    scalar_row("enum_ge(anyenum,anyenum)", row_kernel<enum_test<kIsGe>>),
    scalar_row("enum_cmp(anyenum,anyenum)", row_kernel<enum_compare>),
    scalar_row("array_ndims(anyarray)", strict_kernel<&dimensions_of>, "number of dimensions"),
    scalar_row("array_dims(anyarray)", strict_kernel<&dims_text>, "bounds as text"),
    scalar_row("array_length(anyarray,int4)", strict_kernel<&length>, "length of a dimension"),
    scalar_row("array_lower(anyarray,int4)", strict_kernel<&lower>, "lower bound of a dimension"),
    scalar_row("array_upper(anyarray,int4)", strict_kernel<&upper>, "upper bound of a dimension"),
    scalar_row("cardinality(anyarray)", strict_kernel<&cardinality>, "number of elements"),
    scalar_row("array_append(anycompatiblearray,anycompatible)", row_kernel<append, false>,
               "element at the end"),
    scalar_row("array_prepend(anycompatible,anycompatiblearray)", row_kernel<prepend, false>,
               "element at the start"),
    scalar_row("array_cat(anycompatiblearray,anycompatiblearray)", row_kernel<concatenate, false>,
               "both arrays"),
    scalar_row("array_fill(anyelement,_int4)", row_kernel<fill, false>, "copies of a value"),
    scalar_row("array_fill(anyelement,_int4,_int4)", row_kernel<fill, false>, "copies of a value"),
    scalar_row("array_position(anycompatiblearray,anycompatible)", row_kernel<position, false>,
               "first subscript"),
    scalar_row("array_position(anycompatiblearray,anycompatible,int4)", row_kernel<position, false>,
               "first subscript"),
    scalar_row("array_positions(anycompatiblearray,anycompatible)", row_kernel<positions, false>,
               "all subscripts"),
    scalar_row("array_remove(anycompatiblearray,anycompatible)", row_kernel<remove, false>,
               "without a value"),
    scalar_row("array_replace(anycompatiblearray,anycompatible,anycompatible)",
               row_kernel<replace, false>, "with a value replaced"),
    scalar_row("trim_array(anyarray,int4)", row_kernel<trim>, "without the last elements"),
    scalar_row("string_to_array(text,text)", row_kernel<from_string, false>,
               "pieces between delimiters"),
    scalar_row("string_to_array(text,text,text)", row_kernel<from_string, false>,
               "pieces between delimiters"),
    scalar_row("array_to_string(anyarray,text)", row_kernel<to_string, false>,
               "elements with delimiters"),
    scalar_row("array_to_string(anyarray,text,text)", row_kernel<to_string, false>,
               "elements with delimiters"),
    scalar_row("arraycontains(anyarray,anyarray)", strict_kernel<&contains>),
    scalar_row("arraycontained(anyarray,anyarray)", strict_kernel<&contained>),
    scalar_row("arrayoverlap(anyarray,anyarray)", strict_kernel<&overlaps>),
};

}  // namespace

std::span<const KernelRow> array_kernels() { return kRows; }

}  // namespace luma
