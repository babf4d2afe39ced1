#pragma once
// VALUES whose one row of expressions over parameters is evaluated for many rows of parameters: how
// a cached plan inserts any number of rows. One thread.
#include <memory>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/exec/operator.h"

namespace luma {

class ParameterRowsOperator final : public Operator {
 public:
  // Slot i of `exprs` is parameter i.
  ParameterRowsOperator(std::vector<PhysicalType> types, std::vector<const Expr*> exprs);
  std::vector<Operator*> children() override { return {}; }

  // The rows of the next execution; no rows when there are none. They must stay valid until
  // close().
  void set_rows(const std::vector<Chunk>* rows) { rows_ = rows; }

 private:
  void do_open(ExecContext&) override { next_ = 0; }
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext&) override { rows_ = nullptr; }

  std::vector<std::unique_ptr<ExprEvaluator>> evaluators_;
  const std::vector<Chunk>* rows_ = nullptr;
  size_t next_ = 0;
  Chunk output_;
};

}  // namespace luma
