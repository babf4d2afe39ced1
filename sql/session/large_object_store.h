#pragma once
// Large objects in the session's transaction. An object is a row with its owner and size, and pages
// of LargeObjects::kPageBytes; pages that are missing are zero bytes. Writers lock the row. Used by
// the session's thread.
#include <functional>
#include <vector>

#include "engine/txn/lock_manager.h"
#include "engine/txn/transaction.h"
#include "sql/catalog/catalog.h"
#include "sql/catalog/large_objects.h"

namespace luma {

class LargeObjectStore final : public LargeObjects {
 public:
  // What the store asks of its session.
  struct Surroundings {
    std::function<Transaction&()> transaction;
    std::function<const Catalog&()> catalog;
    std::function<Oid()> user;
    std::function<Oid()> new_oid;
    std::function<LockOptions()> lock_options;
    std::function<size_t()> savepoint_depth;
    // lo_compat_privileges: everybody may do everything.
    std::function<bool()> ignores_privileges;
  };
  explicit LargeObjectStore(Surroundings session) : session_(std::move(session)) {}

  Oid create(Oid wanted) override;
  void remove(Oid oid) override;
  int32_t open(Oid oid, int32_t mode) override;
  void close(int32_t descriptor) override;
  std::string read(int32_t descriptor, int64_t count) override;
  void write(int32_t descriptor, std::string_view bytes) override;
  int64_t seek(int32_t descriptor, int64_t offset, int32_t whence) override;
  int64_t tell(int32_t descriptor) override;
  void truncate(int32_t descriptor, int64_t size) override;
  std::string read_at(Oid oid, int64_t offset, int64_t count) override;
  void write_at(Oid oid, int64_t offset, std::string_view bytes) override;
  std::optional<LargeObjectInfo> find(Oid oid) override;
  void change(const LargeObjectInfo& info) override;
  void remove_all(Oid database) override;
  void for_each(const std::function<void(const LargeObjectInfo&)>& visit) override;
  void for_each_page(const std::function<void(Oid, int32_t, std::string_view)>& visit) override;

  // The end of the transaction, or of all savepoints deeper than `depth`.
  void close_all() noexcept { descriptors_.clear(); }
  void close_above(size_t depth) noexcept;

 private:
  struct Descriptor {
    Oid oid = kInvalidOid;  // 0: free
    bool reads = false, writes = false;
    int64_t position = 0;
    size_t savepoint_depth = 0;
  };
  Oid database() const { return session_.catalog().database_oid(); }
  Descriptor& require(int32_t descriptor);
  LargeObjectInfo require_object(Oid oid);
  // Locked for a change, in its newest version.
  LargeObjectInfo lock(Oid oid, RowLockMode mode);
  void require_privilege(const LargeObjectInfo& info, char privilege) const;
  void put(const LargeObjectInfo& info);
  std::string bytes_of(const LargeObjectInfo& info, int64_t offset, int64_t count);
  void change_bytes(Oid oid, int64_t offset, std::string_view bytes);
  void cut(Oid oid, int64_t size);

  Surroundings session_;
  std::vector<Descriptor> descriptors_;
};

}  // namespace luma
