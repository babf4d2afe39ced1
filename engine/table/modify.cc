#include "engine/table/modify.h"

#include "engine/base/sql_error.h"
#include "engine/columnar/columnar_rows.h"
#include "engine/exec/chunk_builder.h"
#include "engine/exec/chunk_store.h"
#include "engine/table/attribute_chunk.h"
#include "engine/table/constraint_queue.h"
#include "engine/table/row_assignment.h"
#include "engine/table/row_check.h"
#include "engine/table/row_lock.h"
#include "engine/table/row_targets.h"
#include "engine/table/row_writer.h"

namespace luma {

namespace {

std::vector<PhysicalType> types_of(const std::vector<const Expr*>& expressions) {
  std::vector<PhysicalType> types;
  for (const Expr* expr : expressions) types.push_back(expr->physical);
  return types;
}

std::vector<bool> arbiters_of(const ModifySpec& spec) {
  std::vector<bool> arbiters;
  for (const IndexDesc& index : spec.table->indexes) {
    const auto& named = spec.conflict->indexes;
    bool arbiter = index.unique && (named.empty() || std::find(named.begin(), named.end(),
                                                               index.oid) != named.end());
    if (arbiter && index.deferrable) {
      throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                      "ON CONFLICT does not support deferrable unique constraints/exclusion "
                      "constraints as arbiters")
          .table(spec.table->schema_name, spec.table->name)
          .constraint(index.name);
    }
    arbiters.push_back(arbiter);
  }
  return arbiters;
}

// ON CONFLICT DO UPDATE of one existing row.
struct ConflictUpdate {
  explicit ConflictUpdate(const ModifySpec& spec)
      : assignments(make_evaluators(spec.conflict->assignments, 1)),
        check(*spec.table, spec.generated,
              spec.conflict->new_checks.empty() ? spec.checks : spec.conflict->new_checks, 1),
        old_check(*spec.table, {}, spec.conflict->old_checks, 1),
        writer(spec.table, updated_columns(*spec.table, spec.conflict->assignments, spec.generated),
               1),
        stored(*spec.table, writer.layout(), live_attributes(*spec.table), 1),
        rows(make_row_views(*spec.table)) {
    if (spec.conflict->where != nullptr) where.emplace(*spec.conflict->where, 1);
    has_old_checks = !spec.conflict->old_checks.empty();
    std::vector<PhysicalType> types = attribute_types(*spec.table);
    types.insert(types.end(), types.begin(), types.begin() + static_cast<ptrdiff_t>(types.size()));
    pair.init(types, 1);
  }
  // False when WHERE leaves the row alone. The row is locked.
  bool run(ExecContext& context, std::string_view key, std::string_view row, const Chunk& proposed,
           uint32_t number) {
    size_t count = rows.columns.size();
    proposed_row = number;
    stored.begin();
    stored.add(row);
    for (size_t i = 0; i < count; ++i) {
      pair.columns[i].reference(stored.chunk().columns[i]);
      pair.columns[count + i].slice(proposed.columns[i], &proposed_row, 1);
    }
    pair.size = 1;
    uint32_t passed;
    if (has_old_checks) old_check.check(context, stored.chunk());
    if (where && where->select(context, pair, &passed) == 0) return false;
    assign(context, assignments, pair, &stored.chunk(), rows);
    rows.size = 1;
    check.compute_generated(context, rows);
    check.check(context, rows);
    writer.bind_old(stored.chunk());
    writer.bind_new(rows);
    writer.update(0, key);
    return true;
  }

