#include "sql/function/system_columns.h"

#include <cstring>

#include "engine/exec/expr.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/row/row_codec.h"
#include "engine/type/tuple_id.h"
#include "engine/type/value_hash.h"
#include "sql/catalog/live_state.h"
#include "sql/catalog/session_catalog.h"
#include "sql/function/type_comparison.h"
#include "sql/function/type_families.h"

namespace luma {
namespace {

constexpr size_t kStorageIdBytes = 4;
constexpr uint32_t kFirstNormalXid = 3;

// A scan's row key without what is the same for the whole table, and without the version.
std::string_view own_part(const Datum& row_key) {
  std::string_view bytes = row_key.str.view();
  return bytes.substr(kStorageIdBytes, bytes.size() - kStorageIdBytes - kRowStampBytes);
}

Value row_id_place(RowCall& call, const Value* args) {
  uint64_t row_id = 0;
  for (char byte : own_part(args[0].datum)) row_id = row_id << 8 | static_cast<uint8_t>(byte);
  return tuple_id_of_number(static_cast<int64_t>(row_id), call.arena);
}

Value row_key_place(RowCall& call, const Value* args) {
  return tuple_id_of_key(own_part(args[0].datum), call.arena);
}

Value number_place(RowCall& call, const Value* args) {
  switch (call.expr.args[0]->physical) {
    case PhysicalType::kInt16:
      return tuple_id_of_number(args[0].datum.i16, call.arena);
    case PhysicalType::kInt32:
      return tuple_id_of_number(args[0].datum.i32, call.arena);
    default:
      return tuple_id_of_number(args[0].datum.i64, call.arena);
  }
}

Value cursor_key(RowCall& call, const Value* args) {
  return session_catalog(call.context)
      .live_state()
      .cursor_key(args[0].datum.str.view(), args[1].datum.oid(),
                  static_cast<size_t>(args[2].datum.i32), call.arena);
}

Value cursor_place(RowCall& call, const Value* args) {
  Value key = cursor_key(call, args);
  return key.is_null ? key : row_id_place(call, &key);
}

Value row_version(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  uint64_t hash = call.expr.args.size();
  for (size_t i = 1; i < call.expr.args.size(); ++i) {
    if (args[i].is_null) {
      hash = hash_mix(hash, i);
      continue;
    }
    PhysicalType physical = call.expr.args[i]->physical;
    const Datum& datum = args[i].datum;
    uint64_t own =
        physical == PhysicalType::kVarlen
            ? hash_bytes(datum.str.view())
            : hash_bytes({reinterpret_cast<const char*>(&datum), physical_size(physical)});
    hash = hash_mix(hash, own);
  }
  return Datum::of_oid(kFirstNormalXid + static_cast<uint32_t>(hash % (UINT32_MAX - 2)));
}

FunctionEntry make_entry(std::string_view name, Oid result, VectorKernel kernel, bool strict,
                         char volatility = 'i') {
  FunctionEntry entry;
  entry.name = name;
  entry.result = result;
  entry.strict = strict;
  entry.volatility = volatility;
  entry.implementation.kernel = kernel;
  return entry;
}

const KernelRow kRows[] = {
    LUMA_TYPE_COMPARISONS("tid", "tid"),
    scalar_row("tidlarger(tid,tid)", strict_kernel<&TypeOrder::larger>),
    scalar_row("tidsmaller(tid,tid)", strict_kernel<&TypeOrder::smaller>),
};

}  // namespace

const FunctionEntry& ctid_of_row_id() {
  static const FunctionEntry entry =
      make_entry("ctid", type_oid::kTid, row_kernel<row_id_place>, true);
  return entry;
}

const FunctionEntry& ctid_of_row_key() {
  static const FunctionEntry entry =
      make_entry("ctid", type_oid::kTid, row_kernel<row_key_place>, true);
  return entry;
}

const FunctionEntry& ctid_of_number() {
  static const FunctionEntry entry =
      make_entry("ctid", type_oid::kTid, row_kernel<number_place>, true);
  return entry;
}

const FunctionEntry& xmin_of_row() {
  static const FunctionEntry entry =
      make_entry("xmin", type_oid::kXid, row_kernel<row_version, false>, false);
  return entry;
}

const FunctionEntry& key_of_cursor() {
  static const FunctionEntry entry =
      make_entry("current of", type_oid::kBytea, row_kernel<cursor_key>, true, 's');
  return entry;
}

const FunctionEntry& ctid_of_cursor() {
  static const FunctionEntry entry =
      make_entry("current of", type_oid::kTid, row_kernel<cursor_place>, true, 's');
  return entry;
}

std::span<const KernelRow> tuple_id_kernels() { return kRows; }

}  // namespace luma
