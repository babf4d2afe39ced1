// Function calls: plain, aggregate, window, set-returning; and GROUPING().
#include "sql/bind/bind_record.h"
#include "sql/bind/binder.h"
#include "sql/bind/clause_name.h"
#include "sql/function/registry.h"
#include "sql/function/time_bucket.h"

namespace luma {

namespace {

// Whether `expr` is `from` after an implicit conversion.
bool is_coerced_from(const Expr& expr, const Expr& from) {
  if (expr.args.empty() || !expr_equal(*expr.args[0], from)) return false;
  if (expr.kind == ExprKind::kRelabel) return true;
  if (expr.kind != ExprKind::kFunction) return false;
  const CastEntry* cast = FunctionRegistry::instance().cast(from.type.oid, expr.type.oid);
  return cast != nullptr && cast->context == 'i' && cast->implementation == expr.function;
}

// The names of a row's fields, be it one that an outer join may not find.
std::span<const std::string_view> row_field_names(const Expr& row) {
  bool may_be_missing = row.kind == ExprKind::kCase && row.args.size() == 3;
  return may_be_missing ? row.args[1]->field_names : row.field_names;
}

bool allows_aggregates(Clause clause) {
  return clause == Clause::kSelect || clause == Clause::kHaving || clause == Clause::kOrderBy ||
         clause == Clause::kDistinctOn || clause == Clause::kWindowPartition ||
         clause == Clause::kWindowOrder || clause == Clause::kWindowFrame ||
         clause == Clause::kFilter;
}

bool allows_windows(Clause clause) {
  return clause == Clause::kSelect || clause == Clause::kOrderBy || clause == Clause::kDistinctOn;
}

bool allows_sets(Clause clause) {
  return clause == Clause::kSelect || clause == Clause::kOrderBy || clause == Clause::kDistinctOn ||
         clause == Clause::kGroupBy || clause == Clause::kFromFunction ||
         clause == Clause::kInsertTarget;
}

std::string function_name(const ast::FuncCall& call) {
  std::string name;
  for (std::string_view part : call.funcname) name += (name.empty() ? "" : ".") + std::string(part);
  return name;
}

}  // namespace

Expr* Binder::bind_func_call(const ast::FuncCall& call, Scope* scope, Clause clause) {
  std::vector<Expr*> args;
  std::vector<std::string> names;
  bool could_aggregate = false;
  if (call.funcname.size() == 1 || call.funcname[0] == "pg_catalog") {
    for (const FunctionEntry* entry :
         FunctionRegistry::instance().functions(call.funcname.back())) {
      could_aggregate |= entry->is_aggregate();
    }
  }
  for (Oid schema : path().schemas) {
    for (const Function* user :
         environment_.catalog().functions_named(schema, call.funcname.back())) {
      could_aggregate |= user->routine == 'a';
    }
  }
  bool outer_in_aggregate = in_aggregate_;
  bool outer_in_window = in_window_;
  if (call.over != nullptr) {
    if (in_aggregate_) {
      throw SqlError(SqlState::kGroupingError,
                     "aggregate function calls cannot contain window function calls")
          .at_byte(call.location);
    }
    if (in_window_) {
      throw SqlError(SqlState::kWindowingError, "window function calls cannot be nested")
          .at_byte(call.location);
    }
    in_window_ = true;
  } else if (could_aggregate) {
    if (in_aggregate_) {
      throw SqlError(SqlState::kGroupingError, "aggregate function calls cannot be nested")
          .at_byte(call.location);
    }
    in_aggregate_ = true;
  }
  struct Restore {
    bool& a;
    bool& b;
    bool old_a, old_b;
    ~Restore() {
      a = old_a;
      b = old_b;
    }
  } restore{in_aggregate_, in_window_, outer_in_aggregate, outer_in_window};

  for (const ast::Node* node : call.args) {
    if (const auto* named = ast::try_as<ast::NamedArgExpr>(node)) {
      names.emplace_back(named->name);
      args.push_back(bind_expr(named->arg, scope, clause));
      continue;
    }
    if (!names.empty()) {
      throw SqlError(SqlState::kSyntaxError, "positional argument cannot follow named argument")
          .at_byte(node->location);
    }
    args.push_back(bind_expr(node, scope, clause));
  }
  std::vector<SortKey> order;
  if (!call.agg_order.empty()) order = bind_sort_list(call.agg_order, scope, clause);
  if (call.agg_within_group) {
    for (SortKey& key : order) args.push_back(key.expr);
  }
  Expr* bound = make_function_call(call.funcname, args, names, call.func_variadic, call.agg_star,
                                   call.location, &call);
  if (record_ != nullptr && view_depth_ == 0) record_->calls.insert_or_assign(&call, bound);
  if (bound->kind != ExprKind::kFunction) {
    if (call.over != nullptr || call.agg_distinct || !call.agg_order.empty() ||
        call.agg_filter != nullptr) {
      throw sql_error(SqlState::kWrongObjectType, "{} is not a function of that kind",
                      function_name(call))
          .at_byte(call.location);
    }
    return bound;
  }
  const FunctionEntry& function = *bound->function;
  if (function.is_aggregate()) attach_aggregate_steps(*bound);
  if (!function.is_aggregate()) {
    auto refuse = [&](bool used, std::string_view what) {
      if (!used) return;
      throw sql_error(SqlState::kWrongObjectType,
                      "{} specified, but {} is not an aggregate function", what,
                      function_name(call))
          .at_byte(call.location);
    };
    refuse(call.agg_star, fmt::format("{}(*)", function_name(call)));
    refuse(call.agg_within_group, "WITHIN GROUP");
    // A window function has messages of its own for the others.
    bool plain = function.kind != 'w';
    refuse(plain && call.agg_distinct, "DISTINCT");
    refuse(plain && !call.agg_order.empty(), "ORDER BY");
    refuse(plain && call.agg_filter != nullptr, "FILTER");
  }
  if (function.kind == 'p') {
    std::string types;
    for (const Expr* arg : args) {
      types += (types.empty() ? "" : ", ") + environment_.catalog().type_name(arg->type.oid);
    }
    throw sql_error(SqlState::kWrongObjectType, "{}({}) is a procedure", function_name(call), types)
        .hint("To call a procedure, use CALL.")
        .at_byte(call.location);
  }
  if (call.over != nullptr) {
    if (!function.is_aggregate() && !function.is_window()) {
      throw sql_error(SqlState::kWrongObjectType,
                      "OVER specified, but {} is not a window function nor an aggregate function",
                      function_name(call))
          .at_byte(call.location);
    }
    return make_window_call(call, bound, scope, clause);
  }
  if (fills_gaps(function.oid)) {
    // The window follows from the groups (bind_gap_fill.cc).
    ast::WindowDef window{};
    ast::FuncCall with_window = call;
    with_window.over = &window;
    return make_window_call(with_window, bound, scope, clause);
  }
  if (function.is_window()) {
    throw sql_error(SqlState::kWrongObjectType, "window function {} requires an OVER clause",
                    function_name(call))
        .at_byte(call.location);
  }
  if (function.is_aggregate()) {
    in_aggregate_ = outer_in_aggregate;
    return make_aggregate(call, bound, std::move(order), scope, clause);
  }
  if (function.returns_set) return make_set_returning(bound, scope, clause);
  return bound;
}

Expr* Binder::bind_call(const ast::FuncCall& call) {
  Scope* scope = new_scope(nullptr);
  std::vector<Expr*> args;
  std::vector<std::string> names;
  for (const ast::Node* node : call.args) {
    const auto* named = ast::try_as<ast::NamedArgExpr>(node);
    if (named != nullptr) names.emplace_back(named->name);
    args.push_back(bind_expr(named != nullptr ? named->arg : node, scope, Clause::kCallArgument));
  }
  std::string types;
  for (const Expr* arg : args) {
    types += (types.empty() ? "" : ", ") + environment_.catalog().type_name(arg->type.oid);
  }
  Expr* bound = nullptr;
  try {
    bound = make_function_call(call.funcname, args, names, call.func_variadic, false, call.location,
                               &call);
  } catch (SqlError& error) {
    if (error.state != SqlState::kUndefinedFunction) throw;
    throw sql_error(SqlState::kUndefinedFunction, "procedure {}({}) does not exist",
                    function_name(call), types)
        .hint(
            "No procedure matches the given name and argument types. You might need to add "
            "explicit type casts.")
        .at_byte(call.location);
  }
  if (bound->function == nullptr || bound->function->kind != 'p') {
    throw sql_error(SqlState::kWrongObjectType, "{}({}) is not a procedure", function_name(call),
                    types)
        .hint("To call a function, use SELECT.")
        .at_byte(call.location);
  }
  return bound;
}

Scope* Binder::scope_of_column(Scope* scope, ColumnId column) {
  for (Scope* level = scope; level != nullptr; level = level->parent) {
    for (const auto& item : level->items) {
      for (const ScopeColumn& candidate : item->columns) {
        if (candidate.id == column) return level;
      }
    }
  }
  return nullptr;
}

namespace {

bool is_ordered_set(const FunctionEntry& function) {
  return function.aggregate != nullptr && function.aggregate->kind != 'n';
}

// WITHIN GROUP and (*) belong to some aggregates only.
void check_form(const ast::FuncCall& call, bool ordered_set) {
  if (ordered_set && !call.agg_within_group) {
    throw sql_error(SqlState::kWrongObjectType,
                    "WITHIN GROUP is required for ordered-set aggregate {}", function_name(call))
        .at_byte(call.location);
  }
  if (!ordered_set && call.agg_within_group) {
    throw sql_error(SqlState::kWrongObjectType,
                    "{} is not an ordered-set aggregate, so it cannot have WITHIN GROUP",
                    function_name(call))
        .at_byte(call.location);
  }
  if (call.args.empty() && !call.agg_star && !ordered_set) {
    throw sql_error(SqlState::kWrongObjectType,
                    "{}(*) must be used to call a parameterless aggregate function",
                    function_name(call))
        .at_byte(call.location);
  }
}

}  // namespace

Expr* Binder::make_aggregate(const ast::FuncCall& call, Expr* bound, std::vector<SortKey> order,
                             Scope* scope, Clause clause) {
  const FunctionEntry& function = *bound->function;
  const bool ordered_set = is_ordered_set(function);
  check_form(call, ordered_set);
  auto* info = arena().make<AggregateInfo>();
  info->distinct = call.agg_distinct;
  if (call.agg_filter != nullptr) {
    info->filter = bind_boolean(call.agg_filter, scope, Clause::kFilter, "FILTER");
  }
  if (ordered_set) {
    info->direct_args = static_cast<uint32_t>(call.args.size());
    if (function.aggregate->kind == 'h') {
      std::vector<Expr*> args(bound->args.begin(), bound->args.end());
      if (call.args.size() != order.size()) {
        std::string types;
        for (const Expr* arg : args) {
          types += (types.empty() ? "" : ", ") + std::string(format_type(arg->type.oid));
        }
        throw sql_error(SqlState::kUndefinedFunction, "function {}({}) does not exist",
                        function_name(call), types)
            .hint(fmt::format("To use the hypothetical-set aggregate {}, the number of "
                              "hypothetical direct arguments (here {}) must match the number of "
                              "ordering columns (here {}).",
                              function_name(call), call.args.size(), order.size()))
            .at_byte(call.location);
      }
      constexpr size_t kMaxColumns = 4;
      if (order.size() > kMaxColumns) {
        throw unsupported("a hypothetical-set aggregate over more than {} columns", kMaxColumns);
      }
      // The imagined row has the types of the rows it is compared with.
      for (size_t i = 0; i < order.size(); ++i) {
        // The call made a text of a literal; it gets the type of its column instead.
        if (ast::try_as<ast::AConst>(call.args[i]) != nullptr) {
          args[i] = bind_expr(call.args[i], scope, clause);
        }
        Expr* pair[] = {order[i].expr, args[i]};
        Oid type = select_common_type(pair, "WITHIN GROUP");
        args[i] = coerce_to_common(pair[1], type, "WITHIN GROUP");
        args[order.size() + i] = coerce_to_common(pair[0], type, "WITHIN GROUP");
      }
      bound->args = copy_span(arena(), args);
    }
    // The aggregated arguments were coerced in the call: the sort keys take the coerced forms.
    for (size_t i = 0; i < order.size(); ++i) order[i].expr = bound->args[call.args.size() + i];
  }
  if (call.agg_distinct) {
    for (const Expr* arg : bound->args) {
      if (type_info(arg->type.oid).compare == nullptr && type_info(arg->type.oid).hash == nullptr) {
        throw sql_error(SqlState::kUndefinedFunction,
                        "could not identify an equality operator for type {}",
                        format_type(arg->type.oid))
            .at_byte(arg->location);
      }
    }
    for (SortKey& key : order) {
      bool among = false;
      for (Expr* arg : bound->args) {
        // What an argument was before it was coerced to the aggregate's type is that argument.
        if (!expr_equal(*arg, *key.expr) && !is_coerced_from(*arg, *key.expr)) continue;
        key.expr = arg;
        among = true;
      }
      if (!among) {
        throw SqlError(
            SqlState::kInvalidColumnReference,
            "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list")
            .at_byte(key.expr->location);
      }
    }
  }
  info->order_by = copy_span(arena(), order);
  Expr* aggregate = arena().make<Expr>(*bound);
  aggregate->kind = ExprKind::kAggregate;
  aggregate->aggregate = info;
  // An array of rows: its elements' fields have the rows' names.
  if (aggregate->type.oid == type_oid::kRecordArray && !bound->args.empty()) {
    aggregate->field_names = row_field_names(*bound->args[0]);
  }
  // The aggregate belongs to the innermost level among the columns it uses.
  Scope* owner = nullptr;
  std::vector<ColumnId> used;
  collect_columns(*aggregate, used);
  for (Scope* level = scope; level != nullptr && owner == nullptr; level = level->parent) {
    for (ColumnId column : used) {
      if (scope_of_column(scope, column) == level) owner = level;
    }
  }
  if (owner == nullptr) owner = scope;
  auto select_level = [](Scope* level) {
    while (level != nullptr && level->select == nullptr) level = level->parent;
    return level;
  };
  owner = select_level(owner);
  bool own_level = owner == select_level(scope);
  // An aggregate of an outer query stands where the subquery with it stands there.
  for (size_t i = open_sublinks_.size(); i-- > 0 && !own_level;) {
    const OpenSublink& around = open_sublinks_[i];
    if (select_level(around.scope) != owner) continue;
    if (around.in_aggregate) {
      throw SqlError(SqlState::kGroupingError, "aggregate function calls cannot be nested")
          .at_byte(call.location);
    }
    own_level = true;
    clause = around.clause;
  }
  if (!own_level && owner != nullptr) {
    throw SqlError(SqlState::kGroupingError,
                   "aggregate functions are not allowed in FROM clause of their own query level")
        .at_byte(call.location);
  }
  if ((own_level && !allows_aggregates(clause)) || owner == nullptr) {
    throw sql_error(SqlState::kGroupingError, "aggregate functions are not allowed in {}",
                    clause_name(clause))
        .at_byte(call.location);
  }
  if (own_level && clause == Clause::kFilter) {
    throw SqlError(SqlState::kGroupingError, "aggregate functions are not allowed in FILTER")
        .at_byte(call.location);
  }
  auto aggregate_ref = [&](const ProjectItem& item) {
    Expr* out = context().column_ref(item.column);
    out->field_names = item.expr->field_names;
    return out;
  };
  for (const ProjectItem& item : owner->select->aggregates) {
    if (expr_equal(*item.expr, *aggregate)) return aggregate_ref(item);
  }
  ColumnId column =
      context().new_column({std::string(function.name), aggregate->type, aggregate->collation});
  owner->select->aggregates.push_back({column, aggregate});
  Expr* out = aggregate_ref({column, aggregate});
  out->location = call.location;
  return out;
}

Expr* Binder::make_set_returning(Expr* bound, Scope* scope, Clause clause) {
  Expr* call = arena().make<Expr>(*bound);
  call->kind = ExprKind::kSetReturning;
  if (clause == Clause::kFromFunction) return call;
  Scope* owner = scope;
  if (!allows_sets(clause) || owner == nullptr || owner->select == nullptr) {
    throw sql_error(SqlState::kFeatureNotSupported, "set-returning functions are not allowed in {}",
                    clause_name(clause))
        .at_byte(bound->location);
  }
  if (in_aggregate_) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "aggregate function calls cannot contain set-returning function calls")
        .hint("You might be able to move the set-returning function into a LATERAL FROM item.")
        .at_byte(bound->location);
  }
  ColumnId column =
      context().new_column({std::string(bound->function->name), call->type, call->collation});
  owner->select->set_returning.push_back({column, call});
  Expr* out = context().column_ref(column);
  out->location = bound->location;
  return out;
}

