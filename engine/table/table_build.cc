#include "engine/table/table_build.h"

#include <cstring>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/columnar/row_walk.h"
#include "engine/row/key_codec.h"
#include "engine/table/columnar_copy.h"
#include "engine/table/constraint_errors.h"
#include "engine/table/constraint_queue.h"
#include "engine/table/exclusion_check.h"
#include "engine/table/foreign_key.h"
#include "engine/table/index_entry.h"
#include "engine/table/latest_rows.h"
#include "engine/table/row_check.h"
#include "engine/table/row_writer.h"
#include "engine/table/stored_sort.h"
#include "engine/table/trigger_firing.h"
#include "engine/txn/transaction.h"
#include "engine/txn/txn_iterator.h"
#include "engine/type/wire_bytes.h"

namespace luma {

namespace {

std::unique_ptr<TxnIterator> scan_storage(Transaction& txn, uint32_t storage_id) {
  std::string lower;
  append_storage_id(lower, storage_id);
  std::string upper = lower;
  make_prefix_end(upper);
  auto at = txn.scan(KvFamily::kData, lower, upper, ReadView::kLatest, false);
  at->seek_first();
  return at;
}

Chunk make_views(const TableDesc& table) {
  Chunk rows;
  for (const ColumnDesc& column : table.columns) {
    rows.columns.emplace_back(column.physical, 1).set_constant_null();
  }
  return rows;
}

std::vector<Value> entry_values(const IndexEntryBuilder& builder, uint32_t row) {
  std::vector<Value> values;
  for (size_t i = 0; i < builder.index().keys.size(); ++i) {
    values.push_back(builder.key_value(row, i));
  }
  return values;
}

// Calls visit(values, row) for every row of the child whose foreign key has no NULL.
template <typename Visit>
void visit_references(ExecContext& context, const TableDesc& child, const ForeignKeyDesc& key,
                      Visit&& visit) {
  LatestRows rows(context, child);
  std::vector<Value> values;
  while (const Chunk* chunk = rows.next()) {
    for (uint32_t row = 0; row < chunk->size; ++row) {
      values.clear();
      size_t nulls = 0;
      for (int32_t column : key.child_columns) {
        values.push_back(chunk->columns[static_cast<size_t>(column)].value(row));
        nulls += values.back().is_null ? 1 : 0;
      }
      if (nulls == 0) {
        visit(values);
      } else if (key.match == 'f' && nulls < values.size()) {
        throw match_full_error(child, key);
      }
    }
  }
}

}  // namespace

struct TableWriter::State {
  State(ExecContext& where, TableDescPtr what, bool leaf)
      : context(where),
        table(std::move(what)),
        is_leaf(leaf),
        checks(table_checks(*table)),
        check(*table, table->generated, checks, kVectorSize),
        writer(table, {}, kVectorSize),
        rows(make_views(*table)) {
    queue.begin(context);
    writer.begin(context, queue);
    if (table->triggers.empty()) {
      if (StoredSort::applies(*table)) sort.emplace(context, *table);
      return;
    }
    firing.emplace(table, std::vector<bool>());
    firing->begin(context, queue);
    fires_before_rows = firing->has_row_triggers(TriggerTiming::kBefore, TriggerEvent::kInsert);
    fires_after_rows = firing->wants_rows(TriggerEvent::kInsert);
    replaces_view = table->storage_id == 0;
    one.init(attribute_types(*table), 1);
    if (!is_leaf) firing->before_statement(TriggerEvent::kInsert);
  }
  bool write_row(const Chunk& input, uint32_t row);
  void insert(const Chunk& new_rows);
  ExecContext& context;
  TableDescPtr table;
  bool is_leaf;
  std::vector<CheckSpec> checks;
  RowCheck check;
  RowWriter writer;
  ConstraintQueue queue;
  Chunk rows;
  std::optional<TriggerFiring> firing;
  bool fires_before_rows = false, fires_after_rows = false;
  bool replaces_view = false;  // INSTEAD OF triggers take the rows
  Chunk one;
  std::optional<StoredSort> sort;  // rows wait for the end
  uint32_t failed_row = 0;
  uint64_t count = 0;
};

TableWriter::TableWriter(ExecContext& context, TableDescPtr table, bool is_leaf)
    : state_(std::make_unique<State>(context, std::move(table), is_leaf)) {}

TableWriter::~TableWriter() = default;

void TableWriter::State::insert(const Chunk& new_rows) {
  writer.bind_new(new_rows);
  if (writer.insert_all()) return;
  for (failed_row = 0; failed_row < new_rows.size; ++failed_row) writer.insert(failed_row);
}

// False when a trigger leaves the row out.
bool TableWriter::State::write_row(const Chunk& input, uint32_t row) {
  one.slice(input, &row, 1);
  for (size_t i = 0; i < rows.columns.size(); ++i) {
    if (!table->columns[i].dropped) rows.columns[i].reference(one.columns[i]);
  }
  rows.size = 1;
  if (replaces_view) return firing->instead_of_row(TriggerEvent::kInsert, nullptr, &rows);
  if (!firing->before_row(TriggerEvent::kInsert, nullptr, &rows)) return false;
  check.compute_generated(context, rows);
  check.check(context, rows);
  writer.bind_new(rows);
  writer.insert(0);
  if (fires_after_rows) firing->after_row(TriggerEvent::kInsert, nullptr, &rows, 0);
  return true;
}

void TableWriter::write(const Chunk& rows) {
  State& state = *state_;
  if (state.context.interrupt != nullptr) state.context.interrupt->check();
  if (state.fires_before_rows || state.replaces_view) {
    for (state.failed_row = 0; state.failed_row < rows.size; ++state.failed_row) {
      state.count += state.write_row(rows, state.failed_row) ? 1 : 0;
    }
    return;
  }
  for (size_t i = 0; i < state.rows.columns.size(); ++i) {
    if (!state.table->columns[i].dropped) state.rows.columns[i].reference(rows.columns[i]);
  }
  state.rows.size = rows.size;
  state.check.compute_generated(state.context, state.rows);
  try {
    state.check.check(state.context, state.rows);
  } catch (const SqlError&) {
    state.failed_row = state.check.failed_row();
    throw;
  }
  state.count += rows.size;
  if (state.sort) return state.sort->add(state.rows);
  state.insert(state.rows);
  if (!state.fires_after_rows) return;
  for (uint32_t row = 0; row < rows.size; ++row) {
    state.firing->after_row(TriggerEvent::kInsert, nullptr, &state.rows, row);
  }
}

uint32_t TableWriter::failed_row() const { return state_->failed_row; }

uint64_t TableWriter::finish() {
  while (const Chunk* sorted = state_->sort ? state_->sort->next() : nullptr) {
    if (state_->context.interrupt != nullptr) state_->context.interrupt->check();
    state_->insert(*sorted);
  }
  state_->writer.finish();
  if (state_->firing && !state_->is_leaf) state_->firing->after_statement(TriggerEvent::kInsert);
  state_->queue.run();
  return state_->count;
}

namespace {

// Entry by entry: for indexes that may have repeated keys for a while, and to find the row at
// fault.
void build_index_by_rows(ExecContext& context, const TableDescPtr& table, const IndexDesc& index) {
  Transaction& txn = *context.transaction;
  LatestRows rows(context, *table);
  IndexEntryBuilder builder(*table, index, kVectorSize);
  bool in_value = holds_row_key_in_value(index);
  bool may_repeat = index.unique && index.deferrable;
  std::unordered_set<std::string> seen;
  std::string key, entry_key, entry_value;
  KvValue found;
  while (const Chunk* chunk = rows.next()) {
    builder.bind(context, *chunk);
    for (uint32_t row = 0; row < chunk->size; ++row) {
      if (!builder.covers(row)) continue;
      if (index.unique && builder.key_columns(row, key)) {
        bool repeated = may_repeat ? !seen.insert(key).second
                                   : txn.get(KvFamily::kData, key, &found, ReadView::kLatest);
        if (repeated) {
          throw duplicated_key_error(context, *table, index, entry_values(builder, row));
        }
      }
      builder.entry(row, rows.key(row), entry_key, entry_value);
      txn.put(KvFamily::kData, entry_key, entry_value, in_value);
    }
  }
}

// The entries of a new index, sorted as a whole before the transaction gets them.
class EntrySorter {
 public:
  EntrySorter(ExecContext& context, Transaction& txn)
      : memory_(context.memory), buffer_(txn.buffer()) {}
  ~EntrySorter() {
    if (memory_ != nullptr) memory_->release(charged_bytes_);
  }
  EntrySorter(const EntrySorter&) = delete;
  EntrySorter& operator=(const EntrySorter&) = delete;

