#include "sql/catalog/frozen_number.h"

#include <algorithm>

#include "sql/catalog/transaction_state.h"

namespace luma {

Oid frozen_number(const SessionCatalog& session) {
  constexpr Oid kFirstNormalNumber = 3;
  auto* state = dynamic_cast<TransactionState*>(&session.live_state());
  if (state == nullptr) return kFirstNormalNumber;
  return std::max(kFirstNormalNumber, static_cast<Oid>(state->current_snapshot().xmin));
}

}  // namespace luma
