// Partitioned tables: an append of the leaves that can have rows, and changes leaf by leaf.
#include <algorithm>

#include "engine/exec/op_merge_append.h"
#include "engine/exec/op_values.h"
#include "sql/lower/lowering.h"
#include "sql/optimize/exclude_partitions.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {
namespace {

ModifyAction action_of(ModifyKind kind) {
  return kind == ModifyKind::kInsert   ? ModifyAction::kInsert
         : kind == ModifyKind::kUpdate ? ModifyAction::kUpdate
                                       : ModifyAction::kDelete;
}

// By the leaf's attribute, from what is by the root's.
template <typename T>
std::vector<T> permuted(const ModifyLeaf& leaf, const std::vector<T>& by_root, T none) {
  std::vector<T> out;
  if (by_root.empty()) return std::vector<T>(leaf.root_attribute.size(), none);
  for (int32_t attribute : leaf.root_attribute) {
    out.push_back(attribute < 0 ? none : by_root[static_cast<size_t>(attribute)]);
  }
  return out;
}

int32_t slot_in(const std::vector<ColumnId>& layout, ColumnId column) {
  auto found = column == kNoColumn ? layout.end() : std::ranges::find(layout, column);
  return found == layout.end() ? -1 : static_cast<int32_t>(found - layout.begin());
}

bool refers_to_scan(const ScanOp& scan, const Expr& expr) {
  std::vector<ColumnId> columns;
  collect_columns(expr, columns);
  return std::ranges::any_of(columns, [&](ColumnId column) {
    return std::ranges::find(scan.output, column) != scan.output.end();
  });
}

}  // namespace

Lowered Lowering::lower_nothing(const std::vector<ColumnId>& output) {
  auto* filter = context_.make<FilterOp>();
  filter->inputs = {context_.make<OneRowOp>()};
  filter->condition = make_bool(context_.arena(), false);
  auto* project = context_.make<ProjectOp>();
  project->inputs = {filter};
  for (ColumnId column : output) {
    project->items.push_back(
        {column, make_constant(context_.arena(), type_of(column), Value::null())});
  }
  project->output = output;
  filter->rows = project->rows = 0;
  return lower(*project);
}

// Tells whether the leaf can have rows once values that the plan does not know are there.
std::function<bool(ExecContext&)> Lowering::partition_gate(const ScanOp& scan) {
  if (scan.place == nullptr || scan.filter == nullptr) return nullptr;
  std::vector<Expr*> conjuncts;
  split_conjuncts(scan.filter, conjuncts);
  // Values by the expression they are of.
  auto values = std::make_shared<std::unordered_map<const Expr*, const Expr*>>();
  excludes(*scan.place, conjuncts, [&](const Expr& expr) -> std::optional<Value> {
    if (expr.kind == ExprKind::kConstant) return expr.constant;
    bool fixed = !has_volatile(expr) && !has_subquery(expr) && !refers_to_scan(scan, expr);
    if (fixed) values->emplace(&expr, slots(const_cast<Expr*>(&expr), {}));
    return std::nullopt;
  });
  if (values->empty()) return nullptr;
  return [place = scan.place, conjuncts, values](ExecContext& context) {
    return !excludes(*place, conjuncts, [&](const Expr& expr) -> std::optional<Value> {
      if (expr.kind == ExprKind::kConstant) return expr.constant;
      auto found = values->find(&expr);
      if (found == values->end()) return std::nullopt;
      ExprEvaluator evaluator(*found->second, 1);  // has the value
      Value value = evaluator.evaluate_scalar(context);
      if (!value.is_null) {
        value.datum = copy_datum(value.datum, found->second->physical, *context.arena);
      }
      return value;
    });
  };
}

