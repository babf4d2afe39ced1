#include "sql/catalog/catalog_store.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/catalog/builtin_relations.h"
#include "sql/catalog/object_codec.h"
#include "sql/catalog/object_set.h"

namespace luma {

struct CatalogStore::State {
  std::shared_ptr<const ObjectSet> shared = std::make_shared<ObjectSet>();
  std::map<Oid, std::shared_ptr<const ObjectSet>> local;  // by database
  std::map<Oid, CatalogPtr> snapshots;                    // of the current version, made on demand
};

CatalogStore::CatalogStore(CatalogIds& ids) : ids_(ids), state_(std::make_unique<State>()) {}
CatalogStore::~CatalogStore() = default;

namespace {

std::shared_ptr<Database> make_database(Oid oid, std::string name, bool is_template,
                                        bool connections, const std::string& collate) {
  auto database = std::make_shared<Database>();
  database->oid = oid;
  database->name = std::move(name);
  database->is_template = is_template;
  database->allow_connections = connections;
  database->collate = database->ctype = collate;
  return database;
}

std::shared_ptr<Role> make_superuser(const BootstrapOptions& options) {
  auto role = std::make_shared<Role>();
  role->oid = kBootstrapRole;
  role->name = options.superuser;
  role->superuser = role->create_role = role->create_database = true;
  role->can_login = role->replication = role->bypass_rls = true;
  role->password = options.password_verifier;
  return role;
}

// PostgreSQL 15: public belongs to pg_database_owner, and only its owner may create in it.
std::shared_ptr<Schema> make_public_schema() {
  auto schema = std::make_shared<Schema>();
  schema->oid = schema_oid::kPublic;
  schema->name = "public";
  schema->owner = kDatabaseOwnerRole;
  schema->comment = "standard public schema";
  schema->acl = initial_public_acl();
  return schema;
}

// The predefined roles of PostgreSQL 15.
struct PredefinedRole {
  Oid oid;
  std::string_view name;
};
constexpr PredefinedRole kPredefinedRoles[] = {
    {3373, "pg_monitor"},
    {3374, "pg_read_all_settings"},
    {3375, "pg_read_all_stats"},
    {3377, "pg_stat_scan_tables"},
    {4200, "pg_signal_backend"},
    {4544, "pg_checkpoint"},
    {4569, "pg_read_server_files"},
    {4570, "pg_write_server_files"},
    {4571, "pg_execute_server_program"},
    {kDatabaseOwnerRole, "pg_database_owner"},
    {6181, "pg_read_all_data"},
    {6182, "pg_write_all_data"},
};

}  // namespace

void CatalogStore::bootstrap(const BootstrapOptions& options, CatalogWriter& writer) {
  auto shared = std::make_shared<ObjectSet>();
  std::map<Oid, std::shared_ptr<const ObjectSet>> local;
  auto store = [&writer](ObjectSet& set, Oid database, ObjectPtr object) {
    writer.put(encode_object_key({database, object->class_id(), object->oid}),
               encode_object(*object));
    set.put(std::move(object));
  };
  store(*shared, 0, make_superuser(options));
  for (const PredefinedRole& row : kPredefinedRoles) {
    auto role = std::make_shared<Role>();
    role->oid = row.oid;
    role->name = row.name;
    if (row.oid == 3373) {  // pg_monitor is a member of the reading roles
      for (Oid member : {Oid{3374}, Oid{3375}, Oid{3377}}) role->member_of.push_back({member});
    }
    store(*shared, 0, role);
  }
  auto postgres = make_database(kPostgresDatabase, "postgres", false, true, options.collate);
  postgres->comment = "default administrative connection database";
  auto template0 = make_database(kTemplate0Database, "template0", true, false, options.collate);
  template0->comment = "unmodifiable empty database";
  auto template1 = make_database(kTemplate1Database, "template1", true, true, options.collate);
  template1->comment = "default template for new databases";
  for (const auto& database : {template0, template1}) {
    database->acl =
        Acl{{kPublicGrantee, kBootstrapRole, "c", ""}, {kBootstrapRole, kBootstrapRole, "CTc", ""}};
  }
  for (const auto& database : {postgres, template0, template1}) {
    store(*shared, 0, database);
    auto set = std::make_shared<ObjectSet>();
    store(*set, database->oid, make_public_schema());
    local[database->oid] = set;
  }
  std::lock_guard lock(mutex_);
  state_->shared = std::move(shared);
  state_->local = std::move(local);
  state_->snapshots.clear();
  version_.fetch_add(1, std::memory_order_release);
}

bool CatalogStore::load(const std::function<void(const ScanCallback&)>& scan) {
  auto shared = std::make_shared<ObjectSet>();
  std::map<Oid, std::shared_ptr<ObjectSet>> local;
  bool any = false;
  scan([&](std::string_view key_bytes, std::string_view value) {
    any = true;
    StoredKey key = decode_object_key(key_bytes);
    ObjectPtr object = decode_object(value);
    if (object->class_id() != key.class_id || object->oid != key.oid) {
      throw sql_error(SqlState::kDataCorrupted,
                      "catalog object {} of class {} is stored under {} of {}", object->oid,
                      object->class_id(), key.oid, key.class_id);
    }
    if (key.database == 0) {
      shared->put(std::move(object));
      return;
    }
    auto& set = local[key.database];
    if (set == nullptr) set = std::make_shared<ObjectSet>();
    set->put(std::move(object));
  });
  if (!any) return false;
  std::lock_guard lock(mutex_);
  state_->shared = std::move(shared);
  state_->local.clear();
  for (auto& [database, set] : local) state_->local[database] = std::move(set);
  state_->snapshots.clear();
  version_.fetch_add(1, std::memory_order_release);
  return true;
}

CatalogPtr CatalogStore::snapshot(Oid database) const {
  std::lock_guard lock(mutex_);
  CatalogPtr& snapshot = state_->snapshots[database];
  if (snapshot == nullptr) {
    auto local = state_->local.find(database);
    if (local == state_->local.end()) {
      throw sql_error(SqlState::kUndefinedDatabase, "database {} does not exist", database);
    }
    snapshot = std::make_shared<const Catalog>(database, version_.load(std::memory_order_relaxed),
                                               state_->shared, local->second);
  }
  return snapshot;
}

std::shared_ptr<const Database> CatalogStore::find_database(std::string_view name) const {
  std::lock_guard lock(mutex_);
  const ObjectSet& set = *state_->shared;
  Oid oid = set.find_name(class_oid::kDatabase, 0, name);
  const ObjectPtr* found = set.find({class_oid::kDatabase, oid});
  return found == nullptr ? nullptr : std::static_pointer_cast<const Database>(*found);
}

std::shared_ptr<const Role> CatalogStore::find_role(std::string_view name) const {
  std::lock_guard lock(mutex_);
  const ObjectSet& set = *state_->shared;
  Oid oid = set.find_name(class_oid::kRole, 0, name);
  const ObjectPtr* found = set.find({class_oid::kRole, oid});
  return found == nullptr ? nullptr : std::static_pointer_cast<const Role>(*found);
}

void CatalogStore::publish(const CatalogTransaction& transaction) {
  if (!transaction.has_changes()) return;
  std::lock_guard lock(mutex_);
  // Sets of this publish, copied once each.
  std::map<Oid, std::shared_ptr<ObjectSet>> changed;
  auto writable = [&](Oid database) -> ObjectSet& {
    auto& set = changed[database];
    if (set == nullptr) {
      auto old = state_->local.find(database);
      const bool exists = database == 0 || old != state_->local.end();
      set = exists ? std::make_shared<ObjectSet>(database == 0 ? *state_->shared : *old->second)
                   : std::make_shared<ObjectSet>();
    }
    return *set;
  };
  std::vector<Oid> dropped_databases;
  for (const auto& [key, object] : transaction.changes_) {
    ObjectSet& set = writable(key.database);
    if (object != nullptr) {
      set.put(object);
    } else {
      set.erase({key.class_id, key.oid});
      if (key.class_id == class_oid::kDatabase) dropped_databases.push_back(key.oid);
    }
  }
  for (auto& [database, set] : changed) {
    if (database == 0) {
      state_->shared = std::move(set);
    } else {
      state_->local[database] = std::move(set);
    }
  }
  for (Oid database : dropped_databases) state_->local.erase(database);
  state_->snapshots.clear();
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace luma
