#pragma once
// Bump allocator. Memory lives until reset() or destruction; destructors of objects made in an
// arena never run, so `make<T>` accepts only what does not need one. Not thread-safe: one owner at
// a time.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/base/memory_budget.h"

namespace luma {

class Arena {
 public:
  // Blocks are charged to `budget` when given (53200 when it is exhausted).
  explicit Arena(MemoryBudget* budget = nullptr, size_t first_block_bytes = 4096)
      : budget_(budget), next_block_bytes_(first_block_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  void* allocate(size_t bytes, size_t alignment = 8) {
    auto address = (reinterpret_cast<uintptr_t>(cursor_) + alignment - 1) & ~(alignment - 1);
    if (address + bytes > reinterpret_cast<uintptr_t>(end_)) return allocate_slow(bytes, alignment);
    cursor_ = reinterpret_cast<char*>(address + bytes);
    return reinterpret_cast<void*>(address);
  }
  char* allocate_bytes(size_t bytes) { return static_cast<char*>(allocate(bytes, 1)); }

  template <typename T>
  T* allocate_array(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
  }
  template <typename T, typename... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena never runs destructors");
    return new (allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = allocate_bytes(text.size());
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  // Forgets everything; the largest block is kept so that a recycled arena stops calling malloc.
  void reset();
  size_t allocated_bytes() const { return allocated_bytes_; }
  MemoryBudget* budget() const { return budget_; }  // null: nobody counts

 private:
  struct Block {
    std::unique_ptr<char[]> data;
    size_t bytes;
  };
  void* allocate_slow(size_t bytes, size_t alignment);

  MemoryBudget* budget_;
  size_t next_block_bytes_;
  char* cursor_ = nullptr;
  char* end_ = nullptr;
  size_t allocated_bytes_ = 0;
  std::vector<Block> blocks_;
};

}  // namespace luma
