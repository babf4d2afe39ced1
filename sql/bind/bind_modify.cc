#include "sql/bind/bind_modify.h"

#include <algorithm>

#include "sql/bind/below_with.h"
#include "sql/bind/bind_select.h"
#include "sql/bind/privilege_check.h"
#include "sql/bind/rule_rewrite.h"
#include "sql/catalog/inheritance.h"
#include "sql/catalog/partition.h"
#include "sql/catalog/privileges.h"
#include "sql/function/identity_value.h"
#include "sql/function/value_parts.h"
#include "sql/parse/parser.h"
#include "sql/plan/copy_plan.h"

namespace luma {

ModifyBinder::ModifyBinder(Binder& binder, Scope* parent, const RuleStatement* rule)
    : binder_(binder), parent_(parent), rule_(rule) {}

BoundSelect ModifyBinder::bind(const ast::Node* node) {
  binder_.query_.modifies_data = true;
  modify_ = binder_.context().make<ModifyOp>();
  if (const auto* insert = ast::try_as<ast::InsertStmt>(node)) return bind_insert(*insert);
  if (const auto* update = ast::try_as<ast::UpdateStmt>(node)) return bind_update(*update);
  if (const auto* remove = ast::try_as<ast::DeleteStmt>(node)) return bind_delete(*remove);
  if (const auto* merge = ast::try_as<ast::MergeStmt>(node)) return bind_merge(*merge);
  throw unsupported("{} here", ast::node_name(node->tag));
}

void ModifyBinder::open_target(const ast::RangeVar& var) {
  const Relation& relation =
      require_relation(binder_.environment_.catalog(), binder_.path(),
                       {var.schemaname, var.relname, var.catalogname, var.location});
  table_ = relation.kind == ObjectKind::kTable ? static_cast<const Table*>(&relation) : nullptr;
  if (table_ == nullptr || table_->relkind == 'c') {
    throw sql_error(SqlState::kWrongObjectType, "cannot change {} \"{}\"",
                    relation.kind == ObjectKind::kSequence ? "sequence" : "relation", relation.name)
        .at_byte(var.location);
  }
  if (table_->virtual_relation != nullptr || (table_->oid < kFirstUserOid && table_->is_view())) {
    Oid user = binder_.environment_.search_path().user;
    if (user != kInvalidOid && !is_superuser(binder_.environment_.catalog(), user)) {
      throw permission_denied(*table_);
    }
    throw sql_error(SqlState::kInsufficientPrivilege,
                    "permission denied: \"{}\" is a system catalog", table_->name)
        .at_byte(var.location);
  }
  target_schema_ =
      var.alias != nullptr ? "" : binder_.environment_.catalog().schema_name(table_->schema);
  if (modify_->modify == ModifyKind::kMerge && !table_->rules.empty()) {
    throw sql_error(SqlState::kFeatureNotSupported, "cannot execute MERGE on relation \"{}\"",
                    table_->name)
        .detail("MERGE is not supported for relations with rules.");
  }
  if (modify_->modify == ModifyKind::kMerge && table_->relkind != 'r' && !is_partitioned(*table_)) {
    throw sql_error(SqlState::kFeatureNotSupported, "cannot execute MERGE on relation \"{}\"",
                    table_->name)
        .detail(fmt::format("This operation is not supported for {}.",
                            table_->is_view() ? "views" : "materialized views"));
  }
  modify_->instead = table_->is_view() && has_instead_trigger(*table_, modify_->modify);
  // Rows for rules of a view are the view's.
  const Table* stop = collects_rows_ && rule_->target->is_view() ? rule_->target : nullptr;
  if (stop != nullptr && stop->oid == table_->oid) modify_->instead = true;
  // Whether a rule's action can be done is asked when it is.
  if (rule_ != nullptr && rule_->frame != nullptr && rule_->frame->is_definition()) {
    modify_->instead |= table_->is_view();
  }
  if (table_->is_view() && !modify_->instead) {
    view_ = std::make_unique<ViewTarget>(binder_, *table_, modify_->modify, stop);
    table_ = &view_->base();
    modify_->instead = table_->is_view();
  }
  if (table_->relkind == 'm') {
    throw sql_error(SqlState::kWrongObjectType, "cannot change materialized view \"{}\"",
                    table_->name)
        .at_byte(var.location);
  }
  family_ = is_partitioned(*table_);
  if (modify_->modify != ModifyKind::kInsert && (view_ == nullptr ? var.inh : view_->inherits())) {
    family_ = stands_for_family(binder_.environment_.catalog(), *table_);
  }
  desc_ = binder_.environment_.table_desc(*table_);
  modify_->table = desc_;
  if (view_ != nullptr) {
    privilege_ = view_->base_privilege();
  } else {
    RequiredPrivilege& required = binder_.require_privilege(*table_);
    required.insert = modify_->modify == ModifyKind::kInsert;
    required.update = modify_->modify == ModifyKind::kUpdate;
    required.remove = modify_->modify == ModifyKind::kDelete;
    privilege_ = binder_.last_privilege();
  }
  alias_ = var.alias != nullptr ? std::string(var.alias->aliasname) : std::string(var.relname);
  binder_.query_.locks.push_back({table_->oid, 3});
  modify_->assignments.assign(desc_->columns.size(), nullptr);
  modify_->generated.assign(desc_->columns.size(), nullptr);
  modify_->old_columns.assign(desc_->columns.size(), kNoColumn);
}

LogicalOp* ModifyBinder::scan_target(Scope* scope, const ast::RangeVar& var) {
  auto item = std::make_shared<ScopeItem>();
  item->alias = alias_;
  item->schema = target_schema_;
  if (modify_->instead) {
    LogicalOp* plan = binder_.bind_view(*table_, *item);
    for (size_t i = 0; i < item->columns.size(); ++i) {
      modify_->old_columns[i] = item->columns[i].id;
    }
    binder_.tie_columns(*table_, privilege_, *item);
    if (view_ != nullptr) return through_view(plan, scope);
    if (var.alias != nullptr) binder_.apply_column_aliases(*item, var.alias);
    scope->items.push_back(std::move(item));
    return plan;
  }
  LogicalOp* plan = family_ ? binder_.make_partition_scan(*table_, alias_, *item, 3, !var.inh)
                            : binder_.make_scan(desc_, alias_, *item);
  binder_.tie_columns(*table_, privilege_, *item);
  if (var.alias != nullptr && view_ == nullptr) binder_.apply_column_aliases(*item, var.alias);
  if (family_) {
    size_t position = 0;
    for (const Column& column : table_->columns) {
      if (column.dropped) continue;
      modify_->old_columns[static_cast<size_t>(column.number) - 1] = item->columns[position++].id;
    }
    modify_->row_key = item->leaf_key;
    modify_->table_oid = item->leaf_oid;
  } else {
    auto* scan = static_cast<ScanOp*>(plan);
    for (size_t i = 0; i < scan->attribute.size(); ++i)
      modify_->old_columns[scan->attribute[i]] = scan->output[i];
    modify_->row_key = binder_.context().new_column({"row key", {type_oid::kBytea, -1}});
    scan->attribute.push_back(ScanOp::kRowKeyAttribute);
    scan->output.push_back(modify_->row_key);
  }
  plan = with_policies(plan);
  if (view_ == nullptr) {
    scope->items.push_back(std::move(item));
    return plan;
  }
  return through_view(plan, scope);
}

LogicalOp* ModifyBinder::through_view(LogicalOp* plan, Scope* scope) {
  scope->items.push_back(target_item(modify_->old_columns, alias_));
  Expr* condition = view_->condition(modify_->old_columns);
  if (condition == nullptr) return plan;
  add_recheck(condition);
  auto* filter = binder_.context().make<FilterOp>();
  filter->inputs = {plan};
  filter->condition = condition;
  filter->output = plan->output;
  return filter;
}

int ModifyBinder::attribute_of(std::string_view name, int location) {
  if (view_ != nullptr) {
    int attribute = view_->attribute_of(name);
    if (attribute >= 0) return attribute;
    throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                    name, view_->view().name)
        .at_byte(location);
  }
  for (size_t i = 0; i < desc_->columns.size(); ++i) {
    if (!desc_->columns[i].dropped && desc_->columns[i].name == name) return static_cast<int>(i);
  }
  if (modify_->modify != ModifyKind::kInsert && is_system_column(name)) {
    throw sql_error(SqlState::kFeatureNotSupported, "cannot assign to system column \"{}\"", name)
        .at_byte(location);
  }
  throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                  name, desc_->name)
      .at_byte(location);
}

