// PL/pgSQL: blocks and statements.
#include "sql/routine/pl_parser.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/ast/ast.h"
#include "sql/parse/parser.h"

namespace luma {

// --- tokens

bool PlParser::accept_word(std::string_view word) {
  if (!peek().is_word(word)) return false;
  next();
  return true;
}
bool PlParser::accept(std::string_view symbol) {
  if (!peek().is(symbol)) return false;
  next();
  return true;
}
void PlParser::expect_word(std::string_view word) {
  if (!accept_word(word)) fail();
}
void PlParser::expect(std::string_view symbol) {
  if (!accept(symbol)) fail();
}

void PlParser::fail_at(const PlToken& token) const {
  if (token.kind == PlTokenKind::kEnd) {
    throw SqlError(SqlState::kSyntaxError, "syntax error at end of input").at_byte(token.start);
  }
  throw sql_error(SqlState::kSyntaxError, "syntax error at or near \"{}\"",
                  function_.body.substr(static_cast<size_t>(token.start),
                                        static_cast<size_t>(token.end - token.start)))
      .at_byte(token.start);
}

void PlParser::fail_with(std::string message, int offset) const {
  throw SqlError(SqlState::kSyntaxError, std::move(message)).at_byte(offset);
}

std::string PlParser::name() {
  if (!peek().is_name()) fail();
  return next().text;
}

size_t PlParser::number_of(const PlToken& token) const {
  if (token.text.size() > 6 || token.text.find_first_not_of("0123456789") != std::string::npos) {
    fail_at(token);
  }
  return std::stoul(token.text);
}

// --- blocks

void PlParser::parse() {
  while (peek().is("#")) set_option();
  std::string label;
  if (accept("<<")) {
    label = name();
    expect(">>");
  }
  if (!peek().is_word("declare") && !peek().is_word("begin")) fail();
  function_.block = block(std::move(label));
  accept(";");
  if (peek().kind != PlTokenKind::kEnd) fail();
}

std::unique_ptr<PlBlock> PlParser::block(std::string label) {
  const PlName* outside = names_;
  auto out = std::make_unique<PlBlock>(PlKind::kBlock, 0);
  push_label(label);
  out->label = label;
  if (accept_word("declare")) declarations(*out);
  out->line = line();
  expect_word("begin");
  out->body = statements({"end", "exception"});
  if (accept_word("exception")) handlers(*out);
  expect_word("end");
  end_label(label);
  names_ = outside;
  return out;
}

void PlParser::end_label(const std::string& label) {
  if (!peek().is_name()) return;
  const PlToken& token = next();
  if (label.empty()) {
    fail_with(fmt::format("end label \"{}\" specified for unlabeled block", token.text),
              token.start);
  }
  if (token.text != label) {
    fail_with(fmt::format("end label \"{}\" differs from block's label \"{}\"", token.text, label),
              token.start);
  }
}

void PlParser::handlers(PlBlock& block) {
  const PlName* outside = names_;
  push_label("");
  block.sqlstate =
      add_variable("sqlstate", {type_oid::kText, -1}, PlVariable::Kind::kScalar, line());
  name_variable("sqlstate", block.sqlstate);
  block.sqlerrm = add_variable("sqlerrm", {type_oid::kText, -1}, PlVariable::Kind::kScalar, line());
  name_variable("sqlerrm", block.sqlerrm);
  while (accept_word("when")) {
    PlHandler handler;
    do {
      const PlToken token = next();
      if (token.is_word("sqlstate")) {
        if (peek().kind != PlTokenKind::kString) fail();
        if (peek().text.size() != 5) fail_with("invalid SQLSTATE code", peek().start);
        handler.codes.push_back(next().text);
      } else if (token.is_word("others")) {
        handler.others = true;
      } else if (token.is_name()) {
        condition_codes(token.text, handler.codes, token.start);
      } else {
        fail_at(token);
      }
    } while (accept_word("or"));
    expect_word("then");
    handler.body = statements({"when", "end"});
    block.handlers.push_back(std::move(handler));
  }
  if (block.handlers.empty()) fail();
  names_ = outside;
}

std::string PlParser::condition_codes(const std::string& condition, std::vector<std::string>& codes,
                                      int offset) {
  struct Row {
    std::string_view name, code;
  };
  static constexpr Row kRows[] = {
#define LUMA_SQLSTATE(enumerator, code, condition_name) {condition_name, code},
#include "engine/base/sql_state.inc"
#undef LUMA_SQLSTATE
  };
  bool found = false;
  for (const Row& row : kRows) {
    if (row.name != condition) continue;
    codes.emplace_back(row.code);
    found = true;
  }
  if (!found) {
    throw sql_error(SqlState::kUndefinedObject, "unrecognized exception condition \"{}\"",
                    condition)
        .at_byte(offset);
  }
  return codes.back();
}

PlBody PlParser::statements(std::initializer_list<std::string_view> ends) {
  PlBody body;
  while (true) {
    const PlToken& token = peek();
    if (token.kind == PlTokenKind::kEnd) fail();
    if (std::ranges::any_of(ends, [&](std::string_view end) { return token.is_word(end); }) &&
        !starts_assignment()) {
      return body;
    }
    body.push_back(statement());
  }
}

PlStatementPtr PlParser::statement() {
  constexpr int kMaxDepth = 400;
  struct Depth {
    int& depth;
    ~Depth() { --depth; }
  } guard{++depth_};
  if (depth_ > kMaxDepth) {
    throw SqlError(SqlState::kStatementTooComplex, "stack depth limit exceeded")
        .at_byte(peek().start);
  }
  std::string label;
  bool labelled = accept("<<");
  if (labelled) {
    label = name();
    expect(">>");
  }
  const PlToken token = peek();
  if (token.is_word("declare") || token.is_word("begin")) {
    auto inner = block(std::move(label));
    expect(";");
    return inner;
  }
  if (token.is_word("loop")) return loop(std::move(label));
  if (token.is_word("while")) return while_loop(std::move(label));
  if (token.is_word("for")) return for_loop(std::move(label));
  if (token.is_word("foreach")) return foreach_loop(std::move(label));
  if (labelled) fail();
  if (starts_assignment()) return assignment();
  if (PlStatementPtr known = by_keyword(token)) return known;
  if (!token.is_name() && !token.is("(")) fail();
  static constexpr std::string_view kCommands[] = {
      "select",   "insert",   "update",    "delete",     "with",    "values",  "table",
      "merge",    "create",   "alter",     "drop",       "grant",   "revoke",  "set",
      "reset",    "truncate", "lock",      "copy",       "analyze", "vacuum",  "comment",
      "notify",   "listen",   "unlisten",  "explain",    "show",    "prepare", "deallocate",
      "refresh",  "reindex",  "cluster",   "checkpoint", "discard", "import",  "reassign",
      "security", "start",    "savepoint", "release",    "declare", "load"};
  bool command = token.is("(") || std::ranges::find(kCommands, token.text) != std::end(kCommands);
  if (!command) fail_at(token);
  return sql_statement(PlKind::kSql);
}

PlStatementPtr PlParser::by_keyword(const PlToken& token) {
  if (token.kind != PlTokenKind::kWord) return nullptr;
  const std::string& word = token.text;
  if (word == "if") return if_statement();
  if (word == "case") return case_statement();
  if (word == "exit") return exit_statement(false);
  if (word == "continue") return exit_statement(true);
  if (word == "return") return return_statement();
  if (word == "raise") return raise_statement();
  if (word == "assert") return assert_statement();
  if (word == "get") return diagnostics();
  if (word == "open") return open_cursor();
  if (word == "fetch") return fetch(false);
  if (word == "move") return fetch(true);
  if (word == "close") return close_cursor();
  if (word == "execute") return execute_statement();
  if (word == "commit") return commit(PlKind::kCommit);
  if (word == "rollback") return commit(PlKind::kRollback);
  if (word == "call" || word == "do") return sql_statement(PlKind::kCall);
  if (word == "null" && peek(1).is(";")) {
    auto nothing = std::make_unique<PlStatement>(PlKind::kNull, line());
    next();
    next();
    return nothing;
  }
  if (word == "perform") {
    auto perform = std::make_unique<PlSql>(PlKind::kPerform, line());
    int at = next().start;
    int offset = 0;
    std::string_view text = text_until({";"}, &offset);
    expect(";");
    // As PostgreSQL reports it: the statement with SELECT in place of PERFORM.
    perform->statement = make_expression(text, offset, false);
    perform->statement->text = "SELECT " + std::string(text);
    static_cast<void>(at);
    return perform;
  }
  return nullptr;
}

PlStatementPtr PlParser::if_statement() {
  auto out = std::make_unique<PlIf>(PlKind::kIf, line());
  next();
  while (true) {
    PlExprPtr condition = expression({"then"});
    expect_word("then");
    PlBody body = statements({"elsif", "elseif", "else", "end"});
    out->branches.emplace_back(std::move(condition), std::move(body));
    if (accept_word("elsif") || accept_word("elseif")) continue;
    if (accept_word("else")) out->otherwise = statements({"end"});
    expect_word("end");
    expect_word("if");
    expect(";");
    return out;
  }
}

PlStatementPtr PlParser::case_statement() {
  auto out = std::make_unique<PlCase>(PlKind::kCase, line());
  next();
  if (!peek().is_word("when")) out->value = expression({"when"});
  while (accept_word("when")) {
    PlExprPtr condition;
    if (out->value != nullptr) {
      // The list is compared with the value in one expression.
      if (out->variable < 0) {
        out->variable = add_variable("__case_value", {type_oid::kInt4, -1},
                                     PlVariable::Kind::kScalar, out->line);
        name_variable(fmt::format("__Case__Variable_{}__", out->variable), out->variable);
      }
      int offset = 0;
      std::string_view text = text_until({"then"}, &offset);
      std::string whole = fmt::format("\"__Case__Variable_{}__\" IN ({})", out->variable, text);
      condition = make_expression(whole, offset, false);
    } else {
      condition = expression({"then"});
    }
    expect_word("then");
    PlBody body = statements({"when", "else", "end"});
    out->branches.emplace_back(std::move(condition), std::move(body));
  }
  if (out->branches.empty()) fail();
  if (accept_word("else")) {
    out->has_else = true;
    out->otherwise = statements({"end"});
  }
  expect_word("end");
  expect_word("case");
  expect(";");
  return out;
}

const PlName* PlParser::label_in_reach(std::string_view label) const {
  for (const PlName* item = names_; item != nullptr; item = item->outer) {
    if (item->is_label && item->name == label) return item;
  }
  return nullptr;
}

PlStatementPtr PlParser::exit_statement(bool is_continue) {
  auto out = std::make_unique<PlExit>(PlKind::kExit, line());
  out->is_continue = is_continue;
  const PlToken start = next();
  if (peek().is_name() && !peek().is_word("when")) {
    const PlToken& label = next();
    out->label = label.text;
    const PlName* of = label_in_reach(out->label);
    if (of != nullptr && is_continue && !of->is_loop) {
      throw sql_error(SqlState::kSyntaxError, "block label \"{}\" cannot be used in CONTINUE",
                      out->label)
          .at_byte(label.start);
    }
    if (of == nullptr) {
      throw sql_error(SqlState::kSyntaxError,
                      "there is no label \"{}\" attached to any block or loop enclosing this "
                      "statement",
                      out->label)
          .at_byte(label.start);
    }
  } else if (loop_depth_ == 0) {
    fail_with(fmt::format("{} cannot be used outside a loop{}", is_continue ? "CONTINUE" : "EXIT",
                          is_continue ? "" : ", unless it has a label"),
              start.start);
  }
  if (accept_word("when")) out->condition = expression({";"});
  expect(";");
  return out;
}

PlStatementPtr PlParser::return_statement() {
  int at_line = line();
  next();
  if (peek().is_word("next")) {
    auto out = std::make_unique<PlReturn>(PlKind::kReturnNext, at_line);
    const PlToken& token = next();
    if (!function_.returns_set) {
      throw SqlError(SqlState::kDatatypeMismatch, "cannot use RETURN NEXT in a non-SETOF function")
          .at_byte(token.start);
    }
    if (!function_.outputs.empty()) {
      if (!peek().is(";")) {
        throw SqlError(SqlState::kSyntaxError,
                       "RETURN NEXT cannot have a parameter in function with OUT parameters")
            .at_byte(peek().start);
      }
    } else {
      out->value = expression({";"});
    }
    expect(";");
    return out;
  }
  if (peek().is_word("query")) {
    auto out = std::make_unique<PlReturn>(PlKind::kReturnQuery, at_line);
    const PlToken& token = next();
    if (!function_.returns_set) {
      throw SqlError(SqlState::kDatatypeMismatch, "cannot use RETURN QUERY in a non-SETOF function")
          .at_byte(token.start);
    }
    if (accept_word("execute")) {
      out->is_dynamic = true;
      out->query = expression({";", "using"});
      if (accept_word("using")) out->arguments = argument_list({});
    } else {
      int offset = 0;
      std::string_view text = text_until({";"}, &offset);
      out->query = make_expression(text, offset, true);
    }
    expect(";");
    return out;
  }
  auto out = std::make_unique<PlReturn>(PlKind::kReturn, at_line);
  const PlToken& token = peek();
  bool empty = token.is(";");
  if (function_.returns_set && !empty) {
    throw SqlError(SqlState::kDatatypeMismatch,
                   "RETURN cannot have a parameter in function returning set")
        .hint("Use RETURN NEXT or RETURN QUERY.")
        .at_byte(token.start);
  }
  if ((function_.is_procedure || function_.is_inline) && !empty) {
    fail_with("RETURN cannot have a parameter in a procedure", token.start);
  }
  const bool returns_nothing =
      function_.types.result == type_oid::kVoid || function_.is_event_trigger;
  if (returns_nothing && !function_.is_procedure && !empty) {
    throw SqlError(SqlState::kDatatypeMismatch,
                   "RETURN cannot have a parameter in function returning void")
        .at_byte(token.start);
  }
  if (!function_.outputs.empty() && !empty) {
    throw SqlError(SqlState::kDatatypeMismatch,
                   "RETURN cannot have a parameter in function with OUT parameters")
        .at_byte(token.start);
  }
  if (!empty) {
    if (peek().is_name() && peek(1).is(";")) {
      if (auto found = find_variable({peek().text})) out->variable = found->first;
    }
    out->value = expression({";"});
  } else if (!function_.returns_set && function_.outputs.empty() && !returns_nothing &&
             !function_.is_procedure && !function_.is_inline) {
    fail_with("missing expression at or near \";\"", token.start);
  }
  expect(";");
  return out;
}

PlStatementPtr PlParser::raise_statement() {
  auto out = std::make_unique<PlRaise>(PlKind::kRaise, line());
  next();
  if (accept(";")) return out;
  for (std::string_view level : {"debug", "log", "info", "notice", "warning", "exception"}) {
    if (!accept_word(level)) continue;
    out->level = level;
    break;
  }
  auto options = [&] {
    do {
      std::string option = name();
      if (!accept("=")) expect(":=");
      static constexpr std::string_view kOptions[] = {"message",  "detail", "hint",
                                                      "errcode",  "column", "constraint",
                                                      "datatype", "table",  "schema"};
      if (std::ranges::find(kOptions, option) == std::end(kOptions)) {
        fail_with("unrecognized RAISE statement option", tokens_[at_ - 2].start);
      }
      int offset = 0;
      int depth = 0, start = peek().start, end = start;
      while (depth > 0 || !(peek().is(",") || peek().is(";"))) {
        if (peek().kind == PlTokenKind::kEnd) fail();
        if (peek().is("(")) ++depth;
        if (peek().is(")")) --depth;
        end = peek().end;
        next();
      }
      offset = start;
      out->options.emplace_back(
          option,
          make_expression(std::string_view(function_.body)
                              .substr(static_cast<size_t>(start), static_cast<size_t>(end - start)),
                          offset, false));
    } while (accept(","));
  };
  int format_at = peek().start;
  if (peek().kind == PlTokenKind::kString) {
    out->format = next().text;
    out->has_format = true;
    if (accept(",")) out->arguments = argument_list({"using"});
    size_t wanted = 0;
    for (size_t i = 0; i < out->format.size(); ++i) {
      if (out->format[i] != '%') continue;
      if (i + 1 < out->format.size() && out->format[i + 1] == '%') {
        ++i;
      } else {
        ++wanted;
      }
    }
    if (wanted != out->arguments.size()) {
      fail_with(wanted > out->arguments.size() ? "too few parameters specified for RAISE"
                                               : "too many parameters specified for RAISE",
                format_at);
    }
  } else if (accept_word("sqlstate")) {
    if (peek().kind != PlTokenKind::kString) fail();
    if (peek().text.size() != 5) fail_with("invalid SQLSTATE code", peek().start);
    out->condition = next().text;
  } else if (peek().is_name() && !peek().is_word("using")) {
    std::vector<std::string> codes;
    out->condition = peek().text;
    condition_codes(out->condition, codes, peek().start);
    next();
  }
  if (accept_word("using")) options();
  expect(";");
  return out;
}

PlStatementPtr PlParser::assert_statement() {
  auto out = std::make_unique<PlAssert>(PlKind::kAssert, line());
  next();
  std::vector<PlExprPtr> parts = argument_list({});
  if (parts.size() > 2) fail();
  out->condition = std::move(parts[0]);
  if (parts.size() == 2) out->message = std::move(parts[1]);
  expect(";");
  return out;
}

PlStatementPtr PlParser::diagnostics() {
  auto out = std::make_unique<PlDiagnostics>(PlKind::kDiagnostics, line());
  next();
  if (accept_word("stacked")) {
    out->stacked = true;
  } else {
    accept_word("current");
  }
  expect_word("diagnostics");
  do {
    PlTarget into = target();
    if (!accept("=")) expect(":=");
    static constexpr std::string_view kCurrent[] = {"row_count", "pg_context"};
    static constexpr std::string_view kStacked[] = {
        "returned_sqlstate",    "message_text",    "pg_exception_detail", "pg_exception_hint",
        "pg_exception_context", "constraint_name", "column_name",         "pg_datatype_name",
        "table_name",           "schema_name"};
    const PlToken& item = next();
    bool current = std::ranges::find(kCurrent, item.text) != std::end(kCurrent);
    bool stacked = std::ranges::find(kStacked, item.text) != std::end(kStacked);
    if (!current && !stacked) fail_with("unrecognized GET DIAGNOSTICS item", item.start);
    if (out->stacked ? !stacked : !current) {
      std::string upper = item.text;
      std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
      fail_with(fmt::format("diagnostics item {} is not allowed in GET {} DIAGNOSTICS", upper,
                            out->stacked ? "STACKED" : "CURRENT"),
                item.start);
    }
    out->items.emplace_back(std::move(into), item.text);
  } while (accept(","));
  expect(";");
  return out;
}

PlStatementPtr PlParser::execute_statement() {
  auto out = std::make_unique<PlSql>(PlKind::kExecute, line());
  next();
  out->statement = expression({";", "into", "using"});
  while (!accept(";")) {
    if (accept_word("into")) {
      if (out->into) fail();
      out->into = true;
      out->strict = accept_word("strict");
      out->targets = target_list();
    } else if (accept_word("using")) {
      out->arguments = argument_list({"into"});
    } else {
      fail();
    }
  }
  return out;
}

PlStatementPtr PlParser::commit(PlKind kind) {
  auto out = std::make_unique<PlCommit>(kind, line());
  next();
  if (accept_word("and")) {
    bool no = accept_word("no");
    expect_word("chain");
    out->chain = !no;
  }
  expect(";");
  return out;
}

}  // namespace luma
