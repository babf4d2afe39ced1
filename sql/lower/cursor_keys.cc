#include "sql/lower/cursor_keys.h"

#include <algorithm>

namespace luma {
namespace {

struct Found {
  ScanOp* scan;
  std::vector<LogicalOp*> above;  // nearest first
};

// What stands between the root and a scan whose rows the cursor is on, one to one.
void find_scans(LogicalOp* op, const LockRowsOp* locks, std::vector<LogicalOp*>& path,
                std::vector<Found>& found) {
  auto descend = [&](LogicalOp* input, const LockRowsOp* now) {
    path.push_back(op);
    find_scans(input, now, path, found);
    path.pop_back();
  };
  switch (op->kind) {
    case OpKind::kScan: {
      auto* scan = static_cast<ScanOp*>(op);
      bool counts = locks == nullptr || std::any_of(locks->targets.begin(), locks->targets.end(),
                                                    [&](const LockRowsOp::Target& target) {
                                                      return target.table == scan->table;
                                                    });
      if (counts) found.push_back({scan, {path.rbegin(), path.rend()}});
      return;
    }
    case OpKind::kLockRows:
      return descend(op->inputs[0], static_cast<LockRowsOp*>(op));
    case OpKind::kProject:
    case OpKind::kFilter:
    case OpKind::kLimit:
    case OpKind::kWith:
    case OpKind::kSort:
      return descend(op->inputs[0], locks);
    case OpKind::kJoin:
      descend(op->inputs[0], locks);
      if (static_cast<JoinOp*>(op)->join == JoinKind::kInner) descend(op->inputs[1], locks);
      return;
    default:
      return;
  }
}

bool is_simple(const Found& found) {
  bool locked = false, ordered = false;
  for (const LogicalOp* op : found.above) {
    locked |= op->kind == OpKind::kLockRows;
    ordered |= op->kind == OpKind::kSort || op->kind == OpKind::kJoin;
  }
  return locked || !ordered;
}

void pass_up(PlanContext& context, const std::vector<LogicalOp*>& above, ColumnId column) {
  for (LogicalOp* op : above) {
    if (std::find(op->output.begin(), op->output.end(), column) != op->output.end()) continue;
    if (op->kind == OpKind::kProject) {
      static_cast<ProjectOp*>(op)->items.push_back({column, context.column_ref(column)});
      op->output.push_back(column);
    } else if (op->kind == OpKind::kJoin) {
      op->output = op->inputs[0]->output;
      op->output.insert(op->output.end(), op->inputs[1]->output.begin(),
                        op->inputs[1]->output.end());
    } else {
      op->output = op->inputs[0]->output;
    }
  }
}

ColumnId scan_column(PlanContext& context, ScanOp& scan, int32_t attribute) {
  for (size_t i = 0; i < scan.attribute.size(); ++i) {
    if (scan.attribute[i] == attribute) return scan.output[i];
  }
  PlanColumn info{"row key", {type_oid::kBytea, -1}};
  if (attribute >= 0) {
    const ColumnDesc& column = scan.table->columns[static_cast<size_t>(attribute)];
    info = {column.name, column.type, column.collation};
  }
  scan.attribute.push_back(attribute);
  scan.output.push_back(context.new_column(std::move(info)));
  return scan.output.back();
}

}  // namespace

std::vector<CursorKey> add_cursor_keys(BoundQuery& query) {
  std::vector<Found> scans;
  std::vector<LogicalOp*> path;
  find_scans(query.root, nullptr, path, scans);
  std::vector<CursorKey> keys;
  for (const Found& found : scans) {
    if (!is_simple(found)) continue;
    keys.push_back({found.scan->table->oid, query.result.size()});
    std::vector<int32_t> attributes;
    for (const KeyPart& part : found.scan->table->row_key) attributes.push_back(part.column);
    if (attributes.empty()) attributes.push_back(ScanOp::kRowKeyAttribute);
    for (int32_t attribute : attributes) {
      ColumnId column = scan_column(*query.context, *found.scan, attribute);
      pass_up(*query.context, found.above, column);
      query.result.push_back({"", column});
    }
  }
  return keys;
}

}  // namespace luma
