#include "engine/txn/transaction.h"

#include <algorithm>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/txn/commit_pipeline.h"
#include "engine/txn/lock_manager.h"
#include "engine/txn/txn_iterator.h"

namespace luma {

Transaction::Transaction(CommitPipeline& pipeline, LockManager* locks, LockOwner* owner,
                         const TransactionOptions& options)
    : pipeline_(pipeline),
      locks_(locks),
      owner_(owner),
      options_(options),
      id_(pipeline.next_transaction_id()),
      buffer_(options.budget, options.max_bytes,
              {pipeline.kv().scratch_directory(), options.memory_bytes}) {
  if (owner_ != nullptr) owner_->set_transaction_id(id_);
}

Transaction::~Transaction() { rollback(); }

void Transaction::add_dependency(uint64_t ts) {
  uint64_t old = dependency_ts_.load(std::memory_order_relaxed);
  while (old < ts && !dependency_ts_.compare_exchange_weak(old, ts, std::memory_order_relaxed)) {
  }
}

const TxnSnapshotRef& Transaction::snapshot() {
  if (snapshot_ == nullptr) {
    bool validates = options_.isolation == IsolationLevel::kSerializable && !options_.read_only;
    snapshot_ = validates ? pipeline_.begin_serializable(*this) : pipeline_.take_snapshot();
  }
  return snapshot_;
}

Transaction::StatementState Transaction::begin_statement(bool keep_snapshot) {
  StatementState saved{snapshot_, statement_mark_};
  if (keeps_snapshot()) {
    snapshot();  // the first statement's holds, also when that one reads nothing
  } else if (!keep_snapshot) {
    snapshot_.reset();
  }
  statement_mark_ = buffer_.mark();
  ++statement_depth_;
  return saved;
}

void Transaction::end_statement(StatementState&& saved) {
  --statement_depth_;
  // A rollback to a savepoint may have cut the buffer below the surrounding statement's mark.
  statement_mark_ = std::min(saved.mark, buffer_.mark());
  if (!keeps_snapshot()) snapshot_ = std::move(saved.snapshot);
}

void Transaction::resume_statement(const StatementState& state) {
  snapshot_ = state.snapshot;
  statement_mark_ = std::min(state.mark, buffer_.mark());
}

bool Transaction::get_own(KvFamily family, std::string_view key, ReadView view, KvValue* out,
                          bool* found) {
  const BufferedOp* op = buffer_.find(family, key, mark_of(view));
  if (op == nullptr) return false;
  *found = !op->is_delete;
  out->set_unowned(op->is_delete ? std::string_view() : op->value);
  return true;
}

bool Transaction::get_committed(KvFamily family, std::string_view key, ReadView view,
                                KvValue* out) {
  if (view == ReadView::kLatest) return pipeline_.kv().get(family, key, nullptr, out).found();
  const TxnSnapshotRef& at = snapshot();
  if (tracks_reads()) read_set_.add_key(family, key);
  return pipeline_.kv().get(family, key, &at->kv, out).found();
}

// get_committed() of a stamped value in kData.
bool Transaction::get_committed_row(std::string_view key, ReadView view, KvValue* out) {
  uint64_t seen_ts, visible_ts;
  if (view == ReadView::kLatest) {
    seen_ts = pipeline_.visible_ts();
    visible_ts = RowCache::kNewest;
  } else {
    seen_ts = visible_ts = snapshot()->visible_ts;
  }
  RowCache::Ticket ticket;
  if (pipeline_.rows().find(key, visible_ts, seen_ts, out, &ticket)) {
    if (tracks_reads() && view != ReadView::kLatest) read_set_.add_key(KvFamily::kData, key);
    return true;
  }
  if (!get_committed(KvFamily::kData, key, view, out)) return false;
  if (ticket) pipeline_.rows().put(ticket, key, out->view());
  return true;
}

bool Transaction::get(KvFamily family, std::string_view key, KvValue* out, ReadView view) {
  bool found = false;
  if (get_own(family, key, view, out, &found)) return found;
  found = get_committed(family, key, view, out);
  add_dependency(view == ReadView::kLatest ? pipeline_.assigned_ts() : snapshot_->dependency_ts);
  return found;
}

bool Transaction::get_stamped(KvFamily family, std::string_view key, KvValue* out, ReadView view) {
  bool found = false;
  if (get_own(family, key, view, out, &found)) return found;
  found = family == KvFamily::kData ? get_committed_row(key, view, out)
                                    : get_committed(family, key, view, out);
  if (found) {
    add_dependency(timestamp_of(out->view()));
  } else {
    // Who removed it has left no trace.
    add_dependency(view == ReadView::kLatest ? pipeline_.assigned_ts() : snapshot_->dependency_ts);
  }
  return found;
}

void Transaction::multi_get(KvFamily family, std::span<const std::string_view> keys, bool sorted,
                            KvValue* values, bool* found, ReadView view) {
  const KvSnapshot* at = view == ReadView::kLatest ? nullptr : &snapshot()->kv;
  const uint64_t seen_ts = at == nullptr ? pipeline_.visible_ts() : snapshot_->visible_ts;
  const uint64_t visible_ts = at == nullptr ? RowCache::kNewest : seen_ts;
  std::vector<std::string_view> wanted;
  std::vector<size_t> places;
  std::vector<RowCache::Ticket> tickets;
  wanted.reserve(keys.size());
  places.reserve(keys.size());
  tickets.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (get_own(family, keys[i], view, &values[i], &found[i])) continue;
    if (tracks_reads() && at != nullptr) read_set_.add_key(family, keys[i]);
    RowCache::Ticket ticket;
    if (family == KvFamily::kData &&
        pipeline_.rows().find(keys[i], visible_ts, seen_ts, &values[i], &ticket)) {
      found[i] = true;
      continue;
    }
    wanted.push_back(keys[i]);
    places.push_back(i);
    tickets.push_back(ticket);
  }
  add_dependency(at == nullptr ? pipeline_.assigned_ts() : snapshot_->dependency_ts);
  if (wanted.empty()) return;
  std::vector<KvValue> results(wanted.size());
  std::vector<KvStatus> statuses(wanted.size());
  pipeline_.kv().multi_get(family, wanted, at, sorted, results.data(), statuses.data());
  for (size_t i = 0; i < wanted.size(); ++i) {
    found[places[i]] = statuses[i].found();
    if (found[places[i]] && tickets[i]) {
      pipeline_.rows().put(tickets[i], wanted[i], results[i].view());
    }
    values[places[i]] = std::move(results[i]);
  }
}

