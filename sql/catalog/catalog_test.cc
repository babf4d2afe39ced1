#include <catch2/catch.hpp>
#include <map>

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "sql/catalog/catalog_store.h"
#include "sql/catalog/definition_text.h"
#include "sql/catalog/name_resolution.h"
#include "sql/catalog/object_names.h"
#include "sql/catalog/privileges.h"
#include "sql/catalog/statistics.h"
#include "sql/catalog/table_desc_builder.h"
#include "sql/catalog/virtual_relation.h"

namespace luma {
namespace {

struct TestIds : CatalogIds {
  Oid next_oid() override { return next++; }
  uint32_t next_storage_id() override { return storage++; }
  Oid next = kFirstUserOid;
  uint32_t storage = 100;
};

struct TestWriter : CatalogWriter {
  void put(std::string_view key, std::string_view value) override {
    rows[std::string(key)] = value;
  }
  void erase(std::string_view key) override { rows.erase(std::string(key)); }
  std::map<std::string, std::string> rows;
};

struct AllBuiltins : BuiltinAvailability {
  bool has_function(Oid oid) const override { return find_proc_fact(oid) != nullptr; }
};

struct Cluster {
  Cluster() { store.bootstrap({}, writer); }
  CatalogPtr view() { return store.snapshot(kPostgresDatabase); }
  void commit(CatalogTransaction& ddl) {
    auto lock = store.lock_commit();
    ddl.write_changes(writer);
    store.publish(ddl);
  }
  TestIds ids;
  TestWriter writer;
  CatalogStore store{ids};
};

Column column(int16_t number, std::string name, Oid type) {
  Column out;
  out.number = number;
  out.name = std::move(name);
  out.type.oid = type;
  return out;
}

std::shared_ptr<Table> make_table(std::string name) {
  auto table = std::make_shared<Table>();
  table->schema = schema_oid::kPublic;
  table->name = std::move(name);
  table->columns = {column(1, "id", type_oid::kInt4), column(2, "a", type_oid::kText)};
  return table;
}

// A table with a primary key; returns its oid.
Oid create_with_key(CatalogTransaction& ddl, std::string name) {
  auto table = make_table(name);
  ddl.put(table);
  auto index = std::make_shared<Index>();
  index->schema = schema_oid::kPublic;
  index->name = name + "_pkey";
  index->table = table->oid;
  index->unique = index->primary = true;
  index->keys = {
      IndexKey{.column = 1, .expression = {}, .type = {type_oid::kInt4, -1}, .opclass = 1978}};
  index->oid = ddl.new_oid();
  auto with_key = std::make_shared<Table>(*table);
  with_key->columns[0].not_null = true;
  Constraint key;
  key.name = index->name;
  key.type = 'p';
  key.columns = {1};
  key.index = index->oid;
  with_key->constraints.push_back(key);
  with_key->row_key_index = index->oid;
  ddl.put(with_key);
  index->constraint = with_key->constraints[0].oid;
  ddl.put(index);
  return table->oid;
}

Oid create_view(CatalogTransaction& ddl, std::string name, Oid over) {
  auto view = make_table(std::move(name));
  view->relkind = 'v';
  view->access_method = kInvalidOid;
  view->definition = " SELECT 1";
  ddl.put(view);
  auto with_edge = std::make_shared<Table>(*view);
  with_edge->dependencies.push_back({view->address(), {class_oid::kRelation, over, 1}, 'n'});
  ddl.put(with_edge);
  return view->oid;
}

void add_foreign_key(CatalogTransaction& ddl, Oid from, Oid to, std::string name) {
  auto table = std::make_shared<Table>(*ddl.view()->table(from));
  Constraint key;
  key.name = std::move(name);
  key.type = 'f';
  key.columns = {1};
  key.referenced_table = to;
  key.referenced_columns = {1};
  key.index = ddl.view()->table(to)->primary_key()->index;
  key.on_delete = 'c';
  table->constraints.push_back(key);
  ddl.put(table);
}

SearchPath public_path(const Catalog& catalog) {
  return resolve_search_path(catalog, "\"$user\", public", "postgres", kInvalidOid);
}

}  // namespace

TEST_CASE("bootstrap, commit and load round trip") {
  Cluster cluster;
  CHECK(cluster.view()->find_database("template0")->oid == kTemplate0Database);
  CHECK(cluster.view()->find_role("postgres")->superuser);
  CHECK(cluster.view()->find_schema("public")->oid == schema_oid::kPublic);
  CatalogTransaction ddl(cluster.store, kPostgresDatabase);
  Oid parent = create_with_key(ddl, "parent");
  Oid child = create_with_key(ddl, "child");
  add_foreign_key(ddl, child, parent, "child_fkey");
  CHECK(cluster.view()->table(parent) == nullptr);
  cluster.commit(ddl);
  REQUIRE(cluster.view()->table(parent) != nullptr);

  CatalogStore loaded(cluster.ids);
  REQUIRE(loaded.load([&](const CatalogStore::ScanCallback& callback) {
    for (const auto& [key, value] : cluster.writer.rows) callback(key, value);
  }));
  CatalogPtr catalog = loaded.snapshot(kPostgresDatabase);
  const Table* table = catalog->table(child);
  REQUIRE(table != nullptr);
  CHECK(table->name == "child");
  CHECK(table->columns[1].type.oid == type_oid::kText);
  CHECK(table->storage_id != 0);
  CHECK(catalog->indexes_of(child).size() == 1);
  REQUIRE(catalog->foreign_keys_to(parent).size() == 1);
  CHECK(catalog->foreign_keys_to(parent)[0].constraint->on_delete == 'c');
  CHECK(catalog->find_type_oid(schema_oid::kPublic, "_child") == table->array_type);
  CHECK(catalog->table_of_row_type(table->row_type) == table);
  CHECK(loaded.snapshot(kTemplate1Database)->find_relation(schema_oid::kPublic, "child") ==
        nullptr);
}

TEST_CASE("savepoints and conflicts") {
  Cluster cluster;
  CatalogTransaction ddl(cluster.store, kPostgresDatabase);
  create_with_key(ddl, "a");
  auto mark = ddl.savepoint();
  create_with_key(ddl, "b");
  CHECK_THROWS_WITH(ddl.put(make_table("a")), "relation \"a\" already exists");
  ddl.rollback_to(mark);
  CHECK(ddl.view()->find_relation(schema_oid::kPublic, "b") == nullptr);
  CHECK(ddl.view()->find_relation(schema_oid::kPublic, "a") != nullptr);

  CatalogTransaction other(cluster.store, kPostgresDatabase);
  create_with_key(other, "a");
  cluster.commit(other);
  TestWriter writer;
  CHECK_THROWS_WITH(ddl.write_changes(writer), Catch::Contains("pg_class_relname_nsp_index"));

  CatalogTransaction first(cluster.store, kPostgresDatabase),
      second(cluster.store, kPostgresDatabase);
  Oid a = first.view()->find_relation(schema_oid::kPublic, "a")->oid;
  auto renamed = std::make_shared<Table>(*first.view()->table(a));
  renamed->name = "renamed";
  first.put(renamed);
  auto commented = std::make_shared<Table>(*second.view()->table(a));
  commented->comment = "x";
  second.put(commented);
  cluster.commit(first);
  CHECK(cluster.view()->find_relation(schema_oid::kPublic, "a") == nullptr);
  CHECK(cluster.view()->find_relation(schema_oid::kPublic, "renamed") != nullptr);
  CHECK_THROWS_WITH(second.write_changes(writer), "tuple concurrently updated");
}

TEST_CASE("statistics disturb nobody: what is written last holds") {
  Cluster cluster;
  CatalogTransaction ddl(cluster.store, kPostgresDatabase);
  Oid a = create_with_key(ddl, "a");
  cluster.commit(ddl);
  auto gathered = [&](double rows) {
    auto statistics = std::make_shared<TableStatisticsObject>();
    statistics->oid = a;
    statistics->rows = rows;
    return statistics;
  };
  CatalogTransaction by_hand(cluster.store, kPostgresDatabase),
      automatic(cluster.store, kPostgresDatabase), drop(cluster.store, kPostgresDatabase);
  by_hand.put(gathered(1));
  drop.drop({{class_oid::kRelation, a, 0}}, DropBehavior::kCascade);
  automatic.put(gathered(2));
  cluster.commit(automatic);
  CHECK(cluster.view()->statistics(a)->rows == 2);
  cluster.commit(by_hand);
  CHECK(cluster.view()->statistics(a)->rows == 1);
  cluster.commit(drop);
  CHECK(cluster.view()->statistics(a) == nullptr);
}

TEST_CASE("drop reports dependents as PostgreSQL does") {
  Cluster cluster;
  CatalogTransaction ddl(cluster.store, kPostgresDatabase);
  Oid parent = create_with_key(ddl, "parent");
  Oid child = create_with_key(ddl, "child");
  add_foreign_key(ddl, child, parent, "child_fkey");
  Oid v1 = create_view(ddl, "v1", parent);
  create_view(ddl, "v2", v1);
  ObjectAddress target{class_oid::kRelation, parent, 0};
  try {
    ddl.drop({target}, DropBehavior::kRestrict);
    FAIL("must not succeed");
  } catch (const SqlError& error) {
    CHECK(error.message == "cannot drop table parent because other objects depend on it");
    CHECK(error.detail_text ==
          "constraint child_fkey on table child depends on table parent\n"
          "view v1 depends on table parent\n"
          "view v2 depends on view v1");
    CHECK(error.hint_text == "Use DROP ... CASCADE to drop the dependent objects too.");
  }
  Oid key_index = ddl.view()->table(parent)->primary_key()->index;
  CHECK_THROWS_WITH(
      ddl.drop({{class_oid::kRelation, key_index, 0}}, DropBehavior::kRestrict),
      "cannot drop index parent_pkey because constraint parent_pkey on table parent requires it");
  DropResult result = ddl.drop({target}, DropBehavior::kCascade);
  CHECK(result.notice == "drop cascades to 3 other objects");
  CHECK(
      result.notice_detail.starts_with("drop cascades to constraint child_fkey on table child\n"));
  CHECK(result.removed.size() == 4);  // table, its index, two views
  CHECK(ddl.view()->relation(parent) == nullptr);
  CHECK(ddl.view()->relation(key_index) == nullptr);
  CHECK(ddl.view()->table(child)->find_constraint("child_fkey") == nullptr);
  CHECK(ddl.view()->table(child)->primary_key() != nullptr);
}

TEST_CASE("dropping a column takes its constraint and index along") {
  Cluster cluster;
  CatalogTransaction ddl(cluster.store, kPostgresDatabase);
  Oid table = create_with_key(ddl, "t");
  ddl.drop({{class_oid::kRelation, table, 1}}, DropBehavior::kRestrict);
  CHECK(ddl.view()->table(table)->columns[0].dropped);
  CHECK(ddl.view()->table(table)->find_column("id") == nullptr);
  CHECK(ddl.view()->table(table)->constraints.empty());
  CHECK(ddl.view()->indexes_of(table).empty());
}

TEST_CASE("a schema's objects go with it") {
  Cluster cluster;
  CatalogTransaction ddl(cluster.store, kPostgresDatabase);
  auto schema = std::make_shared<Schema>();
  schema->name = "s";
  ddl.put(schema);
  auto table = make_table("t");
  table->schema = schema->oid;
  ddl.put(table);
  ObjectAddress target{class_oid::kSchema, schema->oid, 0};
  CHECK_THROWS_WITH(ddl.drop({target}, DropBehavior::kRestrict),
                    "cannot drop schema s because other objects depend on it");
  CHECK(ddl.drop({target}, DropBehavior::kCascade).notice == "drop cascades to table t");
  CHECK(ddl.view()->relation(table->oid) == nullptr);
}

TEST_CASE("names resolve through the search path") {
  Cluster cluster;
  CatalogTransaction ddl(cluster.store, kPostgresDatabase);
  create_with_key(ddl, "t");
  auto pg_class = make_table("pg_class");
  ddl.put(pg_class);
  const Catalog& catalog = *ddl.view();
  SearchPath path = public_path(catalog);
  CHECK(find_relation(catalog, path, {{}, "t"}) != nullptr);
  CHECK(find_relation(catalog, path, {{}, "pg_class"})->oid == class_oid::kRelation);
  CHECK(find_relation(catalog, path, {"public", "pg_class"})->oid == pg_class->oid);
  SearchPath last = resolve_search_path(catalog, "public, pg_catalog", "postgres", kInvalidOid);
  CHECK(find_relation(catalog, last, {{}, "pg_class"})->oid == pg_class->oid);
  CHECK_THROWS_WITH(require_relation(catalog, path, {"s", "x"}), "relation \"s.x\" does not exist");
  CHECK_THROWS_WITH(require_schema(catalog, path, "nope"), "schema \"nope\" does not exist");
  SearchPath none = resolve_search_path(catalog, "nope", "postgres", kInvalidOid);
  CHECK_THROWS_WITH(creation_schema(catalog, none, ""), "no schema has been selected to create in");

  AllBuiltins builtins;
  CatalogObjectNames names(catalog, path, builtins);
  CHECK(names.oid_of(type_oid::kRegclass, "pg_catalog.pg_class") == 1259);
  CHECK(names.name_of(type_oid::kRegclass, pg_class->oid) == "public.pg_class");
  CHECK(names.oid_of(type_oid::kRegtype, "character varying(10)[]") == type_oid::kVarcharArray);
  CHECK(names.oid_of(type_oid::kRegtype, "t") == find_type(catalog, path, {{}, "t"}));
  CHECK_THROWS_WITH(names.oid_of(type_oid::kRegtype, "nope"), "type \"nope\" does not exist");
  CHECK(names.name_of(type_oid::kRegprocedure, 1397) == "abs(integer)");
  CHECK(names.name_of(type_oid::kRegproc, 1397) == "pg_catalog.abs");
  CHECK(names.oid_of(type_oid::kRegprocedure, "abs(int)") == 1397);
  CHECK(names.name_of(type_oid::kRegoperator, 551) == "+(integer,integer)");
  CHECK_THROWS_WITH(names.oid_of(type_oid::kRegproc, "abs"),
                    "more than one function named \"abs\"");
  CHECK(names.find_oid(type_oid::kRegclass, "nope.nope") == 0);
  CHECK(quote_identifier("select") == "\"select\"");
  CHECK(quote_identifier("a\"B") == "\"a\"\"B\"");
  CHECK(quote_identifier("name") == "name");
}

TEST_CASE("definitions") {
  Cluster cluster;
  CatalogTransaction ddl(cluster.store, kPostgresDatabase);
  Oid parent = create_with_key(ddl, "parent");
  Oid child = create_with_key(ddl, "child");
  add_foreign_key(ddl, child, parent, "child_fkey");
  const Catalog& catalog = *ddl.view();
  SearchPath path = public_path(catalog);
  Index index = *catalog.index(catalog.indexes_of(child)[0]);
  CHECK(index_definition(catalog, path, index, false) ==
        "CREATE UNIQUE INDEX child_pkey ON public.child USING btree (id)");
  index.keys = {IndexKey{.column = 0, .expression = "lower(a)", .descending = true},
                IndexKey{.column = 0, .expression = "(id + 1)", .nulls_first = true}};
  index.predicate = "(id > 0)";
  CHECK(index_definition(catalog, path, index, false) ==
        "CREATE UNIQUE INDEX child_pkey ON public.child USING btree "
        "(lower(a) DESC NULLS LAST, ((id + 1)) NULLS FIRST) WHERE (id > 0)");
  const Table& table = *catalog.table(child);
  CHECK(constraint_definition(catalog, path, table, *table.find_constraint("child_fkey"), false) ==
        "FOREIGN KEY (id) REFERENCES parent(id) ON DELETE CASCADE");
  Constraint check;
  check.expression = "(id > 0)";
  CHECK(constraint_definition(catalog, path, table, check, false) == "CHECK ((id > 0))");
  CHECK(constraint_definition(catalog, path, table, check, true) == "CHECK (id > 0)");
}

TEST_CASE("privileges") {
  Cluster cluster;
  CatalogTransaction ddl(cluster.store, kPostgresDatabase);
  auto owner = std::make_shared<Role>();
  owner->name = "owner";
  ddl.put(owner);
  auto member = std::make_shared<Role>();
  member->name = "member";
  member->member_of = {{owner->oid}};
  ddl.put(member);
  auto other = std::make_shared<Role>();
  other->name = "other";
  ddl.put(other);
  auto table = make_table("t");
  table->owner = owner->oid;
  ddl.put(table);
  const Catalog& catalog = *ddl.view();
  CHECK(has_relation_privilege(catalog, member->oid, *table, 'r'));
  CHECK(has_relation_privilege(catalog, kBootstrapRole, *table, 'r'));
  CHECK_FALSE(has_relation_privilege(catalog, other->oid, *table, 'r'));
  CHECK(has_schema_privilege(catalog, other->oid, *catalog.schema(schema_oid::kPublic), 'U'));
  CHECK_FALSE(has_schema_privilege(catalog, other->oid, *catalog.schema(schema_oid::kPublic), 'C'));
}

namespace {

struct TestSession : SessionCatalog {
  explicit TestSession(CatalogPtr snapshot) : view(std::move(snapshot)), path(public_path(*view)) {}
  const Catalog& catalog() const override { return *view; }
  const SearchPath& search_path() const override { return path; }
  Oid current_user_oid() const override { return kBootstrapRole; }
  Oid session_user_oid() const override { return kBootstrapRole; }
  const BuiltinAvailability& builtins() const override { return all; }
  LiveState& live_state() const override { return live; }
  int32_t trigger_depth() const override { return 0; }
  RoutineCaller& routines() const override {
    throw SqlError(SqlState::kInternalError, "no functions can be called here");
  }
  CatalogPtr view;
  SearchPath path;
  AllBuiltins all;
  mutable LiveState live;
};

struct CountingSink : VirtualRowSink {
  void add(std::span<const Value> row) override {
    ++rows;
    width = row.size();
  }
  size_t rows = 0, width = 0;
};

}  // namespace

TEST_CASE("every system relation can be read") {
  Cluster cluster;
  CatalogTransaction ddl(cluster.store, kPostgresDatabase);
  Oid parent = create_with_key(ddl, "parent");
  Oid child = create_with_key(ddl, "child");
  add_foreign_key(ddl, child, parent, "child_fkey");
  create_view(ddl, "v", parent);
  auto sequence = std::make_shared<Sequence>();
  sequence->schema = schema_oid::kPublic;
  sequence->name = "s";
  sequence->owned_by_table = parent;
  sequence->owned_by_column = 1;
  ddl.put(sequence);
  auto mood = std::make_shared<Type>();
  mood->schema = schema_oid::kPublic;
  mood->name = "mood";
  mood->labels = {{0, 1, "sad"}, {0, 2, "happy"}};
  ddl.put(mood);
  TestSession session(ddl.view());
  std::map<std::string, size_t> counts;
  session.catalog().for_each_relation([&](const Relation& relation) {
    const auto* table = dynamic_cast<const Table*>(&relation);
    if (table == nullptr || table->virtual_relation == nullptr) return;
    Arena arena;
    CountingSink sink;
    INFO(table->name);
    REQUIRE_NOTHROW(scan_virtual_relation(session, *table, {}, arena, sink));
    if (sink.rows > 0) CHECK(sink.width == table->columns.size());
    counts[table->name] = sink.rows;
  });
  CHECK(counts["pg_proc"] == proc_facts().size());
  CHECK(counts["pg_constraint"] == 3);
  CHECK(counts["pg_index"] == 2);
  CHECK(counts["pg_enum"] == 2);
  CHECK(counts["pg_sequence"] == 1);
  CHECK(counts["pg_database"] == 3);
  CHECK(counts["pg_namespace"] == 4);
  CHECK(counts["pg_attribute"] > 900);

  // A filter on the key visits one object.
  const Table* pg_attribute = session.catalog().table(class_oid::kAttribute);
  VirtualFilter filter{0, Datum::of_oid(parent)};
  Arena arena;
  CountingSink sink;
  scan_virtual_relation(session, *pg_attribute, {&filter, 1}, arena, sink);
  CHECK(sink.rows == 2);
}

TEST_CASE("a table description keyed by the primary key") {
  struct NoBinder : ExpressionBinder {
    const Expr* bind_over_table(const Catalog&, const Table&, std::string_view, Arena&) override {
      return nullptr;
    }
  };
  Cluster cluster;
  CatalogTransaction ddl(cluster.store, kPostgresDatabase);
  Oid oid = create_with_key(ddl, "t");
  auto changed = std::make_shared<Table>(*ddl.view()->table(oid));
  Column added = column(3, "c", type_oid::kText);
  added.since_version = 2;
  added.missing_text = "a text that is not inline";
  changed->columns.push_back(added);
  changed->schema_version = 2;
  ddl.put(changed);
  NoBinder binder;
  TableDescPtr desc = build_table_desc(*ddl.view(), *ddl.view()->table(oid), binder);
  REQUIRE(desc->row_key.size() == 1);
  CHECK_FALSE(desc->row_key[0].nullable);
  CHECK(desc->indexes[0].clustered);
  CHECK(desc->columns[2].missing_value.datum.str.view() == "a text that is not inline");
}

TEST_CASE("databases are copies of a template") {
  Cluster cluster;
  CatalogTransaction ddl(cluster.store, kPostgresDatabase);
  Oid table = create_with_key(ddl, "t");
  auto database = std::make_shared<Database>();
  database->name = "copy";
  auto storage = ddl.create_database(database, kPostgresDatabase);
  CHECK(storage.size() == 2);
  cluster.commit(ddl);
  CatalogPtr copy = cluster.store.snapshot(database->oid);
  REQUIRE(copy->table(table) != nullptr);
  CHECK(copy->table(table)->storage_id != cluster.view()->table(table)->storage_id);
  CatalogTransaction drop(cluster.store, kPostgresDatabase);
  drop.drop_database(database->oid);
  cluster.commit(drop);
  CHECK_THROWS(cluster.store.snapshot(database->oid));
  CHECK(cluster.view()->find_database("copy") == nullptr);
}

}  // namespace luma
