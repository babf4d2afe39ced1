// Drops what nobody needs: columns of scans, computed columns, aggregates, window results. Runs
// last and always, because it also makes every `output` list say exactly what lowering will hand
// up.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "engine/table/modify.h"
#include "sql/optimize/passes.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

class Pruner {
 public:
  explicit Pruner(PlanContext& context) : context_(context) {}

  // After it, op.output holds at least `needed` (in no particular order).
  void prune(LogicalOp& op, const ColumnSet& needed) {
    switch (op.kind) {
      case OpKind::kScan:
        prune_scan(static_cast<ScanOp&>(op), needed);
        break;
      case OpKind::kVirtualScan:
        prune_scan(static_cast<VirtualScanOp&>(op), needed);
        break;
      case OpKind::kProject:
        prune_items(op, static_cast<ProjectOp&>(op).items, needed, false);
        break;
      case OpKind::kProjectSet:
        prune_items(op, static_cast<ProjectSetOp&>(op).items, needed, true);
        break;
      case OpKind::kAggregate:
        prune_aggregate(static_cast<AggregateOp&>(op), needed);
        break;
      case OpKind::kWindow:
        prune_window(static_cast<WindowOp&>(op), needed);
        break;
      case OpKind::kJoin:
      case OpKind::kApply:
        prune_join(op, needed);
        break;
      case OpKind::kAsofJoin: {
        ColumnSet wanted = needed;
        add_own(op, wanted);
        op.output.clear();
        for (LogicalOp* input : op.inputs) {
          prune(*input, wanted);
          op.output.insert(op.output.end(), input->output.begin(), input->output.end());
        }
        break;
      }
      case OpKind::kSetOp: {
        auto& set = static_cast<SetOpOp&>(op);
        if (set.partitions) prune_append(set, needed);
        for (int side = 0; side < 2; ++side) {
          prune(*op.inputs[side], ColumnSet(set.columns[side].begin(), set.columns[side].end()));
        }
        break;
      }
      case OpKind::kRecursiveUnion: {
        auto& recursive = static_cast<RecursiveUnionOp&>(op);
        for (int side = 0; side < 2; ++side) {
          prune(*op.inputs[side],
                ColumnSet(recursive.columns[side].begin(), recursive.columns[side].end()));
        }
        break;
      }
      case OpKind::kDistinct: {
        // Without ON every column counts.
        auto& distinct = static_cast<DistinctOp&>(op);
        ColumnSet wanted = needed;
        if (distinct.on.empty()) wanted.insert(op.output.begin(), op.output.end());
        add_own(op, wanted);
        std::vector<ColumnId> before = op.output;
        prune(*op.inputs[0], wanted);
        op.output = op.inputs[0]->output;
        if (distinct.on.empty() && op.output != before) {
          restrict_to(op, 0, before);
        }
        break;
      }
      case OpKind::kWith:
        prune_with(static_cast<WithOp&>(op), needed);
        break;
      case OpKind::kModify: {
        ColumnSet wanted;
        add_own(op, wanted);
        auto& modify = static_cast<ModifyOp&>(op);
        if (modify.row_key != kNoColumn) wanted.insert(modify.row_key);
        if (modify.table_oid != kNoColumn) wanted.insert(modify.table_oid);
        // Triggers see the whole row, which is stored nowhere.
        if (modify.instead) {
          for (ColumnId column : modify.old_columns) {
            if (column != kNoColumn) wanted.insert(column);
          }
        }
        add_old_row(modify, wanted);
        prune(*op.inputs[0], wanted);
        break;
      }
      case OpKind::kLockRows: {
        ColumnSet wanted = needed;
        add_own(op, wanted);
        for (const auto& target : static_cast<LockRowsOp&>(op).targets) {
          wanted.insert(target.row_key);
          if (target.table_oid != kNoColumn) wanted.insert(target.table_oid);
        }
        prune(*op.inputs[0], wanted);
        op.output = op.inputs[0]->output;
        break;
      }
      case OpKind::kTableFunction:
      case OpKind::kValues:
      case OpKind::kOneRow:
      case OpKind::kWorkTableScan:
        break;
      case OpKind::kCteScan:
        note_reader(static_cast<CteScanOp&>(op), needed);
        break;
      case OpKind::kFilter:
      case OpKind::kSort:
      case OpKind::kLimit: {
        ColumnSet wanted = needed;
        add_own(op, wanted);
        prune(*op.inputs[0], wanted);
        op.output = op.inputs[0]->output;
        break;
      }
    }
    for_each_expr(op, [&](Expr*& expr) { prune_subqueries(*expr); });
  }