void ModifyBinder::add_recheck(Expr* condition) {
  if (condition == nullptr) return;
  std::vector<Expr*> parts, kept;
  if (modify_->recheck != nullptr) kept.push_back(modify_->recheck);
  if (condition->kind == ExprKind::kAnd) {
    parts.assign(condition->args.begin(), condition->args.end());
  } else {
    parts.push_back(condition);
  }
  for (Expr* part : parts) {
    Expr* own = copy_subqueries(binder_.context(), part);
    if (own != nullptr) kept.push_back(own);
  }
  modify_->recheck = make_and(binder_.arena(), kept);
}

std::shared_ptr<ScopeItem> ModifyBinder::row_item(const std::vector<ColumnId>& columns,
                                                  std::string alias) {
  auto item = std::make_shared<ScopeItem>();
  item->alias = std::move(alias);
  if (view_ == nullptr) item->row_type = table_->row_type;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == kNoColumn || desc_->columns[i].dropped) continue;
    item->columns.push_back(
        {desc_->columns[i].name, columns[i], privilege_, static_cast<int16_t>(i + 1)});
  }
  item->privilege = privilege_;
  item->changed_table = desc_;
  if (family_) {
    item->partitioned = true;
    if (modify_->leaf_oid == kNoColumn) {
      modify_->leaf_oid = binder_.context().new_column({"tableoid", {type_oid::kOid, -1}});
    }
    item->leaf_oid = modify_->leaf_oid;
    return item;
  }
  // An update that may move the row gives it a new key.
  bool moves = std::any_of(desc_->row_key.begin(), desc_->row_key.end(), [&](const KeyPart& key) {
    return modify_->assignments[static_cast<size_t>(key.column)] != nullptr;
  });
  if (modify_->modify != ModifyKind::kInsert && !moves) item->row_key = modify_->row_key;
  return item;
}

