#pragma once
// The child of operators that are handed their rows chunk by chunk by another operator.
#include <utility>

#include "engine/exec/operator.h"

namespace luma {

// Gives the chunk it was shown last, once.
class ChunkFeed final : public Operator {
 public:
  using Operator::Operator;
  void show(const Chunk& chunk) { next_ = &chunk; }
  std::vector<Operator*> children() override { return {}; }

 private:
  void do_open(ExecContext&) override {}
  const Chunk* do_next(ExecContext&) override { return std::exchange(next_, nullptr); }
  void do_close(ExecContext&) override { next_ = nullptr; }
  const Chunk* next_ = nullptr;
};

}  // namespace luma
