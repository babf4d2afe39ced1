#include "engine/table/inverted_search.h"

#include <algorithm>

#include "engine/columnar/row_walk.h"
#include "engine/row/key_codec.h"

namespace luma {

namespace {

using Kind = InvertedQuery::Kind;

// More keys than that need not be looked for: each one makes a search narrower, and rows are tested
// anyway.
constexpr size_t kMaxRequiredKeys = 16;

// What follows a prefix: the entries of one key, or the rows of a table.
class PrefixRows final : public RowKeys {
 public:
  PrefixRows(Transaction& txn, std::string prefix, ReadView view) : prefix_(std::move(prefix)) {
    std::string upper = prefix_;
    make_prefix_end(upper);
    iterator_ = txn.scan(KvFamily::kData, prefix_, upper, view);
    iterator_->seek_first();
  }
  void seek(std::string_view key) override {
    if (!valid() || this->key() >= key) return;
    // Often the next one is it.
    iterator_->next();
    if (!valid() || this->key() >= key) return;
    target_.assign(prefix_);
    target_.append(key);
    iterator_->seek(target_);
  }
  void next() override { iterator_->next(); }
  bool valid() const override { return iterator_->valid(); }
  std::string_view key() const override { return iterator_->key().substr(prefix_.size()); }

 private:
  std::string prefix_, target_;
  std::unique_ptr<TxnIterator> iterator_;
};

// All rows of a columnar table, in no order: of a search that nothing narrows.
class StoredTableRows final : public RowKeys {
 public:
  StoredTableRows(const TableDesc& table, Transaction& txn, ReadView view)
      : walk_(table, txn, view), valid_(walk_.next()) {}
  void seek(std::string_view) override { LUMA_CHECK(false); }
  void next() override { valid_ = walk_.next(); }
  bool valid() const override { return valid_; }
  std::string_view key() const override { return walk_.key().substr(kStorageIdBytes); }

 private:
  RowWalk walk_;
  bool valid_;
};

// Keys in memory: of entries whose order is not that of rows.
class ListedRows final : public RowKeys {
 public:
  explicit ListedRows(std::vector<std::string> keys) : keys_(std::move(keys)) {
    std::sort(keys_.begin(), keys_.end());
    keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
  }
  void seek(std::string_view key) override {
    at_ = static_cast<size_t>(
        std::lower_bound(keys_.begin() + static_cast<ptrdiff_t>(at_), keys_.end(), key) -
        keys_.begin());
  }
  void next() override { ++at_; }
  bool valid() const override { return at_ < keys_.size(); }
  std::string_view key() const override { return keys_[at_]; }

 private:
  std::vector<std::string> keys_;
  size_t at_ = 0;
};

class AllOf final : public RowKeys {
 public:
  explicit AllOf(std::vector<RowKeysPtr> parts) : parts_(std::move(parts)) { align(); }
  void seek(std::string_view key) override {
    parts_.front()->seek(key);
    align();
  }
  void next() override {
    parts_.front()->next();
    align();
  }
  bool valid() const override { return valid_; }
  std::string_view key() const override { return parts_.front()->key(); }

 private:
  // Moves all parts to the next key that they share.
  void align() {
    valid_ = false;
    for (size_t agreed = 0, i = 0; agreed < parts_.size(); i = (i + 1) % parts_.size()) {
      RowKeys& part = *parts_[i];
      part.seek(target_of(agreed, part));
      if (!part.valid()) return;
      agreed = agreed > 0 && part.key() == target_ ? agreed + 1 : 1;
      target_.assign(part.key());
    }
    valid_ = true;
  }
  std::string_view target_of(size_t agreed, const RowKeys& part) {
    if (agreed > 0) return target_;
    return part.valid() ? part.key() : std::string_view();
  }

  std::vector<RowKeysPtr> parts_;
  std::string target_;
  bool valid_ = false;
};

class AnyOf final : public RowKeys {
 public:
  explicit AnyOf(std::vector<RowKeysPtr> parts) : parts_(std::move(parts)) { choose(); }
  void seek(std::string_view key) override {
    for (RowKeysPtr& part : parts_) part->seek(key);
    choose();
  }
  void next() override {
    std::string passed(lowest_->key());
    for (RowKeysPtr& part : parts_) {
      if (part->valid() && part->key() == passed) part->next();
    }
    choose();
  }
  bool valid() const override { return lowest_ != nullptr; }
  std::string_view key() const override { return lowest_->key(); }

 private:
  void choose() {
    lowest_ = nullptr;
    for (RowKeysPtr& part : parts_) {
      if (!part->valid()) continue;
      if (lowest_ == nullptr || part->key() < lowest_->key()) lowest_ = part.get();
    }
  }

