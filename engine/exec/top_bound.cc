#include "engine/exec/top_bound.h"

#include <algorithm>
#include <cstring>

namespace luma {

void TopBound::begin(uint64_t rows) {
  std::lock_guard lock(mutex_);
  rows_ = rows <= kMaxRows ? rows : 0;
  best_.clear();
}

std::optional<Datum> TopBound::bound() const {
  std::lock_guard lock(mutex_);
  if (rows_ == 0 || best_.size() < rows_) return std::nullopt;
  return best_.front();
}

void TopBound::note(const Vector& keys, uint32_t count) {
  if (rows_ == 0) return;
  // Most rows are not better; that is found out without keeping others waiting.
  uint32_t better[kVectorSize];
  const std::optional<Datum> known = count <= kVectorSize ? bound() : std::nullopt;
  if (known) count = keep(*known, false, keys, count, better);
  const auto worst_on_top = [this](const Datum& a, const Datum& b) { return is_better(a, b); };
  std::lock_guard lock(mutex_);
  for (uint32_t i = 0; i < count; ++i) {
    const Value value = keys.value(known ? better[i] : i);
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
uint32_t TopBound::keep_integers(const Datum& bound, bool keeps_ties, const Vector& keys,
                                 uint32_t count, uint32_t* selection) const {
  const auto values = keys.unified<T>();
  T worst;
  std::memcpy(&worst, &bound, sizeof worst);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t index = values.index(i);
    const T value = values.data[index];
    selection[kept] = i;
    kept += (descending ? value > worst : value < worst) | (keeps_ties & (value == worst)) |
            !values.valid_at(index);
  }
  return kept;
}

uint32_t TopBound::keep(const Datum& bound, bool keeps_ties, const Vector& keys, uint32_t count,
                        uint32_t* selection) const {
  auto integers = [&]<typename T>(T) {
    return descending_ ? keep_integers<T, true>(bound, keeps_ties, keys, count, selection)
                       : keep_integers<T, false>(bound, keeps_ties, keys, count, selection);
  };
  if (is_integer_) {
    switch (type_.physical) {
      case PhysicalType::kInt16:
        return integers(int16_t{});
      case PhysicalType::kInt32:
        return integers(int32_t{});
      case PhysicalType::kInt64:
        return integers(int64_t{});
      default:
        break;
    }
  }
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const Value value = keys.value(i);
    const bool may_come = value.is_null || (keeps_ties ? !is_better(bound, value.datum)
                                                       : is_better(value.datum, bound));
    if (may_come) selection[kept++] = i;
  }
  return kept;
}

uint32_t TopBound::keep(const Vector& keys, uint32_t count, uint32_t* selection) const {
  const std::optional<Datum> known = bound();
  if (known) return keep(*known, keeps_ties_, keys, count, selection);
  for (uint32_t i = 0; i < count; ++i) selection[i] = i;
  return count;
}

int64_t TopBound::integer_of(const Datum& value) const {
  switch (type_.physical) {
    case PhysicalType::kInt8:
      return value.i8;
    case PhysicalType::kInt16:
      return value.i16;
    case PhysicalType::kInt32:
      return value.i32;
    default:
      return value.i64;
  }
}

bool TopBound::rules_out(int64_t least, int64_t greatest) const {
  const std::optional<Datum> known = bound();
  if (!known || !is_integer_) return false;
  const int64_t worst = integer_of(*known);
  if (descending_) return keeps_ties_ ? greatest < worst : greatest <= worst;
  return keeps_ties_ ? least > worst : least >= worst;
}

void offer_bound(Operator& op, uint32_t column, const std::shared_ptr<const TopBound>& bound) {
  if (auto* target = dynamic_cast<TopBoundTarget*>(&op)) target->accept_bound(column, bound);
}

}  // namespace luma
