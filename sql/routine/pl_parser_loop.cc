// PL/pgSQL: loops and cursors.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/routine/pl_parser.h"

namespace luma {

void PlParser::loop_body(PlLoop& loop) {
  expect_word("loop");
  ++loop_depth_;
  loop.body = statements({"end"});
  --loop_depth_;
  expect_word("end");
  expect_word("loop");
  end_label(loop.label);
  expect(";");
}

PlStatementPtr PlParser::loop(std::string label) {
  auto out = std::make_unique<PlLoop>(PlKind::kLoop, line());
  const PlName* outside = names_;
  out->label = std::move(label);
  push_label(out->label, true);
  loop_body(*out);
  names_ = outside;
  return out;
}

PlStatementPtr PlParser::while_loop(std::string label) {
  auto out = std::make_unique<PlLoop>(PlKind::kWhile, line());
  const PlName* outside = names_;
  out->label = std::move(label);
  push_label(out->label, true);
  next();
  out->condition = expression({"loop"});
  loop_body(*out);
  names_ = outside;
  return out;
}

PlStatementPtr PlParser::for_loop(std::string label) {
  auto out = std::make_unique<PlLoop>(PlKind::kForInteger, line());
  const PlName* outside = names_;
  out->label = std::move(label);
  push_label(out->label, true);
  next();
  size_t variable_at = at_;
  const PlToken first = peek();
  int at_line = line();
  if (!first.is_name()) fail();
  // Which kind it is shows behind IN.
  int depth = 0;
  while (depth > 0 || !peek().is_word("in")) {
    if (peek().kind == PlTokenKind::kEnd || peek().is(";")) fail();
    if (peek().is("[")) ++depth;
    if (peek().is("]")) --depth;
    next();
  }
  size_t in_at = at_;
  next();
  bool reverse = accept_word("reverse");
  bool dynamic = peek().is_word("execute");
  // "a .. b" at the top level makes it a loop over integers.
  bool range = false;
  size_t back = at_;
  for (depth = 0; !(depth == 0 && peek().is_word("loop")); next()) {
    if (peek().kind == PlTokenKind::kEnd) fail();
    if (peek().is("(") || peek().is("[")) ++depth;
    if (peek().is(")") || peek().is("]")) --depth;
    if (depth == 0 && peek().is("..")) range = true;
  }
  at_ = back;
  if (range && !dynamic) {
    out->reverse = reverse;
    if (in_at != variable_at + 1) {
      fail_with("integer FOR loop must have only one target variable", first.start);
    }
    for_integer(*out, first.text, at_line);
  } else {
    if (reverse) {
      fail_with("cannot specify REVERSE in query FOR loop", first.start);
    }
    at_ = variable_at;
    for_rows(*out, first);
  }
  loop_body(*out);
  names_ = outside;
  return out;
}

void PlParser::for_integer(PlLoop& loop, const std::string& variable, int at_line) {
  loop.lower = expression({".."});
  expect("..");
  loop.upper = expression({"loop", "by"});
  if (accept_word("by")) loop.step = expression({"loop"});
  loop.variable = add_variable(variable, {type_oid::kInt4, -1}, PlVariable::Kind::kScalar, at_line);
  name_variable(variable, loop.variable);
}

// FOR target IN query | EXECUTE text [USING ...] | cursor [(arguments)]
void PlParser::for_rows(PlLoop& loop, const PlToken& first) {
  size_t target_at = at_;
  // The target is looked up after the kind is known: a cursor's record is a new variable.
  int depth = 0;
  while (depth > 0 || !peek().is_word("in")) {
    if (peek().is("[")) ++depth;
    if (peek().is("]")) --depth;
    next();
  }
  next();
  if (peek().is_name()) {
    auto found = find_variable({peek().text});
    if (found &&
        function_.variables[static_cast<size_t>(found->first)].type.oid == type_oid::kRefcursor &&
        (peek(1).is_word("loop") || peek(1).is("("))) {
      loop.kind = PlKind::kForCursor;
      loop.cursor = found->first;
      const PlVariable& cursor = function_.variables[static_cast<size_t>(found->first)];
      if (!cursor.is_cursor) {
        fail_with("cursor FOR loop must use a bound cursor variable", peek().start);
      }
      next();
      loop.arguments = cursor_arguments(loop.cursor);
      int record = add_variable(first.text, {type_oid::kRecord, -1}, PlVariable::Kind::kRecord,
                                pl_line(function_.body, first.start));
      name_variable(first.text, record);
      PlTarget target;
      target.variable = record;
      loop.targets.push_back(std::move(target));
      return;
    }
  }
  size_t behind_in = at_;
  at_ = target_at;
  std::vector<std::string> names = {peek().text};
  if (!find_variable(names) && !peek(1).is(".")) {
    throw sql_error(SqlState::kSyntaxError,
                    "loop variable of loop over rows must be a record variable or list of scalar "
                    "variables")
        .at_byte(first.start);
  }
  loop.targets = target_list();
  at_ = behind_in;
  if (accept_word("execute")) {
    loop.kind = PlKind::kForExecute;
    loop.query = expression({"loop", "using"});
    if (accept_word("using")) loop.arguments = argument_list({"loop"});
    return;
  }
  loop.kind = PlKind::kForQuery;
  int offset = 0;
  std::string_view text = text_until({"loop"}, &offset);
  if (text.empty()) fail();
  loop.query = make_expression(text, offset, true);
}

PlStatementPtr PlParser::foreach_loop(std::string label) {
  auto out = std::make_unique<PlLoop>(PlKind::kForeach, line());
  const PlName* outside = names_;
  out->label = std::move(label);
  push_label(out->label, true);
  next();
  const PlToken first = peek();
  if (!find_variable({first.text})) {
    fail_with("loop variable of FOREACH must be a known variable or list of variables",
              first.start);
  }
  out->targets = target_list();
  if (accept_word("slice")) {
    if (peek().kind != PlTokenKind::kNumber) fail();
    out->slice = static_cast<int>(number_of(next()));
  }
  expect_word("in");
  expect_word("array");
  out->query = expression({"loop"});
  loop_body(*out);
  names_ = outside;
  return out;
}

// --- cursors

int PlParser::cursor_variable() {
  const PlToken& token = peek();
  std::vector<std::string> names = {name()};
  while (accept(".")) names.push_back(name());
  auto found = find_variable(names);
  if (!found) {
    fail_with(fmt::format("\"{}\" is not a known variable", token.text), token.start);
  }
  const PlVariable& variable = function_.variables[static_cast<size_t>(found->first)];
  if (variable.type.oid != type_oid::kRefcursor) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "variable \"{}\" must be of type cursor or refcursor", variable.name)
        .at_byte(token.start);
  }
  return found->first;
}

