// GROUP BY time_bucket_gapfill(width, time [, start, finish]): groups by time_bucket(width, time),
// and adds a row for every bucket from start to finish that a combination of the other groups has
// none of. The aggregation becomes a CTE that is read three times:
//
//   UNION ALL of  its rows
//            and  (its other groups, distinct) x time_buckets(...)  ANTI JOIN  its rows
//
// with NULL for the aggregates of the added rows, and a column that tells them from the others,
// which locf() and interpolate() want to know.
#include <algorithm>

#include "sql/bind/bind_select.h"
#include "sql/function/registry.h"
#include "sql/function/time_bucket.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

bool is_gapfill_call(const Expr& expr) {
  return expr.kind == ExprKind::kFunction && expr.function != nullptr &&
         is_gapfill_bucket(expr.function->oid);
}

bool is_null_constant(const Expr& expr) {
  return expr.kind == ExprKind::kConstant && expr.constant.is_null;
}

bool has_columns(const Expr& expr) {
  std::vector<ColumnId> used;
  collect_columns(expr, used);
  return !used.empty();
}

// The name of the comparison operator behind a call; "" for other calls.
std::string_view comparison_of(const Expr& expr) {
  if (expr.kind != ExprKind::kFunction || expr.function == nullptr || expr.args.size() != 2)
    return {};
  for (const OperatorEntry& entry : FunctionRegistry::instance().all_operators()) {
    if (entry.function != expr.function->oid) continue;
    if (entry.name == "<" || entry.name == "<=" || entry.name == ">" || entry.name == ">=")
      return entry.name;
  }
  return {};
}

}  // namespace

// What the conjuncts of WHERE say about the bounds of `time`.
void SelectBinder::infer_bounds(Expr* condition, const Expr& time, GapBounds& bounds) {
  if (condition == nullptr) return;
  if (condition->kind == ExprKind::kAnd) {
    for (Expr* arg : condition->args) infer_bounds(arg, time, bounds);
    return;
  }
  std::string_view name = comparison_of(*condition);
  if (name.empty()) return;
  for (bool swapped : {false, true}) {
    Expr* bound = condition->args[swapped ? 0 : 1];
    if (!expr_equal(*condition->args[swapped ? 1 : 0], time) || has_columns(*bound)) continue;
    bool upper = (name[0] == '<') != swapped;
    Expr* coerced = binder_.coerce(bound, {time.type.oid, -1}, Coercion::kAssignment, -1);
    if (coerced == nullptr) continue;
    if (upper && bounds.finish == nullptr) {
      bounds.finish = coerced;
      bounds.with_finish = name.ends_with('=');
    } else if (!upper && bounds.start == nullptr) {
      bounds.start = coerced;
    }
  }
}

SelectBinder::GapBounds SelectBinder::gap_bounds(const Expr& call, Expr* where) {
  GapBounds bounds, inferred;
  auto given = [&](size_t index, std::string_view name) -> Expr* {
    if (call.args.size() <= index || is_null_constant(*call.args[index])) return nullptr;
    if (has_columns(*call.args[index])) {
      throw sql_error(SqlState::kFeatureNotSupported,
                      "invalid time_bucket_gapfill argument: {} must be a simple expression", name)
          .at_byte(call.args[index]->location);
    }
    return call.args[index];
  };
  infer_bounds(where, *call.args[1], inferred);
  bounds.start = given(2, "start");
  if (bounds.start == nullptr) bounds.start = inferred.start;
  bounds.finish = given(3, "finish");
  if (bounds.finish == nullptr) {
    bounds.finish = inferred.finish;
    bounds.with_finish = inferred.with_finish;
  }
  for (auto [bound, name] :
       {std::pair(bounds.start, "start"), std::pair(bounds.finish, "finish")}) {
    if (bound != nullptr) continue;
    throw sql_error(SqlState::kInvalidParameterValue,
                    "missing time_bucket_gapfill argument: could not infer {} from WHERE clause",
                    name)
        .hint("Specify start and finish as arguments or in the WHERE clause.")
        .at_byte(call.location);
  }
  return bounds;
}

// A bound call of a built-in function.
Expr* SelectBinder::call_builtin(std::string_view name, std::vector<Expr*> args, int location) {
  const std::string_view qualified[] = {"pg_catalog", name};
  return binder_.make_function_call(ast::NameList(qualified, std::size(qualified)), std::move(args),
                                    {}, false, false, location, nullptr);
}

