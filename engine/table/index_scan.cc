#include <algorithm>
#include <optional>

#include "engine/base/sql_error.h"
#include "engine/columnar/columnar_rows.h"
#include "engine/row/key_codec.h"
#include "engine/table/index_entry.h"
#include "engine/table/key_bounds.h"
#include "engine/table/scan.h"
#include "engine/table/scan_output.h"

namespace luma {

namespace {
// Rows that are fetched together for index entries or a list of keys.
constexpr size_t kFetchRows = 256;
constexpr size_t kFirstFetchRows = 8;
}  // namespace

struct IndexScanOperator::State {
  State(TableDescPtr desc, const IndexDesc* index_desc, KeyRange range, bool descending,
        std::vector<int32_t> columns, const Expr* filter)
      : table(std::move(desc)),
        index(*index_desc),
        reverse(descending),
        bounds(index, index.clustered ? table->storage_id : index.storage_id, range),
        output(*table, columns, filter, bounds.points() && bounds.single() ? 1 : kVectorSize) {
    if (!index.clustered) reader = IndexEntryReader::make(*table, index, columns);
    if (table->columnar != nullptr) {
      columnar_rows.emplace(*table);
      columnar_rows->want(columns);
    }
    append_storage_id(row_prefix, table->storage_id);
    output.reads_index(index.oid, reader == nullptr);
  }

  // The range that comes next in scan order.
  size_t range_at(size_t i) const { return reverse ? bounds.count() - 1 - i : i; }

  void read_point(Transaction& txn);
  void read_points(Transaction& txn);
  void read_ranges(Transaction& txn);
  void fetch_rows(Transaction& txn);
  void emit_entry(std::string_view key, std::string_view value);
  [[noreturn]] void missing_row() const {
    throw sql_error(SqlState::kIndexCorrupted, "index \"{}\" points to a row that does not exist",
                    index.name);
  }
  std::string& next_row_key() {
    if (row_key_count == row_keys.size()) row_keys.emplace_back();
    return row_keys[row_key_count++];
  }
  size_t fetch_limit() const { return std::min<size_t>(output.room(), fetch_rows_limit); }

  TableDescPtr table;
  const IndexDesc& index;
  bool reverse;
  KeyBounds bounds;
  ScanOutput output;
  std::unique_ptr<IndexEntryReader> reader;  // the entries alone suffice
  std::string row_prefix;

  std::optional<StoredRows> columnar_rows;  // of a columnar table

