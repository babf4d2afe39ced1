#pragma once
// Private to sql/routine: the recursive descent over tokens that makes a PlFunction.
#include <optional>
#include <string_view>
#include <vector>

#include "sql/bind/bind_environment.h"
#include "sql/routine/pl_lexer.h"
#include "sql/routine/pl_tree.h"

namespace luma {

class PlParser {
 public:
  PlParser(BindEnvironment& environment, PlFunction& function)
      : environment_(environment), function_(function), tokens_(pl_tokens(function.body)) {}

  void parse();

  // A variable without a declaration in the text.
  int add_variable(std::string name, TypeRef type, PlVariable::Kind kind, int line = 0);
  void name_variable(std::string name, int variable);
  void push_label(std::string name, bool is_loop = false);

 private:
  // --- tokens
  const PlToken& peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const PlToken& next() {
    const PlToken& token = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool accept_word(std::string_view word);
  bool accept(std::string_view symbol);
  void expect_word(std::string_view word);
  void expect(std::string_view symbol);
  [[noreturn]] void fail() const { fail_at(peek()); }
  [[noreturn]] void fail_at(const PlToken& token) const;
  [[noreturn]] void fail_with(std::string message, int offset) const;
  int line() const { return pl_line(function_.body, peek().start); }
  std::string name();
  // Of a token of digits; what does not fit is no valid number anywhere.
  size_t number_of(const PlToken& token) const;

  // --- SQL inside (pl_parser_sql.cc)
  // The text up to one of the words or symbols at depth 0, which is not taken.
  std::string_view text_until(std::initializer_list<std::string_view> stops, int* offset);
  PlExprPtr expression(std::initializer_list<std::string_view> stops);
  PlExprPtr make_expression(std::string_view text, int offset, bool is_statement);
  PlExprPtr statement_text(int start, int end);
  std::vector<PlExprPtr> cursor_arguments(int variable);
  std::vector<PlExprPtr> argument_list(std::initializer_list<std::string_view> stops);
  PlTarget target();
  std::vector<PlTarget> target_list();
  std::optional<std::pair<int, size_t>> find_variable(const std::vector<std::string>& names) const;
  PlStatementPtr sql_statement(PlKind kind);
  void call_outputs(PlSql& call);
  PlStatementPtr assignment();
  bool starts_assignment() const;

  // --- declarations (pl_parser_declare.cc)
  void declarations(PlBlock& block);
  void declare(PlBlock& block);
  void declare_cursor(PlBlock& block, const std::string& cursor_name, int at_line);
  TypeRef data_type(PlVariable::Kind& kind, std::initializer_list<std::string_view> stops);
  void set_option();

  // --- statements (pl_parser.cc, pl_parser_loop.cc)
  std::unique_ptr<PlBlock> block(std::string label);
  void handlers(PlBlock& block);
  std::string condition_codes(const std::string& condition, std::vector<std::string>& codes,
                              int offset);
  PlBody statements(std::initializer_list<std::string_view> ends);
  PlStatementPtr statement();
  PlStatementPtr by_keyword(const PlToken& token);
  PlStatementPtr if_statement();
  PlStatementPtr case_statement();
  PlStatementPtr exit_statement(bool is_continue);
  PlStatementPtr return_statement();
  PlStatementPtr raise_statement();
  PlStatementPtr assert_statement();
  PlStatementPtr diagnostics();
  PlStatementPtr open_cursor();
  PlStatementPtr fetch(bool is_move);
  PlStatementPtr close_cursor();
  PlStatementPtr execute_statement();
  PlStatementPtr commit(PlKind kind);
  PlStatementPtr loop(std::string label);
  PlStatementPtr while_loop(std::string label);
  PlStatementPtr for_loop(std::string label);
  PlStatementPtr foreach_loop(std::string label);
  void for_integer(PlLoop& loop, const std::string& variable, int at_line);
  void for_rows(PlLoop& loop, const PlToken& first);
  void loop_body(PlLoop& loop);
  void end_label(const std::string& label);
  int cursor_variable();
  const PlName* label_in_reach(std::string_view label) const;

  BindEnvironment& environment_;
  PlFunction& function_;
  std::vector<PlToken> tokens_;
  size_t at_ = 0;
  const PlName* names_ = nullptr;
  int loop_depth_ = 0;
  int depth_ = 0;
};

}  // namespace luma
