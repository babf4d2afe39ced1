#include "engine/exec/group_table.h"

#include <algorithm>
#include <bit>

namespace luma {

namespace {

constexpr uint32_t kHashOffset = 0;
constexpr uint32_t kPackedOffset = 8;
constexpr uint64_t kPointerMask = (uint64_t{1} << 48) - 1;
constexpr uint32_t kPrefetchDistance = 12;

std::byte* entry_row(uint64_t entry) { return reinterpret_cast<std::byte*>(entry & kPointerMask); }
uint64_t row_hash(const std::byte* row) {
  uint64_t hash;
  std::memcpy(&hash, row + kHashOffset, sizeof hash);
  return hash;
}

std::vector<PhysicalType> physical_types(std::span<const KeyType> keys) {
  std::vector<PhysicalType> types;
  for (const KeyType& key : keys) types.push_back(key.physical);
  return types;
}

// Drops from `rows` (in place) those whose column differs from their group's; the dropped ones are
// appended to `failed`.
template <typename Equal>
void keep_equal(const Vector& column, const RowLayout& layout, uint32_t c, std::byte* const* groups,
                std::vector<uint32_t>& rows, std::vector<uint32_t>& failed, Equal equal) {
  auto values = column.unified<std::byte>();
  const uint32_t size = physical_size(layout.types[c]);
  size_t kept = 0;
  for (uint32_t row : rows) {
    uint32_t index = values.index(row);
    bool null = !values.valid_at(index);
    bool same =
        null == layout.is_null(groups[row], c) &&
        (null || equal(values.data + size_t{index} * size, groups[row] + layout.offsets[c]));
    if (same) {
      rows[kept++] = row;
    } else {
      failed.push_back(row);
    }
  }
  rows.resize(kept);
}

template <typename T>
bool same_bits(const std::byte* a, const std::byte* b) {
  return std::memcmp(a, b, sizeof(T)) == 0;
}
bool same_string(const std::byte* a, const std::byte* b) {
  StringRef x, y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  return x == y;
}

}  // namespace

GroupTable::GroupTable(std::vector<KeyType> keys, uint32_t tail_bytes)
    : keys_(std::move(keys)),
      packed_(can_pack(keys_)),
      layout_(physical_types(keys_), packed_ ? 24 : 8, tail_bytes),
      tail_bytes_(tail_bytes),
      hashes_(kVectorSize),
      packed_keys_(packed_ ? kVectorSize : 0),
      slots_(packed_ ? 0 : kVectorSize),
      created_rows_(kVectorSize),
      cache_(packed_ ? std::span<const KeyType>() : std::span<const KeyType>(keys_)),
      missing_(packed_ ? 0 : kVectorSize),
      missing_rows_(packed_ ? 0 : kVectorSize) {
  for (const KeyType& key : keys_) missing_columns_.emplace_back(key.physical);
}

GroupTable::~GroupTable() { close(); }

void GroupTable::open(MemoryBudget* budget, size_t partitions) {
  close();
  budget_ = budget;
  for (size_t i = 0; i < partitions; ++i) {
    partitions_.push_back(std::make_unique<RowCollection>(layout_, budget));
  }
  remembered_.assign(partitions, {});
  cache_.clear();
}

void GroupTable::close() {
  partitions_.clear();
  group_count_ = forgotten_ = 0;
  if (budget_ != nullptr && !directory_.empty()) {
    budget_->release(directory_.size() * sizeof(uint64_t));
  }
  directory_ = {};
}

size_t GroupTable::bytes() const {
  size_t total = directory_.size() * sizeof(uint64_t);
  for (const auto& rows : partitions_) total += rows->bytes();
  return total;
}

uint64_t GroupTable::hash_of(const std::byte* row) const { return row_hash(row); }

bool GroupTable::same_keys(const std::byte* a, const std::byte* b) const {
  if (packed_) return std::memcmp(a + kPackedOffset, b + kPackedOffset, sizeof(PackedKey)) == 0;
  for (uint32_t c = 0; c < keys_.size(); ++c) {
    const bool null = layout_.is_null(a, c);
    if (null != layout_.is_null(b, c)) return false;
    const uint32_t offset = layout_.offsets[c];
    if (null) continue;
    const bool same = keys_[c].key_class == KeyClass::kBytes
                          ? same_string(a + offset, b + offset)
                          : key_equal(keys_[c], a + offset, b + offset);
    if (!same) return false;
  }
  return true;
}

void GroupTable::forget_rows() {
  std::fill(directory_.begin(), directory_.end(), 0);
  forgotten_ = group_count_;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    remembered_[i] = partitions_[i]->cursor_at(partitions_[i]->row_count());
  }
}

