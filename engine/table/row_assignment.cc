#include "engine/table/row_assignment.h"

#include <algorithm>

namespace luma {

Evaluators make_evaluators(const std::vector<const Expr*>& expressions, uint32_t capacity) {
  Evaluators evaluators(expressions.size());
  for (size_t i = 0; i < expressions.size(); ++i) {
    if (expressions[i] != nullptr) evaluators[i].emplace(*expressions[i], capacity);
  }
  return evaluators;
}

std::vector<bool> updated_columns(const TableDesc& table,
                                  const std::vector<const Expr*>& assignments,
                                  const std::vector<const Expr*>& generated) {
  std::vector<bool> updated(table.columns.size(), false);
  for (size_t i = 0; i < assignments.size(); ++i) updated[i] = assignments[i] != nullptr;
  for (size_t i = 0; i < generated.size(); ++i) {
    if (generated[i] != nullptr) updated[i] = true;
  }
  return updated;
}

std::vector<bool> columns_to_write(const TableDesc& table,
                                   const std::vector<const Expr*>& assignments,
                                   const std::vector<const Expr*>& generated) {
  bool triggers_change_rows =
      std::any_of(table.triggers.begin(), table.triggers.end(), [](const TriggerDesc& trigger) {
        return trigger.for_each_row && trigger.timing == TriggerTiming::kBefore &&
               trigger.events[static_cast<size_t>(TriggerEvent::kUpdate)];
      });
  if (triggers_change_rows) return {};
  return updated_columns(table, assignments, generated);
}

void assign(ExecContext& context, Evaluators& assignments, const Chunk& input, const Chunk* stored,
            Chunk& rows) {
  for (size_t i = 0; i < rows.columns.size(); ++i) {
    if (i < assignments.size() && assignments[i]) {
      rows.columns[i].reference(assignments[i]->evaluate(context, input));
    } else if (stored != nullptr) {
      rows.columns[i].reference(stored->columns[i]);
    }
  }
}

Chunk make_row_views(const TableDesc& table) {
  Chunk rows;
  for (const ColumnDesc& column : table.columns) {
    rows.columns.emplace_back(column.physical, 1).set_constant_null();
  }
  return rows;
}

}  // namespace luma
