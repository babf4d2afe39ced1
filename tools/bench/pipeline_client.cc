// A load generator over libpq: N connections, each keeping D statements in flight (every one with
// its own Sync), driven by one poll loop. Prints one JSON object: operations, seconds, errors and
// latency percentiles in microseconds.
//
//   pipeline_client --conninfo STR --connections 8 --depth 16 --seconds 5
//     --sql 'select v from t where id = $1' --param random:1:100000 [--setup SQL]
//   pipeline_client --conninfo STR --mode copy --rows 100000 --operations 3 --table t
//   pipeline_client --conninfo STR --mode values --rows 1000 --seconds 5 --table t
//
// Parameters: random:LOW:HIGH, serial:START (one sequence over all connections), text:BYTES.
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Parameter {
  enum Kind { kRandom, kSerial, kText } kind;
  int64_t low, high;
};

struct Options {
  std::string conninfo, sql, setup, mode = "statements", table;
  int connections = 1, depth = 1;
  int64_t rows = 1000, operations = 0;
  double seconds = 3;
  std::vector<Parameter> parameters;
};

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using ConnectionPtr = std::unique_ptr<PGconn, Finish>;
using ResultPtr = std::unique_ptr<PGresult, Finish>;

struct Session {
  ConnectionPtr connection;
  std::deque<Clock::time_point> in_flight;
};

struct Report {
  int64_t operations = 0, errors = 0;
  double seconds = 0;
  std::vector<float> latencies_us;
  std::string first_error;
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Parameter parse_parameter(const std::string& text) {
  int64_t low = 0, high = 0;
  if (std::sscanf(text.c_str(), "random:%ld:%ld", &low, &high) == 2) {
    return {Parameter::kRandom, low, high};
  }
  if (std::sscanf(text.c_str(), "serial:%ld", &low) == 1) return {Parameter::kSerial, low, 0};
  if (std::sscanf(text.c_str(), "text:%ld", &low) == 1) return {Parameter::kText, low, 0};
  throw std::runtime_error("bad --param " + text);
}

Options parse_options(int argc, char** argv) {
  Options options;
  std::map<std::string, std::string*> texts{{"--conninfo", &options.conninfo},
                                            {"--sql", &options.sql},
                                            {"--setup", &options.setup},
                                            {"--mode", &options.mode},
                                            {"--table", &options.table}};
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string name = argv[i], value = argv[i + 1];
    if (auto found = texts.find(name); found != texts.end()) {
      *found->second = value;
    } else if (name == "--connections") {
      options.connections = std::stoi(value);
    } else if (name == "--depth") {
      options.depth = std::stoi(value);
    } else if (name == "--rows") {
      options.rows = std::stoll(value);
    } else if (name == "--operations") {
      options.operations = std::stoll(value);
    } else if (name == "--seconds") {
      options.seconds = std::stod(value);
    } else if (name == "--param") {
      options.parameters.push_back(parse_parameter(value));
    } else {
      throw std::runtime_error("unknown option " + name);
    }
  }
  return options;
}

ConnectionPtr connect(const Options& options) {
  ConnectionPtr connection(PQconnectdb(options.conninfo.c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    throw std::runtime_error(PQerrorMessage(connection.get()));
  }
  if (!options.setup.empty()) {
    ResultPtr result(PQexec(connection.get(), options.setup.c_str()));
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK &&
        PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
      throw std::runtime_error(PQerrorMessage(connection.get()));
    }
  }
  return connection;
}

// Statements with parameters, `depth` of them in flight on every connection.
class StatementLoad {
 public:
  explicit StatementLoad(const Options& options) : options_(options), random_(4711) {
    for (const Parameter& parameter : options.parameters) serials_.push_back(parameter.low);
    for (int i = 0; i < options.connections; ++i) sessions_.push_back(open());
  }

  Report run() {
    Clock::time_point start = Clock::now();
    for (Session& session : sessions_) fill(session);
    while (seconds_since(start) < options_.seconds) turn(true);
    report_.seconds = seconds_since(start);
    int64_t counted = report_.operations;
    for (int i = 0; i < 200 && busy(); ++i) turn(false);
    report_.operations = counted;
    return std::move(report_);
  }

