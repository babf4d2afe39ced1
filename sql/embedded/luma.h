#pragma once
// libluma: the LumaDB engine inside your process, without a server. The SQL is that of the server,
// PostgreSQL 15's.
//
//   auto db = luma::embedded::Database::open("shop.luma");
//   auto conn = db.connect();
//   conn.execute("CREATE TABLE item (id bigint PRIMARY KEY, name text, price numeric(8,2))");
//   auto insert = conn.prepare("INSERT INTO item VALUES ($1, $2, $3)");
//   insert.bind_all(1, "apple", 0.25).execute();
//   for (const auto& row : conn.query("SELECT id, name FROM item")) {
//     use(row.get<int64_t>(0), row.get<std::string_view>("name"));
//   }
//
// Threads: a Database may be used by any number of threads. A Connection and everything made from
// it (Statement, Result, Row, Transaction) belong to one thread at a time; Connection::interrupt()
// is the exception. Overlapping calls are refused (55006). Work in parallel takes a Connection a
// thread. Deeply nested statements need a stack of 8 MiB.
//
// Errors: every failure is an Error with PostgreSQL's SQLSTATE. Destructors do not throw.
//
// Durability: a call returns when what it committed has reached the disk, unless
// Options::synchronous_commit or the setting of that name says otherwise.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__GNUC__)
#define LUMA_API __attribute__((visibility("default")))
#else
#define LUMA_API
#endif

namespace luma::embedded_internal {
class DatabaseState;
class ConnectionState;
class StatementState;
class ResultState;
}  // namespace luma::embedded_internal

namespace luma::embedded {

using Bytes = std::vector<std::byte>;

// The version of the library, "0.1.0".
LUMA_API const char* version() noexcept;

class LUMA_API Error : public std::exception {
 public:
  // `position`: character of the statement's text, from 1; 0: none. `fatal`: the connection is
  // gone.
  Error(std::string sqlstate, std::string message, std::string detail = {}, std::string hint = {},
        int position = 0, bool fatal = false);
  Error(const Error& other);
  Error& operator=(const Error& other);
  ~Error() override;

  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& sqlstate() const noexcept { return sqlstate_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& detail() const noexcept { return detail_; }
  const std::string& hint() const noexcept { return hint_; }
  const std::string& context() const noexcept { return context_; }
  int position() const noexcept { return position_; }
  bool fatal() const noexcept { return fatal_; }
  // What a constraint violation names; empty elsewhere.
  const std::string& schema_name() const noexcept { return schema_name_; }
  const std::string& table_name() const noexcept { return table_name_; }
  const std::string& column_name() const noexcept { return column_name_; }
  const std::string& constraint_name() const noexcept { return constraint_name_; }

  void set_context(std::string context) { context_ = std::move(context); }
  void set_names(std::string schema, std::string table, std::string column,
                 std::string constraint) {
    schema_name_ = std::move(schema);
    table_name_ = std::move(table);
    column_name_ = std::move(column);
    constraint_name_ = std::move(constraint);
  }

 private:
  std::string sqlstate_, message_, detail_, hint_, context_;
  std::string schema_name_, table_name_, column_name_, constraint_name_;
  int position_;
  bool fatal_;
};

// NOTICE, WARNING, INFO, ... of a statement.
struct Notice {
  std::string severity, sqlstate, message, detail, hint;
};

// Of NOTIFY, for channels that the connection listens to.
struct Notification {
  int32_t pid = 0;
  std::string channel, payload;
};

struct Column {
  std::string name;
  std::string type_name;  // as SQL writes it: "numeric(8,2)", "integer[]"
  uint32_t type_oid = 0;
  int32_t type_modifier = -1;
  uint32_t table_oid = 0;    // of the stored column behind it, 0 when computed
  int16_t table_column = 0;  // its number there
};

// What a statement did.
struct Completion {
  std::string tag;             // "INSERT 0 5", "CREATE TABLE"
  uint64_t affected_rows = 0;  // rows returned, inserted, changed or deleted
};

// One row of a result; valid until the result moves on. Columns count from 0. Failures: 42703 for a
// column that is not there, 22002 for NULL where T is not an optional, 42804 for a type that is no
// T, 22003 for a number that T cannot hold.
class LUMA_API Row {
 public:
  size_t size() const noexcept;
  bool is_null(size_t column) const;
  // T: bool; int16_t, int32_t, int64_t, uint32_t (smallint, integer, bigint, oid, whole numeric);
  // float, double (numbers of any type); std::string (any type, the text form);
  // std::string_view (the same, valid as long as the row); Bytes (bytea); std::optional of these.
  template <typename T>
  T get(size_t column) const {
    if constexpr (is_optional<T>::value) {
      if (is_null(column)) return std::nullopt;
      return get<typename is_optional<T>::value_type>(column);
    } else {
      return read(column, static_cast<T*>(nullptr));
    }
  }
  template <typename T>
  T get(std::string_view column_name) const {
    return get<T>(column_index(column_name));
  }
  bool is_null(std::string_view column_name) const { return is_null(column_index(column_name)); }
  // The first column of that name; 42703 when there is none.
  size_t column_index(std::string_view name) const;

