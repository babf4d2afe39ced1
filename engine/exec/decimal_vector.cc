#include "engine/exec/decimal_vector.h"

namespace luma {

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
  if (difference != 0 || head != DecimalWriter::head_of(scale) || scale > kNumericSmallMaxScale) {
    return std::nullopt;
  }
  return DecimalView(words + 1, selection, values.is_constant() ? 0 : 2, scale);
}

}  // namespace luma
