#include "engine/table/constraint_queue.h"

#include <algorithm>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/table/attribute_chunk.h"
#include "engine/table/constraint_errors.h"
#include "engine/table/deferred_checks.h"
#include "engine/table/exclusion_check.h"
#include "engine/table/foreign_key_move.h"
#include "engine/table/row_check.h"
#include "engine/table/row_lock.h"
#include "engine/table/row_writer.h"
#include "engine/table/trigger_firing.h"
#include "engine/txn/txn_iterator.h"

namespace luma {

void OwnedValues::add(const Value& value, PhysicalType physical) {
  Value& copy = values_.emplace_back(value);
  if (value.is_null || physical != PhysicalType::kVarlen || value.datum.str.is_inline()) return;
  std::string_view text = value.datum.str.view();
  std::shared_ptr<char[]> bytes(new char[text.size()]);
  std::memcpy(bytes.get(), text.data(), text.size());
  copy.datum.str = StringRef(bytes.get(), static_cast<uint32_t>(text.size()));
  long_strings_.push_back(std::move(bytes));
}

namespace {

OwnedValues own(const TableDesc& table, const std::vector<int32_t>& columns,
                std::span<const Value> values) {
  OwnedValues owned;
  for (size_t i = 0; i < values.size(); ++i) {
    owned.add(values[i], table.columns[static_cast<size_t>(columns[i])].physical);
  }
  return owned;
}

}  // namespace

// Carries out one foreign key's action on the referring table, row by row.
struct ForeignKeyAct {
  ForeignKeyAct(TableDescPtr child, const ForeignKeyDesc& foreign_key, bool deleted,
                std::vector<TypeRef> from)
      : key(foreign_key),
        action(deleted ? key.on_delete : key.on_update),
        set_columns(deleted && !key.set_columns.empty() ? key.set_columns : key.child_columns),
        parent_types(from),
        probe(child, foreign_key, std::move(from)),
        removes(deleted && action == ForeignKeyAction::kCascade),
        checks(table_checks(*child)),
        check(*child, child->generated, checks, 1),
        writer(child, updated_columns(*child), 1),
        stored(*child, probe.layout(), live_attributes(*child), 1),
        new_rows(attribute_types(*child), 1),
        mover(removes ? nullptr : ForeignKeyMover::make(child, foreign_key)) {
    if (!child->triggers.empty()) {
      std::vector<bool> set(child->columns.size(), false);
      for (int32_t column : set_columns) set[static_cast<size_t>(column)] = true;
      firing.emplace(child, columns_for_triggers(*child, std::move(set)));
    }
  }

  void begin_triggers(ExecContext& context, ConstraintQueue& queue) {
    if (firing) firing->begin(context, queue);
    auto* partitions = dynamic_cast<PartitionedTableResolver*>(context.tables);
    if (key.declared_table.empty() || partitions == nullptr) return;
    const TableDesc& child = *probe.table();
    TableDescPtr declared = partitions->table_of_key(child, key.oid);
    if (declared->triggers.empty()) return;
    std::vector<bool> set(declared->columns.size(), false);
    for (size_t i = 0; i < set.size(); ++i) {
      set[i] = std::ranges::any_of(set_columns, [&](int32_t column) {
        return child.columns[static_cast<size_t>(column)].name == declared->columns[i].name;
      });
    }
    declared_firing.emplace(declared, columns_for_triggers(*declared, std::move(set)));
    declared_firing->begin(context, queue);
  }
  TriggerFiring* statement_firing() {
    if (!key.declared_table.empty()) return declared_firing ? &*declared_firing : nullptr;
    return firing ? &*firing : nullptr;
  }

  TriggerEvent event() const { return removes ? TriggerEvent::kDelete : TriggerEvent::kUpdate; }

  std::vector<bool> updated_columns(const TableDesc& child) const {
    // A trigger may change any column.
    if (!removes && !child.triggers.empty()) return {};
    std::vector<bool> updated(child.columns.size(), false);
    if (removes) return updated;
    for (int32_t column : set_columns) updated[static_cast<size_t>(column)] = true;
    for (size_t i = 0; i < child.generated.size(); ++i) {
      if (child.generated[i] != nullptr) updated[i] = true;
    }
    return updated;
  }

