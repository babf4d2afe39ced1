#include "sql/session/large_object_store.h"

#include <algorithm>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/txn/engine_keys.h"
#include "engine/txn/lock_manager.h"
#include "engine/txn/txn_iterator.h"
#include "sql/catalog/privileges.h"

namespace luma {

namespace {

constexpr size_t kStampBytes = 8;
constexpr auto kPage = static_cast<int64_t>(LargeObjects::kPageBytes);
// As many pages as PostgreSQL can number.
constexpr int64_t kMaxSizeBytes = int64_t{INT32_MAX} * kPage;
constexpr int64_t kMaxReadBytes = (int64_t{1} << 30) - 5;
constexpr Oid kMetadataRelation = 2995;

std::string info_key(Oid database, Oid oid) {
  std::string key = large_object_prefix('M', database);
  append_big_endian(&key, oid);
  return key;
}
std::string page_key(Oid database, Oid oid, int64_t page) {
  std::string key = large_object_prefix('L', database);
  append_big_endian(&key, oid);
  append_big_endian(&key, static_cast<uint32_t>(page));
  return key;
}
std::string end_of(std::string prefix) {
  for (size_t i = prefix.size(); i-- > 0;) {
    if (static_cast<unsigned char>(prefix[i]) != 0xFF) {
      ++prefix[i];
      prefix.resize(i + 1);
      return prefix;
    }
  }
  return prefix;
}
uint32_t big_endian_at(std::string_view key, size_t at) {
  uint32_t value = 0;
  for (size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<unsigned char>(key[i]);
  return value;
}

template <typename T>
void append_number(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}
void append_text(std::string& out, std::string_view text) {
  append_number(out, static_cast<uint32_t>(text.size()));
  out += text;
}
template <typename T>
T take_number(std::string_view& in) {
  T value;
  if (in.size() < sizeof(value)) {
    throw SqlError(SqlState::kDataCorrupted, "large object has damaged metadata");
  }
  std::memcpy(&value, in.data(), sizeof(value));
  in.remove_prefix(sizeof(value));
  return value;
}
std::string take_text(std::string_view& in) {
  auto size = std::min<size_t>(take_number<uint32_t>(in), in.size());
  std::string out(in.substr(0, size));
  in.remove_prefix(size);
  return out;
}

std::string encode(const LargeObjectInfo& info) {
  std::string out(kStampBytes, '\0');
  append_number(out, info.owner);
  append_number(out, info.size_bytes);
  append_text(out, info.comment);
  append_number(out, info.acl ? static_cast<int32_t>(info.acl->size()) : -1);
  if (!info.acl) return out;
  for (const AclItem& item : *info.acl) {
    append_number(out, item.grantee);
    append_number(out, item.grantor);
    append_text(out, item.privileges);
    append_text(out, item.grantable);
  }
  return out;
}
LargeObjectInfo decode(Oid oid, std::string_view value) {
  value.remove_prefix(std::min(value.size(), kStampBytes));
  LargeObjectInfo info;
  info.oid = oid;
  info.owner = take_number<Oid>(value);
  info.size_bytes = take_number<int64_t>(value);
  info.comment = take_text(value);
  auto count = take_number<int32_t>(value);
  if (count < 0) return info;
  info.acl.emplace();
  for (int32_t i = 0; i < count; ++i) {
    AclItem item;
    item.grantee = take_number<Oid>(value);
    item.grantor = take_number<Oid>(value);
    item.privileges = take_text(value);
    item.grantable = take_text(value);
    info.acl->push_back(std::move(item));
  }
  return info;
}

SqlError missing(Oid oid) {
  return sql_error(SqlState::kUndefinedObject, "large object {} does not exist", oid);
}

}  // namespace

Oid LargeObjectStore::create(Oid wanted) {
  Oid oid = wanted != kInvalidOid ? wanted : session_.new_oid();
  Transaction& txn = session_.transaction();
  std::string key = info_key(database(), oid);
  txn.locks()->lock_row(*txn.owner(), kMetadataRelation, key, RowLockMode::kUpdate,
                        session_.lock_options());
  KvValue value;
  if (txn.latest(KvFamily::kData, key, &value)) {
    throw SqlError(SqlState::kUniqueViolation,
                   "duplicate key value violates unique constraint "
                   "\"pg_largeobject_metadata_oid_index\"")
        .detail(fmt::format("Key (oid)=({}) already exists.", oid));
  }
  LargeObjectInfo info;
  info.oid = oid;
  info.owner = session_.user();
  put(info);
  return oid;
}

void LargeObjectStore::put(const LargeObjectInfo& info) {
  session_.transaction().put(KvFamily::kData, info_key(database(), info.oid), encode(info), true);
}

std::optional<LargeObjectInfo> LargeObjectStore::find(Oid oid) {
  KvValue value;
  bool found = session_.transaction().get(KvFamily::kData, info_key(database(), oid), &value,
                                          ReadView::kOwn);
  if (!found) return std::nullopt;
  return decode(oid, value.view());
}

LargeObjectInfo LargeObjectStore::require_object(Oid oid) {
  if (std::optional<LargeObjectInfo> info = find(oid)) return *std::move(info);
  throw missing(oid);
}

LargeObjectInfo LargeObjectStore::lock(Oid oid, RowLockMode mode) {
  Transaction& txn = session_.transaction();
  std::string key = info_key(database(), oid);
  txn.locks()->lock_row(*txn.owner(), kMetadataRelation, key, mode, session_.lock_options());
  txn.check_unchanged_since_snapshot(KvFamily::kData, key);
  KvValue value;
  if (!txn.latest(KvFamily::kData, key, &value)) throw missing(oid);
  return decode(oid, value.view());
}

void LargeObjectStore::require_privilege(const LargeObjectInfo& info, char privilege) const {
  const Catalog& catalog = session_.catalog();
  Oid user = session_.user();
  if (session_.ignores_privileges() || has_privileges_of(catalog, user, info.owner)) return;
  if (info.acl) {
    for (const AclItem& item : *info.acl) {
      bool applies =
          item.grantee == kPublicGrantee || has_privileges_of(catalog, user, item.grantee);
      if (applies && item.privileges.find(privilege) != std::string::npos) return;
    }
  }
  throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for large object {}",
                  info.oid);
}

void LargeObjectStore::remove(Oid oid) {
  LargeObjectInfo info = require_object(oid);
  if (!session_.ignores_privileges() &&
      !has_privileges_of(session_.catalog(), session_.user(), info.owner)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of large object {}", oid);
  }
  lock(oid, RowLockMode::kUpdate);
  cut(oid, 0);
  session_.transaction().remove(KvFamily::kData, info_key(database(), oid));
  for (Descriptor& each : descriptors_) {
    if (each.oid == oid) each = {};
  }
}

int32_t LargeObjectStore::open(Oid oid, int32_t mode) {
  Descriptor made;
  made.oid = oid;
  made.writes = (mode & kWrite) != 0;
  made.reads = (mode & (kRead | kWrite)) != 0;
  if (!made.reads) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "invalid flags for opening a large object: {}", mode);
  }
  made.savepoint_depth = session_.savepoint_depth();
  LargeObjectInfo info = require_object(oid);
  if (made.reads && (mode & kRead) != 0) require_privilege(info, 'r');
  if (made.writes) require_privilege(info, 'w');
  auto free = std::find_if(descriptors_.begin(), descriptors_.end(),
                           [](const Descriptor& each) { return each.oid == kInvalidOid; });
  if (free == descriptors_.end()) free = descriptors_.insert(free, Descriptor{});
  *free = made;
  return static_cast<int32_t>(free - descriptors_.begin());
}

