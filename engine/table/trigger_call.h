#pragma once
// The call of a trigger's function, as storage sees it. Storage decides when a trigger fires;
// whoever runs statements implements TriggerCaller and gives it to them in ExecContext.
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/exec/chunk_store.h"
#include "engine/exec/operator.h"
#include "engine/row/table_desc.h"

namespace luma {

// The rows that one statement changed, by attribute, for REFERENCING. Grows while the statement
// runs, complete when AFTER triggers are called.
struct TransitionRows {
  explicit TransitionRows(const std::vector<PhysicalType>& types)
      : old_rows(types), new_rows(types) {}
  ChunkStore old_rows, new_rows;
};

struct TriggerCall {
  TableDescPtr table;
  const TriggerDesc* trigger = nullptr;  // one of the table's
  TriggerEvent event = TriggerEvent::kInsert;
  // By attribute; empty when there is no such row (INSERT has no old one, DELETE no new one,
  // statement triggers have neither).
  std::span<const Value> old_row, new_row;
  // Of triggers with REFERENCING; null otherwise.
  const TransitionRows* transition = nullptr;
};

// What the function made of the row; counts for BEFORE and INSTEAD OF triggers of rows.
struct TriggerResult {
  // The function returned NULL: the row is left alone.
  bool skip = false;
  // The row it returned, by attribute, living in the arena that call() was given; nullopt: the row
  // as it was given (DELETE: the old one, otherwise the new one).
  std::optional<std::vector<Value>> row;
};

class TriggerCaller {
 public:
  virtual ~TriggerCaller() = default;
  // Runs the function with the transaction's present state in view. Throws what it throws. Only
  // where waiting is allowed (never in inline mode).
  virtual TriggerResult call(ExecContext& context, const TriggerCall& call, Arena& arena) = 0;
};

}  // namespace luma
