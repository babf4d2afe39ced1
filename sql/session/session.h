#pragma once
// One client session: statements in, rows out. Settings, transaction, prepared statements, portals
// and cursors, plan cache. Knows nothing of the wire: results leave through RowReceiver.
//
// Used by one thread at a time, from changing threads (interrupt() and activity are the
// exceptions). Calls throw SqlError; the caller then calls failed() once, which aborts or marks the
// transaction. A call with `may_block` false throws WouldBlock where it would have to wait or would
// take long, after undoing what it did; the same call is then made again with `may_block` true.
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/interrupt.h"
#include "engine/base/would_block.h"
#include "engine/exec/chunk_store.h"
#include "engine/table/deferred_checks.h"
#include "engine/txn/transaction.h"
#include "sql/ast/ast.h"
#include "sql/ast/tree.h"
#include "sql/parse/literal_rows.h"
#include "sql/parse/normalize.h"
#include "sql/parse/parser.h"
#include "sql/session/instance.h"
#include "sql/session/large_object_store.h"
#include "sql/session/plan_run.h"
#include "sql/session/query_cache.h"
#include "sql/session/row_receiver.h"
#include "sql/session/session_settings.h"
#include "sql/session/statement_environment.h"

namespace luma {

struct SessionIdentity {
  int32_t pid = 0;
  std::string client_address;  // "" for a Unix socket
  int client_port = -1;
  std::string server_address;  // where it came to; "" for a Unix socket
  int server_port = -1;
  bool tls = false;
  std::string tls_version, tls_cipher;
  int tls_bits = 0;
};

// What hosts a session. Thread-safe; outlives it.
class SessionHooks {
 public:
  virtual ~SessionHooks() = default;
  // Something waits to be delivered. Any thread.
  virtual void wake() {}
  // Raise `reason` on the session's interrupt after `delay`; zero disarms.
  virtual void set_timer(Interrupt::Reason reason, std::chrono::milliseconds delay) {
    static_cast<void>(reason);
    static_cast<void>(delay);
  }
};

struct SessionStart {
  std::string user, database;
  // In order of effect; any setting by name.
  std::vector<std::pair<std::string, std::string>> settings;
};

enum class TxnState : uint8_t {
  kIdle,
  kImplicit,  // ends with the statement, the query string or Sync
  kBlock,     // BEGIN
  kFailed     // an error inside a block: only its end is accepted
};

struct Portal {
  std::string name;
  CachedQueryPtr query;
  std::unique_ptr<PlanRun> run;  // null for utility statements
  std::vector<int16_t> result_formats;
  bool is_open = false;  // the plan's operators
  bool done = false;
  Transaction::StatementState snapshot;
  const Chunk* chunk = nullptr;  // delivered up to chunk_at
  uint32_t chunk_at = 0;
  uint64_t rows = 0;
  size_t savepoint_depth = 0;  // made inside that many savepoints
  // SQL cursors
  bool is_cursor = false, holdable = false, no_scroll = false, binary = false, scroll = false;
  std::string statement;
  int64_t creation_micros = 0;
  std::unique_ptr<ChunkStore> store;  // rows read so far; without is_cursor: all there are
  uint64_t affected = 0;              // by a statement whose rows are all in `store`
  uint64_t position = 0;              // 0: before the first row; rows+1: after the last
  uint64_t passed = 0;                // rows before the first one in `store`
  uint64_t rows_read() const { return passed + store->row_count(); }
  std::vector<ResultColumnInfo> columns;
};

class SessionTriggers;  // session_triggers.h

class SqlSession {
 public:
  enum class Outcome : uint8_t { kDone, kCopyIn };

  SqlSession(SqlInstance& instance, SessionIdentity identity, SessionHooks& hooks);
  ~SqlSession();
  SqlSession(const SqlSession&) = delete;
  SqlSession& operator=(const SqlSession&) = delete;

  // First call. FATAL 28000, 3D000 and what settings throw.
  void start(const SessionStart& start, RowReceiver& receiver);

  Outcome simple_query(std::string_view sql, RowReceiver& receiver, bool may_block);

  // The extended protocol.
  void parse(std::string_view name, std::string_view sql, std::span<const Oid> types,
             RowReceiver& receiver, bool may_block);
  struct BindInput {
    std::string_view portal, statement;
    std::span<const int16_t> parameter_formats;
    std::span<const std::optional<std::string_view>> parameters;
    std::span<const int16_t> result_formats;
  };
  void bind(const BindInput& input, RowReceiver& receiver, bool may_block);
  struct Description {
    std::span<const Oid> parameter_types;
    std::span<const ResultColumnInfo> columns;
    std::span<const int16_t> result_formats;  // of portals
    bool has_columns = false;
  };
  Description describe_statement(std::string_view name);
  Description describe_portal(std::string_view name);
  // Formats of the rows that execute() is going to produce.
  std::span<const int16_t> portal_formats(std::string_view name);
  Outcome execute(std::string_view portal, int64_t max_rows, RowReceiver& receiver, bool may_block);
  void close_statement(std::string_view name);
  void close_portal(std::string_view name);
  void sync(RowReceiver& receiver, bool may_block);
  // A FunctionCall message: the statement that calls the function, with its parameters' types; it
  // is run by the calls above, under names of its own, and then finished. 42883, 0A000.
  std::pair<std::string, std::vector<Oid>> function_call_text(Oid function);
  void finish_function_call();

