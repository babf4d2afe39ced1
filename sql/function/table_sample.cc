#include "sql/function/table_sample.h"

#include <cmath>
#include <random>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/row/row_codec.h"
#include "engine/type/value_hash.h"

namespace luma {
namespace {

// 100 percent keeps all hashes, which are below 2^32.
double threshold(const Value& percent) {
  if (percent.is_null) {
    throw SqlError(SqlState::kInvalidTablesampleArgument, "TABLESAMPLE parameter cannot be null");
  }
  float value = percent.datum.f32;
  if (!(value >= 0 && value <= 100)) {
    throw SqlError(SqlState::kInvalidTablesampleArgument,
                   "sample percentage must be between 0 and 100");
  }
  return static_cast<double>(value) / 100 * 0x1p32;
}

Value keep_randomly(RowCall&, const Value* args) {
  thread_local std::minstd_rand generator(std::random_device{}());
  double limit = threshold(args[1]);
  return Datum::of_bool(std::uniform_real_distribution<double>(0, 0x1p32)(generator) < limit);
}

Value keep_repeatably(RowCall& call, const Value* args) {
  double limit = threshold(args[1]);
  if (args[2].is_null) {
    throw SqlError(SqlState::kInvalidTablesampleRepeat,
                   "TABLESAMPLE REPEATABLE parameter cannot be null");
  }
  uint64_t hash = 0;
  if (call.expr.args[0]->physical == PhysicalType::kVarlen) {
    // Without the version, so that an update does not move a row into or out of the sample.
    std::string_view key = args[0].datum.str.view();
    hash = hash_bytes(key.substr(0, key.size() - kRowStampBytes));
  } else {
    hash = hash_int64(args[0].datum.i32);
  }
  hash = hash_mix(hash, hash_int64(std::bit_cast<int64_t>(args[2].datum.f64)));
  return Datum::of_bool(static_cast<double>(hash >> 32) < limit);
}

FunctionEntry make_entry(VectorKernel kernel, char volatility) {
  FunctionEntry entry;
  entry.name = "tablesample";
  entry.result = type_oid::kBool;
  entry.volatility = volatility;
  entry.implementation.kernel = kernel;
  return entry;
}

}  // namespace

const FunctionEntry& sample_randomly() {
  static const FunctionEntry entry = make_entry(row_kernel<keep_randomly, false>, 'v');
  return entry;
}

const FunctionEntry& sample_repeatably() {
  static const FunctionEntry entry = make_entry(row_kernel<keep_repeatably, false>, 'i');
  return entry;
}

}  // namespace luma