  void add(std::string_view key, std::string_view value) {
    if (entries_.size() == entries_.capacity()) grow();
    char* at = buffer_.stage(key.size() + value.size());
    std::memcpy(at, key.data(), key.size());
    std::memcpy(at + key.size(), value.data(), value.size());
    entries_.push_back({{at, key.size()}, {at + key.size(), value.size()}});
  }
  // False when a key is there twice.
  bool sort() {
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.key < b.key; });
    return std::adjacent_find(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
             return a.key == b.key;
           }) == entries_.end();
  }
  void put(bool stamped) {
    for (const Entry& entry : entries_) {
      buffer_.put_staged(KvFamily::kData, entry.key, entry.value, stamped);
    }
  }

 private:
  struct Entry {
    std::string_view key, value;
  };
  void grow() {
    size_t more = std::max<size_t>(kVectorSize, entries_.capacity());
    if (memory_ != nullptr) memory_->charge(more * sizeof(Entry));
    charged_bytes_ += more * sizeof(Entry);
    entries_.reserve(entries_.capacity() + more);
  }

  MemoryBudget* memory_;
  WriteBuffer& buffer_;
  size_t charged_bytes_ = 0;
  std::vector<Entry> entries_;
};

void verify_exclusion(ExecContext& context, const TableDescPtr& table, const IndexDesc& index) {
  LatestRows rows(context, *table);
  IndexEntryBuilder builder(*table, index, kVectorSize);
  ExclusionCheck check(*table, index);
  std::vector<Value> values;
  while (const Chunk* chunk = rows.next()) {
    builder.bind(context, *chunk);
    for (uint32_t row = 0; row < chunk->size; ++row) {
      if (!ExclusionCheck::key_of(builder, row, values)) continue;
      auto conflict = check.find(context, values, rows.key(row), false);
      if (!conflict) continue;
      throw mutual_exclusion_error(context, *table, index, values, conflict->values.all());
    }
  }
}

}  // namespace

