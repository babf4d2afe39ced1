#pragma once
// Rows divided by hash over temporary files, so that each part can be processed on its own: how
// hash join and grouping operators work on more than fits into work_mem. A part that is still too
// large is divided again by other bits of the hash, up to kMaxDepth times. Not thread-safe.
#include <memory>
#include <span>
#include <vector>

#include "engine/exec/spill_file.h"

namespace luma {

class PartitionedSpill {
 public:
  static constexpr uint32_t kParts = 16;
  static constexpr uint32_t kMaxDepth = 4;

  // Which part a hash falls into when dividing for the `depth`-th time (from 0).
  static uint32_t part_of(uint64_t hash, uint32_t depth) {
    return static_cast<uint32_t>(hash >> (32 + 4 * depth)) & (kParts - 1);
  }

  PartitionedSpill(std::vector<PhysicalType> types, uint32_t depth)
      : types_(std::move(types)), depth_(depth), files_(kParts), selections_(kParts) {}

  // Rows selection[i] (nullptr: i), whose hash is hashes[selection[i]].
  void append(const ExecContext& context, std::span<const Vector* const> columns,
              const uint64_t* hashes, const uint32_t* selection, uint32_t count);
  uint64_t bytes() const;
  // A part's rows so far; nullptr without any.
  SpillFile* file(size_t part) const { return files_[part].get(); }
  // The files; nullptr for parts without rows.
  std::vector<std::unique_ptr<SpillFile>> take() { return std::move(files_); }

 private:
  std::vector<PhysicalType> types_;
  uint32_t depth_;
  std::vector<std::unique_ptr<SpillFile>> files_;
  std::vector<std::vector<uint32_t>> selections_;
};

// A part waiting to be processed; rows that leave it again are divided at `depth`.
struct SpilledPart {
  std::unique_ptr<SpillFile> file;
  uint32_t depth = 0;
};

// Ends `spill`, if there is one: its parts wait at the end of `waiting`. Returns its bytes.
uint64_t queue_parts(std::unique_ptr<PartitionedSpill>& spill, uint32_t depth,
                     std::vector<SpilledPart>& waiting);

}  // namespace luma
