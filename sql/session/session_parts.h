#pragma once
// Private to sql/session: the parts of a SqlSession that others see through interfaces.
#include "engine/exec/eval_context.h"
#include "sql/catalog/live_state.h"
#include "sql/catalog/operations_state.h"
#include "sql/catalog/statement_state.h"
#include "sql/catalog/statistics_state.h"
#include "sql/catalog/transaction_state.h"
#include "sql/copy/copy_in.h"
#include "sql/session/session.h"

namespace luma {

// The type that a literal gives the parameter it becomes; kInvalidOid: what the context wants.
Oid type_of_literal(const Literal& literal);

// What functions ask of the session.
class SqlSession::Services final : public SessionServices {
 public:
  explicit Services(SqlSession& session) : session_(session) {}
  std::string current_user() const override;
  std::string session_user() const override;
  std::string current_database() const override;
  int32_t backend_pid() const override;
  bool setting(std::string_view name, bool missing_ok, std::string& value) const override;
  std::string set_setting(std::string_view name, std::string_view value, bool local) override;
  int64_t sequence_next(Oid sequence, bool check_privilege) override;
  int64_t sequence_current(Oid sequence) override;
  int64_t sequence_last() override;
  int64_t sequence_set(Oid sequence, int64_t value, bool is_called) override;
  void notice(std::string_view severity, std::string_view message) override;
  void* native() override;

 private:
  const Sequence& require_sequence(Oid oid) const;
  SequenceId sequence_id(Oid oid) const;
  // Any of the sufficient privileges will do; throws 42501.
  void require_privilege(const Sequence& sequence, std::string_view sufficient) const;
  SqlSession& session_;
};

// What system relations show of the session and its instance.
class SqlSession::Live final : public LiveState,
                               public StatisticsState,
                               public OperationsState,
                               public TransactionState,
                               public StatementState {
 public:
  explicit Live(SqlSession& session) : session_(session) {}
  std::vector<ActivityRow> activity() override;
  void require_signal_right(Oid other, bool terminate) const;
  std::vector<LockRow> locks() override;
  std::vector<PreparedStatementRow> prepared_statements() override;
  std::vector<CursorRow> cursors() override;
  std::vector<SettingRow> settings() override;
  SequenceRow sequence(Oid oid) override;
  Value cursor_key(std::string_view cursor, Oid table, size_t part, Arena& arena) override {
    return session_.cursor_key(cursor, table, part, arena);
  }
  RelationSize relation_size(Oid relation) override;
  int64_t database_size(Oid database) override;
  bool signal_session(int32_t pid, bool terminate) override;
  std::vector<int32_t> blocking_pids(int32_t pid) override;
  void notify(std::string_view channel, std::string_view payload) override;
  int64_t server_start_time() override;
  std::string current_query() override;
  RelationStatistics relation_statistics(Oid relation) override;
  TableActivity transaction_activity(Oid relation) override;
  DatabaseStatistics database_statistics(Oid database) override;
  std::vector<PreparedTransactionRow> prepared_transactions() override;
  std::vector<AuthenticationRow> authentication_rules() override;
  LargeObjects& large_objects() override;
  std::vector<std::string> listening_channels() override;
  std::optional<std::pair<std::string, int32_t>> server_address() override;
  std::vector<RetentionRow> retention_rows() override;
  std::vector<StatementRow> statement_rows() override;
  StatementTotals statement_totals() override;
  void reset_statements(Oid user, Oid database, int64_t query_id) override;
  // A client's statement is about to run; what was begun counts once it is complete.
  void begin_statement(std::string_view text);
  void end_statement(std::string_view tag);
  // --- session_snapshots.cc
  uint64_t assign_number() override;
  uint64_t assigned_number() override;
  TransactionFate fate(uint64_t id) override;
  SnapshotValue current_snapshot() override;
  std::string export_snapshot() override;
  // SET TRANSACTION SNAPSHOT.
  void import_snapshot(std::string_view name);
  void end_transaction(bool committed) noexcept;

 private:
  SqlSession& session_;
  uint64_t number_ = 0;           // of the running transaction, when it was asked for
  std::mutex description_mutex_;  // threads of a parallel plan ask, too
  std::weak_ptr<const TxnSnapshot> described_;
  SnapshotValue description_;
  std::vector<std::string> exported_;
  uint64_t counting_version_ = 0;  // of the catalog
  bool counting_ = false;          // the database has pg_stat_statements
  std::string counted_text_;
  std::chrono::steady_clock::time_point counted_from_;
};

// A COPY FROM in progress. Destroyed before its transaction ends.
struct SqlSession::CopyRun {
  CopyRun(const ast::CopyStmt& statement, PlannerContext& planner, size_t limit_bytes,
          MemoryBudget* parent)
      : budget(limit_bytes, parent), arena(&budget), copy(statement, planner) {
    context.memory = &budget;
    context.arena = &arena;
  }

  // Before the copy, which has memory of them.
  MemoryBudget budget;
  Arena arena;
  ExecContext context;
  std::optional<StatementScope> scope;
  CopyIn copy;
};

// Sets what one call of the session has at hand, and takes it away at the end.
struct SqlSession::CallScope {
  CallScope(SqlSession& session, RowReceiver& receiver, bool may_block) : session_(session) {
    session_.receiver_ = &receiver;
    session_.inline_ = !may_block;
    session_.binary_rows_ = false;
  }
  ~CallScope() {
    session_.receiver_ = nullptr;
    session_.inline_ = false;
  }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

 private:
  SqlSession& session_;
};

}  // namespace luma