 private:
  friend class Result;
  friend class embedded_internal::ResultState;
  template <typename T>
  struct is_optional : std::false_type {};
  template <typename T>
  struct is_optional<std::optional<T>> : std::true_type {
    using value_type = T;
  };
  explicit Row(embedded_internal::ResultState* state) : state_(state) {}

  bool read(size_t column, bool*) const;
  int16_t read(size_t column, int16_t*) const;
  int32_t read(size_t column, int32_t*) const;
  int64_t read(size_t column, int64_t*) const;
  uint32_t read(size_t column, uint32_t*) const;
  float read(size_t column, float*) const;
  double read(size_t column, double*) const;
  std::string read(size_t column, std::string*) const;
  std::string_view read(size_t column, std::string_view*) const;
  Bytes read(size_t column, Bytes*) const;

  embedded_internal::ResultState* state_;
};

// The rows of one statement, fetched from the engine in slices of bounded size as they are asked
// for. Outside a transaction, the connection does nothing else until the last row was read or the
// result is closed (55006); the statement's transaction ends then. Statements that change data and
// return rows (RETURNING) have run completely before the first row is delivered. After close(),
// what the fetched rows gave is gone.
class LUMA_API Result {
 public:
  Result(Result&&) noexcept;
  Result& operator=(Result&&) noexcept;
  ~Result();  // close()

  const std::vector<Column>& columns() const noexcept;
  // Moves to the next row, the first one at first; false at the end.
  bool next();
  const Row& row() const noexcept { return row_; }
  // Shorthands for the present row.
  template <typename T>
  T get(size_t column) const {
    return row_.get<T>(column);
  }
  template <typename T>
  T get(std::string_view column_name) const {
    return row_.get<T>(column_name);
  }
  bool is_null(size_t column) const { return row_.is_null(column); }

  // Gives up the rows that were not read. Errors of ending the statement are not reported.
  void close() noexcept;
  // Empty until the last row was read.
  const Completion& completion() const noexcept;

  // for (const Row& row : result): one pass.
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    using pointer = const Row*;
    using reference = const Row&;
    iterator() = default;
    explicit iterator(Result* result) : result_(result) { ++*this; }
    reference operator*() const { return result_->row(); }
    pointer operator->() const { return &result_->row(); }
    iterator& operator++() {
      if (!result_->next()) result_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(const iterator& other) const { return result_ == other.result_; }
    bool operator!=(const iterator& other) const { return result_ != other.result_; }

   private:
    Result* result_ = nullptr;
  };
  iterator begin() { return iterator(this); }
  iterator end() { return iterator(); }

 private:
  friend class Connection;
  friend class Statement;
  explicit Result(std::shared_ptr<embedded_internal::ResultState> state);
  std::shared_ptr<embedded_internal::ResultState> state_;
  Row row_;
};

// A prepared statement with the values of its parameters $1, $2, ... Values stay until they are
// bound anew; what was never bound is NULL. It may run while a Result of it is still open.
class LUMA_API Statement {
 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  size_t parameter_count() const;
  // The type of parameter `position` (from 1), as SQL writes it; 42P02 when there is none.
  std::string parameter_type(size_t position) const;
  // None when the statement returns no rows.
  const std::vector<Column>& columns() const;

  // Positions count from 1. The value is converted to the parameter's type as if it had been
  // written there as a literal; a bad one is reported by execute() or query(). Bytes go to bytea
  // only.
  Statement& bind(size_t position, std::nullptr_t);
  Statement& bind(size_t position, bool value);
  Statement& bind(size_t position, double value);
  Statement& bind(size_t position, std::string_view value);
  Statement& bind(size_t position, const char* value) {
    return bind(position, std::string_view(value));
  }
  Statement& bind(size_t position, const std::string& value) {
    return bind(position, std::string_view(value));
  }
  Statement& bind(size_t position, const Bytes& value) {
    return bind_bytes(position, value.data(), value.size());
  }
  template <typename T,
            std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
  Statement& bind(size_t position, T value) {
    if constexpr (std::is_signed_v<T>) {
      return bind_signed(position, static_cast<int64_t>(value));
    } else {
      return bind_unsigned(position, static_cast<uint64_t>(value));
    }
  }
  template <typename T>
  Statement& bind(size_t position, const std::optional<T>& value) {
    return value ? bind(position, *value) : bind(position, nullptr);
  }
  Statement& bind_bytes(size_t position, const void* data, size_t size_bytes);
  // `text` as a value of `type` ("date", "bigint", "public.mood"): parameter `position` has this
  // type from now on, whatever the statement made of it so far.
  Statement& bind_text(size_t position, std::string_view text, std::string_view type);
  // Binds $1, $2, ... in order.
  template <typename... Values>
  Statement& bind_all(const Values&... values) {
    size_t position = 0;
    (bind(++position, values), ...);
    return *this;
  }
  // All parameters are NULL again.
  Statement& clear_bindings();

  // Runs it; rows are counted and dropped.
  Completion execute();
  Result query();

