// The evaluator: branches see only their rows, three-valued logic, selections, arrays.
#include "engine/exec/evaluator.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/exec/subplan.h"
#include "engine/type/array.h"

namespace luma {

namespace {

constexpr auto kEqual = [](int32_t a, int32_t b) -> bool { return a == b; };
constexpr auto kLess = [](int32_t a, int32_t b) -> bool { return a < b; };
constexpr auto kDivide = [](int32_t a, int32_t b) -> int32_t {
  if (b == 0) throw sql_error(SqlState::kDivisionByZero, "division by zero");
  return a / b;
};
constexpr auto kAdd = [](int32_t a, int32_t b, int32_t& out) {
  return __builtin_add_overflow(a, b, &out);
};
[[noreturn]] void overflow() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "integer out of range");
}

constexpr int32_t kNull = INT32_MIN;

struct Fixture {
  Arena arena;
  IoContext io;
  EvalContext context;
  std::vector<std::vector<int32_t>> rows;  // by column

  Fixture() { context.io = &io; }

  Expr* node(ExprKind kind, Oid type, std::vector<Expr*> args,
             FunctionImplementation implementation = {}) {
    Expr* expr = arena.make<Expr>();
    expr->kind = kind;
    expr->type = {type, -1};
    expr->physical = type_info(type).physical;
    expr->args = copy_span(arena, args);
    expr->implementation = implementation;
    return expr;
  }
  Expr* number(int32_t value) {
    return make_constant(arena, {type_oid::kInt4, -1},
                         value == kNull ? Value::null() : Value(Datum::of_int32(value)));
  }
  Expr* slot(uint32_t index) { return make_slot(arena, index, {type_oid::kInt4, -1}); }
  Expr* equal(Expr* a, Expr* b) {
    return node(ExprKind::kFunction, type_oid::kBool, {a, b}, comparison<kEqual>(true));
  }
  Expr* less(Expr* a, Expr* b) {
    return node(ExprKind::kFunction, type_oid::kBool, {a, b}, comparison<kLess>());
  }
  Expr* divide(Expr* a, Expr* b) {
    FunctionImplementation implementation;
    implementation.kernel = strict_kernel<kDivide>;
    return node(ExprKind::kFunction, type_oid::kInt4, {a, b}, implementation);
  }
  Expr* add(Expr* a, Expr* b) {
    FunctionImplementation implementation;
    implementation.kernel = checked_kernel<kAdd, overflow>;
    return node(ExprKind::kFunction, type_oid::kInt4, {a, b}, implementation);
  }

  // Rows for run() and select(), which see as many at a time as a vector holds.
  void load(std::vector<std::vector<int32_t>> columns) { rows = std::move(columns); }
  void for_each_chunk(const std::function<void(const Chunk&, uint32_t first)>& visit) {
    const auto total = static_cast<uint32_t>(rows[0].size());
    for (uint32_t first = 0; first < total; first += kVectorSize) {
      Chunk chunk(std::vector<PhysicalType>(rows.size(), PhysicalType::kInt32));
      chunk.begin();
      chunk.size = std::min(kVectorSize, total - first);
      for (size_t c = 0; c < rows.size(); ++c) {
        for (uint32_t row = 0; row < chunk.size; ++row) {
          const int32_t value = rows[c][first + row];
          chunk.columns[c].set_value(
              row, value == kNull ? Value::null() : Value(Datum::of_int32(value)));
        }
      }
      visit(chunk, first);
    }
  }
  std::vector<int32_t> run(const Expr* expr) {
    ExprEvaluator evaluator(*expr);
    std::vector<int32_t> out;
    for_each_chunk([&](const Chunk& chunk, uint32_t) {
      evaluator.evaluate(context, chunk);  // twice: what the first run leaves must not matter
      const Vector& result = evaluator.evaluate(context, chunk);
      for (uint32_t row = 0; row < chunk.size; ++row) {
        Value value = result.value(row);
        if (value.is_null) {
          out.push_back(kNull);
        } else {
          out.push_back(expr->physical == PhysicalType::kBool ? value.datum.b : value.datum.i32);
        }
      }
    });
    return out;
  }
  std::vector<uint32_t> select(const Expr* expr) {
    ExprEvaluator evaluator(*expr);
    std::vector<uint32_t> out;
    for_each_chunk([&](const Chunk& chunk, uint32_t first) {
      std::vector<uint32_t> found(chunk.size);
      found.resize(evaluator.select(context, chunk, found.data()));
      for (uint32_t row : found) out.push_back(first + row);
    });
    return out;
  }
};

