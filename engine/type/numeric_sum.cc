#include "engine/type/numeric_sum.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/numeric_big.h"

namespace luma {
namespace {

Int128 power_of_ten(int exponent) {
  Int128 result = 1;
  for (; exponent > 0; --exponent) result *= 10;
  return result;
}

// False, and `out` is as it was, when that does not fit.
bool rescale(Int128 value, int digits, Int128* out) {
  constexpr int kMostDigits = 38;  // a larger power does not fit itself
  Int128 result = value;
  if (value != 0 && digits != 0 &&
      (digits > kMostDigits || __builtin_mul_overflow(value, power_of_ten(digits), &result))) {
    return false;
  }
  *out = result;
  return true;
}

}  // namespace

NumericSum::NumericSum() = default;
NumericSum::~NumericSum() = default;
NumericSum::NumericSum(NumericSum&&) noexcept = default;
NumericSum& NumericSum::operator=(NumericSum&&) noexcept = default;

void NumericSum::add_finite(Int128 scaled, int scale) {
  if (scale > small_scale_) {
    if (rescale(scaled_, scale - small_scale_, &scaled_)) small_scale_ = scale;
  } else if (rescale(scaled, small_scale_ - scale, &scaled)) {
    scale = small_scale_;
  }
  Int128 sum;
  if (scale == small_scale_ && !__builtin_add_overflow(scaled_, scaled, &sum)) {
    scaled_ = sum;
    return;
  }
  // 128 bits are full: what they hold moves to the big part.
  BigNumeric held = BigNumeric::of_int(scaled_, small_scale_);
  big_ = std::make_unique<BigNumeric>(big_ == nullptr ? std::move(held) : big_add(*big_, held));
  scaled_ = scaled;
  small_scale_ = scale;
}

void NumericSum::add_big(const Datum& value, bool negate) {
  BigNumeric a = BigNumeric::of_datum(value);
  if (negate) a = big_neg(std::move(a));
  if (big_ == nullptr) {
    big_ = std::make_unique<BigNumeric>(std::move(a));
  } else {
    *big_ = big_add(*big_, a);
  }
}

void NumericSum::add_scaled(Int128 scaled, int scale, int64_t count) {
  count_ += count;
  if (scale >= max_scale_) {
    max_scale_count_ = scale == max_scale_ ? max_scale_count_ + count : count;
    max_scale_ = scale;
  }
  add_finite(scaled, scale);
}

void NumericSum::add(const Datum& value) {
  ++count_;
  if (numeric_is_small(value)) {
    SmallNumeric small = numeric_small(value);
    if (small.scale == max_scale_) {
      ++max_scale_count_;
    } else if (small.scale > max_scale_) {
      max_scale_ = small.scale;
      max_scale_count_ = 1;
    }
    Int128 sum;
    if (small.scale == small_scale_ &&
        !__builtin_add_overflow(scaled_, static_cast<Int128>(small.scaled), &sum)) {
      scaled_ = sum;
    } else {
      add_finite(small.scaled, small.scale);
    }
    return;
  }
  if (numeric_is_nan(value)) {
    ++nan_count_;
  } else if (numeric_is_infinite(value)) {
    ++(numeric_compare(value, numeric_from_int64(0)) > 0 ? positive_infinity_count_
                                                         : negative_infinity_count_);
  } else {
    int scale = numeric_scale(value);
    if (scale >= max_scale_) {
      max_scale_count_ = scale == max_scale_ ? max_scale_count_ + 1 : 1;
      max_scale_ = scale;
    }
    add_big(value, false);
  }
}

bool NumericSum::subtract(const Datum& value) {
  if (numeric_is_nan(value)) {
    --nan_count_;
  } else if (numeric_is_infinite(value)) {
    --(numeric_compare(value, numeric_from_int64(0)) > 0 ? positive_infinity_count_
                                                         : negative_infinity_count_);
  } else {
    if (numeric_scale(value) == max_scale_ && max_scale_ > 0) {
      int64_t finite = count_ - nan_count_ - positive_infinity_count_ - negative_infinity_count_;
      if (max_scale_count_ == 1 && finite > 1) return false;
      --max_scale_count_;
    }
    if (numeric_is_small(value)) {
      const SmallNumeric small = numeric_small(value);
      add_finite(-static_cast<Int128>(small.scaled), small.scale);
    } else {
      add_big(value, true);
    }
  }
  if (--count_ == 0) *this = NumericSum();
  return true;
}

void NumericSum::merge(const NumericSum& other) {
  if (other.max_scale_ > max_scale_) {
    max_scale_ = other.max_scale_;
    max_scale_count_ = other.max_scale_count_;
  } else if (other.max_scale_ == max_scale_) {
    max_scale_count_ += other.max_scale_count_;
  }
  count_ += other.count_;
  nan_count_ += other.nan_count_;
  positive_infinity_count_ += other.positive_infinity_count_;
  negative_infinity_count_ += other.negative_infinity_count_;
  const int scale = std::max(small_scale_, other.small_scale_);
  Int128 mine, others, sum;
  if (other.big_ == nullptr && rescale(scaled_, scale - small_scale_, &mine) &&
      rescale(other.scaled_, scale - other.small_scale_, &others) &&
      !__builtin_add_overflow(mine, others, &sum)) {
    scaled_ = sum;
    small_scale_ = scale;
    return;
  }
  BigNumeric total = big_add(finite_sum(), other.finite_sum());
  big_ = std::make_unique<BigNumeric>(std::move(total));
  scaled_ = 0;
}

BigNumeric NumericSum::finite_sum() const {
  BigNumeric total = BigNumeric::of_int(scaled_, small_scale_);
  if (big_ != nullptr) total = big_add(total, *big_);
  total.scale = max_scale_;
  return total;
}

Value NumericSum::sum(Arena& arena) const {
  if (count_ == 0) return Value::null();
  if (nan_count_ > 0 || (positive_infinity_count_ > 0 && negative_infinity_count_ > 0))
    return numeric_nan();
  if (positive_infinity_count_ > 0) return numeric_infinity(false);
  if (negative_infinity_count_ > 0) return numeric_infinity(true);
  if (big_ == nullptr && small_scale_ == max_scale_)
    return numeric_make(scaled_, small_scale_, arena);
  return finite_sum().to_datum(arena);
}

Value NumericSum::average(Arena& arena) const {
  Value total = sum(arena);
  if (total.is_null) return total;
  return numeric_div(total.datum, numeric_from_int64(count_), arena);
}

void NumericMoments::add(const Datum& value) {
  sum_.add(value);
  if (numeric_is_small(value) || !(numeric_is_nan(value) || numeric_is_infinite(value))) {
    Arena scratch(nullptr, 512);
    squares_.add(numeric_mul(value, value, scratch));
  }
}

bool NumericMoments::subtract(const Datum& value) {
  if (!sum_.subtract(value)) return false;
  if (numeric_is_nan(value) || numeric_is_infinite(value)) return true;
  Arena scratch(nullptr, 512);
  return squares_.subtract(numeric_mul(value, value, scratch));
}

void NumericMoments::merge(const NumericMoments& other) {
  sum_.merge(other.sum_);
  squares_.merge(other.squares_);
}

Value NumericMoments::result(bool sample, bool root, Arena& arena) const {
  int64_t n = sum_.count();
  if (n == 0 || (sample && n <= 1)) return Value::null();
  if (sum_.nan_count_ + sum_.positive_infinity_count_ + sum_.negative_infinity_count_ > 0)
    return numeric_nan();
  BigNumeric count = BigNumeric::of_int(n);
  BigNumeric total = sum_.finite_sum();
  // n * sum(x^2) - sum(x)^2
  BigNumeric numerator = big_sub(big_mul(count, squares_.finite_sum()), big_mul(total, total));
  if (numerator.sign() <= 0) return numeric_from_int64(0);
  BigNumeric denominator = big_mul(count, BigNumeric::of_int(sample ? n - 1 : n));
  int scale = big_div_scale(numerator, denominator);
  BigNumeric variance = big_div(numerator, denominator, scale);
  return (root ? big_sqrt(variance, scale) : variance).to_datum(arena);
}

}  // namespace luma
