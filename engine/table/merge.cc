#include "engine/table/merge.h"

#include "engine/base/sql_error.h"
#include "engine/columnar/columnar_rows.h"
#include "engine/table/attribute_chunk.h"
#include "engine/table/constraint_queue.h"
#include "engine/table/row_assignment.h"
#include "engine/table/row_check.h"
#include "engine/table/row_lock.h"
#include "engine/table/row_targets.h"
#include "engine/table/row_writer.h"
#include "engine/table/trigger_firing.h"

namespace luma {
namespace {

// One WHEN clause, a row at a time.
struct Action {
  Action(const ModifySpec& spec, const MergeActionSpec& what)
      : what(what),
        assignments(make_evaluators(what.assignments, 1)),
        check(*spec.table, spec.generated, spec.checks, 1),
        writer(spec.table,
               what.action == ModifyAction::kUpdate
                   ? columns_to_write(*spec.table, what.assignments, spec.generated)
                   : std::vector<bool>(),
               1),
        stored(*spec.table, writer.layout(), attributes_to_change(*spec.table, what.action, false),
               1),
        rows(make_row_views(*spec.table)) {
    if (what.condition != nullptr) condition.emplace(*what.condition, 1);
    if (what.action == ModifyAction::kUpdate) {
      lock_mode =
          writer.lock_mode_for(updated_columns(*spec.table, what.assignments, spec.generated));
    }
    if (!spec.table->triggers.empty() && !what.does_nothing) {
      static const std::vector<const Expr*> kNone;
      firing.emplace(
          spec.table,
          columns_for_triggers(*spec.table, updated_columns(*spec.table, what.assignments, kNone)));
    }
  }

  TriggerEvent event() const {
    return what.action == ModifyAction::kInsert   ? TriggerEvent::kInsert
           : what.action == ModifyAction::kUpdate ? TriggerEvent::kUpdate
                                                  : TriggerEvent::kDelete;
  }

  bool applies(ExecContext& context, const Chunk& row) {
    uint32_t passed;
    return !condition || condition->select(context, row, &passed) == 1;
  }
  // False when a trigger leaves the row alone.
  bool make_row(ExecContext& context, const Chunk& input, const Chunk* old) {
    assign(context, assignments, input, old, rows);
    rows.size = 1;
    if (firing && !firing->before_row(event(), old, &rows)) return false;
    check.compute_generated(context, rows);
    check.check(context, rows);
    writer.bind_new(rows);
    return true;
  }
  // Both: false when a trigger leaves the row alone.
  bool insert(ExecContext& context, const Chunk& input) {
    if (!make_row(context, input, nullptr)) return false;
    writer.insert(0);
    if (firing) firing->after_row(event(), nullptr, &rows, 0);
    return true;
  }
  bool change(ExecContext& context, const Chunk& input, std::string_view key,
              std::string_view row) {
    stored.begin();
    if (!stored.reads_nothing()) stored.add(row);
    const Chunk& old = stored.chunk();
    writer.bind_old(old);
    if (what.action == ModifyAction::kDelete) {
      if (firing && !firing->before_row(event(), &old, nullptr)) return false;
      if (firing) firing->refuse_row_written_by_trigger(key, "deleted");
      writer.remove(0, key);
      if (firing) firing->after_row(event(), &old, nullptr, 0);
      return true;
    }
    if (!make_row(context, input, &old)) return false;
    if (firing) firing->refuse_row_written_by_trigger(key, "updated");
    if (firing && firing->row_was_changed()) writer.lock_changed_key(0, key, lock_mode);
    writer.update(0, key);
    if (firing) firing->after_row(event(), &old, &rows, 0);
    return true;
  }

  const MergeActionSpec& what;
  std::optional<ExprEvaluator> condition;
  Evaluators assignments;
  RowCheck check;
  RowWriter writer;
  RowLockMode lock_mode = RowLockMode::kUpdate;
  AttributeChunk stored;
  Chunk rows;
  std::optional<TriggerFiring> firing;
};

}  // namespace

struct MergeOperator::State {
  State(OperatorPtr source, ModifySpec modify, std::vector<MergeActionSpec> specs)
      : child(std::move(source)),
        spec(std::move(modify)),
        rows(*spec.table),
        action_specs(std::move(specs)) {
    if (spec.recheck != nullptr) recheck.emplace(*spec.recheck, 1);
    for (const MergeActionSpec& what : action_specs) {
      actions.push_back(std::make_unique<Action>(spec, what));
    }
    one.init(child->output_types(), 1);
    patched.init(child->output_types(), 1);
  }

  void begin(ExecContext& context);
  void run(ExecContext& context);
  void fire_before_statement();
  void fire_after_statement();
  void merge(ExecContext& context, const Chunk& input, uint32_t row);
  bool change_matching(ExecContext& context, const RowVersion& target);
  bool passes_again(ExecContext& context, std::string_view latest);
  Action* choose(ExecContext& context, bool matched);
  void count(ExecContext& context) {
    if (spec.counts_rows) ++context.rows_affected;
  }

