#pragma once
// Rows of a table function that are known at once: kept in an arena, handed out chunk by chunk.
#include <string_view>
#include <vector>

#include "engine/exec/function.h"
#include "engine/type/utf8_text.h"

namespace luma {

class RowList final : public TableFunctionState {
 public:
  explicit RowList(uint32_t columns) : columns_(columns) {}
  Arena& arena() { return arena_; }
  void add(const Value& value) { values_.push_back(value); }
  void add_text(std::string_view text) { values_.push_back(arena_string(arena_, text)); }

  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    while (at_ < values_.size() && count < out.columns[0].capacity()) {
      for (uint32_t c = 0; c < columns_; ++c) out.columns[c].set_value(count, values_[at_++]);
      ++count;
    }
    out.size = count;
  }

 private:
  uint32_t columns_;
  Arena arena_;
  std::vector<Value> values_;
  size_t at_ = 0;
};

}  // namespace luma
