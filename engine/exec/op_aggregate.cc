#include "engine/exec/op_aggregate.h"

#include <algorithm>

#include "engine/base/sql_error.h"

namespace luma {

namespace {

constexpr uint32_t kStateAlignment = 16;

bool is_complete_set(const AggregateSpec& spec) {
  if (spec.grouping_sets.empty()) return true;
  if (spec.grouping_sets.size() > 1) return false;
  std::vector<bool> has(spec.groups.size());
  for (uint32_t group : spec.grouping_sets[0]) has[group] = true;
  return std::find(has.begin(), has.end(), false) == has.end();
}

std::vector<PhysicalType> output_types_of(const AggregateSpec& spec) {
  std::vector<PhysicalType> types = physical_types_of(spec.groups);
  for (const Expr* call : spec.aggregates) types.push_back(call->physical);
  types.insert(types.end(), spec.grouping_marks.size(), PhysicalType::kInt32);
  return types;
}

}  // namespace

AggregateOperator::AggregateOperator(OperatorPtr child, AggregateSpec spec)
    : Operator(output_types_of(spec)),
      child_(std::move(child)),
      spec_(std::move(spec)),
      has_sets_(!is_complete_set(spec_)),
      key_count_(static_cast<uint32_t>(spec_.groups.size() + (has_sets_ ? 1 : 0))),
      rows_(kVectorSize),
      states_(kVectorSize),
      created_(kVectorSize),
      selection_(kVectorSize),
      filtered_(kVectorSize),
      output_(output_types()) {
  explain.node_type = key_count_ == 0 ? "Aggregate" : "HashAggregate";
  std::vector<const Expr*> inputs = spec_.groups;
  for (const Expr* call : spec_.aggregates) add_call(call, inputs);
  std::vector<KeyType> keys;
  for (const Expr* group : spec_.groups) {
    keys.push_back(KeyType::of(*group));
    input_types_.push_back(group->physical);
    null_keys_.emplace_back(group->physical, 1).set_constant_null();
  }
  if (has_sets_) {
    keys.push_back(KeyType{.physical = PhysicalType::kInt32});
    input_types_.push_back(PhysicalType::kInt32);
  }
  for (size_t i = spec_.groups.size(); i < inputs.size(); ++i)
    input_types_.push_back(inputs[i]->physical);
  inputs_ = std::make_unique<ExprListEvaluator>(std::move(inputs));
  uint32_t tail = 0;
  for (Call& call : calls_) {
    call.state_offset = tail;
    tail += (call.function->state_bytes + kStateAlignment - 1) / kStateAlignment * kStateAlignment;
  }
  table_ = std::make_unique<GroupTable>(std::move(keys), tail);
}

AggregateOperator::~AggregateOperator() { destroy_states(); }

// Registers what the call needs as input columns (equal expressions share one).
void AggregateOperator::add_call(const Expr* expr, std::vector<const Expr*>& inputs) {
  const uint32_t set_column = has_sets_ ? 1 : 0;
  auto input_of = [&](const Expr* input) {
    size_t i = spec_.groups.size();
    while (i < inputs.size() && inputs[i] != input && !expr_equal(*inputs[i], *input)) ++i;
    if (i == inputs.size()) inputs.push_back(input);
    return static_cast<uint32_t>(i) + set_column;
  };
  Call call;
  call.expr = expr;
  call.function = expr->implementation.aggregate;
  LUMA_CHECK(call.function != nullptr);
  std::vector<const Expr*> args(expr->args.begin(), expr->args.end());
  static const AggregateInfo kPlain;
  const AggregateInfo& info = expr->aggregate != nullptr ? *expr->aggregate : kPlain;
  if (!info.order_by.empty() && args.size() == info.direct_args) {
    for (const SortKey& key : info.order_by) args.push_back(key.expr);
  }
  for (const Expr* arg : args) call.args.push_back(input_of(arg));
  if (info.filter != nullptr) call.filter = static_cast<int>(input_of(info.filter));
  call.distinct = info.distinct;
  if (call.distinct || !info.order_by.empty()) {
    std::vector<SortColumn> columns{SortColumn::ascending(KeyType::int64())};
    for (const SortKey& key : info.order_by) {
      columns.push_back(SortColumn::of(key));
      call.order.push_back(input_of(key.expr));
    }
    std::vector<PhysicalType> payload{PhysicalType::kInt64};
    for (size_t i = 0; i < args.size(); ++i) {
      payload.push_back(args[i]->physical);
      if (!call.distinct) continue;
      call.arg_types.push_back(KeyType::of(*args[i]));
      if (std::find(call.order.begin(), call.order.end(), call.args[i]) != call.order.end())
        continue;
      columns.push_back(SortColumn::ascending(call.arg_types[i]));
      call.order.push_back(call.args[i]);
    }
    call.sorter = std::make_unique<Sorter>(std::move(payload), std::move(columns));
  }
  calls_.push_back(std::move(call));
}

void AggregateOperator::do_open(ExecContext& context) {
  destroy_states();
  consumed_ = false;
  depth_ = 0;
  spill_.reset();
  parts_.clear();
  start_pass(context);
  init_empty_groups(context);
  child_->open(context);
}

void AggregateOperator::do_close(ExecContext& context) {
  child_->close(context);
  destroy_states();
  table_->close();
  state_arena_.reset();
  for (Call& call : calls_) {
    if (call.sorter) call.sorter->close();
  }
  spill_.reset();
  parts_.clear();
}

void AggregateOperator::start_pass(ExecContext& context) {
  destroy_states();
  table_->open(context.memory);
  state_arena_ = std::make_unique<Arena>(context.memory);
  is_full_ = false;
  cursor_ = {};
  for (Call& call : calls_) {
    if (call.sorter) call.sorter->open(context);
  }
}

void AggregateOperator::destroy_states() {
  if (states_initialised_ == 0) return;
  bool any = std::any_of(calls_.begin(), calls_.end(),
                         [](const Call& call) { return call.function->destroy != nullptr; });
  RowCollection::Cursor cursor;
  while (any && states_initialised_ > 0) {
    auto max = static_cast<uint32_t>(std::min<uint64_t>(kVectorSize, states_initialised_));
    uint32_t count = table_->rows().scan(cursor, rows_.data(), max);
    if (count == 0) break;
    states_initialised_ -= count;
    for (const Call& call : calls_) {
      if (call.function->destroy == nullptr) continue;
      for (uint32_t i = 0; i < count; ++i) {
        call.function->destroy(table_->tail(rows_[i]) + call.state_offset);
      }
    }
  }
  states_initialised_ = 0;
}

void AggregateOperator::init_states(ExecContext& context, std::byte* const* rows, uint32_t count) {
  for (Call& call : calls_) {
    if (call.function->init == nullptr) continue;
    AggregateCall c = call_context(context, call);
    for (uint32_t i = 0; i < count; ++i)
      call.function->init(c, table_->tail(rows[i]) + call.state_offset);
  }
  states_initialised_ += count;
}

// Groups that exist without any input: the whole input as one group, and empty grouping sets.
void AggregateOperator::init_empty_groups(ExecContext& context) {
  auto make_group = [&] {
    table_->prepare(columns_, 1);
    uint32_t made = table_->find(true, rows_.data(), created_.data());
    init_states(context, rows_.data(), made);
  };
  columns_.clear();
  if (key_count_ == 0) make_group();
  for (uint32_t set = 0; has_sets_ && set < spec_.grouping_sets.size(); ++set) {
    if (!spec_.grouping_sets[set].empty()) continue;
    columns_.clear();
    for (const Vector& null_key : null_keys_) columns_.push_back(&null_key);
    set_number_.set_constant(Datum::of_int32(static_cast<int32_t>(set)));
    columns_.push_back(&set_number_);
    make_group();
  }
}

void AggregateOperator::consume_child(ExecContext& context) {
  while (const Chunk* chunk = child_->next(context)) {
    inputs_->evaluate(context, *chunk, evaluated_);
    if (!has_sets_) {
      columns_ = evaluated_;
      consume(context, chunk->size);
      continue;
    }
    for (uint32_t set = 0; set < spec_.grouping_sets.size(); ++set)
      consume_set(context, set, chunk->size);
  }
}

void AggregateOperator::consume_set(ExecContext& context, uint32_t set, uint32_t count) {
  const size_t groups = spec_.groups.size();
  columns_.clear();
  for (size_t g = 0; g < groups; ++g) columns_.push_back(&null_keys_[g]);
  for (uint32_t g : spec_.grouping_sets[set]) columns_[g] = evaluated_[g];
  set_number_.set_constant(Datum::of_int32(static_cast<int32_t>(set)));
  columns_.push_back(&set_number_);
  columns_.insert(columns_.end(), evaluated_.begin() + static_cast<ptrdiff_t>(groups),
                  evaluated_.end());
  consume(context, count);
}

// Aggregates the rows in columns_.
void AggregateOperator::consume(ExecContext& context, uint32_t count) {
  if (key_count_ == 0) {
    update(context, count);
    return;
  }
  table_->prepare({columns_.data(), key_count_}, count);
  uint32_t made = table_->find(!is_full_, rows_.data(), created_.data());
  for (uint32_t i = 0; i < made; ++i) states_[i] = rows_[created_[i]];
  init_states(context, states_.data(), made);
  if (!is_full_) {
    update(context, count);
    size_t bytes = table_->bytes() + state_arena_->allocated_bytes();
    stats().peak_memory_bytes = std::max(stats().peak_memory_bytes, bytes);
    is_full_ = bytes > context.work_mem_bytes && depth_ < PartitionedSpill::kMaxDepth &&
               SpillFile::possible(context);
    return;
  }
  uint32_t found = 0, missing = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (rows_[i] == nullptr) {
      filtered_[missing++] = i;
    } else {
      rows_[found] = rows_[i];
      selection_[found++] = i;
    }
  }
  if (missing != 0) {
    if (!spill_) spill_ = std::make_unique<PartitionedSpill>(input_types_, depth_);
    spill_->append(context, columns_, table_->hashes(), filtered_.data(), missing);
    if (sliced_.empty()) {
      for (PhysicalType type : input_types_) sliced_.emplace_back(type);
    }
    for (size_t c = key_count_; c < columns_.size(); ++c) {
      sliced_[c].slice(*columns_[c], selection_.data(), found);
      columns_[c] = &sliced_[c];
    }
  }
  if (found != 0) update(context, found);
}

