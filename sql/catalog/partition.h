#pragma once
// Partitioned tables: their trees, keys and bounds, and how these read as SQL. Pure functions over
// a catalog snapshot; threads may share everything.
#include <string>
#include <vector>

#include "engine/row/key_codec.h"
#include "sql/catalog/name_resolution.h"

namespace luma {

inline bool is_partition(const Table& table) { return table.partition_bound.strategy != '\0'; }
inline bool is_partitioned(const Table& table) { return table.relkind == 'p'; }

// nullptr for a table that is no partition.
const Table* partition_parent(const Catalog& catalog, const Table& table);
// Direct partitions by their bounds, the default one last.
std::vector<const Table*> partitions_of(const Catalog& catalog, const Table& table);

// The table itself and everything below it, each before its partitions.
struct PartitionNode {
  const Table* table = nullptr;
  int level = 0;
};
std::vector<PartitionNode> partition_tree(const Catalog& catalog, const Table& table);

// A bound in bytes: those of keys compare as the values do.
struct EncodedBound {
  bool is_default = false;
  int32_t modulus = 0, remainder = 0;
  std::vector<std::string> values;  // list, without NULL
  bool takes_null = false;          // list
  std::string lower, upper;         // range: lower <= key < upper
};
// Encodes the columns of one key; order is that of PartitionKey::parts.
class PartitionKeyCodec {
 public:
  explicit PartitionKeyCodec(const PartitionKey& key);
  EncodedBound encode(const PartitionBound& bound) const;
  // Appends a value, which is not NULL, of the part.
  void append(size_t part, const Datum& value, std::string& out) const;

 private:
  void append_text(size_t part, const PartitionBound::Value& value, std::string& out) const;
  std::vector<const TypeInfo*> types_;
};

// "RANGE (a, lower(b))".
std::string partition_key_text(const Catalog& catalog, const SearchPath& path, const Table& table,
                               bool pretty);
// "FOR VALUES IN (1, 2)", "DEFAULT"; `key` is the parent's.
std::string partition_bound_text(const PartitionKey& key, const PartitionBound& bound);
// The names or expressions of a key, as in messages.
std::string partition_key_part(const Table& table, const IndexKey& part);

// The condition that rows of the partition fulfil because of their parent's key, over columns by
// name; "" when there is none (a default partition without siblings). `bound`: the table's own, or
// one it is to get; `except`: a sibling that does not count.
std::string partition_condition(const Catalog& catalog, const Table& parent,
                                const PartitionBound& bound, Oid except);
// The same together with what the ancestors demand.
std::string partition_constraint(const Catalog& catalog, const Table& table);

}  // namespace luma
