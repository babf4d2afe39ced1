#include "engine/txn/sync_gathering.h"

#include <catch2/catch.hpp>

namespace luma {
namespace {

constexpr SyncGathering::Nanoseconds kSync = std::chrono::microseconds(100);

void settle(SyncGathering& gathering, size_t served, size_t left) {
  for (int i = 0; i < 100; ++i) gathering.synced(served, left, kSync);
}

TEST_CASE("a lone session's commits are synced at once") {
  SyncGathering gathering;
  CHECK(gathering.next(1).longest.count() == 0);
  settle(gathering, 1, 0);
  CHECK(gathering.next(1).longest.count() == 0);
}

TEST_CASE("a sync waits for commits that are on their way, as long as a sync takes at most") {
  SyncGathering gathering;
  settle(gathering, 4, 2);
  const SyncGathering::Wait wait = gathering.next(2);
  CHECK(wait.longest > kSync * 9 / 10);
  CHECK(wait.longest <= kSync);
  CHECK(wait.commits == 6);
  CHECK(gathering.next(0).longest.count() == 0);
}

TEST_CASE("slow disks do not make commits wait long") {
  SyncGathering gathering;
  for (int i = 0; i < 100; ++i) gathering.synced(4, 2, std::chrono::milliseconds(20));
  CHECK(gathering.next(2).longest == std::chrono::milliseconds(1));
}

TEST_CASE("when all who were seen of late wait, the sync begins") {
  SyncGathering gathering;
  settle(gathering, 8, 0);
  CHECK(gathering.next(8).longest.count() == 0);
  CHECK(gathering.next(5).longest.count() > 0);
}

TEST_CASE("waiting that brings nothing ends, and is tried again later") {
  SyncGathering gathering;
  settle(gathering, 1, 1);
  int waits = 0, rounds = 0;
  for (; rounds < 400; ++rounds) {
    if (gathering.next(1).longest.count() > 0) ++waits;
    gathering.synced(1, 1, kSync);
  }
  CHECK(waits > 5);
  CHECK(waits < rounds / 10);
}

TEST_CASE("waiting that helps goes on") {
  SyncGathering gathering;
  settle(gathering, 2, 2);
  for (int i = 0; i < 200; ++i) {
    CHECK(gathering.next(2).longest.count() > 0);
    gathering.synced(4, 0, kSync);
    gathering.synced(2, 2, kSync);
  }
}

}  // namespace
}  // namespace luma
