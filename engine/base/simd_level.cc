#include "engine/base/simd_level.h"

#include <array>

#include "engine/base/simd_call.h"
#include "engine/base/sql_error.h"

namespace luma {

namespace {

constexpr std::string_view kNames[] = {"sse2", "avx2", "avx512"};
constexpr std::array kLevels = {SimdLevel::kBaseline, SimdLevel::kAvx2, SimdLevel::kAvx512};

SimdLevel best_level() {
#ifdef LUMA_SIMD_TARGETS
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2")) return SimdLevel::kBaseline;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return SimdLevel::kAvx512;
  }
  return SimdLevel::kAvx2;
#else
  return SimdLevel::kBaseline;
#endif
}

}  // namespace

namespace simd {
std::atomic<SimdLevel> level_in_use{best_level()};
}  // namespace simd

std::string_view simd_level_name(SimdLevel level) { return kNames[static_cast<size_t>(level)]; }

std::optional<SimdLevel> simd_level_of(std::string_view name) {
  for (SimdLevel level : kLevels) {
    if (name == simd_level_name(level)) return level;
  }
  return std::nullopt;
}

std::span<const SimdLevel> simd_levels() {
  static const SimdLevel best = best_level();
  return {kLevels.data(), static_cast<size_t>(best) + 1};
}

void use_simd_level(SimdLevel level) {
  LUMA_CHECK(static_cast<size_t>(level) < simd_levels().size());
  simd::level_in_use.store(level, std::memory_order_relaxed);
}

}  // namespace luma
