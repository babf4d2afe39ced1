#include "sql/catalog/definition_text.h"

#include <fmt/format.h>

#include <cctype>
#include <set>

#include "sql/ast/ast.h"
#include "sql/ast/rewrite.h"
#include "sql/ast/tree.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/operator_family.h"
#include "sql/parse/deparse.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

std::string column_list(const Table& table, const std::vector<int16_t>& numbers) {
  std::string out;
  for (int16_t number : numbers) {
    const Column* column = table.column(number);
    if (!out.empty()) out += ", ";
    out += column == nullptr ? "?" : quote_identifier(column->name);
  }
  return out;
}

std::string_view action_text(char action) {
  switch (action) {
    case 'r':
      return "RESTRICT";
    case 'c':
      return "CASCADE";
    case 'n':
      return "SET NULL";
    case 'd':
      return "SET DEFAULT";
    default:
      return "";
  }
}

// Calls need no parentheses of their own in an index definition.
bool looks_like_call(std::string_view expression) {
  if (expression.empty() || expression.back() != ')') return false;
  size_t i = 0;
  while (i < expression.size() &&
         (std::isalnum(static_cast<unsigned char>(expression[i])) != 0 || expression[i] == '_' ||
          expression[i] == '.' || expression[i] == '"')) {
    ++i;
  }
  if (i == 0 || i == expression.size() || expression[i] != '(') return false;
  return without_outer_parentheses(expression.substr(i)).size() + 2 == expression.size() - i;
}

std::string key_text(const Catalog& catalog, const SearchPath& path, const Table* table,
                     const IndexKey& key, bool pretty) {
  if (key.column > 0) {
    const Column* column = table == nullptr ? nullptr : table->column(key.column);
    return column == nullptr ? "?" : quote_identifier(column->name);
  }
  std::string text = shown_expression(catalog, path, key.expression, pretty);
  return looks_like_call(key.expression) ? text : fmt::format("({})", text);
}

std::string option_list(const std::vector<std::string>& options) {
  std::string out;
  for (const std::string& option : options) {
    size_t equals = option.find('=');
    std::string value = equals == std::string::npos ? "" : option.substr(equals + 1);
    if (!out.empty()) out += ", ";
    bool bare = quote_identifier(value) == value;
    out += fmt::format("{}={}", quote_identifier(option.substr(0, equals)),
                       bare ? value : quote_literal(value));
  }
  return out;
}

std::string foreign_key_text(const Catalog& catalog, const SearchPath& path, const Table& table,
                             const Constraint& constraint) {
  std::string out = fmt::format("FOREIGN KEY ({})", column_list(table, constraint.columns));
  const Table* referenced = catalog.table(constraint.referenced_table);
  if (referenced != nullptr) {
    out += fmt::format(" REFERENCES {}({})", relation_display_name(catalog, path, *referenced),
                       column_list(*referenced, constraint.referenced_columns));
  }
  if (constraint.match == 'f') out += " MATCH FULL";
  if (constraint.match == 'p') out += " MATCH PARTIAL";
  if (std::string_view action = action_text(constraint.on_update); !action.empty()) {
    out += fmt::format(" ON UPDATE {}", action);
  }
  if (std::string_view action = action_text(constraint.on_delete); !action.empty()) {
    out += fmt::format(" ON DELETE {}", action);
    if (!constraint.set_columns.empty()) {
      out += fmt::format(" ({})", column_list(table, constraint.set_columns));
    }
  }
  return out;
}

std::string key_constraint_text(const Catalog& catalog, const Table& table,
                                const Constraint& constraint) {
  const Index* index = catalog.index(constraint.index);
  std::string out = constraint.type == 'p' ? "PRIMARY KEY " : "UNIQUE ";
  if (index != nullptr && index->nulls_not_distinct) out += "NULLS NOT DISTINCT ";
  out += fmt::format("({})", column_list(table, constraint.columns));
  if (index != nullptr && !index->include.empty()) {
    out += fmt::format(" INCLUDE ({})", column_list(table, index->include));
  }
  return out;
}