bool Transaction::any_may_exist(KvFamily family, std::span<const std::string_view> keys) {
  if (keys.empty()) return false;
  if (!buffer_.empty()) {
    WriteBuffer::Cursor own = buffer_.cursor(family, buffer_.mark());
    own.seek(keys.front());
    if (own.valid() && own.op().key <= keys.back() &&
        std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
          return buffer_.find(family, key, buffer_.mark()) != nullptr;
        })) {
      return true;
    }
  }
  // Where keys and stored ones alternate, a lookup is cheaper than a seek.
  const size_t max_seeks = 1 + keys.size() / 128;
  constexpr uint64_t kMaxSkipped = 1000;
  add_dependency(pipeline_.assigned_ts());
  Kv& kv = pipeline_.kv();
  std::string upper(keys.back());
  upper.push_back('\0');
  KvReadOptions options;
  options.lower = keys.front();
  options.upper = upper;
  options.max_skipped = kMaxSkipped;
  auto at = kv.new_iterator(family, options);
  auto key = keys.begin();
  for (size_t seeks = 0; seeks < max_seeks; ++seeks) {
    at->seek(*key);
    if (!at->valid()) {
      if (at->status().ok()) return false;
      break;
    }
    // What lies before the stored key is not stored.
    key = std::lower_bound(key, keys.end(), at->key());
    if (key == keys.end()) return false;
    if (*key == at->key()) return true;
  }
  KvValue value;
  for (; key != keys.end(); ++key) {
    if (kv.get(family, *key, nullptr, &value).found()) return true;
  }
  return false;
}

