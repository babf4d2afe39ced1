#include "sql/catalog/inheritance.h"

#include <algorithm>

#include "sql/catalog/partition.h"

namespace luma {

std::vector<Oid> children_in_order(const Catalog& catalog, Oid table) {
  std::vector<Oid> out;
  for (const Table* child : catalog.children_of(table)) out.push_back(child->oid);
  std::ranges::sort(out);
  return out;
}

std::vector<FamilyMember> table_family(const Catalog& catalog, const Table& table) {
  std::vector<FamilyMember> out;
  if (is_partitioned(table)) {
    for (const PartitionNode& node : partition_tree(catalog, table)) {
      out.push_back({node.table, node.level, node.level == 0 ? 0 : 1});
    }
    return out;
  }
  out.push_back({&table, 0, 0});
  for (size_t i = 0; i < out.size(); ++i) {
    const int level = out[i].level + 1;
    for (Oid oid : children_in_order(catalog, out[i].table->oid)) {
      auto known = std::ranges::find(out, oid, [](const auto& m) { return m.table->oid; });
      if (known != out.end()) {
        ++known->parents;
      } else {
        out.push_back({catalog.table(oid), level, 1});
      }
    }
  }
  return out;
}

std::vector<FamilyMember> family_in_session(const Catalog& catalog, const Table& table,
                                            Oid temp_schema) {
  std::vector<FamilyMember> out = table_family(catalog, table);
  std::erase_if(out, [&](const FamilyMember& member) {
    return member.level > 0 && member.table->persistence == 't' &&
           member.table->schema != temp_schema;
  });
  return out;
}

bool stands_for_family(const Catalog& catalog, const Table& table) {
  return is_partitioned(table) || (table.relkind == 'r' && table.virtual_relation == nullptr &&
                                   !catalog.children_of(table.oid).empty());
}

}  // namespace luma
