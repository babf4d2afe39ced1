// The extended query protocol: prepared statements and portals.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/user_type.h"
#include "sql/session/repeatable.h"
#include "sql/session/session_parts.h"
#include "sql/session/utility_parameters.h"

namespace luma {
namespace {

// Whether replies of this parameter come in binary.
bool is_binary(std::span<const int16_t> formats, size_t i) {
  if (formats.empty()) return false;
  return (formats.size() == 1 ? formats[0] : formats[i]) == 1;
}

// The value of $i+1; its bytes live in `arena`.
Value read_parameter(const SqlSession::BindInput& input, size_t i, TypeRef type,
                     const IoContext& io, Arena& arena) {
  const TypeInfo& info = type_info(type.oid);
  if (!input.parameters[i]) {
    if (info.type_type == 'd') check_domain(type.oid, Value::null(), io);
    return Value::null();
  }
  std::string_view bytes = *input.parameters[i];
  bool binary = is_binary(input.parameter_formats, i);
  try {
    if (binary && info.receive == nullptr) {
      throw sql_error(SqlState::kUndefinedFunction,
                      "no binary input function available for type {}", format_type(info.oid));
    }
    Datum datum = binary ? info.receive(bytes, info, type.typmod, io, arena)
                         : info.input(bytes, info, type.typmod, io, arena);
    return info.physical == PhysicalType::kVarlen ? copy_datum(datum, info.physical, arena) : datum;
  } catch (SqlError& error) {
    if (error.context_text.empty()) {
      std::string portal =
          input.portal.empty() ? "unnamed portal" : fmt::format("portal \"{}\"", input.portal);
      error.context_text = fmt::format("{} parameter ${}{}", portal, i + 1,
                                       binary ? "" : fmt::format(" = '{}'", bytes.substr(0, 64)));
    }
    throw;
  }
}

}  // namespace

void SqlSession::parse(std::string_view name, std::string_view sql, std::span<const Oid> types,
                       RowReceiver& receiver, bool may_block) {
  CallScope scope(*this, receiver, may_block);
  begin_activity(sql);
  if (!name.empty() && statements_.find(name) != statements_.end()) {
    throw sql_error(SqlState::kDuplicatePstatement, "prepared statement \"{}\" already exists",
                    name);
  }
  if (name.empty()) unnamed_statement_.reset();
  environment_.refresh();
  // Clients that do not prepare send the same text again and again.
  key_.assign("P");
  for (Oid type : types) key_ += fmt::format("{},", type);
  key_ += ':';
  key_ += sql;
  CachedQueryPtr query = cache_.find(key_);
  if (query != nullptr && (query->spare == nullptr || !plan_is_current(*query->spare))) {
    cache_.erase(key_);
    query = nullptr;
  }
  if (query == nullptr) {
    query = make_query(sql, types);
    std::ranges::replace(query->declared_types, type_oid::kUnknown, kInvalidOid);
    ParseOptions options;
    options.standard_conforming_strings = settings_.vars().standard_conforming_strings;
    bool warned = warn_of_long_names(query->text);
    ParseResult parsed = parse_sql(query->text, query->arena, options);
    if (parsed.statements.size() > 1) {
      throw SqlError(SqlState::kSyntaxError,
                     "cannot insert multiple commands into a prepared statement");
    }
    set_statement(*query, parsed.statements.empty() ? nullptr : parsed.statements[0].node);
    if (state_ == TxnState::kFailed && query->node != nullptr &&
        !allowed_in_failed_block(query->node)) {
      throw_failed_block();
    }
    if (query->kind == StatementKind::kPlan) {
      ensure_transaction();
      give_back(*query, acquire(*query));
      // Who is warned is warned again the next time.
      if (query->spare != nullptr && !warned && !mentions_present_time(sql))
        cache_.insert(key_, query, settings_.vars().plan_cache_size);
    } else if (query->kind == StatementKind::kUtility) {
      query->parameter_types = utility_parameter_types(environment_, query->node, types);
    }
  } else if (state_ == TxnState::kFailed) {
    throw_failed_block();
  }
  if (name.empty()) {
    unnamed_statement_ = std::move(query);
  } else {
    statements_.emplace(std::string(name), std::move(query));
  }
}

CachedQuery& SqlSession::require_statement(std::string_view name) {
  if (name.empty()) {
    if (unnamed_statement_ != nullptr) return *unnamed_statement_;
    throw SqlError(SqlState::kUndefinedPstatement, "unnamed prepared statement does not exist");
  }
  auto it = statements_.find(name);
  if (it != statements_.end()) return *it->second;
  throw sql_error(SqlState::kUndefinedPstatement, "prepared statement \"{}\" does not exist", name);
}

Portal* SqlSession::find_portal(std::string_view name) {
  if (name.empty()) return unnamed_portal_exists_ ? &unnamed_portal_ : nullptr;
  auto it = portals_.find(name);
  return it == portals_.end() ? nullptr : it->second.get();
}

Portal& SqlSession::require_portal(std::string_view name) {
  if (Portal* portal = find_portal(name)) return *portal;
  throw sql_error(SqlState::kUndefinedCursor, "portal \"{}\" does not exist", name);
}

Portal& SqlSession::create_portal(std::string_view name) {
  Portal* portal = nullptr;
  if (name.empty()) {
    portal = &unnamed_portal_;
    if (unnamed_portal_exists_) finish_portal(*portal);
    unnamed_portal_exists_ = true;
  } else {
    auto [it, fresh] = portals_.try_emplace(std::string(name));
    if (!fresh) {
      throw sql_error(SqlState::kDuplicateCursor, "cursor \"{}\" already exists", name);
    }
    it->second = std::make_unique<Portal>();
    portal = it->second.get();
    portal->name = name;
  }
  portal->savepoint_depth = savepoints_.size();
  portal->done = portal->is_open = false;
  portal->rows = portal->position = portal->passed = 0;
  portal->chunk = nullptr;
  portal->is_cursor = false;
  portal->store.reset();
  return *portal;
}

// Ends the execution; the plan goes back to its statement.
void SqlSession::finish_portal(Portal& portal) noexcept {
  portal.is_open = false;
  portal.chunk = nullptr;
  portal.done = true;
  portal.snapshot.snapshot.reset();
  if (portal.run != nullptr && portal.query != nullptr) {
    give_back(*portal.query, std::move(portal.run));
  }
  portal.run.reset();
  portal.query.reset();
  portal.store.reset();
}

void SqlSession::drop_portals(bool keep_holdable) noexcept {
  if (unnamed_portal_exists_) {
    finish_portal(unnamed_portal_);
    unnamed_portal_exists_ = false;
  }
  for (auto it = portals_.begin(); it != portals_.end();) {
    Portal& portal = *it->second;
    if (keep_holdable && portal.holdable && portal.store != nullptr && portal.done) {
      ++it;
      continue;
    }
    finish_portal(portal);
    it = portals_.erase(it);
  }
}

void SqlSession::bind(const BindInput& input, RowReceiver& receiver, bool may_block) {
  CallScope scope(*this, receiver, may_block);
  CachedQuery& query = require_statement(input.statement);
  CachedQueryPtr shared =
      input.statement.empty() ? unnamed_statement_ : statements_.find(input.statement)->second;
  if (state_ == TxnState::kFailed && query.node != nullptr &&
      !allowed_in_failed_block(query.node)) {
    throw_failed_block();
  }
  size_t expected = query.parameter_types.size();
  if (input.parameters.size() != expected) {
    throw sql_error(
        SqlState::kProtocolViolation,
        "bind message supplies {} parameters, but prepared statement \"{}\" requires {}",
        input.parameters.size(), input.statement, expected);
  }
  std::unique_ptr<PlanRun> run;
  if (query.kind == StatementKind::kPlan) {
    if (state_ != TxnState::kFailed) ensure_transaction();
    run = acquire(query);
    run->plan().require_constants();
    if (input.result_formats.size() > 1 && input.result_formats.size() != query.columns.size()) {
      throw sql_error(SqlState::kProtocolViolation,
                      "bind message has {} result formats but query has {} columns",
                      input.result_formats.size(), query.columns.size());
    }
    const std::vector<TypeRef>& types = run->plan().parameter_types;
    for (size_t i = 0; i < expected; ++i) {
      run->parameters()[i] = read_parameter(input, i, types[i], environment_.io(), run->arena());
    }
  } else if (expected > 0) {
    ensure_transaction();
    CachedQueryPtr filled = make_query(query.text, {});
    std::vector<Value> values;
    for (size_t i = 0; i < expected; ++i) {
      values.push_back(read_parameter(input, i, {query.parameter_types[i], -1}, environment_.io(),
                                      filled->arena));
    }
    set_statement(*filled, with_parameter_values(environment_, query.node, query.parameter_types,
                                                 values, filled->arena));
    shared = std::move(filled);
  } else if (state_ == TxnState::kIdle && query.node != nullptr &&
             !ast::is<ast::TransactionStmt>(query.node)) {
    environment_.refresh();
  }
  Portal& portal = create_portal(input.portal);
  portal.query = std::move(shared);
  portal.run = std::move(run);
  portal.result_formats.assign(input.result_formats.begin(), input.result_formats.end());
}

void SqlSession::describe_query(CachedQuery& query) {
  if (query.kind == StatementKind::kPlan) {
    // A change of definitions since Parse shows now.
    if (state_ != TxnState::kFailed) give_back(query, acquire(query));
    return;
  }
  if (query.kind != StatementKind::kUtility) return;
  environment_.refresh();
  auto columns = utility_columns(query.node);
  query.has_columns = columns.has_value();
  query.columns = columns ? std::move(*columns) : std::vector<ResultColumnInfo>();
}

SqlSession::Description SqlSession::describe_statement(std::string_view name) {
  CachedQuery& query = require_statement(name);
  if (state_ == TxnState::kFailed && query.has_columns) throw_failed_block();
  describe_query(query);
  Description out;
  out.parameter_types = query.parameter_types;
  out.columns = query.columns;
  out.has_columns = query.has_columns;
  return out;
}

SqlSession::Description SqlSession::describe_portal(std::string_view name) {
  Portal& portal = require_portal(name);
  Description out;
  if (portal.is_cursor) {
    out.columns = portal.columns;
    out.has_columns = true;
    out.result_formats = portal.result_formats;
    return out;
  }
  if (portal.query == nullptr) return out;
  if (portal.run == nullptr) describe_query(*portal.query);
  out.columns = portal.query->columns;
  out.has_columns = portal.query->has_columns;
  out.result_formats = portal.result_formats;
  return out;
}

std::span<const int16_t> SqlSession::portal_formats(std::string_view name) {
  Portal* portal = find_portal(name);
  return portal == nullptr ? std::span<const int16_t>()
                           : std::span<const int16_t>(portal->result_formats);
}

SqlSession::Outcome SqlSession::execute(std::string_view name, int64_t max_rows,
                                        RowReceiver& receiver, bool may_block) {
  CallScope scope(*this, receiver, may_block);
  // The end of a failed block's transaction has taken its portals.
  if (state_ == TxnState::kFailed && find_portal(name) == nullptr) throw_failed_block();
  Portal& portal = require_portal(name);
  if (portal.is_cursor) {
    if (state_ == TxnState::kFailed) throw_failed_block();
    begin_activity(portal.statement);
    live_->begin_statement(portal.statement);
    execute_cursor(portal, max_rows, receiver);
    return Outcome::kDone;
  }
  if (portal.query == nullptr) {
    receiver.complete("SELECT 0");
    return Outcome::kDone;
  }
  CachedQueryPtr query = portal.query;
  if (query->kind == StatementKind::kEmpty) {
    receiver.empty_query();
    return Outcome::kDone;
  }
  if (state_ == TxnState::kFailed && !allowed_in_failed_block(query->node)) throw_failed_block();
  begin_activity(query->text);
  live_->begin_statement(query->text);
  if (query->kind == StatementKind::kPlan) {
    Outcome outcome = execute_plan_portal(portal, max_rows, receiver);
    // The statement may have ended the portal; what is suspended keeps its clock.
    if (Portal* left = find_portal(name); left == nullptr || left->done) stop_statement_timer();
    return outcome;
  }
  if (portal.done) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState, "portal \"{}\" cannot be run", name);
  }
  return repeatable([&] {
    std::string tag;
    bool control = ast::is<ast::TransactionStmt>(query->node);
    Outcome outcome = run_utility(query->node, query->text, receiver, tag);
    if (outcome == Outcome::kCopyIn) {
      portal.done = true;
      return outcome;
    }
    // The statement may have ended the transaction, and the portal with it.
    if (!control) portal.done = true;
    live_->end_statement(tag);
    receiver.complete(tag);
    stop_statement_timer();
    return Outcome::kDone;
  });
}

