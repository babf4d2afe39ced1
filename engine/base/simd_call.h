#pragma once
// Loops that compilers make vector code of, compiled once for every SimdLevel and picked when they
// run. The loop is a function marked LUMA_SIMD_LOOP; simd_call<loop>(arguments...) calls it.
#include "engine/base/simd_level.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define LUMA_SIMD_TARGETS 1
#define LUMA_SIMD_LOOP [[gnu::always_inline]] inline
#else
#define LUMA_SIMD_LOOP inline
#endif

namespace luma {

template <auto loop>
struct SimdVersions;

template <typename Result, typename... Parameters, Result (*loop)(Parameters...)>
struct SimdVersions<loop> {
#ifdef LUMA_SIMD_TARGETS
  [[gnu::target("avx2,avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512"),
    gnu::optimize("O3"), gnu::noinline]] static Result
  avx512(Parameters... parameters) {
    return loop(parameters...);
  }
  [[gnu::target("avx2"), gnu::optimize("O3"), gnu::noinline]] static Result avx2(
      Parameters... parameters) {
    return loop(parameters...);
  }
  [[gnu::optimize("O3"), gnu::noinline]] static Result baseline(Parameters... parameters) {
    return loop(parameters...);
  }
#else
  static Result baseline(Parameters... parameters) { return loop(parameters...); }
#endif
  static Result call(Parameters... parameters) {
#ifdef LUMA_SIMD_TARGETS
    switch (simd_level()) {
      case SimdLevel::kAvx512:
        return avx512(parameters...);
      case SimdLevel::kAvx2:
        return avx2(parameters...);
      case SimdLevel::kBaseline:
        break;
    }
#endif
    return baseline(parameters...);
  }
};

template <auto loop, typename... Arguments>
auto simd_call(Arguments&&... arguments) {
  return SimdVersions<loop>::call(static_cast<Arguments&&>(arguments)...);
}

}  // namespace luma
