#include "engine/table/deferred_checks.h"

#include <algorithm>

#include "engine/table/constraint_queue.h"

namespace luma {

bool DeferredChecks::is_deferred(Oid constraint, bool deferrable, bool initially_deferred) const {
  if (!deferrable) return false;
  auto own = modes_->deferred.find(constraint);
  if (own != modes_->deferred.end()) return own->second;
  if (modes_->all == Modes::All::kAsDeclared) return initially_deferred;
  return modes_->all == Modes::All::kDeferred;
}

namespace {
Oid constraint_of(const ConstraintEvent& event) {
  switch (event.kind) {
    case ConstraintEventKind::kUniqueCheck:
    case ConstraintEventKind::kExclusionCheck:
      return event.table->indexes[event.constraint].oid;
    case ConstraintEventKind::kTrigger:
      return event.table->triggers[event.constraint].constraint;
    case ConstraintEventKind::kChildCheck:
      return event.table->foreign_keys[event.constraint].oid;
    default:
      return event.table->referenced_by[event.constraint].oid;
  }
}

// The foreign key was dropped after the row was written, with the table that it refers to maybe.
bool is_dropped(ExecContext& context, const ConstraintEvent& event) {
  if (event.kind != ConstraintEventKind::kChildCheck || context.tables == nullptr) return false;
  const Oid constraint = constraint_of(event);
  const TableDescPtr now = context.tables->table(event.table->oid);
  return std::none_of(now->foreign_keys.begin(), now->foreign_keys.end(),
                      [&](const ForeignKeyDesc& key) { return key.oid == constraint; });
}

}  // namespace

template <typename Wanted>
void DeferredChecks::run_pending(ExecContext& context, Wanted&& wanted) {
  // Checking may add events: of actions that touch rows with other deferred constraints.
  ++checks_;
  bool found = true;
  while (found) {
    found = false;
    ConstraintQueue queue;
    queue.begin(context);
    for (Pending& pending : events_) {
      if (pending.checked_at != 0 || !wanted(pending.event)) continue;
      pending.checked_at = checks_;
      if (is_dropped(context, pending.event)) continue;
      queue.add(pending.event);
      found = true;
    }
    if (found) queue.run();
  }
}

void DeferredChecks::run(ExecContext& context) {
  run_pending(context, [](const ConstraintEvent&) { return true; });
}

void DeferredChecks::set_mode(ExecContext& context, std::span<const Oid> constraints,
                              bool deferred) {
  auto modes = std::make_shared<Modes>(*modes_);
  if (constraints.empty()) {
    modes->all = deferred ? Modes::All::kDeferred : Modes::All::kImmediate;
    modes->deferred.clear();
  }
  for (Oid constraint : constraints) modes->deferred[constraint] = deferred;
  if (!deferred) {
    run_pending(context, [&](const ConstraintEvent& event) {
      return constraints.empty() || std::find(constraints.begin(), constraints.end(),
                                              constraint_of(event)) != constraints.end();
    });
  }
  modes_ = std::move(modes);
}

bool DeferredChecks::has_pending() const {
  return std::any_of(events_.begin(), events_.end(),
                     [](const Pending& p) { return p.checked_at == 0; });
}

bool DeferredChecks::has_pending(Oid table) const {
  return std::any_of(events_.begin(), events_.end(), [&](const Pending& p) {
    return p.checked_at == 0 && p.event.table != nullptr && p.event.table->oid == table;
  });
}

bool DeferredChecks::has_pending_triggers() const {
  return std::any_of(events_.begin(), events_.end(), [](const Pending& p) {
    return p.checked_at == 0 && p.event.kind == ConstraintEventKind::kTrigger;
  });
}

void DeferredChecks::rollback_to(const Mark& mark) {
  if (events_.size() > mark.events) {
    events_.erase(events_.begin() + static_cast<ptrdiff_t>(mark.events), events_.end());
  }
  for (Pending& pending : events_) {
    if (pending.checked_at > mark.checks) pending.checked_at = 0;
  }
  if (mark.modes != nullptr) modes_ = mark.modes;
  activity_.undo_since(mark.activity);
}

void DeferredChecks::clear() {
  events_.clear();
  if (modes_->all == Modes::All::kAsDeclared && modes_->deferred.empty()) return;
  modes_ = std::make_shared<const Modes>();
}

}  // namespace luma
