#pragma once
// Makes vector kernels of plain C++ callables over physical types. The callables are captureless
// lambdas or functions given as template arguments:
//
//   strict_kernel<fn>      NULL in, NULL out; fn(args...) -> R or std::optional<R> (nullopt: NULL).
//                          An optional first parameter RowCall& gives arena, context and the call.
//   total_kernel<fn>       unary/binary over fixed-size types; fn neither throws nor traps on any
//   bits
//                          (it also runs on the garbage under NULLs), so the loops vectorise.
//   checked_kernel<fn, e>  like total_kernel; fn(args..., R& out) -> bool failed; e() or e(a, b)
//   throws. comparison<fn>()       FunctionImplementation of a total binary predicate, select
//   included. row_kernel<fn, strict> of a RowFunction.
//
// Argument types are the physical C++ types (bool, int8_t .. int64_t, float, double, Interval,
// Uuid, TimeTz, StringRef; uint32_t for oids) or std::string_view for a StringRef.
#include <concepts>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "engine/base/simd_call.h"
#include "engine/exec/expr.h"
#include "engine/exec/function.h"

namespace luma {

namespace adapter {

// --- what a callable looks like ---
template <typename F>
struct Signature : Signature<decltype(&F::operator())> {};
template <typename R, typename... A>
struct Signature<R (*)(A...)> {
  using Result = R;
  template <template <typename...> typename To>
  using Args = To<std::remove_cvref_t<A>...>;
  static constexpr size_t kArity = sizeof...(A);
};
template <typename C, typename R, typename... A>
struct Signature<R (C::*)(A...) const> : Signature<R (*)(A...)> {};

template <typename... T>
struct TypeList {};
template <typename List>
struct SplitContext;
template <typename... A>
struct SplitContext<TypeList<RowCall, A...>> {
  static constexpr bool kHasContext = true;
  using Args = TypeList<A...>;
};
template <typename... A>
struct SplitContext<TypeList<A...>> {
  static constexpr bool kHasContext = false;
  using Args = TypeList<A...>;
};

template <typename T>
struct Stored {
  using Type = T;
};
template <>
struct Stored<std::string_view> {
  using Type = StringRef;
};
template <typename T>
using StoredType = typename Stored<T>::Type;

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {
  using Type = T;
};

template <typename T>
decltype(auto) load(const UnifiedVector<StoredType<T>>& vector, uint32_t row) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return vector[row].view();
  } else {
    return vector[row];
  }
}

template <typename R>
auto to_stored(R&& value) {
  if constexpr (std::is_same_v<std::remove_cvref_t<R>, std::string_view>) {
    return StringRef(value);
  } else {
    return value;
  }
}

inline bool all_constant(const KernelCall& call) {
  for (const Vector* arg : call.args) {
    if (!arg->is_constant()) return false;
  }
  return !call.args.empty() && !call.expr.is_volatile;
}

inline bool any_null(const KernelCall& call, uint32_t row) {
  for (const Vector* arg : call.args) {
    if (arg->has_nulls() && arg->is_null(row)) return true;
  }
  return false;
}

inline bool any_may_be_null(const KernelCall& call) {
  for (const Vector* arg : call.args) {
    if (arg->has_nulls()) return true;
  }
  return false;
}

// ANDs the arguments' validity into `result` (flat, begun). Returns false when every row is NULL.
bool merge_validity(const KernelCall& call, Vector& result);

}  // namespace adapter

template <auto fn>
void strict_kernel(const KernelCall& call, Vector& result) {
  using namespace adapter;
  using Sig = Signature<std::remove_const_t<decltype(fn)>>;
  using Split = SplitContext<typename Sig::template Args<TypeList>>;
  using Result = std::remove_cvref_t<typename Sig::Result>;

  bool constant = all_constant(call);
  if (constant) {
    result.begin_constant();
  } else {
    result.begin_flat();
  }
  uint32_t count = constant ? 1 : call.count;
  bool nulls = any_may_be_null(call);
  RowCall row_call{call.context, call.expr, result.heap()};

  auto run = [&]<typename... A, size_t... I>(TypeList<A...>, std::index_sequence<I...>) {
    auto inputs = std::make_tuple(call.args[I]->unified<StoredType<A>>()...);
    auto invoke = [&](uint32_t row) {
      if constexpr (Split::kHasContext) {
        return fn(row_call, load<A>(std::get<I>(inputs), row)...);
      } else {
        return fn(load<A>(std::get<I>(inputs), row)...);
      }
    };
    auto store = [&](uint32_t row) {
      if constexpr (IsOptional<Result>::value) {
        using Plain = StoredType<typename IsOptional<Result>::Type>;
        auto value = invoke(row);
        if (value) {
          result.mutable_data<Plain>()[row] = to_stored(*value);
        } else {
          result.set_null(row);
        }
      } else {
        result.mutable_data<StoredType<Result>>()[row] = to_stored(invoke(row));
      }
    };
    if (!nulls) {
      for (uint32_t row = 0; row < count; ++row) store(row);
    } else {
      for (uint32_t row = 0; row < count; ++row) {
        if (any_null(call, row)) {
          result.set_null(row);
        } else {
          store(row);
        }
      }
    }
  };
  using Args = typename Split::Args;
  [&]<typename... A>(TypeList<A...> list) {
    run(list, std::make_index_sequence<sizeof...(A)>());
  }(Args());
}

