#pragma once
// ASOF JOIN of inputs that are sorted: each left row with the right row whose keys are equal and
// whose time is nearest among those that a comparison allows. Both inputs come in the order of
// their keys (ascending, NULLs last) and, within them, of their times: ascending where the right
// row is the earlier one, descending where it is the later one. One pass over both; of the right
// side one row is kept. NULLs match nothing. One thread, below it sorts may use several.
#include "engine/exec/key_type.h"
#include "engine/exec/op_project.h"
#include "engine/exec/operator.h"

namespace luma {

struct AsofSpec {
  std::vector<const Expr*> left, right;  // keys, then the time; slots over the inputs, same types
  bool looks_back = true;                // right time before the left one, otherwise behind it
  bool includes_equal = true;            // or the same
  bool is_left = false;                  // left rows without a match come out with NULLs
};

class AsofJoinOperator final : public Operator {
 public:
  AsofJoinOperator(OperatorPtr left, OperatorPtr right, AsofSpec spec);
  std::vector<Operator*> children() override { return {left_.get(), right_.get()}; }

 private:
  // A sorted input and where the merge stands in it.
  struct Side {
    Side(Operator& from, const std::vector<const Expr*>& exprs) : input(from), keys(exprs) {}
    Operator& input;
    ExprListEvaluator keys;
    const Chunk* chunk = nullptr;
    std::vector<const Vector*> values;  // keys and time of the chunk
    uint32_t row = 0;
    bool is_done = false;
  };
  // Of the right rows that have been passed the last one: in the right chunk, or kept from one
  // before it.
  enum class Candidate : uint8_t { kNone, kInChunk, kKept };

  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  bool load_chunk(ExecContext& context, Side& side);
  bool has_null(const Side& side) const;
  int compare(size_t key, const Vector& a, uint32_t row_a, const Vector& b, uint32_t row_b) const;
  bool right_passes() const;
  void pass_right_rows(ExecContext& context);
  bool candidate_matches() const;
  void keep_candidate(ExecContext& context);
  void flush();

  OperatorPtr left_, right_;
  AsofSpec spec_;
  std::vector<KeyType> types_;
  Side left_side_, right_side_;
  Candidate candidate_ = Candidate::kNone;
  uint32_t candidate_row_ = 0;
  Chunk kept_row_, kept_values_;  // one row each
  // Rows of the output that are not written yet: of the left chunk and of the candidate's.
  std::vector<uint32_t> pending_left_, pending_right_;
  Chunk output_;
};

}  // namespace luma
