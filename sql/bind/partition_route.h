#pragma once
// How rows of a partitioned table find their leaves.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/exec/expr.h"
#include "engine/table/partition_router.h"
#include "sql/catalog/partition.h"

namespace luma {

// `leaf_numbers`: the leaves below `table`. `bind` binds a key of one of the partitioned tables, by
// that table's column names.
std::unique_ptr<PartitionRoute> make_partition_route(
    const Catalog& catalog, const Table& table, const std::map<Oid, int32_t>& leaf_numbers,
    const std::function<Expr*(const Table& of, const std::string& sql)>& bind);

// By attribute of `leaf`: the root's attribute with that name, -1 for a dropped one.
std::vector<int32_t> attributes_of_root(const Table& leaf, const Table& root);

}  // namespace luma
