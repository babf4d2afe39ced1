// What decorrelate leaves an Apply, because its correlation cannot be moved into a join condition
// (below outer joins, windows, LIMIT, set operations, aggregates with other conditions than
// equalities, or two levels up), becomes a join here:
//   Apply(L, R)  ->  L join R' on L.c IS NOT DISTINCT FROM d
// where c are the columns of L that R refers to, the domain D(d) has each combination of their
// values once, and R' is R for all of the domain's rows at once: D is joined in where R refers to
// c, and each operator above treats the rows of one d as it treated the whole. Where D cannot be
// pushed into an operator, an Apply of D and that operator remains, which runs once per value.
// After T. Neumann, A. Kemper, "Unnesting Arbitrary Queries", BTW 2015.
//
// L is read twice: a plain scan of a table by a second scan, anything else from a CTE. Done only
// where running R for each row of L, with the indexes that help, is estimated to be dearer, and
// only for columns whose equal values cannot be told apart by R.
#include <algorithm>
#include <optional>
#include <unordered_set>

#include "engine/exec/key_type.h"
#include "sql/function/registry.h"
#include "sql/optimize/access_path.h"
#include "sql/optimize/calls.h"
#include "sql/optimize/cost_model.h"
#include "sql/optimize/estimate.h"
#include "sql/optimize/generated_scan.h"
#include "sql/optimize/nested_plans.h"
#include "sql/optimize/passes.h"
#include "sql/optimize/predicates.h"
#include "sql/optimize/row_order.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

// An estimate must be wrong by that much before the rewrite is a loss.
constexpr double kMargin = 3;
// Which part of R a test for existence reads before it knows.
constexpr double kExistencePart = 0.3;
// Not worth a thought below that (cost_model.h's unit).
constexpr double kSmallCost = 20;

// The domain's columns by the columns of L that they stand for.
using Renaming = std::unordered_map<ColumnId, ColumnId>;

// A plan for all rows of the domain; its output has the domain's columns, too.
struct Spread {
  LogicalOp* op = nullptr;
  Renaming names;
};

class DomainDecorrelator {
 public:
  explicit DomainDecorrelator(OptimizerContext& context) : context_(context), plan_(context.plan) {}

  void run(LogicalOp*& op) {
    if (op->kind == OpKind::kApply && !settled_.contains(op)) {
      auto* apply = static_cast<ApplyOp*>(op);
      if (!keeps_order_of_locks(*apply->inputs[0]) && find_domain(*apply) && pays(*apply)) {
        op = convert(apply);
      }
    }
    for_each_nested_plan(*op, [&](LogicalOp*& plan) { run(plan); });
  }

 private:
  // --- whether ---

  // The columns of L that R refers to, when their values can be grouped.
  bool find_domain(const ApplyOp& apply) {
    left_ = output_of(*apply.inputs[0]);
    domain_.clear();
    for (ColumnId column : free_columns(*apply.inputs[1])) {
      if (left_.contains(column)) domain_.push_back(column);
    }
    if (domain_.empty() || (apply.condition != nullptr && has_subquery(*apply.condition)) ||
        (apply.membership != nullptr && has_subquery(*apply.membership)) ||
        !is_repeatable(*apply.inputs[1])) {
      return false;
    }
    // L's columns alone decide what the domain is; the others stay what they are.
    left_ = ColumnSet(domain_.begin(), domain_.end());
    return std::ranges::all_of(domain_, [&](ColumnId column) {
      return can_be_grouped(column) &&
             (has_one_form(column) || is_only_compared(*apply.inputs[1], column));
    });
  }

  // Runs of it for equal values are alike, and have no effects.
  static bool is_repeatable(LogicalOp& plan) {
    bool good = true;
    for_each_op(plan, [&](LogicalOp& op) {
      good &= op.kind != OpKind::kModify && op.kind != OpKind::kLockRows;
      for_each_expr(static_cast<const LogicalOp&>(op),
                    [&](const Expr& expr) { good &= !has_volatile(expr); });
    });
    return good;
  }

  bool can_be_grouped(ColumnId column) const {
    const PlanColumn& info = plan_.column(column);
    constexpr Oid kDefaultCollation = 100, kC = 950, kPosix = 951;
    return FunctionRegistry::instance().equality(info.type.oid) != nullptr &&
           (info.collation == kInvalidOid || info.collation == kDefaultCollation ||
            info.collation == kC || info.collation == kPosix);
  }