using Rows = std::vector<int32_t>;
using Selected = std::vector<uint32_t>;

}  // namespace

TEST_CASE_METHOD(Fixture, "CASE evaluates a branch only for its rows") {
  load({{0, 1, 2, 0, kNull, 5}});
  Expr* zero = equal(slot(0), number(0));
  Expr* expr = node(ExprKind::kCase, type_oid::kInt4,
                    {make_not(arena, zero), divide(number(10), slot(0)), number(kNull)});
  CHECK(run(expr) == Rows{kNull, 10, 5, kNull, kNull, 2});
  // The sliced input of a nested CASE is itself sliced.
  Expr* nested = node(ExprKind::kCase, type_oid::kInt4,
                      {less(slot(0), number(3)), expr, divide(number(10), slot(0))});
  CHECK(run(nested) == Rows{kNull, 10, 5, kNull, kNull, 2});
}

TEST_CASE_METHOD(Fixture, "AND and OR stop early and know NULL") {
  load({{0, 1, 5, kNull, 20}, {1, kNull, 2, 1, 0}});
  Expr* guard = make_not(arena, equal(slot(0), number(0)));
  Expr* risky = less(divide(number(10), slot(0)), number(3));
  std::vector<Expr*> both = {guard, risky};
  Expr* conjunction = make_and(arena, both);
  CHECK(run(conjunction) == Rows{0, 0, 1, kNull, 1});
  CHECK(select(conjunction) == Selected{2, 4});

  std::vector<Expr*> either = {equal(slot(0), number(0)), risky, equal(slot(1), number(1))};
  Expr* disjunction = make_or(arena, either);
  CHECK(run(disjunction) == Rows{1, kNull, 1, 1, 1});
  CHECK(select(disjunction) == Selected{0, 2, 3, 4});
  std::vector<Expr*> mixed = {disjunction, equal(slot(0), slot(0))};
  CHECK(select(make_and(arena, mixed)) == Selected{0, 2, 4});
}

TEST_CASE_METHOD(Fixture, "COALESCE, NULLIF and DISTINCT") {
  load({{kNull, 1, kNull, kNull}, {kNull, 0, 2, kNull}});
  Expr* expr = node(ExprKind::kCoalesce, type_oid::kInt4, {slot(0), slot(1), number(9)});
  CHECK(run(expr) == Rows{9, 1, 2, 9});
  Expr* lazy = node(ExprKind::kCoalesce, type_oid::kInt4, {slot(0), divide(number(1), slot(1))});
  CHECK(run(lazy) == Rows{kNull, 1, 0, kNull});
  CHECK(run(node(ExprKind::kIsDistinct, type_oid::kBool, {slot(0), slot(1)},
                 comparison<kEqual>(true))) == Rows{0, 1, 1, 0});
  CHECK(run(node(ExprKind::kNullIf, type_oid::kInt4, {slot(1), number(2)},
                 comparison<kEqual>(true))) == Rows{kNull, 0, kNull, kNull});
  CHECK(run(node(ExprKind::kGreatest, type_oid::kInt4, {slot(0), slot(1)})) ==
        Rows{kNull, 1, 2, kNull});
}

TEST_CASE_METHOD(Fixture, "checked kernels ignore what lies under NULLs") {
  load({{INT32_MAX, 1}, {kNull, 2}});
  CHECK(run(add(slot(0), slot(1))) == Rows{kNull, 3});
  load({{INT32_MAX, 1}, {1, 2}});
  CHECK_THROWS_AS(run(add(slot(0), slot(1))), SqlError);
}

