#include "engine/exec/join_hash_table.h"

#include <atomic>
#include <bit>

#include "engine/exec/divided_input.h"

namespace luma {

namespace {

// Row header: next in chain; then hash, or the packed key; then the flag.
constexpr uint32_t kHashOffset = 8;
constexpr uint64_t kPointerMask = (uint64_t{1} << 48) - 1;
// Chain pointer of a row that is not in the directory.
std::byte* const kUnlinked = reinterpret_cast<std::byte*>(uintptr_t{1});

std::vector<PhysicalType> build_types(std::vector<PhysicalType> payload,
                                      const std::vector<KeyType>& keys) {
  // Packed keys live in the header, but their columns are kept for three-valued comparisons (mark).
  for (const KeyType& key : keys) payload.push_back(key.physical);
  return payload;
}

uint64_t tag_of(uint64_t hash) { return uint64_t{1} << (48 + (hash & 15)); }

}  // namespace

JoinHashTable::JoinHashTable(std::vector<PhysicalType> payload, std::vector<KeyType> keys,
                             std::vector<bool> null_matches, bool with_flags)
    : keys_(std::move(keys)),
      null_matches_(std::move(null_matches)),
      packed_(can_pack(keys_)),
      payload_columns_(static_cast<uint32_t>(payload.size())),
      flag_offset_(packed_ ? 24 : 16),
      layout_(build_types(std::move(payload), keys_), flag_offset_ + (with_flags ? 8 : 0)),
      hashes_(kVectorSize),
      packed_keys_(packed_ ? kVectorSize : 0),
      new_rows_(kVectorSize) {
  if (!with_flags) flag_offset_ = 0;
}

JoinHashTable::~JoinHashTable() { close(); }

void JoinHashTable::open(MemoryBudget* budget) {
  close();
  budget_ = budget;
  rows_ = std::make_unique<RowCollection>(layout_, budget);
}

void JoinHashTable::close() {
  rows_.reset();
  release_directory();
}

void JoinHashTable::release_directory() {
  if (budget_ != nullptr && !directory_.empty())
    budget_->release(directory_.size() * sizeof(uint64_t));
  directory_ = {};
}

size_t JoinHashTable::bytes() const {
  if (!rows_) return 0;
  return rows_->bytes() +
         std::bit_ceil(std::max<uint64_t>(1, rows_->row_count())) * sizeof(uint64_t);
}

void JoinHashTable::hash(std::span<const Vector* const> keys, uint32_t count, uint64_t* hashes) {
  if (packed_) {
    pack_keys(keys_, keys, count, packed_keys_.data());
    for (uint32_t i = 0; i < count; ++i) hashes[i] = packed_keys_[i].hash();
  } else {
    hash_columns(keys_, keys, count, hashes);
  }
}

uint32_t JoinHashTable::split_nulls(std::span<const Vector* const> keys, uint32_t count,
                                    uint32_t* usable, uint32_t* excluded) const {
  bool any = false;
  for (size_t k = 0; k < keys.size(); ++k) any |= !null_matches_[k] && keys[k]->has_nulls();
  uint32_t kept = 0, dropped = 0;
  for (uint32_t i = 0; i < count; ++i) {
    bool null = false;
    for (size_t k = 0; any && k < keys.size(); ++k)
      null |= !null_matches_[k] && keys[k]->is_null(i);
    if (null) {
      excluded[dropped++] = i;
    } else {
      usable[kept++] = i;
    }
  }
  return kept;
}

void JoinHashTable::append(std::span<const Vector* const> keys,
                           std::span<const Vector* const> payload, const uint32_t* selection,
                           uint32_t count, uint32_t total, bool linked) {
  if (count == 0) return;
  hash(keys, total, hashes_.data());
  columns_.assign(payload.begin(), payload.end());
  columns_.insert(columns_.end(), keys.begin(), keys.end());
  rows_->append(columns_, selection, count, new_rows_.data());
  std::byte* chain = linked ? nullptr : kUnlinked;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t row = selection == nullptr ? i : selection[i];
    std::memcpy(new_rows_[i], &chain, sizeof chain);
    if (packed_) {
      std::memcpy(new_rows_[i] + kHashOffset, &packed_keys_[row], sizeof(PackedKey));
    } else {
      std::memcpy(new_rows_[i] + kHashOffset, &hashes_[row], sizeof(uint64_t));
    }
    if (flag_offset_ != 0) new_rows_[i][flag_offset_] = std::byte{0};
  }
}

