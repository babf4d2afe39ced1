#include "engine/base/arena.h"

#include <algorithm>

namespace luma {

namespace {
constexpr size_t kMaxBlockBytes = size_t{1} << 20;
}

Arena::~Arena() {
  if (budget_ != nullptr) budget_->release(allocated_bytes_);
}

void* Arena::allocate_slow(size_t bytes, size_t alignment) {
  size_t block_bytes = std::max(next_block_bytes_, bytes + alignment);
  if (budget_ != nullptr) budget_->charge(block_bytes);
  next_block_bytes_ = std::min(next_block_bytes_ * 2, kMaxBlockBytes);
  blocks_.push_back({std::unique_ptr<char[]>(new char[block_bytes]), block_bytes});
  allocated_bytes_ += block_bytes;
  cursor_ = blocks_.back().data.get();
  end_ = cursor_ + block_bytes;
  return allocate(bytes, alignment);
}

void Arena::reset() {
  // One long value must not stay with an arena for ever, so only blocks of the usual sizes do.
  std::erase_if(blocks_, [](const Block& block) { return block.bytes > kMaxBlockBytes; });
  if (!blocks_.empty()) {
    auto largest =
        std::max_element(blocks_.begin(), blocks_.end(),
                         [](const Block& a, const Block& b) { return a.bytes < b.bytes; });
    std::swap(*largest, blocks_.front());
    blocks_.resize(1);
  }
  size_t kept_bytes = blocks_.empty() ? 0 : blocks_.front().bytes;
  if (budget_ != nullptr) budget_->release(allocated_bytes_ - kept_bytes);
  allocated_bytes_ = kept_bytes;
  cursor_ = blocks_.empty() ? nullptr : blocks_.front().data.get();
  end_ = cursor_ + kept_bytes;
}

}  // namespace luma
