#include "engine/exec/join_hash_table.h"

#include <bit>

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
      new_rows_(kVectorSize),
      probe_rows_(kVectorSize),
      heads_(kVectorSize) {
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

void JoinHashTable::finish(bool distinct) {
  release_directory();
  uint64_t size = std::bit_ceil(std::max<uint64_t>(2, rows_->row_count()));
  if (budget_ != nullptr) budget_->charge(size * sizeof(uint64_t));
  directory_.assign(size, 0);
  shift_ = 64 - static_cast<uint32_t>(std::countr_zero(size));
  RowCollection::Cursor cursor;
  while (uint32_t count = rows_->scan(cursor, new_rows_.data(), kVectorSize)) {
    for (uint32_t i = 0; i < count; ++i) {
      hashes_[i] = hash_of(new_rows_[i]);
      __builtin_prefetch(&directory_[hashes_[i] >> shift_], 1);
    }
    for (uint32_t i = 0; i < count; ++i) {
      std::byte* row = new_rows_[i];
      if (next_of(row) == kUnlinked) continue;
      uint64_t& head = directory_[hashes_[i] >> shift_];
      auto* first = reinterpret_cast<std::byte*>(head & kPointerMask);
      if (distinct && (head & tag_of(hashes_[i])) != 0) {
        const std::byte* other = first;
        while (other != nullptr && !same_keys(other, row)) other = next_of(other);
        if (other != nullptr) continue;
      }
      std::memcpy(row, &first, sizeof first);
      head = (head & ~kPointerMask) | tag_of(hashes_[i]) | reinterpret_cast<uint64_t>(row);
    }
  }
}

void JoinHashTable::probe(std::span<const Vector* const> keys, const uint32_t* usable,
                          uint32_t count, uint32_t total) {
  hash(keys, total, hashes_.data());
  probe_keys_.assign(keys.begin(), keys.end());
  for (uint32_t i = 0; i < count; ++i)
    __builtin_prefetch(&directory_[hashes_[usable[i]] >> shift_]);
  uint32_t found = 0;
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t hash = hashes_[usable[i]];
    uint64_t head = directory_[hash >> shift_];
    if ((head & tag_of(hash)) == 0) continue;
    heads_[found] = reinterpret_cast<std::byte*>(head & kPointerMask);
    __builtin_prefetch(heads_[found]);
    probe_rows_[found++] = usable[i];
  }
  probe_count_ = found;
  at_ = 0;
  chain_ = found != 0 ? heads_[0] : nullptr;
}

uint32_t JoinHashTable::candidates(const uint8_t* done, bool first_only, uint32_t* left,
                                   std::byte** right) {
  uint32_t count = 0;
  const uint32_t rows = probe_count_;
  while (at_ < rows) {
    const uint32_t row = probe_rows_[at_];
    if (done != nullptr && done[row] != 0) chain_ = nullptr;
    while (chain_ != nullptr) {
      if (count == kVectorSize) return count;
      bool match;
      if (packed_) {
        PackedKey key;
        std::memcpy(&key, chain_ + kHashOffset, sizeof key);
        match = key == packed_keys_[row];
      } else {
        uint64_t hash;
        std::memcpy(&hash, chain_ + kHashOffset, sizeof hash);
        match = hash == hashes_[row];
      }
      std::byte* current = chain_;
      chain_ = next_of(current);
      if (!match) continue;
      left[count] = row;
      right[count++] = current;
      if (packed_ && first_only) chain_ = nullptr;
    }
    if (++at_ < rows) chain_ = heads_[at_];
  }
  return count;
}

// Hashes matched: now the keys themselves.
uint32_t JoinHashTable::keep_matches(uint32_t count, uint32_t* left, std::byte** right) const {
  for (uint32_t k = 0; k < keys_.size() && count != 0; ++k) {
    auto values = probe_keys_[k]->unified<std::byte>();
    const uint32_t size = keys_[k].size_bytes();
    const uint32_t column = key_column(k);
    const uint32_t offset = layout_.offsets[column];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t index = values.index(left[i]);
      bool null = !values.valid_at(index);
      bool same =
          null == layout_.is_null(right[i], column) &&
          (null || key_equal(keys_[k], values.data + size_t{index} * size, right[i] + offset));
      if (!same) continue;
      left[kept] = left[i];
      right[kept++] = right[i];
    }
    count = kept;
  }
  return count;
}

uint32_t JoinHashTable::collect(const uint8_t* done, bool first_only, uint32_t* left,
                                std::byte** right) {
  while (uint32_t count = candidates(done, first_only, left, right)) {
    if (!packed_) count = keep_matches(count, left, right);
    if (count != 0) return count;
  }
  return 0;
}

}  // namespace luma
