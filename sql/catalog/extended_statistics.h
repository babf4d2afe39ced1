#pragma once
// CREATE STATISTICS: which columns of a table ANALYZE looks at together. What it
// finds is kept with the table's other statistics (statistics.h). Immutable, thread-safe.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/catalog.h"
#include "sql/catalog/name_resolution.h"
#include "sql/catalog/object.h"

namespace luma {

struct ExtendedStatistics : CatalogObject {
  ExtendedStatistics() : CatalogObject(ObjectKind::kExtendedStatistics) {}
  Oid schema = kInvalidOid;
  Oid table = kInvalidOid;
  std::vector<int16_t> columns;  // attnums, ascending
  std::string kinds;             // d ndistinct, f dependencies, m mcv; in that order
  int32_t target = -1;           // -1: that of the columns

  bool has_kind(char kind) const { return kinds.find(kind) != std::string::npos; }
};

const ExtendedStatistics* extended_statistics(const Catalog& catalog, Oid oid);
const ExtendedStatistics* find_extended_statistics(const Catalog& catalog, Oid schema,
                                                   std::string_view name);
// In order of oid.
std::vector<const ExtendedStatistics*> extended_statistics_of(const Catalog& catalog, Oid table);
std::vector<const ExtendedStatistics*> all_extended_statistics(const Catalog& catalog);

// pg_get_statisticsobjdef(), and what follows ON in it.
std::string statistics_definition(const Catalog& catalog, const SearchPath& path,
                                  const ExtendedStatistics& statistics);
std::string statistics_columns(const Catalog& catalog, const ExtendedStatistics& statistics);

}  // namespace luma