  bool has_one_form(ColumnId column) const {
    const KeyClass key_class = KeyType::of(*plan_.column_ref(column)).key_class;
    return key_class == KeyClass::kBits || key_class == KeyClass::kBytes;
  }

  // Of types whose equal values can look different (1.0 and 1.00).
  static bool is_only_compared(LogicalOp& plan, ColumnId column) {
    bool good = true;
    std::function<void(const Expr&)> visit = [&](const Expr& expr) {
      const OperatorEntry* op =
          expr.operator_oid == kInvalidOid
              ? nullptr
              : FunctionRegistry::instance().operator_by_oid(expr.operator_oid);
      const bool compares =
          op != nullptr && !FunctionRegistry::instance().btree_memberships(op->oid).empty();
      if (expr.kind == ExprKind::kColumn && expr.column == column) good = false;
      for_each_child(expr, [&](Expr* child) {
        const bool operand = compares && child->kind == ExprKind::kColumn;
        if (!operand) visit(*child);
      });
    };
    for_each_op(plan,
                [&](LogicalOp& op) { for_each_expr(static_cast<const LogicalOp&>(op), visit); });
    return good;
  }

  // What the tables below cost when R runs once for a row of L, and when it runs for all.
  bool pays(ApplyOp& apply) {
    if (!context_.settings.nested_loop) return true;
    estimate_plan(*apply.inputs[0], context_.estimator);
    const double rows = apply.inputs[0]->rows;
    std::vector<Expr*> keys;
    for (ColumnId column : domain_) keys.push_back(plan_.column_ref(column));
    const double values = std::min(rows, context_.estimator.groups(keys, rows));
    std::vector<Expr*> conditions;
    bool limited = false;
    for_each_op(*apply.inputs[1], [&](LogicalOp& op) {
      limited |= op.kind == OpKind::kLimit;
      if (Expr* condition = condition_of(op)) split_conjuncts(condition, conditions);
    });
    double each = 0, once = rows * (cost::kScanRow + cost::kBuildRow) + values * cost::kGroup;
    for_each_op(*apply.inputs[1], [&](LogicalOp& op) {
      if (op.kind == OpKind::kVirtualScan) {
        const auto& scan = static_cast<const VirtualScanOp&>(op);
        const double whole = generated_scan_cost(plan_, scan, context_.estimator);
        // It is generated once, and found by hash from then on.
        each += std::min(
            whole / std::max(1.0, rows) + cost::kVirtualLookup,
            generated_lookup_cost(plan_, scan, conditions, context_.estimator).value_or(whole));
        once += whole;
        return;
      }
      if (op.kind != OpKind::kScan) return;
      auto& scan = static_cast<ScanOp&>(op);
      const double table_rows = context_.estimator.table_rows(*scan.table);
      const double whole =
          full_scan_cost(scan, table_rows, scan.filter == nullptr ? 0 : 1, context_.settings);
      const auto lookup =
          lookup_path_cost(plan_, scan, conditions, rows, context_.estimator, context_.settings);
      // Under a LIMIT an index may find the first rows without the rest.
      each += !lookup ? whole : std::min(whole, limited ? cost::kLookup : *lookup);
      once += whole + table_rows * (cost::kProbeRow + cost::kAggregateRow);
      if (!joins_by_equality(scan)) once += values * table_rows * cost::kPair;
    });
    reset_estimates(*apply.inputs[0]);
    if (apply.join == JoinKind::kSemi || apply.join == JoinKind::kAnti ||
        apply.join == JoinKind::kMark) {
      each *= kExistencePart;
    }
    return rows * each > kSmallCost && rows * each > kMargin * once;
  }

  static Expr* condition_of(LogicalOp& op) {
    switch (op.kind) {
      case OpKind::kScan:
        return static_cast<ScanOp&>(op).filter;
      case OpKind::kFilter:
        return static_cast<FilterOp&>(op).condition;
      case OpKind::kJoin:
        return static_cast<JoinOp&>(op).condition;
      default:
        return nullptr;
    }
  }

