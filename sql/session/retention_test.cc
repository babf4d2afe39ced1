// Partitions that come and go by storage parameters.
#include "sql/session/retention.h"

#include <catch2/catch.hpp>

#include "sql/session/collecting_receiver_test.h"
#include "sql/session/instance.h"
#include "sql/session/session.h"

namespace luma {
namespace {

struct Client {
  explicit Client(SqlInstance& instance, int32_t pid) : session(instance, {.pid = pid}, hooks) {
    CollectingReceiver receiver;
    session.start({"postgres", "postgres", {{"TimeZone", "UTC"}}}, receiver);
  }
  std::string run(std::string_view sql) {
    CollectingReceiver receiver;
    try {
      session.simple_query(sql, receiver, true);
    } catch (const SqlError& error) {
      session.failed(error);
      receiver.log += "!" + sql_state_code(error.state);
    }
    return receiver.log;
  }
  SessionHooks hooks;
  SqlSession session;
};

SqlInstanceOptions options() {
  SqlInstanceOptions options;
  options.kv.in_memory = true;
  options.kv.path = "memory";
  options.settings = {{"luma.retention_naptime", "0"}};
  return options;
}

constexpr std::string_view kPartitions =
    "select count(*) from pg_inherits where inhparent = 'm'::regclass";

TEST_CASE("old partitions go and coming ones are there") {
  SqlInstance instance(options());
  Client client(instance, 1);
  client.run(
      "create extension luma_retention; create role rick; create schema s authorization rick;"
      "set role rick; create table s.m(at timestamptz, v int) partition by range (at);"
      "create table s.old partition of s.m for values from ('2001-01-01') to ('2001-02-01');"
      "create table s.rest partition of s.m default; reset role; set search_path = s, public");
  client.run("insert into m values ('2001-01-05', 1), ('2001-01-06', 2)");
  // Nothing happens to tables that do not ask for it.
  instance.retention().run_once();
  CHECK(client.run(kPartitions) == "2;[SELECT 1]");
  CHECK(client.run("alter table m set (retention = '2 days', partition_interval = '1 day',"
                   " partition_ahead = 3)") == "[ALTER TABLE]");
  instance.retention().run_once();
  // From two days ago to three days ahead.
  CHECK(client.run("select count(*) > 0 from m") == "f;[SELECT 1]");
  CHECK(client.run("select to_regclass('s.old') is null") == "t;[SELECT 1]");
  client.run("insert into m select now() + i * interval '1 day', i from generate_series(-1, 3) i");
  CHECK(client.run("select count(*) from only s.rest") == "0;[SELECT 1]");
  CHECK(client.run("select distinct pg_get_userbyid(relowner) from pg_class c, pg_inherits i"
                   " where i.inhrelid = c.oid and i.inhparent = 'm'::regclass") ==
        "rick;[SELECT 1]");
  const std::string partitions = client.run(kPartitions);
  instance.retention().run_once();
  CHECK(client.run(kPartitions) == partitions);
  CHECK(client.run("select relid::regclass::text, partitions_created > 4, partitions_dropped,"
                   " last_drop_ms is not null, failure from luma_stat_retention") ==
        "m|t|1|t|;[SELECT 1]");
}

TEST_CASE("partitions of months and hours, of dates and times without a zone") {
  SqlInstance instance(options());
  Client client(instance, 1);
  client.run(
      "create extension luma_retention;"
      "create table m(d date) partition by range (d)"
      " with (partition_interval = '1 month', partition_ahead = 2);"
      "create table h(t timestamp) partition by range (t)"
      " with (partition_interval = '6 hours', partition_ahead = 1)");
  instance.retention().run_once();
  CHECK(client.run(kPartitions) == "3;[SELECT 1]");
  CHECK(client.run("insert into m values (now()), (now() + interval '1 month');"
                   "insert into h values (now()::timestamp)") == "[INSERT 0 2][INSERT 0 1]");
}

TEST_CASE("a failure is shown, and other tables go on") {
  SqlInstance instance(options());
  Client client(instance, 1);
  client.run(
      "create extension luma_retention;"
      "create table m(d date) partition by range (d) with (partition_interval = '1 day');"
      "create table rest partition of m default; insert into m values (now());"
      "create table other(d date) partition by range (d)"
      " with (partition_interval = '1 day', partition_ahead = 1)");
  instance.retention().run_once();
  CHECK(
      client
          .run("select relid::regclass::text, partitions_created, failure from luma_stat_retention"
               " order by relid")
          .starts_with("m|0|updated partition constraint for default partition"));
  CHECK(client.run("select partitions_created from luma_stat_retention where failure is null") ==
        "2;[SELECT 1]");
}

TEST_CASE("only tables with ranges of a time can have retention") {
  SqlInstance instance(options());
  Client client(instance, 1);
  CHECK(client.run("create table l(a int) partition by list (a) with (retention = '1 day')") ==
        "!22023");
  CHECK(client.run("create table l(a int) partition by range (a) with (retention = '1 day')") ==
        "!22023");
  CHECK(client.run("create table l(a date) with (retention = '1 day')") == "!22023");
  CHECK(client.run("create table m(a date) partition by range (a) with (retention = '-1 day')") ==
        "!22023");
  CHECK(client.run("create table m(a date) partition by range (a) with (retention = 'soon')") ==
        "!22007");
  CHECK(client.run("create table m(a date) partition by range (a) with (fillfactor = 50)") ==
        "!22023");
  CHECK(client.run("create table m(a date) partition by range (a) with (retention = '1 day');"
                   "alter table m reset (retention);"
                   "select reloptions from pg_class where relname = 'm'") ==
        "[CREATE TABLE][ALTER TABLE];[SELECT 1]");
}

}  // namespace
}  // namespace luma