// The end of the quoted text that begins at `begin` (which is its quote): past the closing quote.
size_t end_of_quoted(std::string_view text, size_t begin) {
  char quote = text[begin];
  bool escapes = quote == '\'' && begin > 0 && text[begin - 1] == 'E';
  for (size_t i = begin + 1; i < text.size(); ++i) {
    if (escapes && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (i + 1 >= text.size() || text[i + 1] != quote) return i + 1;
      ++i;
    }
  }
  return text.size();
}

bool is_name_byte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// The end of the identifier that begins at `begin`; `begin` itself when there is none.
size_t end_of_name(std::string_view text, size_t begin) {
  if (begin < text.size() && text[begin] == '"') return end_of_quoted(text, begin);
  while (begin < text.size() && is_name_byte(text[begin])) ++begin;
  return begin;
}

// 'schema.name' of a regclass constant as the search path shows it.
std::string shown_relation(const Catalog& catalog, const SearchPath& path,
                           std::string_view literal) {
  std::string name;
  for (size_t i = 1; i + 1 < literal.size(); ++i) {
    name += literal[i];
    if (literal[i] == '\'') ++i;
  }
  std::vector<std::string> parts = split_qualified_name(name);
  if (parts.size() != 2) return std::string(literal);
  const Relation* relation = find_relation(catalog, path, {parts[0], parts[1]});
  if (relation == nullptr) return std::string(literal);
  return quote_literal(relation_display_name(catalog, path, *relation));
}

// `schema.type` after "::" without the schema where the type is visible.
std::string_view shown_cast_type(const Catalog& catalog, const SearchPath& path,
                                 std::string_view type) {
  size_t dot = end_of_name(type, 0);
  if (dot >= type.size() || type[dot] != '.') return type;
  std::vector<std::string> parts = split_qualified_name(type);
  if (parts.size() != 2) return type;
  Oid oid = find_type(catalog, path, {parts[0], parts[1]});
  return oid != kInvalidOid && type_is_visible(catalog, path, oid) ? type.substr(dot + 1) : type;
}

std::string with_shown_names(const Catalog& catalog, const SearchPath& path,
                             std::string_view text) {
  constexpr std::string_view kRegclass = "::regclass";
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\'' || text[i] == '"') {
      size_t end = end_of_quoted(text, i);
      std::string_view quoted = text.substr(i, end - i);
      bool relation = text[i] == '\'' && text.substr(end).starts_with(kRegclass);
      out += relation ? shown_relation(catalog, path, quoted) : std::string(quoted);
      i = end;
    } else if (text.substr(i).starts_with("::")) {
      size_t end = end_of_name(text, i + 2);
      if (end < text.size() && text[end] == '.') end = end_of_name(text, end + 1);
      out += "::";
      out += shown_cast_type(catalog, path, text.substr(i + 2, end - i - 2));
      i = end;
    } else {
      out += text[i++];
    }
  }
  return out;
}

// Takes the schema off the names in a tree that the search path finds without it.
class NameShortener {
 public:
  NameShortener(const Catalog& catalog, const SearchPath& path, Arena& arena,
                const ast::Node* query)
      : catalog_(catalog), path_(path), arena_(arena) {
    ast::walk(query, [&](const ast::Node* node) {
      const auto* cte = ast::try_as<ast::CommonTableExpr>(node);
      if (cte != nullptr) hidden_.insert(cte->ctename);
      return true;
    });
  }

  const ast::Node* operator()(ast::Node* node) const {
    if (node->tag == ast::NodeTag::kRangeVar) shorten(static_cast<ast::RangeVar&>(*node));
    if (node->tag == ast::NodeTag::kTypeName) shorten(static_cast<ast::TypeName&>(*node));
    if (node->tag == ast::NodeTag::kTypeCast) shorten(static_cast<ast::TypeCast&>(*node));
    if (node->tag == ast::NodeTag::kFuncCall) shorten(static_cast<ast::FuncCall&>(*node));
    if (node->tag == ast::NodeTag::kAExpr) qualify(static_cast<ast::AExpr&>(*node).name);
    if (node->tag == ast::NodeTag::kSubLink) qualify(static_cast<ast::SubLink&>(*node).oper_name);
    return node;
  }

