#include "sql/command/view_text.h"

#include <algorithm>
#include <optional>
#include <set>

#include "engine/type/extension_type.h"
#include "sql/ast/rewrite.h"
#include "sql/bind/bind_record.h"
#include "sql/bind/binder.h"
#include "sql/command/canonical_text.h"
#include "sql/function/user_function.h"
#include "sql/parse/deparse.h"
#include "sql/parse/parser.h"
#include "sql/plan/walk.h"

namespace luma {
namespace {

struct StarColumn {
  std::string qualifier;  // "": none is possible
  std::string name;
};

bool is_star(const ast::Node* node) {
  const auto* target = ast::try_as<ast::ResTarget>(node);
  const auto* column = target == nullptr ? nullptr : ast::try_as<ast::ColumnRef>(target->val);
  return column != nullptr && ast::is<ast::AStar>(column->fields.back());
}

// Writes out the stars of one query, level by level; knows the CTEs around each level.
class StarExpander {
 public:
  StarExpander(CommandContext& context, Arena& arena) : context_(context), arena_(arena) {}

  void expand(const ast::Node* node) {
    ast::walk(node, [&](const ast::Node* inner) {
      const auto* select = ast::try_as<ast::SelectStmt>(inner);
      if (select == nullptr) return true;
      expand_select(const_cast<ast::SelectStmt&>(*select));
      return false;
    });
  }

 private:
  // `select` belongs to the copy that is being changed.
  void expand_select(ast::SelectStmt& select) {
    if (select.with_clause != nullptr) {
      withs_.push_back(select.with_clause);
    }
    if (std::ranges::any_of(select.target_list, is_star)) expand_targets(select);
    ast::for_each_child(&select, [&](const ast::Node* child) { expand(child); });
    if (select.with_clause != nullptr) withs_.pop_back();
  }

  void expand_targets(ast::SelectStmt& select) {
    bool many = count_leaves(select.from_clause) > 1;
    std::vector<const ast::Node*> targets;
    for (const ast::Node* node : select.target_list) {
      if (!is_star(node)) {
        targets.push_back(node);
        continue;
      }
      const auto& fields = ast::as<ast::ColumnRef>(ast::as<ast::ResTarget>(node)->val)->fields;
      for (const StarColumn& column : columns_of(select, fields)) {
        targets.push_back(target(column, many || fields.size() > 1));
      }
    }
    select.target_list = ast::make_list(arena_, targets);
  }

  std::vector<StarColumn> columns_of(const ast::SelectStmt& select, const ast::NodeList& fields) {
    std::vector<StarColumn> out;
    if (fields.size() == 1) {
      for (const ast::Node* item : select.from_clause) {
        std::vector<StarColumn> columns = item_columns(select, item);
        out.insert(out.end(), columns.begin(), columns.end());
      }
      return out;
    }
    std::string qualifier(ast::as<ast::String>(fields[fields.size() - 2])->sval);
    for (std::string& name : labels(select, fields)) out.push_back({qualifier, std::move(name)});
    return out;
  }

  // What `SELECT fields FROM ...` shows.
  std::vector<std::string> labels(const ast::SelectStmt& select, const ast::NodeList& fields) {
    auto* column = arena_.make<ast::ColumnRef>();
    column->fields = fields;
    auto* item = arena_.make<ast::ResTarget>();
    item->val = column;
    auto* probe = arena_.make<ast::SelectStmt>();
    probe->target_list = ast::make_list<const ast::Node*>(arena_, {item});
    probe->from_clause = select.from_clause;
    if (!withs_.empty()) probe->with_clause = merged_withs();
    Binder binder(context_.environment(), {});
    binder.bind_definition();
    std::vector<std::string> out;
    try {
      for (const auto& result : binder.bind(probe).result) out.push_back(result.label);
    } catch (const SqlError& error) {
      if (error.state != SqlState::kUndefinedColumn && error.state != SqlState::kUndefinedTable) {
        throw;
      }
      throw unsupported("* in a view's subquery that refers to an outer query");
    }
    return out;
  }