 private:
  friend class Connection;
  explicit Statement(std::shared_ptr<embedded_internal::StatementState> state);
  Statement& bind_signed(size_t position, int64_t value);
  Statement& bind_unsigned(size_t position, uint64_t value);
  std::shared_ptr<embedded_internal::StatementState> state_;
};

enum class Isolation : uint8_t { kDefault, kReadCommitted, kRepeatableRead, kSerializable };

struct TransactionOptions {
  Isolation isolation = Isolation::kDefault;
  bool read_only = false;
};

// A transaction of its Connection, rolled back at destruction unless commit() was called.
class LUMA_API Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  // Throws what the commit throws (23503 of deferred constraints, 40001, ...), and 25P02 when a
  // statement had failed; everything is rolled back then.
  void commit();
  void rollback();
  // Neither committed nor rolled back.
  bool active() const noexcept { return connection_ != nullptr; }

 private:
  friend class Connection;
  explicit Transaction(std::shared_ptr<embedded_internal::ConnectionState> connection);
  void finish() noexcept;
  std::shared_ptr<embedded_internal::ConnectionState> connection_;
};

// One session. Statements, results and transactions made from it may outlive it; they then fail
// with 08003.
class LUMA_API Connection {
 public:
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();  // rolls back what is open, drops temporary tables

  // One or several statements without parameters, separated by semicolons. Several are one
  // transaction, unless they have transaction statements of their own. The completion is the last
  // statement's; rows are dropped. COPY FROM STDIN and TO STDOUT are refused (0A000): see below.
  Completion execute(std::string_view sql);
  // Exactly one statement without parameters.
  Result query(std::string_view sql);
  // One statement with parameters $1, $2, ... `parameter_types` names their types ("date",
  // "public.mood"); "" or a missing one lets the statement decide, as PREPARE does.
  Statement prepare(std::string_view sql, const std::vector<std::string>& parameter_types = {});
  // COPY ... FROM STDIN: `next` puts the next piece of the data, cut anywhere, into its argument;
  // false at the end. What it throws aborts the COPY and comes out of here.
  Completion copy_in(std::string_view sql, const std::function<bool(std::string& piece)>& next);
  // COPY ... TO STDOUT: `take` gets the data line by line (binary: row by row).
  Completion copy_out(std::string_view sql,
                      const std::function<void(std::string_view piece)>& take);
  // Throws 25001 when a transaction is open.
  Transaction begin(const TransactionOptions& options = {});
  bool in_transaction() const;

  // Any thread: the statement that runs now, or whose result is open, fails with 57014.
  void interrupt() noexcept;
  // Called by the thread that runs the statement, before the call returns. It must not use this
  // connection; what it throws is dropped. Without one notices are dropped.
  void on_notice(std::function<void(const Notice&)> callback);
  // What came in for LISTEN since the last call.
  std::vector<Notification> take_notifications();

  // As pg_backend_pid() says: names the connection within its Database.
  int32_t id() const noexcept;
  // False after close() and after a fatal error.
  bool is_open() const noexcept;
  void close() noexcept;

 private:
  friend class Database;
  explicit Connection(std::shared_ptr<embedded_internal::ConnectionState> state);
  std::shared_ptr<embedded_internal::ConnectionState> state_;
};

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

struct Options {
  bool create_if_missing = true;
  // False: commits return before they are on disk; the last 10 ms may be lost in a crash, never
  // consistency. SET synchronous_commit says the same for one session.
  bool synchronous_commit = true;
  uint64_t memory_limit_bytes = 0;  // of all running statements together; 0: none
  uint64_t cache_bytes = 64ull << 20;
  uint64_t write_buffer_bytes = 32ull << 20;
  // Kept free on disk, so that committed data can be saved when the disk is full.
  uint64_t disk_reserve_bytes = 16ull << 20;
  // Where large sorts and joins go. "": below the database's directory; in memory: no spilling.
  std::string spill_directory;
  std::string superuser = "postgres";  // of a new database
  // For all sessions: {"work_mem", "16MB"}, {"timezone", "Europe/Berlin"}.
  std::vector<std::pair<std::string, std::string>> settings;
  // Any thread, also after open() returned; must not block or throw.
  std::function<void(LogLevel, std::string_view message)> log;
};

// One directory with databases, or memory. Closed when the Database and all its Connections are
// gone. One process at a time may have a directory open (55006).
class LUMA_API Database {
 public:
  // Opens the directory `path`, or makes it.
  static Database open(const std::string& path, const Options& options = {});
  // Nothing touches the disk; everything is gone at the end.
  static Database in_memory(const Options& options = {});
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  // Whoever has the process may be any role: there is no authentication. "": the superuser, and the
  // database "postgres". Throws 28000 and 3D000.
  Connection connect(std::string_view user = {}, std::string_view database = {});
  // Writes everything to its final place, so that the next open() is quick.
  void checkpoint();

 private:
  explicit Database(std::shared_ptr<embedded_internal::DatabaseState> state);
  std::shared_ptr<embedded_internal::DatabaseState> state_;
};

}  // namespace luma::embedded
