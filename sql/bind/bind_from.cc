// FROM: tables, views, subqueries, joins. Functions are in bind_from_function.cc.
#include <algorithm>

#include "sql/bind/bind_record.h"
#include "sql/bind/bind_select.h"
#include "sql/bind/binder.h"
#include "sql/bind/variable_scope.h"
#include "sql/catalog/inheritance.h"
#include "sql/catalog/partition.h"
#include "sql/catalog/virtual_relation.h"
#include "sql/function/registry.h"
#include "sql/parse/parser.h"

namespace luma {

namespace {
constexpr uint32_t kMaxViewDepth = 64;
using Items = std::vector<std::shared_ptr<ScopeItem>>;

// A reloption that says "name=true" in one of its spellings.
bool has_true_option(const Relation& relation, std::string_view name) {
  return std::ranges::any_of(relation.options, [&](std::string_view option) {
    if (!option.starts_with(name) || !option.substr(name.size()).starts_with('=')) return false;
    std::string_view value = option.substr(name.size() + 1);
    return value == "true" || value == "on" || value == "yes" || value == "1" || value == "t";
  });
}

[[noreturn]] void refuse_locked_rows(std::string_view kind, const Relation& relation) {
  throw sql_error(SqlState::kWrongObjectType, "cannot lock rows in {} \"{}\"", kind, relation.name);
}
}  // namespace

Scope* Binder::new_scope(Scope* parent) {
  scopes_.push_back(std::make_unique<Scope>());
  scopes_.back()->parent = parent;
  return scopes_.back().get();
}

SelectState* Binder::new_select_state() {
  select_states_.push_back(std::make_unique<SelectState>());
  return select_states_.back().get();
}

LogicalOp* Binder::join_inputs(LogicalOp* left, LogicalOp* right, JoinKind kind, Expr* condition) {
  std::vector<ColumnId> free = free_columns(*right);
  bool dependent = std::any_of(free.begin(), free.end(), [&](ColumnId column) {
    return std::find(left->output.begin(), left->output.end(), column) != left->output.end();
  });
  auto fill = [&](auto* op) -> LogicalOp* {
    op->join = kind;
    op->condition = condition;
    op->inputs = {left, right};
    op->output = left->output;
    op->output.insert(op->output.end(), right->output.begin(), right->output.end());
    return op;
  };
  if (dependent) return fill(context().make<ApplyOp>());
  return fill(context().make<JoinOp>());
}

LogicalOp* Binder::bind_from_list(const ast::NodeList& from, Scope* scope) {
  LogicalOp* plan = nullptr;
  for (const ast::Node* node : from) {
    Items items;
    LogicalOp* next = bind_from_item(node, scope, items);
    for (auto& item : items) {
      check_duplicate_alias(scope->items, *item, node->location);
      scope->items.push_back(item);
    }
    plan = plan == nullptr ? next : join_inputs(plan, next, JoinKind::kInner, nullptr);
  }
  return plan != nullptr ? plan : context().make<OneRowOp>();
}

void Binder::check_duplicate_alias(const Items& items, const ScopeItem& item, int location) {
  if (item.alias.empty() || !item.rel_visible) return;
  for (const auto& other : items) {
    if (!other->rel_visible || other->alias != item.alias) continue;
    bool both_tables =
        !other->schema.empty() && !item.schema.empty() && other->schema != item.schema;
    if (both_tables) continue;
    throw sql_error(SqlState::kDuplicateAlias, "table name \"{}\" specified more than once",
                    item.alias)
        .at_byte(location);
  }
}

LogicalOp* Binder::bind_from_item(const ast::Node* node, Scope* scope, Items& items) {
  LogicalOp* plan = bind_from_item_by_kind(node, scope, items);
  if (record_ != nullptr && view_depth_ == 0 && !items.empty()) {
    record_->items.insert_or_assign(node, items.back());
  }
  return plan;
}

LogicalOp* Binder::bind_from_item_by_kind(const ast::Node* node, Scope* scope, Items& items) {
  switch (node->tag) {
    case ast::NodeTag::kRangeVar:
      return bind_range_var(*ast::as<ast::RangeVar>(node), scope, items);
    case ast::NodeTag::kRangeSubselect:
      return bind_range_subselect(*ast::as<ast::RangeSubselect>(node), scope, items);
    case ast::NodeTag::kRangeFunction:
      return bind_range_function(*ast::as<ast::RangeFunction>(node), scope, items);
    case ast::NodeTag::kJoinExpr:
      return bind_join(*ast::as<ast::JoinExpr>(node), scope, items);
    case ast::NodeTag::kRangeTableSample:
      return bind_table_sample(*ast::as<ast::RangeTableSample>(node), scope, items);
    case ast::NodeTag::kRangeTableFunc:
      throw unsupported("XMLTABLE").at_byte(node->location);
    default:
      throw SqlError(SqlState::kInternalError, "unexpected node in FROM");
  }
}

void Binder::apply_column_aliases(ScopeItem& item, const ast::Alias* alias) {
  if (alias == nullptr) return;
  item.alias = alias->aliasname;
  item.schema.clear();
  if (alias->colnames.size() > item.columns.size()) {
    throw sql_error(SqlState::kInvalidColumnReference,
                    "table \"{}\" has {} columns available but {} columns specified", item.alias,
                    item.columns.size(), alias->colnames.size())
        .at_byte(alias->location);
  }
  for (size_t i = 0; i < alias->colnames.size(); ++i) item.columns[i].name = alias->colnames[i];
}

// --- relations ---

LogicalOp* Binder::make_scan(const TableDescPtr& table, const std::string& alias, ScopeItem& item) {
  auto* scan = context().make<ScanOp>();
  scan->table = table;
  scan->alias = alias;
  item.scan = scan;
  if (const Table* stored = environment_.catalog().table(table->oid))
    item.row_type = stored->row_type;
  for (size_t i = 0; i < table->columns.size(); ++i) {
    const ColumnDesc& column = table->columns[i];
    if (column.dropped) continue;
    ColumnId id = context().new_column(
        {column.name, column.type, column.collation, table->oid, static_cast<int16_t>(i + 1)});
    scan->output.push_back(id);
    scan->attribute.push_back(static_cast<int32_t>(i));
    item.columns.push_back({column.name, id});
  }
  return scan;
}

LogicalOp* Binder::make_virtual_scan(const Table& table, const std::string& alias,
                                     ScopeItem& item) {
  auto* scan = context().make<VirtualScanOp>();
  scan->relation = table.oid;
  scan->name = table.name;
  scan->alias = alias;
  item.virtual_scan = scan;
  item.row_type = table.row_type;
  for (const Column& column : table.columns) {
    ColumnId id = context().new_column(
        {column.name, column.type, column.collation, table.oid, column.number});
    scan->output.push_back(id);
    scan->attribute.push_back(column.number - 1);
    item.columns.push_back({column.name, id});
  }
  return scan;
}

LogicalOp* Binder::make_sequence_scan(const Relation& sequence, ScopeItem& item) {
  static constexpr std::pair<const char*, Oid> kColumns[] = {{"last_value", type_oid::kInt8},
                                                             {"log_cnt", type_oid::kInt8},
                                                             {"is_called", type_oid::kBool}};
  require_privilege(sequence).select = true;
  item.privilege = last_privilege();
  auto* scan = context().make<VirtualScanOp>();
  scan->relation = sequence.oid;
  scan->name = scan->alias = sequence.name;
  item.virtual_scan = scan;
  int16_t number = 0;
  for (const auto& [name, type] : kColumns) {
    scan->attribute.push_back(number++);
    ColumnId id = context().new_column({name, {type, -1}, kInvalidOid, sequence.oid, number});
    scan->output.push_back(id);
    item.columns.push_back({name, id, item.privilege, number});
  }
  return scan;
}

LogicalOp* Binder::bind_view(const Table& view, ScopeItem& item) {
  if (++view_depth_ > kMaxViewDepth) {
    throw sql_error(SqlState::kInvalidObjectDefinition,
                    "infinite recursion detected in rules for relation \"{}\"", view.name);
  }
  SearchPath defined_under = environment_.resolve_path(view.definition_search_path);
  const SearchPath* outer = view_path_;
  Oid outer_check_as = check_as_;
  view_path_ = &defined_under;
  check_as_ = has_true_option(view, "security_invoker") ? kInvalidOid : view.owner;
  struct Restore {
    Binder& binder;
    const SearchPath* outer;
    Oid check_as;
    ~Restore() {
      binder.view_path_ = outer;
      binder.check_as_ = check_as;
      --binder.view_depth_;
    }
  } restore{*this, outer, outer_check_as};
  ParseResult parsed = parse_sql(view.definition, arena());
  BoundSelect bound;
  try {
    bound = bind_query(parsed.statements[0].node, nullptr);
  } catch (SqlError& error) {
    error.byte_offset = -1;  // it would point into the view's text, which the client did not send
    throw;
  }
  size_t position = 0;
  for (const Column& column : view.columns) {
    if (column.dropped) continue;
    if (position >= bound.columns.size()) break;
    ColumnId id = bound.columns[position++].column;
    item.columns.push_back({column.name, id});
  }
  item.row_type = view.row_type;
  item.locks = std::move(bound.locks);
  return has_true_option(view, "security_barrier") ? add_barrier(bound.plan) : bound.plan;
}

// A transition table of the trigger whose function the statement belongs to.
LogicalOp* Binder::bind_named_rows(const ast::RangeVar& var, ScopeItem& item) {
  VariableScope::NamedRows rows;
  if (!variables_in_reach() || var.schemaname.data() != nullptr ||
      !variables_->find_rows(var.relname, rows, arena())) {
    return nullptr;
  }
  auto* op = context().make<TableFunctionOp>();
  item.unlockable = "a named tuplestore";
  op->alias = item.alias;
  op->calls.push_back({rows.call, static_cast<uint32_t>(rows.types.size()), false});
  for (size_t i = 0; i < rows.types.size(); ++i) {
    ColumnId id = context().new_column(
        {rows.names[i], rows.types[i], type_info(rows.types[i].oid).collation});
    op->output.push_back(id);
    item.columns.push_back({rows.names[i], id});
  }
  query_.calls_routines = true;
  return op;
}

LogicalOp* Binder::bind_range_var(const ast::RangeVar& var, Scope* scope, Items& items) {
  auto item = std::make_shared<ScopeItem>();
  item->alias = var.relname;
  if (var.schemaname.data() == nullptr) {
    for (Scope* level = scope; level != nullptr; level = level->parent) {
      for (size_t i = level->ctes.size(); i-- > 0;) {
        if (level->ctes[i]->name != var.relname) continue;
        LogicalOp* plan = bind_cte_reference(*level->ctes[i], var, *item);
        item->unlockable = "a WITH query";
        apply_column_aliases(*item, var.alias);
        items.push_back(item);
        return plan;
      }
    }
  }
  if (LogicalOp* rows = bind_named_rows(var, *item)) {
    apply_column_aliases(*item, var.alias);
    items.push_back(item);
    return rows;
  }
  const Relation& relation = require_relation(
      environment_.catalog(), path(), {var.schemaname, var.relname, var.catalogname, var.location});
  item->schema = environment_.catalog().schema_name(relation.schema);
  LogicalOp* plan = nullptr;
  const Table* table =
      relation.kind == ObjectKind::kTable ? static_cast<const Table*>(&relation) : nullptr;
  std::string alias =
      var.alias != nullptr ? std::string(var.alias->aliasname) : std::string(var.relname);
  RowLock lock = row_lock_of(*scope, alias);
  const bool locks = lock.strength != RowLockStrength::kNone;
  if (relation.kind == ObjectKind::kSequence) {
    if (locks) refuse_locked_rows("sequence", relation);
    require_privilege(relation).select = true;
    plan = make_sequence_scan(relation, *item);
    apply_column_aliases(*item, var.alias);
    items.push_back(item);
    return plan;
  }
  if (table == nullptr || table->relkind == 'c') {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is {}", relation.name,
                    relation.relkind == 'i' ? "an index" : "a composite type")
        .at_byte(var.location);
  }
  // Before what the view's own tables need.
  RequiredPrivilege& required = require_privilege(*table);
  required.select = true;
  required.update = locks;
  int32_t privilege = last_privilege();
  if (table->virtual_relation != nullptr) {
    plan = make_virtual_scan(*table, alias, *item);
  } else if (table->relkind == 'v') {
    handed_lock_ = lock;
    handed_lock_.in_view = true;
    plan = bind_view(*table, *item);
  } else if (table->relkind == 'm' && !table->is_populated) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                    "materialized view \"{}\" has not been populated", table->name)
        .hint("Use the REFRESH MATERIALIZED VIEW command.");
  } else if (table->relkind == 'm' && locks) {
    refuse_locked_rows("materialized view", *table);
  } else if (is_partitioned(*table) ||
             (var.inh && stands_for_family(environment_.catalog(), *table))) {
    plan = make_partition_scan(*table, alias, *item, 1, !var.inh);
    if (locks) lock_rows_of(*item, lock);
    plan = with_policies(*table, plan, *item);
  } else {
    plan = make_scan(environment_.table_desc(*table), alias, *item);
    query_.locks.push_back({table->oid, 1});
    if (locks) lock_rows_of(*item, lock);
    plan = with_policies(*table, plan, *item);
  }
  if (locks) add_update_policies(*item);
  tie_columns(*table, privilege, *item);
  apply_column_aliases(*item, var.alias);
  items.push_back(item);
  return plan;
}

