#pragma once
// What writer and reader of segment files share; included by nothing else.
#include <cstdint>

#include "engine/column/column_chunk.h"

namespace luma {

inline constexpr uint64_t kSegmentMagic = 0x31474553414D554C;  // "LUMASEG1"
inline constexpr ColumnSpec kSystemColumn{PhysicalType::kInt64};

// Flags of the footer.
inline constexpr uint64_t kFooterStamps = 1, kFooterReordered = 2;

struct SegmentTail {
  uint64_t footer_bytes = 0;
  uint64_t footer_checksum = 0;
  uint64_t magic = kSegmentMagic;
};

}  // namespace luma
