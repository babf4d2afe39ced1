#include "engine/txn/txn_iterator.h"

#include "engine/txn/commit_pipeline.h"

namespace luma {

TxnIterator::TxnIterator(Transaction& txn, KvFamily family, TxnSnapshotRef snapshot,
                         WriteBuffer::Mark mark, std::string_view lower, std::string_view upper,
                         bool fill_cache)
    : txn_(txn),
      family_(family),
      snapshot_(std::move(snapshot)),
      base_(txn.pipeline().kv(), family,
            {.snapshot = snapshot_ == nullptr ? nullptr : &snapshot_->kv,
             .lower = lower,
             .upper = upper,
             .fill_cache = fill_cache},
            &txn.pipeline().runs(), snapshot_ == nullptr ? 0 : snapshot_->visible_ts),
      uses_buffer_(mark > 0),
      tracks_reads_(txn.tracks_reads() && snapshot_ != nullptr),
      lower_(lower),
      upper_(upper) {
  if (uses_buffer_) cursor_ = txn.buffer().cursor(family, mark);
  if (tracks_reads_) txn.register_iterator(this);
}

TxnIterator::~TxnIterator() {
  if (!tracks_reads_) return;
  record_reads();
  txn_.unregister_iterator(this);
}

void TxnIterator::record_reads() {
  if (!tracks_reads_ || !sought_) return;
  auto behind = [](std::string_view key) {
    std::string text(key);
    text.push_back('\0');
    return text;
  };
  if (forward_) {
    txn_.read_set_.add_range(family_, origin_, valid_ ? behind(key_) : upper_);
  } else {
    txn_.read_set_.add_range(family_, valid_ ? key_ : std::string_view(lower_), origin_);
  }
}

// `origin` is the near end of what is going to be read: a lower bound, or an exclusive upper one.
void TxnIterator::start(bool forward, std::string_view origin) {
  record_reads();
  forward_ = forward;
  if (tracks_reads_) origin_.assign(origin);
  sought_ = true;
}

void TxnIterator::set_bounds(std::string_view lower, std::string_view upper) {
  record_reads();
  sought_ = false;
  lower_.assign(lower);
  upper_.assign(upper);
  base_.set_bounds(lower, upper);
  valid_ = false;
}

void TxnIterator::seek_first() {
  start(true, lower_);
  base_.seek_first();
  if (uses_buffer_) cursor_.seek(lower_);
  merge_forward();
}

void TxnIterator::seek_last() {
  start(false, upper_);
  base_.seek_last();
  if (uses_buffer_) {
    if (upper_.empty()) {
      cursor_.seek_last();
    } else {
      cursor_.seek_for_prev(upper_);
      if (cursor_.valid() && cursor_.op().key == upper_) cursor_.prev();
    }
  }
  merge_backward();
}

void TxnIterator::seek(std::string_view key) {
  if (key <= lower_) return seek_first();
  std::string copy(key);  // `key` may be our own key_, about to go away
  start(true, copy);
  base_.seek(copy);
  if (uses_buffer_) cursor_.seek(copy);
  merge_forward();
}

void TxnIterator::seek_for_prev(std::string_view key) {
  if (!upper_.empty() && key >= upper_) return seek_last();
  std::string copy(key);
  std::string behind = copy;
  behind.push_back('\0');
  start(false, behind);
  base_.seek_for_prev(copy);
  if (uses_buffer_) cursor_.seek_for_prev(copy);
  merge_backward();
}

// Changes direction: afterwards both sources stand strictly beyond the current key.
void TxnIterator::turn(bool forward) {
  std::string current(key_);
  if (forward) {
    start(true, current);
    base_.seek(current);
    if (base_.valid() && base_.key() == current) base_.next();
    if (uses_buffer_) {
      cursor_.seek(current);
      if (cursor_.valid() && cursor_.op().key == current) cursor_.next();
    }
    return;
  }
  start(false, current);
  base_.seek_for_prev(current);
  if (base_.valid() && base_.key() == current) base_.prev();
  if (uses_buffer_) {
    cursor_.seek_for_prev(current);
    if (cursor_.valid() && cursor_.op().key == current) cursor_.prev();
  }
}

void TxnIterator::next_merged() {
  if (!forward_) {
    turn(true);
  } else if (from_buffer_) {
    if (base_.valid() && base_.key() == key_) base_.next();
    cursor_.next();
  } else {
    base_.next();
  }
  merge_forward();
}

void TxnIterator::prev() {
  if (forward_) {
    turn(false);
  } else if (from_buffer_) {
    if (base_.valid() && base_.key() == key_) base_.prev();
    cursor_.prev();
  } else {
    base_.prev();
  }
  merge_backward();
}

bool TxnIterator::cursor_in_range() const {
  if (!cursor_.valid()) return false;
  std::string_view key = cursor_.op().key;
  return forward_ ? upper_.empty() || key < upper_ : key >= lower_;
}

void TxnIterator::merge_forward() {
  while (true) {
    bool has_base = base_.valid();
    if (!uses_buffer_ || !cursor_in_range()) {
      from_buffer_ = false;
      valid_ = has_base;
      key_ = base_.key();
      return;
    }
    const BufferedOp& op = cursor_.op();
    int order = has_base ? op.key.compare(base_.key()) : -1;
    if (order > 0) {
      from_buffer_ = false;
      valid_ = true;
      key_ = base_.key();
      return;
    }
    if (!op.is_delete) {
      from_buffer_ = true;
      valid_ = true;
      key_ = op.key;
      return;
    }
    if (order == 0) base_.next();
    cursor_.next();
  }
}

void TxnIterator::merge_backward() {
  while (true) {
    bool has_base = base_.valid();
    if (!uses_buffer_ || !cursor_in_range()) {
      from_buffer_ = false;
      valid_ = has_base;
      key_ = base_.key();
      return;
    }
    const BufferedOp& op = cursor_.op();
    int order = has_base ? op.key.compare(base_.key()) : 1;
    if (order < 0) {
      from_buffer_ = false;
      valid_ = true;
      key_ = base_.key();
      return;
    }
    if (!op.is_delete) {
      from_buffer_ = true;
      valid_ = true;
      key_ = op.key;
      return;
    }
    if (order == 0) base_.prev();
    cursor_.prev();
  }
}

}  // namespace luma