void Lowering::append_leaves(SetOpOp& op, const std::vector<ColumnId>& wanted,
                             std::vector<OperatorPtr>& inputs,
                             std::vector<std::function<bool(ExecContext&)>>& gates) {
  for (int side = 0; side < 2; ++side) {
    std::vector<ColumnId> columns;
    for (ColumnId column : wanted) {
      auto at = static_cast<size_t>(slot_in(op.output, column));
      columns.push_back(op.columns[side][at]);
    }
    LogicalOp& input = *op.inputs[static_cast<size_t>(side)];
    if (input.kind == OpKind::kSetOp && static_cast<SetOpOp&>(input).partitions) {
      append_leaves(static_cast<SetOpOp&>(input), columns, inputs, gates);
      continue;
    }
    if (input.kind == OpKind::kScan && static_cast<ScanOp&>(input).excluded) continue;
    gates.push_back(input.kind == OpKind::kScan ? partition_gate(static_cast<ScanOp&>(input))
                                                : nullptr);
    inputs.push_back(project_columns(lower(input), columns, columns).op);
  }
}

Lowered Lowering::lower_append(SetOpOp& op) {
  std::vector<OperatorPtr> inputs;
  std::vector<std::function<bool(ExecContext&)>> gates;
  append_leaves(op, op.output, inputs, gates);
  if (inputs.empty()) return lower_nothing(op.output);
  if (inputs.size() == 1) return {std::move(inputs[0]), op.output};
  return {std::make_unique<AppendOperator>(std::move(inputs), std::move(gates)), op.output};
}

bool Lowering::order_leaves(SetOpOp& op, const std::vector<ColumnId>& wanted,
                            const std::vector<SortKey>& keys, bool limited,
                            std::vector<OrderedLeaf>& leaves) {
  for (int side = 0; side < 2; ++side) {
    std::vector<ColumnId> columns;
    for (ColumnId column : wanted) {
      auto at = static_cast<size_t>(slot_in(op.output, column));
      columns.push_back(op.columns[side][at]);
    }
    std::vector<SortKey> own = keys;
    for (SortKey& key : own) {
      auto at = static_cast<size_t>(slot_in(op.output, key.expr->column));
      key.expr = context_.column_ref(op.columns[side][at]);
    }
    LogicalOp& input = *op.inputs[static_cast<size_t>(side)];
    if (input.kind == OpKind::kSetOp && static_cast<SetOpOp&>(input).partitions) {
      auto& below = static_cast<SetOpOp&>(input);
      if (!order_leaves(below, columns, own, limited, leaves)) return false;
      continue;
    }
    if (input.kind != OpKind::kScan) return false;
    auto& scan = static_cast<ScanOp&>(input);
    if (scan.excluded) continue;
    OrderedLeaf leaf{&scan, std::move(columns)};
    leaf.index = ordered_index(scan, own, limited, &leaf.reverse);
    if (leaf.index == nullptr) return false;
    leaves.push_back(std::move(leaf));
  }
  return true;
}

std::optional<Lowered> Lowering::lower_merge_append(SetOpOp& op, const SortOp& sort,
                                                    const std::vector<SortKey>& keys,
                                                    bool limited) {
  std::vector<MergeAppendOperator::Key> merged;
  std::vector<SortColumn> columns;
  for (const SortKey& key : keys) {
    int32_t slot = key.expr->kind == ExprKind::kColumn ? slot_in(op.output, key.expr->column) : -1;
    if (slot < 0 || key.less_than != nullptr) return std::nullopt;
    columns.push_back(SortColumn::of(key));
    merged.push_back({columns.back(), static_cast<uint32_t>(slot)});
  }
  if (!SortKeyEncoder(columns).is_encodable()) return std::nullopt;
  std::vector<OrderedLeaf> leaves;
  if (!order_leaves(op, op.output, keys, limited, leaves) || leaves.size() < 2) return std::nullopt;
  std::vector<OperatorPtr> inputs;
  std::vector<MergeAppendOperator::Gate> gates;
  for (OrderedLeaf& leaf : leaves) {
    Lowered scan = scan_with_order(*leaf.scan, *leaf.index, leaf.reverse);
    note_operator(*leaf.scan, scan);
    gates.push_back(partition_gate(*leaf.scan));
    inputs.push_back(project_columns(std::move(scan), leaf.columns, leaf.columns).op);
  }
  Lowered out{
      std::make_unique<MergeAppendOperator>(std::move(inputs), std::move(gates), std::move(merged)),
      op.output};
  note(*out.op).order = &sort;
  note_operator(op, out);
  return out;
}

