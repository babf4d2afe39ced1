#pragma once
// The committed catalogs of all databases of an instance. Publishes immutable snapshots;
// thread-safe.
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "sql/catalog/catalog.h"
#include "sql/catalog/catalog_transaction.h"

namespace luma {

// Hands out oids and storage ids that are never given twice, not even after a crash; thread-safe.
class CatalogIds {
 public:
  virtual ~CatalogIds() = default;
  virtual Oid next_oid() = 0;  // from kFirstUserOid
  virtual uint32_t next_storage_id() = 0;
};

struct BootstrapOptions {
  std::string superuser = "postgres";
  std::string password_verifier;  // "" = none
  std::string collate = "C.UTF-8";
};

class CatalogStore {
 public:
  explicit CatalogStore(CatalogIds& ids);
  ~CatalogStore();

  // Writes a new cluster's objects (databases postgres, template0, template1; the superuser; schema
  // public in each database) and publishes them.
  void bootstrap(const BootstrapOptions& options, CatalogWriter& writer);
  // Reads everything: `scan` calls its argument for every key/value of the catalog column family.
  // False when there is nothing (a new cluster). Throws XX001 when an object cannot be read.
  using ScanCallback = std::function<void(std::string_view key, std::string_view value)>;
  bool load(const std::function<void(const ScanCallback&)>& scan);

  // Newest committed snapshot of a database; 3D000 when it does not exist.
  CatalogPtr snapshot(Oid database) const;
  // Changes with every publish; lets a session skip snapshot() when nothing happened.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // A database by name without being connected to one (start-up packets).
  std::shared_ptr<const Database> find_database(std::string_view name) const;
  std::shared_ptr<const Role> find_role(std::string_view name) const;

  // Held while a transaction with catalog changes commits: one at a time.
  std::unique_lock<std::mutex> lock_commit() { return std::unique_lock(commit_mutex_); }
  // Makes a committed transaction's changes visible. The caller has written them durably.
  void publish(const CatalogTransaction& transaction);

  CatalogIds& ids() { return ids_; }

 private:
  friend class CatalogTransaction;
  struct State;
  // Versions of uncommitted views; never equal to a committed one.
  uint64_t next_private_version() {
    return (uint64_t{1} << 63) | private_version_.fetch_add(1, std::memory_order_relaxed);
  }
  CatalogIds& ids_;
  std::atomic<uint64_t> version_{0};
  std::atomic<uint64_t> private_version_{0};
  std::mutex commit_mutex_;
  mutable std::mutex mutex_;
  std::unique_ptr<State> state_;  // guarded by mutex_
};

}  // namespace luma
