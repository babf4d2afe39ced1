#include "sql/parse/deparser.h"

namespace luma::parse {

using ast::NodeTag;

bool Deparser::from_item(const ast::Node* node) {
  switch (node->tag) {
    case NodeTag::kRangeVar:
      table(*ast::as<ast::RangeVar>(node));
      alias(ast::as<ast::RangeVar>(node)->alias);
      return true;
    case NodeTag::kRangeSubselect: {
      const auto& item = *ast::as<ast::RangeSubselect>(node);
      if (item.lateral) put("LATERAL ");
      parenthesized(item.subquery);
      alias(item.alias);
      return true;
    }
    case NodeTag::kRangeFunction:
      range_function(*ast::as<ast::RangeFunction>(node));
      return true;
    case NodeTag::kRangeTableFunc:
      table_function(*ast::as<ast::RangeTableFunc>(node));
      return true;
    case NodeTag::kRangeTableSample:
      table_sample(*ast::as<ast::RangeTableSample>(node));
      return true;
    case NodeTag::kJoinExpr:
      join(*ast::as<ast::JoinExpr>(node));
      return true;
    default:
      return false;
  }
}

// Without the alias.
void Deparser::table(const ast::RangeVar& node) {
  if (!node.inh) put("ONLY ");
  if (node.catalogname.data() != nullptr) {
    identifier(node.catalogname);
    put(".");
  }
  if (node.schemaname.data() != nullptr) {
    identifier(node.schemaname);
    put(".");
  }
  identifier(node.relname);
}

// `columns` are the definitions that a function returning records needs; they replace the names.
void Deparser::alias(const ast::Alias* node, const ast::NodeList& columns) {
  if (node == nullptr && columns.empty()) return;
  put(in_lines() && columns.empty() ? " " : " AS ");
  if (node != nullptr) {
    identifier(node->aliasname);
    if (!node->colnames.empty()) {
      put(in_lines() ? "(" : " (");
      names(node->colnames);
      put(")");
    }
    if (!columns.empty()) put(" ");
  }
  if (!columns.empty()) column_definitions(columns);
}

void Deparser::column_definitions(const ast::NodeList& columns) {
  put("(");
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto& column = *ast::as<ast::ColumnDef>(columns[i]);
    if (i > 0) put(", ");
    identifier(column.colname);
    put(" ");
    type_name(*column.type_name);
    if (column.coll_clause != nullptr) {
      put(" COLLATE ");
      qualified(column.coll_clause->collname);
    }
  }
  put(")");
}

void Deparser::function_in_from(const ast::Node* node) {
  const auto* typed = ast::try_as<ast::TypeCast>(node);
  if (typed == nullptr) {
    this->node(node);
    return;
  }
  put("CAST(");
  this->node(typed->arg);
  put(" AS ");
  type_name(*typed->type_name);
  put(")");
}

void Deparser::range_function(const ast::RangeFunction& node) {
  if (node.lateral) put("LATERAL ");
  if (node.is_rowsfrom) put("ROWS FROM (");
  for (size_t i = 0; i < node.functions.size(); ++i) {
    const auto& parts = ast::as<ast::ListNode>(node.functions[i])->items;
    if (i > 0) put(", ");
    function_in_from(parts[0]);
    const auto* columns = ast::try_as<ast::ListNode>(parts[1]);
    if (columns != nullptr) {
      put(" AS ");
      column_definitions(columns->items);
    }
  }
  if (node.is_rowsfrom) put(")");
  if (node.ordinality) put(" WITH ORDINALITY");
  alias(node.alias, node.coldeflist);
}

