#include "engine/txn/run_cache.h"

#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "engine/txn/commit_pipeline.h"
#include "engine/txn/test_store.h"
#include "engine/txn/txn_iterator.h"

namespace luma {
namespace {

constexpr auto kData = KvFamily::kData;

std::string key_of(int i) { return fmt::format("tab1{:06}", i); }

std::string read_range(Transaction& txn, int first, int end) {
  std::string text;
  auto at = txn.scan(kData, key_of(first), key_of(end));
  for (at->seek_first(); at->valid(); at->next()) {
    text.append(at->key().substr(4)).append("=").append(at->value().substr(8)).append(" ");
  }
  return text;
}

std::string read_now(TestStore& store, int first, int end) {
  auto txn = store.begin();
  return read_range(*txn, first, end);
}

void put_rows(TestStore& store, int first, int end, std::string_view value) {
  auto txn = store.begin();
  for (int i = first; i < end; ++i) txn->put(kData, key_of(i), TestStore::stamped(value), true);
  store.pipeline->commit(*txn);
}

}  // namespace

TEST_CASE("ranges that are read again come from kept runs, until a commit changes them") {
  TestStore store;
  put_rows(store, 0, 2000, "a");
  std::string first = read_now(store, 100, 900);
  CHECK(store.pipeline->runs().used_bytes() == 0);
  CHECK(read_now(store, 100, 900) == first);
  size_t used = store.pipeline->runs().used_bytes();
  CHECK(used > 800 * 20);
  CHECK(read_now(store, 100, 900) == first);
  CHECK(store.pipeline->runs().find(key_of(100), store.pipeline->visible_ts()) != nullptr);
  CHECK(store.pipeline->runs().find(key_of(899), store.pipeline->visible_ts()) != nullptr);
  CHECK(store.pipeline->runs().find(key_of(900), store.pipeline->visible_ts()) == nullptr);
  // Parts, and ranges that go beyond what is kept.
  CHECK(read_now(store, 300, 310).size() == first.size() / 80);
  CHECK(read_now(store, 50, 1000).size() == first.size() / 800 * 950);
  CHECK(read_now(store, 800, 1000).size() == first.size() / 800 * 200);

  auto old = store.begin(IsolationLevel::kRepeatableRead);
  CHECK(read_range(*old, 100, 900) == first);
  store.put(key_of(150), "b");
  store.remove(key_of(151));
  CHECK(read_now(store, 149, 153) == "000149=a 000150=b 000152=a ");
  CHECK(read_range(*old, 100, 900) == first);
  CHECK(store.pipeline->runs().used_bytes() < used);
  // The old reader sees too little to keep anything for others.
  for (int i = 0; i < 3; ++i) CHECK(read_range(*old, 100, 900) == first);
  CHECK(read_now(store, 149, 153) == "000149=a 000150=b 000152=a ");
  for (int i = 0; i < 3; ++i) CHECK(read_now(store, 100, 900).size() == first.size() - 9);
  CHECK(read_range(*old, 100, 900) == first);

  // Own writes lie above kept runs.
  auto writer = store.begin();
  writer->put(kData, key_of(500), TestStore::stamped("own"), true);
  writer->remove(kData, key_of(501));
  writer->advance_statement_mark();
  CHECK(read_range(*writer, 499, 503) == "000499=a 000500=own 000502=a ");
  // And a walk may turn.
  auto at = writer->scan(kData, key_of(100), key_of(900));
  at->seek(key_of(600));
  at->next();
  CHECK(at->key() == key_of(601));
  at->prev();
  at->prev();
  CHECK(at->key() == key_of(599));
  at->next();
  CHECK(at->key() == key_of(600));
}

TEST_CASE("kept runs give way to newer ones") {
  TestStore store;
  const size_t limit = store.kv_options.block_cache_size / 8;
  std::string wide(200, 'x');
  for (int i = 0; i < 100; ++i) {
    auto txn = store.begin();
    for (int row = 0; row < 200; ++row) {
      txn->put(kData, key_of(i * 200 + row), TestStore::stamped(wide), true);
    }
    store.pipeline->commit(*txn);
  }
  for (int i = 0; i < 100; ++i) {
    for (int times = 0; times < 3; ++times) read_now(store, i * 200, i * 200 + 200);
    CHECK(store.pipeline->runs().used_bytes() <= limit);
  }
  CHECK(store.pipeline->runs().used_bytes() > limit / 2);
}

// Pairs of rows always hold the same value, whoever reads them and however.
TEST_CASE("readers of kept runs see whole transactions while others commit") {
  for (size_t large_bytes : {size_t{1} << 30, size_t{1}}) {
    CommitOptions options;
    options.large_commit_bytes = large_bytes;
    TestStore store(false, options);
    put_rows(store, 0, 400, "0");
    std::atomic<bool> done{false};
    std::atomic<int> torn{0}, stale{0};
    std::atomic<int> newest{0};
    std::vector<std::thread> readers;
    for (int t = 0; t < 3; ++t) {
      readers.emplace_back([&, t] {
        std::mt19937 random(static_cast<unsigned>(t));
        while (!done) {
          int least = newest.load();
          auto txn = store.begin(IsolationLevel::kRepeatableRead);
          int first = static_cast<int>(random() % 4) * 50;
          auto at = txn->scan(kData, key_of(first), key_of(400 - first));
          int rows = 0, value = -1;
          for (at->seek_first(); at->valid(); at->next(), ++rows) {
            int here = std::stoi(std::string(at->value().substr(8)));
            if (value >= 0 && here != value) ++torn;
            value = here;
          }
          if (rows != 400 - 2 * first) ++torn;
          if (value < least) ++stale;
        }
      });
    }
    const int commits = large_bytes == 1 ? 40 : 400;
    for (int i = 1; i <= commits; ++i) {
      put_rows(store, 0, 400, std::to_string(i));
      newest = i;
      if (i % 4 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    done = true;
    for (auto& reader : readers) reader.join();
    CHECK(torn == 0);
    CHECK(stale == 0);
  }
}

}  // namespace luma