void GroupTable::reserve(uint64_t more) {
  uint64_t need = std::bit_ceil(std::max<uint64_t>(64, (group_count_ - forgotten_ + more) * 2));
  if (need <= directory_.size()) return;
  if (budget_ != nullptr) budget_->charge((need - directory_.size()) * sizeof(uint64_t));
  directory_.assign(need, 0);
  const uint64_t mask = need - 1;
  std::vector<std::byte*> rows(1024);
  for (size_t p = 0; p < partitions_.size(); ++p) {
    RowCollection::Cursor cursor = remembered_[p];
    while (uint32_t count = partitions_[p]->scan(cursor, rows.data(), 1024)) {
      for (uint32_t i = 0; i < count; ++i) {
        if (i + kPrefetchDistance < count) {
          __builtin_prefetch(&directory_[row_hash(rows[i + kPrefetchDistance]) & mask], 1);
        }
        uint64_t hash = row_hash(rows[i]);
        uint64_t slot = hash & mask;
        while (directory_[slot] != 0) slot = (slot + 1) & mask;
        directory_[slot] = (hash & ~kPointerMask) | reinterpret_cast<uint64_t>(rows[i]);
      }
    }
  }
}

void GroupTable::prepare(std::span<const Vector* const> keys, uint32_t count) {
  columns_.assign(keys.begin(), keys.end());
  count_ = count;
  if (packed_) {
    pack_keys(keys_, keys, count, packed_keys_.data());
    for (uint32_t i = 0; i < count; ++i) hashes_[i] = packed_keys_[i].hash();
  }
  is_hashed_ = packed_;
}

const uint64_t* GroupTable::hashes() {
  if (!is_hashed_) hash_columns(keys_, columns_, count_, hashes_.data());
  is_hashed_ = true;
  return hashes_.data();
}

std::byte* GroupTable::create(uint32_t row, uint64_t slot) {
  const size_t partition = (hashes_[row] >> 32) * partitions_.size() >> 32;
  std::byte* group = partitions_[partition]->append_row();
  ++group_count_;
  std::memcpy(group + kHashOffset, &hashes_[row], sizeof(uint64_t));
  if (tail_bytes_ != 0) std::memset(tail(group), 0, tail_bytes_);
  directory_[slot] = (hashes_[row] & ~kPointerMask) | reinterpret_cast<uint64_t>(group);
  return group;
}

uint32_t GroupTable::find(bool insert, std::byte** rows, uint32_t* created) {
  // Without inserting the directory may be empty.
  reserve(insert ? count_ : 0);
  if (!packed_ && cache_.is_on()) return find_cached(insert, rows, created);
  uint32_t made =
      packed_ ? find_packed(insert, rows, created) : find_general(insert, rows, created);
  if (packed_ && made != 0) {
    for (uint32_t i = 0; i < made; ++i) created_rows_[i] = rows[created[i]];
    for (uint32_t c = 0; c < keys_.size(); ++c) {
      partitions_.front()->scatter(c, *columns_[c], created, made, created_rows_.data());
    }
  }
  return made;
}

uint32_t GroupTable::find_packed(bool insert, std::byte** rows, uint32_t* created) {
  const uint64_t mask = directory_.size() - 1;
  uint32_t made = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    if (i + kPrefetchDistance < count_) {
      __builtin_prefetch(&directory_[hashes_[i + kPrefetchDistance] & mask]);
    }
    if (i + kPrefetchDistance / 2 < count_) {
      __builtin_prefetch(entry_row(directory_[hashes_[i + kPrefetchDistance / 2] & mask]));
    }
    const uint64_t hash = hashes_[i];
    uint64_t slot = hash & mask;
    for (;; slot = (slot + 1) & mask) {
      uint64_t entry = directory_[slot];
      if (entry == 0) {
        rows[i] = nullptr;
        if (insert) {
          rows[i] = create(i, slot);
          std::memcpy(rows[i] + kPackedOffset, &packed_keys_[i], sizeof(PackedKey));
          created[made++] = i;
        }
        break;
      }
      if (((entry ^ hash) >> 48) != 0) continue;
      PackedKey key;
      std::memcpy(&key, entry_row(entry) + kPackedOffset, sizeof key);
      if (key == packed_keys_[i]) {
        rows[i] = entry_row(entry);
        break;
      }
    }
  }
  return made;
}