SortKey Binder::make_sort_key(Expr* expr, const ast::SortBy& sort) {
  SortKey key;
  key.expr = expr;
  key.descending = sort.sortby_dir == ast::SortByDir::kDesc;
  if (sort.sortby_dir == ast::SortByDir::kUsing) {
    std::string_view op = sort.use_op.back();
    if (op == ">") {
      key.descending = true;
    } else if (op != "<") {
      throw sql_error(SqlState::kWrongObjectType, "operator {} is not a valid ordering operator",
                      op)
          .hint("Ordering operators must be \"<\" or \">\" members of btree operator families.")
          .at_byte(sort.location);
    }
  }
  key.nulls_first = sort.sortby_nulls == ast::SortByNulls::kDefault
                        ? key.descending
                        : sort.sortby_nulls == ast::SortByNulls::kFirst;
  if (type_info(expr->type.oid).compare == nullptr) {
    throw sql_error(SqlState::kUndefinedFunction,
                    "could not identify an ordering operator for type {}",
                    format_type(expr->type.oid))
        .hint("Use an explicit ordering operator or modify the query.")
        .at_byte(expr->location);
  }
  return key;
}

std::vector<SortKey> Binder::bind_sort_list(const ast::NodeList& list, Scope* scope,
                                            Clause clause) {
  std::vector<SortKey> keys;
  for (const ast::Node* node : list) {
    const auto* sort = ast::as<ast::SortBy>(node);
    keys.push_back(make_sort_key(bind_value(sort->node, scope, clause), *sort));
  }
  return keys;
}

