#include "sql/session/retention.h"

#include <charconv>
#include <chrono>

#include "engine/base/sql_error.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/name_resolution.h"
#include "sql/catalog/partition.h"
#include "sql/session/instance.h"
#include "sql/session/session.h"

namespace luma {
namespace {

// No client has this one.
constexpr int32_t kPid = std::numeric_limits<int32_t>::max();
// Locks are asked for so often in one round.
constexpr int kLockAttempts = 100;
constexpr auto kLockPause = std::chrono::milliseconds(20);

std::string_view parameter(const Table& table, std::string_view name) {
  for (std::string_view option : table.options) {
    if (option.size() > name.size() && option.starts_with(name) && option[name.size()] == '=') {
      return option.substr(name.size() + 1);
    }
  }
  return {};
}

// Rows of text columns.
class TextRows final : public RowReceiver {
 public:
  std::vector<std::vector<std::string>> rows_read;

  void begin_rows(std::span<const ResultColumnInfo> columns) override { columns_ = columns.size(); }
  void rows(const Chunk& chunk, uint32_t from, uint32_t count) override {
    for (uint32_t row = from; row < from + count; ++row) {
      auto& out = rows_read.emplace_back();
      for (size_t i = 0; i < columns_; ++i) {
        out.emplace_back(chunk.columns[i].value(row).datum.str.view());
      }
    }
  }
  void complete(std::string_view) override {}
  void suspended() override {}
  void empty_query() override {}
  void notice(MessageLevel, const SqlError&) override {}

