#include "engine/table/key_ranges.h"

#include <algorithm>
#include <memory>

#include "engine/txn/commit_pipeline.h"
#include "engine/txn/txn_iterator.h"

namespace luma {

namespace {

// What one range should hold: small, so that threads end at the same time.
constexpr uint64_t kRangeBytes = 2u << 20;
constexpr size_t kMinRanges = 8, kMaxRanges = 128;

// Eight bytes of a key as a number; what is missing counts as zeros.
uint64_t number_at(std::string_view key, size_t at) {
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) {
    number = number << 8 | (at + i < key.size() ? static_cast<uint8_t>(key[at + i]) : 0);
  }
  return number;
}

std::string key_with(std::string_view prefix, uint64_t number) {
  std::string key(prefix);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
  return key;
}

}  // namespace

// Between the first and the last key there is a common prefix and then eight bytes that differ:
// the keys are looked for among those numbers, by size where the store has one to tell and evenly
// otherwise (what was just written is not in files yet).
std::vector<std::string> dividing_keys(Transaction& txn, const std::string& lower,
                                       const std::string& upper, size_t parts) {
  std::string first, last;
  {
    auto at = txn.scan(KvFamily::kData, lower, upper);
    at->seek_first();
    if (!at->valid()) return {};
    first = at->key();
    at->seek_last();
    last = at->key();
  }
  size_t common = 0;
  while (common < first.size() && common < last.size() && first[common] == last[common]) ++common;
  const std::string_view prefix = std::string_view(first).substr(0, common);
  const uint64_t from = number_at(first, common), to = number_at(last, common);
  Kv& kv = txn.pipeline().kv();
  auto size_below = [&](uint64_t number) {
    return kv.approximate_size_bytes(KvFamily::kData, lower, key_with(prefix, number));
  };
  const uint64_t total = size_below(to);
  std::vector<std::string> keys;
  uint64_t previous = from;
  for (size_t part = 1; part < parts; ++part) {
    const auto share = static_cast<double>(part) / static_cast<double>(parts);
    auto number = from + static_cast<uint64_t>(static_cast<double>(to - from) * share);
    if (total != 0) {
      const auto wanted = static_cast<uint64_t>(static_cast<double>(total) * share);
      uint64_t low = previous, high = to;
      // A part in a hundred thousand is precise enough.
      for (int step = 0; step < 17 && low < high; ++step) {
        number = low + (high - low) / 2;
        (size_below(number) < wanted ? low : high) = number;
      }
    }
    if (number <= previous) continue;
    previous = number;
    keys.push_back(key_with(prefix, number));
  }
  return keys;
}

size_t KeyRanges::open(Transaction& txn, const std::string& lower, const std::string& upper,
                       uint64_t min_bytes) {
  ranges_.clear();
  next_.store(0, std::memory_order_relaxed);
  rows_read_.store(0, std::memory_order_relaxed);
  const uint64_t bytes = txn.pipeline().kv().approximate_size_bytes(KvFamily::kData, lower, upper);
  if (bytes < min_bytes) return 0;
  const size_t parts = std::clamp<size_t>(bytes / kRangeBytes, kMinRanges, kMaxRanges);
  std::string from = lower;
  for (std::string& key : dividing_keys(txn, lower, upper, parts)) {
    ranges_.push_back({from, key});
    from = std::move(key);
  }
  ranges_.push_back({std::move(from), upper});
  return ranges_.size();
}

const KeyRanges::Range* KeyRanges::take() {
  size_t next = next_.fetch_add(1, std::memory_order_relaxed);
  return next < ranges_.size() ? &ranges_[next] : nullptr;
}

}  // namespace luma
