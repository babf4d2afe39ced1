#pragma once
// For tests of operators only: a source of given rows, expressions and functions over them, and
// readers of results. Values are int64 (kept as numbers or, in text columns, as a long string that
// sorts alike).
#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/exec/operator.h"
#include "engine/exec/worker_threads.h"

namespace luma::testing {

using Cell = std::optional<int64_t>;
using Row = std::vector<Cell>;
using Rows = std::vector<Row>;

inline constexpr TypeRef kInt8Type{type_oid::kInt8, -1};
inline constexpr TypeRef kTextType{type_oid::kText, -1};
inline constexpr TypeRef kBoolType{type_oid::kBool, -1};

inline PhysicalType physical_of(TypeRef type) {
  if (type.oid == type_oid::kBool) return PhysicalType::kBool;
  return type.oid == type_oid::kText ? PhysicalType::kVarlen : PhysicalType::kInt64;
}

inline std::string text_of(int64_t value) {
  return fmt::format("text-value-{:012d}", value + 1000000);
}

inline Cell cell_of(const Value& value, PhysicalType type) {
  if (value.is_null) return std::nullopt;
  switch (type) {
    case PhysicalType::kBool:
      return value.datum.b ? 1 : 0;
    case PhysicalType::kInt32:
      return value.datum.i32;
    case PhysicalType::kVarlen:
      return std::stoll(std::string(value.datum.str.view().substr(11))) - 1000000;
    default:
      return value.datum.i64;
  }
}

class TestSource final : public Operator {
 public:
  // `sparse`: hands the rows out in chunks of odd sizes, as dictionaries.
  TestSource(std::vector<TypeRef> types, Rows rows, bool sparse = true)
      : Operator(physical(types)),
        types_(types),
        rows_(std::move(rows)),
        sparse_(sparse),
        chunk_(output_types()),
        view_(output_types()) {}
  std::vector<Operator*> children() override { return {}; }
  bool is_divisible() const override { return true; }
  size_t divide(ExecContext&) override {
    shared_at_ = std::make_shared<std::atomic<size_t>>(0);
    return 8;
  }
  OperatorPtr make_sibling() override {
    auto sibling = std::make_unique<TestSource>(types_, rows_, sparse_);
    sibling->shared_at_ = shared_at_;
    sibling->is_sibling_ = true;
    return sibling;
  }
  int opened = 0;

 private:
  // Siblings take some rows at a time.
  static constexpr size_t kPiece = 7;
  bool take() {
    if (at_ < end_) return true;
    if (!is_sibling_) return false;
    at_ = shared_at_->fetch_add(kPiece);
    end_ = std::min(rows_.size(), at_ + kPiece);
    return at_ < end_;
  }

  static std::vector<PhysicalType> physical(const std::vector<TypeRef>& types) {
    std::vector<PhysicalType> out;
    for (TypeRef type : types) out.push_back(physical_of(type));
    return out;
  }
  void do_open(ExecContext&) override {
    at_ = 0;
    end_ = is_sibling_ ? 0 : rows_.size();
    ++opened;
  }
  const Chunk* do_next(ExecContext&) override {
    if (!take()) return nullptr;
    chunk_.begin();
    size_t max = sparse_ ? std::max<size_t>(1, kVectorSize - at_ % 3) : kVectorSize;
    for (; chunk_.size < max && at_ < end_; ++at_, ++chunk_.size) {
      for (size_t c = 0; c < chunk_.columns.size(); ++c) {
        const Cell& cell = rows_[at_][c];
        if (!cell) {
          chunk_.columns[c].set_null(chunk_.size);
        } else if (chunk_.columns[c].physical() == PhysicalType::kVarlen) {
          chunk_.columns[c].set_value(chunk_.size, Datum::of_string(text_of(*cell)));
        } else if (chunk_.columns[c].physical() == PhysicalType::kBool) {
          chunk_.columns[c].set_value(chunk_.size, Datum::of_bool(*cell != 0));
        } else {
          chunk_.columns[c].set_value(chunk_.size, Datum::of_int64(*cell));
        }
      }
    }
    if (!sparse_) return &chunk_;
    view_.slice(chunk_, identity_selection(), chunk_.size);
    return &view_;
  }
  void do_close(ExecContext&) override { at_ = end_ = rows_.size(); }

  std::vector<TypeRef> types_;
  Rows rows_;
  bool sparse_;
  bool is_sibling_ = false;
  size_t at_ = 0, end_ = 0;
  std::shared_ptr<std::atomic<size_t>> shared_at_;
  Chunk chunk_, view_;
};

// An execution with its own budget, spilling into /tmp when work_mem is small.
struct TestExecution {
  MemoryBudget budget;
  Interrupt interrupt;
  std::vector<Value> exec_values = std::vector<Value>(8);
  ExecContext context;

