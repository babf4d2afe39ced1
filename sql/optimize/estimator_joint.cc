// The estimator where statistics of several columns have their say: conjuncts that fix columns of
// one table, and the number of groups.
#include <algorithm>
#include <cmath>

#include "engine/type/array.h"
#include "sql/optimize/estimator.h"
#include "sql/optimize/joint_estimates.h"
#include "sql/optimize/selectivity_rules.h"

namespace luma {

// `column = constant`, `column = ANY (constants)`, or several of one column with OR.
bool Estimator::fixes_column(const Expr& condition, const ColumnFacts** column,
                             std::vector<Datum>& values) const {
  if (condition.kind == ExprKind::kOr) {
    return std::ranges::all_of(
        condition.args, [&](const Expr* part) { return fixes_column(*part, column, values); });
  }
  bool any = condition.kind == ExprKind::kArrayAny;
  if ((!any && condition.kind != ExprKind::kFunction) || condition.args.size() != 2) return false;
  if (rule_of(condition.operator_oid) != SelectivityRule::kEqual) return false;
  for (int side = 0; side < (any ? 1 : 2); ++side) {
    const ColumnFacts* found = facts(*condition.args[side]);
    const Expr& other = *condition.args[1 - side];
    bool usable = found != nullptr && found->table != nullptr && !found->unique &&
                  (focus_ == nullptr || found->scan == focus_) &&
                  (*column == nullptr ||
                   ((*column)->scan == found->scan && (*column)->number == found->number));
    if (!usable) continue;
    auto add = [&](const Expr& expr) {
      bool known = expr.kind == ExprKind::kConstant && !expr.constant.is_null &&
                   type_info(expr.type.oid).compare == type_info(found->type.oid).compare;
      if (known) values.push_back(expr.constant.datum);
      return known;
    };
    *column = found;
    if (!any) return add(other);
    if (other.kind == ExprKind::kArray) {
      return std::ranges::all_of(other.args, [&](const Expr* element) { return add(*element); });
    }
    if (other.kind != ExprKind::kConstant || other.constant.is_null) return false;
    ArrayView view(other.constant.datum);
    if (view.has_nulls() || view.element_type().compare != type_info(found->type.oid).compare) {
      return false;
    }
    for (uint32_t i = 0; i < view.size(); ++i) values.push_back(view.datum(i));
    return true;
  }
  return false;
}

double Estimator::joint_selectivity(const std::vector<Expr*>& conjuncts,
                                    std::vector<bool>& taken) const {
  struct OfScan {
    const ScanOp* scan;
    const TableStatisticsObject* table;
    std::vector<FixedColumn> columns;
  };
  std::vector<OfScan> scans;
  std::vector<std::pair<size_t, const ColumnFacts*>> fixed;
  for (size_t i = 0; i < conjuncts.size(); ++i) {
    const ColumnFacts* column = nullptr;
    std::vector<Datum> values;
    if (!fixes_column(*conjuncts[i], &column, values)) continue;
    auto scan = std::ranges::find(scans, column->scan, &OfScan::scan);
    if (scan == scans.end()) {
      scans.push_back({column->scan, column->table, {}});
      scan = scans.end() - 1;
    }
    bool repeated = std::ranges::find(scan->columns, column->number, &FixedColumn::number) !=
                    scan->columns.end();
    if (repeated) continue;
    scan->columns.push_back(
        {column->number, column->type, std::move(values), selectivity(*conjuncts[i])});
    fixed.emplace_back(i, column);
  }
  double product = 1;
  for (OfScan& scan : scans) product *= luma::joint_selectivity(*scan.table, scan.columns);
  for (const auto& [i, column] : fixed) {
    auto scan = std::ranges::find(scans, column->scan, &OfScan::scan);
    taken[i] = std::ranges::find(scan->columns, column->number, &FixedColumn::number) ==
               scan->columns.end();
  }
  return product;
}

double Estimator::groups(const std::vector<Expr*>& keys, double input_rows) const {
  struct OfTable {
    const ScanOp* scan;
    double table_rows = 0;
    const TableStatisticsObject* joint = nullptr;
    std::vector<int16_t> numbers = {};
    std::vector<double> values = {};
  };
  std::vector<OfTable> tables;
  ColumnSet seen;
  double total = 1;
  for (const Expr* key : keys) {
    if (facts(*key) == nullptr && key->physical == PhysicalType::kBool) {
      total *= 2;
      continue;
    }
    ColumnSet columns = columns_of(*key);
    for (ColumnId id : columns) {
      if (!seen.insert(id).second) continue;
      auto known = columns_.find(id);
      Expr* column = plan_.column_ref(id);
      double values = distinct(*column);
      if (known == columns_.end() || known->second.scan == nullptr ||
          known->second.grouped_by != nullptr) {
        total *= values;
        continue;
      }
      auto table = std::ranges::find(tables, known->second.scan, &OfTable::scan);
      if (table == tables.end()) {
        tables.push_back({known->second.scan, known->second.table_rows});
        table = tables.end() - 1;
      }
      table->joint = known->second.table;
      table->numbers.push_back(known->second.number);
      table->values.push_back(values);
    }
  }
  for (OfTable& table : tables) {
    double rows = std::max(1.0, table.table_rows);
    double distinct = joint_groups(table.joint, table.numbers, table.values, rows);
    double kept = table.scan->rows >= 0 ? std::min(rows, table.scan->rows) : rows;
    if (kept < rows) {
      // How many of the values are left when rows are taken out at random (Yao,
      // as PostgreSQL has it).
      distinct *= 1 - std::pow((rows - kept) / rows, rows / distinct);
    }
    total *= std::max(1.0, distinct);
  }
  return std::clamp(std::ceil(total), 1.0, std::max(1.0, input_rows));
}

double Estimator::distinct_rows(const std::vector<ColumnId>& columns, double input_rows) const {
  std::vector<Expr*> keys;
  for (ColumnId column : columns) keys.push_back(plan_.column_ref(column));
  return keys.empty() ? 1 : groups(keys, input_rows);
}

}  // namespace luma