TEST_CASE_METHOD(Fixture, "ANY and ALL over arrays") {
  load({{1, 2, 3, kNull}});
  ArrayBuilder few(type_oid::kInt4), many(type_oid::kInt4);
  few.add(Datum::of_int32(1));
  few.add(Value::null());
  for (int32_t i = 0; i < 20; ++i) many.add(Datum::of_int32(i * 3));
  auto array = [&](const ArrayBuilder& builder) {
    return make_constant(arena, {type_oid::kInt4Array, -1}, builder.finish(arena));
  };
  auto any = [&](Expr* over) {
    return node(ExprKind::kArrayAny, type_oid::kBool, {slot(0), over}, comparison<kEqual>(true));
  };
  CHECK(run(any(array(few))) == Rows{1, kNull, kNull, kNull});
  CHECK(run(any(array(many))) == Rows{0, 0, 1, kNull});
  CHECK(run(any(make_constant(arena, {type_oid::kInt4Array, -1}, empty_array(type_oid::kInt4)))) ==
        Rows{0, 0, 0, 0});
  Expr* all =
      node(ExprKind::kArrayAll, type_oid::kBool, {slot(0), array(few)}, comparison<kEqual>());
  CHECK(run(all) == Rows{kNull, 0, 0, kNull});
  // An array built from columns, and its subscripts.
  Expr* built = node(ExprKind::kArray, type_oid::kInt4Array, {slot(0), number(7)});
  CHECK(run(any(built)) == Rows{1, 1, 1, kNull});
  Expr* element = node(ExprKind::kSubscript, type_oid::kInt4, {built});
  auto* info = arena.make<SubscriptInfo>();
  info->upper = copy_span(arena, std::vector<Expr*>{number(2)});
  element->subscript = info;
  CHECK(run(element) == Rows{7, 7, 7, 7});
}

TEST_CASE_METHOD(Fixture, "coercions, rows and subplans") {
  load({{1, 22}});
  Expr* text = node(ExprKind::kCoerceViaIo, type_oid::kText, {slot(0)});
  Expr* back = node(ExprKind::kCoerceViaIo, type_oid::kInt4, {text});
  CHECK(run(back) == Rows{1, 22});
  Expr* row = node(ExprKind::kRow, type_oid::kRecord, {slot(0), number(kNull)});
  Expr* field = node(ExprKind::kField, type_oid::kInt4, {row});
  CHECK(run(field) == Rows{1, 22});
  CHECK(run(node(ExprKind::kIsNull, type_oid::kBool, {row})) == Rows{0, 0});
  CHECK(run(node(ExprKind::kIsNotNull, type_oid::kBool, {row})) == Rows{0, 0});

  struct Doubling : SubplanSpec {
    struct State : SubplanState {
      Value evaluate(EvalContext&, std::span<const Value> args) override {
        return Datum::of_int32(args[0].datum.i32 * 2);
      }
    };
    std::unique_ptr<SubplanState> instantiate() override { return std::make_unique<State>(); }
  } spec;
  Expr* subplan = node(ExprKind::kSubplan, type_oid::kInt4, {slot(0)});
  subplan->subplan = &spec;
  CHECK(run(subplan) == Rows{2, 44});
}

TEST_CASE_METHOD(Fixture, "rewriting copies only what changes") {
  Expr* expr = add(slot(0), add(slot(1), number(1)));
  CHECK(rewrite_expr(arena, expr, [](Expr* e) { return e; }) == expr);
  Expr* moved = rewrite_expr(arena, expr, [&](Expr* e) {
    return e->kind == ExprKind::kSlot && e->index == 1 ? make_slot(arena, 5, e->type) : e;
  });
  CHECK(moved != expr);
  CHECK(moved->args[0] == expr->args[0]);
  CHECK(!expr_equal(*moved, *expr));
  CHECK(expr_equal(*expr, *add(slot(0), add(slot(1), number(1)))));
  CHECK(expr_hash(*expr) == expr_hash(*add(slot(0), add(slot(1), number(1)))));
}

}  // namespace luma
