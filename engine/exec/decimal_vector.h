#pragma once
// Vectors of numerics as what most of them are: scaled integers of one scale. Loops over such a
// view neither look at the form of each value nor call anything.
#include <cstdint>
#include <optional>

#include "engine/type/numeric.h"
#include "engine/vector/vector.h"

namespace luma {

// Row i is scaled(i) / 10^scale. A view of the vector, valid as long as its contents. Under a NULL
// there may be any integer.
class DecimalView {
 public:
  // Nothing when a value is not in small form or has another scale than the rest.
  static std::optional<DecimalView> of(const Vector& values, uint32_t count);

  int scale() const { return scale_; }
  int64_t scaled(uint32_t row) const {
    return static_cast<int64_t>(
        words_[selection_ == nullptr ? row * step_ : size_t{2} * selection_[row]]);
  }
  // Set when rows are not consecutive, so that loops can be made for both cases.
  const uint32_t* selection() const { return selection_; }
  // The integer of the row at `index` of the data, when there is a selection; otherwise of row
  // `index / step()`.
  const uint64_t* words() const { return words_; }
  uint32_t step() const { return step_; }

 private:
  DecimalView(const uint64_t* words, const uint32_t* selection, uint32_t step, int scale)
      : words_(words), selection_(selection), step_(step), scale_(scale) {}

  const uint64_t* words_;
  const uint32_t* selection_;
  uint32_t step_;
  int scale_;
};

struct DecimalTotal {
  Int128 scaled;
  int scale;
};
// The sum of rows without NULLs, at most 2^31 of them; nothing where there is no view of them.
std::optional<DecimalTotal> decimal_total(const Vector& values, uint32_t count);

// Writes small decimals into a flat vector: two words each.
class DecimalWriter {
 public:
  DecimalWriter(Vector& out, int scale)
      : words_(reinterpret_cast<uint64_t*>(out.mutable_data<StringRef>())), head_(head_of(scale)) {}
  void set(uint32_t row, int64_t scaled) {
    words_[2 * size_t{row}] = head_;
    words_[2 * size_t{row} + 1] = static_cast<uint64_t>(scaled);
  }
  // The first word of a small decimal: its size, and the scale in the last two bytes.
  static uint64_t head_of(int scale) { return uint64_t{12} | static_cast<uint64_t>(scale) << 48; }

 private:
  uint64_t* words_;
  uint64_t head_;
};

}  // namespace luma
