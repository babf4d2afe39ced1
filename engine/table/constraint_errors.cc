#include "engine/table/constraint_errors.h"

namespace luma {

namespace {

constexpr size_t kMaxShownBytes = 64;

const IoContext& io_of(const EvalContext& context) {
  static const IoContext kDefault;
  return context.io == nullptr ? kDefault : *context.io;
}

void append_value(const EvalContext& context, TypeRef type, const Value& value, std::string& out) {
  if (value.is_null) {
    out.append("null");
    return;
  }
  const TypeInfo& info = type_info(type.oid);
  info.output(value.datum, info, io_of(context), out);
}

std::string cut(std::string text) {
  if (text.size() <= kMaxShownBytes) return text;
  size_t end = kMaxShownBytes;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

template <typename Name, typename Type>
std::string describe(const EvalContext& context, size_t count, Name&& name, Type&& type,
                     std::span<const Value> values) {
  std::string out = "(";
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out.append(", ");
    out.append(name(i));
  }
  out.append(")=(");
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out.append(", ");
    append_value(context, type(i), values[i], out);
  }
  return out + ")";
}

}  // namespace

std::string describe_row(const EvalContext& context, const TableDesc& table,
                         std::span<const int32_t> attributes, const Chunk& rows, uint32_t row) {
  std::string out = "(";
  const size_t count = attributes.empty() ? table.columns.size() : attributes.size();
  for (size_t i = 0; i < count; ++i) {
    const size_t attribute = attributes.empty() ? i : static_cast<size_t>(attributes[i]);
    const ColumnDesc& column = table.columns[attribute];
    if (column.dropped) continue;
    if (out.size() > 1) out.append(", ");
    std::string text;
    append_value(context, column.type, rows.columns[attribute].value(row), text);
    out.append(cut(std::move(text)));
  }
  return out + ")";
}

std::string describe_columns(const EvalContext& context, const TableDesc& table,
                             std::span<const int32_t> columns, std::span<const Value> values) {
  auto column = [&](size_t i) -> const ColumnDesc& {
    return table.columns[static_cast<size_t>(columns[i])];
  };
  return describe(
      context, columns.size(), [&](size_t i) { return column(i).name; },
      [&](size_t i) { return column(i).type; }, values);
}

std::string describe_key(const EvalContext& context, const TableDesc& table, const IndexDesc& index,
                         std::span<const Value> values) {
  return describe(
      context, index.keys.size(),
      [&](size_t i) -> std::string {
        const KeyPart& part = index.keys[i];
        if (part.column >= 0) return table.columns[static_cast<size_t>(part.column)].name;
        return part.text.empty() ? "expr" : part.text;
      },
      [&](size_t i) { return index.keys[i].type; }, values);
}