  std::vector<RowKeysPtr> parts_;
  RowKeys* lowest_ = nullptr;
};

class NoRows final : public RowKeys {
 public:
  void seek(std::string_view) override {}
  void next() override {}
  bool valid() const override { return false; }
  std::string_view key() const override { return {}; }
};

// Drops what every row satisfies, and what a part that no row satisfies decides.
InvertedQuery simplified(InvertedQuery query) {
  if (query.kind != Kind::kAnd && query.kind != Kind::kOr) return query;
  const bool all_of = query.kind == Kind::kAnd;
  std::vector<InvertedQuery> parts;
  for (InvertedQuery& part : query.parts) {
    InvertedQuery simple = simplified(std::move(part));
    if (simple.kind == (all_of ? Kind::kNone : Kind::kAll)) return simple;
    if (simple.kind == (all_of ? Kind::kAll : Kind::kNone)) continue;
    parts.push_back(std::move(simple));
  }
  if (parts.empty()) {
    InvertedQuery out;
    out.kind = all_of ? Kind::kAll : Kind::kNone;
    return out;
  }
  if (parts.size() == 1) return std::move(parts.front());
  if (all_of && parts.size() > kMaxRequiredKeys) parts.resize(kMaxRequiredKeys);
  query.parts = std::move(parts);
  return query;
}

}  // namespace

InvertedSearch::InvertedSearch(Transaction& txn, const TableDesc& table, const IndexDesc& index,
                               ReadView view)
    : txn_(txn), table_(table), index_(index), view_(view) {}

void InvertedSearch::require(size_t part, InvertedQuery query) {
  query = simplified(std::move(query));
  if (query.kind == Kind::kNone) none_ = true;
  if (query.kind != Kind::kAll && !none_) streams_.push_back(open_part(query, part));
}

RowKeysPtr InvertedSearch::open() {
  if (none_) return std::make_unique<NoRows>();
  if (streams_.empty()) streams_.push_back(open_part({}, 0));
  if (streams_.size() == 1) return std::move(streams_.front());
  return std::make_unique<AllOf>(std::move(streams_));
}

RowKeysPtr InvertedSearch::open_part(const InvertedQuery& query, size_t part) const {
  switch (query.kind) {
    case Kind::kKey:
      return entries_of(part, EntryClass::kKey, query.key);
    case Kind::kEmpty:
      return entries_of(part, EntryClass::kEmpty, {});
    case Kind::kPrefix: {
      std::string lower;
      append_inverted_key(index_, part, EntryClass::kKey, query.key, true, lower);
      std::string upper = lower;
      make_prefix_end(upper);
      return rows_between(lower, upper);
    }
    case Kind::kBelow:
    case Kind::kThrough:
    case Kind::kFrom:
    case Kind::kAbove:
      return rows_of_side(part, query);
    case Kind::kRanges:
      return rows_of_ranges(part, query);
    case Kind::kNone:
      return std::make_unique<NoRows>();
    case Kind::kAll: {
      if (table_.columnar != nullptr) {
        return std::make_unique<StoredTableRows>(table_, txn_, view_);
      }
      std::string prefix;
      append_storage_id(prefix, table_.storage_id);
      return std::make_unique<PrefixRows>(txn_, std::move(prefix), view_);
    }
    default:
      break;
  }
  std::vector<RowKeysPtr> parts;
  for (const InvertedQuery& inner : query.parts) parts.push_back(open_part(inner, part));
  if (query.kind == Kind::kAnd) return std::make_unique<AllOf>(std::move(parts));
  return std::make_unique<AnyOf>(std::move(parts));
}

RowKeysPtr InvertedSearch::entries_of(size_t part, EntryClass entry, std::string_view key) const {
  std::string prefix;
  append_inverted_key(index_, part, entry, key, false, prefix);
  return std::make_unique<PrefixRows>(txn_, std::move(prefix), view_);
}

// All keys of the part on one side of a key.
RowKeysPtr InvertedSearch::rows_of_side(size_t part, const InvertedQuery& query) const {
  std::string lower, key;
  append_inverted_key(index_, part, EntryClass::kKey, {}, true, lower);
  append_inverted_key(index_, part, EntryClass::kKey, query.key, false, key);
  std::string upper = lower;
  make_prefix_end(upper);
  bool behind = query.kind == Kind::kThrough || query.kind == Kind::kAbove;
  if (behind) make_prefix_end(key);
  bool before = query.kind == Kind::kBelow || query.kind == Kind::kThrough;
  return before ? rows_between(lower, key) : rows_between(key, upper);
}

RowKeysPtr InvertedSearch::rows_between(std::string_view lower, std::string_view upper) const {
  std::vector<std::string> keys;
  auto at = txn_.scan(KvFamily::kData, lower, upper, view_);
  for (at->seek_first(); at->valid(); at->next()) {
    keys.emplace_back(entry_row_key(index_, at->key(), at->value()));
  }
  return std::make_unique<ListedRows>(std::move(keys));
}

// One walk: ranges in which it finds nothing are skipped without a seek when it is beyond them.
RowKeysPtr InvertedSearch::rows_of_ranges(size_t part, const InvertedQuery& query) const {
  std::vector<std::string> keys;
  if (query.ranges.empty()) return std::make_unique<NoRows>();
  std::string lower, upper;
  append_inverted_key(index_, part, EntryClass::kKey, {}, true, lower);
  upper = lower;
  make_prefix_end(upper);
  auto at = txn_.scan(KvFamily::kData, lower, upper, view_);
  at->seek_first();
  for (const InvertedQuery::Range& range : query.ranges) {
    if (!at->valid()) break;
    std::string from, behind;
    append_inverted_key(index_, part, EntryClass::kKey, range.to, false, behind);
    make_prefix_end(behind);
    if (at->key() >= behind) continue;
    append_inverted_key(index_, part, EntryClass::kKey, range.from, false, from);
    if (at->key() < from) at->seek(from);
    for (; at->valid() && at->key() < behind; at->next()) {
      keys.emplace_back(entry_row_key(index_, at->key(), at->value()));
    }
  }
  return std::make_unique<ListedRows>(std::move(keys));
}

}  // namespace luma