  bool is_only_reader = false;
  size_t next_range = 0;
  bool in_range = false;
  ReusableIterator iterator;
  KvValue value;
  // Rows to be fetched.
  std::vector<std::string> row_keys;
  size_t row_key_count = 0;
  size_t fetch_rows_limit = kFirstFetchRows;
  std::vector<std::string_view> key_views;
  std::vector<KvValue> values;
  std::unique_ptr<bool[]> found{new bool[kFetchRows]};
};

void IndexScanOperator::State::emit_entry(std::string_view key, std::string_view entry) {
  if (reader) {
    reader->decode(key, entry, output.chunk(), output.chunk().size);
    output.add_decoded();
    return;
  }
  std::string& row_key = next_row_key();
  row_key.assign(row_prefix);
  row_key.append(entry_row_key(index, key, entry));
}

void IndexScanOperator::State::read_point(Transaction& txn) {
  std::string_view key = bounds.lower(range_at(next_range++));
  bool latest = is_only_reader && !txn.keeps_snapshot() && !txn.has_snapshot();
  ReadView view = latest ? ReadView::kLatest : ReadView::kStatement;
  if (!txn.get_stamped(KvFamily::kData, key, &value, view)) return;
  if (index.clustered) {
    output.add_row(key, value.view());
  } else {
    emit_entry(key, value.view());
  }
  value.reset();
}

void IndexScanOperator::State::read_points(Transaction& txn) {
  size_t count = std::min(fetch_limit(), bounds.count() - next_range);
  if (count == 1) return read_point(txn);
  key_views.clear();
  // Always ascending, as the store wants them.
  size_t first = reverse ? bounds.count() - next_range - count : next_range;
  for (size_t i = 0; i < count; ++i) key_views.push_back(bounds.lower(first + i));
  next_range += count;
  if (values.size() < count) values.resize(count);
  txn.multi_get(KvFamily::kData, key_views, true, values.data(), found.get());
  for (size_t n = 0; n < count; ++n) {
    size_t i = reverse ? count - 1 - n : n;
    if (!found[i]) continue;
    if (index.clustered) {
      output.add_row(key_views[i], values[i].view());
    } else {
      emit_entry(key_views[i], values[i].view());
    }
  }
  for (size_t i = 0; i < count; ++i) values[i].reset();
}

void IndexScanOperator::State::read_ranges(Transaction& txn) {
  size_t limit = reader || index.clustered ? output.room() : fetch_limit();
  for (size_t rows = 0; rows < limit;) {
    if (!in_range) {
      if (next_range == bounds.count()) return;
      size_t range = range_at(next_range++);
      TxnIterator& opened = iterator.open(txn, bounds.lower(range), bounds.upper(range));
      if (reverse) {
        opened.seek_last();
      } else {
        opened.seek_first();
      }
      in_range = true;
    }
    TxnIterator& at = *iterator;
    for (; at.valid() && rows < limit; ++rows) {
      if (index.clustered) {
        output.add_row(at.key(), at.value());
      } else {
        emit_entry(at.key(), at.value());
      }
      if (reverse) {
        at.prev();
      } else {
        at.next();
      }
    }
    in_range = at.valid();
  }
}

void IndexScanOperator::State::fetch_rows(Transaction& txn) {
  if (row_key_count == 0) return;
  if (columnar_rows) {
    for (size_t i = 0; i < row_key_count; ++i) {
      if (!columnar_rows->get(txn, row_keys[i], &value)) missing_row();
      output.add_row(row_keys[i], value.view());
    }
    value.reset();
    row_key_count = 0;
    return;
  }
  if (row_key_count == 1) {
    if (!txn.get_stamped(KvFamily::kData, row_keys[0], &value)) missing_row();
    output.add_row(row_keys[0], value.view());
    value.reset();
  } else {
    key_views.clear();
    for (size_t i = 0; i < row_key_count; ++i) key_views.push_back(row_keys[i]);
    bool sorted = std::is_sorted(key_views.begin(), key_views.end());
    if (values.size() < row_key_count) values.resize(row_key_count);
    txn.multi_get(KvFamily::kData, key_views, sorted, values.data(), found.get());
    for (size_t i = 0; i < row_key_count; ++i) {
      if (!found[i]) missing_row();
      output.add_row(row_keys[i], values[i].view());
      values[i].reset();
    }
  }
  row_key_count = 0;
}

IndexScanOperator::IndexScanOperator(TableDescPtr table, const IndexDesc* index, KeyRange range,
                                     bool reverse, std::vector<int32_t> columns, const Expr* filter)
    : Operator(scan_types(*table, columns)),
      state_(std::make_unique<State>(std::move(table), index, std::move(range), reverse,
                                     std::move(columns), filter)) {
  explain.node_type = state_->reader ? "Index Only Scan" : "Index Scan";
}

IndexScanOperator::~IndexScanOperator() = default;

void IndexScanOperator::set_only_reader() {
  const State& state = *state_;
  bool one_lookup = state.index.clustered || state.reader != nullptr;
  state_->is_only_reader = one_lookup && state.bounds.points() && state.bounds.single();
}

void IndexScanOperator::do_open(ExecContext& context) {
  State& state = *state_;
  state.bounds.evaluate(context);
  state.output.restart(context);
  state.next_range = 0;
  state.in_range = false;
  state.row_key_count = 0;
  state.fetch_rows_limit = kFirstFetchRows;
}

const Chunk* IndexScanOperator::do_next(ExecContext& context) {
  State& state = *state_;
  Transaction& txn = *context.transaction;
  while (state.in_range || state.next_range < state.bounds.count()) {
    state.output.begin();
    // Several rounds of fetching fill a chunk.
    do {
      if (state.bounds.points()) {
        state.read_points(txn);
      } else {
        state.read_ranges(txn);
      }
      state.fetch_rows(txn);
      state.fetch_rows_limit = std::min(kFetchRows, state.fetch_rows_limit * 4);
    } while (!state.output.full() && (state.in_range || state.next_range < state.bounds.count()));
    const Chunk* chunk = state.output.finish(context);
    stats().filtered_rows += state.output.take_rows_filtered();
    if (chunk != nullptr) return chunk;
  }
  return nullptr;
}

void IndexScanOperator::do_close(ExecContext&) {
  State& state = *state_;
  state.iterator.reset();
  state.in_range = false;
  state.next_range = state.bounds.count();
  state.value.reset();
}

}  // namespace luma
