#pragma once
// What DDL and other catalog commands need of the session they run in; the session implements it.
// All members are called by the thread that runs the statement, inside its transaction.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/txn/lock_modes.h"
#include "engine/txn/sequence_store.h"
#include "engine/txn/transaction.h"
#include "sql/ast/enums.h"
#include "sql/bind/bind_environment.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/catalog_transaction.h"
#include "sql/catalog/name_resolution.h"
#include "sql/plan/logical.h"

namespace luma::ast {
struct VariableSetStmt;
struct ExecuteStmt;
}  // namespace luma::ast

namespace luma {

enum class NoticeSeverity : uint8_t { kDebug, kInfo, kNotice, kWarning };

struct CommandNotice {
  NoticeSeverity severity = NoticeSeverity::kNotice;
  SqlState state = SqlState::kSuccessfulCompletion;
  std::string message;
  std::string detail = {};
  std::string hint = {};
};

class CommandContext {
 public:
  virtual ~CommandContext() = default;

  // --- catalog and names ---
  // Made by the first command of a transaction; the session rolls it back to a mark of its own when
  // a statement or savepoint fails.
  virtual CatalogTransaction& ddl() = 0;
  // Over ddl().view() as it is now: catalog(), search_path() and table_desc() must show the changes
  // made so far (commands bind expressions between changes).
  virtual BindEnvironment& environment() = 0;
  virtual const BuiltinAvailability& builtins() const = 0;
  // The text of search_path, stored with view definitions.
  virtual std::string search_path_setting() const = 0;
  // The session's pg_temp_N; made (through ddl().put) when `create` and absent, else 0.
  virtual Oid temp_schema(bool create) = 0;
  virtual Oid current_user() const = 0;
  virtual Oid session_user() const = 0;
  // True inside BEGIN ... or a multi-statement simple query: CREATE DATABASE and the like give
  // 25001.
  virtual bool in_transaction_block() const = 0;
  // Declared or inferred types of $n, for CREATE TABLE AS through the extended protocol.
  virtual std::vector<Oid> parameter_types() const { return {}; }

  // --- rows ---
  // Context of the running statement: transaction, memory budget, interrupt, io, session services,
  // tables (a TableResolver over ddl().view() as it is now).
  virtual ExecContext& exec() = 0;
  Transaction& transaction() { return *exec().transaction; }
  virtual SequenceStore& sequences() = 0;
  // Of this database.
  SequenceId sequence_id(Oid sequence) { return {ddl().view()->database_oid(), sequence}; }
  // Waits; held to the end of the transaction. Name for messages comes from the catalog.
  virtual void lock_table(Oid relation, TableLockMode mode) = 0;
  // Plans and runs `query` and stores its rows in `table` (columns in order, no checks to be made):
  // CREATE TABLE AS, SELECT INTO, REFRESH. Returns the number of rows.
  virtual uint64_t insert_query(BoundQuery query, const Table& table) = 0;
  // CREATE TABLE AS EXECUTE: the bound query of a prepared statement with its arguments in place.
  virtual BoundQuery bind_execute(const ast::ExecuteStmt& execute) = 0;

  // --- at the end of the transaction ---
  // Data under this storage id is no longer needed once the transaction commits; older snapshots
  // may still read it.
  // An index was filled from rows that are there: older snapshots must not use it.
  virtual void note_filled_index(uint32_t storage_id) = 0;
  virtual void drop_storage_after_commit(uint32_t storage_id) = 0;
  // CREATE DATABASE: (old, new) storage ids whose data is to be copied before commit.
  virtual void copy_storage(const std::vector<std::pair<uint32_t, uint32_t>>& ids) = 0;
  // A temporary table was made: dropped at the session's end; ON COMMIT DELETE ROWS / DROP before.
  virtual void register_temporary(Oid table, ast::OnCommitAction on_commit) = 0;

  // --- session ---
  virtual void notice(CommandNotice notice) = 0;
  // SCRAM-SHA-256 verifier of a clear-text password; a verifier is returned as it is.
  virtual std::string password_verifier(std::string_view password) = 0;
  // The value that SET would store (checked, in canonical text), for ALTER ROLE/DATABASE ... SET;
  // throws what SET throws.
  virtual std::string checked_setting(const ast::VariableSetStmt& set) = 0;
  // Other sessions connected to the database.
  virtual int count_connections(Oid database) = 0;
  virtual void terminate_connections(Oid database) = 0;
};

}  // namespace luma