  // Every condition that ties the scan to the domain, if any, comes with an equality.
  bool joins_by_equality(const ScanOp& scan) const {
    std::vector<Expr*> conjuncts;
    split_conjuncts(scan.filter, conjuncts);
    bool tied = false;
    for (Expr* conjunct : conjuncts) {
      if (!is_correlated(*conjunct)) continue;
      tied = true;
      Equality equality;
      if (as_equality(conjunct, left_, output_of(scan), equality)) return true;
    }
    return !tied;
  }

  // Join orders are still to be found: rows of joins are kept once they are set.
  static void reset_estimates(LogicalOp& plan) {
    for_each_op(plan, [](LogicalOp& op) { op.rows = -1; });
  }

  // --- how ---

  LogicalOp* convert(ApplyOp* apply) {
    LogicalOp* left = share(apply->inputs[0]);
    Spread right = spread(apply->inputs[1]);
    auto* join = plan_.make<JoinOp>();
    join->join = apply->join;
    join->mark = apply->mark;
    join->inputs = {left, right.op};
    std::vector<Expr*> same = equalities({}, right.names);
    const bool three_valued =
        apply->join == JoinKind::kMark || apply->join == JoinKind::kNullAwareAnti;
    join->condition = three_valued ? apply->condition : and_of(apply->condition, same);
    join->membership = three_valued ? and_of(apply->membership, same) : nullptr;
    set_output(*join);
    if (with_ == nullptr) return join;
    WithOp* with = std::exchange(with_, nullptr);
    with->inputs = {join};
    with->output = join->output;
    return with;
  }

  // Makes L readable again by read_left(); what takes L's place.
  LogicalOp* share(LogicalOp* left) {
    cte_ = nullptr;
    scan_ = nullptr;
    if (left->kind == OpKind::kScan) {
      scan_ = static_cast<ScanOp*>(left);
      if (scan_->filter == nullptr ||
          (!has_volatile(*scan_->filter) && !has_subquery(*scan_->filter))) {
        return left;
      }
      scan_ = nullptr;
    }
    auto* project = plan_.make<ProjectOp>();
    project->inputs = {left};
    for (ColumnId column : left->output) {
      project->output.push_back(plan_.new_column(PlanColumn(plan_.column(column))));
      project->items.push_back({project->output.back(), plan_.column_ref(column)});
    }
    cte_ = plan_.make_cte();
    cte_->name = "domain";
    cte_->plan = project;
    cte_->mode = CteDefinition::Mode::kMaterialized;
    cte_columns_ = left->output;
    with_ = plan_.make<WithOp>();
    with_->ctes = {cte_};
    return read_cte(left->output);
  }

  LogicalOp* read_cte(const std::vector<ColumnId>& columns) {
    auto* scan = plan_.make<CteScanOp>();
    scan->cte = cte_;
    scan->alias = cte_->name;
    scan->output = columns;
    ++cte_->references;
    return scan;
  }

  // L once more, under other names.
  Spread read_left() {
    Renaming names;
    std::vector<ColumnId> columns;
    const std::vector<ColumnId>& wanted = scan_ != nullptr ? scan_->output : cte_columns_;
    for (ColumnId column : wanted) {
      columns.push_back(plan_.new_column(PlanColumn(plan_.column(column))));
      names[column] = columns.back();
    }
    if (scan_ == nullptr) return {read_cte(columns), std::move(names)};
    auto* scan = plan_.make<ScanOp>();
    scan->table = scan_->table;
    scan->alias = scan_->alias;
    scan->attribute = scan_->attribute;
    scan->place = scan_->place;
    scan->excluded = scan_->excluded;
    scan->output = columns;
    if (scan_->filter != nullptr) scan->filter = renamed(scan_->filter, names);
    return {scan, std::move(names)};
  }

  // D: every call makes another reader of it.
  Spread domain() {
    Spread left = read_left();
    auto* project = plan_.make<ProjectOp>();
    project->inputs = {left.op};
    Renaming names;
    for (ColumnId column : domain_) {
      ColumnId own = plan_.new_column(
          {plan_.column(column).name, plan_.column(column).type, plan_.column(column).collation});
      project->items.push_back({own, plan_.column_ref(left.names.at(column))});
      project->output.push_back(own);
      names[column] = own;
    }
    auto* distinct = plan_.make<DistinctOp>();
    distinct->inputs = {project};
    distinct->output = project->output;
    return {distinct, std::move(names)};
  }

