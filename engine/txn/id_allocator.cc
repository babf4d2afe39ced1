#include "engine/txn/id_allocator.h"

#include <algorithm>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/txn/engine_keys.h"
#include "engine/type/oid.h"

namespace luma {
namespace {

constexpr uint64_t kOidBlock = 64;
constexpr uint64_t kRowIdBlock = 4096;
constexpr uint64_t kFirstStorageId = 1024;

}  // namespace

IdAllocator::Counter& IdAllocator::counter(std::string_view name, uint64_t first_value,
                                           uint64_t block, uint64_t max_value) {
  std::lock_guard guard(mutex_);
  auto at = counters_.find(name);
  if (at != counters_.end()) return *at->second;
  std::unique_ptr<Counter> counter(new Counter(pipeline_, counter_key(name), block, max_value));
  KvValue value;
  counter->next_ = first_value;
  if (pipeline_.kv().get(KvFamily::kCatalog, counter->key_, nullptr, &value).found()) {
    LUMA_CHECK(value.view().size() == sizeof(uint64_t));
    std::memcpy(&counter->next_, value.view().data(), sizeof(uint64_t));
  }
  counter->reserved_end_ = counter->next_;
  return *counters_.emplace(std::string(name), std::move(counter)).first->second;
}

void IdAllocator::Counter::reserve(uint64_t at_least) {
  uint64_t end = max_value_ - at_least < block_ ? max_value_ : at_least + block_;
  KvBatch batch;
  batch.put(KvFamily::kCatalog, key_, {reinterpret_cast<const char*>(&end), sizeof(end)});
  // Earlier in the log than any commit that uses the numbers; nobody needs to wait for it.
  pipeline_.write(batch, false);
  reserved_end_ = end;
}

uint64_t IdAllocator::Counter::allocate(uint64_t count) {
  std::lock_guard guard(mutex_);
  if (max_value_ - next_ < count) {
    throw sql_error(SqlState::kProgramLimitExceeded, "object identifiers are exhausted");
  }
  if (next_ + count > reserved_end_) reserve(next_ + count);
  uint64_t first = next_;
  next_ += count;
  return first;
}

void IdAllocator::Counter::skip_to(uint64_t value) {
  std::lock_guard guard(mutex_);
  if (value < next_) return;
  if (value >= max_value_) {
    throw sql_error(SqlState::kProgramLimitExceeded, "object identifiers are exhausted");
  }
  if (value + 1 > reserved_end_) reserve(value + 1);
  next_ = value + 1;
}

IdAllocator::Counter& IdAllocator::oids() {
  return counter("oid", kFirstUserOid, kOidBlock, UINT32_MAX);
}

IdAllocator::Counter& IdAllocator::storage_ids() {
  return counter("storage", kFirstStorageId, kOidBlock, UINT32_MAX - 1);
}

IdAllocator::Counter& IdAllocator::row_ids(uint32_t storage_id) {
  std::string name = "row";
  append_big_endian(&name, storage_id);
  return counter(name, 1, kRowIdBlock, INT64_MAX);
}

}  // namespace luma
