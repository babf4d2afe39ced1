#pragma once
// The first half of UPDATE and DELETE: the child's rows are locked, and those that somebody may
// have changed since are read again, and tested again when it was so. One thread.
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "engine/columnar/columnar_rows.h"
#include "engine/exec/evaluator.h"
#include "engine/exec/operator.h"
#include "engine/table/attribute_chunk.h"
#include "engine/table/modify.h"
#include "engine/table/row_lock.h"
#include "engine/txn/lock_manager.h"
#include "engine/txn/transaction.h"

namespace luma {

class TriggerFiring;

class RowTargets {
 public:
  // `read`: the attributes of the stored rows that are wanted.
  RowTargets(const ModifySpec& spec, const StoredLayout& layout,
             std::vector<PhysicalType> child_types, std::vector<int32_t> read, RowLockMode mode,
             uint32_t capacity);

  // Triggers that may have written rows before they are reached here (27000); `verb`: what is done
  // to the rows.
  void watch(const TriggerFiring& firing, std::string_view verb) {
    firing_ = &firing;
    verb_ = verb;
  }

  // `mark`: where the statement began to write. `modes`: by row of the input, how it is locked;
  // none: all as the constructor says.
  void lock(ExecContext& context, const Chunk& input, WriteBuffer::Mark mark,
            std::span<const RowLockMode> modes = {});

  // What is left: the child's rows (patched with what others changed), the stored rows, their keys.
  uint32_t size() const { return static_cast<uint32_t>(keys_.size()); }
  const Chunk& input() const { return *source_; }
  const Chunk& stored() const { return reads_child_ ? views_ : stored_.chunk(); }
  std::string_view key(uint32_t row) const { return keys_[row]; }
  const std::vector<std::string_view>& keys() const { return keys_; }
  // The keys are in the transaction's memory (WriteBuffer::stage()).
  bool keys_are_staged() const { return staged_; }
  // input() is what lock() was called with.
  bool is_unchanged() const { return size() == input_size_ && !is_patched_; }
  // The stored rows as the child has them, before they are locked; null when it does not have all
  // that is wanted of them.
  const Chunk* stored_of(const Chunk& input);

 private:
  bool seen_before(std::string_view key);
  bool lock_at_once(ExecContext& context, const Chunk& input, WriteBuffer::Mark mark,
                    RowLockMode mode);
  void lock_one_by_one(ExecContext& context, const Chunk& input, WriteBuffer::Mark mark,
                       std::span<const RowLockMode> modes);
  bool may_have_changed(const Transaction& txn, std::string_view key) const;
  void check_all(ExecContext& context, const Chunk& input);
  bool still_stands(ExecContext& context, const Chunk& input, uint32_t row,
                    const RowVersion& version, bool found, std::string_view latest);
  bool passes_again(ExecContext& context, const Chunk& input, uint32_t row,
                    std::string_view latest);

  const ModifySpec& spec_;
  const StoredLayout& layout_;
  StoredRows rows_;
  RowLockMode mode_;
  std::optional<ExprEvaluator> recheck_;
  std::vector<int32_t> read_;
  bool reads_child_;  // the child has all attributes that are wanted
  AttributeChunk stored_;
  Chunk views_;  // of the child's columns, by attribute
  Chunk patched_, one_, kept_;
  bool is_patched_ = false, staged_ = false;
  uint32_t input_size_ = 0;
  const Chunk* source_ = nullptr;
  std::vector<uint32_t> selection_;
  std::vector<std::string_view> keys_;
  std::vector<uint64_t> stamps_;  // lock_at_once(): of the versions that the child has
  std::string_view greatest_key_;
  std::unordered_set<std::string_view> seen_;
  KvValue latest_;
  const TriggerFiring* firing_ = nullptr;
  std::string_view verb_;
};

// Replaces what a chunk of the child has of a stored row: column slots[i] by attribute i (-1:
// none).
void patch_row(Chunk& chunk, uint32_t row, const StoredLayout& layout, std::string_view stored,
               std::span<const int32_t> slots);
// A flat copy, for patching.
void copy_for_patching(Chunk& copy, const Chunk& chunk);

}  // namespace luma
