// The whole network side over real sockets: libpq and raw clients against scripted sessions.
#include "server/server.h"

#include <libpq-fe.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <thread>

#include "pgwire/crypto.h"
#include "pgwire/scram.h"
#include "pgwire/scripted_backend_test.h"

namespace luma {
namespace {

// Durability that can be held back.
class TestDurability : public Durability {
 public:
  bool is_durable(uint64_t ts) const override {
    std::lock_guard lock(mutex_);
    bool durable = ts <= durable_;
    if (!durable && answers_before_sync_ > 0 && --answers_before_sync_ == 0) durable_ = ts;
    return durable;
  }
  // The log becomes durable right after it has been asked `answers` times.
  void sync_after(int answers) {
    std::lock_guard lock(mutex_);
    answers_before_sync_ = answers;
  }
  void on_durable(uint64_t ts, std::function<void(bool)> callback) override {
    {
      std::lock_guard lock(mutex_);
      if (ts > durable_) {
        waiting_.emplace(ts, std::move(callback));
        return;
      }
    }
    callback(true);
  }
  void advance(uint64_t ts) {
    std::vector<std::function<void(bool)>> ready;
    {
      std::lock_guard lock(mutex_);
      durable_ = ts;
      while (!waiting_.empty() && waiting_.begin()->first <= ts) {
        ready.push_back(std::move(waiting_.begin()->second));
        waiting_.erase(waiting_.begin());
      }
    }
    for (auto& callback : ready) callback(true);
  }

 private:
  mutable std::mutex mutex_;
  mutable uint64_t durable_ = 0;
  mutable int answers_before_sync_ = 0;
  std::multimap<uint64_t, std::function<void(bool)>> waiting_;
};

class TestInstance : public Instance {
 public:
  std::optional<RoleCredentials> find_role(std::string_view user) override {
    return scripted.find_role(user);
  }
  std::unique_ptr<Backend> create(const ClientInfo& client, SessionHost&) override {
    return std::make_unique<ScriptedBackend>(client);
  }
  std::string cluster_secret() const override { return "secret"; }
  bool superuser_has_password() const override { return has_password; }
  Durability& durability() override { return held; }
  void shutdown() override {}

  ScriptedFactory scripted;
  TestDurability held;
  bool has_password = false;
};

Configuration test_configuration() {
  Configuration configuration = default_configuration();
  configuration.in_memory = true;
  configuration.port = 0;
  configuration.listen = "127.0.0.1";
  configuration.socket_dir = "";
  configuration.threads = 2;
  return configuration;
}

struct Running {
  TestInstance instance;
  Configuration configuration;
  Server server;
  std::thread thread;