uint64_t JoinHashTable::hash_of(const std::byte* row) const {
  if (packed_) {
    PackedKey key;
    std::memcpy(&key, row + kHashOffset, sizeof key);
    return key.hash();
  }
  uint64_t hash;
  std::memcpy(&hash, row + kHashOffset, sizeof hash);
  return hash;
}

bool JoinHashTable::same_keys(const std::byte* a, const std::byte* b) const {
  if (packed_) return std::memcmp(a + kHashOffset, b + kHashOffset, sizeof(PackedKey)) == 0;
  if (std::memcmp(a + kHashOffset, b + kHashOffset, sizeof(uint64_t)) != 0) return false;
  for (uint32_t k = 0; k < keys_.size(); ++k) {
    uint32_t column = key_column(k);
    bool null = layout_.is_null(a, column);
    if (null != layout_.is_null(b, column)) return false;
    if (!null && !key_equal(keys_[k], a + layout_.offsets[column], b + layout_.offsets[column]))
      return false;
  }
  return true;
}

std::unique_ptr<JoinHashTable> JoinHashTable::make_part() const {
  std::vector<PhysicalType> payload(layout_.types.begin(),
                                    layout_.types.begin() + payload_columns_);
  auto part =
      std::make_unique<JoinHashTable>(std::move(payload), keys_, null_matches_, flag_offset_ != 0);
  part->open(budget_);
  return part;
}

// Puts rows into the directory; `shared`: others do so, too.
template <bool shared>
void JoinHashTable::link(std::byte* const* rows, uint32_t count, uint64_t* hashes, bool distinct) {
  for (uint32_t i = 0; i < count; ++i) {
    hashes[i] = hash_of(rows[i]);
    __builtin_prefetch(&directory_[hashes[i] >> shift_], 1);
  }
  for (uint32_t i = 0; i < count; ++i) {
    std::byte* row = rows[i];
    if (next_of(row) == kUnlinked) continue;
    uint64_t& slot = directory_[hashes[i] >> shift_];
    const uint64_t tag = tag_of(hashes[i]);
    uint64_t head = shared ? std::atomic_ref(slot).load(std::memory_order_acquire) : slot;
    for (;;) {
      auto* first = reinterpret_cast<std::byte*>(head & kPointerMask);
      if (distinct && (head & tag) != 0) {
        const std::byte* other = first;
        while (other != nullptr && !same_keys(other, row)) other = next_of(other);
        if (other != nullptr) break;
      }
      std::memcpy(row, &first, sizeof first);
      const uint64_t now = (head & ~kPointerMask) | tag | reinterpret_cast<uint64_t>(row);
      if constexpr (shared) {
        if (std::atomic_ref(slot).compare_exchange_weak(head, now, std::memory_order_acq_rel)) {
          break;
        }
      } else {
        slot = now;
        break;
      }
    }
  }
}

void JoinHashTable::finish(bool distinct, WorkerTeam* team) {
  release_directory();
  uint64_t size = std::bit_ceil(std::max<uint64_t>(2, rows_->row_count()));
  if (budget_ != nullptr) budget_->charge(size * sizeof(uint64_t));
  directory_.assign(size, 0);
  shift_ = 64 - static_cast<uint32_t>(std::countr_zero(size));
  if (team == nullptr) {
    RowCollection::Cursor cursor;
    while (uint32_t count = rows_->scan(cursor, new_rows_.data(), kVectorSize)) {
      link<false>(new_rows_.data(), count, hashes_.data(), distinct);
    }
    return;
  }
  std::atomic<size_t> next{0};
  team->run([&](size_t, ExecContext& context) {
    std::vector<std::byte*> rows(kVectorSize);
    std::vector<uint64_t> hashes(kVectorSize);
    for (size_t block; (block = next.fetch_add(1)) < rows_->block_count();) {
      uint32_t at = 0;
      while (uint32_t count = rows_->scan_block(block, at, rows.data(), kVectorSize)) {
        if (context.interrupt != nullptr) context.interrupt->check();
        link<true>(rows.data(), count, hashes.data(), distinct);
        at += count;
      }
    }
  });
}

