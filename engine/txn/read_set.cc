#include "engine/txn/read_set.h"

namespace luma {
namespace {

constexpr size_t kPrefixBytes = 4;  // the storage id

// The first key behind all keys with `prefix`; "" when there is none.
std::string end_of_prefix(std::string prefix) {
  while (!prefix.empty()) {
    auto last = static_cast<unsigned char>(prefix.back());
    if (last != 0xFF) {
      prefix.back() = static_cast<char>(last + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return prefix;
}

}  // namespace

void ReadSet::add_key(KvFamily family, std::string_view key) {
  std::lock_guard guard(mutex_);
  PerFamily& set = families_[static_cast<int>(family)];
  set.keys.emplace(key);
  if (set.keys.size() > kMaxKeys) escalate_keys(set);
}

void ReadSet::add_range(KvFamily family, std::string_view lower, std::string_view upper) {
  std::lock_guard guard(mutex_);
  PerFamily& set = families_[static_cast<int>(family)];
  add_range(set, std::string(lower), std::string(upper));
  if (set.ranges.size() > kMaxRanges) escalate_ranges(set);
}

void ReadSet::add_range(PerFamily& family, std::string lower, std::string upper) {
  if (!upper.empty() && upper <= lower) return;
  auto& ranges = family.ranges;
  auto at = ranges.upper_bound(lower);
  if (at != ranges.begin()) {
    auto before = std::prev(at);
    if (before->second.empty() || before->second >= lower) {
      if (before->second.empty() || (!upper.empty() && before->second >= upper)) return;
      lower = before->first;
      at = before;
    }
  }
  while (at != ranges.end() && (upper.empty() || at->first <= upper)) {
    if (at->second.empty() || (!upper.empty() && at->second > upper)) upper = at->second;
    at = ranges.erase(at);
  }
  ranges.emplace(std::move(lower), std::move(upper));
}

void ReadSet::escalate_keys(PerFamily& family) {
  auto keys = std::move(family.keys);
  family.keys.clear();
  for (const auto& key : keys) {
    std::string prefix = key.substr(0, kPrefixBytes);
    std::string end = end_of_prefix(prefix);
    add_range(family, std::move(prefix), std::move(end));
  }
}

void ReadSet::escalate_ranges(PerFamily& family) {
  auto ranges = std::move(family.ranges);
  family.ranges.clear();
  for (const auto& [lower, upper] : ranges) {
    std::string end = upper.empty() ? std::string() : end_of_prefix(upper.substr(0, kPrefixBytes));
    add_range(family, lower.substr(0, kPrefixBytes), std::move(end));
  }
}

bool ReadSet::contains(KvFamily family, std::string_view key) const {
  std::lock_guard guard(mutex_);
  const PerFamily& set = families_[static_cast<int>(family)];
  std::string text(key);
  if (set.keys.contains(text)) return true;
  auto at = set.ranges.upper_bound(text);
  if (at == set.ranges.begin()) return false;
  const std::string& upper = std::prev(at)->second;
  return upper.empty() || text < upper;
}

bool ReadSet::empty() const {
  std::lock_guard guard(mutex_);
  for (const auto& set : families_) {
    if (!set.keys.empty() || !set.ranges.empty()) return false;
  }
  return true;
}

void ReadSet::clear() {
  std::lock_guard guard(mutex_);
  for (auto& set : families_) {
    set.keys.clear();
    set.ranges.clear();
  }
}

}  // namespace luma