std::unique_ptr<TxnIterator> Transaction::scan(KvFamily family, std::string_view lower,
                                               std::string_view upper, ReadView view,
                                               bool fill_cache) {
  TxnSnapshotRef at = view == ReadView::kLatest ? nullptr : snapshot();
  auto iterator = std::unique_ptr<TxnIterator>(
      new TxnIterator(*this, family, at, mark_of(view), lower, upper, fill_cache));
  add_dependency(at == nullptr ? pipeline_.assigned_ts() : at->dependency_ts);
  return iterator;
}

void Transaction::put(KvFamily family, std::string_view key, std::string_view value, bool stamped) {
  buffer_.put(family, key, value, stamped);
}

void Transaction::remove(KvFamily family, std::string_view key) { buffer_.remove(family, key); }

uint64_t Transaction::timestamp_of(std::string_view value) {
  LUMA_CHECK(value.size() >= sizeof(uint64_t));
  uint64_t ts;
  std::memcpy(&ts, value.data(), sizeof(ts));
  return ts;
}

void Transaction::check_unchanged_since_snapshot(KvFamily family, std::string_view key) {
  if (!keeps_snapshot()) return;
  const TxnSnapshotRef& at = snapshot();
  KvValue then, now;
  bool found_now = pipeline_.kv().get(family, key, nullptr, &now).found();
  bool found_then = pipeline_.kv().get(family, key, &at->kv, &then).found();
  if (!found_now && !found_then) return;
  if (!found_now) {
    throw SqlError(SqlState::kTRSerializationFailure,
                   "could not serialize access due to concurrent delete");
  }
  if (!found_then || timestamp_of(now.view()) != timestamp_of(then.view())) {
    throw SqlError(SqlState::kTRSerializationFailure,
                   "could not serialize access due to concurrent update");
  }
}

Transaction::Savepoint Transaction::savepoint() const {
  return {buffer_.mark(), owner_ == nullptr ? 0 : owner_->mark(), hooks_.size(),
          moved_rows_.size()};
}

void Transaction::rollback_to(const Savepoint& savepoint) {
  buffer_.rollback_to(savepoint.ops);
  statement_mark_ = std::min(statement_mark_, savepoint.ops);
  hooks_.resize(std::min(hooks_.size(), savepoint.hooks));
  moved_rows_.resize(std::min(moved_rows_.size(), savepoint.moved_rows));
  if (locks_ != nullptr && owner_ != nullptr) locks_->release_since(*owner_, savepoint.locks);
}

void Transaction::rollback() {
  if (!finished_) finish();
}

void Transaction::finish() {
  finished_ = true;
  if (serializable_registered_) pipeline_.end_serializable(*this);
  read_set_.clear();
  hooks_.clear();
  moved_rows_.clear();
  snapshot_.reset();
  statement_mark_ = 0;
  // Before the buffer: bulk locks refer to keys in it.
  if (locks_ != nullptr && owner_ != nullptr) locks_->release_transaction(*owner_);
  buffer_.clear();
  if (owner_ != nullptr) owner_->set_transaction_id(0);
}

void Transaction::register_iterator(TxnIterator* iterator) {
  std::lock_guard guard(iterators_mutex_);
  iterators_.push_back(iterator);
}

void Transaction::unregister_iterator(TxnIterator* iterator) {
  std::lock_guard guard(iterators_mutex_);
  std::erase(iterators_, iterator);
}

void Transaction::record_live_iterators() {
  std::lock_guard guard(iterators_mutex_);
  for (TxnIterator* iterator : iterators_) iterator->record_reads();
}

}  // namespace luma