  // A call threw `error`, or the protocol was violated.
  void failed(const SqlError& error) noexcept;
  // The client is gone.
  void terminate() noexcept;
  // Between statements: gives back what only makes the next execution of a statement quicker.
  void release_idle_memory() noexcept;

  char transaction_status() const;
  // What the replies so far depend on.
  uint64_t required_durable_ts() const;
  Interrupt& interrupt() { return interrupt_; }
  int32_t idle_timeout_ms() const;
  SessionSettings& settings() { return settings_; }
  StatementEnvironment& environment() { return environment_; }
  // For encoding values; valid until the next call.
  const IoContext& io() const { return environment_.io(); }
  std::vector<Notification> take_notifications();
  // Rows of the present call go out in binary, whatever the protocol says (BINARY cursors).
  bool binary_rows() const { return binary_rows_; }

  // COPY FROM STDIN in progress.
  void copy_data(std::string_view chunk, RowReceiver& receiver);
  Outcome copy_done(RowReceiver& receiver);
  // CONTEXT of an error that ends it: "COPY t, line 3".
  std::string copy_context() const;

 private:
  class Services;
  class Live;
  class Commands;  // CommandContext
  class Routines;  // RoutineCaller
  struct CopyRun;
  struct Savepoint {
    std::string name;
    Transaction::Savepoint transaction;
    SessionSettings::Mark settings = 0;
    CatalogTransaction::Mark catalog = 0;
    bool had_catalog = false;
    DeferredChecks::Mark deferred;
    size_t dropped_storage = 0, notifications = 0, temporary = 0, listen_actions = 0;
    bool read_only = false;
  };
  // What a statement must put back when it has to be run again on a worker.
  struct CallScope;

  // --- session.cc
  void begin_activity(std::string_view text);
  void end_activity() noexcept;
  void start_statement_timer();
  void stop_statement_timer() noexcept;
  void log_statement(std::string_view text);
  void log_duration();
  void notice(MessageLevel level, SqlError notice);
  void warn(SqlState state, std::string message);
  // True when there were some.
  bool warn_of_long_names(std::string_view sql);
  bool is_superuser() const;
  void define_specials();
  void assign_role(std::string_view value, bool session_too);
  void need_worker() const {
    if (inline_) throw WouldBlock{};
  }

  // --- session_transaction.cc
  Transaction& ensure_transaction();
  void start_transaction();
  void run_transaction_statement(const ast::TransactionStmt& statement, std::string& tag);
  void begin_block(const ast::TransactionStmt& statement);
  void commit_statement(const ast::TransactionStmt& statement, std::string& tag);
  void rollback_statement(const ast::TransactionStmt& statement);
  void apply_transaction_options(const ast::NodeList& options);
  void set_isolation(std::string_view text);
  void set_read_only(bool read_only);
  Savepoint take_savepoint(std::string name);
  void rollback_to(const Savepoint& savepoint);
  size_t find_savepoint(std::string_view name) const;
  void commit_transaction();
  void check_deferred();
  void before_commit();
  bool has_commit_actions() const;
  void rollback_transaction() noexcept;
  void report_activity(bool committed) noexcept;
  void undo_transaction() noexcept;  // leaves portals alone
  void forget_altered_types() noexcept;
  void end_transaction_state() noexcept;
  void finish_implicit(bool last);
  bool in_block() const { return state_ == TxnState::kBlock || multi_statement_; }
  void require_block(std::string_view what) const;
  void require_no_block(std::string_view what) const;
  void require_writable(std::string_view what) const;
  void throw_failed_block() const;
  void drop_temporary_tables(bool all) noexcept;

  // --- session_prepared.cc
  int64_t max_prepared_transactions() const;
  void require_preparable();
  void prepare_transaction(std::string_view gid);
  void finish_prepared(std::string_view gid, bool commit);