SqlSession::Outcome SqlSession::execute_plan_portal(Portal& portal, int64_t max_rows,
                                                    RowReceiver& receiver) {
  // What was sent of a portal cannot be taken back: slices are for workers.
  bool slices =
      portal.is_open || (max_rows > 0 && portal.run != nullptr && portal.store == nullptr &&
                         !portal.run->plan().is_point_operation);
  if (slices && !portal.done) need_worker();
  if (portal.done) {
    receiver.begin_rows(portal.query->columns);
    const PhysicalPlan* plan = portal.run ? &portal.run->plan() : nullptr;
    receiver.complete(plan == nullptr || plan->command == 'S' ? "SELECT 0" : plan_tag(*plan, 0, 0));
    return Outcome::kDone;
  }
  if (portal.store != nullptr) {
    send_kept_rows(portal, max_rows, receiver);
    return Outcome::kDone;
  }
  ++portal.query->executions;
  return repeatable([&] {
    ensure_transaction();
    try {
      run_portal_slice(portal, max_rows, receiver);
    } catch (const WouldBlock&) {
      portal.run->close();
      portal.is_open = false;
      portal.chunk = nullptr;
      portal.rows = 0;
      throw;
    } catch (...) {
      portal.run->close();
      portal.is_open = false;
      portal.done = true;
      throw;
    }
    return Outcome::kDone;
  });
}

