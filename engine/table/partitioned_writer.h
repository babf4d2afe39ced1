#pragma once
// Rows in bulk for a partitioned table, without a plan: COPY. One thread.
#include <memory>
#include <vector>

#include "engine/table/partition_router.h"
#include "engine/table/table_build.h"
#include "engine/table/trigger_firing.h"

namespace luma {

struct PartitionedTarget {
  TableDescPtr root;
  PartitionRoutePtr route;  // keys' slots: the root's attributes
  struct Leaf {
    TableDescPtr table;
    std::vector<int32_t> root_attribute;  // by the leaf's attribute; -1: dropped
  };
  std::vector<Leaf> leaves;
};

class PartitionedWriter {
 public:
  // Both must outlive the writer.
  PartitionedWriter(ExecContext& context, const PartitionedTarget& target);
  ~PartitionedWriter();
  // As TableWriter's.
  void write(const Chunk& rows);
  uint32_t failed_row() const { return failed_row_; }
  void finish();

 private:
  struct Leaf;
  void write_to(int32_t leaf, const Chunk& rows, const std::vector<uint32_t>& selection);

  ExecContext& context_;
  const PartitionedTarget& target_;
  PartitionRouter router_;
  StatementTriggers triggers_;
  std::vector<std::unique_ptr<Leaf>> leaves_;
  std::vector<int32_t> leaf_of_row_;
  uint32_t failed_row_ = 0;
};

}  // namespace luma
