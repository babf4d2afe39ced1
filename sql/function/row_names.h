#pragma once
// Names of the fields of a row that stands in a call as it was built (a whole-row reference, for
// JSON): record values do not carry them. Lives during one call; the expression outlives it.
#include <string>

#include "engine/exec/expr.h"
#include "engine/type/json.h"

namespace luma {

class RowNames final : public RecordFieldNames {
 public:
  RowNames(const Expr& row, const RecordFieldNames* others) : row_(row), others_(others) {
    named_ = row.kind == ExprKind::kRow && !row.field_names.empty();
    // A record within the row would look the same: its fields have no names.
    for (const Expr* field : row.args) {
      if (row.type.oid == type_oid::kRecord &&
          (field->type.oid == type_oid::kRecord || field->type.oid == type_oid::kRecordArray)) {
        named_ = false;
      }
    }
  }
  const RecordFieldNames* get() const { return named_ ? this : others_; }

  std::string field_name(TypeRef type, uint32_t field) const override {
    if (type.oid == row_.type.oid && field < row_.field_names.size()) {
      return std::string(row_.field_names[field]);
    }
    return others_ != nullptr ? others_->field_name(type, field) : "f" + std::to_string(field + 1);
  }

 private:
  const Expr& row_;
  const RecordFieldNames* others_;
  bool named_ = false;
};

}  // namespace luma
