#pragma once
// A transaction's own view of the catalog: a committed snapshot plus its uncommitted changes. Owned
// by the session's transaction; one thread at a time. Made at the first DDL statement (readers use
// the store's snapshot directly).
//
//   CatalogTransaction ddl(store, database);
//   auto table = std::make_shared<Table>(); ...; ddl.put(table);
//   auto mark = ddl.savepoint(); ... ddl.rollback_to(mark);
//   commit: ddl.write_changes(writer) into the same write batch as the data, then, when the batch
//   is durable and before locks are released, store.publish(ddl).
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/catalog.h"

namespace luma {

class CatalogStore;

// Receives the key/value changes of a commit (column family `catalog`).
class CatalogWriter {
 public:
  virtual ~CatalogWriter() = default;
  virtual void put(std::string_view key, std::string_view value) = 0;
  virtual void erase(std::string_view key) = 0;
};

enum class DropBehavior : uint8_t { kRestrict, kCascade };

// What a DROP removed, for the caller to act on.
struct DropResult {
  std::vector<ObjectPtr> removed;       // whole objects: their rows and entries can be reclaimed
  std::vector<ObjectPtr> changed_from;  // former state of objects that lost a part
  // NOTICE "drop cascades to ..." (empty = none) and its detail.
  std::string notice;
  std::string notice_detail;
};

class CatalogTransaction {
 public:
  CatalogTransaction(CatalogStore& store, Oid database);
  ~CatalogTransaction();

  // The view with all changes so far. Valid until the next change; share it to keep it.
  const CatalogPtr& view() const { return view_; }
  bool has_changes() const { return !changes_.empty(); }
  // At READ COMMITTED each statement starts with this: takes over what others have published since.
  void refresh();

  Oid new_oid();
  uint32_t new_storage_id();  // never reused either

  // Adds or replaces an object, which must not be changed afterwards. Oids that are 0 are filled in
  // first: the object's own, its constraints', defaults', row and array types', rule's and storage
  // id. Throws 42P07/42710/42P06/... when the name is taken by another one.
  void put(std::shared_ptr<CatalogObject> object);
  // Without looking at dependencies.
  void remove(ObjectAddress address);
  // DROP: removes the objects and what goes with them (automatic and internal dependents); with
  // kRestrict throws 2BP01 `cannot drop x because other objects depend on it` when anything else
  // depends on them. Columns and constraints are dropped through their addresses (pg_class +
  // sub_id, pg_constraint).
  DropResult drop(const std::vector<ObjectAddress>& targets, DropBehavior behavior,
                  const std::function<bool(const Relation&)>& is_visible = {});

  // CREATE DATABASE: copies the template's objects. Storage of copied relations gets new ids:
  // (old, new) pairs for the caller to copy the data. Throws 42P04 when the name is taken.
  std::vector<std::pair<uint32_t, uint32_t>> create_database(std::shared_ptr<Database> database,
                                                             Oid template_database);
  void drop_database(Oid database);
  // Another database's committed objects, or this one's as the transaction sees them.
  CatalogPtr snapshot_of(Oid database) const;

  using Mark = size_t;
  Mark savepoint() const { return log_.size(); }
  void rollback_to(Mark mark);

  // Hold store.lock_commit() from before this call until publish(). Throws XX000 `tuple
  // concurrently updated` or 23505 when another transaction has changed the same object or taken a
  // name meanwhile.
  void write_changes(CatalogWriter& writer);

 private:
  friend class CatalogStore;
  struct Key {
    Oid database;  // 0: shared
    Oid class_id;
    Oid oid;
    auto operator<=>(const Key&) const = default;
  };
  struct LogEntry {
    Key key;
    bool had_before;
    ObjectPtr before;  // former change entry (when had_before)
  };
  void change(const Key& key, ObjectPtr object);
  void rebuild_view();
  void fill_oids(CatalogObject& object);
  // `ignore_changed`: `catalog` is the committed state, where what this transaction has changed no
  // longer holds its name.
  void require_free_names(const Catalog& catalog, const CatalogObject& object,
                          bool ignore_changed) const;

  CatalogStore& store_;
  Oid database_;
  CatalogPtr base_;
  CatalogPtr view_;
  std::map<Key, ObjectPtr> changes_;    // nullptr = removed
  std::map<Key, ObjectPtr> originals_;  // committed state when first changed; nullptr = none
  std::vector<LogEntry> log_;
};

}  // namespace luma
