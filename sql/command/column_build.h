#pragma once
// Columns from their definitions: CREATE TABLE and ALTER TABLE ADD COLUMN.
#include <string>
#include <vector>

#include "sql/ast/ddl.h"
#include "sql/command/command_context.h"

namespace luma {

// A constraint that was written at a column or for the table.
struct PendingConstraint {
  const ast::Constraint* node = nullptr;
  std::string column;  // of a column constraint
  bool deferrable = false;
  bool initially_deferred = false;
};

// What a column definition asks for beyond the column itself.
struct ColumnPlan {
  Column column;
  const ast::Node* default_node = nullptr;
  const ast::Node* generated_node = nullptr;
  bool serial = false;
  bool needs_sequence = false;  // serial or identity
  ast::NodeList sequence_options;
  std::vector<PendingConstraint> constraints;
};

// `table` gives names for messages. The column's number is not set. Throws 42601, 42804, 42P16, ...
ColumnPlan plan_column(CommandContext& context, const Table& table,
                       const ast::ColumnDef& definition);

// Checks the name against system columns and the other columns of `table` (42701).
void check_new_column_name(const Table& table, std::string_view name);

// Makes the sequence of a serial or identity column of a table that is in the catalog; sets the
// default of a serial column. `column` is the one in `table`, which the caller puts afterwards.
// `command` is what a message of level DEBUG says.
void make_owned_sequence(CommandContext& context, Table& table, int16_t column,
                         const ast::NodeList& options, bool identity,
                         std::string_view command = "ALTER TABLE");

// Sets or replaces the column's default. DEFAULT NULL counts as none.
void store_default(CommandContext& context, Table& table, int16_t column, const ast::Node* node);
void store_generated(CommandContext& context, Table& table, int16_t column, const ast::Node* node);
// Forgets the default (or generation expression) and what it depends on.
void clear_default(Table& table, int16_t column);

Column& column_at(Table& table, int16_t number);
// Throws 42703 `column "c" of relation "t" does not exist`.
Column& require_column_of(Table& table, std::string_view name);
const Column& require_column_of(const Table& table, std::string_view name);

}  // namespace luma