LargeObjectStore::Descriptor& LargeObjectStore::require(int32_t descriptor) {
  auto place = static_cast<size_t>(descriptor);
  if (descriptor < 0 || place >= descriptors_.size() || descriptors_[place].oid == kInvalidOid) {
    throw sql_error(SqlState::kUndefinedObject, "invalid large-object descriptor: {}", descriptor);
  }
  return descriptors_[place];
}

void LargeObjectStore::close(int32_t descriptor) { require(descriptor) = {}; }

void LargeObjectStore::close_above(size_t depth) noexcept {
  for (Descriptor& each : descriptors_) {
    if (each.savepoint_depth >= depth && each.savepoint_depth > 0) each = {};
  }
}

std::string LargeObjectStore::bytes_of(const LargeObjectInfo& info, int64_t offset, int64_t count) {
  int64_t end = count < 0 ? info.size_bytes : std::min(info.size_bytes, offset + count);
  if (offset >= end) return {};
  if (end - offset > kMaxReadBytes) {
    throw SqlError(SqlState::kProgramLimitExceeded, "large object read request is too large");
  }
  std::string out(static_cast<size_t>(end - offset), '\0');
  Transaction& txn = session_.transaction();
  for (int64_t page = offset / kPage; page * kPage < end; ++page) {
    KvValue value;
    if (!txn.get(KvFamily::kData, page_key(database(), info.oid, page), &value, ReadView::kOwn)) {
      continue;
    }
    std::string_view bytes = value.view().substr(kStampBytes);
    int64_t from = std::max(offset, page * kPage);
    int64_t to = std::min(end, page * kPage + static_cast<int64_t>(bytes.size()));
    if (from >= to) continue;
    bytes.substr(static_cast<size_t>(from - page * kPage), static_cast<size_t>(to - from))
        .copy(out.data() + (from - offset), static_cast<size_t>(to - from));
  }
  return out;
}