  Evaluators assignments;
  std::optional<ExprEvaluator> where;
  RowCheck check;
  RowCheck old_check;  // of the row that is there
  bool has_old_checks = false;
  RowWriter writer;
  AttributeChunk stored;
  Chunk rows;                 // the updated row
  Chunk pair;                 // stored and proposed row
  uint32_t proposed_row = 0;  // `pair` refers to it
};

// Everything whose size depends on how many rows come at once.
struct Batch {
  Batch(const ModifySpec& spec, const std::vector<PhysicalType>& child_types, uint32_t room)
      : capacity(room),
        assignments(make_evaluators(spec.assignments, room)),
        check(*spec.table, spec.generated, spec.checks, room),
        writer(spec.table,
               spec.action == ModifyAction::kUpdate
                   ? updated_columns(*spec.table, spec.assignments, spec.generated)
                   : std::vector<bool>(),
               room),
        rows(make_row_views(*spec.table)) {
    if (spec.action == ModifyAction::kUpdate) {
      targets.emplace(spec, writer.layout(), child_types, live_attributes(*spec.table),
                      writer.update_lock_mode(), room);
    } else if (spec.action == ModifyAction::kDelete) {
      targets.emplace(
          spec, writer.layout(), child_types,
          spec.returning.empty() ? writer.columns_for_remove() : live_attributes(*spec.table),
          RowLockMode::kUpdate, room);
    }
    if (spec.returning.empty()) return;
    for (const Expr* expr : spec.returning) returning.emplace_back(*expr, room);
    std::vector<PhysicalType> types = child_types;
    for (PhysicalType type : attribute_types(*spec.table)) types.push_back(type);
    returning_input.init(types, 1);
    returned.init(types_of(spec.returning), 1);
  }

  uint32_t capacity;
  Evaluators assignments;
  RowCheck check;
  RowWriter writer;
  std::optional<RowTargets> targets;
  Chunk rows;  // new rows
  std::vector<ExprEvaluator> returning;
  Chunk returning_input, returned;
};

}  // namespace

struct ModifyOperator::State {
  State(OperatorPtr source, ModifySpec what)
      : child(std::move(source)),
        spec(std::move(what)),
        rows(*spec.table),
        results(types_of(spec.returning)) {
    if (spec.conflict != nullptr) arbiters = arbiters_of(spec);
    for (size_t i = 0; i < arbiters.size(); ++i) {
      arbiter_entries = arbiter_entries || (arbiters[i] && !spec.table->indexes[i].clustered);
    }
    one_input.init(child->output_types(), 1);
  }

  void begin(ExecContext& context);
  void reserve(ExecContext& context, uint32_t rows);
  void run(ExecContext& context);
  void insert(ExecContext& context, const Chunk& input);
  void insert_or_resolve(ExecContext& context, const Chunk& input, uint32_t row);
  void resolve_invisible(ExecContext& context, std::string_view key);
  bool update_conflicting(ExecContext& context, const Chunk& input, uint32_t row);
  void update(ExecContext& context, const Chunk& input);
  void remove(ExecContext& context, const Chunk& input);
  void keep_returned(ExecContext& context, const Chunk& input, const Chunk& rows);
  const Chunk* next_result();
  void clear_results();

  OperatorPtr child;
  ModifySpec spec;
  StoredRows rows;
  std::vector<bool> arbiters;    // by index
  bool arbiter_entries = false;  // some are not the rows' own keys
  std::unique_ptr<Batch> batch;
  std::unique_ptr<ConflictUpdate> conflict_update;
  ConstraintQueue own_queue;
  ConstraintQueue* queue = nullptr;  // the statement's, or our own
  WriteBuffer::Mark mark = 0;
  Chunk one_input, one_row;
  std::string conflicting_key, still_conflicting_key;
  KvValue conflicting_row;
  bool done = false;
  // Rows for RETURNING: the first chunk is kept apart, usually it is the only one.
  Chunk first;
  uint32_t first_capacity = 0;
  ChunkStore results;
  ChunkStore::Cursor cursor;
  Chunk output;
};

void ModifyOperator::State::begin(ExecContext& context) {
  mark = context.transaction->current_statement().mark;
  queue = context.constraints;
  if (queue == nullptr) {
    queue = &own_queue;
    own_queue.begin(context);
  }
  if (batch) batch->writer.begin(context, *queue);
  if (conflict_update) conflict_update->writer.begin(context, *queue);
  clear_results();
  done = false;
}

void ModifyOperator::State::clear_results() {
  results.clear();
  cursor = {};
  first.size = 0;
}

void ModifyOperator::State::reserve(ExecContext& context, uint32_t rows) {
  if (batch && rows <= batch->capacity) return;
  batch = std::make_unique<Batch>(spec, child->output_types(), rows == 1 ? 1 : kVectorSize);
  batch->writer.begin(context, *queue);
}

