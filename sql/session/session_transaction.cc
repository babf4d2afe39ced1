// The transaction state machine.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/operator.h"
#include "sql/ast/ast.h"
#include "sql/session/session_parts.h"
#include "sql/session/user_types.h"

namespace luma {
namespace {

class HookWriter final : public CatalogWriter {
 public:
  explicit HookWriter(KvBatch& batch) : batch_(batch) {}
  void put(std::string_view key, std::string_view value) override {
    batch_.put(KvFamily::kCatalog, key, value);
  }
  void erase(std::string_view key) override { batch_.remove(KvFamily::kCatalog, key); }

 private:
  KvBatch& batch_;
};

std::string_view text_of(const ast::Node* node) {
  if (const auto* value = ast::try_as<ast::AConst>(node)) return value->text;
  if (const auto* value = ast::try_as<ast::String>(node)) return value->sval;
  return {};
}

bool flag_of(const ast::Node* node) {
  if (const auto* value = ast::try_as<ast::AConst>(node)) {
    return value->kind == ast::ConstKind::kInteger   ? value->ival != 0
           : value->kind == ast::ConstKind::kBoolean ? value->boolval
                                                     : value->text == "on" || value->text == "true";
  }
  if (const auto* value = ast::try_as<ast::Integer>(node)) return value->ival != 0;
  if (const auto* value = ast::try_as<ast::Boolean>(node)) return value->boolval;
  return true;
}

}  // namespace

void SqlSession::start_transaction() {
  const SessionVariables& vars = settings_.vars();
  TransactionOptions options;
  options.isolation = vars.default_isolation;
  options.read_only = vars.default_read_only;
  options.deferrable = deferrable_ = vars.default_deferrable;
  options.sync_commit = vars.sync_commit;
  options.budget = &memory_;
  // Who describes a snapshot now waits for the number.
  lock_owner_->announce_transaction_id(ActivityRegistry::kBeginning);
  try {
    transaction_.emplace(instance_.pipeline(), locks_, lock_owner_.get(), options);
  } catch (...) {
    lock_owner_->set_transaction_id(0);
    throw;
  }
  if (statement_micros_ == 0) statement_micros_ = current_timestamp_micros();
  transaction_micros_ = statement_micros_;
  activity_.begin_transaction(transaction_micros_);
  environment_.mutable_io().now_micros = transaction_micros_;
  ran_query_ = false;
}

Transaction& SqlSession::ensure_transaction() {
  // Its end may take long: better know at the beginning.
  if (inline_ && state_ != TxnState::kBlock && !temporary_.empty() && has_commit_actions()) {
    throw WouldBlock{};
  }
  if (!transaction_) {
    if (state_ == TxnState::kFailed) throw_failed_block();
    start_transaction();
    if (state_ == TxnState::kIdle) state_ = TxnState::kImplicit;
  }
  return *transaction_;
}

void SqlSession::throw_failed_block() const {
  throw SqlError(SqlState::kInFailedSqlTransaction,
                 "current transaction is aborted, commands ignored until end of transaction block");
}

void SqlSession::require_block(std::string_view what) const {
  if (in_block()) return;
  throw sql_error(SqlState::kNoActiveSqlTransaction, "{} can only be used in transaction blocks",
                  what);
}

void SqlSession::require_no_block(std::string_view what) const {
  if (!in_block()) return;
  throw sql_error(SqlState::kActiveSqlTransaction, "{} cannot run inside a transaction block",
                  what);
}

void SqlSession::require_writable(std::string_view what) const {
  if (!transaction_ || !transaction_->read_only()) return;
  throw sql_error(SqlState::kReadOnlySqlTransaction, "cannot execute {} in a read-only transaction",
                  what);
}

void SqlSession::run_transaction_statement(const ast::TransactionStmt& statement,
                                           std::string& tag) {
  using Kind = ast::TransactionStmtKind;
  switch (statement.kind) {
    case Kind::kBegin:
    case Kind::kStart:
      tag = statement.kind == Kind::kBegin ? "BEGIN" : "START TRANSACTION";
      return begin_block(statement);
    case Kind::kCommit:
      return commit_statement(statement, tag);
    case Kind::kRollback:
      tag = "ROLLBACK";
      return rollback_statement(statement);
    case Kind::kSavepoint:
      tag = "SAVEPOINT";
      if (state_ != TxnState::kBlock) {
        throw SqlError(SqlState::kNoActiveSqlTransaction,
                       "SAVEPOINT can only be used in transaction blocks");
      }
      ensure_transaction();
      savepoints_.push_back(take_savepoint(std::string(statement.savepoint_name)));
      return;
    case Kind::kRelease: {
      tag = "RELEASE";
      if (state_ != TxnState::kBlock) {
        throw SqlError(SqlState::kNoActiveSqlTransaction,
                       "RELEASE SAVEPOINT can only be used in transaction blocks");
      }
      savepoints_.resize(find_savepoint(statement.savepoint_name));
      for (auto& [name, portal] : portals_) {
        portal->savepoint_depth = std::min(portal->savepoint_depth, savepoints_.size());
      }
      return;
    }
    case Kind::kRollbackTo: {
      tag = "ROLLBACK";
      if (state_ != TxnState::kBlock && state_ != TxnState::kFailed) {
        throw SqlError(SqlState::kNoActiveSqlTransaction,
                       "ROLLBACK TO SAVEPOINT can only be used in transaction blocks");
      }
      size_t at = find_savepoint(statement.savepoint_name);
      savepoints_.resize(at + 1);
      rollback_to(savepoints_[at]);
      state_ = TxnState::kBlock;
      return;
    }
    case Kind::kPrepare:
      if (state_ == TxnState::kBlock) {
        need_worker();
        tag = "PREPARE TRANSACTION";
        return prepare_transaction(statement.gid);
      }
      tag = "ROLLBACK";
      if (state_ == TxnState::kFailed) return rollback_transaction();
      warn(SqlState::kNoActiveSqlTransaction, "there is no transaction in progress");
      if (state_ == TxnState::kImplicit) commit_transaction();
      return;
    case Kind::kCommitPrepared:
    case Kind::kRollbackPrepared:
      need_worker();
      tag = statement.kind == Kind::kCommitPrepared ? "COMMIT PREPARED" : "ROLLBACK PREPARED";
      return finish_prepared(statement.gid, statement.kind == Kind::kCommitPrepared);
  }
}

void SqlSession::begin_block(const ast::TransactionStmt& statement) {
  if (state_ == TxnState::kFailed) throw_failed_block();
  if (state_ == TxnState::kBlock) {
    warn(SqlState::kActiveSqlTransaction, "there is already a transaction in progress");
  } else {
    ensure_transaction();
    state_ = TxnState::kBlock;
  }
  apply_transaction_options(statement.options);
}

void SqlSession::apply_transaction_options(const ast::NodeList& options) {
  for (const ast::Node* node : options) {
    const auto* option = ast::as<ast::DefElem>(node);
    if (option->defname == "transaction_isolation") {
      set_isolation(text_of(option->arg));
    } else if (option->defname == "transaction_read_only") {
      set_read_only(flag_of(option->arg));
    } else if (option->defname == "transaction_deferrable") {
      deferrable_ = flag_of(option->arg);
    }
  }
}

void SqlSession::set_isolation(std::string_view text) {
  ensure_transaction();
  IsolationLevel level = IsolationLevel::kReadCommitted;
  if (text == "serializable") level = IsolationLevel::kSerializable;
  if (text == "repeatable read") level = IsolationLevel::kRepeatableRead;
  if (text == "read uncommitted") level = IsolationLevel::kReadUncommitted;
  if (text == "default") level = settings_.vars().default_isolation;
  if (level == transaction_->isolation()) return;
  if (ran_query_) {
    throw SqlError(SqlState::kActiveSqlTransaction,
                   "SET TRANSACTION ISOLATION LEVEL must be called before any query");
  }
  if (!savepoints_.empty()) {
    throw SqlError(SqlState::kActiveSqlTransaction,
                   "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction");
  }
  transaction_->set_isolation(level);
}

void SqlSession::set_read_only(bool read_only) {
  ensure_transaction();
  if (!read_only && transaction_->read_only()) {
    if (!savepoints_.empty() && savepoints_.back().read_only) {
      throw SqlError(SqlState::kActiveSqlTransaction,
                     "cannot set transaction read-write mode inside a read-only transaction");
    }
    if (ran_query_) {
      throw SqlError(SqlState::kActiveSqlTransaction,
                     "transaction read-write mode must be set before any query");
    }
  }
  transaction_->set_read_only(read_only);
}

void SqlSession::commit_statement(const ast::TransactionStmt& statement, std::string& tag) {
  tag = "COMMIT";
  if (state_ == TxnState::kIdle || state_ == TxnState::kImplicit) {
    if (statement.chain) {
      throw SqlError(SqlState::kNoActiveSqlTransaction,
                     "COMMIT AND CHAIN can only be used in transaction blocks");
    }
    warn(SqlState::kNoActiveSqlTransaction, "there is no transaction in progress");
    if (state_ == TxnState::kImplicit) commit_transaction();
    return;
  }
  TransactionOptions chained;
  if (transaction_) {
    chained.isolation = transaction_->isolation();
    chained.read_only = transaction_->read_only();
  }
  if (state_ == TxnState::kFailed) {
    tag = "ROLLBACK";
    rollback_transaction();
  } else {
    commit_transaction();
  }
  if (!statement.chain) return;
  ensure_transaction();
  state_ = TxnState::kBlock;
  transaction_->set_isolation(chained.isolation);
  transaction_->set_read_only(chained.read_only);
}

void SqlSession::rollback_statement(const ast::TransactionStmt& statement) {
  if (state_ == TxnState::kIdle || state_ == TxnState::kImplicit) {
    if (statement.chain) {
      throw SqlError(SqlState::kNoActiveSqlTransaction,
                     "ROLLBACK AND CHAIN can only be used in transaction blocks");
    }
    warn(SqlState::kNoActiveSqlTransaction, "there is no transaction in progress");
    rollback_transaction();
    return;
  }
  TransactionOptions chained = chain_options_;
  if (transaction_) {
    chained.isolation = transaction_->isolation();
    chained.read_only = transaction_->read_only();
  }
  rollback_transaction();
  if (!statement.chain) return;
  ensure_transaction();
  state_ = TxnState::kBlock;
  transaction_->set_isolation(chained.isolation);
  transaction_->set_read_only(chained.read_only);
}

SqlSession::Savepoint SqlSession::take_savepoint(std::string name) {
  Savepoint point;
  point.name = std::move(name);
  point.transaction = transaction_->savepoint();
  point.settings = settings_.mark();
  if (CatalogTransaction* ddl = environment_.ddl_if_any()) {
    point.had_catalog = true;
    point.catalog = ddl->savepoint();
  }
  point.deferred = deferred_.mark();
  point.dropped_storage = dropped_storage_.size();
  point.notifications = sent_notifications_.size();
  point.temporary = temporary_.size();
  point.listen_actions = listen_actions_.size();
  point.read_only = transaction_->read_only();
  return point;
}

size_t SqlSession::find_savepoint(std::string_view name) const {
  for (size_t i = savepoints_.size(); i-- > 0;) {
    if (savepoints_[i].name == name) return i;
  }
  throw sql_error(SqlState::kSEInvalidSpecification, "savepoint \"{}\" does not exist", name);
}

void SqlSession::rollback_to(const Savepoint& point) {
  // Cursors made since are gone, and open ones may stand on rows that are.
  size_t depth = savepoints_.size();
  for (auto it = portals_.begin(); it != portals_.end();) {
    if (it->second->savepoint_depth >= depth && it->second->savepoint_depth > 0) {
      finish_portal(*it->second);
      it = portals_.erase(it);
    } else {
      ++it;
    }
  }
  if (large_objects_ != nullptr) large_objects_->close_above(depth);
  transaction_->rollback_to(point.transaction);
  transaction_->set_read_only(point.read_only);
  settings_.rollback_to(point.settings);
  if (CatalogTransaction* ddl = environment_.ddl_if_any()) {
    ddl->rollback_to(point.had_catalog ? point.catalog : 0);
    define_user_types(*ddl->view());
  }
  deferred_.rollback_to(point.deferred);
  dropped_storage_.resize(std::min(dropped_storage_.size(), point.dropped_storage));
  sent_notifications_.resize(std::min(sent_notifications_.size(), point.notifications));
  temporary_.resize(std::min(temporary_.size(), point.temporary));
  while (listen_actions_.size() > point.listen_actions) listen_actions_.pop_back();
}

bool SqlSession::has_commit_actions() const {
  return std::any_of(temporary_.begin(), temporary_.end(), [](const Temporary& temporary) {
    return temporary.on_commit == ast::OnCommitAction::kDeleteRows ||
           temporary.on_commit == ast::OnCommitAction::kDrop;
  });
}

// Deferred constraints. What they would have to wait for leaves the transaction as it is.
void SqlSession::check_deferred() {
  if (!deferred_.has_pending()) return;
  Arena arena(&memory_);
  ExecContext context;
  fill_context(context);
  context.arena = &arena;
  context.memory = &memory_;
  try {
    deferred_.run(context);
  } catch (const SqlError&) {
    rollback_transaction();
    throw;
  }
}

void SqlSession::before_commit() {
  materialize_holdable();
  drop_portals(true);
  if (has_commit_actions()) drop_temporary_tables(false);
}

void SqlSession::commit_transaction() {
  if (!transaction_) return end_transaction_state();
  CatalogTransaction* ddl = environment_.ddl_if_any();
  bool changes_catalog = ddl != nullptr && ddl->has_changes();
  // Once the commit has begun there is no way back to run it elsewhere.
  if (inline_ && (changes_catalog || has_commit_actions() || deferred_.has_pending_triggers() ||
                  std::any_of(portals_.begin(), portals_.end(), [](const auto& item) {
                    return item.second->holdable && item.second->run != nullptr;
                  }))) {
    throw WouldBlock{};
  }
  check_deferred();
  try {
    before_commit();
    ddl = environment_.ddl_if_any();
    changes_catalog = ddl != nullptr && ddl->has_changes();
    std::unique_lock<std::mutex> catalog_lock;
    if (changes_catalog) {
      catalog_lock = instance_.catalog().lock_commit();
      CommitHook hook;
      hook.before_write = [ddl](CommitContext& context) {
        HookWriter writer(context.batch);
        ddl->write_changes(writer);
      };
      hook.published = [this, ddl](uint64_t) { instance_.catalog().publish(*ddl); };
      transaction_->add_commit_hook(std::move(hook));
    }
    uint64_t reads = instance_.pipeline().required_durable_ts(transaction_->dependency_ts());
    CommitResult result = instance_.pipeline().commit(*transaction_);
    required_ts_ = std::max({required_ts_, reads, result.wait_for_ts});
  } catch (...) {
    rollback_transaction();
    throw;
  }
  std::vector<uint32_t> dropped = std::move(dropped_storage_);
  std::vector<Notification> sent = std::move(sent_notifications_);
  apply_listen_actions();
  settings_.commit();
  report_activity(true);
  live_->end_transaction(true);
  end_transaction_state();
  for (uint32_t storage : dropped) instance_.drop_storage(storage);
  if (!sent.empty()) instance_.activity().broadcast(environment_.database(), sent);
}

void SqlSession::rollback_transaction() noexcept {
  drop_portals(true);
  if (transaction_) report_activity(false);
  undo_transaction();
}

// Statistics are counted when the transaction is over, whichever way.
void SqlSession::report_activity(bool committed) noexcept {
  try {
    instance_.statistics().add(environment_.database(), identity_.pid, deferred_.activity(),
                               committed);
  } catch (const std::bad_alloc&) {
    // The transaction is over all the same; nobody needs to hear that a count is missing.
  }
  deferred_.activity().clear();
}

// Types that the transaction altered are again what the catalog says.
void SqlSession::forget_altered_types() noexcept {
  environment_.forget_ddl();
  try {
    environment_.refresh();
    define_user_types(environment_.catalog());
  } catch (const std::exception& error) {
    // Out of memory at most; the next change of the catalog defines them again.
    instance_.logger().log(LogLevel::kWarning, "types could not be defined after a rollback",
                           {{"error", error.what()}});
  }
}

void SqlSession::undo_transaction() noexcept {
  bool changed_catalog = environment_.ddl_if_any() != nullptr;
  if (transaction_) transaction_->rollback();
  if (changed_catalog) forget_altered_types();
  settings_.rollback();
  end_transaction_state();
}

void SqlSession::end_transaction_state() noexcept {
  transaction_.reset();
  live_->end_transaction(false);
  environment_.forget_ddl();
  deferred_.clear();
  savepoints_.clear();
  dropped_storage_.clear();
  sent_notifications_.clear();
  listen_actions_.clear();
  if (large_objects_ != nullptr) large_objects_->close_all();
  state_ = TxnState::kIdle;
  ran_query_ = false;
}

// At the end of a statement that no block encloses.
void SqlSession::finish_implicit(bool last) {
  if (state_ == TxnState::kImplicit && last) commit_transaction();
}

}  // namespace luma
