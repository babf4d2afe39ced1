#include "sql/session/session_triggers.h"

#include "engine/base/sql_error.h"
#include "sql/function/routine_caller.h"
#include "sql/function/trigger_functions.h"

namespace luma {

TriggerResult SessionTriggers::call(ExecContext& context, const TriggerCall& call, Arena& arena) {
  struct Deeper {
    StatementEnvironment& environment;
    explicit Deeper(StatementEnvironment& where) : environment(where) {
      environment.add_trigger_depth(1);
    }
    ~Deeper() { environment.add_trigger_depth(-1); }
  } deeper{environment_};
  if (BuiltinTrigger builtin = find_builtin_trigger(call.trigger->function)) {
    return builtin(context, call, arena);
  }
  return call_user(context, call, arena);
}

TriggerResult SessionTriggers::call_user(ExecContext& context, const TriggerCall& call,
                                         Arena& arena) {
  const TriggerDesc& trigger = *call.trigger;
  // The function may change the catalog.
  ObjectPtr table = environment_.catalog().share({class_oid::kRelation, call.table->oid, 0});
  if (table == nullptr) {
    throw sql_error(SqlState::kInternalError, "could not open relation with OID {}",
                    call.table->oid);
  }
  TriggerData data{static_cast<const Table&>(*table)};
  data.trigger = trigger.oid;
  data.name = trigger.name;
  data.timing = trigger.timing;
  data.event = call.event;
  data.for_each_row = trigger.for_each_row;
  data.arguments = trigger.arguments;
  data.old_row = call.old_row;
  data.new_row = call.new_row;
  // Before a row is written its generated columns have no value, not the old one either.
  std::vector<Value> new_row;
  if (trigger.timing == TriggerTiming::kBefore && !call.new_row.empty()) {
    new_row.assign(call.new_row.begin(), call.new_row.end());
    const auto& generated = call.table->generated;
    for (size_t i = 0; i < generated.size(); ++i) {
      if (generated[i] != nullptr) new_row[i] = Value::null();
    }
    data.new_row = new_row;
  }
  if (call.transition != nullptr) {
    if (!trigger.old_table.empty()) {
      data.transition_tables.push_back({trigger.old_table, &call.transition->old_rows});
    }
    if (!trigger.new_table.empty()) {
      data.transition_tables.push_back({trigger.new_table, &call.transition->new_rows});
    }
  }
  std::vector<Value> row;
  TriggerResult result;
  result.skip = !environment_.routines().call_trigger(context, trigger.function, data, arena, row);
  const bool counts = trigger.for_each_row && trigger.timing != TriggerTiming::kAfter;
  if (counts && !result.skip && !row.empty()) result.row = std::move(row);
  if (!counts) result.skip = false;
  return result;
}

}  // namespace luma
