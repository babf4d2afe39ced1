// Operators over stored tables: scans with their access paths, data modification, row locks.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/op_values.h"
#include "engine/table/columnar_scan.h"
#include "engine/table/instead_of.h"
#include "engine/table/inverted_scan.h"
#include "engine/table/merge.h"
#include "engine/table/modify.h"
#include "engine/table/scan.h"
#include "sql/function/registry.h"
#include "sql/lower/lowering.h"
#include "sql/lower/zone_predicates.h"
#include "sql/optimize/predicates.h"

namespace luma {

namespace {

static_assert(kRowKeyColumn == ScanOp::kRowKeyAttribute &&
              kTableOidColumn == ScanOp::kTableOidAttribute);

// `value < column` as `column > value`, for EXPLAIN.
Expr* key_first(PlanContext& context, const ScanOp& scan, Expr* conjunct) {
  bool comparison = conjunct->kind == ExprKind::kFunction && conjunct->args.size() == 2;
  if (!comparison || scan_attribute(scan, *conjunct->args[0]) >= 0) return conjunct;
  const FunctionRegistry& registry = FunctionRegistry::instance();
  const OperatorEntry* op = registry.operator_by_oid(conjunct->operator_oid);
  if (op == nullptr || registry.operator_by_oid(op->commutator) == nullptr) return conjunct;
  Expr* out = context.arena().make<Expr>(*conjunct);
  out->operator_oid = op->commutator;
  out->args = copy_span(context.arena(), std::vector<Expr*>{conjunct->args[1], conjunct->args[0]});
  return out;
}

ModifyAction action_of(ModifyKind kind) {
  return kind == ModifyKind::kInsert   ? ModifyAction::kInsert
         : kind == ModifyKind::kUpdate ? ModifyAction::kUpdate
                                       : ModifyAction::kDelete;
}

}  // namespace

Lowered Lowering::lower_scan(ScanOp& scan, const std::vector<Expr*>& extra_conjuncts) {
  if (scan.excluded) return lower_nothing(scan.output);
  std::vector<Expr*> conjuncts;
  split_conjuncts(scan.filter, conjuncts);
  conjuncts.insert(conjuncts.end(), extra_conjuncts.begin(), extra_conjuncts.end());
  std::optional<AccessPath> path =
      choose_access_path(context_, scan, conjuncts, *estimator_, settings_);
  if (extra_conjuncts.empty() && !(path && path->is_unique_lookup)) {
    auto inverted = choose_inverted_path(context_, scan, conjuncts, *estimator_, settings_);
    double other = path ? path->cost
                        : full_scan_cost(scan, estimator_->table_rows(*scan.table),
                                         conjuncts.size(), settings_);
    if (inverted && inverted->cost < other) {
      return lower_inverted_scan(scan, conjuncts, *inverted);
    }
  }
  const ColumnarCopyDesc* copy = path ? nullptr : covering_copy(scan);
  if (extra_conjuncts.empty()) {
    auto made = lower_index_union(scan, conjuncts, path ? &*path : nullptr);
    if (made) return std::move(*made);
  }
  auto constant_expr = [&](const Expr* expr) { return slots(const_cast<Expr*>(expr), {}); };
  OperatorPtr op;
  std::vector<Expr*> index_conjuncts, rest;
  double cost;
  if (path) {
    for (Expr* conjunct : conjuncts) {
      bool used = std::find(path->used.begin(), path->used.end(), conjunct) != path->used.end();
      (used ? index_conjuncts : rest)
          .push_back(used ? key_first(context_, scan, conjunct) : conjunct);
    }
    KeyRange range = path->range;
    lower_range(range);
    const Expr* filter = slots(make_and(context_.arena(), rest), scan.output);
    op = std::make_unique<IndexScanOperator>(scan.table, path->index, std::move(range), false,
                                             scan.attribute, filter);
    note(*op).index = path->index;
    note(*op).covered = path->covers_scan && !path->index->clustered;
    note(*op).startup_cost = cost::kLookup;
    cost = path->cost;
  } else {
    Expr* filter = make_and(context_.arena(), conjuncts);
    rest = conjuncts;
    cost = full_scan_cost(scan, estimator_->table_rows(*scan.table), conjuncts.size(), settings_);
    const Expr* condition = slots(filter, scan.output);
    if (scan.table->columnar != nullptr || copy != nullptr) {
      std::vector<ZonePredicate> zones = zone_predicates(scan, conjuncts);
      for (ZonePredicate& zone : zones) zone.value = constant_expr(zone.value);
      op = std::make_unique<ColumnarScanOperator>(copy != nullptr ? copy->rows : scan.table,
                                                  scan.attribute, condition, std::move(zones));
      note(*op).copy = copy;
    } else {
      op = std::make_unique<TableScanOperator>(scan.table, scan.attribute, condition);
    }
  }
  ExplainNote& noted = note(*op);
  noted.conditions = {{"Index Cond", index_conjuncts}, {"Filter", rest}};
  noted.total_cost = cost;
  // Of a lookup for every row of another input: what one of them finds.
  Lowered out{std::move(op), scan.output};
  note_operator(scan, out);
  if (!extra_conjuncts.empty()) {
    double table_rows = estimator_->table_rows(*scan.table);
    noted.rows = path && path->is_unique_lookup
                     ? 1
                     : std::max(1.0, table_rows * estimator_->selectivity(conjuncts));
  }
  return out;
}

void Lowering::lower_range(KeyRange& range) {
  auto lower_value = [&](const Expr*& expr) {
    if (expr != nullptr) expr = slots(const_cast<Expr*>(expr), {});
  };
  for (KeyRange::Part& part : range.parts) {
    lower_value(part.equal);
    lower_value(part.any_of);
  }
  lower_value(range.lower);
  lower_value(range.upper);
  for (KeyRange& each : range.alternatives) lower_range(each);
}

// Lookups in several indexes for the sides of an OR, when that is cheaper than `path` (null: than
// reading the table).
std::optional<Lowered> Lowering::lower_index_union(ScanOp& scan,
                                                   const std::vector<Expr*>& conjuncts,
                                                   const AccessPath* path) {
  if (path != nullptr && path->is_unique_lookup) return std::nullopt;
  auto all = choose_union_of_indexes(context_, scan, conjuncts, *estimator_, settings_);
  if (!all) return std::nullopt;
  const double other = path != nullptr ? path->cost
                                       : full_scan_cost(scan, estimator_->table_rows(*scan.table),
                                                        conjuncts.size(), settings_);
  if (all->cost >= other) return std::nullopt;
  std::vector<OperatorPtr> inputs;
  std::vector<Expr*> found;  // by the branches before
  for (AccessUnion::Branch& branch : all->branches) {
    std::vector<Expr*> index_conjuncts, rest;
    auto divide = [&](Expr* conjunct) {
      const bool used = std::ranges::find(branch.path.used, conjunct) != branch.path.used.end();
      (used ? index_conjuncts : rest)
          .push_back(used ? key_first(context_, scan, conjunct) : conjunct);
    };
    for (Expr* conjunct : branch.conjuncts) divide(conjunct);
    for (Expr* conjunct : conjuncts) {
      if (conjunct != all->conjunct) divide(conjunct);
    }
    rest.insert(rest.end(), found.begin(), found.end());
    lower_range(branch.path.range);
    auto op = std::make_unique<IndexScanOperator>(
        scan.table, branch.path.index, std::move(branch.path.range), false, scan.attribute,
        slots(make_and(context_.arena(), rest), scan.output));
    ExplainNote& noted = note(*op);
    noted.op = &scan;
    noted.layout = scan.output;
    noted.index = branch.path.index;
    noted.covered = branch.path.covers_scan && !branch.path.index->clustered;
    noted.rows = branch.path.rows;
    noted.startup_cost = cost::kLookup;
    noted.total_cost = branch.path.cost;
    noted.conditions = {{"Index Cond", index_conjuncts}, {"Filter", rest}};
    inputs.push_back(std::move(op));
    Expr* is_other = context_.arena().make<Expr>();
    is_other->kind = ExprKind::kIsNotTrue;
    is_other->type = {type_oid::kBool, -1};
    is_other->physical = PhysicalType::kBool;
    is_other->args = copy_span(context_.arena(), std::vector<Expr*>{branch.condition});
    found.push_back(is_other);
  }
  auto append = std::make_unique<AppendOperator>(std::move(inputs));
  ExplainNote& noted = note(*append);
  noted.startup_cost = cost::kLookup;
  noted.total_cost = all->cost;
  Lowered out{std::move(append), scan.output};
  note_operator(scan, out);
  return out;
}

Lowered Lowering::lower_inverted_scan(ScanOp& scan, const std::vector<Expr*>& conjuncts,
                                      const InvertedPath& path) {
  std::vector<InvertedCondition> conditions;
  for (const InvertedPath::Condition& condition : path.conditions) {
    conditions.push_back({condition.part, condition.search, slots(condition.value, {})});
  }
  auto keys = std::make_unique<InvertedScanOperator>(scan.table, path.index, std::move(conditions));
  ExplainNote& found = note(*keys);
  found.op = &scan;
  found.index = path.index;
  found.inverted = ExplainNote::Inverted::kKeys;
  found.covered = true;
  found.conditions = {{"Index Cond", path.used}};
  found.rows = path.rows;
  found.total_cost = path.cost - path.rows * cost::kFetchRow;
  const double found_cost = found.total_cost;
  const Expr* filter = slots(make_and(context_.arena(), conjuncts), scan.output);
  auto op = std::make_unique<RowFetchOperator>(std::move(keys), scan.table, path.index,
                                               scan.attribute, filter);
  std::vector<Expr*> rest;
  for (Expr* conjunct : conjuncts) {
    if (std::ranges::find(path.given, conjunct) == path.given.end()) rest.push_back(conjunct);
  }
  ExplainNote& noted = note(*op);
  noted.index = path.index;
  noted.inverted = ExplainNote::Inverted::kRows;
  noted.conditions = {{"Recheck Cond", path.given}, {"Filter", rest}};
  noted.startup_cost = found_cost;
  noted.total_cost = path.cost;
  Lowered out{std::move(op), scan.output};
  note_operator(scan, out);
  return out;
}

Lowered Lowering::scan_with_order(ScanOp& scan, const IndexDesc& index, bool reverse) {
  std::vector<Expr*> conjuncts, rest;
  split_conjuncts(scan.filter, conjuncts);
  auto path = choose_access_path(context_, scan, conjuncts, *estimator_, settings_);
  KeyRange range;
  if (path && path->index == &index) {
    range = path->range;
    for (KeyRange::Part& part : range.parts) {
      // A list would give one run per value, each ordered on its own.
      if (part.any_of != nullptr) {
        range = {};
        path.reset();
        break;
      }
    }
  } else {
    path.reset();
  }
  lower_range(range);
  for (Expr* conjunct : conjuncts) {
    bool used =
        path && std::find(path->used.begin(), path->used.end(), conjunct) != path->used.end();
    if (!used) rest.push_back(conjunct);
  }
  Expr* filter = make_and(context_.arena(), rest);
  auto op = std::make_unique<IndexScanOperator>(scan.table, &index, std::move(range), reverse,
                                                scan.attribute, slots(filter, scan.output));
  ExplainNote& noted = note(*op);
  noted.index = &index;
  noted.backward = reverse;
  noted.covered = path ? path->covers_scan && !index.clustered : false;
  noted.startup_cost = cost::kLookup;
  double all = cost::kScanRow + (index.clustered ? 0 : cost::kFetchRow);
  noted.total_cost = path ? path->cost : estimator_->table_rows(*scan.table) * all;
  if (path) noted.conditions.emplace_back("Index Cond", path->used);
  noted.conditions.emplace_back("Filter", rest);
  return {std::move(op), scan.output};
}

// Rows for a columnar table with a sort key are sorted before they get their row ids.
LogicalOp* Lowering::sorted_for_storage(const ModifyOp& op) {
  LogicalOp* input = op.inputs[0];
  const TableDesc& table = *op.table;
  const bool few = input->kind == OpKind::kValues || input->kind == OpKind::kOneRow;
  if (op.modify != ModifyKind::kInsert || op.instead || few || table.columnar == nullptr) {
    return input;
  }
  std::vector<SortKey> keys;
  for (const StoredOrder& order : table.stored_order) {
    const auto attribute = static_cast<size_t>(order.column);
    Expr* value = attribute < op.assignments.size() ? op.assignments[attribute] : nullptr;
    const bool generated = attribute < op.generated.size() && op.generated[attribute] != nullptr;
    // What is not known before the row is made ends the key.
    if (generated || (value != nullptr && (has_volatile(*value) || has_subquery(*value)))) break;
    if (value == nullptr || value->kind == ExprKind::kConstant) continue;
    SortKey key;
    key.expr = value;
    key.descending = order.descending;
    key.nulls_first = order.nulls_first;
    keys.push_back(key);
  }
  if (keys.empty()) return input;
  auto* sort = context_.make<SortOp>();
  sort->inputs = {input};
  sort->output = input->output;
  sort->rows = input->rows;
  sort->keys = std::move(keys);
  return sort;
}

// Tests that are made again are not shown again.
const Expr* Lowering::recheck_slots(const ModifyOp& op, const std::vector<ColumnId>& layout) {
  const size_t shown = notes_->subplans.size();
  const Expr* recheck = slots(op.recheck, layout);
  notes_->subplans.resize(shown);
  return recheck;
}

Lowered Lowering::lower_modify(ModifyOp& op) {
  Lowered input = lower(*sorted_for_storage(op));
  const TableDesc& table = *op.table;
  size_t width = table.columns.size();
  ModifySpec spec;
  spec.table = op.table;
  spec.counts_rows = &op == root_modify_;
  ++modify_count_;
  spec.action = action_of(op.modify);
  auto slot_in = [](const std::vector<ColumnId>& layout, ColumnId column) -> int32_t {
    if (column == kNoColumn) return -1;
    auto found = std::find(layout.begin(), layout.end(), column);
    return found == layout.end() ? -1 : static_cast<int32_t>(found - layout.begin());
  };
  if (op.row_key != kNoColumn) {
    int32_t slot = slot_in(input.layout, op.row_key);
    LUMA_CHECK(slot >= 0);
    spec.row_key_slot = static_cast<uint32_t>(slot);
  }
  for (ColumnId column : op.old_columns) spec.old_slots.push_back(slot_in(input.layout, column));
  spec.old_slots.resize(width, -1);
  spec.recheck = recheck_slots(op, input.layout);
  for (Expr* expr : op.assignments) spec.assignments.push_back(slots(expr, input.layout));
  spec.assignments.resize(width, nullptr);
  for (Expr* expr : op.generated) spec.generated.push_back(slots(expr, op.new_columns));
  spec.generated.resize(width, nullptr);
  for (const CheckExpr& check : op.checks) {
    spec.checks.push_back({.name = check.name,
                           .expr = slots(check.expr, op.new_columns),
                           .view_option = check.view_option,
                           .policy = check.policy,
                           .partition = check.partition});
  }
  if (op.on_conflict != nullptr) {
    const OnConflict& conflict = *op.on_conflict;
    auto lowered = std::make_unique<ConflictSpec>();
    lowered->update = conflict.update;
    lowered->indexes = conflict.indexes;
    std::vector<ColumnId> layout = conflict.old_columns;
    layout.insert(layout.end(), conflict.excluded_columns.begin(), conflict.excluded_columns.end());
    for (Expr* expr : conflict.assignments) lowered->assignments.push_back(slots(expr, layout));
    lowered->where = slots(conflict.where, layout);
    for (const CheckExpr& check : conflict.old_checks) {
      lowered->old_checks.push_back(
          {check.name, slots(check.expr, conflict.old_columns), false, check.policy, true});
    }
    for (const CheckExpr& check : conflict.new_checks) {
      lowered->new_checks.push_back(
          {check.name, slots(check.expr, op.new_columns), check.view_option, check.policy});
    }
    spec.conflict = std::move(lowered);
  }
  // RETURNING sees the child's columns, then the row as stored (as removed for DELETE, whose
  // columns the scan's identities name: those refer to the current version, so they map to the row
  // part).
  std::vector<ColumnId> layout = input.layout;
  if (op.modify == ModifyKind::kDelete) {
    for (ColumnId& column : layout) {
      if (std::find(op.old_columns.begin(), op.old_columns.end(), column) != op.old_columns.end())
        column = kNoColumn;
    }
    layout.insert(layout.end(), op.old_columns.begin(), op.old_columns.end());
  } else {
    layout.insert(layout.end(), op.new_columns.begin(), op.new_columns.end());
  }
  std::vector<ColumnId> output;
  for (const ProjectItem& item : op.returning) {
    spec.returning.push_back(slots(item.expr, layout));
    output.push_back(item.column);
  }
  if (op.modify == ModifyKind::kMerge) {
    std::vector<MergeActionSpec> actions;
    for (const MergeAction& action : op.merge_actions) {
      MergeActionSpec lowered;
      lowered.matched = action.matched;
      lowered.does_nothing = action.does_nothing;
      lowered.action = action_of(action.modify);
      lowered.condition = slots(action.condition, input.layout);
      for (Expr* expr : action.assignments) {
        lowered.assignments.push_back(slots(expr, input.layout));
      }
      actions.push_back(std::move(lowered));
    }
    auto merge =
        std::make_unique<MergeOperator>(std::move(input.op), std::move(spec), std::move(actions));
    return {std::move(merge), {}};
  }
  OperatorPtr modify;
  if (op.instead) {
    modify = std::make_unique<InsteadOfOperator>(std::move(input.op), std::move(spec));
  } else {
    modify = std::make_unique<ModifyOperator>(std::move(input.op), std::move(spec));
  }
  return {std::move(modify), std::move(output)};
}

Lowered Lowering::lower_lock_rows(LockRowsOp& op) {
  Lowered input = lower(*op.inputs[0]);
  auto slot_in = [&](ColumnId column) -> int32_t {
    auto found = std::find(input.layout.begin(), input.layout.end(), column);
    return column == kNoColumn || found == input.layout.end()
               ? -1
               : static_cast<int32_t>(found - input.layout.begin());
  };
  std::vector<LockTarget> targets;
  for (const LockRowsOp::Target& target : op.targets) {
    LockTarget lowered;
    lowered.table = target.table;
    int32_t key = slot_in(target.row_key);
    LUMA_CHECK(key >= 0);
    lowered.row_key_slot = static_cast<uint32_t>(key);
    for (ColumnId column : target.columns) lowered.slots.push_back(slot_in(column));
    lowered.table_oid_slot = slot_in(target.table_oid);
    lowered.strength = target.strength == RowLockStrength::kForKeyShare ? LockStrength::kForKeyShare
                       : target.strength == RowLockStrength::kForShare  ? LockStrength::kForShare
                       : target.strength == RowLockStrength::kForNoKeyUpdate
                           ? LockStrength::kForNoKeyUpdate
                           : LockStrength::kForUpdate;
    lowered.wait = target.wait == RowLockWait::kSkipLocked ? LockWaitPolicy::kSkipLocked
                   : target.wait == RowLockWait::kNoWait   ? LockWaitPolicy::kNoWait
                                                           : LockWaitPolicy::kBlock;
    targets.push_back(std::move(lowered));
  }
  const size_t shown = notes_->subplans.size();
  std::vector<LockStep> steps;
  for (const LockRowsOp::Step& step : op.steps) {
    LockStep lowered;
    lowered.slot = slot_in(step.column);
    for (ColumnId column : step.absent) {
      if (slot_in(column) >= 0) lowered.absent.push_back(static_cast<uint32_t>(slot_in(column)));
    }
    lowered.filters = step.column == kNoColumn && step.absent.empty();
    if (!lowered.filters && lowered.slot < 0 && lowered.absent.empty()) continue;  // not read
    lowered.expr = slots(step.expr, input.layout);
    steps.push_back(std::move(lowered));
  }
  notes_->subplans.resize(shown);  // tests that are made again are not shown again
  auto lock =
      std::make_unique<LockRowsOperator>(std::move(input.op), std::move(targets), std::move(steps));
  return {std::move(lock), std::move(input.layout)};
}

}  // namespace luma
