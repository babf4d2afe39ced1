#pragma once
// Logical plan -> operators: chooses join algorithms and access paths, replaces ColumnIds by slots.
//
// Correlation: the exec parameter that carries a column's value into an inner plan has the ColumnId
// as its index, so parameters need no bookkeeping. Shared by pointer with subplans, which lower
// their plans later.
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/exec/op_hash_join.h"
#include "engine/exec/op_materialize.h"
#include "engine/exec/operator.h"
#include "engine/table/modify.h"
#include "engine/table/partitioned_merge.h"
#include "engine/table/partitioned_modify.h"
#include "sql/lower/explain_notes.h"
#include "sql/lower/planner.h"
#include "sql/optimize/access_path.h"
#include "sql/optimize/cost_model.h"
#include "sql/optimize/inverted_path.h"
#include "sql/plan/logical.h"

namespace luma {

// An operator with the columns its output holds, in order.
struct Lowered {
  OperatorPtr op;
  std::vector<ColumnId> layout;
};

class Lowering : public std::enable_shared_from_this<Lowering> {
 public:
  Lowering(PlanContext& context, std::shared_ptr<Estimator> estimator,
           const PlannerSettings& settings)
      : context_(context), estimator_(std::move(estimator)), settings_(settings) {}

  const std::shared_ptr<ExplainNotes>& notes() const { return notes_; }

  Lowered lower(LogicalOp& op);
  // `result` becomes the output, column by column.
  OperatorPtr lower_result(LogicalOp& root, const std::vector<BoundQuery::ResultColumn>& result);
  bool uses_exec_parameters() const { return uses_exec_parameters_; }
  // A VALUES of one row takes many rows of parameters; null when there was none, or more than one.
  void take_parameter_rows() { takes_parameter_rows_ = true; }
  ParameterRowsOperator* parameter_rows() {
    return std::exchange(takes_parameter_rows_, false) ? parameter_rows_ : nullptr;
  }