  // New values of the child's columns, given the parent's (CASCADE of an update).
  void make_new_row(ExecContext& context, std::span<const Value> parent_values) {
    const TableDesc& child = *probe.table();
    new_rows.reference(stored.chunk());
    for (int32_t column : set_columns) {
      auto at = static_cast<size_t>(column);
      Value value;
      if (action == ForeignKeyAction::kCascade) {
        auto part = static_cast<size_t>(
            std::find(key.child_columns.begin(), key.child_columns.end(), column) -
            key.child_columns.begin());
        auto converted = convert_key_value(parent_values[part], parent_types[part],
                                           child.columns[at].type, arena);
        if (!converted) {
          throw sql_error(SqlState::kNumericValueOutOfRange, "{} out of range",
                          format_type(child.columns[at].type.oid));
        }
        value = *converted;
      } else if (action == ForeignKeyAction::kSetDefault) {
        const Expr* expr = mover != nullptr             ? mover->default_of(context, at)
                           : at < child.defaults.size() ? child.defaults[at]
                                                        : nullptr;
        if (expr != nullptr) value = copy_default(context, *expr);
      }
      new_rows.columns[at] = Vector(child.columns[at].physical, 1);
      new_rows.columns[at].set_constant(value);
    }
    new_rows.size = 1;
  }

  Value copy_default(ExecContext& context, const Expr& expr) {
    ExprEvaluator evaluator(expr, 1);
    Value value = evaluator.evaluate_scalar(context);
    if (value.is_null) return value;
    return copy_datum(value.datum, expr.physical, arena);
  }

