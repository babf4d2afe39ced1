#pragma once
// The objects of one database (or the shared ones) with their lookup structures, as persistent
// maps. A plain value: copy it, change the copy. See sharded_map.h for threads.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/object.h"
#include "sql/catalog/sharded_map.h"

namespace luma {

// An object that can be stored: class and oid.
struct ObjectId {
  Oid class_id = kInvalidOid;
  Oid oid = kInvalidOid;
  bool operator==(const ObjectId&) const = default;
  auto operator<=>(const ObjectId&) const = default;
};
struct ObjectIdHash {
  size_t operator()(const ObjectId& id) const {
    return std::hash<uint64_t>()((uint64_t{id.class_id} << 32) | id.oid);
  }
};

// All edges of an object: those stored with it and those that its structure implies (an index needs
// its table's columns, a constraint belongs to its table, ...).
std::vector<Dependency> all_dependencies(const CatalogObject& object);

class ObjectSet {
 public:
  // Adds or replaces.
  void put(ObjectPtr object);
  void erase(ObjectId id);

  const ObjectPtr* find(ObjectId id) const { return objects_.find(id); }
  // Class is pg_class, pg_type, pg_namespace, ...; schema 0 for what is in no schema. 0 = none. For
  // types the oid may be that of a row type or of an array type.
  Oid find_name(Oid class_id, Oid schema, std::string_view name) const;
  // Functions, or operators, of that name, in order of oid.
  std::span<const ObjectId> overloads(Oid class_id, Oid schema, std::string_view name) const;
  size_t object_count() const { return object_count_; }
  bool has_casts() const { return cast_count_ > 0; }
  bool has_event_triggers() const { return event_trigger_count_ > 0; }
  // Relation behind a row type or array of one; 0 = none.
  Oid relation_of_type(Oid type) const;
  // Type object behind its array type; 0 = none.
  Oid type_of_array(Oid array_type) const;
  // What holds the constraint or column default.
  const ObjectId* holder(ObjectId part) const { return holders_.find(part); }

  enum class Link : uint8_t { kDependent, kIndex, kReferencing, kOwnedSequence, kChild };
  std::span<const ObjectId> linked(Link link, ObjectId to) const;

  template <typename Visit>
  void for_each(Visit&& visit) const {
    objects_.for_each([&](const ObjectId&, const ObjectPtr& object) { visit(object); });
  }

 private:
  struct NameKey {
    Oid class_id;
    Oid schema;
    std::string name;
    bool operator==(const NameKey&) const = default;
  };
  struct NameKeyHash {
    size_t operator()(const NameKey& k) const {
      return std::hash<std::string_view>()(k.name) ^ ((uint64_t{k.schema} << 20) + k.class_id);
    }
  };
  struct LinkKey {
    Link link;
    ObjectId to;
    bool operator==(const LinkKey&) const = default;
  };
  struct LinkKeyHash {
    size_t operator()(const LinkKey& k) const {
      return ObjectIdHash()(k.to) * 31 + static_cast<size_t>(k.link);
    }
  };
  using IdList = std::shared_ptr<const std::vector<ObjectId>>;

  void index(const CatalogObject& object, bool add);
  void set_name(Oid class_id, Oid schema, const std::string& name, Oid oid, bool add);
  void set_link(Link link, ObjectId to, ObjectId from, bool add);
  void set_holder(ObjectId part, ObjectId owner, bool add);
  void index_overload(const CatalogObject& object, Oid schema, const std::vector<Oid>& types,
                      bool add);

  ShardedMap<ObjectId, ObjectPtr, ObjectIdHash> objects_;
  ShardedMap<NameKey, Oid, NameKeyHash> names_;
  ShardedMap<Oid, Oid> row_types_;
  ShardedMap<Oid, Oid> array_types_;
  ShardedMap<ObjectId, ObjectId, ObjectIdHash> holders_;
  ShardedMap<LinkKey, IdList, LinkKeyHash> links_;
  ShardedMap<NameKey, IdList, NameKeyHash> overloads_;
  size_t object_count_ = 0;
  size_t cast_count_ = 0;
  size_t event_trigger_count_ = 0;
};

}  // namespace luma