 private:
  void shorten(ast::RangeVar& var) const {
    if (var.schemaname.empty() || hidden_.contains(var.relname)) return;
    const Relation* named = find_relation(catalog_, path_, {var.schemaname, var.relname});
    const Relation* found = find_relation(catalog_, path_, {std::string_view(), var.relname});
    if (named != nullptr && named == found) var.schemaname = {};
  }

  void shorten(ast::TypeName& type) const {
    if (type.names.size() != 2 || type.names[0] == "pg_catalog") return;
    Oid oid = find_type(catalog_, path_, {type.names[0], type.names[1]});
    if (oid == kInvalidOid || !type_is_visible(catalog_, path_, oid)) return;
    type.names = ast::make_list<std::string_view>(arena_, {type.names[1]});
  }

  void shorten(ast::FuncCall& call) const {
    if (call.funcname.size() != 2 || call.funcname[0] == "pg_catalog") return;
    std::string_view name = call.funcname[1];
    const Schema* named = catalog_.find_schema(call.funcname[0]);
    if (named == nullptr) return;
    for (Oid schema : path_.schemas) {
      if (schema == path_.temp_schema) continue;
      if (schema == named->oid) {
        call.funcname = ast::make_list<std::string_view>(arena_, {name});
        return;
      }
      bool hides = schema == schema_oid::kPgCatalog
                       ? !proc_facts_named(name).empty()
                       : !catalog_.functions_named(schema, name).empty();
      if (hides) return;
    }
  }

  // Operators of users and extensions show where they are when the search path does not find them.
  void qualify(ast::NameList& name) const {
    if (name.size() == 2) {
      const Schema* schema = catalog_.find_schema(name[0]);
      if (schema != nullptr && path_.contains(schema->oid)) {
        name = ast::make_list<std::string_view>(arena_, {name[1]});
      }
      return;
    }
    if (name.size() != 1 || !operator_facts_named(name[0]).empty()) return;
    std::vector<OperatorFact> found = created_operators_named(catalog_, name[0]);
    bool visible = std::ranges::any_of(
        found, [&](const OperatorFact& fact) { return path_.contains(fact.schema); });
    if (found.empty() || visible) return;
    name = ast::make_list<std::string_view>(
        arena_, {arena_.copy(catalog_.schema_name(found[0].schema)), name[0]});
  }

  void shorten(ast::TypeCast& cast) const {
    const auto* constant = ast::try_as<ast::AConst>(cast.arg);
    bool is_name = constant != nullptr && constant->kind == ast::ConstKind::kString &&
                   cast.type_name->names.back() == "regclass";
    if (!is_name) return;
    std::vector<std::string> parts = split_qualified_name(constant->text);
    if (parts.size() != 2) return;
    const Relation* relation = find_relation(catalog_, path_, {parts[0], parts[1]});
    if (relation == nullptr) return;
    const_cast<ast::AConst*>(constant)->text =
        arena_.copy(relation_display_name(catalog_, path_, *relation));
  }

  const Catalog& catalog_;
  const SearchPath& path_;
  Arena& arena_;
  std::set<std::string_view> hidden_;  // names of common table expressions
};

std::string opclass_name(const Catalog& catalog, const SearchPath& path,
                         const OpClassFact& opclass) {
  const ExtensionOpClassFact* fact = find_extension_opclass(opclass.oid);
  const Extension* extension = fact == nullptr ? nullptr : catalog.find_extension(fact->extension);
  if (extension == nullptr || path.contains(extension->schema)) {
    return quote_identifier(opclass.name);
  }
  return quote_qualified(catalog.schema_name(extension->schema), opclass.name);
}

}  // namespace

