#pragma once
// System relations whose rows are generated: pg_catalog's tables and those views that show live
// state. One row of the registry (virtual_relation.cc) per relation; names, oids and columns are
// PostgreSQL 15's facts. In a snapshot they appear as Table with `virtual_relation` set. Immutable,
// thread-safe.
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/type/datum.h"
#include "engine/type/type_info.h"
#include "sql/catalog/session_catalog.h"

namespace luma {

// column = value, known before the scan; a generator may use it to produce less. The scan's filter
// is applied again by whoever asked, so ignoring it is correct.
struct VirtualFilter {
  uint32_t column = 0;  // 0-based
  Value value;          // of the column's physical type
};

// Receives rows. Values point into the scan's arena or to what lives as long as the process; the
// row itself lives during the call.
class VirtualRowSink {
 public:
  virtual ~VirtualRowSink() = default;
  virtual void add(std::span<const Value> row) = 0;
};

struct VirtualScan {
  const SessionCatalog& session;
  const Table& relation;  // the system relation itself
  std::span<const VirtualFilter> filters;
  Arena& arena;  // for values of one scan
  // Bit by column: the others may be anything. A generator need not heed it.
  uint64_t wanted_columns = ~uint64_t{0};

  const Catalog& catalog() const { return session.catalog(); }
  bool wants(uint32_t column) const { return (wanted_columns >> (column & 63) & 1) != 0; }
  // What an oid column must equal; nullopt when there is no such filter. By column name.
  std::optional<Oid> oid_filter(std::string_view column) const;
  // What a text or name column must equal.
  std::optional<std::string_view> text_filter(std::string_view column) const;
};

using VirtualGenerator = void (*)(const VirtualScan& scan, VirtualRowSink& sink);

struct VirtualRelation {
  std::string_view name;  // in pg_catalog or information_schema
  VirtualGenerator generate = nullptr;
  // Columns for which a filter makes the generator look rows up instead of making all of them.
  std::array<std::string_view, 5> keys = {};
  // About so many rows it has for each object that users have made, beside built-in ones.
  double rows_per_object = 0;

  bool is_key(std::string_view column) const;
};

// nullptr when `name` is not generated.
const VirtualRelation* find_virtual_relation(std::string_view name);

// For plans.
struct VirtualEstimate {
  double rows = 1;
  // Different values of a column; 0: nothing is known.
  double distinct(const Column& column) const;
  const VirtualRelation* relation = nullptr;
};
VirtualEstimate estimate_virtual_relation(const Catalog& catalog, const Table& relation);

// All rows that satisfy the filters (at least those). Throws what generating throws.
void scan_virtual_relation(const SessionCatalog& session, const Table& relation,
                           std::span<const VirtualFilter> filters, Arena& arena,
                           VirtualRowSink& sink, uint64_t wanted_columns = ~uint64_t{0});

}  // namespace luma
