#include "engine/table/row_check.h"

#include "engine/table/constraint_errors.h"

namespace luma {

RowCheck::RowCheck(const TableDesc& table, const std::vector<const Expr*>& generated,
                   const std::vector<CheckSpec>& checks, uint32_t capacity)
    : table_(table), generated_(generated.size()) {
  for (size_t i = 0; i < generated.size(); ++i) {
    if (generated[i] != nullptr) generated_[i].emplace(*generated[i], capacity);
  }
  for (const CheckSpec& check : checks) {
    checks_.push_back({&check, ExprEvaluator(*check.expr, capacity)});
  }
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].not_null && !table.columns[i].dropped) not_null_.push_back(i);
  }
}

void RowCheck::compute_generated(EvalContext& context, Chunk& rows) {
  for (size_t i = 0; i < generated_.size(); ++i) {
    if (generated_[i]) rows.columns[i].reference(generated_[i]->evaluate(context, rows));
  }
}

void RowCheck::check(EvalContext& context, const Chunk& rows) {
  uint32_t null_row = rows.size;
  uint32_t null_column = 0;
  for (uint32_t column : not_null_) {
    const Vector& vector = rows.columns[column];
    if (!vector.has_nulls()) continue;
    for (uint32_t row = 0; row < null_row; ++row) {
      if (!vector.is_null(row)) continue;
      null_row = row;
      null_column = column;
    }
  }
  uint32_t check_row = null_row;
  const CheckSpec* violated = nullptr;
  for (Check& check : checks_) {
    const Vector& passed = check.evaluator.evaluate(context, rows);
    for (uint32_t row = 0; row < check_row; ++row) {
      Value value = passed.value(row);
      bool is_constraint = !check.spec->view_option && !check.spec->policy;
      bool passes = value.is_null ? is_constraint : value.datum.b;
      if (passes) continue;
      check_row = row;
      violated = check.spec;
    }
  }
  if (violated != nullptr) fail_check(context, rows, check_row, *violated);
  if (null_row == rows.size) return;
  failed_row_ = null_row;
  if (validates_table_) throw contains_nulls_error(table_, table_.columns[null_column]);
  throw not_null_violation(table_, table_.columns[null_column])
      .detail("Failing row contains " + describe_row(context, table_, shown_, rows, null_row) +
              ".");
}

void RowCheck::fail_check(EvalContext& context, const Chunk& rows, uint32_t row,
                          const CheckSpec& spec) {
  failed_row_ = row;
  if (validates_table_) throw violated_by_row_error(table_, spec.name);
  if (spec.policy) {
    throw sql_error(SqlState::kInsufficientPrivilege,
                    "new row violates row-level security policy {}{}for table \"{}\"",
                    spec.name.empty() ? "" : fmt::format("\"{}\" ", spec.name),
                    spec.is_using ? "(USING expression) " : "", table_.name);
  }
  std::string detail =
      "Failing row contains " + describe_row(context, table_, shown_, rows, row) + ".";
  if (spec.partition) {
    throw sql_error(SqlState::kCheckViolation,
                    "new row for relation \"{}\" violates partition constraint",
                    spec.name.empty() ? table_.name : spec.name)
        .detail(detail)
        .table(table_.schema_name, table_.name);
  }
  if (spec.view_option) {
    throw sql_error(SqlState::kWithCheckOptionViolation,
                    "new row violates check option for view \"{}\"", spec.name)
        .detail(detail);
  }
  throw sql_error(SqlState::kCheckViolation,
                  "new row for relation \"{}\" violates check constraint \"{}\"", table_.name,
                  spec.name)
      .detail(detail)
      .table(table_.schema_name, table_.name)
      .constraint(spec.name);
}

std::vector<CheckSpec> table_checks(const TableDesc& table) {
  std::vector<CheckSpec> checks;
  for (const auto& [name, expr] : table.checks) {
    checks.push_back({.name = name, .expr = expr, .partition = name.empty()});
  }
  return checks;
}

}  // namespace luma
