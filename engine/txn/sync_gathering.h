#pragma once
// When the next sync of the log begins: at once, or a little later, so that commits which are on
// their way share it. PostgreSQL leaves that to its administrators (commit_delay, with the advice
// of half the time that a flush takes); here it follows from what the last syncs did. It waits only
// where commits come from several sides, and stops trying where nobody came in time. Not
// thread-safe.
#include <chrono>
#include <cstddef>

namespace luma {

class SyncGathering {
 public:
  using Nanoseconds = std::chrono::nanoseconds;
  struct Wait {
    Nanoseconds longest{0};  // 0: begin at once
    size_t commits = 0;      // no longer than until so many wait for the sync
  };

  // `waiting`: commits that wait for the sync that is about to begin.
  Wait next(size_t waiting);
  // The sync that next() was asked about `took` so long and served `served` commits; `left` came
  // meanwhile and wait for another.
  void synced(size_t served, size_t left, Nanoseconds took);

 private:
  double took_ns_ = 0;  // of a sync, a moving mean
  double company_ = 0;  // commits that were served or came meanwhile, likewise
  double most_ = 0;     // served at once of late; decays
  double gain_ = 1;     // of waits: commits that came, per one that waited for them
  size_t waited_ = 0;   // commits that have been made to wait by the last next(); 0: none
  unsigned pause_ = 0;  // syncs that begin at once because waiting did not help
};

}  // namespace luma
