#include "engine/txn/buffer_memory.h"

#include <algorithm>

namespace luma {

namespace {
constexpr size_t kPieceBytes = size_t{16} << 20;
}  // namespace

char* BufferArena::mapped(size_t bytes, size_t alignment) {
  auto align = [alignment](char* at) {
    auto address = (reinterpret_cast<uintptr_t>(at) + alignment - 1) & ~(alignment - 1);
    return reinterpret_cast<char*>(address);
  };
  if (file_ == nullptr) file_ = std::make_unique<MappedFile>(spill_.directory);
  char* at = align(cursor_);
  if (cursor_ == nullptr || at > end_ || bytes > static_cast<size_t>(end_ - at)) {
    size_t piece = std::max(kPieceBytes, bytes);
    at = file_->add(piece);
    end_ = at + piece;
  }
  cursor_ = at + bytes;
  return at;
}

void BufferArena::reset() {
  arena_.reset();
  file_.reset();
  cursor_ = end_ = nullptr;
}

}  // namespace luma
