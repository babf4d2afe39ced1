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

// Rows side by side (step 2) or a constant (0). True when some result may not fit: then all of them
// are to be computed with more care.
template <DecimalOp op, uint32_t step_a, uint32_t step_b>
LUMA_SIMD_LOOP bool dense_loop(const uint64_t* a, const uint64_t* b, uint64_t head,
                               uint64_t* __restrict out, uint32_t count) {
  constexpr uint64_t kHalf = uint64_t{1} << 31;
  uint64_t failed = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t x = a[size_t{i} * step_a], y = b[size_t{i} * step_b];
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

// False: nothing is done.
template <DecimalOp op>
bool compute_dense(const KernelCall& call, Vector& result, const Operands& operands, int scale) {
  const DecimalView& a = operands.a;
  const DecimalView& b = operands.b;
  if (a.selection() != nullptr || b.selection() != nullptr) return false;
  result.begin_flat();
  if (adapter::any_may_be_null(call) && !adapter::merge_validity(call, result)) return true;
  auto* out = reinterpret_cast<uint64_t*>(result.mutable_data<StringRef>());
  const uint64_t head = DecimalWriter::head_of(scale);
  const auto* x = a.words();
  const auto* y = b.words();
  if (a.step() == 0) return !simd_call<dense_loop<op, 0, 2>>(x, y, head, out, call.count);
  if (b.step() == 0) return !simd_call<dense_loop<op, 2, 0>>(x, y, head, out, call.count);
  return !simd_call<dense_loop<op, 2, 2>>(x, y, head, out, call.count);
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
  if (left == 1 && right == 1) {
    constexpr DecimalOp kOp = subtract ? DecimalOp::kSubtract : DecimalOp::kAdd;
    if (compute_dense<kOp>(call, result, *operands, scale)) return true;
    return compute_decimals(call, result, *operands, scale, combine);
  }
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
          compute_dense<DecimalOp::kMultiply>(call, result, *operands, scale)) {
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