// "(value, name := value, ...)" of a bound cursor, in the order of its declaration.
std::vector<PlExprPtr> PlParser::cursor_arguments(int variable) {
  const std::string cursor = function_.variables[static_cast<size_t>(variable)].name;
  const std::vector<int> arguments =
      function_.variables[static_cast<size_t>(variable)].cursor_arguments;
  const size_t count = arguments.size();
  int at = peek().start;
  if (!accept("(")) {
    if (count > 0) fail_with(fmt::format("cursor \"{}\" has arguments", cursor), at);
    return {};
  }
  if (count == 0) fail_with(fmt::format("cursor \"{}\" has no arguments", cursor), at);
  std::vector<PlExprPtr> list(count);
  size_t given = 0;
  do {
    at = peek().start;
    size_t place = given++;
    if (peek().is_name() && peek(1).is(":=")) {
      const std::string& name = peek().text;
      for (place = 0; place < count; ++place) {
        auto argument = static_cast<size_t>(arguments[place]);
        if (function_.variables[argument].name == name) break;
      }
      if (place == count) {
        fail_with(fmt::format("cursor \"{}\" has no argument named \"{}\"", cursor, name), at);
      }
      next();
      next();
    }
    if (place >= count) {
      fail_with(fmt::format("too many arguments for cursor \"{}\"", cursor), at);
    }
    if (list[place] != nullptr) {
      auto argument = static_cast<size_t>(arguments[place]);
      fail_with(fmt::format("value for parameter \"{}\" of cursor \"{}\" specified more than once",
                            function_.variables[argument].name, cursor),
                at);
    }
    list[place] = expression({",", ")"});
  } while (accept(","));
  if (given < count) {
    fail_with(fmt::format("not enough arguments for cursor \"{}\"", cursor), peek().start);
  }
  expect(")");
  return list;
}

PlStatementPtr PlParser::open_cursor() {
  auto out = std::make_unique<PlCursor>(PlKind::kOpen, line());
  next();
  out->variable = cursor_variable();
  if (function_.variables[static_cast<size_t>(out->variable)].is_cursor) {
    out->arguments = cursor_arguments(out->variable);
    expect(";");
    return out;
  }
  if (accept_word("no")) {
    expect_word("scroll");
    out->no_scroll = true;
  } else if (accept_word("scroll")) {
    out->scroll = true;
  }
  expect_word("for");
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

PlStatementPtr PlParser::fetch(bool is_move) {
  auto out = std::make_unique<PlCursor>(PlKind::kFetch, line());
  out->is_move = is_move;
  next();
  static constexpr std::string_view kDirections[] = {
      "next", "prior", "first", "last", "absolute", "relative", "forward", "backward", "all"};
  bool has_direction = false;
  if (std::ranges::find(kDirections, peek().text) != std::end(kDirections) &&
      !find_variable({peek().text})) {
    out->direction = next().text;
    has_direction = true;
    bool counted = out->direction == "absolute" || out->direction == "relative";
    bool optional = out->direction == "forward" || out->direction == "backward";
    if (optional && accept_word("all")) {
      out->direction += " all";
    } else if (counted || (optional && !peek().is_word("from") && !peek().is_word("in") &&
                           !peek(1).is(";") && !peek(1).is_word("into"))) {
      out->count = expression({"from", "in"});
    }
  } else if (!(peek().is_name() && find_variable({peek().text})) && !peek().is_word("from") &&
             !peek().is_word("in")) {
    out->count = expression({"from", "in"});
    out->direction = "forward";
    has_direction = true;
  }
  if (peek().is_word("from") || peek().is_word("in")) {
    next();
  } else if (has_direction && !peek().is_name()) {
    fail();
  }
  out->variable = cursor_variable();
  if (!is_move) {
    expect_word("into");
    out->targets = target_list();
  }
  expect(";");
  return out;
}

PlStatementPtr PlParser::close_cursor() {
  auto out = std::make_unique<PlCursor>(PlKind::kClose, line());
  next();
  out->variable = cursor_variable();
  expect(";");
  return out;
}

}  // namespace luma