SqlError not_null_violation(const TableDesc& table, const ColumnDesc& column) {
  return sql_error(SqlState::kNotNullViolation,
                   "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                   column.name, table.name)
      .table(table.schema_name, table.name)
      .column(column.name);
}

SqlError unique_violation(const EvalContext& context, const TableDesc& table,
                          const IndexDesc& index, std::span<const Value> values) {
  return sql_error(SqlState::kUniqueViolation,
                   "duplicate key value violates unique constraint \"{}\"", index.name)
      .detail("Key " + describe_key(context, table, index, values) + " already exists.")
      .table(table.schema_name, table.name)
      .constraint(index.name);
}

SqlError exclusion_violation(const EvalContext& context, const TableDesc& table,
                             const IndexDesc& index, std::span<const Value> values,
                             std::span<const Value> stored) {
  return sql_error(SqlState::kExclusionViolation,
                   "conflicting key value violates exclusion constraint \"{}\"", index.name)
      .detail(fmt::format("Key {} conflicts with existing key {}.",
                          describe_key(context, table, index, values),
                          describe_key(context, table, index, stored)))
      .table(table.schema_name, table.name)
      .constraint(index.name);
}

SqlError mutual_exclusion_error(const EvalContext& context, const TableDesc& table,
                                const IndexDesc& index, std::span<const Value> values,
                                std::span<const Value> other) {
  return sql_error(SqlState::kExclusionViolation, "could not create exclusion constraint \"{}\"",
                   index.name)
      .detail(fmt::format("Key {} conflicts with key {}.",
                          describe_key(context, table, index, values),
                          describe_key(context, table, index, other)))
      .table(table.schema_name, table.name)
      .constraint(index.name);
}

SqlError missing_parent_error(const EvalContext& context, const TableDesc& child,
                              const ForeignKeyDesc& key, const TableDesc& parent,
                              std::span<const Value> values) {
  return sql_error(SqlState::kForeignKeyViolation,
                   "insert or update on table \"{}\" violates foreign key constraint \"{}\"",
                   child.name, key.name)
      .detail("Key " + describe_columns(context, child, key.child_columns, values) +
              " is not present in table \"" + parent.name + "\".")
      .table(child.schema_name, child.name)
      .constraint(key.name);
}

namespace {

const std::string& declared_name(const TableDesc& child, const ForeignKeyDesc& key) {
  return key.declared_table.empty() ? child.name : key.declared_table;
}

}  // namespace

SqlError still_referenced_error(const EvalContext& context, const TableDesc& parent,
                                const ForeignKeyDesc& key, const TableDesc& child,
                                std::span<const Value> values) {
  return sql_error(SqlState::kForeignKeyViolation,
                   "update or delete on table \"{}\" violates foreign key constraint \"{}\" on "
                   "table \"{}\"",
                   parent.name, key.name, declared_name(child, key))
      .detail("Key " + describe_columns(context, parent, key.parent_columns, values) +
              " is still referenced from table \"" + declared_name(child, key) + "\".")
      .table(key.declared_table.empty() ? child.schema_name : key.declared_schema,
             declared_name(child, key))
      .constraint(key.name);
}

SqlError removed_partition_error(const EvalContext& context, const TableDesc& partition,
                                 const ForeignKeyDesc& key, const TableDesc& child,
                                 std::span<const Value> values) {
  return sql_error(SqlState::kForeignKeyViolation,
                   "removing partition \"{}\" violates foreign key constraint \"{}\"",
                   partition.name, key.name)
      .detail("Key " + describe_columns(context, partition, key.parent_columns, values) +
              " is still referenced from table \"" + declared_name(child, key) + "\".")
      .table(key.declared_table.empty() ? child.schema_name : key.declared_schema,
             declared_name(child, key))
      .constraint(key.name);
}

SqlError match_full_error(const TableDesc& child, const ForeignKeyDesc& key) {
  return sql_error(SqlState::kForeignKeyViolation,
                   "insert or update on table \"{}\" violates foreign key constraint \"{}\"",
                   child.name, key.name)
      .detail("MATCH FULL does not allow mixing of null and nonnull key values.")
      .table(child.schema_name, child.name)
      .constraint(key.name);
}

SqlError contains_nulls_error(const TableDesc& table, const ColumnDesc& column) {
  return sql_error(SqlState::kNotNullViolation,
                   "column \"{}\" of relation \"{}\" contains null values", column.name, table.name)
      .table(table.schema_name, table.name)
      .column(column.name);
}

SqlError violated_by_row_error(const TableDesc& table, std::string_view check) {
  return sql_error(SqlState::kCheckViolation,
                   "check constraint \"{}\" of relation \"{}\" is violated by some row", check,
                   table.name)
      .table(table.schema_name, table.name)
      .constraint(std::string(check));
}

SqlError duplicated_key_error(const EvalContext& context, const TableDesc& table,
                              const IndexDesc& index, std::span<const Value> values) {
  return sql_error(SqlState::kUniqueViolation, "could not create unique index \"{}\"", index.name)
      .detail("Key " + describe_key(context, table, index, values) + " is duplicated.")
      .table(table.schema_name, table.name)
      .constraint(index.name);
}

}  // namespace luma
