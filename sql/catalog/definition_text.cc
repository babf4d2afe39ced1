#include "sql/catalog/definition_text.h"

#include <fmt/format.h>

#include <cctype>

#include "sql/catalog/builtin_facts.h"

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

std::string key_text(const Table* table, const IndexKey& key, bool pretty) {
  if (key.column > 0) {
    const Column* column = table == nullptr ? nullptr : table->column(key.column);
    return column == nullptr ? "?" : quote_identifier(column->name);
  }
  if (looks_like_call(key.expression)) return key.expression;
  std::string_view inner = pretty ? without_outer_parentheses(key.expression) : key.expression;
  return fmt::format("({})", inner);
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

}  // namespace

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

std::string index_column_definition(const Catalog& catalog, const Index& index, int column,
                                    bool pretty) {
  const Table* table = catalog.table(index.table);
  size_t i = static_cast<size_t>(column) - 1;
  if (column < 1) return "";
  if (i < index.keys.size()) return key_text(table, index.keys[i], pretty);
  i -= index.keys.size();
  if (i >= index.include.size() || table == nullptr) return "";
  return column_list(*table, {index.include[i]});
}

std::string index_definition(const Catalog& catalog, const SearchPath& path, const Index& index,
                             bool pretty) {
  const Table* table = catalog.table(index.table);
  std::string table_name;
  if (table != nullptr) {
    table_name = pretty ? relation_display_name(catalog, path, *table)
                        : quote_qualified(catalog.schema_name(table->schema), table->name);
  }
  std::string method = index.access_method == kHashAm    ? "hash"
                       : index.access_method == kBtreeAm ? "btree"
                                                         : "columnar";
  std::string out = fmt::format("CREATE {}INDEX {} ON {} USING {} (", index.unique ? "UNIQUE " : "",
                                quote_identifier(index.name), table_name, method);
  bool first = true;
  for (const IndexKey& key : index.keys) {
    if (!first) out += ", ";
    first = false;
    out += key_text(table, key, pretty);
    const Column* column = table == nullptr ? nullptr : table->column(key.column);
    Oid natural = column == nullptr ? kInvalidOid : column->collation;
    if (key.column > 0 && key.collation != kInvalidOid && key.collation != natural) {
      const CollationFact* collation = find_collation_fact(key.collation);
      if (collation != nullptr) out += " COLLATE " + quote_identifier(collation->name);
    }
    const OpClassFact* opclass = find_opclass_fact(key.opclass);
    if (opclass != nullptr && !opclass->is_default) out += " " + quote_identifier(opclass->name);
    if (key.descending) out += " DESC";
    if (key.descending && !key.nulls_first) out += " NULLS LAST";
    if (!key.descending && key.nulls_first) out += " NULLS FIRST";
  }
  out += ')';
  if (!index.include.empty() && table != nullptr) {
    out += fmt::format(" INCLUDE ({})", column_list(*table, index.include));
  }
  if (index.nulls_not_distinct) out += " NULLS NOT DISTINCT";
  if (!index.options.empty()) out += fmt::format(" WITH ({})", option_list(index.options));
  if (!index.predicate.empty()) {
    out += fmt::format(" WHERE {}", pretty ? without_outer_parentheses(index.predicate)
                                           : std::string_view(index.predicate));
  }
  return out;
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
      out = fmt::format("CHECK ({})", pretty ? without_outer_parentheses(constraint.expression)
                                             : std::string_view(constraint.expression));
      if (constraint.no_inherit) out += " NO INHERIT";
      break;
    default:
      return "";
  }
  if (constraint.deferrable) out += " DEFERRABLE";
  if (constraint.initially_deferred) out += " INITIALLY DEFERRED";
  if (!constraint.validated) out += " NOT VALID";
  return out;
}

std::string view_definition(const Table& view) { return view.definition + ";"; }

}  // namespace luma
