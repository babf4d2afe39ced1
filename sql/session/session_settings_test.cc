#include "sql/session/session_settings.h"

#include <catch2/catch.hpp>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

std::string error_of(SessionSettings& settings, std::string_view name, std::string_view value) {
  try {
    settings.set(name, value, false, true);
    return "";
  } catch (const SqlError& error) {
    return sql_state_code(error.state) + " " + error.message;
  }
}
std::string shown(const SessionSettings& settings, std::string_view name) {
  return *settings.show(name, false);
}

TEST_CASE("values are checked and shown as PostgreSQL does") {
  SessionSettings settings;
  settings.set("WORK_MEM", "2048", false, false);
  CHECK(shown(settings, "work_mem") == "2MB");
  CHECK(settings.vars().work_mem_bytes == size_t{2} << 20);
  settings.set("statement_timeout", "1.5min", false, false);
  CHECK(shown(settings, "statement_timeout") == "90s");
  settings.set("datestyle", "german", false, false);
  CHECK(shown(settings, "DateStyle") == "German, DMY");
  settings.set("datestyle", "iso", false, false);
  CHECK(shown(settings, "DateStyle") == "ISO, DMY");
  settings.set("enable_sort", "ye", false, false);
  settings.set("synchronous_commit", "false", false, false);
  CHECK(settings.vars().sync_commit == SyncCommit::kOff);
  CHECK(error_of(settings, "work_mem", "1") ==
        "22023 1 kB is outside the valid range for parameter \"work_mem\" (64 .. 2147483647)");
  CHECK(error_of(settings, "nosuch", "1") ==
        "42704 unrecognized configuration parameter \"nosuch\"");
  CHECK(error_of(settings, "port", "1") ==
        "55P02 parameter \"port\" cannot be changed without restarting the server");
  CHECK(error_of(settings, "a.b", "1") == "");
  CHECK(shown(settings, "a.b") == "1");
  CHECK_FALSE(settings.show("c.d", true).has_value());
}

TEST_CASE("transactions restore settings") {
  SessionSettings settings;
  settings.set("work_mem", "1MB", false, false);
  settings.commit();
  settings.set("work_mem", "2MB", false, false);
  SessionSettings::Mark mark = settings.mark();
  settings.set("work_mem", "3MB", true, false);
  CHECK(shown(settings, "work_mem") == "3MB");
  settings.rollback_to(mark);
  CHECK(shown(settings, "work_mem") == "2MB");
  settings.set("work_mem", "4MB", true, false);
  settings.commit();
  CHECK(shown(settings, "work_mem") == "2MB");
  settings.set("work_mem", "5MB", false, false);
  settings.rollback();
  CHECK(shown(settings, "work_mem") == "2MB");
  CHECK(settings.vars().work_mem_bytes == size_t{2} << 20);
  settings.reset("work_mem", false, false);
  CHECK(shown(settings, "work_mem") == "4MB");
}

TEST_CASE("changes of reported settings are told once") {
  SessionSettings settings;
  settings.all_reports();
  uint64_t epoch = settings.plan_epoch();
  settings.set("application_name", "x", false, false);
  settings.set("application_name", "y", false, false);
  CHECK(settings.plan_epoch() == epoch);
  auto reports = settings.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].second == "y");
  settings.set("search_path", "a", false, false);
  CHECK(settings.plan_epoch() != epoch);
  CHECK(settings.take_reports().empty());
}

}  // namespace
}  // namespace luma
