// Data definition: what commands need of the session. Also temporary tables, whose life the session
// decides.
#include "engine/base/sql_error.h"
#include "engine/exec/evaluator.h"
#include "engine/table/table_build.h"
#include "engine/txn/engine_keys.h"
#include "engine/txn/lock_manager.h"
#include "engine/txn/txn_iterator.h"
#include "sql/bind/binder.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command.h"
#include "sql/session/session_parts.h"
#include "sql/session/session_routines.h"
#include "sql/session/user_types.h"

namespace luma {
namespace {

std::string storage_key(uint32_t storage_id) {
  std::string key;
  append_big_endian(&key, storage_id);
  return key;
}

MessageLevel level_of(NoticeSeverity severity) {
  switch (severity) {
    case NoticeSeverity::kDebug:
      return MessageLevel::kDebug1;
    case NoticeSeverity::kInfo:
      return MessageLevel::kInfo;
    case NoticeSeverity::kNotice:
      return MessageLevel::kNotice;
    case NoticeSeverity::kWarning:
      return MessageLevel::kWarning;
  }
  return MessageLevel::kNotice;
}

}  // namespace

class SqlSession::Commands final : public CommandContext {
 public:
  explicit Commands(SqlSession& session) : session_(session), arena_(&session.memory_) {
    session_.fill_context(exec_);
    exec_.arena = &arena_;
    exec_.memory = &session_.memory_;
  }

  CatalogTransaction& ddl() override { return session_.environment_.ddl(); }
  BindEnvironment& environment() override { return session_.environment_; }
  const BuiltinAvailability& builtins() const override { return session_.environment_.builtins(); }
  std::string search_path_setting() const override { return session_.settings_.vars().search_path; }

  Oid temp_schema(bool create) override {
    Oid schema = session_.environment_.temp_schema();
    if (schema != kInvalidOid && ddl().view()->schema(schema) != nullptr) return schema;
    if (!create) return kInvalidOid;
    const Catalog& catalog = *ddl().view();
    const Database* database = catalog.database(catalog.database_oid());
    if (database != nullptr && !has_database_privilege(catalog, current_user(), *database, 'T')) {
      throw sql_error(SqlState::kInsufficientPrivilege,
                      "permission denied to create temporary tables in database \"{}\"",
                      database->name);
    }
    auto made = std::make_shared<Schema>();
    made->name = fmt::format("pg_temp_{}", session_.identity_.pid);
    if (const Schema* left_over = ddl().view()->find_schema(made->name)) {
      ddl().drop({left_over->address()}, DropBehavior::kCascade);
    }
    ddl().put(made);
    session_.environment_.set_temp_schema(made->oid);
    session_.has_temporary_ = true;
    return made->oid;
  }
  Oid current_user() const override { return session_.environment_.current_user_oid(); }
  Oid session_user() const override { return session_.environment_.session_user_oid(); }
  bool in_transaction_block() const override { return session_.in_block(); }

  ExecContext& exec() override { return exec_; }
  SequenceStore& sequences() override { return session_.instance_.sequences(); }
  void lock_table(Oid relation, TableLockMode mode) override {
    LockOptions options;
    options.inline_mode = session_.inline_;
    options.timeout_ms = session_.settings_.vars().lock_timeout_ms;
    options.deadlock_timeout_ms = session_.settings_.vars().deadlock_timeout_ms;
    session_.locks_->lock_table(*session_.lock_owner_, relation, mode, options);
  }

  uint64_t insert_query(BoundQuery query, const Table& table) override {
    PlannerContext context{session_.environment_,
                           session_.environment_,
                           session_.planning_context(),
                           session_.settings_.vars().disabled_passes,
                           {}};
    context.evaluation.arena = &arena_;
    PlanRun run(plan_bound_query(std::move(query), context), &session_.memory_);
    session_.lock_tables(run.plan());
    session_.check_privileges(run);
    session_.ran_query_ = true;
    session_.fill_context(run.context());
    if (values_.size() == run.parameters().size()) run.parameters() = values_;
    TableDescPtr target = session_.environment_.table_desc(table);
    TableWriter writer(exec_, target);
    StatementScope scope(*session_.transaction_);
    run.open();
    while (const Chunk* chunk = run.next()) writer.write(*chunk);
    run.close();
    return writer.finish();
  }

  // The values are kept for insert_query(), which runs the query next.
  BoundQuery bind_execute(const ast::ExecuteStmt& execute) override {
    CachedQuery& prepared = session_.require_statement(execute.name);
    std::unique_ptr<PlanRun> run = session_.bind_execute(prepared, execute);
    values_.clear();
    for (size_t i = 0; i < run->parameters().size(); ++i) {
      const Value& value = run->parameters()[i];
      const TypeInfo& type = type_info(prepared.parameter_types[i]);
      values_.push_back(value.is_null ? value
                                      : Value(copy_datum(value.datum, type.physical, arena_)));
    }
    session_.give_back(prepared, std::move(run));
    Binder binder(session_.environment_, prepared.parameter_types);
    return binder.bind(prepared.node);
  }

