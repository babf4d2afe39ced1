#include "engine/table/instead_of.h"

#include "engine/exec/chunk_store.h"
#include "engine/table/attribute_chunk.h"
#include "engine/table/constraint_queue.h"
#include "engine/table/row_assignment.h"
#include "engine/table/trigger_firing.h"

namespace luma {
namespace {

std::vector<PhysicalType> types_of(const std::vector<const Expr*>& expressions) {
  std::vector<PhysicalType> types;
  for (const Expr* expr : expressions) types.push_back(expr->physical);
  return types;
}

TriggerEvent event_of(ModifyAction action) {
  return action == ModifyAction::kInsert   ? TriggerEvent::kInsert
         : action == ModifyAction::kUpdate ? TriggerEvent::kUpdate
                                           : TriggerEvent::kDelete;
}

}  // namespace

struct InsteadOfOperator::State {
  State(OperatorPtr source, ModifySpec what)
      : child(std::move(source)),
        spec(std::move(what)),
        event(event_of(spec.action)),
        assignments(make_evaluators(spec.assignments, 1)),
        firing(spec.table,
               updated_columns(*spec.table, spec.assignments, std::vector<const Expr*>())),
        old_row(make_row_views(*spec.table)),
        rows(make_row_views(*spec.table)),
        results(types_of(spec.returning)) {
    one.init(child->output_types(), 1);
    for (const Expr* expr : spec.returning) returning.emplace_back(*expr, 1);
    std::vector<PhysicalType> types = child->output_types();
    for (PhysicalType type : attribute_types(*spec.table)) types.push_back(type);
    returning_input.init(types, 1);
    returned.init(types_of(spec.returning), 1);
    output.init(types_of(spec.returning));
  }

  void run(ExecContext& context);
  void change(ExecContext& context);
  void keep_returned(ExecContext& context, const Chunk& row);

  OperatorPtr child;
  ModifySpec spec;
  TriggerEvent event;
  Evaluators assignments;
  TriggerFiring firing;
  ConstraintQueue own_queue;
  ConstraintQueue* queue = nullptr;  // the statement's, or our own
  Chunk one;                         // the child's row at hand
  Chunk old_row, rows;
  std::vector<ExprEvaluator> returning;
  Chunk returning_input, returned;
  ChunkStore results;
  ChunkStore::Cursor cursor;
  Chunk output;
  bool done = true;
};

void InsteadOfOperator::State::run(ExecContext& context) {
  firing.before_statement(event);
  while (const Chunk* input = child->next(context)) {
    for (uint32_t row = 0; row < input->size; ++row) {
      if (context.interrupt != nullptr) context.interrupt->check();
      one.slice(*input, &row, 1);
      change(context);
    }
  }
  firing.after_statement(event);
  if (queue == &own_queue) own_queue.run();
}

void InsteadOfOperator::State::change(ExecContext& context) {
  const Chunk* old = nullptr;
  if (spec.action != ModifyAction::kInsert) {
    for (size_t i = 0; i < spec.old_slots.size(); ++i) {
      if (spec.old_slots[i] < 0) continue;
      old_row.columns[i].reference(one.columns[static_cast<size_t>(spec.old_slots[i])]);
    }
    old_row.size = 1;
    old = &old_row;
  }
  Chunk* fresh = nullptr;
  if (spec.action != ModifyAction::kDelete) {
    assign(context, assignments, one, old, rows);
    rows.size = 1;
    fresh = &rows;
  }
  if (!firing.instead_of_row(event, old, fresh)) return;
  if (spec.counts_rows) ++context.rows_affected;
  keep_returned(context, fresh != nullptr ? *fresh : *old);
}

void InsteadOfOperator::State::keep_returned(ExecContext& context, const Chunk& row) {
  if (spec.returning.empty()) return;
  size_t child_columns = one.columns.size();
  for (size_t i = 0; i < child_columns; ++i) returning_input.columns[i].reference(one.columns[i]);
  for (size_t i = 0; i < row.columns.size(); ++i) {
    returning_input.columns[child_columns + i].reference(row.columns[i]);
  }
  returning_input.size = 1;
  for (size_t i = 0; i < returning.size(); ++i) {
    returned.columns[i].reference(returning[i].evaluate(context, returning_input));
  }
  returned.size = 1;
  results.append(context, returned);
}

InsteadOfOperator::InsteadOfOperator(OperatorPtr child, ModifySpec spec)
    : Operator(types_of(spec.returning)),
      state_(std::make_unique<State>(std::move(child), std::move(spec))) {}

InsteadOfOperator::~InsteadOfOperator() = default;

std::vector<Operator*> InsteadOfOperator::children() { return {state_->child.get()}; }

void InsteadOfOperator::do_open(ExecContext& context) {
  State& state = *state_;
  state.child->open(context);
  state.queue = context.constraints;
  if (state.queue == nullptr) {
    state.queue = &state.own_queue;
    state.own_queue.begin(context);
  }
  state.firing.begin(context, *state.queue);
  state.results.clear();
  state.cursor = {};
  state.done = false;
}

const Chunk* InsteadOfOperator::do_next(ExecContext& context) {
  State& state = *state_;
  if (!state.done) {
    state.run(context);
    state.done = true;
  }
  if (state.spec.returning.empty()) return nullptr;
  state.output.begin();
  return state.results.read(state.cursor, state.output) ? &state.output : nullptr;
}

void InsteadOfOperator::do_close(ExecContext& context) {
  state_->child->close(context);
  state_->results.clear();
  state_->cursor = {};
  state_->done = true;
}

}  // namespace luma
