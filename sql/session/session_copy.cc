// COPY: between sql/copy and the client.
#include "engine/base/sql_error.h"
#include "sql/bind/privilege_check.h"
#include "sql/copy/copy_out.h"
#include "sql/session/session_parts.h"

namespace luma {

namespace {

size_t limit_of(const SessionVariables& vars) {
  return vars.query_memory_bytes != 0 ? vars.query_memory_bytes : MemoryBudget::kUnlimited;
}

}  // namespace

SqlSession::Outcome SqlSession::copy_from(const ast::CopyStmt& statement, RowReceiver& receiver,
                                          std::string& tag) {
  Arena scratch(&memory_);
  PlannerContext planner{
      environment_, environment_, planning_context(), settings_.vars().disabled_passes, {}};
  planner.evaluation.arena = &scratch;
  auto run = std::make_unique<CopyRun>(statement, planner, limit_of(settings_.vars()), &memory_);
  run->copy.set_client_encoding(settings_.vars().client_encoding);
  if (!run->copy.target_is_temporary()) require_writable("COPY FROM");
  lock_tables(run->copy.locks());
  ran_query_ = true;
  fill_context(run->context);
  run->scope.emplace(*transaction_);
  if (run->copy.from_file()) {
    tag = fmt::format("COPY {}", run->copy.run_file(run->context));
    return Outcome::kDone;
  }
  run->copy.begin(run->context);
  receiver.copy_in(run->copy.format(), run->copy.column_formats());
  copy_ = std::move(run);
  return Outcome::kCopyIn;
}

std::string SqlSession::copy_to(const ast::CopyStmt& statement, RowReceiver& receiver) {
  Arena scratch(&memory_);
  PlannerContext planner{
      environment_, environment_, planning_context(), settings_.vars().disabled_passes, {}};
  planner.evaluation.arena = &scratch;
  CopyOut copy(statement, planner);
  copy.set_client_encoding(settings_.vars().client_encoding);
  if (copy.modifies_data()) require_writable("COPY");
  lock_tables(copy.locks());
  luma::check_privileges(environment_.catalog(), environment_.current_user_oid(),
                         copy.plan().privileges, copy.plan().functions);
  ran_query_ = true;
  MemoryBudget budget(limit_of(settings_.vars()), &memory_);
  Arena arena(&budget);
  ExecContext context;
  context.memory = &budget;
  context.arena = &arena;
  fill_context(context);
  StatementScope scope(*transaction_);
  if (copy.to_file()) return fmt::format("COPY {}", copy.run_file(context));
  receiver.copy_out(copy.format(), copy.column_formats());
  uint64_t rows = copy.run(context, [&](std::string_view bytes) { receiver.copy_data(bytes); });
  receiver.copy_done();
  return fmt::format("COPY {}", rows);
}

void SqlSession::copy_data(std::string_view chunk, RowReceiver& receiver) {
  if (copy_ == nullptr) {
    throw SqlError(SqlState::kProtocolViolation, "unexpected COPY data from the client");
  }
  CallScope scope(*this, receiver, true);
  copy_->copy.feed(chunk);
}

SqlSession::Outcome SqlSession::copy_done(RowReceiver& receiver) {
  if (copy_ == nullptr) {
    throw SqlError(SqlState::kProtocolViolation, "unexpected end of COPY from the client");
  }
  CallScope scope(*this, receiver, true);
  std::string tag = fmt::format("COPY {}", copy_->copy.finish());
  live_->end_statement(tag);
  copy_.reset();
  stop_statement_timer();
  if (!pending_.active) {
    receiver.complete(tag);
    return Outcome::kDone;
  }
  // The rest of the query string.
  finish_implicit(pending_.at + 1 == pending_.statements.size());
  receiver.complete(tag);
  ++pending_.at;
  receiver.checkpoint();
  return run_statements(pending_.text, receiver);
}

std::string SqlSession::copy_context() const {
  return copy_ == nullptr ? std::string() : copy_->copy.error_context();
}

}  // namespace luma