JoinProbe::JoinProbe(const JoinHashTable& table)
    : table_(table),
      hashes_(kVectorSize),
      packed_keys_(table.packed_ ? kVectorSize : 0),
      probe_rows_(kVectorSize),
      heads_(kVectorSize) {}

void JoinProbe::probe(std::span<const Vector* const> keys, const uint32_t* usable, uint32_t count,
                      uint32_t total) {
  if (table_.packed_) {
    pack_keys(table_.keys_, keys, total, packed_keys_.data());
    for (uint32_t i = 0; i < total; ++i) hashes_[i] = packed_keys_[i].hash();
  } else {
    hash_columns(table_.keys_, keys, total, hashes_.data());
  }
  const uint64_t* directory = table_.directory_.data();
  const uint32_t shift = table_.shift_;
  probe_keys_.assign(keys.begin(), keys.end());
  for (uint32_t i = 0; i < count; ++i) __builtin_prefetch(&directory[hashes_[usable[i]] >> shift]);
  uint32_t found = 0;
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t hash = hashes_[usable[i]];
    uint64_t head = directory[hash >> shift];
    if ((head & tag_of(hash)) == 0) continue;
    heads_[found] = reinterpret_cast<std::byte*>(head & kPointerMask);
    __builtin_prefetch(heads_[found]);
    probe_rows_[found++] = usable[i];
  }
  probe_count_ = found;
  at_ = 0;
  chain_ = found != 0 ? heads_[0] : nullptr;
}

uint32_t JoinProbe::candidates(const uint8_t* done, bool first_only, uint32_t* left,
                               std::byte** right) {
  uint32_t count = 0;
  const uint32_t rows = probe_count_;
  while (at_ < rows) {
    const uint32_t row = probe_rows_[at_];
    if (done != nullptr && done[row] != 0) chain_ = nullptr;
    while (chain_ != nullptr) {
      if (count == kVectorSize) return count;
      bool match;
      if (table_.packed_) {
        PackedKey key;
        std::memcpy(&key, chain_ + kHashOffset, sizeof key);
        match = key == packed_keys_[row];
      } else {
        uint64_t hash;
        std::memcpy(&hash, chain_ + kHashOffset, sizeof hash);
        match = hash == hashes_[row];
      }
      std::byte* current = chain_;
      chain_ = table_.next_of(current);
      if (!match) continue;
      left[count] = row;
      right[count++] = current;
      if (table_.packed_ && first_only) chain_ = nullptr;
    }
    if (++at_ < rows) chain_ = heads_[at_];
  }
  return count;
}

// Hashes matched: now the keys themselves.
uint32_t JoinProbe::keep_matches(uint32_t count, uint32_t* left, std::byte** right) const {
  const RowLayout& layout = table_.layout_;
  for (uint32_t k = 0; k < table_.keys_.size() && count != 0; ++k) {
    const KeyType& type = table_.keys_[k];
    auto values = probe_keys_[k]->unified<std::byte>();
    const uint32_t size = type.size_bytes();
    const uint32_t column = table_.key_column(k);
    const uint32_t offset = layout.offsets[column];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t index = values.index(left[i]);
      bool null = !values.valid_at(index);
      bool same = null == layout.is_null(right[i], column) &&
                  (null || key_equal(type, values.data + size_t{index} * size, right[i] + offset));
      if (!same) continue;
      left[kept] = left[i];
      right[kept++] = right[i];
    }
    count = kept;
  }
  return count;
}

uint32_t JoinProbe::collect(const uint8_t* done, bool first_only, uint32_t* left,
                            std::byte** right) {
  while (uint32_t count = candidates(done, first_only, left, right)) {
    if (!table_.packed_) count = keep_matches(count, left, right);
    if (count != 0) return count;
  }
  return 0;
}

}  // namespace luma