 private:
  // What a scan hands up of the rows that it has read need not be read again to change them. Joins
  // do not carry it.
  static void add_old_row(const ModifyOp& modify, ColumnSet& wanted) {
    const bool updates = modify.modify == ModifyKind::kUpdate;
    if ((!updates && modify.modify != ModifyKind::kDelete) || modify.instead ||
        modify.is_partitioned) {
      return;
    }
    const LogicalOp* below = modify.inputs[0];
    while (below->kind == OpKind::kFilter || below->kind == OpKind::kProject ||
           (below->kind == OpKind::kJoin && keeps_left_rows(*below))) {
      below = below->inputs[0];
    }
    if (below->kind != OpKind::kScan) return;
    const ColumnSet given = output_of(*modify.inputs[0]);
    for (int32_t attribute : attributes_to_change(
             *modify.table, updates ? ModifyAction::kUpdate : ModifyAction::kDelete,
             !modify.returning.empty())) {
      ColumnId column = modify.old_columns[static_cast<size_t>(attribute)];
      if (column != kNoColumn && given.contains(column)) wanted.insert(column);
    }
  }

  static bool keeps_left_rows(const LogicalOp& join) {
    JoinKind kind = static_cast<const JoinOp&>(join).join;
    return kind == JoinKind::kSemi || kind == JoinKind::kAnti || kind == JoinKind::kNullAwareAnti;
  }

  void add_own(const LogicalOp& op, ColumnSet& wanted) {
    for_each_expr(op, [&](const Expr& expr) {
      for (ColumnId column : columns_of(expr)) wanted.insert(column);
    });
  }

  void prune_subqueries(const Expr& expr) {
    if (expr.subquery != nullptr && expr.subquery->plan != nullptr) {
      prune(*expr.subquery->plan,
            ColumnSet(expr.subquery->columns.begin(), expr.subquery->columns.end()));
    }
    for_each_child(expr, [&](Expr* child) { prune_subqueries(*child); });
  }

  // Puts a projection onto exactly `columns` above input `index`.
  void restrict_to(LogicalOp& op, size_t index, const std::vector<ColumnId>& columns) {
    auto* project = context_.make<ProjectOp>();
    project->inputs = {op.inputs[index]};
    for (ColumnId column : columns) project->items.push_back({column, context_.column_ref(column)});
    project->output = columns;
    op.inputs[index] = project;
    op.output = columns;
  }

  template <typename Scan>
  void prune_scan(Scan& scan, const ColumnSet& needed) {
    ColumnSet wanted = needed;
    add_own(scan, wanted);
    std::vector<ColumnId> output;
    std::vector<int32_t> attributes;
    for (size_t i = 0; i < scan.output.size(); ++i) {
      if (!wanted.contains(scan.output[i])) continue;
      output.push_back(scan.output[i]);
      attributes.push_back(scan.attribute[i]);
    }
    scan.output = std::move(output);
    scan.attribute = std::move(attributes);
  }

  void prune_items(LogicalOp& op, std::vector<ProjectItem>& items, const ColumnSet& needed,
                   bool keep_sets) {
    std::vector<ProjectItem> kept;
    for (const ProjectItem& item : items) {
      // What has effects or decides how many rows there are is computed for nobody, too.
      bool is_set = item.expr->kind == ExprKind::kSetReturning;
      if (needed.contains(item.column) || (keep_sets && is_set) || has_volatile(*item.expr)) {
        kept.push_back(item);
      }
    }
    items = std::move(kept);
    ColumnSet wanted;
    add_own(op, wanted);
    prune(*op.inputs[0], wanted);
    op.output.clear();
    for (const ProjectItem& item : items) op.output.push_back(item.column);
  }

  void prune_append(SetOpOp& op, const ColumnSet& needed) {
    std::vector<ColumnId> output, columns[2];
    for (size_t i = 0; i < op.output.size(); ++i) {
      if (!needed.contains(op.output[i])) continue;
      output.push_back(op.output[i]);
      for (int side = 0; side < 2; ++side) columns[side].push_back(op.columns[side][i]);
    }
    op.output = std::move(output);
    for (int side = 0; side < 2; ++side) op.columns[side] = std::move(columns[side]);
  }

  // Who reads a CTE, and which of its columns by their places.
  struct Readers {
    std::unordered_set<CteScanOp*> scans;
    std::unordered_set<size_t> used;
  };

  void note_reader(CteScanOp& scan, const ColumnSet& needed) {
    Readers& readers = readers_[scan.cte];
    readers.scans.insert(&scan);
    for (size_t i = 0; i < scan.output.size(); ++i) {
      if (needed.contains(scan.output[i])) readers.used.insert(i);
    }
  }

