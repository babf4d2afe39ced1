#include "engine/exec/top_bound.h"

#include <algorithm>
#include <cstring>

namespace luma {

void TopBound::begin(uint64_t rows) {
  rows_ = rows <= kMaxRows ? rows : 0;
  best_.clear();
}

void TopBound::note(const Vector& keys, uint32_t count) {
  if (rows_ == 0) return;
  const auto worst_on_top = [this](const Datum& a, const Datum& b) { return is_better(a, b); };
  for (uint32_t i = 0; i < count; ++i) {
    const Value value = keys.value(i);
    if (value.is_null) continue;
    // Long strings would have to be kept somewhere; without them the bound is only less sharp.
    if (type_.physical == PhysicalType::kVarlen && !value.datum.str.is_inline()) continue;
    if (best_.size() == rows_) {
      if (!is_better(value.datum, best_.front())) continue;
      std::pop_heap(best_.begin(), best_.end(), worst_on_top);
      best_.pop_back();
    }
    best_.push_back(value.datum);
    std::push_heap(best_.begin(), best_.end(), worst_on_top);
  }
}

template <typename T, bool descending>
uint32_t TopBound::keep_integers(const Vector& keys, uint32_t count, uint32_t* selection) const {
  const auto values = keys.unified<T>();
  T bound;
  std::memcpy(&bound, &best_.front(), sizeof bound);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t index = values.index(i);
    const T value = values.data[index];
    selection[kept] = i;
    kept += (descending ? value > bound : value < bound) | (keeps_ties_ & (value == bound)) |
            !values.valid_at(index);
  }
  return kept;
}

template <typename T>
uint32_t TopBound::keep_integers(const Vector& keys, uint32_t count, uint32_t* selection) const {
  return descending_ ? keep_integers<T, true>(keys, count, selection)
                     : keep_integers<T, false>(keys, count, selection);
}

uint32_t TopBound::keep(const Vector& keys, uint32_t count, uint32_t* selection) const {
  if (is_integer_) {
    switch (type_.physical) {
      case PhysicalType::kInt16:
        return keep_integers<int16_t>(keys, count, selection);
      case PhysicalType::kInt32:
        return keep_integers<int32_t>(keys, count, selection);
      case PhysicalType::kInt64:
        return keep_integers<int64_t>(keys, count, selection);
      default:
        break;
    }
  }
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const Value value = keys.value(i);
    const bool may_come = value.is_null || (keeps_ties_ ? !is_better(best_.front(), value.datum)
                                                        : is_better(value.datum, best_.front()));
    if (may_come) selection[kept++] = i;
  }
  return kept;
}

void offer_bound(Operator& op, uint32_t column, const std::shared_ptr<const TopBound>& bound) {
  if (auto* target = dynamic_cast<TopBoundTarget*>(&op)) target->accept_bound(column, bound);
}

}  // namespace luma