  const ast::WithClause* merged_withs() {
    auto* out = arena_.make<ast::WithClause>();
    std::vector<const ast::Node*> ctes;
    std::set<std::string_view> names;
    for (size_t i = withs_.size(); i-- > 0;) {
      out->recursive |= withs_[i]->recursive;
      for (const ast::Node* node : withs_[i]->ctes) {
        if (names.insert(ast::as<ast::CommonTableExpr>(node)->ctename).second) {
          ctes.push_back(node);
        }
      }
    }
    std::ranges::reverse(ctes);
    out->ctes = ast::make_list(arena_, ctes);
    return out;
  }

  static std::string qualifier_of(const ast::Node* item) {
    if (const auto* var = ast::try_as<ast::RangeVar>(item)) {
      return std::string(var->alias != nullptr ? var->alias->aliasname : var->relname);
    }
    const ast::Alias* alias = nullptr;
    if (const auto* query = ast::try_as<ast::RangeSubselect>(item)) alias = query->alias;
    if (const auto* join = ast::try_as<ast::JoinExpr>(item)) alias = join->alias;
    if (const auto* call = ast::try_as<ast::RangeFunction>(item)) {
      alias = call->alias;
      if (alias == nullptr && call->functions.size() == 1) {
        const auto& pair = ast::as<ast::ListNode>(call->functions[0])->items;
        if (const auto* function = ast::try_as<ast::FuncCall>(pair[0])) {
          return std::string(function->funcname.back());
        }
      }
    }
    return alias == nullptr ? "" : std::string(alias->aliasname);
  }

  std::vector<StarColumn> item_columns(const ast::SelectStmt& select, const ast::Node* item) {
    const auto* join = ast::try_as<ast::JoinExpr>(item);
    if (join != nullptr && join->alias == nullptr) return join_columns(select, *join);
    std::string qualifier = qualifier_of(item);
    if (qualifier.empty()) throw unsupported("* over {} in a view", ast::node_name(item->tag));
    auto* name = arena_.make<ast::String>();
    name->sval = arena_.copy(qualifier);
    std::vector<StarColumn> out;
    for (std::string& label : labels(
             select, ast::make_list<const ast::Node*>(arena_, {name, arena_.make<ast::AStar>()}))) {
      out.push_back({qualifier, std::move(label)});
    }
    return out;
  }

  std::vector<StarColumn> join_columns(const ast::SelectStmt& select, const ast::JoinExpr& join) {
    std::vector<StarColumn> left = item_columns(select, join.larg);
    std::vector<StarColumn> right = item_columns(select, join.rarg);
    std::vector<std::string> merged(join.using_clause.begin(), join.using_clause.end());
    auto has = [](const std::vector<StarColumn>& columns, const std::string& name) {
      return std::ranges::find(columns, name, &StarColumn::name) != columns.end();
    };
    if (join.is_natural) {
      for (const StarColumn& column : left) {
        if (has(right, column.name)) merged.push_back(column.name);
      }
    }
    std::vector<StarColumn> out;
    for (const std::string& name : merged) {
      const auto& side = join.jointype == ast::JoinType::kRight ? right : left;
      auto found = std::ranges::find(side, name, &StarColumn::name);
      bool both = join.jointype == ast::JoinType::kFull || found == side.end();
      out.push_back({both ? "" : found->qualifier, name});
    }
    for (const auto* side : {&left, &right}) {
      for (const StarColumn& column : *side) {
        if (std::ranges::find(merged, column.name) == merged.end()) out.push_back(column);
      }
    }
    return out;
  }

  static size_t count_leaves(const ast::NodeList& from) {
    size_t count = 0;
    for (const ast::Node* item : from) {
      const auto* join = ast::try_as<ast::JoinExpr>(item);
      count += join != nullptr ? 2 : 1;
    }
    return count;
  }

  const ast::Node* target(const StarColumn& column, bool qualify) {
    std::vector<const ast::Node*> fields;
    auto add = [&](const std::string& text) {
      auto* name = arena_.make<ast::String>();
      name->sval = arena_.copy(text);
      fields.push_back(name);
    };
    if (qualify && !column.qualifier.empty()) add(column.qualifier);
    add(column.name);
    auto* ref = arena_.make<ast::ColumnRef>();
    ref->fields = ast::make_list(arena_, fields);
    auto* out = arena_.make<ast::ResTarget>();
    out->val = ref;
    return out;
  }