LogicalOp* Binder::bind_range_subselect(const ast::RangeSubselect& node, Scope* scope,
                                        Items& items) {
  Scope* outer = scope;
  if (!node.lateral) {
    // Siblings are out of reach, CTEs and enclosing queries are not.
    outer = new_scope(scope->parent);
    outer->ctes = scope->ctes;
    outer->out_of_reach = scope;
    // The rows of a rule's action are everywhere.
    for (const auto& item : scope->items) {
      if (item == rule_rows_.old_row || item == rule_rows_.new_row) outer->items.push_back(item);
    }
  }
  handed_lock_ =
      row_lock_of(*scope, node.alias == nullptr ? std::string_view() : node.alias->aliasname);
  BoundSelect bound = bind_query(node.subquery, outer);
  auto item = std::make_shared<ScopeItem>();
  item->locks = std::move(bound.locks);
  for (const auto& column : bound.columns) item->columns.push_back({column.label, column.column});
  apply_column_aliases(*item, node.alias);
  // Columns that appear twice in the subquery's output need identities of their own.
  std::vector<ColumnId> seen;
  bool repeated = false;
  for (const ScopeColumn& column : item->columns) {
    repeated |= std::find(seen.begin(), seen.end(), column.id) != seen.end();
    seen.push_back(column.id);
  }
  LogicalOp* plan = bound.plan;
  if (repeated) {
    auto* project = context().make<ProjectOp>();
    project->inputs = {plan};
    for (ScopeColumn& column : item->columns) {
      Expr* source = context().column_ref(column.id);
      PlanColumn info = context().column(column.id);
      column.id = context().new_column(std::move(info));
      project->items.push_back({column.id, source});
      project->output.push_back(column.id);
    }
    plan = item->locks.empty() ? project : pass_columns_up(project);
  }
  items.push_back(item);
  return plan;
}

