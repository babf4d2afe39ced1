#pragma once
// Looking up the rows on either side of a foreign key, at their latest versions. Built per
// statement from the current descriptions of both tables. One thread.
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/row/key_codec.h"
#include "engine/row/row_codec.h"
#include "engine/row/table_desc.h"
#include "engine/txn/transaction.h"

namespace luma {

// Values of a foreign key's columns go from one table's types to the other's; nothing when `to`
// cannot hold the value, which then has no partner.
std::optional<Value> convert_key_value(const Value& value, TypeRef from, TypeRef to, Arena& arena);

std::vector<TypeRef> column_types(const TableDesc& table, std::span<const int32_t> columns);

// Referenced rows, in one table or in all partitions of one.
class ParentProbe {
 public:
  // Values given below are of types `from`, in the order of the key's columns, none NULL.
  ParentProbe(TableResolver& tables, const TableDescPtr& parent, const ForeignKeyDesc& key,
              std::vector<TypeRef> from);

  const TableDescPtr& table() const { return parent_; }
  // Sets the values that the calls below look for. `index_key` tells them apart from others; false
  // when no row can have them.
  bool encode(std::span<const Value> values, std::string& index_key);
  // Whether the row exists; when so, it is locked FOR KEY SHARE.
  bool lock(ExecContext& context);
  // REPEATABLE READ and up: 40001 when the parent row was there at the snapshot and is gone now.
  void refuse_if_changed_since_snapshot(ExecContext& context);
  // Like lock(), without a lock.
  bool exists(ExecContext& context);

 private:
  // A table with rows.
  struct Side {
    TableDescPtr table;
    const IndexDesc* index = nullptr;
    std::optional<KeyCodec> codec;
    std::vector<size_t> order;  // by index part: the key's column
    std::string key;            // what is looked for
  };
  void add_side(TableDescPtr table, Oid index, const std::vector<int32_t>& columns);
  bool encode(Side& side, std::span<const Value> values);
  bool lock(ExecContext& context, const Side& side);
  bool exists(ExecContext& context, const Side& side);
  bool find_row(Transaction& txn, const Side& side, std::string& row_key);

  TableDescPtr parent_;
  std::vector<TypeRef> from_;
  std::vector<Side> sides_;
  KvValue value_;
  Arena arena_;
};

// Referring rows.
class ChildProbe {
 public:
  ChildProbe(TableDescPtr child, const ForeignKeyDesc& key, std::vector<TypeRef> from);

  const TableDescPtr& table() const { return child_; }
  const StoredLayout& layout() const { return layout_; }
  // Values for the calls below, none NULL; false when no row can refer to them.
  bool set_values(std::span<const Value> values);
  // Keys of rows that seem to refer to the values. Lock each and test it with refers().
  void find(ExecContext& context, std::vector<std::string>& row_keys);
  bool refers(std::string_view row) const;

 private:
  TableDescPtr child_;
  const ForeignKeyDesc& key_;
  std::vector<TypeRef> from_;
  StoredLayout layout_;
  const IndexDesc* index_ = nullptr;  // nullptr: the whole table is read
  std::optional<KeyCodec> codec_;
  std::vector<size_t> order_;  // by leading index part: the key's column
  std::vector<Value> values_;  // in the child's types
  Arena arena_;
};

}  // namespace luma
