#pragma once
// Tables and what is below them: partitions of partitioned tables, children of others. Pure
// functions over a catalog snapshot; threads may share everything.
#include <vector>

#include "sql/catalog/name_resolution.h"

namespace luma {

// What stands for a table in a statement that does not say ONLY.
struct FamilyMember {
  const Table* table = nullptr;
  int level = 0;    // 0: the table itself
  int parents = 0;  // in the family; 0: the table itself
};
// The table first, every other once and behind one of its parents; partitions by their bounds.
std::vector<FamilyMember> table_family(const Catalog& catalog, const Table& table);
// The same without temporary tables of other sessions, whose rows are nobody else's. `temp_schema`:
// the session's own.
std::vector<FamilyMember> family_in_session(const Catalog& catalog, const Table& table,
                                            Oid temp_schema);

// Direct children by oid, as statements that change them go through them.
std::vector<Oid> children_in_order(const Catalog& catalog, Oid table);

// Whether statements that name the table without ONLY mean others, too: it is partitioned, or
// others inherit from it.
bool stands_for_family(const Catalog& catalog, const Table& table);

}  // namespace luma