 private:
  size_t columns_ = 0;
};

std::vector<std::vector<std::string>> query(SqlSession& session, const std::string& sql) {
  TextRows receiver;
  try {
    session.simple_query(sql, receiver, true);
  } catch (const SqlError& error) {
    session.failed(error);
    throw;
  }
  return std::move(receiver.rows_read);
}

}  // namespace

Retention::Retention(SqlInstance& instance) : instance_(instance) {
  SessionSettings settings;
  for (const auto& [name, value] : instance.options().settings) {
    settings.set_initial(name, value, SettingSource::kConfiguration, true);
  }
  std::string_view naptime =
      settings.value(*SettingRegistry::instance().find("luma.retention_naptime"));
  std::from_chars(naptime.data(), naptime.data() + naptime.size(), naptime_secs_);
  if (naptime_secs_ > 0) thread_ = std::thread([this] { run(); });
}

Retention::~Retention() {
  {
    std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::vector<RetentionRow> Retention::rows(Oid database) const {
  std::vector<RetentionRow> out;
  std::lock_guard guard(mutex_);
  for (const auto& [key, row] : rows_) {
    if (key.first == database) out.push_back(row);
  }
  return out;
}

void Retention::note(Oid database, Oid table, const std::function<void(RetentionRow&)>& edit) {
  std::lock_guard guard(mutex_);
  RetentionRow& row = rows_[{database, table}];
  row.table = table;
  edit(row);
}

void Retention::run() {
  const std::chrono::duration<double> nap(naptime_secs_);
  std::unique_lock guard(mutex_);
  while (!wake_.wait_for(guard, nap, [this] { return stopping_.load(); })) {
    guard.unlock();
    try {
      run_once();
    } catch (const std::exception& error) {
      instance_.logger().log(LogLevel::kWarning, "retention failed", {{"error", error.what()}});
    }
    guard.lock();
  }
}

std::vector<Retention::Task> Retention::tasks_of(const Catalog& catalog) {
  std::vector<Task> tasks;
  catalog.for_each_relation([&](const Relation& relation) {
    if (relation.kind != ObjectKind::kTable || relation.options.empty()) return;
    const auto& table = static_cast<const Table&>(relation);
    if (!is_partitioned(table) || table.persistence == 't') return;
    Task task;
    task.retention = parameter(table, "retention");
    task.interval = parameter(table, "partition_interval");
    const Role* owner = catalog.role(table.owner);
    if ((task.retention.empty() && task.interval.empty()) || owner == nullptr) return;
    task.table = table.oid;
    task.owner = quote_identifier(owner->name);
    task.relation_name = table.name;
    task.schema = quote_identifier(catalog.schema_name(table.schema));
    task.name = task.schema + "." + quote_identifier(table.name);
    const PartitionKey& key = table.partition_key;
    task.time_type =
        format_type(table.columns[static_cast<size_t>(key.parts[0].column) - 1].type.oid);
    std::string_view ahead = parameter(table, "partition_ahead");
    std::from_chars(ahead.data(), ahead.data() + ahead.size(), task.ahead);
    for (const Table* part : partitions_of(catalog, table)) {
      const PartitionBound& bound = part->partition_bound;
      if (bound.is_default || bound.upper.size() != 1) continue;
      task.partitions.push_back(
          {quote_identifier(catalog.schema_name(part->schema)) + "." + quote_identifier(part->name),
           bound.upper[0].kind == 'v' ? bound.upper[0].text : ""});
      task.is_columnar = part->access_method == kColumnarAm;
    }
    tasks.push_back(std::move(task));
  });
  return tasks;
}

void Retention::run_once() {
  std::vector<Database> databases;
  CatalogStore& store = instance_.catalog();
  store.snapshot(kPostgresDatabase)->for_each_database([&](const Database& database) {
    if (database.allow_connections) databases.push_back(database);
  });
  for (const Database& database : databases) {
    const std::vector<Task> tasks = tasks_of(*store.snapshot(database.oid));
    if (!tasks.empty() && !stopping_) visit(database, tasks);
  }
}

void Retention::visit(const Database& database, const std::vector<Task>& tasks) {
  SessionHooks hooks;
  SqlSession session(instance_, {.pid = kPid}, hooks);
  TextRows receiver;
  session.start({instance_.options().bootstrap.superuser,
                 database.name,
                 {{"application_name", "retention"},
                  {"TimeZone", "UTC"},
                  {"DateStyle", "ISO"},
                  {"search_path", "pg_catalog"}}},
                receiver);
  for (const Task& task : tasks) {
    try {
      query(session, fmt::format("set session authorization {}", task.owner));
      if (!task.retention.empty()) drop_old(session, database.oid, task);
      if (!task.interval.empty()) make_new(session, database.oid, task);
    } catch (const std::exception& error) {
      const auto* sql = dynamic_cast<const SqlError*>(&error);
      const std::string message = sql != nullptr ? sql->message : error.what();
      instance_.logger().log(LogLevel::kWarning, "retention failed",
                             {{"table", task.name}, {"error", message}});
      note(database.oid, task.table, [&](RetentionRow& row) {
        row.last_failure = current_timestamp_micros();
        row.failure = message;
      });
    }
    query(session, "reset session authorization");
  }
}

void Retention::change(SqlSession& session, const std::string& relations,
                       const std::string& statement) {
  const std::string lock =
      fmt::format("begin; lock table only {} in access exclusive mode nowait; {}; commit",
                  relations, statement);
  for (int attempt = 1;; ++attempt) {
    try {
      query(session, lock);
      return;
    } catch (const SqlError& error) {
      query(session, "rollback");
      if (error.state != SqlState::kLockNotAvailable || attempt == kLockAttempts || stopping_) {
        throw;
      }
      std::this_thread::sleep_for(kLockPause);
    }
  }
}

void Retention::drop_old(SqlSession& session, Oid database, const Task& task) {
  std::string bounds;
  for (size_t i = 0; i < task.partitions.size(); ++i) {
    if (task.partitions[i].upper.empty()) continue;
    bounds += fmt::format("{}({}, {}::{})", bounds.empty() ? "" : ", ", i,
                          quote_literal(task.partitions[i].upper), task.time_type);
  }
  if (bounds.empty()) return;
  const auto old =
      query(session, fmt::format("select i::text from (values {}) as v(i, upper)"
                                 " where upper <= (now() - interval {})::{} order by upper",
                                 bounds, quote_literal(task.retention), task.time_type));
  for (const auto& row : old) {
    if (stopping_) return;
    const std::string& name = task.partitions[std::stoul(row[0])].name;
    const auto started = std::chrono::steady_clock::now();
    change(session, task.name + ", " + name, "drop table " + name);
    const double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started)
            .count();
    instance_.logger().log(LogLevel::kInfo, "retention has dropped a partition",
                           {{"table", task.name}, {"partition", name}});
    note(database, task.table, [&](RetentionRow& out) {
      ++out.partitions_dropped;
      out.last_dropped = current_timestamp_micros();
      out.last_drop_ms = ms;
    });
  }
}

void Retention::make_new(SqlSession& session, Oid database, const Task& task) {
  if (!task.partitions.empty() && task.partitions.back().upper.empty()) return;  // to MAXVALUE
  const std::string& type = task.time_type;
  const std::string width = "interval " + quote_literal(task.interval);
  // Behind the last one; what would go at once is left out.
  const std::string now = task.partitions.empty() || task.retention.empty()
                              ? "now()"
                              : fmt::format("now() - interval {}", quote_literal(task.retention));
  std::string first = fmt::format("time_bucket({}, ({})::{})", width, now, type);
  if (!task.partitions.empty()) {
    const std::string last = quote_literal(task.partitions.back().upper) + "::" + type;
    first = task.retention.empty() ? last : fmt::format("greatest({}, {})", last, first);
  }
  const std::string kept = task.retention.empty()
                               ? "true"
                               : fmt::format("(s + {})::{} > (now() - interval {})::{}", width,
                                             type, quote_literal(task.retention), type);
  // At most a thousand in one round.
  const auto wanted = query(
      session,
      fmt::format(
          "with recursive p(s, n) as (select {0}, 1 union all"
          " select (s + {1})::{2}, n + 1 from p where n < 1000 and s < now()::{2} + {3} * {1})"
          " select s::text, ((s + {1})::{2})::text,"
          " to_char(s, case when {1} < interval '1 day' then 'YYYYMMDD_HH24MISS'"
          " else 'YYYYMMDD' end) from p where s <= now()::{2} + {3} * {1} and {4}",
          first, width, type, task.ahead, kept));
  for (const auto& row : wanted) {
    if (stopping_) return;
    constexpr size_t kMostPrefixBytes = 40;
    const std::string name =
        task.schema + "." +
        quote_identifier(task.relation_name.substr(0, kMostPrefixBytes) + "_p" + row[2]);
    change(session, task.name,
           fmt::format("create table {} partition of {} for values from ({}) to ({}){}", name,
                       task.name, quote_literal(row[0]), quote_literal(row[1]),
                       task.is_columnar ? " using columnar" : ""));
    instance_.logger().log(LogLevel::kInfo, "retention has made a partition",
                           {{"table", task.name}, {"partition", name}});
    note(database, task.table, [](RetentionRow& out) {
      ++out.partitions_created;
      out.last_created = current_timestamp_micros();
    });
  }
}

}  // namespace luma
