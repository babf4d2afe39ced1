#pragma once
// The settings of one session: values, SET LOCAL, and what a rollback restores. Used by the
// session's thread. Values that the session needs all the time are kept typed in `vars()`.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/txn/transaction.h"
#include "engine/type/type_info.h"
#include "sql/optimize/optimizer.h"
#include "sql/session/setting_registry.h"

namespace luma {

enum class MessageLevel : uint8_t {
  kDebug5,
  kDebug4,
  kDebug3,
  kDebug2,
  kDebug1,
  kLog,
  kInfo,
  kNotice,
  kWarning,
  kError
};

enum class StatementLog : uint8_t { kNone, kDdl, kMod, kAll };

struct SessionVariables {
  IoContext io;  // without now_micros and names
  std::string search_path = "\"$user\", public";
  IsolationLevel default_isolation = IsolationLevel::kReadCommitted;
  bool default_read_only = false;
  bool default_deferrable = false;
  SyncCommit sync_commit = SyncCommit::kOn;
  MessageLevel client_min_messages = MessageLevel::kNotice;
  int32_t statement_timeout_ms = 0;
  int32_t lock_timeout_ms = 0;
  int32_t deadlock_timeout_ms = 1000;
  int32_t idle_in_transaction_timeout_ms = 0;
  int32_t idle_session_timeout_ms = 0;
  size_t work_mem_bytes = size_t{4} << 20;
  int32_t spill_above_bytes = -1;  // in place of work_mem where operators spill; -1: not
  double hash_mem_multiplier = 2;
  size_t query_memory_bytes = 0;  // 0: no limit
  int32_t max_parallel_workers = 8;
  int32_t max_workers_per_gather = 2;
  uint64_t min_parallel_scan_bytes = uint64_t{8} << 20;
  bool standard_conforming_strings = true;
  int client_encoding = 6;       // as pg_encoding_to_char() counts: UTF8
  bool replays_changes = false;  // session_replication_role is replica
  StatementLog log_statement = StatementLog::kNone;
  int32_t log_min_duration_ms = -1;  // -1: never
  std::string disabled_passes;
  double inline_cost_limit = 40;
  PlannerSettings planner;  // without work_mem_bytes
  size_t plan_cache_size = 256;
};

// Where a value comes from, as pg_settings.source says.
enum class SettingSource : uint8_t {
  kDefault,
  kConfiguration,
  kDatabase,
  kUser,
  kClient,
  kSession
};

class SessionSettings {
 public:
  // Settings whose value is state of the session rather than a text (transaction_isolation, role).
  struct Special {
    std::function<std::string()> show;
    // Null: stored like any other once `show` is null too.
    std::function<void(std::string_view value, bool local)> assign;
    // A rollback gives back the former value, the end of the transaction that of before SET LOCAL.
    bool transactional = false;
  };

  SessionSettings();
  SessionSettings(const SessionSettings&) = delete;
  SessionSettings& operator=(const SessionSettings&) = delete;

  const SessionVariables& vars() const { return vars_; }
  void set_special(std::string_view name, Special special);

  // SET: `local` until the end of the transaction. Throws 42704, 22023, 55P02, 42501.
  void set(std::string_view name, std::string_view value, bool local, bool superuser);
  // RESET, SET ... TO DEFAULT.
  void reset(std::string_view name, bool local, bool superuser);
  void reset_all();
  // The value of start-up: what RESET goes back to. Startup-only settings are allowed.
  void set_initial(std::string_view name, std::string_view value, SettingSource source,
                   bool superuser);
  // Changes without any check of who may (is_superuser, session_authorization).
  void set_internal(std::string_view name, std::string_view value);

  // SHOW; throws 42704. `missing_ok`: nullopt instead.
  std::optional<std::string> show(std::string_view name, bool missing_ok) const;
  // The stored text, for internal use.
  std::string_view value(const SettingDefinition& definition) const;
  std::string_view setting_name(std::string_view name) const;  // canonical spelling
  // The checked text that SET would store (ALTER ROLE ... SET).
  std::string checked(std::string_view name, std::string_view value, bool superuser) const;
  std::vector<SettingRow> rows() const;
  // Names and display values in SHOW ALL's order.
  struct Shown {
    std::string name, value, description;
  };
  std::vector<Shown> show_all() const;

  // --- transactions ---
  using Mark = size_t;
  Mark mark() const { return undo_.size(); }
  void rollback_to(Mark mark);
  void commit();
  void rollback() { rollback_to(0); }

  // Changes whenever a setting changes that cached plans depend on.
  uint64_t plan_epoch() const { return plan_epoch_; }
  // Changed reported settings since the last call.
  std::vector<std::pair<std::string, std::string>> take_reports();
  bool has_reports() const { return !unreported_.empty(); }
  // All reported settings, in PostgreSQL's order at start-up.
  std::vector<std::pair<std::string, std::string>> all_reports();

 private:
  struct Entry {
    std::optional<std::string> session, local, initial;
    SettingSource initial_source = SettingSource::kDefault;
    const std::string* current() const {
      if (local) return &*local;
      if (session) return &*session;
      return initial ? &*initial : nullptr;
    }
  };
  struct Undo {
    std::string name;
    Entry before;
    // Of a special setting: its former value, and whether it was SET LOCAL.
    std::optional<std::string> special = {};
    bool local = false;
  };
  void assign_special(const std::string& name, const Special& special, std::string_view value,
                      bool local);

  const SettingDefinition& require(std::string_view name) const;
  const SettingDefinition* find(std::string_view name) const;
  std::string prepare(const SettingDefinition& definition, std::string_view value) const;
  static void check_permission(const SettingDefinition& definition, bool superuser, bool starting);
  void change(const std::string& name, const SettingDefinition* definition,
              const std::function<void(Entry&)>& edit, bool undoable);
  void apply(const std::string& name, const SettingDefinition* definition);
  std::string current_text(const SettingDefinition& definition) const;

  SessionVariables vars_;
  std::map<std::string, Entry, std::less<>> entries_;  // by canonical name; custom ones lower case
  std::map<std::string, Special, std::less<>> specials_;
  std::vector<Undo> undo_;
  std::vector<std::string> unreported_;
  std::map<std::string, std::string, std::less<>> last_reported_;
  uint64_t plan_epoch_ = 1;
};

}  // namespace luma
