#pragma once
// The newest rows of a table with the transaction's own, chunk by chunk: for what is made of all
// rows under a lock that keeps writers away. One thread.
#include <string>
#include <string_view>
#include <vector>

#include "engine/columnar/row_walk.h"
#include "engine/exec/operator.h"
#include "engine/row/row_codec.h"
#include "engine/row/table_desc.h"
#include "engine/table/attribute_chunk.h"

namespace luma {

class LatestRows {
 public:
  // Both must outlive this.
  LatestRows(ExecContext& context, const TableDesc& table)
      : context_(context),
        layout_(table),
        rows_(table, layout_, live_attributes(table), kVectorSize),
        walk_(table, *context.transaction, ReadView::kLatest, false) {}

  // nullptr at the end; valid until the next call.
  const Chunk* next() {
    if (context_.interrupt != nullptr) context_.interrupt->check();
    keys_.clear();
    rows_.begin();
    while (keys_.size() < kVectorSize && walk_.next()) {
      rows_.add(walk_.row());
      keys_.emplace_back(walk_.key());
    }
    return keys_.empty() ? nullptr : &rows_.chunk();
  }
  // The complete key of a row of the chunk.
  std::string_view key(uint32_t row) const { return keys_[row]; }

 private:
  ExecContext& context_;
  StoredLayout layout_;
  AttributeChunk rows_;
  RowWalk walk_;
  std::vector<std::string> keys_;
};

}  // namespace luma
