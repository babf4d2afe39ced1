#include "engine/exec/grouping.h"

#include <algorithm>

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

Grouping::Grouping(const AggregatePlan& plan)
    : plan_(plan),
      table_(plan.keys, plan.tail_bytes),
      rows_(kVectorSize),
      states_(kVectorSize),
      created_(kVectorSize),
      selection_(kVectorSize),
      filtered_(kVectorSize) {
  for (const Expr* group : plan.spec.groups) {
    null_keys_.emplace_back(group->physical, 1).set_constant_null();
  }
  for (const AggregatePlan::Call& call : plan.calls) {
    sorters_.push_back(call.is_sorted && !call.is_hashed
                           ? std::make_unique<Sorter>(call.payload, call.sort_columns)
                           : nullptr);
    seen_.emplace_back();
    if (!call.is_hashed) continue;
    std::vector<KeyType> keys = plan.keys;
    keys.insert(keys.end(), call.arg_types.begin(), call.arg_types.end());
    seen_.back() = std::make_unique<Seen>(std::move(keys));
    fresh_.resize(plan.calls.size());
    fresh_[seen_.size() - 1].init(seen_.back()->table.layout().types, 1);
    seen_rows_.resize(kVectorSize);
    groups_.resize(kVectorSize);
    new_values_.resize(kVectorSize);
  }
}

Grouping::~Grouping() {
  destroy_states();
  drop_shown();
}

void Grouping::open(ExecContext& context, uint32_t depth) { reset(context, depth, 1); }

void Grouping::open_partitioned(ExecContext& context) { reset(context, 0, kPartitions); }

void Grouping::reset(ExecContext& context, uint32_t depth, size_t parts) {
  const size_t partitions = plan_.key_count == 0 ? 1 : parts;
  destroy_states();
  drop_shown();
  table_.open(context.memory, partitions);
  budget_ = context.memory;
  states_initialised_.assign(partitions, 0);
  window_.begin(partitions > 1);
  state_arena_ = std::make_unique<Arena>(context.memory);
  is_full_ = false;
  depth_ = depth;
  spill_.reset();
  cursor_ = {};
  only_ = nullptr;
  collects_distinct_ = false;
  has_overflowed_ = false;
  sorted_spill_bytes_ = 0;
  for (auto& sorter : sorters_) {
    if (sorter) sorter->open(context);
  }
  for (auto& seen : seen_) {
    if (!seen) continue;
    seen->table.open(context.memory, parts);
    seen->window.begin(parts > 1);
    seen->spill.reset();
  }
  if (plan_.key_count == 0) {
    columns_.clear();
    make_group(context);
    only_ = rows_[0];
  }
}

void Grouping::close() {
  drop_groups();
  state_arena_.reset();
  for (auto& sorter : sorters_) {
    if (sorter) sorter->close();
  }
  spill_.reset();
}

void Grouping::drop_shown() {
  if (budget_ != nullptr) budget_->release(shown_bytes_);
  shown_ = {};
  shown_bytes_ = next_shown_ = 0;
}

void Grouping::drop_groups() {
  destroy_states();
  drop_shown();
  table_.close();
  for (auto& seen : seen_) {
    if (!seen) continue;
    seen->table.close();
    seen->spill.reset();
  }
}

void Grouping::destroy_states() {
  const bool any = std::any_of(plan_.calls.begin(), plan_.calls.end(),
                               [](const auto& call) { return call.function->destroy != nullptr; });
  for (size_t p = 0; any && p < states_initialised_.size(); ++p) {
    RowCollection::Cursor cursor;
    while (states_initialised_[p] > 0) {
      auto max = static_cast<uint32_t>(std::min<uint64_t>(kVectorSize, states_initialised_[p]));
      uint32_t count = table_.partition(p).scan(cursor, rows_.data(), max);
      if (count == 0) break;
      states_initialised_[p] -= count;
      for (const AggregatePlan::Call& call : plan_.calls) {
        if (call.function->destroy == nullptr) continue;
        for (uint32_t i = 0; i < count; ++i) {
          call.function->destroy(table_.tail(rows_[i]) + call.state_offset);
        }
      }
    }
  }
  states_initialised_.clear();
}

void Grouping::init_states(ExecContext& context, std::byte* const* rows, uint32_t count) {
  for (const AggregatePlan::Call& call : plan_.calls) {
    if (call.function->init == nullptr) continue;
    AggregateCall c = call_context(context, call);
    for (uint32_t i = 0; i < count; ++i)
      call.function->init(c, table_.tail(rows[i]) + call.state_offset);
  }
  for (size_t p = 0; p < states_initialised_.size(); ++p) {
    states_initialised_[p] = table_.partition(p).row_count();
  }
}

