#pragma once
// pg_snapshot and txid_snapshot: which transactions are visible. A value is the lowest id still
// running, the first one not yet assigned, and the running ones between them, ascending, each as
// u64.
#include <cstdint>
#include <span>
#include <vector>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> snapshot_codecs();

struct SnapshotValue {
  uint64_t xmin = 0;
  uint64_t xmax = 0;
  std::vector<uint64_t> running;

  bool is_visible(uint64_t id) const;
};
SnapshotValue read_snapshot(std::string_view value);
Datum store_snapshot(const SnapshotValue& snapshot, Arena& arena);

}  // namespace luma