// --- windows ---

namespace {

FrameBound bound_of(int32_t options, bool start) {
  if (start) {
    if (options & ast::kFrameStartUnboundedPreceding) return FrameBound::kUnboundedPreceding;
    if (options & ast::kFrameStartOffsetPreceding) return FrameBound::kPreceding;
    if (options & ast::kFrameStartCurrentRow) return FrameBound::kCurrentRow;
    if (options & ast::kFrameStartOffsetFollowing) return FrameBound::kFollowing;
    return FrameBound::kUnboundedFollowing;
  }
  if (options & ast::kFrameEndUnboundedFollowing) return FrameBound::kUnboundedFollowing;
  if (options & ast::kFrameEndOffsetFollowing) return FrameBound::kFollowing;
  if (options & ast::kFrameEndCurrentRow) return FrameBound::kCurrentRow;
  if (options & ast::kFrameEndOffsetPreceding) return FrameBound::kPreceding;
  return FrameBound::kUnboundedPreceding;
}

const FunctionEntry* in_range_function(Oid sort_type, Oid offset_type) {
  const FunctionRegistry& registry = FunctionRegistry::instance();
  const OpClassFact* opclass = registry.default_opclass(403, sort_type);
  if (opclass == nullptr) return nullptr;
  return registry.family_function(opclass->family, sort_type, offset_type, 3);
}

}  // namespace

