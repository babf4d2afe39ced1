#include "engine/txn/run_cache.h"

#include <algorithm>
#include <functional>

namespace luma {

void RowRun::add(std::string_view key, std::string_view value) {
  auto at = static_cast<uint32_t>(bytes.size());
  bytes.append(key).append(value);
  rows.push_back({at, static_cast<uint32_t>(at + key.size()), static_cast<uint32_t>(bytes.size())});
}

size_t RowRun::lower_bound(std::string_view wanted) const {
  size_t low = 0, high = rows.size();
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (key(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

size_t RowRun::size_bytes() const {
  return sizeof(RowRun) + 128 + begin.size() * 2 + end.size() + bytes.capacity() +
         rows.capacity() * sizeof(Row);
}

size_t RunCache::slot_number(std::string_view key) {
  return std::hash<std::string_view>()(key.substr(0, kStorageBytes)) % kSlots;
}

uint64_t RunCache::version_of(std::string_view key) const {
  return slots_[slot_number(key)].version.load(std::memory_order_acquire);
}

RowRunRef RunCache::find(std::string_view key, uint64_t visible_ts) {
  Slot& slot = slot_of(key);
  if (slot.count.load(std::memory_order_acquire) == 0) return nullptr;
  std::lock_guard guard(slot.mutex);
  auto behind = slot.runs.upper_bound(key);
  if (behind == slot.runs.begin()) return nullptr;
  const RowRunRef& run = std::prev(behind)->second;
  if (key >= run->end || run->version > visible_ts) return nullptr;
  run->used.store(true, std::memory_order_relaxed);
  return run;
}

void RunCache::erase(Slot& slot, Runs::iterator at) {
  used_bytes_.fetch_sub(at->second->size_bytes(), std::memory_order_relaxed);
  slot.runs.erase(at);
  slot.count.store(static_cast<uint32_t>(slot.runs.size()), std::memory_order_release);
}

void RunCache::put(std::shared_ptr<RowRun> run) {
  run->bytes.shrink_to_fit();
  run->rows.shrink_to_fit();
  {
    Slot& slot = slot_of(run->begin);
    std::lock_guard guard(slot.mutex);
    if (slot.version.load(std::memory_order_relaxed) != run->version) return;
    // Runs in a slot do not overlap: the new one takes the place of those that it touches.
    auto at = slot.runs.lower_bound(run->begin);
    if (at != slot.runs.begin() && std::prev(at)->second->end > run->begin) --at;
    while (at != slot.runs.end() && at->first < run->end) erase(slot, at++);
    used_bytes_.fetch_add(run->size_bytes(), std::memory_order_relaxed);
    std::string begin = run->begin;
    slot.runs.emplace(std::move(begin), std::move(run));
    slot.count.store(static_cast<uint32_t>(slot.runs.size()), std::memory_order_release);
  }
  if (used_bytes() > limit_bytes_) make_room();
}

// Slot by slot, runs that nobody has used since the last time go.
void RunCache::make_room() {
  for (size_t turns = 0; turns < 2 * kSlots && used_bytes() > limit_bytes_; ++turns) {
    Slot& slot = slots_[hand_.fetch_add(1, std::memory_order_relaxed) % kSlots];
    if (slot.count.load(std::memory_order_relaxed) == 0) continue;
    std::lock_guard guard(slot.mutex);
    for (auto at = slot.runs.begin(); at != slot.runs.end() && used_bytes() > limit_bytes_;) {
      auto next = std::next(at);
      if (!at->second->used.exchange(false, std::memory_order_relaxed)) erase(slot, at);
      at = next;
    }
  }
}

bool RunCache::is_read_again(std::string_view key) {
  uint64_t hash = std::hash<std::string_view>()(key);
  auto tag = static_cast<uint32_t>(hash >> 32) | 1;
  return scans_[hash % kRememberedScans].exchange(tag, std::memory_order_relaxed) == tag;
}

bool RunCache::will_change(std::string_view storage, uint64_t commit_ts) {
  Slot& slot = slot_of(storage);
  std::lock_guard guard(slot.mutex);
  slot.version.store(commit_ts, std::memory_order_release);
  return !slot.runs.empty();
}

void RunCache::forget(std::string_view key) {
  Slot& slot = slot_of(key);
  std::lock_guard guard(slot.mutex);
  auto behind = slot.runs.upper_bound(key);
  if (behind == slot.runs.begin()) return;
  auto at = std::prev(behind);
  if (key < at->second->end) erase(slot, at);
}

void RunCache::will_change_all(std::string_view storage, uint64_t commit_ts) {
  if (!will_change(storage, commit_ts)) return;
  Slot& slot = slot_of(storage);
  std::lock_guard guard(slot.mutex);
  auto at = slot.runs.lower_bound(storage);
  while (at != slot.runs.end() && at->first.starts_with(storage)) erase(slot, at++);
}

}  // namespace luma