void ModifyOperator::State::run(ExecContext& context) {
  while (const Chunk* input = child->next(context)) {
    reserve(context, input->size);
    switch (spec.action) {
      case ModifyAction::kInsert:
        insert(context, *input);
        break;
      case ModifyAction::kUpdate:
        update(context, *input);
        break;
      case ModifyAction::kDelete:
        remove(context, *input);
        break;
    }
  }
  if (batch) batch->writer.finish();
  if (queue == &own_queue) own_queue.run();
}

void ModifyOperator::State::insert(ExecContext& context, const Chunk& input) {
  assign(context, batch->assignments, input, nullptr, batch->rows);
  batch->rows.size = input.size;
  batch->check.compute_generated(context, batch->rows);
  batch->writer.bind_new(batch->rows);
  try {
    batch->check.check(context, batch->rows);
  } catch (const SqlError&) {
    // The rows before it would have come first, perhaps with an error of their own.
    if (spec.conflict == nullptr) {
      for (uint32_t row = 0; row < batch->check.failed_row(); ++row) batch->writer.insert(row);
    }
    throw;
  }
  if (spec.conflict != nullptr) {
    for (uint32_t row = 0; row < input.size; ++row) insert_or_resolve(context, input, row);
    return;
  }
  if (!batch->writer.insert_all()) {
    for (uint32_t row = 0; row < input.size; ++row) batch->writer.insert(row);
  }
  if (spec.counts_rows) context.rows_affected += input.size;
  keep_returned(context, input, batch->rows);
}

void ModifyOperator::State::insert_or_resolve(ExecContext& context, const Chunk& input,
                                              uint32_t row) {
  while (!batch->writer.insert_unless_conflict(row, arbiters, conflicting_key)) {
    if (!spec.conflict->update) return resolve_invisible(context, conflicting_key);
    if (update_conflicting(context, input, row)) return;
    if (context.interrupt != nullptr) context.interrupt->check();
  }
  if (spec.counts_rows) ++context.rows_affected;
  if (spec.returning.empty()) return;
  one_input.slice(input, &row, 1);
  if (one_row.columns.empty()) one_row = make_row_views(*spec.table);
  one_row.slice(batch->rows, &row, 1);
  keep_returned(context, one_input, one_row);
}

// DO NOTHING because of a row that the snapshot does not show would break REPEATABLE READ.
void ModifyOperator::State::resolve_invisible(ExecContext& context, std::string_view key) {
  Transaction& txn = *context.transaction;
  if (!txn.keeps_snapshot()) return;
  if (!rows.get(txn, key, &conflicting_row, ReadView::kOwn)) {
    refuse_change_since_snapshot(txn, false);
  }
  conflicting_row.reset();
}

// False when the conflict has gone away: try to insert again.
bool ModifyOperator::State::update_conflicting(ExecContext& context, const Chunk& input,
                                               uint32_t row) {
  Transaction& txn = *context.transaction;
  if (written_since(txn, conflicting_key, mark)) {
    throw sql_error(SqlState::kCardinalityViolation,
                    "ON CONFLICT DO UPDATE command cannot affect row a second time")
        .hint(
            "Ensure that no rows proposed for insertion within the same command have duplicate "
            "constrained values.");
  }
  if (!conflict_update) {
    conflict_update = std::make_unique<ConflictUpdate>(spec);
    conflict_update->writer.begin(context, *queue);
  }
  lock_key(context, *spec.table, conflicting_key, conflict_update->writer.update_lock_mode());
  // The row may have lost the key before we had the lock.
  if (arbiter_entries && (!batch->writer.find_conflict(row, arbiters, still_conflicting_key) ||
                          still_conflicting_key != conflicting_key)) {
    return false;
  }
  rows.check_unchanged_since_snapshot(txn, conflicting_key);
  if (!rows.get(txn, conflicting_key, &conflicting_row, ReadView::kLatest)) {
    return false;
  }
  bool updated =
      conflict_update->run(context, conflicting_key, conflicting_row.view(), batch->rows, row);
  conflicting_row.reset();
  if (!updated) return true;
  if (spec.counts_rows) ++context.rows_affected;
  if (spec.returning.empty()) return true;
  one_input.slice(input, &row, 1);
  keep_returned(context, one_input, conflict_update->rows);
  return true;
}

