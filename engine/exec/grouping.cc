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
    sorters_.push_back(call.is_sorted ? std::make_unique<Sorter>(call.payload, call.sort_columns)
                                      : nullptr);
  }
}

Grouping::~Grouping() { destroy_states(); }

void Grouping::open(ExecContext& context, uint32_t depth) {
  destroy_states();
  table_.open(context.memory);
  state_arena_ = std::make_unique<Arena>(context.memory);
  is_full_ = false;
  depth_ = depth;
  spill_.reset();
  cursor_ = {};
  only_ = nullptr;
  for (auto& sorter : sorters_) {
    if (sorter) sorter->open(context);
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

void Grouping::drop_groups() {
  destroy_states();
  table_.close();
}

void Grouping::destroy_states() {
  if (states_initialised_ == 0) return;
  bool any = std::any_of(plan_.calls.begin(), plan_.calls.end(),
                         [](const auto& call) { return call.function->destroy != nullptr; });
  RowCollection::Cursor cursor;
  while (any && states_initialised_ > 0) {
    auto max = static_cast<uint32_t>(std::min<uint64_t>(kVectorSize, states_initialised_));
    uint32_t count = table_.rows().scan(cursor, rows_.data(), max);
    if (count == 0) break;
    states_initialised_ -= count;
    for (const AggregatePlan::Call& call : plan_.calls) {
      if (call.function->destroy == nullptr) continue;
      for (uint32_t i = 0; i < count; ++i) {
        call.function->destroy(table_.tail(rows_[i]) + call.state_offset);
      }
    }
  }
  states_initialised_ = 0;
}

void Grouping::init_states(ExecContext& context, std::byte* const* rows, uint32_t count) {
  for (const AggregatePlan::Call& call : plan_.calls) {
    if (call.function->init == nullptr) continue;
    AggregateCall c = call_context(context, call);
    for (uint32_t i = 0; i < count; ++i)
      call.function->init(c, table_.tail(rows[i]) + call.state_offset);
  }
  states_initialised_ += count;
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
    table_.prepare({columns_.data(), plan_.key_count}, count);
    uint32_t made = table_.find(!is_full_, rows_.data(), created_.data());
    for (uint32_t i = 0; i < made; ++i) states_[i] = rows_[created_[i]];
    init_states(context, states_.data(), made);
    if (is_full_) count = spill_missing(context, count);
    if (count == 0) return;
  }
  for (size_t c = 0; c < plan_.calls.size(); ++c) {
    update(context, plan_.calls[c], sorters_[c].get(), count);
  }
  if (plan_.key_count == 0 || is_full_) return;
  size_t bytes = table_.bytes() + state_arena_->allocated_bytes();
  peak_memory_bytes_ = std::max(peak_memory_bytes_, bytes);
  is_full_ = bytes > context.work_mem_bytes && depth_ < PartitionedSpill::kMaxDepth &&
             SpillFile::possible(context);
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
  for (size_t c = plan_.key_count; c < columns_.size(); ++c) {
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

void Grouping::update(ExecContext& context, const AggregatePlan::Call& call, Sorter* sorter,
                      uint32_t count) {
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
    filtered_inputs_.resize(
        std::max(filtered_inputs_.size(), call.args.size() + call.order.size()));
    filtered_used_ = 0;
  }
  if (sorter != nullptr) {
    sort_rows(context, call, *sorter, selection, count);
    return;
  }
  args_.clear();
  for (uint32_t arg : call.args) args_.push_back(input(arg, selection, count));
  AggregateCall c = call_context(context, call);
  if (only_ != nullptr && call.function->update_single != nullptr) {
    call.function->update_single(c, table_.tail(only_) + call.state_offset, args_, count);
    return;
  }
  const uint32_t offset = table_.layout().tail_offset + call.state_offset;
  if (only_ != nullptr) {
    std::fill_n(states_.begin(), count, only_ + offset);
  } else if (selection != nullptr) {
    for (uint32_t i = 0; i < count; ++i) states_[i] = rows_[selection[i]] + offset;
  } else {
    for (uint32_t i = 0; i < count; ++i) states_[i] = rows_[i] + offset;
  }
  call.function->update(c, states_.data(), args_, count);
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

void Grouping::merge_part(ExecContext& context, Grouping& from, size_t part, size_t parts) {
  Chunk keys({plan_.input_types.data(), plan_.key_count});
  std::vector<std::byte*> others(kVectorSize);
  RowCollection::Cursor cursor;
  while (uint32_t count = from.table_.rows().scan(cursor, others.data(), kVectorSize)) {
    if (context.interrupt != nullptr) context.interrupt->check();
    uint32_t taken = 0;
    for (uint32_t i = 0; i < count; ++i) {
      // The upper half of the hash: slots of tables come from the lower one.
      if (((from.table_.hash_of(others[i]) >> 32) * parts) >> 32 == part) {
        others[taken++] = others[i];
      }
    }
    if (taken == 0) continue;
    from.table_.rows().gather(others.data(), taken, keys);
    columns_ = column_pointers(keys);
    table_.prepare(columns_, taken);
    uint32_t made = table_.find(true, rows_.data(), created_.data());
    for (uint32_t i = 0; i < made; ++i) states_[i] = rows_[created_[i]];
    init_states(context, states_.data(), made);
    for (const AggregatePlan::Call& call : plan_.calls) {
      AggregateCall c = call_context(context, call);
      for (uint32_t i = 0; i < taken; ++i) {
        call.function->combine(c, table_.tail(rows_[i]) + call.state_offset,
                               from.table_.tail(others[i]) + call.state_offset);
      }
    }
  }
  size_t bytes = table_.bytes() + state_arena_->allocated_bytes();
  peak_memory_bytes_ = std::max(peak_memory_bytes_, bytes);
}

bool Grouping::next(ExecContext& context, Chunk& out) {
  uint32_t count = table_.rows().scan(cursor_, rows_.data(), kVectorSize);
  if (count == 0) return false;
  const size_t groups = plan_.spec.groups.size();
  for (uint32_t g = 0; g < groups; ++g) {
    table_.rows().gather(g, rows_.data(), count, out.columns[g]);
  }
  for (size_t a = 0; a < plan_.calls.size(); ++a) {
    const AggregatePlan::Call& call = plan_.calls[a];
    Vector& column = out.columns[groups + a];
    column.begin_flat();
    AggregateCall c = call_context(context, call);
    for (uint32_t i = 0; i < count; ++i) {
      const std::byte* state = table_.tail(rows_[i]) + call.state_offset;
      column.set_value(i, call.function->finalize(c, state), false);
    }
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
