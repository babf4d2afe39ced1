#include "engine/table/partition_router.h"

#include <catch2/catch.hpp>

#include "engine/base/arena.h"
#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"

namespace luma {
namespace {

std::string key_of(int32_t value) {
  std::string out;
  append_partition_key(type_info(type_oid::kInt4), Datum::of_int32(value), out);
  return out;
}

Chunk column_of(const std::vector<Value>& values) {
  const PhysicalType type[] = {PhysicalType::kInt32};
  Chunk chunk(type);
  chunk.begin();
  for (uint32_t i = 0; i < values.size(); ++i) chunk.columns[0].set_value(i, values[i]);
  chunk.size = static_cast<uint32_t>(values.size());
  return chunk;
}

}  // namespace

TEST_CASE("rows find their range, the default, or none") {
  Arena arena;
  EvalContext context;
  IoContext io;
  context.io = &io;
  PartitionRoute route;
  route.name = "t";
  route.key_names = "a";
  route.keys = {make_slot(arena, 0, {type_oid::kInt4, -1})};
  route.targets.resize(2);
  route.targets[0].leaf = 5;
  route.targets[1].leaf = 6;
  route.ranges = {{std::string(1, kPartitionMinimum), key_of(0), 0}, {key_of(10), key_of(20), 1}};
  PartitionRouter router(route, kVectorSize);
  std::vector<int32_t> leaves;
  Chunk rows = column_of({Value(Datum::of_int32(-1)), Value(Datum::of_int32(10))});
  router.route(context, rows, leaves);
  CHECK(leaves == std::vector<int32_t>{5, 6});
  rows = column_of({Value(Datum::of_int32(19))});
  router.route(context, rows, leaves);
  CHECK(leaves == std::vector<int32_t>{6});
  for (const Value& value :
       {Value(Datum::of_int32(0)), Value(Datum::of_int32(20)), Value::null()}) {
    rows = column_of({Value(Datum::of_int32(10)), value});
    CHECK_THROWS_AS(router.route(context, rows, leaves), SqlError);
    CHECK(router.failed_row() == 1);
  }
  route.default_target = 0;
  router.route(context, rows, leaves);
  CHECK(leaves == std::vector<int32_t>{6, 5});
}

}  // namespace luma