void ModifyOperator::State::update(ExecContext& context, const Chunk& input) {
  RowTargets& targets = *batch->targets;
  targets.lock(context, input, mark);
  if (targets.size() == 0) return;
  assign(context, batch->assignments, targets.input(), &targets.stored(), batch->rows);
  batch->rows.size = targets.size();
  batch->check.compute_generated(context, batch->rows);
  batch->check.check(context, batch->rows);
  batch->writer.bind_old(targets.stored());
  batch->writer.bind_new(batch->rows);
  for (uint32_t row = 0; row < targets.size(); ++row) batch->writer.update(row, targets.key(row));
  if (spec.counts_rows) context.rows_affected += targets.size();
  keep_returned(context, targets.input(), batch->rows);
}

void ModifyOperator::State::remove(ExecContext& context, const Chunk& input) {
  RowTargets& targets = *batch->targets;
  targets.lock(context, input, mark);
  if (targets.size() == 0) return;
  batch->writer.bind_old(targets.stored());
  for (uint32_t row = 0; row < targets.size(); ++row) batch->writer.remove(row, targets.key(row));
  if (spec.counts_rows) context.rows_affected += targets.size();
  keep_returned(context, targets.input(), targets.stored());
}

void ModifyOperator::State::keep_returned(ExecContext& context, const Chunk& input,
                                          const Chunk& rows) {
  if (spec.returning.empty()) return;
  Chunk& all = batch->returning_input;
  size_t child_columns = input.columns.size();
  for (size_t i = 0; i < child_columns; ++i) all.columns[i].reference(input.columns[i]);
  for (size_t i = 0; i < rows.columns.size(); ++i) {
    all.columns[child_columns + i].reference(rows.columns[i]);
  }
  all.size = input.size;
  Chunk& returned = batch->returned;
  for (size_t i = 0; i < batch->returning.size(); ++i) {
    returned.columns[i].reference(batch->returning[i].evaluate(context, all));
  }
  returned.size = input.size;
  if (results.row_count() == 0) {
    if (first.size == 0 && first_capacity < batch->capacity) {
      first_capacity = batch->capacity;
      first.init(types_of(spec.returning), first_capacity);
    }
    if (first.size + returned.size <= first_capacity) {
      if (first.size == 0) first.begin();
      append_rows(first, returned, 0, returned.size);
      return;
    }
    if (first.size > 0) results.append(context, first);
  }
  results.append(context, returned);
}

const Chunk* ModifyOperator::State::next_result() {
  if (results.row_count() == 0) {
    if (first.size == 0 || cursor.row() != 0 || output.size != 0) return nullptr;
    if (output.columns.empty()) output.init(types_of(spec.returning), 1);
    output.reference(first);
    return &output;
  }
  if (output.columns.empty() || output.columns[0].capacity() < kVectorSize) {
    output.init(types_of(spec.returning), kVectorSize);
  }
  output.begin();
  return results.read(cursor, output) ? &output : nullptr;
}

ModifyOperator::ModifyOperator(OperatorPtr child, ModifySpec spec)
    : Operator(types_of(spec.returning)),
      state_(std::make_unique<State>(std::move(child), std::move(spec))) {
  switch (state_->spec.action) {
    case ModifyAction::kInsert:
      explain.node_type = "Insert";
      break;
    case ModifyAction::kUpdate:
      explain.node_type = "Update";
      break;
    case ModifyAction::kDelete:
      explain.node_type = "Delete";
      break;
  }
}

ModifyOperator::~ModifyOperator() = default;

std::vector<Operator*> ModifyOperator::children() { return {state_->child.get()}; }

void ModifyOperator::do_open(ExecContext& context) {
  state_->child->open(context);
  state_->begin(context);
  state_->output.size = 0;
}

const Chunk* ModifyOperator::do_next(ExecContext& context) {
  State& state = *state_;
  if (!state.done) {
    state.run(context);
    state.done = true;
  }
  if (state.spec.returning.empty()) return nullptr;
  return state.next_result();
}

void ModifyOperator::do_close(ExecContext& context) {
  state_->child->close(context);
  if (state_->batch) state_->batch->writer.abandon();
  state_->clear_results();
  state_->done = true;
}

}  // namespace luma
