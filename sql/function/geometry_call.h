#pragma once
// Makes kernels of callables over shapes: shape_kernel<fn> with fn(const Box&, const Point&) ->
// bool, double, int32_t, a shape, or an optional of these (nullopt: NULL). Strict.
#include <optional>

#include "engine/exec/kernel_adapter.h"
#include "engine/type/geometry.h"

namespace luma {

namespace shape_call {

template <typename T>
T take(const Value& value) {
  if constexpr (std::is_same_v<T, double>) {
    return value.datum.f64;
  } else if constexpr (std::is_same_v<T, int32_t>) {
    return value.datum.i32;
  } else {
    return read_shape<T>(value.datum.str.view());
  }
}

template <typename T>
Value give(const T& result, Arena& arena) {
  if constexpr (std::is_same_v<T, bool>) {
    return Datum::of_bool(result);
  } else if constexpr (std::is_same_v<T, double>) {
    return Datum::of_double(result);
  } else if constexpr (std::is_same_v<T, int32_t>) {
    return Datum::of_int32(result);
  } else if constexpr (adapter::IsOptional<T>::value) {
    return result ? give(*result, arena) : Value::null();
  } else {
    return store_shape(result, arena);
  }
}

template <auto fn>
Value run(RowCall& call, const Value* args) {
  using Sig = adapter::Signature<std::remove_const_t<decltype(fn)>>;
  return [&]<typename... A, size_t... I>(adapter::TypeList<A...>, std::index_sequence<I...>) {
    return give(fn(take<A>(args[I])...), call.arena);
  }(typename Sig::template Args<adapter::TypeList>(), std::make_index_sequence<Sig::kArity>());
}

}  // namespace shape_call

template <auto fn>
void shape_kernel(const KernelCall& call, Vector& result) {
  row_kernel<shape_call::run<fn>>(call, result);
}

}  // namespace luma