// Definitions changed between Bind and Execute: a new plan with the same values.
void SqlSession::replan_portal(Portal& portal) {
  std::unique_ptr<PlanRun> fresh = acquire(*portal.query);
  const std::vector<Value>& values = portal.run->parameters();
  for (size_t i = 0; i < values.size(); ++i) {
    const TypeInfo& info = type_info(fresh->plan().parameter_types[i].oid);
    fresh->parameters()[i] =
        values[i].is_null ? Value::null()
                          : Value(copy_datum(values[i].datum, info.physical, fresh->arena()));
  }
  portal.run = std::move(fresh);
}

void SqlSession::run_portal_slice(Portal& portal, int64_t max_rows, RowReceiver& receiver) {
  PlanRun& run = *portal.run;
  const PhysicalPlan& plan = run.plan();
  Transaction& transaction = *transaction_;
  bool returns_rows = plan.command == 'S' || plan.has_returning;
  bool first = !portal.is_open;
  if (first) {
    check_runnable(run);
    try {
      environment_.refresh();
      if (!plan_is_current(run)) throw PlanChanged{};
      lock_plan(run);
    } catch (const PlanChanged&) {
      replan_portal(portal);
      return run_portal_slice(portal, max_rows, receiver);
    }
    ran_query_ = true;
    run.budget().set_limit_bytes(settings_.vars().query_memory_bytes != 0
                                     ? settings_.vars().query_memory_bytes
                                     : MemoryBudget::kUnlimited);
  }
  if (first) run_companions(run, run.before, nullptr);
  fill_context(run.context());
  std::optional<StatementScope> scope;
  scope.emplace(transaction, !first);
  if (first) {
    run.open(max_rows <= 0);
    portal.is_open = true;
  } else {
    transaction.resume_statement(portal.snapshot);
  }
  uint64_t sent = 0;
  uint64_t limit = max_rows > 0 ? static_cast<uint64_t>(max_rows) : UINT64_MAX;
  // What changes data runs to its end, whoever fetches how many of its rows.
  if (plan.modifies_data && returns_rows && limit != UINT64_MAX) {
    keep_all_rows(portal);
    scope.reset();
    run_companions(run, run.after, nullptr);
    return send_kept_rows(portal, max_rows, receiver);
  }
  if (returns_rows) receiver.begin_rows(portal.query->columns);
  while (returns_rows ? sent < limit : true) {
    if (portal.chunk == nullptr || portal.chunk_at == portal.chunk->size) {
      portal.chunk = run.next();
      portal.chunk_at = 0;
      if (portal.chunk == nullptr) {
        portal.done = true;
        break;
      }
    }
    uint32_t count = static_cast<uint32_t>(
        std::min<uint64_t>(portal.chunk->size - portal.chunk_at, limit - sent));
    if (returns_rows) receiver.rows(*portal.chunk, portal.chunk_at, count);
    portal.chunk_at += count;
    sent += count;
  }
  portal.rows += sent;
  if (!portal.done) {
    portal.snapshot = transaction.current_statement();
    return receiver.suspended();
  }
  std::string tag = plan_tag(plan, sent, run.context().rows_affected);
  run.close();
  scope.reset();
  run_companions(run, run.after, nullptr);
  portal.is_open = false;
  portal.chunk = nullptr;
  live_->end_statement(tag);
  receiver.complete(tag);
}

