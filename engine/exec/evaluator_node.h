#pragma once
// The nodes that an expression compiles to. Internal to the evaluator: nothing else includes this.
// A node owns its result vector and its children; evaluate() returns either the node's own vector
// or a view that stays valid until the next call. Per parent evaluation each child is evaluated at
// most once, so parents may keep pointers into a child's result until they are evaluated again.
#include <memory>
#include <span>
#include <vector>

#include "engine/exec/expr.h"
#include "engine/vector/vector.h"

namespace luma {

class EvalNode {
 public:
  EvalNode(const Expr& expr, uint32_t capacity) : expr_(expr), capacity_(capacity) {}
  EvalNode(const EvalNode&) = delete;
  EvalNode& operator=(const EvalNode&) = delete;
  virtual ~EvalNode() = default;

  // Values for all rows of `input`.
  virtual const Vector& evaluate(EvalContext& context, const Chunk& input) = 0;
  // Positions of the rows of `input` for which a boolean node is true, ascending.
  virtual uint32_t select(EvalContext& context, const Chunk& input, uint32_t* selection);

  const Expr& expr() const { return expr_; }

 protected:
  const Expr& expr_;
  uint32_t capacity_;
};

using EvalNodes = std::vector<std::unique_ptr<EvalNode>>;

std::unique_ptr<EvalNode> compile_node(const Expr& expr, uint32_t capacity);
EvalNodes compile_nodes(std::span<Expr* const> exprs, uint32_t capacity);

// The columns that an expression reads, restricted to some rows of a chunk.
class InputSlice {
 public:
  explicit InputSlice(const Expr& expr);
  // `selection` is ascending and must stay valid while the returned chunk is used. All rows:
  // `input`.
  const Chunk& take(const Chunk& input, const uint32_t* selection, uint32_t count);

 private:
  std::vector<uint32_t> slots_;
  Chunk chunk_;
};

// result[selection[i]] = source[i]; `result` is flat. Long strings are not copied.
void scatter(const Vector& source, const uint32_t* selection, uint32_t count, Vector& result);

enum class Truth : uint8_t { kFalse, kTrue, kUnknown };
inline Truth truth_at(const UnifiedVector<bool>& vector, uint32_t row) {
  uint32_t index = vector.index(row);
  if (!vector.valid_at(index)) return Truth::kUnknown;
  return vector.data[index] ? Truth::kTrue : Truth::kFalse;
}

// Selection buffers are sized once.
using SelectionBuffer = std::unique_ptr<uint32_t[]>;
inline SelectionBuffer make_selection(uint32_t capacity) {
  return SelectionBuffer(new uint32_t[capacity]);
}

// A node that computes row by row from the values of its children.
class RowwiseNode : public EvalNode {
 public:
  RowwiseNode(const Expr& expr, uint32_t capacity, EvalNodes children);
  const Vector& evaluate(EvalContext& context, const Chunk& input) override;

 protected:
  // Results of variable length are allocated from `arena`.
  virtual Value compute(EvalContext& context, const Value* args, Arena& arena) = 0;

 private:
  EvalNodes children_;
  std::vector<const Vector*> inputs_;
  std::vector<Value> row_;
  Vector result_;
};

// evaluator_logic.cc: AND, OR, NOT, CASE, COALESCE, IS ..., NULLIF, DISTINCT.
std::unique_ptr<EvalNode> make_logic_node(const Expr& expr, uint32_t capacity);
// evaluator_rowwise.cc: coercions, GREATEST/LEAST, rows and fields, null tests of rows.
std::unique_ptr<EvalNode> make_rowwise_node(const Expr& expr, uint32_t capacity);
// evaluator_array.cc: ARRAY[], subscripts, ANY/ALL over arrays, array coercion.
std::unique_ptr<EvalNode> make_array_node(const Expr& expr, uint32_t capacity);

// True when values of the type are records, whose IS NULL looks into the fields.
bool is_composite_type(Oid oid);

}  // namespace luma
