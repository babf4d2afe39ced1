#pragma once
// CREATE TABLE ... INHERITS: what the new table gets from its parents, and how definitions of its
// own become one with that.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/command/like_clause.h"

namespace luma {

struct InheritedParts {
  std::vector<Oid> parents;  // in order
  std::vector<ColumnPlan> columns;
  struct Check {
    std::string name;
    std::string expression;
    int16_t count = 1;  // of the parents that have it
  };
  std::vector<Check> checks;
  // By column: its parents have different defaults, so that it must have one of its own.
  std::vector<bool> default_conflicts;
  std::vector<LikeCopy> sources;  // own what the plans refer to
};

// Locks the parents and checks that one may inherit from them. `child` says its persistence only.
InheritedParts inherited_parts(CommandContext& context, const ast::NodeList& parents,
                               const Table& child);
// `own` is what the new table says of the column that is `inherited`. Throws 42804, 42P21, 42611.
void merge_own_column(CommandContext& context, ColumnPlan& inherited, ColumnPlan own, bool moves);
// 42611 for columns whose conflict was not resolved.
void refuse_default_conflicts(const InheritedParts& parts, const std::vector<ColumnPlan>& columns);
// The parents' CHECKs, into `table`.
void add_inherited_checks(CommandContext& context, Table& table, const InheritedParts& parts);

// The check that a table inherits, or is to inherit, is one with `pending`.
struct CheckMerge {
  bool is_local = true;    // the table's own statement says so; otherwise one for its parent
  bool validated = true;   // of the new one
  bool may_merge = false;  // also with a check that the table has said itself
};
// True: merged with the table's check of that name. False: there is none. Throws 42710, 42P17.
bool merge_check(CommandContext& context, Table& table, const PendingConstraint& pending,
                 const CheckMerge& how);

}  // namespace luma
