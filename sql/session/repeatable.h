#pragma once
// Private to sql/session: running a statement so that it can be run again on a worker.
#include "sql/session/session.h"

namespace luma {

template <typename Body>
auto SqlSession::repeatable(Body&& body) {
  if (!inline_) return body();
  bool had_transaction = transaction_.has_value();
  TxnState state = state_;
  std::optional<Savepoint> point;
  if (had_transaction) point = take_savepoint({});
  try {
    return body();
  } catch (const WouldBlock&) {
    if (!had_transaction) {
      deferred_.activity().clear();
      undo_transaction();
    } else if (transaction_) {
      // Portals of before stay: they are not part of this statement.
      transaction_->rollback_to(point->transaction);
      settings_.rollback_to(point->settings);
      if (CatalogTransaction* ddl = environment_.ddl_if_any()) {
        ddl->rollback_to(point->had_catalog ? point->catalog : 0);
      }
      deferred_.rollback_to(point->deferred);
      deferred_.activity().restore(point->deferred.activity);
    }
    state_ = state;
    throw;
  }
}

}  // namespace luma