  OperatorPtr child;
  ModifySpec spec;
  StoredRows rows;
  std::vector<MergeActionSpec> action_specs;
  std::vector<std::unique_ptr<Action>> actions;
  std::optional<ExprEvaluator> recheck;
  ConstraintQueue own_queue;
  ConstraintQueue* queue = nullptr;  // the statement's, or our own
  WriteBuffer::Mark mark = 0;
  Chunk one;      // the row at hand
  Chunk patched;  // the same, with what others made of the target row
  KvValue latest;
  bool done = true;
};

void MergeOperator::State::begin(ExecContext& context) {
  mark = context.transaction->current_statement().mark;
  queue = context.constraints;
  if (queue == nullptr) {
    queue = &own_queue;
    own_queue.begin(context);
  }
  for (auto& action : actions) {
    action->writer.begin(context, *queue);
    if (action->firing) action->firing->begin(context, *queue);
  }
  done = false;
}

void MergeOperator::State::fire_before_statement() {
  for (TriggerEvent event : {TriggerEvent::kInsert, TriggerEvent::kUpdate, TriggerEvent::kDelete}) {
    for (auto& action : actions) {
      if (action->firing && action->event() == event) action->firing->before_statement(event);
    }
  }
}

void MergeOperator::State::fire_after_statement() {
  for (TriggerEvent event : {TriggerEvent::kDelete, TriggerEvent::kUpdate, TriggerEvent::kInsert}) {
    for (auto& action : actions) {
      if (action->firing && action->event() == event) action->firing->after_statement(event);
    }
  }
}

void MergeOperator::State::run(ExecContext& context) {
  fire_before_statement();
  while (const Chunk* input = child->next(context)) {
    for (uint32_t row = 0; row < input->size; ++row) merge(context, *input, row);
    if (context.interrupt != nullptr) context.interrupt->check();
  }
  for (auto& action : actions) action->writer.finish();
  fire_after_statement();
  if (queue == &own_queue) own_queue.run();
}

Action* MergeOperator::State::choose(ExecContext& context, bool matched) {
  for (auto& action : actions) {
    if (action->what.matched == matched && action->applies(context, one)) return action.get();
  }
  return nullptr;
}

void MergeOperator::State::merge(ExecContext& context, const Chunk& input, uint32_t row) {
  one.slice(input, &row, 1);
  auto keys = input.columns[spec.row_key_slot].unified<StringRef>();
  if (keys.valid(row) && change_matching(context, row_version(keys[row]))) return;
  Action* action = choose(context, false);
  if (action == nullptr || action->what.does_nothing) return;
  if (action->insert(context, one)) count(context);
}

// False when the target row is gone, or no longer matches since somebody changed it.
bool MergeOperator::State::change_matching(ExecContext& context, const RowVersion& target) {
  Transaction& txn = *context.transaction;
  uint64_t seen_ts = target.commit_ts;
  while (true) {
    Action* action = choose(context, true);
    if (action == nullptr || action->what.does_nothing) return true;
    if (written_since(txn, target.key, mark)) {
      if (action->firing) {
        action->firing->refuse_row_written_by_trigger(
            target.key, action->what.action == ModifyAction::kUpdate ? "updated" : "deleted");
      }
      throw sql_error(SqlState::kCardinalityViolation,
                      "MERGE command cannot affect row a second time")
          .hint("Ensure that not more than one source row matches any one target row.");
    }
    lock_key(context, *spec.table, target.key, action->lock_mode);
    if (!rows.get(txn, target.key, &latest, ReadView::kLatest)) {
      refuse_removal_since_snapshot(txn, target);
      return false;
    }
    uint64_t now_ts = Transaction::timestamp_of(latest.view());
    if (now_ts != seen_ts) {
      refuse_change_since_snapshot(txn, false);
      seen_ts = now_ts;
      if (!passes_again(context, latest.view())) return false;
      continue;
    }
    bool changed = action->change(context, one, target.key, latest.view());
    latest.reset();
    if (changed) count(context);
    return true;
  }
}

bool MergeOperator::State::passes_again(ExecContext& context, std::string_view row) {
  copy_for_patching(patched, one);
  patch_row(patched, 0, actions[0]->writer.layout(), row, spec.old_slots);
  one.reference(patched);
  uint32_t passed;
  return !recheck || recheck->select(context, one, &passed) == 1;
}

MergeOperator::MergeOperator(OperatorPtr child, ModifySpec spec,
                             std::vector<MergeActionSpec> actions)
    : Operator(std::vector<PhysicalType>()),
      state_(std::make_unique<State>(std::move(child), std::move(spec), std::move(actions))) {
  explain.node_type = "Merge";
}

MergeOperator::~MergeOperator() = default;

std::vector<Operator*> MergeOperator::children() { return {state_->child.get()}; }

void MergeOperator::do_open(ExecContext& context) {
  state_->child->open(context);
  state_->begin(context);
}

const Chunk* MergeOperator::do_next(ExecContext& context) {
  if (!state_->done) {
    state_->run(context);
    state_->done = true;
  }
  return nullptr;
}

void MergeOperator::do_close(ExecContext& context) {
  state_->child->close(context);
  for (auto& action : state_->actions) action->writer.abandon();
  state_->latest.reset();
  state_->own_queue.end();
  state_->done = true;
}

}  // namespace luma
