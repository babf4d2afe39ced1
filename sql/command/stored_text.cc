#include "sql/command/stored_text.h"

#include <algorithm>
#include <set>

#include "sql/ast/ast.h"
#include "sql/ast/rewrite.h"
#include "sql/catalog/domain_text.h"
#include "sql/command/command_target.h"
#include "sql/command/expression_text.h"
#include "sql/command/policy_rename.h"
#include "sql/command/rule_rename.h"
#include "sql/command/view_rename.h"
#include "sql/parse/deparse.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

// Edits one text; returns whether it changed.
bool edit_expression(std::string& sql, const SearchPath& path, const TextEdit& edit) {
  if (sql.empty()) return false;
  Arena arena;
  bool changed = false;
  const ast::Node* tree =
      ast::rewrite(parse_expression(sql, arena), arena, [&](ast::Node* node) -> const ast::Node* {
        changed |= edit(*node, path, arena);
        return node;
      });
  if (changed) sql = stored_form(tree);
  return changed;
}

bool edit_query(std::string& sql, const SearchPath& path, const TextEdit& edit) {
  if (sql.empty()) return false;
  Arena arena;
  bool changed = false;
  const ast::Node* tree = ast::rewrite(parse_sql(sql, arena).statements[0].node, arena,
                                       [&](ast::Node* node) -> const ast::Node* {
                                         changed |= edit(*node, path, arena);
                                         return node;
                                       });
  if (changed) sql = deparse(tree);
  return changed;
}

bool edit_table(CommandContext& context, Table& table, const TextEdit& edit) {
  const SearchPath& path = naming_path();
  bool changed = false;
  for (Column& column : table.columns) {
    if (!column.dropped) changed |= edit_expression(column.default_sql, path, edit);
  }
  for (Constraint& constraint : table.constraints) {
    if (constraint.type == 'c') changed |= edit_expression(constraint.expression, path, edit);
  }
  for (Policy& policy : table.policies) {
    changed |= edit_expression(policy.using_sql, path, edit);
    changed |= edit_expression(policy.check_sql, path, edit);
  }
  for (Trigger& trigger : table.triggers) changed |= edit_expression(trigger.when_sql, path, edit);
  for (Rule& rule : table.rules) {
    changed |= edit_expression(rule.condition_sql, path, edit);
    for (std::string& action : rule.actions) {
      if (!action.starts_with("NOTIFY ")) changed |= edit_query(action, path, edit);
    }
  }
  if (!table.definition.empty()) {
    SearchPath view_path = context.environment().resolve_path(table.definition_search_path);
    changed |= edit_query(table.definition, view_path, edit);
  }
  return changed;
}

bool edit_index(Index& index, const TextEdit& edit) {
  bool changed = edit_expression(index.predicate, naming_path(), edit);
  for (IndexKey& key : index.keys) {
    if (key.column == 0) changed |= edit_expression(key.expression, naming_path(), edit);
  }
  return changed;
}

// The default and the checks of a domain.
bool edit_domain(Type& type, const TextEdit& edit) {
  bool changed = edit_expression(type.default_sql, naming_path(), edit);
  for (Constraint& constraint : type.constraints) {
    if (!edit_expression(constraint.expression, naming_path(), edit)) continue;
    constraint.expression = with_capital_value(constraint.expression);
    changed = true;
  }
  return changed;
}

// The list of a node's name that may have a schema; nullptr for other nodes.
ast::NameList* name_of_routine(ast::Node& node) {
  if (node.tag == ast::NodeTag::kFuncCall) return &static_cast<ast::FuncCall&>(node).funcname;
  if (node.tag == ast::NodeTag::kAExpr) return &static_cast<ast::AExpr&>(node).name;
  if (node.tag == ast::NodeTag::kSubLink) return &static_cast<ast::SubLink&>(node).oper_name;
  return nullptr;
}

