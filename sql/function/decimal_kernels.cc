#include "sql/function/decimal_kernels.h"

#include <algorithm>

#include "engine/base/simd_call.h"
#include "engine/exec/decimal_vector.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/powers_of_ten.h"

namespace luma {

namespace {

template <auto op>
constexpr auto kAnyNumeric =
    [](RowCall& call, const Datum& a, const Datum& b) -> Datum { return op(a, b, call.arena); };

struct Operands {
  DecimalView a, b;
};
std::optional<Operands> operands_of(const KernelCall& call) {
  std::optional<DecimalView> a = DecimalView::of(*call.args[0], call.count);
  if (!a) return std::nullopt;
  std::optional<DecimalView> b = DecimalView::of(*call.args[1], call.count);
  if (!b) return std::nullopt;
  return Operands{*a, *b};
}

// Calls body(i, a, b) with the integers of each row; false when that did.
template <typename Body>
[[gnu::always_inline]] inline bool each_row(const Operands& operands, uint32_t count, Body body) {
  bool failed = false;
  const DecimalView& a = operands.a;
  const DecimalView& b = operands.b;
  if (a.selection() == nullptr && b.selection() == nullptr) {
    const uint64_t* x = a.words();
    const uint64_t* y = b.words();
    for (uint32_t i = 0; i < count; ++i, x += a.step(), y += b.step()) {
      failed |= body(i, static_cast<int64_t>(*x), static_cast<int64_t>(*y));
    }
  } else {
    for (uint32_t i = 0; i < count; ++i) failed |= body(i, a.scaled(i), b.scaled(i));
  }
  return !failed;
}

// `compute(a, b, &result)` says whether the result does not fit. False: nothing is done.
template <typename Compute>
bool compute_decimals(const KernelCall& call, Vector& result, const Operands& operands, int scale,
                      Compute compute) {
  result.begin_flat();
  if (adapter::any_may_be_null(call) && !adapter::merge_validity(call, result)) return true;
  DecimalWriter out(result, scale);
  return each_row(operands, call.count, [&](uint32_t row, int64_t a, int64_t b) {
    int64_t value;
    bool failed = compute(a, b, &value);
    out.set(row, value);
    return failed;
  });
}

enum class DecimalOp : uint8_t { kAdd, kSubtract, kMultiply };

// Where the integers of an operand's rows are.
enum class Access : uint8_t { kConstant, kDense, kSelected };
struct Integers {
  const uint64_t* words;
  const uint32_t* selection;
};
Access access_of(const DecimalView& view) {
  if (view.selection() != nullptr) return Access::kSelected;
  return view.step() == 0 ? Access::kConstant : Access::kDense;
}

template <Access access>
LUMA_SIMD_LOOP uint64_t integer_at(const Integers& operand, uint32_t row) {
  if constexpr (access == Access::kConstant) return operand.words[0];
  if constexpr (access == Access::kDense) return operand.words[size_t{2} * row];
  return operand.words[size_t{2} * operand.selection[row]];
}

// True when some result may not fit: then all of them are to be computed with more care.
template <DecimalOp op, Access access_a, Access access_b>
LUMA_SIMD_LOOP bool decimal_loop(Integers a, Integers b, uint64_t head, uint64_t* __restrict out,
                                 uint32_t count) {
  constexpr uint64_t kHalf = uint64_t{1} << 31;
  uint64_t failed = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t x = integer_at<access_a>(a, i), y = integer_at<access_b>(b, i);
    uint64_t value;
    if constexpr (op == DecimalOp::kAdd) {
      value = x + y;
      failed |= ((x ^ value) & (y ^ value)) >> 63;
    } else if constexpr (op == DecimalOp::kSubtract) {
      value = x - y;
      failed |= ((x ^ y) & (x ^ value)) >> 63;
    } else {
      // Factors of 32 bits.
      value = x * y;
      failed |= ((x + kHalf) | (y + kHalf)) >> 32;
    }
    out[size_t{2} * i] = head;
    out[size_t{2} * i + 1] = value;
  }
  return failed != 0;
}

// Calls run() with both as constants.
template <typename Run>
bool with_access(Access a, Access b, Run&& run) {
  auto with_b = [&]<Access first>() {
    switch (b) {
      case Access::kConstant:
        return run.template operator()<first, Access::kConstant>();
      case Access::kDense:
        return run.template operator()<first, Access::kDense>();
      default:
        return run.template operator()<first, Access::kSelected>();
    }
  };
  switch (a) {
    case Access::kConstant:
      return with_b.template operator()<Access::kConstant>();
    case Access::kDense:
      return with_b.template operator()<Access::kDense>();
    default:
      return with_b.template operator()<Access::kSelected>();
  }
}

// A constant brought to a greater scale; everything else only has its own. False: cannot be.
bool scale_constant(const DecimalView& view, int64_t factor, uint64_t& scaled, Integers& out) {
  out = {view.words(), view.selection()};
  if (factor == 1) return true;
  if (access_of(view) != Access::kConstant) return false;
  int64_t value;
  if (__builtin_mul_overflow(view.scaled(0), factor, &value)) return false;
  scaled = static_cast<uint64_t>(value);
  out.words = &scaled;
  return true;
}

// False: nothing is done.
template <DecimalOp op>
bool compute_at_once(const KernelCall& call, Vector& result, const Operands& operands, int scale,
                     int64_t left_factor, int64_t right_factor) {
  Integers a, b;
  uint64_t scaled_a, scaled_b;
  if (!scale_constant(operands.a, left_factor, scaled_a, a) ||
      !scale_constant(operands.b, right_factor, scaled_b, b)) {
    return false;
  }
  result.begin_flat();
  if (adapter::any_may_be_null(call) && !adapter::merge_validity(call, result)) return true;
  auto* out = reinterpret_cast<uint64_t*>(result.mutable_data<StringRef>());
  const uint64_t head = DecimalWriter::head_of(scale);
  return with_access(
      access_of(operands.a), access_of(operands.b), [&]<Access first, Access second>() {
        return !simd_call<decimal_loop<op, first, second>>(a, b, head, out, call.count);
      });
}

// a * left_factor +- b * right_factor.
template <bool subtract>
bool add_or_subtract(const KernelCall& call, Vector& result) {
  if (adapter::all_constant(call)) return false;
  std::optional<Operands> operands = operands_of(call);
  if (!operands) return false;
  const int scale = std::max(operands->a.scale(), operands->b.scale());
  const int64_t left = kPowersOfTen[scale - operands->a.scale()];
  const int64_t right = kPowersOfTen[scale - operands->b.scale()];
  auto combine = [](int64_t a, int64_t b, int64_t* out) {
    return subtract ? __builtin_sub_overflow(a, b, out) : __builtin_add_overflow(a, b, out);
  };
  constexpr DecimalOp kOp = subtract ? DecimalOp::kSubtract : DecimalOp::kAdd;
  if (compute_at_once<kOp>(call, result, *operands, scale, left, right)) return true;
  return compute_decimals(call, result, *operands, scale, [&](int64_t a, int64_t b, int64_t* out) {
    int64_t x, y;
    bool failed = __builtin_mul_overflow(a, left, &x) | __builtin_mul_overflow(b, right, &y);
    return failed | combine(x, y, out);
  });
}

template <typename Test>
uint32_t select_rows(const KernelCall& call, const Operands& operands, uint32_t* selection,
                     Test test) {
  uint32_t found = 0;
  each_row(operands, call.count, [&](uint32_t row, int64_t a, int64_t b) {
    selection[found] = row;
    found += test(a, b);
    return false;
  });
  if (!adapter::any_may_be_null(call)) return found;
  uint32_t valid = 0;
  for (uint32_t i = 0; i < found; ++i) {
    const uint32_t row = selection[i];
    selection[valid] = row;
    valid += !call.args[0]->is_null(row) && !call.args[1]->is_null(row);
  }
  return valid;
}

}  // namespace

