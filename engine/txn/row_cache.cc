#include "engine/txn/row_cache.h"

#include <sched.h>

#include <bit>
#include <cstring>
#include <new>

#include "engine/base/work_counts.h"
#include "engine/row/kv.h"
#include "engine/type/value_hash.h"

namespace luma {

namespace {

// A guess that decides how many sets there are.
constexpr size_t kTypicalRowBytes = 256;
constexpr size_t kTimestampBytes = sizeof(uint64_t);

uint16_t tag_of(uint64_t hash) { return static_cast<uint16_t>(hash >> 48); }

}  // namespace

// Followed by key and value.
struct RowCache::Row {
  uint64_t storage_version;  // of when it was read
  uint32_t key_size, value_size;

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_size}; }
  std::string_view value() const {
    return {reinterpret_cast<const char*>(this + 1) + key_size, value_size};
  }
  size_t size_bytes() const { return sizeof(Row) + key_size + value_size; }
};

// Held for some tens of instructions; who meets a holder that lost its processor lets others run.
class RowCache::SetLock {
 public:
  explicit SetLock(Set& set) : word_(set.lock) {
    for (int tries = 0; word_.exchange(1, std::memory_order_acquire) != 0; ++tries) {
      if (tries >= 100) sched_yield();
    }
  }
  ~SetLock() { word_.store(0, std::memory_order_release); }
  SetLock(const SetLock&) = delete;
  SetLock& operator=(const SetLock&) = delete;

 private:
  std::atomic_ref<uint32_t> word_;
};

RowCache::RowCache(size_t limit_bytes) : limit_bytes_(limit_bytes) {
  if (limit_bytes == 0) return;
  size_t count = std::bit_floor(std::max<size_t>(limit_bytes / (kWays * kTypicalRowBytes), 16));
  sets_.reset(static_cast<Set*>(std::calloc(count, sizeof(Set))));
  if (sets_ == nullptr) throw std::bad_alloc();
  mask_ = count - 1;
}

RowCache::~RowCache() {
  if (sets_ == nullptr || used_bytes() == 0) return;
  for (size_t i = 0; i <= mask_; ++i) {
    for (Row* row : sets_.get()[i].rows) std::free(row);
  }
}

RowCache::Storage& RowCache::storage_of(std::string_view key) {
  uint32_t storage = 0;
  std::memcpy(&storage, key.data(), std::min(key.size(), kStorageBytes));
  return storages_[hash_int64(storage) % kStorages];
}

int RowCache::way_of(const Set& set, uint64_t hash, std::string_view key) {
  for (size_t way = 0; way < kWays; ++way) {
    if (set.rows[way] != nullptr && set.tags[way] == tag_of(hash) && set.rows[way]->key() == key) {
      return static_cast<int>(way);
    }
  }
  return -1;
}

bool RowCache::find(std::string_view key, uint64_t visible_ts, uint64_t seen_ts, KvValue* out,
                    Ticket* ticket) {
  *ticket = {};
  if (sets_ == nullptr) return false;
  Storage& of_storage = storage_of(key);
  if (!of_storage.wanted.load()) {
    ticket->first_ = true;
    return false;
  }
  const uint64_t hash = hash_bytes(key);
  Set& set = set_of(hash);
  SetLock lock(set);
  const uint64_t storage = of_storage.version.load();
  int way = way_of(set, hash, key);
  if (way >= 0) {
    const Row& row = *set.rows[way];
    uint64_t written_ts;
    std::memcpy(&written_ts, row.value().data(), kTimestampBytes);
    if (row.storage_version != storage) {
      drop(set, static_cast<size_t>(way));
    } else if (written_ts <= visible_ts) {
      set.referenced |= static_cast<uint8_t>(1u << way);
      out->copy_from(row.value());
      thread_work().hit_blocks += WorkCounts::blocks_of(row.size_bytes());
      return true;
    }
  }
  ticket->hash_ = hash;
  ticket->set_version_ = set.version;
  ticket->storage_version_ = storage;
  // A commit that has been announced and is not visible yet may be missing in what is read now.
  ticket->usable_ = set.version <= seen_ts && storage <= seen_ts;
  return false;
}

