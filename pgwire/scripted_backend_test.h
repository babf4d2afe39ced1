#pragma once
// Test double of a session: understands a few words instead of SQL. For tests only.
//   rows N | error | fatal | block | begin | commit | write | copy | notice | pid | sleep | ''; `;`
//   separates.
#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <thread>

#include "pgwire/backend.h"

namespace luma {

class ScriptedBackend : public Backend {
 public:
  explicit ScriptedBackend(const ClientInfo& client) : client_(client) {}

  void startup(const StartupParameters& parameters, ResultSink& sink) override {
    if (parameters.database == "missing") {
      throw sql_error(SqlState::kInvalidCatalogName, "database \"missing\" does not exist");
    }
    if (parameters.database == "slow" && !sink.on_worker()) {
      sink.parameter_status("half", "sent");
      throw WouldBlock{};
    }
    sink.parameter_status("server_version", "15.20");
    sink.parameter_status("server_encoding", "UTF8");
    sink.parameter_status("client_encoding", "UTF8");
    sink.parameter_status("standard_conforming_strings", "on");
  }
  bool wants_worker(CallKind, std::string_view subject) override {
    ++asked;
    return subject.starts_with("worker");
  }
  Outcome simple_query(std::string_view sql, ResultSink& sink) override {
    rest_ = sql;
    whole_ = sql;
    if (sql.find_first_not_of(" ;") == sql.npos) {
      sink.empty_query();
      return Outcome::kDone;
    }
    return run_rest(sink, true);
  }
  void parse(std::string_view name, std::string_view sql, std::span<const Oid>,
             ResultSink&) override {
    if (sql == "parse error") throw sql_error(SqlState::kSyntaxError, "no").at_byte(2);
    statements_[std::string(name)] = sql;
  }
  void bind(const BindMessage& message, ResultSink&) override {
    auto found = statements_.find(std::string(message.statement));
    if (found == statements_.end()) {
      throw sql_error(SqlState::kInvalidSqlStatementName,
                      "prepared statement \"{}\" does not exist", message.statement);
    }
    std::string text = found->second;
    for (const auto& value : message.parameters) text += " " + std::string(value.value_or("NULL"));
    portals_[std::string(message.portal)] = text;
  }
  void describe_statement(std::string_view, ResultSink& sink) override {
    sink.parameter_description({});
    sink.no_data();
  }
  void describe_portal(std::string_view, ResultSink& sink) override { sink.no_data(); }
  Outcome execute(std::string_view portal, int32_t, ResultSink& sink) override {
    rest_ = whole_ = portals_[std::string(portal)];
    return run_rest(sink, false);
  }
  void close_statement(std::string_view name, ResultSink&) override {
    statements_.erase(std::string(name));
  }
  void close_portal(std::string_view name, ResultSink&) override {
    portals_.erase(std::string(name));
  }
  void sync(ResultSink&) override { ++syncs; }
  void function_call(const FunctionCallMessage& message, ResultSink& sink) override {
    if (message.arguments.empty()) return sink.function_result(std::nullopt);
    sink.function_result(message.arguments[0]);
  }
  void copy_data(std::string_view chunk, ResultSink&) override {
    copied += chunk;
    if (chunk == "bad") throw sql_error(SqlState::kBadCopyFileFormat, "bad line");
  }
  Outcome copy_done(ResultSink& sink) override {
    sink.command_complete("COPY 1");
    return run_rest(sink, true);
  }
  void copy_fail(std::string_view reason) override {
    throw sql_error(SqlState::kQueryCanceled, "COPY from stdin failed: {}", reason);
  }
  void failed(const SqlError&) noexcept override {
    ++failures;
    if (status_ == 'T') status_ = 'E';
  }
  void deliver(ResultSink& sink) noexcept override {
    if (notify) sink.notification(7, "channel", "payload");
    notify = false;
  }
  char transaction_status() const override { return status_; }
  uint64_t required_durable_ts() const override { return required; }
  Interrupt& interrupt() override { return interrupt_; }
  std::chrono::milliseconds idle_timeout() const override { return idle; }
  void terminate() noexcept override {}