const WindowInfo* Binder::bind_window(const ast::WindowDef& window, Scope* scope) {
  auto* info = arena().make<WindowInfo>();
  const WindowInfo* base = nullptr;
  std::string_view base_name =
      window.refname.data() != nullptr ? window.refname : std::string_view{};
  if (base_name.data() != nullptr && scope->select != nullptr) {
    for (const auto& [name, named] : scope->select->named_windows) {
      if (name == base_name) base = named;
    }
    if (base == nullptr) {
      throw sql_error(SqlState::kUndefinedObject, "window \"{}\" does not exist", base_name)
          .at_byte(window.location);
    }
  }
  std::vector<Expr*> partition;
  for (const ast::Node* node : window.partition_clause) {
    partition.push_back(bind_value(node, scope, Clause::kWindowPartition));
  }
  std::vector<SortKey> order = bind_sort_list(window.order_clause, scope, Clause::kWindowOrder);
  if (base != nullptr) {
    if (!partition.empty()) {
      throw sql_error(SqlState::kWindowingError,
                      "cannot override PARTITION BY clause of window \"{}\"", base_name)
          .at_byte(window.location);
    }
    if (!order.empty() && !base->order_by.empty()) {
      throw sql_error(SqlState::kWindowingError, "cannot override ORDER BY clause of window \"{}\"",
                      base_name)
          .at_byte(window.location);
    }
    info->partition_by = base->partition_by;
    info->order_by = order.empty() ? base->order_by : copy_span(arena(), order);
  } else {
    info->partition_by = copy_span(arena(), partition);
    info->order_by = copy_span(arena(), order);
  }
  int32_t options = window.frame_options;
  WindowFrame& frame = info->frame;
  frame.mode = options & ast::kFrameRows     ? FrameMode::kRows
               : options & ast::kFrameGroups ? FrameMode::kGroups
                                             : FrameMode::kRange;
  frame.start = bound_of(options, true);
  frame.end = bound_of(options, false);
  frame.exclude = options & ast::kFrameExcludeCurrentRow ? FrameExclude::kCurrentRow
                  : options & ast::kFrameExcludeGroup    ? FrameExclude::kGroup
                  : options & ast::kFrameExcludeTies     ? FrameExclude::kTies
                                                         : FrameExclude::kNone;
  if (frame.mode == FrameMode::kGroups && info->order_by.empty()) {
    throw SqlError(SqlState::kWindowingError, "GROUPS mode requires an ORDER BY clause")
        .at_byte(window.location);
  }
  auto bind_offset = [&](const ast::Node* node, VectorKernel& in_range) -> Expr* {
    if (node == nullptr) return nullptr;
    Expr* offset = bind_expr(node, scope, Clause::kWindowFrame);
    if (expr_contains(*offset, [](const Expr& e) { return e.kind == ExprKind::kColumn; })) {
      throw sql_error(SqlState::kInvalidColumnReference,
                      "argument of {} must not contain variables",
                      frame.mode == FrameMode::kRows     ? "ROWS"
                      : frame.mode == FrameMode::kGroups ? "GROUPS"
                                                         : "RANGE")
          .at_byte(offset->location);
    }
    if (frame.mode != FrameMode::kRange) {
      return coerce_to_bigint(offset, frame.mode == FrameMode::kRows ? "ROWS" : "GROUPS");
    }
    if (info->order_by.size() != 1) {
      throw SqlError(SqlState::kWindowingError,
                     "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column")
          .at_byte(window.location);
    }
    Oid sort_type = info->order_by[0].expr->type.oid;
    // Untyped offsets take the sort type, intervals for dates and times.
    Oid candidates[] = {offset->type.oid == type_oid::kUnknown ? sort_type : offset->type.oid,
                        sort_type,
                        type_oid::kInterval,
                        type_oid::kInt8,
                        type_oid::kInt4,
                        type_oid::kFloat8};
    for (Oid type : candidates) {
      const FunctionEntry* function = in_range_function(sort_type, type);
      if (function == nullptr) continue;
      Expr* coerced = coerce(offset, {type, -1}, Coercion::kImplicit, offset->location);
      if (coerced == nullptr) continue;
      in_range = function->implementation.kernel;
      return coerced;
    }
    const FunctionRegistry& registry = FunctionRegistry::instance();
    const OpClassFact* opclass = registry.default_opclass(403, sort_type);
    bool any_offset = false;
    for (Oid type : {type_oid::kInt2, type_oid::kInt4, type_oid::kInt8, type_oid::kFloat8,
                     type_oid::kNumeric, type_oid::kInterval}) {
      any_offset |= opclass != nullptr &&
                    registry.family_function(opclass->family, sort_type, type, 3) != nullptr;
    }
    if (!any_offset) {
      throw sql_error(SqlState::kFeatureNotSupported,
                      "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {}",
                      format_type(sort_type))
          .at_byte(offset->location);
    }
    throw sql_error(SqlState::kFeatureNotSupported,
                    "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {} and "
                    "offset type {}",
                    format_type(sort_type), format_type(offset->type.oid))
        .hint("Cast the offset value to an appropriate type.")
        .at_byte(offset->location);
  };
  frame.start_offset = bind_offset(window.start_offset, frame.in_range_start);
  frame.end_offset = bind_offset(window.end_offset, frame.in_range_end);
  return info;
}

