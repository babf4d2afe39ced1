#include "sql/bind/collations.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/catalog/collation_object.h"
#include "sql/function/collator.h"
#include "sql/function/entry.h"
#include "sql/plan/walk.h"

namespace luma {
namespace {

using std::string_view;

bool is_collatable(Oid type) {
  const TypeInfo* info = find_type(type);
  return info != nullptr && info->collation != kInvalidOid;
}

// COLLATE leaves a relabel of its own behind.
bool is_collate(const Expr& expr) { return expr.kind == ExprKind::kRelabel && expr.index == 1; }

// What functions of pg_proc do with a collation.
enum class Use : uint8_t { kNone, kOrder, kEquality, kLower, kUpper, kTitle, kPattern, kSearch };
struct UseRow {
  string_view function;
  Use use;
  string_view what;  // in messages
};
constexpr UseRow kUses[] = {
    {"text_lt", Use::kOrder, "string comparison"},
    {"text_le", Use::kOrder, "string comparison"},
    {"text_gt", Use::kOrder, "string comparison"},
    {"text_ge", Use::kOrder, "string comparison"},
    {"bpcharlt", Use::kOrder, "string comparison"},
    {"bpcharle", Use::kOrder, "string comparison"},
    {"bpchargt", Use::kOrder, "string comparison"},
    {"bpcharge", Use::kOrder, "string comparison"},
    {"texteq", Use::kEquality, "string comparison"},
    {"textne", Use::kEquality, "string comparison"},
    {"bpchareq", Use::kEquality, "string comparison"},
    {"bpcharne", Use::kEquality, "string comparison"},
    {"lower", Use::kLower, "lower() function"},
    {"upper", Use::kUpper, "upper() function"},
    {"initcap", Use::kTitle, "initcap() function"},
    {"textlike", Use::kPattern, "LIKE"},
    {"textnlike", Use::kPattern, "LIKE"},
    {"bpcharlike", Use::kPattern, "LIKE"},
    {"bpcharnlike", Use::kPattern, "LIKE"},
    {"texticlike", Use::kPattern, "ILIKE"},
    {"texticnlike", Use::kPattern, "ILIKE"},
    {"bpchariclike", Use::kPattern, "ILIKE"},
    {"bpcharicnlike", Use::kPattern, "ILIKE"},
    {"textregexeq", Use::kPattern, "regular expressions"},
    {"textregexne", Use::kPattern, "regular expressions"},
    {"texticregexeq", Use::kPattern, "regular expressions"},
    {"texticregexne", Use::kPattern, "regular expressions"},
    {"regexp_match", Use::kPattern, "regular expressions"},
    {"regexp_matches", Use::kPattern, "regular expressions"},
    {"regexp_replace", Use::kPattern, "regular expressions"},
    {"position", Use::kSearch, "substring searches"},
    {"strpos", Use::kSearch, "substring searches"},
    {"replace", Use::kSearch, "substring searches"},
    {"split_part", Use::kSearch, "substring searches"},
    {"starts_with", Use::kSearch, "substring searches"},
};
const UseRow* use_of(const Expr& expr) {
  if (expr.function == nullptr) return nullptr;
  for (const UseRow& row : kUses) {
    if (row.function == expr.function->name) return &row;
  }
  return nullptr;
}

string_view operator_symbol(string_view function) {
  struct Row {
    string_view ending, symbol;
  };
  for (const Row& row : {Row{"lt", "<"}, Row{"le", "<="}, Row{"gt", ">"}, Row{"ge", ">="},
                         Row{"eq", "="}, Row{"ne", "<>"}}) {
    if (function.ends_with(row.ending)) return row.symbol;
  }
  LUMA_CHECK(false);
}

[[noreturn]] void throw_indeterminate(string_view what) {
  throw sql_error(SqlState::kIndeterminateCollation,
                  "could not determine which collation to use for {}", what)
      .hint("Use the COLLATE clause to set the collation explicitly.");
}

}  // namespace

Expr* Binder::with_collations(Expr* expr) {
  return CollationPass::is_needed(*this) ? CollationPass(*this).run(expr) : expr;
}

bool CollationPass::is_needed(Binder& binder) {
  if (binder.names_collations_) return true;
  PlanContext& context = binder.context();
  for (ColumnId id = 0; id < context.column_count(); ++id) {
    Oid collation = context.column(id).collation;
    bool plain = collation == kInvalidOid || collation == kDefaultCollationOid ||
                 collation == kCCollationOid;
    if (!plain) return true;
  }
  return false;
}

const CollationPass::Kind& CollationPass::kind_of(Oid oid) {
  auto known = kinds_.find(oid);
  if (known != kinds_.end()) return known->second;
  Kind kind;
  if (oid != kInvalidOid && oid != kDefaultCollationOid) {
    auto found = collation(binder_.environment_.catalog(), oid);
    if (found && found->provider != 'd') {
      auto is_bytes = [](string_view locale) {
        return locale == "C" || locale == "POSIX" || locale == "C.UTF-8" || locale == "C.utf8";
      };
      const bool icu = found->provider == 'i';
      kind.bytewise = !icu && is_bytes(found->collate);
      kind.deterministic = found->deterministic;
      kind.maps_as_database = !icu && is_bytes(found->ctype) && found->ctype.size() > 5;
      kind.collator =
          collator_name(found->provider, found->deterministic,
                        icu ? found->icu_locale : (kind.bytewise ? found->ctype : found->collate));
    }
  }
  return kinds_.emplace(oid, std::move(kind)).first->second;
}

std::string CollationPass::name_of(Oid oid) const {
  return collation_name(binder_.environment_.catalog(), oid);
}

void CollationPass::merge(State& into, const State& from, int location) const {
  if (from.strength == Strength::kNone) return;
  if (into.strength == Strength::kNone) {
    into = from;
    return;
  }
  if (from.strength == Strength::kExplicit && into.strength == Strength::kExplicit) {
    if (from.collation == into.collation) return;
    throw sql_error(SqlState::kCollationMismatch,
                    "collation mismatch between explicit collations \"{}\" and \"{}\"",
                    name_of(into.collation), name_of(from.collation))
        .at_byte(location);
  }
  if (into.strength == Strength::kExplicit) return;
  if (from.strength == Strength::kExplicit) {
    into = from;
    return;
  }
  if (into.strength == Strength::kConflict) return;
  if (from.strength == Strength::kConflict) {
    into = from;
    return;
  }
  if (from.collation == into.collation || from.collation == kDefaultCollationOid) return;
  if (into.collation == kDefaultCollationOid) {
    into = from;
    return;
  }
  into = {kInvalidOid, Strength::kConflict, into.collation, from.collation};
}

CollationPass::State CollationPass::result_state(const Expr& expr, const State& merged) const {
  if (!is_collatable(expr.type.oid)) return {};
  if (merged.strength != Strength::kNone) return merged;
  return {type_info(expr.type.oid).collation, Strength::kImplicit};
}

CollationPass::Done CollationPass::derive(Expr* expr) {
  auto known = done_.find(expr);
  if (known != done_.end()) return known->second;
  Done done = derive_new(expr);
  done_[expr] = done;
  done_[done.expr] = done;
  return done;
}

// The expression over derived children, and what they have in common.
Expr* CollationPass::with_children(Expr* expr, State& merged) {
  if (expr->kind == ExprKind::kCase) {
    // WHEN conditions are for themselves.
    return map_children(binder_.arena(), expr, [&](Expr* child) {
      Done done = derive(child);
      merge(merged, done.state, child->location);
      return done.expr;
    });
  }
  if (expr->kind == ExprKind::kRow) {
    return map_children(binder_.arena(), expr, [&](Expr* child) { return derive(child).expr; });
  }
  if (expr->kind == ExprKind::kAggregate || expr->kind == ExprKind::kWindow) {
    Expr copy = *expr;
    std::vector<Expr*> args;
    const uint32_t direct = expr->aggregate == nullptr ? 0 : expr->aggregate->direct_args;
    for (size_t i = 0; i < expr->args.size(); ++i) {
      Done done = derive(expr->args[i]);
      if (i >= direct) merge(merged, done.state, expr->args[i]->location);
      args.push_back(done.expr);
    }
    copy.args = copy_span(binder_.arena(), args);
    auto keys = [&](std::span<const SortKey> list) {
      std::vector<SortKey> out;
      for (const SortKey& key : list) out.push_back(wrapped(key));
      return copy_span(binder_.arena(), out);
    };
    if (expr->aggregate != nullptr) {
      AggregateInfo info = *expr->aggregate;
      if (info.filter != nullptr) info.filter = derive(info.filter).expr;
      info.order_by = keys(info.order_by);
      if (info.distinct) {
        for (Expr* arg : args) refuse_grouping(arg);
      }
      copy.aggregate = binder_.arena().make<AggregateInfo>(info);
    }
    if (expr->window != nullptr) {
      WindowInfo info = *expr->window;
      std::vector<Expr*> partition;
      for (Expr* one : info.partition_by) {
        refuse_grouping(one);
        partition.push_back(derive(one).expr);
      }
      info.partition_by = copy_span(binder_.arena(), partition);
      info.order_by = keys(info.order_by);
      if (info.filter != nullptr) info.filter = derive(info.filter).expr;
      copy.window = binder_.arena().make<WindowInfo>(info);
    }
    return binder_.arena().make<Expr>(copy);
  }
  return map_children(binder_.arena(), expr, [&](Expr* child) {
    Done done = derive(child);
    merge(merged, done.state, child->location);
    return done.expr;
  });
}

CollationPass::Done CollationPass::derive_new(Expr* expr) {
  auto leaf = [&](Oid collation) {
    State state;
    if (is_collatable(expr->type.oid)) {
      state = {collation, collation == kInvalidOid ? Strength::kConflict : Strength::kImplicit};
    }
    return state;
  };
  switch (expr->kind) {
    case ExprKind::kColumn: {
      PlanContext& context = binder_.context();
      Oid collation = expr->column < context.column_count() ? context.column(expr->column).collation
                                                            : expr->collation;
      if (collation == expr->collation) return {expr, leaf(collation)};
      Expr* copy = binder_.arena().make<Expr>(*expr);
      copy->collation = collation;
      return {copy, leaf(collation)};
    }
    case ExprKind::kConstant:
    case ExprKind::kParameter:
    case ExprKind::kSlot:
    case ExprKind::kExecParameter:
    case ExprKind::kField:
    case ExprKind::kDefault:
      if (expr->args.empty()) return {expr, leaf(expr->collation)};
      break;
    case ExprKind::kSubquery:
      break;
    default:
      break;
  }
  LogicalOp* plan = nullptr;
  if (expr->subquery != nullptr && expr->subquery->plan != nullptr) {
    plan = visit(*expr->subquery->plan);
  }
  State merged;
  Expr* out = with_children(expr, merged);
  if (expr->subquery != nullptr) {
    SubqueryInfo info = *out->subquery;
    info.plan = plan;
    if (info.test != nullptr) info.test = derive(info.test).expr;
    if (out == expr) out = binder_.arena().make<Expr>(*expr);
    out->subquery = binder_.arena().make<SubqueryInfo>(info);
    merged = {};
    if (info.kind == SubqueryKind::kScalar && !info.columns.empty()) {
      Oid of_column = binder_.context().column(info.columns[0]).collation;
      if (of_column != kInvalidOid) merged = {of_column, Strength::kImplicit};
    }
  }
  if (is_collate(*expr)) {
    State state{expr->collation, Strength::kExplicit};
    return {out, state};
  }
  State state = result_state(*out, merged);
  if (out->collation != state.collation) {
    if (out == expr) out = binder_.arena().make<Expr>(*expr);
    out->collation = state.collation;
  }
  return {apply(out, merged), state};
}

Expr* CollationPass::call(string_view function, std::vector<Expr*> args, int location) {
  std::string_view names[] = {"pg_catalog", function};
  return binder_.make_function_call(ast::NameList(names, std::size(names)), std::move(args), {},
                                    false, false, location, nullptr);
}

Expr* CollationPass::key_of(Expr* text, Oid collation) {
  Expr* plain = text;
  if (text->type.oid != type_oid::kText) {
    plain = binder_.coerce(text, {type_oid::kText, -1}, Coercion::kExplicit, text->location);
    LUMA_CHECK(plain != nullptr);
  }
  const std::string& name = kind_of(collation).collator;
  Expr* collator = make_constant(binder_.arena(), {type_oid::kText, -1},
                                 Value(Datum::of_string(binder_.arena().copy(name))));
  return call("luma_collation_key", {plain, collator}, text->location);
}

Expr* CollationPass::apply(Expr* expr, const State& merged) {
  switch (expr->kind) {
    case ExprKind::kFunction:
    case ExprKind::kSetReturning:
      return apply_call(expr, merged);
    case ExprKind::kAggregate:
    case ExprKind::kWindow:
      return apply_aggregate(expr, merged);
    case ExprKind::kGreatest:
    case ExprKind::kLeast:
      if (!is_collatable(expr->type.oid)) return expr;
      if (merged.strength == Strength::kConflict) throw_indeterminate("string comparison");
      return kind_of(merged.collation).bytewise ? expr : apply_largest(expr);
    case ExprKind::kArrayAny:
    case ExprKind::kArrayAll:
    case ExprKind::kIsDistinct:
    case ExprKind::kIsNotDistinct:
    case ExprKind::kNullIf: {
      const Kind& kind = kind_of(merged.collation);
      if (kind.bytewise) return expr;
      const bool equality = expr->kind == ExprKind::kIsDistinct ||
                            expr->kind == ExprKind::kIsNotDistinct ||
                            expr->kind == ExprKind::kNullIf || use_of(*expr) == nullptr ||
                            use_of(*expr)->use == Use::kEquality;
      if (equality && kind.deterministic) return expr;
      if (Expr* over_keys = with_array_of_keys(expr, merged.collation)) return over_keys;
      throw unsupported("ANY, ALL, NULLIF and IS DISTINCT FROM by collation \"{}\"",
                        name_of(merged.collation));
    }
    default:
      return expr;
  }
}

Expr* CollationPass::apply_call(Expr* expr, const State& merged) {
  const UseRow* use = use_of(*expr);
  if (use == nullptr || merged.strength == Strength::kNone) return expr;
  if (merged.strength == Strength::kConflict) {
    if (use->use == Use::kSearch) return expr;
    throw_indeterminate(use->what);
  }
  const Kind& kind = kind_of(merged.collation);
  switch (use->use) {
    case Use::kOrder:
    case Use::kEquality: {
      if (kind.bytewise || (use->use == Use::kEquality && kind.deterministic)) return expr;
      if (expr->args.size() != 2) return expr;
      return binder_.make_operator(std::string(operator_symbol(use->function)),
                                   key_of(expr->args[0], merged.collation),
                                   key_of(expr->args[1], merged.collation), expr->location);
    }
    case Use::kLower:
    case Use::kUpper:
    case Use::kTitle: {
      if (merged.collation == kDefaultCollationOid || kind.maps_as_database ||
          expr->args.size() != 1 || expr->type.oid != type_oid::kText) {
        return expr;
      }
      Expr* collator = make_constant(binder_.arena(), {type_oid::kText, -1},
                                     Value(Datum::of_string(binder_.arena().copy(kind.collator))));
      string_view function = use->use == Use::kLower   ? "luma_lower"
                             : use->use == Use::kUpper ? "luma_upper"
                                                       : "luma_initcap";
      Expr* out = call(function, {expr->args[0], collator}, expr->location);
      out->collation = expr->collation;
      return out;
    }
    case Use::kPattern:
    case Use::kSearch:
      if (kind.deterministic) return expr;
      throw sql_error(SqlState::kFeatureNotSupported,
                      "nondeterministic collations are not supported for {}", use->what);
    case Use::kNone:
      break;
  }
  return expr;
}

// x = ANY (ARRAY[...]) and the like over keys; nullptr for other arrays.
Expr* CollationPass::with_array_of_keys(Expr* expr, Oid collation) {
  const bool is_array = (expr->kind == ExprKind::kArrayAny || expr->kind == ExprKind::kArrayAll) &&
                        expr->args[1]->kind == ExprKind::kArray &&
                        expr->args[0]->type.oid == type_oid::kText;
  if (!is_array) return nullptr;
  Expr* array = binder_.arena().make<Expr>(*expr->args[1]);
  std::vector<Expr*> keys;
  for (Expr* element : array->args) {
    if (element->type.oid != type_oid::kText) return nullptr;
    keys.push_back(key_of(element, collation));
  }
  array->args = copy_span(binder_.arena(), keys);
  array->collation = kDefaultCollationOid;
  Expr* out = binder_.arena().make<Expr>(*expr);
  out->args =
      copy_span(binder_.arena(), std::vector<Expr*>{key_of(expr->args[0], collation), array});
  return out;
}

// max(x) is the text of max(key of x): texts_of_keys() makes the text.
Expr* CollationPass::apply_aggregate(Expr* expr, const State& merged) {
  if (expr->function == nullptr || !is_collatable(expr->type.oid)) return expr;
  string_view name = expr->function->name;
  if (name != "min" && name != "max") return expr;
  if (merged.strength == Strength::kConflict) throw_indeterminate("string comparison");
  const Kind& kind = kind_of(merged.collation);
  if (kind.bytewise) return expr;
  if (expr->kind == ExprKind::kWindow || expr->type.oid != type_oid::kText || !kind.deterministic) {
    throw unsupported("{} by collation \"{}\"", name, name_of(merged.collation));
  }
  Expr* out = binder_.arena().make<Expr>(*expr);
  out->args =
      copy_span(binder_.arena(), std::vector<Expr*>{key_of(expr->args[0], merged.collation)});
  keyed_.insert(out);
  return out;
}

Expr* CollationPass::apply_largest(Expr* expr) {
  if (!kind_of(expr->collation).deterministic) {
    throw unsupported("GREATEST and LEAST by a nondeterministic collation");
  }
  Expr copy = *expr;
  std::vector<Expr*> keys;
  for (Expr* arg : expr->args) keys.push_back(key_of(arg, expr->collation));
  copy.args = copy_span(binder_.arena(), keys);
  copy.type = {type_oid::kText, -1};
  copy.collation = kDefaultCollationOid;
  Expr* out = call("luma_collation_text", {binder_.arena().make<Expr>(copy)}, expr->location);
  out->collation = expr->collation;
  return out;
}

void CollationPass::wrap_key(SortKey& key) { key = wrapped(key); }

void CollationPass::throw_mismatch(const State& state, int location) const {
  if (state.other == kInvalidOid) throw_indeterminate("string comparison");
  throw sql_error(SqlState::kCollationMismatch,
                  "collation mismatch between implicit collations \"{}\" and \"{}\"",
                  name_of(state.first), name_of(state.other))
      .hint(
          "You can choose the collation by applying the COLLATE clause to one or both "
          "expressions.")
      .at_byte(location);
}

SortKey CollationPass::wrapped(SortKey key) {
  Done done = derive(key.expr);
  key.expr = done.expr;
  if (!is_collatable(key.expr->type.oid)) return key;
  if (done.state.strength == Strength::kConflict) throw_mismatch(done.state, key.expr->location);
  if (kind_of(done.state.collation).bytewise) return key;
  if (key.less_than != nullptr) throw unsupported("ORDER BY ... USING by this collation");
  if (type_info(key.expr->type.oid).is_array()) throw unsupported("order of arrays by a collation");
  key.expr = key_of(key.expr, done.state.collation);
  return key;
}

void CollationPass::refuse_grouping(Expr* expr) {
  Done done = derive(expr);
  if (!is_collatable(expr->type.oid) || kind_of(done.state.collation).deterministic) return;
  throw unsupported("grouping by nondeterministic collation \"{}\"", name_of(done.state.collation));
}
void CollationPass::refuse_grouping_of(const std::vector<ColumnId>& columns) {
  for (ColumnId id : columns) refuse_grouping(binder_.context().column_ref(id));
}

void CollationPass::set_output_collations(LogicalOp& op) {
  PlanContext& context = binder_.context();
  auto from_items = [&](const std::vector<ProjectItem>& items) {
    for (const ProjectItem& item : items) {
      if (item.expr == nullptr || item.column == kNoColumn) continue;
      context.column(item.column).collation = derive(item.expr).state.collation;
    }
  };
  auto copy_from = [&](const std::vector<ColumnId>& source) {
    for (size_t i = 0; i < op.output.size() && i < source.size(); ++i) {
      context.column(op.output[i]).collation = context.column(source[i]).collation;
    }
  };
  switch (op.kind) {
    case OpKind::kProject:
      return from_items(static_cast<ProjectOp&>(op).items);
    case OpKind::kProjectSet:
      return from_items(static_cast<ProjectSetOp&>(op).items);
    case OpKind::kAggregate:
      from_items(static_cast<AggregateOp&>(op).groups);
      return from_items(static_cast<AggregateOp&>(op).aggregates);
    case OpKind::kWindow:
      return from_items(static_cast<WindowOp&>(op).items);
    case OpKind::kCteScan: {
      CteDefinition* cte = static_cast<CteScanOp&>(op).cte;
      if (cte->plan != nullptr) copy_from(cte->plan->output);
      return;
    }
    case OpKind::kSetOp: {
      auto& set = static_cast<SetOpOp&>(op);
      for (size_t i = 0; i < op.output.size(); ++i) {
        State merged;
        for (const auto& side : set.columns) {
          merge(merged, derive(context.column_ref(side[i])).state, -1);
        }
        if (merged.strength == Strength::kConflict && !set.all) {
          throw_mismatch(merged, -1);
        }
        context.column(op.output[i]).collation = merged.collation;
      }
      if (!set.all) refuse_grouping_of(op.output);
      return;
    }
    case OpKind::kValues: {
      auto& values = static_cast<ValuesOp&>(op);
      for (size_t i = 0; i < op.output.size(); ++i) {
        State merged;
        for (auto& row : values.value_rows) {
          if (i < row.size() && row[i] != nullptr) merge(merged, derive(row[i]).state, -1);
        }
        context.column(op.output[i]).collation = merged.collation;
      }
      return;
    }
    default:
      return;
  }
}

// Aggregates over keys get columns of their own, a projection above takes the texts out.
LogicalOp* CollationPass::texts_of_keys(AggregateOp& op) {
  bool any = false;
  for (const ProjectItem& item : op.aggregates) any |= keyed_.contains(item.expr);
  if (!any) return &op;
  PlanContext& context = binder_.context();
  auto* project = context.make<ProjectOp>();
  project->inputs = {&op};
  project->output = op.output;
  for (ColumnId id : op.output) project->items.push_back({id, context.column_ref(id)});
  for (ProjectItem& item : op.aggregates) {
    if (!keyed_.contains(item.expr)) continue;
    const ColumnId key = context.new_column({"key", {type_oid::kText, -1}, kDefaultCollationOid});
    auto shown = std::ranges::find(project->items, item.column, &ProjectItem::column);
    if (shown != project->items.end()) {
      shown->expr = call("luma_collation_text", {context.column_ref(key)}, item.expr->location);
      shown->expr->collation = item.expr->collation;
    }
    std::ranges::replace(op.output, item.column, key);
    item.column = key;
  }
  return project;
}

LogicalOp* CollationPass::visit(LogicalOp& op) {
  if (op.kind == OpKind::kWith) {
    for (CteDefinition* cte : static_cast<WithOp&>(op).ctes) {
      if (cte->plan != nullptr) cte->plan = visit(*cte->plan);
    }
  }
  for (LogicalOp*& input : op.inputs) input = visit(*input);
  if (op.kind == OpKind::kSort) {
    for (SortKey& key : static_cast<SortOp&>(op).keys) wrap_key(key);
  } else if (op.kind == OpKind::kWindow) {
    auto& window = static_cast<WindowOp&>(op);
    for (Expr*& expr : window.partition_by) {
      refuse_grouping(expr);
      expr = derive(expr).expr;
    }
    for (SortKey& key : window.order_by) wrap_key(key);
    for (ProjectItem& item : window.items) item.expr = derive(item.expr).expr;
  } else {
    for_each_expr(op, [&](Expr*& expr) { expr = derive(expr).expr; });
  }
  if (op.kind == OpKind::kAggregate) {
    for (ProjectItem& item : static_cast<AggregateOp&>(op).groups) refuse_grouping(item.expr);
  }
  if (op.kind == OpKind::kDistinct) {
    auto& distinct = static_cast<DistinctOp&>(op);
    for (Expr* expr : distinct.on) refuse_grouping(expr);
    if (distinct.on.empty()) refuse_grouping_of(op.output);
  }
  set_output_collations(op);
  return op.kind == OpKind::kAggregate ? texts_of_keys(static_cast<AggregateOp&>(op)) : &op;
}

LogicalOp* CollationPass::run(LogicalOp& root) { return visit(root); }

Expr* CollationPass::run(Expr* expr) { return derive(expr).expr; }

}  // namespace luma
