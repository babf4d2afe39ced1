// WITH: common table expressions, recursive ones included.
#include <algorithm>

#include "sql/ast/tree.h"
#include "sql/bind/below_with.h"
#include "sql/bind/bind_select.h"
#include "sql/bind/binder.h"
#include "sql/bind/search_cycle.h"

namespace luma {

namespace {

// Does the query text mention `name` as an unqualified relation?
bool mentions(const ast::Node* query, std::string_view name) {
  bool found = false;
  ast::walk(query, [&](const ast::Node* node) {
    const auto* var = ast::try_as<ast::RangeVar>(node);
    if (var != nullptr && var->schemaname.data() == nullptr && var->relname == name) found = true;
    return !found;
  });
  return found;
}

// Where in the recursive term a reference to the query itself stands.
enum class RecursionPlace : uint8_t { kAllowed, kSubquery, kOuterJoin, kIntersect, kExcept };

// Refuses references that PostgreSQL refuses: a fixpoint of such a term would not be one.
class RecursiveTermCheck {
 public:
  explicit RecursiveTermCheck(std::string_view name) : name_(name) {}

  void visit(const ast::Node* node, RecursionPlace place) {
    if (node == nullptr) return;
    if (const auto* var = ast::try_as<ast::RangeVar>(node)) {
      if (var->schemaname.data() == nullptr && var->relname == name_) reference(*var, place);
      return;
    }
    if (const auto* select = ast::try_as<ast::SelectStmt>(node)) {
      if (hides_name(select->with_clause)) return;
      if (select->op == ast::SetOperation::kExcept || select->op == ast::SetOperation::kIntersect) {
        bool is_except = select->op == ast::SetOperation::kExcept;
        if (select->all) place = is_except ? RecursionPlace::kExcept : RecursionPlace::kIntersect;
        visit(select->larg, place);
        visit(select->rarg, is_except ? RecursionPlace::kExcept : place);
        return;
      }
    }
    if (const auto* join = ast::try_as<ast::JoinExpr>(node)) {
      bool outer_left =
          join->jointype == ast::JoinType::kRight || join->jointype == ast::JoinType::kFull;
      bool outer_right =
          join->jointype == ast::JoinType::kLeft || join->jointype == ast::JoinType::kFull;
      visit(join->larg, outer_left ? RecursionPlace::kOuterJoin : place);
      visit(join->rarg, outer_right ? RecursionPlace::kOuterJoin : place);
      visit(join->quals, place);
      return;
    }
    if (const auto* link = ast::try_as<ast::SubLink>(node)) {
      visit(link->subselect, RecursionPlace::kSubquery);
      visit(link->testexpr, place);
      return;
    }
    ast::for_each_child(node, [&](const ast::Node* child) { visit(child, place); });
  }

 private:
  void reference(const ast::RangeVar& var, RecursionPlace place) {
    std::string_view where = place == RecursionPlace::kSubquery    ? "within a subquery"
                             : place == RecursionPlace::kOuterJoin ? "within an outer join"
                             : place == RecursionPlace::kIntersect ? "within INTERSECT"
                             : place == RecursionPlace::kExcept    ? "within EXCEPT"
                             : ++references_ > 1                   ? "more than once"
                                                                   : "";
    if (where.empty()) return;
    throw sql_error(SqlState::kInvalidRecursion,
                    "recursive reference to query \"{}\" must not appear {}", name_, where)
        .at_byte(var.location);
  }

  bool hides_name(const ast::WithClause* with) const {
    if (with == nullptr) return false;
    return std::any_of(with->ctes.begin(), with->ctes.end(), [&](const ast::Node* node) {
      return ast::as<ast::CommonTableExpr>(node)->ctename == name_;
    });
  }

