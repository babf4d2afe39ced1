#pragma once
// What storage needs to know of a table's triggers: when they fire and for which rows. What they
// call is the TriggerCaller's affair (engine/table/trigger_call.h). Immutable, part of a TableDesc.
#include <cstdint>
#include <string>
#include <vector>

#include "engine/type/oid.h"

namespace luma {

struct Expr;

enum class TriggerTiming : uint8_t { kBefore, kAfter, kInsteadOf };
enum class TriggerEvent : uint8_t { kInsert, kUpdate, kDelete, kTruncate };

struct TriggerDesc {
  Oid oid = kInvalidOid;
  Oid function = kInvalidOid;
  std::string name;
  TriggerTiming timing = TriggerTiming::kAfter;
  bool for_each_row = false;
  bool events[4] = {};           // by TriggerEvent
  std::vector<int32_t> columns;  // UPDATE OF: 0-based attributes; empty: any
  char enabled = 'O';            // as in pg_trigger: O origin, D disabled, R replica, A always
  // WHEN, nullptr without one. Slots: the old row's attributes, then the new row's.
  const Expr* when = nullptr;
  std::vector<std::string> arguments;
  Oid constraint = kInvalidOid;  // of a constraint trigger
  Oid constraint_table = kInvalidOid;
  bool deferrable = false, initially_deferred = false;
  std::string old_table, new_table;  // transition tables, "" = none
};

}  // namespace luma
