// PL/pgSQL: DECLARE.
#include "engine/base/sql_error.h"
#include "engine/type/user_type.h"
#include "sql/ast/ast.h"
#include "sql/catalog/name_resolution.h"
#include "sql/parse/parser.h"
#include "sql/routine/pl_parser.h"

namespace luma {

int PlParser::add_variable(std::string variable_name, TypeRef type, PlVariable::Kind kind,
                           int at_line) {
  PlVariable variable;
  variable.name = std::move(variable_name);
  variable.type = type;
  variable.kind = kind;
  variable.line = at_line;
  function_.variables.push_back(std::move(variable));
  return static_cast<int>(function_.variables.size()) - 1;
}

void PlParser::name_variable(std::string variable_name, int variable) {
  auto item = std::make_unique<PlName>();
  item->outer = names_;
  item->name = std::move(variable_name);
  item->variable = variable;
  names_ = item.get();
  function_.names.push_back(std::move(item));
}

void PlParser::push_label(std::string label_name, bool is_loop) {
  auto item = std::make_unique<PlName>();
  item->outer = names_;
  item->is_label = true;
  item->is_loop = is_loop;
  item->name = std::move(label_name);
  names_ = item.get();
  function_.names.push_back(std::move(item));
}

namespace {

PlVariable::Kind kind_of(Oid type) {
  const TypeInfo* info = find_type(base_type_of(type));
  bool composite = info != nullptr && info->type_type == 'c';
  return type == type_oid::kRecord || composite ? PlVariable::Kind::kRecord
                                                : PlVariable::Kind::kScalar;
}

}  // namespace

// type, variable%TYPE, table.column%TYPE, table%ROWTYPE
TypeRef PlParser::data_type(PlVariable::Kind& kind, std::initializer_list<std::string_view> stops) {
  int offset = peek().start;
  size_t first = at_;
  if (peek().is_name()) {
    std::vector<std::string> names = {next().text};
    while (peek().is(".") && peek(1).is_name()) {
      next();
      names.push_back(next().text);
    }
    if (peek().is("%") && (peek(1).is_word("type") || peek(1).is_word("rowtype"))) {
      next();
      bool row = next().text == "rowtype";
      const Catalog& catalog = environment_.catalog();
      if (auto found = row ? std::nullopt : find_variable(names)) {
        const PlVariable& variable = function_.variables[static_cast<size_t>(found->first)];
        if (found->second == names.size()) {
          kind = variable.kind;
          return variable.type;
        }
      }
      size_t parts = row ? names.size() : names.size() - 1;
      if (parts == 0) {
        fail_with(fmt::format("variable \"{}\" does not exist", names[0]), offset);
      }
      QualifiedName wanted;
      wanted.name = names[parts - 1];
      if (parts > 1) wanted.schema = names[parts - 2];
      const Relation* relation = find_relation(catalog, environment_.search_path(), wanted);
      if (relation == nullptr || relation->kind != ObjectKind::kTable) {
        Oid type = row ? find_type(catalog, environment_.search_path(), wanted) : kInvalidOid;
        if (type != kInvalidOid && kind_of(type) == PlVariable::Kind::kRecord) {
          kind = PlVariable::Kind::kRecord;
          return {type, -1};
        }
        throw sql_error(SqlState::kUndefinedTable, "relation \"{}\" does not exist",
                        parts > 1 ? names[parts - 2] + "." + names[parts - 1] : names[parts - 1]);
      }
      const auto& table = static_cast<const Table&>(*relation);
      if (row) {
        kind = PlVariable::Kind::kRecord;
        return {table.row_type, -1};
      }
      const Column* column = table.find_column(names.back());
      if (column == nullptr) {
        throw sql_error(SqlState::kUndefinedColumn,
                        "column \"{}\" of relation \"{}\" does not exist", names.back(),
                        table.name);
      }
      kind = kind_of(column->type.oid);
      return column->type;
    }
    at_ = first;
  }
  int start = 0;
  std::string_view text = text_until(stops, &start);
  if (text.empty()) fail_with("missing data type declaration", start);
  if (text == "record" || text == "RECORD") {
    kind = PlVariable::Kind::kRecord;
    return {type_oid::kRecord, -1};
  }
  const ast::TypeName* type_name = nullptr;
  try {
    type_name = parse_type_name(text, function_.arena);
  } catch (SqlError& error) {
    if (error.byte_offset >= 0) error.byte_offset += start;
    throw;
  }
  TypeRef type;
  try {
    type = resolve_type_name(environment_.catalog(), environment_.search_path(), *type_name);
  } catch (SqlError& error) {
    error.byte_offset = start;
    throw;
  }
  kind = kind_of(type.oid);
  if (kind == PlVariable::Kind::kScalar && type_info(type.oid).type_type == 'p' &&
      type.oid != type_oid::kRefcursor) {
    throw sql_error(SqlState::kFeatureNotSupported, "variable \"{}\" has pseudo-type {}",
                    first > 0 ? tokens_[first - 1].text : "", format_type(type.oid));
  }
  return type;
}

void PlParser::declarations(PlBlock& block) {
  while (!peek().is_word("begin")) {
    if (accept_word("declare")) continue;
    if (peek().is("<<"))
      fail_with("block label must be placed before DECLARE, not after", peek().start);
    if (peek().kind == PlTokenKind::kEnd) fail();
    declare(block);
  }
}

void PlParser::declare(PlBlock& block) {
  int at_line = line();
  if (!peek().is_name()) fail();
  const PlToken name_token = next();
  for (const PlName* item = names_; item != nullptr && !item->is_label; item = item->outer) {
    if (item->name == name_token.text) {
      throw sql_error(SqlState::kSyntaxError, "duplicate declaration at or near \"{}\"",
                      function_.body.substr(static_cast<size_t>(name_token.start),
                                            static_cast<size_t>(name_token.end - name_token.start)))
          .at_byte(name_token.start);
    }
  }
  if (accept_word("alias")) {
    expect_word("for");
    int variable = -1;
    if (peek().kind == PlTokenKind::kParameter) {
      size_t number = number_of(peek());
      if (number < 1 || number > function_.inputs.size()) {
        fail_with(fmt::format("variable \"${}\" does not exist", number), peek().start);
      }
      next();
      variable = function_.inputs[number - 1];
    } else {
      int offset = peek().start;
      std::vector<std::string> parts = {name()};
      while (accept(".")) parts.push_back(name());
      auto found = find_variable(parts);
      if (!found) {
        fail_with(fmt::format("variable \"{}\" does not exist", parts[0]), offset);
      }
      variable = found->first;
    }
    expect(";");
    return name_variable(name_token.text, variable);
  }
  bool no_scroll = peek().is_word("no") && peek(1).is_word("scroll");
  if (peek().is_word("cursor") || no_scroll || peek().is_word("scroll")) {
    return declare_cursor(block, name_token.text, at_line);
  }
  bool constant = accept_word("constant");
  PlVariable::Kind kind = PlVariable::Kind::kScalar;
  TypeRef type = data_type(kind, {";", ":=", "=", "default", "not", "collate"});
  if (accept_word("collate")) {
    next();
    while (accept(".")) next();
  }
  bool not_null = false;
  if (accept_word("not")) {
    expect_word("null");
    not_null = true;
  }
  PlExprPtr initial;
  if (accept(":=") || accept("=") || accept_word("default")) initial = expression({";"});
  int end = peek().start;
  if (not_null && initial == nullptr) {
    throw sql_error(SqlState::kNullValueNotAllowed,
                    "variable \"{}\" must have a default value, since it's declared NOT NULL",
                    name_token.text)
        .at_byte(end);
  }
  expect(";");
  int variable = add_variable(name_token.text, type, kind, at_line);
  PlVariable& made = function_.variables.back();
  made.constant = constant;
  made.not_null = not_null;
  made.initial = std::move(initial);
  block.declared.push_back(variable);
  name_variable(name_token.text, variable);
}

// c [NO] SCROLL CURSOR [(arg type, ...)] FOR query
void PlParser::declare_cursor(PlBlock& block, const std::string& cursor_name, int at_line) {
  bool no = accept_word("no");
  bool scroll = accept_word("scroll") && !no;
  expect_word("cursor");
  int variable =
      add_variable(cursor_name, {type_oid::kRefcursor, -1}, PlVariable::Kind::kScalar, at_line);
  block.declared.push_back(variable);
  std::vector<int> arguments;
  const PlName* outside = names_;
  if (accept("(")) {
    push_label("");
    do {
      std::string argument = name();
      PlVariable::Kind kind = PlVariable::Kind::kScalar;
      TypeRef type = data_type(kind, {",", ")"});
      arguments.push_back(add_variable(argument, type, kind, at_line));
      name_variable(argument, arguments.back());
    } while (accept(","));
    expect(")");
  }
  if (!accept_word("for")) expect_word("is");
  int start = peek().start;
  std::string_view text = text_until({";"}, &start);
  PlExprPtr query = make_expression(text, start, true);
  expect(";");
  names_ = outside;
  name_variable(cursor_name, variable);
  PlVariable& made = function_.variables[static_cast<size_t>(variable)];
  made.is_cursor = true;
  made.scroll = scroll;
  made.cursor_query = std::move(query);
  made.cursor_arguments = std::move(arguments);
}

// #variable_conflict error | use_variable | use_column; #print_strict_params on | off
void PlParser::set_option() {
  expect("#");
  std::string option = name();
  std::string value = name();
  if (option == "variable_conflict") {
    function_.on_conflict = value == "use_variable" ? VariableConflict::kVariable
                            : value == "use_column" ? VariableConflict::kColumn
                                                    : VariableConflict::kError;
  } else if (option == "print_strict_params") {
    function_.print_strict_params = value == "on";
  } else {
    fail();
  }
}

}  // namespace luma
