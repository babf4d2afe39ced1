#include "engine/exec/kernel_adapter.h"

#include <array>

namespace luma {

namespace adapter {

bool merge_validity(const KernelCall& call, Vector& result) {
  uint32_t words = (call.count + 63) / 64;
  for (const Vector* arg : call.args) {
    if (!arg->has_nulls()) continue;
    if (arg->is_constant()) {
      if (!arg->is_null(0)) continue;
      result.set_constant_null();
      return false;
    }
    uint64_t* bits = result.mutable_validity();
    if (arg->form() == VectorForm::kFlat) {
      const uint64_t* from = arg->validity();
      for (uint32_t w = 0; w < words; ++w) bits[w] &= from[w];
    } else {
      for (uint32_t i = 0; i < call.count; ++i) {
        if (arg->is_null(i)) bits[i >> 6] &= ~(uint64_t{1} << (i & 63));
      }
    }
  }
  return true;
}

}  // namespace adapter

void run_row_function(RowFunction function, bool strict, const KernelCall& call, Vector& result) {
  bool constant = adapter::all_constant(call);
  if (constant) {
    result.begin_constant();
  } else {
    result.begin_flat();
  }
  RowCall row_call{call.context, call.expr, result.heap()};
  constexpr size_t kInlineArgs = 8;
  std::array<Value, kInlineArgs> few;
  std::vector<Value> many;
  Value* args = few.data();
  if (call.args.size() > kInlineArgs) {
    many.resize(call.args.size());
    args = many.data();
  }
  uint32_t count = constant ? 1 : call.count;
  for (uint32_t row = 0; row < count; ++row) {
    bool null = false;
    for (size_t a = 0; a < call.args.size(); ++a) {
      args[a] = call.args[a]->value(row);
      null |= args[a].is_null;
    }
    // Results already live in the heap: they are not copied again.
    if (null && strict) {
      result.set_null(row);
    } else {
      result.set_value(row, function(row_call, args), false);
    }
  }
}

}  // namespace luma
