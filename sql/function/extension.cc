#include "sql/function/extension.h"

#include <algorithm>

#include "engine/type/type_info.h"
#include "sql/function/user_function.h"

namespace luma {

namespace {

constexpr ExtensionOperator kOperators[] = {
    {"pg_trgm", "%", "text", "text", "bool", "similarity_op"},
    {"pg_trgm", "<->", "text", "text", "float4", "similarity_dist"},
    {"pg_trgm", "<%", "text", "text", "bool", "word_similarity_op"},
    {"pg_trgm", "%>", "text", "text", "bool", "word_similarity_commutator_op"},
    {"pg_trgm", "<<->", "text", "text", "float4", "word_similarity_dist_op"},
    {"pg_trgm", "<->>", "text", "text", "float4", "word_similarity_dist_commutator_op"},
    {"pg_trgm", "<<%", "text", "text", "bool", "strict_word_similarity_op"},
    {"pg_trgm", "%>>", "text", "text", "bool", "strict_word_similarity_commutator_op"},
    {"pg_trgm", "<<<->", "text", "text", "float4", "strict_word_similarity_dist_op"},
    {"pg_trgm", "<->>>", "text", "text", "float4", "strict_word_similarity_dist_commutator_op"},
};

constexpr ExtensionView kViews[] = {
    {"pg_stat_statements", "pg_stat_statements", "pg_stat_statements(true)"},
    {"pg_stat_statements", "pg_stat_statements_info", "pg_stat_statements_info()"},
};

}  // namespace

std::span<const ExtensionView> extension_views() { return kViews; }

std::span<const ExtensionFunction> extension_functions(std::string_view extension) {
  struct Row {
    std::string_view extension;
    std::span<const ExtensionFunction> (*functions)();
  };
  static constexpr Row kRows[] = {
      {"fuzzystrmatch", fuzzystrmatch_functions},
      {"pg_trgm", pg_trgm_functions},
      {"pgcrypto", pgcrypto_functions},
      {"unaccent", unaccent_functions},
      {"uuid-ossp", uuid_ossp_functions},
      {"pg_stat_statements", pg_stat_statements_functions},
  };
  for (const Row& row : kRows) {
    if (row.extension == extension) return row.functions();
  }
  return {};
}

const ExtensionFunction* find_extension_function(std::string_view symbol) {
  size_t slash = symbol.find('/');
  if (slash == symbol.npos) return nullptr;
  for (const ExtensionFunction& function : extension_functions(symbol.substr(0, slash))) {
    if (function.signature == symbol.substr(slash + 1)) return &function;
  }
  return nullptr;
}

std::vector<const OperatorEntry*> extension_operators(const Catalog& catalog,
                                                      std::span<const Oid> schemas,
                                                      std::string_view name, Arena& arena) {
  std::vector<const OperatorEntry*> found;
  for (const ExtensionOperator& row : kOperators) {
    if (row.name != name) continue;
    const Extension* extension = catalog.find_extension(row.extension);
    if (extension == nullptr ||
        std::find(schemas.begin(), schemas.end(), extension->schema) == schemas.end()) {
      continue;
    }
    auto* entry = arena.make<OperatorEntry>();
    entry->name = row.name;
    entry->schema = extension->schema;
    entry->left = find_type(row.left)->oid;
    entry->right = find_type(row.right)->oid;
    entry->result = find_type(row.result)->oid;
    const Function* function =
        catalog.find_function(extension->schema, row.function, {entry->left, entry->right});
    if (function == nullptr) continue;
    entry->function = function->oid;
    entry->implementation = user_function_entry(*function, arena);
    found.push_back(entry);
  }
  return found;
}

}  // namespace luma