  Expr* renamed(Expr* expr, const Renaming& names) {
    return substitute_columns(plan_, expr, [&](ColumnId column) -> Expr* {
      auto found = names.find(column);
      return found == names.end() ? nullptr : plan_.column_ref(found->second);
    });
  }

  // For each column of the domain: as `a` names it IS NOT DISTINCT FROM as `b` does.
  std::vector<Expr*> equalities(const Renaming& a, const Renaming& b) {
    std::vector<Expr*> out;
    for (ColumnId column : domain_) {
      auto at = a.find(column);
      out.push_back(make_same(plan_, plan_.column_ref(at == a.end() ? column : at->second),
                              plan_.column_ref(b.at(column))));
    }
    return out;
  }

  Expr* and_of(Expr* condition, const std::vector<Expr*>& more) {
    std::vector<Expr*> parts;
    split_conjuncts(condition, parts);
    parts.insert(parts.end(), more.begin(), more.end());
    return make_and(plan_.arena(), parts);
  }

  bool is_correlated(const Expr& expr) const { return intersects(columns_of(expr), left_); }
  bool is_correlated(const LogicalOp& op) const {
    return std::ranges::any_of(free_columns(op), [&](ColumnId c) { return left_.contains(c); });
  }

  // What the join hands up.
  template <typename Join>
  static void set_output(Join& join) {
    join.output = join.inputs[0]->output;
    if (join.join == JoinKind::kInner || join.join == JoinKind::kLeft ||
        join.join == JoinKind::kRight || join.join == JoinKind::kFull ||
        join.join == JoinKind::kSingle) {
      join.output.insert(join.output.end(), join.inputs[1]->output.begin(),
                         join.inputs[1]->output.end());
    }
    if (join.mark != kNoColumn) join.output.push_back(join.mark);
  }

  // D x op, of which the conditions (over both) hold.
  Spread joined(LogicalOp* op, const std::vector<Expr*>& conditions) {
    Spread out = domain();
    auto* join = plan_.make<JoinOp>();
    join->inputs = {out.op, op};
    join->condition = renamed_and(conditions, out.names);
    set_output(*join);
    out.op = join;
    return out;
  }

  Expr* renamed_and(const std::vector<Expr*>& conditions, const Renaming& names) {
    std::vector<Expr*> parts;
    for (Expr* condition : conditions) parts.push_back(renamed(condition, names));
    return make_and(plan_.arena(), parts);
  }

  // The operator runs for each value after all.
  Spread dependent(LogicalOp* op) {
    Spread out = domain();
    substitute_columns(plan_, *op, [&](ColumnId column) -> Expr* {
      auto found = out.names.find(column);
      return found == out.names.end() ? nullptr : plan_.column_ref(found->second);
    });
    auto* apply = plan_.make<ApplyOp>();
    apply->inputs = {out.op, op};
    apply->output = out.op->output;
    apply->output.insert(apply->output.end(), op->output.begin(), op->output.end());
    settled_.insert(apply);
    out.op = apply;
    return out;
  }

  Spread spread(LogicalOp* op) {
    if (!is_correlated(*op)) return joined(op, {});
    switch (op->kind) {
      case OpKind::kScan:
        return spread_scan(op, static_cast<ScanOp*>(op)->filter);
      case OpKind::kVirtualScan:
        return spread_scan(op, static_cast<VirtualScanOp*>(op)->filter);
      case OpKind::kFilter:
        return spread_filter(static_cast<FilterOp*>(op));
      case OpKind::kProject:
        return spread_items(op, static_cast<ProjectOp*>(op)->items);
      case OpKind::kProjectSet:
        return spread_items(op, static_cast<ProjectSetOp*>(op)->items);
      case OpKind::kAggregate:
        return spread_aggregate(static_cast<AggregateOp*>(op));
      case OpKind::kWindow:
        return spread_window(static_cast<WindowOp*>(op));
      case OpKind::kJoin:
        return spread_join(static_cast<JoinOp*>(op));
      case OpKind::kApply:
        return spread_apply(static_cast<ApplyOp*>(op));
      case OpKind::kSort:
        // Without a LIMIT above, the order inside a subquery decides nothing.
        return spread(op->inputs[0]);
      case OpKind::kLimit:
        return spread_limit(static_cast<LimitOp*>(op));
      case OpKind::kDistinct:
        return spread_distinct(static_cast<DistinctOp*>(op));
      case OpKind::kSetOp:
        return spread_set_operation(static_cast<SetOpOp*>(op));
      default:
        return dependent(op);
    }
  }