Expr* Binder::make_window_call(const ast::FuncCall& call, Expr* bound, Scope* scope,
                               Clause clause) {
  if (!allows_windows(clause) || scope->select == nullptr) {
    throw sql_error(SqlState::kWindowingError, "window functions are not allowed in {}",
                    clause_name(clause))
        .at_byte(call.location);
  }
  if (const AggregateFact* aggregate = bound->function->aggregate;
      aggregate != nullptr && aggregate->kind != 'n' && !call.agg_within_group) {
    throw sql_error(SqlState::kWrongObjectType,
                    "WITHIN GROUP is required for ordered-set aggregate {}", function_name(call))
        .at_byte(call.location);
  }
  if (call.agg_distinct) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "DISTINCT is not implemented for window functions")
        .at_byte(call.location);
  }
  if (!call.agg_order.empty()) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "aggregate ORDER BY is not implemented for window functions")
        .at_byte(call.location);
  }
  if (call.agg_filter != nullptr && !bound->function->is_aggregate()) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "FILTER is not implemented for non-aggregate window functions")
        .at_byte(call.location);
  }
  // OVER name uses the named window as it is; OVER (name ...) copies and extends it.
  const WindowInfo* definition = nullptr;
  if (call.over->name.data() != nullptr) {
    for (const auto& [name, named] : scope->select->named_windows) {
      if (name == call.over->name) definition = named;
    }
    if (definition == nullptr) {
      throw sql_error(SqlState::kUndefinedObject, "window \"{}\" does not exist", call.over->name)
          .at_byte(call.over->location);
    }
  } else {
    definition = bind_window(*call.over, scope);
  }
  auto* info = arena().make<WindowInfo>(*definition);
  if (call.agg_filter != nullptr)
    info->filter = bind_boolean(call.agg_filter, scope, Clause::kSelect, "FILTER");
  Expr* window = arena().make<Expr>(*bound);
  window->kind = ExprKind::kWindow;
  window->window = info;
  ColumnId column =
      context().new_column({std::string(bound->function->name), window->type, window->collation});
  scope->select->windows.push_back({column, window});
  Expr* out = context().column_ref(column);
  out->location = call.location;
  return out;
}

Expr* Binder::bind_grouping(const ast::GroupingFunc& node, Scope* scope, Clause clause) {
  if (scope->select == nullptr ||
      !(clause == Clause::kSelect || clause == Clause::kHaving || clause == Clause::kOrderBy)) {
    throw sql_error(SqlState::kGroupingError, "grouping operations are not allowed in {}",
                    clause_name(clause))
        .at_byte(node.location);
  }
  SelectState::Grouping grouping;
  grouping.column = context().new_column({"grouping", {type_oid::kInt4, -1}});
  grouping.location = node.location;
  for (const ast::Node* arg : node.args) grouping.args.push_back(bind_expr(arg, scope, clause));
  if (grouping.args.size() > 31) {
    throw SqlError(SqlState::kTooManyArguments, "GROUPING must have fewer than 32 arguments")
        .at_byte(node.location);
  }
  scope->select->groupings.push_back(grouping);
  return context().column_ref(grouping.column);
}

}  // namespace luma