  CommandContext& context_;
  Arena& arena_;
  std::vector<const ast::WithClause*> withs_;
};

// Gives the output columns the view's names, where they have others.
void name_outputs(ast::SelectStmt& top, Arena& arena,
                  const std::vector<std::string>& column_names) {
  ast::SelectStmt* first = &top;
  while (first->larg != nullptr) first = const_cast<ast::SelectStmt*>(first->larg);
  if (first->target_list.size() != column_names.size()) return;  // VALUES
  for (size_t i = 0; i < column_names.size(); ++i) {
    auto& target = const_cast<ast::ResTarget&>(*ast::as<ast::ResTarget>(first->target_list[i]));
    std::string_view natural = target.name;
    if (const auto* column = ast::try_as<ast::ColumnRef>(target.val);
        column != nullptr && target.name.empty()) {
      const auto* last = ast::try_as<ast::String>(column->fields.back());
      if (last != nullptr) natural = last->sval;
    }
    if (natural != column_names[i]) target.name = arena.copy(column_names[i]);
  }
}

void collect_used_columns(const BoundQuery& bound, std::set<ColumnId>& used) {
  std::vector<ColumnId> ids;
  for_each_op(*bound.root, [&](LogicalOp& op) {
    for_each_expr(static_cast<const LogicalOp&>(op),
                  [&](const Expr& expr) { collect_columns(expr, ids); });
    const std::vector<ColumnId>* lists = nullptr;
    if (op.kind == OpKind::kSetOp) lists = static_cast<SetOpOp&>(op).columns;
    if (op.kind == OpKind::kRecursiveUnion) lists = static_cast<RecursiveUnionOp&>(op).columns;
    if (lists != nullptr) {
      for (int side = 0; side < 2; ++side) {
        ids.insert(ids.end(), lists[side].begin(), lists[side].end());
      }
    }
  });
  for (const auto& result : bound.result) ids.push_back(result.column);
  used.insert(ids.begin(), ids.end());
}

}  // namespace

const ast::Node* without_stars(CommandContext& context, const ast::Node* query, Arena& arena) {
  const ast::Node* top = ast::rewrite(query, arena, [](ast::Node* node) { return node; });
  StarExpander(context, arena).expand(top);
  return top;
}

std::string view_text(CommandContext& context, const ast::Node* query,
                      const std::vector<std::string>& column_names) {
  Arena arena;
  const auto* plain = ast::as<ast::SelectStmt>(without_stars(context, query, arena));
  BindRecord record;
  Binder binder(context.environment(), {});
  binder.bind_definition();
  binder.record(&record);
  BoundQuery bound = binder.bind(plain);
  CatalogPtr catalog = context.ddl().view();
  CanonicalText canonical(*catalog, context.environment().search_path(), record, arena);
  return deparse(canonical.query(*plain, column_names));
}

std::string with_output_names(std::string_view definition,
                              const std::vector<std::string>& column_names) {
  Arena arena;
  const ast::Node* query = parse_sql(definition, arena).statements[0].node;
  auto* top = const_cast<ast::SelectStmt*>(
      ast::as<ast::SelectStmt>(ast::rewrite(query, arena, [](ast::Node* node) { return node; })));
  name_outputs(*top, arena, column_names);
  return deparse(top);
}

void for_each_named_relation(
    const Catalog& catalog, const SearchPath& path, const ast::Node* query,
    const std::function<void(const ast::RangeVar&, const Relation&)>& visit) {
  std::set<std::string_view> ctes;
  ast::walk(query, [&](const ast::Node* node) {
    if (const auto* cte = ast::try_as<ast::CommonTableExpr>(node)) ctes.insert(cte->ctename);
    return true;
  });
  ast::walk(query, [&](const ast::Node* node) {
    const auto* var = ast::try_as<ast::RangeVar>(node);
    if (var == nullptr || (var->schemaname.empty() && ctes.contains(var->relname))) return true;
    const Relation* found =
        find_relation(catalog, path, {var->schemaname, var->relname, var->catalogname});
    if (found != nullptr) visit(*var, *found);
    return true;
  });
}

namespace {

std::set<std::string_view> function_names_in(const ast::Node* query) {
  std::set<std::string_view> names;
  ast::walk(query, [&](const ast::Node* node) {
    if (const auto* call = ast::try_as<ast::FuncCall>(node)) names.insert(call->funcname.back());
    return true;
  });
  return names;
}

// Names that the query's text uses for columns; nullopt when it may use others without naming them.
std::optional<std::set<std::string>> column_names_in(const ast::Node* query) {
  std::set<std::string> names;
  bool all = false;
  ast::walk(query, [&](const ast::Node* node) {
    if (const auto* column = ast::try_as<ast::ColumnRef>(node)) {
      for (const ast::Node* field : column->fields) {
        const auto* name = ast::try_as<ast::String>(field);
        all |= name == nullptr;
        if (name != nullptr) names.emplace(name->sval);
      }
    }
    if (const auto* join = ast::try_as<ast::JoinExpr>(node)) {
      all |= join->is_natural;
      for (std::string_view name : join->using_clause) names.emplace(name);
    }
    const auto* alias = ast::try_as<ast::Alias>(node);
    all |= alias != nullptr && !alias->colnames.empty();
    return true;
  });
  if (all) return std::nullopt;
  return names;
}

}  // namespace

std::vector<Dependency> view_dependencies(CommandContext& context, const ast::Node* query,
                                          const BoundQuery& bound, ObjectAddress view) {
  std::set<Oid> direct;
  std::set<ObjectAddress> referenced;
  for_each_named_relation(*context.ddl().view(), context.environment().search_path(), query,
                          [&](const ast::RangeVar&, const Relation& relation) {
                            if (relation.oid < kFirstUserOid) return;
                            direct.insert(relation.oid);
                            referenced.insert(relation.address());
                          });
  std::set<ColumnId> used;
  collect_used_columns(bound, used);
  // Plans may carry more columns than the query names (of a table grouped by its key).
  std::optional<std::set<std::string>> named = column_names_in(query);
  for_each_op(*bound.root, [&](LogicalOp& op) {
    if (op.kind != OpKind::kScan) return;
    const auto& scan = static_cast<const ScanOp&>(op);
    if (!direct.contains(scan.table->oid)) return;
    for (size_t i = 0; i < scan.output.size(); ++i) {
      if (scan.attribute[i] < 0 || !used.contains(scan.output[i])) continue;
      const ColumnDesc& column = scan.table->columns[static_cast<size_t>(scan.attribute[i])];
      if (named.has_value() && !named->contains(column.name)) continue;
      referenced.insert({class_oid::kRelation, scan.table->oid, scan.attribute[i] + 1});
    }
  });
  for_each_op(*bound.root, [&](LogicalOp& op) {
    for_each_expr(op, [&](Expr*& expr) {
      expr_contains(*expr, [&](const Expr& inner) {
        if (inner.operator_oid >= kFirstUserOid) {
          referenced.insert({class_oid::kOperator, inner.operator_oid, 0});
        } else if (inner.function != nullptr && is_user_function(*inner.function)) {
          referenced.insert({class_oid::kProc, inner.function->oid, 0});
        }
        return false;
      });
    });
  });
  for (const auto& result : bound.result) {
    Oid type = bound.context->column(result.column).type.oid;
    const Type* element = context.ddl().view()->type_of_array(type);
    if (element != nullptr) type = element->oid;
    if (is_created_type(type) && context.ddl().view()->type(type) != nullptr) {
      referenced.insert({class_oid::kType, type, 0});
    }
  }
  std::set<std::string_view> called = function_names_in(query);
  for (Oid oid : bound.functions) {
    const Function* function = context.ddl().view()->function(oid);
    // What operators of extensions run is not named; of the rest, views that are used have called
    // it.
    if (function != nullptr && (function->language == "c" || called.contains(function->name))) {
      referenced.insert(function->address());
    }
  }
  std::vector<Dependency> out;
  for (const ObjectAddress& address : referenced) out.push_back({view, address, 'n'});
  return out;
}

}  // namespace luma
