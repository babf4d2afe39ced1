#pragma once
// Walks the committed rows of a range at one snapshot: through runs that were read before
// (RunCache) where there are some, else through the store, keeping runs of ranges that are read
// again. Forward steps inside a run cost next to nothing; walks backward use the store. Positions
// are invalid until a seek. Storage errors are thrown. One thread.
#include <memory>
#include <string>
#include <string_view>

#include "engine/row/kv.h"
#include "engine/txn/run_cache.h"

namespace luma {

class CommittedWalk {
 public:
  // `cache` may be null; `visible_ts` is a commit that the snapshot contains, with all before it.
  // The snapshot may be null (the newest rows), the cache is then not used.
  CommittedWalk(Kv& kv, KvFamily family, const KvReadOptions& options, RunCache* cache,
                uint64_t visible_ts);
  ~CommittedWalk();
  CommittedWalk(const CommittedWalk&) = delete;
  CommittedWalk& operator=(const CommittedWalk&) = delete;

  void set_bounds(std::string_view lower, std::string_view upper);
  void seek_first() { seek(lower_); }
  void seek(std::string_view key);
  void seek_last();
  void seek_for_prev(std::string_view key);
  void next() {
    if (run_ != nullptr && ++row_ < row_end_) {
      key_ = run_->key(row_);
      return;
    }
    next_slowly();
  }
  void prev();
  bool valid() const { return valid_; }
  std::string_view key() const { return key_; }
  std::string_view value() const { return run_ != nullptr ? run_->value(row_) : stored_->value(); }

 private:
  void next_slowly();
  bool enter_run(std::string_view key);
  KvIterator& stored();
  void settle();
  void begin_keeping(std::string_view key);
  void keep_row();
  void end_keeping(std::string_view end);

  Kv& kv_;
  KvFamily family_;
  KvReadOptions options_;
  RunCache* cache_;
  uint64_t visible_ts_;
  std::string lower_, upper_;
  std::unique_ptr<KvIterator> stored_;  // made when it is needed
  bool one_storage_ = false;            // the bounds enclose rows of one table or index only
  bool valid_ = false;
  std::string_view key_;
  RowRunRef run_;
  size_t row_ = 0, row_end_ = 0;
  std::shared_ptr<RowRun> kept_;  // what is being read and will be put into the cache
  int kept_runs_ = 0;
};

}  // namespace luma
