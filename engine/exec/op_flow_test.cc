// Limit, CTEs, recursion, set-returning functions, subplans.
#include <catch2/catch.hpp>

#include "engine/exec/op_filter.h"
#include "engine/exec/op_limit.h"
#include "engine/exec/op_materialize.h"
#include "engine/exec/op_project.h"
#include "engine/exec/op_sort.h"
#include "engine/exec/op_table_function.h"
#include "engine/exec/op_test_source.h"
#include "engine/exec/op_values.h"
#include "engine/exec/plan_subplan.h"

namespace luma {
namespace {

using namespace testing;  // NOLINT

OperatorPtr source(const Rows& rows) {
  return std::make_unique<TestSource>(std::vector<TypeRef>{kInt8Type, kInt8Type}, rows);
}

void add_kernel(const KernelCall& call, Vector& result) {
  result.begin_flat();
  for (uint32_t i = 0; i < call.count; ++i) {
    result.set_value(
        i, Datum::of_int64(call.args[0]->value(i).datum.i64 + call.args[1]->value(i).datum.i64));
  }
}
Expr* add(TestExprs& e, Expr* a, Expr* b) {
  Expr* sum = e.node(ExprKind::kFunction, kInt8Type, {a, b});
  sum->implementation.kernel = add_kernel;
  return sum;
}

// series(n): 1..n, a few rows at a time
class Series final : public TableFunctionState {
 public:
  explicit Series(int64_t last) : last_(last) {}
  void next(EvalContext&, Chunk& out) override {
    for (out.size = 0; out.size < std::min(3u, kVectorSize) && at_ < last_; ++out.size) {
      out.columns[0].mutable_data<int64_t>()[out.size] = ++at_;
    }
  }

