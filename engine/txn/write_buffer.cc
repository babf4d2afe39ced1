#include "engine/txn/write_buffer.h"

#include <algorithm>
#include <array>
#include <bit>

#include "engine/base/sql_error.h"
#include "engine/base/work_counts.h"

namespace luma {

namespace {
constexpr int kMaxHeight = 16;

bool is_before(const BufferedOp& op, KvFamily family, std::string_view key) {
  return op.family != family ? op.family < family : op.key < key;
}
}  // namespace

// One key of a skip list. Nodes are never removed: after a rollback `newest` is kNoOp.
struct BufferNode {
  std::string_view key;
  KvFamily family;
  uint32_t newest;
  BufferNode* before;
  int height;
  BufferNode* next[1];  // `height` of them

  bool less_than(KvFamily other_family, std::string_view other_key) const {
    if (family != other_family) return family < other_family;
    return key < other_key;
  }
  bool is(KvFamily other_family, std::string_view other_key) const {
    return family == other_family && key == other_key;
  }
};

void BufferedOp::add_to(KvBatch* batch) const {
  if (is_delete) {
    batch->remove(family, key);
  } else if (stamped) {
    batch->put_stamped(family, key, value);
  } else {
    batch->put(family, key, value);
  }
}

WriteBuffer::WriteBuffer(MemoryBudget* budget, size_t limit_bytes, BufferSpill spill)
    : spill_(std::move(spill)),
      arena_(budget, spill_),
      limit_bytes_(limit_bytes),
      ops_(budget, spill_) {}

WriteBuffer::~WriteBuffer() = default;

void WriteBuffer::put(KvFamily family, std::string_view key, std::string_view value, bool stamped) {
  copy_and_append(family, key, value, false, stamped);
}

void WriteBuffer::remove(KvFamily family, std::string_view key) {
  copy_and_append(family, key, {}, true, false);
}

void WriteBuffer::copy_and_append(KvFamily family, std::string_view key, std::string_view value,
                                  bool is_delete, bool stamped) {
  char* memory = arena_.allocate_bytes(key.size() + value.size());
  std::copy(key.begin(), key.end(), memory);
  std::copy(value.begin(), value.end(), memory + key.size());
  append({{memory, key.size()},
          {memory + key.size(), value.size()},
          family,
          is_delete,
          stamped,
          kNoOp,
          nullptr});
}

namespace {

size_t varint_bytes(size_t value) {
  size_t bytes = 1;
  for (; value >= 128; value >>= 7) ++bytes;
  return bytes;
}

// As a record of the log: a tag, the family, key and value with their lengths.
size_t log_bytes(const BufferedOp& op) {
  const size_t key = varint_bytes(op.key.size()) + op.key.size();
  return 2 + key + (op.is_delete ? 0 : varint_bytes(op.value.size()) + op.value.size());
}

}  // namespace

void WriteBuffer::append(const BufferedOp& op) {
  size_t bytes = op.key.size() + op.value.size();
  if (data_bytes_ + bytes > limit_bytes_ || ops_.size() >= kNoOp - 1) {
    throw sql_error(SqlState::kProgramLimitExceeded,
                    "transaction exceeds the limit of {} bytes of uncommitted changes",
                    limit_bytes_)
        .hint("Commit in smaller steps.");
  }
  sorted_ = sorted_ && (ops_.empty() || is_before(ops_.back(), op.family, op.key));
  ops_.push_back(op);
  data_bytes_ += bytes;
  WorkCounts& work = thread_work();
  ++work.log_records;
  work.log_bytes += log_bytes(op);
  if (indexed_) {
    index_op(mark() - 1);
  } else if (!sorted_ && ops_.size() > kUnindexedOps) {
    build_index();
  }
}

void WriteBuffer::build_index() {
  head_ = static_cast<BufferNode*>(
      arena_.allocate(sizeof(BufferNode) + (kMaxHeight - 1) * sizeof(BufferNode*)));
  new (head_) BufferNode{{}, KvFamily::kCatalog, kNoOp, nullptr, kMaxHeight, {nullptr}};
  std::fill_n(head_->next, kMaxHeight, nullptr);
  last_ = inserted_ = nullptr;
  splice_.assign(kMaxHeight, head_);
  indexed_ = true;
  for (uint32_t i = 0; i < ops_.size(); ++i) index_op(i);
}

BufferNode* WriteBuffer::lower_bound(KvFamily family, std::string_view key,
                                     BufferNode** before) const {
  BufferNode* node = head_;
  for (int level = kMaxHeight - 1; level >= 0; --level) {
    while (node->next[level] != nullptr && node->next[level]->less_than(family, key)) {
      node = node->next[level];
    }
    if (before != nullptr) before[level] = node;
  }
  return node->next[0];
}

void WriteBuffer::index_op(uint32_t number) {
  BufferedOp& op = ops_[number];
  // A key right behind the newest one, as in bulk inserts, is placed without a search.
  BufferNode* behind = inserted_ == nullptr ? head_->next[0] : inserted_->next[0];
  bool follows = (inserted_ == nullptr || inserted_->less_than(op.family, op.key)) &&
                 (behind == nullptr ||
                  (!behind->less_than(op.family, op.key) && !behind->is(op.family, op.key)));
  if (!follows) {
    std::array<BufferNode*, kMaxHeight> before;
    BufferNode* found = lower_bound(op.family, op.key, before.data());
    if (found != nullptr && found->is(op.family, op.key)) {
      op.previous = found->newest;
      op.node = found;
      found->newest = number;
      return;
    }
    std::copy(before.begin(), before.end(), splice_.begin());
  }
  random_ = random_ * 6364136223846793005ull + 1442695040888963407ull;
  // A quarter of the nodes reaches each next level.
  int height = 1 + std::min(kMaxHeight - 1, std::countl_one(random_) / 2);
  auto* node = static_cast<BufferNode*>(
      arena_.allocate(sizeof(BufferNode) + static_cast<size_t>(height - 1) * sizeof(BufferNode*)));
  new (node) BufferNode{op.key, op.family, number, nullptr, height, {nullptr}};
  BufferNode* before = splice_[0];
  for (int level = 0; level < height; ++level) {
    node->next[level] = splice_[level]->next[level];
    splice_[level]->next[level] = node;
    splice_[level] = node;
  }
  node->before = before == head_ ? nullptr : before;
  if (node->next[0] != nullptr) {
    node->next[0]->before = node;
  } else {
    last_ = node;
  }
  inserted_ = node;
  op.previous = kNoOp;
  op.node = node;
}

void WriteBuffer::rollback_to(Mark mark) {
  while (ops_.size() > mark) {
    const BufferedOp& op = ops_.back();
    if (indexed_) op.node->newest = op.previous;
    data_bytes_ -= op.key.size() + op.value.size();
    ops_.pop_back();
  }
}

void WriteBuffer::clear() {
  ops_.clear();
  arena_.reset();
  sorted_ = true;
  indexed_ = false;
  head_ = last_ = inserted_ = nullptr;
  data_bytes_ = 0;
}

bool WriteBuffer::superseded(Mark number) const {
  return indexed_ && ops_[number].node->newest != number;
}

uint32_t WriteBuffer::visible(const BufferNode* node, Mark mark) const {
  uint32_t number = node->newest;
  while (number != kNoOp && number >= mark) number = ops_[number].previous;
  return number;
}

const BufferedOp* WriteBuffer::find(KvFamily family, std::string_view key, Mark mark) const {
  if (mark == 0) return nullptr;
  if (indexed_) {
    const BufferNode* node = lower_bound(family, key, nullptr);
    if (node == nullptr || !node->is(family, key)) return nullptr;
    uint32_t number = visible(node, mark);
    return number == kNoOp ? nullptr : &ops_[number];
  }
  size_t end = std::min<size_t>(mark, ops_.size());
  if (sorted_ && end > kUnindexedOps) {
    uint32_t at = log_lower_bound(family, key);
    bool found = at < end && ops_[at].family == family && ops_[at].key == key;
    return found ? &ops_[at] : nullptr;
  }
  for (size_t i = end; i-- > 0;) {
    if (ops_[i].family == family && ops_[i].key == key) return &ops_[i];
  }
  return nullptr;
}

WriteBuffer::Cursor WriteBuffer::cursor(KvFamily family, Mark mark) {
  if (!indexed_ && !sorted_) build_index();
  Cursor cursor;
  cursor.buffer_ = this;
  cursor.family_ = family;
  cursor.mark_ = mark;
  return cursor;
}

uint32_t WriteBuffer::log_lower_bound(KvFamily family, std::string_view key) const {
  auto at = std::partition_point(ops_.begin(), ops_.end(),
                                 [&](const BufferedOp& op) { return is_before(op, family, key); });
  return static_cast<uint32_t>(at - ops_.begin());
}

// Whether the cursor moves along the log itself. A write may have ended that since the last move.
bool WriteBuffer::Cursor::in_log() {
  if (buffer_->is_sorted()) return true;
  if (node_ == nullptr && op_ < buffer_->ops_.size()) node_ = buffer_->ops_[op_].node;
  return false;
}

void WriteBuffer::Cursor::settle_in_log(int64_t number, bool forward) {
  const auto& ops = buffer_->ops_;
  node_ = nullptr;
  op_ = kNoOp;
  auto end = static_cast<int64_t>(std::min<size_t>(ops.size(), mark_));
  if (!forward && number >= end) number = end - 1;
  if (number < 0 || number >= end || ops[static_cast<size_t>(number)].family != family_) return;
  op_ = static_cast<uint32_t>(number);
}

void WriteBuffer::Cursor::settle(bool forward) {
  op_ = kNoOp;
  for (; node_ != nullptr && node_->family == family_;
       node_ = forward ? node_->next[0] : node_->before) {
    op_ = buffer_->visible(node_, mark_);
    if (op_ != kNoOp) return;
  }
}

void WriteBuffer::Cursor::seek(std::string_view key) {
  if (buffer_->is_sorted()) {
    return settle_in_log(buffer_->log_lower_bound(family_, key), true);
  }
  node_ = buffer_->lower_bound(family_, key, nullptr);
  settle(true);
}

void WriteBuffer::Cursor::seek_for_prev(std::string_view key) {
  if (buffer_->is_sorted()) {
    uint32_t at = buffer_->log_lower_bound(family_, key);
    const auto& ops = buffer_->ops_;
    bool exact = at < ops.size() && ops[at].family == family_ && ops[at].key == key;
    return settle_in_log(int64_t{at} - (exact ? 0 : 1), false);
  }
  node_ = buffer_->lower_bound(family_, key, nullptr);
  if (node_ == nullptr) {
    node_ = buffer_->last_;
  } else if (!node_->is(family_, key)) {
    node_ = node_->before;
  }
  settle(false);
}

void WriteBuffer::Cursor::seek_first() { seek({}); }

void WriteBuffer::Cursor::seek_last() {
  if (buffer_->is_sorted()) {
    const auto& ops = buffer_->ops_;
    auto behind = std::partition_point(ops.begin(), ops.end(),
                                       [&](const BufferedOp& op) { return op.family <= family_; });
    return settle_in_log(behind - ops.begin() - 1, false);
  }
  node_ = buffer_->last_;
  while (node_ != nullptr && node_->family > family_) node_ = node_->before;
  settle(false);
}

void WriteBuffer::Cursor::next() {
  if (in_log()) return settle_in_log(int64_t{op_} + 1, true);
  if (node_ != nullptr) node_ = node_->next[0];
  settle(true);
}

void WriteBuffer::Cursor::prev() {
  if (in_log()) return settle_in_log(int64_t{op_} - 1, false);
  if (node_ != nullptr) node_ = node_->before;
  settle(false);
}

}  // namespace luma
