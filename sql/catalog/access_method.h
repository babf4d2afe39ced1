#pragma once
// Access methods: how tables keep their rows, and what kinds of indexes there are.
#include <string_view>

#include "engine/type/oid.h"
#include "sql/catalog/object.h"

namespace luma {

// USING columnar: rows at rest lie in column segments (pg_am has a row for it).
inline constexpr Oid kColumnarAm = 9001;

// Inverted indexes (engine/table/inverted_scan.h).
inline constexpr Oid kGistAm = 783, kGinAm = 2742, kBrinAm = 3580, kSpgistAm = 4000;

inline bool is_inverted_method(Oid method) {
  return method == kGistAm || method == kGinAm || method == kBrinAm || method == kSpgistAm;
}

struct IndexMethod {
  Oid oid;
  std::string_view name;
  bool unique, multicolumn, includes, clusters, excludes;
};
inline constexpr IndexMethod kIndexMethods[] = {
    {kBtreeAm, "btree", true, true, true, true, true},
    {kHashAm, "hash", false, false, false, false, true},
    {kGistAm, "gist", false, true, true, true, true},
    {kGinAm, "gin", false, true, false, false, false},
    {kBrinAm, "brin", false, true, false, false, false},
    {kSpgistAm, "spgist", false, false, true, false, true},
    {kColumnarAm, "columnar", false, true, false, false, false},
};
// nullptr: no index method.
constexpr const IndexMethod* find_index_method(Oid oid) {
  for (const IndexMethod& row : kIndexMethods) {
    if (row.oid == oid) return &row;
  }
  return nullptr;
}
constexpr const IndexMethod* find_index_method(std::string_view name) {
  for (const IndexMethod& row : kIndexMethods) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// Temporary tables keep ordinary rows: they are too short-lived for segments.
inline bool keeps_segments(const Table& table) {
  return table.access_method == kColumnarAm && table.persistence != 't';
}

}  // namespace luma
