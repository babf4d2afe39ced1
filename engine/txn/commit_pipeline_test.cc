#include "engine/txn/commit_pipeline.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

#include "engine/base/fault_plan.h"
#include "engine/base/sql_error.h"
#include "engine/txn/id_allocator.h"
#include "engine/txn/sequence_store.h"
#include "engine/txn/test_store.h"

namespace luma {
namespace {

constexpr auto kData = KvFamily::kData;

void wait_for(const std::function<bool()>& done) {
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  REQUIRE(done());
}

}  // namespace

TEST_CASE("commits of many threads have one order: hooks, timestamps and visibility agree") {
  TestStore store(true);
  std::vector<uint64_t> published;
  store.pipeline->add_hook({[](CommitContext& context) {
                              context.batch.put(kData,
                                                fmt::format("event{:020}", context.commit_ts), "");
                            },
                            [&](uint64_t ts) { published.push_back(ts); }});
  constexpr int kThreads = 8, kCommits = 100;
  std::vector<std::thread> threads;
  std::atomic<int> callbacks{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCommits; ++i) {
        CommitResult result = store.put(fmt::format("t{}-{}", t, i), "v");
        if (i % 2) {
          store.pipeline->wait_durable(result.wait_for_ts);
          if (store.pipeline->durable_ts() < result.commit_ts) std::abort();
        } else {
          store.pipeline->on_durable(result.wait_for_ts, [&](const SqlError* error) {
            if (error == nullptr) ++callbacks;
          });
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  store.pipeline->sync_now();
  wait_for([&] { return callbacks == kThreads * kCommits / 2; });
  REQUIRE(published.size() == kThreads * kCommits);
  for (size_t i = 1; i < published.size(); ++i) REQUIRE(published[i] == published[i - 1] + 1);
  auto txn = store.begin();
  KvValue value;
  REQUIRE(txn->get(kData, fmt::format("event{:020}", published.back()), &value));
  REQUIRE(txn->get(kData, "t3-7", &value));
  REQUIRE(Transaction::timestamp_of(value.view()) <= published.back());
  auto counters = store.pipeline->counters();
  REQUIRE(counters.commits == kThreads * kCommits);
  REQUIRE(counters.syncs < counters.commits);
}

TEST_CASE("what was acknowledged survives a crash, in whole transactions, timestamps go on") {
  TestStore store(true);
  uint64_t last = 0;
  for (int i = 0; i < 50; ++i) {
    auto txn = store.begin();
    txn->put(kData, fmt::format("a{}", i), TestStore::stamped("v"), true);
    txn->put(KvFamily::kCatalog, fmt::format("b{}", i), "v");
    CommitResult result = store.pipeline->commit(*txn);
    if (i < 30) store.pipeline->wait_durable(result.wait_for_ts);
    last = result.commit_ts;
  }
  std::string copy = store.copy_files();
  TestStore crashed;
  crashed.pipeline.reset();
  crashed.kv.reset();
  crashed.kv_options = store.kv_options;
  crashed.kv_options.path = copy;
  crashed.open();
  auto txn = crashed.begin();
  KvValue value;
  for (int i = 0; i < 50; ++i) {
    bool row = txn->get(kData, fmt::format("a{}", i), &value);
    bool catalog = txn->get(KvFamily::kCatalog, fmt::format("b{}", i), &value);
    REQUIRE(row == catalog);
    if (i < 30) REQUIRE(row);
  }
  REQUIRE(crashed.put("later", "v").commit_ts > last);
}

TEST_CASE("commits without a promise are synced in the background and delay nobody") {
  TestStore store(true);
  auto txn = store.begin();
  txn->set_sync_commit(SyncCommit::kOff);
  txn->put(kData, "a", "v");
  CommitResult result = store.pipeline->commit(*txn);
  REQUIRE(result.commit_ts > 0);
  REQUIRE(result.wait_for_ts == 0);
  REQUIRE(store.pipeline->required_durable_ts(result.commit_ts) == 0);
  wait_for([&] { return store.pipeline->durable_ts() >= result.commit_ts; });
  // A reader of a commit that did promise has to wait.
  CommitResult promised = store.put("b", "v");
  auto reader = store.begin();
  KvValue value;
  REQUIRE(reader->get_stamped(kData, "b", &value));
  REQUIRE(reader->dependency_ts() == promised.commit_ts);
  uint64_t wait_for_ts = store.pipeline->commit(*reader).wait_for_ts;
  REQUIRE(
      (wait_for_ts == promised.commit_ts || store.pipeline->durable_ts() >= promised.commit_ts));
}

TEST_CASE("a hook that throws aborts its transaction only") {
  TestStore store;
  auto txn = store.begin();
  txn->put(kData, "a", "v");
  txn->add_commit_hook(
      {[](CommitContext&) { throw SqlError(SqlState::kCheckViolation, "deferred constraint"); },
       nullptr});
  REQUIRE_THROWS_AS(store.pipeline->commit(*txn), SqlError);
  store.put("b", "v");
  auto reader = store.begin();
  KvValue value;
  REQUIRE(!reader->get(kData, "a", &value));
  REQUIRE(reader->get(kData, "b", &value));
}

TEST_CASE("a full disk refuses commits until space returns; no outcome is unknown") {
  for (std::string fault :
       {"enospc:*.log:append:after=12:count=1", "short:*.log:append:after=12:count=1",
        "enospc:*.log:append:after=12:count=1;enospc:*.sst:append:count=1"}) {
    INFO(fault);
    TestStore store(true, {}, fault);
    int acknowledged = 0, committed = 0;
    SqlState state = SqlState::kSuccessfulCompletion;
    try {
      for (; acknowledged < 100; ++acknowledged) {
        CommitResult result = store.put(fmt::format("k{:03}", committed), "v");
        ++committed;
        store.pipeline->wait_durable(result.wait_for_ts);
      }
    } catch (const SqlError& error) {
      state = error.state;
    }
    REQUIRE(state == SqlState::kDiskFull);
    REQUIRE(acknowledged > 5);
    bool saved = fault.find("sst") == std::string::npos;
    if (saved) REQUIRE(acknowledged == committed);
    bool told = false;
    store.pipeline->on_durable(store.pipeline->visible_ts() + 1,
                               [&](const SqlError* error) { told = error != nullptr; });
    if (store.pipeline->refusing()) REQUIRE(told);
    wait_for([&] { return store.pipeline->try_resume(); });
    CommitResult later = store.put("later", "v");
    store.pipeline->wait_durable(later.wait_for_ts);
    store.kv_options.faults.clear();
    store.reopen();
    auto txn = store.begin();
    for (int i = 0; i < acknowledged; ++i) REQUIRE(TestStore::get(*txn, fmt::format("k{:03}", i)));
    if (saved) REQUIRE(!TestStore::get(*txn, fmt::format("k{:03}", committed)));
    REQUIRE(TestStore::get(*txn, "later"));
  }
}

#ifndef __SANITIZE_THREAD__  // which does not follow a fork
TEST_CASE("a process that dies inside a log write loses nothing acknowledged") {
  for (int after = 3; after < 40; after += 4) {
    TestStore store(true);
    store.pipeline.reset();
    store.kv.reset();
    int pipe_ends[2];
    REQUIRE(pipe(pipe_ends) == 0);
    pid_t child = fork();
    if (child == 0) {
      store.kv_options.faults = fmt::format("die:*.log:append:after={}", after);
      store.open();
      for (int i = 0;; ++i) {
        auto txn = store.begin();
        for (int k = 0; k < 30; ++k) {
          txn->put(kData, fmt::format("{}-{}", i, k), TestStore::stamped("v"), true);
        }
        store.pipeline->wait_durable(store.pipeline->commit(*txn).wait_for_ts);
        if (::write(pipe_ends[1], "x", 1) != 1) _exit(1);
      }
    }
    close(pipe_ends[1]);
    int acknowledged = 0;
    char byte;
    while (::read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
    close(pipe_ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    REQUIRE(WEXITSTATUS(status) == 137);
    store.open();
    auto txn = store.begin();
    for (int i = 0; i <= acknowledged; ++i) {
      int present = 0;
      for (int k = 0; k < 30; ++k)
        present += TestStore::get(*txn, fmt::format("{}-{}", i, k)) ? 1 : 0;
      REQUIRE((present == 30 || (i == acknowledged && present == 0)));
    }
  }
}

#endif

TEST_CASE("a failed sync is an I/O error for everybody who waits") {
  TestStore store(true, {}, "eio:*.log:sync:after=3");
  SqlState state = SqlState::kSuccessfulCompletion;
  try {
    for (int i = 0; i < 10; ++i) store.pipeline->wait_durable(store.put("k", "v").commit_ts);
  } catch (const SqlError& error) {
    state = error.state;
  }
  REQUIRE(state == SqlState::kIoError);
  REQUIRE_THROWS_AS(store.put("k", "v"), SqlError);
}

TEST_CASE("sequences never repeat, not even after a crash; restarts are transactional") {
  TestStore store(true);
  auto sequences = std::make_unique<SequenceStore>(*store.pipeline);
  SequenceId id{5, 20000};
  SequenceSpec spec{.max_value = 100, .name = "s"};
  {
    auto txn = store.begin();
    sequences->create(*txn, id, 1);
    REQUIRE(sequences->nextval(txn.get(), id, spec).first == 1);
    store.pipeline->commit(*txn);
  }
  REQUIRE(sequences->nextval(nullptr, id, spec).first == 2);
  REQUIRE(sequences->read(nullptr, id).log_count == 32);
  SequenceBlock block = sequences->nextval(nullptr, id, spec, 5);
  REQUIRE(block.first == 3);
  REQUIRE(block.count == 5);
  store.pipeline->wait_durable(block.wait_for_ts);
  std::string copy = store.copy_files();
  {
    TestStore crashed;
    crashed.pipeline.reset();
    crashed.kv_options = store.kv_options;
    crashed.kv_options.path = copy;
    crashed.open();
    SequenceStore after(*crashed.pipeline);
    REQUIRE(after.nextval(nullptr, id, spec).first == 35);
  }
  sequences.reset();  // a clean stop skips nothing
  store.reopen();
  sequences = std::make_unique<SequenceStore>(*store.pipeline);
  REQUIRE(sequences->nextval(nullptr, id, spec).first == 8);
  {
    auto txn = store.begin();
    sequences->create(*txn, id, 50);
    REQUIRE(sequences->nextval(nullptr, id, spec).first == 9);
    REQUIRE(sequences->nextval(txn.get(), id, spec).first == 50);
    store.pipeline->commit(*txn);
  }
  REQUIRE(sequences->nextval(nullptr, id, spec).first == 51);
  sequences->setval(nullptr, id, spec, 100, false);
  REQUIRE(sequences->nextval(nullptr, id, spec).first == 100);
  REQUIRE_THROWS_WITH(sequences->nextval(nullptr, id, spec),
                      "nextval: reached maximum value of sequence \"s\" (100)");
  spec.cycle = true;
  REQUIRE(sequences->nextval(nullptr, id, spec).first == 1);
  REQUIRE_THROWS_WITH(sequences->setval(nullptr, id, spec, 101, true),
                      "setval: value 101 is out of bounds for sequence \"s\" (1..100)");
}

TEST_CASE("ids of many threads are distinct and go on after a restart") {
  TestStore store(true);
  std::vector<uint64_t> seen;
  std::mutex mutex;
  {
    IdAllocator ids(*store.pipeline);
    REQUIRE(ids.oids().allocate() == 16384);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          uint64_t first = ids.oids().allocate(3);
          std::lock_guard guard(mutex);
          for (uint64_t id = first; id < first + 3; ++id) seen.push_back(id);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    ids.row_ids(7).skip_to(100000);
    REQUIRE(ids.row_ids(7).allocate() == 100001);
    REQUIRE(ids.row_ids(8).allocate() == 1);
  }
  std::sort(seen.begin(), seen.end());
  REQUIRE(std::unique(seen.begin(), seen.end()) == seen.end());
  store.reopen();
  IdAllocator ids(*store.pipeline);
  REQUIRE(ids.oids().allocate() > seen.back());
  REQUIRE(ids.row_ids(7).allocate() > 100001);
}

}  // namespace luma