std::shared_ptr<ScopeItem> ModifyBinder::target_item(const std::vector<ColumnId>& columns,
                                                     std::string alias) {
  std::shared_ptr<ScopeItem> item = view_ == nullptr ? row_item(columns, std::move(alias))
                                                     : view_->item(columns, std::move(alias));
  item->schema = target_schema_;
  return item;
}

std::string_view ModifyBinder::target_column_name(int attribute) const {
  return view_ == nullptr ? std::string_view(table_->columns[attribute].name)
                          : view_->name_of(attribute);
}

// --- values of columns ---

Expr* ModifyBinder::default_of(int attribute) {
  const Column& column = table_->columns[attribute];
  Arena& arena = binder_.arena();
  Expr* value = nullptr;
  std::string_view default_sql = view_ == nullptr ? "" : view_->default_of(attribute);
  if (default_sql.empty() && column.identity == '\0' && column.generated == '\0') {
    default_sql = column.default_sql;
  }
  if (default_sql.empty() && column.identity != '\0') {
    for (const Sequence* sequence :
         binder_.environment_.catalog().sequences_owned_by(table_->oid)) {
      if (sequence->owned_by_column != column.number || !sequence->is_identity) continue;
      Expr* oid =
          make_constant(arena, {type_oid::kRegclass, -1}, Value(Datum::of_oid(sequence->oid)));
      std::string_view name[] = {"nextval"};
      value =
          binder_.make_function_call(ast::NameList(name, 1), {oid}, {}, false, false, -1, nullptr);
      value->implementation.kernel = identity_value_kernel();
    }
  } else if (!default_sql.empty()) {
    const ast::Node* node = parse_expression(default_sql, arena);
    try {
      value = binder_.bind_expr(node, binder_.new_scope(nullptr), Clause::kDefault);
    } catch (SqlError& error) {
      error.byte_offset = -1;
      throw;
    }
  }
  if (value == nullptr) return binder_.type_default(column.type);
  return binder_.coerce_assignment(value, column.type, column.name, -1);
}

