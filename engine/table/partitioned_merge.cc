#include "engine/table/partitioned_merge.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "engine/base/sql_error.h"
#include "engine/columnar/columnar_rows.h"
#include "engine/table/chunk_feed.h"
#include "engine/table/constraint_queue.h"
#include "engine/table/row_lock.h"
#include "engine/table/row_targets.h"
#include "engine/table/trigger_firing.h"

namespace luma {
namespace {

struct Leaf {
  explicit Leaf(const PartitionedMergeSpec::Leaf& described)
      : spec(described), layout(*described.table), rows(*described.table) {}
  const PartitionedMergeSpec::Leaf& spec;
  StoredLayout layout;
  StoredRows rows;
};

struct Action {
  Action(const PartitionedMergeSpec& merge, const PartitionedMergeSpec::Action& described)
      : spec(described) {
    if (spec.condition != nullptr) condition.emplace(*spec.condition, 1);
    if (!merge.root->triggers.empty() && !spec.does_nothing) {
      firing.emplace(merge.root, columns_for_triggers(*merge.root, spec.assigned));
    }
  }
  TriggerEvent event() const {
    return spec.action == ModifyAction::kInsert   ? TriggerEvent::kInsert
           : spec.action == ModifyAction::kUpdate ? TriggerEvent::kUpdate
                                                  : TriggerEvent::kDelete;
  }
  void run(ExecContext& context, const Chunk& row) {
    if (change == nullptr) {
      auto source = std::make_unique<ChunkFeed>(row_types);
      feed = source.get();
      change = spec.make(std::move(source));
    }
    feed->show(row);
    change->open(context);
    while (change->next(context) != nullptr) {
    }
    change->close(context);
  }

  const PartitionedMergeSpec::Action& spec;
  std::vector<PhysicalType> row_types;
  std::optional<ExprEvaluator> condition;
  std::optional<TriggerFiring> firing;
  ChunkFeed* feed = nullptr;
  OperatorPtr change;
};

}  // namespace

struct PartitionedMergeOperator::State {
  State(OperatorPtr source, PartitionedMergeSpec what)
      : child(std::move(source)), spec(std::move(what)) {
    if (spec.recheck != nullptr) recheck.emplace(*spec.recheck, 1);
    for (const auto& described : spec.actions) {
      actions.push_back(std::make_unique<Action>(spec, described));
      actions.back()->row_types = child->output_types();
    }
    one.init(child->output_types(), 1);
    patched.init(child->output_types(), 1);
  }

  Leaf& leaf_of(Oid oid) {
    auto& entry = leaves[oid];
    for (const auto& described : spec.leaves) {
      if (entry == nullptr && described.table->oid == oid)
        entry = std::make_unique<Leaf>(described);
    }
    LUMA_CHECK(entry != nullptr);
    return *entry;
  }

  Action* choose(ExecContext& context, bool matched) {
    uint32_t passed;
    for (auto& action : actions) {
      if (action->spec.matched != matched) continue;
      if (!action->condition || action->condition->select(context, one, &passed) == 1) {
        return action.get();
      }
    }
    return nullptr;
  }

  void fire_before_statement() {
    for (TriggerEvent event :
         {TriggerEvent::kInsert, TriggerEvent::kUpdate, TriggerEvent::kDelete}) {
      for (auto& action : actions) {
        if (action->firing && action->event() == event) action->firing->before_statement(event);
      }
    }
  }
  void fire_after_statement() {
    for (TriggerEvent event :
         {TriggerEvent::kDelete, TriggerEvent::kUpdate, TriggerEvent::kInsert}) {
      for (auto& action : actions) {
        if (action->firing && action->event() == event) action->firing->after_statement(event);
      }
    }
  }

  void run(ExecContext& context) {
    fire_before_statement();
    while (const Chunk* input = child->next(context)) {
      for (uint32_t row = 0; row < input->size; ++row) merge(context, *input, row);
      if (context.interrupt != nullptr) context.interrupt->check();
    }
    fire_after_statement();
  }

  void merge(ExecContext& context, const Chunk& input, uint32_t row) {
    one.slice(input, &row, 1);
    auto keys = input.columns[spec.row_key_slot].unified<StringRef>();
    if (keys.valid(row)) {
      Oid oid = input.columns[spec.table_oid_slot].value(row).datum.oid();
      if (change_matching(context, leaf_of(oid), row_version(keys[row]))) return;
    }
    Action* action = choose(context, false);
    if (action != nullptr && !action->spec.does_nothing) action->run(context, one);
  }