  Spread spread_scan(LogicalOp* scan, Expr*& filter) {
    std::vector<Expr*> conjuncts, moved, kept;
    split_conjuncts(filter, conjuncts);
    for (Expr* conjunct : conjuncts) (is_correlated(*conjunct) ? moved : kept).push_back(conjunct);
    filter = make_and(plan_.arena(), kept);
    return joined(scan, moved);
  }

  Spread spread_filter(FilterOp* filter) {
    std::vector<Expr*> conjuncts, moved, kept;
    split_conjuncts(filter->condition, conjuncts);
    for (Expr* conjunct : conjuncts) (is_correlated(*conjunct) ? moved : kept).push_back(conjunct);
    LogicalOp* input = filter->inputs[0];
    const bool plain =
        !filter->barrier && std::ranges::none_of(moved, [](Expr* e) { return has_subquery(*e); });
    if (!is_correlated(*input) && plain) {
      return joined(make_filter(plan_, input, make_and(plan_.arena(), kept)), moved);
    }
    Spread out = spread(input);
    filter->condition = renamed(filter->condition, out.names);
    filter->inputs = {out.op};
    filter->output = out.op->output;
    out.op = filter;
    return out;
  }

  Spread spread_items(LogicalOp* op, std::vector<ProjectItem>& items) {
    Spread out = spread(op->inputs[0]);
    for (ProjectItem& item : items) item.expr = renamed(item.expr, out.names);
    for (ColumnId column : domain_) {
      const ColumnId own = out.names.at(column);
      items.push_back({own, plan_.column_ref(own)});
    }
    op->inputs = {out.op};
    op->output.clear();
    for (const ProjectItem& item : items) op->output.push_back(item.column);
    out.op = op;
    return out;
  }

  // Without groups there is a row for no input, too.
  static bool makes_row_of_nothing(const AggregateOp& aggregate) {
    return aggregate.groups.empty() ||
           std::ranges::any_of(aggregate.grouping_sets,
                               [](const auto& set) { return set.empty(); });
  }

  Spread spread_aggregate(AggregateOp* aggregate) {
    const bool scalar = makes_row_of_nothing(*aggregate);
    if (scalar && (!aggregate->groups.empty() || !aggregate->grouping_marks.empty() ||
                   !std::ranges::all_of(aggregate->aggregates, [](const ProjectItem& item) {
                     return value_for_no_rows(*item.expr) != ValueForNoRows::kUnknown;
                   }))) {
      return dependent(aggregate);
    }
    Spread in = spread(aggregate->inputs[0]);
    Spread out;
    for (ProjectItem& item : aggregate->groups) item.expr = renamed(item.expr, in.names);
    for (ProjectItem& item : aggregate->aggregates) item.expr = renamed(item.expr, in.names);
    for (ColumnId column : domain_) {
      const ColumnId value = in.names.at(column);
      const ColumnId group = plan_.new_column(PlanColumn(plan_.column(value)));
      for (auto& set : aggregate->grouping_sets) {
        set.push_back(static_cast<uint32_t>(aggregate->groups.size()));
      }
      aggregate->groups.push_back({group, plan_.column_ref(value)});
      out.names[column] = group;
    }
    if (scalar) aggregate->grouping_sets.clear();
    aggregate->inputs = {in.op};
    aggregate->output.clear();
    for (const ProjectItem& item : aggregate->groups) aggregate->output.push_back(item.column);
    for (const ProjectItem& item : aggregate->aggregates) aggregate->output.push_back(item.column);
    for (const auto& mark : aggregate->grouping_marks) aggregate->output.push_back(mark.column);
    out.op = aggregate;
    return scalar ? with_empty_groups(aggregate, out.names) : out;
  }