void ModifyBinder::check_writable(int attribute, bool is_default, ast::OverridingKind overriding,
                                  int location, bool update) {
  const Column& column = table_->columns[attribute];
  if (is_default) return;
  if (column.generated != '\0') {
    if (update) {
      throw sql_error(SqlState::kGeneratedAlways, "column \"{}\" can only be updated to DEFAULT",
                      column.name)
          .detail(fmt::format("Column \"{}\" is a generated column.", column.name))
          .at_byte(location);
    }
    throw sql_error(SqlState::kGeneratedAlways,
                    "cannot insert a non-DEFAULT value into column \"{}\"", column.name)
        .detail(fmt::format("Column \"{}\" is a generated column.", column.name))
        .at_byte(location);
  }
  if (column.identity == 'a') {
    if (update) {
      throw sql_error(SqlState::kGeneratedAlways, "column \"{}\" can only be updated to DEFAULT",
                      column.name)
          .detail(fmt::format("Column \"{}\" is an identity column defined as GENERATED ALWAYS.",
                              column.name))
          .at_byte(location);
    }
    if (overriding == ast::OverridingKind::kNotSet) {
      throw sql_error(SqlState::kGeneratedAlways,
                      "cannot insert a non-DEFAULT value into column \"{}\"", column.name)
          .detail(fmt::format("Column \"{}\" is an identity column defined as GENERATED ALWAYS.",
                              column.name))
          .hint("Use OVERRIDING SYSTEM VALUE to override.")
          .at_byte(location);
    }
  }
}

// --- SET lists ---

Expr* ModifyBinder::assign_part(int attribute, const ast::NodeList& steps, Expr* whole,
                                const ast::Node* item, Expr* value, int location, Scope* scope) {
  const Column& column = table_->columns[attribute];
  if (item != nullptr && ast::is<ast::SetToDefault>(item)) {
    throw SqlError(SqlState::kFeatureNotSupported, ast::is<ast::AIndices>(steps[0])
                                                       ? "cannot set an array element to DEFAULT"
                                                       : "cannot set a subfield to DEFAULT")
        .at_byte(location);
  }
  if (whole == nullptr) whole = make_constant(binder_.arena(), column.type, Value::null());
  // With several parts of a domain, only what they all make has to satisfy it.
  bool again = whole->kind == ExprKind::kFunction && whole->type.oid == column.type.oid &&
               whole->implementation.kernel == domain_kernel();
  if (again) whole = whole->args[0];
  Expr* out = binder_.assign_part(whole, {steps.begin(), steps.size()}, value, column.name,
                                  location, scope);
  return again ? binder_.coerce(out, column.type, Coercion::kAssignment, location) : out;
}

namespace {

// ROW(t.*, ...)
bool has_star(const ast::RowExpr& row) {
  return std::any_of(row.args.begin(), row.args.end(), [](const ast::Node* arg) {
    const auto* ref = ast::try_as<ast::ColumnRef>(arg);
    return ref != nullptr && ast::is<ast::AStar>(ref->fields.back());
  });
}

}  // namespace

