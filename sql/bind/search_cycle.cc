#include "sql/bind/search_cycle.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/ast/ast.h"
#include "sql/ast/rewrite.h"

namespace luma {
namespace {

constexpr std::string_view kFirstTerm = "*TLOCRN*", kRecursiveTerm = "*TROCRN*", kDepth = "*DEPTH*";

const ast::RangeVar* reference_in_from(const ast::SelectStmt& select, std::string_view name) {
  for (const ast::Node* item : select.from_clause) {
    const ast::RangeVar* found = nullptr;
    ast::walk(item, [&](const ast::Node* node) {
      if (ast::is<ast::RangeSubselect>(node) || ast::is<ast::SubLink>(node)) return false;
      const auto* var = ast::try_as<ast::RangeVar>(node);
      if (var != nullptr && var->schemaname.data() == nullptr && var->relname == name) found = var;
      return true;
    });
    if (found != nullptr) return found;
  }
  return nullptr;
}

void check_columns(const ast::NameList& names, std::string_view what,
                   const std::vector<std::string>& columns, int location) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::find(columns.begin(), columns.end(), names[i]) == columns.end()) {
      throw sql_error(SqlState::kSyntaxError, "{} column \"{}\" not in WITH query column list",
                      what, names[i])
          .at_byte(location);
    }
    for (size_t j = 0; j < i; ++j) {
      if (names[j] != names[i]) continue;
      throw sql_error(SqlState::kDuplicateColumn, "{} column \"{}\" specified more than once", what,
                      names[i])
          .at_byte(location);
    }
  }
}

void check_names(const ast::CommonTableExpr& cte, const std::vector<std::string>& columns) {
  const ast::CTESearchClause* search = cte.search_clause;
  const ast::CTECycleClause* cycle = cte.cycle_clause;
  auto same = [&](std::string_view a, std::string_view b, int location) {
    throw sql_error(SqlState::kSyntaxError, "{} name and {} name are the same", a, b)
        .at_byte(location);
  };
  if (search != nullptr) {
    check_columns(search->search_col_list, "search", columns, search->location);
  }
  if (cycle == nullptr) return;
  check_columns(cycle->cycle_col_list, "cycle", columns, cycle->location);
  if (cycle->cycle_mark_column == cycle->cycle_path_column) {
    same("cycle mark column", "cycle path column", cycle->location);
  }
  if (search == nullptr) return;
  if (search->search_seq_column == cycle->cycle_mark_column) {
    same("search sequence column", "cycle mark column", search->location);
  }
  if (search->search_seq_column == cycle->cycle_path_column) {
    same("search sequence column", "cycle path column", search->location);
  }
}

class Expander {
 public:
  Expander(const ast::CommonTableExpr& cte, const std::vector<std::string>& columns, Arena& arena)
      : cte_(cte), columns_(columns), arena_(arena) {}

  SearchCycleResult run() {
    const auto& query = *ast::as<ast::SelectStmt>(cte_.ctequery);
    bool breadth = cte_.search_clause != nullptr && cte_.search_clause->search_breadth_first;
    if (cte_.search_clause != nullptr) extra_.emplace_back(cte_.search_clause->search_seq_column);
    if (cte_.cycle_clause != nullptr) {
      extra_.emplace_back(cte_.cycle_clause->cycle_mark_column);
      extra_.emplace_back(cte_.cycle_clause->cycle_path_column);
    }
    if (breadth) extra_.emplace_back(kDepth);
    auto* united = arena_.make<ast::SelectStmt>(query);
    united->larg = first_term(*query.larg);
    united->rarg = recursive_term(*query.rarg);
    auto* out = arena_.make<ast::CommonTableExpr>(cte_);
    out->ctequery = united;
    out->search_clause = nullptr;
    out->cycle_clause = nullptr;
    std::vector<std::string_view> names = names_of(columns_);
    names.insert(names.end(), extra_.begin(), extra_.end());
    out->aliascolnames = ast::make_list(arena_, names);
    return {out, breadth};
  }