void LargeObjectStore::change_bytes(Oid oid, int64_t offset, std::string_view bytes) {
  auto count = static_cast<int64_t>(bytes.size());
  if (count == 0) return;
  if (offset + count > kMaxSizeBytes) {
    throw sql_error(SqlState::kInvalidParameterValue, "invalid large object write request size: {}",
                    count);
  }
  LargeObjectInfo info = lock(oid, RowLockMode::kNoKeyUpdate);
  Transaction& txn = session_.transaction();
  for (int64_t page = offset / kPage; page * kPage < offset + count; ++page) {
    std::string key = page_key(database(), oid, page);
    int64_t from = std::max(offset, page * kPage),
            to = std::min(offset + count, (page + 1) * kPage);
    std::string content(kStampBytes, '\0');
    KvValue value;
    if (to - from < kPage && txn.latest(KvFamily::kData, key, &value)) content = value.view();
    auto begin = kStampBytes + static_cast<size_t>(from - page * kPage);
    auto length = static_cast<size_t>(to - from);
    if (content.size() < begin + length) content.resize(begin + length, '\0');
    content.replace(begin, length, bytes.substr(static_cast<size_t>(from - offset), length));
    txn.put(KvFamily::kData, key, content, true);
  }
  if (offset + count > info.size_bytes) {
    info.size_bytes = offset + count;
    put(info);
  }
}

// Removes the pages from `size` on; the page it falls into loses its end.
void LargeObjectStore::cut(Oid oid, int64_t size) {
  Transaction& txn = session_.transaction();
  int64_t first = (size + kPage - 1) / kPage;
  std::string lower = page_key(database(), oid, first);
  std::string upper = end_of(page_key(database(), oid, 0).substr(0, lower.size() - 4));
  std::vector<std::string> keys;
  auto at = txn.scan(KvFamily::kData, lower, upper, ReadView::kLatest);
  for (at->seek_first(); at->valid(); at->next()) keys.emplace_back(at->key());
  at.reset();
  for (const std::string& key : keys) txn.remove(KvFamily::kData, key);
  if (size % kPage == 0) return;
  std::string last = page_key(database(), oid, size / kPage);
  KvValue value;
  if (!txn.latest(KvFamily::kData, last, &value)) return;
  std::string content(value.view());
  content.resize(std::min(content.size(), kStampBytes + static_cast<size_t>(size % kPage)));
  txn.put(KvFamily::kData, last, content, true);
}

std::string LargeObjectStore::read(int32_t descriptor, int64_t count) {
  Descriptor& at = require(descriptor);
  if (!at.reads) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                    "large object descriptor {} was not opened for reading", descriptor);
  }
  std::string out = bytes_of(require_object(at.oid), at.position, count);
  at.position += static_cast<int64_t>(out.size());
  return out;
}

void LargeObjectStore::write(int32_t descriptor, std::string_view bytes) {
  Descriptor& at = require(descriptor);
  if (!at.writes) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                    "large object descriptor {} was not opened for writing", descriptor);
  }
  change_bytes(at.oid, at.position, bytes);
  at.position += static_cast<int64_t>(bytes.size());
}

