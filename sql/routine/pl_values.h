#pragma once
// Values of PL/pgSQL variables, which own their bytes, and conversions between types. Used by the
// session's thread.
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/type/datum.h"
#include "sql/plan/logical.h"
#include "sql/routine/routine_host.h"
#include "sql/routine/sql_body.h"

namespace luma {

class PlSlot {
 public:
  PlSlot() = default;
  PlSlot(const PlSlot& other) : value_(other.value_), bytes_(other.bytes_), owns_(other.owns_) {
    point_to_bytes();
  }
  PlSlot(PlSlot&& other) noexcept
      : value_(other.value_), bytes_(std::move(other.bytes_)), owns_(other.owns_) {
    point_to_bytes();
  }
  PlSlot& operator=(PlSlot other) noexcept {
    value_ = other.value_;
    bytes_ = std::move(other.bytes_);
    owns_ = other.owns_;
    point_to_bytes();
    return *this;
  }

  const Value& value() const { return value_; }
  void assign(const Value& value, PhysicalType physical);
  bool owns() const { return owns_; }
  // Of a long string: `change(bytes)` says whether it changed them.
  template <typename Change>
  bool change_bytes(Change&& change) {
    if (!owns_) return false;
    bool changed = change(bytes_);
    point_to_bytes();
    return changed;
  }
  void clear() {
    value_ = Value::null();
    owns_ = false;
  }

 private:
  // Short strings move with the std::string that has them.
  void point_to_bytes() {
    if (owns_) value_ = Value(Datum::of_string(std::string_view(bytes_)));
  }

  Value value_;
  std::string bytes_;  // of a long string
  bool owns_ = false;  // the value is in bytes_
};

struct PlRow {
  bool assigned = false;
  Oid type = kInvalidOid;  // the composite type that the fields are of, if any
  std::vector<RoutineTypes::Field> fields;
  std::vector<PlSlot> values;
};

// Conversions as assignments make them: by an assignment cast, else through text.
class PlConversions {
 public:
  explicit PlConversions(RoutineHost& host) : host_(host) {}
  // The result's bytes are in `arena`.
  Value convert(const Value& value, TypeRef from, TypeRef to, Arena& arena);

 private:
  struct Conversion {
    std::unique_ptr<PlanContext> plan;
    std::unique_ptr<ExprEvaluator> evaluator;
    PhysicalType physical;
    bool busy = false;
  };
  std::unique_ptr<Conversion> make(TypeRef from, TypeRef to);
  RoutineHost& host_;
  PlanStamp stamp_;
  std::map<std::pair<std::pair<Oid, int32_t>, std::pair<Oid, int32_t>>,
           std::vector<std::unique_ptr<Conversion>>>
      idle_;
};

}  // namespace luma