  // False when the target row is gone, or no longer matches since somebody changed it.
  bool change_matching(ExecContext& context, Leaf& leaf, const RowVersion& target) {
    Transaction& txn = *context.transaction;
    uint64_t seen_ts = target.commit_ts;
    while (true) {
      Action* action = choose(context, true);
      if (action == nullptr || action->spec.does_nothing) return true;
      if (written_since(txn, target.key, mark)) {
        throw sql_error(SqlState::kCardinalityViolation,
                        "MERGE command cannot affect row a second time")
            .hint("Ensure that not more than one source row matches any one target row.");
      }
      lock_key(context, *leaf.spec.table, target.key,
               action->spec.action == ModifyAction::kDelete ? RowLockMode::kUpdate
                                                            : RowLockMode::kNoKeyUpdate);
      if (!leaf.rows.get(txn, target.key, &latest, ReadView::kLatest)) {
        refuse_removal_since_snapshot(txn, {target.key, seen_ts});
        return false;
      }
      uint64_t now_ts = Transaction::timestamp_of(latest.view());
      if (now_ts == seen_ts) {
        latest.reset();
        action->run(context, one);
        return true;
      }
      refuse_change_since_snapshot(txn, false);
      seen_ts = now_ts;
      if (!passes_again(context, leaf, target.key, now_ts)) return false;
    }
  }

  // Takes the row's latest version.
  bool passes_again(ExecContext& context, const Leaf& leaf, std::string_view key, uint64_t ts) {
    copy_for_patching(patched, one);
    patch_row(patched, 0, leaf.layout, latest.view(), leaf.spec.old_slots);
    stamped_key.assign(key);
    stamped_key.append(reinterpret_cast<const char*>(&ts), sizeof ts);
    patched.columns[spec.row_key_slot].set_value(0, Value(Datum::of_string(stamped_key)));
    latest.reset();
    one.reference(patched);
    uint32_t passed;
    return !recheck || recheck->select(context, one, &passed) == 1;
  }

  OperatorPtr child;
  PartitionedMergeSpec spec;
  std::vector<std::unique_ptr<Action>> actions;
  std::unordered_map<Oid, std::unique_ptr<Leaf>> leaves;
  std::optional<ExprEvaluator> recheck;
  ConstraintQueue own_queue;
  ConstraintQueue* queue = nullptr;  // the statement's, or our own
  WriteBuffer::Mark mark = 0;
  Chunk one;      // the row at hand
  Chunk patched;  // the same, with what others made of the target row
  std::string stamped_key;
  KvValue latest;
  bool done = true;
};

PartitionedMergeOperator::PartitionedMergeOperator(OperatorPtr child, PartitionedMergeSpec spec)
    : Operator(std::vector<PhysicalType>()),
      state_(std::make_unique<State>(std::move(child), std::move(spec))) {
  explain.node_type = "Merge";
}

PartitionedMergeOperator::~PartitionedMergeOperator() = default;

std::vector<Operator*> PartitionedMergeOperator::children() { return {state_->child.get()}; }

void PartitionedMergeOperator::do_open(ExecContext& context) {
  State& state = *state_;
  state.child->open(context);
  state.mark = context.transaction->current_statement().mark;
  state.queue = context.constraints;
  if (state.queue == nullptr) {
    state.queue = &state.own_queue;
    state.own_queue.begin(context);
  }
  for (auto& action : state.actions) {
    if (action->firing) action->firing->begin(context, *state.queue);
  }
  state.done = false;
}

const Chunk* PartitionedMergeOperator::do_next(ExecContext& context) {
  State& state = *state_;
  if (state.done) return nullptr;
  // Constraints are checked when all rows are in place.
  ConstraintQueue* outer = std::exchange(context.constraints, state.queue);
  try {
    state.run(context);
  } catch (...) {
    context.constraints = outer;
    throw;
  }
  context.constraints = outer;
  if (state.queue == &state.own_queue) state.own_queue.run();
  state.done = true;
  return nullptr;
}

void PartitionedMergeOperator::do_close(ExecContext& context) {
  State& state = *state_;
  state.child->close(context);
  for (auto& action : state.actions) {
    if (action->change != nullptr) action->change->close(context);
  }
  state.latest.reset();
  state.own_queue.end();
  state.done = true;
}

}  // namespace luma
