#include "sql/parse/parser.h"

#include <string>

#include "sql/ast/tree.h"
#include "sql/parse/asof_join.h"
#include "sql/parse/pg_convert.h"
#include "sql/parse/pg_raw.h"
#include "sql/parse/utf8.h"

namespace luma {
namespace {

class PgContext {
 public:
  PgContext() : context_(luma_pg_enter()) {}
  ~PgContext() { luma_pg_leave(context_); }
  PgContext(const PgContext&) = delete;
  PgContext& operator=(const PgContext&) = delete;

 private:
  void* context_;
};

// The scanner stops at the first character that cannot belong to a number; PostgreSQL shows the
// whole word that it begins.
void show_whole_junk(std::string_view sql, SqlError& error) {
  static constexpr std::string_view kJunk = "trailing junk after numeric literal at or near \"";
  if (!error.message.starts_with(kJunk) || error.byte_offset < 0) return;
  auto begin = static_cast<size_t>(error.byte_offset);
  size_t end = begin + error.message.size() - kJunk.size() - 1;
  auto continues_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
  };
  while (end < sql.size() && continues_word(sql[end])) ++end;
  error.message = std::string(kJunk) + std::string(sql.substr(begin, end - begin)) + '"';
}

SqlError parse_error(std::string_view sql, const luma_pg_error& error) {
  SqlError thrown(static_cast<SqlState>(error.sqlstate), error.message);
  if (error.detail != nullptr) thrown.detail(error.detail);
  if (error.hint != nullptr) thrown.hint(error.hint);
  if (error.cursor_position > 0) {
    thrown.at_byte(parse::byte_offset_of_character(sql, error.cursor_position));
  }
  show_whole_junk(sql, thrown);
  return thrown;
}

// The caller must be inside a PgContext.
const ::List* raw_parse(std::string_view sql, Arena& arena, RawParseMode mode,
                        const ParseOptions& options, parse::AsofWords& asof) {
  parse::check_utf8(sql);
  char* text = arena.allocate_bytes(sql.size() + 1);
  if (!sql.empty()) std::memcpy(text, sql.data(), sql.size());
  text[sql.size()] = 0;
  luma_pg_settings settings{mode, options.standard_conforming_strings ? 1 : 0,
                            static_cast<int>(options.backslash_quote)};
  while (true) {
    luma_pg_error error{};
    const auto* tree = static_cast<const ::List*>(luma_pg_raw_parse(text, &settings, &error));
    if (error.sqlstate == 0) return tree;
    const SqlError thrown = parse_error(sql, error);
    if (!asof.take_out(thrown, {text, sql.size()})) throw thrown;
  }
}

const ::Node* only_item(const ::List* list) {
  return list != nullptr && list->length == 1
             ? static_cast<const ::Node*>(list->elements[0].ptr_value)
             : nullptr;
}

// What parse_expression accepts: a SELECT that has nothing but one unnamed target.
const ast::Node* single_target(const ast::Node* statement) {
  const auto* select = ast::try_as<ast::SelectStmt>(statement);
  if (select == nullptr || select->target_list.size() != 1) return nullptr;
  const auto* target = ast::try_as<ast::ResTarget>(select->target_list.front());
  if (target == nullptr || target->name.data() != nullptr) return nullptr;
  Arena scratch;
  auto* plain = scratch.make<ast::SelectStmt>();
  plain->target_list = select->target_list;
  plain->limit_option = select->limit_option;
  return select->limit_count == nullptr && ast::equal(plain, select) ? target->val : nullptr;
}

}  // namespace

ParseResult parse_sql(std::string_view sql, Arena& arena, const ParseOptions& options) {
  PgContext context;
  parse::AsofWords asof;
  const ::List* tree = raw_parse(sql, arena, RAW_PARSE_DEFAULT, options, asof);
  if (tree == nullptr) return {};
  auto size = static_cast<size_t>(tree->length);
  auto* statements = arena.allocate_array<ParsedStatement>(size);
  for (size_t i = 0; i < size; ++i) {
    const auto* raw = static_cast<const ::RawStmt*>(tree->elements[i].ptr_value);
    parse::Converter converter(arena, options.max_depth, asof);
    int location = raw->stmt_location < 0 ? 0 : raw->stmt_location;
    int length = raw->stmt_len > 0 ? raw->stmt_len : static_cast<int>(sql.size()) - location;
    statements[i] = {converter.convert(raw->stmt), location, length};
  }
  return {{statements, size}};
}

const ast::TypeName* parse_type_name(std::string_view text, Arena& arena,
                                     const ParseOptions& options) {
  PgContext context;
  parse::AsofWords asof;
  const ::List* tree = raw_parse(text, arena, RAW_PARSE_TYPE_NAME, options, asof);
  parse::Converter converter(arena, options.max_depth, asof);
  return ast::as<ast::TypeName>(converter.convert(only_item(tree)));
}

const ast::Node* parse_select_tail(std::string_view text, Arena& arena,
                                   const ParseOptions& options) {
  PgContext context;
  parse::AsofWords asof;
  const ::List* tree = raw_parse(text, arena, RAW_PARSE_PLPGSQL_EXPR, options, asof);
  const auto* raw = reinterpret_cast<const ::RawStmt*>(only_item(tree));
  LUMA_CHECK(raw != nullptr);
  parse::Converter converter(arena, options.max_depth, asof);
  return converter.convert(raw->stmt);
}

const ast::Node* parse_expression(std::string_view text, Arena& arena,
                                  const ParseOptions& options) {
  PgContext context;
  parse::AsofWords asof;
  const ::List* tree = raw_parse(text, arena, RAW_PARSE_PLPGSQL_EXPR, options, asof);
  const auto* raw = reinterpret_cast<const ::RawStmt*>(only_item(tree));
  LUMA_CHECK(raw != nullptr);
  parse::Converter converter(arena, options.max_depth, asof);
  const ast::Node* expression = single_target(converter.convert(raw->stmt));
  if (expression == nullptr) {
    throw sql_error(SqlState::kSyntaxError, "syntax error: \"{}\" is not a single expression",
                    text);
  }
  return expression;
}

}  // namespace luma
