#pragma once
// Which leaf of a partitioned table a row belongs to. A route is immutable and may be shared; a
// router belongs to one thread.
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/row/table_desc.h"

namespace luma {

// Appends a key value, which is not NULL, so that bytes compare as the values do. Bounds that are
// MINVALUE and MAXVALUE are single bytes below and above.
void append_partition_key(const TypeInfo& type, const Datum& value, std::string& out);
inline constexpr char kPartitionMinimum = '\x00';
inline constexpr char kPartitionMaximum = '\xFF';

// PostgreSQL's hash of a key of a hash-partitioned table; NULLs do not count. Throws 0A000 for
// types whose hash is not known.
uint64_t partition_hash(const std::vector<const TypeInfo*>& types,
                        const std::vector<Value>& values);
bool has_partition_hash(const TypeInfo& type);

// One partitioned table and what is below it.
struct PartitionRoute {
  struct Target {
    int32_t leaf = -1;  // index into the list of leaves, or
    std::unique_ptr<PartitionRoute> below;
  };
  std::string schema_name, name;
  std::string key_names;  // "a, lower(b)"
  char strategy = 'r';    // r range, l list, h hash
  std::vector<const Expr*> keys;
  std::vector<Target> targets;
  struct Range {
    std::string lower, upper;
    uint32_t target;
  };
  std::vector<Range> ranges;                         // in order
  std::unordered_map<std::string, uint32_t> values;  // list
  int32_t null_target = -1;                          // list
  struct Remainder {
    uint64_t modulus, remainder;
    uint32_t target;
  };
  std::vector<Remainder> remainders;  // hash
  int32_t default_target = -1;
};
using PartitionRoutePtr = std::unique_ptr<PartitionRoute>;

class PartitionRouter {
 public:
  // The keys' slots are columns of the chunks that are routed. `route` must outlive this.
  PartitionRouter(const PartitionRoute& route, uint32_t capacity);
  ~PartitionRouter();
  // The leaf of every row. Throws 23514 for the first row that has none.
  void route(EvalContext& context, const Chunk& rows, std::vector<int32_t>& leaves);
  // After a throw of route(): the row at fault.
  uint32_t failed_row() const { return failed_row_; }

 private:
  struct Level;
  std::unique_ptr<Level> root_;
  Chunk one_;
  uint32_t failed_row_ = 0;
};

}  // namespace luma