  explicit TestExecution(bool spill = false) {
    context.memory = &budget;
    context.interrupt = &interrupt;
    context.exec_parameters = exec_values;
    context.work_mem_bytes = spill ? 64 << 10 : 64 << 20;
    context.spill_directory = "/tmp";
  }

  // Runs the plan twice (a cached plan), once more as a rescan and then divided among threads; all
  // must agree.
  Rows run(Operator& plan) {
    plan.stats() = {};
    plan.open(context);
    Rows first = read(plan);
    plan.open(context);
    Rows again = read(plan);
    plan.close(context);
    std::sort(again.begin(), again.end());
    Rows sorted = first;
    std::sort(sorted.begin(), sorted.end());
    if (again != sorted) throw std::runtime_error("a rescan gives other rows");
    if (budget.used_bytes() != 0) throw std::runtime_error("close() does not free all memory");
    Rows divided = run_divided(plan);
    std::sort(divided.begin(), divided.end());
    if (divided != sorted) throw std::runtime_error("several threads give other rows");
    return first;
  }
  Rows run_divided(Operator& plan) {
    WorkerThreads threads(3);
    context.threads = &threads;
    context.max_workers = 3;
    plan.open(context);
    Rows rows = read(plan);
    plan.close(context);
    context.threads = nullptr;
    if (budget.used_bytes() != 0) throw std::runtime_error("threads leave memory behind");
    return rows;
  }
  Rows read(Operator& plan) {
    Rows rows;
    while (const Chunk* chunk = plan.next(context)) {
      if (chunk->size == 0) throw std::runtime_error("empty chunk");
      for (uint32_t i = 0; i < chunk->size; ++i) {
        Row& row = rows.emplace_back();
        for (size_t c = 0; c < chunk->columns.size(); ++c) {
          row.push_back(cell_of(chunk->columns[c].value(i), plan.output_types()[c]));
        }
      }
    }
    return rows;
  }
};

inline Rows sorted(Rows rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

// `columns` columns of values in [0, range), one in `null_every` NULL (0: none).
inline Rows random_rows(std::mt19937& random, size_t count, size_t columns, int64_t range,
                        unsigned null_every = 8) {
  Rows rows(count);
  for (Row& row : rows) {
    for (size_t c = 0; c < columns; ++c) {
      bool null = null_every != 0 && random() % null_every == 0;
      row.push_back(null ? Cell()
                         : Cell(static_cast<int64_t>(random() % static_cast<uint64_t>(range))));
    }
  }
  return rows;
}

// --- expressions ---

template <typename Compare>
void compare_kernel(const KernelCall& call, Vector& result) {
  result.begin_flat();
  for (uint32_t i = 0; i < call.count; ++i) {
    Cell a = cell_of(call.args[0]->value(i), call.args[0]->physical());
    Cell b = cell_of(call.args[1]->value(i), call.args[1]->physical());
    result.set_value(i, a && b ? Value(Datum::of_bool(Compare()(*a, *b))) : Value::null());
  }
}

class TestExprs {
 public:
  Expr* slot(uint32_t index, TypeRef type = kInt8Type) {
    Expr* expr = make_slot(arena_, index, type);
    expr->physical = physical_of(type);
    return expr;
  }
  Expr* number(int64_t value) { return make_constant(arena_, kInt8Type, Datum::of_int64(value)); }
  Expr* null() { return make_constant(arena_, kInt8Type, Value::null()); }
  Expr* parameter(uint32_t index, TypeRef type = kInt8Type) {
    Expr* expr = slot(index, type);
    expr->kind = ExprKind::kExecParameter;
    return expr;
  }
  Expr* equal(Expr* a, Expr* b) { return call(compare_kernel<std::equal_to<int64_t>>, a, b); }
  Expr* less(Expr* a, Expr* b) { return call(compare_kernel<std::less<int64_t>>, a, b); }
  Expr* both(Expr* a, Expr* b) {
    Expr* parts[] = {a, b};
    return make_and(arena_, parts);
  }
  Expr* call(VectorKernel kernel, Expr* a, Expr* b) {
    Expr* expr = node(ExprKind::kFunction, kBoolType, {a, b});
    expr->implementation.kernel = kernel;
    expr->implementation.is_parallel_safe = true;
    return expr;
  }
  Expr* node(ExprKind kind, TypeRef type, std::vector<Expr*> args) {
    Expr* expr = arena_.make<Expr>();
    expr->kind = kind;
    expr->type = type;
    expr->physical = physical_of(type);
    expr->args = copy_span(arena_, args);
    return expr;
  }
  AggregateInfo* aggregate_info() { return arena_.make<AggregateInfo>(); }
  WindowInfo* window_info() { return arena_.make<WindowInfo>(); }
  Arena& arena() { return arena_; }

 private:
  Arena arena_;
};

}  // namespace luma::testing
