// Whole queries: entry point, VALUES, set operations, LIMIT.
#include <algorithm>

#include "sql/bind/below_with.h"
#include "sql/bind/bind_modify.h"
#include "sql/bind/bind_select.h"
#include "sql/bind/binder.h"
#include "sql/bind/collations.h"
#include "sql/bind/variable_scope.h"

namespace luma {

Binder::Binder(BindEnvironment& environment, std::vector<Oid> parameter_types)
    : environment_(environment), parameter_types_(std::move(parameter_types)) {
  for (Oid type : parameter_types_) {
    if (type != kInvalidOid) require_usable_type(type, -1);
  }
  query_.context = std::make_unique<PlanContext>();
}

Binder::~Binder() = default;

bool Binder::can_bind(const ast::Node* statement) {
  return ast::is<ast::SelectStmt>(statement) || ast::is<ast::InsertStmt>(statement) ||
         ast::is<ast::UpdateStmt>(statement) || ast::is<ast::DeleteStmt>(statement) ||
         ast::is<ast::MergeStmt>(statement);
}

BoundQuery Binder::bind(const ast::Node* statement) {
  return finish(bind_query(statement, nullptr));
}

BoundQuery Binder::finish(BoundSelect bound) {
  query_.root = bound.plan;
  if (CollationPass::is_needed(*this)) query_.root = CollationPass(*this).run(*query_.root);
  forget_unused_privileges();
  std::ranges::stable_sort(query_.privileges, {}, &RequiredPrivilege::level);
  query_.result = std::move(bound.columns);
  if (variables_ != nullptr) parameter_types_ = variables_->parameter_types();
  for (size_t i = 0; i < parameter_types_.size(); ++i) {
    if (parameter_types_[i] == kInvalidOid || parameter_types_[i] == type_oid::kUnknown) {
      int location = -1;
      for (const Expr* node : parameter_nodes_) {
        if (node->index == i) location = node->location;
      }
      throw sql_error(SqlState::kIndeterminateDatatype,
                      "could not determine data type of parameter ${}", i + 1)
          .at_byte(location);
    }
    query_.parameter_types.push_back({parameter_types_[i], -1});
  }
  return std::move(query_);
}

BoundSelect Binder::bind_query(const ast::Node* node, Scope* parent,
                               const std::vector<TypeRef>* target_types) {
  struct Level {
    uint32_t& level;
    explicit Level(uint32_t& counter) : level(++counter) {}
    ~Level() { --level; }
  } level(query_level_);
  if (const auto* select = ast::try_as<ast::SelectStmt>(node))
    return bind_select(*select, parent, target_types);
  return bind_data_modifying(node, parent);
}

BoundSelect Binder::bind_data_modifying(const ast::Node* node, Scope* parent) {
  return ModifyBinder(*this, parent).bind(node);
}

BoundSelect Binder::bind_select(const ast::SelectStmt& select, Scope* parent,
                                const std::vector<TypeRef>* target_types) {
  if (++depth_ > 400) {
    depth_ = 0;
    throw SqlError(SqlState::kStatementTooComplex, "stack depth limit exceeded")
        .hint("The query is nested too deeply; split it up.");
  }
  struct Leave {
    int& depth;
    ~Leave() { --depth; }
  } leave{depth_};
  const bool is_set_operation = select.op != ast::SetOperation::kNone;
  if (is_set_operation || !select.values_lists.empty()) {
    RowLock lock = std::exchange(handed_lock_, {});
    if (is_set_operation && lock.strength != RowLockStrength::kNone && !lock.in_view) {
      throw sql_error(SqlState::kFeatureNotSupported,
                      "{} is not allowed with UNION/INTERSECT/EXCEPT",
                      row_lock_name(lock.strength));
    }
  }
  if (!select.values_lists.empty()) return bind_values(select, parent, target_types);
  if (is_set_operation) return bind_set_operation(select, parent);
  return SelectBinder(*this, select, parent, target_types, false).bind();
}

// --- VALUES ---

BoundSelect Binder::bind_values(const ast::SelectStmt& select, Scope* parent,
                                const std::vector<TypeRef>* target_types) {
  Scope* scope = new_scope(parent);
  WithOp* with = bind_with(select.with_clause, scope);
  LogicalOp* rows = nullptr;
  if (frame_select_ == &select) {
    frame_select_ = nullptr;
    rows = bind_rule_rows(*open_frame_, scope);
  }
  auto* op = context().make<ValuesOp>();
  size_t width = 0;
  for (const ast::Node* row : select.values_lists) {
    const auto* list = ast::as<ast::ListNode>(row);
    std::vector<Expr*> values;
    values.reserve(list->items.size());
    for (size_t i = 0; i < list->items.size(); ++i) {
      const ast::Node* item = list->items[i];
      if (ast::is<ast::SetToDefault>(item)) {
        throw SqlError(SqlState::kSyntaxError, "DEFAULT is not allowed in this context")
            .at_byte(item->location);
      }
      Expr* value = bind_expr(item, scope, Clause::kValues);
      const auto* column = ast::try_as<ast::ColumnRef>(item);
      if (column != nullptr && ast::is<ast::AStar>(column->fields.back())) {
        std::vector<RowField> fields;
        for (Expr* field : expand_row(value, fields, item->location)) values.push_back(field);
      } else {
        values.push_back(value);
      }
    }
    if (op->value_rows.empty()) width = values.size();
    if (values.size() != width) {
      throw SqlError(SqlState::kSyntaxError, "VALUES lists must all be the same length")
          .at_byte(list->items.empty() ? -1 : list->items[0]->location);
    }
    op->value_rows.push_back(std::move(values));
  }
  BoundSelect out;
  for (size_t i = 0; i < width; ++i) {
    std::vector<Expr*> column;
    for (auto& row : op->value_rows) column.push_back(row[i]);
    bool untyped = std::all_of(column.begin(), column.end(),
                               [](const Expr* e) { return e->type.oid == type_oid::kUnknown; });
    Oid type = untyped && target_types != nullptr && i < target_types->size()
                   ? (*target_types)[i].oid
                   : select_common_type(column, "VALUES");
    int32_t typmod = -2;
    for (auto& row : op->value_rows) {
      row[i] = coerce_to_common(row[i], type, "VALUES");
      typmod = typmod == -2 || typmod == row[i]->type.typmod ? row[i]->type.typmod : -1;
    }
    std::string label = fmt::format("column{}", i + 1);
    ColumnId id = context().new_column({label, {type, typmod}, type_info(type).collation});
    op->output.push_back(id);
    out.columns.push_back({label, id});
  }
  LogicalOp* source = rows == nullptr ? op : join_inputs(rows, op, JoinKind::kInner, nullptr);
  LogicalOp* plan = bind_order_limit(select, scope, source, out.columns);
  out.plan = below_with(with, plan);
  return out;
}

// ORDER BY over a VALUES list or set operation: output names and positions only.
LogicalOp* Binder::bind_order_limit(const ast::SelectStmt& select, Scope* scope, LogicalOp* plan,
                                    std::vector<BoundQuery::ResultColumn>& columns) {
  if (!select.locking_clause.empty()) {
    const auto* clause = ast::as<ast::LockingClause>(select.locking_clause[0]);
    throw sql_error(
        SqlState::kFeatureNotSupported, "{} {}", row_lock_name(row_lock_of(*clause).strength),
        select.op != ast::SetOperation::kNone ? "is not allowed with UNION/INTERSECT/EXCEPT"
                                              : "cannot be applied to VALUES");
  }
  if (!select.sort_clause.empty()) {
    auto* sort = context().make<SortOp>();
    sort->inputs = {plan};
    sort->output = plan->output;
    for (const ast::Node* node : select.sort_clause) {
      const auto* by = ast::as<ast::SortBy>(node);
      ColumnId column = kNoColumn;
      const auto* ref = ast::try_as<ast::ColumnRef>(by->node);
      const auto* constant = ast::try_as<ast::AConst>(by->node);
      if (ref != nullptr && ref->fields.size() == 1 && ast::is<ast::String>(ref->fields[0])) {
        std::string_view name = ast::as<ast::String>(ref->fields[0])->sval;
        for (const auto& candidate : columns) {
          if (candidate.label != name) continue;
          if (column != kNoColumn) {
            throw sql_error(SqlState::kAmbiguousColumn, "ORDER BY \"{}\" is ambiguous", name)
                .at_byte(ref->location);
          }
          column = candidate.column;
        }
        if (column == kNoColumn) {
          throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" does not exist", name)
              .at_byte(ref->location);
        }
      } else if (constant != nullptr && constant->kind == ast::ConstKind::kInteger) {
        if (constant->ival < 1 || static_cast<size_t>(constant->ival) > columns.size()) {
          throw sql_error(SqlState::kInvalidColumnReference,
                          "ORDER BY position {} is not in select list", constant->ival)
              .at_byte(constant->location);
        }
        column = columns[constant->ival - 1].column;
      } else {
        throw SqlError(SqlState::kFeatureNotSupported,
                       "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
            .detail("Only result column names can be used, not expressions or functions.")
            .hint(
                "Add the expression/function to every SELECT, or move the UNION into a FROM "
                "clause.")
            .at_byte(by->node->location);
      }
      sort->keys.push_back(make_sort_key(context().column_ref(column), *by));
    }
    plan = sort;
  }
  return apply_limit(select, scope, plan);
}

LogicalOp* Binder::apply_limit(const ast::SelectStmt& select, Scope* scope, LogicalOp* plan) {
  if (select.limit_count == nullptr && select.limit_offset == nullptr) return plan;
  auto bind_count = [&](const ast::Node* node, Clause clause, const char* name) -> Expr* {
    if (node == nullptr) return nullptr;
    // Columns of this level are out of reach; those of enclosing levels are not.
    Scope* outer = new_scope(scope->parent);
    outer->ctes = scope->ctes;
    const auto* constant = ast::try_as<ast::AConst>(node);
    if (constant != nullptr && constant->isnull()) return nullptr;
    Expr* count = bind_expr(node, scope, clause);
    if (expr_contains(*count, [&](const Expr& e) {
          return e.kind == ExprKind::kColumn && scope_of_column(scope, e.column) == scope;
        })) {
      throw sql_error(SqlState::kInvalidColumnReference,
                      "argument of {} must not contain variables", name)
          .at_byte(count->location);
    }
    return coerce_to_bigint(count, name);
  };
  auto* limit = context().make<LimitOp>();
  limit->inputs = {plan};
  limit->output = plan->output;
  limit->limit = bind_count(select.limit_count, Clause::kLimit, "LIMIT");
  limit->offset = bind_count(select.limit_offset, Clause::kOffset, "OFFSET");
  limit->with_ties = select.limit_option == ast::LimitOption::kWithTies;
  if (limit->with_ties && select.sort_clause.empty()) {
    throw SqlError(SqlState::kSyntaxError, "WITH TIES cannot be specified without ORDER BY clause");
  }
  return limit;
}

// --- UNION, INTERSECT, EXCEPT ---

namespace {

std::string_view set_operation_name(ast::SetOperation op) {
  switch (op) {
    case ast::SetOperation::kUnion:
      return "UNION";
    case ast::SetOperation::kIntersect:
      return "INTERSECT";
    default:
      return "EXCEPT";
  }
}

}  // namespace

Expr** untyped_source(LogicalOp* plan, ColumnId column) {
  if (plan->kind != OpKind::kProject) return nullptr;
  for (ProjectItem& item : static_cast<ProjectOp*>(plan)->items) {
    if (item.column == column && item.expr->type.oid == type_oid::kUnknown) return &item.expr;
  }
  return nullptr;
}

LogicalOp* Binder::set_operation_tree(const ast::SelectStmt& select, Scope* scope,
                                      std::vector<BoundQuery::ResultColumn>& columns, bool top) {
  bool is_leaf = select.op == ast::SetOperation::kNone;
  bool wrapped = !top && (!select.sort_clause.empty() || select.limit_count != nullptr ||
                          select.limit_offset != nullptr || select.with_clause != nullptr);
  if (is_leaf || wrapped) {
    BoundSelect leaf = is_leaf && select.values_lists.empty()
                           ? SelectBinder(*this, select, scope, nullptr, true).bind()
                           : bind_select(select, scope, nullptr);
    columns = std::move(leaf.columns);
    return leaf.plan;
  }
  std::vector<BoundQuery::ResultColumn> sides[2];
  LogicalOp* plans[2] = {set_operation_tree(*select.larg, scope, sides[0], false),
                         set_operation_tree(*select.rarg, scope, sides[1], false)};
  std::string_view name = set_operation_name(select.op);
  if (sides[0].size() != sides[1].size()) {
    throw sql_error(SqlState::kSyntaxError, "each {} query must have the same number of columns",
                    name)
        .at_byte(select.rarg->location);
  }
  auto* op = context().make<SetOpOp>();
  op->set_op = select.op == ast::SetOperation::kUnion       ? SetOpKind::kUnion
               : select.op == ast::SetOperation::kIntersect ? SetOpKind::kIntersect
                                                            : SetOpKind::kExcept;
  op->all = select.all;
  std::vector<ProjectItem> projections[2];
  bool changed[2] = {false, false};
  for (size_t i = 0; i < sides[0].size(); ++i) {
    std::vector<Expr*> pair;
    for (int side = 0; side < 2; ++side) {
      Expr** literal = untyped_source(plans[side], sides[side][i].column);
      pair.push_back(literal != nullptr ? *literal : context().column_ref(sides[side][i].column));
    }
    Oid type = select_common_type(pair, name);
    int32_t typmod = pair[0]->type == pair[1]->type ? pair[0]->type.typmod : -1;
    for (int side = 0; side < 2; ++side) {
      ColumnId column = sides[side][i].column;
      if (Expr** literal = untyped_source(plans[side], column)) {
        *literal = coerce_to_common(*literal, type, name);
        context().column(column).type = {type, -1};
        context().column(column).collation = type_info(type).collation;
      }
      Expr* value = coerce_to_common(context().column_ref(column), type, name);
      if (value->kind != ExprKind::kColumn) {
        changed[side] = true;
        column = context().new_column({sides[side][i].label, {type, -1}, value->collation});
      }
      projections[side].push_back({column, value});
    }
    if (!(op->set_op == SetOpKind::kUnion && op->all) && type_info(type).compare == nullptr) {
      throw sql_error(SqlState::kUndefinedFunction,
                      "could not identify an equality operator for type {}", format_type(type))
          .at_byte(pair[0]->location);
    }
    ColumnId id =
        context().new_column({sides[0][i].label, {type, typmod}, type_info(type).collation});
    op->output.push_back(id);
    keep_record_fields(id, *context().column_ref(sides[0][i].column));
    columns.push_back({sides[0][i].label, id});
  }
  for (int side = 0; side < 2; ++side) {
    if (changed[side]) {
      auto* project = context().make<ProjectOp>();
      project->inputs = {plans[side]};
      for (const ProjectItem& item : projections[side]) {
        bool twice = std::find(project->output.begin(), project->output.end(), item.column) !=
                     project->output.end();
        if (!twice) {
          project->items.push_back(item);
          project->output.push_back(item.column);
        }
      }
      plans[side] = project;
    }
    for (const ProjectItem& item : projections[side]) op->columns[side].push_back(item.column);
  }
  op->inputs = {plans[0], plans[1]};
  return op;
}

BoundSelect Binder::bind_set_operation(const ast::SelectStmt& select, Scope* parent) {
  Scope* scope = new_scope(parent);
  WithOp* with = bind_with(select.with_clause, scope);
  BoundSelect out;
  LogicalOp* plan = set_operation_tree(select, scope, out.columns, true);
  plan = bind_order_limit(select, scope, plan, out.columns);
  out.plan = below_with(with, plan);
  return out;
}

}  // namespace luma