// Rows that the cache does not know are looked up as a chunk of their own.
uint32_t GroupTable::find_cached(bool insert, std::byte** rows, uint32_t* created) {
  const uint32_t missing = cache_.find(columns_, count_, rows, missing_.data());
  if (missing == 0) return 0;
  if (missing == count_) {
    uint32_t made = find_general(insert, rows, created);
    cache_.add(missing_.data(), missing, rows);
    return made;
  }
  all_columns_ = columns_;
  const uint32_t all = count_;
  for (size_t c = 0; c < columns_.size(); ++c) {
    missing_columns_[c].slice(*all_columns_[c], missing_.data(), missing);
    columns_[c] = &missing_columns_[c];
  }
  count_ = missing;
  is_hashed_ = false;
  const uint32_t made = find_general(insert, missing_rows_.data(), created);
  for (uint32_t i = 0; i < missing; ++i) rows[missing_[i]] = missing_rows_[i];
  for (uint32_t i = 0; i < made; ++i) created[i] = missing_[created[i]];
  cache_.add(missing_.data(), missing, rows);
  columns_.swap(all_columns_);
  count_ = all;
  is_hashed_ = false;
  return made;
}

uint32_t GroupTable::find_general(bool insert, std::byte** rows, uint32_t* created) {
  hashes();
  const uint64_t mask = directory_.size() - 1;
  pending_.resize(count_);
  for (uint32_t i = 0; i < count_; ++i) {
    pending_[i] = i;
    slots_[i] = hashes_[i] & mask;
  }
  uint32_t made = 0;
  std::vector<uint32_t> failed;
  while (!pending_.empty()) {
    compare_.clear();
    uint32_t first_made = made;
    for (size_t i = 0; i < pending_.size(); ++i) {
      if (i + kPrefetchDistance < pending_.size()) {
        __builtin_prefetch(&directory_[slots_[pending_[i + kPrefetchDistance]]]);
      }
      const uint32_t row = pending_[i];
      uint64_t slot = slots_[row];
      uint64_t entry;
      while ((entry = directory_[slot]) != 0 && ((entry ^ hashes_[row]) >> 48) != 0) {
        slot = (slot + 1) & mask;
      }
      slots_[row] = slot;
      if (entry != 0) {
        rows[row] = entry_row(entry);
        __builtin_prefetch(rows[row] + layout_.offsets[0]);
        compare_.push_back(row);
      } else if (insert) {
        rows[row] = create(row, slot);
        created[made++] = row;
      } else {
        rows[row] = nullptr;
      }
    }
    // New groups get their keys before anything is compared: a later row may be of the same group.
    for (uint32_t i = first_made; i < made; ++i) created_rows_[i - first_made] = rows[created[i]];
    failed.clear();
    for (uint32_t c = 0; c < keys_.size(); ++c) {
      partitions_.front()->scatter(c, *columns_[c], created + first_made, made - first_made,
                                   created_rows_.data());
      const KeyType& key = keys_[c];
      if (key.key_class == KeyClass::kBytes) {
        keep_equal(*columns_[c], layout_, c, rows, compare_, failed, same_string);
      } else if (key.key_class == KeyClass::kBits && key.size_bytes() == 8) {
        keep_equal(*columns_[c], layout_, c, rows, compare_, failed, same_bits<uint64_t>);
      } else if (key.key_class == KeyClass::kBits && key.size_bytes() == 4) {
        keep_equal(*columns_[c], layout_, c, rows, compare_, failed, same_bits<uint32_t>);
      } else {
        keep_equal(*columns_[c], layout_, c, rows, compare_, failed,
                   [&](const std::byte* a, const std::byte* b) { return key_equal(key, a, b); });
      }
    }
    for (uint32_t row : failed) slots_[row] = (slots_[row] + 1) & mask;
    pending_.swap(failed);
  }
  return made;
}

}  // namespace luma