  const ForeignKeyDesc& key;
  ForeignKeyAction action;
  const std::vector<int32_t>& set_columns;
  std::vector<TypeRef> parent_types;
  ChildProbe probe;
  bool removes;
  std::vector<CheckSpec> checks;
  RowCheck check;
  RowWriter writer;
  AttributeChunk stored;
  Chunk new_rows;
  std::optional<TriggerFiring> firing;
  // Statement triggers are those of the table that the key was declared for.
  std::optional<TriggerFiring> declared_firing;
  std::unique_ptr<ForeignKeyMover> mover;
  Arena arena;
  TableDescPtr parent;  // owns `key`
};

ConstraintQueue::ConstraintQueue() = default;
ConstraintQueue::~ConstraintQueue() = default;

void ConstraintQueue::begin(ExecContext& context, bool all_immediate) {
  context_ = &context;
  all_immediate_ = all_immediate;
  events_.clear();
  acts_.clear();
  changes_.clear();
  for (auto& parent : parents_) {
    parent->current = false;
    parent->last_key.clear();
    parent->seen.clear();
  }
}

void ConstraintQueue::end() {
  events_.clear();
  changes_.clear();
}

bool ConstraintQueue::deferred_now(Oid constraint, bool deferrable, bool initially_deferred) const {
  if (!deferrable || all_immediate_ || context_->deferred == nullptr) return false;
  return context_->deferred->is_deferred(constraint, deferrable, initially_deferred);
}

TableDescPtr ConstraintQueue::table(Oid oid) const {
  LUMA_CHECK(context_->tables != nullptr);
  return context_->tables->table(oid);
}

ConstraintQueue::Parent& ConstraintQueue::parent_of(const TableDescPtr& child, uint32_t key) {
  Parent* found = nullptr;
  for (auto& parent : parents_) {
    if (parent->child == child && parent->key == key) found = parent.get();
  }
  if (found == nullptr) {
    found = parents_.emplace_back(std::make_unique<Parent>()).get();
    found->child = child;
    found->key = key;
  }
  if (found->current) return *found;
  const ForeignKeyDesc& desc = child->foreign_keys[key];
  TableDescPtr parent = table(desc.parent_table);
  if (found->probe == nullptr || found->probe->table() != parent) {
    found->probe = std::make_unique<ParentProbe>(*context_->tables, parent, desc,
                                                 column_types(*child, desc.child_columns));
  }
  found->current = true;
  return *found;
}

void ConstraintQueue::add_child_check(const TableDescPtr& child, uint32_t key,
                                      std::span<const Value> values) {
  const ForeignKeyDesc& desc = child->foreign_keys[key];
  Parent& parent = parent_of(child, key);
  // One check serves all rows that refer to the same one.
  if (parent.probe->encode(values, key_)) {
    if (key_ == parent.last_key || !parent.seen.insert(key_).second) return;
    parent.last_key = key_;
  }
  ConstraintEvent event;
  event.kind = ConstraintEventKind::kChildCheck;
  event.table = child;
  event.constraint = key;
  event.values = own(*child, desc.child_columns, values);
  if (deferred_now(desc.oid, desc.deferrable, desc.initially_deferred)) {
    context_->deferred->add(std::move(event));
  } else {
    events_.push_back(std::move(event));
  }
}

void ConstraintQueue::add_parent_change(const TableDescPtr& parent, uint32_t key,
                                        std::span<const Value> old_values,
                                        std::span<const Value> new_values) {
  const ForeignKeyDesc& desc = parent->referenced_by[key];
  ConstraintEvent event;
  event.deleted = new_values.empty();
  ForeignKeyAction action = event.deleted ? desc.on_delete : desc.on_update;
  bool checks = action == ForeignKeyAction::kNoAction || action == ForeignKeyAction::kRestrict;
  event.kind = checks ? ConstraintEventKind::kParentCheck : ConstraintEventKind::kParentAction;
  event.table = parent;
  event.constraint = key;
  event.values = own(*parent, desc.parent_columns, old_values);
  event.new_values = own(*parent, desc.parent_columns, new_values);
  if (action == ForeignKeyAction::kNoAction &&
      deferred_now(desc.oid, desc.deferrable, desc.initially_deferred)) {
    context_->deferred->add(std::move(event));
  } else {
    events_.push_back(std::move(event));
  }
}

void ConstraintQueue::add_unique_check(const TableDescPtr& table, uint32_t index,
                                       std::string_view prefix, std::span<const Value> values) {
  const IndexDesc& desc = table->indexes[index];
  ConstraintEvent event;
  event.kind = ConstraintEventKind::kUniqueCheck;
  event.table = table;
  event.constraint = index;
  event.row_key.assign(prefix);
  for (size_t i = 0; i < values.size(); ++i) event.values.add(values[i], desc.keys[i].physical);
  if (deferred_now(desc.oid, desc.deferrable, desc.initially_deferred)) {
    context_->deferred->add(std::move(event));
  } else {
    events_.push_back(std::move(event));
  }
}

void ConstraintQueue::add_exclusion_check(const TableDescPtr& table, uint32_t index,
                                          std::string_view row_key) {
  const IndexDesc& desc = table->indexes[index];
  ConstraintEvent event;
  event.kind = ConstraintEventKind::kExclusionCheck;
  event.table = table;
  event.constraint = index;
  event.row_key.assign(row_key);
  if (deferred_now(desc.oid, desc.deferrable, desc.initially_deferred)) {
    context_->deferred->add(std::move(event));
  } else {
    events_.push_back(std::move(event));
  }
}

void ConstraintQueue::add_trigger(const TableDescPtr& table, uint32_t trigger,
                                  std::shared_ptr<const QueuedTrigger> call) {
  const TriggerDesc& desc = table->triggers[trigger];
  ConstraintEvent event;
  event.kind = ConstraintEventKind::kTrigger;
  event.table = table;
  event.constraint = trigger;
  event.trigger = std::move(call);
  if (deferred_now(desc.constraint, desc.deferrable, desc.initially_deferred)) {
    context_->deferred->add(std::move(event));
  } else {
    events_.push_back(std::move(event));
  }
}

ConstraintQueue::TableChanges& ConstraintQueue::changes_of(Oid table, TriggerEvent event) {
  for (TableChanges& changes : changes_) {
    if (changes.table == table && changes.event == event) return changes;
  }
  TableChanges& added = changes_.emplace_back();
  added.table = table;
  added.event = event;
  return added;
}

void ConstraintQueue::forget_statement_triggers(Oid table, TriggerEvent event) {
  std::erase_if(events_, [&](const ConstraintEvent& queued) {
    return queued.kind == ConstraintEventKind::kTrigger && queued.table->oid == table &&
           queued.trigger->event == event &&
           !queued.table->triggers[queued.constraint].for_each_row;
  });
}

void ConstraintQueue::run() {
  while (!events_.empty()) {
    ConstraintEvent event = std::move(events_.front());
    events_.pop_front();
    if (context_->interrupt != nullptr) context_->interrupt->check();
    switch (event.kind) {
      case ConstraintEventKind::kChildCheck:
        check_child(event);
        break;
      case ConstraintEventKind::kParentCheck:
        check_parent(event);
        break;
      case ConstraintEventKind::kParentAction:
        act(event);
        break;
      case ConstraintEventKind::kUniqueCheck:
        check_unique(event);
        break;
      case ConstraintEventKind::kExclusionCheck:
        check_exclusion(event);
        break;
      case ConstraintEventKind::kTrigger:
        fire_queued_trigger(*context_, event.table, event.table->triggers[event.constraint],
                            *event.trigger);
        break;
    }
  }
}

void ConstraintQueue::check_child(const ConstraintEvent& event) {
  const ForeignKeyDesc& key = event.table->foreign_keys[event.constraint];
  Parent& parent = parent_of(event.table, event.constraint);
  const auto& values = event.values.all();
  bool encoded = parent.probe->encode(values, key_);
  if (encoded && parent.probe->lock(*context_)) return;
  // The row that made us look may be gone by now, and another one may stand for it.
  ChildProbe probe(event.table, key, column_types(*event.table, key.child_columns));
  if (!probe.set_values(values) || !has_child(probe)) return;
  if (encoded && parent.probe->encode(values, key_)) {
    parent.probe->refuse_if_changed_since_snapshot(*context_);
  }
  throw missing_parent_error(*context_, *event.table, key, *parent.probe->table(), values);
}

bool ConstraintQueue::has_child(ChildProbe& probe) {
  probe.find(*context_, row_keys_);
  StoredRows rows(*probe.table());
  KvValue row;
  for (const std::string& row_key : row_keys_) {
    lock_key(*context_, *probe.table(), row_key, RowLockMode::kKeyShare);
    if (rows.get(*context_->transaction, row_key, &row, ReadView::kLatest) &&
        probe.refers(row.view())) {
      return true;
    }
  }
  return false;
}

void ConstraintQueue::check_parent(const ConstraintEvent& event) {
  const ForeignKeyDesc& key = event.table->referenced_by[event.constraint];
  const auto& values = event.values.all();
  std::vector<TypeRef> types = column_types(*event.table, key.parent_columns);
  ForeignKeyAction action = event.deleted ? key.on_delete : key.on_update;
  if (action != ForeignKeyAction::kRestrict) {
    // Another row may have taken over the key meanwhile.
    ParentProbe same(*context_->tables, event.table, key, types);
    if (same.encode(values, key_) && same.lock(*context_)) return;
  }
  TableDescPtr child = table(key.child_table);
  ChildProbe probe(child, key, std::move(types));
  if (!probe.set_values(values) || !has_child(probe)) return;
  throw still_referenced_error(*context_, *event.table, key, *child, values);
}

void ConstraintQueue::check_unique(const ConstraintEvent& event) {
  std::string end = event.row_key;
  make_prefix_end(end);
  auto at = context_->transaction->scan(KvFamily::kData, event.row_key, end, ReadView::kLatest);
  at->seek_first();
  if (!at->valid()) return;
  at->next();
  if (!at->valid()) return;
  throw unique_violation(*context_, *event.table, event.table->indexes[event.constraint],
                         event.values.all());
}

void ConstraintQueue::check_exclusion(const ConstraintEvent& event) {
  const IndexDesc& index = event.table->indexes[event.constraint];
  ExclusionCheck check(*event.table, index);
  OwnedValues values;
  auto conflict = check.find_of_stored(*context_, event.row_key, values);
  if (!conflict) return;
  throw exclusion_violation(*context_, *event.table, index, values.all(), conflict->values.all());
}

ForeignKeyAct& ConstraintQueue::act_of(const ConstraintEvent& event) {
  const ForeignKeyDesc& key = event.table->referenced_by[event.constraint];
  for (auto& act : acts_) {
    if (&act->key == &key &&
        act->removes == (event.deleted && key.on_delete == ForeignKeyAction::kCascade) &&
        act->action == (event.deleted ? key.on_delete : key.on_update)) {
      return *act;
    }
  }
  auto& act = acts_.emplace_back(std::make_unique<ForeignKeyAct>(
      table(key.child_table), key, event.deleted, column_types(*event.table, key.parent_columns)));
  act->parent = event.table;
  act->writer.begin(*context_, *this);
  act->begin_triggers(*context_, *this);
  return *act;
}

void ConstraintQueue::act(const ConstraintEvent& event) {
  ForeignKeyAct& act = act_of(event);
  act.arena.reset();
  if (!act.probe.set_values(event.values.all())) return;
  act.probe.find(*context_, row_keys_);
  Transaction& txn = *context_->transaction;
  StoredRows rows(*act.probe.table());
  RowLockMode mode = act.removes ? RowLockMode::kUpdate : act.writer.update_lock_mode();
  TriggerFiring* statement_firing = act.statement_firing();
  if (statement_firing != nullptr) statement_firing->before_statement(act.event());
  KvValue row;
  // Triggers may change the table meanwhile.
  std::vector<std::string> row_keys = row_keys_;
  for (const std::string& row_key : row_keys) {
    lock_key(*context_, *act.probe.table(), row_key, mode);
    rows.check_unchanged_since_snapshot(txn, row_key);
    if (!rows.get(txn, row_key, &row, ReadView::kLatest)) continue;
    if (!act.probe.refers(row.view())) continue;
    act_on_row(act, event, row_key, row.view());
  }
  if (statement_firing != nullptr) statement_firing->after_statement(act.event());
  // Rows that had the defaults before have not changed, and refer to what is gone.
  if (act.action == ForeignKeyAction::kSetDefault) check_parent(event);
}

// False when a trigger left the row alone.
bool ConstraintQueue::act_on_row(ForeignKeyAct& act, const ConstraintEvent& event,
                                 std::string_view row_key, std::string_view row) {
  act.stored.begin();
  act.stored.add(row);
  const Chunk& old_rows = act.stored.chunk();
  if (!act.removes) act.make_new_row(*context_, event.new_values.all());
  Chunk* new_rows = act.removes ? nullptr : &act.new_rows;
  if (act.firing && !act.firing->before_row(act.event(), &old_rows, new_rows)) return false;
  act.writer.bind_old(old_rows);
  if (act.removes) {
    act.writer.remove(0, row_key);
  } else {
    act.check.compute_generated(*context_, act.new_rows);
    if (act.mover != nullptr && act.mover->leaves(*context_, act.new_rows)) {
      return move_row(act, old_rows, row_key);
    }
    act.check.check(*context_, act.new_rows);
    act.writer.bind_new(act.new_rows);
    act.writer.update(0, row_key);
  }
  if (act.firing) act.firing->after_row(act.event(), &old_rows, new_rows, 0);
  return true;
}

bool ConstraintQueue::move_row(ForeignKeyAct& act, const Chunk& old_rows,
                               std::string_view row_key) {
  if (act.firing && !act.firing->before_row(TriggerEvent::kDelete, &old_rows, nullptr))
    return false;
  lock_key(*context_, *act.probe.table(), row_key, RowLockMode::kUpdate);
  act.writer.bind_new(act.new_rows);
  act.writer.move_away(0, row_key);
  if (act.firing && act.firing->wants_rows(TriggerEvent::kDelete)) {
    act.firing->after_row(TriggerEvent::kDelete, &old_rows, nullptr, 0);
  }
  act.mover->insert(*context_, *this, act.new_rows);
  return true;
}

}  // namespace luma