std::string shown_expression(const Catalog& catalog, const SearchPath& path,
                             std::string_view expression, bool pretty) {
  // Functions that users made are stored with their schema.
  bool may_call_them =
      expression.find('.') != expression.npos && expression.find('(') != expression.npos;
  if (!pretty && !may_call_them) return with_shown_names(catalog, path, expression);
  Arena arena;
  const ast::Node* tree = parse_expression(expression, arena);
  return deparse_definition(ast::rewrite(tree, arena, NameShortener(catalog, path, arena, tree)),
                            pretty);
}

std::string_view without_outer_parentheses(std::string_view text) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return text;
  int depth = 0;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
      continue;
    }
    if (c == '\'' || c == '"') quote = c;
    if (c == '(') ++depth;
    if (c == ')' && --depth == 0 && i + 1 < text.size()) return text;
  }
  return text.substr(1, text.size() - 2);
}

std::string index_column_definition(const Catalog& catalog, const SearchPath& path,
                                    const Index& index, int column, bool pretty) {
  const Table* table = catalog.table(index.table);
  size_t i = static_cast<size_t>(column) - 1;
  if (column < 1) return "";
  if (i < index.keys.size()) return key_text(catalog, path, table, index.keys[i], pretty);
  i -= index.keys.size();
  if (i >= index.include.size() || table == nullptr) return "";
  return column_list(*table, {index.include[i]});
}

namespace {

// The name by which an operator is found on the path.
std::string operator_display_name(const Catalog& catalog, const SearchPath& path, Oid oid) {
  std::optional<OperatorFact> created = find_created_operator(catalog, oid);
  const OperatorFact* fact = created ? &*created : find_operator_fact(oid);
  if (fact == nullptr) return "?";
  if (!created || path.contains(fact->schema)) return std::string(fact->name);
  return fmt::format("OPERATOR({}.{})", quote_identifier(catalog.schema_name(fact->schema)),
                     fact->name);
}

std::string index_key_text(const Catalog& catalog, const SearchPath& path, const Table* table,
                           const IndexKey& key, bool pretty) {
  std::string out = key_text(catalog, path, table, key, pretty);
  const Column* column = table == nullptr ? nullptr : table->column(key.column);
  Oid natural = column == nullptr ? kInvalidOid : column->collation;
  if (key.column > 0 && key.collation != kInvalidOid && key.collation != natural) {
    auto found = collation(catalog, key.collation);
    if (found) {
      QualifiedName name;
      name.name = found->name;
      bool visible = find_collation(catalog, path, name) == found->oid;
      out += " COLLATE " + (visible
                                ? quote_identifier(found->name)
                                : quote_qualified(catalog.schema_name(found->schema), found->name));
    }
  }
  const OpClassFact* opclass = find_opclass_fact(key.opclass);
  if (opclass != nullptr && !opclass->is_default) {
    out += " " + opclass_name(catalog, path, *opclass);
  }
  if (const OperatorClass* created = created_operator_class(catalog, key.opclass)) {
    const bool visible = find_operator_class(catalog, path, created->access_method,
                                             {{}, created->name}) == created->oid;
    out += " " + (visible ? quote_identifier(created->name)
                          : quote_qualified(catalog.schema_name(created->schema), created->name));
  }
  if (key.descending) out += " DESC";
  if (key.descending && !key.nulls_first) out += " NULLS LAST";
  if (!key.descending && key.nulls_first) out += " NULLS FIRST";
  return out;
}

// What follows the table's name, or EXCLUDE.
std::string index_body(const Catalog& catalog, const SearchPath& path, const Index& index,
                       const Constraint* exclusion, bool pretty) {
  const Table* table = catalog.table(index.table);
  std::string out = fmt::format("USING {} (", find_index_method(index.access_method)->name);
  for (size_t i = 0; i < index.keys.size(); ++i) {
    if (i > 0) out += ", ";
    out += index_key_text(catalog, path, table, index.keys[i], pretty);
    if (exclusion == nullptr) continue;
    out += " WITH " + operator_display_name(catalog, path, exclusion->exclusion_operators[i]);
  }
  out += ')';
  if (!index.include.empty() && table != nullptr) {
    out += fmt::format(" INCLUDE ({})", column_list(*table, index.include));
  }
  if (index.nulls_not_distinct) out += " NULLS NOT DISTINCT";
  if (!index.options.empty()) out += fmt::format(" WITH ({})", option_list(index.options));
  if (!index.predicate.empty()) {
    std::string predicate = shown_expression(catalog, path, index.predicate, pretty);
    out += exclusion != nullptr ? fmt::format(" WHERE ({})", predicate) : " WHERE " + predicate;
  }
  return out;
}

}  // namespace