void Grouping::make_group(ExecContext& context) {
  table_.prepare(columns_, 1);
  uint32_t made = table_.find(true, rows_.data(), created_.data());
  init_states(context, rows_.data(), made);
}

void Grouping::add_empty_sets(ExecContext& context) {
  for (size_t set = 0; plan_.has_sets && set < plan_.spec.grouping_sets.size(); ++set) {
    if (!plan_.spec.grouping_sets[set].empty()) continue;
    columns_.clear();
    for (const Vector& null_key : null_keys_) columns_.push_back(&null_key);
    set_number_.set_constant(Datum::of_int32(static_cast<int32_t>(set)));
    columns_.push_back(&set_number_);
    make_group(context);
  }
}

void Grouping::consume(ExecContext& context, std::span<const Vector* const> inputs,
                       uint32_t count) {
  if (!plan_.has_sets) {
    columns_.assign(inputs.begin(), inputs.end());
    consume_rows(context, count);
    return;
  }
  const size_t groups = plan_.spec.groups.size();
  for (size_t set = 0; set < plan_.spec.grouping_sets.size(); ++set) {
    columns_.clear();
    for (size_t g = 0; g < groups; ++g) columns_.push_back(&null_keys_[g]);
    for (uint32_t g : plan_.spec.grouping_sets[set]) columns_[g] = inputs[g];
    set_number_.set_constant(Datum::of_int32(static_cast<int32_t>(set)));
    columns_.push_back(&set_number_);
    columns_.insert(columns_.end(), inputs.begin() + static_cast<ptrdiff_t>(groups), inputs.end());
    consume_rows(context, count);
  }
}

void Grouping::consume_spilled(ExecContext& context, SpillFile& file) {
  SpillFile::Reader reader(file);
  Chunk chunk(plan_.input_types);
  while (reader.next(chunk)) {
    if (context.interrupt != nullptr) context.interrupt->check();
    columns_ = column_pointers(chunk);
    consume_rows(context, chunk.size);
  }
}

// Aggregates the rows in columns_.
void Grouping::consume_rows(ExecContext& context, uint32_t count) {
  if (plan_.key_count != 0) {
    find_groups(context, count);
    if (is_full_) count = spill_missing(context, count);
    if (count == 0) return;
  }
  const bool divided =
      plan_.key_count != 0 && !plan_.calls.empty() && by_group_.divide(rows_.data(), count);
  for (size_t c = 0; c < plan_.calls.size(); ++c) {
    if (divided && plan_.calls[c].may_update_single) {
      update_by_group(context, plan_.calls[c]);
    } else {
      update(context, c, count);
    }
  }
  if (plan_.key_count == 0 || is_full_) return;
  size_t bytes = table_.bytes() + state_arena_->allocated_bytes();
  peak_memory_bytes_ = std::max(peak_memory_bytes_, bytes);
  is_full_ = bytes > context.hash_mem_bytes() && depth_ < PartitionedSpill::kMaxDepth &&
             SpillFile::possible(context);
  has_overflowed_ |= is_full_ && plan_.has_hashed;
}

// Writes the rows without a group to files; the others remain, in rows_ and columns_. Returns how
// many.
uint32_t Grouping::spill_missing(ExecContext& context, uint32_t count) {
  uint32_t found = 0, missing = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (rows_[i] == nullptr) {
      filtered_[missing++] = i;
    } else {
      rows_[found] = rows_[i];
      selection_[found++] = i;
    }
  }
  if (missing == 0) return count;
  if (!spill_) spill_ = std::make_unique<PartitionedSpill>(plan_.input_types, depth_);
  spill_->append(context, columns_, table_.hashes(), filtered_.data(), missing);
  if (sliced_.empty()) {
    for (PhysicalType type : plan_.input_types) sliced_.emplace_back(type);
  }
  // Only hashed calls look at keys again.
  for (size_t c = plan_.has_hashed ? 0 : plan_.key_count; c < columns_.size(); ++c) {
    sliced_[c].slice(*columns_[c], selection_.data(), found);
    columns_[c] = &sliced_[c];
  }
  return found;
}

// A column of the rows at hand, of those in `selection` unless it is null.
const Vector* Grouping::input(uint32_t column, const uint32_t* selection, uint32_t count) {
  if (selection == nullptr) return columns_[column];
  Vector& slice = filtered_inputs_[filtered_used_++];
  slice = Vector(columns_[column]->physical());
  slice.slice(*columns_[column], selection, count);
  return &slice;
}

