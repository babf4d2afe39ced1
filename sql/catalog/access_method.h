#pragma once
// Table access methods: how a table keeps its rows.
#include "engine/type/oid.h"
#include "sql/catalog/object.h"

namespace luma {

// USING columnar: rows at rest lie in column segments (pg_am has a row for it).
inline constexpr Oid kColumnarAm = 9001;

// USING gin: an inverted index (engine/table/inverted_scan.h).
inline constexpr Oid kGinAm = 2742;

// Temporary tables keep ordinary rows: they are too short-lived for segments.
inline bool keeps_segments(const Table& table) {
  return table.access_method == kColumnarAm && table.persistence != 't';
}

}  // namespace luma
