// What each operator is expected to cost, from its inputs' costs: what EXPLAIN shows.
#include <algorithm>

#include "sql/lower/lowering.h"
#include "sql/optimize/cost_model.h"
#include "sql/optimize/generated_scan.h"

namespace luma {
namespace {

struct Costs {
  double startup = 0, total = 0, rows = 1;
};

}  // namespace

ExplainNote& Lowering::note(const Operator& op) { return notes_->nodes[&op]; }

void Lowering::note_operator(const LogicalOp& op, const Lowered& made) {
  ExplainNote& note = this->note(*made.op);
  // Several logical operators may have become one: the lowest names it.
  if (note.op != nullptr) return;
  note.op = &op;
  note.layout = made.layout;
  note.rows = std::max(1.0, op.rows);
  for (ColumnId column : made.layout) note.width_bytes += estimator_->width_bytes(column);
  note_costs(op, *made.op);
}

void Lowering::note_costs(const LogicalOp& op, Operator& made) {
  std::vector<Costs> inputs;
  for (Operator* child : made.children()) {
    const ExplainNote* below = notes_->find(*child);
    inputs.push_back(below == nullptr ? Costs{}
                                      : Costs{below->startup_cost, below->total_cost, below->rows});
  }
  ExplainNote& note = this->note(made);
  double rows = note.rows;
  Costs first = inputs.empty() ? Costs{} : inputs[0];
  Costs second = inputs.size() > 1 ? inputs[1] : Costs{};
  double startup = first.startup, total = first.total;
  switch (op.kind) {
    case OpKind::kScan:
      return;  // with the access path
    case OpKind::kVirtualScan:
      total = generated_scan_cost(context_, static_cast<const VirtualScanOp&>(op), *estimator_);
      break;
    case OpKind::kJoin:
    case OpKind::kApply:
      if (made.explain.node_type.starts_with("Hash")) {
        startup = second.total + second.rows * cost::kBuildRow + first.startup;
        total = second.total + first.total +
                cost::hash_join(second.rows, 32, first.rows, rows, settings_.work_mem_bytes);
        total = std::max(total, startup);
      } else if (note.lookup_cost >= 0) {
        total = first.total + cost::lookup_join(first.rows, note.lookup_cost, rows);
        startup = first.startup + second.startup;
      } else {
        total = first.total + second.total + cost::nested_loop(first.rows, second.rows, rows);
        startup = first.startup + second.startup;
      }
      break;
    case OpKind::kAggregate:
    case OpKind::kDistinct:
      total = first.total + cost::aggregate(first.rows, rows);
      startup = total - rows * cost::kOutputRow;
      break;
    case OpKind::kSort:
    case OpKind::kWindow:
      total = first.total + cost::sort(first.rows);
      startup = total - rows * cost::kOutputRow;
      break;
    case OpKind::kLimit:
      // So much of the input as it takes.
      total = first.startup +
              (first.total - first.startup) * std::min(1.0, rows / std::max(1.0, first.rows));
      break;
    case OpKind::kModify:
      total += first.rows * cost::kModifyRow;
      break;
    case OpKind::kSetOp:
      total = first.total + second.total;
      if (!static_cast<const SetOpOp&>(op).all) {
        total += cost::aggregate(first.rows + second.rows, rows);
        startup = total - rows * cost::kOutputRow;
      }
      break;
    default:
      for (size_t i = 1; i < inputs.size(); ++i) total += inputs[i].total;
      total += rows * cost::kOutputRow;
      break;
  }
  note.startup_cost = std::max(0.0, std::min(startup, total));
  note.total_cost = total;
}

}  // namespace luma
