// The part of a Grouping that feeds calls with DISTINCT or ORDER BY: values seen are kept in hash
// tables, what has to be in order goes through a Sorter.
#include <algorithm>

#include "engine/exec/grouping.h"

namespace luma {

namespace {

// Keeps the rows whose hashes belong to a part; returns how many.
uint32_t take_spill_part(const GroupTable& table, std::byte** rows, uint32_t count, size_t part) {
  uint32_t taken = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (PartitionedSpill::part_of(table.hash_of(rows[i]), 0) == part) rows[taken++] = rows[i];
  }
  return taken;
}
}  // namespace

// Which of the rows in seen_columns_ have values not seen before: their numbers into new_values_.
// Rows that find no room in the table go to files instead, divided for the `depth`-th time.
uint32_t Grouping::new_values(ExecContext& context, Seen& seen, uint32_t count, uint32_t depth) {
  const bool is_full = seen.spill != nullptr;
  seen.table.prepare(seen_columns_, count);
  const uint32_t made = seen.table.find(!is_full, seen_rows_.data(), new_values_.data());
  if (is_full) {
    uint32_t missing = 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (seen_rows_[i] == nullptr) new_values_[missing++] = i;
    }
    if (missing != 0) {
      seen.spill->append(context, seen_columns_, seen.table.hashes(), new_values_.data(), missing);
    }
    return 0;
  }
  if (collects_distinct_) seen.window.note(seen.table, seen_rows_.data(), new_values_.data(), made);
  if (seen.table.bytes() > context.hash_mem_bytes() && depth < PartitionedSpill::kMaxDepth &&
      SpillFile::possible(context)) {
    seen.spill = std::make_unique<PartitionedSpill>(seen.table.layout().types, depth);
  }
  return made;
}

void Grouping::update_distinct(ExecContext& context, size_t number, const uint32_t* selection,
                               uint32_t count) {
  const AggregatePlan::Call& call = plan_.calls[number];
  seen_columns_.clear();
  for (uint32_t k = 0; k < plan_.key_count; ++k) {
    seen_columns_.push_back(input(k, selection, count));
  }
  for (uint32_t arg : call.args) seen_columns_.push_back(input(arg, selection, count));
  const uint32_t made = new_values(context, *seen_[number], count, 0);
  if (collects_distinct_ || made == 0) return;
  while (new_inputs_.size() < call.args.size()) new_inputs_.emplace_back();
  args_.clear();
  for (size_t a = 0; a < call.args.size(); ++a) {
    const Vector& column = *seen_columns_[plan_.key_count + a];
    new_inputs_[a] = Vector(column.physical());
    new_inputs_[a].slice(column, new_values_.data(), made);
    args_.push_back(&new_inputs_[a]);
  }
  for (uint32_t i = 0; i < made && only_ == nullptr; ++i) {
    groups_[i] = rows_[selection == nullptr ? new_values_[i] : selection[new_values_[i]]];
  }
  update_states(context, call, groups_.data(), args_, made);
}

// Adds rows of groups' keys and values, apart from the rest of the input.
void Grouping::add_values(ExecContext& context, size_t number, const Chunk& values,
                          uint32_t depth) {
  seen_columns_ = column_pointers(values);
  const uint32_t made = new_values(context, *seen_[number], values.size, depth);
  if (made == 0) return;
  Chunk& fresh = fresh_[number];
  fresh.slice(values, new_values_.data(), made);
  add_new_values(context, number, fresh);
}

// The same when no value has been seen before.
void Grouping::add_new_values(ExecContext& context, size_t number, const Chunk& values) {
  seen_columns_ = column_pointers(values);
  if (plan_.key_count != 0) {
    columns_.assign(seen_columns_.begin(), seen_columns_.begin() + plan_.key_count);
    find_groups(context, values.size);
  }
  seen_columns_.erase(seen_columns_.begin(), seen_columns_.begin() + plan_.key_count);
  update_states(context, plan_.calls[number], rows_.data(), seen_columns_, values.size);
}

void Grouping::add_file(ExecContext& context, size_t number, SpillFile& file, uint32_t depth) {
  SpillFile::Reader reader(file);
  Chunk values(file.types());
  while (reader.next(values)) {
    if (context.interrupt != nullptr) context.interrupt->check();
    add_values(context, number, values, depth);
  }
}

// What went to files, which no table has seen: each file is a world of its own.
void Grouping::add_spilled(ExecContext& context, size_t number, uint32_t depth) {
  Seen& seen = *seen_[number];
  if (seen.spill == nullptr) return;
  sorted_spill_bytes_ += seen.spill->bytes();
  auto files = seen.spill->take();
  for (auto& file : files) {
    if (file == nullptr) continue;
    seen.spill.reset();
    seen.table.open(context.memory);
    add_file(context, number, *file, depth);
    file.reset();
    add_spilled(context, number, depth + 1);
  }
  seen.spill.reset();
}

bool Grouping::has_spilled_values() const {
  return std::any_of(seen_.begin(), seen_.end(),
                     [](const auto& seen) { return seen != nullptr && seen->spill != nullptr; });
}

void Grouping::merge_distinct(ExecContext& context, std::span<const std::unique_ptr<Grouping>> from,
                              size_t part) {
  const bool spilled = std::any_of(from.begin(), from.end(),
                                   [](const auto& other) { return other->has_spilled_values(); });
  for (size_t number = 0; number < plan_.calls.size(); ++number) {
    if (!seen_[number]) continue;
    if (spilled) {
      merge_spilled_distinct(context, from, number, part);
    } else {
      merge_distinct(context, from, number, part);
    }
  }
}

