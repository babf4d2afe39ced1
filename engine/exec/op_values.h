#pragma once
// Sources without a table: VALUES lists, the single row of a SELECT without FROM, nothing at all;
// and Append, which hands on several inputs one after the other.
#include <functional>

#include "engine/exec/evaluator.h"
#include "engine/exec/operator.h"

namespace luma {

// VALUES (...), (...): expressions without slots (parameters and exec parameters allowed),
// evaluated row by row as they are asked for.
class ValuesOperator final : public Operator {
 public:
  ValuesOperator(std::vector<PhysicalType> types, std::vector<std::vector<const Expr*>> rows);
  std::vector<Operator*> children() override { return {}; }

 private:
  void do_open(ExecContext&) override { next_row_ = 0; }
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext&) override {}

  std::vector<std::vector<const Expr*>> rows_;
  std::vector<std::vector<std::unique_ptr<ExprEvaluator>>> evaluators_;  // nullptr for constants
  size_t next_row_ = 0;
  Chunk output_;
};

// One row without columns.
class OneRowOperator final : public Operator {
 public:
  OneRowOperator() : Operator({}) { explain.node_type = "Result"; }
  std::vector<Operator*> children() override { return {}; }

 private:
  void do_open(ExecContext&) override { done_ = false; }
  const Chunk* do_next(ExecContext&) override {
    if (done_) return nullptr;
    done_ = true;
    output_.size = 1;
    return &output_;
  }
  void do_close(ExecContext&) override {}

  bool done_ = true;
  Chunk output_;
};

// No rows.
class EmptyOperator final : public Operator {
 public:
  explicit EmptyOperator(std::vector<PhysicalType> types) : Operator(std::move(types)) {
    explain.node_type = "Result";
  }
  std::vector<Operator*> children() override { return {}; }

 private:
  void do_open(ExecContext&) override {}
  const Chunk* do_next(ExecContext&) override { return nullptr; }
  void do_close(ExecContext&) override {}
};

// UNION ALL: the children's rows, child after child. All children have the same output types. A
// child is opened when its turn comes and closed when it is exhausted.
class AppendOperator final : public Operator {
 public:
  // Asked when a child's turn comes: without it, it is passed over. Null: always.
  using Gate = std::function<bool(ExecContext&)>;
  explicit AppendOperator(std::vector<OperatorPtr> inputs, std::vector<Gate> gates = {});
  std::vector<Operator*> children() override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  std::vector<OperatorPtr> inputs_;
  std::vector<Gate> gates_;  // by child; may be empty
  size_t current_ = 0;
  bool is_open_ = false;  // inputs_[current_]
};

}  // namespace luma