void AggregateOperator::update(ExecContext& context, uint32_t count) {
  for (Call& call : calls_) update_call(context, call, count);
}

void AggregateOperator::update_call(ExecContext& context, Call& call, uint32_t count) {
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
  std::vector<Vector> slices;
  slices.reserve(call.args.size() + call.order.size());
  auto input = [&](uint32_t column) -> const Vector* {
    if (selection == nullptr) return columns_[column];
    Vector& slice = slices.emplace_back(columns_[column]->physical());
    slice.slice(*columns_[column], selection, count);
    return &slice;
  };
  std::vector<const Vector*> args;
  for (uint32_t arg : call.args) args.push_back(input(arg));
  RowCollection::Cursor cursor;
  std::byte* only = nullptr;
  if (key_count_ == 0) table_->rows().scan(cursor, &only, 1);
  if (call.sorter) {
    Vector groups(PhysicalType::kInt64);
    groups.begin_flat();
    auto* addresses = groups.mutable_data<int64_t>();
    for (uint32_t i = 0; i < count; ++i) {
      std::byte* row = only != nullptr ? only : rows_[selection == nullptr ? i : selection[i]];
      addresses[i] = reinterpret_cast<int64_t>(row);
    }
    std::vector<const Vector*> order{&groups};
    for (uint32_t column : call.order) order.push_back(input(column));
    args.insert(args.begin(), &groups);
    call.sorter->append(context, order, args, count);
    return;
  }
  AggregateCall c = call_context(context, call);
  if (only != nullptr && call.function->update_single != nullptr) {
    call.function->update_single(c, table_->tail(only) + call.state_offset, args, count);
    return;
  }
  const uint32_t offset = table_->layout().tail_offset + call.state_offset;
  for (uint32_t i = 0; i < count; ++i) {
    std::byte* row = only != nullptr ? only : rows_[selection == nullptr ? i : selection[i]];
    states_[i] = row + offset;
  }
  call.function->update(c, states_.data(), args, count);
}