LogicalOp* SelectBinder::bucket_series(const Expr& call, const GapBounds& bounds,
                                       ColumnId* bucket) {
  Expr* with_finish = make_constant(binder_.arena(), {type_oid::kBool, -1},
                                    Value(Datum::of_bool(bounds.with_finish)));
  Expr* series = call_builtin(
      "time_buckets", {call.args[0], bounds.start, bounds.finish, with_finish}, call.location);
  auto* op = binder_.context().make<TableFunctionOp>();
  op->alias = "time_buckets";
  op->calls.push_back(
      {binder_.make_set_returning(series, scope_, Clause::kFromFunction), 1, false});
  *bucket = binder_.context().new_column({"bucket", call.type});
  op->output = {*bucket};
  return op;
}

// One of the CTE's readers: a scan, whose columns stand for those of `cte->plan`.
LogicalOp* SelectBinder::read_again(CteDefinition* cte) {
  auto* scan = binder_.context().make<CteScanOp>();
  scan->cte = cte;
  scan->alias = cte->name;
  ++cte->references;
  for (ColumnId column : cte->plan->output) {
    PlanColumn info = binder_.context().column(column);
    scan->output.push_back(binder_.context().new_column(std::move(info)));
  }
  return scan;
}

// The rows of missing buckets: their bucket at `bucket_at`, then the other groups in order.
LogicalOp* SelectBinder::missing_buckets(CteDefinition* cte, size_t bucket_at, size_t group_count,
                                         LogicalOp* series, ColumnId bucket) {
  PlanContext& context = binder_.context();
  LogicalOp* keys = read_again(cte);
  std::vector<ColumnId> key_columns = keys->output;
  key_columns.resize(group_count);
  key_columns.erase(key_columns.begin() + static_cast<ptrdiff_t>(bucket_at));
  if (key_columns.empty()) {
    auto* one = context.make<LimitOp>();
    one->inputs = {keys};
    one->output = keys->output;
    one->limit = make_constant(binder_.arena(), {type_oid::kInt8, -1}, Value(Datum::of_int64(1)));
    keys = one;
  } else {
    auto* project = context.make<ProjectOp>();
    project->inputs = {keys};
    for (ColumnId column : key_columns)
      project->items.push_back({column, context.column_ref(column)});
    project->output = key_columns;
    auto* distinct = context.make<DistinctOp>();
    distinct->inputs = {project};
    distinct->output = key_columns;
    keys = distinct;
  }
  LogicalOp* wanted = binder_.join_inputs(keys, series, JoinKind::kInner, nullptr);
  LogicalOp* present = read_again(cte);
  std::vector<Expr*> conditions;
  for (size_t i = 0, key = 0; i < group_count; ++i) {
    bool is_bucket = i == bucket_at;
    ColumnId mine = is_bucket ? bucket : key_columns[key++];
    Expr* equal = binder_.make_operator("=", context.column_ref(mine),
                                        context.column_ref(present->output[i]), -1);
    if (!is_bucket) {
      // NULL is a group like others.
      Expr* same = binder_.arena().make<Expr>(*equal);
      same->kind = ExprKind::kIsNotDistinct;
      same->strict = false;
      equal = same;
    }
    conditions.push_back(equal);
  }
  auto* anti = context.make<JoinOp>();
  anti->join = JoinKind::kAnti;
  anti->condition = make_and(binder_.arena(), conditions);
  anti->inputs = {wanted, present};
  anti->output = wanted->output;
  auto* project = context.make<ProjectOp>();
  project->inputs = {anti};
  for (size_t i = 0, key = 0; i < group_count; ++i) {
    ColumnId source = i == bucket_at ? bucket : key_columns[key++];
    PlanColumn info = context.column(source);
    project->items.push_back({context.new_column(std::move(info)), context.column_ref(source)});
    project->output.push_back(project->items.back().column);
  }
  return project;
}

