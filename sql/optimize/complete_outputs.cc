// System columns join a scan's output when an expression names them, which may be after operators
// above the scan were made: here those get them too. Does nothing else.
#include <algorithm>

#include "sql/optimize/passes.h"

namespace luma {
namespace {

bool passes_columns_up(const LogicalOp& op, size_t input) {
  switch (op.kind) {
    case OpKind::kFilter:
    case OpKind::kSort:
    case OpKind::kLimit:
    case OpKind::kLockRows:
    case OpKind::kWindow:
    case OpKind::kAsofJoin:
      return true;
    case OpKind::kJoin:
    case OpKind::kApply: {
      JoinKind kind = op.kind == OpKind::kJoin ? static_cast<const JoinOp&>(op).join
                                               : static_cast<const ApplyOp&>(op).join;
      bool left_only = kind == JoinKind::kSemi || kind == JoinKind::kAnti ||
                       kind == JoinKind::kNullAwareAnti || kind == JoinKind::kMark;
      return input == 0 || !left_only;
    }
    default:
      return false;
  }
}

// The system columns that `op` hands up.
std::vector<ColumnId> complete(LogicalOp& op) {
  std::vector<ColumnId> found;
  auto scan = [&](const std::vector<int32_t>& attributes) {
    for (size_t i = 0; i < attributes.size(); ++i) {
      if (attributes[i] < 0) found.push_back(op.output[i]);
    }
  };
  if (op.kind == OpKind::kScan) scan(static_cast<ScanOp&>(op).attribute);
  if (op.kind == OpKind::kVirtualScan) scan(static_cast<VirtualScanOp&>(op).attribute);
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    for (ColumnId column : complete(*op.inputs[i])) {
      if (!passes_columns_up(op, i)) continue;
      found.push_back(column);
      if (std::ranges::find(op.output, column) == op.output.end()) op.output.push_back(column);
    }
  }
  return found;
}

}  // namespace

void complete_outputs(LogicalOp& root) { complete(root); }

}  // namespace luma