// --- joins ---

namespace {

// On the side of an outer join that need not have a row.
std::vector<ScopeColumn> visible_columns(const Items& side) {
  std::vector<ScopeColumn> columns;
  for (const auto& item : side) {
    if (item->cols_visible)
      columns.insert(columns.end(), item->columns.begin(), item->columns.end());
  }
  return columns;
}

// Of NATURAL and USING.
std::vector<std::string> shared_names(const ast::JoinExpr& join,
                                      const std::vector<ScopeColumn>& left,
                                      const std::vector<ScopeColumn>& right) {
  std::vector<std::string> shared(join.using_clause.begin(), join.using_clause.end());
  if (!join.is_natural) return shared;
  for (const ScopeColumn& column : left) {
    if (std::ranges::find(right, column.name, &ScopeColumn::name) != right.end()) {
      shared.push_back(column.name);
    }
  }
  return shared;
}

void may_be_missing(const Items& side) {
  for (const auto& item : side) item->nullable = true;
}

// The side of an outer join that may be missing. What has no key to tell whether there is a row
// gets a column that does, if its rows are named as values.
LogicalOp* with_presence(PlanContext& context, const Scope& scope, const Items& side,
                         LogicalOp* plan) {
  ProjectOp* project = nullptr;
  for (const auto& item : side) {
    bool has_key = item->scan != nullptr || item->partitioned || item->present != kNoColumn;
    if (has_key || !item->rel_visible || item->scalar_function) continue;
    if (std::ranges::find(scope.row_names, item->alias) == scope.row_names.end()) continue;
    if (project == nullptr) {
      project = context.make<ProjectOp>();
      project->inputs = {plan};
      for (ColumnId column : plan->output) {
        project->items.push_back({column, context.column_ref(column)});
      }
    }
    item->present = context.new_column({"present", {type_oid::kBool, -1}});
    project->items.push_back({item->present, make_bool(context.arena(), true)});
  }
  if (project == nullptr) return plan;
  for (const ProjectItem& entry : project->items) project->output.push_back(entry.column);
  return project;
}

}  // namespace