 private:
  Session open() {
    Session session{connect(options_), {}};
    PGconn* connection = session.connection.get();
    ResultPtr prepared(PQprepare(connection, "s", options_.sql.c_str(), 0, nullptr));
    if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) {
      throw std::runtime_error(PQerrorMessage(connection));
    }
    PQsetnonblocking(connection, 1);
    if (options_.depth > 1) PQenterPipelineMode(connection);
    return session;
  }

  bool busy() const {
    return std::any_of(sessions_.begin(), sessions_.end(),
                       [](const Session& session) { return !session.in_flight.empty(); });
  }

  void send(Session& session) {
    values_.clear();
    for (size_t i = 0; i < options_.parameters.size(); ++i) {
      const Parameter& parameter = options_.parameters[i];
      if (parameter.kind == Parameter::kText) {
        values_.emplace_back(static_cast<size_t>(parameter.low), 'x');
      } else if (parameter.kind == Parameter::kSerial) {
        values_.push_back(std::to_string(serials_[i]++));
      } else {
        std::uniform_int_distribution<int64_t> any(parameter.low, parameter.high);
        values_.push_back(std::to_string(any(random_)));
      }
    }
    pointers_.clear();
    for (const std::string& value : values_) pointers_.push_back(value.c_str());
    PGconn* connection = session.connection.get();
    PQsendQueryPrepared(connection, "s", static_cast<int>(pointers_.size()), pointers_.data(),
                        nullptr, nullptr, 0);
    if (options_.depth > 1) PQpipelineSync(connection);
    session.in_flight.push_back(Clock::now());
  }

  void fill(Session& session) {
    while (session.in_flight.size() < static_cast<size_t>(options_.depth)) send(session);
    PQflush(session.connection.get());
  }

  void finish(Session& session) {
    auto elapsed = Clock::now() - session.in_flight.front();
    session.in_flight.pop_front();
    report_.latencies_us.push_back(std::chrono::duration<float, std::micro>(elapsed).count());
    ++report_.operations;
  }

  void note_error(PGresult* result) {
    if (PQresultStatus(result) != PGRES_FATAL_ERROR) return;
    if (report_.errors++ == 0) report_.first_error = PQresultErrorMessage(result);
  }

  void drain(Session& session) {
    PGconn* connection = session.connection.get();
    if (!PQconsumeInput(connection)) throw std::runtime_error(PQerrorMessage(connection));
    while (!session.in_flight.empty() && !PQisBusy(connection)) {
      ResultPtr result(PQgetResult(connection));
      if (options_.depth > 1) {
        if (!result) continue;  // the end of one statement's results
        if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) finish(session);
      } else if (!result) {
        finish(session);
      }
      if (result) note_error(result.get());
    }
  }

  void turn(bool refill) {
    polls_.clear();
    for (Session& session : sessions_) {
      polls_.push_back({PQsocket(session.connection.get()), POLLIN, 0});
    }
    if (poll(polls_.data(), polls_.size(), 100) <= 0) return;
    for (size_t i = 0; i < sessions_.size(); ++i) {
      if (polls_[i].revents == 0) continue;
      drain(sessions_[i]);
      if (refill) fill(sessions_[i]);
    }
  }

  const Options& options_;
  std::mt19937_64 random_;
  std::vector<int64_t> serials_;
  std::vector<Session> sessions_;
  std::vector<std::string> values_;
  std::vector<const char*> pointers_;
  std::vector<pollfd> polls_;
  Report report_;
};

// One connection, whole batches: COPY or INSERT ... VALUES. An operation is one row.
class BatchLoad {
 public:
  explicit BatchLoad(const Options& options) : options_(options), connection_(connect(options)) {}

  Report run() {
    Report report;
    Clock::time_point start = Clock::now();
    int64_t next = 1;
    for (int64_t batch = 0; options_.operations > 0 ? batch < options_.operations
                                                    : seconds_since(start) < options_.seconds;
         ++batch) {
      Clock::time_point began = Clock::now();
      ResultPtr result(options_.mode == "copy" ? copy(next) : insert(next));
      if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
        throw std::runtime_error(PQerrorMessage(connection_.get()));
      }
      next += options_.rows;
      report.operations += options_.rows;
      report.latencies_us.push_back(static_cast<float>(seconds_since(began) * 1e6));
    }
    report.seconds = seconds_since(start);
    return report;
  }

 private:
  PGresult* copy(int64_t first) {
    PGconn* connection = connection_.get();
    ResultPtr begun(PQexec(connection, ("copy " + options_.table + " from stdin").c_str()));
    std::string lines;
    for (int64_t id = first; id < first + options_.rows; ++id) {
      lines += std::to_string(id) + '\t' + std::to_string(id * 7919 % 100003) + "\tvalue " +
               std::to_string(id) + " of the copied table\n";
      if (lines.size() > 64 << 10) {
        PQputCopyData(connection, lines.data(), static_cast<int>(lines.size()));
        lines.clear();
      }
    }
    PQputCopyData(connection, lines.data(), static_cast<int>(lines.size()));
    PQputCopyEnd(connection, nullptr);
    PGresult* result = PQgetResult(connection);
    while (ResultPtr rest{PQgetResult(connection)}) {
    }
    return result;
  }

  PGresult* insert(int64_t first) {
    std::string sql = "insert into " + options_.table + " values ";
    for (int64_t id = first; id < first + options_.rows; ++id) {
      if (id != first) sql += ',';
      sql += '(' + std::to_string(id) + ',' + std::to_string(id * 7919 % 100003) + ",'value " +
             std::to_string(id) + " of the table')";
    }
    return PQexec(connection_.get(), sql.c_str());
  }

  const Options& options_;
  ConnectionPtr connection_;
};

double percentile(const std::vector<float>& sorted, double p) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(p * double(sorted.size())))];
}

void print(Report report) {
  std::sort(report.latencies_us.begin(), report.latencies_us.end());
  for (char& c : report.first_error) {
    if (c == '"' || c == '\n' || c == '\\') c = ' ';
  }
  std::printf(
      "{\"operations\": %ld, \"seconds\": %.4f, \"errors\": %ld, \"p50_us\": %.1f, "
      "\"p99_us\": %.1f, \"error\": \"%s\"}\n",
      report.operations, report.seconds, report.errors, percentile(report.latencies_us, 0.5),
      percentile(report.latencies_us, 0.99), report.first_error.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Options options = parse_options(argc, argv);
    if (options.mode == "statements") {
      print(StatementLoad(options).run());
    } else {
      print(BatchLoad(options).run());
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pipeline_client: %s\n", error.what());
    return 1;
  }
}