void decimal_add(const KernelCall& call, Vector& result) {
  if (!add_or_subtract<false>(call, result)) {
    strict_kernel<kAnyNumeric<&numeric_add>>(call, result);
  }
}

void decimal_subtract(const KernelCall& call, Vector& result) {
  if (!add_or_subtract<true>(call, result)) {
    strict_kernel<kAnyNumeric<&numeric_sub>>(call, result);
  }
}

void decimal_multiply(const KernelCall& call, Vector& result) {
  if (!adapter::all_constant(call)) {
    std::optional<Operands> operands = operands_of(call);
    if (operands) {
      const int scale = operands->a.scale() + operands->b.scale();
      if (scale <= kNumericSmallMaxScale &&
          compute_at_once<DecimalOp::kMultiply>(call, result, *operands, scale, 1, 1)) {
        return;
      }
      if (scale <= kNumericSmallMaxScale &&
          compute_decimals(call, result, *operands, scale, [](int64_t a, int64_t b, int64_t* out) {
            return __builtin_mul_overflow(a, b, out);
          })) {
        return;
      }
    }
  }
  strict_kernel<kAnyNumeric<&numeric_mul>>(call, result);
}

bool select_decimals(DecimalCompare compare, const KernelCall& call, uint32_t* selection,
                     uint32_t* found) {
  std::optional<Operands> operands = operands_of(call);
  if (!operands || operands->a.scale() != operands->b.scale()) return false;
  auto select = [&](auto test) { *found = select_rows(call, *operands, selection, test); };
  switch (compare) {
    case DecimalCompare::kEqual:
      select(std::equal_to<>());
      break;
    case DecimalCompare::kNotEqual:
      select(std::not_equal_to<>());
      break;
    case DecimalCompare::kLess:
      select(std::less<>());
      break;
    case DecimalCompare::kLessEqual:
      select(std::less_equal<>());
      break;
    case DecimalCompare::kGreater:
      select(std::greater<>());
      break;
    case DecimalCompare::kGreaterEqual:
      select(std::greater_equal<>());
      break;
  }
  return true;
}

}  // namespace luma
