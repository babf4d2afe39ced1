#include "engine/table/inverted_scan.h"

#include <algorithm>
#include <optional>

#include "engine/base/sql_error.h"
#include "engine/columnar/columnar_rows.h"
#include "engine/columnar/row_walk.h"
#include "engine/exec/evaluator.h"
#include "engine/row/key_codec.h"
#include "engine/table/index_entry.h"
#include "engine/table/scan_output.h"

namespace luma {

namespace {

using Kind = InvertedQuery::Kind;

// More keys than that need not be looked for: each one makes a search narrower, and rows are tested
// anyway.
constexpr size_t kMaxRequiredKeys = 16;
constexpr size_t kFetchRows = 256;

// Row keys (without storage id) in ascending order.
class RowKeys {
 public:
  virtual ~RowKeys() = default;
  // To the first key >= `key`; never moves back.
  virtual void seek(std::string_view key) = 0;
  virtual void next() = 0;
  virtual bool valid() const = 0;
  virtual std::string_view key() const = 0;
};
using RowKeysPtr = std::unique_ptr<RowKeys>;

// What follows a prefix: the entries of one key, or the rows of a table.
class PrefixRows final : public RowKeys {
 public:
  PrefixRows(Transaction& txn, std::string prefix) : prefix_(std::move(prefix)) {
    std::string upper = prefix_;
    make_prefix_end(upper);
    iterator_.open(txn, prefix_, upper).seek_first();
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
  bool valid() const override { return (*const_cast<ReusableIterator&>(iterator_)).valid(); }
  std::string_view key() const override {
    return (*const_cast<ReusableIterator&>(iterator_)).key().substr(prefix_.size());
  }

 private:
  std::string prefix_, target_;
  ReusableIterator iterator_;
};

// All rows of a columnar table, in no order: of a search that nothing narrows.
class StoredTableRows final : public RowKeys {
 public:
  StoredTableRows(const TableDesc& table, Transaction& txn)
      : walk_(table, txn, ReadView::kStatement), valid_(walk_.next()) {}
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

class Search {
 public:
  Search(Transaction& txn, const TableDesc& table, const IndexDesc& index)
      : txn_(txn), table_(table), index_(index) {}

  RowKeysPtr open(const InvertedQuery& query, size_t part) const {
    switch (query.kind) {
      case Kind::kKey:
        return entries_of(part, EntryClass::kKey, query.key);
      case Kind::kEmpty:
        return entries_of(part, EntryClass::kEmpty, {});
      case Kind::kPrefix:
        return rows_of_prefix(part, query.key);
      case Kind::kBelow:
      case Kind::kThrough:
      case Kind::kFrom:
      case Kind::kAbove:
        return rows_of_range(part, query);
      case Kind::kNone:
        return std::make_unique<NoRows>();
      case Kind::kAll: {
        if (table_.columnar != nullptr) return std::make_unique<StoredTableRows>(table_, txn_);
        std::string prefix;
        append_storage_id(prefix, table_.storage_id);
        return std::make_unique<PrefixRows>(txn_, std::move(prefix));
      }
      default:
        break;
    }
    std::vector<RowKeysPtr> parts;
    for (const InvertedQuery& inner : query.parts) parts.push_back(open(inner, part));
    if (query.kind == Kind::kAnd) return std::make_unique<AllOf>(std::move(parts));
    return std::make_unique<AnyOf>(std::move(parts));
  }

 private:
  RowKeysPtr entries_of(size_t part, EntryClass entry, std::string_view key) const {
    std::string prefix;
    append_inverted_key(index_, part, entry, key, false, prefix);
    return std::make_unique<PrefixRows>(txn_, std::move(prefix));
  }
  RowKeysPtr rows_of_prefix(size_t part, std::string_view key) const {
    std::string lower;
    append_inverted_key(index_, part, EntryClass::kKey, key, true, lower);
    std::string upper = lower;
    make_prefix_end(upper);
    return rows_between(lower, upper);
  }
  // All keys of the part on one side of a key.
  RowKeysPtr rows_of_range(size_t part, const InvertedQuery& query) const {
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
  RowKeysPtr rows_between(std::string_view lower, std::string_view upper) const {
    std::vector<std::string> keys;
    ReusableIterator reusable;
    TxnIterator& at = reusable.open(txn_, lower, upper);
    for (at.seek_first(); at.valid(); at.next()) {
      keys.emplace_back(entry_row_key(index_, at.key(), at.value()));
    }
    return std::make_unique<ListedRows>(std::move(keys));
  }

  Transaction& txn_;
  const TableDesc& table_;
  const IndexDesc& index_;
};

}  // namespace

struct InvertedScanOperator::State {
  State(TableDescPtr desc, const IndexDesc& of, std::vector<InvertedCondition> wanted)
      : table(std::move(desc)), index(of), conditions(std::move(wanted)) {}