// Gives an aggregate with DISTINCT or ORDER BY its sorted input.
void AggregateOperator::feed_sorted(ExecContext& context, Call& call) {
  call.sorter->finish(context);
  stats().spilled_bytes += call.sorter->spilled_bytes();
  std::vector<PhysicalType> types{PhysicalType::kInt64};
  for (uint32_t arg : call.args) types.push_back(input_types_[arg]);
  Chunk chunk(types);
  Chunk kept(types);
  std::vector<Value> last(types.size());
  bool has_last = false;
  auto last_heap = std::make_unique<Arena>(context.memory);
  AggregateCall c = call_context(context, call);
  const uint32_t offset = table_->layout().tail_offset + call.state_offset;
  while (call.sorter->next(context, chunk)) {
    if (context.interrupt != nullptr) context.interrupt->check();
    const Chunk* input = &chunk;
    if (call.distinct) {
      uint32_t count = 0;
      for (uint32_t i = 0; i < chunk.size; ++i) {
        bool same = has_last && chunk.columns[0].value(i).datum.i64 == last[0].datum.i64;
        for (size_t a = 0; same && a < call.args.size(); ++a) {
          Value value = chunk.columns[a + 1].value(i);
          same = value.is_null == last[a + 1].is_null &&
                 (value.is_null || key_equal(call.arg_types[a], value.datum, last[a + 1].datum));
        }
        if (same) continue;
        selection_[count++] = i;
        for (size_t v = 0; v < types.size(); ++v) last[v] = chunk.columns[v].value(i);
        has_last = true;
      }
      auto heap = std::make_unique<Arena>(context.memory);
      for (size_t v = 0; v < types.size(); ++v) {
        if (!last[v].is_null) last[v].datum = copy_datum(last[v].datum, types[v], *heap);
      }
      last_heap = std::move(heap);
      if (count == 0) continue;
      kept.slice(chunk, selection_.data(), count);
      input = &kept;
    }
    for (uint32_t i = 0; i < input->size; ++i) {
      states_[i] = reinterpret_cast<std::byte*>(input->columns[0].value(i).datum.i64) + offset;
    }
    std::vector<const Vector*> args = column_pointers(*input);
    args.erase(args.begin());
    call.function->update(c, states_.data(), args, input->size);
  }
  call.sorter->close();
}

