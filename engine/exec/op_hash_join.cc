#include "engine/exec/op_hash_join.h"

#include <algorithm>
#include <utility>

#include "engine/base/sql_error.h"
#include "engine/exec/parallel_safety.h"

namespace luma {

namespace {

std::vector<const Expr*> side(const std::vector<HashJoinKey>& keys,
                              const Expr* HashJoinKey::*member) {
  std::vector<const Expr*> exprs;
  for (const HashJoinKey& key : keys) exprs.push_back(key.*member);
  return exprs;
}
std::vector<KeyType> types_of(const std::vector<HashJoinKey>& keys) {
  std::vector<KeyType> types;
  for (const HashJoinKey& key : keys) {
    LUMA_CHECK(key.left->physical == key.right->physical);
    types.push_back(KeyType::of(*key.left));
  }
  return types;
}
std::vector<bool> null_matches(const std::vector<HashJoinKey>& keys) {
  std::vector<bool> flags;
  for (const HashJoinKey& key : keys) flags.push_back(key.null_rule == NullRule::kMatchesNull);
  return flags;
}
// More keys than this rule little out, for what they cost.
constexpr uint64_t kGreatestFilterKeys = uint64_t{1} << 21;

// Calls visit(T{}) for types that are integers inside; false for others.
template <typename Visit>
bool visit_integers(PhysicalType physical, Visit&& visit) {
  switch (physical) {
    case PhysicalType::kInt16:
      visit(int16_t{});
      return true;
    case PhysicalType::kInt32:
      visit(int32_t{});
      return true;
    case PhysicalType::kInt64:
      visit(int64_t{});
      return true;
    default:
      return false;
  }
}
std::vector<PhysicalType> concat(std::vector<PhysicalType> a, const std::vector<PhysicalType>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

HashJoinOperator::Builder::Builder(std::vector<const Expr*> exprs)
    : keys(std::move(exprs)), usable(kVectorSize), excluded(kVectorSize), hashes(kVectorSize) {}

HashJoinOperator::HashJoinOperator(JoinMode mode, OperatorPtr left, OperatorPtr right,
                                   std::vector<HashJoinKey> keys, const Expr* residual)
    : Operator(join_output_types(mode, left->output_types(), right->output_types())),
      mode_(mode),
      left_(std::move(left)),
      right_(std::move(right)),
      keys_(std::move(keys)),
      key_types_(types_of(keys_)),
      left_keys_(side(keys_, &HashJoinKey::left)),
      condition_(residual),
      residual_(residual == nullptr ? nullptr : std::make_unique<ExprEvaluator>(*residual)),
      build_(std::make_shared<Build>(right_->output_types(), key_types_, null_matches(keys_),
                                     marks_right(mode))),
      table_(build_->table),
      lookup_(table_),
      left_columns_(static_cast<uint32_t>(left_->output_types().size())),
      right_columns_(static_cast<uint32_t>(right_->output_types().size())),
      builder_(side(keys_, &HashJoinKey::right)),
      prober_(side(keys_, &HashJoinKey::left)),
      left_chunk_(left_->output_types()),
      right_chunk_(right_->output_types()),
      matched_(kVectorSize),
      usable_(kVectorSize),
      excluded_(kVectorSize),
      pair_left_(kVectorSize),
      selection_(kVectorSize),
      pair_right_(kVectorSize),
      joined_(concat(left_->output_types(), right_->output_types())),
      output_(output_types()) {
  three_valued_ = (mode == JoinMode::kMark || mode == JoinMode::kNullAwareAnti) &&
                  std::any_of(keys_.begin(), keys_.end(), [](const HashJoinKey& k) {
                    return k.null_rule == NullRule::kUnknown;
                  });
  simple_unknown_ = keys_.size() == 1 && residual_ == nullptr;
  const char* label = join_mode_label(mode);
  explain.node_type = *label == '\0' ? "Hash Join" : "Hash " + std::string(label) + " Join";
  offer_filters();
}

// A sibling: probes the primary's table and has no right child.
HashJoinOperator::HashJoinOperator(const HashJoinOperator& primary, OperatorPtr left)
    : Operator(primary.output_types()),
      mode_(primary.mode_),
      left_(std::move(left)),
      keys_(primary.keys_),
      key_types_(primary.key_types_),
      left_keys_(side(keys_, &HashJoinKey::left)),
      condition_(primary.condition_),
      residual_(condition_ == nullptr ? nullptr : std::make_unique<ExprEvaluator>(*condition_)),
      three_valued_(primary.three_valued_),
      simple_unknown_(primary.simple_unknown_),
      build_(primary.build_),
      table_(build_->table),
      lookup_(table_),
      is_sibling_(true),
      left_columns_(primary.left_columns_),
      right_columns_(primary.right_columns_),
      builder_({}),
      prober_({}),
      matched_(kVectorSize),
      usable_(kVectorSize),
      excluded_(kVectorSize),
      pair_left_(kVectorSize),
      selection_(kVectorSize),
      pair_right_(kVectorSize),
      joined_(concat(left_->output_types(), primary.right_->output_types())),
      output_(output_types()) {}

std::vector<Operator*> HashJoinOperator::children() {
  if (is_sibling_) return {left_.get()};
  return {left_.get(), right_.get()};
}

bool HashJoinOperator::is_divisible() const {
  return left_->is_divisible() && are_parallel_safe(left_keys_.exprs()) &&
         (condition_ == nullptr || is_parallel_safe(*condition_));
}

size_t HashJoinOperator::divide(ExecContext& context) {
  if (!is_built(context) || part_.left || part_.right || !parts_.empty()) return 0;
  build_->siblings = 0;
  build_->siblings_ended.store(0);
  return left_->divide(context);
}

OperatorPtr HashJoinOperator::make_sibling() {
  ++build_->siblings;
  return std::unique_ptr<Operator>(new HashJoinOperator(*this, left_->make_sibling()));
}

void HashJoinOperator::do_open(ExecContext& context) {
  left_->open(context);
  probe_ = nullptr;
  collecting_ = false;
  if (is_sibling_) {
    phase_ = Phase::kProbe;
    return;
  }
  right_->open(context);
  table_.open(context.memory);
  phase_ = Phase::kBuild;
  build_->rows = 0;
  build_->has_null = false;
  for (const KeyFilter& item : filters_) item.filter->forget();
  builder_.spill.reset();
  left_spill_.reset();
  parts_.clear();
  left_reader_.reset();
  part_ = {};
}

void HashJoinOperator::do_close(ExecContext& context) {
  left_->close(context);
  phase_ = Phase::kDone;
  probe_ = nullptr;
  if (is_sibling_) return;
  right_->close(context);
  table_.close();
  builder_.spill.reset();
  left_spill_.reset();
  parts_.clear();
  left_reader_.reset();
  part_ = {};
}

// --- filters for the probe side ---

void HashJoinOperator::offer_filters() {
  // Probe rows without a match are not wanted by anybody.
  if (mode_ != JoinMode::kInner && mode_ != JoinMode::kSemi && mode_ != JoinMode::kRight &&
      outputs_left(mode_)) {
    return;
  }
  for (size_t i = 0; i < keys_.size(); ++i) {
    const Expr& left = *keys_[i].left;
    if (keys_[i].null_rule != NullRule::kNoMatch || left.kind != ExprKind::kSlot ||
        !visit_integers(left.physical, [](auto) {})) {
      continue;
    }
    auto filter = std::make_shared<JoinFilter>();
    if (offer_filter(*left_, left.index, filter)) filters_.push_back({i, std::move(filter)});
  }
}

bool HashJoinOperator::accept_filter(uint32_t column, const JoinFilterRef& filter) {
  // Rows that the filter rules out are not missed where each stands for itself.
  if (!outputs_left(mode_)) return offer_filter(*right_, column, filter);
  const bool passes = mode_ == JoinMode::kInner || mode_ == JoinMode::kLeft ||
                      mode_ == JoinMode::kSemi || mode_ == JoinMode::kAnti;
  return passes && column < left_columns_ && offer_filter(*left_, column, filter);
}

void HashJoinOperator::fill_filters(ExecContext& context) {
  if (filters_.empty() || table_.row_count() > kGreatestFilterKeys) return;
  for (const KeyFilter& item : filters_) item.filter->begin(table_.row_count());
  Chunk chunk(right_->output_types());
  std::vector<std::byte*> rows(kVectorSize);
  RowCollection::Cursor cursor;
  while (uint32_t count = table_.rows().scan(cursor, rows.data(), kVectorSize)) {
    table_.rows().gather(rows.data(), count, chunk);
    builder_.keys.evaluate(context, chunk, builder_.key_columns);
    for (const KeyFilter& item : filters_) {
      const Vector& keys = *builder_.key_columns[item.key];
      visit_integers(keys.physical(), [&]<typename T>(T) {
        auto values = keys.unified<T>();
        for (uint32_t i = 0; i < count; ++i) {
          if (values.valid(i)) item.filter->add(values[i]);
        }
      });
    }
  }
  for (const KeyFilter& item : filters_) item.filter->publish();
}

// --- build ---

bool HashJoinOperator::may_spill(const ExecContext& context) const {
  return SpillFile::possible(context) && (!three_valued_ || simple_unknown_);
}

// Adds rows of the build side to `table`, or to the builder's files when it has begun some.
void HashJoinOperator::add_rows(ExecContext& context, Builder& builder, JoinHashTable& table,
                                const Chunk& chunk) const {
  builder.keys.evaluate(context, chunk, builder.key_columns);
  uint32_t usable = table.split_nulls(builder.key_columns, chunk.size, builder.usable.data(),
                                      builder.excluded.data());
  const uint32_t excluded = chunk.size - usable;
  builder.rows += chunk.size;
  builder.has_null |= excluded != 0;
  std::vector<const Vector*> payload = column_pointers(chunk);
  if (builder.spill != nullptr) {
    table.hash(builder.key_columns, chunk.size, builder.hashes.data());
    builder.spill->append(context, payload, builder.hashes.data(), nullptr, chunk.size);
    return;
  }
  table.append(builder.key_columns, payload, builder.usable.data(), usable, chunk.size, true);
  if (excluded != 0 && (keeps_right(mode_) || (three_valued_ && !simple_unknown_))) {
    table.append(builder.key_columns, payload, builder.excluded.data(), excluded, chunk.size,
                 false);
  }
}

void HashJoinOperator::spill_rows(ExecContext& context, Builder& builder, JoinHashTable& table,
                                  const Chunk& rows, PartitionedSpill& to) const {
  builder.keys.evaluate(context, rows, builder.key_columns);
  table.hash(builder.key_columns, rows.size, builder.hashes.data());
  to.append(context, column_pointers(rows), builder.hashes.data(), nullptr, rows.size);
}

// Moves the table's rows to files; those that follow go there, too.
void HashJoinOperator::start_spilling(ExecContext& context, Builder& builder,
                                      JoinHashTable& table) const {
  builder.spill = std::make_unique<PartitionedSpill>(right_->output_types(), 0);
  Chunk chunk(right_->output_types());
  std::vector<std::byte*> rows(kVectorSize);
  RowCollection::Cursor cursor;
  while (uint32_t count = table.rows().scan(cursor, rows.data(), kVectorSize)) {
    table.rows().gather(rows.data(), count, chunk);
    spill_rows(context, builder, table, chunk, *builder.spill);
  }
  table.open(context.memory);
}

void HashJoinOperator::build_divided(ExecContext& context, DividedInput& input) {
  std::vector<std::unique_ptr<Builder>> builders;
  for (size_t i = 0; i < input.size(); ++i) {
    builders.push_back(std::make_unique<Builder>(builder_.keys.exprs()));
    builders.back()->table = table_.make_part();
  }
  // Each thread may use work_mem, but what counts is what all have together.
  const size_t limit = context.hash_mem_bytes() * input.size();
  const bool may = may_spill(context);
  std::atomic<size_t> bytes{0};
  input.read([&](size_t i, const Chunk& chunk, ExecContext& worker) {
    Builder& builder = *builders[i];
    const size_t before = builder.table->bytes();
    add_rows(worker, builder, *builder.table, chunk);
    const size_t more = builder.table->bytes() - before;
    if (builder.spill == nullptr && bytes.fetch_add(more) + more > limit && may) {
      start_spilling(worker, builder, *builder.table);
    }
  });
  bool spilled = std::any_of(builders.begin(), builders.end(),
                             [](const auto& builder) { return builder->spill != nullptr; });
  for (auto& builder : builders) {
    builder_.rows += builder->rows;
    builder_.has_null |= builder->has_null;
    stats().peak_memory_bytes = std::max(stats().peak_memory_bytes, bytes.load());
    if (!spilled) {
      table_.absorb(*builder->table);
      continue;
    }
    if (builder->spill == nullptr) start_spilling(context, *builder, *builder->table);
    if (builder_.spill == nullptr) {
      builder_.spill = std::move(builder->spill);
      continue;
    }
    for (auto& file : builder->spill->take()) {
      if (!file) continue;
      SpillFile::Reader reader(*file);
      while (reader.next(right_chunk_)) {
        spill_rows(context, builder_, table_, right_chunk_, *builder_.spill);
      }
    }
  }
  builders.clear();
  if (!spilled) finish_table(&input.team());
}

void HashJoinOperator::build(ExecContext& context) {
  builder_.rows = 0;
  builder_.has_null = false;
  if (std::unique_ptr<DividedInput> divided = DividedInput::make(*right_, context)) {
    build_divided(context, *divided);
  } else {
    const bool may = may_spill(context);
    while (const Chunk* chunk = right_->next(context)) {
      add_rows(context, builder_, table_, *chunk);
      if (builder_.spill == nullptr && may && table_.bytes() > context.hash_mem_bytes()) {
        start_spilling(context, builder_, table_);
      }
    }
    stats().peak_memory_bytes = std::max(stats().peak_memory_bytes, table_.bytes());
    if (builder_.spill == nullptr) finish_table(nullptr);
  }
  build_->rows = builder_.rows;
  build_->has_null = builder_.has_null;
  if (builder_.spill == nullptr) {
    stats().batches = std::max<uint64_t>(stats().batches, 1);
    return fill_filters(context);
  }
  spill_probe_side(context);
  stats().spilled_bytes += builder_.spill->bytes() + left_spill_->bytes();
  add_parts(left_spill_.get(), builder_.spill.get(), 1);
  left_spill_.reset();
  builder_.spill.reset();
  if (!next_part(context)) phase_ = Phase::kDone;
}

void HashJoinOperator::spill_probe_side(ExecContext& context) {
  left_spill_ = std::make_unique<PartitionedSpill>(left_->output_types(), 0);
  while (const Chunk* chunk = left_->next(context))
    spill_rows(context, prober_, table_, *chunk, *left_spill_);
}

void HashJoinOperator::add_parts(PartitionedSpill* left, PartitionedSpill* right, uint32_t depth) {
  auto left_files = left->take();
  auto right_files = right->take();
  for (uint32_t i = 0; i < PartitionedSpill::kParts; ++i) {
    if (!left_files[i] && !(right_files[i] && keeps_right(mode_))) continue;
    parts_.push_back({std::move(left_files[i]), std::move(right_files[i]), depth});
  }
}

// Makes the next part the one that is probed; false when there is none.
bool HashJoinOperator::next_part(ExecContext& context) {
  while (!parts_.empty()) {
    left_reader_.reset();
    part_ = std::move(parts_.back());
    parts_.pop_back();
    if (!load_part(context, part_)) continue;
    ++stats().batches;
    phase_ = Phase::kProbe;
    probe_ = nullptr;
    if (part_.left) left_reader_ = std::make_unique<SpillFile::Reader>(*part_.left);
    return true;
  }
  return false;
}

// False when the part was too large and has been divided instead.
bool HashJoinOperator::load_part(ExecContext& context, Part& part) {
  table_.open(context.memory);
  if (part.right) {
    SpillFile::Reader reader(*part.right);
    bool fits = true;
    while (fits && reader.next(right_chunk_)) {
      if (context.interrupt != nullptr) context.interrupt->check();
      add_rows(context, builder_, table_, right_chunk_);
      fits =
          table_.bytes() <= context.hash_mem_bytes() || part.depth >= PartitionedSpill::kMaxDepth;
    }
    if (!fits) {
      table_.open(context.memory);
      auto divide = [&](SpillFile* file, Builder& builder, Chunk& chunk, const Operator& child) {
        PartitionedSpill to(child.output_types(), part.depth);
        if (file != nullptr) {
          SpillFile::Reader rows(*file);
          while (rows.next(chunk)) spill_rows(context, builder, table_, chunk, to);
        }
        stats().spilled_bytes += to.bytes();
        return to;
      };
      PartitionedSpill left = divide(part.left.get(), prober_, left_chunk_, *left_);
      PartitionedSpill right = divide(part.right.get(), builder_, right_chunk_, *right_);
      add_parts(&left, &right, part.depth + 1);
      return false;
    }
  }
  finish_table(nullptr);
  return true;
}

// --- probe ---

// Builds when that has not been done; false when the join ends with it.
bool HashJoinOperator::is_built(ExecContext& context) {
  if (phase_ == Phase::kBuild) {
    phase_ = Phase::kProbe;
    build(context);
    bool empty_ends = mode_ == JoinMode::kInner || mode_ == JoinMode::kSemi ||
                      mode_ == JoinMode::kRight || !outputs_left(mode_);
    if (build_->rows == 0 && empty_ends) phase_ = Phase::kDone;
  }
  return phase_ != Phase::kDone;
}

// Of siblings, the last one to end: by then all have set their flags.
bool HashJoinOperator::gives_build() {
  return marks_right(mode_) &&
         (!is_sibling_ || build_->siblings_ended.fetch_add(1) + 1 == build_->siblings);
}

const Chunk* HashJoinOperator::do_next(ExecContext& context) {
  if (!is_built(context)) return nullptr;
  while (phase_ != Phase::kDone) {
    if (phase_ == Phase::kProbe) {
      if (probe_ == nullptr && !next_probe_chunk(context)) {
        phase_ = Phase::kBuildRows;
        emits_build_ = gives_build();
        cursor_ = {};
        continue;
      }
      if (const Chunk* chunk = probe_step(context)) return chunk;
      continue;
    }
    if (emits_build_) {
      if (const Chunk* chunk = emit_build()) return chunk;
    }
    if (!next_part(context)) phase_ = Phase::kDone;
  }
  return nullptr;
}

bool HashJoinOperator::next_probe_chunk(ExecContext& context) {
  if (part_.left || part_.right) {
    if (context.interrupt != nullptr) context.interrupt->check();
    probe_ = left_reader_ && left_reader_->next(left_chunk_) ? &left_chunk_ : nullptr;
  } else {
    probe_ = left_->next(context);
  }
  if (probe_ == nullptr) return false;
  left_keys_.evaluate(context, *probe_, key_columns_);
  uint32_t usable =
      table_.split_nulls(key_columns_, probe_->size, usable_.data(), excluded_.data());
  lookup_.probe(key_columns_, usable_.data(), usable, probe_->size);
  std::fill_n(matched_.begin(), probe_->size, uint8_t{0});
  collecting_ = true;
  return true;
}

// One step over the current probe chunk; nullptr when it produced nothing.
const Chunk* HashJoinOperator::probe_step(ExecContext& context) {
  if (collecting_) {
    const bool semi_like = is_semi_like();
    uint32_t count =
        lookup_.collect(semi_like ? matched_.data() : nullptr, semi_like && residual_ == nullptr,
                        pair_left_.data(), pair_right_.data());
    if (count != 0) {
      if (context.interrupt != nullptr) context.interrupt->check();
      return emit_matches(context, count);
    }
    collecting_ = false;
  }
  return finish_probe_chunk(context);
}

const Chunk* HashJoinOperator::emit_matches(ExecContext& context, uint32_t count) {
  const bool semi_like = is_semi_like();
  const uint32_t* kept = nullptr;
  uint32_t kept_count = count;
  if (residual_ != nullptr) {
    for (uint32_t c = 0; c < left_columns_; ++c) {
      joined_.columns[c].slice(probe_->columns[c], pair_left_.data(), count);
    }
    for (uint32_t c = 0; c < right_columns_; ++c) {
      table_.rows().gather(c, pair_right_.data(), count, joined_.columns[left_columns_ + c]);
    }
    joined_.size = count;
    kept_count = residual_->select(context, joined_, selection_.data());
    stats().join_filtered_rows += count - kept_count;
    if (kept_count != count) kept = selection_.data();
    if (kept_count == 0) return nullptr;
  }
  for (uint32_t i = 0; i < kept_count; ++i) {
    uint32_t pair = kept == nullptr ? i : kept[i];
    uint8_t& matched = matched_[pair_left_[pair]];
    if (mode_ == JoinMode::kSingle && matched != 0) throw_second_row();
    matched = 1;
    if (marks_right(mode_)) table_.set_flag(pair_right_[pair]);
  }
  if (semi_like || !outputs_left(mode_)) return nullptr;
  if (residual_ != nullptr) {
    if (kept == nullptr) return &joined_;
    output_.slice(joined_, kept, kept_count);
    return &output_;
  }
  for (uint32_t c = 0; c < left_columns_; ++c) {
    output_.columns[c].slice(probe_->columns[c], pair_left_.data(), count);
  }
  for (uint32_t c = 0; c < right_columns_; ++c) {
    table_.rows().gather(c, pair_right_.data(), count, output_.columns[left_columns_ + c]);
  }
  output_.size = count;
  return &output_;
}

const Chunk* HashJoinOperator::finish_probe_chunk(ExecContext& context) {
  const Chunk* result = nullptr;
  switch (mode_) {
    case JoinMode::kInner:
    case JoinMode::kRight:
    case JoinMode::kRightSemi:
    case JoinMode::kRightAnti:
      break;
    case JoinMode::kSemi:
      result = emit_left(true);
      break;
    case JoinMode::kAnti:
      result = emit_left(false);
      break;
    case JoinMode::kNullAwareAnti:
      for (uint32_t i = 0; i < probe_->size; ++i) {
        if (matched_[i] == 0 && is_unknown(context, i)) matched_[i] = 1;
      }
      result = emit_left(false);
      break;
    case JoinMode::kMark:
      result = emit_mark(context);
      break;
    case JoinMode::kLeft:
    case JoinMode::kFull:
    case JoinMode::kSingle:
      result = emit_left(false);
      if (result == nullptr) break;
      if (result == probe_) output_.size = probe_->size;
      for (uint32_t c = 0; c < left_columns_ && result == probe_; ++c) {
        output_.columns[c].reference(probe_->columns[c]);
      }
      for (uint32_t c = 0; c < right_columns_; ++c) {
        output_.columns[left_columns_ + c].set_constant_null();
      }
      result = &output_;
      break;
  }
  probe_ = nullptr;
  return result;
}

// The probe chunk's rows that were (not) matched, left columns only.
const Chunk* HashJoinOperator::emit_left(bool matched) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < probe_->size; ++i) {
    if ((matched_[i] != 0) == matched) selection_[count++] = i;
  }
  if (count == 0) return nullptr;
  if (count == probe_->size) return probe_;
  for (uint32_t c = 0; c < left_columns_; ++c) {
    output_.columns[c].slice(probe_->columns[c], selection_.data(), count);
  }
  output_.size = count;
  return &output_;
}

const Chunk* HashJoinOperator::emit_mark(ExecContext& context) {
  for (uint32_t c = 0; c < left_columns_; ++c) output_.columns[c].reference(probe_->columns[c]);
  Vector& mark = output_.columns[left_columns_];
  mark.begin_flat();
  for (uint32_t i = 0; i < probe_->size; ++i) {
    mark.mutable_data<bool>()[i] = matched_[i] != 0;
    if (matched_[i] == 0 && is_unknown(context, i)) mark.set_null(i);
  }
  output_.size = probe_->size;
  return &output_;
}

bool HashJoinOperator::is_unknown(ExecContext& context, uint32_t row) {
  if (!three_valued_ || build_->rows == 0) return false;
  if (simple_unknown_) return build_->has_null || key_columns_[0]->is_null(row);
  bool left_null = false;
  for (size_t k = 0; k < keys_.size(); ++k) {
    if (!key_columns_[k]->is_null(row)) continue;
    if (keys_[k].null_rule == NullRule::kNoMatch) return false;
    left_null |= keys_[k].null_rule == NullRule::kUnknown;
  }
  return (left_null || build_->has_null) && unknown_by_scan(context, row);
}

// Compares one probe row with every build row under three-valued logic.
bool HashJoinOperator::unknown_by_scan(ExecContext& context, uint32_t row) {
  RowCollection::Cursor cursor;
  const RowLayout& layout = table_.layout();
  while (uint32_t count = table_.rows().scan(cursor, pair_right_.data(), kVectorSize)) {
    if (context.interrupt != nullptr) context.interrupt->check();
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; ++i) {
      bool possible = true;
      for (uint32_t k = 0; possible && k < keys_.size(); ++k) {
        Value a = key_columns_[k]->value(row);
        Value b = layout.value(pair_right_[i], table_.key_column(k));
        if (a.is_null || b.is_null) {
          possible = keys_[k].null_rule == NullRule::kUnknown ||
                     (keys_[k].null_rule == NullRule::kMatchesNull && a.is_null && b.is_null);
        } else {
          possible = key_equal(key_types_[k], a.datum, b.datum);
        }
      }
      if (possible) pair_right_[kept++] = pair_right_[i];
    }
    if (kept == 0) continue;
    if (residual_ == nullptr) return true;
    pair_left_.assign(kVectorSize, row);
    for (uint32_t c = 0; c < left_columns_; ++c) {
      joined_.columns[c].slice(probe_->columns[c], pair_left_.data(), kept);
    }
    for (uint32_t c = 0; c < right_columns_; ++c) {
      table_.rows().gather(c, pair_right_.data(), kept, joined_.columns[left_columns_ + c]);
    }
    joined_.size = kept;
    if (residual_->select(context, joined_, selection_.data()) != 0) return true;
  }
  return false;
}

const Chunk* HashJoinOperator::emit_build() {
  const bool wanted = mode_ == JoinMode::kRightSemi;
  const uint32_t left_columns = outputs_left(mode_) ? left_columns_ : 0;
  while (uint32_t count = table_.rows().scan(cursor_, pair_right_.data(), kVectorSize)) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (table_.has_flag(pair_right_[i]) == wanted) pair_right_[kept++] = pair_right_[i];
    }
    if (kept == 0) continue;
    for (uint32_t c = 0; c < left_columns; ++c) output_.columns[c].set_constant_null();
    for (uint32_t c = 0; c < right_columns_; ++c) {
      table_.rows().gather(c, pair_right_.data(), kept, output_.columns[left_columns + c]);
    }
    output_.size = kept;
    return &output_;
  }
  return nullptr;
}

}  // namespace luma
