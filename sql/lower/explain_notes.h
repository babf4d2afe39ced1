#pragma once
// What lowering remembers of its choices, so that EXPLAIN can tell them later: pointers into the
// plan, no text. Belongs to the physical plan; one thread.
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/exec/operator.h"
#include "sql/plan/logical.h"

namespace luma {

struct ExplainNote {
  const LogicalOp* op = nullptr;  // what the operator was made for
  // "Hash Cond", "Index Cond", "Filter", ... with the conjuncts.
  std::vector<std::pair<const char*, std::vector<Expr*>>> conditions;
  const IndexDesc* index = nullptr;
  bool covered = false;  // the index alone suffices
  bool backward = false;
  // An inverted index: of what finds row keys, and of what reads the rows.
  enum class Inverted : uint8_t { kNo, kKeys, kRows } inverted = Inverted::kNo;
  const ColumnarCopyDesc* copy = nullptr;
  const SortOp* order = nullptr;   // of an append whose rows come in this order
  const LimitOp* limit = nullptr;  // of a sort that keeps only so many rows
  std::vector<ColumnId> layout;
  double lookup_cost = -1;  // of a nested loop that looks rows up: once
  double rows = 1, startup_cost = 0, total_cost = 0;
  double width_bytes = 0;
};

struct ExplainNotes {
  std::unordered_map<const Operator*, ExplainNote> nodes;
  // Subqueries in expressions that run as plans of their own, in order of appearance, and how to
  // make such a plan for looking at.
  using MakePlan = std::function<OperatorPtr(const std::shared_ptr<ExplainNotes>&)>;
  std::vector<std::pair<const SubqueryInfo*, MakePlan>> subplans;
  const LogicalOp* root = nullptr;

  const ExplainNote* find(const Operator& op) const {
    auto found = nodes.find(&op);
    return found == nodes.end() ? nullptr : &found->second;
  }
};

}  // namespace luma