  // The values of the domain that no row of the input had come back with what the aggregates give
  // for no rows.
  Spread with_empty_groups(AggregateOp* aggregate, const Renaming& groups) {
    Spread out = domain();
    // The aggregates keep their names above the join.
    auto* project = plan_.make<ProjectOp>();
    for (ProjectItem& item : aggregate->aggregates) {
      const ColumnId name = item.column;
      item.column = plan_.new_column(PlanColumn(plan_.column(name)));
      Expr* value = plan_.column_ref(item.column);
      if (value_for_no_rows(*item.expr) == ValueForNoRows::kZero) {
        Expr* zero = make_constant(plan_.arena(), value->type, Value(Datum::of_int64(0)));
        value = make_coalesce(plan_, value, zero);
      }
      project->items.push_back({name, value});
    }
    aggregate->output.clear();
    for (const ProjectItem& item : aggregate->groups) aggregate->output.push_back(item.column);
    for (const ProjectItem& item : aggregate->aggregates) aggregate->output.push_back(item.column);
    auto* join = plan_.make<JoinOp>();
    join->join = JoinKind::kLeft;
    join->inputs = {out.op, aggregate};
    join->condition = make_and(plan_.arena(), equalities(out.names, groups));
    set_output(*join);
    for (ColumnId column : domain_) {
      const ColumnId own = out.names.at(column);
      project->items.push_back({own, plan_.column_ref(own)});
    }
    project->inputs = {join};
    for (const ProjectItem& item : project->items) project->output.push_back(item.column);
    out.op = project;
    return out;
  }

  Spread spread_window(WindowOp* window) {
    Spread out = spread(window->inputs[0]);
    for_each_expr(*window, [&](Expr*& expr) { expr = renamed(expr, out.names); });
    for (ColumnId column : domain_) {
      window->partition_by.push_back(plan_.column_ref(out.names.at(column)));
    }
    window->inputs = {out.op};
    window->output = out.op->output;
    for (const ProjectItem& item : window->items) window->output.push_back(item.column);
    out.op = window;
    return out;
  }

  Spread spread_join(JoinOp* join) {
    if (join->join == JoinKind::kFull || join->join == JoinKind::kRight) return dependent(join);
    if (join->join == JoinKind::kInner && !is_correlated(*join->inputs[0])) {
      // Rather where the correlation is than on both sides.
      std::swap(join->inputs[0], join->inputs[1]);
    }
    if (join->join == JoinKind::kInner && !is_correlated(*join->inputs[0])) {
      std::vector<Expr*> conjuncts, moved, kept;
      split_conjuncts(join->condition, conjuncts);
      for (Expr* conjunct : conjuncts) {
        (is_correlated(*conjunct) ? moved : kept).push_back(conjunct);
      }
      join->condition = make_and(plan_.arena(), kept);
      set_output(*join);
      return joined(join, moved);
    }
    Spread out = spread(join->inputs[0]);
    std::vector<Expr*> same;
    LogicalOp* right = join->inputs[1];
    if (is_correlated(*right)) {
      Spread other = spread(right);
      right = other.op;
      same = equalities(out.names, other.names);
    }
    if (join->condition != nullptr) join->condition = renamed(join->condition, out.names);
    if (join->membership != nullptr) join->membership = renamed(join->membership, out.names);
    const bool three_valued =
        join->join == JoinKind::kMark || join->join == JoinKind::kNullAwareAnti;
    Expr*& condition = three_valued ? join->membership : join->condition;
    condition = and_of(condition, same);
    join->inputs = {out.op, right};
    set_output(*join);
    out.op = join;
    return out;
  }

  // The domain's columns come with the left side, so the right side may refer to them there.
  Spread spread_apply(ApplyOp* apply) {
    Spread out = spread(apply->inputs[0]);
    const auto replace = [&](ColumnId column) -> Expr* {
      auto found = out.names.find(column);
      return found == out.names.end() ? nullptr : plan_.column_ref(found->second);
    };
    substitute_columns(plan_, *apply->inputs[1], replace);
    if (apply->condition != nullptr) apply->condition = renamed(apply->condition, out.names);
    if (apply->membership != nullptr) apply->membership = renamed(apply->membership, out.names);
    apply->inputs[0] = out.op;
    set_output(*apply);
    out.op = apply;
    return out;
  }