  // --- session_plan.cc
  CachedQueryPtr make_query(std::string_view sql, std::span<const Oid> types);
  void set_statement(CachedQuery& query, const ast::Node* node);
  static bool mentions_present_time(std::string_view sql);
  std::unique_ptr<PlanRun> acquire(CachedQuery& query);
  void give_back(CachedQuery& query, std::unique_ptr<PlanRun> run);
  std::unique_ptr<PlanRun> make_plan(const ast::Node* node, std::vector<Oid> parameter_types,
                                     bool takes_parameter_rows = false, bool for_cursor = false);
  EvalContext planning_context();
  void fill_context(ExecContext& context);
  void lock_tables(const PhysicalPlan& plan) { lock_tables(plan.locks); }
  void lock_tables(const std::vector<BoundQuery::TableLock>& locks);
  bool plan_is_current(const PlanRun& run) const;
  // Thrown where a plan turns out to be older than the definitions it uses.
  struct PlanChanged {};
  void lock_plan(PlanRun& run);
  void check_privileges(PlanRun& run) const;
  void check_runnable(const PlanRun& run) const;
  bool changes_permanent_table(const PhysicalPlan& plan) const;
  // Runs the whole plan; returns the command tag.
  std::string run_plan(PlanRun& run, RowReceiver* receiver);
  // --- rule_plan.cc
  // `receiver` (nullptr: nobody) gets the rows of SELECTs.
  void run_companions(PlanRun& main, std::vector<RuleCompanion>& companions, RowReceiver* receiver);
  static std::string plan_tag(const PhysicalPlan& plan, uint64_t rows, uint64_t affected);
  Value read_literal(const Literal& literal, TypeRef type, Arena& arena);
  // Runs `body` so that WouldBlock leaves no trace of it.
  template <typename Body>
  auto repeatable(Body&& body);

  // --- session_values.cc
  bool run_literal_rows(std::string_view sql, RowReceiver& receiver);
  CachedQueryPtr plan_of_literal_rows();
  bool read_literal_rows(PlanRun& run);
  bool literals_begin_with_row() const;

  // --- session_simple.cc
  bool run_normalized(std::string_view sql, RowReceiver& receiver);
  void run_cached(CachedQuery& query, std::unique_ptr<PlanRun>& run, RowReceiver& receiver);
  Outcome run_statements(std::string_view sql, RowReceiver& receiver);
  Outcome run_one(const ast::Node* node, std::string_view text, bool last, RowReceiver& receiver);

  // --- session_extended.cc
  CachedQuery& require_statement(std::string_view name);
  Portal& require_portal(std::string_view name);
  Outcome execute_plan_portal(Portal& portal, int64_t max_rows, RowReceiver& receiver);
  void describe_query(CachedQuery& query);
  void drop_portals(bool keep_holdable) noexcept;
  void finish_portal(Portal& portal) noexcept;
  Portal* find_portal(std::string_view name);
  Portal& create_portal(std::string_view name);
  void replan_portal(Portal& portal);
  void run_portal_slice(Portal& portal, int64_t max_rows, RowReceiver& receiver);
  void keep_all_rows(Portal& portal);
  void send_kept_rows(Portal& portal, int64_t max_rows, RowReceiver& receiver);

  // --- session_cursor.cc
  void make_cursor(Portal& portal);
  void execute_cursor(Portal& portal, int64_t max_rows, RowReceiver& receiver);
  void declare_cursor(const ast::DeclareCursorStmt& statement, std::string_view text);
  std::string fetch(const ast::FetchStmt& statement, RowReceiver& receiver);
  // A value that WHERE CURRENT OF asks for: part of the row that the cursor is on.
  Value cursor_key(std::string_view cursor, Oid table, size_t part, Arena& arena);
  void close_cursor(const ast::ClosePortalStmt& statement, std::string& tag);
  void pull_rows(Portal& portal, uint64_t wanted);
  uint64_t emit_rows(Portal& portal, uint64_t first, uint64_t count, bool backward,
                     RowReceiver* receiver);
  void materialize_holdable();

  // --- session_utility.cc
  // Runs a statement that is no plan; `tag` is what CommandComplete says.
  Outcome run_utility(const ast::Node* node, std::string_view text, RowReceiver& receiver,
                      std::string& tag);
  std::optional<std::vector<ResultColumnInfo>> utility_columns(const ast::Node* node);
  static bool allowed_in_failed_block(const ast::Node* node);
  static bool is_light_utility(const ast::Node* node);
  void prepare_statement(const ast::PrepareStmt& statement, std::string_view text);
  std::string execute_statement(const ast::ExecuteStmt& statement, RowReceiver& receiver);
  std::unique_ptr<PlanRun> bind_execute(CachedQuery& query, const ast::ExecuteStmt& statement);
  void deallocate(const ast::DeallocateStmt& statement, std::string& tag);
  void discard(const ast::DiscardStmt& statement, std::string& tag);
  void lock_statement(const ast::LockStmt& statement);
  void require_lock_privilege(const Relation& relation, TableLockMode mode) const;
  void set_constraints(const ast::ConstraintsSetStmt& statement);
  std::string run_command_statement(const ast::Node* node, std::string_view text,
                                    RowReceiver& receiver);
  void notify(std::string_view channel, std::string_view payload);
  void change_listening(bool listen, std::string_view channel);
  void apply_listen_actions();
  // Rows of text columns (SHOW, EXPLAIN).
  void emit_text_rows(const std::vector<ResultColumnInfo>& columns,
                      const std::vector<std::vector<std::string>>& rows, RowReceiver& receiver);

