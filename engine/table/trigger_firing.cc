#include "engine/table/trigger_firing.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/base/would_block.h"
#include "engine/table/attribute_chunk.h"
#include "engine/txn/transaction.h"

namespace luma {
namespace {

bool reads_any(const Expr& expr, const std::vector<bool>& columns) {
  if (expr.kind == ExprKind::kSlot && expr.index < columns.size() && columns[expr.index]) {
    return true;
  }
  bool any = false;
  for_each_child(expr, [&](const Expr* child) { any = any || reads_any(*child, columns); });
  return any;
}

std::vector<PhysicalType> pair_types(const TableDesc& table) {
  std::vector<PhysicalType> types = attribute_types(table);
  types.insert(types.end(), types.begin(), types.begin() + static_cast<ptrdiff_t>(types.size()));
  return types;
}

void read_values(const Chunk& rows, std::vector<Value>& values) {
  values.clear();
  for (const Vector& column : rows.columns) values.push_back(column.value(0));
}

void read_values(const TableDesc& table, const StoredLayout& layout, std::string_view row,
                 std::vector<Value>& values) {
  StoredRow stored(layout, row);
  values.clear();
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    values.push_back(table.columns[i].dropped ? Value::null() : stored.value(i));
  }
}

}  // namespace

std::vector<bool> columns_for_triggers(const TableDesc& table, std::vector<bool> assigned) {
  std::vector<bool> updated = assigned;
  for (size_t i = 0; i < table.generated.size(); ++i) {
    if (table.generated[i] != nullptr) updated[i] = reads_any(*table.generated[i], assigned);
  }
  return updated;
}

bool trigger_is_enabled(char enabled, const ExecContext& context) {
  if (enabled == 'A') return true;
  return enabled == (context.replays_changes ? 'R' : 'O');
}

TriggerFiring::TriggerFiring(TableDescPtr table, std::vector<bool> updated)
    : table_(std::move(table)), updated_(std::move(updated)), layout_(*table_) {
  for (const TriggerDesc& desc : table_->triggers) {
    Trigger& added = triggers_.emplace_back();
    added.desc = &desc;
    if (desc.when != nullptr) added.when.emplace(*desc.when, 1);
  }
  pair_.init(pair_types(*table_), 1);
  one_old_.init(attribute_types(*table_), 1);
  one_new_.init(attribute_types(*table_), 1);
}

void TriggerFiring::begin(ExecContext& context, ConstraintQueue& queue) {
  if (context.inline_mode) throw WouldBlock{};
  context_ = &context;
  queue_ = &queue;
  written_.clear();
}

bool TriggerFiring::concerns(const TriggerDesc& trigger, TriggerEvent event) const {
  if (!trigger.events[static_cast<size_t>(event)]) return false;
  if (!trigger_is_enabled(trigger.enabled, *context_)) return false;
  if (event != TriggerEvent::kUpdate || trigger.columns.empty()) return true;
  return std::ranges::any_of(trigger.columns,
                             [&](int32_t column) { return updated_[static_cast<size_t>(column)]; });
}

bool TriggerFiring::has_row_triggers(TriggerTiming timing, TriggerEvent event) const {
  return std::ranges::any_of(table_->triggers, [&](const TriggerDesc& trigger) {
    return trigger.for_each_row && trigger.timing == timing && concerns(trigger, event);
  });
}

bool TriggerFiring::wants_rows(TriggerEvent event) const {
  return std::ranges::any_of(table_->triggers, [&](const TriggerDesc& trigger) {
    if (trigger.timing != TriggerTiming::kAfter || !concerns(trigger, event)) return false;
    return trigger.for_each_row || !trigger.old_table.empty() || !trigger.new_table.empty();
  });
}

bool TriggerFiring::passes_when(Trigger& trigger, const Chunk* old_row, const Chunk* new_row) {
  if (!trigger.when) return true;
  size_t width = table_->columns.size();
  auto put = [&](size_t first, const Chunk* row) {
    for (size_t i = 0; i < width; ++i) {
      if (row != nullptr) {
        pair_.columns[first + i].reference(row->columns[i]);
      } else {
        pair_.columns[first + i].set_constant_null();
      }
    }
  };
  put(0, old_row);
  put(width, new_row);
  pair_.size = 1;
  uint32_t passed;
  return trigger.when->select(*context_, pair_, &passed) == 1;
}