  // LIMIT n OFFSET m: the rows of each value are numbered.
  Spread spread_limit(LimitOp* limit) {
    auto constant = [](const Expr* expr) -> std::optional<int64_t> {
      if (expr == nullptr || expr->kind != ExprKind::kConstant || expr->constant.is_null) {
        return std::nullopt;
      }
      return expr->constant.datum.i64;
    };
    const std::optional<int64_t> most = constant(limit->limit), skipped = constant(limit->offset);
    const bool known = (limit->limit == nullptr || most) && (limit->offset == nullptr || skipped);
    if (!known || limit->with_ties || most.value_or(0) < 0 || skipped.value_or(0) < 0) {
      return dependent(limit);
    }
    LogicalOp* input = limit->inputs[0];
    std::vector<SortKey> keys;
    if (input->kind == OpKind::kSort) {
      keys = static_cast<SortOp*>(input)->keys;
      input = input->inputs[0];
    } else {
      const LogicalOp* below = input;
      while (below->kind == OpKind::kProject || below->kind == OpKind::kFilter) {
        below = below->inputs[0];
      }
      if (below->kind == OpKind::kSort || below->kind == OpKind::kDistinct) {
        return dependent(limit);
      }
    }
    Spread out = spread(input);
    auto* window = plan_.make<WindowOp>();
    window->inputs = {out.op};
    for (SortKey& key : keys) key.expr = renamed(key.expr, out.names);
    window->order_by = keys;
    for (ColumnId column : domain_) {
      window->partition_by.push_back(plan_.column_ref(out.names.at(column)));
    }
    Expr* number = make_row_number(plan_, window->partition_by, keys);
    const ColumnId place = plan_.new_column({"row_number", number->type});
    window->items = {{place, number}};
    window->output = out.op->output;
    window->output.push_back(place);
    std::vector<Expr*> conditions;
    auto compare = [&](std::string_view op, int64_t value) {
      Expr* bound = make_constant(plan_.arena(), number->type, Value(Datum::of_int64(value)));
      conditions.push_back(make_operator_call(plan_, op, plan_.column_ref(place), bound));
    };
    const int64_t first = skipped.value_or(0);
    if (first > 0) compare(">", first);
    if (most && *most <= INT64_MAX - first) compare("<=", first + *most);
    out.op = make_filter(plan_, window, make_and(plan_.arena(), conditions));
    return out;
  }

  Spread spread_distinct(DistinctOp* distinct) {
    if (!distinct->on.empty()) return dependent(distinct);
    Spread out = spread(distinct->inputs[0]);
    // Whatever else the plan below hands up is not part of the rows.
    auto* project = plan_.make<ProjectOp>();
    project->inputs = {out.op};
    for (ColumnId column : distinct->output) {
      project->items.push_back({column, plan_.column_ref(column)});
    }
    for (ColumnId column : domain_) {
      const ColumnId own = out.names.at(column);
      project->items.push_back({own, plan_.column_ref(own)});
    }
    for (const ProjectItem& item : project->items) project->output.push_back(item.column);
    distinct->inputs = {project};
    distinct->output = project->output;
    out.op = distinct;
    return out;
  }

  Spread spread_set_operation(SetOpOp* op) {
    op->partitions = false;
    Spread out;
    for (size_t side = 0; side < 2; ++side) {
      Spread in = spread(op->inputs[side]);
      op->inputs[side] = in.op;
      for (ColumnId column : domain_) op->columns[side].push_back(in.names.at(column));
    }
    for (ColumnId column : domain_) {
      out.names[column] = plan_.new_column(
          {plan_.column(column).name, plan_.column(column).type, plan_.column(column).collation});
      op->output.push_back(out.names[column]);
    }
    out.op = op;
    return out;
  }

  OptimizerContext& context_;
  PlanContext& plan_;
  // Applies that are what is left of a conversion.
  std::unordered_set<const LogicalOp*> settled_;
  // Of the Apply at hand.
  std::vector<ColumnId> domain_;
  ColumnSet left_;
  ScanOp* scan_ = nullptr;
  CteDefinition* cte_ = nullptr;
  WithOp* with_ = nullptr;
  std::vector<ColumnId> cte_columns_;
};

}  // namespace

LogicalOp* decorrelate_by_domain(LogicalOp* root, OptimizerContext& context) {
  bool any = false;
  for_each_op(*root, [&](LogicalOp& op) { any |= op.kind == OpKind::kApply; });
  if (!any) return root;
  context.estimator.learn(*root);
  DomainDecorrelator(context).run(root);
  return root;
}

}  // namespace luma
