#include "engine/txn/committed_walk.h"

#include <algorithm>
#include <new>

#include "engine/base/work_counts.h"

namespace luma {

namespace {

constexpr size_t kRunRows = 512;
constexpr size_t kRunBytes = size_t{64} << 10;
// Fewer are not worth their place.
constexpr size_t kLeastRows = 16;
// How many one walk keeps: tables that are larger than this are not read as a whole for the cache.
constexpr int kMostRuns = 16;

bool is_one_storage(std::string_view lower, std::string_view upper) {
  constexpr size_t kBytes = RunCache::kStorageBytes;
  if (lower.size() < kBytes || upper.size() < kBytes) return false;
  std::string_view storage = lower.substr(0, kBytes);
  if (upper.starts_with(storage)) return true;
  std::string behind(storage);
  for (size_t i = kBytes; i-- > 0 && ++behind[i] == '\0';) {
  }
  return upper == behind;
}

}  // namespace

CommittedWalk::CommittedWalk(Kv& kv, KvFamily family, const KvReadOptions& options, RunCache* cache,
                             uint64_t visible_ts)
    : kv_(kv), family_(family), options_(options), cache_(cache), visible_ts_(visible_ts) {
  if (options.snapshot == nullptr || family != KvFamily::kData) cache_ = nullptr;
  set_bounds(options.lower, options.upper);
}

CommittedWalk::~CommittedWalk() {
  try {
    if (kept_ != nullptr && valid_) end_keeping(key_);
  } catch (const std::bad_alloc&) {
    // Nothing is kept, then.
  }
}

void CommittedWalk::set_bounds(std::string_view lower, std::string_view upper) {
  if (kept_ != nullptr && valid_) end_keeping(key_);
  kept_.reset();
  kept_runs_ = 0;
  lower_.assign(lower);
  upper_.assign(upper);
  if (stored_ != nullptr) stored_->set_bounds(lower_, upper_);
  one_storage_ = cache_ != nullptr && is_one_storage(lower_, upper_);
  run_.reset();
  valid_ = false;
}

KvIterator& CommittedWalk::stored() {
  if (stored_ == nullptr) {
    options_.lower = lower_;
    options_.upper = upper_;
    stored_ = kv_.new_iterator(family_, options_);
  }
  return *stored_;
}

void CommittedWalk::settle() {
  valid_ = stored_->valid();
  key_ = stored_->key();
  if (!valid_) stored_->status().check();
}

bool CommittedWalk::enter_run(std::string_view key) {
  run_ = cache_->find(key, visible_ts_);
  if (run_ == nullptr) return false;
  thread_work().hit_blocks += WorkCounts::blocks_of(run_->bytes.size());
  row_ = run_->lower_bound(key);
  row_end_ = upper_ < run_->end ? run_->lower_bound(upper_) : run_->rows.size();
  return true;
}

void CommittedWalk::seek(std::string_view key) {
  if (kept_ != nullptr && valid_) end_keeping(key_);
  kept_.reset();
  run_.reset();
  if (one_storage_) {
    // `key` may lie in what is about to change.
    std::string from(std::max<std::string_view>(key, lower_));
    while (from < upper_ && enter_run(from)) {
      if (row_ < row_end_) {
        valid_ = true;
        key_ = run_->key(row_);
        return;
      }
      from = run_->end;
    }
    run_.reset();
    if (from >= upper_) {
      valid_ = false;
      return;
    }
    stored().seek(from);
    settle();
    begin_keeping(from);
    return;
  }
  if (key.empty()) {
    stored().seek_first();
  } else {
    stored().seek(key);
  }
  settle();
}

void CommittedWalk::next_slowly() {
  if (run_ != nullptr) {
    RowRunRef left = std::move(run_);
    seek(left->end);
    return;
  }
  if (kept_ != nullptr) keep_row();
  stored_->next();
  settle();
  if (kept_ == nullptr) return;
  if (!valid_) {
    end_keeping(upper_);
  } else if (kept_->rows.size() >= kRunRows || kept_->bytes.size() >= kRunBytes) {
    end_keeping(key_);
    if (++kept_runs_ < kMostRuns) {
      kept_ = std::make_shared<RowRun>();
      kept_->begin.assign(key_);
      kept_->version = cache_->version_of(key_);
      if (kept_->version > visible_ts_) kept_.reset();
    }
  }
}

void CommittedWalk::begin_keeping(std::string_view key) {
  if (!valid_ || !options_.fill_cache || kept_runs_ >= kMostRuns) return;
  uint64_t version = cache_->version_of(key);
  if (version > visible_ts_ || !cache_->is_read_again(key)) return;
  kept_ = std::make_shared<RowRun>();
  kept_->begin.assign(key);
  kept_->version = version;
}

void CommittedWalk::keep_row() { kept_->add(key_, stored_->value()); }

// The run ends before `end`; everything in front of it has been seen.
void CommittedWalk::end_keeping(std::string_view end) {
  if (kept_->rows.size() >= kLeastRows) {
    kept_->end.assign(end);
    cache_->put(std::move(kept_));
  }
  kept_.reset();
}

void CommittedWalk::seek_last() {
  if (kept_ != nullptr && valid_) end_keeping(key_);
  kept_.reset();
  run_.reset();
  stored().seek_last();
  settle();
}

void CommittedWalk::seek_for_prev(std::string_view key) {
  if (kept_ != nullptr && valid_) end_keeping(key_);
  kept_.reset();
  run_.reset();
  stored().seek_for_prev(key);
  settle();
}

void CommittedWalk::prev() {
  stored_->prev();
  settle();
}

}  // namespace luma
