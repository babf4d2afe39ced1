#pragma once
// Constraints that are checked at the end of a transaction (DEFERRABLE ... DEFERRED) and what SET
// CONSTRAINTS says of them; and what the transaction has done to tables. One per transaction, owned
// by its session and given to every statement as ExecContext::deferred. Constraints are named by
// oid: a foreign key's own, a unique or exclusion constraint's index. One thread at a time.
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/table/constraint_event.h"
#include "engine/table/table_activity.h"

namespace luma {

class DeferredChecks {
 public:
  // Before COMMIT (and PREPARE): checks whatever is still pending; throws 23503, 23505 or 23P01.
  // Runs as a statement of its own; rows it changes (foreign key actions) are part of the
  // transaction.
  void run(ExecContext& context);
  // SET CONSTRAINTS {ALL | these} {DEFERRED | IMMEDIATE}; `constraints` empty: ALL. IMMEDIATE
  // checks what is pending of them at once, and changes nothing when that throws. The caller has
  // checked that they are deferrable (42809).
  void set_mode(ExecContext& context, std::span<const Oid> constraints, bool deferred);
  bool is_deferred(Oid constraint, bool deferrable, bool initially_deferred) const;
  bool has_pending() const;
  bool has_pending(Oid table) const;
  // Among them calls of triggers, which only workers make.
  bool has_pending_triggers() const;

  // Savepoints: take a mark with the savepoint, give it back with ROLLBACK TO.
  struct Modes {
    enum class All : uint8_t { kAsDeclared, kDeferred, kImmediate } all = All::kAsDeclared;
    std::map<Oid, bool> deferred;
  };
  struct Mark {
    size_t events = 0;
    uint64_t checks = 0;
    std::shared_ptr<const Modes> modes;
    std::vector<TransactionActivity::Entry> activity;
  };
  Mark mark() const { return {events_.size(), checks_, modes_, activity_.entries()}; }
  void rollback_to(const Mark& mark);
  // The transaction is over.
  void clear();

  // Rows that the transaction has read and written; clear() leaves it to whoever reports it.
  TransactionActivity& activity() { return activity_; }

  void add(ConstraintEvent event) { events_.push_back({std::move(event)}); }

 private:
  struct Pending {
    ConstraintEvent event;
    // When, as counted by checks_; 0: not yet. Kept until the transaction ends, since a rollback
    // beyond that may bring back what was wrong before.
    uint64_t checked_at = 0;
  };
  template <typename Wanted>
  void run_pending(ExecContext& context, Wanted&& wanted);
  std::vector<Pending> events_;
  uint64_t checks_ = 0;
  TransactionActivity activity_;
  std::shared_ptr<const Modes> modes_ = std::make_shared<const Modes>();
};

}  // namespace luma
