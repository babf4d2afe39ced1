#pragma once
// Turns a bound syntax tree into the one that PostgreSQL would show for it: conversions written
// out, IN and BETWEEN as what they stand for, columns qualified, output columns named, GROUP BY and
// ORDER BY with expressions instead of names and numbers, and all names of users' objects
// qualified, so that the text means the same under any search path. Trees live in the arena given;
// not thread-safe.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sql/ast/ast.h"
#include "sql/bind/bind_record.h"
#include "sql/bind/binder.h"
#include "sql/catalog/name_resolution.h"

namespace luma {

class CanonicalText {
 public:
  // `path`: the one that the tree was bound under.
  CanonicalText(const Catalog& catalog, const SearchPath& path, const BindRecord& record,
                Arena& arena)
      : catalog_(catalog), path_(path), record_(record), arena_(arena) {}

  // An expression over one table's columns, which are not qualified. A conversion of the whole is
  // not written: the context gives it.
  const ast::Node* table_expression(const ast::Node* node, const Expr& bound);

  // The WHERE clause of a query of one table: its columns are not qualified, those in subqueries
  // are.
  const ast::Node* condition(const ast::SelectStmt& probe);

  // A trigger's condition, bound by Binder::bind_trigger_condition() with these rows.
  const ast::Node* trigger_condition(const ast::Node* node, const ScopeItem& old_row,
                                     const ScopeItem& new_row);

  // A rule's condition, bound as the WHERE clause of a SELECT, and its action; `rows` are OLD and
  // NEW of the Binder.
  const ast::Node* rule_condition(const ast::SelectStmt& probe, const Binder::RowPair& rows);
  const ast::Node* rule_action(const ast::Node* node, const Binder::RowPair& rows);

  // A whole query whose columns get `column_names`.
  const ast::SelectStmt* query(const ast::SelectStmt& select,
                               const std::vector<std::string>& column_names);

 private:
  // What surrounds a query level.
  struct Level {
    const std::vector<std::string>* column_names = nullptr;
    // Whether its column names are seen by anybody.
    bool names_visible = true;
  };
  using Names = std::set<std::string>;

  // Expressions (canonical_expression.cc, canonical_operators.cc). `outer` is what the node's place
  // made of the bound expression; null: the expression itself.
  const ast::Node* expression(const ast::Node* node, const Expr* outer = nullptr);
  const ast::Node* optional_expression(const ast::Node* node) {
    return node == nullptr ? nullptr : expression(node);
  }
  const ast::Node* value(const ast::Node* node);
  const ast::Node* by_kind(const ast::Node* node, const Expr* own);
  const Expr* bound(const ast::Node* node) const;
  ast::NodeList expressions(const ast::NodeList& nodes, std::span<Expr* const> outers);
  const ast::Node* with_conversions(const ast::Node* out, const Expr* own, const Expr* outer);
  const ast::Node* literal(const ast::AConst& node, const Expr* own, const Expr* outer);
  const ast::Node* constant(const ast::AConst& node, const Expr& constant);
  const ast::Node* quoted(std::string_view text, TypeRef type);
  const ast::Node* cast(const ast::Node* arg, TypeRef type);
  const ast::Node* column(const ast::ColumnRef& node);
  const ast::Node* type_cast(const ast::TypeCast& node, const Expr* own);
  const ast::Node* array(const ast::AArrayExpr& node, const Expr* own);
  const ast::Node* a_expr(const ast::AExpr& node, const Expr* own);
  const ast::Node* in_list(const ast::AExpr& node, const Expr* own);
  const ast::Node* row_comparison(const ast::AExpr& node, const Expr* own);
  // With the schema of operators that are no part of the system.
  ast::NameList operator_name(std::string_view name, const Expr* bound);
  const ast::Node* operation(std::string_view name, const Expr* bound, const ast::Node* left,
                             const ast::Node* right, ast::AExprKind kind = ast::AExprKind::kOp);
  const ast::Node* both(ast::BoolExprType type, const std::vector<const ast::Node*>& args);
  const ast::Node* between(const ast::AExpr& node, const Expr* own);
  const ast::Node* case_expr(const ast::CaseExpr& node, const Expr* own);
  const ast::Node* sub_link(const ast::SubLink& node, const Expr* own);
  const ast::Node* call(const ast::FuncCall& node, const Expr* own);
  ast::NodeList call_arguments(const ast::FuncCall& node, const Expr& bound);
  const ast::WindowDef* window(const ast::WindowDef& node);
  ast::NodeList sort_list(const ast::NodeList& items, const ast::SelectStmt* select,
                          ast::NodeList targets);
  const ast::Node* generic(const ast::Node* node);
  const ast::TypeName* type_name(TypeRef type);
  template <typename T>
  T* copy(const T& node) {
    return arena_.make<T>(node);
  }

  // Statements (canonical_statement.cc).
  void name_rule_rows(const Binder::RowPair& rows);
  const ast::RangeVar* target_relation(const ast::RangeVar& var);
  const Table* table_named(const ast::RangeVar& var) const;
  const ast::Node* assigned(const ast::Node* value, std::string_view column, const Table* table);
  const ast::Node* insert_action(const ast::InsertStmt& node);
  const ast::OnConflictClause* conflict_action(const ast::OnConflictClause& node,
                                               const Table* table);
  const ast::SelectStmt* insert_query(const ast::SelectStmt& query);
  const ast::Node* update_action(const ast::UpdateStmt& node);
  const ast::Node* delete_action(const ast::DeleteStmt& node);
  ast::NodeList returned(const ast::NodeList& list, const ast::RangeVar* relation);

  // Queries (canonical_query.cc).
  const ast::SelectStmt* select(const ast::SelectStmt& node, const Level& level);
  void core(const ast::SelectStmt& node, ast::SelectStmt& out, const Level& level);
  ast::NodeList values_lists(const ast::NodeList& rows);
  ast::NodeList targets(const ast::SelectStmt& node, const Level& level);
  const ast::WithClause* with(const ast::WithClause& node);
  void name_items(const ast::Node* item);
  const ast::Node* from_item(const ast::Node* node);
  const ast::Node* join(const ast::JoinExpr& node);
  const ast::Node* range_function(const ast::RangeFunction& node);
  const ast::Alias* alias_of(const ast::Node* item, const ast::Alias* alias, bool with_columns);
  std::vector<std::string> item_columns(const ast::Node* node);
  const ast::Node* grouping_item(const ast::Node* node, const ast::SelectStmt& select,
                                 ast::NodeList targets);
  // The target that a name or number stands for; null: none.
  const ast::Node* target_meant(const ast::Node* node, const ast::SelectStmt& select,
                                ast::NodeList targets);

  const Catalog& catalog_;
  const SearchPath& path_;
  const BindRecord& record_;
  Arena& arena_;
  bool qualify_ = true;
  std::string_view target_alias_;  // of the table that a statement changes
  Names used_;                     // names of FROM items of this level and the enclosing ones
  std::map<const ScopeItem*, std::string> item_names_;
  std::multiset<std::string> ctes_;
};

}  // namespace luma