  // --- session_copy.cc
  Outcome copy_from(const ast::CopyStmt& statement, RowReceiver& receiver, std::string& tag);
  std::string copy_to(const ast::CopyStmt& statement, RowReceiver& receiver);

  // --- session_set.cc
  void set_variable(const ast::VariableSetStmt& statement, std::string& tag);
  bool sees_setting(std::string_view name) const;
  void require_visible_setting(std::string_view name) const;
  void show_variable(const ast::VariableShowStmt& statement, RowReceiver& receiver);
  std::string set_value_text(const ast::VariableSetStmt& statement) const;

  // --- session_explain.cc
  void explain(const ast::ExplainStmt& statement, RowReceiver& receiver);

  // --- session_maintenance.cc
  bool may_maintain(const Relation& relation) const;
  void vacuum(const ast::VacuumStmt& statement);
  void analyze_table(const Table& table, const std::vector<int16_t>* only, bool verbose);
  void compact_columnar(const Table& table);

  SqlInstance& instance_;
  SessionIdentity identity_;
  SessionHooks& hooks_;
  Interrupt interrupt_;
  MemoryBudget memory_;
  SessionActivity activity_;
  SessionSettings settings_;
  std::unique_ptr<Live> live_;
  StatementEnvironment environment_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<Routines> routines_;
  std::unique_ptr<SessionTriggers> triggers_;
  std::unique_ptr<LockOwner> lock_owner_;
  LockManager* locks_ = nullptr;
  std::string user_, database_name_;
  bool registered_ = false;

  // the transaction
  TxnState state_ = TxnState::kIdle;
  std::optional<Transaction> transaction_;
  DeferredChecks deferred_;
  std::vector<Savepoint> savepoints_;
  bool multi_statement_ = false;
  bool ran_query_ = false;   // the isolation level is settled
  bool deferrable_ = false;  // SHOW transaction_deferrable; it changes nothing else
  int64_t transaction_micros_ = 0, statement_micros_ = 0;
  uint64_t required_ts_ = 0;
  std::vector<uint32_t> dropped_storage_;
  std::vector<Notification> sent_notifications_;
  // LISTEN and UNLISTEN of the transaction; they count once it commits.
  struct ListenAction {
    bool listen;
    std::string channel;  // "": all
  };
  std::vector<ListenAction> listen_actions_;
  std::unique_ptr<LargeObjectStore> large_objects_;  // made when first used
  struct Temporary {
    Oid table;
    ast::OnCommitAction on_commit;
  };
  std::vector<Temporary> temporary_;
  bool has_temporary_ = false;
  // SET TRANSACTION of the next AND CHAIN.
  TransactionOptions chain_options_;

  // statements
  std::map<std::string, CachedQueryPtr, std::less<>> statements_;
  CachedQueryPtr unnamed_statement_;
  std::map<std::string, std::unique_ptr<Portal>, std::less<>> portals_;
  // The unnamed portal is kept for the next Bind.
  Portal unnamed_portal_;
  bool unnamed_portal_exists_ = false;
  QueryCache cache_;
  std::string key_;
  std::vector<Literal> literals_;
  LiteralRows literal_rows_;
  std::vector<Chunk> literal_chunks_;
  std::unordered_map<Oid, std::pair<int64_t, int64_t>> cached_values_;  // next, left
  std::unordered_map<Oid, int64_t> last_values_;
  Oid last_sequence_ = kInvalidOid;

  // the present call
  RowReceiver* receiver_ = nullptr;
  bool inline_ = false;
  bool binary_rows_ = false;
  bool statement_timer_runs_ = false;  // over calls, as far as they are one statement
  // A query string that goes on: after an escalation, or after COPY FROM STDIN.
  struct Pending {
    bool active = false;
    Arena arena;
    std::vector<ParsedStatement> statements;
    size_t at = 0;
    std::string text;  // kept while COPY FROM STDIN interrupts it
  };
  Pending pending_;
  std::unique_ptr<CopyRun> copy_;

  // LISTEN
  std::mutex notification_mutex_;
  std::atomic<bool> has_notifications_{false};  // there may be some
  std::set<std::string, std::less<>> listening_;
  std::vector<Notification> inbox_;
};

}  // namespace luma