LogicalOp* Binder::bind_join(const ast::JoinExpr& join, Scope* scope, Items& items) {
  Items left_items, right_items;
  LogicalOp* left = bind_from_item(join.larg, scope, left_items);
  // The right side sees the left one through LATERAL.
  bool lateral_ok = join.jointype == ast::JoinType::kInner || join.jointype == ast::JoinType::kLeft;
  size_t before = scope->items.size();
  for (auto& item : left_items) {
    item->lateral_only = true;
    item->lateral_ok = lateral_ok;
    scope->items.push_back(item);
  }
  LogicalOp* right = bind_from_item(join.rarg, scope, right_items);
  scope->items.resize(before);
  for (auto& item : left_items) item->lateral_only = false;
  for (auto& item : right_items) check_duplicate_alias(left_items, *item, join.location);

  JoinKind kind = join.jointype == ast::JoinType::kLeft    ? JoinKind::kLeft
                  : join.jointype == ast::JoinType::kRight ? JoinKind::kRight
                  : join.jointype == ast::JoinType::kFull  ? JoinKind::kFull
                                                           : JoinKind::kInner;
  if (kind == JoinKind::kLeft || kind == JoinKind::kFull) {
    right = with_presence(context(), *scope, right_items, right);
  }
  if (kind == JoinKind::kRight || kind == JoinKind::kFull) {
    left = with_presence(context(), *scope, left_items, left);
  }
  std::vector<ScopeColumn> left_columns = visible_columns(left_items);
  std::vector<ScopeColumn> right_columns = visible_columns(right_items);
  const std::vector<std::string> shared = shared_names(join, left_columns, right_columns);

  Scope* join_scope = new_scope(scope->parent);
  join_scope->ctes = scope->ctes;
  join_scope->items = left_items;
  join_scope->items.insert(join_scope->items.end(), right_items.begin(), right_items.end());
  // LATERAL siblings to the left of the whole join stay visible in its condition's subqueries.
  std::vector<Expr*> conditions;
  struct Merged {
    std::string name;
    Expr* value;
    ColumnId left, right;
  };
  std::vector<Merged> merged;
  auto find_one = [&](const std::vector<ScopeColumn>& columns, const std::string& name,
                      const char* side) {
    const ScopeColumn* found = nullptr;
    for (const ScopeColumn& column : columns) {
      if (column.name != name) continue;
      if (found != nullptr) {
        throw sql_error(SqlState::kAmbiguousColumn,
                        "common column name \"{}\" appears more than once in {} table", name, side)
            .at_byte(join.location);
      }
      found = &column;
    }
    if (found == nullptr) {
      throw sql_error(SqlState::kUndefinedColumn,
                      "column \"{}\" specified in USING clause does not exist in {} table", name,
                      side)
          .at_byte(join.location);
    }
    use_column(*found);
    return found->id;
  };
  for (const std::string& name : shared) {
    ColumnId l = find_one(left_columns, name, "left");
    ColumnId r = find_one(right_columns, name, "right");
    Expr* left_ref = context().column_ref(l);
    Expr* right_ref = context().column_ref(r);
    // ASOF: the last one is the time.
    const bool is_time = join.is_asof && conditions.size() + 1 == shared.size();
    conditions.push_back(make_operator(is_time ? ">=" : "=", left_ref, right_ref, join.location));
    Oid type = select_common_type(std::vector<Expr*>{left_ref, right_ref}, "JOIN/USING");
    Expr* value =
        coerce_to_common(kind == JoinKind::kRight ? right_ref : left_ref, type, "JOIN/USING");
    if (kind == JoinKind::kFull) {
      Expr* other = coerce_to_common(right_ref, type, "JOIN/USING");
      Expr* coalesce = arena().make<Expr>(*value);
      coalesce->kind = ExprKind::kCoalesce;
      coalesce->function = nullptr;
      coalesce->implementation = {};
      coalesce->args = copy_span(arena(), std::vector<Expr*>{value, other});
      value = coalesce;
    }
    merged.push_back({name, value, l, r});
  }
  if (join.quals != nullptr) {
    conditions.push_back(bind_boolean(join.quals, join_scope, Clause::kJoinOn, "JOIN/ON"));
  }
  Expr* condition = make_and(arena(), conditions);
  LogicalOp* plan = join.is_asof ? asof_inputs(join, left, right, condition)
                                 : join_inputs(left, right, kind, condition);
  bool needs_merge = std::any_of(merged.begin(), merged.end(), [](const Merged& m) {
    return m.value->kind != ExprKind::kColumn;
  });
  auto item = std::make_shared<ScopeItem>();
  item->unlockable = "a join";
  if (needs_merge) {
    auto* project = context().make<ProjectOp>();
    project->inputs = {plan};
    for (ColumnId column : plan->output)
      project->items.push_back({column, context().column_ref(column)});
    for (Merged& m : merged) {
      if (m.value->kind == ExprKind::kColumn) continue;
      ColumnId id = context().new_column({m.name, m.value->type, m.value->collation});
      project->items.push_back({id, m.value});
      m.value = context().column_ref(id);
    }
    for (const ProjectItem& entry : project->items) project->output.push_back(entry.column);
    plan = project;
  }
  for (const Merged& m : merged) item->columns.push_back({m.name, m.value->column});
  auto add_rest = [&](const std::vector<ScopeColumn>& columns, bool is_left) {
    for (const ScopeColumn& column : columns) {
      bool is_merged = std::any_of(merged.begin(), merged.end(), [&](const Merged& m) {
        return (is_left ? m.left : m.right) == column.id && m.name == column.name;
      });
      if (!is_merged) item->columns.push_back(column);
    }
  };
  add_rest(left_columns, true);
  add_rest(right_columns, false);
  if (kind == JoinKind::kLeft || kind == JoinKind::kFull) may_be_missing(right_items);
  if (kind == JoinKind::kRight || kind == JoinKind::kFull) may_be_missing(left_items);
  for (Items* side : {&left_items, &right_items}) {
    for (auto& sub : *side) {
      sub->cols_visible = false;
      if (join.alias != nullptr) sub->rel_visible = false;
      items.push_back(sub);
    }
  }
  if (join.join_using_alias != nullptr) {
    auto alias = std::make_shared<ScopeItem>();
    alias->alias = join.join_using_alias->aliasname;
    alias->cols_visible = false;
    alias->unlockable = "a join";
    for (const Merged& m : merged) alias->columns.push_back({m.name, m.value->column});
    items.push_back(alias);
  }
  if (join.alias != nullptr) {
    apply_column_aliases(*item, join.alias);
  } else {
    item->rel_visible = false;
  }
  items.push_back(item);
  return plan;
}

}  // namespace luma
