#pragma once
// Rows of a partition that a foreign key's action gives values of another partition's: as in an
// UPDATE of the partitioned table, they are removed where they were and inserted where they belong.
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/row/table_desc.h"
#include "engine/table/partition_router.h"
#include "engine/table/partitioned_writer.h"

namespace luma {

class ConstraintQueue;

// What a TableResolver that knows of partitioned tables can say, too.
class PartitionedTableResolver {
 public:
  virtual ~PartitionedTableResolver() = default;
  // The table for which `key`, a foreign key of the partition `child`, was declared, and the same
  // with its partitions.
  virtual TableDescPtr table_of_key(const TableDesc& child, Oid key) = 0;
  virtual std::shared_ptr<const PartitionedTarget> target_of_key(const TableDesc& child,
                                                                 Oid key) = 0;
};

// For one foreign key of one partition, within one statement. One thread.
class ForeignKeyMover {
 public:
  // Null when the key is the partition's own: its rows stay. `key` must outlive it.
  static std::unique_ptr<ForeignKeyMover> make(const TableDescPtr& child,
                                               const ForeignKeyDesc& key);
  ~ForeignKeyMover();
  // Whether the row (attributes of the partition, all values known) does not belong there.
  bool leaves(ExecContext& context, const Chunk& row);
  // What SET DEFAULT gives the partition's attribute: the default of the table that declares the
  // key. Null: NULL.
  const Expr* default_of(ExecContext& context, size_t attribute);
  // Inserts such a row into its partition, unless a trigger leaves it out. What it causes goes to
  // `queue`.
  void insert(ExecContext& context, ConstraintQueue& queue, const Chunk& row);

 private:
  ForeignKeyMover(TableDescPtr child, Oid key, const Expr& bound);
  struct Home;
  void find_target(ExecContext& context);
  Home& home(ExecContext& context, ConstraintQueue& queue, int32_t leaf);

  TableDescPtr child_;
  Oid key_;
  ExprEvaluator bound_;
  std::shared_ptr<const PartitionedTarget> target_;
  const PartitionedTarget::Leaf* from_ = nullptr;
  std::optional<PartitionRouter> router_;
  std::map<int32_t, std::unique_ptr<Home>> homes_;
  Chunk root_row_;
};

}  // namespace luma