namespace {

// (SELECT c2 FROM (subquery) AS t (c1, c2)), for the second column.
const ast::Node* column_of_subquery(Arena& arena, const ast::SubLink& link,
                                    const ast::MultiAssignRef& column) {
  std::vector<std::string_view> names;
  for (int32_t i = 1; i <= column.ncolumns; ++i) names.push_back(arena.copy(fmt::format("c{}", i)));
  auto list_of = [&](const ast::Node* node) {
    std::span<const ast::Node*> list = copy_span(arena, std::vector<const ast::Node*>{node});
    return ast::NodeList(list.data(), list.size());
  };
  auto* alias = arena.make<ast::Alias>();
  alias->aliasname = "t";
  std::span<std::string_view> columns = copy_span(arena, names);
  alias->colnames = ast::NameList(columns.data(), columns.size());
  auto* from = arena.make<ast::RangeSubselect>();
  from->subquery = link.subselect;
  from->alias = alias;
  auto* name = arena.make<ast::String>();
  name->sval = names[static_cast<size_t>(column.colno) - 1];
  auto* reference = arena.make<ast::ColumnRef>();
  reference->fields = list_of(name);
  auto* target = arena.make<ast::ResTarget>();
  target->val = reference;
  auto* select = arena.make<ast::SelectStmt>();
  select->target_list = list_of(target);
  select->from_clause = list_of(from);
  auto* out = arena.make<ast::SubLink>();
  out->sub_link_type = ast::SubLinkType::kExpr;
  out->subselect = select;
  out->location = link.location;
  return out;
}

}  // namespace

void ModifyBinder::bind_set_list(const ast::NodeList& targets, Scope* scope,
                                 std::vector<Expr*>& assignments, LogicalOp** plan) {
  // A subquery that supplies several columns is joined once and read by all of them.
  const ast::Node* shared_source = nullptr;
  std::vector<ColumnId> shared_columns;
  std::vector<bool> part_assigned(desc_->columns.size(), false);
  for (const ast::Node* node : targets) {
    const auto* target = ast::as<ast::ResTarget>(node);
    int attribute = attribute_of(target->name, target->location);
    const Column& column = table_->columns[attribute];
    required().updated.push_back(column.number);
    Expr* before = assignments[attribute];
    bool parts_only = !target->indirection.empty() && part_assigned[attribute];
    part_assigned[attribute] = !target->indirection.empty();
    if (before != nullptr && !parts_only) {
      throw sql_error(SqlState::kSyntaxError, "multiple assignments to same column \"{}\"",
                      column.name);
    }
    const ast::Node* value = target->val;
    Expr* bound = nullptr;
    if (const auto* multi = ast::try_as<ast::MultiAssignRef>(value)) {
      if (const auto* row = ast::try_as<ast::RowExpr>(multi->source)) {
        size_t given = row->args.size();
        Expr* expanded = nullptr;
        if (has_star(*row)) {
          expanded = binder_.bind_row(*row, scope, Clause::kUpdateSource);
          given = expanded->args.size();
        }
        if (given != static_cast<size_t>(multi->ncolumns)) {
          throw SqlError(SqlState::kSyntaxError,
                         "number of columns does not match number of values")
              .at_byte(row->location);
        }
        if (expanded != nullptr) {
          bound = expanded->args[multi->colno - 1];
        } else {
          value = row->args[multi->colno - 1];
        }
      } else if (const auto* link = ast::try_as<ast::SubLink>(multi->source)) {
        if (plan == nullptr) {
          // Nothing to join with: each column is a subquery of its own.
          if (multi->colno == 1 && binder_.bind_query(link->subselect, scope).columns.size() !=
                                       static_cast<size_t>(multi->ncolumns)) {
            throw SqlError(SqlState::kSyntaxError,
                           "number of columns does not match number of values")
                .at_byte(link->location);
          }
          value = column_of_subquery(binder_.arena(), *link, *multi);
        } else if (shared_source != multi->source) {
          shared_source = multi->source;
          BoundSelect sub = binder_.bind_query(link->subselect, scope);
          if (sub.columns.size() != static_cast<size_t>(multi->ncolumns)) {
            throw SqlError(SqlState::kSyntaxError,
                           "number of columns does not match number of values")
                .at_byte(link->location);
          }
          shared_columns.clear();
          for (const auto& result : sub.columns) shared_columns.push_back(result.column);
          *plan = binder_.join_inputs(*plan, sub.plan, JoinKind::kSingle, nullptr);
        }
        if (plan != nullptr) {
          bound = binder_.context().column_ref(shared_columns[multi->colno - 1]);
        }
      } else {
        throw unsupported("this source of a multiple-column assignment").at_byte(target->location);
      }
    }
    bool is_default = bound == nullptr && ast::is<ast::SetToDefault>(value);
    check_writable(attribute, is_default, ast::OverridingKind::kNotSet, target->location, true);
    if (is_default && target->indirection.empty()) {
      if (column.generated == '\0') assignments[attribute] = default_of(attribute);
      continue;
    }
    if (bound == nullptr && !is_default)
      bound = binder_.bind_expr(value, scope, Clause::kUpdateSource);
    if (!target->indirection.empty()) {
      // Parts build on each other, the first one on the row's value.
      const std::vector<ColumnId>& old = modify_->on_conflict != nullptr
                                             ? modify_->on_conflict->old_columns
                                             : modify_->old_columns;
      Expr* whole = before != nullptr ? before : binder_.context().column_ref(old[attribute]);
      assignments[attribute] =
          assign_part(attribute, target->indirection, whole, value, bound, target->location, scope);
      continue;
    }
    assignments[attribute] =
        binder_.coerce_assignment(bound, column.type, target_column_name(attribute),
                                  value->location >= 0 ? value->location : target->location);
  }
}

