#include "engine/table/partition_router.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"

namespace luma {

void append_partition_key(const TypeInfo& type, const Datum& value, std::string& out) {
  out.push_back('\x01');
  type.key_encode(value, type, out);
}

struct PartitionRouter::Level {
  Level(const PartitionRoute& from, uint32_t capacity) : route(from) {
    for (const Expr* key : from.keys) {
      evaluators.emplace_back(*key, capacity);
      types.push_back(&type_info(key->type.oid));
    }
    below.resize(from.targets.size());
  }
  const PartitionRoute& route;
  std::vector<ExprEvaluator> evaluators;
  std::vector<const TypeInfo*> types;
  std::vector<std::unique_ptr<Level>> below;  // by target, made when first needed
  std::vector<const Vector*> columns;
  std::vector<Value> values;
  std::string bytes;

  // Index of the target, -1: none.
  int32_t target_of(uint32_t row) {
    values.clear();
    bool any_null = false;
    for (const Vector* column : columns) {
      values.push_back(column->value(row));
      any_null |= values.back().is_null;
    }
    int32_t found = route.strategy == 'h'   ? by_hash()
                    : route.strategy == 'l' ? by_list()
                    : any_null              ? -1
                                            : by_range();
    return found >= 0 ? found : route.default_target;
  }

  void encode() {
    bytes.clear();
    for (size_t i = 0; i < values.size(); ++i) {
      append_partition_key(*types[i], values[i].datum, bytes);
    }
  }

  int32_t by_range() {
    encode();
    auto after = std::ranges::upper_bound(route.ranges, bytes, {}, &PartitionRoute::Range::lower);
    if (after == route.ranges.begin()) return -1;
    --after;
    return bytes < after->upper ? static_cast<int32_t>(after->target) : -1;
  }

  int32_t by_list() {
    if (values[0].is_null) return route.null_target;
    encode();
    auto found = route.values.find(bytes);
    return found == route.values.end() ? -1 : static_cast<int32_t>(found->second);
  }

  int32_t by_hash() {
    uint64_t hash = partition_hash(types, values);
    for (const PartitionRoute::Remainder& part : route.remainders) {
      if (hash % part.modulus == part.remainder) return static_cast<int32_t>(part.target);
    }
    return -1;
  }

  [[noreturn]] void refuse(EvalContext& context) {
    std::string shown;
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) shown += ", ";
      if (values[i].is_null) {
        shown += "null";
      } else {
        std::string text;
        types[i]->output(values[i].datum, *types[i], *context.io, text);
        constexpr size_t kShownBytes = 64;
        bool is_long = text.size() > kShownBytes;
        shown.append(text, 0, kShownBytes);
        if (is_long) shown += "...";
      }
    }
    throw sql_error(SqlState::kCheckViolation, "no partition of relation \"{}\" found for row",
                    route.name)
        .detail(fmt::format("Partition key of the failing row contains ({}) = ({}).",
                            route.key_names, shown))
        .table(route.schema_name, route.name);
  }
};

PartitionRouter::PartitionRouter(const PartitionRoute& route, uint32_t capacity)
    : root_(std::make_unique<Level>(route, capacity)) {}

PartitionRouter::~PartitionRouter() = default;

void PartitionRouter::route(EvalContext& context, const Chunk& rows, std::vector<int32_t>& leaves) {
  leaves.resize(rows.size);
  auto evaluate = [&](Level& level, const Chunk& chunk) {
    level.columns.clear();
    for (ExprEvaluator& key : level.evaluators) {
      level.columns.push_back(&key.evaluate(context, chunk));
    }
  };
  evaluate(*root_, rows);
  for (uint32_t row = 0; row < rows.size; ++row) {
    Level* level = root_.get();
    failed_row_ = row;
    uint32_t at = row;
    while (true) {
      int32_t target = level->target_of(at);
      if (target < 0) level->refuse(context);
      const PartitionRoute::Target& found = level->route.targets[static_cast<size_t>(target)];
      if (found.below == nullptr) {
        leaves[row] = found.leaf;
        break;
      }
      auto& below = level->below[static_cast<size_t>(target)];
      if (below == nullptr) below = std::make_unique<Level>(*found.below, 1);
      // Keys of lower levels are looked at row by row: not every row has this level.
      if (one_.columns.size() != rows.columns.size()) {
        std::vector<PhysicalType> types;
        for (const Vector& column : rows.columns) types.push_back(column.physical());
        one_.init(types, 1);
      }
      one_.slice(rows, &row, 1);
      level = below.get();
      evaluate(*level, one_);
      at = 0;
    }
  }
}

}  // namespace luma