  std::string_view name_;
  int references_ = 0;
};

}  // namespace

WithOp* Binder::bind_with(const ast::WithClause* with, Scope* scope) {
  if (with == nullptr) return nullptr;
  auto* op = context().make<WithOp>();
  std::vector<std::string_view> names;
  for (const ast::Node* node : with->ctes) {
    const auto* cte = ast::as<ast::CommonTableExpr>(node);
    if (std::find(names.begin(), names.end(), cte->ctename) != names.end()) {
      throw sql_error(SqlState::kDuplicateAlias, "WITH query name \"{}\" specified more than once",
                      cte->ctename)
          .at_byte(cte->location);
    }
    names.push_back(cte->ctename);
    if (ast::is<ast::MergeStmt>(cte->ctequery)) {
      throw SqlError(SqlState::kFeatureNotSupported, "MERGE not supported in WITH query")
          .at_byte(cte->location);
    }
    if (cte->search_clause != nullptr || cte->cycle_clause != nullptr) {
      bind_searched_cte(*cte, with->recursive, scope, *op);
      continue;
    }
    bind_cte(*cte, with->recursive, scope, *op);
  }
  return op;
}

namespace {

void name_columns(const ast::CommonTableExpr& cte, const PlanContext& context,
                  const std::vector<BoundQuery::ResultColumn>& columns, CteBinding& binding) {
  if (cte.aliascolnames.size() > columns.size()) {
    throw sql_error(SqlState::kInvalidColumnReference,
                    "WITH query \"{}\" has {} columns available but {} columns specified",
                    cte.ctename, columns.size(), cte.aliascolnames.size())
        .at_byte(cte.location);
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    PlanColumn info = context.column(columns[i].column);
    info.name = i < cte.aliascolnames.size() ? std::string(cte.aliascolnames[i]) : columns[i].label;
    binding.columns.push_back(std::move(info));
  }
}

// A CTE hands up exactly its visible columns, in order.
LogicalOp* exact_output(PlanContext& context, LogicalOp* plan,
                        const std::vector<BoundQuery::ResultColumn>& columns) {
  std::vector<ColumnId> wanted;
  for (const auto& column : columns) wanted.push_back(column.column);
  if (plan->output == wanted) return plan;
  auto* project = context.make<ProjectOp>();
  project->inputs = {plan};
  for (ColumnId column : wanted) {
    bool repeated =
        std::find(project->output.begin(), project->output.end(), column) != project->output.end();
    ColumnId id = repeated ? context.new_column(PlanColumn(context.column(column))) : column;
    project->items.push_back({id, context.column_ref(column)});
    project->output.push_back(id);
  }
  return project;
}

}  // namespace

void Binder::bind_cte(const ast::CommonTableExpr& cte, bool recursive, Scope* scope, WithOp& with) {
  cte_bindings_.push_back(std::make_unique<CteBinding>());
  CteBinding& binding = *cte_bindings_.back();
  binding.name = cte.ctename;
  binding.cte = context().make_cte();
  binding.cte->name = binding.name;
  binding.cte->mode =
      cte.ctematerialized == ast::CTEMaterialize::kAlways  ? CteDefinition::Mode::kMaterialized
      : cte.ctematerialized == ast::CTEMaterialize::kNever ? CteDefinition::Mode::kNotMaterialized
                                                           : CteDefinition::Mode::kDefault;
  with.ctes.push_back(binding.cte);
  binding.first_privilege = query_.privileges.size();
  if (recursive && mentions(cte.ctequery, cte.ctename)) {
    bind_recursive_cte(cte, scope, binding);
  } else {
    bool modifies = !ast::is<ast::SelectStmt>(cte.ctequery);
    if (modifies && scope->parent != nullptr) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "WITH clause containing a data-modifying statement must be at the top level")
          .at_byte(cte.location);
    }
    BoundSelect bound =
        modifies ? bind_modifying_cte(cte.ctequery, scope) : bind_query(cte.ctequery, scope);
    if (modifies) {
      binding.cte->modifies_data = true;
      binding.cte->mode = CteDefinition::Mode::kMaterialized;
    }
    name_columns(cte, context(), bound.columns, binding);
    binding.cte->plan = exact_output(context(), bound.plan, bound.columns);
  }
  binding.last_privilege = query_.privileges.size();
  scope->ctes.push_back(&binding);
}

void Binder::bind_searched_cte(const ast::CommonTableExpr& cte, bool recursive, Scope* scope,
                               WithOp& with) {
  if (!recursive || !mentions(cte.ctequery, cte.ctename)) {
    throw SqlError(SqlState::kSyntaxError, "WITH query is not recursive").at_byte(cte.location);
  }
  check_search_and_cycle_form(cte);
  const auto* query = ast::as<ast::SelectStmt>(cte.ctequery);
  std::vector<std::string> columns(cte.aliascolnames.begin(), cte.aliascolnames.end());
  if (query->larg != nullptr) {
    // What the query's columns are called, its first term says.
    BoundSelect first = bind_query(query->larg, scope);
    for (size_t i = columns.size(); i < first.columns.size(); ++i) {
      columns.push_back(first.columns[i].label);
    }
  }
  SearchCycleResult expanded = expand_search_and_cycle(cte, columns, arena());
  bind_cte(*expanded.cte, recursive, scope, with);
  if (expanded.has_depth_column) scope->ctes.back()->hidden_columns = 1;
}