int64_t LargeObjectStore::seek(int32_t descriptor, int64_t offset, int32_t whence) {
  Descriptor& at = require(descriptor);
  int64_t base = 0;
  if (whence == 1) {
    base = at.position;
  } else if (whence == 2) {
    base = require_object(at.oid).size_bytes;
  } else if (whence != 0) {
    throw sql_error(SqlState::kInvalidParameterValue, "invalid whence setting: {}", whence);
  }
  int64_t target = 0;
  bool overflow = __builtin_add_overflow(base, offset, &target);
  if (overflow || target < 0 || target > kMaxSizeBytes) {
    throw sql_error(SqlState::kInvalidParameterValue, "invalid large object seek target: {}",
                    target);
  }
  return at.position = target;
}

int64_t LargeObjectStore::tell(int32_t descriptor) { return require(descriptor).position; }

void LargeObjectStore::truncate(int32_t descriptor, int64_t size) {
  Descriptor& at = require(descriptor);
  if (!at.writes) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                    "large object descriptor {} was not opened for writing", descriptor);
  }
  if (size < 0 || size > kMaxSizeBytes) {
    throw sql_error(SqlState::kInvalidParameterValue, "invalid large object truncation target: {}",
                    size);
  }
  LargeObjectInfo info = lock(at.oid, RowLockMode::kNoKeyUpdate);
  if (size < info.size_bytes) cut(at.oid, size);
  info.size_bytes = size;
  put(info);
}

std::string LargeObjectStore::read_at(Oid oid, int64_t offset, int64_t count) {
  LargeObjectInfo info = require_object(oid);
  require_privilege(info, 'r');
  if (offset < 0 || offset > kMaxSizeBytes) {
    throw sql_error(SqlState::kInvalidParameterValue, "invalid large object seek target: {}",
                    offset);
  }
  return bytes_of(info, offset, count);
}

void LargeObjectStore::write_at(Oid oid, int64_t offset, std::string_view bytes) {
  require_privilege(require_object(oid), 'w');
  if (offset < 0 || offset > kMaxSizeBytes) {
    throw sql_error(SqlState::kInvalidParameterValue, "invalid large object seek target: {}",
                    offset);
  }
  change_bytes(oid, offset, bytes);
}

void LargeObjectStore::change(const LargeObjectInfo& info) {
  LargeObjectInfo now = lock(info.oid, RowLockMode::kNoKeyUpdate);
  now.owner = info.owner;
  now.acl = info.acl;
  now.comment = info.comment;
  put(now);
}

void LargeObjectStore::remove_all(Oid database) {
  Transaction& txn = session_.transaction();
  for (char kind : {'M', 'L'}) {
    std::string prefix = large_object_prefix(kind, database), end = end_of(prefix);
    std::vector<std::string> keys;
    auto at = txn.scan(KvFamily::kData, prefix, end, ReadView::kLatest);
    for (at->seek_first(); at->valid(); at->next()) keys.emplace_back(at->key());
    at.reset();
    for (const std::string& key : keys) txn.remove(KvFamily::kData, key);
  }
}

void LargeObjectStore::for_each(const std::function<void(const LargeObjectInfo&)>& visit) {
  std::string prefix = large_object_prefix('M', database()), end = end_of(prefix);
  auto at = session_.transaction().scan(KvFamily::kData, prefix, end, ReadView::kOwn);
  for (at->seek_first(); at->valid(); at->next()) {
    visit(decode(big_endian_at(at->key(), prefix.size()), at->value()));
  }
}

void LargeObjectStore::for_each_page(
    const std::function<void(Oid, int32_t, std::string_view)>& visit) {
  std::string prefix = large_object_prefix('L', database()), end = end_of(prefix);
  auto at = session_.transaction().scan(KvFamily::kData, prefix, end, ReadView::kOwn);
  for (at->seek_first(); at->valid(); at->next()) {
    visit(big_endian_at(at->key(), prefix.size()),
          static_cast<int32_t>(big_endian_at(at->key(), prefix.size() + 4)),
          at->value().substr(kStampBytes));
  }
}

}  // namespace luma
