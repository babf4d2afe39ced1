#include "engine/table/modify.h"

#include "engine/base/sql_error.h"
#include "engine/exec/chunk_builder.h"
#include "engine/table/modify_state.h"
#include "engine/table/row_lock.h"

namespace luma {

std::vector<bool> arbiters_of(const ModifySpec& spec) {
  std::vector<bool> arbiters;
  for (const IndexDesc& index : spec.table->indexes) {
    const auto& named = spec.conflict->indexes;
    bool arbiter =
        (index.unique || index.exclusion != nullptr) &&
        (named.empty() || std::find(named.begin(), named.end(), index.oid) != named.end());
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

void ModifyOperator::State::begin(ExecContext& context) {
  mark = context.transaction->current_statement().mark;
  queue = context.constraints;
  if (queue == nullptr) {
    queue = &own_queue;
    own_queue.begin(context);
  }
  if (batch) batch->writer.begin(context, *queue);
  if (conflict_update) conflict_update->writer.begin(context, *queue);
  if (firing) {
    static constexpr TriggerEvent kEvents[] = {TriggerEvent::kInsert, TriggerEvent::kUpdate,
                                               TriggerEvent::kDelete};
    TriggerEvent event = kEvents[static_cast<size_t>(spec.action)];
    firing->begin(context, *queue);
    fires_before_rows = firing->has_row_triggers(TriggerTiming::kBefore, event);
    fires_after_rows = firing->wants_rows(event);
    watch_targets();
  }
  clear_results();
  done = false;
}

void ModifyOperator::State::clear_results() {
  results.clear();
  cursor = {};
  first.size = 0;
}

// With triggers before rows PostgreSQL finds these rows when it gets them for the triggers, and
// says "updated" of any.
void ModifyOperator::State::watch_targets() {
  if (!firing || !batch || !batch->targets) return;
  bool deletes = spec.action == ModifyAction::kDelete && !fires_before_rows;
  batch->targets->watch(*firing, deletes ? "deleted" : "updated");
}

void ModifyOperator::State::reserve(ExecContext& context, uint32_t rows) {
  if (batch && rows <= batch->capacity) return;
  batch = std::make_unique<Batch>(spec, child->output_types(), rows == 1 ? 1 : kVectorSize);
  batch->writer.begin(context, *queue);
  watch_targets();
}

void ModifyOperator::State::run(ExecContext& context) {
  if (firing) fire_before_statement();
  while (const Chunk* input = child->next(context)) {
    reserve(context, input->size);
    if (!fires_before_rows) {
      modify(context, *input);
      continue;
    }
    for (uint32_t row = 0; row < input->size; ++row) {
      if (context.interrupt != nullptr) context.interrupt->check();
      single_input.slice(*input, &row, 1);
      modify(context, single_input);
    }
  }
  if (batch) batch->writer.finish();
  if (firing) fire_after_statement();
  if (queue == &own_queue) own_queue.run();
}

void ModifyOperator::State::modify(ExecContext& context, const Chunk& input) {
  switch (spec.action) {
    case ModifyAction::kInsert:
      return insert(context, input);
    case ModifyAction::kUpdate:
      return update(context, input);
    case ModifyAction::kDelete:
      return remove(context, input);
  }
}

void ModifyOperator::State::fire_before_statement() {
  if (spec.is_leaf) return;
  if (spec.action == ModifyAction::kInsert) firing->before_statement(TriggerEvent::kInsert);
  if (spec.action == ModifyAction::kUpdate || (spec.conflict != nullptr && spec.conflict->update)) {
    firing->before_statement(TriggerEvent::kUpdate);
  }
  if (spec.action == ModifyAction::kDelete) firing->before_statement(TriggerEvent::kDelete);
}

void ModifyOperator::State::fire_after_statement() {
  if (spec.is_leaf) return;
  if (spec.action == ModifyAction::kUpdate || (spec.conflict != nullptr && spec.conflict->update)) {
    firing->after_statement(TriggerEvent::kUpdate);
  }
  if (spec.action == ModifyAction::kInsert) firing->after_statement(TriggerEvent::kInsert);
  if (spec.action == ModifyAction::kDelete) firing->after_statement(TriggerEvent::kDelete);
}

void ModifyOperator::State::insert(ExecContext& context, const Chunk& input) {
  assign(context, batch->assignments, input, nullptr, batch->rows);
  batch->rows.size = input.size;
  if (fires_before_rows && !firing->before_row(TriggerEvent::kInsert, nullptr, &batch->rows))
    return;
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
  for (uint32_t row = 0; fires_after_rows && row < input.size; ++row) {
    queue_after_row(TriggerEvent::kInsert, nullptr, &batch->rows, row);
  }
  if (spec.counts_rows) context.rows_affected += input.size;
  keep_returned(context, input, batch->rows);
}

void ModifyOperator::State::insert_or_resolve(ExecContext& context, const Chunk& input,
                                              uint32_t row) {
  while (!batch->writer.insert_unless_conflict(row, arbiters, conflicting_key)) {
    if (!spec.conflict->update) {
      if (spec.is_leaf && wait_for_move(context, *spec.table, conflicting_key)) continue;
      return resolve_invisible(context, conflicting_key);
    }
    if (update_conflicting(context, input, row)) return;
    if (context.interrupt != nullptr) context.interrupt->check();
  }
  if (fires_after_rows) firing->after_row(TriggerEvent::kInsert, nullptr, &batch->rows, row);
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
  lock_key(context, *spec.table, conflicting_key, conflict_update->lock_mode);
  // The row may have lost the key before we had the lock.
  if (arbiter_entries && (!batch->writer.find_conflict(row, arbiters, still_conflicting_key) ||
                          still_conflicting_key != conflicting_key)) {
    return false;
  }
  if (!rows.get(txn, conflicting_key, &conflicting_row, ReadView::kLatest)) return false;
  if (txn.keeps_snapshot()) {
    rows.check_unchanged_since_snapshot(txn, conflicting_key);
    rows.get(txn, conflicting_key, &conflicting_row, ReadView::kLatest);
  }
  bool updated = conflict_update->run(context, firing ? &*firing : nullptr, conflicting_key,
                                      conflicting_row.view(), batch->rows, row);
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
  const bool is_assigned = batch->assigns_key && !fires_before_rows && choose_locks(context, input);
  targets.lock(
      context, input, mark,
      is_assigned ? std::span<const RowLockMode>(batch->modes) : std::span<const RowLockMode>());
  if (targets.size() == 0) return;
  if (!is_assigned || !targets.is_unchanged()) {
    assign(context, batch->assignments, targets.input(), &targets.stored(), batch->rows);
    batch->rows.size = targets.size();
  }
  if (fires_before_rows) {
    if (!firing->before_row(TriggerEvent::kUpdate, &targets.stored(), &batch->rows)) return;
    firing->refuse_row_written_by_trigger(targets.key(0), "updated");
  }
  batch->check.compute_generated(context, batch->rows);
  if (spec.mover != nullptr && any_row_leaves(context)) return update_and_move(context);
  batch->check.check(context, batch->rows);
  batch->writer.bind_old(targets.stored());
  batch->writer.bind_new(batch->rows);
  const bool key_may_change = (batch->assigns_key && !(is_assigned && targets.is_unchanged())) ||
                              (fires_before_rows && firing->row_was_changed());
  for (uint32_t row = 0; row < targets.size(); ++row) {
    if (key_may_change) batch->writer.lock_changed_key(row, targets.key(row), batch->lock_mode);
    batch->writer.update(row, targets.key(row));
    queue_after_row(TriggerEvent::kUpdate, &targets.stored(), &batch->rows, row);
  }
  if (spec.counts_rows) context.rows_affected += targets.size();
  keep_returned(context, targets.input(), batch->rows);
}

// An UPDATE that assigns keys: computes the new rows before any is locked, because those whose key
// changes are locked otherwise. False when the child does not have the whole rows: then the lock of
// those becomes a stronger one later.
bool ModifyOperator::State::choose_locks(ExecContext& context, const Chunk& input) {
  const Chunk* stored = batch->targets->stored_of(input);
  if (stored == nullptr) return false;
  assign(context, batch->assignments, input, stored, batch->rows);
  batch->rows.size = input.size;
  batch->check.compute_generated(context, batch->rows);
  batch->modes.resize(input.size);
  for (uint32_t row = 0; row < input.size; ++row) {
    batch->modes[row] = batch->writer.changes_key(*stored, batch->rows, row) ? RowLockMode::kUpdate
                                                                             : batch->lock_mode;
  }
  return true;
}

bool ModifyOperator::State::any_row_leaves(ExecContext& context) {
  if (!batch->bound) return false;
  batch->staying.resize(batch->rows.size);
  uint32_t staying = batch->bound->select(context, batch->rows, batch->staying.data());
  batch->staying.resize(staying);
  return staying < batch->rows.size;
}

// As in PostgreSQL, to leave is to be deleted here and inserted elsewhere.
void ModifyOperator::State::update_and_move(ExecContext& context) {
  RowTargets& targets = *batch->targets;
  if (one_row.columns.empty()) one_row = make_row_views(*spec.table);
  if (one_stored.columns.empty()) one_stored = make_row_views(*spec.table);
  for (uint32_t row = 0; row < targets.size(); ++row) {
    bool stays = std::ranges::binary_search(batch->staying, row);
    one_input.slice(targets.input(), &row, 1);
    one_row.slice(batch->rows, &row, 1);
    one_stored.slice(targets.stored(), &row, 1);
    batch->writer.bind_old(one_stored);
    if (stays) {
      batch->check.check(context, one_row);
      batch->writer.bind_new(one_row);
      if (batch->assigns_key || (fires_before_rows && firing->row_was_changed())) {
        batch->writer.lock_changed_key(0, targets.key(row), batch->lock_mode);
      }
      batch->writer.update(0, targets.key(row));
      queue_after_row(TriggerEvent::kUpdate, &one_stored, &one_row, 0);
      if (spec.counts_rows) ++context.rows_affected;
      keep_returned(context, one_input, one_row);
      continue;
    }
    if (firing && !firing->before_row(TriggerEvent::kDelete, &one_stored, nullptr)) continue;
    lock_key(context, *spec.table, targets.key(row), RowLockMode::kUpdate);
    batch->writer.bind_new(one_row);
    batch->writer.move_away(0, targets.key(row));
    if (firing && firing->wants_rows(TriggerEvent::kDelete)) {
      firing->after_row(TriggerEvent::kDelete, &one_stored, nullptr, 0);
    }
    spec.mover->insert(context, *spec.table, one_input, one_row);
  }
}

void ModifyOperator::State::remove(ExecContext& context, const Chunk& input) {
  RowTargets& targets = *batch->targets;
  targets.lock(context, input, mark);
  if (targets.size() == 0) return;
  if (fires_before_rows) {
    if (!firing->before_row(TriggerEvent::kDelete, &targets.stored(), nullptr)) return;
    firing->refuse_row_written_by_trigger(targets.key(0), "deleted");
  }
  batch->writer.bind_old(targets.stored());
  if (!fires_after_rows) batch->writer.remove_all(targets.keys(), targets.keys_are_staged());
  for (uint32_t row = 0; fires_after_rows && row < targets.size(); ++row) {
    batch->writer.remove(row, targets.key(row));
    queue_after_row(TriggerEvent::kDelete, &targets.stored(), nullptr, row);
  }
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
  state_->own_queue.end();
  state_->done = true;
}

}  // namespace luma