void Grouping::merge_distinct(ExecContext& context, std::span<const std::unique_ptr<Grouping>> from,
                              size_t number, size_t partition) {
  const GroupTable& table = from.front()->seen_[number]->table;
  std::vector<const RowCollection*> partitions;
  for (const auto& other : from) {
    partitions.push_back(&other->seen_[number]->table.partition(partition));
  }
  merger_.merge(context, table, partitions, [](std::byte*, const std::byte*) {});
  Chunk values(table.layout().types);
  std::span<std::byte* const> rows = merger_.groups();
  for (size_t first = 0; first < rows.size(); first += kVectorSize) {
    const auto count = static_cast<uint32_t>(std::min<size_t>(kVectorSize, rows.size() - first));
    table.rows().gather(rows.data() + first, count, values);
    add_new_values(context, number, values);
  }
}

void Grouping::merge_spilled_distinct(ExecContext& context,
                                      std::span<const std::unique_ptr<Grouping>> from,
                                      size_t number, size_t part) {
  std::vector<std::byte*> rows(kVectorSize);
  Seen& seen = *seen_[number];
  seen.table.open(context.memory);
  Chunk values(seen.table.layout().types);
  for (const auto& other : from) {
    const GroupTable& table = other->seen_[number]->table;
    for (size_t p = 0; p < table.partition_count(); ++p) {
      RowCollection::Cursor cursor;
      while (uint32_t count = table.partition(p).scan(cursor, rows.data(), kVectorSize)) {
        if (context.interrupt != nullptr) context.interrupt->check();
        uint32_t taken = take_spill_part(table, rows.data(), count, part);
        if (taken == 0) continue;
        table.rows().gather(rows.data(), taken, values);
        add_values(context, number, values, 1);
      }
    }
  }
  for (const auto& other : from) {
    if (other->seen_[number]->spill == nullptr) continue;
    if (SpillFile* file = other->seen_[number]->spill->file(part)) {
      add_file(context, number, *file, 1);
    }
  }
  add_spilled(context, number, 2);
}

void Grouping::sort_rows(ExecContext& context, const AggregatePlan::Call& call, Sorter& sorter,
                         const uint32_t* selection, uint32_t count) {
  addresses_.begin_flat();
  auto* addresses = addresses_.mutable_data<int64_t>();
  for (uint32_t i = 0; i < count; ++i) {
    std::byte* row = only_ != nullptr ? only_ : rows_[selection == nullptr ? i : selection[i]];
    addresses[i] = reinterpret_cast<int64_t>(row);
  }
  args_.assign(1, &addresses_);
  for (uint32_t arg : call.args) args_.push_back(input(arg, selection, count));
  std::vector<const Vector*> order{&addresses_};
  for (uint32_t column : call.order) order.push_back(input(column, selection, count));
  sorter.append(context, order, args_, count);
}

void Grouping::finish(ExecContext& context) {
  for (size_t c = 0; c < plan_.calls.size(); ++c) {
    if (sorters_[c]) feed_sorted(context, plan_.calls[c], *sorters_[c]);
    if (seen_[c]) add_spilled(context, c, 1);
  }
}

// Gives an aggregate with DISTINCT or ORDER BY its sorted input.
void Grouping::feed_sorted(ExecContext& context, const AggregatePlan::Call& call, Sorter& sorter) {
  sorter.finish(context);
  sorted_spill_bytes_ += sorter.spilled_bytes();
  Chunk chunk(call.payload);
  Chunk kept(call.payload);
  last_.assign(call.payload.size(), Value::null());
  has_last_ = false;
  AggregateCall c = call_context(context, call);
  const uint32_t offset = table_.layout().tail_offset + call.state_offset;
  while (sorter.next(context, chunk)) {
    if (context.interrupt != nullptr) context.interrupt->check();
    const Chunk* input = &chunk;
    if (call.is_distinct) {
      uint32_t count = drop_repeated(context, call, chunk);
      if (count == 0) continue;
      kept.slice(chunk, selection_.data(), count);
      input = &kept;
    }
    auto addresses = input->columns[0].unified<int64_t>();
    for (uint32_t i = 0; i < input->size; ++i) {
      states_[i] = reinterpret_cast<std::byte*>(addresses[i]) + offset;
    }
    args_.clear();
    for (size_t a = 1; a < input->columns.size(); ++a) args_.push_back(&input->columns[a]);
    call.function->update(c, states_.data(), args_, input->size);
  }
  last_heap_.reset();
  sorter.close();
}

// The rows that differ from the one before into selection_; returns how many.
uint32_t Grouping::drop_repeated(ExecContext& context, const AggregatePlan::Call& call,
                                 const Chunk& chunk) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < chunk.size; ++i) {
    bool same = has_last_ && chunk.columns[0].value(i).datum.i64 == last_[0].datum.i64;
    for (size_t a = 0; same && a < call.args.size(); ++a) {
      Value value = chunk.columns[a + 1].value(i);
      same = value.is_null == last_[a + 1].is_null &&
             (value.is_null || key_equal(call.arg_types[a], value.datum, last_[a + 1].datum));
    }
    if (same) continue;
    selection_[count++] = i;
    for (size_t v = 0; v < last_.size(); ++v) last_[v] = chunk.columns[v].value(i);
    has_last_ = true;
  }
  auto heap = std::make_unique<Arena>(context.memory);
  for (size_t v = 0; v < last_.size(); ++v) {
    if (!last_[v].is_null) last_[v].datum = copy_datum(last_[v].datum, call.payload[v], *heap);
  }
  last_heap_ = std::move(heap);
  return count;
}

}  // namespace luma
