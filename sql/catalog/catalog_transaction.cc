#include "sql/catalog/catalog_transaction.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/catalog/acl_change.h"
#include "sql/catalog/array_type_name.h"
#include "sql/catalog/catalog_store.h"
#include "sql/catalog/clone_object.h"
#include "sql/catalog/object_codec.h"
#include "sql/catalog/object_set.h"
#include "sql/catalog/operator_family.h"
#include "sql/catalog/statistics.h"

namespace luma {
namespace {

bool is_shared_class(Oid class_id) {
  return class_id == class_oid::kRole || class_id == class_oid::kDatabase;
}

bool has_storage(char relkind) {
  return relkind == 'r' || relkind == 'm' || relkind == 'i' || relkind == 'S';
}

}  // namespace

CatalogTransaction::CatalogTransaction(CatalogStore& store, Oid database)
    : store_(store), database_(database), base_(store.snapshot(database)), view_(base_) {}

CatalogTransaction::~CatalogTransaction() = default;

Oid CatalogTransaction::new_oid() { return store_.ids().next_oid(); }
uint32_t CatalogTransaction::new_storage_id() { return store_.ids().next_storage_id(); }

void CatalogTransaction::refresh() {
  if (store_.version() == base_->version()) return;
  base_ = store_.snapshot(database_);
  rebuild_view();
}

void CatalogTransaction::rebuild_view() {
  auto shared = std::make_shared<ObjectSet>(*base_->shared_objects());
  auto local = std::make_shared<ObjectSet>(*base_->local_objects());
  for (const auto& [key, object] : changes_) {
    if (key.database != 0 && key.database != database_) continue;
    ObjectSet& set = key.database == 0 ? *shared : *local;
    object != nullptr ? set.put(object) : set.erase({key.class_id, key.oid});
  }
  view_ = std::make_shared<const Catalog>(database_, store_.next_private_version(),
                                          std::move(shared), std::move(local));
}

void CatalogTransaction::change(const Key& key, ObjectPtr object) {
  auto it = changes_.find(key);
  log_.push_back({key, it != changes_.end(), it == changes_.end() ? nullptr : it->second});
  if (it == changes_.end() && (key.database == 0 || key.database == database_)) {
    const ObjectSet& set = key.database == 0 ? *base_->shared_objects() : *base_->local_objects();
    const ObjectPtr* original = set.find({key.class_id, key.oid});
    originals_.try_emplace(key, original == nullptr ? nullptr : *original);
  }
  changes_[key] = object;
  if (key.database != 0 && key.database != database_) return;
  auto shared = view_->shared_objects();
  auto local = view_->local_objects();
  auto copy = std::make_shared<ObjectSet>(key.database == 0 ? *shared : *local);
  object != nullptr ? copy->put(std::move(object)) : copy->erase({key.class_id, key.oid});
  (key.database == 0 ? shared : local) = std::move(copy);
  view_ = std::make_shared<const Catalog>(database_, store_.next_private_version(),
                                          std::move(shared), std::move(local));
}

void CatalogTransaction::rollback_to(Mark mark) {
  if (log_.size() == mark) return;
  while (log_.size() > mark) {
    LogEntry entry = std::move(log_.back());
    log_.pop_back();
    if (entry.had_before) {
      changes_[entry.key] = std::move(entry.before);
    } else {
      changes_.erase(entry.key);
      originals_.erase(entry.key);
    }
  }
  rebuild_view();
}

void CatalogTransaction::fill_oids(CatalogObject& object) {
  auto fill = [this](Oid& oid) {
    if (oid == kInvalidOid) oid = new_oid();
  };
  fill(object.oid);
  if (auto* relation = dynamic_cast<Relation*>(&object);
      relation != nullptr && relation->storage_id == 0 && has_storage(relation->relkind)) {
    relation->storage_id = new_storage_id();
  }
  if (auto* table = dynamic_cast<Table*>(&object)) {
    // Row and array type come as a pair; a composite type's are those of its Type object.
    if (table->relkind != 'c') {
      fill(table->row_type);
      fill(table->array_type);
    }
    if (table->relkind == 'v' || table->relkind == 'm') fill(table->rule_oid);
    for (Column& column : table->columns) {
      if (column.has_default()) fill(column.default_oid);
      if (!column.has_default()) column.default_oid = kInvalidOid;
    }
    for (Constraint& constraint : table->constraints) fill(constraint.oid);
    for (Policy& policy : table->policies) fill(policy.oid);
    for (Trigger& trigger : table->triggers) fill(trigger.oid);
    for (Rule& rule : table->rules) fill(rule.oid);
  }
  if (object.kind == ObjectKind::kOperatorFamily) {
    for (auto& member : static_cast<OperatorFamily&>(object).members) fill(member.oid);
  }
  if (auto* type = dynamic_cast<Type*>(&object)) {
    fill(type->array_type);
    for (Type::EnumLabel& label : type->labels) fill(label.oid);
    for (Constraint& constraint : type->constraints) fill(constraint.oid);
  }
}

void CatalogTransaction::require_free_names(const Catalog& catalog, const CatalogObject& object,
                                            bool ignore_changed) const {
  auto taken = [&](const CatalogObject* holder) {
    if (holder == nullptr || holder->oid == object.oid) return false;
    Oid database = is_shared_class(holder->class_id()) ? Oid{0} : database_;
    return !ignore_changed || !changes_.contains({database, holder->class_id(), holder->oid});
  };
  switch (object.kind) {
    case ObjectKind::kDatabase:
      if (!taken(catalog.find_database(object.name))) return;
      throw sql_error(SqlState::kDuplicateDatabase, "database \"{}\" already exists", object.name);
    case ObjectKind::kRole:
      if (!taken(catalog.find_role(object.name))) return;
      throw sql_error(SqlState::kDuplicateObject, "role \"{}\" already exists", object.name);
    case ObjectKind::kSchema:
      if (!taken(catalog.find_schema(object.name))) return;
      throw sql_error(SqlState::kDuplicateSchema, "schema \"{}\" already exists", object.name);
    case ObjectKind::kType: {
      const auto& type = static_cast<const Type&>(object);
      Oid holder = catalog.find_type_oid(type.schema, type.name);
      if (holder == type.oid || ignore_changed) return;
      if (is_free_type_name(catalog, type.schema, type.name)) return;
      throw sql_error(SqlState::kDuplicateObject, "type \"{}\" already exists", type.name);
    }
    case ObjectKind::kFunction: {
      const auto& function = static_cast<const Function&>(object);
      if (!taken(catalog.find_function(function.schema, function.name, function.input_types()))) {
        return;
      }
      throw sql_error(SqlState::kDuplicateFunction,
                      "function \"{}\" already exists with same argument types", function.name);
    }
    case ObjectKind::kDefaultAcl:
    case ObjectKind::kAccessList:
    case ObjectKind::kStatistics:
    case ObjectKind::kExtension:
    case ObjectKind::kOperator:
    case ObjectKind::kCast:
    case ObjectKind::kExtendedStatistics:
    case ObjectKind::kTextDictionary:
    case ObjectKind::kTextConfiguration:
    case ObjectKind::kCollation:
    case ObjectKind::kEventTrigger:
    case ObjectKind::kOperatorFamily:
    case ObjectKind::kOperatorClass:
      return;
    default:
      break;
  }
  const auto& relation = static_cast<const Relation&>(object);
  if (taken(catalog.find_relation(relation.schema, relation.name))) {
    throw sql_error(SqlState::kDuplicateTable, "relation \"{}\" already exists", relation.name);
  }
  const auto* table = dynamic_cast<const Table*>(&object);
  if (table == nullptr || table->relkind == 'c') return;
  const Type* type = catalog.find_type(table->schema, table->name);
  if (taken(type) && type->oid != table->row_type) {
    throw sql_error(SqlState::kDuplicateObject, "type \"{}\" already exists", table->name)
        .hint(
            "A relation has an associated type of the same name, so you must use a name that "
            "doesn't "
            "conflict with any existing type.");
  }
}

void CatalogTransaction::put(std::shared_ptr<CatalogObject> object) {
  fill_oids(*object);
  if (!object->acl.has_value() && view_->share(object->address()) == nullptr) {
    object->acl = acl_of_new_object(*view_, *object);
  }
  require_free_names(*view_, *object, false);
  Oid class_id = object->class_id();
  Key key{is_shared_class(class_id) ? Oid{0} : database_, class_id, object->oid};
  change(key, std::move(object));
}

void CatalogTransaction::remove(ObjectAddress address) {
  // Also where it has none yet: they may be gathered before this is committed.
  if (address.class_id == class_oid::kRelation && view_->table(address.oid) != nullptr) {
    change({database_, class_oid::kStatistics, address.oid}, nullptr);
  }
  change({is_shared_class(address.class_id) ? Oid{0} : database_, address.class_id, address.oid},
         nullptr);
}

std::vector<std::pair<uint32_t, uint32_t>> CatalogTransaction::create_database(
    std::shared_ptr<Database> database, Oid template_database) {
  put(database);
  std::vector<std::pair<uint32_t, uint32_t>> storage;
  std::vector<std::shared_ptr<TableStatisticsObject>> statistics;
  CatalogPtr source = snapshot_of(template_database);
  source->local_objects()->for_each([&](const ObjectPtr& object) {
    std::shared_ptr<CatalogObject> copy = clone_object(*object);
    if (copy->kind == ObjectKind::kStatistics) {
      statistics.push_back(std::static_pointer_cast<TableStatisticsObject>(copy));
      return;
    }
    if (auto* relation = dynamic_cast<Relation*>(copy.get());
        relation != nullptr && relation->storage_id != 0) {
      if (relation->persistence == 't') return;
      uint32_t fresh = new_storage_id();
      storage.emplace_back(relation->storage_id, fresh);
      relation->storage_id = fresh;
    }
    Key key{database->oid, copy->class_id(), copy->oid};
    change(key, std::move(copy));
  });
  // They tell of the same rows in their new place.
  for (std::shared_ptr<TableStatisticsObject>& copy : statistics) {
    auto moved =
        std::ranges::find(storage, copy->storage_id, &std::pair<uint32_t, uint32_t>::first);
    if (moved == storage.end()) continue;
    copy->storage_id = moved->second;
    Key key{database->oid, class_oid::kStatistics, copy->oid};
    change(key, std::move(copy));
  }
  return storage;
}

CatalogPtr CatalogTransaction::snapshot_of(Oid database) const {
  return database == database_ ? view_ : store_.snapshot(database);
}

void CatalogTransaction::drop_database(Oid database) {
  CatalogPtr source = store_.snapshot(database);
  source->local_objects()->for_each([&](const ObjectPtr& object) {
    change({database, object->class_id(), object->oid}, nullptr);
  });
  remove({class_oid::kDatabase, database, 0});
}

void CatalogTransaction::write_changes(CatalogWriter& writer) {
  refresh();
  for (const auto& [key, original] : originals_) {
    // Statistics may be gathered at any time, also while somebody else does or drops the table:
    // what is written last holds.
    if (key.class_id == class_oid::kStatistics) continue;
    const ObjectSet& set = key.database == 0 ? *base_->shared_objects() : *base_->local_objects();
    const ObjectPtr* now = set.find({key.class_id, key.oid});
    if ((now == nullptr ? nullptr : *now) != original) {
      throw sql_error(SqlState::kInternalError, "tuple concurrently updated");
    }
    const ObjectPtr& object = changes_.at(key);
    if (object == nullptr) continue;
    try {
      require_free_names(*base_, *object, true);
    } catch (const SqlError&) {
      throw sql_error(
          SqlState::kUniqueViolation,
          "duplicate key value violates unique constraint \"pg_class_relname_nsp_index\"")
          .detail(fmt::format("Key (relname)=({}) already exists.", object->name));
    }
  }
  for (const auto& [key, object] : changes_) {
    std::string bytes = encode_object_key({key.database, key.class_id, key.oid});
    if (object != nullptr) {
      writer.put(bytes, encode_object(*object));
    } else {
      writer.erase(bytes);
    }
  }
}

}  // namespace luma