// --- changes ---

ModifySpec Lowering::leaf_spec(const ModifyOp& op, const ModifyLeaf& leaf, bool moved,
                               bool counts_rows, const std::vector<ColumnId>& input) {
  ModifySpec spec;
  spec.table = leaf.table;
  spec.is_leaf = true;
  for (size_t i = 0; i < op.table->columns.size(); ++i) {
    auto at = std::ranges::find(leaf.root_attribute, static_cast<int32_t>(i));
    if (at == leaf.root_attribute.end()) continue;
    spec.shown.push_back(static_cast<int32_t>(at - leaf.root_attribute.begin()));
  }
  spec.counts_rows = counts_rows;
  spec.action = moved ? ModifyAction::kInsert : action_of(op.modify);
  const std::vector<ColumnId>& new_columns = leaf.new_columns;
  std::vector<ColumnId> layout = input;
  size_t width = leaf.root_attribute.size();
  if (spec.action == ModifyAction::kInsert) {
    for (int32_t attribute : leaf.root_attribute) {
      if (attribute < 0) {
        spec.assignments.push_back(nullptr);
        continue;
      }
      TypeRef type = op.table->columns[static_cast<size_t>(attribute)].type;
      spec.assignments.push_back(
          make_slot(context_.arena(),
                    static_cast<uint32_t>(input.size()) + static_cast<uint32_t>(attribute), type));
    }
    layout.resize(input.size() + op.table->columns.size(), kNoColumn);
  } else {
    spec.row_key_slot = static_cast<uint32_t>(slot_in(input, op.row_key));
    for (ColumnId column : permuted(leaf, op.old_columns, kNoColumn)) {
      spec.old_slots.push_back(slot_in(input, column));
    }
    spec.recheck = recheck_slots(op, input);
    for (Expr* expr : permuted<Expr*>(leaf, op.assignments, nullptr)) {
      spec.assignments.push_back(slots(expr, input));
    }
  }
  spec.assignments.resize(width, nullptr);
  for (Expr* expr : leaf.generated) spec.generated.push_back(slots(expr, new_columns));
  for (const CheckExpr& check : leaf.checks) {
    spec.checks.push_back({.name = check.name,
                           .expr = slots(check.expr, new_columns),
                           .view_option = check.view_option,
                           .policy = check.policy,
                           .partition = check.partition});
  }
  const Expr* bound = slots(leaf.bound, new_columns);
  if (spec.action == ModifyAction::kInsert && bound != nullptr) {
    spec.checks.push_back({.name = "", .expr = bound, .partition = true});
  } else {
    spec.bound = bound;
  }
  if (op.on_conflict != nullptr) {
    spec.conflict = leaf_conflict(op, leaf, new_columns);
    if (bound != nullptr && !spec.conflict->new_checks.empty()) {
      spec.conflict->new_checks.push_back({.name = "", .expr = bound, .partition = true});
    }
  }
  if (op.modify == ModifyKind::kDelete) {
    std::vector<ColumnId> old_columns = permuted(leaf, op.old_columns, kNoColumn);
    for (ColumnId& column : layout) {
      if (slot_in(old_columns, column) >= 0) column = kNoColumn;
    }
    layout.insert(layout.end(), old_columns.begin(), old_columns.end());
  } else {
    layout.insert(layout.end(), new_columns.begin(), new_columns.end());
  }
  Expr* oid =
      make_constant(context_.arena(), {type_oid::kOid, -1}, Value(Datum::of_oid(leaf.table->oid)));
  for (const ProjectItem& item : op.returning) {
    Expr* shown = op.leaf_oid == kNoColumn
                      ? item.expr
                      : substitute_columns(context_, item.expr, [&](ColumnId column) -> Expr* {
                          return column == op.leaf_oid ? oid : nullptr;
                        });
    spec.returning.push_back(slots(shown, layout));
  }
  return spec;
}

