#pragma once
// The rows that function families export. A row says what runs for one pg_proc signature; the facts
// about the function (oid, result type, strictness, volatility, argument names, ...) come from the
// catalog's pg_proc data, joined by signature. Rows of functions that PostgreSQL 15 does not have
// carry those facts themselves, in `extension`.
//
// Immutable after start-up; families return spans of static tables.
#include <span>
#include <string_view>

#include "engine/exec/function.h"
#include "engine/type/oid.h"

namespace luma {

struct ExtensionFacts {
  Oid oid = kInvalidOid;         // 9000 and up
  std::string_view result_type;  // pg_type name; "" for a row that is in pg_proc
  bool strict = true;
  bool returns_set = false;
  char volatility = 'i';  // i, s, v
  // By position, as many as there are arguments at least; empty: they have no names.
  std::span<const std::string_view> arg_names = {};
};

// `signature` is proname(proargtypes) with pg_type names and no spaces: "int4pl(int4,int4)". A
// function over a family of types names the pseudo-type:
// "array_append(anycompatiblearray,anycompatible)". Several pg_proc rows may share one
// implementation, each has its row.
struct KernelRow {
  std::string_view signature;
  FunctionImplementation implementation;
  std::string_view doc;
  ExtensionFacts extension;
};

// --- makers, so that tables stay one line a row ---
constexpr KernelRow scalar_row(std::string_view signature, VectorKernel kernel,
                               std::string_view doc = {}) {
  KernelRow row{signature, {}, doc, {}};
  row.implementation.kernel = kernel;
  return row;
}
constexpr KernelRow comparison_row(std::string_view signature,
                                   const FunctionImplementation& comparison,
                                   std::string_view doc = {}) {
  return {signature, comparison, doc, {}};
}
constexpr KernelRow aggregate_row(std::string_view signature, const AggregateFunction* aggregate,
                                  std::string_view doc = {}) {
  KernelRow row{signature, {}, doc, {}};
  row.implementation.aggregate = aggregate;
  return row;
}
constexpr KernelRow window_row(std::string_view signature, const WindowFunction* window,
                               std::string_view doc = {}) {
  KernelRow row{signature, {}, doc, {}};
  row.implementation.window = window;
  return row;
}
constexpr KernelRow table_row(std::string_view signature, TableFunction table,
                              std::string_view doc = {}) {
  KernelRow row{signature, {}, doc, {}};
  row.implementation.table = table;
  return row;
}

// All families, one span each (sql/function/families.cc).
std::span<const std::span<const KernelRow>> all_kernel_families();

}  // namespace luma