void Deparser::table_function(const ast::RangeTableFunc& node) {
  if (node.lateral) put("LATERAL ");
  put("XMLTABLE(");
  if (!node.namespaces.empty()) {
    put("XMLNAMESPACES(");
    for (size_t i = 0; i < node.namespaces.size(); ++i) {
      const auto& space = *ast::as<ast::ResTarget>(node.namespaces[i]);
      if (i > 0) put(", ");
      if (space.name.data() == nullptr) put("DEFAULT ");
      operand(space.val);
      if (space.name.data() != nullptr) {
        put(" AS ");
        identifier(space.name);
      }
    }
    put("), ");
  }
  primary(node.rowexpr);
  put(" PASSING ");
  primary(node.docexpr);
  put(" COLUMNS ");
  for (size_t i = 0; i < node.columns.size(); ++i) {
    if (i > 0) put(", ");
    table_function_column(*ast::as<ast::RangeTableFuncCol>(node.columns[i]));
  }
  put(")");
  alias(node.alias);
}

void Deparser::table_function_column(const ast::RangeTableFuncCol& node) {
  identifier(node.colname);
  if (node.for_ordinality) {
    put(" FOR ORDINALITY");
    return;
  }
  put(" ");
  type_name(*node.type_name);
  if (node.colexpr != nullptr) {
    put(" PATH ");
    operand(node.colexpr);
  }
  if (node.coldefexpr != nullptr) {
    put(" DEFAULT ");
    operand(node.coldefexpr);
  }
  if (node.is_not_null) put(" NOT NULL");
}

void Deparser::table_sample(const ast::RangeTableSample& node) {
  this->node(node.relation);
  put(" TABLESAMPLE ");
  qualified(node.method);
  put("(");
  list(node.args);
  put(")");
  if (node.repeatable != nullptr) {
    put(" REPEATABLE ");
    parenthesized(node.repeatable);
  }
}

// Behind what could still take an alias, ASOF would be one.
void Deparser::left_of_asof(const ast::Node* node) {
  const auto* table = ast::try_as<ast::RangeVar>(node);
  const auto* joined = ast::try_as<ast::JoinExpr>(node);
  if (joined != nullptr && joined->alias == nullptr) {
    const Parentheses outer = std::exchange(parentheses_, Parentheses::kNeeded);
    this->node(node);
    parentheses_ = outer;
    return;
  }
  this->node(node);
  if (table == nullptr || table->alias != nullptr) return;
  put(" AS ");
  identifier(table->relname);
}

void Deparser::join(const ast::JoinExpr& node) {
  bool enclosed = node.alias != nullptr || parentheses_ == Parentheses::kAll;
  if (enclosed) put("(");
  if (node.is_asof) {
    left_of_asof(node.larg);
  } else {
    this->node(node.larg);
  }
  bool conditional = node.quals != nullptr || !node.using_clause.empty();
  new_line(kQueryIndent, 4);
  if (node.is_natural) put(" NATURAL");
  if (node.is_asof) put(" ASOF");
  switch (node.jointype) {
    case ast::JoinType::kInner:
      put(conditional || node.is_natural ? " JOIN " : " CROSS JOIN ");
      break;
    case ast::JoinType::kLeft:
      put(" LEFT JOIN ");
      break;
    case ast::JoinType::kRight:
      put(" RIGHT JOIN ");
      break;
    default:
      put(" FULL JOIN ");
      break;
  }
  const auto* nested = ast::try_as<ast::JoinExpr>(node.rarg);
  if (nested != nullptr && nested->alias == nullptr && parentheses_ != Parentheses::kAll) {
    parenthesized(node.rarg);
  } else {
    this->node(node.rarg);
  }
  if (!conditional && !node.is_natural && node.jointype != ast::JoinType::kInner) {
    put(" ON TRUE");
  } else if (node.quals != nullptr && parentheses_ == Parentheses::kAll) {
    put(" ON ");
    parenthesized(node.quals);
  } else {
    clause(" ON ", node.quals);
  }
  if (!node.using_clause.empty()) {
    put(" USING (");
    names(node.using_clause);
    put(")");
    if (node.join_using_alias != nullptr) {
      put(" AS ");
      identifier(node.join_using_alias->aliasname);
    }
  }
  if (enclosed) put(")");
  alias(node.alias);
}

}  // namespace luma::parse
