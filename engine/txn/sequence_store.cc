#include "engine/txn/sequence_store.h"

#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/txn/engine_keys.h"

namespace luma {
namespace {

constexpr size_t kStateBytes = sizeof(int64_t) + 1;

std::string encode(int64_t last_value, bool is_called) {
  std::string value(kStateBytes, '\0');
  std::memcpy(value.data(), &last_value, sizeof(last_value));
  value[sizeof(last_value)] = is_called ? 1 : 0;
  return value;
}

SequenceState decode(std::string_view value) {
  LUMA_CHECK(value.size() == kStateBytes);
  SequenceState state;
  std::memcpy(&state.last_value, value.data(), sizeof(state.last_value));
  state.is_called = value[sizeof(state.last_value)] != 0;
  return state;
}

// The value after `value`; false when the range ends before it.
bool step(const SequenceSpec& spec, int64_t value, int64_t* next) {
  if (__builtin_add_overflow(value, spec.increment, next)) return false;
  return *next >= spec.min_value && *next <= spec.max_value;
}

}  // namespace

SequenceStore::~SequenceStore() {
  for (auto& [sequence, entry] : entries_) {
    if (!entry->loaded || entry->state.log_count == 0) continue;
    try {
      persist(sequence, entry->state.last_value, entry->state.is_called, false);
    } catch (const SqlError&) {
      // The store refuses writes: the reserved values are skipped, as after a crash.
      return;
    }
  }
}

SequenceStore::Entry& SequenceStore::entry_of(SequenceId sequence) {
  std::lock_guard guard(mutex_);
  auto& entry = entries_[sequence];
  if (entry == nullptr) entry = std::make_unique<Entry>();
  return *entry;
}

void SequenceStore::load(Entry& entry, SequenceId sequence) {
  if (entry.loaded.load(std::memory_order_acquire)) return;
  KvValue value;
  if (!pipeline_.kv()
           .get(KvFamily::kCatalog, sequence_state_key(sequence.database, sequence.oid), nullptr,
                &value)
           .found()) {
    throw sql_error(SqlState::kInternalError, "sequence {} has no stored state", sequence.oid);
  }
  entry.state = decode(value.view());
  entry.reserved_at_ts = pipeline_.assigned_ts();
  entry.loaded.store(true, std::memory_order_release);
}

uint64_t SequenceStore::persist(SequenceId sequence, int64_t last_value, bool is_called,
                                bool durable) {
  KvBatch batch;
  batch.put(KvFamily::kCatalog, sequence_state_key(sequence.database, sequence.oid),
            encode(last_value, is_called));
  return pipeline_.write(batch, durable);
}

void SequenceStore::forget_at_commit(Transaction& txn, SequenceId sequence) {
  // Runs under the pipeline's mutex, which nextval() takes while it holds the entry's: so no mutex
  // here.
  Entry* entry = &entry_of(sequence);
  txn.add_commit_hook(
      {nullptr, [entry](uint64_t) { entry->loaded.store(false, std::memory_order_release); }});
}

void SequenceStore::create(Transaction& txn, SequenceId sequence, int64_t start_value,
                           bool is_called) {
  txn.put(KvFamily::kCatalog, sequence_state_key(sequence.database, sequence.oid),
          encode(start_value, is_called));
  forget_at_commit(txn, sequence);
}

void SequenceStore::drop(Transaction& txn, SequenceId sequence) {
  txn.remove(KvFamily::kCatalog, sequence_state_key(sequence.database, sequence.oid));
  forget_at_commit(txn, sequence);
}

SequenceBlock SequenceStore::advance(SequenceState* state, const SequenceSpec& spec, int64_t cache,
                                     bool* persist, int64_t* persisted_value) {
  int64_t first = state->last_value;
  *persist = !state->is_called;
  if (state->is_called && !step(spec, state->last_value, &first)) {
    bool ascending = spec.increment > 0;
    if (!spec.cycle) {
      throw sql_error(SqlState::kSequenceGeneratorLimitExceeded,
                      "nextval: reached {} value of sequence \"{}\" ({})",
                      ascending ? "maximum" : "minimum", spec.name,
                      ascending ? spec.max_value : spec.min_value);
    }
    first = ascending ? spec.min_value : spec.max_value;
    *persist = true;
  }
  int64_t count = 1, last = first, next;
  while (count < cache && step(spec, last, &next)) {
    last = next;
    ++count;
  }
  if (*persist || count > state->log_count) {
    *persist = true;
    *persisted_value = last;
    int64_t extra = 0;
    while (extra < kReservedValues && step(spec, *persisted_value, &next)) {
      *persisted_value = next;
      ++extra;
    }
    state->log_count = extra;
  } else {
    state->log_count -= count;
  }
  state->last_value = last;
  state->is_called = true;
  return {first, count, 0};
}

SequenceBlock SequenceStore::nextval(Transaction* txn, SequenceId sequence,
                                     const SequenceSpec& spec, int64_t cache) {
  bool must_persist = false;
  int64_t persisted_value = 0;
  std::string key = sequence_state_key(sequence.database, sequence.oid);
  if (txn != nullptr) {
    // Made or restarted by this transaction: its state is still private.
    const BufferedOp* own = txn->buffer().find(KvFamily::kCatalog, key, txn->buffer().mark());
    if (own != nullptr && !own->is_delete) {
      SequenceState state = decode(own->value);
      SequenceBlock block = advance(&state, spec, cache, &must_persist, &persisted_value);
      txn->put(KvFamily::kCatalog, key, encode(state.last_value, true));
      return block;
    }
  }
  Entry& entry = entry_of(sequence);
  std::lock_guard guard(entry.mutex);
  load(entry, sequence);
  SequenceState state = entry.state;
  SequenceBlock block = advance(&state, spec, cache, &must_persist, &persisted_value);
  if (must_persist) {
    bool durable = txn == nullptr || txn->sync_commit() != SyncCommit::kOff;
    entry.reserved_at_ts = persist(sequence, persisted_value, true, durable);
  }
  entry.state = state;
  block.wait_for_ts = entry.reserved_at_ts;
  if (txn != nullptr) txn->add_dependency(block.wait_for_ts);
  return block;
}

uint64_t SequenceStore::setval(Transaction* txn, SequenceId sequence, const SequenceSpec& spec,
                               int64_t value, bool is_called) {
  if (value < spec.min_value || value > spec.max_value) {
    throw sql_error(SqlState::kNumericValueOutOfRange,
                    "setval: value {} is out of bounds for sequence \"{}\" ({}..{})", value,
                    spec.name, spec.min_value, spec.max_value);
  }
  std::string key = sequence_state_key(sequence.database, sequence.oid);
  if (txn != nullptr) {
    const BufferedOp* own = txn->buffer().find(KvFamily::kCatalog, key, txn->buffer().mark());
    if (own != nullptr && !own->is_delete) {
      txn->put(KvFamily::kCatalog, key, encode(value, is_called));
      return 0;
    }
  }
  Entry& entry = entry_of(sequence);
  std::lock_guard guard(entry.mutex);
  load(entry, sequence);
  bool durable = txn == nullptr || txn->sync_commit() != SyncCommit::kOff;
  entry.reserved_at_ts = persist(sequence, value, is_called, durable);
  entry.state = {value, is_called, 0};
  if (txn != nullptr) txn->add_dependency(entry.reserved_at_ts);
  return entry.reserved_at_ts;
}

SequenceState SequenceStore::read(Transaction* txn, SequenceId sequence) {
  if (txn != nullptr) {
    const BufferedOp* own =
        txn->buffer().find(KvFamily::kCatalog, sequence_state_key(sequence.database, sequence.oid),
                           txn->buffer().mark());
    if (own != nullptr && !own->is_delete) return decode(own->value);
  }
  Entry& entry = entry_of(sequence);
  std::lock_guard guard(entry.mutex);
  load(entry, sequence);
  return entry.state;
}

}  // namespace luma
