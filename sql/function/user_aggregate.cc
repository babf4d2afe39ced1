#include "sql/function/user_aggregate.h"

#include <string>

#include "engine/base/sql_error.h"
#include "engine/exec/evaluator.h"
#include "engine/exec/expr.h"

namespace luma {
namespace {

// A value whose bytes belong to it.
class Held {
 public:
  void set(const Value& value, PhysicalType physical) {
    value_ = value;
    if (value.is_null || physical != PhysicalType::kVarlen) return;
    std::string copy(value.datum.str.view());
    bytes_ = std::move(copy);
    value_ = Value(Datum::of_string(bytes_));
  }
  const Value& value() const { return value_; }

 private:
  Value value_ = Value::null();
  std::string bytes_;
};

struct State {
  Held held;
  // A strict step without a first state takes the first argument for one.
  bool waits = false;
};

struct Steps {
  explicit Steps(const AggregateCall& call) {
    LUMA_CHECK(call.expr.element_coercion != nullptr);
    ExprList parts = call.expr.element_coercion->args;
    step = parts[0];
    final = parts[1];
    first = parts[2];
  }
  const Expr* step;
  const Expr* final;
  const Expr* first;
};

// The row that the expressions are evaluated over.
Chunk make_row(PhysicalType state, std::span<const Vector* const> args) {
  std::vector<PhysicalType> types{state};
  for (const Vector* arg : args) types.push_back(arg->physical());
  return Chunk(types, 1);
}

void init(const AggregateCall& call, std::byte* at) {
  auto* state = new (at) State();
  Steps steps(call);
  state->held.set(steps.first->constant, steps.first->physical);
  state->waits = steps.step->strict && steps.first->constant.is_null;
}

void update(const AggregateCall& call, std::byte* const* states,
            std::span<const Vector* const> args, uint32_t count) {
  Steps steps(call);
  const PhysicalType physical = steps.first->physical;
  ExprEvaluator step(*steps.step, 1);
  Chunk row = make_row(physical, args);
  for (uint32_t i = 0; i < count; ++i) {
    auto& state = *reinterpret_cast<State*>(states[i]);
    row.begin();
    bool any_null = false;
    for (size_t a = 0; a < args.size(); ++a) {
      Value value = args[a]->value(i);
      any_null |= value.is_null;
      row.columns[a + 1].set_value(0, value);
    }
    if (steps.step->strict) {
      if (any_null) continue;
      if (state.waits) {
        state.held.set(args.empty() ? Value::null() : args[0]->value(i), physical);
        state.waits = false;
        continue;
      }
      if (state.held.value().is_null) continue;
    }
    row.columns[0].set_value(0, state.held.value());
    row.size = 1;
    state.held.set(step.evaluate(call.context, row).value(0), physical);
  }
}

Value finalize(const AggregateCall& call, const std::byte* at) {
  const auto& state = *reinterpret_cast<const State*>(at);
  Steps steps(call);
  ExprEvaluator final(*steps.final, 1);
  Chunk row = make_row(steps.first->physical, {});
  row.begin();
  row.columns[0].set_value(0, state.held.value());
  row.size = 1;
  Value value = final.evaluate(call.context, row).value(0);
  if (value.is_null) return value;
  return copy_datum(value.datum, steps.final->physical, call.arena);
}

void destroy(std::byte* at) { reinterpret_cast<State*>(at)->~State(); }

}  // namespace

const AggregateFunction* user_aggregate() {
  static const AggregateFunction kFunction = [] {
    AggregateFunction out;
    out.state_bytes = sizeof(State);
    out.init = init;
    out.update = update;
    out.finalize = finalize;
    out.destroy = destroy;
    return out;
  }();
  return &kFunction;
}

}  // namespace luma