void SqlSession::keep_all_rows(Portal& portal) {
  PlanRun& run = *portal.run;
  auto store = std::make_unique<ChunkStore>(run.plan().root->output_types());
  // Kept rows outlive the plan: they belong to the session's budget.
  ExecContext keeping;
  fill_context(keeping);
  keeping.memory = &memory_;
  while (const Chunk* chunk = run.next()) store->append(keeping, *chunk);
  portal.affected = run.context().rows_affected;
  run.close();
  portal.is_open = false;
  portal.store = std::move(store);
  portal.position = 0;
}

// The next rows of a portal that has run to its end already.
void SqlSession::send_kept_rows(Portal& portal, int64_t max_rows, RowReceiver& receiver) {
  receiver.begin_rows(portal.query->columns);
  uint64_t left = portal.store->row_count() - portal.position;
  uint64_t limit = max_rows > 0 ? static_cast<uint64_t>(max_rows) : UINT64_MAX;
  uint64_t count = emit_rows(portal, portal.position, std::min(left, limit), false, &receiver);
  portal.position += count;
  if (count == limit) return receiver.suspended();
  portal.done = true;
  std::string tag = plan_tag(portal.run->plan(), count, portal.affected);
  live_->end_statement(tag);
  receiver.complete(tag);
}

void SqlSession::close_statement(std::string_view name) {
  if (name.empty()) {
    unnamed_statement_.reset();
  } else if (auto it = statements_.find(name); it != statements_.end()) {
    statements_.erase(it);
  }
}

void SqlSession::close_portal(std::string_view name) {
  if (name.empty()) {
    if (unnamed_portal_exists_) finish_portal(unnamed_portal_);
    unnamed_portal_exists_ = false;
  } else if (auto it = portals_.find(name); it != portals_.end()) {
    finish_portal(*it->second);
    portals_.erase(it);
  }
}

void SqlSession::sync(RowReceiver& receiver, bool may_block) {
  CallScope scope(*this, receiver, may_block);
  if (state_ == TxnState::kImplicit) commit_transaction();
  end_activity();
}

}  // namespace luma