  void prune_with(WithOp& op, const ColumnSet& needed) {
    prune(*op.inputs[0], needed);
    // Later ones may read earlier ones.
    bool narrowed = false;
    for (auto cte = op.ctes.rbegin(); cte != op.ctes.rend(); ++cte) {
      narrowed |= narrow(**cte);
      prune(*(*cte)->plan, output_of(*(*cte)->plan));
    }
    if (narrowed) {
      // What was noted above the narrowed scans is told anew.
      for (CteDefinition* cte : op.ctes) prune(*cte->plan, output_of(*cte->plan));
      prune(*op.inputs[0], needed);
    }
    op.output = op.inputs[0]->output;
  }

  // Leaves the CTE the columns that somebody reads.
  bool narrow(CteDefinition& cte) {
    Readers& readers = readers_[&cte];
    LogicalOp& plan = *cte.plan;
    if (cte.recursive || cte.modifies_data || plan.kind != OpKind::kProject ||
        readers.scans.empty()) {
      return false;
    }
    for (const ProjectItem& item : static_cast<ProjectOp&>(plan).items) {
      if (!has_volatile(*item.expr)) continue;
      const auto at = std::ranges::find(plan.output, item.column) - plan.output.begin();
      readers.used.insert(static_cast<size_t>(at));
    }
    // Rows without columns are still to be counted.
    if (readers.used.empty()) readers.used.insert(0);
    if (readers.used.size() >= plan.output.size()) return false;
    auto narrowed = [&](const std::vector<ColumnId>& columns) {
      std::vector<ColumnId> out;
      for (size_t i = 0; i < columns.size(); ++i) {
        if (readers.used.contains(i)) out.push_back(columns[i]);
      }
      return out;
    };
    plan.output = narrowed(plan.output);
    for (CteScanOp* scan : readers.scans) scan->output = narrowed(scan->output);
    readers_.erase(&cte);
    return true;
  }

  void prune_aggregate(AggregateOp& op, const ColumnSet& needed) {
    auto& items = op.aggregates;
    items.erase(
        std::remove_if(items.begin(), items.end(),
                       [&](const ProjectItem& item) { return !needed.contains(item.column); }),
        items.end());
    ColumnSet wanted;
    add_own(op, wanted);
    prune(*op.inputs[0], wanted);
    op.output.clear();
    for (const ProjectItem& group : op.groups) op.output.push_back(group.column);
    for (const ProjectItem& item : op.aggregates) op.output.push_back(item.column);
    for (const auto& mark : op.grouping_marks) op.output.push_back(mark.column);
  }

  void prune_window(WindowOp& op, const ColumnSet& needed) {
    auto& items = op.items;
    items.erase(
        std::remove_if(items.begin(), items.end(),
                       [&](const ProjectItem& item) { return !needed.contains(item.column); }),
        items.end());
    ColumnSet wanted = needed;
    add_own(op, wanted);
    prune(*op.inputs[0], wanted);
    op.output = op.inputs[0]->output;
    for (const ProjectItem& item : items) op.output.push_back(item.column);
  }

  void prune_join(LogicalOp& op, const ColumnSet& needed) {
    ColumnSet wanted = needed;
    add_own(op, wanted);
    JoinKind kind =
        op.kind == OpKind::kJoin ? static_cast<JoinOp&>(op).join : static_cast<ApplyOp&>(op).join;
    ColumnId mark =
        op.kind == OpKind::kJoin ? static_cast<JoinOp&>(op).mark : static_cast<ApplyOp&>(op).mark;
    ColumnSet left = wanted;
    if (op.kind == OpKind::kApply) {
      for (ColumnId column : free_columns(*op.inputs[1])) left.insert(column);
    }
    prune(*op.inputs[1], wanted);
    prune(*op.inputs[0], left);
    op.output = op.inputs[0]->output;
    bool shows_right = kind == JoinKind::kInner || kind == JoinKind::kLeft ||
                       kind == JoinKind::kRight || kind == JoinKind::kFull ||
                       kind == JoinKind::kSingle;
    if (shows_right)
      op.output.insert(op.output.end(), op.inputs[1]->output.begin(), op.inputs[1]->output.end());
    if (mark != kNoColumn) op.output.push_back(mark);
  }

  PlanContext& context_;
  std::unordered_map<const CteDefinition*, Readers> readers_;
};

}  // namespace

void prune_columns(LogicalOp* root, const std::vector<ColumnId>& needed, PlanContext& context) {
  Pruner(context).prune(*root, ColumnSet(needed.begin(), needed.end()));
}

}  // namespace luma
