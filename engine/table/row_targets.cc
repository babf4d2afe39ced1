#include "engine/table/row_targets.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/exec/chunk_builder.h"
#include "engine/table/row_assignment.h"
#include "engine/table/trigger_firing.h"
#include "engine/txn/commit_pipeline.h"

namespace luma {
namespace {

// Below that, single locks are cheaper.
constexpr uint32_t kFewRows = 16;
// Rows that are read again together.
constexpr size_t kReadRows = 256;

bool has_all(std::span<const int32_t> attributes, std::span<const int32_t> slots) {
  return std::ranges::all_of(attributes, [&](int32_t attribute) {
    auto at = static_cast<size_t>(attribute);
    return at < slots.size() && slots[at] >= 0;
  });
}

}  // namespace

void patch_row(Chunk& chunk, uint32_t row, const StoredLayout& layout, std::string_view stored,
               std::span<const int32_t> slots) {
  StoredRow view(layout, stored);
  for (uint32_t i = 0; i < slots.size(); ++i) {
    if (slots[i] < 0) continue;
    chunk.columns[static_cast<size_t>(slots[i])].set_value(row, view.value(i));
  }
}

void copy_for_patching(Chunk& copy, const Chunk& chunk) {
  copy.begin();
  append_rows(copy, chunk, 0, chunk.size);
}

RowTargets::RowTargets(const ModifySpec& spec, const StoredLayout& layout,
                       std::vector<PhysicalType> child_types, std::vector<int32_t> read,
                       RowLockMode mode, uint32_t capacity)
    : spec_(spec),
      layout_(layout),
      rows_(*spec.table),
      mode_(mode),
      read_(std::move(read)),
      reads_child_(has_all(read_, spec.old_slots)),
      stored_(*spec.table, layout, reads_child_ ? std::vector<int32_t>() : read_, capacity),
      views_(make_row_views(*spec.table)),
      patched_(child_types, capacity),
      one_(child_types, 1),
      kept_(child_types, 1) {
  if (spec.recheck != nullptr) recheck_.emplace(*spec.recheck, 1);
  selection_.reserve(capacity);
  keys_.reserve(capacity);
}

// A row that comes twice (UPDATE ... FROM) counts once. Scans return ascending keys: no set needed.
bool RowTargets::seen_before(std::string_view key) {
  if (keys_.empty() || key > greatest_key_) {
    greatest_key_ = key;
    if (!seen_.empty()) seen_.insert(key);
    return false;
  }
  if (seen_.empty()) seen_.insert(keys_.begin(), keys_.end());
  return !seen_.insert(key).second;
}

bool RowTargets::passes_again(ExecContext& context, const Chunk& input, uint32_t row,
                              std::string_view latest) {
  if (!is_patched_) {
    copy_for_patching(patched_, input);
    is_patched_ = true;
  }
  patch_row(patched_, row, layout_, latest, spec_.old_slots);
  if (!recheck_) return true;
  one_.slice(patched_, &row, 1);
  uint32_t passed;
  return recheck_->select(context, one_, &passed) == 1;
}

// Of a row that is locked: whether the child's version, which its snapshot has shown, may not be
// the last one.
bool RowTargets::may_have_changed(const Transaction& txn, std::string_view key) const {
  if (!reads_child_ || !txn.has_snapshot()) return true;
  const TxnSnapshotRef& snapshot = const_cast<Transaction&>(txn).snapshot();
  return txn.pipeline().last_change(key.substr(0, RowCache::kStorageBytes)) > snapshot->visible_ts;
}

// What was found of a locked row. Keeps the stored row if the row stays.
bool RowTargets::still_stands(ExecContext& context, const Chunk& input, uint32_t row,
                              const RowVersion& version, bool found, std::string_view latest) {
  if (!found) {
    refuse_removal_since_snapshot(*context.transaction, version);
    return false;
  }
  if (Transaction::timestamp_of(latest) != version.commit_ts) {
    refuse_change_since_snapshot(*context.transaction, false);
    if (!passes_again(context, input, row, latest)) return false;
  }
  if (!stored_.reads_nothing()) stored_.add(latest);
  return true;
}

void RowTargets::lock_one_by_one(ExecContext& context, const Chunk& input, WriteBuffer::Mark mark,
                                 std::span<const RowLockMode> modes) {
  Transaction& txn = *context.transaction;
  auto keys = input.columns[spec_.row_key_slot].unified<StringRef>();
  for (uint32_t row = 0; row < input.size; ++row) {
    if (!keys.valid(row)) continue;
    RowVersion version = row_version(keys[row]);
    if (written_since(txn, version.key, mark)) {
      if (firing_ != nullptr) firing_->refuse_row_written_by_trigger(version.key, verb_);
      continue;
    }
    if (seen_before(version.key)) continue;
    lock_key(context, *spec_.table, version.key, modes.empty() ? mode_ : modes[row]);
    if (may_have_changed(txn, version.key)) {
      bool found = rows_.get(txn, version.key, &latest_, ReadView::kLatest);
      if (!still_stands(context, input, row, version, found, latest_.view())) continue;
    }
    selection_.push_back(row);
    keys_.push_back(version.key);
  }
  latest_.reset();
}

// False, with nothing done, when the rows must be looked at one after the other: a row comes twice,
// or somebody else is at work on one.
bool RowTargets::lock_at_once(ExecContext& context, const Chunk& input, WriteBuffer::Mark mark,
                              RowLockMode mode) {
  Transaction& txn = *context.transaction;
  if (input.size < kFewRows || txn.locks() == nullptr || txn.owner() == nullptr) return false;
  auto keys = input.columns[spec_.row_key_slot].unified<StringRef>();
  stamps_.clear();
  size_t bytes = 0;
  for (uint32_t row = 0; row < input.size; ++row) {
    if (!keys.valid(row)) continue;
    RowVersion version = row_version(keys[row]);
    if (written_since(txn, version.key, mark)) {
      if (firing_ != nullptr) firing_->refuse_row_written_by_trigger(version.key, verb_);
      continue;
    }
    bytes += version.key.size();
    selection_.push_back(row);
    keys_.push_back(version.key);
    stamps_.push_back(version.commit_ts);
  }
  auto give_up = [&] {
    selection_.clear();
    keys_.clear();
    return false;
  };
  if (keys_.size() < kFewRows) return give_up();
  char* memory = txn.buffer().stage(bytes);
  for (std::string_view& key : keys_) {
    std::memcpy(memory, key.data(), key.size());
    key = {memory, key.size()};
    memory += key.size();
  }
  std::vector<std::string_view> run = keys_;
  if (!std::ranges::is_sorted(run)) std::ranges::sort(run);
  if (std::ranges::adjacent_find(run) != run.end()) return give_up();
  if (!txn.locks()->try_lock_rows(*txn.owner(), std::move(run), mode)) return give_up();
  staged_ = true;
  return true;
}

// Of rows that were locked at once.
void RowTargets::check_all(ExecContext& context, const Chunk& input) {
  Transaction& txn = *context.transaction;
  if (!may_have_changed(txn, keys_[0])) return;
  size_t kept = 0;
  std::vector<KvValue> values(rows_.is_columnar() ? 0 : std::min(kReadRows, keys_.size()));
  const bool ascend = std::ranges::is_sorted(keys_);
  std::array<bool, kReadRows> found;
  for (size_t first = 0; first < keys_.size(); first += kReadRows) {
    const size_t count = std::min(kReadRows, keys_.size() - first);
    if (!rows_.is_columnar()) {
      txn.multi_get(KvFamily::kData, std::span(keys_).subspan(first, count), ascend, values.data(),
                    found.data(), ReadView::kLatest);
    }
    for (size_t i = 0; i < count; ++i) {
      const size_t at = first + i;
      KvValue& latest = rows_.is_columnar() ? latest_ : values[i];
      if (rows_.is_columnar()) found[i] = rows_.get(txn, keys_[at], &latest_, ReadView::kLatest);
      if (!still_stands(context, input, selection_[at], {keys_[at], stamps_[at]}, found[i],
                        latest.view())) {
        continue;
      }
      selection_[kept] = selection_[at];
      keys_[kept] = keys_[at];
      ++kept;
    }
  }
  latest_.reset();
  selection_.resize(kept);
  keys_.resize(kept);
}

void RowTargets::lock(ExecContext& context, const Chunk& input, WriteBuffer::Mark mark,
                      std::span<const RowLockMode> modes) {
  selection_.clear();
  keys_.clear();
  seen_.clear();
  is_patched_ = staged_ = false;
  input_size_ = input.size;
  stored_.begin();
  const RowLockMode mode = modes.empty() ? mode_ : modes[0];
  const bool same_mode = std::ranges::all_of(modes, [&](RowLockMode one) { return one == mode; });
  if (same_mode && lock_at_once(context, input, mark, mode)) {
    check_all(context, input);
  } else {
    lock_one_by_one(context, input, mark, modes);
  }
  source_ = is_patched_ ? &patched_ : &input;
  if (keys_.size() < input.size) {
    kept_.slice(*source_, selection_.data(), size());
    source_ = &kept_;
  }
  stored_of(*source_);
}

const Chunk* RowTargets::stored_of(const Chunk& input) {
  if (!reads_child_) return nullptr;
  for (int32_t attribute : read_) {
    auto at = static_cast<size_t>(attribute);
    views_.columns[at].reference(input.columns[static_cast<size_t>(spec_.old_slots[at])]);
  }
  views_.size = input.size;
  return &views_;
}

}  // namespace luma
