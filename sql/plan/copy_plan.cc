#include "sql/plan/copy_plan.h"

#include <unordered_map>

#include "engine/base/sql_error.h"
#include "sql/plan/walk.h"

namespace luma {
namespace {

class PlanCopier {
 public:
  explicit PlanCopier(PlanContext& context) : context_(context) {}

  Expr* copy(Expr* expr) {
    if (expr->subquery != nullptr) {
      auto* info = context_.arena().make<SubqueryInfo>(*expr->subquery);
      if (info->plan != nullptr) info->plan = copy(*info->plan);
      if (info->test != nullptr) info->test = copy(info->test);
      Expr* out = context_.arena().make<Expr>(*expr);
      out->subquery = info;
      return out;
    }
    return map_children(context_.arena(), expr, [&](Expr* child) { return copy(child); });
  }

  bool locks_rows() const { return locks_rows_; }

 private:
  template <typename Op>
  LogicalOp* make(const LogicalOp& op) {
    auto* out = context_.make<Op>();
    *out = static_cast<const Op&>(op);
    return out;
  }

  LogicalOp* make_same(const LogicalOp& op) {
    switch (op.kind) {
      case OpKind::kScan:
        return make<ScanOp>(op);
      case OpKind::kVirtualScan:
        return make<VirtualScanOp>(op);
      case OpKind::kValues:
        return make<ValuesOp>(op);
      case OpKind::kOneRow:
        return make<OneRowOp>(op);
      case OpKind::kFilter:
        return make<FilterOp>(op);
      case OpKind::kProject:
        return make<ProjectOp>(op);
      case OpKind::kProjectSet:
        return make<ProjectSetOp>(op);
      case OpKind::kJoin:
        return make<JoinOp>(op);
      case OpKind::kApply:
        return make<ApplyOp>(op);
      case OpKind::kAggregate:
        return make<AggregateOp>(op);
      case OpKind::kWindow:
        return make<WindowOp>(op);
      case OpKind::kDistinct:
        return make<DistinctOp>(op);
      case OpKind::kSort:
        return make<SortOp>(op);
      case OpKind::kLimit:
        return make<LimitOp>(op);
      case OpKind::kSetOp:
        return make<SetOpOp>(op);
      case OpKind::kWith:
        return make<WithOp>(op);
      case OpKind::kCteScan:
        return make<CteScanOp>(op);
      case OpKind::kRecursiveUnion:
        return make<RecursiveUnionOp>(op);
      case OpKind::kWorkTableScan:
        return make<WorkTableScanOp>(op);
      case OpKind::kTableFunction:
        return make<TableFunctionOp>(op);
      case OpKind::kLockRows:
        locks_rows_ = true;
        return make<LockRowsOp>(op);
      case OpKind::kAsofJoin:
        return make<AsofJoinOp>(op);
      case OpKind::kModify:
        break;
    }
    LUMA_CHECK(op.kind != OpKind::kModify);  // stands at the top level only
    return nullptr;
  }

  LogicalOp* copy(const LogicalOp& op) {
    LogicalOp* out = make_same(op);
    if (out->kind == OpKind::kWith) {
      for (CteDefinition*& cte : static_cast<WithOp*>(out)->ctes) cte = copy(*cte);
    }
    if (out->kind == OpKind::kCteScan) {
      CteDefinition*& cte = static_cast<CteScanOp*>(out)->cte;
      auto own = ctes_.find(cte);
      if (own == ctes_.end()) {
        ++cte->references;
      } else {
        cte = own->second;
      }
    }
    for (LogicalOp*& input : out->inputs) input = copy(*input);
    for_each_expr(*out, [&](Expr*& expr) { expr = copy(expr); });
    return out;
  }

  CteDefinition* copy(const CteDefinition& cte) {
    CteDefinition* out = context_.make_cte();
    const uint32_t id = out->id;
    *out = cte;
    out->id = id;
    ctes_.emplace(&cte, out);
    out->plan = copy(*cte.plan);
    return out;
  }

  PlanContext& context_;
  bool locks_rows_ = false;
  std::unordered_map<const CteDefinition*, CteDefinition*> ctes_;
};

}  // namespace

Expr* copy_subqueries(PlanContext& context, Expr* expr) {
  PlanCopier copier(context);
  Expr* copy = copier.copy(expr);
  return copier.locks_rows() ? nullptr : copy;
}

}  // namespace luma
