#pragma once
// Values of PL/pgSQL variables, which own their bytes, and conversions between types. Used by the
// session's thread.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/type/datum.h"
#include "sql/plan/logical.h"
#include "sql/routine/routine_host.h"
#include "sql/routine/sql_body.h"

namespace luma {

class PlSlot {
 public:
  const Value& value() const { return value_; }
  void assign(const Value& value, PhysicalType physical);
  void clear() { value_ = Value::null(); }

 private:
  Value value_;
  std::string bytes_;  // of a long string
};

struct PlRow {
  bool assigned = false;
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
