#pragma once
// What a statement still has to check or do for the rows it has written: foreign keys, their
// actions, deferrable unique constraints. Events are handled in the order in which they arose, once
// the statement has written all its rows; those of constraints that are deferred now go to
// ExecContext::deferred. One thread.
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/table/constraint_event.h"
#include "engine/table/foreign_key.h"

namespace luma {

class RowWriter;
class TriggerFiring;
struct ForeignKeyAct;
struct TransitionRows;

class ConstraintQueue {
 public:
  ConstraintQueue();
  ~ConstraintQueue();
  ConstraintQueue(const ConstraintQueue&) = delete;
  ConstraintQueue& operator=(const ConstraintQueue&) = delete;

  // Starts a statement; forgets what an earlier one left. `all_immediate`: nothing is deferred.
  void begin(ExecContext& context, bool all_immediate = false);

  // A row of `child` refers to `values` (none NULL) by its foreign key number `key`.
  void add_child_check(const TableDescPtr& child, uint32_t key, std::span<const Value> values);
  // The key `old_values` (none NULL) of `parent` that foreign key number `key` of referenced_by may
  // refer to is gone: deleted, or, with `new_values`, changed.
  void add_parent_change(const TableDescPtr& parent, uint32_t key,
                         std::span<const Value> old_values, std::span<const Value> new_values);
  // `prefix`: a key of a deferrable unique index without the row key.
  void add_unique_check(const TableDescPtr& table, uint32_t index, std::string_view prefix,
                        std::span<const Value> values);
  // Of the row `row_key`, whose key of a deferrable exclusion constraint is new.
  void add_exclusion_check(const TableDescPtr& table, uint32_t index, std::string_view row_key);
  void add(ConstraintEvent event) { events_.push_back(std::move(event)); }
  // An AFTER trigger's call: now, or deferred with its constraint.
  void add_trigger(const TableDescPtr& table, uint32_t trigger,
                   std::shared_ptr<const QueuedTrigger> call);
  // What statement triggers need to know of the changes of one kind to a table.
  struct TableChanges {
    Oid table = kInvalidOid;
    TriggerEvent event = TriggerEvent::kInsert;
    bool before_fired = false;
    std::shared_ptr<TransitionRows> transition;
  };
  TableChanges& changes_of(Oid table, TriggerEvent event);
  // Takes back what waits for the table's statement triggers: it fires after the last change.
  void forget_statement_triggers(Oid table, TriggerEvent event);

  // At the end of a statement that may have failed: gives back what belongs to its memory.
  void end();

  // Handles everything, what it causes included. Throws 23503, 23505, or what writing rows throws.
  void run();

 private:
  struct Parent {
    TableDescPtr child;
    uint32_t key;
    std::unique_ptr<ParentProbe> probe;
    bool current = false;  // the parent's description has been looked up in this statement
    std::string last_key;
    std::unordered_set<std::string> seen;
  };
  bool deferred_now(Oid constraint, bool deferrable, bool initially_deferred) const;
  TableDescPtr table(Oid oid) const;
  Parent& parent_of(const TableDescPtr& child, uint32_t key);
  void check_child(const ConstraintEvent& event);
  void check_parent(const ConstraintEvent& event);
  void check_unique(const ConstraintEvent& event);
  void check_exclusion(const ConstraintEvent& event);
  void act(const ConstraintEvent& event);
  // True when a row refers to the probe's values; it is then locked FOR KEY SHARE.
  bool has_child(ChildProbe& probe);
  ForeignKeyAct& act_of(const ConstraintEvent& event);
  bool act_on_row(ForeignKeyAct& act, const ConstraintEvent& event, std::string_view row_key,
                  std::string_view row);
  bool move_row(ForeignKeyAct& act, const Chunk& old_rows, std::string_view row_key);

  ExecContext* context_ = nullptr;
  bool all_immediate_ = false;
  std::deque<ConstraintEvent> events_;
  std::vector<std::unique_ptr<Parent>> parents_;
  std::vector<std::unique_ptr<ForeignKeyAct>> acts_;
  std::deque<TableChanges> changes_;
  std::vector<std::string> row_keys_;
  std::string key_;
};

}  // namespace luma