TriggerResult TriggerFiring::call(const TriggerCall& call, Arena& arena) {
  LUMA_CHECK(context_->triggers != nullptr);
  WriteBuffer::Mark before = context_->transaction->buffer().mark();
  TriggerResult result = context_->triggers->call(*context_, call, arena);
  WriteBuffer::Mark after = context_->transaction->buffer().mark();
  if (after != before) written_.emplace_back(before, after);
  return result;
}

void TriggerFiring::refuse_row_written_by_trigger(std::string_view key,
                                                  std::string_view verb) const {
  if (written_.empty()) return;
  const WriteBuffer& buffer = context_->transaction->buffer();
  const BufferedOp* op = buffer.find(KvFamily::kData, key, buffer.mark());
  if (op == nullptr) return;
  auto number = static_cast<WriteBuffer::Mark>(op - buffer.ops().data());
  bool nested = std::ranges::any_of(written_, [&](const auto& stretch) {
    return number >= stretch.first && number < stretch.second;
  });
  if (!nested) return;
  throw sql_error(SqlState::kTriggeredDataChangeViolation,
                  "tuple to be {} was already modified by an operation triggered by the current "
                  "command",
                  verb)
      .hint(
          "Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to "
          "other rows.");
}

void TriggerFiring::before_statement(TriggerEvent event) {
  ConstraintQueue::TableChanges& changes = queue_->changes_of(table_->oid, event);
  if (changes.before_fired) return;
  changes.before_fired = true;
  for (Trigger& trigger : triggers_) {
    const TriggerDesc& desc = *trigger.desc;
    if (desc.for_each_row || desc.timing != TriggerTiming::kBefore || !concerns(desc, event)) {
      continue;
    }
    if (!passes_when(trigger, nullptr, nullptr)) continue;
    call_arena_.reset();
    TriggerCall fired{table_, &desc, event, {}, {}, nullptr};
    if (call(fired, call_arena_).row.has_value()) {
      throw sql_error(SqlState::kERIETriggerProtocolViolated,
                      "BEFORE STATEMENT trigger cannot return a value");
    }
  }
}

void TriggerFiring::after_statement(TriggerEvent event) {
  std::shared_ptr<QueuedTrigger> queued;
  bool first = true;
  for (size_t i = 0; i < triggers_.size(); ++i) {
    const TriggerDesc& desc = *triggers_[i].desc;
    if (desc.for_each_row || desc.timing != TriggerTiming::kAfter || !concerns(desc, event)) {
      continue;
    }
    if (first) queue_->forget_statement_triggers(table_->oid, event);
    first = false;
    if (!passes_when(triggers_[i], nullptr, nullptr)) continue;
    if (queued == nullptr) {
      queued = std::make_shared<QueuedTrigger>();
      queued->event = event;
      queued->transition = queue_->changes_of(table_->oid, event).transition;
      if (queued->transition == nullptr) {
        queued->transition = std::make_shared<TransitionRows>(attribute_types(*table_));
      }
    }
    queue_->add_trigger(table_, static_cast<uint32_t>(i), queued);
  }
}

bool TriggerFiring::call_for_row(TriggerTiming timing, TriggerEvent event, const Chunk* old_row,
                                 Chunk* rows) {
  // A row that moves to another partition is deleted after triggers have made it: it stays.
  Arena& arena = rows != nullptr ? arena_ : call_arena_;
  arena.reset();
  row_was_changed_ = false;
  bool have_values = false;
  for (Trigger& trigger : triggers_) {
    const TriggerDesc& desc = *trigger.desc;
    if (!desc.for_each_row || desc.timing != timing || !concerns(desc, event)) continue;
    if (!passes_when(trigger, old_row, rows)) continue;
    if (!have_values) {
      old_values_.clear();
      new_values_.clear();
      if (old_row != nullptr) read_values(*old_row, old_values_);
      if (rows != nullptr) read_values(*rows, new_values_);
      have_values = true;
    }
    TriggerResult result = call({table_, &desc, event, old_values_, new_values_, nullptr}, arena);
    if (result.skip) return false;
    if (!result.row || rows == nullptr) continue;
    row_was_changed_ = true;
    new_values_ = std::move(*result.row);
    for (size_t i = 0; i < table_->columns.size(); ++i) {
      rows->columns[i] = Vector(table_->columns[i].physical, 1);
      rows->columns[i].set_constant(new_values_[i]);
    }
  }
  return true;
}

