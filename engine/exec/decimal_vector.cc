#include "engine/exec/decimal_vector.h"

#include "engine/base/simd_call.h"

namespace luma {

namespace {

// Sums up while it looks whether all first words are `head`. The halves of the integers are added
// apart, so that there are no carries.
struct HeadsAndSum {
  uint64_t difference = 0;  // of first words and `head`
  Int128 sum = 0;
};

// The halves of the integers are added apart, so that there are no carries.
LUMA_SIMD_LOOP HeadsAndSum add_up(const uint64_t* words, uint64_t head, const uint32_t* selection,
                                  uint32_t count) {
  uint64_t difference = 0, low = 0;
  int64_t high = 0;
  auto add = [&](const uint64_t* pair) __attribute__((always_inline)) {
    difference |= pair[0] ^ head;
    low += static_cast<uint32_t>(pair[1]);
    high += static_cast<int32_t>(pair[1] >> 32);
  };
  if (selection == nullptr) {
    for (uint32_t i = 0; i < count; ++i) add(words + size_t{2} * i);
  } else {
    for (uint32_t i = 0; i < count; ++i) add(words + size_t{2} * selection[i]);
  }
  return {difference, (static_cast<Int128>(high) << 32) + static_cast<Int128>(low)};
}

// Bits in which first words differ from `head`.
LUMA_SIMD_LOOP uint64_t differences(const uint64_t* words, uint64_t head, const uint32_t* selection,
                                    uint32_t count) {
  uint64_t difference = 0;
  if (selection == nullptr) {
    for (uint32_t i = 0; i < count; ++i) difference |= words[size_t{2} * i] ^ head;
  } else {
    for (uint32_t i = 0; i < count; ++i) difference |= words[size_t{2} * selection[i]] ^ head;
  }
  return difference;
}

bool is_small_head(uint64_t head, int scale) {
  return head == DecimalWriter::head_of(scale) && scale <= kNumericSmallMaxScale;
}

}  // namespace

std::optional<DecimalTotal> decimal_total(const Vector& values, uint32_t count) {
  if (count == 0 || values.is_constant()) return std::nullopt;
  const auto* words = reinterpret_cast<const uint64_t*>(values.raw_data());
  const uint32_t* selection = values.selection();
  const uint64_t head = words[selection == nullptr ? 0 : size_t{2} * selection[0]];
  const auto scale = static_cast<int>(head >> 48);
  if (!is_small_head(head, scale)) return std::nullopt;
  const HeadsAndSum found = simd_call<add_up>(words, head, selection, count);
  if (found.difference != 0) return std::nullopt;
  return DecimalTotal{found.sum, scale};
}

std::optional<DecimalView> DecimalView::of(const Vector& values, uint32_t count) {
  if (count == 0) return std::nullopt;
  const auto* words = reinterpret_cast<const uint64_t*>(values.raw_data());
  const uint32_t* selection = values.is_constant() ? nullptr : values.selection();
  const uint64_t head = words[selection == nullptr ? 0 : size_t{2} * selection[0]];
  const uint64_t difference =
      values.is_constant() ? 0 : simd_call<differences>(words, head, selection, count);
  const auto scale = static_cast<int>(head >> 48);
  if (difference != 0 || !is_small_head(head, scale)) return std::nullopt;
  return DecimalView(words + 1, selection, values.is_constant() ? 0 : 2, scale);
}

}  // namespace luma