 private:
  int64_t at_ = 0, last_;
};
std::unique_ptr<TableFunctionState> series(EvalContext&, const Expr&, std::span<const Value> args) {
  if (args[0].is_null || args[0].datum.i64 == 0) return nullptr;
  return std::make_unique<Series>(args[0].datum.i64);
}
Expr* series_call(TestExprs& e, Expr* arg) {
  Expr* call = e.node(ExprKind::kSetReturning, kInt8Type, {arg});
  call->implementation.table = series;
  return call;
}

TEST_CASE("limit and offset") {
  TestExprs e;
  Rows rows;
  for (int64_t i = 0; i < 5000; ++i) rows.push_back({i / 3, i});
  TestExecution execution;
  auto run = [&](Expr* limit, Expr* offset, std::vector<SortKey> ties = {}) {
    LimitOperator plan(source(rows), limit, offset, std::move(ties));
    return execution.run(plan);
  };
  CHECK(run(e.number(3), e.number(2000)) == Rows{{666, 2000}, {667, 2001}, {667, 2002}});
  CHECK(run(e.null(), e.number(4999)) == Rows{{1666, 4999}});
  CHECK(run(e.number(0), nullptr).empty());
  CHECK(run(nullptr, e.null()).size() == 5000);
  CHECK(run(e.number(4), nullptr, {{.expr = e.slot(0)}}).size() == 6);
  CHECK(run(e.number(2047), nullptr, {{.expr = e.slot(0)}}).size() == 2049);
  auto state_of = [&](Expr* limit, Expr* offset) {
    try {
      run(limit, offset);
    } catch (const SqlError& error) {
      return sql_state_code(error.state) + error.message;
    }
    return std::string();
  };
  CHECK(state_of(e.number(-1), nullptr) == "2201WLIMIT must not be negative");
  CHECK(state_of(nullptr, e.number(-1)) == "2201XOFFSET must not be negative");
}

TEST_CASE("values, append, one row") {
  TestExprs e;
  TestExecution execution;
  std::vector<OperatorPtr> inputs;
  inputs.push_back(std::make_unique<ValuesOperator>(
      std::vector<PhysicalType>(2, PhysicalType::kInt64),
      std::vector<std::vector<const Expr*>>{{e.number(1), e.null()},
                                            {add(e, e.number(1), e.number(1)), e.number(5)}}));
  inputs.push_back(std::make_unique<ProjectOperator>(
      std::make_unique<OneRowOperator>(), std::vector<const Expr*>{e.number(7), e.number(8)}));
  inputs.push_back(
      std::make_unique<EmptyOperator>(std::vector<PhysicalType>(2, PhysicalType::kInt64)));
  AppendOperator plan(std::move(inputs));
  CHECK(execution.run(plan) == Rows{{1, Cell()}, {2, 5}, {7, 8}});
}

TEST_CASE("a CTE is computed once and only as far as it is read") {
  TestExprs e;
  for (bool spill : {false, true}) {
    Rows rows;
    for (int64_t i = 0; i < 3000; ++i) rows.push_back({i, i});
    auto owned = std::make_unique<TestSource>(std::vector<TypeRef>{kInt8Type, kInt8Type}, rows);
    TestSource* counted = owned.get();
    auto cte = std::make_shared<CteProducer>(std::move(owned), false);
    std::vector<OperatorPtr> inputs;
    inputs.push_back(std::make_unique<LimitOperator>(std::make_unique<CteScanOperator>(cte),
                                                     e.number(5), nullptr));
    inputs.push_back(std::make_unique<CteScanOperator>(cte));
    inputs.push_back(std::make_unique<CteScanOperator>(cte));
    WithOperator plan(std::make_unique<AppendOperator>(std::move(inputs)), {cte});
    TestExecution execution(spill);
    Rows result = execution.run(plan);
    CHECK(result.size() == 6005);
    CHECK(counted->opened == 3);  // run() executes three times
    CHECK(Rows(result.begin() + 5, result.begin() + 3005) == rows);
  }
}

TEST_CASE("recursive union") {
  TestExprs e;
  auto make = [&](bool all, Expr* condition, const Rows& start) {
    auto table = std::make_shared<WorkTable>(std::vector<PhysicalType>(2, PhysicalType::kInt64));
    OperatorPtr step = std::make_unique<WorkTableScanOperator>(table);
    if (condition != nullptr) step = std::make_unique<FilterOperator>(std::move(step), condition);
    step = std::make_unique<ProjectOperator>(
        std::move(step), std::vector<const Expr*>{add(e, e.slot(0), e.number(1)), e.slot(1)});
    std::vector<TypeRef> types;
    if (!all) types = {kInt8Type, kInt8Type};
    return std::make_unique<RecursiveUnionOperator>(source(start), std::move(step), table, types);
  };
  TestExecution execution;
  auto counted = make(true, e.less(e.slot(0), e.number(100)), {{1, 0}});
  CHECK(execution.run(*counted).size() == 100);
  auto distinct = make(false, e.less(e.slot(0), e.number(100)), {{1, 0}, {1, 0}, {50, 0}});
  CHECK(execution.run(*distinct).size() == 100);
  // Endless, but only ten rows are wanted.
  LimitOperator limited(make(true, nullptr, {{1, 0}}), e.number(10), nullptr);
  CHECK(execution.run(limited).size() == 10);
}

TEST_CASE("set-returning functions") {
  TestExprs e;
  TestExecution execution;
  std::vector<TableFunctionCall> calls{
      {series_call(e, e.number(5)), {kInt8Type}, {PhysicalType::kInt64}},
      {series_call(e, e.null()), {kInt8Type}, {PhysicalType::kInt64}},
      {series_call(e, e.number(2)), {kInt8Type}, {PhysicalType::kInt64}},
      {add(e, e.number(20), e.number(2)), {kInt8Type}, {PhysicalType::kInt64}}};
  TableFunctionScanOperator scan(calls, true);
  Cell null;
  CHECK(execution.run(scan) == Rows{{1, null, 1, 22, 1},
                                    {2, null, 2, null, 2},
                                    {3, null, null, null, 3},
                                    {4, null, null, null, 4},
                                    {5, null, null, null, 5}});
  TableFunctionScanOperator single({calls[0]}, false);
  CHECK(execution.run(single).size() == 5);

  ProjectSetOperator project(source({{2, 1}, {0, 0}, {1, 4}}),
                             {e.slot(0), series_call(e, e.slot(0)), series_call(e, e.slot(1))},
                             {{}, {kInt8Type}, {kInt8Type}});
  CHECK(execution.run(project) ==
        Rows{{2, 1, 1}, {2, 2, null}, {1, 1, 1}, {1, null, 2}, {1, null, 3}, {1, null, 4}});
  ProjectSetOperator large(source({{3000, 1}, {2000, 2}}), {e.slot(1), series_call(e, e.slot(0))},
                           {{}, {kInt8Type}});
  CHECK(execution.run(large).size() == 5000);
}

TEST_CASE("subplans") {
  TestExprs e;
  TestExecution execution;
  int made = 0;
  auto evaluate = [&](SubqueryKind kind, const Rows& rows, Value arg) {
    SubplanDescription description;
    description.kind = kind;
    description.make_plan = [&] {
      ++made;
      return std::make_unique<FilterOperator>(source(rows), e.equal(e.slot(0), e.parameter(2)));
    };
    description.argument_parameters = {2};
    description.argument_types = {PhysicalType::kInt64};
    description.column_types = {kInt8Type, kInt8Type};
    description.test = e.less(e.slot(1), e.number(10));
    PlanSubplan spec(description);
    auto state = spec.instantiate();
    Value first = state->evaluate(execution.context, {&arg, 1});
    Value second = state->evaluate(execution.context, {&arg, 1});
    CHECK(first.is_null == second.is_null);
    return first;
  };
  Rows rows = {{1, 5}, {2, 5}, {2, Cell()}, {3, 50}, {3, Cell()}, {4, 50}};
  CHECK(evaluate(SubqueryKind::kScalar, rows, Datum::of_int64(1)).datum.i64 == 1);
  CHECK(evaluate(SubqueryKind::kScalar, rows, Datum::of_int64(9)).is_null);
  CHECK_THROWS_AS(evaluate(SubqueryKind::kScalar, rows, Datum::of_int64(2)), SqlError);
  CHECK(evaluate(SubqueryKind::kExists, rows, Datum::of_int64(2)).datum.b);
  CHECK_FALSE(evaluate(SubqueryKind::kExists, rows, Datum::of_int64(9)).datum.b);
  CHECK(evaluate(SubqueryKind::kAny, rows, Datum::of_int64(2)).datum.b);
  CHECK(evaluate(SubqueryKind::kAny, rows, Datum::of_int64(3)).is_null);
  CHECK_FALSE(evaluate(SubqueryKind::kAny, rows, Datum::of_int64(4)).datum.b);
  CHECK(evaluate(SubqueryKind::kAll, rows, Datum::of_int64(2)).is_null);
  CHECK_FALSE(evaluate(SubqueryKind::kAll, rows, Datum::of_int64(3)).datum.b);
  CHECK(evaluate(SubqueryKind::kAll, rows, Datum::of_int64(9)).datum.b);
  CHECK_FALSE(evaluate(SubqueryKind::kArray, rows, Datum::of_int64(2)).is_null);
}

}  // namespace
}  // namespace luma