 private:
  Lowered lower_scan(ScanOp& scan, const std::vector<Expr*>& extra_conjuncts);
  Lowered lower_inverted_scan(ScanOp& scan, const std::vector<Expr*>& conjuncts,
                              const InvertedPath& path);
  Lowered scan_with_order(ScanOp& scan, const IndexDesc& index, bool reverse);
  Expr* anchored_text(const Expr& pattern);
  Lowered lower_virtual_scan(VirtualScanOp& scan, const std::vector<Expr*>& extra_conjuncts);
  Lowered lower_values(ValuesOp& op);
  Lowered lower_filter(FilterOp& op);
  Lowered lower_project(ProjectOp& op);
  Lowered lower_project_set(ProjectSetOp& op);
  Lowered lower_join(JoinOp& op);
  Lowered lower_apply(ApplyOp& op);
  Lowered lower_asof_join(AsofJoinOp& op);
  Lowered lower_index_join(JoinOp& op, JoinKind kind, LogicalOp& outer, LogicalOp& inner,
                           const std::vector<Expr*>& conjuncts);
  bool virtual_lookup_pays(const LogicalOp& outer, const VirtualScanOp& inner,
                           const std::vector<Expr*>& conjuncts);
  bool index_join_pays(const LogicalOp& outer, const ScanOp& inner,
                       const std::vector<Expr*>& conjuncts, double output_rows);
  double loop_cost(double cost) const {
    return cost + (settings_.nested_loop ? 0 : cost::kDisabled);
  }
  double scan_cost(const ScanOp& scan);
  double width_of(const LogicalOp& op) const;
  Lowered lower_aggregate(AggregateOp& op);
  Lowered lower_window(WindowOp& op);
  Lowered lower_distinct(DistinctOp& op);
  Lowered lower_sort(SortOp& op, const LimitOp* limit);
  Lowered lower_limit(LimitOp& op);
  Lowered lower_set_op(SetOpOp& op);
  Lowered lower_with(WithOp& op);
  Lowered lower_cte_scan(CteScanOp& op);
  Lowered lower_recursive(RecursiveUnionOp& op);
  Lowered lower_table_function(TableFunctionOp& op);
  Lowered lower_modify(ModifyOp& op);
  LogicalOp* sorted_for_storage(const ModifyOp& op);
  void lower_range(KeyRange& range);
  std::optional<Lowered> lower_index_union(ScanOp& scan, const std::vector<Expr*>& conjuncts,
                                           const AccessPath* path);
  Lowered lower_lock_rows(LockRowsOp& op);
  const Expr* recheck_slots(const ModifyOp& op, const std::vector<ColumnId>& layout);
  // --- lower_partitions.cc
  Lowered lower_nothing(const std::vector<ColumnId>& output);
  std::function<bool(ExecContext&)> partition_gate(const ScanOp& scan);
  void append_leaves(SetOpOp& op, const std::vector<ColumnId>& wanted,
                     std::vector<OperatorPtr>& inputs,
                     std::vector<std::function<bool(ExecContext&)>>& gates);
  Lowered lower_append(SetOpOp& op);
  // The leaves' rows in the order of `sort`, whose keys are `keys` over the append's columns, when
  // each leaf has an index that gives it; nothing otherwise. `limited`: only the first are wanted.
  std::optional<Lowered> lower_merge_append(SetOpOp& op, const SortOp& sort,
                                            const std::vector<SortKey>& keys, bool limited);
  struct OrderedLeaf {
    ScanOp* scan;
    std::vector<ColumnId> columns;  // for those of the append
    const IndexDesc* index = nullptr;
    bool reverse = false;
  };
  // False when a leaf has no such index.
  bool order_leaves(SetOpOp& op, const std::vector<ColumnId>& wanted,
                    const std::vector<SortKey>& keys, bool limited,
                    std::vector<OrderedLeaf>& leaves);
  // The index that hands out the scan's rows in this order and is worth it; null without one.
  const IndexDesc* ordered_index(const ScanOp& scan, const std::vector<SortKey>& keys, bool limited,
                                 bool* reverse);
  ModifySpec leaf_spec(const ModifyOp& op, const ModifyLeaf& leaf, bool moved, bool counts_rows,
                       const std::vector<ColumnId>& input);
  std::unique_ptr<ConflictSpec> leaf_conflict(const ModifyOp& op, const ModifyLeaf& leaf,
                                              const std::vector<ColumnId>& new_columns);
  Lowered lower_partitioned_modify(ModifyOp& op);
  // Both: `input`: what the operator's child gives.
  PartitionedModifySpec family_modify_spec(const ModifyOp& op, const std::vector<ColumnId>& input,
                                           bool counts_rows);
  PartitionedMergeSpec family_merge_spec(const ModifyOp& op, const std::vector<ColumnId>& input,
                                         bool counts_rows);
  // What one action of a MERGE does to the rows it is chosen for.
  OperatorPtr merge_part(const ModifyOp& op, const std::vector<ColumnId>& input, bool counts_rows,
                         OperatorPtr child);
  std::unique_ptr<PartitionRoute> lowered_route(const PartitionRoute& route,
                                                const std::vector<ColumnId>& row);

  // --- plan_cost.cc
  ExplainNote& note(const Operator& op);
  void note_operator(const LogicalOp& op, const Lowered& made);
  void note_costs(const LogicalOp& op, Operator& made);

  // Columns to slots of `layout`; columns not in it become exec parameters.
  const Expr* slots(Expr* expr, const std::vector<ColumnId>& layout);
  const Expr* parameter_slots(const Expr* expr);
  Expr* subplan(const Expr& expr, const std::vector<ColumnId>& layout);
  std::vector<SortKey> sort_keys(const std::vector<SortKey>& keys,
                                 const std::vector<ColumnId>& layout);
  TypeRef type_of(ColumnId column) const { return context_.column(column).type; }
  std::vector<TypeRef> types_of(const std::vector<ColumnId>& columns) const;
  // Reorders (or repeats) columns; the operator itself when nothing changes.
  Lowered project_columns(Lowered input, const std::vector<ColumnId>& wanted,
                          const std::vector<ColumnId>& names);

  PlanContext& context_;
  // Subplans can be lowered when planning is over: it lives as long as they may be.
  std::shared_ptr<Estimator> estimator_;
  PlannerSettings settings_;
  std::shared_ptr<ExplainNotes> notes_ = std::make_shared<ExplainNotes>();
  std::unordered_map<uint32_t, std::shared_ptr<CteProducer>> ctes_;
  std::unordered_map<uint32_t, std::shared_ptr<WorkTable>> work_tables_;
  bool uses_exec_parameters_ = false;
  bool takes_parameter_rows_ = false;
  ParameterRowsOperator* parameter_rows_ = nullptr;
  const LogicalOp* root_modify_ = nullptr;  // whose rows the command tag counts
  uint32_t modify_count_ = 0;
};

}  // namespace luma
