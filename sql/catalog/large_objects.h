#pragma once
// Large objects of the session's database, as functions, commands and system relations see them.
// The session implements it over its transaction: everything is undone with it. Called by the
// thread that runs the statement, on a worker: what would wait, waits. Throws SqlError with
// PostgreSQL's texts.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sql/catalog/object.h"

namespace luma {

inline constexpr Oid kLargeObjectClass = 2613;  // pg_largeobject, in pg_description

struct LargeObjectInfo {
  Oid oid = kInvalidOid;
  Oid owner = kInvalidOid;
  std::optional<Acl> acl;
  std::string comment;
  int64_t size_bytes = 0;
};

class LargeObjects {
 public:
  static constexpr int32_t kWrite = 0x20000, kRead = 0x40000;
  static constexpr size_t kPageBytes = 2048;  // of pg_largeobject

  virtual ~LargeObjects() = default;
  // 0: any oid. 23505 when it exists.
  virtual Oid create(Oid wanted) = 0;
  virtual void remove(Oid oid) = 0;

  // --- descriptors, which end with the transaction or with the savepoint they were made in ---
  virtual int32_t open(Oid oid, int32_t mode) = 0;
  virtual void close(int32_t descriptor) = 0;
  virtual std::string read(int32_t descriptor, int64_t count) = 0;
  virtual void write(int32_t descriptor, std::string_view bytes) = 0;
  virtual int64_t seek(int32_t descriptor, int64_t offset, int32_t whence) = 0;
  virtual int64_t tell(int32_t descriptor) = 0;
  virtual void truncate(int32_t descriptor, int64_t size) = 0;

  // --- without a descriptor; privileges are checked ---
  // `count` < 0: to the end.
  virtual std::string read_at(Oid oid, int64_t offset, int64_t count) = 0;
  virtual void write_at(Oid oid, int64_t offset, std::string_view bytes) = 0;

  // --- for commands and system relations; no privileges are checked ---
  // nullopt when there is none.
  virtual std::optional<LargeObjectInfo> find(Oid oid) = 0;
  virtual void change(const LargeObjectInfo& info) = 0;  // owner, acl, comment
  // All of a database, which is dropped.
  virtual void remove_all(Oid database) = 0;
  virtual void for_each(const std::function<void(const LargeObjectInfo&)>& visit) = 0;
  virtual void for_each_page(
      const std::function<void(Oid oid, int32_t page, std::string_view bytes)>& visit) = 0;
};

}  // namespace luma