  explicit Running(Configuration wanted = test_configuration(), bool password = false)
      : configuration(std::move(wanted)), server(configuration, with(password), null_logger()) {
    server.listen();
    thread = std::thread([this] { server.run(); });
  }
  ~Running() {
    server.shutdown(ShutdownMode::kFast);
    if (thread.joinable()) thread.join();
  }
  Instance& with(bool password) {
    instance.has_password = password;
    instance.scripted.roles["alice"] = {ScramVerifier::from_password("pw").to_string(), false,
                                        false};
    return instance;
  }
  std::string options(const std::string& more = "") const {
    return "host=127.0.0.1 user=alice dbname=d sslmode=disable port=" +
           std::to_string(server.port()) + " " + more;
  }
};

using Pq = std::unique_ptr<PGconn, decltype(&PQfinish)>;
Pq connect(const std::string& options) { return {PQconnectdb(options.c_str()), PQfinish}; }
std::string run(PGconn* pq, const char* sql) {
  PGresult* result = PQexec(pq, sql);
  std::string out =
      PQresultStatus(result) == PGRES_FATAL_ERROR ? PQresultErrorField(result, PG_DIAG_SQLSTATE)
      : PQresultStatus(result) == PGRES_TUPLES_OK ? std::to_string(PQntuples(result)) + " rows"
                                                  : PQcmdStatus(result);
  PQclear(result);
  return out;
}

TEST_CASE("server: queries, large results, escalation") {
  Running running;
  Pq pq = connect(running.options());
  REQUIRE(PQstatus(pq.get()) == CONNECTION_OK);
  CHECK(run(pq.get(), "rows 3") == "3 rows");
  CHECK(run(pq.get(), "error") == "42601");
  CHECK(run(pq.get(), "block") == "BLOCK");
  CHECK(run(pq.get(), "rows 400000") == "400000 rows");
  CHECK(run(pq.get(), "worker rows 400000") == "400000 rows");
}

TEST_CASE("server: SCRAM with libpq") {
  Running running(test_configuration(), true);
  CHECK(PQstatus(connect(running.options("password=pw")).get()) == CONNECTION_OK);
  Pq wrong = connect(running.options("password=no"));
  CHECK(PQstatus(wrong.get()) == CONNECTION_BAD);
  CHECK(std::string(PQerrorMessage(wrong.get()))
            .find("password authentication failed for user \"alice\"") != std::string::npos);
}

TEST_CASE("server: TLS with channel binding") {
  std::string base = "/tmp/luma_tls_test_" + std::to_string(getpid());
  std::string make =
      "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout " + base +
      ".key -out " + base + ".crt 2>/dev/null && chmod 600 " + base + ".key";
  REQUIRE(std::system(make.c_str()) == 0);
  Configuration configuration = test_configuration();
  configuration.tls_cert = base + ".crt";
  configuration.tls_key = base + ".key";
  {
    Running running(configuration, true);
    std::string options =
        "host=127.0.0.1 user=alice dbname=d sslmode=require channel_binding=require password=pw "
        "port=" +
        std::to_string(running.server.port());
    Pq pq = connect(options);
    INFO(PQerrorMessage(pq.get()));
    REQUIRE(PQstatus(pq.get()) == CONNECTION_OK);
    CHECK(PQsslInUse(pq.get()) == 1);
    CHECK(run(pq.get(), "rows 400000") == "400000 rows");
    CHECK(run(pq.get(), "rows 2") == "2 rows");
  }
  unlink((base + ".crt").c_str());
  unlink((base + ".key").c_str());
}

TEST_CASE("server: replies wait for durability, pipelined work goes on") {
  Running running;
  Pq pq = connect(running.options());
  REQUIRE(PQsendQuery(pq.get(), "write") == 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  PQconsumeInput(pq.get());
  CHECK(PQisBusy(pq.get()) == 1);
  running.instance.held.advance(1);
  PGresult* result = PQgetResult(pq.get());
  CHECK(std::string(PQcmdStatus(result)) == "INSERT 0 1");
  PQclear(result);
  CHECK(PQgetResult(pq.get()) == nullptr);
  CHECK(run(pq.get(), "rows 1") == "1 rows");
}

TEST_CASE("server: a reply leaves also when the log becomes durable just then") {
  for (int answers = 1; answers <= 2; ++answers) {
    Running running;
    Pq pq = connect(running.options());
    running.instance.held.sync_after(answers);
    REQUIRE(PQsendQuery(pq.get(), "write") == 1);
    for (int i = 0; i < 200 && PQisBusy(pq.get()); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      PQconsumeInput(pq.get());
    }
    INFO("after " << answers << " answers");
    CHECK(PQisBusy(pq.get()) == 0);
    running.instance.held.advance(1);  // if it does not, the test ends all the same
    while (PGresult* result = PQgetResult(pq.get())) PQclear(result);
  }
}

TEST_CASE("server: cancel stops a statement and leaves the session alive") {
  Running running;
  Pq pq = connect(running.options());
  PGcancel* cancel = PQgetCancel(pq.get());
  REQUIRE(PQsendQuery(pq.get(), "sleep") == 1);
  char error[256];
  std::string state;
  for (int i = 0; i < 100 && PQisBusy(pq.get()); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    CHECK(PQcancel(cancel, error, sizeof error) == 1);
    PQconsumeInput(pq.get());
  }
  PGresult* result = PQgetResult(pq.get());
  CHECK(std::string(PQresultErrorField(result, PG_DIAG_SQLSTATE)) == "57014");
  PQclear(result);
  PQfreeCancel(cancel);
  CHECK(PQstatus(pq.get()) == CONNECTION_OK);
}

TEST_CASE("server: COPY FROM STDIN with libpq") {
  Running running;
  Pq pq = connect(running.options());
  CHECK(run(pq.get(), "copy").starts_with("COPY") == false);
  for (int i = 0; i < 10000; ++i) REQUIRE(PQputCopyData(pq.get(), "some line of data\n", 18) == 1);
  CHECK(PQputCopyEnd(pq.get(), nullptr) == 1);
  PGresult* result = PQgetResult(pq.get());
  CHECK(std::string(PQcmdStatus(result)) == "COPY 1");
  PQclear(result);
  while ((result = PQgetResult(pq.get())) != nullptr) PQclear(result);
  CHECK(run(pq.get(), "rows 1") == "1 rows");
}

TEST_CASE("server: connection limit, counted after authentication, with reserved slots") {
  Configuration configuration = test_configuration();
  configuration.max_connections = 4;
  configuration.superuser_reserved_connections = 1;
  Running running(configuration);
  running.instance.scripted.roles["root"] = {"", true, false};
  std::vector<Pq> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(connect(running.options()));
    REQUIRE(PQstatus(open.back().get()) == CONNECTION_OK);
  }
  Pq fourth = connect(running.options());
  CHECK(std::string(PQerrorMessage(fourth.get())).find("remaining connection slots are reserved") !=
        std::string::npos);
  CHECK(PQstatus(connect(running.options("user=root")).get()) == CONNECTION_OK);
}

int raw_client(uint16_t port) {
  int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return descriptor;
}

TEST_CASE("server: silent clients are dropped and hurt nobody") {
  Configuration configuration = test_configuration();
  configuration.max_unauthenticated = 10;
  configuration.authentication_timeout_ms = 300;
  Running running(configuration);
  std::vector<int> silent;
  for (int i = 0; i < 50; ++i) silent.push_back(raw_client(running.server.port()));
  CHECK(PQstatus(connect(running.options()).get()) == CONNECTION_OK);
  for (int descriptor : silent) {
    timeval limit{5, 0};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char byte;
    CHECK(recv(descriptor, &byte, 1, 0) <= 0);
    close(descriptor);
  }
}

TEST_CASE("server: a reader that stops reading can be cancelled by shutdown") {
  Running running;
  Pq pq = connect(running.options());
  REQUIRE(PQsendQuery(pq.get(), "worker rows 1000000") == 1);
  PQflush(pq.get());
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  Pq other = connect(running.options());
  CHECK(run(other.get(), "rows 1") == "1 rows");
}

TEST_CASE("server: smart shutdown lets statements end") {
  Running running;
  Pq idle = connect(running.options());
  Pq busy = connect(running.options());
  REQUIRE(PQsendQuery(busy.get(), "write") == 1);  // its reply waits for durability
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  running.server.shutdown(ShutdownMode::kSmart);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  PGresult* refused = PQexec(idle.get(), "rows 1");
  CHECK(std::string(PQerrorMessage(idle.get())).find("terminating connection") !=
        std::string::npos);
  PQclear(refused);
  running.instance.held.advance(1);
  PGresult* result = PQgetResult(busy.get());
  CHECK(std::string(PQcmdStatus(result)) == "INSERT 0 1");
  PQclear(result);
  running.thread.join();
}

TEST_CASE("server: refuses to be open to the world without a password") {
  TestInstance instance;
  Configuration configuration = test_configuration();
  configuration.listen = "*";
  Server server(configuration, instance, null_logger());
  CHECK_THROWS_WITH(server.listen(), Catch::Contains("without a password"));
  configuration.auth = "trust";
  Server open(configuration, instance, null_logger());
  CHECK_NOTHROW(open.listen());
  Configuration taken = test_configuration();
  taken.port = open.port();
  Server second(taken, instance, null_logger());
  CHECK_THROWS_WITH(second.listen(), Catch::Contains("port is in use"));
}

}  // namespace
}  // namespace luma
