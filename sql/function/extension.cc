#include "sql/function/extension.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"
#include "sql/catalog/extension_objects.h"
#include "sql/function/registry.h"
#include "sql/function/user_function.h"

namespace luma {

namespace {

constexpr ExtensionType kTypes[] = {
    {"tablefunc", "tablefunc_crosstab_2", "row_name text, category_1 text, category_2 text"},
    {"tablefunc", "tablefunc_crosstab_3",
     "row_name text, category_1 text, category_2 text, category_3 text"},
    {"tablefunc", "tablefunc_crosstab_4",
     "row_name text, category_1 text, category_2 text, category_3 text, category_4 text"},
};

constexpr ExtensionView kViews[] = {
    {"luma_retention", "luma_stat_retention", "luma_stat_retention()"},
    {"pg_stat_statements", "pg_stat_statements", "pg_stat_statements(true)"},
    {"pg_stat_statements", "pg_stat_statements_info", "pg_stat_statements_info()"},
};

}  // namespace

std::span<const ExtensionView> extension_views() { return kViews; }
std::span<const ExtensionType> extension_types() { return kTypes; }

std::span<const ExtensionFunction> extension_functions(std::string_view extension) {
  struct Row {
    std::string_view extension;
    std::span<const ExtensionFunction> (*functions)();
  };
  static constexpr Row kRows[] = {
      {"citext", citext_functions},
      {"fuzzystrmatch", fuzzystrmatch_functions},
      {"hstore", hstore_functions},
      {"luma_retention", luma_retention_functions},
      {"ltree", ltree_functions},
      {"pg_trgm", pg_trgm_functions},
      {"pgcrypto", pgcrypto_functions},
      {"tablefunc", tablefunc_functions},
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

FunctionImplementation extension_implementation(const ExtensionFunction& function) {
  FunctionImplementation out = function.implementation;
  if (!function.alias.empty()) {
    const FunctionEntry* entry = FunctionRegistry::instance().by_signature(function.alias);
    LUMA_CHECK(entry != nullptr);
    out = entry->implementation;
  }
  out.is_parallel_safe = function.volatility == 'i';
  return out;
}

namespace {

bool contains(std::span<const Oid> schemas, Oid schema) {
  return std::find(schemas.begin(), schemas.end(), schema) != schemas.end();
}

std::vector<Oid> operand_types(const OperatorFact& fact) {
  if (fact.left == kInvalidOid) return {fact.right};
  return {fact.left, fact.right};
}

}  // namespace

std::vector<const OperatorEntry*> created_operators(const Catalog& catalog,
                                                    std::span<const Oid> schemas,
                                                    std::string_view name, Arena& arena) {
  std::vector<const OperatorEntry*> found;
  for (const ExtensionOperatorFact& row : extension_operator_facts()) {
    if (row.name != name) continue;
    const Extension* extension = catalog.find_extension(row.extension);
    if (extension == nullptr || !contains(schemas, extension->schema)) continue;
    auto* entry = arena.make<OperatorEntry>();
    static_cast<OperatorFact&>(*entry) = row.fact();
    entry->schema = extension->schema;
    const Function* function =
        catalog.find_function(extension->schema, row.function, operand_types(*entry));
    if (function == nullptr) continue;
    entry->function = function->oid;
    entry->implementation = user_function_entry(*function, arena);
    found.push_back(entry);
  }
  for (Oid schema : schemas) {
    for (const UserOperator* op : catalog.operators_named(schema, name)) {
      auto* entry = arena.make<OperatorEntry>();
      static_cast<OperatorFact&>(*entry) = user_operator_fact(*op, arena);
      entry->implementation = function_by_oid(catalog, op->function, arena);
      if (entry->implementation != nullptr) found.push_back(entry);
    }
  }
  return found;
}

OperatorFact user_operator_fact(const UserOperator& op, Arena& arena) {
  OperatorFact fact;
  fact.oid = op.oid;
  fact.name = arena.copy(op.name);
  fact.schema = op.schema;
  fact.kind = op.left == kInvalidOid ? 'l' : 'b';
  fact.can_merge = op.can_merge;
  fact.can_hash = op.can_hash;
  fact.left = op.left;
  fact.right = op.right;
  fact.result = op.result;
  fact.commutator = op.commutator;
  fact.negator = op.negator;
  fact.function = op.function;
  return fact;
}

const FunctionEntry* function_by_oid(const Catalog& catalog, Oid oid, Arena& arena) {
  if (const Function* user = catalog.function(oid)) return user_function_entry(*user, arena);
  return FunctionRegistry::instance().function(oid);
}

}  // namespace luma
