#pragma once
// Private to ModifyOperator: what it keeps between calls.
#include "engine/columnar/columnar_rows.h"
#include "engine/exec/chunk_store.h"
#include "engine/table/attribute_chunk.h"
#include "engine/table/constraint_queue.h"
#include "engine/table/modify.h"
#include "engine/table/row_assignment.h"
#include "engine/table/row_check.h"
#include "engine/table/row_targets.h"
#include "engine/table/row_writer.h"
#include "engine/table/trigger_firing.h"

namespace luma {

inline std::vector<PhysicalType> types_of(const std::vector<const Expr*>& expressions) {
  std::vector<PhysicalType> types;
  for (const Expr* expr : expressions) types.push_back(expr->physical);
  return types;
}

// By index: whether it decides that a row conflicts. 55000 for deferrable ones.
std::vector<bool> arbiters_of(const ModifySpec& spec);

// ON CONFLICT DO UPDATE of one existing row.
struct ConflictUpdate {
  explicit ConflictUpdate(const ModifySpec& spec)
      : assignments(make_evaluators(spec.conflict->assignments, 1)),
        check(*spec.table, spec.generated,
              spec.conflict->new_checks.empty() ? spec.checks : spec.conflict->new_checks, 1),
        old_check(*spec.table, {}, spec.conflict->old_checks, 1),
        writer(spec.table,
               columns_to_write(*spec.table, spec.conflict->assignments, spec.generated), 1),
        lock_mode(writer.lock_mode_for(
            updated_columns(*spec.table, spec.conflict->assignments, spec.generated))),
        stored(*spec.table, writer.layout(), live_attributes(*spec.table), 1),
        rows(make_row_views(*spec.table)) {
    check.show_only(spec.shown);
    if (spec.conflict->where != nullptr) where.emplace(*spec.conflict->where, 1);
    has_old_checks = !spec.conflict->old_checks.empty();
    std::vector<PhysicalType> types = attribute_types(*spec.table);
    types.insert(types.end(), types.begin(), types.begin() + static_cast<ptrdiff_t>(types.size()));
    pair.init(types, 1);
  }
  // False when WHERE or a trigger leaves the row alone. The row is locked.
  bool run(ExecContext& context, TriggerFiring* firing, std::string_view key, std::string_view row,
           const Chunk& proposed, uint32_t number) {
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
    if (firing != nullptr) {
      if (!firing->before_row(TriggerEvent::kUpdate, &stored.chunk(), &rows)) return false;
      firing->refuse_row_written_by_trigger(key, "updated");
    }
    check.compute_generated(context, rows);
    check.check(context, rows);
    writer.bind_old(stored.chunk());
    writer.bind_new(rows);
    if (firing != nullptr && firing->row_was_changed()) writer.lock_changed_key(0, key, lock_mode);
    writer.update(0, key);
    if (firing != nullptr) firing->after_row(TriggerEvent::kUpdate, &stored.chunk(), &rows, 0);
    return true;
  }

  Evaluators assignments;
  std::optional<ExprEvaluator> where;
  RowCheck check;
  RowCheck old_check;  // of the row that is there
  bool has_old_checks = false;
  RowWriter writer;
  RowLockMode lock_mode;
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
                   ? columns_to_write(*spec.table, spec.assignments, spec.generated)
                   : std::vector<bool>(),
               room),
        rows(make_row_views(*spec.table)) {
    check.show_only(spec.shown);
    if (spec.action == ModifyAction::kUpdate) {
      // Whether a row's key changes is known when its new values are.
      assigns_key = writer.lock_mode_for(updated_columns(*spec.table, spec.assignments,
                                                         spec.generated)) == RowLockMode::kUpdate;
      // Triggers before rows must not see a row whose lock becomes a stronger one later.
      const bool before_rows = std::ranges::any_of(spec.table->triggers, [](const auto& trigger) {
        return trigger.for_each_row && trigger.timing == TriggerTiming::kBefore &&
               trigger.events[static_cast<size_t>(TriggerEvent::kUpdate)];
      });
      lock_mode = assigns_key && before_rows ? RowLockMode::kUpdate : RowLockMode::kNoKeyUpdate;
      targets.emplace(spec, writer.layout(), child_types, live_attributes(*spec.table), lock_mode,
                      room);
    } else if (spec.action == ModifyAction::kDelete) {
      targets.emplace(
          spec, writer.layout(), child_types,
          attributes_to_change(*spec.table, ModifyAction::kDelete, !spec.returning.empty()),
          RowLockMode::kUpdate, room);
    }
    if (spec.bound != nullptr) bound.emplace(*spec.bound, room);
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
  RowLockMode lock_mode = RowLockMode::kUpdate;
  bool assigns_key = false;
  std::vector<RowLockMode> modes;  // by row of the input
  std::optional<RowTargets> targets;
  Chunk rows;  // new rows
  // Of a leaf of a partitioned table: which new rows stay in it.
  std::optional<ExprEvaluator> bound;
  std::vector<uint32_t> staying;
  std::vector<ExprEvaluator> returning;
  Chunk returning_input, returned;
};

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
    if (!spec.table->triggers.empty()) {
      single_input.init(child->output_types(), 1);
      firing.emplace(spec.table, columns_for_triggers(*spec.table, assigned_columns()));
    }
  }

  // Those that the statement names.
  std::vector<bool> assigned_columns() const {
    static const std::vector<const Expr*> kNone;
    const bool resolves = spec.conflict != nullptr && spec.conflict->update;
    return updated_columns(*spec.table, resolves ? spec.conflict->assignments : spec.assignments,
                           kNone);
  }

  void begin(ExecContext& context);
  void reserve(ExecContext& context, uint32_t rows);
  void run(ExecContext& context);
  void modify(ExecContext& context, const Chunk& input);
  void watch_targets();
  void fire_before_statement();
  void fire_after_statement();
  // Behind what the row's own writing has queued, foreign keys.
  void queue_after_row(TriggerEvent event, const Chunk* old_rows, const Chunk* new_rows,
                       uint32_t row) {
    if (fires_after_rows) firing->after_row(event, old_rows, new_rows, row);
  }
  void insert(ExecContext& context, const Chunk& input);
  void insert_or_resolve(ExecContext& context, const Chunk& input, uint32_t row);
  void resolve_invisible(ExecContext& context, std::string_view key);
  bool update_conflicting(ExecContext& context, const Chunk& input, uint32_t row);
  void update(ExecContext& context, const Chunk& input);
  bool choose_locks(ExecContext& context, const Chunk& input);
  bool any_row_leaves(ExecContext& context);
  void update_and_move(ExecContext& context);
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
  Chunk one_input, one_row, one_stored;
  // Triggers of the table; none when it has none.
  std::optional<TriggerFiring> firing;
  bool fires_before_rows = false, fires_after_rows = false;
  Chunk single_input;  // a row at a time, when triggers look at each before it is written
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

}  // namespace luma