void Grouping::update(ExecContext& context, size_t number, uint32_t count) {
  const AggregatePlan::Call& call = plan_.calls[number];
  const uint32_t* selection = nullptr;
  if (call.filter >= 0) {
    const Vector& filter = *columns_[static_cast<size_t>(call.filter)];
    auto pass = filter.unified<bool>();
    uint32_t passed = 0;
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t index = pass.index(i);
      if (pass.valid_at(index) && pass.data[index]) filtered_[passed++] = i;
    }
    if (passed == 0) return;
    if (passed != count) selection = filtered_.data();
    count = passed;
  }
  filtered_used_ = 0;
  filtered_inputs_.resize(std::max(filtered_inputs_.size(),
                                   plan_.key_count + 2 * call.args.size() + call.order.size()));
  if (call.is_hashed) {
    update_distinct(context, number, selection, count);
    return;
  }
  if (call.is_sorted) {
    sort_rows(context, call, *sorters_[number], selection, count);
    return;
  }
  args_.clear();
  for (uint32_t arg : call.args) args_.push_back(input(arg, selection, count));
  if (only_ == nullptr && selection != nullptr) {
    for (uint32_t i = 0; i < count; ++i) states_[i] = rows_[selection[i]];
    update_states(context, call, states_.data(), args_, count);
  } else {
    update_states(context, call, rows_.data(), args_, count);
  }
}

void Grouping::update_by_group(ExecContext& context, const AggregatePlan::Call& call) {
  AggregateCall c = call_context(context, call);
  const uint32_t offset = table_.layout().tail_offset + call.state_offset;
  filtered_inputs_.resize(std::max(filtered_inputs_.size(), call.args.size()));
  for (const RowsByGroup::Group& group : by_group_.groups()) {
    filtered_used_ = 0;
    args_.clear();
    for (uint32_t arg : call.args) {
      args_.push_back(input(arg, by_group_.order() + group.begin, group.size));
    }
    call.function->update_single(c, group.row + offset, args_, group.size);
  }
}

// Row i of `args` belongs to group groups[i]; without keys, to the only group.
void Grouping::update_states(ExecContext& context, const AggregatePlan::Call& call,
                             std::byte* const* groups, std::span<const Vector* const> args,
                             uint32_t count) {
  AggregateCall c = call_context(context, call);
  const uint32_t offset = table_.layout().tail_offset + call.state_offset;
  if (only_ != nullptr && call.function->update_single != nullptr) {
    call.function->update_single(c, only_ + offset, args, count);
    return;
  }
  if (only_ != nullptr) {
    std::fill_n(states_.begin(), count, only_ + offset);
  } else {
    for (uint32_t i = 0; i < count; ++i) states_[i] = groups[i] + offset;
  }
  call.function->update(c, states_.data(), args, count);
}

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

// The groups of the rows with the keys in columns_ into rows_, made where there are none.
void Grouping::find_groups(ExecContext& context, uint32_t count) {
  table_.prepare({columns_.data(), plan_.key_count}, count);
  uint32_t made = table_.find(!is_full_, rows_.data(), created_.data());
  for (uint32_t i = 0; i < made; ++i) states_[i] = rows_[created_[i]];
  init_states(context, states_.data(), made);
  window_.note(table_, rows_.data(), created_.data(), made);
}

void Grouping::combine(ExecContext& context, std::byte* into, const std::byte* from) {
  for (const AggregatePlan::Call& call : plan_.calls) {
    AggregateCall c = call_context(context, call);
    const uint32_t offset = table_.layout().tail_offset + call.state_offset;
    call.function->combine(c, into + offset, from + offset);
  }
}

void Grouping::merge_all(ExecContext& context, Grouping& from) {
  Chunk keys({plan_.input_types.data(), plan_.key_count});
  std::vector<std::byte*> others(kVectorSize);
  for (size_t p = 0; p < from.table_.partition_count(); ++p) {
    RowCollection::Cursor cursor;
    while (uint32_t count = from.table_.partition(p).scan(cursor, others.data(), kVectorSize)) {
      if (context.interrupt != nullptr) context.interrupt->check();
      from.table_.rows().gather(others.data(), count, keys);
      columns_ = column_pointers(keys);
      find_groups(context, count);
      for (uint32_t i = 0; i < count; ++i) combine(context, rows_[i], others[i]);
    }
  }
  size_t bytes = table_.bytes() + state_arena_->allocated_bytes();
  peak_memory_bytes_ = std::max(peak_memory_bytes_, bytes);
}