void TriggerFiring::capture(TriggerEvent event, const Chunk* old_row, const Chunk* new_row) {
  auto wants = [&](std::string TriggerDesc::*name) {
    return std::ranges::any_of(table_->triggers, [&](const TriggerDesc& trigger) {
      return !(trigger.*name).empty() && concerns(trigger, event);
    });
  };
  bool wants_old = old_row != nullptr && wants(&TriggerDesc::old_table);
  bool wants_new = new_row != nullptr && wants(&TriggerDesc::new_table);
  if (!wants_old && !wants_new) return;
  auto& transition = queue_->changes_of(table_->oid, event).transition;
  if (transition == nullptr) {
    transition = std::make_shared<TransitionRows>(attribute_types(*table_));
  }
  if (wants_old) transition->old_rows.append(*context_, *old_row);
  if (wants_new) transition->new_rows.append(*context_, *new_row);
}

void TriggerFiring::after_row(TriggerEvent event, const Chunk* old_rows, const Chunk* new_rows,
                              uint32_t row) {
  const Chunk* old_row = nullptr;
  const Chunk* new_row = nullptr;
  if (old_rows != nullptr) {
    one_old_.slice(*old_rows, &row, 1);
    old_row = &one_old_;
  }
  if (new_rows != nullptr) {
    one_new_.slice(*new_rows, &row, 1);
    new_row = &one_new_;
  }
  capture(event, old_row, new_row);
  std::shared_ptr<QueuedTrigger> queued;
  for (size_t i = 0; i < triggers_.size(); ++i) {
    const TriggerDesc& desc = *triggers_[i].desc;
    if (!desc.for_each_row || desc.timing != TriggerTiming::kAfter || !concerns(desc, event)) {
      continue;
    }
    if (!passes_when(triggers_[i], old_row, new_row)) continue;
    if (queued == nullptr) {
      queued = std::make_shared<QueuedTrigger>();
      queued->event = event;
      queued->has_old = old_row != nullptr;
      queued->has_new = new_row != nullptr;
      if (old_row != nullptr) encode_row(layout_, *old_row, 0, queued->old_row);
      if (new_row != nullptr) encode_row(layout_, *new_row, 0, queued->new_row);
      queued->transition = queue_->changes_of(table_->oid, event).transition;
    }
    queue_->add_trigger(table_, static_cast<uint32_t>(i), queued);
  }
}

void fire_queued_trigger(ExecContext& context, const TableDescPtr& table,
                         const TriggerDesc& trigger, const QueuedTrigger& queued) {
  LUMA_CHECK(context.triggers != nullptr);
  StoredLayout layout(*table);
  std::vector<Value> old_values, new_values;
  if (queued.has_old) read_values(*table, layout, queued.old_row, old_values);
  if (queued.has_new) read_values(*table, layout, queued.new_row, new_values);
  Arena arena;
  const bool refers = !trigger.old_table.empty() || !trigger.new_table.empty();
  context.triggers->call(context,
                         {table, &trigger, queued.event, old_values, new_values,
                          refers ? queued.transition.get() : nullptr},
                         arena);
}

StatementTriggers::StatementTriggers(ExecContext& context, std::vector<TableDescPtr> tables,
                                     TriggerEvent event)
    : context_(context), event_(event) {
  queue_.begin(context);
  for (TableDescPtr& table : tables) {
    if (table->triggers.empty()) continue;
    firing_.push_back(std::make_unique<TriggerFiring>(std::move(table), std::vector<bool>()));
    firing_.back()->begin(context, queue_);
  }
}

StatementTriggers::~StatementTriggers() = default;

void StatementTriggers::before() {
  for (auto& firing : firing_) firing->before_statement(event_);
}

void StatementTriggers::after() {
  for (auto& firing : firing_) firing->after_statement(event_);
  queue_.run();
}

}  // namespace luma
