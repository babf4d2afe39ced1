#include "engine/txn/prepared_transactions.h"

#include <algorithm>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/txn/engine_keys.h"

namespace luma {
namespace {

constexpr uint8_t kRecordVersion = 1;
constexpr size_t kMaxRecordBytes = size_t{1} << 30;

// A record is the concatenation of these, in the machine's byte order like other engine state.
class RecordWriter {
 public:
  template <typename T>
  void number(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void bytes(std::string_view text) {
    number(static_cast<uint32_t>(text.size()));
    out_.append(text);
  }
  const std::string& text() const { return out_; }

 private:
  std::string out_;
};

class RecordReader {
 public:
  explicit RecordReader(std::string_view record) : left_(record) {}
  template <typename T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(value)).data(), sizeof(value));
    return value;
  }
  std::string_view bytes() { return take(number<uint32_t>()); }

 private:
  std::string_view take(size_t count) {
    if (count > left_.size()) {
      throw SqlError(SqlState::kDataCorrupted, "record of a prepared transaction is cut short");
    }
    std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }
  std::string_view left_;
};

void write_locks(const std::vector<LockListing>& locks, RecordWriter* out) {
  out->number(static_cast<uint32_t>(locks.size()));
  for (const LockListing& lock : locks) {
    out->number(static_cast<uint8_t>(lock.kind));
    out->number(static_cast<uint8_t>(lock.mode));
    out->number(lock.relation);
    out->number(lock.advisory.class_id);
    out->number(lock.advisory.object_id);
    out->number(lock.advisory.sub_id);
    out->bytes(lock.row_key);
  }
}

void take_lock(LockManager& manager, LockOwner& owner, RecordReader& in) {
  auto kind = static_cast<LockKind>(in.number<uint8_t>());
  auto mode = in.number<uint8_t>();
  Oid relation = in.number<Oid>();
  AdvisoryKey advisory;
  advisory.class_id = in.number<uint32_t>();
  advisory.object_id = in.number<uint32_t>();
  advisory.sub_id = in.number<uint16_t>();
  std::string_view key = in.bytes();
  switch (kind) {
    case LockKind::kRow:
      manager.lock_row(owner, relation, key, static_cast<RowLockMode>(mode));
      return;
    case LockKind::kTable:
      manager.lock_table(owner, relation, static_cast<TableLockMode>(mode));
      return;
    case LockKind::kAdvisory:
      manager.lock_advisory(owner, advisory, mode == static_cast<uint8_t>(TableLockMode::kShare),
                            false);
      return;
  }
}

void write_changes(const WriteBuffer& buffer, RecordWriter* out) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < buffer.ops().size(); ++i) count += !buffer.superseded(i);
  out->number(count);
  for (uint32_t i = 0; i < buffer.ops().size(); ++i) {
    if (buffer.superseded(i)) continue;
    const BufferedOp& op = buffer.ops()[i];
    out->number(static_cast<uint8_t>(op.family));
    out->number(static_cast<uint8_t>((op.is_delete ? 1 : 0) | (op.stamped ? 2 : 0)));
    out->bytes(op.key);
    if (!op.is_delete) out->bytes(op.value);
  }
}

void read_changes(RecordReader& in, Transaction* txn) {
  for (auto left = in.number<uint32_t>(); left > 0; --left) {
    auto family = static_cast<KvFamily>(in.number<uint8_t>());
    auto flags = in.number<uint8_t>();
    std::string_view key = in.bytes();
    if ((flags & 1) != 0) {
      txn->remove(family, key);
    } else {
      txn->put(family, key, in.bytes(), (flags & 2) != 0);
    }
  }
}

}  // namespace

// `txn` is null until the transaction is prepared; `busy` while a session works on it. Both change
// under the mutex; only who made it busy looks inside.
struct PreparedTransactions::Entry {
  PreparedInfo info;
  bool busy = true;
  bool serializable = false;
  std::unique_ptr<LockOwner> owner;
  std::unique_ptr<Transaction> txn;
};

PreparedTransactions::PreparedTransactions(CommitPipeline& pipeline, LockManagers locks)
    : pipeline_(pipeline), locks_(std::move(locks)) {}
PreparedTransactions::~PreparedTransactions() = default;

void PreparedTransactions::recover() {
  std::string upper = prepared_transaction_key("");
  ++upper.back();
  std::string lower = prepared_transaction_key("");
  KvReadOptions options;
  options.lower = lower;
  options.upper = upper;
  auto at = pipeline_.kv().new_iterator(KvFamily::kCatalog, options);
  for (at->seek(lower); at->valid(); at->next()) {
    auto entry = read_record(at->key().substr(lower.size()), at->value());
    std::lock_guard guard(mutex_);
    std::string gid = entry->info.gid;
    entries_.emplace(std::move(gid), std::move(entry));
  }
  at->status().check();
}

std::unique_ptr<PreparedTransactions::Entry> PreparedTransactions::read_record(
    std::string_view gid, std::string_view record) {
  RecordReader in(record);
  if (in.number<uint8_t>() != kRecordVersion) {
    throw sql_error(SqlState::kDataCorrupted, "prepared transaction \"{}\" has an unknown format",
                    gid);
  }
  auto entry = std::make_unique<Entry>();
  entry->info.gid = gid;
  entry->info.database = in.number<Oid>();
  entry->info.owner = in.number<Oid>();
  entry->info.prepared_micros = in.number<int64_t>();
  entry->serializable = in.number<uint8_t>() != 0;
  LockManager& manager = locks_(entry->info.database);
  entry->owner = std::make_unique<LockOwner>(manager, 0, nullptr);
  entry->txn =
      std::make_unique<Transaction>(pipeline_, &manager, entry->owner.get(), TransactionOptions{});
  entry->info.transaction_id = entry->txn->id();
  for (auto left = in.number<uint32_t>(); left > 0; --left) take_lock(manager, *entry->owner, in);
  read_changes(in, entry->txn.get());
  if (entry->serializable) pipeline_.hold_writes(*entry->txn);
  entry->busy = false;
  return entry;
}