void Grouping::merge_partition(ExecContext& context,
                               std::span<const std::unique_ptr<Grouping>> from, size_t number,
                               const TopBound* bound, uint32_t bound_column) {
  std::vector<const RowCollection*> partitions;
  for (const auto& other : from) partitions.push_back(&other->table_.partition(number));
  merger_.merge(context, table_, partitions,
                [&](std::byte* into, const std::byte* other) { combine(context, into, other); });
  std::span<std::byte* const> groups = merger_.groups();
  for (size_t first = 0; first < groups.size(); first += kVectorSize) {
    auto count = static_cast<uint32_t>(std::min<size_t>(kVectorSize, groups.size() - first));
    std::copy_n(groups.begin() + static_cast<ptrdiff_t>(first), count, rows_.begin());
    show(keep_within(context, bound, bound_column, count));
  }
}

// Groups in rows_ are shown by next().
void Grouping::show(uint32_t count) {
  const size_t room = shown_.capacity();
  if (shown_.size() + count > room) {
    shown_.reserve(std::max<size_t>(room * 2, kVectorSize));
    const size_t more = (shown_.capacity() - room) * sizeof(std::byte*);
    shown_bytes_ += more;
    if (budget_ != nullptr) budget_->charge(more);
  }
  shown_.insert(shown_.end(), rows_.begin(), rows_.begin() + count);
}

// Takes groups out of rows_ that the bound rules out; returns how many are left.
uint32_t Grouping::keep_within(ExecContext& context, const TopBound* bound, uint32_t bound_column,
                               uint32_t count) {
  if (bound == nullptr || !bound->is_set()) return count;
  if (context.interrupt != nullptr) context.interrupt->check();
  if (bound_values_.empty()) {
    for (const Expr* group : plan_.spec.groups) bound_values_.emplace_back(group->physical);
    for (const AggregatePlan::Call& call : plan_.calls) {
      bound_values_.emplace_back(call.expr->physical);
    }
  }
  Vector& values = bound_values_[bound_column];
  emit(context, bound_column, count, values);
  const uint32_t kept = bound->keep(values, count, selection_.data());
  for (uint32_t i = 0; i < kept; ++i) rows_[i] = rows_[selection_[i]];
  return kept;
}

// A key or an aggregate's results of the groups in rows_.
void Grouping::emit(ExecContext& context, uint32_t column, uint32_t count, Vector& out) {
  const size_t groups = plan_.spec.groups.size();
  if (column < groups) {
    table_.rows().gather(column, rows_.data(), count, out);
    return;
  }
  const AggregatePlan::Call& call = plan_.calls[column - groups];
  out.begin_flat();
  AggregateCall c = call_context(context, call);
  for (uint32_t i = 0; i < count; ++i) {
    const std::byte* state = table_.tail(rows_[i]) + call.state_offset;
    out.set_value(i, call.function->finalize(c, state), false);
  }
}

// The next groups into rows_.
uint32_t Grouping::next_rows() {
  if (shown_.empty()) return table_.rows().scan(cursor_, rows_.data(), kVectorSize);
  const auto count =
      static_cast<uint32_t>(std::min<size_t>(kVectorSize, shown_.size() - next_shown_));
  std::copy_n(shown_.begin() + static_cast<ptrdiff_t>(next_shown_), count, rows_.begin());
  next_shown_ += count;
  return count;
}

bool Grouping::next(ExecContext& context, const TopBound* bound, uint32_t bound_column,
                    Chunk& out) {
  uint32_t count = 0;
  while (count == 0) {
    count = next_rows();
    if (count == 0) return false;
    count = keep_within(context, bound, bound_column, count);
  }
  const size_t columns = plan_.spec.groups.size() + plan_.calls.size();
  for (uint32_t column = 0; column < columns; ++column) {
    emit(context, column, count, out.columns[column]);
  }
  emit_marks(rows_.data(), count, out);
  out.size = count;
  return true;
}

void Grouping::emit_marks(std::byte* const* rows, uint32_t count, Chunk& out) const {
  const size_t groups = plan_.spec.groups.size();
  for (size_t m = 0; m < plan_.spec.grouping_marks.size(); ++m) {
    Vector& column = out.columns[groups + plan_.calls.size() + m];
    column.begin_flat();
    for (uint32_t i = 0; i < count; ++i) {
      int32_t mark = 0;
      if (plan_.has_sets) {
        auto set = static_cast<size_t>(
            table_.layout().value(rows[i], static_cast<uint32_t>(groups)).datum.i32);
        const auto& members = plan_.spec.grouping_sets[set];
        for (uint32_t g : plan_.spec.grouping_marks[m]) {
          bool absent = std::find(members.begin(), members.end(), g) == members.end();
          mark = mark * 2 + (absent ? 1 : 0);
        }
      }
      column.mutable_data<int32_t>()[i] = mark;
    }
  }
}

}  // namespace luma
