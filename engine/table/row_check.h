#pragma once
// Generated columns, NOT NULL and CHECK constraints of rows that are about to be written. One
// thread.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/row/table_desc.h"
#include "engine/table/modify.h"

namespace luma {

class RowCheck {
 public:
  // `generated` by attribute (may be empty). All must outlive this.
  RowCheck(const TableDesc& table, const std::vector<const Expr*>& generated,
           const std::vector<CheckSpec>& checks, uint32_t capacity);

  // Makes the generated columns of `rows` (the table's attributes) refer to their values, which
  // stay valid until the next call.
  void compute_generated(EvalContext& context, Chunk& rows);
  // Throws 23502, 23514 or 44000 for the first row that violates something.
  void check(EvalContext& context, const Chunk& rows);
  // Rows that exist already: errors then speak of the table, not of a new row.
  void set_validates_table() { validates_table_ = true; }
  // Messages about a row show these attributes; empty: all.
  void show_only(std::vector<int32_t> attributes) { shown_ = std::move(attributes); }
  // After a throw of check(): the row at fault.
  uint32_t failed_row() const { return failed_row_; }

 private:
  struct Check {
    const CheckSpec* spec;
    ExprEvaluator evaluator;
  };
  [[noreturn]] void fail_check(EvalContext& context, const Chunk& rows, uint32_t row,
                               const CheckSpec& spec);
  const TableDesc& table_;
  std::vector<std::optional<ExprEvaluator>> generated_;
  std::vector<Check> checks_;
  std::vector<uint32_t> not_null_;
  std::vector<int32_t> shown_;
  bool validates_table_ = false;
  uint32_t failed_row_ = 0;
};

// The checks of a TableDesc, for writers without a plan.
std::vector<CheckSpec> table_checks(const TableDesc& table);

}  // namespace luma