void build_index(ExecContext& context, const TableDescPtr& table, const IndexDesc& index) {
  if (index.clustered) return;
  if (index.unique && index.deferrable) return build_index_by_rows(context, table, index);
  LatestRows rows(context, *table);
  IndexEntryBuilder builder(*table, index, kVectorSize);
  EntrySorter entries(context, *context.transaction);
  std::string key, value;
  while (const Chunk* chunk = rows.next()) {
    builder.bind(context, *chunk);
    for (uint32_t row = 0; row < chunk->size; ++row) {
      if (!builder.covers(row)) continue;
      if (index.is_inverted()) {
        for (const IndexEntry& entry : builder.entries(row, rows.key(row))) {
          entries.add(entry.key, entry.value);
        }
        continue;
      }
      builder.entry(row, rows.key(row), key, value);
      entries.add(key, value);
    }
  }
  if (!entries.sort()) {
    build_index_by_rows(context, table, index);
    LUMA_CHECK(false);  // it has found the repeated key, too
  }
  entries.put(holds_row_key_in_value(index));
  if (index.exclusion != nullptr) verify_exclusion(context, table, index);
}

void rewrite_table(ExecContext& context, const TableDescPtr& from, const TableDescPtr& to,
                   std::span<const Expr* const> mapping) {
  LUMA_CHECK(from->storage_id != to->storage_id);
  // Foreign keys are not ours to check.
  auto target = std::make_shared<TableDesc>(*to);
  target->foreign_keys.clear();
  target->referenced_by.clear();
  // Their entries are made when all rows are there, in the order of the index.
  target->copies.clear();
  bool indexes_later = target->columnar == nullptr;
  if (indexes_later) {
    std::erase_if(target->indexes, [](const IndexDesc& index) { return !index.clustered; });
  }
  std::vector<std::optional<ExprEvaluator>> evaluators(target->columns.size());
  for (size_t i = 0; i < evaluators.size(); ++i) {
    if (i < mapping.size() && mapping[i] != nullptr) {
      evaluators[i].emplace(*mapping[i], kVectorSize);
    }
  }
  std::vector<CheckSpec> checks = table_checks(*target);
  RowCheck check(*target, target->generated, checks, kVectorSize);
  check.set_validates_table();
  RowWriter writer(target, {}, kVectorSize);
  writer.set_builds_table();
  ConstraintQueue queue;
  queue.begin(context, true);
  writer.begin(context, queue);
  // Segments want many consecutive ids at once.
  bool keeps_row_ids =
      from->row_key.empty() && target->row_key.empty() && target->columnar == nullptr;

  std::optional<StoredSort> sort;
  if (StoredSort::applies(*target)) sort.emplace(context, *target);
  LatestRows rows(context, *from);
  Chunk made = make_views(*target);
  while (const Chunk* chunk = rows.next()) {
    for (size_t i = 0; i < evaluators.size(); ++i) {
      if (evaluators[i]) made.columns[i].reference(evaluators[i]->evaluate(context, *chunk));
    }
    made.size = chunk->size;
    check.compute_generated(context, made);
    check.check(context, made);
    if (sort) {
      sort->add(made);
      continue;
    }
    writer.bind_new(made);
    if (!keeps_row_ids && writer.insert_all()) continue;
    for (uint32_t row = 0; row < made.size; ++row) {
      if (keeps_row_ids) {
        std::string_view key = rows.key(row).substr(kStorageIdBytes);
        writer.use_row_id(WireReader(key).u64());
      }
      writer.insert(row);
    }
  }
  while (const Chunk* sorted = sort ? sort->next() : nullptr) {
    writer.bind_new(*sorted);
    if (writer.insert_all()) continue;
    for (uint32_t row = 0; row < sorted->size; ++row) writer.insert(row);
  }
  writer.finish();
  queue.run();
  for (const IndexDesc& index : to->indexes) {
    if (indexes_later) build_index(context, to, index);
  }
  for (const ColumnarCopyDesc& copy : to->copies) build_columnar_copy(context, to, copy);
  if (keeps_row_ids && context.ids != nullptr) {
    // Ids of the old storage may be taken in the new one from now on.
    auto at = scan_storage(*context.transaction, target->storage_id);
    at->seek_last();
    if (at->valid()) {
      context.ids->row_ids(target->storage_id)
          .skip_to(WireReader(at->key().substr(kStorageIdBytes)).u64());
    }
  }
}

