// Throughput of the hot operators; run with: engine_exec_test [.bench]
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>

#include "engine/exec/op_aggregate.h"
#include "engine/exec/op_hash_join.h"
#include "engine/exec/op_sort.h"
#include "engine/exec/op_test_aggregates.h"
#include "engine/exec/op_window.h"

namespace luma {
namespace {

using namespace testing;  // NOLINT

constexpr int64_t kRows = 1000000;

// Random int8 columns from memory, without per-row work.
class BenchSource final : public Operator {
 public:
  BenchSource(uint64_t range, unsigned seed)
      : Operator({PhysicalType::kInt64, PhysicalType::kInt64}), chunk_(output_types()) {
    std::mt19937_64 random(seed);
    for (int64_t i = 0; i < kRows; ++i) values_.push_back(static_cast<int64_t>(random() % range));
  }
  std::vector<Operator*> children() override { return {}; }

 private:
  void do_open(ExecContext&) override { at_ = 0; }
  const Chunk* do_next(ExecContext&) override {
    if (at_ == values_.size()) return nullptr;
    chunk_.begin();
    chunk_.size = static_cast<uint32_t>(std::min<size_t>(kVectorSize, values_.size() - at_));
    for (Vector& column : chunk_.columns) {
      std::memcpy(column.mutable_data<int64_t>(), &values_[at_], chunk_.size * sizeof(int64_t));
    }
    at_ += chunk_.size;
    return &chunk_;
  }
  void do_close(ExecContext&) override {}

  std::vector<int64_t> values_;
  size_t at_ = 0;
  Chunk chunk_;
};

void measure(const char* name, Operator& plan, bool spill = false) {
  TestExecution execution;
  execution.context.work_mem_bytes = spill ? 4 << 20 : size_t{1} << 30;
  for (int pass = 0; pass < 2; ++pass) {
    auto start = std::chrono::steady_clock::now();
    plan.open(execution.context);
    uint64_t rows = 0;
    while (const Chunk* chunk = plan.next(execution.context)) rows += chunk->size;
    double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    plan.close(execution.context);
    if (pass == 1)
      std::printf("%-42s %8.1f ms %8.1f M rows/s, %lu rows out\n", name, ms, kRows / ms / 1000,
                  rows);
  }
}

TEST_CASE("throughput over a million rows of int8", "[.bench]") {
  TestExprs e;
  auto source = [](uint64_t range, unsigned seed) {
    return std::make_unique<BenchSource>(range, seed);
  };
  for (uint64_t range : {uint64_t{1000}, uint64_t{1000000}}) {
    AggregateSpec spec;
    spec.groups = {e.slot(0)};
    spec.aggregates = {aggregate(e, kSum, e.slot(1))};
    AggregateOperator group(source(range, 1), spec);
    measure(range == 1000 ? "group by, 1000 groups, sum" : "group by, 630k groups, sum", group);
    if (range != 1000) measure("group by, 630k groups, sum, 4 MiB work_mem", group, true);
  }
  HashJoinOperator join(JoinMode::kInner, source(1000000, 1), source(1000000, 2),
                        {{e.slot(0), e.slot(0)}}, nullptr);
  measure("hash join 1M x 1M (build and probe)", join);
  measure("hash join 1M x 1M, 4 MiB work_mem", join, true);
  HashJoinOperator semi(JoinMode::kSemi, source(4000000, 1), source(4000000, 2),
                        {{e.slot(0), e.slot(0)}}, nullptr);
  measure("hash semi join 1M x 1M, 22% hits", semi);
  SortOperator sort(source(~uint64_t{0} >> 1, 1), {{.expr = e.slot(0)}});
  measure("sort, 64-bit random", sort);
  measure("sort, 4 MiB work_mem", sort, true);
  SortOperator two(source(1000, 1), {{.expr = e.slot(0)}, {.expr = e.slot(1), .descending = true}});
  measure("sort, two keys", two);
  SortOperator top(source(~uint64_t{0} >> 1, 1), {{.expr = e.slot(0)}}, e.number(100), nullptr);
  measure("top 100", top);
  WindowSpec spec;
  spec.partition_by = {e.slot(0)};
  spec.order_by = {{.expr = e.slot(1)}};
  auto* info = e.window_info();
  Expr* call = e.node(ExprKind::kWindow, kInt8Type, {e.slot(1)});
  call->window = info;
  call->implementation.aggregate = &kSum;
  spec.calls = {call};
  WindowOperator window(source(1000, 1), spec);
  measure("sum() over (partition by order by)", window);
}

}  // namespace
}  // namespace luma