// --- UPDATE, DELETE ---

// The other tables, which cannot refer to the one that is changed.
LogicalOp* ModifyBinder::bind_others(const ast::NodeList& from, Scope* scope) {
  std::vector<std::shared_ptr<ScopeItem>> targets = scope->items;
  // The rows of a rule's action are everywhere.
  std::erase_if(targets, [&](const std::shared_ptr<ScopeItem>& item) {
    return item == binder_.rule_rows_.old_row || item == binder_.rule_rows_.new_row;
  });
  for (auto& item : targets) item->is_target = true;
  LogicalOp* plan = binder_.bind_from_list(from, scope);
  for (auto& item : targets) item->is_target = false;
  return plan;
}

BoundSelect ModifyBinder::bind_update(const ast::UpdateStmt& update) {
  modify_->modify = ModifyKind::kUpdate;
  Scope* scope = binder_.new_scope(parent_);
  WithOp* with = binder_.bind_with(update.with_clause, scope);
  open_target(*update.relation);
  LogicalOp* plan = scan_target(scope, *update.relation);
  LogicalOp* others = frame_rows(scope);
  if (!update.from_clause.empty()) {
    LogicalOp* from = bind_others(update.from_clause, scope);
    others =
        others == nullptr ? from : binder_.join_inputs(others, from, JoinKind::kInner, nullptr);
  }
  if (others != nullptr) plan = binder_.join_inputs(plan, others, JoinKind::kInner, nullptr);
  Expr* where = nullptr;
  if (update.where_clause != nullptr) {
    where = binder_.bind_boolean(update.where_clause, scope, Clause::kWhere, "WHERE");
    if (collects_rows_ && !names_rows_ && !reads_target(where)) plan = rows_without_target(others);
    auto* filter = binder_.context().make<FilterOp>();
    filter->inputs = {plan};
    filter->condition = where;
    filter->output = plan->output;
    plan = filter;
  }
  if (where == nullptr && collects_rows_ && !names_rows_) plan = rows_without_target(others);
  bind_set_list(update.target_list, scope, modify_->assignments, &plan);
  if (collects_rows_) {
    std::vector<ColumnId> columns;
    if (names_rows_) plan = with_new_values(plan, modify_->assignments, columns);
    keep_rows(plan, with, std::move(columns), *scope, 1);
    return {};
  }
  if (rule_ != nullptr && !rule_->excluded.empty()) {
    std::vector<Expr*> values(modify_->assignments.size(), nullptr);
    bind_set_list(update.target_list, scope, values, &plan);
    plan = without_excluded(plan, values);
  }
  add_recheck(where);
  make_new_columns();
  bind_constraints();
  Scope* row_scope = binder_.new_scope(parent_);
  row_scope->ctes = scope->ctes;
  row_scope->items = scope->items;
  row_scope->items[0] = target_item(modify_->new_columns, alias_);
  return finish(plan, with, update.returning_list, row_scope);
}