std::unique_ptr<ConflictSpec> Lowering::leaf_conflict(const ModifyOp& op, const ModifyLeaf& leaf,
                                                      const std::vector<ColumnId>& new_columns) {
  const OnConflict& conflict = *op.on_conflict;
  auto spec = std::make_unique<ConflictSpec>();
  spec->update = conflict.update;
  spec->indexes = leaf.arbiters;
  std::vector<ColumnId> old_columns = permuted(leaf, conflict.old_columns, kNoColumn);
  std::vector<ColumnId> layout = old_columns;
  for (ColumnId column : permuted(leaf, conflict.excluded_columns, kNoColumn)) {
    layout.push_back(column);
  }
  if (conflict.update) {
    for (Expr* expr : permuted<Expr*>(leaf, conflict.assignments, nullptr)) {
      spec->assignments.push_back(slots(expr, layout));
    }
  }
  spec->where = slots(conflict.where, layout);
  for (const CheckExpr& check : conflict.old_checks) {
    spec->old_checks.push_back(
        {check.name, slots(check.expr, old_columns), false, check.policy, true});
  }
  for (const CheckExpr& check : conflict.new_checks) {
    spec->new_checks.push_back(
        {check.name, slots(check.expr, new_columns), check.view_option, check.policy});
  }
  return spec;
}

Lowered Lowering::lower_partitioned_modify(ModifyOp& op) {
  Lowered input = lower(*op.inputs[0]);
  ++modify_count_;
  // Leaves are lowered when rows come to them; conditions of policies may have subqueries.
  uses_exec_parameters_ = true;
  const bool counts_rows = &op == root_modify_;
  if (op.modify == ModifyKind::kMerge) {
    return {std::make_unique<PartitionedMergeOperator>(
                std::move(input.op), family_merge_spec(op, input.layout, counts_rows)),
            {}};
  }
  std::vector<ColumnId> output;
  for (const ProjectItem& item : op.returning) output.push_back(item.column);
  return {std::make_unique<PartitionedModifyOperator>(
              std::move(input.op), family_modify_spec(op, input.layout, counts_rows)),
          std::move(output)};
}

PartitionedMergeSpec Lowering::family_merge_spec(const ModifyOp& op,
                                                 const std::vector<ColumnId>& input,
                                                 bool counts_rows) {
  PartitionedMergeSpec spec;
  spec.root = op.table;
  spec.row_key_slot = static_cast<uint32_t>(slot_in(input, op.row_key));
  spec.table_oid_slot = static_cast<uint32_t>(slot_in(input, op.table_oid));
  spec.recheck = recheck_slots(op, input);
  for (const ModifyLeaf& leaf : op.leaves) {
    PartitionedMergeSpec::Leaf& added = spec.leaves.emplace_back();
    added.table = leaf.table;
    for (ColumnId column : permuted(leaf, op.old_columns, kNoColumn)) {
      added.old_slots.push_back(slot_in(input, column));
    }
  }
  std::shared_ptr<Lowering> self = shared_from_this();
  for (const MergeAction& action : op.merge_actions) {
    PartitionedMergeSpec::Action& added = spec.actions.emplace_back();
    added.matched = action.matched;
    added.does_nothing = action.does_nothing;
    added.action = action_of(action.modify);
    added.condition = slots(action.condition, input);
    for (const Expr* expr : action.assignments) added.assigned.push_back(expr != nullptr);
    if (action.does_nothing) continue;
    auto* part = context_.make<ModifyOp>();
    *part = op;
    part->modify = action.modify;
    part->assignments = action.assignments;
    part->recheck = nullptr;  // the row that comes is the latest
    part->merge_actions.clear();
    added.make = [self, part, input, counts_rows](OperatorPtr child) {
      return self->merge_part(*part, input, counts_rows, std::move(child));
    };
  }
  return spec;
}

