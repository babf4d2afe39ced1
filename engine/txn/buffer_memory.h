#pragma once
// The memory of a transaction's uncommitted changes: ordinary memory, charged to a budget, up to
// some size, and beyond it a file that is mapped (MappedFile). One owner at a time.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>

#include "engine/base/arena.h"
#include "engine/base/memory_budget.h"
#include "engine/txn/mapped_file.h"

namespace luma {

// Where the files go, "" for nowhere, and from how many bytes on.
struct BufferSpill {
  std::string directory;
  size_t memory_bytes = SIZE_MAX;

  bool wanted(size_t bytes) const { return bytes > memory_bytes && !directory.empty(); }
};

// For keys, values and nodes, which stay where they are until reset().
class BufferArena {
 public:
  BufferArena(MemoryBudget* budget, const BufferSpill& spill) : arena_(budget), spill_(spill) {}

  char* allocate_bytes(size_t bytes) {
    if (file_ == nullptr && !spill_.wanted(arena_.allocated_bytes() + bytes)) [[likely]] {
      return arena_.allocate_bytes(bytes);
    }
    return mapped(bytes, 1);
  }
  void* allocate(size_t bytes) {
    if (file_ == nullptr && !spill_.wanted(arena_.allocated_bytes() + bytes)) [[likely]] {
      return arena_.allocate(bytes);
    }
    return mapped(bytes, alignof(std::max_align_t));
  }
  void reset();

 private:
  char* mapped(size_t bytes, size_t alignment);
  Arena arena_;
  const BufferSpill& spill_;
  std::unique_ptr<MappedFile> file_;
  char* cursor_ = nullptr;
  char* end_ = nullptr;
};

// A vector of trivial items that moves to a file when it has grown.
template <typename T>
class BufferLog {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  BufferLog(MemoryBudget* budget, const BufferSpill& spill) : budget_(budget), spill_(spill) {}
  ~BufferLog() { release(); }
  BufferLog(const BufferLog&) = delete;
  BufferLog& operator=(const BufferLog&) = delete;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  const T* data() const { return items_; }
  const T* begin() const { return items_; }
  const T* end() const { return items_ + size_; }
  const T& operator[](size_t i) const { return items_[i]; }
  T& operator[](size_t i) { return items_[i]; }
  const T& back() const { return items_[size_ - 1]; }
  void push_back(const T& item) {
    if (size_ == capacity_) {
      T copy = item;
      grow();
      items_[size_++] = copy;
      return;
    }
    items_[size_++] = item;
  }
  void pop_back() { --size_; }
  // Small memory is kept.
  void clear() {
    size_ = 0;
    if (file_ != nullptr) release();
  }

 private:
  void grow() {
    const size_t capacity = capacity_ < 8 ? 8 : capacity_ * 2;
    const size_t bytes = capacity * sizeof(T);
    if (file_ != nullptr || spill_.wanted(bytes)) {
      auto file = file_ != nullptr ? nullptr : std::make_unique<MappedFile>(spill_.directory);
      T* moved = reinterpret_cast<T*>((file ? file : file_)->grow(bytes));
      if (file != nullptr) {
        std::memcpy(static_cast<void*>(moved), items_, size_ * sizeof(T));
        release_memory();
        file_ = std::move(file);
      }
      items_ = moved;
    } else {
      const size_t more = (capacity - capacity_) * sizeof(T);
      if (budget_ != nullptr) budget_->charge(more);
      charged_bytes_ += more;
      auto memory = std::make_unique_for_overwrite<std::byte[]>(bytes);
      if (size_ > 0) std::memcpy(memory.get(), items_, size_ * sizeof(T));
      memory_ = std::move(memory);
      items_ = reinterpret_cast<T*>(memory_.get());
    }
    capacity_ = capacity;
  }
  void release_memory() {
    if (budget_ != nullptr) budget_->release(charged_bytes_);
    charged_bytes_ = 0;
    memory_.reset();
  }
  void release() {
    release_memory();
    file_.reset();
    items_ = nullptr;
    size_ = capacity_ = 0;
  }

  MemoryBudget* budget_;
  const BufferSpill& spill_;
  T* items_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
  size_t charged_bytes_ = 0;
  std::unique_ptr<std::byte[]> memory_;
  std::unique_ptr<MappedFile> file_;
};

}  // namespace luma
