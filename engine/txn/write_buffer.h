#pragma once
// What a transaction has written and not yet committed: a log of operations in order, and, once
// there are more than a few whose keys do not ascend, an index by key. Savepoints and statement
// marks are positions in the log. Not thread-safe for writing; a reader with mark 0 touches
// nothing, so other threads may scan for a statement that began with an empty buffer while its own
// thread writes.
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/memory_budget.h"
#include "engine/row/kv.h"
#include "engine/txn/buffer_memory.h"

namespace luma {

struct BufferNode;

struct BufferedOp {
  std::string_view key;
  std::string_view value;
  KvFamily family;
  bool is_delete;
  bool stamped;
  // Only when indexed: the key's node, and the older operation on it (WriteBuffer::kNoOp: none).
  uint32_t previous;
  BufferNode* node;

  void add_to(KvBatch* batch) const;
};

class WriteBuffer {
 public:
  static constexpr uint32_t kNoOp = UINT32_MAX;
  static constexpr size_t kUnindexedOps = 16;
  using Mark = uint32_t;

  explicit WriteBuffer(MemoryBudget* budget, size_t limit_bytes = SIZE_MAX, BufferSpill spill = {});
  ~WriteBuffer();
  WriteBuffer(const WriteBuffer&) = delete;
  WriteBuffer& operator=(const WriteBuffer&) = delete;

  // Keys and values are copied. 54000 when the transaction grows beyond the limit, 53200 by budget.
  void put(KvFamily family, std::string_view key, std::string_view value, bool stamped);
  void remove(KvFamily family, std::string_view key);
  // Memory that lives as long as the buffer's contents, for keys and values of put_staged().
  char* stage(size_t bytes) { return arena_.allocate_bytes(bytes); }
  // put() of staged bytes, which are not copied.
  void put_staged(KvFamily family, std::string_view key, std::string_view value, bool stamped) {
    append({key, value, family, false, stamped, kNoOp, nullptr});
  }

  void remove_staged(KvFamily family, std::string_view key) {
    append({key, {}, family, true, false, kNoOp, nullptr});
  }

  Mark mark() const { return static_cast<Mark>(ops_.size()); }
  void rollback_to(Mark mark);
  void clear();
  bool empty() const { return ops_.empty(); }
  size_t size_bytes() const { return data_bytes_; }
  const BufferLog<BufferedOp>& ops() const { return ops_; }
  // True when a later operation on the same key makes this one invisible; may miss some.
  bool superseded(Mark number) const;

  // The newest operation on `key` before `mark`, null when there is none.
  const BufferedOp* find(KvFamily family, std::string_view key, Mark mark) const;

  // Ordered walk over the keys of one family that have an operation before `mark`.
  class Cursor {
   public:
    Cursor() = default;
    void seek(std::string_view key);           // first key >= key
    void seek_for_prev(std::string_view key);  // last key <= key
    void seek_first();
    void seek_last();
    void next();
    void prev();
    bool valid() const { return op_ != kNoOp; }
    // Invalid after the next write to the buffer, but key and value it refers to are not.
    const BufferedOp& op() const { return buffer_->ops_[op_]; }

   private:
    friend class WriteBuffer;
    void settle(bool forward);
    void settle_in_log(int64_t number, bool forward);
    bool in_log();
    const WriteBuffer* buffer_ = nullptr;
    KvFamily family_ = KvFamily::kData;
    Mark mark_ = 0;
    const BufferNode* node_ = nullptr;
    uint32_t op_ = kNoOp;
  };
  Cursor cursor(KvFamily family, Mark mark);

 private:
  friend class Cursor;
  void copy_and_append(KvFamily family, std::string_view key, std::string_view value,
                       bool is_delete, bool stamped);
  void append(const BufferedOp& op);
  // The keys of all operations ascend, so that the log is its own index.
  bool is_sorted() const { return sorted_ && !indexed_; }
  uint32_t log_lower_bound(KvFamily family, std::string_view key) const;
  void build_index();
  void index_op(uint32_t number);
  BufferNode* lower_bound(KvFamily family, std::string_view key, BufferNode** before) const;
  uint32_t visible(const BufferNode* node, Mark mark) const;

  BufferSpill spill_;
  BufferArena arena_;
  size_t limit_bytes_;
  size_t data_bytes_ = 0;
  BufferLog<BufferedOp> ops_;
  bool sorted_ = true;
  bool indexed_ = false;
  BufferNode* head_ = nullptr;
  BufferNode* last_ = nullptr;
  BufferNode* inserted_ = nullptr;   // the newest node
  std::vector<BufferNode*> splice_;  // at every level, the last node up to the newest one
  uint64_t random_ = 0x9E3779B97F4A7C15ull;
};

}  // namespace luma
