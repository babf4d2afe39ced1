#pragma once
// An immutable snapshot of what one database contains, plus the objects all databases share (roles,
// databases) and the built-in ones (pg_catalog, information_schema). Cheap to copy: structure is
// shared. Pointers that lookups return live as long as the snapshot they came from. Thread-safe.
//
// Snapshots come from CatalogStore (committed) or CatalogTransaction (with a transaction's own
// changes).
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/object.h"

namespace luma {

class ObjectSet;               // object_set.h: the persistent maps
struct TableStatisticsObject;  // statistics.h

class Catalog {
 public:
  Catalog(Oid database, uint64_t version, std::shared_ptr<const ObjectSet> shared,
          std::shared_ptr<const ObjectSet> local);
  ~Catalog();

  Oid database_oid() const { return database_; }
  // Grows with every published change; plans remember it.
  uint64_t version() const { return version_; }

  // --- by oid; nullptr when there is none ---
  const Database* database(Oid oid) const;
  const Role* role(Oid oid) const;
  const Schema* schema(Oid oid) const;
  const Relation* relation(Oid oid) const;
  const Table* table(Oid oid) const;  // any Table (views and composite types too)
  const Index* index(Oid oid) const;
  const Sequence* sequence(Oid oid) const;
  const Type* type(Oid oid) const;
  const Function* function(Oid oid) const;  // user-defined ones
  const Extension* extension(Oid oid) const;
  const UserOperator* user_operator(Oid oid) const;
  // What ANALYZE has found in a table.
  const TableStatisticsObject* statistics(Oid table) const;
  // pg_class.reltuples (-1: never analysed) and relpages of a table or index.
  std::pair<double, int32_t> analyzed_size(const Relation& relation) const;
  // The changed list of a built-in object; nullptr: it is as initdb left it.
  const AccessList* access_list(Oid oid) const;
  const DefaultAcl* default_acl(Oid oid) const;
  const DefaultAcl* find_default_acl(Oid role, Oid schema, char object_type) const;
  // The table whose row type, or array of row type, `type_oid` is.
  const Table* table_of_row_type(Oid type_oid) const;
  // The Type whose array type `array_type` is.
  const Type* type_of_array(Oid array_type) const;
  // The same object as a shared pointer, to outlive the snapshot.
  ObjectPtr share(ObjectAddress address) const;

  // --- by name ---
  const Database* find_database(std::string_view name) const;
  const Role* find_role(std::string_view name) const;
  const Schema* find_schema(std::string_view name) const;
  const Extension* find_extension(std::string_view name) const;
  const Relation* find_relation(Oid schema, std::string_view name) const;
  const Type* find_type(Oid schema, std::string_view name) const;
  // Oid of a type by name in one schema: built-in types (pg_catalog), user types, row types and
  // arrays ("_name"); 0 when there is none.
  Oid find_type_oid(Oid schema, std::string_view name) const;

  const Function* find_function(Oid schema, std::string_view name,
                                const std::vector<Oid>& input_types) const;
  // In order of oid.
  std::vector<const Function*> functions_named(Oid schema, std::string_view name) const;

  // In order of oid.
  std::vector<const UserOperator*> operators_named(Oid schema, std::string_view name) const;
  // A cast that a user has created; nullptr: there is none.
  const Cast* find_cast(Oid source, Oid target) const;

  // --- relations between objects ---
  std::vector<Oid> indexes_of(Oid table) const;  // in order of oid
  // Objects that hold a dependency on `referenced` (or a part of it).
  std::vector<ObjectAddress> dependents_of(ObjectAddress referenced) const;
  // Foreign keys that refer to `table`: (referencing table, constraint).
  struct ForeignKeyRef {
    const Table* table;
    const Constraint* constraint;
  };
  std::vector<ForeignKeyRef> foreign_keys_to(Oid table) const;
  std::vector<const Sequence*> sequences_owned_by(Oid table) const;
  // The table that has the constraint; nullptr when unknown.
  const Table* table_of_constraint(Oid constraint) const;
  const Table* table_of_default(Oid attrdef) const;
  const Table* table_of_policy(Oid policy) const;
  // Of one that CREATE RULE made.
  const Table* table_of_rule(Oid rule) const;
  const Table* table_of_trigger(Oid trigger) const;
  std::vector<const Table*> children_of(Oid table) const;  // inheritance

  // --- iteration, in no particular order; built-in relations included ---
  void for_each_relation(const std::function<void(const Relation&)>& visit) const;
  void for_each_schema(const std::function<void(const Schema&)>& visit) const;
  void for_each_role(const std::function<void(const Role&)>& visit) const;
  void for_each_database(const std::function<void(const Database&)>& visit) const;
  void for_each_type(const std::function<void(const Type&)>& visit) const;
  void for_each_extension(const std::function<void(const Extension&)>& visit) const;
  void for_each_function(const std::function<void(const Function&)>& visit) const;
  void for_each_operator(const std::function<void(const UserOperator&)>& visit) const;
  void for_each_cast(const std::function<void(const Cast&)>& visit) const;
  void for_each_default_acl(const std::function<void(const DefaultAcl&)>& visit) const;
  void for_each_access_list(const std::function<void(const AccessList&)>& visit) const;

  // --- names for messages and deparsing ---
  std::string role_name(Oid oid) const;    // "unknown (OID=n)" when there is none
  std::string schema_name(Oid oid) const;  // "" when there is none
  // "table x", "view v", "constraint c on table x", "default value for column a of table x": as in
  // the messages about dependencies. Names are qualified when `is_visible` says false.
  std::string describe(ObjectAddress address,
                       const std::function<bool(const Relation&)>& is_visible = {}) const;
  // format_type() for any type, row types and user types included (not schema-qualified).
  std::string type_name(Oid oid, int32_t typmod = -1) const;

  const std::shared_ptr<const ObjectSet>& shared_objects() const { return shared_; }
  const std::shared_ptr<const ObjectSet>& local_objects() const { return local_; }

 private:
  const CatalogObject* object(Oid class_id, Oid oid) const;

  Oid database_;
  uint64_t version_;
  std::shared_ptr<const ObjectSet> shared_;
  std::shared_ptr<const ObjectSet> local_;
};
using CatalogPtr = std::shared_ptr<const Catalog>;

}  // namespace luma
