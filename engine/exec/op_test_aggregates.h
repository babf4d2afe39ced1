#pragma once
// For tests of operators only: sum and count (fixed states), concat (a state with owned memory,
// which shows the order of its input), row_number.
#include "engine/exec/op_test_source.h"

namespace luma::testing {

struct SumState {
  int64_t sum;
  int64_t count;
};
inline void sum_init(const AggregateCall&, std::byte* state) { new (state) SumState{0, 0}; }
inline void sum_update(const AggregateCall&, std::byte* const* states,
                       std::span<const Vector* const> args, uint32_t count) {
  auto values = args[0]->unified<int64_t>();
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t index = values.index(i);
    if (!values.valid_at(index)) continue;
    auto* state = reinterpret_cast<SumState*>(states[i]);
    state->sum += values.data[index];
    ++state->count;
  }
}
inline void sum_combine(const AggregateCall&, std::byte* into, const std::byte* from) {
  auto* to = reinterpret_cast<SumState*>(into);
  auto* other = reinterpret_cast<const SumState*>(from);
  to->sum += other->sum;
  to->count += other->count;
}
inline Value sum_finalize(const AggregateCall&, const std::byte* state) {
  auto* sum = reinterpret_cast<const SumState*>(state);
  return sum->count == 0 ? Value::null() : Value(Datum::of_int64(sum->sum));
}
inline Value count_finalize(const AggregateCall&, const std::byte* state) {
  return Datum::of_int64(reinterpret_cast<const SumState*>(state)->count);
}
inline void sum_remove(const AggregateCall&, std::byte* state, const Value* args) {
  if (args[0].is_null) return;
  auto* sum = reinterpret_cast<SumState*>(state);
  sum->sum -= args[0].datum.i64;
  --sum->count;
}

inline constexpr AggregateFunction kSum{.state_bytes = sizeof(SumState),
                                        .init = sum_init,
                                        .update = sum_update,
                                        .combine = sum_combine,
                                        .finalize = sum_finalize};
inline constexpr AggregateFunction kRemovableSum{.state_bytes = sizeof(SumState),
                                                 .init = sum_init,
                                                 .update = sum_update,
                                                 .finalize = sum_finalize,
                                                 .remove = sum_remove};
inline constexpr AggregateFunction kCount{.state_bytes = sizeof(SumState),
                                          .init = sum_init,
                                          .update = sum_update,
                                          .combine = sum_combine,
                                          .finalize = count_finalize};

// Order-dependent: a polynomial of the values; its state owns memory.
struct FoldState {
  std::vector<int64_t>* values;
};
inline void fold_init(const AggregateCall&, std::byte* state) {
  new (state) FoldState{std::make_unique<std::vector<int64_t>>().release()};
}
inline void fold_update(const AggregateCall&, std::byte* const* states,
                        std::span<const Vector* const> args, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    Value value = args[0]->value(i);
    if (!value.is_null) reinterpret_cast<FoldState*>(states[i])->values->push_back(value.datum.i64);
  }
}
inline int64_t fold(const std::vector<int64_t>& values) {
  uint64_t result = 7;
  for (int64_t value : values) result = result * 31 + static_cast<uint64_t>(value);
  return static_cast<int64_t>(result);
}
inline Value fold_finalize(const AggregateCall&, const std::byte* state) {
  return Datum::of_int64(fold(*reinterpret_cast<const FoldState*>(state)->values));
}
inline void fold_destroy(std::byte* state) {
  std::unique_ptr<std::vector<int64_t>> owned(reinterpret_cast<FoldState*>(state)->values);
}
inline constexpr AggregateFunction kFold{.state_bytes = sizeof(FoldState),
                                         .init = fold_init,
                                         .update = fold_update,
                                         .finalize = fold_finalize,
                                         .destroy = fold_destroy};

inline Expr* aggregate(TestExprs& e, const AggregateFunction& function, Expr* arg,
                       const AggregateInfo* info = nullptr) {
  Expr* call = e.node(ExprKind::kAggregate, kInt8Type, {arg});
  call->implementation.aggregate = &function;
  call->implementation.is_parallel_safe = true;
  call->aggregate = info != nullptr ? info : e.aggregate_info();
  return call;
}

}  // namespace luma::testing