void validate_check(ExecContext& context, const TableDescPtr& table, std::string_view name,
                    const Expr& check) {
  LatestRows rows(context, *table);
  ExprEvaluator evaluator(check, kVectorSize);
  while (const Chunk* chunk = rows.next()) {
    const Vector& passed = evaluator.evaluate(context, *chunk);
    for (uint32_t row = 0; row < chunk->size; ++row) {
      Value value = passed.value(row);
      if (!value.is_null && !value.datum.b) throw violated_by_row_error(*table, name);
    }
  }
}

void validate_not_null(ExecContext& context, const TableDescPtr& table, int32_t column) {
  StoredLayout layout(*table);
  auto number = static_cast<uint32_t>(column);
  RowWalk rows(*table, *context.transaction, ReadView::kLatest, false);
  for (uint64_t row = 0; rows.next(); ++row) {
    if ((row & 1023) == 0 && context.interrupt != nullptr) context.interrupt->check();
    if (StoredRow(layout, rows.row()).is_null(number)) {
      throw contains_nulls_error(*table, table->columns[number]);
    }
  }
}

void validate_foreign_key(ExecContext& context, const TableDescPtr& child,
                          const ForeignKeyDesc& key) {
  LUMA_CHECK(context.tables != nullptr);
  ParentProbe probe(*context.tables, context.tables->table(key.parent_table), key,
                    column_types(*child, key.child_columns));
  std::unordered_set<std::string> present;
  std::string index_key;
  visit_references(context, *child, key, [&](const std::vector<Value>& values) {
    bool possible = probe.encode(values, index_key);
    if (possible && present.contains(index_key)) return;
    if (!possible || !probe.exists(context)) {
      throw missing_parent_error(context, *child, key, *probe.table(), values);
    }
    present.insert(index_key);
  });
}

void refuse_referenced_rows(ExecContext& context, const TableDescPtr& partition,
                            const ForeignKeyDesc& key) {
  TableDescPtr child = context.tables->table(key.child_table);
  // Looked for in this partition alone.
  ForeignKeyDesc here = key;
  here.parent_is_partitioned = false;
  here.leaves.clear();
  ParentProbe probe(*context.tables, partition, here, column_types(*child, key.child_columns));
  std::string index_key;
  visit_references(context, *child, key, [&](const std::vector<Value>& values) {
    if (!probe.encode(values, index_key) || !probe.exists(context)) return;
    throw removed_partition_error(context, *partition, key, *child, values);
  });
}

bool table_is_empty(ExecContext& context, const TableDesc& table) {
  return !RowWalk(table, *context.transaction, ReadView::kLatest, false).next();
}

void remove_storage(Kv& kv, uint32_t storage_id) {
  std::string lower;
  append_storage_id(lower, storage_id);
  std::string upper = lower;
  make_prefix_end(upper);
  kv.remove_range(KvFamily::kData, lower, upper).check();
  kv.drop_files_in_range(KvFamily::kData, lower, upper).check();
}

}  // namespace luma