  TableDescPtr table;
  const IndexDesc& index;
  std::vector<InvertedCondition> conditions;
  std::vector<std::unique_ptr<ExprEvaluator>> values;
  RowKeysPtr rows;
  Chunk chunk;
};

InvertedScanOperator::InvertedScanOperator(TableDescPtr table, const IndexDesc* index,
                                           std::vector<InvertedCondition> conditions)
    : Operator({PhysicalType::kVarlen}),
      state_(std::make_unique<State>(std::move(table), *index, std::move(conditions))) {
  for (const InvertedCondition& condition : state_->conditions) {
    state_->values.push_back(std::make_unique<ExprEvaluator>(*condition.value, 1));
  }
  state_->chunk.init(output_types(), kFetchRows);
  explain.node_type = "Bitmap Index Scan";
}

InvertedScanOperator::~InvertedScanOperator() = default;

void InvertedScanOperator::do_open(ExecContext& context) {
  State& state = *state_;
  Search search(*context.transaction, *state.table, state.index);
  std::vector<RowKeysPtr> streams;
  state.rows = std::make_unique<NoRows>();
  bool any_row = false;
  for (size_t i = 0; i < state.conditions.size(); ++i) {
    const InvertedCondition& condition = state.conditions[i];
    Value value = state.values[i]->evaluate_scalar(context);
    if (value.is_null) return;
    InvertedQuery query =
        simplified(condition.search->make(value.datum, type_info(condition.value->type.oid)));
    if (query.kind == Kind::kNone) return;
    if (query.kind == Kind::kAll) {
      any_row = true;
      continue;
    }
    streams.push_back(search.open(query, condition.part));
  }
  if (streams.empty() && any_row) streams.push_back(search.open({}, 0));
  if (streams.size() == 1) {
    state.rows = std::move(streams.front());
  } else {
    state.rows = std::make_unique<AllOf>(std::move(streams));
  }
}

const Chunk* InvertedScanOperator::do_next(ExecContext& context) {
  State& state = *state_;
  if (context.interrupt != nullptr) context.interrupt->check();
  state.chunk.begin();
  uint32_t count = 0;
  for (; count < kFetchRows && state.rows->valid(); state.rows->next()) {
    state.chunk.columns[0].set_value(count++, Value(Datum::of_string(state.rows->key())));
  }
  state.chunk.size = count;
  return count == 0 ? nullptr : &state.chunk;
}

void InvertedScanOperator::do_close(ExecContext&) { state_->rows.reset(); }

struct RowFetchOperator::State {
  State(OperatorPtr keys_from, TableDescPtr desc, const IndexDesc& of, std::vector<int32_t> columns,
        const Expr* filter)
      : input(std::move(keys_from)),
        table(std::move(desc)),
        index(of),
        output(*table, std::move(columns), filter, kVectorSize) {
    append_storage_id(prefix, table->storage_id);
    output.reads_index(index.oid, true);
    if (table->columnar == nullptr) return;
    columnar_rows.emplace(*table);
    columnar_rows->want(output.columns());
  }

  OperatorPtr input;
  TableDescPtr table;
  const IndexDesc& index;
  ScanOutput output;
  std::string prefix;
  const Chunk* keys = nullptr;
  uint32_t next_key = 0;
  std::vector<std::string> row_keys;
  std::vector<std::string_view> views;
  std::vector<KvValue> values;
  std::unique_ptr<bool[]> found{new bool[kFetchRows]};

  // Reads some of the rows behind `keys`.
  void fetch(Transaction& txn);
  [[noreturn]] void missing_row() const {
    throw sql_error(SqlState::kIndexCorrupted, "index \"{}\" points to a row that does not exist",
                    index.name);
  }
  std::optional<StoredRows> columnar_rows;  // of a columnar table
};

RowFetchOperator::RowFetchOperator(OperatorPtr input, TableDescPtr table, const IndexDesc* index,
                                   std::vector<int32_t> columns, const Expr* filter)
    : Operator(scan_types(*table, columns)),
      state_(std::make_unique<State>(std::move(input), std::move(table), *index, std::move(columns),
                                     filter)) {
  explain.node_type = "Bitmap Heap Scan";
}

RowFetchOperator::~RowFetchOperator() = default;

std::vector<Operator*> RowFetchOperator::children() { return {state_->input.get()}; }

void RowFetchOperator::do_open(ExecContext& context) {
  state_->output.restart(context);
  state_->keys = nullptr;
  state_->input->open(context);
}

void RowFetchOperator::State::fetch(Transaction& txn) {
  uint32_t count = std::min({keys->size - next_key, output.room(), uint32_t{kFetchRows}});
  if (row_keys.size() < count) row_keys.resize(count);
  if (values.size() < count) values.resize(count);
  views.clear();
  for (uint32_t i = 0; i < count; ++i) {
    row_keys[i].assign(prefix);
    row_keys[i].append(keys->columns[0].value(next_key + i).datum.str.view());
    views.push_back(row_keys[i]);
  }
  next_key += count;
  if (columnar_rows) {
    for (uint32_t i = 0; i < count; ++i) {
      if (!columnar_rows->get(txn, views[i], &values[0])) missing_row();
      output.add_row(views[i], values[0].view());
      values[0].reset();
    }
    return;
  }
  txn.multi_get(KvFamily::kData, views, true, values.data(), found.get());
  for (uint32_t i = 0; i < count; ++i) {
    if (!found[i]) missing_row();
    output.add_row(row_keys[i], values[i].view());
    values[i].reset();
  }
}

const Chunk* RowFetchOperator::do_next(ExecContext& context) {
  State& state = *state_;
  for (;;) {
    state.output.begin();
    bool any = false;
    while (!state.output.full()) {
      if (state.keys == nullptr || state.next_key == state.keys->size) {
        state.keys = state.input->next(context);
        state.next_key = 0;
        if (state.keys == nullptr) break;
      }
      state.fetch(*context.transaction);
      any = true;
    }
    if (!any) return nullptr;
    if (const Chunk* chunk = state.output.finish(context)) return chunk;
  }
}

void RowFetchOperator::do_close(ExecContext& context) {
  state_->input->close(context);
  state_->keys = nullptr;
}

}  // namespace luma