OperatorPtr Lowering::merge_part(const ModifyOp& op, const std::vector<ColumnId>& input,
                                 bool counts_rows, OperatorPtr child) {
  // What inherits from a table takes none of the rows that are inserted there.
  if (op.modify == ModifyKind::kInsert && op.route == nullptr) {
    ModifySpec spec = leaf_spec(op, op.leaves[0], false, counts_rows, input);
    for (size_t i = 0; i < spec.assignments.size(); ++i) {
      spec.assignments[i] = slots(op.assignments[i], input);
    }
    return std::make_unique<ModifyOperator>(std::move(child), std::move(spec));
  }
  PartitionedModifySpec spec = family_modify_spec(op, input, counts_rows);
  spec.fires_statement_triggers = false;
  return std::make_unique<PartitionedModifyOperator>(std::move(child), std::move(spec));
}

PartitionedModifySpec Lowering::family_modify_spec(const ModifyOp& op,
                                                   const std::vector<ColumnId>& input,
                                                   bool counts_rows) {
  PartitionedModifySpec spec;
  spec.action = action_of(op.modify);
  spec.root = op.table;
  if (op.modify == ModifyKind::kInsert) {
    for (Expr* expr : op.assignments) spec.row.push_back(slots(expr, input));
    spec.row.resize(op.table->columns.size(), nullptr);
    spec.updates_on_conflict = op.on_conflict != nullptr && op.on_conflict->update;
  } else {
    int32_t slot = slot_in(input, op.table_oid);
    LUMA_CHECK(slot >= 0);
    spec.table_oid_slot = static_cast<uint32_t>(slot);
  }
  const auto& assigned = spec.updates_on_conflict ? op.on_conflict->assignments : op.assignments;
  for (const Expr* expr : assigned) spec.assigned.push_back(expr != nullptr);
  spec.assigned.resize(op.table->columns.size(), false);
  if (op.route != nullptr) spec.route = lowered_route(*op.route, op.new_columns);
  for (const ProjectItem& item : op.returning) {
    spec.returning.push_back(type_info(type_of(item.column).oid).physical);
  }
  std::shared_ptr<Lowering> self = shared_from_this();
  for (const ModifyLeaf& leaf : op.leaves) {
    PartitionedModifySpec::Leaf& added = spec.leaves.emplace_back();
    added.oid = leaf.table->oid;
    added.root_attribute = leaf.root_attribute;
    auto make = [self, &op, &leaf, counts_rows, input](bool moved) {
      return self->leaf_spec(op, leaf, moved, counts_rows, input);
    };
    added.change = [make] { return make(false); };
    added.insert_moved = [make] { return make(true); };
  }
  return spec;
}

std::unique_ptr<PartitionRoute> Lowering::lowered_route(const PartitionRoute& route,
                                                        const std::vector<ColumnId>& row) {
  auto out = std::make_unique<PartitionRoute>();
  out->schema_name = route.schema_name;
  out->name = route.name;
  out->key_names = route.key_names;
  out->strategy = route.strategy;
  for (const Expr* key : route.keys) out->keys.push_back(slots(const_cast<Expr*>(key), row));
  for (const PartitionRoute::Target& target : route.targets) {
    PartitionRoute::Target& added = out->targets.emplace_back();
    added.leaf = target.leaf;
    if (target.below != nullptr) added.below = lowered_route(*target.below, row);
  }
  out->ranges = route.ranges;
  out->values = route.values;
  out->null_target = route.null_target;
  out->remainders = route.remainders;
  out->default_target = route.default_target;
  return out;
}

}  // namespace luma