BoundSelect ModifyBinder::bind_delete(const ast::DeleteStmt& remove) {
  modify_->modify = ModifyKind::kDelete;
  Scope* scope = binder_.new_scope(parent_);
  WithOp* with = binder_.bind_with(remove.with_clause, scope);
  open_target(*remove.relation);
  LogicalOp* plan = scan_target(scope, *remove.relation);
  LogicalOp* others = frame_rows(scope);
  if (!remove.using_clause.empty()) {
    LogicalOp* from = bind_others(remove.using_clause, scope);
    others =
        others == nullptr ? from : binder_.join_inputs(others, from, JoinKind::kInner, nullptr);
  }
  if (others != nullptr) plan = binder_.join_inputs(plan, others, JoinKind::kInner, nullptr);
  Expr* where = nullptr;
  if (remove.where_clause != nullptr) {
    where = binder_.bind_boolean(remove.where_clause, scope, Clause::kWhere, "WHERE");
    if (collects_rows_ && !names_rows_ && !reads_target(where)) plan = rows_without_target(others);
    auto* filter = binder_.context().make<FilterOp>();
    filter->inputs = {plan};
    filter->condition = where;
    filter->output = plan->output;
    plan = filter;
    add_recheck(where);
  }
  if (collects_rows_) {
    if (where == nullptr && !names_rows_) plan = rows_without_target(others);
    keep_rows(plan, with, {}, *scope, 1);
    return {};
  }
  plan = without_excluded(plan, {});
  return finish(plan, with, remove.returning_list, scope);
}

// --- RETURNING ---

void ModifyBinder::bind_returning(const ast::NodeList& list, Scope* scope, BoundSelect& out) {
  auto add = [&](std::string label, Expr* expr) {
    PlanColumn info{label, expr->type, expr->collation};
    if (expr->kind == ExprKind::kColumn) {
      const PlanColumn& source = binder_.context().column(expr->column);
      info.table = source.table;
      info.attnum = source.attnum;
    }
    ColumnId id = binder_.context().new_column(std::move(info));
    modify_->returning.push_back({id, expr});
    out.columns.push_back({std::move(label), id});
  };
  for (const ast::Node* node : list) {
    const auto* target = ast::as<ast::ResTarget>(node);
    const auto* ref = ast::try_as<ast::ColumnRef>(target->val);
    if (ref != nullptr && ast::is<ast::AStar>(ref->fields.back())) {
      bool found = false;
      std::string_view alias = ref->fields.size() > 1
                                   ? ast::as<ast::String>(ref->fields[ref->fields.size() - 2])->sval
                                   : std::string_view{};
      for (const auto& item : scope->items) {
        if (alias.data() != nullptr ? item->alias != alias : !item->cols_visible) continue;
        found = true;
        for (const ScopeColumn& column : item->columns) {
          binder_.use_column(column);
          add(column.name, binder_.column_value(column));
        }
      }
      if (!found) {
        throw sql_error(SqlState::kUndefinedTable, "missing FROM-clause entry for table \"{}\"",
                        alias)
            .at_byte(ref->location);
      }
      continue;
    }
    std::string label = target->name.data() != nullptr ? std::string(target->name)
                                                       : figure_column_name(target->val);
    add(std::move(label), binder_.bind_value(target->val, scope, Clause::kReturning));
  }
}

BoundSelect ModifyBinder::finish(LogicalOp* input, WithOp* with, const ast::NodeList& returning,
                                 Scope* scope) {
  BoundSelect out;
  if (view_ != nullptr) view_->require_assigned();
  modify_->inputs = {input};
  if (rule_ == nullptr || rule_->frame == nullptr || rule_->frame->is_definition()) {
    bind_returning(returning, scope, out);
  } else if (rule_->returns) {
    bind_returning_of_user(scope, out);
  }
  finish_policies();
  if (family_) bind_leaves();
  for (const ProjectItem& item : modify_->returning) modify_->output.push_back(item.column);
  out.plan = below_with(with, modify_);
  return out;
}

}  // namespace luma
