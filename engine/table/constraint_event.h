#pragma once
// A constraint that has to be checked, or a foreign key action to be carried out, after the row
// that gave rise to it was written: at the end of the statement, or of the transaction.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/row/table_desc.h"

namespace luma {

struct QueuedTrigger;  // trigger_firing.h

// Values that own what they point to.
class OwnedValues {
 public:
  void add(const Value& value, PhysicalType physical);
  size_t size() const { return values_.size(); }
  const Value& operator[](size_t i) const { return values_[i]; }
  const std::vector<Value>& all() const { return values_; }

 private:
  std::vector<Value> values_;
  // Shared by the copies of an event, none of which changes it.
  std::vector<std::shared_ptr<const char[]>> long_strings_;
};

enum class ConstraintEventKind : uint8_t {
  kChildCheck,      // foreign key: the referenced row must exist
  kParentCheck,     // foreign key, NO ACTION or RESTRICT: no row may refer to `values` any more
  kParentAction,    // foreign key: cascade, set null, set default
  kUniqueCheck,     // deferrable unique constraint: `row_key` holds the key's prefix in the index
  kExclusionCheck,  // deferrable exclusion constraint: of the row `row_key`
  kTrigger,         // an AFTER trigger's function is to be called
};

struct ConstraintEvent {
  ConstraintEventKind kind = ConstraintEventKind::kChildCheck;
  TableDescPtr table;  // whose foreign_keys, referenced_by, indexes or triggers has the constraint
  uint32_t constraint = 0;  // position in that list
  bool deleted = false;     // kParent*: the row was deleted, otherwise its key was updated
  std::string row_key;      // the row's complete key, where nothing else is said
  OwnedValues values;       // the foreign key's columns (kParent*: as they were)
  OwnedValues new_values;   // kParentAction of an update
  // kTrigger; shared by the triggers of one row.
  std::shared_ptr<const QueuedTrigger> trigger;
};

}  // namespace luma
