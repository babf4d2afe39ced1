#include "engine/table/row_targets.h"

#include "engine/exec/chunk_builder.h"
#include "engine/table/row_lock.h"
#include "engine/table/trigger_firing.h"

namespace luma {

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
      stored_(*spec.table, layout, std::move(read), capacity),
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

void RowTargets::lock(ExecContext& context, const Chunk& input, WriteBuffer::Mark mark) {
  Transaction& txn = *context.transaction;
  selection_.clear();
  keys_.clear();
  seen_.clear();
  is_patched_ = false;
  stored_.begin();
  auto keys = input.columns[spec_.row_key_slot].unified<StringRef>();
  for (uint32_t row = 0; row < input.size; ++row) {
    if (!keys.valid(row)) continue;
    RowVersion version = row_version(keys[row]);
    if (written_since(txn, version.key, mark)) {
      if (firing_ != nullptr) firing_->refuse_row_written_by_trigger(version.key, verb_);
      continue;
    }
    if (seen_before(version.key)) continue;
    lock_key(context, *spec_.table, version.key, mode_);
    if (!rows_.get(txn, version.key, &latest_, ReadView::kLatest)) {
      refuse_removal_since_snapshot(txn, version);
      continue;
    }
    if (Transaction::timestamp_of(latest_.view()) != version.commit_ts) {
      refuse_change_since_snapshot(txn, false);
      if (!passes_again(context, input, row, latest_.view())) continue;
    }
    if (!stored_.reads_nothing()) stored_.add(latest_.view());
    selection_.push_back(row);
    keys_.push_back(version.key);
  }
  latest_.reset();
  source_ = is_patched_ ? &patched_ : &input;
  if (keys_.size() < input.size) {
    kept_.slice(*source_, selection_.data(), size());
    source_ = &kept_;
  }
}

}  // namespace luma