  void note_filled_index(uint32_t storage_id) override {
    SqlInstance& instance = session_.instance_;
    CommitHook hook;
    hook.published = instance.index_births().begin(
        storage_id, instance.pipeline().kv().oldest_snapshot_age_seconds());
    transaction().add_commit_hook(std::move(hook));
  }
  void drop_storage_after_commit(uint32_t storage_id) override {
    session_.dropped_storage_.push_back(storage_id);
  }
  void copy_storage(const std::vector<std::pair<uint32_t, uint32_t>>& ids) override {
    for (const auto& [from, to] : ids) {
      if (session_.instance_.columnar().has_segments(from)) {
        throw unsupported("a template database with columnar tables");
      }
      auto iterator = transaction().scan(KvFamily::kData, storage_key(from), storage_key(from + 1),
                                         ReadView::kOwn, false);
      std::string prefix = storage_key(to);
      for (iterator->seek_first(); iterator->valid(); iterator->next()) {
        std::string key = prefix;
        key += iterator->key().substr(prefix.size());
        transaction().put(KvFamily::kData, key, iterator->value());
      }
    }
  }
  void register_temporary(Oid table, ast::OnCommitAction on_commit) override {
    session_.has_temporary_ = true;
    session_.temporary_.push_back({table, on_commit});
  }

  void notice(CommandNotice notice) override {
    SqlError error(notice.state, std::move(notice.message));
    error.detail(std::move(notice.detail)).hint(std::move(notice.hint));
    session_.notice(level_of(notice.severity), std::move(error));
  }
  std::string password_verifier(std::string_view password) override {
    if (password.starts_with("SCRAM-SHA-256$") || password.starts_with("md5")) {
      return std::string(password);
    }
    const auto& make = session_.instance_.options().password_verifier;
    if (!make) throw unsupported("a password in clear text");
    return make(password);
  }
  std::string checked_setting(const ast::VariableSetStmt& set) override {
    return session_.settings_.checked(set.name, session_.set_value_text(set),
                                      session_.is_superuser());
  }
  int count_connections(Oid database) override {
    return session_.instance_.activity().count(database, session_.identity_.pid);
  }
  void terminate_connections(Oid database) override {
    session_.instance_.activity().terminate(database, session_.identity_.pid);
  }

 private:
  SqlSession& session_;
  Arena arena_;
  ExecContext exec_;
  std::vector<Value> values_;
};

std::string SqlSession::run_command_statement(const ast::Node* node, std::string_view text,
                                              RowReceiver&) {
  if (!is_command(node)) throw unsupported("this statement ({})", ast::node_name(node->tag));
  ran_query_ = true;
  StatementLog logged = settings_.vars().log_statement;
  if (logged == StatementLog::kDdl || logged == StatementLog::kMod) log_statement(text);
  return routines_->with_event_triggers(node, [&] {
    Commands commands(*this);
    CommandResult result = run_command(node, text, commands);
    // Told afterwards, when its name is known; the error undoes it.
    if (result.tag != "REINDEX") require_writable(result.tag);
    if (CatalogTransaction* ddl = environment_.ddl_if_any()) define_user_types(*ddl->view());
    environment_.refresh();
    return result.tag;
  });
}

// At commit those with ON COMMIT actions; at the session's end (`all`) everything temporary, in a
// transaction of its own.
void SqlSession::drop_temporary_tables(bool all) noexcept {
  try {
    if (all) {
      Oid schema = environment_.temp_schema();
      has_temporary_ = false;
      temporary_.clear();
      if (schema == kInvalidOid) return;
      ensure_transaction();
      CatalogTransaction& ddl = environment_.ddl();
      if (ddl.view()->schema(schema) != nullptr) {
        DropResult dropped =
            ddl.drop({ddl.view()->schema(schema)->address()}, DropBehavior::kCascade);
        for (const ObjectPtr& object : dropped.removed) {
          const auto* relation = dynamic_cast<const Relation*>(object.get());
          if (relation != nullptr && relation->storage_id != 0) {
            dropped_storage_.push_back(relation->storage_id);
          }
        }
      }
      commit_transaction();
      environment_.set_temp_schema(kInvalidOid);
      return;
    }
    std::vector<Temporary> kept;
    for (const Temporary& temporary : temporary_) {
      const Table* table = environment_.catalog().table(temporary.table);
      if (table == nullptr) continue;
      if (temporary.on_commit == ast::OnCommitAction::kDrop) {
        DropResult dropped = environment_.ddl().drop({table->address()}, DropBehavior::kCascade);
        for (const ObjectPtr& object : dropped.removed) {
          const auto* relation = dynamic_cast<const Relation*>(object.get());
          if (relation != nullptr && relation->storage_id != 0) {
            dropped_storage_.push_back(relation->storage_id);
          }
        }
        continue;
      }
      if (temporary.on_commit == ast::OnCommitAction::kDeleteRows) {
        std::vector<uint32_t> storages{table->storage_id};
        for (Oid index : environment_.catalog().indexes_of(table->oid)) {
          storages.push_back(environment_.catalog().index(index)->storage_id);
        }
        for (uint32_t storage : storages) {
          std::vector<std::string> keys;
          {
            auto iterator = transaction_->scan(KvFamily::kData, storage_key(storage),
                                               storage_key(storage + 1), ReadView::kOwn, false);
            for (iterator->seek_first(); iterator->valid(); iterator->next()) {
              keys.emplace_back(iterator->key());
            }
          }
          for (const std::string& key : keys) transaction_->remove(KvFamily::kData, key);
        }
      }
      kept.push_back(temporary);
    }
    temporary_ = std::move(kept);
  } catch (...) {
    // The commit that follows reports what is wrong, if anything still is.
    if (all) rollback_transaction();
  }
}

}  // namespace luma
