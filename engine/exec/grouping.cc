#include "engine/exec/grouping.h"

#include <algorithm>

namespace luma {

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
