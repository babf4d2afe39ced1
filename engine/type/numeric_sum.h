#pragma once
// Accumulators of numeric aggregates: sum, avg, variance, standard deviation; also as window frames
// that drop rows at their start, and merged from partial aggregates. Not thread-safe.
#include <cstdint>
#include <memory>

#include "engine/base/arena.h"
#include "engine/type/datum.h"
#include "engine/type/numeric.h"

namespace luma {

struct BigNumeric;

class NumericSum {
 public:
  NumericSum();
  ~NumericSum();
  NumericSum(NumericSum&&) noexcept;
  NumericSum& operator=(NumericSum&&) noexcept;

  void add(const Datum& value);
  // Adds `count` finite values of this scale, all in small form, whose sum is scaled / 10^scale.
  void add_scaled(Int128 scaled, int scale, int64_t count);
  // Undoes an earlier add(). False when the result's scale can no longer be told (the last value
  // with the largest scale left): the caller then starts anew from the rows that remain.
  [[nodiscard]] bool subtract(const Datum& value);
  void merge(const NumericSum& other);

  // Values added so far, NaN and infinities included.
  int64_t count() const { return count_; }
  // NULL without values.
  Value sum(Arena& arena) const;
  Value average(Arena& arena) const;

 private:
  friend class NumericMoments;
  void add_finite(Int128 scaled, int scale);
  void add_big(const Datum& value, bool negate);
  // The finite part of the sum, exact.
  BigNumeric finite_sum() const;

  Int128 scaled_ = 0;  // of the values in small form, at scale small_scale_
  int small_scale_ = 0;
  int max_scale_ = 0;                // largest display scale among the values
  int64_t max_scale_count_ = 0;      // how many finite values have it
  std::unique_ptr<BigNumeric> big_;  // what did not fit, null while everything did
  int64_t count_ = 0;
  int64_t nan_count_ = 0;
  int64_t positive_infinity_count_ = 0;
  int64_t negative_infinity_count_ = 0;
};

// Sums of the values and of their squares.
class NumericMoments {
 public:
  void add(const Datum& value);
  [[nodiscard]] bool subtract(const Datum& value);
  void merge(const NumericMoments& other);

  int64_t count() const { return sum_.count(); }
  // `sample` divides by n - 1 (NULL for one value), otherwise by n.
  Value variance(bool sample, Arena& arena) const { return result(sample, false, arena); }
  Value standard_deviation(bool sample, Arena& arena) const { return result(sample, true, arena); }

 private:
  Value result(bool sample, bool root, Arena& arena) const;
  NumericSum sum_;
  NumericSum squares_;
};

}  // namespace luma
