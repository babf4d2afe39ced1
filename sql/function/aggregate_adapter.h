#pragma once
// Makes AggregateFunctions of small operation classes:
//
//   struct Op {
//     using Args = TypeList<int32_t>;      // physical argument types; rows with a NULL are skipped
//     struct State { ... };                // default-constructed; alignment at most 8
//     static void add(const AggregateCall&, State&, const int32_t& value);
//     static void merge(const AggregateCall&, State& into, const State& from);     // optional
//     static void remove(const AggregateCall&, State&, const int32_t& value);      // optional
//     static Value finish(const AggregateCall&, const State&);
//   };
//   aggregate_of<Op>()
//
// An Op without Args gets rows with NULLs, too: add(call, state, values) with Value* values.
#include <new>
#include <type_traits>

#include "engine/exec/kernel_adapter.h"
#include "sql/function/kernel_row.h"

namespace luma {

using adapter::TypeList;

namespace adapter {

template <typename Op>
concept TypedAggregate = requires {
  typename Op::Args;
};
template <typename Op>
concept MergeableAggregate = requires(const AggregateCall& call, typename Op::State& into,
                                      const typename Op::State& from) {
  Op::merge(call, into, from);
};

// An aggregate that adds up many rows better than one by one: false when it could not.
template <typename Op>
concept BatchAggregate = requires(const AggregateCall& call, typename Op::State& state,
                                  std::span<const Vector* const> args, uint32_t count) {
  { Op::add_all(call, state, args, count) } -> std::same_as<bool>;
};

template <typename T>
const T& datum_as(const Datum& datum) {
  return reinterpret_cast<const T&>(datum);
}

// Calls add(row, values...) for the rows without NULLs.
template <typename... A, typename Add>
void for_each_row(TypeList<A...>, std::span<const Vector* const> args, uint32_t count, Add&& add) {
  [&]<size_t... I>(std::index_sequence<I...>) {
    [[maybe_unused]] auto inputs = std::make_tuple(args[I]->template unified<A>()...);
    bool nulls = (false || ... || args[I]->has_nulls());
    bool flat = (true && ... && (args[I]->form() == VectorForm::kFlat));
    if (!nulls && flat) {
      for (uint32_t row = 0; row < count; ++row) add(row, std::get<I>(inputs).data[row]...);
      return;
    }
    if (!nulls) {
      for (uint32_t row = 0; row < count; ++row) add(row, std::get<I>(inputs)[row]...);
      return;
    }
    for (uint32_t row = 0; row < count; ++row) {
      if ((true && ... && std::get<I>(inputs).valid(row))) add(row, std::get<I>(inputs)[row]...);
    }
  }
  (std::make_index_sequence<sizeof...(A)>());
}

template <typename Add>
void for_each_value_row(std::span<const Vector* const> args, uint32_t count, Add&& add) {
  constexpr size_t kMaxArgs = 8;
  Value values[kMaxArgs];
  LUMA_CHECK(args.size() <= kMaxArgs);
  for (uint32_t row = 0; row < count; ++row) {
    for (size_t a = 0; a < args.size(); ++a) values[a] = args[a]->value(row);
    add(row, static_cast<const Value*>(values));
  }
}

template <typename Op>
struct AggregateOf {
  using State = typename Op::State;
  static_assert(alignof(State) <= 8);
  static State& state(std::byte* bytes) { return *reinterpret_cast<State*>(bytes); }

  static void init(const AggregateCall&, std::byte* bytes) { new (bytes) State(); }
  static void update(const AggregateCall& call, std::byte* const* states,
                     std::span<const Vector* const> args, uint32_t count) {
    if constexpr (TypedAggregate<Op>) {
      for_each_row(typename Op::Args(), args, count, [&](uint32_t row, const auto&... values) {
        Op::add(call, state(states[row]), values...);
      });
    } else {
      for_each_value_row(args, count, [&](uint32_t row, const Value* values) {
        Op::add(call, state(states[row]), values);
      });
    }
  }
  static void update_single(const AggregateCall& call, std::byte* bytes,
                            std::span<const Vector* const> args, uint32_t count) {
    State& only = state(bytes);
    if constexpr (BatchAggregate<Op>) {
      if (Op::add_all(call, only, args, count)) return;
    }
    if constexpr (TypedAggregate<Op>) {
      for_each_row(typename Op::Args(), args, count,
                   [&](uint32_t, const auto&... values) { Op::add(call, only, values...); });
    } else {
      for_each_value_row(args, count,
                         [&](uint32_t, const Value* values) { Op::add(call, only, values); });
    }
  }
  static void combine(const AggregateCall& call, std::byte* into, const std::byte* from) {
    Op::merge(call, state(into), *reinterpret_cast<const State*>(from));
  }
  static Value finalize(const AggregateCall& call, const std::byte* bytes) {
    return Op::finish(call, *reinterpret_cast<const State*>(bytes));
  }
  static void destroy(std::byte* bytes) { state(bytes).~State(); }
  static void remove(const AggregateCall& call, std::byte* bytes, const Value* values) {
    [&]<typename... A, size_t... I>(TypeList<A...>, std::index_sequence<I...>) {
      if ((false || ... || values[I].is_null)) return;
      Op::remove(call, state(bytes), datum_as<A>(values[I].datum)...);
    }(typename Op::Args(), index_sequence_of(typename Op::Args()));
  }
  template <typename... A>
  static constexpr std::index_sequence_for<A...> index_sequence_of(TypeList<A...>) {
    return {};
  }

  template <typename O>
  static constexpr bool removable(TypeList<>) {
    return requires(const AggregateCall& call, State& s) { O::remove(call, s); };
  }
  template <typename O, typename A, typename... Rest>
  static constexpr bool removable(TypeList<A, Rest...>) {
    return requires(const AggregateCall& call, State& s, const A& value, const Rest&... rest) {
      O::remove(call, s, value, rest...);
    };
  }

  static constexpr AggregateFunction make() {
    AggregateFunction function;
    function.state_bytes = sizeof(State);
    function.init = init;
    function.update = update;
    function.update_single = update_single;
    function.finalize = finalize;
    if constexpr (MergeableAggregate<Op>) function.combine = combine;
    if constexpr (!std::is_trivially_destructible_v<State>) function.destroy = destroy;
    if constexpr (TypedAggregate<Op>) {
      if constexpr (removable<Op>(typename Op::Args())) function.remove = remove;
    }
    return function;
  }
  static constexpr AggregateFunction kFunction = make();
};

}  // namespace adapter

template <typename Op>
constexpr const AggregateFunction* aggregate_of() {
  return &adapter::AggregateOf<Op>::kFunction;
}

}  // namespace luma
