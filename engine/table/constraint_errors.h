#pragma once
// The errors of violated constraints, worded as PostgreSQL does.
#include <span>
#include <string>
#include <string_view>

#include "engine/base/sql_error.h"
#include "engine/exec/eval_context.h"
#include "engine/row/table_desc.h"
#include "engine/vector/vector.h"

namespace luma {

// "(1, null, abc)": these attributes of a row (empty: all), long values cut off.
std::string describe_row(const EvalContext& context, const TableDesc& table,
                         std::span<const int32_t> attributes, const Chunk& rows, uint32_t row);
// "(a, b)=(1, x)"; `columns` are attributes of `table`.
std::string describe_columns(const EvalContext& context, const TableDesc& table,
                             std::span<const int32_t> columns, std::span<const Value> values);
std::string describe_key(const EvalContext& context, const TableDesc& table, const IndexDesc& index,
                         std::span<const Value> values);

SqlError not_null_violation(const TableDesc& table, const ColumnDesc& column);
SqlError unique_violation(const EvalContext& context, const TableDesc& table,
                          const IndexDesc& index, std::span<const Value> values);
// 23P01: of a row with the key `values`, next to the one with `stored`; while the constraint is
// made, too.
SqlError exclusion_violation(const EvalContext& context, const TableDesc& table,
                             const IndexDesc& index, std::span<const Value> values,
                             std::span<const Value> stored);
SqlError mutual_exclusion_error(const EvalContext& context, const TableDesc& table,
                                const IndexDesc& index, std::span<const Value> values,
                                std::span<const Value> other);
SqlError missing_parent_error(const EvalContext& context, const TableDesc& child,
                              const ForeignKeyDesc& key, const TableDesc& parent,
                              std::span<const Value> values);
SqlError still_referenced_error(const EvalContext& context, const TableDesc& parent,
                                const ForeignKeyDesc& key, const TableDesc& child,
                                std::span<const Value> values);
// Of rows that exist already, found by ALTER TABLE or CREATE INDEX.
SqlError contains_nulls_error(const TableDesc& table, const ColumnDesc& column);
SqlError violated_by_row_error(const TableDesc& table, std::string_view check);
SqlError duplicated_key_error(const EvalContext& context, const TableDesc& table,
                              const IndexDesc& index, std::span<const Value> values);
// A partition that is to be detached has rows that others refer to.
SqlError removed_partition_error(const EvalContext& context, const TableDesc& partition,
                                 const ForeignKeyDesc& key, const TableDesc& child,
                                 std::span<const Value> values);
SqlError match_full_error(const TableDesc& child, const ForeignKeyDesc& key);

}  // namespace luma