// Whether a call with that many arguments may mean the function.
bool takes_arguments(const Function& function, size_t count) {
  size_t most = 0;
  size_t least = 0;
  for (const Function::Argument& argument : function.arguments) {
    if (argument.mode == 'v') return true;
    if (argument.mode == 'o' || argument.mode == 't') continue;
    ++most;
    if (argument.default_sql.empty()) ++least;
  }
  return least <= count && count <= most;
}

// The constant of 'name'::regclass; nullptr for other nodes.
ast::AConst* regclass_constant(ast::Node& node) {
  if (node.tag != ast::NodeTag::kTypeCast) return nullptr;
  auto& cast = static_cast<ast::TypeCast&>(node);
  if (cast.type_name->names.back() != "regclass" || !cast.type_name->array_bounds.empty()) {
    return nullptr;
  }
  const auto* constant = ast::try_as<ast::AConst>(cast.arg);
  if (constant == nullptr || constant->kind != ast::ConstKind::kString) return nullptr;
  return const_cast<ast::AConst*>(constant);
}

const Relation* relation_in_text(const Catalog& catalog, const SearchPath& path,
                                 std::string_view text) {
  std::vector<std::string> parts = split_qualified_name(text);
  QualifiedName name;
  name.name = parts.back();
  if (parts.size() > 1) name.schema = parts[parts.size() - 2];
  return find_relation(catalog, path, name);
}

const ast::Alias* with_name(Arena& arena, const ast::Alias* alias, std::string_view name) {
  if (alias != nullptr) return alias;
  auto* out = arena.make<ast::Alias>();
  out->aliasname = arena.copy(name);
  return out;
}

std::set<std::string_view> cte_names(const ast::Node* query) {
  std::set<std::string_view> names;
  ast::walk(query, [&](const ast::Node* node) {
    if (const auto* cte = ast::try_as<ast::CommonTableExpr>(node)) names.insert(cte->ctename);
    return true;
  });
  return names;
}

// Whether a name in FROM means `table`, in a view's query that has common table expressions `ctes`.
IsRenamedTable means_table(const Catalog& catalog, const SearchPath& path,
                           const std::set<std::string_view>& ctes, Oid table) {
  return [&catalog, &path, &ctes, table](const ast::RangeVar& var) {
    if (var.schemaname.empty() && ctes.contains(var.relname)) return false;
    const Relation* found =
        find_relation(catalog, path, {var.schemaname, var.relname, var.catalogname});
    return found != nullptr && found->oid == table;
  };
}

// A view's FROM items of the table get a list of column names in which the renamed one keeps its
// old name, so that the rest of the query goes on meaning the same.
void pin_columns_in_view(CommandContext& context, Table& view, const Table& table,
                         size_t renamed_position, const std::vector<std::string>& names) {
  SearchPath path = context.environment().resolve_path(view.definition_search_path);
  Arena names_arena;
  std::set<std::string_view> ctes =
      cte_names(parse_sql(view.definition, names_arena).statements[0].node);
  CatalogPtr catalog = context.ddl().view();
  edit_query(view.definition, path, [&](ast::Node& node, const SearchPath&, Arena& arena) {
    if (node.tag != ast::NodeTag::kRangeVar) return false;
    auto& var = static_cast<ast::RangeVar&>(node);
    if (var.schemaname.empty() && ctes.contains(var.relname)) return false;
    const Relation* found =
        find_relation(*catalog, path, {var.schemaname, var.relname, var.catalogname});
    if (found == nullptr || found->oid != table.oid) return false;
    if (var.alias != nullptr && var.alias->colnames.size() > renamed_position) return false;
    auto* alias = arena.make<ast::Alias>(*with_name(arena, var.alias, var.relname));
    std::vector<std::string_view> columns(alias->colnames.begin(), alias->colnames.end());
    for (size_t i = columns.size(); i < names.size(); ++i) columns.push_back(arena.copy(names[i]));
    alias->colnames = ast::make_list(arena, columns);
    var.alias = alias;
    return true;
  });
}