 private:
  using Node = const ast::Node*;

  std::vector<std::string_view> names_of(const std::vector<std::string>& names) {
    std::vector<std::string_view> out;
    for (const std::string& name : names) out.push_back(arena_.copy(name));
    return out;
  }
  Node string(std::string_view text) {
    auto* node = arena_.make<ast::String>();
    node->sval = arena_.copy(text);
    return node;
  }
  Node column(std::string_view table, std::string_view name) {
    auto* node = arena_.make<ast::ColumnRef>();
    node->fields = ast::make_list<Node>(arena_, {string(table), string(name)});
    return node;
  }
  Node row(std::vector<Node> fields) {
    auto* node = arena_.make<ast::RowExpr>();
    node->args = ast::make_list(arena_, fields);
    return node;
  }
  Node array(Node element) {
    auto* node = arena_.make<ast::AArrayExpr>();
    node->elements = ast::make_list<Node>(arena_, {element});
    return node;
  }
  Node operation(std::string_view name, Node left, Node right,
                 ast::AExprKind kind = ast::AExprKind::kOp) {
    auto* node = arena_.make<ast::AExpr>();
    node->kind = kind;
    node->name = ast::make_list<std::string_view>(arena_, {"pg_catalog", arena_.copy(name)});
    node->lexpr = left;
    node->rexpr = right;
    return node;
  }
  Node number(int32_t value) {
    auto* constant = arena_.make<ast::AConst>();
    constant->kind = ast::ConstKind::kInteger;
    constant->ival = value;
    auto* type = arena_.make<ast::TypeName>();
    type->names = ast::make_list<std::string_view>(arena_, {"pg_catalog", "int8"});
    auto* cast = arena_.make<ast::TypeCast>();
    cast->arg = constant;
    cast->type_name = type;
    return cast;
  }
  Node mark_if(Node condition) {
    auto* when = arena_.make<ast::CaseWhen>();
    when->expr = condition;
    when->result = cte_.cycle_clause->cycle_mark_value;
    auto* node = arena_.make<ast::CaseExpr>();
    node->args = ast::make_list<Node>(arena_, {when});
    node->defresult = cte_.cycle_clause->cycle_mark_default;
    return node;
  }
  Node never() {
    auto* constant = arena_.make<ast::AConst>();
    constant->kind = ast::ConstKind::kBoolean;
    return constant;
  }
  Node target(Node value, std::string_view name) {
    auto* node = arena_.make<ast::ResTarget>();
    node->val = value;
    node->name = name.empty() ? std::string_view() : arena_.copy(name);
    return node;
  }
  std::vector<Node> fields(const ast::NameList& names, std::string_view table) {
    std::vector<Node> out;
    for (std::string_view name : names) out.push_back(column(table, name));
    return out;
  }

  // SELECT the term's columns, then the clauses', FROM (term) AS alias(names).
  ast::SelectStmt* around(const ast::SelectStmt* term, std::string_view alias,
                          const std::vector<std::string_view>& names,
                          const std::vector<Node>& values) {
    auto* outer = arena_.make<ast::SelectStmt>();
    std::vector<Node> targets;
    for (const std::string& name : columns_) targets.push_back(target(column(alias, name), name));
    for (size_t i = 0; i < values.size(); ++i) targets.push_back(target(values[i], extra_[i]));
    outer->target_list = ast::make_list(arena_, targets);
    auto* as = arena_.make<ast::Alias>();
    as->aliasname = alias;
    as->colnames = ast::make_list(arena_, names);
    auto* item = arena_.make<ast::RangeSubselect>();
    item->subquery = term;
    item->alias = as;
    outer->from_clause = ast::make_list<Node>(arena_, {item});
    return outer;
  }