PreparedTransactions::Entry& PreparedTransactions::reserve(PreparedInfo info, int64_t limit) {
  std::lock_guard guard(mutex_);
  auto it = entries_.find(info.gid);
  if (it != entries_.end()) {
    throw sql_error(SqlState::kDuplicateObject, "transaction identifier \"{}\" is already in use",
                    info.gid);
  }
  if (static_cast<int64_t>(entries_.size()) >= limit) {
    throw SqlError(SqlState::kOutOfMemory, "maximum number of prepared transactions reached")
        .hint(fmt::format("Increase max_prepared_transactions (currently {}).", limit));
  }
  auto entry = std::make_unique<Entry>();
  std::string gid = info.gid;
  entry->info = std::move(info);
  return *entries_.emplace(std::move(gid), std::move(entry)).first->second;
}

void PreparedTransactions::drop(std::string_view gid) {
  std::unique_ptr<Entry> entry;  // ends outside of the mutex
  std::lock_guard guard(mutex_);
  auto it = entries_.find(gid);
  entry = std::move(it->second);
  entries_.erase(it);
}

uint64_t PreparedTransactions::prepare(Transaction& txn, PreparedInfo info, int64_t limit) {
  if (txn.buffer().size_bytes() > kMaxRecordBytes) {
    throw SqlError(SqlState::kProgramLimitExceeded,
                   "a transaction with more than 1 GB of changes cannot be prepared");
  }
  LockManager& manager = *txn.locks();
  Entry& entry = reserve(std::move(info), limit);
  const std::string gid = entry.info.gid;
  try {
    std::vector<LockListing> locks = manager.transaction_locks(*txn.owner());
    entry.serializable = txn.isolation() == IsolationLevel::kSerializable;
    RecordWriter record;
    record.number(kRecordVersion);
    record.number(entry.info.database);
    record.number(entry.info.owner);
    record.number(entry.info.prepared_micros);
    record.number(static_cast<uint8_t>(entry.serializable));
    write_locks(locks, &record);
    write_changes(txn.buffer(), &record);

    entry.owner = std::make_unique<LockOwner>(manager, 0, nullptr);
    auto held =
        std::make_unique<Transaction>(pipeline_, &manager, entry.owner.get(), TransactionOptions{});
    entry.info.transaction_id = held->id();
    // The buffer's operations again, now owned by nobody's session.
    for (uint32_t i = 0; i < txn.buffer().ops().size(); ++i) {
      if (txn.buffer().superseded(i)) continue;
      const BufferedOp& op = txn.buffer().ops()[i];
      op.is_delete ? held->remove(op.family, op.key)
                   : held->put(op.family, op.key, op.value, op.stamped);
    }
    held->take_moved_rows(txn);
    manager.reserve_hand_over(*txn.owner(), *entry.owner);
    KvBatch batch;
    batch.put(KvFamily::kCatalog, prepared_transaction_key(gid), record.text());
    uint64_t ts = pipeline_.prepare(txn, *held, batch);
    manager.hand_over(*txn.owner(), *entry.owner);
    txn.rollback();
    std::lock_guard guard(mutex_);
    entry.txn = std::move(held);
    entry.busy = false;
    return ts;
  } catch (...) {
    drop(gid);
    throw;
  }
}

uint64_t PreparedTransactions::finish(std::string_view gid, bool commit,
                                      const std::function<void(const PreparedInfo&)>& check) {
  Entry* entry;
  {
    std::lock_guard guard(mutex_);
    auto it = entries_.find(gid);
    if (it == entries_.end() || (it->second->busy && it->second->txn == nullptr)) {
      throw sql_error(SqlState::kUndefinedObject,
                      "prepared transaction with identifier \"{}\" does not exist", gid);
    }
    entry = it->second.get();
    if (entry->busy) {
      throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                      "prepared transaction with identifier \"{}\" is busy", gid);
    }
    check(entry->info);
    entry->busy = true;
  }
  uint64_t id = entry->txn->id();
  uint64_t ts = 0;
  try {
    KvBatch record;
    record.remove(KvFamily::kCatalog, prepared_transaction_key(gid));
    if (commit) {
      ts = pipeline_.commit_prepared(*entry->txn, record).wait_for_ts;
    } else {
      ts = pipeline_.write(record, true);
      entry->txn->rollback();
    }
  } catch (...) {
    // It stays prepared: the store may work again later.
    std::lock_guard guard(mutex_);
    entry->busy = false;
    throw;
  }
  pipeline_.release_writes(id);
  drop(gid);
  return ts;
}

std::vector<PreparedInfo> PreparedTransactions::list() const {
  std::vector<PreparedInfo> out;
  std::lock_guard guard(mutex_);
  for (const auto& [gid, entry] : entries_) {
    if (entry->txn != nullptr) out.push_back(entry->info);
  }
  return out;
}

int PreparedTransactions::count(Oid database) const {
  std::lock_guard guard(mutex_);
  return static_cast<int>(std::count_if(entries_.begin(), entries_.end(), [&](const auto& each) {
    return each.second->info.database == database;
  }));
}

}  // namespace luma
