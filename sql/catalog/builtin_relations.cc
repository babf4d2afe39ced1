#include "sql/catalog/builtin_relations.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "sql/catalog/fact_table.h"
#include "sql/catalog/virtual_relation.h"

namespace luma {
namespace {

constexpr BuiltinView kBuiltinViews[] = {
#include "sql/catalog/builtin_object_views.inc"
#include "sql/catalog/builtin_privilege_views.inc"
#include "sql/catalog/builtin_statistics_views.inc"
#include "sql/catalog/builtin_views.inc"
};

template <typename T = Oid>
T number(std::string_view text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Relations that initdb lets nobody but superusers read.
bool is_for_superusers(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "pg_authid",         "pg_config",       "pg_file_settings",
      "pg_hba_file_rules", "pg_largeobject",  "pg_ident_file_mappings",
      "pg_shadow",         "pg_statistic",    "pg_replication_origin_status",
      "pg_subscription",   "pg_user_mapping", "pg_statistic_ext_data"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

const BuiltinView* find_view(std::string_view schema, std::string_view name) {
  for (const BuiltinView& view : kBuiltinViews) {
    if (view.schema == schema && view.name == name) return &view;
  }
  return nullptr;
}

ObjectPtr make_schema(Oid oid, std::string name, std::string comment) {
  auto schema = std::make_shared<Schema>();
  schema->oid = oid;
  schema->name = std::move(name);
  schema->comment = std::move(comment);
  if (oid != schema_oid::kToast) {
    schema->acl =
        Acl{{kBootstrapRole, kBootstrapRole, "UC", ""}, {kPublicGrantee, kBootstrapRole, "U", ""}};
  }
  return schema;
}

// A type without codecs can neither be sent nor compared: its columns (of views over features that
// do not exist) are shown as text.
Oid usable_type(Oid oid) {
  const TypeInfo* type = find_type(oid);
  bool usable = type != nullptr && (type->output != nullptr || type->type_type == 'p');
  return usable ? oid : type_oid::kText;
}

std::map<Oid, std::vector<Column>> read_columns() {
  std::map<Oid, std::vector<Column>> out;
  const FactTable& facts = fact_table("relation_columns");
  for (size_t i = 0; i < facts.row_count(); ++i) {
    auto f = facts.row(i);
    Column column;
    column.number = number<int16_t>(f[1]);
    column.name = f[2];
    column.type = {usable_type(number(f[3])), number<int32_t>(f[4])};
    column.collation = number(f[5]);
    column.not_null = f[6] == "t";
    const TypeInfo* type = find_type(column.type.oid);
    column.dimensions = type->is_array() ? 1 : 0;
    out[number(f[0])].push_back(std::move(column));
  }
  return out;
}

ObjectSet make_objects() {
  ObjectSet set;
  set.put(make_schema(schema_oid::kPgCatalog, "pg_catalog", "system catalog schema"));
  set.put(make_schema(schema_oid::kToast, "pg_toast", "reserved schema for TOAST tables"));
  set.put(make_schema(schema_oid::kInformationSchema, "information_schema", ""));
  std::map<Oid, std::vector<Column>> columns = read_columns();
  const FactTable& facts = fact_table("relations");
  for (size_t i = 0; i < facts.row_count(); ++i) {
    auto f = facts.row(i);
    auto table = std::make_shared<Table>();
    table->oid = number(f[0]);
    table->schema = number(f[1]);
    table->name = f[2];
    table->relkind = f[3][0];
    table->row_type = number(f[4]);
    table->array_type = number(f[5]);
    bool in_pg_catalog = table->schema == schema_oid::kPgCatalog;
    const BuiltinView* view =
        find_view(in_pg_catalog ? "pg_catalog" : "information_schema", table->name);
    if (view != nullptr) {
      table->definition = view->sql;
      table->definition_search_path = "pg_catalog";
    } else {
      table->virtual_relation = find_virtual_relation(table->name);
    }
    if (view == nullptr && table->virtual_relation == nullptr)
      continue;  // a feature we do not have
    table->access_method = table->relkind == 'r' ? kHeapAm : kInvalidOid;
    table->columns = std::move(columns[table->oid]);
    table->acl = Acl{{kBootstrapRole, kBootstrapRole, "arwdDxt", ""},
                     {kPublicGrantee, kBootstrapRole, "r", ""}};
    if (is_for_superusers(table->name)) table->acl->pop_back();
    if (table->name == "pg_settings") table->acl->back().privileges = "rw";
    set.put(std::move(table));
  }
  return set;
}

}  // namespace

const ObjectSet& builtin_objects() {
  static const ObjectSet set = make_objects();
  return set;
}

Acl initial_public_acl() {
  return {{kDatabaseOwnerRole, kDatabaseOwnerRole, "UC", ""},
          {kPublicGrantee, kDatabaseOwnerRole, "U", ""}};
}

std::span<const BuiltinView> builtin_views() { return kBuiltinViews; }

bool is_shared_relation(Oid relation) {
  static const std::vector<Oid> shared = [] {
    std::vector<Oid> out;
    const FactTable& facts = fact_table("relations");
    for (size_t i = 0; i < facts.row_count(); ++i) {
      if (facts.row(i)[6] == "t") out.push_back(number(facts.row(i)[0]));
    }
    return out;
  }();
  return std::find(shared.begin(), shared.end(), relation) != shared.end();
}

}  // namespace luma