void rename_column_in_view(CommandContext& context, Table& view, const Table& table,
                           size_t renamed_position, const std::vector<std::string>& names,
                           const std::string& new_name) {
  CatalogPtr catalog = context.ddl().view();
  SearchPath path = context.environment().resolve_path(view.definition_search_path);
  Arena arena;
  const auto* query =
      ast::as<ast::SelectStmt>(parse_sql(view.definition, arena).statements[0].node);
  std::set<std::string_view> ctes = cte_names(query);
  if (rename_column_in_query(*query, means_table(*catalog, path, ctes, table.oid),
                             names[renamed_position], new_name, arena)) {
    view.definition = deparse(query);
  } else {
    pin_columns_in_view(context, view, table, renamed_position, names);
  }
}

// Before the names in FROM follow: columns of the relation are qualified by its new name.
void requalify_views(CommandContext& context, const Relation& relation,
                     const std::string& new_name) {
  CatalogPtr catalog = context.ddl().view();
  for (const ObjectAddress& address : catalog->dependents_of(relation.address())) {
    const Table* view =
        address.class_id == class_oid::kRelation ? catalog->table(address.oid) : nullptr;
    if (view == nullptr || view->definition.empty()) continue;
    SearchPath path = context.environment().resolve_path(view->definition_search_path);
    Arena arena;
    const auto* query =
        ast::as<ast::SelectStmt>(parse_sql(view->definition, arena).statements[0].node);
    std::set<std::string_view> ctes = cte_names(query);
    rename_table_in_query(*query, means_table(*catalog, path, ctes, relation.oid), new_name, arena);
    std::shared_ptr<Table> copy = copy_of(*view);
    copy->definition = deparse(query);
    context.ddl().put(std::move(copy));
  }
}

}  // namespace

void edit_stored_text(CommandContext& context, const TextEdit& edit) {
  std::vector<std::shared_ptr<CatalogObject>> changed;
  context.ddl().view()->for_each_relation([&](const Relation& relation) {
    if (relation.oid < kFirstUserOid) return;
    if (relation.kind == ObjectKind::kTable) {
      std::shared_ptr<Table> table = copy_of(static_cast<const Table&>(relation));
      if (edit_table(context, *table, edit)) changed.push_back(std::move(table));
    } else if (relation.kind == ObjectKind::kIndex) {
      auto index = std::make_shared<Index>(static_cast<const Index&>(relation));
      if (edit_index(*index, edit)) changed.push_back(std::move(index));
    }
  });
  context.ddl().view()->for_each_type([&](const Type& type) {
    if (type.type_type != 'd') return;
    auto copy = std::make_shared<Type>(type);
    if (edit_domain(*copy, edit)) changed.push_back(std::move(copy));
  });
  for (auto& object : changed) context.ddl().put(std::move(object));
}

void follow_relation_rename(CommandContext& context, const Relation& relation,
                            const std::string& new_schema, const std::string& new_name) {
  CatalogPtr catalog = context.ddl().view();
  Oid oid = relation.oid;
  bool moves = new_schema != catalog->schema_name(relation.schema);
  if (new_name != relation.name) {
    requalify_views(context, relation, new_name);
    rename_relation_in_policies(context, oid, new_name);
    rename_relation_in_rules(context, oid, new_name);
  }
  edit_stored_text(context, [&](ast::Node& node, const SearchPath& path, Arena& arena) {
    if (ast::AConst* constant = regclass_constant(node)) {
      const Relation* found = relation_in_text(*catalog, path, constant->text);
      if (found == nullptr || found->oid != oid) return false;
      constant->text = arena.copy(quote_qualified(new_schema, new_name));
      return true;
    }
    if (node.tag != ast::NodeTag::kRangeVar) return false;
    auto& var = static_cast<ast::RangeVar&>(node);
    const Relation* found =
        find_relation(*catalog, path, {var.schemaname, var.relname, var.catalogname});
    if (found == nullptr || found->oid != oid) return false;
    var.relname = arena.copy(new_name);
    if (moves) var.schemaname = arena.copy(new_schema);
    return true;
  });
}

