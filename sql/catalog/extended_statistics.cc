#include "sql/catalog/extended_statistics.h"

#include <algorithm>

#include "sql/catalog/object_set.h"

namespace luma {

const ExtendedStatistics* extended_statistics(const Catalog& catalog, Oid oid) {
  const ObjectPtr* found = catalog.local_objects()->find({class_oid::kStatisticExt, oid});
  return found == nullptr ? nullptr : static_cast<const ExtendedStatistics*>(found->get());
}

const ExtendedStatistics* find_extended_statistics(const Catalog& catalog, Oid schema,
                                                   std::string_view name) {
  Oid oid = catalog.local_objects()->find_name(class_oid::kStatisticExt, schema, name);
  return oid == kInvalidOid ? nullptr : extended_statistics(catalog, oid);
}

std::vector<const ExtendedStatistics*> extended_statistics_of(const Catalog& catalog, Oid table) {
  std::vector<const ExtendedStatistics*> out;
  for (const ObjectAddress& address : catalog.dependents_of({class_oid::kRelation, table, 0})) {
    if (address.class_id != class_oid::kStatisticExt) continue;
    const ExtendedStatistics* found = extended_statistics(catalog, address.oid);
    if (found != nullptr && found->table == table) out.push_back(found);
  }
  std::ranges::sort(out, {}, [](const ExtendedStatistics* one) { return one->oid; });
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<const ExtendedStatistics*> all_extended_statistics(const Catalog& catalog) {
  std::vector<const ExtendedStatistics*> out;
  catalog.local_objects()->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kExtendedStatistics) {
      out.push_back(static_cast<const ExtendedStatistics*>(object.get()));
    }
  });
  std::ranges::sort(out, {}, [](const ExtendedStatistics* one) { return one->oid; });
  return out;
}

std::string statistics_columns(const Catalog& catalog, const ExtendedStatistics& statistics) {
  const Table* table = catalog.table(statistics.table);
  std::string out;
  for (int16_t number : statistics.columns) {
    const Column* column = table == nullptr ? nullptr : table->column(number);
    if (!out.empty()) out += ", ";
    out += column == nullptr ? "?" : quote_identifier(column->name);
  }
  return out;
}

std::string statistics_definition(const Catalog& catalog, const SearchPath& path,
                                  const ExtendedStatistics& statistics) {
  const Table* table = catalog.table(statistics.table);
  std::string out =
      fmt::format("CREATE STATISTICS {}",
                  quote_qualified(catalog.schema_name(statistics.schema), statistics.name));
  bool all = statistics.has_kind('d') && statistics.has_kind('f') && statistics.has_kind('m');
  if (!all) {
    std::string kinds;
    for (auto [letter, name] : {std::pair('d', "ndistinct"), {'f', "dependencies"}, {'m', "mcv"}}) {
      if (statistics.has_kind(letter))
        kinds += fmt::format("{}{}", kinds.empty() ? "" : ", ", name);
    }
    out += fmt::format(" ({})", kinds);
  }
  return fmt::format("{} ON {} FROM {}", out, statistics_columns(catalog, statistics),
                     table == nullptr ? "?" : relation_display_name(catalog, path, *table));
}

}  // namespace luma
