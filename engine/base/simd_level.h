#pragma once
// Which instructions loops over vectors use. One level for the whole process, because what there is
// is the machine's: the best one by default, a lower one where luma.simd says so (to compare, or to
// test what other machines run). Chosen when an instance starts; may be read and set by any thread.
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace luma {

enum class SimdLevel : uint8_t { kBaseline, kAvx2, kAvx512 };

// "sse2" (the baseline), "avx2", "avx512".
std::string_view simd_level_name(SimdLevel level);
std::optional<SimdLevel> simd_level_of(std::string_view name);
// What this machine and this build have, ascending.
std::span<const SimdLevel> simd_levels();

namespace simd {
// The choice itself, where the loops read it; changed by use_simd_level() only.
extern std::atomic<SimdLevel> level_in_use;
}  // namespace simd

inline SimdLevel simd_level() { return simd::level_in_use.load(std::memory_order_relaxed); }
// `level` is one of simd_levels().
void use_simd_level(SimdLevel level);

}  // namespace luma
