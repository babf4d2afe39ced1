#include "sql/catalog/extension_facts.h"

namespace luma {

namespace {

constexpr ExtensionFact kExtensions[] = {
    {"btree_gin", "1.3", "support for indexing common datatypes in GIN"},
    {"btree_gist", "1.7", "support for indexing common datatypes in GiST"},
    {"citext", "1.6", "data type for case-insensitive character strings"},
    {"fuzzystrmatch", "1.1", "determine similarities and distance between strings"},
    {"hstore", "1.8", "data type for storing sets of (key, value) pairs"},
    {"ltree", "1.2", "data type for hierarchical tree-like structures"},
    {"luma_retention", "1.0", "what the server did for tables with retention", true, true, false},
    {"pg_stat_statements", "1.10",
     "track planning and execution statistics of all SQL statements executed", true, true, false},
    {"pg_trgm", "1.6", "text similarity measurement and index searching based on trigrams"},
    {"pgcrypto", "1.3", "cryptographic functions"},
    {"plpgsql", "1.0", "PL/pgSQL procedural language", false, true, true, "pg_catalog"},
    {"tablefunc", "1.0", "functions that manipulate whole tables, including crosstab"},
    {"unaccent", "1.1", "text search dictionary that removes accents"},
    {"uuid-ossp", "1.1", "generate universally unique identifiers (UUIDs)"},
};

}  // namespace

std::span<const ExtensionFact> extension_facts() { return kExtensions; }

const ExtensionFact* find_extension_fact(std::string_view name) {
  for (const ExtensionFact& extension : kExtensions) {
    if (extension.name == name) return &extension;
  }
  return nullptr;
}

}  // namespace luma
