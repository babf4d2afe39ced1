#pragma once
// Sort, and TopN: a sort that needs only its first rows. Spills sorted runs beyond work_mem. The
// threads of a divided child gather rows (a TopN: each its own first ones), which are then sorted
// as one.
#include "engine/exec/divided_input.h"
#include "engine/exec/op_limit.h"
#include "engine/exec/op_project.h"
#include "engine/exec/operator.h"
#include "engine/exec/sorter.h"
#include "engine/exec/top_bound.h"

namespace luma {

class SortOperator final : public Operator {
 public:
  // Keys: expressions over the child's output. The child's columns come out unchanged.
  SortOperator(OperatorPtr child, std::vector<SortKey> keys);
  // TopN: the same as Sort under Limit(limit, offset) without ties, keeping only limit + offset
  // rows (when they are few enough for that to pay).
  SortOperator(OperatorPtr child, std::vector<SortKey> keys, const Expr* limit, const Expr* offset);
  std::vector<Operator*> children() override { return {child_.get()}; }

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  void offer_bound_below();
  void gather(ExecContext& context);
  void gather_divided(DividedInput& input);

  OperatorPtr child_;
  std::vector<SortKey> sort_keys_;
  ExprListEvaluator keys_;
  Sorter sorter_;
  uint64_t bound_ = Sorter::kNoBound;
  std::unique_ptr<RowCountClause> clause_;
  std::shared_ptr<TopBound> top_bound_;  // null: nobody below could use it
  uint64_t to_skip_ = 0, left_ = 0;
  bool sorted_ = false;
  std::vector<const Vector*> key_columns_;
  Chunk output_;
  Chunk cut_;
  std::vector<uint32_t> selection_;
};

}  // namespace luma