void RowCache::put(const Ticket& ticket, std::string_view key, std::string_view value) {
  if (ticket.first_) {
    storage_of(key).wanted.store(true);
    return;
  }
  if (!ticket.usable_) return;
  if (value.size() < kTimestampBytes || key.size() + value.size() > kMaxRowBytes) return;
  Set& set = set_of(ticket.hash_);
  {
    SetLock lock(set);
    if (set.version != ticket.set_version_ || way_of(set, ticket.hash_, key) >= 0) return;
    insert(set, ticket.hash_, ticket.storage_version_, key, value, 0);
  }
  if (used_bytes() > limit_bytes_) make_room();
}

bool RowCache::will_change(std::string_view key, uint64_t commit_ts) {
  if (sets_ == nullptr) return false;
  Storage& storage = storage_of(key);
  if (!storage.wanted.load()) {
    // Either this commit sees that rows are wanted from now on, or who wants one sees this change.
    storage.version.store(commit_ts);
    if (!storage.wanted.load()) return false;
  }
  const uint64_t hash = hash_bytes(key);
  Set& set = set_of(hash);
  SetLock lock(set);
  set.version = commit_ts;
  int way = way_of(set, hash, key);
  if (way < 0) return false;
  drop(set, static_cast<size_t>(way));
  return true;
}

void RowCache::replace(std::string_view key, std::string_view value, uint64_t commit_ts) {
  if (value.size() < kTimestampBytes || key.size() + value.size() > kMaxRowBytes) return;
  const uint64_t hash = hash_bytes(key);
  Set& set = set_of(hash);
  SetLock lock(set);
  // A change to all of a storage that comes after this commit waits for it.
  const uint64_t storage = storage_of(key).version.load();
  if (set.version != commit_ts || way_of(set, hash, key) >= 0) return;
  insert(set, hash, storage, key, value, commit_ts);
}

void RowCache::will_change_all(std::string_view storage, uint64_t commit_ts) {
  storage_of(storage).version.store(commit_ts);
}

// `commit_ts`: what the value's first bytes shall say; 0: they say it.
void RowCache::insert(Set& set, uint64_t hash, uint64_t storage_version, std::string_view key,
                      std::string_view value, uint64_t commit_ts) {
  size_t way = 0;
  while (way < kWays && set.rows[way] != nullptr) ++way;
  if (way == kWays) {
    // A full set takes a key that is asked for twice in a row, in place of one that was not used
    // since the hand passed it.
    if (set.ghost != tag_of(hash)) {
      set.ghost = tag_of(hash);
      return;
    }
    while ((set.referenced >> set.hand & 1) != 0) {
      set.referenced &= static_cast<uint8_t>(~(1u << set.hand));
      set.hand = static_cast<uint8_t>((set.hand + 1) % kWays);
    }
    way = set.hand;
    drop(set, way);
  }
  const size_t size = sizeof(Row) + key.size() + value.size();
  void* memory = std::malloc(size);
  if (memory == nullptr) return;  // nothing is kept, then
  Row* row = new (memory)
      Row{storage_version, static_cast<uint32_t>(key.size()), static_cast<uint32_t>(value.size())};
  std::memcpy(row->bytes(), key.data(), key.size());
  std::memcpy(row->bytes() + key.size(), value.data(), value.size());
  if (commit_ts != 0) std::memcpy(row->bytes() + key.size(), &commit_ts, kTimestampBytes);
  set.rows[way] = row;
  set.tags[way] = tag_of(hash);
  used_bytes_.fetch_add(size, std::memory_order_relaxed);
}

void RowCache::drop(Set& set, size_t way) {
  used_bytes_.fetch_sub(set.rows[way]->size_bytes(), std::memory_order_relaxed);
  std::free(set.rows[way]);
  set.rows[way] = nullptr;
  set.referenced &= static_cast<uint8_t>(~(1u << way));
}

// Set by set, rows that nobody has read since the last time go.
void RowCache::make_room() {
  for (size_t turns = 0; turns <= 2 * mask_ && used_bytes() > limit_bytes_; ++turns) {
    Set& set = set_of(hand_.fetch_add(1, std::memory_order_relaxed));
    SetLock lock(set);
    for (size_t way = 0; way < kWays; ++way) {
      if (set.rows[way] != nullptr && (set.referenced >> way & 1) == 0) drop(set, way);
    }
    set.referenced = 0;
  }
}

}  // namespace luma
