#pragma once
// A persistent hash map: copies share their shards, and a change copies one shard only. That makes
// a new catalog version cheap with many thousands of objects. A map is immutable once it is shared
// between threads; changing a copy never touches what others see.
#include <array>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

namespace luma {

template <typename Key, typename Value, typename Hash = std::hash<Key>, size_t kShards = 64>
class ShardedMap {
  using Shard = std::unordered_map<Key, Value, Hash>;

 public:
  const Value* find(const Key& key) const {
    const auto& shard = shards_[index(key)];
    if (shard == nullptr) return nullptr;
    auto it = shard->find(key);
    return it == shard->end() ? nullptr : &it->second;
  }
  void put(const Key& key, Value value) {
    writable(index(key)).insert_or_assign(key, std::move(value));
  }
  void erase(const Key& key) {
    if (find(key) != nullptr) writable(index(key)).erase(key);
  }
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const auto& shard : shards_) {
      if (shard == nullptr) continue;
      for (const auto& [key, value] : *shard) visit(key, value);
    }
  }

 private:
  static size_t index(const Key& key) {
    return (Hash()(key) * 0x9E3779B97F4A7C15ull >> 40) % kShards;
  }
  // A shard that only this map holds may be changed in place: nobody else can reach it.
  Shard& writable(size_t i) {
    auto& shard = shards_[i];
    if (shard == nullptr) {
      shard = std::make_shared<Shard>();
    } else if (shard.use_count() != 1) {
      shard = std::make_shared<Shard>(*shard);
    }
    return *shard;
  }

  std::array<std::shared_ptr<Shard>, kShards> shards_;
};

}  // namespace luma
