#include "sql/session/transaction_history.h"

#include <algorithm>

#include "engine/txn/engine_keys.h"

namespace luma {
namespace {

// Numbers are handed out in memory; the store knows one that none of those that committed data
// could mention has reached.
constexpr uint64_t kIdBlock = 1 << 20;
constexpr uint64_t kIdSlack = 1 << 16;

}  // namespace

TransactionHistory::TransactionHistory(CommitPipeline& pipeline, const ActivityRegistry& sessions,
                                       const PreparedTransactions& prepared)
    : pipeline_(pipeline),
      sessions_(sessions),
      prepared_transactions_(prepared),
      first_id_(pipeline.next_transaction_id()),
      commits_(kRemembered) {
  CommitHook hook;
  hook.before_write = [this](CommitContext& context) {
    pending_ = {context.txn.id(), context.commit_ts};
    if (pending_.id + kIdSlack <= id_ceiling_) return;
    id_ceiling_ = pending_.id + kIdBlock;
    context.batch.put(KvFamily::kCatalog, kTransactionCeilingKey,
                      {reinterpret_cast<const char*>(&id_ceiling_), sizeof id_ceiling_});
  };
  hook.published = [this](uint64_t timestamp) {
    std::lock_guard lock(mutex_);
    record(pending_.id, timestamp);
  };
  pipeline.add_hook(std::move(hook));
}

void TransactionHistory::record(uint64_t id, uint64_t timestamp) {
  Commit& commit = commits_[id % kRemembered];
  // A transaction that took long does not hide a younger one.
  if (commit.id < id) commit = {id, timestamp};
  if (prepared_.empty()) return;
  auto held = prepared_.find(id);
  if (held == prepared_.end()) return;
  const uint64_t original = held->second;
  prepared_.erase(held);
  record(original, timestamp);
}

void TransactionHistory::note_committed(uint64_t id) {
  std::lock_guard lock(mutex_);
  record(id, pipeline_.visible_ts());
}

void TransactionHistory::note_prepared(uint64_t original, uint64_t held) {
  std::lock_guard lock(mutex_);
  prepared_[held] = original;
}

std::optional<uint64_t> TransactionHistory::committed_at(uint64_t id) const {
  const Commit& commit = commits_[id % kRemembered];
  return commit.id == id ? std::optional(commit.timestamp) : std::nullopt;
}

std::vector<uint64_t> TransactionHistory::running() {
  std::vector<uint64_t> ids = sessions_.transaction_ids();
  std::map<uint64_t, uint64_t> still_prepared;
  for (const PreparedInfo& info : prepared_transactions_.list()) {
    ids.push_back(info.transaction_id);
    auto known = prepared_.find(info.transaction_id);
    if (known == prepared_.end()) continue;
    ids.push_back(known->second);
    still_prepared.insert(*known);
  }
  prepared_ = std::move(still_prepared);
  return ids;
}

TransactionFate TransactionHistory::fate(uint64_t id) {
  // Before the look at what runs, so that what is neither running nor committed has ended.
  const uint64_t next = pipeline_.next_transaction_id();
  std::lock_guard lock(mutex_);
  if (id >= next) return TransactionFate::kFuture;
  if (id <= first_id_) return TransactionFate::kForgotten;
  std::vector<uint64_t> ids = running();
  if (committed_at(id)) return TransactionFate::kCommitted;
  if (std::find(ids.begin(), ids.end(), id) != ids.end()) return TransactionFate::kRunning;
  if (commits_[id % kRemembered].id > id) return TransactionFate::kForgotten;
  return TransactionFate::kAborted;
}

SnapshotValue TransactionHistory::describe(const TxnSnapshot& snapshot) {
  SnapshotValue out;
  const uint64_t next = pipeline_.next_transaction_id();
  std::lock_guard lock(mutex_);
  for (uint64_t id : running()) {
    std::optional<uint64_t> committed = committed_at(id);
    if (id < next && (!committed || *committed > snapshot.visible_ts)) out.running.push_back(id);
  }
  // Snapshots are asked about when they are young: few commits are newer.
  if (pipeline_.visible_ts() > snapshot.visible_ts) {
    for (const Commit& commit : commits_) {
      if (commit.timestamp > snapshot.visible_ts) out.running.push_back(commit.id);
    }
  }
  std::sort(out.running.begin(), out.running.end());
  out.running.erase(std::unique(out.running.begin(), out.running.end()), out.running.end());
  out.xmax = next;
  while (!out.running.empty() && out.running.back() + 1 >= out.xmax) {
    out.xmax = out.running.back();
    out.running.pop_back();
  }
  out.xmin = out.running.empty() ? out.xmax : out.running.front();
  return out;
}

void ExportedSnapshots::add(const std::string& name, Entry entry) {
  std::lock_guard lock(mutex_);
  entries_.insert_or_assign(name, std::move(entry));
}

void ExportedSnapshots::remove(const std::string& name) {
  std::lock_guard lock(mutex_);
  entries_.erase(name);
}

std::optional<ExportedSnapshots::Entry> ExportedSnapshots::find(std::string_view name) const {
  std::lock_guard lock(mutex_);
  auto it = entries_.find(name);
  return it == entries_.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace luma
