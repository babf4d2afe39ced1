#pragma once
// Fires the triggers of one table around the changes of one statement. Made only for tables that
// have triggers; what changes rows calls it at these points:
//
//   before_statement()   before the first row
//   before_row()         when a row's new values are known, before generated columns and checks
//   after_row()          when the row is written
//   after_statement()    after the last row
//
// AFTER triggers only queue events, which ConstraintQueue::run() (or, deferred, the end of the
// transaction) hands to fire_queued_trigger(). One thread; used again for every execution of its
// plan.
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/arena.h"
#include "engine/exec/evaluator.h"
#include "engine/row/row_codec.h"
#include "engine/table/constraint_queue.h"
#include "engine/table/trigger_call.h"
#include "engine/txn/write_buffer.h"

namespace luma {

// By attribute: the columns that an UPDATE assigns and what is generated from them.
std::vector<bool> columns_for_triggers(const TableDesc& table, std::vector<bool> assigned);
// Whether it fires, as things are in the session.
bool trigger_is_enabled(char enabled, const ExecContext& context);

class TriggerFiring {
 public:
  // `updated`: of UPDATE, as columns_for_triggers() gives it.
  TriggerFiring(TableDescPtr table, std::vector<bool> updated);

  // Starts a statement. In inline mode it throws WouldBlock: functions run on workers.
  void begin(ExecContext& context, ConstraintQueue& queue);

  bool has_row_triggers(TriggerTiming timing, TriggerEvent event) const;
  // Whether rows have to be handed to after_row().
  bool wants_rows(TriggerEvent event) const;

  // Once per table and kind of change in a statement, whoever asks.
  void before_statement(TriggerEvent event);
  void after_statement(TriggerEvent event);
  // False: the row is to be left alone. `old_row` (INSERT: null) and `rows` (DELETE: null) are
  // chunks of attributes with one row; what a trigger changes is put into `rows`, valid until the
  // next call.
  bool before_row(TriggerEvent event, const Chunk* old_row, Chunk* rows) {
    return call_for_row(TriggerTiming::kBefore, event, old_row, rows);
  }
  // Of a view: false when no trigger took care of the row.
  bool instead_of_row(TriggerEvent event, const Chunk* old_row, Chunk* rows) {
    return call_for_row(TriggerTiming::kInsteadOf, event, old_row, rows);
  }
  // Whether the last before_row() replaced the row.
  bool row_was_changed() const { return row_was_changed_; }
  // Row `row` of both chunks.
  void after_row(TriggerEvent event, const Chunk* old_rows, const Chunk* new_rows, uint32_t row);

  // 27000 when a function that was called here has written the row. `verb`: "updated", "deleted".
  void refuse_row_written_by_trigger(std::string_view key, std::string_view verb) const;

 private:
  struct Trigger {
    const TriggerDesc* desc;
    std::optional<ExprEvaluator> when;
  };
  bool concerns(const TriggerDesc& trigger, TriggerEvent event) const;
  bool passes_when(Trigger& trigger, const Chunk* old_row, const Chunk* new_row);
  bool call_for_row(TriggerTiming timing, TriggerEvent event, const Chunk* old_row, Chunk* rows);
  TriggerResult call(const TriggerCall& call, Arena& arena);
  void capture(TriggerEvent event, const Chunk* old_row, const Chunk* new_row);

  TableDescPtr table_;
  std::vector<bool> updated_;
  StoredLayout layout_;
  std::vector<Trigger> triggers_;
  Chunk pair_, one_old_, one_new_;
  Arena arena_;  // of rows that triggers have replaced
  Arena call_arena_;
  std::vector<Value> old_values_, new_values_;
  bool row_was_changed_ = false;
  // What functions have written, as stretches of the write buffer.
  std::vector<std::pair<WriteBuffer::Mark, WriteBuffer::Mark>> written_;
  ExecContext* context_ = nullptr;
  ConstraintQueue* queue_ = nullptr;
};

// An AFTER trigger's call that waits in a queue.
struct QueuedTrigger {
  TriggerEvent event = TriggerEvent::kInsert;
  bool has_old = false, has_new = false;
  std::string old_row, new_row;  // stored form
  std::shared_ptr<TransitionRows> transition;
};
void fire_queued_trigger(ExecContext& context, const TableDescPtr& table,
                         const TriggerDesc& trigger, const QueuedTrigger& queued);

// TRUNCATE: its triggers know no rows.
class StatementTriggers {
 public:
  StatementTriggers(ExecContext& context, std::vector<TableDescPtr> tables, TriggerEvent event);
  ~StatementTriggers();
  void before();
  void after();

 private:
  ExecContext& context_;
  TriggerEvent event_;
  ConstraintQueue queue_;
  std::vector<std::unique_ptr<TriggerFiring>> firing_;
};

}  // namespace luma
