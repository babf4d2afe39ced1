#pragma once
// Where the rows of a partitioned table's leaf are, for pruning: the keys and bounds from the named
// table down to the leaf.
#include <memory>
#include <string>
#include <vector>

#include "sql/catalog/partition.h"
#include "sql/plan/logical.h"

namespace luma {

struct PartitionPlace {
  struct Level {
    char strategy = 'r';
    std::vector<ColumnId> columns;  // of the scan; kNoColumn for an expression
    std::vector<const TypeInfo*> types;
    EncodedBound bound;
    // Of a default partition: where its siblings' rows are.
    std::shared_ptr<const std::vector<EncodedBound>> siblings;
  };
  std::vector<Level> levels;
  std::string alias;  // of the partitioned table
};

}  // namespace luma
