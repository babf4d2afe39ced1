#include "server/configuration.h"

#include <catch2/catch.hpp>

#include "engine/base/sql_error.h"
#include "server/hba.h"
#include "server/machine_memory.h"

namespace luma {
namespace {

std::string error_of(std::string_view toml) {
  Configuration configuration = default_configuration();
  try {
    apply_toml_text(configuration, toml, "luma.toml");
  } catch (const SqlError& error) {
    return error.message;
  }
  return "";
}

TEST_CASE("settings: defaults of every row are valid and names are unique") {
  default_configuration();
  for (const ConfigurationRow& row : setting_rows()) {
    CHECK(find_setting(row.name()) == &row);
    CHECK_FALSE(row.doc.empty());
  }
  CHECK(default_configuration("durable").sync_mode == "always");
  CHECK(default_configuration("fast").sync_mode == "periodic");
  CHECK(default_configuration("low_memory").memtable_size == 8 << 20);
  CHECK_THROWS_AS(default_configuration("turbo"), SqlError);
}

TEST_CASE("settings: sizes") {
  CHECK(parse_size("64MB") == 64 << 20);
  CHECK(parse_size("64 MiB") == 64 << 20);
  CHECK(parse_size("8kB") == 8192);
  CHECK(parse_size("123") == 123);
  CHECK(parse_size("50%") == static_cast<int64_t>(machine_memory_bytes() / 100) * 50);
  CHECK_FALSE(parse_size("101%"));
  CHECK(parse_size("2T") == int64_t{2} << 40);
  for (const char* bad : {"", "MB", "1XB", "-1", "1.5MB", "99999999999TB"})
    CHECK_FALSE(parse_size(bad));
}

TEST_CASE("luma.toml: values reach their fields") {
  Configuration configuration = default_configuration();
  apply_toml_text(configuration, R"(
    [server]
    port = 6000
    listen = "127.0.0.1, ::1"
    auth = "scram"
    [memory]
    memtable_size = "32MB"
    max_memtables = 3
    [storage]
    use_mmap = true
    compression = "zstd"
    [wal]
    sync_mode = "periodic"
    [[hba]]
    type = "hostssl"
    database = ["a", "b"]
    address = "10.0.0.0/8"
    method = "scram"
  )",
                  "luma.toml");
  CHECK(configuration.port == 6000);
  CHECK(configuration.auth == "scram-sha-256");
  CHECK(configuration.memtable_size == 32 << 20);
  CHECK(configuration.use_mmap);
  CHECK(configuration.sync_mode == "periodic");
  REQUIRE(configuration.hba.size() == 1);
  CHECK(configuration.hba[0].databases == std::vector<std::string>{"a", "b"});
  CHECK(configuration.hba[0].method == "scram-sha-256");
}

TEST_CASE("luma.toml: mistakes are named with their line and the nearest right name") {
  CHECK(error_of("[storage]\nblok_size = 1") ==
        "luma.toml:2: unknown setting \"storage.blok_size\"; did you mean \"storage.block_size\"?");
  CHECK(error_of("[storage]\nsync_mode = 'always'").find("did you mean \"wal.sync_mode\"?") !=
        std::string::npos);
  CHECK(error_of("[storag]\nblock_size = 1").find("did you mean \"[storage]\"?") !=
        std::string::npos);
  CHECK(error_of("port = 1").find("did you mean \"server.port\"?") != std::string::npos);
  CHECK(error_of("[server]\nport = 70000") ==
        "luma.toml:2: setting server.port cannot be \"70000\": it is between 0 and 65535");
  CHECK(error_of("[wal]\nsync_mode = 'sometimes'")
            .find("one of always|group_commit|periodic|never") != std::string::npos);
  CHECK(error_of("[memory]\nmemtable_size = 'big'").find("a size such as 64MB") !=
        std::string::npos);
  CHECK(error_of("[server\n").starts_with("luma.toml:1: "));
  CHECK(error_of("[[hba]]\nadress = 'all'").find("did you mean \"hba.address\"?") !=
        std::string::npos);
  CHECK(error_of("[[hba]]\ntype = 'host'").find("needs a method") != std::string::npos);
}

ClientInfo client(std::string address, bool tls = false) {
  ClientInfo info;
  info.port = address.empty() ? -1 : 1234;
  info.host_name = address.empty() ? "[local]" : address;
  info.address = std::move(address);
  info.tls = tls;
  return info;
}

TEST_CASE("hba: the first matching rule decides") {
  Configuration configuration = default_configuration();
  configuration.hba = {{"hostssl", {"all"}, {"all"}, "10.0.0.0/8", "scram-sha-256"},
                       {"host", {"all"}, {"bob"}, "all", "reject"},
                       {"host", {"sameuser"}, {"all"}, "::1", "md5"},
                       {"local", {"all"}, {"all"}, "all", "trust"}};
  Hba hba(configuration, false);
  StartupParameters ann{"ann", "ann", "", {}, {}}, bob{"bob", "bob", "", {}, {}},
      other{"ann", "x", "", {}, {}};
  CHECK(hba.match(client("10.1.2.3", true), ann) == AuthMethod::kScram);
  CHECK(hba.match(client("::ffff:10.1.2.3", true), ann) == AuthMethod::kScram);
  CHECK(hba.match(client("::1"), ann) == AuthMethod::kMd5);
  CHECK(hba.match(client(""), bob) == AuthMethod::kTrust);
  CHECK_THROWS_WITH(
      hba.match(client("10.1.2.3"), ann),
      "no pg_hba.conf entry for host \"10.1.2.3\", user \"ann\", database \"ann\", no encryption");
  CHECK_THROWS_AS(hba.match(client("::1"), other), SqlError);
  CHECK_THROWS_WITH(
      hba.match(client("::1"), bob),
      "pg_hba.conf rejects connection for host \"::1\", user \"bob\", database \"bob\", no "
      "encryption");
}

TEST_CASE("hba: automatic authentication") {
  Configuration configuration = default_configuration();
  StartupParameters ann{"ann", "ann", "", {}, {}};
  Hba open(configuration, false);
  CHECK(open.match(client(""), ann) == AuthMethod::kTrust);
  CHECK(open.match(client("127.0.0.1"), ann) == AuthMethod::kTrust);
  CHECK_THROWS_AS(open.match(client("192.168.0.1"), ann), SqlError);
  Hba closed(configuration, true);
  CHECK(closed.match(client(""), ann) == AuthMethod::kScram);
  CHECK(closed.match(client("192.168.0.1"), ann) == AuthMethod::kScram);
  configuration.hba = {{"host", {"all"}, {"all"}, "10.0.0.0/99", "trust"}};
  CHECK_THROWS_AS(Hba(configuration, false), SqlError);
}

}  // namespace
}  // namespace luma
