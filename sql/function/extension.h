#pragma once
// What the extensions of sql/catalog/extension_facts.h consist of. CREATE EXTENSION makes objects
// of the database's catalog of their functions (language c), which run the kernels of these tables;
// nobody sees them where the extension was not created. Immutable, thread-safe.
#include <span>
#include <string_view>
#include <vector>

#include "engine/exec/function.h"
#include "sql/catalog/catalog.h"
#include "sql/function/entry.h"

namespace luma {

struct ExtensionFunction {
  // As in KernelRow: "levenshtein(text,text)"; the types are names of pg_type.
  std::string_view signature;
  std::string_view result;
  FunctionImplementation implementation;
  char volatility = 'i';
  bool strict = true;
  bool returns_set = false;
  std::string_view input_names = {};    // "userid,dbid"
  std::string_view input_default = {};  // of every argument, as SQL
  std::string_view outputs = {};        // "name type,name type": OUT arguments of a record
  bool owner_only = false;              // others may call it when its owner says so
  // Instead of an implementation of its own: the built-in function that it runs, by signature, or
  // the body of a function in SQL.
  std::string_view alias = {};
  std::string_view sql = {};
  std::string_view transition = {};  // of an aggregate: the signature of the step it repeats
};

// Views that read an extension's functions: "select * from function(arguments)".
struct ExtensionView {
  std::string_view extension, name, call;
};
std::span<const ExtensionView> extension_views();

// Composite types of extensions, as CREATE TYPE has their columns.
struct ExtensionType {
  std::string_view extension, name, columns;
};
std::span<const ExtensionType> extension_types();

// Empty for an extension without functions of its own.
std::span<const ExtensionFunction> extension_functions(std::string_view extension);
// The kernel behind a function of language c, by "extension/signature"; nullptr: there is none.
const ExtensionFunction* find_extension_function(std::string_view symbol);

// What it runs, with aliases looked up among the built-in functions; nothing for one in SQL.
FunctionImplementation extension_implementation(const ExtensionFunction& function);

// Operators called `name` of `schemas`, in `arena`: of extensions that exist in the database, and
// those that users have created.
std::vector<const OperatorEntry*> created_operators(const Catalog& catalog,
                                                    std::span<const Oid> schemas,
                                                    std::string_view name, Arena& arena);

OperatorFact user_operator_fact(const UserOperator& op, Arena& arena);
// A function of the database or a built-in one; nullptr: there is none that could run.
const FunctionEntry* function_by_oid(const Catalog& catalog, Oid oid, Arena& arena);

// --- the extensions' tables ---
std::span<const ExtensionFunction> citext_functions();
std::span<const ExtensionFunction> fuzzystrmatch_functions();
std::span<const ExtensionFunction> hstore_functions();
std::span<const ExtensionFunction> ltree_functions();
std::span<const ExtensionFunction> pgcrypto_functions();
std::span<const ExtensionFunction> pg_trgm_functions();
std::span<const ExtensionFunction> luma_retention_functions();
std::span<const ExtensionFunction> pg_stat_statements_functions();
std::span<const ExtensionFunction> tablefunc_functions();
std::span<const ExtensionFunction> unaccent_functions();
std::span<const ExtensionFunction> uuid_ossp_functions();

constexpr ExtensionFunction extension_row(std::string_view signature, std::string_view result,
                                          VectorKernel kernel, char volatility = 'i') {
  ExtensionFunction row{signature, result, {}, volatility};
  row.implementation.kernel = kernel;
  return row;
}

constexpr ExtensionFunction alias_row(std::string_view signature, std::string_view result,
                                      std::string_view alias, char volatility = 'i') {
  ExtensionFunction row{signature, result, {}, volatility};
  row.alias = alias;
  return row;
}

constexpr ExtensionFunction sql_row(std::string_view signature, std::string_view result,
                                    std::string_view body, bool returns_set = false) {
  ExtensionFunction row{signature, result, {}, 'i', true, returns_set};
  row.sql = body;
  return row;
}

}  // namespace luma
