#pragma once
// CREATE TABLE ... (LIKE source INCLUDING ...).
#include <memory>
#include <vector>

#include "engine/base/arena.h"
#include "sql/command/column_build.h"

namespace luma {

struct LikeCopy {
  std::shared_ptr<const Table> source;
  uint32_t options = 0;  // TableLikeOption bits
  std::vector<ColumnPlan> columns;
  std::vector<int16_t> number_in_copy;  // by the source's attribute; set by add_like_constraints
  std::unique_ptr<Arena> arena;         // of parsed defaults
  bool as_partition = false;            // constraints and indexes belong to the source's
};

// Comments on columns, constraints and indexes come with what they belong to.
LikeCopy copy_like_columns(CommandContext& context, const ast::TableLikeClause& clause);
// CHECKs, into `table`.
void add_like_constraints(CommandContext& context, Table& table, LikeCopy& like);
// Keys and indexes: puts the indexes and adds the constraints to `table`.
void add_like_indexes(CommandContext& context, Table& table, LikeCopy& like);

}  // namespace luma
