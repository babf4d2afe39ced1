#include "sql/function/families.h"

namespace luma {

std::span<const std::span<const KernelRow>> all_kernel_families() {
  static const std::span<const KernelRow> kFamilies[] = {
      integer_kernels(),
      float_kernels(),
      math_kernels(),
      numeric_kernels(),
      text_compare_kernels(),
      text_kernels(),
      like_kernels(),
      regexp_kernels(),
      aggregate_sum_kernels(),
      aggregate_statistics_kernels(),
      window_kernels(),
  };
  return kFamilies;
}

}  // namespace luma
