#include "sql/lower/lowering.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/op_aggregate.h"
#include "engine/exec/op_apply.h"
#include "engine/exec/op_distinct.h"
#include "engine/exec/op_filter.h"
#include "engine/exec/op_limit.h"
#include "engine/exec/op_project.h"
#include "engine/exec/op_set_op.h"
#include "engine/exec/op_sort.h"
#include "engine/exec/op_table_function.h"
#include "engine/exec/op_values.h"
#include "engine/exec/op_window.h"
#include "engine/exec/plan_subplan.h"
#include "engine/table/modify.h"
#include "sql/bind/polymorphic.h"
#include "sql/function/registry.h"
#include "sql/lower/virtual_scan.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

int slot_of(const std::vector<ColumnId>& layout, ColumnId column) {
  for (size_t i = 0; i < layout.size(); ++i) {
    if (layout[i] == column) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

std::vector<TypeRef> Lowering::types_of(const std::vector<ColumnId>& columns) const {
  std::vector<TypeRef> types;
  for (ColumnId column : columns) types.push_back(type_of(column));
  return types;
}

// --- expressions ---

const Expr* Lowering::slots(Expr* expr, const std::vector<ColumnId>& layout) {
  if (expr == nullptr) return nullptr;
  if (expr->kind == ExprKind::kColumn) {
    int slot = slot_of(layout, expr->column);
    Expr* out = context_.arena().make<Expr>(*expr);
    if (slot >= 0) {
      out->kind = ExprKind::kSlot;
      out->index = static_cast<uint32_t>(slot);
    } else {
      out->kind = ExprKind::kExecParameter;
      out->index = expr->column;
      uses_exec_parameters_ = true;
    }
    return out;
  }
  if (expr->kind == ExprKind::kSubquery) return subplan(*expr, layout);
  return map_children(context_.arena(), expr,
                      [&](Expr* child) { return const_cast<Expr*>(slots(child, layout)); });
}

Expr* Lowering::subplan(const Expr& expr, const std::vector<ColumnId>& layout) {
  const SubqueryInfo& info = *expr.subquery;
  uses_exec_parameters_ = true;
  SubplanDescription description;
  description.kind = info.kind;
  std::vector<ColumnId> columns(info.columns.begin(), info.columns.end());
  for (ColumnId column : columns) description.column_types.push_back(type_of(column));
  // What it needs of the outer query: this level's columns are arguments, others come from further
  // out.
  std::vector<ColumnId> used = free_columns(*info.plan);
  if (info.test != nullptr) {
    std::vector<ColumnId> in_test;
    collect_columns(*info.test, in_test);
    for (ColumnId column : in_test) {
      bool own = slot_of(columns, column) >= 0;
      if (!own && slot_of(used, column) < 0) used.push_back(column);
    }
  }
  std::vector<Expr*> args;
  for (ColumnId column : used) {
    PhysicalType physical = type_info(type_of(column).oid).physical;
    if (slot_of(layout, column) >= 0) {
      args.push_back(const_cast<Expr*>(slots(context_.column_ref(column), layout)));
      description.argument_parameters.push_back(column);
      description.argument_types.push_back(physical);
    } else {
      description.outer_parameters.push_back(column);
      description.outer_types.push_back(physical);
    }
  }
  if (info.test != nullptr) description.test = slots(info.test, columns);
  for_each_op(*info.plan, [&](LogicalOp& op) {
    for_each_expr(static_cast<const LogicalOp&>(op),
                  [&](const Expr& inner) { description.is_volatile |= has_volatile(inner); });
  });
  std::shared_ptr<Lowering> self = shared_from_this();
  auto ctes = ctes_;
  auto work_tables = work_tables_;
  LogicalOp* plan = info.plan;
  auto make = [ctes, work_tables, plan, columns](Lowering& outer,
                                                 const std::shared_ptr<ExplainNotes>& notes) {
    auto inner = std::make_shared<Lowering>(outer.context_, outer.estimator_, outer.settings_);
    inner->ctes_ = ctes;
    inner->work_tables_ = work_tables;
    if (notes != nullptr) inner->notes_ = notes;
    Lowered lowered = inner->lower(*plan);
    return inner->project_columns(std::move(lowered), columns, columns).op;
  };
  description.make_plan = [self, make] { return make(*self, nullptr); };
  // Kept alive by the line above, and it keeps the notes: not the other way round as well.
  std::weak_ptr<Lowering> weak = self;
  notes_->subplans.emplace_back(&info, [weak, make](const std::shared_ptr<ExplainNotes>& notes) {
    return make(*weak.lock(), notes);
  });
  auto spec = std::make_shared<PlanSubplan>(std::move(description));
  Expr* out = context_.arena().make<Expr>(expr);
  out->kind = ExprKind::kSubplan;
  out->subquery = nullptr;
  out->subplan = spec.get();
  out->args = copy_span(context_.arena(), args);
  context_.keep(std::move(spec));
  return out;
}

std::vector<SortKey> Lowering::sort_keys(const std::vector<SortKey>& keys,
                                         const std::vector<ColumnId>& layout) {
  std::vector<SortKey> out = keys;
  for (SortKey& key : out) key.expr = const_cast<Expr*>(slots(key.expr, layout));
  return out;
}

Lowered Lowering::project_columns(Lowered input, const std::vector<ColumnId>& wanted,
                                  const std::vector<ColumnId>& names) {
  if (input.layout == wanted) {
    input.layout = names;
    return input;
  }
  std::vector<const Expr*> exprs;
  for (ColumnId column : wanted) exprs.push_back(slots(context_.column_ref(column), input.layout));
  Lowered out{std::make_unique<ProjectOperator>(std::move(input.op), std::move(exprs)), names};
  note(*out.op).layout = wanted;
  return out;
}

// --- dispatch ---

Lowered Lowering::lower(LogicalOp& op) {
  Lowered out;
  switch (op.kind) {
    case OpKind::kScan:
      out = lower_scan(static_cast<ScanOp&>(op), {});
      break;
    case OpKind::kVirtualScan:
      out = lower_virtual_scan(static_cast<VirtualScanOp&>(op), {});
      break;
    case OpKind::kValues:
      out = lower_values(static_cast<ValuesOp&>(op));
      break;
    case OpKind::kOneRow:
      out = {std::make_unique<OneRowOperator>(), {}};
      break;
    case OpKind::kFilter:
      out = lower_filter(static_cast<FilterOp&>(op));
      break;
    case OpKind::kProject:
      out = lower_project(static_cast<ProjectOp&>(op));
      break;
    case OpKind::kProjectSet:
      out = lower_project_set(static_cast<ProjectSetOp&>(op));
      break;
    case OpKind::kJoin:
      out = lower_join(static_cast<JoinOp&>(op));
      break;
    case OpKind::kApply:
      out = lower_apply(static_cast<ApplyOp&>(op));
      break;
    case OpKind::kAsofJoin:
      out = lower_asof_join(static_cast<AsofJoinOp&>(op));
      break;
    case OpKind::kAggregate:
      out = lower_aggregate(static_cast<AggregateOp&>(op));
      break;
    case OpKind::kWindow:
      out = lower_window(static_cast<WindowOp&>(op));
      break;
    case OpKind::kDistinct:
      out = lower_distinct(static_cast<DistinctOp&>(op));
      break;
    case OpKind::kSort:
      out = lower_sort(static_cast<SortOp&>(op), nullptr);
      break;
    case OpKind::kLimit:
      out = lower_limit(static_cast<LimitOp&>(op));
      break;
    case OpKind::kSetOp:
      out = lower_set_op(static_cast<SetOpOp&>(op));
      // What is left of a partitioned table is one scan.
      if (static_cast<SetOpOp&>(op).partitions && out.op->explain.node_type != "Append") return out;
      break;
    case OpKind::kWith:
      out = lower_with(static_cast<WithOp&>(op));
      break;
    case OpKind::kCteScan:
      out = lower_cte_scan(static_cast<CteScanOp&>(op));
      break;
    case OpKind::kRecursiveUnion:
      out = lower_recursive(static_cast<RecursiveUnionOp&>(op));
      break;
    case OpKind::kWorkTableScan: {
      auto& scan = static_cast<WorkTableScanOp&>(op);
      out = {std::make_unique<WorkTableScanOperator>(work_tables_.at(scan.work_table)),
             scan.output};
      break;
    }
    case OpKind::kTableFunction:
      out = lower_table_function(static_cast<TableFunctionOp&>(op));
      break;
    case OpKind::kModify:
      out = static_cast<ModifyOp&>(op).is_partitioned
                ? lower_partitioned_modify(static_cast<ModifyOp&>(op))
                : lower_modify(static_cast<ModifyOp&>(op));
      break;
    case OpKind::kLockRows:
      out = lower_lock_rows(static_cast<LockRowsOp&>(op));
      break;
  }
  note_operator(op, out);
  return out;
}

OperatorPtr Lowering::lower_result(LogicalOp& root,
                                   const std::vector<BoundQuery::ResultColumn>& result) {
  const LogicalOp* top = &root;
  while (top->kind == OpKind::kWith) top = top->inputs[0];
  if (top->kind == OpKind::kModify) root_modify_ = top;
  Lowered lowered = lower(root);
  if (modify_count_ > 1)
    lowered.op = std::make_unique<StatementConstraintsOperator>(std::move(lowered.op));
  std::vector<ColumnId> wanted;
  for (const auto& column : result) wanted.push_back(column.column);
  if (root.kind == OpKind::kModify && wanted.empty()) return std::move(lowered.op);
  return project_columns(std::move(lowered), wanted, wanted).op;
}

// The one text that a regular expression like ^(name)$ matches; nullptr: there may be others.
Expr* Lowering::anchored_text(const Expr& pattern) {
  const Expr* constant = &pattern;
  while (constant->kind == ExprKind::kRelabel) constant = constant->args[0];
  if (constant->kind != ExprKind::kConstant || constant->constant.is_null ||
      constant->physical != PhysicalType::kVarlen) {
    return nullptr;
  }
  std::string_view text = constant->constant.datum.str.view();
  if (!text.starts_with("^(") || !text.ends_with(")$")) return nullptr;
  text = text.substr(2, text.size() - 4);
  auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (text.empty() || !std::ranges::all_of(text, is_plain)) return nullptr;
  Expr* out = context_.arena().make<Expr>(*constant);
  out->constant = Datum::of_string(context_.arena().copy(text));
  return out;
}

Lowered Lowering::lower_virtual_scan(VirtualScanOp& scan,
                                     const std::vector<Expr*>& extra_conjuncts) {
  std::vector<Expr*> conjuncts = extra_conjuncts;
  split_conjuncts(scan.filter, conjuncts);
  Expr* all = make_and(context_.arena(), conjuncts);
  // column = value, where the value does not depend on the scan: the generator may use it.
  std::vector<VirtualScanFilter> filters;
  for (Expr* conjunct : conjuncts) {
    ColumnSet own = output_of(scan);
    if (conjunct->kind != ExprKind::kFunction || conjunct->args.size() != 2) continue;
    const OperatorEntry* op =
        conjunct->operator_oid == kInvalidOid
            ? nullptr
            : FunctionRegistry::instance().operator_by_oid(conjunct->operator_oid);
    bool matches_one = op != nullptr && op->name == "~~" && is_plain_pattern(*conjunct->args[1]);
    Expr* anchored = op != nullptr && op->name == "~" ? anchored_text(*conjunct->args[1]) : nullptr;
    if (op == nullptr || (op->name != "=" && !matches_one && anchored == nullptr)) continue;
    for (int side = 0; side < 2; ++side) {
      const Expr* column = conjunct->args[side];
      while (column->kind == ExprKind::kRelabel) column = column->args[0];
      Expr* value = anchored != nullptr && side == 0 ? anchored : conjunct->args[1 - side];
      int slot = column->kind == ExprKind::kColumn ? slot_of(scan.output, column->column) : -1;
      if (slot < 0 || scan.attribute[slot] < 0 || intersects(columns_of(*value), own) ||
          has_volatile(*value))
        continue;
      if (value->physical != column->physical) continue;
      filters.push_back({static_cast<uint32_t>(scan.attribute[slot]), slots(value, {})});
      break;
    }
  }
  std::vector<PhysicalType> types;
  for (ColumnId column : scan.output) types.push_back(type_info(type_of(column).oid).physical);
  auto op = std::make_unique<VirtualScanOperator>(scan.name, scan.relation, scan.attribute,
                                                  std::move(types), std::move(filters),
                                                  slots(all, scan.output));
  note(*op).conditions = {{"Filter", conjuncts}};
  return {std::move(op), scan.output};
}

const Expr* Lowering::parameter_slots(const Expr* expr) {
  if (expr->kind == ExprKind::kParameter) {
    Expr* out = context_.arena().make<Expr>(*expr);
    out->kind = ExprKind::kSlot;
    return out;
  }
  return map_children(context_.arena(), const_cast<Expr*>(expr),
                      [&](Expr* child) { return const_cast<Expr*>(parameter_slots(child)); });
}

Lowered Lowering::lower_values(ValuesOp& op) {
  std::vector<std::vector<const Expr*>> rows;
  rows.reserve(op.value_rows.size());
  for (auto& row : op.value_rows) {
    std::vector<const Expr*> lowered;
    lowered.reserve(row.size());
    for (Expr* expr : row) lowered.push_back(slots(expr, {}));
    rows.push_back(std::move(lowered));
  }
  std::vector<PhysicalType> types;
  for (ColumnId column : op.output) types.push_back(type_info(type_of(column).oid).physical);
  if (takes_parameter_rows_ && rows.size() == 1) {
    // Only one can be meant.
    takes_parameter_rows_ = parameter_rows_ == nullptr;
    for (const Expr*& expr : rows[0]) expr = parameter_slots(expr);
    auto made = std::make_unique<ParameterRowsOperator>(std::move(types), std::move(rows[0]));
    parameter_rows_ = made.get();
    return {std::move(made), op.output};
  }
  return {std::make_unique<ValuesOperator>(std::move(types), std::move(rows)), op.output};
}

Lowered Lowering::lower_filter(FilterOp& op) {
  if (op.barrier && op.condition->kind == ExprKind::kConstant) return lower(*op.inputs[0]);
  Lowered input = lower(*op.inputs[0]);
  const Expr* condition = slots(op.condition, input.layout);
  auto filter = std::make_unique<FilterOperator>(std::move(input.op), condition);
  return {std::move(filter), std::move(input.layout)};
}

Lowered Lowering::lower_project(ProjectOp& op) {
  Lowered input = lower(*op.inputs[0]);
  std::vector<ColumnId> layout;
  std::vector<const Expr*> exprs;
  bool identity = op.items.size() == input.layout.size();
  for (size_t i = 0; i < op.items.size(); ++i) {
    const ProjectItem& item = op.items[i];
    layout.push_back(item.column);
    exprs.push_back(slots(item.expr, input.layout));
    identity &= exprs.back()->kind == ExprKind::kSlot && exprs.back()->index == i;
  }
  if (identity) return {std::move(input.op), std::move(layout)};
  return {std::make_unique<ProjectOperator>(std::move(input.op), std::move(exprs)),
          std::move(layout)};
}

namespace {

// Column types of a set-returning call: OUT parameters, or the single result.
std::vector<TypeRef> set_columns(const Expr& call) {
  std::vector<TypeRef> types;
  if (call.type.oid == type_oid::kRecord) {
    for (const OutColumn& column : out_columns(call)) types.push_back({column.type, -1});
  }
  if (types.empty()) types.push_back(call.type);
  return types;
}

}  // namespace

Lowered Lowering::lower_project_set(ProjectSetOp& op) {
  Lowered input = lower(*op.inputs[0]);
  std::vector<ColumnId> layout;
  std::vector<const Expr*> exprs;
  std::vector<std::vector<TypeRef>> columns;
  for (const ProjectItem& item : op.items) {
    layout.push_back(item.column);
    exprs.push_back(slots(item.expr, input.layout));
    columns.push_back(item.expr->kind == ExprKind::kSetReturning ? set_columns(*item.expr)
                                                                 : std::vector<TypeRef>{});
  }
  return {std::make_unique<ProjectSetOperator>(std::move(input.op), std::move(exprs),
                                               std::move(columns)),
          std::move(layout)};
}

namespace {

// Arguments of a call with FILTER are computed for the rows that pass, as they may fail for others:
// they become CASE WHEN filter THEN argument END.
Expr* with_guarded_arguments(Arena& arena, Expr* call) {
  Expr* filter = call->aggregate != nullptr ? call->aggregate->filter
                 : call->window != nullptr  ? call->window->filter
                                            : nullptr;
  if (filter == nullptr ||
      std::ranges::all_of(call->args, [](const Expr* arg) { return is_leakproof(*arg); })) {
    return call;
  }
  std::vector<Expr*> args(call->args.begin(), call->args.end());
  for (size_t i = call->aggregate != nullptr ? call->aggregate->direct_args : 0; i < args.size();
       ++i) {
    if (is_leakproof(*args[i])) continue;
    Expr* guarded = arena.make<Expr>();
    guarded->kind = ExprKind::kCase;
    guarded->type = args[i]->type;
    guarded->physical = args[i]->physical;
    guarded->collation = args[i]->collation;
    guarded->args = copy_span(
        arena,
        std::vector<Expr*>{filter, args[i], make_constant(arena, args[i]->type, Value::null())});
    args[i] = guarded;
  }
  Expr* out = arena.make<Expr>(*call);
  out->args = copy_span(arena, args);
  return out;
}

}  // namespace

Lowered Lowering::lower_aggregate(AggregateOp& op) {
  Lowered input = lower(*op.inputs[0]);
  AggregateSpec spec;
  std::vector<ColumnId> layout;
  for (const ProjectItem& group : op.groups) {
    spec.groups.push_back(slots(group.expr, input.layout));
    layout.push_back(group.column);
  }
  for (const ProjectItem& item : op.aggregates) {
    Expr* call = with_guarded_arguments(context_.arena(), item.expr);
    spec.aggregates.push_back(slots(call, input.layout));
    layout.push_back(item.column);
  }
  spec.grouping_sets = op.grouping_sets;
  for (const auto& mark : op.grouping_marks) {
    spec.grouping_marks.push_back(mark.groups);
    layout.push_back(mark.column);
  }
  auto aggregate = std::make_unique<AggregateOperator>(std::move(input.op), std::move(spec));
  return {std::move(aggregate), std::move(layout)};
}

Lowered Lowering::lower_window(WindowOp& op) {
  Lowered input = lower(*op.inputs[0]);
  WindowSpec spec;
  for (Expr* key : op.partition_by) spec.partition_by.push_back(slots(key, input.layout));
  spec.order_by = sort_keys(op.order_by, input.layout);
  std::vector<ColumnId> layout = input.layout;
  for (const ProjectItem& item : op.items) {
    Expr* call = with_guarded_arguments(context_.arena(), item.expr);
    spec.calls.push_back(slots(call, input.layout));
    layout.push_back(item.column);
  }
  return {std::make_unique<WindowOperator>(std::move(input.op), std::move(spec)),
          std::move(layout)};
}

Lowered Lowering::lower_distinct(DistinctOp& op) {
  Lowered input = lower(*op.inputs[0]);
  if (op.on.empty()) {
    auto distinct = std::make_unique<DistinctOperator>(std::move(input.op), types_of(input.layout));
    return {std::move(distinct), std::move(input.layout)};
  }
  std::vector<const Expr*> on;
  for (Expr* expr : op.on) on.push_back(slots(expr, input.layout));
  return {std::make_unique<UniqueOperator>(std::move(input.op), std::move(on)),
          std::move(input.layout)};
}

Lowered Lowering::lower_limit(LimitOp& op) {
  if (op.inputs[0]->kind == OpKind::kSort && !op.with_ties) {
    return lower_sort(static_cast<SortOp&>(*op.inputs[0]), &op);
  }
  std::vector<SortKey> ties;
  Lowered input = lower(*op.inputs[0]);
  if (op.with_ties && op.inputs[0]->kind == OpKind::kSort) {
    ties = sort_keys(static_cast<SortOp&>(*op.inputs[0]).keys, input.layout);
  }
  const Expr* limit = slots(op.limit, {});
  const Expr* offset = slots(op.offset, {});
  return {std::make_unique<LimitOperator>(std::move(input.op), limit, offset, std::move(ties)),
          std::move(input.layout)};
}

const IndexDesc* Lowering::ordered_index(const ScanOp& scan, const std::vector<SortKey>& keys,
                                         bool limited, bool* reverse) {
  const IndexDesc* index = index_with_order(scan, keys, reverse);
  if (index == nullptr) return nullptr;
  std::vector<Expr*> conjuncts;
  split_conjuncts(scan.filter, conjuncts);
  auto path = choose_access_path(context_, scan, conjuncts, *estimator_, settings_);
  // The index must also be the one that the filter wants, or there is no better one; and reading
  // in order through a secondary index pays only for few rows.
  if (path && path->index != index) return nullptr;
  return index->clustered || limited || path ? index : nullptr;
}

Lowered Lowering::lower_sort(SortOp& op, const LimitOp* limit) {
  auto limited = [&](Lowered input) -> Lowered {
    if (limit == nullptr) return input;
    Lowered out{std::make_unique<LimitOperator>(std::move(input.op), slots(limit->limit, {}),
                                                slots(limit->offset, {})),
                std::move(input.layout)};
    note_operator(*limit, out);
    return out;
  };
  // Rows that an index hands out in the wanted order need no sort.
  LogicalOp* below = op.inputs[0];
  std::vector<ProjectOp*> projections;
  while (below->kind == OpKind::kProject) {
    projections.push_back(static_cast<ProjectOp*>(below));
    below = below->inputs[0];
  }
  auto* append = below->kind == OpKind::kSetOp ? static_cast<SetOpOp*>(below) : nullptr;
  if (below->kind == OpKind::kScan || (append != nullptr && append->partitions)) {
    std::vector<SortKey> keys = op.keys;
    for (ProjectOp* projection : projections) {
      for (SortKey& key : keys) {
        key.expr = substitute_columns(context_, key.expr, [&](ColumnId column) -> Expr* {
          for (const ProjectItem& item : projection->items) {
            if (item.column == column) return item.expr;
          }
          return nullptr;
        });
      }
    }
    std::optional<Lowered> ordered;
    if (append != nullptr) {
      ordered = lower_merge_append(*append, op, keys, limit != nullptr);
    } else {
      auto& scan = static_cast<ScanOp&>(*below);
      bool reverse = false;
      if (const IndexDesc* index = ordered_index(scan, keys, limit != nullptr, &reverse)) {
        ordered = scan_with_order(scan, *index, reverse);
        note_operator(scan, *ordered);
      }
    }
    if (ordered) {
      Lowered out = std::move(*ordered);
      for (size_t i = projections.size(); i-- > 0;) {
        std::vector<ColumnId> layout;
        std::vector<const Expr*> exprs;
        for (const ProjectItem& item : projections[i]->items) {
          layout.push_back(item.column);
          exprs.push_back(slots(item.expr, out.layout));
        }
        out = {std::make_unique<ProjectOperator>(std::move(out.op), std::move(exprs)),
               std::move(layout)};
        note_operator(*projections[i], out);
      }
      return limited(std::move(out));
    }
  }
  Lowered input = lower(*op.inputs[0]);
  std::vector<SortKey> keys = sort_keys(op.keys, input.layout);
  OperatorPtr sort;
  if (limit != nullptr) {
    sort = std::make_unique<SortOperator>(std::move(input.op), std::move(keys),
                                          slots(limit->limit, {}), slots(limit->offset, {}));
  } else {
    sort = std::make_unique<SortOperator>(std::move(input.op), std::move(keys));
  }
  Lowered out{std::move(sort), std::move(input.layout)};
  // A limit above is none of its own: the sort does its work.
  note(*out.op).limit = limit;
  note_operator(op, out);
  return out;
}

Lowered Lowering::lower_set_op(SetOpOp& op) {
  if (op.partitions) return lower_append(op);
  OperatorPtr sides[2];
  for (int side = 0; side < 2; ++side) {
    sides[side] = project_columns(lower(*op.inputs[side]), op.columns[side], op.columns[side]).op;
  }
  SetOpMode mode = op.set_op == SetOpKind::kUnion
                       ? (op.all ? SetOpMode::kUnionAll : SetOpMode::kUnion)
                   : op.set_op == SetOpKind::kIntersect
                       ? (op.all ? SetOpMode::kIntersectAll : SetOpMode::kIntersect)
                       : (op.all ? SetOpMode::kExceptAll : SetOpMode::kExcept);
  return {make_set_operation(mode, std::move(sides[0]), std::move(sides[1]), types_of(op.output)),
          op.output};
}

Lowered Lowering::lower_with(WithOp& op) {
  std::vector<std::shared_ptr<CteProducer>> producers;
  for (CteDefinition* cte : op.ctes) {
    Lowered plan = lower(*cte->plan);
    plan = project_columns(std::move(plan), cte->plan->output, cte->plan->output);
    auto producer = std::make_shared<CteProducer>(std::move(plan.op), cte->modifies_data);
    ctes_[cte->id] = producer;
    producers.push_back(std::move(producer));
  }
  Lowered main = lower(*op.inputs[0]);
  return {std::make_unique<WithOperator>(std::move(main.op), std::move(producers)),
          std::move(main.layout)};
}

Lowered Lowering::lower_cte_scan(CteScanOp& op) {
  return {std::make_unique<CteScanOperator>(ctes_.at(op.cte->id)), op.output};
}

Lowered Lowering::lower_recursive(RecursiveUnionOp& op) {
  std::vector<PhysicalType> physical;
  for (ColumnId column : op.output) physical.push_back(type_info(type_of(column).oid).physical);
  auto table = std::make_shared<WorkTable>(physical);
  work_tables_[op.work_table] = table;
  OperatorPtr sides[2];
  for (int side = 0; side < 2; ++side) {
    sides[side] = project_columns(lower(*op.inputs[side]), op.columns[side], op.columns[side]).op;
  }
  return {std::make_unique<RecursiveUnionOperator>(
              std::move(sides[0]), std::move(sides[1]), std::move(table),
              op.all ? std::vector<TypeRef>{} : types_of(op.output)),
          op.output};
}

Lowered Lowering::lower_table_function(TableFunctionOp& op) {
  std::vector<TableFunctionCall> calls;
  size_t next = 0;
  for (const TableFunctionOp::Call& call : op.calls) {
    TableFunctionCall lowered;
    lowered.call = slots(call.call, {});
    lowered.expand_record = call.expand_record;
    for (uint32_t i = 0; i < call.column_count; ++i, ++next) {
      TypeRef type = type_of(op.output[next]);
      lowered.columns.push_back(type);
      lowered.physical.push_back(type_info(type.oid).physical);
    }
    calls.push_back(std::move(lowered));
  }
  auto scan = std::make_unique<TableFunctionScanOperator>(std::move(calls), op.ordinality);
  return {std::move(scan), op.output};
}

}  // namespace luma
