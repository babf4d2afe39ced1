#include "engine/exec/op_gather.h"

#include <algorithm>
#include <numeric>

#include "engine/exec/divided_input.h"

namespace luma {

struct GatherOperator::Part {
  explicit Part(const std::vector<PhysicalType>& types) : rows(types), chunk(types) {}

  // Rows of one piece that came one after the other.
  struct Run {
    uint64_t piece = 0;
    uint64_t rows = 0;
  };
  ChunkStore rows;
  std::vector<Run> runs;
  const PiecedSource* source = nullptr;
  // Reading.
  ChunkStore::Cursor cursor;
  size_t at_run = 0;
  Chunk chunk;
  uint32_t at_row = 0;  // of chunk
};

namespace {

PiecedSource* source_of(Operator& op) {
  Operator* at = &op;
  for (std::vector<Operator*> below = at->children(); !below.empty(); below = at->children()) {
    at = below.front();
  }
  return dynamic_cast<PiecedSource*>(at);
}

}  // namespace

GatherOperator::GatherOperator(OperatorPtr child)
    : Operator(child->output_types()), child_(std::move(child)), cut_(output_types()) {
  explain.node_type = "Result";
}

GatherOperator::~GatherOperator() = default;

bool GatherOperator::fits(Operator& child) {
  return child.is_divisible() && source_of(child) != nullptr;
}

void GatherOperator::do_open(ExecContext& context) {
  parts_.clear();
  started_ = false;
  child_->open(context);
}

const Chunk* GatherOperator::do_next(ExecContext& context) {
  if (!std::exchange(started_, true) && reads_all_) {
    if (auto input = DividedInput::make(*child_, context)) gather(*input);
  }
  if (parts_.empty()) return child_->next(context);
  Part* part = next_part();
  if (part == nullptr) return nullptr;
  if (part->at_row == part->chunk.size) {
    if (!part->rows.read(part->cursor, part->chunk)) return nullptr;
    part->at_row = 0;
  }
  Part::Run& run = part->runs[part->at_run];
  const auto count =
      static_cast<uint32_t>(std::min<uint64_t>(part->chunk.size - part->at_row, run.rows));
  const uint32_t first = part->at_row;
  part->at_row += count;
  run.rows -= count;
  if (run.rows == 0) ++part->at_run;
  if (count == part->chunk.size) return &part->chunk;
  selection_.resize(count);
  std::iota(selection_.begin(), selection_.end(), first);
  cut_.slice(part->chunk, selection_.data(), count);
  return &cut_;
}

// The one with the least piece.
GatherOperator::Part* GatherOperator::next_part() {
  Part* best = nullptr;
  for (auto& part : parts_) {
    if (part->at_run == part->runs.size()) continue;
    if (best == nullptr || part->runs[part->at_run].piece < best->runs[best->at_run].piece) {
      best = part.get();
    }
  }
  return best;
}

void GatherOperator::gather(DividedInput& input) {
  std::vector<std::unique_ptr<Part>> parts;
  for (size_t i = 0; i < input.size(); ++i) {
    parts.push_back(std::make_unique<Part>(output_types()));
    parts.back()->source = source_of(input.sibling(i));
  }
  input.read([&](size_t i, const Chunk& chunk, ExecContext& context) {
    Part& part = *parts[i];
    const uint64_t piece = part.source->piece();
    if (part.runs.empty() || part.runs.back().piece != piece) part.runs.push_back({piece, 0});
    part.runs.back().rows += chunk.size;
    part.rows.append(context, chunk);
  });
  for (auto& part : parts) {
    part->source = nullptr;
    stats().spilled_bytes += part->rows.spilled_bytes();
  }
  parts_ = std::move(parts);
}

void GatherOperator::do_close(ExecContext& context) {
  parts_.clear();
  child_->close(context);
}

}  // namespace luma
