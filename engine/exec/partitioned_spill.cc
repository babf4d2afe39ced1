#include "engine/exec/partitioned_spill.h"

namespace luma {

void PartitionedSpill::append(const ExecContext& context, std::span<const Vector* const> columns,
                              const uint64_t* hashes, const uint32_t* selection, uint32_t count) {
  for (auto& rows : selections_) rows.clear();
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t row = selection == nullptr ? i : selection[i];
    selections_[part_of(hashes[row], depth_)].push_back(row);
  }
  for (uint32_t part = 0; part < kParts; ++part) {
    if (selections_[part].empty()) continue;
    if (!files_[part]) files_[part] = std::make_unique<SpillFile>(context, types_);
    files_[part]->append(columns, selections_[part].data(),
                         static_cast<uint32_t>(selections_[part].size()));
  }
}

uint64_t PartitionedSpill::bytes() const {
  uint64_t total = 0;
  for (const auto& file : files_) total += file ? file->bytes() : 0;
  return total;
}

uint64_t queue_parts(std::unique_ptr<PartitionedSpill>& spill, uint32_t depth,
                     std::vector<SpilledPart>& waiting) {
  if (!spill) return 0;
  uint64_t bytes = spill->bytes();
  for (auto& file : spill->take()) {
    if (file) waiting.push_back({std::move(file), depth});
  }
  spill.reset();
  return bytes;
}

}  // namespace luma