namespace adapter {

// As what the loops below read an operand: what lies under a NULL may be no bool.
template <typename T>
using Raw = std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>;

// The loops of total kernels: each operand is an array, a constant or behind a selection.
template <auto fn, typename A, typename R>
LUMA_SIMD_LOOP void unary_loop(const Raw<A>* a, const uint32_t* sa, R* __restrict out,
                               uint32_t count) {
  if (sa == nullptr) {
    for (uint32_t i = 0; i < count; ++i) out[i] = fn(a[i]);
  } else {
    for (uint32_t i = 0; i < count; ++i) out[i] = fn(a[sa[i]]);
  }
}

template <auto fn, typename A, typename B, typename R>
LUMA_SIMD_LOOP void binary_loop(const Vector& va, const Vector& vb, R* __restrict out,
                                uint32_t count) {
  auto a = va.unified<Raw<A>>();
  auto b = vb.unified<Raw<B>>();
  if (a.selection == nullptr && b.selection == nullptr) {
    const Raw<A>* pa = a.data;
    const Raw<B>* pb = b.data;
    for (uint32_t i = 0; i < count; ++i) out[i] = fn(pa[i], pb[i]);
  } else if (a.selection == nullptr && vb.is_constant()) {
    const Raw<A>* pa = a.data;
    const Raw<B> y = b.data[0];
    for (uint32_t i = 0; i < count; ++i) out[i] = fn(pa[i], y);
  } else if (b.selection == nullptr && va.is_constant()) {
    const Raw<A> x = a.data[0];
    const Raw<B>* pb = b.data;
    for (uint32_t i = 0; i < count; ++i) out[i] = fn(x, pb[i]);
  } else {
    for (uint32_t i = 0; i < count; ++i) out[i] = fn(a[i], b[i]);
  }
}

template <auto fn, typename A, typename B, typename R>
LUMA_SIMD_LOOP bool checked_binary_loop(const Vector& va, const Vector& vb, R* __restrict out,
                                        uint32_t count) {
  auto a = va.unified<Raw<A>>();
  auto b = vb.unified<Raw<B>>();
  uint8_t failed = 0;
  if (a.selection == nullptr && b.selection == nullptr) {
    const Raw<A>* pa = a.data;
    const Raw<B>* pb = b.data;
    for (uint32_t i = 0; i < count; ++i) failed |= fn(pa[i], pb[i], out[i]);
  } else if (a.selection == nullptr && vb.is_constant()) {
    const Raw<A>* pa = a.data;
    const Raw<B> y = b.data[0];
    for (uint32_t i = 0; i < count; ++i) failed |= fn(pa[i], y, out[i]);
  } else {
    for (uint32_t i = 0; i < count; ++i) failed |= fn(a[i], b[i], out[i]);
  }
  return failed != 0;
}

template <auto fn, typename A, typename R>
LUMA_SIMD_LOOP bool checked_unary_loop(const Vector& va, R* __restrict out, uint32_t count) {
  auto a = va.unified<Raw<A>>();
  uint8_t failed = 0;
  if (a.selection == nullptr) {
    const Raw<A>* pa = a.data;
    for (uint32_t i = 0; i < count; ++i) failed |= fn(pa[i], out[i]);
  } else {
    for (uint32_t i = 0; i < count; ++i) failed |= fn(a[i], out[i]);
  }
  return failed != 0;
}

// Begins `result`; returns how many rows are to be computed (0: all NULL and done).
inline uint32_t begin_total(const KernelCall& call, Vector& result) {
  if (all_constant(call)) {
    result.begin_constant();
    if (!any_null(call, 0)) return 1;
    result.set_null(0);
    return 0;
  }
  result.begin_flat();
  if (any_may_be_null(call) && !merge_validity(call, result)) return 0;
  return call.count;
}

}  // namespace adapter

