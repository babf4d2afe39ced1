#pragma once
// Text search dictionaries and configurations: PostgreSQL's own and those that users create, by oid
// and by name. Objects are immutable; everything here is thread-safe.
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/catalog.h"
#include "sql/catalog/name_resolution.h"

namespace luma {

// CREATE TEXT SEARCH DICTIONARY.
struct TextDictionaryObject : CatalogObject {
  TextDictionaryObject() : CatalogObject(ObjectKind::kTextDictionary) {}
  Oid schema = kInvalidOid;
  Oid template_oid = kInvalidOid;
  std::string options;  // pg_ts_dict.dictinitoption: "language = 'danish', stopwords = 'danish'"
};

// Which dictionaries look at tokens of a type, in their order.
struct TextMapping {
  int32_t token_type = 0;
  std::vector<Oid> dictionaries;
};

// CREATE TEXT SEARCH CONFIGURATION.
struct TextConfigurationObject : CatalogObject {
  TextConfigurationObject() : CatalogObject(ObjectKind::kTextConfiguration) {}
  Oid schema = kInvalidOid;
  std::vector<TextMapping> mappings;  // by token type
};

// pg_ts_template; `name` says what is behind it.
namespace text_template {
inline constexpr Oid kSimple = 3727, kSynonym = 3730, kIspell = 3733, kThesaurus = 3742;
}  // namespace text_template
inline constexpr Oid kDefaultTextParser = 3722;
std::string_view text_template_name(Oid oid);  // "" = none
Oid find_text_template(std::string_view name);

// An object of either origin, which lives as long as the snapshot. nullptr and kInvalidOid: there
// is none.
const TextDictionaryObject* text_dictionary(const Catalog& catalog, Oid oid);
const TextConfigurationObject* text_configuration(const Catalog& catalog, Oid oid);
const TextDictionaryObject* builtin_text_dictionary(Oid oid);
const TextConfigurationObject* builtin_text_configuration(Oid oid);
Oid find_text_dictionary(const Catalog& catalog, const SearchPath& path, const QualifiedName& name);
Oid find_text_configuration(const Catalog& catalog, const SearchPath& path,
                            const QualifiedName& name);
// In one schema.
Oid text_dictionary_in(const Catalog& catalog, Oid schema, std::string_view name);
Oid text_configuration_in(const Catalog& catalog, Oid schema, std::string_view name);
std::string text_dictionary_name(const Catalog& catalog, Oid oid);  // "" = none
std::string text_configuration_name(const Catalog& catalog, Oid oid);
// In order of oid.
std::vector<const TextDictionaryObject*> all_text_dictionaries(const Catalog& catalog);
std::vector<const TextConfigurationObject*> all_text_configurations(const Catalog& catalog);

}  // namespace luma
