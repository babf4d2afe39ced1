#include "sql/optimize/key_narrowing.h"

#include <limits>
#include <optional>
#include <utility>

#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/type_info.h"
#include "sql/optimize/calls.h"

namespace luma {

namespace {

template <typename From, typename To>
std::optional<To> key_of(From value) {
  if (!std::in_range<To>(value)) return std::nullopt;
  return static_cast<To>(value);
}

template <typename From, typename To, bool inclusive>
std::optional<To> lower_of(From value) {
  if (value > std::numeric_limits<To>::max() - (inclusive ? 0 : 1)) return std::nullopt;
  if (value < std::numeric_limits<To>::min()) return std::numeric_limits<To>::min();
  return static_cast<To>(value + (inclusive ? 0 : 1));
}

template <typename From, typename To, bool inclusive>
std::optional<To> upper_of(From value) {
  if (value < std::numeric_limits<To>::min() + (inclusive ? 0 : 1)) return std::nullopt;
  if (value > std::numeric_limits<To>::max()) return std::numeric_limits<To>::max();
  return static_cast<To>(value - (inclusive ? 0 : 1));
}

template <typename T>
constexpr Oid kOidOf = sizeof(T) == 2   ? type_oid::kInt2
                       : sizeof(T) == 4 ? type_oid::kInt4
                                        : type_oid::kInt8;

Datum datum_of(int16_t value) { return Datum::of_int16(value); }
Datum datum_of(int32_t value) { return Datum::of_int32(value); }
template <typename T>
T integer_of(const Datum& datum) {
  if constexpr (sizeof(T) == 4) return datum.i32;
  return datum.i64;
}

template <typename From, typename To>
Value array_of(RowCall& call, const Value* args) {
  ArrayView list(args[0].datum);
  ArrayBuilder keys(kOidOf<To>);
  for (uint32_t i = 0; i < list.size(); ++i) {
    if (list.is_null(i)) continue;
    auto key = key_of<From, To>(integer_of<From>(list.datum(i)));
    if (key.has_value()) keys.add(Value(datum_of(*key)));
  }
  return Value(keys.finish(call.arena));
}

struct Kernels {
  VectorKernel key, array;
  VectorKernel lower[2], upper[2];  // by inclusive
};

template <typename From, typename To>
constexpr Kernels kKernels = {
    strict_kernel<&key_of<From, To>>,
    row_kernel<array_of<From, To>>,
    {strict_kernel<&lower_of<From, To, false>>, strict_kernel<&lower_of<From, To, true>>},
    {strict_kernel<&upper_of<From, To, false>>, strict_kernel<&upper_of<From, To, true>>}};

const Kernels& kernels(Oid from, Oid to) {
  if (from == type_oid::kInt4) return kKernels<int32_t, int16_t>;
  return to == type_oid::kInt4 ? kKernels<int64_t, int32_t> : kKernels<int64_t, int16_t>;
}

int width(Oid type) {
  return type == type_oid::kInt2   ? 2
         : type == type_oid::kInt4 ? 4
         : type == type_oid::kInt8 ? 8
                                   : 0;
}

}  // namespace

bool narrows_integer(Oid from, Oid to) { return width(to) != 0 && width(from) > width(to); }

Expr* narrow_key(PlanContext& context, Expr* value, Oid to) {
  return make_kernel_call(context, kernels(value->type.oid, to).key, value, to);
}

Expr* narrow_key_array(PlanContext& context, Expr* list, Oid to) {
  const Oid from = type_info(list->type.oid).element;
  return make_kernel_call(context, kernels(from, to).array, list, type_info(to).array);
}

Expr* narrow_lower_bound(PlanContext& context, Expr* value, Oid to, bool inclusive) {
  return make_kernel_call(context, kernels(value->type.oid, to).lower[inclusive], value, to);
}

Expr* narrow_upper_bound(PlanContext& context, Expr* value, Oid to, bool inclusive) {
  return make_kernel_call(context, kernels(value->type.oid, to).upper[inclusive], value, to);
}

}  // namespace luma
