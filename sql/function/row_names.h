#pragma once
// Names of the fields of a row that stands in a call as it was built (a whole-row reference, for
// JSON): record values do not carry them. Lives during one call; the expression outlives it.
#include <string>

#include "engine/exec/expr.h"
#include "engine/type/json.h"

namespace luma {

class RowNames final : public RecordFieldNames {
 public:
  // `value` is the row, or an array of such rows.
  RowNames(const Expr& value, const RecordFieldNames* others)
      : row_(named(value)), others_(others) {}
  const RecordFieldNames* get() const { return row_ != nullptr ? this : others_; }

  std::string field_name(TypeRef type, uint32_t field) const override {
    bool own = type.oid == row_->type.oid || type.oid == type_oid::kRecord;
    if (own && field < row_->field_names.size()) return std::string(row_->field_names[field]);
    return others_ != nullptr ? others_->field_name(type, field) : "f" + std::to_string(field + 1);
  }
  const RecordFieldNames* inside() const override { return others_; }

 private:
  static const Expr* named(const Expr& value) {
    // The row of an outer join's side, when it is there.
    if (value.kind == ExprKind::kCase && value.args.size() == 3) return named(*value.args[1]);
    return value.field_names.empty() ? nullptr : &value;
  }

  const Expr* row_;
  const RecordFieldNames* others_;
};

}  // namespace luma
