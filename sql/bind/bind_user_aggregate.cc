// Calls of aggregates that users have created: what sql/function/user_aggregate.h runs for them.
#include "sql/bind/binder.h"
#include "sql/bind/polymorphic.h"
#include "sql/function/extension.h"
#include "sql/function/user_aggregate.h"

namespace luma {

Expr* Binder::call_over_slots(Oid function, const std::vector<TypeRef>& types, int location) {
  const FunctionEntry* entry = function_by_oid(environment_.catalog(), function, arena());
  if (entry == nullptr) throw unsupported("the function {} of an aggregate", function);
  std::vector<Expr*> args;
  std::vector<Oid> actual, declared(entry->arg_types.begin(), entry->arg_types.end());
  for (uint32_t i = 0; i < types.size(); ++i) {
    args.push_back(make_slot(arena(), i, types[i]));
    actual.push_back(types[i].oid);
  }
  Oid result = resolve_polymorphic(actual, declared, entry->result);
  return build_call(*entry, args, location, declared, result);
}

void Binder::attach_aggregate_steps(Expr& call) {
  const Function* function = environment_.catalog().function(call.function->oid);
  if (function == nullptr || call.implementation.aggregate != user_aggregate()) return;
  const Function::Aggregate& aggregate = *function->aggregate;
  std::vector<Oid> actual;
  for (const Expr* arg : call.args) actual.push_back(arg->type.oid);
  std::vector<Oid> declared = function->input_types();
  declared.resize(actual.size(), declared.empty() ? type_oid::kAny : declared.back());
  const Oid state = resolve_polymorphic(actual, declared, aggregate.transition_type);
  std::vector<TypeRef> types{{state, -1}};
  for (const Expr* arg : call.args) types.push_back(arg->type);
  Expr* step = call_over_slots(aggregate.transition, types, call.location);
  if (step->type.oid != state) {
    step = coerce(step, {state, -1}, Coercion::kExplicit, call.location);
    step->strict = step->args[0]->strict;
  }
  if (aggregate.final_extra) {
    types.resize(1 + call.args.size());
  } else {
    types.resize(1);
  }
  Expr* final = make_slot(arena(), 0, {state, -1});
  if (aggregate.final != kInvalidOid) {
    final = call_over_slots(aggregate.final, types, call.location);
    // Only the state is given; the rest says which types there were.
    std::vector<Expr*> args(final->args.begin(), final->args.end());
    for (size_t i = 1; i < args.size(); ++i) {
      args[i] = make_constant(arena(), args[i]->type, Value::null());
    }
    final->args = copy_span(arena(), args);
  }
  const TypeInfo& type = type_info(state);
  Value first = Value::null();
  if (aggregate.initial.has_value()) {
    if (type.input == nullptr) throw unsupported("type {}", format_type(state));
    Datum value = type.input(*aggregate.initial, type, -1, environment_.io(), arena());
    first = copy_datum(value, type.physical, arena());
  }
  Expr* row = arena().make<Expr>();
  row->kind = ExprKind::kRow;
  row->type = {type_oid::kRecord, -1};
  row->args = copy_span(
      arena(), std::vector<Expr*>{step, final, make_constant(arena(), {state, -1}, first)});
  call.element_coercion = row;
}

}  // namespace luma