void AggregateOperator::finish_pass(ExecContext& context) {
  for (Call& call : calls_) {
    if (call.sorter) feed_sorted(context, call);
  }
}

bool AggregateOperator::next_part(ExecContext& context) {
  stats().spilled_bytes += queue_parts(spill_, depth_ + 1, parts_);
  if (parts_.empty()) return false;
  SpilledPart part = std::move(parts_.back());
  parts_.pop_back();
  depth_ = part.depth;
  start_pass(context);
  SpillFile::Reader reader(*part.file);
  Chunk chunk(input_types_);
  while (reader.next(chunk)) {
    if (context.interrupt != nullptr) context.interrupt->check();
    columns_ = column_pointers(chunk);
    consume(context, chunk.size);
  }
  finish_pass(context);
  return true;
}

const Chunk* AggregateOperator::do_next(ExecContext& context) {
  if (!consumed_) {
    consumed_ = true;
    consume_child(context);
    finish_pass(context);
  }
  do {
    uint32_t count = table_->rows().scan(cursor_, rows_.data(), kVectorSize);
    if (count != 0) {
      emit(context, rows_.data(), count);
      return &output_;
    }
  } while (next_part(context));
  return nullptr;
}

void AggregateOperator::emit(ExecContext& context, std::byte* const* rows, uint32_t count) {
  const size_t groups = spec_.groups.size();
  for (uint32_t g = 0; g < groups; ++g) table_->rows().gather(g, rows, count, output_.columns[g]);
  for (size_t a = 0; a < calls_.size(); ++a) {
    Vector& column = output_.columns[groups + a];
    column.begin_flat();
    AggregateCall c = call_context(context, calls_[a]);
    for (uint32_t i = 0; i < count; ++i) {
      const std::byte* state = table_->tail(rows[i]) + calls_[a].state_offset;
      column.set_value(i, calls_[a].function->finalize(c, state), false);
    }
  }
  for (size_t m = 0; m < spec_.grouping_marks.size(); ++m) {
    Vector& column = output_.columns[groups + calls_.size() + m];
    column.begin_flat();
    for (uint32_t i = 0; i < count; ++i) {
      int32_t mark = 0;
      if (has_sets_) {
        auto set = static_cast<size_t>(
            table_->layout().value(rows[i], static_cast<uint32_t>(groups)).datum.i32);
        const auto& members = spec_.grouping_sets[set];
        for (uint32_t g : spec_.grouping_marks[m]) {
          bool absent = std::find(members.begin(), members.end(), g) == members.end();
          mark = mark * 2 + (absent ? 1 : 0);
        }
      }
      column.mutable_data<int32_t>()[i] = mark;
    }
  }
  output_.size = count;
}

}  // namespace luma
