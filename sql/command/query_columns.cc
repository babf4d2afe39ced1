#include "sql/command/query_columns.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/command/command_target.h"

namespace luma {

std::vector<Column> columns_of_query(const BoundQuery& query, const ast::NameList& aliases,
                                     std::string_view too_many) {
  if (aliases.size() > query.result.size()) {
    throw SqlError(SqlState::kSyntaxError, std::string(too_many));
  }
  std::vector<Column> columns;
  for (size_t i = 0; i < query.result.size(); ++i) {
    const PlanColumn& source = query.context->column(query.result[i].column);
    Column column;
    column.name = i < aliases.size() ? truncated_name(aliases[i]) : query.result[i].label;
    column.number = static_cast<int16_t>(i + 1);
    column.type = source.type;
    const TypeInfo* type = find_type(source.type.oid);
    if (type != nullptr && type->type_type == 'p') {
      throw sql_error(SqlState::kInvalidTableDefinition, "column \"{}\" has pseudo-type {}",
                      column.name, format_type(source.type.oid));
    }
    column.collation = source.collation != kInvalidOid ? source.collation
                       : type == nullptr               ? kInvalidOid
                                                       : type->collation;
    if (std::ranges::find(columns, column.name, &Column::name) != columns.end()) {
      throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" specified more than once",
                      column.name);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace luma