std::string index_definition(const Catalog& catalog, const SearchPath& path, const Index& index,
                             bool pretty) {
  const Table* table = catalog.table(index.table);
  std::string table_name;
  if (table != nullptr) {
    table_name = pretty ? relation_display_name(catalog, path, *table)
                        : quote_qualified(catalog.schema_name(table->schema), table->name);
  }
  return fmt::format("CREATE {}INDEX {} ON {}{} {}", index.unique ? "UNIQUE " : "",
                     quote_identifier(index.name), index.relkind == 'I' ? "ONLY " : "", table_name,
                     index_body(catalog, path, index, nullptr, pretty));
}

std::string constraint_definition(const Catalog& catalog, const SearchPath& path,
                                  const Table& table, const Constraint& constraint, bool pretty) {
  std::string out;
  switch (constraint.type) {
    case 'f':
      out = foreign_key_text(catalog, path, table, constraint);
      break;
    case 'p':
    case 'u':
      out = key_constraint_text(catalog, table, constraint);
      break;
    case 'c':
      out =
          fmt::format("CHECK ({})", shown_expression(catalog, path, constraint.expression, pretty));
      if (constraint.no_inherit) out += " NO INHERIT";
      break;
    case 'x': {
      const Index* index = catalog.index(constraint.index);
      if (index != nullptr) {
        out = "EXCLUDE " + index_body(catalog, path, *index, &constraint, pretty);
      }
      break;
    }
    case 't':
      out = "TRIGGER";
      break;
    default:
      return "";
  }
  if (constraint.deferrable) out += " DEFERRABLE";
  if (constraint.initially_deferred) out += " INITIALLY DEFERRED";
  if (!constraint.validated) out += " NOT VALID";
  return out;
}

std::string view_definition(const Catalog& catalog, const SearchPath& path, const Table& view,
                            bool pretty) {
  Arena arena;
  const ast::Node* query = parse_sql(view.definition, arena).statements.front().node;
  NameShortener shorten(catalog, path, arena, query);
  return deparse_in_lines(ast::rewrite(query, arena, shorten), pretty) + ";";
}

std::string rule_definition(const Catalog& catalog, const SearchPath& path, const Table& table,
                            const Rule& rule, bool pretty) {
  std::string name = pretty ? relation_display_name(catalog, path, table)
                            : quote_qualified(catalog.schema_name(table.schema), table.name);
  std::string out = fmt::format("CREATE RULE {} AS\n    ON {} TO {}", quote_identifier(rule.name),
                                rule.event == '2'   ? "UPDATE"
                                : rule.event == '3' ? "INSERT"
                                                    : "DELETE",
                                name);
  if (!rule.condition_sql.empty()) {
    out += "\n   WHERE " + shown_expression(catalog, path, rule.condition_sql, pretty);
  }
  out += rule.instead ? " DO INSTEAD " : " DO ";
  if (rule.actions.empty()) return out + "NOTHING;";
  std::string actions;
  for (const std::string& sql : rule.actions) {
    Arena arena;
    const ast::Node* action = parse_sql(sql, arena).statements.front().node;
    if (ast::is<ast::NotifyStmt>(action)) {
      if (actions.empty() && out.ends_with(' ') && rule.actions.size() == 1) out.pop_back();
      actions += "\n " + sql + ";";
    } else {
      NameShortener shorten(catalog, path, arena, action);
      actions += deparse_in_lines(ast::rewrite(action, arena, shorten), pretty) + ";";
    }
    if (rule.actions.size() > 1) actions += "\n";
  }
  return rule.actions.size() > 1 ? out + "(" + actions + ");" : out + actions;
}

}  // namespace luma
