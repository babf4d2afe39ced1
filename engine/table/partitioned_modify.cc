#include "engine/table/partitioned_modify.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "engine/base/sql_error.h"
#include "engine/exec/chunk_store.h"
#include "engine/table/attribute_chunk.h"
#include "engine/table/chunk_feed.h"
#include "engine/table/constraint_queue.h"
#include "engine/table/row_assignment.h"
#include "engine/table/trigger_firing.h"

namespace luma {
namespace {

// The modification of one leaf.
struct LeafChange {
  LeafChange(std::vector<PhysicalType> types, ModifySpec spec) {
    auto source = std::make_unique<ChunkFeed>(std::move(types));
    feed = source.get();
    change = std::make_unique<ModifyOperator>(std::move(source), std::move(spec));
  }
  void run(ExecContext& context, const Chunk& rows, ChunkStore& results) {
    feed->show(rows);
    change->open(context);
    while (const Chunk* returned = change->next(context)) results.append(context, *returned);
    change->close(context);
  }
  ChunkFeed* feed;
  std::unique_ptr<ModifyOperator> change;
};

constexpr TriggerEvent kEvents[] = {TriggerEvent::kInsert, TriggerEvent::kUpdate,
                                    TriggerEvent::kDelete};

}  // namespace

struct PartitionedModifyOperator::State final : RowMover {
  State(OperatorPtr source, PartitionedModifySpec what)
      : child(std::move(source)),
        spec(std::move(what)),
        results(spec.returning),
        changes(spec.leaves.size()),
        moves(spec.leaves.size()) {
    for (size_t i = 0; i < spec.leaves.size(); ++i) {
      leaf_of.emplace(spec.leaves[i].oid, static_cast<int32_t>(i));
    }
    child_types = child->output_types();
    extended_types = child_types;
    for (PhysicalType type : attribute_types(*spec.root)) extended_types.push_back(type);
    if (!spec.root->triggers.empty() && spec.fires_statement_triggers) {
      firing.emplace(spec.root, columns_for_triggers(*spec.root, spec.assigned));
    }
    slice.init(spec.action == ModifyAction::kInsert ? extended_types : child_types, 1);
    one_move.init(extended_types, 1);
  }

  void run(ExecContext& context) {
    TriggerEvent event = kEvents[static_cast<size_t>(spec.action)];
    if (firing) {
      firing->begin(context, *queue);
      firing->before_statement(event);
      if (spec.updates_on_conflict) firing->before_statement(TriggerEvent::kUpdate);
    }
    while (const Chunk* input = child->next(context)) {
      if (context.interrupt != nullptr) context.interrupt->check();
      spec.action == ModifyAction::kInsert ? insert_rows(context, *input)
                                           : change_rows(context, *input);
    }
    if (firing) {
      if (spec.updates_on_conflict) firing->after_statement(TriggerEvent::kUpdate);
      firing->after_statement(event);
    }
  }

  void reserve(uint32_t rows) {
    if (rows <= capacity) return;
    capacity = rows == 1 ? 1 : kVectorSize;
    if (spec.action == ModifyAction::kInsert) {
      values = make_evaluators(spec.row, capacity);
      root_rows = make_row_views(*spec.root);
      extended.init(extended_types, 1);
    }
    if (spec.route != nullptr) router.emplace(*spec.route, capacity);
  }

  void insert_rows(ExecContext& context, const Chunk& input) {
    reserve(input.size);
    assign(context, values, input, nullptr, root_rows);
    root_rows.size = input.size;
    size_t width = input.columns.size();
    for (size_t i = 0; i < width; ++i) extended.columns[i].reference(input.columns[i]);
    for (size_t i = 0; i < root_rows.columns.size(); ++i) {
      extended.columns[width + i].reference(root_rows.columns[i]);
    }
    extended.size = input.size;
    router->route(context, root_rows, leaves);
    for_each_leaf(extended, [&](int32_t leaf, const Chunk& rows) {
      change_of(changes, leaf, extended_types, spec.leaves[static_cast<size_t>(leaf)].change)
          .run(context, rows, results);
    });
  }

  void change_rows(ExecContext& context, const Chunk& input) {
    const Vector& oids = input.columns[spec.table_oid_slot];
    leaves.resize(input.size);
    for (uint32_t row = 0; row < input.size; ++row) {
      auto found = leaf_of.find(oids.value(row).datum.oid());
      LUMA_CHECK(found != leaf_of.end());
      leaves[row] = found->second;
    }
    for_each_leaf(input, [&](int32_t leaf, const Chunk& rows) {
      change_of(changes, leaf, child_types, spec.leaves[static_cast<size_t>(leaf)].change)
          .run(context, rows, results);
    });
  }

