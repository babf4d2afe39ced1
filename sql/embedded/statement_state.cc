#include "sql/embedded/statement_state.h"

#include <strings.h>

#include "engine/base/sql_error.h"
#include "engine/type/user_type.h"
#include "sql/ast/ast.h"
#include "sql/parse/parser.h"

namespace luma::embedded_internal {

bool runs_at_once(std::string_view sql) {
  // Quick for most: changes hide in a WITH at the very beginning only.
  size_t start = sql.find_first_not_of(" \t\r\n");
  if (start != sql.npos && sql.size() - start > 6 &&
      strncasecmp(sql.data() + start, "select", 6) == 0) {
    return false;
  }
  Arena arena;
  ParseResult parsed;
  try {
    parsed = parse_sql(sql, arena);
  } catch (const SqlError&) {
    return true;  // the session is going to report it
  }
  if (parsed.statements.size() != 1) return true;
  const auto* select = ast::try_as<ast::SelectStmt>(parsed.statements[0].node);
  if (select == nullptr) return true;
  if (select->with_clause == nullptr) return false;
  for (const ast::Node* node : select->with_clause->ctes) {
    const auto* cte = ast::try_as<ast::CommonTableExpr>(node);
    if (cte == nullptr || !ast::is<ast::SelectStmt>(cte->ctequery)) return true;
  }
  return false;
}

StatementState::StatementState(std::shared_ptr<ConnectionState> connection, std::string sql,
                               const std::vector<std::string>& types)
    : connection_(std::move(connection)), sql_(std::move(sql)) {
  name_ = connection_->new_name("statement");
  at_once_ = runs_at_once(sql_);
  for (const std::string& type : types) {
    declared_types_.push_back(type.empty() ? kInvalidOid : type_named(type));
  }
  PlainReceiver receiver(*connection_);
  connection_->call_statement(sql_, [&](SqlSession& session) {
    ensure_prepared(session, receiver);
    session.sync(receiver, true);
  });
}

StatementState::~StatementState() {
  try {
    connection_->peek([&](SqlSession& session) { session.close_statement(name_); });
  } catch (...) {  // the connection is closed: the statement is gone with it
  }
}

Oid StatementState::type_named(std::string_view name) {
  Oid oid = kInvalidOid;
  connection_->peek([&](SqlSession& session) {
    session.environment().refresh();
    oid = session.io().names->oid_of(type_oid::kRegtype, name);
  });
  return oid;
}

void StatementState::ensure_prepared(SqlSession& session, RowReceiver& receiver) {
  if (prepared_) return;
  session.close_statement(name_);
  session.parse(name_, sql_, declared_types_, receiver, true);
  SqlSession::Description description = session.describe_statement(name_);
  parameter_types_.assign(description.parameter_types.begin(), description.parameter_types.end());
  result_columns_.assign(description.columns.begin(), description.columns.end());
  columns_.clear();
  for (const ResultColumnInfo& column : result_columns_) columns_.push_back(public_column(column));
  slots_.resize(parameter_types_.size());
  prepared_ = true;
}

Oid StatementState::parameter_type(size_t position) const {
  if (position == 0 || position > parameter_types_.size()) {
    throw public_error(SqlState::kUndefinedParameter,
                       fmt::format("there is no parameter ${}", position));
  }
  return parameter_types_[position - 1];
}

StatementState::Slot& StatementState::slot(size_t position) {
  parameter_type(position);
  return slots_[position - 1];
}

void StatementState::bind_text(size_t position, std::string text) {
  slot(position) = {std::move(text), false};
}

void StatementState::bind_binary(size_t position, std::string bytes) {
  slot(position) = {std::move(bytes), true};
}

void StatementState::set_type(size_t position, std::string_view type) {
  slot(position);
  Oid oid = type_named(type);
  if (parameter_types_[position - 1] == oid) return;
  if (declared_types_.size() < position) declared_types_.resize(position, kInvalidOid);
  declared_types_[position - 1] = oid;
  parameter_types_[position - 1] = oid;
  prepared_ = false;
}

void StatementState::clear() {
  for (Slot& slot : slots_) slot = {};
}

void StatementState::bind_portal(SqlSession& session, std::string_view portal,
                                 RowReceiver& receiver) {
  std::vector<int16_t> formats;
  std::vector<std::optional<std::string_view>> values;
  formats.reserve(slots_.size());
  values.reserve(slots_.size());
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.binary && base_type_of(parameter_types_[i]) != type_oid::kBytea) {
      throw sql_error(SqlState::kDatatypeMismatch,
                      "parameter ${} is of type {}, but bytes were bound", i + 1,
                      format_type(parameter_types_[i]));
    }
    formats.push_back(slot.binary ? 1 : 0);
    values.push_back(slot.value ? std::optional<std::string_view>(*slot.value) : std::nullopt);
  }
  session.bind({portal, name_, formats, values, {}}, receiver, true);
}

embedded::Completion StatementState::execute() {
  PlainReceiver receiver(*connection_);
  connection_->call_statement(sql_, [&](SqlSession& session) {
    ensure_prepared(session, receiver);
    bind_portal(session, {}, receiver);
    if (session.execute({}, 0, receiver, true) == SqlSession::Outcome::kCopyIn) {
      throw unsupported("COPY FROM STDIN in the embedded mode");
    }
    session.close_portal({});
    session.sync(receiver, true);
  });
  return std::move(receiver.completion);
}

std::shared_ptr<ResultState> StatementState::query() {
  auto result = std::make_shared<ResultState>(connection_, sql_, at_once_);
  connection_->call_statement(sql_, [&](SqlSession& session) {
    bool autocommit = !connection_->in_block();
    result->choose_portal(autocommit);
    ensure_prepared(session, *result);
    bind_portal(session, result->portal(), *result);
    result->start(session, result_columns_);
  });
  return result;
}

}  // namespace luma::embedded_internal
