#pragma once
// Private to sql/parse: the writer behind deparse(). One instance writes one text.
#include <string>
#include <string_view>

#include "sql/ast/ast.h"

namespace luma::parse {

// kSource: where any operator has another one as operand; kAll: around every operator; kNeeded: as
// PostgreSQL's pretty definitions have them.
enum class Parentheses : uint8_t { kSource, kAll, kNeeded };

class Deparser {
 public:
  explicit Deparser(Parentheses parentheses = Parentheses::kSource) : parentheses_(parentheses) {}

  void node(const ast::Node* node);
  std::string take() { return std::move(out_); }
  // Breaks queries into lines; without it all is one line.
  void use_lines() { indent_ = 0; }

 private:
  // Expressions (deparse_expression.cc). operand() adds parentheses where `parent` needs them
  // (deparse_parentheses.cc).
  bool expression(const ast::Node* node);
  void operand(const ast::Node* node, const ast::Node* parent = nullptr);
  // The node is written in parentheses wherever it stands.
  bool has_parentheses(const ast::Node* node) const;
  // An element of GROUP BY, ORDER BY and the like.
  void sort_key(const ast::Node* node);
  void sort_keys(std::string_view keyword, const ast::NodeList& items);
  // The same where the grammar allows no cast either.
  void primary(const ast::Node* node);
  // TYPE 'text', where it wants a constant.
  void typed_constant(const ast::Node* node);
  void constant(const ast::AConst& node);
  void column(const ast::ColumnRef& node);
  void indirection(const ast::NodeList& items);
  void indirection_base(const ast::AIndirection& node);
  void a_expr(const ast::AExpr& node);
  void operator_name(const ast::NameList& name);
  void pattern(const ast::AExpr& node, std::string_view keyword, bool negated);
  void between(const ast::AExpr& node, std::string_view keyword);
  void bool_expr(const ast::BoolExpr& node);
  void sub_link(const ast::SubLink& node);
  void case_expr(const ast::CaseExpr& node);
  void null_test(const ast::NullTest& node);
  void boolean_test(const ast::BooleanTest& node);
  void value_function(const ast::SQLValueFunction& node);
  void xml_expr(const ast::XmlExpr& node);
  void type_name(const ast::TypeName& node);
  void cast(const ast::TypeCast& node);

  // Function calls and windows (deparse_function.cc).
  void function(const ast::FuncCall& node);
  bool sql_syntax(const ast::FuncCall& node);
  void extract_field(const ast::Node* node);
  void substring(const ast::FuncCall& node);
  void overlay(const ast::FuncCall& node);
  void window(const ast::WindowDef& node);
  void frame(const ast::WindowDef& node);
  void frame_bound(int32_t options, bool start, const ast::Node* offset);
  void sort_by(const ast::SortBy& node);

  // Queries (deparse_query.cc).
  bool query(const ast::Node* node);
  void select(const ast::SelectStmt& node);
  void select_core(const ast::SelectStmt& node);
  void select_tail(const ast::SelectStmt& node);
  void set_operand(const ast::SelectStmt& node, bool same_operation, std::string_view lead);
  void into(const ast::IntoClause& node);
  void locking(const ast::LockingClause& node);
  void with(const ast::WithClause* node);
  void common_table(const ast::CommonTableExpr& node);
  void grouping_set(const ast::GroupingSet& node);
  // Statements that stand in a definition are indented; returns the former indentation.
  int32_t begin_statement();
  void insert_source(const ast::SelectStmt& source);
  void insert(const ast::InsertStmt& node);
  void on_conflict(const ast::OnConflictClause& node);
  void infer_element(const ast::IndexElem& node);
  void update(const ast::UpdateStmt& node);
  void delete_from(const ast::DeleteStmt& node);
  void merge(const ast::MergeStmt& node);
  void merge_when(const ast::MergeWhenClause& node);
  void assignments(const ast::NodeList& targets);
  void target_column(const ast::ResTarget& node);
  void select_target(const ast::ResTarget& node);
  void returning(const ast::NodeList& targets);

  // FROM lists (deparse_from.cc).
  bool from_item(const ast::Node* node);
  void table(const ast::RangeVar& node);
  void alias(const ast::Alias* node, const ast::NodeList& columns = {});
  void range_function(const ast::RangeFunction& node);
  void function_in_from(const ast::Node* node);
  void column_definitions(const ast::NodeList& columns);
  void table_function(const ast::RangeTableFunc& node);
  void table_function_column(const ast::RangeTableFuncCol& node);
  void table_sample(const ast::RangeTableSample& node);
  void join(const ast::JoinExpr& node);
  void left_of_asof(const ast::Node* node);

  template <typename... Args>
  void put(Args&&... texts) {
    ((out_ += texts), ...);
  }
  void list(const ast::NodeList& items, std::string_view separator = ", ");
  void clause(std::string_view keyword, const ast::NodeList& items);
  void clause(std::string_view keyword, const ast::Node* item);
  void names(const ast::NameList& names, std::string_view separator = ", ");
  void qualified(const ast::NameList& name) { names(name, "."); }
  void parenthesized(const ast::Node* item);
  void identifier(std::string_view name);
  void literal(std::string_view text);

  static constexpr int32_t kQueryIndent = 8;
  bool in_lines() const { return indent_ >= 0; }
  // With lines only: ends the line; the next one is indented by `spaces` more than the present
  // depth less `outdent`.
  void new_line(int32_t outdent, size_t spaces);
  void list_in_lines(std::string_view keyword, const ast::NodeList& items);

  std::string out_;
  int32_t indent_ = -1;  // -1 = no lines
  Parentheses parentheses_;
};

}  // namespace luma::parse