template <auto fn>
void total_kernel(const KernelCall& call, Vector& result) {
  using namespace adapter;
  using Sig = Signature<std::remove_const_t<decltype(fn)>>;
  using R = std::remove_cvref_t<typename Sig::Result>;
  uint32_t count = begin_total(call, result);
  if (count == 0) return;
  [&]<typename... A>(TypeList<A...>) {
    R* out = result.mutable_data<R>();
    if constexpr (sizeof...(A) == 1) {
      using First = std::tuple_element_t<0, std::tuple<A...>>;
      auto a = call.args[0]->unified<Raw<First>>();
      simd_call<unary_loop<fn, First, R>>(a.data, a.selection, out, count);
    } else {
      simd_call<binary_loop<fn, A..., R>>(*call.args[0], *call.args[1], out, count);
    }
  }(typename Sig::template Args<TypeList>());
}

template <auto fn, auto error>
void checked_kernel(const KernelCall& call, Vector& result) {
  using namespace adapter;
  using Sig = Signature<std::remove_const_t<decltype(fn)>>;
  uint32_t count = begin_total(call, result);
  if (count == 0) return;
  // A failure under a NULL is none: only then is a row looked at by itself.
  if constexpr (Sig::kArity == 2) {
    [&]<typename A, typename R>(TypeList<A, R>) {
      R* out = result.mutable_data<R>();
      if (!simd_call<checked_unary_loop<fn, A, R>>(*call.args[0], out, count)) return;
      auto a = call.args[0]->unified<A>();
      R ignored;
      for (uint32_t i = 0; i < count; ++i) {
        if (a.valid(i) && fn(a[i], ignored)) error();
      }
    }(typename Sig::template Args<TypeList>());
  } else {
    [&]<typename A, typename B, typename R>(TypeList<A, B, R>) {
      R* out = result.mutable_data<R>();
      if (!simd_call<checked_binary_loop<fn, A, B, R>>(*call.args[0], *call.args[1], out, count))
        return;
      auto a = call.args[0]->unified<A>();
      auto b = call.args[1]->unified<B>();
      R ignored;
      for (uint32_t i = 0; i < count; ++i) {
        if (!a.valid(i) || !b.valid(i) || !fn(a[i], b[i], ignored)) continue;
        if constexpr (std::is_invocable_v<decltype(error), A, B>) {
          error(a[i], b[i]);
        } else {
          error();
        }
      }
    }(typename Sig::template Args<TypeList>());
  }
}

namespace adapter {

template <auto fn, typename A, typename B>
uint32_t select_binary(const KernelCall& call, uint32_t* selection) {
  const Vector& va = *call.args[0];
  const Vector& vb = *call.args[1];
  auto a = va.unified<A>();
  auto b = vb.unified<B>();
  uint32_t count = call.count;
  uint32_t found = 0;
  if (any_may_be_null(call)) {
    for (uint32_t i = 0; i < count; ++i) {
      if (a.valid(i) && b.valid(i) && fn(load<A>(a, i), load<B>(b, i))) selection[found++] = i;
    }
    return found;
  }
  if (a.selection == nullptr && vb.is_constant()) {
    const A* pa = a.data;
    const B y = b.data[0];
    for (uint32_t i = 0; i < count; ++i) {
      selection[found] = i;
      found += fn(pa[i], y);
    }
  } else if (a.selection == nullptr && b.selection == nullptr) {
    const A* pa = a.data;
    const B* pb = b.data;
    for (uint32_t i = 0; i < count; ++i) {
      selection[found] = i;
      found += fn(pa[i], pb[i]);
    }
  } else {
    for (uint32_t i = 0; i < count; ++i) {
      selection[found] = i;
      found += fn(a[i], b[i]);
    }
  }
  return found;
}

template <auto fn>
uint32_t select_kernel(const KernelCall& call, uint32_t* selection) {
  using Sig = Signature<std::remove_const_t<decltype(fn)>>;
  return []<typename A, typename B>(TypeList<A, B>, const KernelCall& c, uint32_t* s) {
    return select_binary<fn, A, B>(c, s);
  }(typename Sig::template Args<TypeList>(), call, selection);
}

}  // namespace adapter

template <auto fn>
FunctionImplementation comparison(bool is_equality = false) {
  FunctionImplementation implementation;
  implementation.kernel = total_kernel<fn>;
  implementation.select = adapter::select_kernel<fn>;
  implementation.is_equality = is_equality;
  return implementation;
}

// Comparisons of strings and other values that must not be touched under a NULL.
template <auto fn>
FunctionImplementation strict_comparison(bool is_equality = false) {
  FunctionImplementation implementation;
  implementation.kernel = strict_kernel<fn>;
  implementation.select = adapter::select_kernel<fn>;
  implementation.is_equality = is_equality;
  return implementation;
}

// Shared by all row kernels: `strict` rows with a NULL argument become NULL without a call.
void run_row_function(RowFunction function, bool strict, const KernelCall& call, Vector& result);

template <RowFunction fn, bool strict = true>
void row_kernel(const KernelCall& call, Vector& result) {
  run_row_function(fn, strict, call, result);
}

}  // namespace luma