  int asked = 0, syncs = 0, failures = 0;
  bool notify = false;
  uint64_t required = 0;
  std::string copied;
  std::chrono::milliseconds idle{0};

 private:
  // Says true when the string goes on after a COPY that starts.
  Outcome run_rest(ResultSink& sink, bool describe) {
    while (!rest_.empty()) {
      size_t end = rest_.find(';');
      std::string word = rest_.substr(0, end);
      std::string after = end == rest_.npos ? "" : rest_.substr(end + 1);
      if (run_one(word, sink, describe) == Outcome::kCopyIn) {
        rest_ = after;
        return Outcome::kCopyIn;
      }
      rest_ = after;
    }
    return Outcome::kDone;
  }
  Outcome run_one(const std::string& word, ResultSink& sink, bool describe) {
    if (word.starts_with("rows ") || word.starts_with("worker rows ")) {
      long count = std::min(std::stol(word.substr(word.rfind(' '))), 1000000L);
      ColumnDescription column{"n", 0, 0, 25, -1, -1, 0};
      if (describe) sink.row_description({&column, 1});
      for (long i = 0; i < count; ++i) {
        interrupt_.check();
        sink.begin_row(1);
        sink.begin_column() += std::to_string(i);
        sink.end_column();
        sink.end_row();
      }
      sink.command_complete("SELECT " + std::to_string(count));
    } else if (word.starts_with("error")) {
      sink.begin_row(1);  // a row that never ends
      throw sql_error(SqlState::kSyntaxError, "syntax error at or near \"error\"")
          .at_byte(static_cast<int>(whole_.find("error")));
    } else if (word.starts_with("fatal")) {
      SqlError error(SqlState::kAdminShutdown,
                     "terminating connection due to administrator command");
      error.fatal = true;
      throw error;
    } else if (word.starts_with("block")) {
      sink.command_complete("HALF");
      if (!sink.on_worker()) throw WouldBlock{};
      sink.command_complete("BLOCK");
    } else if (word.starts_with("begin")) {
      status_ = 'T';
      sink.command_complete("BEGIN");
    } else if (word.starts_with("commit")) {
      status_ = 'I';
      sink.command_complete("COMMIT");
    } else if (word.starts_with("write")) {
      ++required;
      sink.command_complete("INSERT 0 1");
    } else if (word.starts_with("copy")) {
      int16_t format = 0;
      sink.copy_in_response(0, {&format, 1});
      return Outcome::kCopyIn;
    } else if (word.starts_with("notice")) {
      sink.notice(NoticeSeverity::kWarning, sql_error(SqlState::kWarning, "take care"));
      sink.command_complete("DO");
    } else if (word.starts_with("sleep")) {
      if (!sink.on_worker()) throw WouldBlock{};
      for (int i = 0; i < 2000; ++i) {
        interrupt_.check();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    } else {
      sink.command_complete(word);
    }
    return Outcome::kDone;
  }

  const ClientInfo& client_;
  char status_ = 'I';
  std::string rest_, whole_;
  std::map<std::string, std::string> statements_, portals_;
  Interrupt interrupt_;
};

class ScriptedFactory : public BackendFactory {
 public:
  std::optional<RoleCredentials> find_role(std::string_view user) override {
    auto found = roles.find(std::string(user));
    if (found == roles.end()) return std::nullopt;
    return found->second;
  }
  std::unique_ptr<Backend> create(const ClientInfo& client, SessionHost&) override {
    auto made = std::make_unique<ScriptedBackend>(client);
    last = made.get();
    return made;
  }
  std::map<std::string, RoleCredentials> roles;
  ScriptedBackend* last = nullptr;
};

}  // namespace luma
