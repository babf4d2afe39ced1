// PL/pgSQL: the SQL inside, and places to store into.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/ast/ast.h"
#include "sql/parse/parser.h"
#include "sql/routine/pl_parser.h"

namespace luma {

std::string_view PlParser::text_until(std::initializer_list<std::string_view> stops, int* offset) {
  int depth = 0;
  int start = peek().start, end = start;
  while (true) {
    const PlToken& token = peek();
    if (token.kind == PlTokenKind::kEnd) fail();
    if (depth == 0) {
      bool stop = std::ranges::any_of(
          stops, [&](std::string_view text) { return token.is_word(text) || token.is(text); });
      if (stop) break;
      if (token.is(";")) {
        throw sql_error(
            SqlState::kSyntaxError, "missing \"{}\" at end of SQL {}",
            [&] {
              std::string word(*stops.begin());
              std::ranges::transform(word, word.begin(),
                                     [](unsigned char c) { return std::toupper(c); });
              return word;
            }(),
            "expression")
            .at_byte(token.start);
      }
    }
    if (token.is("(") || token.is("[")) ++depth;
    if (token.is(")") || token.is("]")) {
      if (--depth < 0) fail_with("mismatched parentheses", token.start);
    }
    end = token.end;
    next();
  }
  if (offset != nullptr) *offset = start;
  return std::string_view(function_.body)
      .substr(static_cast<size_t>(start), static_cast<size_t>(end - start));
}

PlExprPtr PlParser::make_expression(std::string_view text, int offset, bool is_statement) {
  auto expr = std::make_unique<PlExpr>();
  expr->text = text;
  expr->offset = offset;
  expr->is_statement = is_statement;
  expr->names = names_;
  try {
    if (is_statement) {
      ParseResult parsed = parse_sql(text, function_.arena);
      if (parsed.statements.size() != 1) fail_at(peek());
      expr->node = parsed.statements[0].node;
    } else {
      expr->node = parse_select_tail(text, function_.arena);
    }
  } catch (SqlError& error) {
    if (error.byte_offset >= 0) error.byte_offset += offset;
    throw;
  }
  return expr;
}

PlExprPtr PlParser::expression(std::initializer_list<std::string_view> stops) {
  int offset = 0;
  const PlToken first = peek();
  std::string_view text = text_until(stops, &offset);
  if (text.empty()) {
    if (first.kind == PlTokenKind::kEnd) fail();
    fail_with("missing expression", first.start);
  }
  return make_expression(text, offset, false);
}

std::vector<PlExprPtr> PlParser::argument_list(std::initializer_list<std::string_view> stops) {
  std::vector<PlExprPtr> list;
  std::vector<std::string_view> all(stops);
  while (true) {
    int offset = 0;
    int depth = 0;
    int start = peek().start, end = start;
    while (true) {
      const PlToken& token = peek();
      if (token.kind == PlTokenKind::kEnd) fail();
      if (depth == 0 &&
          (token.is(",") || token.is(";") || std::ranges::any_of(all, [&](std::string_view stop) {
             return token.is(stop) || token.is_word(stop);
           }))) {
        break;
      }
      if (token.is("(") || token.is("[")) ++depth;
      if (token.is(")") || token.is("]")) --depth;
      end = token.end;
      next();
    }
    offset = start;
    list.push_back(
        make_expression(std::string_view(function_.body)
                            .substr(static_cast<size_t>(start), static_cast<size_t>(end - start)),
                        offset, false));
    if (!accept(",")) return list;
  }
}

// The variable that the names mean, and how many of the names say so.
std::optional<std::pair<int, size_t>> PlParser::find_variable(
    const std::vector<std::string>& names) const {
  std::vector<std::string_view> parts(names.begin(), names.end());
  auto [variable, used] = find_pl_variable(function_, names_, parts);
  if (variable >= 0) return std::pair(variable, used);
  return std::nullopt;
}

// name[.name...][subscripts and fields]
PlTarget PlParser::target() {
  PlTarget out;
  out.names = names_;
  size_t first = at_;
  int start = peek().start;
  if (peek().kind == PlTokenKind::kParameter) {
    size_t number = number_of(next());
    if (number < 1 || number > function_.inputs.size()) fail_at(tokens_[first]);
    out.variable = function_.inputs[number - 1];
  } else {
    if (!peek().is_name()) fail();
    std::vector<std::string> names = {next().text};
    while (peek().is(".") && peek(1).is_name()) {
      next();
      names.push_back(next().text);
    }
    auto found = find_variable(names);
    if (!found && names.size() > 1) found = find_variable({names[0]});
    if (!found) {
      std::string shown = names[0];
      if (names.size() > 1) shown += "." + names[1];
      fail_with(fmt::format("\"{}\" is not a known variable", shown), start);
    }
    out.variable = found->first;
    size_t used = found->second;
    const PlVariable& variable = function_.variables[static_cast<size_t>(out.variable)];
    if (used < names.size() && variable.kind == PlVariable::Kind::kRecord) {
      out.field = names[used++];
    }
    for (; used < names.size(); ++used) {
      auto* step = function_.arena.make<ast::String>();
      step->sval = function_.arena.copy(names[used]);
      out.steps.push_back(step);
    }
    if (variable.constant) {
      throw sql_error(SqlState::kErrorInAssignment, "variable \"{}\" is declared CONSTANT",
                      variable.name)
          .at_byte(start);
    }
  }
  if (peek().is("[")) {
    // The subscripts are parsed as those of a stand-in.
    int from = peek().start, end = from, depth = 0;
    while (depth > 0 || peek().is("[") || peek().is(".")) {
      if (peek().kind == PlTokenKind::kEnd) fail();
      if (peek().is("[")) ++depth;
      if (peek().is("]")) --depth;
      if (depth == 0 && peek().is(".")) next();
      end = peek().end;
      next();
    }
    std::string text =
        "x" + function_.body.substr(static_cast<size_t>(from), static_cast<size_t>(end - from));
    const ast::Node* node = parse_expression(text, function_.arena);
    const auto* indirection = ast::try_as<ast::AIndirection>(node);
    if (indirection == nullptr) fail();
    for (const ast::Node* step : indirection->indirection) out.steps.push_back(step);
  }
  out.text = function_.body.substr(static_cast<size_t>(start),
                                   static_cast<size_t>(tokens_[at_ - 1].end - start));
  return out;
}

std::vector<PlTarget> PlParser::target_list() {
  std::vector<PlTarget> list;
  do {
    list.push_back(target());
  } while (accept(","));
  return list;
}

bool PlParser::starts_assignment() const {
  size_t at = at_;
  auto token = [&]() -> const PlToken& { return tokens_[std::min(at, tokens_.size() - 1)]; };
  if (!token().is_name() && token().kind != PlTokenKind::kParameter) return false;
  ++at;
  int depth = 0;
  while (true) {
    if (depth == 0 && (token().is(":=") || token().is("="))) return true;
    if (token().is("[")) {
      ++depth;
    } else if (token().is("]")) {
      --depth;
    } else if (depth == 0 && token().is(".")) {
      ++at;
      if (!token().is_name()) return false;
    } else if (depth == 0 || token().kind == PlTokenKind::kEnd) {
      return false;
    }
    ++at;
  }
}

PlStatementPtr PlParser::assignment() {
  auto statement = std::make_unique<PlAssign>(PlKind::kAssign, line());
  int start = peek().start;
  statement->target = target();
  if (!accept(":=")) expect("=");
  statement->value = expression({";"});
  int end = peek().start;
  expect(";");
  statement->value->assigns =
      function_.body.substr(static_cast<size_t>(start), static_cast<size_t>(end - start));
  return statement;
}

// SELECT, INSERT, ...: up to the semicolon, with INTO taken out.
PlStatementPtr PlParser::sql_statement(PlKind kind) {
  auto statement = std::make_unique<PlSql>(kind, line());
  int start = peek().start;
  std::string text;
  int depth = 0, from = start;
  bool insert = false;
  const PlToken* previous = nullptr;
  bool merges = peek().is_word("merge");
  while (true) {
    const PlToken& token = peek();
    if (token.kind == PlTokenKind::kEnd) fail();
    if (depth == 0 && token.is(";")) break;
    if (token.is("(")) ++depth;
    if (token.is(")")) --depth;
    if (depth < 0) fail_with("mismatched parentheses", token.start);
    // INSERT INTO, MERGE INTO and IMPORT ... INTO are not ours.
    bool into = token.is_word("into") &&
                !(previous != nullptr &&
                  (previous->is_word("insert") || (merges && previous->is_word("merge"))));
    if (into && !insert) {
      if (statement->into) fail_with("INTO specified more than once", token.start);
      text +=
          function_.body.substr(static_cast<size_t>(from), static_cast<size_t>(token.start - from));
      // Offsets behind it stay what they are.
      next();
      statement->into = true;
      statement->strict = accept_word("strict");
      statement->targets = target_list();
      int behind = tokens_[at_ - 1].end;
      text.append(static_cast<size_t>(behind - token.start), ' ');
      from = behind;
      previous = nullptr;
      continue;
    }
    previous = &token;
    next();
  }
  text +=
      function_.body.substr(static_cast<size_t>(from), static_cast<size_t>(peek().start - from));
  expect(";");
  if (kind == PlKind::kCall) {
    statement->statement = make_expression(text, start, true);
    call_outputs(*statement);
    return statement;
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  statement->statement = make_expression(text, start, true);
  return statement;
}

// Arguments of a CALL that are variables may take what the procedure puts out.
void PlParser::call_outputs(PlSql& call) {
  const auto* node = ast::try_as<ast::CallStmt>(call.statement->node);
  if (node == nullptr) return;
  for (const ast::Node* arg : node->funccall->args) {
    PlTarget out;
    const ast::Node* value = arg;
    if (const auto* named = ast::try_as<ast::NamedArgExpr>(arg)) value = named->arg;
    if (const auto* ref = ast::try_as<ast::ColumnRef>(value)) {
      std::vector<std::string> names;
      for (const ast::Node* field : ref->fields) {
        if (const auto* text = ast::try_as<ast::String>(field)) names.emplace_back(text->sval);
      }
      if (auto found = find_variable(names)) {
        out.variable = found->first;
        if (found->second < names.size()) out.field = names[found->second];
      }
    }
    call.outputs.push_back(std::move(out));
  }
}

}  // namespace luma