void follow_schema_rename(CommandContext& context, const std::string& old_name,
                          const std::string& new_name) {
  edit_stored_text(context, [&](ast::Node& node, const SearchPath&, Arena& arena) {
    if (ast::AConst* constant = regclass_constant(node)) {
      std::vector<std::string> parts = split_qualified_name(constant->text);
      if (parts.size() != 2 || parts[0] != old_name) return false;
      constant->text = arena.copy(quote_qualified(new_name, parts[1]));
      return true;
    }
    if (node.tag == ast::NodeTag::kRangeVar) {
      auto& var = static_cast<ast::RangeVar&>(node);
      if (var.schemaname != old_name) return false;
      var.schemaname = arena.copy(new_name);
      return true;
    }
    if (ast::NameList* name = name_of_routine(node)) {
      if (name->size() != 2 || (*name)[0] != old_name) return false;
      *name = ast::make_list<std::string_view>(arena, {arena.copy(new_name), (*name)[1]});
      return true;
    }
    if (node.tag == ast::NodeTag::kTypeName) {
      auto& type = static_cast<ast::TypeName&>(node);
      if (type.names.size() < 2 || type.names[type.names.size() - 2] != old_name) return false;
      std::vector<std::string_view> names(type.names.begin(), type.names.end());
      names[names.size() - 2] = arena.copy(new_name);
      type.names = ast::make_list(arena, names);
      return true;
    }
    if (node.tag == ast::NodeTag::kColumnRef) {
      auto& column = static_cast<ast::ColumnRef&>(node);
      const auto* first =
          column.fields.size() >= 3 ? ast::try_as<ast::String>(column.fields[0]) : nullptr;
      if (first == nullptr || first->sval != old_name) return false;
      const_cast<ast::String*>(first)->sval = arena.copy(new_name);
      return true;
    }
    return false;
  });
  // The search paths that views were written under.
  std::vector<std::shared_ptr<Table>> changed;
  context.ddl().view()->for_each_relation([&](const Relation& relation) {
    if (relation.oid < kFirstUserOid || relation.kind != ObjectKind::kTable) return;
    const auto& table = static_cast<const Table&>(relation);
    if (table.definition_search_path.find(old_name) == std::string::npos) return;
    std::string path;
    std::string_view rest = table.definition_search_path;
    bool any = false;
    while (!rest.empty()) {
      size_t end = std::min(rest.find(','), rest.size());
      std::string_view part = rest.substr(0, end);
      while (part.starts_with(' ')) part.remove_prefix(1);
      while (part.ends_with(' ')) part.remove_suffix(1);
      bool same = part == old_name || part == quote_identifier(old_name);
      any |= same;
      path += (path.empty() ? "" : ", ");
      path += same ? quote_identifier(new_name) : std::string(part);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!any) return;
    std::shared_ptr<Table> copy = copy_of(table);
    copy->definition_search_path = path;
    changed.push_back(std::move(copy));
  });
  for (auto& table : changed) context.ddl().put(std::move(table));
}

void follow_type_rename(CommandContext& context, const Type& type, const std::string& new_schema,
                        const std::string& new_name) {
  CatalogPtr catalog = context.ddl().view();
  Oid oid = type.oid;
  bool moves = new_schema != catalog->schema_name(type.schema);
  edit_stored_text(context, [&](ast::Node& node, const SearchPath& path, Arena& arena) {
    if (node.tag != ast::NodeTag::kTypeName) return false;
    auto& name = static_cast<ast::TypeName&>(node);
    QualifiedName written = qualified_name(name.names);
    if (find_type(*catalog, path, written) != oid) return false;
    bool qualify = name.names.size() > 1 || moves;
    name.names = qualify ? ast::make_list<std::string_view>(
                               arena, {arena.copy(new_schema), arena.copy(new_name)})
                         : ast::make_list<std::string_view>(arena, {arena.copy(new_name)});
    return true;
  });
}

