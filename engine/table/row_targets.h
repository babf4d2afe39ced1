#pragma once
// The first half of UPDATE and DELETE: the child's rows are locked one by one, their latest
// versions read, and those that somebody changed meanwhile tested again. One thread.
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "engine/columnar/columnar_rows.h"
#include "engine/exec/evaluator.h"
#include "engine/exec/operator.h"
#include "engine/table/attribute_chunk.h"
#include "engine/table/modify.h"
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

  // `mark`: where the statement began to write.
  void lock(ExecContext& context, const Chunk& input, WriteBuffer::Mark mark);

  // What is left: the child's rows (patched with what others changed), the stored rows, their keys.
  uint32_t size() const { return static_cast<uint32_t>(keys_.size()); }
  const Chunk& input() const { return *source_; }
  const Chunk& stored() const { return stored_.chunk(); }
  std::string_view key(uint32_t row) const { return keys_[row]; }

 private:
  bool seen_before(std::string_view key);
  bool passes_again(ExecContext& context, const Chunk& input, uint32_t row,
                    std::string_view latest);

  const ModifySpec& spec_;
  const StoredLayout& layout_;
  StoredRows rows_;
  RowLockMode mode_;
  std::optional<ExprEvaluator> recheck_;
  AttributeChunk stored_;
  Chunk patched_, one_, kept_;
  bool is_patched_ = false;
  const Chunk* source_ = nullptr;
  std::vector<uint32_t> selection_;
  std::vector<std::string_view> keys_;
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
