#include "engine/row/key_tree.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace luma {
namespace {

// Entries are strings ending in a zero byte's place: a length byte, then the key. All bytes but the
// last decide first; the last orders descending, like versions.
struct TestOrder {
  std::string_view key(const char* entry) const {
    return {entry + 1, static_cast<unsigned char>(*entry)};
  }
  int compare(const char* entry, std::string_view other) const {
    const std::string_view mine = key(entry);
    const int order = leading(mine).compare(leading(other));
    if (order != 0) return order;
    return static_cast<unsigned char>(other.back()) - static_cast<unsigned char>(mine.back());
  }
  std::string_view leading(std::string_view key) const { return key.substr(0, key.size() - 1); }
};

struct TestMemory {
  std::deque<std::vector<char>> blocks;
  char* allocate(size_t size) { return blocks.emplace_back(size).data(); }
};

using Tree = KeyTree<TestOrder, TestMemory>;

struct Less {
  bool operator()(const std::string& a, const std::string& b) const {
    std::string entry = static_cast<char>(a.size()) + a;
    return TestOrder().compare(entry.c_str(), b) < 0;
  }
};
using Model = std::set<std::string, Less>;

struct Fixture {
  TestOrder order;
  TestMemory memory;
  Tree tree{order, memory};
  std::deque<std::string> entries;
  Model model;

  bool add(const std::string& key) {
    if (!model.insert(key).second) return false;
    tree.insert(entries.emplace_back(static_cast<char>(key.size()) + key).c_str());
    return true;
  }
  std::string at(const Tree::Cursor& cursor) const {
    return std::string(order.key(cursor.entry()));
  }
  void check_order() const {
    Tree::Cursor cursor(tree);
    cursor.seek_first();
    size_t wrong = 0;
    for (const std::string& key : model) {
      if (!cursor.valid() || at(cursor) != key) ++wrong;
      if (cursor.valid()) cursor.next();
    }
    CHECK(wrong == 0);
    CHECK_FALSE(cursor.valid());
    cursor.seek_last();
    for (auto key = model.rbegin(); key != model.rend(); ++key) {
      if (!cursor.valid() || at(cursor) != *key) ++wrong;
      if (cursor.valid()) cursor.previous();
    }
    CHECK(wrong == 0);
    CHECK_FALSE(cursor.valid());
  }
  void check_seek(const std::string& key) const {
    Tree::Cursor cursor(tree);
    cursor.seek(key);
    auto found = model.lower_bound(key);
    REQUIRE(cursor.valid() == (found != model.end()));
    if (cursor.valid()) CHECK(at(cursor) == *found);
    cursor.seek_before(key);
    REQUIRE(cursor.valid() == (found != model.begin()));
    if (cursor.valid()) CHECK(at(cursor) == *std::prev(found));
  }
};

std::string big_endian(uint64_t number, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(number >> (i * 8));
  return text;
}

TEST_CASE("an empty tree has nothing") {
  Fixture fixture;
  fixture.check_order();
  fixture.check_seek("abcd");
}

TEST_CASE("keys in ascending, descending and random order") {
  std::mt19937_64 random(7);
  for (const int kind : {0, 1, 2}) {
    Fixture fixture;
    for (uint64_t i = 0; i < 20000; ++i) {
      const uint64_t number = kind == 0 ? i : kind == 1 ? 50000 - i : random() % 1000000;
      fixture.add("table" + big_endian(number, 8) + "v");
    }
    fixture.check_order();
    for (int i = 0; i < 2000; ++i) {
      fixture.check_seek("table" + big_endian(random() % 1000000, 8) + "v");
    }
  }
}

TEST_CASE("keys of all lengths, with zeros, prefixes of each other, and many versions") {
  std::mt19937_64 random(11);
  for (int round = 0; round < 20; ++round) {
    Fixture fixture;
    const unsigned letters = round % 2 == 0 ? 2 : 200, longest = round % 3 == 0 ? 4 : 40;
    const auto make = [&] {
      std::string key = round % 4 == 3 ? std::string(18, 'k') : std::string();
      for (uint64_t n = random() % longest; n > 0; --n) {
        key += static_cast<char>(random() % letters);
      }
      return key + static_cast<char>(random() % 250);
    };
    for (int i = 0; i < 6000; ++i) fixture.add(make());
    fixture.check_order();
    for (int i = 0; i < 1000; ++i) fixture.check_seek(make());
  }
}

TEST_CASE("the entries between two keys are counted by leaves") {
  Fixture fixture;
  for (uint64_t i = 0; i < 10000; ++i) fixture.add(big_endian(i, 8) + "v");
  const auto key = [](uint64_t i) { return big_endian(i, 8) + "v"; };
  const size_t half = fixture.tree.count_between(key(0), key(5000));
  CHECK(half > 4800);
  CHECK(half < 5200);
  CHECK(fixture.tree.count_between(key(5000), key(0)) == 0);
}

// Every reader finds, in order and both ways, everything that was there when it began.
TEST_CASE("readers beside the writer miss nothing that was there before") {
  constexpr uint64_t kKeys = 60000;
  Fixture fixture;
  std::vector<std::string> entries(kKeys);
  for (uint64_t i = 0; i < kKeys; ++i) {
    const uint64_t number = (i * 2654435761u) % (1u << 20);
    std::string key = (i % 3 == 0 ? "a" : "table") + big_endian(number, 4) + big_endian(i, 4) + "v";
    entries[i] = static_cast<char>(key.size()) + key;
  }
  std::atomic<uint64_t> inserted{0};
  std::atomic<int> wrong{0};
  const auto read = [&](unsigned seed) {
    std::mt19937_64 random(seed);
    while (inserted < kKeys) {
      const uint64_t known = inserted;
      if (known == 0) continue;
      Tree::Cursor cursor(fixture.tree);
      const std::string& entry = entries[random() % known];
      const std::string_view key = fixture.order.key(entry.c_str());
      cursor.seek(key);
      if (!cursor.valid() || cursor.entry() != entry.c_str()) ++wrong;
      cursor.next();
      if (!cursor.valid()) continue;
      if (fixture.order.compare(cursor.entry(), key) <= 0) ++wrong;
      const std::string second(fixture.order.key(cursor.entry()));
      cursor.previous();
      // Something may have come between; it is never before the first.
      if (!cursor.valid() || fixture.order.compare(cursor.entry(), key) < 0) ++wrong;
      if (random() % 64 != 0) continue;
      size_t seen = 0;
      std::string before;
      const uint64_t at_start = inserted;
      for (cursor.seek_first(); cursor.valid(); cursor.next(), ++seen) {
        if (!before.empty() && fixture.order.compare(cursor.entry(), before) <= 0) ++wrong;
        before = fixture.order.key(cursor.entry());
      }
      if (seen < at_start) ++wrong;
      seen = 0;
      const uint64_t at_turn = inserted;
      for (cursor.seek_last(); cursor.valid(); cursor.previous()) ++seen;
      if (seen < at_turn) ++wrong;
    }
  };
  std::thread first(read, 1), second(read, 2);
  for (const std::string& entry : entries) {
    fixture.tree.insert(entry.c_str());
    inserted.fetch_add(1);
  }
  first.join();
  second.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace luma
