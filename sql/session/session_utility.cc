// Statements that are no plans.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/evaluator.h"
#include "engine/txn/lock_manager.h"
#include "sql/bind/binder.h"
#include "sql/bind/privilege_check.h"
#include "sql/catalog/inheritance.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command.h"
#include "sql/session/session_parts.h"
#include "sql/session/session_routines.h"

namespace luma {

bool SqlSession::allowed_in_failed_block(const ast::Node* node) {
  const auto* statement = ast::try_as<ast::TransactionStmt>(node);
  if (statement == nullptr) return false;
  switch (statement->kind) {
    case ast::TransactionStmtKind::kCommit:
    case ast::TransactionStmtKind::kRollback:
    case ast::TransactionStmtKind::kRollbackTo:
    case ast::TransactionStmtKind::kPrepare:  // which rolls back
      return true;
    default:
      return false;
  }
}

// Statements that neither wait nor take long.
bool SqlSession::is_light_utility(const ast::Node* node) {
  switch (node->tag) {
    case ast::NodeTag::kTransactionStmt:
    case ast::NodeTag::kVariableSetStmt:
    case ast::NodeTag::kVariableShowStmt:
    case ast::NodeTag::kPrepareStmt:
    case ast::NodeTag::kExecuteStmt:
    case ast::NodeTag::kDeallocateStmt:
    case ast::NodeTag::kFetchStmt:
    case ast::NodeTag::kClosePortalStmt:
    case ast::NodeTag::kListenStmt:
    case ast::NodeTag::kUnlistenStmt:
    case ast::NodeTag::kNotifyStmt:
      return true;
    default:
      return false;
  }
}

SqlSession::Outcome SqlSession::run_utility(const ast::Node* node, std::string_view text,
                                            RowReceiver& receiver, std::string& tag) {
  if (!is_light_utility(node)) need_worker();
  environment_.refresh();
  switch (node->tag) {
    case ast::NodeTag::kTransactionStmt:
      run_transaction_statement(*ast::as<ast::TransactionStmt>(node), tag);
      return Outcome::kDone;
    case ast::NodeTag::kVariableShowStmt:
      tag = "SHOW";
      show_variable(*ast::as<ast::VariableShowStmt>(node), receiver);
      return Outcome::kDone;
    default:
      break;
  }
  ensure_transaction();
  switch (node->tag) {
    case ast::NodeTag::kVariableSetStmt:
      set_variable(*ast::as<ast::VariableSetStmt>(node), tag);
      break;
    case ast::NodeTag::kPrepareStmt:
      tag = "PREPARE";
      prepare_statement(*ast::as<ast::PrepareStmt>(node), text);
      break;
    case ast::NodeTag::kExecuteStmt:
      tag = execute_statement(*ast::as<ast::ExecuteStmt>(node), receiver);
      break;
    case ast::NodeTag::kDeallocateStmt:
      deallocate(*ast::as<ast::DeallocateStmt>(node), tag);
      break;
    case ast::NodeTag::kDeclareCursorStmt:
      tag = "DECLARE CURSOR";
      declare_cursor(*ast::as<ast::DeclareCursorStmt>(node), text);
      break;
    case ast::NodeTag::kFetchStmt:
      tag = fetch(*ast::as<ast::FetchStmt>(node), receiver);
      break;
    case ast::NodeTag::kClosePortalStmt:
      close_cursor(*ast::as<ast::ClosePortalStmt>(node), tag);
      break;
    case ast::NodeTag::kExplainStmt:
      tag = "EXPLAIN";
      explain(*ast::as<ast::ExplainStmt>(node), receiver);
      break;
    case ast::NodeTag::kVacuumStmt:
      tag = ast::as<ast::VacuumStmt>(node)->is_vacuumcmd ? "VACUUM" : "ANALYZE";
      vacuum(*ast::as<ast::VacuumStmt>(node));
      break;
    case ast::NodeTag::kLockStmt:
      tag = "LOCK TABLE";
      lock_statement(*ast::as<ast::LockStmt>(node));
      break;
    case ast::NodeTag::kDiscardStmt:
      discard(*ast::as<ast::DiscardStmt>(node), tag);
      break;
    case ast::NodeTag::kConstraintsSetStmt:
      tag = "SET CONSTRAINTS";
      set_constraints(*ast::as<ast::ConstraintsSetStmt>(node));
      break;
    case ast::NodeTag::kCheckPointStmt:
      tag = "CHECKPOINT";
      if (!is_superuser()) {
        throw SqlError(SqlState::kInsufficientPrivilege,
                       "must be superuser or have privileges of pg_checkpoint to do CHECKPOINT");
      }
      instance_.checkpoint();
      break;
    case ast::NodeTag::kListenStmt: {
      tag = "LISTEN";
      change_listening(true, ast::as<ast::ListenStmt>(node)->conditionname);
      break;
    }
    case ast::NodeTag::kUnlistenStmt: {
      tag = "UNLISTEN";
      change_listening(false, ast::as<ast::UnlistenStmt>(node)->conditionname);
      break;
    }
    case ast::NodeTag::kNotifyStmt: {
      tag = "NOTIFY";
      const auto* statement = ast::as<ast::NotifyStmt>(node);
      notify(statement->conditionname, statement->payload);
      break;
    }
    case ast::NodeTag::kLoadStmt:
      throw sql_error(SqlState::kUndefinedFile,
                      "could not access file \"{}\": No such file or directory",
                      ast::as<ast::LoadStmt>(node)->filename);
    case ast::NodeTag::kCopyStmt: {
      const auto& copy = *ast::as<ast::CopyStmt>(node);
      if (copy.is_from) return copy_from(copy, receiver, tag);
      tag = copy_to(copy, receiver);
      break;
    }
    case ast::NodeTag::kDoStmt:
      tag = "DO";
      routines_->run_do(*ast::as<ast::DoStmt>(node), in_block() || routines_->depth() > 0);
      return Outcome::kDone;
    case ast::NodeTag::kCallStmt:
      tag = "CALL";
      routines_->run_top_call(*ast::as<ast::CallStmt>(node), in_block() || routines_->depth() > 0,
                              receiver);
      return Outcome::kDone;
    case ast::NodeTag::kAlterSystemStmt:
      throw unsupported("ALTER SYSTEM");
    default:
      tag = run_command_statement(node, text, receiver);
  }
  return Outcome::kDone;
}

// The rows a utility statement returns; nullopt when it returns none.
std::optional<std::vector<ResultColumnInfo>> SqlSession::utility_columns(const ast::Node* node) {
  auto text_column = [](std::string name, Oid type = type_oid::kText) {
    ResultColumnInfo column;
    column.name = std::move(name);
    column.type = {type, -1};
    return column;
  };
  switch (node->tag) {
    case ast::NodeTag::kVariableShowStmt: {
      const auto* show = ast::as<ast::VariableShowStmt>(node);
      if (show->name == "all") {
        return std::vector{text_column("name"), text_column("setting"), text_column("description")};
      }
      settings_.show(show->name, false);
      return std::vector{text_column(std::string(settings_.setting_name(show->name)))};
    }
    case ast::NodeTag::kExplainStmt: {
      Oid type = type_oid::kText;
      for (const ast::Node* node_option : ast::as<ast::ExplainStmt>(node)->options) {
        const auto* option = ast::as<ast::DefElem>(node_option);
        if (option->defname != "format") continue;
        const auto* word = ast::try_as<ast::String>(option->arg);
        if (word != nullptr && word->sval == "json") type = type_oid::kJson;
        const TypeInfo* xml = find_type(type_oid::kXml);
        bool has_xml = xml != nullptr && xml->output != nullptr;
        if (word != nullptr && word->sval == "xml" && has_xml) type = type_oid::kXml;
      }
      return std::vector{text_column("QUERY PLAN", type)};
    }
    case ast::NodeTag::kExecuteStmt: {
      CachedQuery& query = require_statement(ast::as<ast::ExecuteStmt>(node)->name);
      describe_query(query);
      if (!query.has_columns) return std::nullopt;
      return query.columns;
    }
    case ast::NodeTag::kCallStmt: {
      std::vector<ResultColumnInfo> columns =
          routines_->call_columns(*ast::as<ast::CallStmt>(node));
      if (columns.empty()) return std::nullopt;
      return columns;
    }
    case ast::NodeTag::kFetchStmt: {
      const auto* statement = ast::as<ast::FetchStmt>(node);
      if (statement->ismove) return std::nullopt;
      Portal* portal = find_portal(statement->portalname);
      if (portal == nullptr) return std::nullopt;
      return portal->is_cursor ? portal->columns : portal->query->columns;
    }
    default:
      return std::nullopt;
  }
}

void SqlSession::emit_text_rows(const std::vector<ResultColumnInfo>& columns,
                                const std::vector<std::vector<std::string>>& rows,
                                RowReceiver& receiver) {
  receiver.begin_rows(columns);
  std::vector<PhysicalType> types(columns.size(), PhysicalType::kVarlen);
  Chunk chunk{std::span<const PhysicalType>(types)};
  for (size_t at = 0; at < rows.size();) {
    chunk.begin();
    auto count = static_cast<uint32_t>(std::min<size_t>(rows.size() - at, kVectorSize));
    for (uint32_t i = 0; i < count; ++i) {
      for (size_t c = 0; c < columns.size(); ++c) {
        chunk.columns[c].set_value(i, Datum::of_string(std::string_view(rows[at + i][c])));
      }
    }
    chunk.size = count;
    receiver.rows(chunk, 0, count);
    at += count;
  }
}

// --- PREPARE, EXECUTE, DEALLOCATE

void SqlSession::prepare_statement(const ast::PrepareStmt& statement, std::string_view text) {
  if (statements_.find(statement.name) != statements_.end()) {
    throw sql_error(SqlState::kDuplicatePstatement, "prepared statement \"{}\" already exists",
                    statement.name);
  }
  std::vector<Oid> types;
  for (const ast::Node* node : statement.argtypes) {
    types.push_back(resolve_type_name(environment_.catalog(), environment_.search_path(),
                                      *ast::as<ast::TypeName>(node))
                        .oid);
  }
  CachedQueryPtr query = make_query(text, types);
  std::ranges::replace(query->declared_types, type_oid::kUnknown, kInvalidOid);
  query->from_sql = true;
  set_statement(*query, ast::copy(statement.query, query->arena));
  if (query->kind == StatementKind::kPlan) {
    give_back(*query, acquire(*query));
  } else {
    throw SqlError(SqlState::kSyntaxError, "utility statements cannot be prepared");
  }
  statements_.emplace(std::string(statement.name), std::move(query));
}

std::unique_ptr<PlanRun> SqlSession::bind_execute(CachedQuery& query,
                                                  const ast::ExecuteStmt& statement) {
  // Arguments of a statement without parameters are ignored, as PostgreSQL does.
  size_t count = query.parameter_types.size();
  if (count != 0 && statement.params.size() != count) {
    throw sql_error(SqlState::kSyntaxError,
                    "wrong number of parameters for prepared statement \"{}\"", statement.name)
        .detail(fmt::format("Expected {} parameters but got {}.", query.parameter_types.size(),
                            statement.params.size()));
  }
  std::unique_ptr<PlanRun> run = acquire(query);
  for (size_t i = 0; i < count; ++i) {
    TypeRef target = run->plan().parameter_types[i];
    Binder binder(environment_, {});
    Expr* bound = binder.bind_standalone(statement.params[i], Clause::kExecute, target,
                                         Coercion::kAssignment);
    ExprEvaluator evaluator(*bound, 1);
    EvalContext context = planning_context();
    context.inline_mode = inline_;
    context.arena = &run->arena();
    Value value = evaluator.evaluate_scalar(context);
    run->parameters()[i] =
        value.is_null ? value : Value(copy_datum(value.datum, bound->physical, run->arena()));
  }
  return run;
}

std::string SqlSession::execute_statement(const ast::ExecuteStmt& statement,
                                          RowReceiver& receiver) {
  auto it = statements_.find(statement.name);
  if (it == statements_.end()) {
    throw sql_error(SqlState::kUndefinedPstatement, "prepared statement \"{}\" does not exist",
                    statement.name);
  }
  CachedQueryPtr query = it->second;
  if (query->kind == StatementKind::kUtility) {
    std::string tag;
    run_utility(query->node, query->text, receiver, tag);
    return tag;
  }
  if (query->kind == StatementKind::kEmpty) return "";
  std::unique_ptr<PlanRun> run = bind_execute(*query, statement);
  live_->begin_statement(query->text);
  ++query->executions;
  std::string tag;
  try {
    tag = run_plan(*run, &receiver);
  } catch (const PlanChanged&) {
    return execute_statement(statement, receiver);
  } catch (const WouldBlock&) {
    give_back(*query, std::move(run));
    throw;
  }
  give_back(*query, std::move(run));
  return tag;
}

void SqlSession::deallocate(const ast::DeallocateStmt& statement, std::string& tag) {
  if (statement.name.data() == nullptr) {
    tag = "DEALLOCATE ALL";
    statements_.clear();
    return;
  }
  tag = "DEALLOCATE";
  auto it = statements_.find(statement.name);
  if (it == statements_.end()) {
    throw sql_error(SqlState::kUndefinedPstatement, "prepared statement \"{}\" does not exist",
                    statement.name);
  }
  statements_.erase(it);
}

// --- the rest

void SqlSession::discard(const ast::DiscardStmt& statement, std::string& tag) {
  switch (statement.target) {
    case ast::DiscardMode::kAll: {
      require_no_block("DISCARD ALL");
      tag = "DISCARD ALL";
      drop_portals(false);
      settings_.set("session_authorization", "default", false, true);
      settings_.reset_all();
      statements_.clear();
      unnamed_statement_.reset();
      {
        std::lock_guard lock(notification_mutex_);
        listening_.clear();
      }
      locks_->unlock_all_advisory(*lock_owner_);
      cache_.clear();
      cached_values_.clear();
      last_values_.clear();
      last_sequence_ = kInvalidOid;
      commit_transaction();
      if (has_temporary_) drop_temporary_tables(true);
      environment_.refresh();
      return;
    }
    case ast::DiscardMode::kPlans:
      tag = "DISCARD PLANS";
      cache_.clear();
      for (auto& [name, query] : statements_) query->spare.reset();
      return;
    case ast::DiscardMode::kSequences:
      tag = "DISCARD SEQUENCES";
      cached_values_.clear();
      last_values_.clear();
      last_sequence_ = kInvalidOid;
      return;
    case ast::DiscardMode::kTemp:
      tag = "DISCARD TEMP";
      if (has_temporary_) drop_temporary_tables(true);
      return;
  }
}

// Any privilege that allows statements which take a lock of that strength will do.
void SqlSession::require_lock_privilege(const Relation& relation, TableLockMode mode) const {
  std::string_view sufficient = mode == TableLockMode::kAccessShare    ? "r"
                                : mode == TableLockMode::kRowExclusive ? "awdD"
                                                                       : "wdD";
  bool allowed = std::ranges::any_of(sufficient, [&](char privilege) {
    return has_relation_privilege(environment_.catalog(), environment_.current_user_oid(), relation,
                                  privilege);
  });
  if (!allowed) throw permission_denied(relation);
}

void SqlSession::lock_statement(const ast::LockStmt& statement) {
  require_block("LOCK TABLE");
  for (const ast::Node* node : statement.relations) {
    const auto* range = ast::as<ast::RangeVar>(node);
    const Relation& relation =
        require_relation(environment_.catalog(), environment_.search_path(),
                         {range->schemaname, range->relname, range->catalogname, range->location});
    if (relation.relkind != 'r' && relation.relkind != 'v' && relation.relkind != 'p') {
      throw sql_error(SqlState::kWrongObjectType, "cannot lock relation \"{}\"", relation.name);
    }
    require_lock_privilege(relation, static_cast<TableLockMode>(statement.mode));
    LockOptions options;
    options.wait = statement.nowait ? LockWait::kNoWait : LockWait::kWait;
    options.inline_mode = inline_;
    options.timeout_ms = settings_.vars().lock_timeout_ms;
    options.deadlock_timeout_ms = settings_.vars().deadlock_timeout_ms;
    options.relation_name = relation.name;
    std::vector<Oid> wanted = {relation.oid};
    if (range->inh && relation.relkind != 'v') {
      const auto& table = static_cast<const Table&>(relation);
      for (const FamilyMember& member : table_family(environment_.catalog(), table)) {
        if (member.level > 0) wanted.push_back(member.table->oid);
      }
    }
    for (Oid oid : wanted) {
      locks_->lock_table(*lock_owner_, oid, static_cast<TableLockMode>(statement.mode), options);
    }
  }
}

void SqlSession::set_constraints(const ast::ConstraintsSetStmt& statement) {
  if (!in_block()) {
    warn(SqlState::kNoActiveSqlTransaction,
         "SET CONSTRAINTS can only be used in transaction blocks");
  }
  std::vector<Oid> wanted;
  const Catalog& catalog = environment_.catalog();
  for (const ast::Node* node : statement.constraints) {
    const auto* range = ast::as<ast::RangeVar>(node);
    bool found = false;
    catalog.for_each_relation([&](const Relation& relation) {
      if (relation.kind != ObjectKind::kTable || relation.oid < kFirstUserOid) return;
      bool in_reach = range->schemaname.data() != nullptr
                          ? catalog.schema_name(relation.schema) == range->schemaname
                          : environment_.search_path().contains(relation.schema);
      if (!in_reach) return;
      for (const Constraint& constraint : static_cast<const Table&>(relation).constraints) {
        if (constraint.name != range->relname) continue;
        if (!constraint.deferrable) {
          throw sql_error(SqlState::kWrongObjectType, "constraint \"{}\" is not deferrable",
                          constraint.name);
        }
        wanted.push_back(constraint.index == kInvalidOid || constraint.type == 'f'
                             ? constraint.oid
                             : constraint.index);
        found = true;
      }
    });
    if (!found) {
      throw sql_error(SqlState::kUndefinedObject, "constraint \"{}\" does not exist",
                      range->relname);
    }
  }
  if (!statement.deferred && deferred_.has_pending_triggers()) need_worker();
  Arena arena(&memory_);
  ExecContext context;
  fill_context(context);
  context.arena = &arena;
  context.memory = &memory_;
  deferred_.set_mode(context, wanted, statement.deferred);
}

void SqlSession::change_listening(bool listen, std::string_view channel) {
  ensure_transaction();
  listen_actions_.push_back({listen, std::string(channel)});
  if (!in_block()) apply_listen_actions();
}

void SqlSession::apply_listen_actions() {
  if (listen_actions_.empty()) return;
  std::lock_guard lock(notification_mutex_);
  for (ListenAction& action : listen_actions_) {
    if (action.listen) {
      listening_.insert(std::move(action.channel));
    } else if (action.channel.empty()) {
      listening_.clear();
    } else {
      listening_.erase(action.channel);
    }
  }
  listen_actions_.clear();
}

void SqlSession::notify(std::string_view channel, std::string_view payload) {
  if (channel.empty()) {
    throw SqlError(SqlState::kInvalidParameterValue, "channel name cannot be empty");
  }
  if (channel.size() >= 64) {
    throw SqlError(SqlState::kInvalidParameterValue, "channel name too long");
  }
  if (payload.size() >= 8000) {
    throw SqlError(SqlState::kInvalidParameterValue, "payload string too long");
  }
  for (const Notification& sent : sent_notifications_) {
    if (sent.channel == channel && sent.payload == payload) return;
  }
  sent_notifications_.push_back({identity_.pid, std::string(channel), std::string(payload)});
}

}  // namespace luma