LogicalOp* SelectBinder::fill_gaps(LogicalOp* plan, Expr* where) {
  auto found = std::find_if(groups_.begin(), groups_.end(),
                            [](const ProjectItem& group) { return is_gapfill_call(*group.expr); });
  if (found == groups_.end()) return plan;
  if (!grouping_sets_.empty()) throw unsupported("time_bucket_gapfill with grouping sets");
  if (std::count_if(groups_.begin(), groups_.end(),
                    [](const ProjectItem& group) { return is_gapfill_call(*group.expr); }) > 1) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "multiple time_bucket_gapfill calls not allowed");
  }
  PlanContext& context = binder_.context();
  auto bucket_at = static_cast<size_t>(found - groups_.begin());
  const Expr& call = *found->expr;
  GapBounds bounds = gap_bounds(call, where);

  // The aggregation gets columns of its own; the names that the targets know are the union's.
  LogicalOp* bottom = plan;
  while (bottom->kind != OpKind::kAggregate) bottom = bottom->inputs[0];
  auto* aggregate = static_cast<AggregateOp*>(bottom);
  std::vector<ColumnId> names = aggregate->output, own;
  auto rename = [&](ColumnId& column) {
    PlanColumn info = context.column(column);
    column = context.new_column(std::move(info));
    own.push_back(column);
  };
  for (ProjectItem& group : aggregate->groups) rename(group.column);
  for (ProjectItem& item : aggregate->aggregates) rename(item.column);
  for (auto& mark : aggregate->grouping_marks) rename(mark.column);
  aggregate->groups[bucket_at].expr =
      call_builtin("time_bucket", {call.args[0], call.args[1]}, call.location);
  for (LogicalOp* op = plan; op != bottom; op = op->inputs[0]) {
    auto* filter = static_cast<FilterOp*>(op);
    filter->condition =
        substitute_columns(context, filter->condition, [&](ColumnId column) -> Expr* {
          auto at = std::find(names.begin(), names.end(), column);
          return at == names.end() ? nullptr : context.column_ref(own[at - names.begin()]);
        });
    filter->output = own;
  }
  aggregate->output = own;

  CteDefinition* cte = context.make_cte();
  cte->name = "time_bucket_gapfill";
  cte->plan = plan;
  cte->mode = CteDefinition::Mode::kMaterialized;
  ColumnId bucket;
  LogicalOp* series = bucket_series(call, bounds, &bucket);
  LogicalOp* missing = missing_buckets(cte, bucket_at, aggregate->groups.size(), series, bucket);

  // Both sides with all columns and the mark of gaps.
  auto with_mark = [&](LogicalOp* input, bool is_gap) {
    auto* project = context.make<ProjectOp>();
    project->inputs = {input};
    for (size_t i = 0; i < names.size(); ++i) {
      PlanColumn info = context.column(names[i]);
      Expr* value = i < input->output.size()
                        ? context.column_ref(input->output[i])
                        : make_constant(binder_.arena(), info.type, Value::null());
      project->items.push_back({context.new_column(std::move(info)), value});
    }
    project->items.push_back(
        {context.new_column({"gap", {type_oid::kBool, -1}}),
         make_constant(binder_.arena(), {type_oid::kBool, -1}, Value(Datum::of_bool(is_gap)))});
    for (const ProjectItem& item : project->items) project->output.push_back(item.column);
    return project;
  };
  auto* all = context.make<SetOpOp>();
  all->all = true;
  all->inputs = {with_mark(read_again(cte), false), with_mark(missing, true)};
  for (size_t side : {0, 1}) all->columns[side] = all->inputs[side]->output;
  all->output = names;
  gap_mark_ = context.new_column({"gap", {type_oid::kBool, -1}});
  all->output.push_back(gap_mark_);
  auto* with = context.make<WithOp>();
  with->inputs = {all};
  with->output = all->output;
  with->ctes = {cte};
  define_gap_windows(bucket_at);
  return with;
}

// locf() and interpolate(): within the other groups, in the order of the buckets.
void SelectBinder::define_gap_windows(size_t bucket_at) {
  PlanContext& context = binder_.context();
  for (ProjectItem& item : state_.windows) {
    if (item.expr->function == nullptr || !fills_gaps(item.expr->function->oid)) continue;
    auto* info = binder_.arena().make<WindowInfo>();
    std::vector<Expr*> partition;
    for (size_t i = 0; i < groups_.size(); ++i) {
      if (i != bucket_at) partition.push_back(context.column_ref(groups_[i].column));
    }
    SortKey order;
    order.expr = context.column_ref(groups_[bucket_at].column);
    info->partition_by = copy_span(binder_.arena(), partition);
    info->order_by = copy_span(binder_.arena(), std::vector<SortKey>{order});
    info->frame.mode = FrameMode::kRows;
    std::vector<Expr*> args(item.expr->args.begin(), item.expr->args.end());
    args.push_back(context.column_ref(gap_mark_));
    if (is_interpolation(item.expr->function->oid))
      args.push_back(context.column_ref(groups_[bucket_at].column));
    Expr* window = binder_.arena().make<Expr>(*item.expr);
    window->args = copy_span(binder_.arena(), args);
    window->window = info;
    item.expr = window;
  }
}

// Without gaps to fill there is nothing that locf() and interpolate() could mean.
void SelectBinder::check_gap_windows() {
  if (gap_mark_ != kNoColumn) return;
  for (const ProjectItem& item : state_.windows) {
    if (item.expr->function == nullptr || !fills_gaps(item.expr->function->oid)) continue;
    throw sql_error(SqlState::kFeatureNotSupported,
                    "{} can only be used in an aggregation query with time_bucket_gapfill",
                    item.expr->function->name)
        .at_byte(item.expr->location);
  }
}

}  // namespace luma