  // Rows in their order where it can be seen, otherwise leaf by leaf.
  template <typename Visit>
  void for_each_leaf(const Chunk& rows, const Visit& visit) {
    bool ordered = !spec.returning.empty() || firing.has_value() || rows.size < 16;
    if (std::all_of(leaves.begin(), leaves.end(), [&](int32_t l) { return l == leaves[0]; })) {
      return visit(leaves[0], rows);
    }
    std::vector<uint32_t> order(rows.size);
    for (uint32_t i = 0; i < rows.size; ++i) order[i] = i;
    std::vector<int32_t> found = leaves;
    if (!ordered) {
      std::ranges::stable_sort(order, {}, [&](uint32_t row) { return found[row]; });
    }
    for (uint32_t first = 0; first < rows.size;) {
      int32_t leaf = found[order[first]];
      uint32_t end = first + 1;
      while (end < rows.size && found[order[end]] == leaf) ++end;
      slice.slice(rows, order.data() + first, end - first);
      visit(leaf, slice);
      first = end;
    }
  }

  LeafChange& change_of(std::vector<std::unique_ptr<LeafChange>>& list, int32_t leaf,
                        const std::vector<PhysicalType>& types,
                        const std::function<ModifySpec()>& make) {
    auto& entry = list[static_cast<size_t>(leaf)];
    if (entry == nullptr) {
      ModifySpec made = make();
      if (spec.action == ModifyAction::kUpdate) {
        made.mover = this;
        current_leaf[made.table->oid] = leaf;
      }
      entry = std::make_unique<LeafChange>(types, std::move(made));
    }
    return *entry;
  }

  // A row that an UPDATE takes out of its leaf; comes one at a time.
  void insert(ExecContext& context, const TableDesc& from, const Chunk& input,
              const Chunk& rows) override {
    const auto& attributes =
        spec.leaves[static_cast<size_t>(current_leaf.at(from.oid))].root_attribute;
    size_t width = input.columns.size();
    for (size_t i = 0; i < width; ++i) one_move.columns[i].reference(input.columns[i]);
    for (size_t i = width; i < one_move.columns.size(); ++i) {
      one_move.columns[i].set_constant_null();
    }
    for (size_t i = 0; i < attributes.size(); ++i) {
      if (attributes[i] < 0) continue;
      one_move.columns[width + static_cast<size_t>(attributes[i])].reference(rows.columns[i]);
    }
    one_move.size = rows.size;
    if (moved_row.columns.empty()) moved_row = make_row_views(*spec.root);
    for (size_t i = 0; i < moved_row.columns.size(); ++i) {
      moved_row.columns[i].reference(one_move.columns[width + i]);
    }
    moved_row.size = rows.size;
    if (!move_router) move_router.emplace(*spec.route, 1);
    std::vector<int32_t> to;
    move_router->route(context, moved_row, to);
    change_of(moves, to[0], extended_types, spec.leaves[static_cast<size_t>(to[0])].insert_moved)
        .run(context, one_move, results);
  }

  OperatorPtr child;
  PartitionedModifySpec spec;
  ChunkStore results;
  std::vector<std::unique_ptr<LeafChange>> changes, moves;
  std::unordered_map<Oid, int32_t> leaf_of;
  std::unordered_map<Oid, int32_t> current_leaf;
  std::vector<PhysicalType> child_types, extended_types;
  uint32_t capacity = 0;
  Evaluators values;
  Chunk root_rows, extended, slice, one_move, moved_row;
  std::optional<PartitionRouter> router, move_router;
  std::vector<int32_t> leaves;
  std::optional<TriggerFiring> firing;
  ConstraintQueue own_queue;
  ConstraintQueue* queue = nullptr;
  bool done = true;
  ChunkStore::Cursor cursor;
  Chunk output;
};

PartitionedModifyOperator::PartitionedModifyOperator(OperatorPtr child, PartitionedModifySpec spec)
    : Operator(spec.returning), state_(std::make_unique<State>(std::move(child), std::move(spec))) {
  static constexpr const char* kNames[] = {"Insert", "Update", "Delete"};
  explain.node_type = kNames[static_cast<size_t>(state_->spec.action)];
}

PartitionedModifyOperator::~PartitionedModifyOperator() = default;

std::vector<Operator*> PartitionedModifyOperator::children() { return {state_->child.get()}; }

void PartitionedModifyOperator::do_open(ExecContext& context) {
  State& state = *state_;
  state.child->open(context);
  state.queue = context.constraints;
  if (state.queue == nullptr) {
    state.queue = &state.own_queue;
    state.own_queue.begin(context);
  }
  state.results.clear();
  state.own_queue.end();
  state.cursor = {};
  state.done = false;
}

const Chunk* PartitionedModifyOperator::do_next(ExecContext& context) {
  State& state = *state_;
  if (!state.done) {
    // The leaves' constraints are checked when all rows are in place.
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
    if (!state.spec.returning.empty()) state.output.init(state.spec.returning, kVectorSize);
  }
  if (state.spec.returning.empty()) return nullptr;
  state.output.begin();
  return state.results.read(state.cursor, state.output) ? &state.output : nullptr;
}

void PartitionedModifyOperator::do_close(ExecContext& context) {
  State& state = *state_;
  state.child->close(context);
  for (auto* list : {&state.changes, &state.moves}) {
    for (auto& entry : *list) {
      if (entry != nullptr) entry->change->close(context);
    }
  }
  state.results.clear();
  state.cursor = {};
  state.done = true;
}

}  // namespace luma
