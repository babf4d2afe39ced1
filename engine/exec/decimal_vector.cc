#include "engine/exec/decimal_vector.h"

namespace luma {

namespace {

// Sums up while it looks whether all first words are `head`. The halves of the integers are added
// apart, so that there are no carries.
template <typename At>
bool add_up(const uint64_t* words, uint64_t head, uint32_t count, At at, Int128* total) {
  uint64_t difference = 0, low = 0;
  int64_t high = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t* pair = words + size_t{2} * at(i);
    difference |= pair[0] ^ head;
    low += static_cast<uint32_t>(pair[1]);
    high += static_cast<int64_t>(pair[1]) >> 32;
  }
  *total = (static_cast<Int128>(high) << 32) + static_cast<Int128>(low);
  return difference == 0;
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
  DecimalTotal total{0, scale};
  const bool same =
      selection == nullptr
          ? add_up(
                words, head, count, [](uint32_t i) { return i; }, &total.scaled)
          : add_up(
                words, head, count, [&](uint32_t i) { return selection[i]; }, &total.scaled);
  return same ? std::optional(total) : std::nullopt;
}

std::optional<DecimalView> DecimalView::of(const Vector& values, uint32_t count) {
  if (count == 0) return std::nullopt;
  const auto* words = reinterpret_cast<const uint64_t*>(values.raw_data());
  const uint32_t* selection = values.is_constant() ? nullptr : values.selection();
  const uint64_t head = words[selection == nullptr ? 0 : size_t{2} * selection[0]];
  uint64_t difference = 0;
  if (selection != nullptr) {
    for (uint32_t i = 0; i < count; ++i) difference |= words[size_t{2} * selection[i]] ^ head;
  } else if (!values.is_constant()) {
    for (uint32_t i = 0; i < count; ++i) difference |= words[size_t{2} * i] ^ head;
  }
  const auto scale = static_cast<int>(head >> 48);
  if (difference != 0 || !is_small_head(head, scale)) return std::nullopt;
  return DecimalView(words + 1, selection, values.is_constant() ? 0 : 2, scale);
}

}  // namespace luma
