#pragma once
// Statements that a session has planned before, by their text: bounded, the least recently used
// goes first. Used by the session's thread.
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sql/session/plan_run.h"

namespace luma {

class QueryCache {
 public:
  // nullptr when there is none.
  CachedQueryPtr find(std::string_view key) {
    auto it = index_.find(key);
    if (it == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, it->second);
    return it->second->query;
  }
  void insert(std::string_view key, CachedQueryPtr query, size_t limit) {
    erase(key);
    if (limit == 0) return;
    while (entries_.size() >= limit) erase(entries_.back().key);
    entries_.push_front({std::string(key), std::move(query)});
    index_.emplace(entries_.front().key, entries_.begin());
  }
  void erase(std::string_view key) {
    auto it = index_.find(key);
    if (it == index_.end()) return;
    auto entry = it->second;
    index_.erase(it);
    entries_.erase(entry);
  }
  template <typename Visit>
  void for_each(Visit visit) {
    for (Entry& entry : entries_) visit(*entry.query);
  }
  void clear() {
    index_.clear();
    entries_.clear();
  }

 private:
  struct Entry {
    std::string key;
    CachedQueryPtr query;
  };
  std::list<Entry> entries_;
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;  // views into entries_
};

}  // namespace luma
