#pragma once
// The values of new rows, column by column, as INSERT, UPDATE and MERGE compute them.
#include <optional>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/exec/operator.h"
#include "engine/row/table_desc.h"

namespace luma {

// By attribute; empty = not assigned.
using Evaluators = std::vector<std::optional<ExprEvaluator>>;
Evaluators make_evaluators(const std::vector<const Expr*>& expressions, uint32_t capacity);

// The columns that an UPDATE may change.
std::vector<bool> updated_columns(const TableDesc& table,
                                  const std::vector<const Expr*>& assignments,
                                  const std::vector<const Expr*>& generated);

// The same for RowWriter, empty (any) when triggers may change other columns.
std::vector<bool> columns_to_write(const TableDesc& table,
                                   const std::vector<const Expr*>& assignments,
                                   const std::vector<const Expr*>& generated);

// A chunk of the table's attributes, without storage of its own.
Chunk make_row_views(const TableDesc& table);
// New rows: each column refers to the value it is assigned, or to the stored row's.
void assign(ExecContext& context, Evaluators& assignments, const Chunk& input, const Chunk* stored,
            Chunk& rows);

}  // namespace luma
