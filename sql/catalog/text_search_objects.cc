#include "sql/catalog/text_search_objects.h"

#include <charconv>
#include <map>

#include "sql/catalog/fact_table.h"
#include "sql/catalog/object_set.h"

namespace luma {
namespace {

Oid number_of(std::string_view digits) {
  Oid value = kInvalidOid;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

Oid fact_named(std::string_view relation, std::string_view name) {
  const FactTable& table = fact_table(relation);
  for (size_t i = 0; i < table.row_count(); ++i) {
    if (table.row(i)[1] == name) return number_of(table.row(i)[0]);
  }
  return kInvalidOid;
}

std::map<Oid, TextDictionaryObject> read_dictionaries() {
  std::map<Oid, TextDictionaryObject> out;
  const FactTable& table = fact_table("pg_ts_dict");
  for (size_t i = 0; i < table.row_count(); ++i) {
    auto row = table.row(i);
    TextDictionaryObject dictionary;
    dictionary.oid = number_of(row[0]);
    dictionary.name = row[1];
    dictionary.schema = number_of(row[2]);
    dictionary.template_oid = number_of(row[4]);
    if (row[5].data() != nullptr) dictionary.options = row[5];
    out.emplace(dictionary.oid, std::move(dictionary));
  }
  return out;
}
const std::map<Oid, TextDictionaryObject>& builtin_dictionaries() {
  static const std::map<Oid, TextDictionaryObject> kDictionaries = read_dictionaries();
  return kDictionaries;
}

std::map<Oid, TextConfigurationObject> read_configurations() {
  std::map<Oid, TextConfigurationObject> out;
  const FactTable& table = fact_table("pg_ts_config");
  for (size_t i = 0; i < table.row_count(); ++i) {
    TextConfigurationObject configuration;
    configuration.oid = number_of(table.row(i)[0]);
    configuration.name = table.row(i)[1];
    configuration.schema = number_of(table.row(i)[2]);
    out.emplace(configuration.oid, std::move(configuration));
  }
  // By configuration, token type and place in the list.
  const FactTable& mappings = fact_table("pg_ts_config_map");
  for (size_t i = 0; i < mappings.row_count(); ++i) {
    auto row = mappings.row(i);
    std::vector<TextMapping>& list = out.at(number_of(row[0])).mappings;
    auto token_type = static_cast<int32_t>(number_of(row[1]));
    if (list.empty() || list.back().token_type != token_type) list.push_back({token_type, {}});
    list.back().dictionaries.push_back(number_of(row[3]));
  }
  return out;
}
const std::map<Oid, TextConfigurationObject>& builtin_configurations() {
  static const std::map<Oid, TextConfigurationObject> kConfigurations = read_configurations();
  return kConfigurations;
}

template <typename Object>
const Object* object_of(const Catalog& catalog, Oid class_id, Oid oid,
                        const std::map<Oid, Object>& builtin) {
  if (const ObjectPtr* found = catalog.local_objects()->find({class_id, oid})) {
    return static_cast<const Object*>(found->get());
  }
  auto fact = builtin.find(oid);
  return fact == builtin.end() ? nullptr : &fact->second;
}

Oid find_in(const Catalog& catalog, Oid class_id, std::string_view facts, Oid schema,
            std::string_view name) {
  if (Oid found = catalog.local_objects()->find_name(class_id, schema, name)) return found;
  return schema == schema_oid::kPgCatalog ? fact_named(facts, name) : kInvalidOid;
}

Oid find_in_path(const Catalog& catalog, const SearchPath& path, const QualifiedName& name,
                 Oid class_id, std::string_view facts) {
  if (!name.schema.empty()) {
    const Schema* schema = name.schema == "pg_temp" ? catalog.schema(path.temp_schema)
                                                    : catalog.find_schema(name.schema);
    return schema == nullptr ? kInvalidOid
                             : find_in(catalog, class_id, facts, schema->oid, name.name);
  }
  for (Oid schema : path.schemas) {
    if (schema == path.temp_schema && schema != kInvalidOid) continue;
    if (Oid found = find_in(catalog, class_id, facts, schema, name.name)) return found;
  }
  return kInvalidOid;
}

// A built-in object that was altered is in the database's objects, with its oid.
template <typename Object>
std::vector<const Object*> all_of(const Catalog& catalog, ObjectKind kind,
                                  const std::map<Oid, Object>& builtin) {
  std::map<Oid, const Object*> found;
  for (const auto& [oid, object] : builtin) found[oid] = &object;
  catalog.local_objects()->for_each([&](const ObjectPtr& object) {
    if (object->kind == kind) found[object->oid] = static_cast<const Object*>(object.get());
  });
  std::vector<const Object*> out;
  for (const auto& [oid, object] : found) out.push_back(object);
  return out;
}

}  // namespace

std::string_view text_template_name(Oid oid) {
  const FactTable& table = fact_table("pg_ts_template");
  for (size_t i = 0; i < table.row_count(); ++i) {
    if (number_of(table.row(i)[0]) == oid) return table.row(i)[1];
  }
  return {};
}
Oid find_text_template(std::string_view name) { return fact_named("pg_ts_template", name); }

const TextDictionaryObject* text_dictionary(const Catalog& catalog, Oid oid) {
  return object_of(catalog, class_oid::kTsDict, oid, builtin_dictionaries());
}
const TextConfigurationObject* text_configuration(const Catalog& catalog, Oid oid) {
  return object_of(catalog, class_oid::kTsConfig, oid, builtin_configurations());
}
const TextDictionaryObject* builtin_text_dictionary(Oid oid) {
  auto found = builtin_dictionaries().find(oid);
  return found == builtin_dictionaries().end() ? nullptr : &found->second;
}
const TextConfigurationObject* builtin_text_configuration(Oid oid) {
  auto found = builtin_configurations().find(oid);
  return found == builtin_configurations().end() ? nullptr : &found->second;
}
Oid find_text_dictionary(const Catalog& catalog, const SearchPath& path,
                         const QualifiedName& name) {
  return find_in_path(catalog, path, name, class_oid::kTsDict, "pg_ts_dict");
}
Oid find_text_configuration(const Catalog& catalog, const SearchPath& path,
                            const QualifiedName& name) {
  return find_in_path(catalog, path, name, class_oid::kTsConfig, "pg_ts_config");
}
Oid text_dictionary_in(const Catalog& catalog, Oid schema, std::string_view name) {
  return find_in(catalog, class_oid::kTsDict, "pg_ts_dict", schema, name);
}
Oid text_configuration_in(const Catalog& catalog, Oid schema, std::string_view name) {
  return find_in(catalog, class_oid::kTsConfig, "pg_ts_config", schema, name);
}
std::string text_dictionary_name(const Catalog& catalog, Oid oid) {
  const TextDictionaryObject* found = text_dictionary(catalog, oid);
  return found != nullptr ? found->name : std::string();
}
std::string text_configuration_name(const Catalog& catalog, Oid oid) {
  const TextConfigurationObject* found = text_configuration(catalog, oid);
  return found != nullptr ? found->name : std::string();
}
std::vector<const TextDictionaryObject*> all_text_dictionaries(const Catalog& catalog) {
  return all_of(catalog, ObjectKind::kTextDictionary, builtin_dictionaries());
}
std::vector<const TextConfigurationObject*> all_text_configurations(const Catalog& catalog) {
  return all_of(catalog, ObjectKind::kTextConfiguration, builtin_configurations());
}

}  // namespace luma