void follow_function_rename(CommandContext& context, const Function& function,
                            const std::string& new_schema, const std::string& new_name) {
  CatalogPtr catalog = context.ddl().view();
  if (catalog->dependents_of(function.address()).empty()) return;
  std::string old_schema = catalog->schema_name(function.schema);
  std::vector<const Function*> others = catalog->functions_named(function.schema, function.name);
  edit_stored_text(context, [&](ast::Node& node, const SearchPath&, Arena& arena) {
    if (node.tag != ast::NodeTag::kFuncCall) return false;
    auto& call = static_cast<ast::FuncCall&>(node);
    bool is_named = call.funcname.size() == 2 && call.funcname[0] == old_schema &&
                    call.funcname[1] == function.name;
    if (!is_named || !takes_arguments(function, call.args.size())) return false;
    bool is_ambiguous = std::ranges::any_of(others, [&](const Function* other) {
      return other->oid != function.oid && takes_arguments(*other, call.args.size());
    });
    if (is_ambiguous) {
      throw unsupported("renaming one of several functions that a definition may call");
    }
    call.funcname =
        ast::make_list<std::string_view>(arena, {arena.copy(new_schema), arena.copy(new_name)});
    return true;
  });
}

void follow_column_rename(CommandContext& context, Table& table, int16_t column_number,
                          const std::string& new_name) {
  const std::string old_name = table.column(column_number)->name;
  auto rename = [&](ast::Node& node, const SearchPath&, Arena& arena) {
    if (node.tag != ast::NodeTag::kColumnRef) return false;
    auto& ref = static_cast<ast::ColumnRef&>(node);
    const auto* name = ast::try_as<ast::String>(ref.fields[0]);
    if (name == nullptr || name->sval != old_name) return false;
    const_cast<ast::String*>(name)->sval = arena.copy(new_name);
    return true;
  };
  for (Column& column : table.columns) {
    if (column.generated != '\0') edit_expression(column.default_sql, naming_path(), rename);
  }
  for (Constraint& constraint : table.constraints) {
    if (constraint.type == 'c') edit_expression(constraint.expression, naming_path(), rename);
  }
  for (IndexKey& part : table.partition_key.parts) {
    edit_expression(part.expression, naming_path(), rename);
  }
  rename_column_in_policies(context, table, old_name, new_name);
  rename_column_in_rules(context, table, old_name, new_name);
  auto rename_of_row = [&](ast::Node& node, const SearchPath&, Arena& arena) {
    if (node.tag != ast::NodeTag::kColumnRef) return false;
    auto& ref = static_cast<ast::ColumnRef&>(node);
    const auto* name = ref.fields.size() == 2 ? ast::try_as<ast::String>(ref.fields[1]) : nullptr;
    if (name == nullptr || name->sval != old_name) return false;
    const_cast<ast::String*>(name)->sval = arena.copy(new_name);
    return true;
  };
  for (Trigger& trigger : table.triggers) {
    edit_expression(trigger.when_sql, naming_path(), rename_of_row);
  }
  for (Oid oid : context.ddl().view()->indexes_of(table.oid)) {
    auto index = std::make_shared<Index>(*context.ddl().view()->index(oid));
    if (edit_index(*index, rename)) context.ddl().put(std::move(index));
  }
  std::vector<std::string> names;
  size_t position = 0;
  for (const Column& column : table.columns) {
    if (column.dropped) continue;
    if (column.number == column_number) position = names.size();
    names.push_back(column.name);
  }
  for (const ObjectAddress& address : context.ddl().view()->dependents_of(table.address())) {
    const Table* view = address.class_id == class_oid::kRelation
                            ? context.ddl().view()->table(address.oid)
                            : nullptr;
    if (view == nullptr || view->definition.empty() || view->oid == table.oid) continue;
    std::shared_ptr<Table> copy = copy_of(*view);
    rename_column_in_view(context, *copy, table, position, names, new_name);
    context.ddl().put(std::move(copy));
  }
}

}  // namespace luma
