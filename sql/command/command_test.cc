#include "sql/command/command.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "sql/command/object_name.h"
#include "sql/command/test_command_context.h"

namespace luma {
namespace {

std::vector<std::string> constraint_names(const Table& table) {
  std::vector<std::string> names;
  for (const Constraint& constraint : table.constraints) names.push_back(constraint.name);
  std::ranges::sort(names);
  return names;
}

const Column& column(const Table& table, std::string_view name) {
  const Column* found = table.find_column(name);
  REQUIRE(found != nullptr);
  return *found;
}

}  // namespace

TEST_CASE("made-up names fit into 63 bytes and cut the longer part") {
  CHECK(combined_name("t", "a", "key") == "t_a_key");
  CHECK(combined_name("t", "", "pkey") == "t_pkey");
  std::string name = combined_name(std::string(60, 'x'), "column", "seq");
  CHECK(name == fmt::format("{}_column_seq", std::string(52, 'x')));
  CHECK(combined_name(std::string(80, 'x'), std::string(80, 'y'), "idx").size() == 63);
  CHECK(joined_names({"a", "b", "c"}) == "a_b_c");
}

TEST_CASE("constraints get PostgreSQL's names") {
  TestCommandContext context;
  context.run(
      "create table t(a int primary key check (a > 0) check (a < 9), b int unique references t, "
      "c text, check (a > b), unique (a, b), foreign key (a, b) references t(a, b))");
  CHECK(constraint_names(context.table("t")) ==
        std::vector<std::string>{"t_a_b_fkey", "t_a_b_key", "t_a_check", "t_a_check1", "t_b_fkey",
                                 "t_b_key", "t_check", "t_pkey"});
  context.run("create index on t(b)");
  context.run("create index on t(b)");
  context.run("create index on t(lower(c), (a + 1), (a + 2))");
  CHECK(context.relation("t_b_idx1") != nullptr);
  CHECK(context.relation("t_lower_expr_expr1_idx") != nullptr);
}

TEST_CASE("a primary key made with the table keys its rows") {
  TestCommandContext context;
  CHECK(context.run("create table t(a int, b text, primary key (b, a))") == "CREATE TABLE");
  const Table& table = context.table("t");
  CHECK(table.row_key_index == table.primary_key()->index);
  CHECK(column(table, "a").not_null);
  context.run("create table d(a int primary key deferrable)");
  CHECK(context.table("d").row_key_index == kInvalidOid);
}

TEST_CASE("serial columns own their sequence") {
  TestCommandContext context;
  context.run("create table t(id bigserial, g int generated always as identity)");
  CHECK(column(context.table("t"), "id").default_sql == "nextval('public.t_id_seq'::regclass)");
  CHECK(context.error("drop sequence t_id_seq") ==
        "cannot drop sequence t_id_seq because other objects depend on it");
  CHECK(context.error("drop sequence t_g_seq") ==
        "cannot drop sequence t_g_seq because column g of table t requires it");
  context.run("drop table t");
  CHECK(context.relation("t_id_seq") == nullptr);
  CHECK(context.relation("t_g_seq") == nullptr);
}

TEST_CASE("stored text follows renames") {
  TestCommandContext context;
  context.run("create sequence s");
  context.run(
      "create table t(id int default nextval('s'), a int check (a > 0), "
      "b int generated always as (a * 2) stored)");
  context.run("create index on t((a + 1)) where a < 100");
  context.run("create view v as select t.a, id from t where a > 5");
  context.run("alter table t rename column a to x");
  context.run("alter sequence s rename to s2");
  const Table& table = context.table("t");
  CHECK(column(table, "id").default_sql == "nextval('public.s2'::regclass)");
  CHECK(column(table, "b").default_sql == "(x * 2)");
  CHECK(table.constraints[0].expression == "(x > 0)");
  const auto& index = static_cast<const Index&>(*context.relation("t_expr_idx"));
  CHECK(index.keys[0].expression == "(x + 1)");
  CHECK(index.predicate == "(x < 100)");
}

TEST_CASE("a view means the same after its tables were renamed") {
  TestCommandContext context;
  context.run("create table t(a int, b int)");
  context.run("create view v as select * from t");
  CHECK(context.table("v").definition == "SELECT t.a, t.b FROM public.t");
  context.run("alter table t add column c int");
  context.run("alter table t rename column b to z");
  context.run("alter table t rename to u");
  // It still binds, to the same columns.
  CHECK(context.error("create view w as select a, b from v").empty());
  CHECK(context.error("alter table u drop column z") ==
        "cannot drop column z of table u because other objects depend on it");
  context.run("alter table u drop column c");
  context.run("drop table u cascade");
  CHECK(context.relation("v") == nullptr);
  CHECK(context.relation("w") == nullptr);
  CHECK(context.notices.back() == "drop cascades to 2 other objects");
}

TEST_CASE("dropping a column takes its index and checks along") {
  TestCommandContext context;
  context.run("create table t(a int primary key, b int check (b > a), c int)");
  context.run("create index i on t(c, b)");
  context.run("alter table t drop column b");
  CHECK(context.relation("i") == nullptr);
  CHECK(constraint_names(context.table("t")) == std::vector<std::string>{"t_pkey"});
  context.run("alter table t drop column a");
  CHECK(context.table("t").row_key_index == kInvalidOid);
}

TEST_CASE("sub-commands of ALTER TABLE run in PostgreSQL's passes") {
  TestCommandContext context;
  context.run("create table t(a int, b int default 3)");
  context.run(
      "alter table t add check (c > 1), add column c int default 5, drop column b, "
      "alter column a type text, alter column a set not null, add column b text");
  const Table& table = context.table("t");
  CHECK(table.constraints.at(0).expression == "(c > 1)");
  CHECK(column(table, "a").type.oid == type_oid::kText);
  CHECK(column(table, "a").not_null);
  CHECK(column(table, "b").number == 4);
  CHECK(context.error("alter table t add column d int, drop column nosuch") ==
        "column \"nosuch\" of relation \"t\" does not exist");
  CHECK(context.table("t").find_column("d") == nullptr);
}

TEST_CASE("constants are stored independently of settings") {
  TestCommandContext context;
  context.run(
      "create table t(a timestamptz default '2020-01-01 10:00+02', b text default 'x', "
      "c numeric default -1, d varchar(5) check (d in ('a', 'b')), e text check (e like 'q%'))");
  const Table& table = context.table("t");
  CHECK(column(table, "a").default_sql == "'2020-01-01 08:00:00+00'::timestamp with time zone");
  CHECK(column(table, "b").default_sql == "'x'::text");
  CHECK(table.find_constraint("t_e_check")->expression == "(e ~~ 'q%'::text)");
}

TEST_CASE("truncation needs the referencing tables") {
  TestCommandContext context;
  context.run("create table p(a int primary key)");
  context.run("create table c(a int references p)");
  uint32_t before = context.table("p").storage_id;
  CHECK(context.error("truncate p") ==
        "cannot truncate a table referenced in a foreign key constraint");
  CHECK(context.run("truncate p cascade") == "TRUNCATE TABLE");
  CHECK(context.notices.back() == "truncate cascades to table \"c\"");
  CHECK(context.table("p").storage_id != before);
}

}  // namespace luma
