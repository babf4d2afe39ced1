#include "engine/columnar/columnar_rows.h"
#include "engine/table/modify.h"
#include "engine/table/row_lock.h"
#include "engine/table/row_targets.h"

namespace luma {

namespace {

RowLockMode lock_mode(LockStrength strength) {
  switch (strength) {
    case LockStrength::kForKeyShare:
      return RowLockMode::kKeyShare;
    case LockStrength::kForShare:
      return RowLockMode::kShare;
    case LockStrength::kForNoKeyUpdate:
      return RowLockMode::kNoKeyUpdate;
    case LockStrength::kForUpdate:
      break;
  }
  return RowLockMode::kUpdate;
}

LockWait lock_wait(LockWaitPolicy policy) {
  switch (policy) {
    case LockWaitPolicy::kSkipLocked:
      return LockWait::kSkipLocked;
    case LockWaitPolicy::kNoWait:
      return LockWait::kNoWait;
    case LockWaitPolicy::kBlock:
      break;
  }
  return LockWait::kWait;
}

}  // namespace

struct LockRowsOperator::State {
  State(OperatorPtr source, std::vector<LockTarget> what, std::vector<LockStep> again)
      : child(std::move(source)), targets(std::move(what)), steps(std::move(again)) {
    for (const LockStep& step : steps) evaluators.emplace_back(*step.expr, 1);
    for (const LockTarget& target : targets) {
      layouts.emplace_back(*target.table);
      rows.emplace_back(*target.table);
    }
    output.init(child->output_types(), 1);
    patched.init(child->output_types(), 1);
  }

  bool lock_row(ExecContext& context, uint32_t row);
  bool passes_again(ExecContext& context);

  OperatorPtr child;
  std::vector<LockTarget> targets;
  std::vector<LockStep> steps;
  std::vector<ExprEvaluator> evaluators;  // of the steps
  std::vector<StoredLayout> layouts;
  std::vector<StoredRows> rows;
  const Chunk* input = nullptr;
  uint32_t next_row = 0;
  uint32_t selected_row = 0;  // `output` refers to it
  Chunk output, patched;
  KvValue latest;
};

// Locks what row `row` of the input consists of. False when it drops out; otherwise `output` is it.
bool LockRowsOperator::State::lock_row(ExecContext& context, uint32_t row) {
  Transaction& txn = *context.transaction;
  bool changed = false;
  selected_row = row;
  output.slice(*input, &selected_row, 1);
  for (size_t i = 0; i < targets.size(); ++i) {
    const LockTarget& target = targets[i];
    auto keys = input->columns[target.row_key_slot].unified<StringRef>();
    if (!keys.valid(row)) continue;  // the empty side of an outer join
    if (target.table_oid_slot >= 0 &&
        input->columns[static_cast<size_t>(target.table_oid_slot)].value(row).datum.oid() !=
            target.table->oid) {
      continue;
    }
    RowVersion version = row_version(keys[row]);
    LockOutcome outcome = lock_key(context, *target.table, version.key, lock_mode(target.strength),
                                   lock_wait(target.wait));
    if (outcome == LockOutcome::kSkipped) return false;
    if (!rows[i].get(txn, version.key, &latest, ReadView::kLatest)) {
      refuse_change_since_snapshot(txn, false);  // so says SELECT FOR UPDATE of removed rows, too
      refuse_removal_since_snapshot(txn, version);
      return false;
    }
    if (Transaction::timestamp_of(latest.view()) == version.commit_ts) continue;
    refuse_change_since_snapshot(txn, false);
    if (!changed) copy_for_patching(patched, output);
    changed = true;
    patch_row(patched, 0, layouts[i], latest.view(), target.slots);
  }
  if (!changed) return true;
  if (!passes_again(context)) return false;
  output.reference(patched);
  return true;
}

bool LockRowsOperator::State::passes_again(ExecContext& context) {
  for (size_t i = 0; i < steps.size(); ++i) {
    const LockStep& step = steps[i];
    if (step.slot >= 0) {
      Value value = evaluators[i].evaluate(context, patched).value(0);
      patched.columns[static_cast<size_t>(step.slot)].set_value(0, value);
      continue;
    }
    uint32_t passed;
    if (evaluators[i].select(context, patched, &passed) == 1) continue;
    if (step.filters) return false;
    for (uint32_t slot : step.absent) patched.columns[slot].set_value(0, Value::null());
  }
  return true;
}

LockRowsOperator::LockRowsOperator(OperatorPtr child, std::vector<LockTarget> targets,
                                   std::vector<LockStep> steps)
    : Operator(child->output_types()),
      state_(std::make_unique<State>(std::move(child), std::move(targets), std::move(steps))) {
  explain.node_type = "LockRows";
}

LockRowsOperator::~LockRowsOperator() = default;

std::vector<Operator*> LockRowsOperator::children() { return {state_->child.get()}; }

void LockRowsOperator::do_open(ExecContext& context) {
  state_->child->open(context);
  state_->input = nullptr;
  state_->next_row = 0;
}

// One row at a time: a LIMIT above must not lock rows that it does not return.
const Chunk* LockRowsOperator::do_next(ExecContext& context) {
  State& state = *state_;
  while (true) {
    if (state.input == nullptr || state.next_row == state.input->size) {
      state.next_row = 0;
      state.input = state.child->next(context);
      if (state.input == nullptr) return nullptr;
    }
    while (state.next_row < state.input->size) {
      if (context.interrupt != nullptr) context.interrupt->check();
      bool locked = state.lock_row(context, state.next_row++);
      state.latest.reset();
      if (locked) return &state.output;
    }
  }
}

void LockRowsOperator::do_close(ExecContext& context) {
  state_->child->close(context);
  state_->input = nullptr;
}

}  // namespace luma
