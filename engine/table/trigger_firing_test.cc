#include "engine/table/trigger_firing.h"

#include <catch2/catch.hpp>
#include <functional>

#include "engine/base/sql_error.h"
#include "engine/base/would_block.h"
#include "engine/table/test_tables.h"

namespace luma {
namespace {

using Rows = std::vector<std::string>;

// Notes every call: "name old>new", rows as their first attribute.
struct Caller final : TriggerCaller {
  Rows calls;
  std::function<TriggerResult(const TriggerCall&)> answer;

  TriggerResult call(ExecContext&, const TriggerCall& call, Arena&) override {
    auto first = [](std::span<const Value> row) {
      return row.empty() ? std::string("-") : std::to_string(row[0].datum.i32);
    };
    std::string line = call.trigger->name + " " + first(call.old_row) + ">" + first(call.new_row);
    if (call.transition != nullptr) {
      line += " of " + std::to_string(call.transition->old_rows.row_count()) + ">" +
              std::to_string(call.transition->new_rows.row_count());
    }
    calls.push_back(line);
    return answer ? answer(call) : TriggerResult();
  }
  Rows take() { return std::exchange(calls, {}); }
};

TriggerDesc& add_trigger(TableDesc& table, std::string name, TriggerTiming timing, bool row) {
  TriggerDesc& trigger = table.triggers.emplace_back();
  trigger.oid = 40000 + static_cast<Oid>(table.triggers.size());
  trigger.name = std::move(name);
  trigger.timing = timing;
  trigger.for_each_row = row;
  for (TriggerEvent event : {TriggerEvent::kInsert, TriggerEvent::kUpdate, TriggerEvent::kDelete}) {
    trigger.events[static_cast<size_t>(event)] = true;
  }
  return trigger;
}

struct Fixture {
  TestTables tables;
  TestSession session{tables};
  Caller caller;
  std::shared_ptr<TableDesc> table;

  Fixture() : table(tables.make("t", {{"a", type_oid::kInt4, true}, {"b"}})) {
    session.triggers = &caller;
    table->row_key.push_back(TestTables::part(*table, 0));
  }
  Expr* b_plus(int32_t n) {
    return tables.exprs.add(tables.exprs.slot(1, type_oid::kInt4), tables.exprs.integer(n));
  }
};

TEST_CASE("triggers fire by level and timing") {
  Fixture f;
  add_trigger(*f.table, "1 before", TriggerTiming::kBefore, false);
  add_trigger(*f.table, "2 row", TriggerTiming::kBefore, true);
  add_trigger(*f.table, "3 after row", TriggerTiming::kAfter, true);
  TriggerDesc& after = add_trigger(*f.table, "4 after", TriggerTiming::kAfter, false);
  after.new_table = "fresh";
  CHECK(f.session.insert(f.table, {{int_value(1), int_value(0)}, {int_value(2), int_value(0)}}) ==
        2);
  CHECK(f.caller.take() == Rows{"1 before ->-", "2 row ->1", "2 row ->2", "3 after row ->1",
                                "3 after row ->2", "4 after ->- of 0>2"});
  CHECK(f.session.update(f.table, {{1, f.b_plus(5)}}) == 2);
  CHECK(f.caller.take() == Rows{"1 before ->-", "2 row 1>1", "2 row 2>2", "3 after row 1>1",
                                "3 after row 2>2", "4 after ->- of 0>2"});
  CHECK(f.session.remove(f.table) == 2);
  CHECK(f.caller.take() == Rows{"1 before ->-", "2 row 1>-", "2 row 2>-", "3 after row 1>-",
                                "3 after row 2>-", "4 after ->- of 0>0"});
  f.table->triggers[1].enabled = 'D';
  f.table->triggers[2].columns = {0};
  f.session.insert(f.table, {{int_value(1), int_value(0)}});
  f.caller.take();
  f.session.update(f.table, {{1, f.b_plus(5)}});
  CHECK(f.caller.take() == Rows{"1 before ->-", "4 after ->- of 0>1"});
}

TEST_CASE("a BEFORE ROW trigger changes rows and leaves rows out") {
  Fixture f;
  add_trigger(*f.table, "row", TriggerTiming::kBefore, true);
  f.caller.answer = [](const TriggerCall& call) {
    TriggerResult result;
    if (call.new_row.empty()) return result;
    result.skip = call.new_row[0].datum.i32 == 2;
    result.row.emplace(call.new_row.begin(), call.new_row.end());
    (*result.row)[1] = int_value(100 + call.new_row[0].datum.i32);
    return result;
  };
  CHECK(f.session.insert(f.table, {{int_value(1), int_value(0)},
                                   {int_value(2), int_value(0)},
                                   {int_value(3), Value::null()}}) == 2);
  CHECK(f.session.rows(f.table) == Rows{"1|101", "3|103"});
  // The key moves too, though the statement sets another column.
  f.caller.answer = [](const TriggerCall& call) {
    TriggerResult result;
    result.row.emplace(call.new_row.begin(), call.new_row.end());
    (*result.row)[0] = int_value(call.new_row[0].datum.i32 + 10);
    return result;
  };
  CHECK(f.session.update(f.table, {{1, f.b_plus(1)}}) == 2);
  CHECK(f.session.rows(f.table) == Rows{"11|102", "13|104"});
}

TEST_CASE("functions are not called in inline mode") {
  Fixture f;
  add_trigger(*f.table, "row", TriggerTiming::kBefore, true);
  f.session.begin();
  StatementScope scope(*f.session.txn);
  ExecContext context = f.session.make_context();
  context.inline_mode = true;
  ModifyOperator plan(f.session.values(*f.table, {{int_value(1), int_value(1)}}),
                      f.session.insert_spec(f.table));
  CHECK_THROWS_AS(plan.open(context), WouldBlock);
  CHECK(f.caller.calls.empty());
  plan.close(context);
}

TEST_CASE("deferred constraint triggers are called at the end, unless rolled back") {
  Fixture f;
  TriggerDesc& trigger = add_trigger(*f.table, "late", TriggerTiming::kAfter, true);
  trigger.constraint = 5;
  trigger.deferrable = trigger.initially_deferred = true;
  f.session.begin();
  f.session.insert(f.table, {{int_value(1), int_value(1)}});
  auto mark = f.session.deferred.mark();
  auto savepoint = f.session.txn->savepoint();
  f.session.insert(f.table, {{int_value(2), int_value(1)}});
  f.session.txn->rollback_to(savepoint);
  f.session.deferred.rollback_to(mark);
  CHECK(f.caller.calls.empty());
  CHECK(f.session.deferred.has_pending_triggers());
  f.session.commit();
  CHECK(f.caller.take() == Rows{"late ->1"});
}

}  // namespace
}  // namespace luma
