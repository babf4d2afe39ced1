#include "sql/parse/deparse.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/parse/deparser.h"
#include "sql/parse/pg_raw.h"

namespace luma {

std::string quote_identifier(std::string_view name) {
  bool plain = !name.empty() && (name[0] == '_' || (name[0] >= 'a' && name[0] <= 'z'));
  for (char c : name) {
    plain = plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
  }
  // Unreserved keywords (category 0) may stand wherever a name may.
  if (plain && luma_pg_keyword_category(std::string(name).c_str()) <= 0) return std::string(name);
  std::string quoted = "\"";
  for (char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string quote_literal(std::string_view text) {
  bool backslash = text.find('\\') != std::string_view::npos;
  std::string quoted = backslash ? "E'" : "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + '\'';
}

namespace {

// In definitions backslashes mean themselves.
std::string quote_standard_literal(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'') quoted += c;
    quoted += c;
  }
  return quoted + '\'';
}

}  // namespace

std::string deparse(const ast::Node* node) {
  parse::Deparser deparser;
  deparser.node(node);
  return deparser.take();
}

std::string deparse_definition(const ast::Node* expression, bool pretty) {
  parse::Deparser deparser(pretty ? parse::Parentheses::kNeeded : parse::Parentheses::kAll);
  deparser.use_lines();
  deparser.node(expression);
  return deparser.take();
}

std::string deparse_in_lines(const ast::Node* query, bool pretty) {
  parse::Deparser deparser(pretty ? parse::Parentheses::kNeeded : parse::Parentheses::kAll);
  deparser.use_lines();
  deparser.node(query);
  return deparser.take();
}

namespace parse {

void Deparser::node(const ast::Node* node) {
  LUMA_CHECK(node != nullptr);
  if (has_parentheses(node)) {
    put("(");
    expression(node);
    put(")");
    return;
  }
  if (expression(node) || query(node) || from_item(node)) return;
  throw unsupported("writing {} as SQL", ast::node_name(node->tag));
}

void Deparser::list(const ast::NodeList& items, std::string_view separator) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) put(separator);
    node(items[i]);
  }
}

void Deparser::names(const ast::NameList& names, std::string_view separator) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) put(separator);
    identifier(names[i]);
  }
}

void Deparser::clause(std::string_view keyword, const ast::NodeList& items) {
  if (items.empty()) return;
  put(keyword);
  list(items);
}

void Deparser::clause(std::string_view keyword, const ast::Node* item) {
  if (item == nullptr) return;
  put(keyword);
  node(item);
}

void Deparser::new_line(int32_t outdent, size_t spaces) {
  if (!in_lines()) return;
  while (!out_.empty() && (out_.back() == ' ' || out_.back() == '\n')) out_.pop_back();
  out_ += '\n';
  out_.append(static_cast<size_t>(std::max(indent_ - outdent, 0)) + spaces, ' ');
}

void Deparser::list_in_lines(std::string_view keyword, const ast::NodeList& items) {
  if (items.empty()) return;
  put(keyword);
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) {
      put(", ");
      new_line(kQueryIndent, 4);
    }
    node(items[i]);
  }
}

void Deparser::parenthesized(const ast::Node* item) {
  put("(");
  node(item);
  put(")");
}

void Deparser::identifier(std::string_view name) { put(quote_identifier(name)); }

void Deparser::literal(std::string_view text) { put(quote_standard_literal(text)); }

}  // namespace parse
}  // namespace luma