void Binder::bind_recursive_cte(const ast::CommonTableExpr& cte, Scope* scope,
                                CteBinding& binding) {
  const auto* select = ast::try_as<ast::SelectStmt>(cte.ctequery);
  auto invalid = [&](std::string_view why) {
    return sql_error(SqlState::kInvalidRecursion, "{}", why).at_byte(cte.location);
  };
  if (select == nullptr || select->op != ast::SetOperation::kUnion) {
    throw invalid(
        fmt::format("recursive query \"{}\" does not have the form non-recursive-term UNION [ALL] "
                    "recursive-term",
                    cte.ctename));
  }
  if (mentions(select->larg, cte.ctename)) {
    throw invalid(fmt::format(
        "recursive reference to query \"{}\" must not appear within its non-recursive term",
        cte.ctename));
  }
  auto not_implemented = [](const ast::Node* clause, std::string_view what) {
    if (clause == nullptr) return;
    throw sql_error(SqlState::kFeatureNotSupported, "{} in a recursive query is not implemented",
                    what)
        .at_byte(clause->location);
  };
  RecursiveTermCheck(cte.ctename).visit(select->rarg, RecursionPlace::kAllowed);
  if (!select->sort_clause.empty())
    not_implemented(ast::as<ast::SortBy>(select->sort_clause[0])->node, "ORDER BY");
  not_implemented(select->limit_offset, "OFFSET");
  not_implemented(select->limit_count, "LIMIT");
  if (!select->locking_clause.empty())
    not_implemented(select->locking_clause[0], "FOR UPDATE/SHARE");
  Scope* inner = new_scope(scope);
  WithOp* with = bind_with(select->with_clause, inner);
  BoundSelect first = bind_query(select->larg, inner);
  first.plan = exact_output(context(), first.plan, first.columns);
  name_columns(cte, context(), first.columns, binding);
  binding.work_table = context().new_work_table();
  binding.in_recursion = true;
  inner->ctes.push_back(&binding);
  BoundSelect step;
  step.plan = set_operation_tree(*select->rarg, inner, step.columns, false);
  binding.in_recursion = false;
  if (step.columns.size() != first.columns.size()) {
    throw SqlError(SqlState::kSyntaxError, "each UNION query must have the same number of columns")
        .at_byte(select->rarg->location);
  }
  auto* op = context().make<RecursiveUnionOp>();
  op->work_table = binding.work_table;
  op->all = select->all;
  auto* project = context().make<ProjectOp>();
  project->inputs = {step.plan};
  for (size_t i = 0; i < first.columns.size(); ++i) {
    const PlanColumn& left = context().column(first.plan->output[i]);
    Expr* value = context().column_ref(step.columns[i].column);
    if (Expr** literal = untyped_source(step.plan, step.columns[i].column)) {
      *literal = coerce_to_common(*literal, left.type.oid, "UNION");
      PlanColumn& info = context().column(step.columns[i].column);
      info.type = {left.type.oid, -1};
      info.collation = type_info(left.type.oid).collation;
      value = context().column_ref(step.columns[i].column);
    }
    Oid common = select_common_type(
        std::vector<Expr*>{context().column_ref(first.plan->output[i]), value}, "UNION");
    if (common != left.type.oid) {
      throw sql_error(
          SqlState::kDatatypeMismatch,
          "recursive query \"{}\" column {} has type {} in non-recursive term but type {} overall",
          cte.ctename, i + 1, format_type(left.type.oid, left.type.typmod), format_type(common))
          .hint("Cast the output of the non-recursive term to the correct type.")
          .at_byte(cte.location);
    }
    value = coerce_to_common(value, common, "UNION");
    ColumnId id = context().new_column({binding.columns[i].name, {common, -1}, value->collation});
    project->items.push_back({id, value});
    project->output.push_back(id);
    ColumnId out = context().new_column(PlanColumn(binding.columns[i]));
    op->output.push_back(out);
  }
  op->columns[0] = first.plan->output;
  op->columns[1] = project->output;
  op->inputs = {first.plan, project};
  binding.cte->recursive = true;
  binding.cte->mode = CteDefinition::Mode::kMaterialized;
  binding.cte->plan = below_with(with, op);
}

LogicalOp* Binder::bind_cte_reference(CteBinding& binding, const ast::RangeVar& var,
                                      ScopeItem& item) {
  std::string alias =
      var.alias != nullptr ? std::string(var.alias->aliasname) : std::string(var.relname);
  auto add_columns = [&](LogicalOp* op) {
    size_t shown = binding.columns.size() - binding.hidden_columns;
    for (const PlanColumn& column : binding.columns) {
      ColumnId id = context().new_column(PlanColumn(column));
      op->output.push_back(id);
      const LogicalOp* defined = binding.cte->plan;
      if (defined != nullptr && op->output.size() <= defined->output.size()) {
        keep_record_fields(id, *context().column_ref(defined->output[op->output.size() - 1]));
      }
      if (op->output.size() <= shown) item.columns.push_back({column.name, id});
    }
    return op;
  };
  if (binding.in_recursion) {
    if (binding.recursive_references++ > 0) {
      throw sql_error(SqlState::kInvalidRecursion,
                      "recursive reference to query \"{}\" must not appear more than once",
                      binding.name)
          .at_byte(var.location);
    }
    auto* scan = context().make<WorkTableScanOp>();
    scan->work_table = binding.work_table;
    item.recursive_reference = true;
    scan->alias = alias;
    return add_columns(scan);
  }
  if (binding.cte->modifies_data && binding.columns.empty()) {
    throw sql_error(SqlState::kFeatureNotSupported,
                    "WITH query \"{}\" does not have a RETURNING clause", binding.name)
        .at_byte(var.location);
  }
  ++binding.cte->references;
  auto* scan = context().make<CteScanOp>();
  scan->cte = binding.cte;
  scan->alias = alias;
  return add_columns(scan);
}

}  // namespace luma
