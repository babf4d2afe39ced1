#pragma once
// Arithmetic and comparisons of numeric for the common case that both vectors hold decimals of one
// scale that fit 64 bits; everything else, and every result that does not fit, goes to the kernels
// for all numerics. Results are the same either way. Internal to sql/function.
#include "engine/exec/function.h"

namespace luma {

void decimal_add(const KernelCall& call, Vector& result);
void decimal_subtract(const KernelCall& call, Vector& result);
void decimal_multiply(const KernelCall& call, Vector& result);

enum class DecimalCompare : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual
};

// `otherwise` selects any numerics.
template <DecimalCompare compare, SelectKernel otherwise>
uint32_t decimal_select(const KernelCall& call, uint32_t* selection);

// False when the operands are not of the common case.
bool select_decimals(DecimalCompare compare, const KernelCall& call, uint32_t* selection,
                     uint32_t* found);

template <DecimalCompare compare, SelectKernel otherwise>
uint32_t decimal_select(const KernelCall& call, uint32_t* selection) {
  uint32_t found = 0;
  if (select_decimals(compare, call, selection, &found)) return found;
  return otherwise(call, selection);
}

}  // namespace luma