  const ast::SelectStmt* first_term(const ast::SelectStmt& term) {
    std::vector<Node> values;
    if (const ast::CTESearchClause* search = cte_.search_clause) {
      std::vector<Node> key = fields(search->search_col_list, kFirstTerm);
      if (search->search_breadth_first) key.insert(key.begin(), number(0));
      values.push_back(search->search_breadth_first ? row(key) : array(row(key)));
    }
    if (const ast::CTECycleClause* cycle = cte_.cycle_clause) {
      values.push_back(mark_if(never()));
      values.push_back(array(row(fields(cycle->cycle_col_list, kFirstTerm))));
    }
    if (values.size() < extra_.size()) values.push_back(number(0));
    return around(&term, kFirstTerm, names_of(columns_), values);
  }

  const ast::SelectStmt* recursive_term(const ast::SelectStmt& term) {
    const ast::RangeVar* reference = reference_in_from(term, cte_.ctename);
    std::string_view table =
        reference->alias != nullptr ? reference->alias->aliasname : reference->relname;
    auto* inner = arena_.make<ast::SelectStmt>(term);
    std::vector<Node> targets(term.target_list.begin(), term.target_list.end());
    for (std::string_view name : extra_) targets.push_back(target(column(table, name), name));
    inner->target_list = ast::make_list(arena_, targets);
    std::vector<Node> values;
    Node deeper = operation("+", column(kRecursiveTerm, kDepth), number(1));
    if (const ast::CTESearchClause* search = cte_.search_clause) {
      std::vector<Node> key = fields(search->search_col_list, kRecursiveTerm);
      if (search->search_breadth_first) {
        key.insert(key.begin(), deeper);
        values.push_back(row(key));
      } else {
        values.push_back(
            operation("||", column(kRecursiveTerm, search->search_seq_column), row(key)));
      }
    }
    Node where = nullptr;
    if (const ast::CTECycleClause* cycle = cte_.cycle_clause) {
      Node path = column(kRecursiveTerm, cycle->cycle_path_column);
      Node key = row(fields(cycle->cycle_col_list, kRecursiveTerm));
      values.push_back(mark_if(operation("=", key, path, ast::AExprKind::kOpAny)));
      values.push_back(operation("||", path, key));
      where = operation("<>", column(kRecursiveTerm, cycle->cycle_mark_column),
                        cycle->cycle_mark_value);
    }
    if (values.size() < extra_.size()) values.push_back(deeper);
    std::vector<std::string_view> names = names_of(columns_);
    names.insert(names.end(), extra_.begin(), extra_.end());
    ast::SelectStmt* outer = around(inner, kRecursiveTerm, names, values);
    outer->where_clause = where;
    return outer;
  }

  const ast::CommonTableExpr& cte_;
  const std::vector<std::string>& columns_;
  std::vector<std::string_view> extra_;
  Arena& arena_;
};

}  // namespace

void check_search_and_cycle_form(const ast::CommonTableExpr& cte) {
  const auto* query = ast::try_as<ast::SelectStmt>(cte.ctequery);
  if (query == nullptr || query->op != ast::SetOperation::kUnion) return;  // refused elsewhere
  for (const ast::SelectStmt* side : {query->larg, query->rarg}) {
    if (side->op == ast::SetOperation::kNone) continue;
    throw sql_error(SqlState::kFeatureNotSupported,
                    "with a SEARCH or CYCLE clause, the {} side of the UNION must be a SELECT",
                    side == query->larg ? "left" : "right");
  }
  if (reference_in_from(*query->rarg, cte.ctename) == nullptr) {
    throw sql_error(SqlState::kFeatureNotSupported,
                    "with a SEARCH or CYCLE clause, the recursive reference to WITH query \"{}\" "
                    "must be at the top level of its right-hand SELECT",
                    cte.ctename);
  }
}

SearchCycleResult expand_search_and_cycle(const ast::CommonTableExpr& cte,
                                          const std::vector<std::string>& columns, Arena& arena) {
  check_names(cte, columns);
  return Expander(cte, columns, arena).run();
}

}  // namespace luma
