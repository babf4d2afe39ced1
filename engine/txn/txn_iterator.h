#pragma once
// Walks the keys of a range in either direction over a transaction's snapshot merged with its own
// writes. Positions are invalid until a seek. Storage errors are thrown. One thread; destroy or
// reset before the transaction ends.
#include <memory>
#include <string>
#include <string_view>

#include "engine/row/kv.h"
#include "engine/txn/committed_walk.h"
#include "engine/txn/transaction.h"
#include "engine/txn/write_buffer.h"

namespace luma {

class TxnIterator {
 public:
  ~TxnIterator();
  TxnIterator(const TxnIterator&) = delete;
  TxnIterator& operator=(const TxnIterator&) = delete;

  // A new range for the same family and view; a seek must follow. Cheaper than a new iterator.
  void set_bounds(std::string_view lower, std::string_view upper);
  void seek_first();
  void seek_last();
  void seek(std::string_view key);           // first key >= key
  void seek_for_prev(std::string_view key);  // last key <= key
  void next() {
    if (!forward_ || uses_buffer_) return next_merged();
    base_.next();
    valid_ = base_.valid();
    key_ = base_.key();
  }
  void prev();
  bool valid() const { return valid_; }
  std::string_view key() const { return key_; }
  std::string_view value() const { return from_buffer_ ? cursor_.op().value : base_.value(); }

 private:
  friend class Transaction;
  TxnIterator(Transaction& txn, KvFamily family, TxnSnapshotRef snapshot, WriteBuffer::Mark mark,
              std::string_view lower, std::string_view upper, bool fill_cache);
  void next_merged();
  void merge_forward();
  void merge_backward();
  void start(bool forward, std::string_view origin);
  bool cursor_in_range() const;
  void turn(bool forward);
  void record_reads();

  Transaction& txn_;
  KvFamily family_;
  TxnSnapshotRef snapshot_;
  CommittedWalk base_;
  WriteBuffer::Cursor cursor_;
  bool uses_buffer_;
  bool tracks_reads_;
  bool valid_ = false;
  bool forward_ = true;
  bool from_buffer_ = false;
  std::string_view key_;
  std::string lower_, upper_;
  // What serializable validation has to know: from here to the current position has been read.
  bool sought_ = false;
  std::string origin_;
};

}  // namespace luma
