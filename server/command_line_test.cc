#include "server/command_line.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

CommandLine parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "lumadb");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

std::string error_of(std::vector<const char*> arguments) {
  try {
    parse(std::move(arguments));
  } catch (const SqlError& error) {
    return error.message;
  }
  return "";
}

TEST_CASE("command line: later sources win over earlier ones") {
  std::string path = "/tmp/luma_command_line_test_" + std::to_string(getpid()) + ".toml";
  std::ofstream(path) << "[server]\nport = 1111\nmax_connections = 7\n[wal]\nsync_mode = 'never'\n";
  CommandLine line =
      parse({"--config", path.c_str(), "--preset", "low_memory", "--in-memory", "--port", "2222",
             "--set", "log.level=debug", "--set", "cache.row_cache_size=1MB"});
  CHECK(line.configuration.port == 2222);
  CHECK(line.configuration.max_connections == 7);
  CHECK(line.configuration.threads == 1);
  CHECK(line.configuration.sync_mode == "never");
  CHECK(line.configuration.log_level == "debug");
  CHECK(line.configuration.row_cache_size == 1 << 20);
  CHECK(line.configuration.in_memory);
  unlink(path.c_str());
}

TEST_CASE("command line: environment of the usual container images") {
  setenv("POSTGRES_USER", "boss", 1);
  setenv("POSTGRES_PASSWORD", "secret", 1);
  CommandLine line = parse({"--in-memory"});
  CHECK(line.configuration.superuser == "boss");
  CHECK(line.configuration.superuser_password == "secret");
  CHECK(parse({"--in-memory", "--superuser", "chief"}).configuration.superuser == "chief");
  unsetenv("POSTGRES_USER");
  unsetenv("POSTGRES_PASSWORD");
}

TEST_CASE("command line: mistakes are one clear sentence") {
  CHECK(error_of({}).find("--data-dir <directory> or --in-memory") != std::string::npos);
  CHECK(error_of({"--data-dir", "x", "--in-memory"}).find("exclude each other") !=
        std::string::npos);
  CHECK(error_of({"--config", "/does/not/exist"}) ==
        "could not read configuration file \"/does/not/exist\"");
  CHECK(error_of({"--in-memory", "--port", "many"}).find("whole number") != std::string::npos);
  CHECK(error_of({"--in-memory", "--set", "wal.syncmode=never"}).find("wal.sync_mode") !=
        std::string::npos);
  CHECK(error_of({"--prot", "1"}).find("--help") != std::string::npos);
  CHECK(error_of({"--in-memory", "--preset", "turbo"}).find("no preset") != std::string::npos);
}

TEST_CASE("command line: PostgreSQL's settings by their own names") {
  Configuration set = parse({"--in-memory", "-c", "port=6000", "-c", "listen_addresses=*", "-c",
                             "Max_Prepared_Transactions=7", "-c", "my.own=x"})
                          .configuration;
  CHECK(set.port == 6000);
  CHECK(set.listen == "*");
  REQUIRE(set.sql_settings.size() == 2);
  CHECK(set.sql_settings[0] ==
        std::pair<std::string, std::string>("max_prepared_transactions", "7"));
  CHECK(error_of({"--in-memory", "-c", "nonsense=1"}) ==
        "unrecognized configuration parameter \"nonsense\"");
  CHECK(error_of({"--in-memory", "-c", "work_mem=much"}).find("work_mem") != std::string::npos);
  CHECK(error_of({"--in-memory", "-c", "work_mem"}).find("requires a value") != std::string::npos);
}

TEST_CASE("command line: help and reference come from the settings table") {
  std::string help = *parse({"--help"}).printed;
  std::string reference = *parse({"--settings"}).printed;
  for (const ConfigurationRow& row : setting_rows()) {
    if (!row.flag.empty()) CHECK(help.find(std::string(row.flag)) != std::string::npos);
    CHECK(reference.find("| " + std::string(row.key) + " |") != std::string::npos);
  }
}

}  // namespace
}  // namespace luma
