#include "sql/catalog/object_names.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/text_search_objects.h"

namespace luma {
namespace {

using namespace type_oid;

std::string argument_list(const Catalog& catalog, std::span<const Oid> types) {
  std::string out = "(";
  for (Oid type : types) {
    if (out.size() > 1) out += ',';
    out += catalog.type_name(type);
  }
  return out + ')';
}

// Finds an object by its name and the schema before it or the search path.
using FindByName = Oid (*)(const Catalog&, const SearchPath&, const QualifiedName&);

// "name(type, type)" cut at the parenthesis that ends the name; false when there is none.
bool split_call(std::string_view text, std::string_view& name, std::string_view& args) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] != '(' || quoted) continue;
    if (text.back() != ')') return false;
    name = text.substr(0, i);
    args = text.substr(i + 1, text.size() - i - 2);
    return true;
  }
  return false;
}

// Arguments separated by commas outside quotes and parentheses.
std::vector<std::string_view> split_arguments(std::string_view text) {
  std::vector<std::string_view> out;
  int depth = 0;
  bool quoted = false;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    char c = i < text.size() ? text[i] : ',';
    if (c == '"') quoted = !quoted;
    if (!quoted && c == '(') ++depth;
    if (!quoted && c == ')') --depth;
    if (c != ',' || quoted || depth != 0) continue;
    std::string_view part = text.substr(start, i - start);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    out.push_back(part);
    start = i + 1;
  }
  if (out.size() == 1 && out[0].empty()) out.clear();
  return out;
}

class Lookup {
 public:
  Lookup(const Catalog& catalog, const SearchPath& path, const BuiltinAvailability& builtins,
         bool missing_ok)
      : catalog_(catalog), path_(path), builtins_(builtins), missing_ok_(missing_ok) {}

  Oid find(Oid alias_type, std::string_view text) const {
    switch (alias_type) {
      case kRegclass:
        return regclass(text);
      case kRegtype:
        return parse_type_text(catalog_, path_, text).oid;
      case kRegproc:
        return regproc(text);
      case kRegprocedure:
        return regprocedure(text);
      case kRegoper:
        return regoper(text);
      case kRegoperator:
        return regoperator(text);
      case kRegnamespace:
        return regnamespace(text);
      case kRegrole:
        return regrole(text);
      case kRegcollation:
        return regcollation(text);
      case kRegconfig:
        return text_search(find_text_configuration, "configuration", text);
      case kRegdictionary:
        return text_search(find_text_dictionary, "dictionary", text);
      default:
        throw unsupported("input of type {}", format_type(alias_type));
    }
  }

 private:
  Oid found_or(Oid oid, SqlError error) const {
    if (oid == kInvalidOid && !missing_ok_) throw error;
    return oid;
  }

  Oid regclass(std::string_view text) const {
    std::vector<std::string> names = split_qualified_name(text);
    QualifiedName name;
    if (names.size() > 3) {
      throw sql_error(SqlState::kSyntaxError, "improper relation name (too many dotted names): {}",
                      text);
    }
    name.name = names.back();
    if (names.size() > 1) name.schema = names[names.size() - 2];
    if (names.size() > 2) name.database = names[0];
    const Relation* relation = find_relation(catalog_, path_, name);
    if (relation != nullptr) return relation->oid;
    if (missing_ok_) return kInvalidOid;
    if (!name.schema.empty()) require_schema(catalog_, path_, name.schema);
    return require_relation(catalog_, path_, name).oid;
  }

  // Only pg_catalog has functions and operators; true when the qualification allows it.
  bool in_pg_catalog(const std::vector<std::string>& names) const {
    return names.size() == 1 || (names.size() == 2 && names[0] == "pg_catalog");
  }

  Oid regproc(std::string_view text) const {
    std::vector<std::string> names = split_qualified_name(text);
    Oid found = kInvalidOid;
    if (in_pg_catalog(names)) {
      for (const ProcFact* fact : proc_facts_named(names.back())) {
        if (!builtin_function_exists(builtins_, fact->oid)) continue;
        if (found != kInvalidOid) {
          if (missing_ok_) return kInvalidOid;
          throw sql_error(SqlState::kAmbiguousFunction, "more than one function named \"{}\"",
                          text);
        }
        found = fact->oid;
      }
    }
    for (Oid schema : schemas_of(names)) {
      for (const Function* function : catalog_.functions_named(schema, names.back())) {
        if (found != kInvalidOid) {
          if (missing_ok_) return kInvalidOid;
          throw sql_error(SqlState::kAmbiguousFunction, "more than one function named \"{}\"",
                          text);
        }
        found = function->oid;
      }
    }
    return found_or(
        found, sql_error(SqlState::kUndefinedFunction, "function \"{}\" does not exist", text));
  }

  // Where functions of users are looked for.
  std::vector<Oid> schemas_of(const std::vector<std::string>& names) const {
    if (names.size() == 1) return path_.schemas;
    const Schema* schema = catalog_.find_schema(names[names.size() - 2]);
    return schema == nullptr ? std::vector<Oid>{} : std::vector<Oid>{schema->oid};
  }

  std::vector<Oid> types_of(std::string_view args) const {
    std::vector<Oid> out;
    for (std::string_view arg : split_arguments(args)) {
      bool none = arg.size() == 4 && (arg == "NONE" || arg == "none");
      out.push_back(none ? kInvalidOid : parse_type_text(catalog_, path_, arg).oid);
    }
    return out;
  }

  Oid regprocedure(std::string_view text) const {
    std::string_view name, args;
    if (!split_call(text, name, args)) {
      throw sql_error(SqlState::kInvalidTextRepresentation, "expected a left parenthesis");
    }
    std::vector<std::string> names = split_qualified_name(name);
    std::vector<Oid> types = types_of(args);
    Oid found = kInvalidOid;
    if (in_pg_catalog(names)) {
      for (const ProcFact* fact : proc_facts_named(names.back())) {
        if (std::ranges::equal(fact->arg_types, types) &&
            builtin_function_exists(builtins_, fact->oid)) {
          found = fact->oid;
        }
      }
    }
    for (Oid schema : schemas_of(names)) {
      if (found != kInvalidOid) break;
      if (const Function* user = catalog_.find_function(schema, names.back(), types)) {
        found = user->oid;
      }
    }
    return found_or(
        found, sql_error(SqlState::kUndefinedFunction, "function \"{}\" does not exist", text));
  }

  // Operator names are not identifiers: only a schema before the last dot is.
  std::string_view operator_name(std::string_view text) const {
    size_t dot = text.rfind('.');
    if (dot == std::string_view::npos) return text;
    return text.substr(0, dot) == "pg_catalog" ? text.substr(dot + 1) : std::string_view();
  }

  Oid regoper(std::string_view text) const {
    Oid found = kInvalidOid;
    for (const OperatorFact* fact : operator_facts_named(operator_name(text))) {
      if (!builtin_operator_exists(builtins_, *fact)) continue;
      if (found != kInvalidOid) {
        if (missing_ok_) return kInvalidOid;
        throw sql_error(SqlState::kAmbiguousFunction, "more than one operator named {}", text);
      }
      found = fact->oid;
    }
    for (const OperatorFact& fact : created_operators(text)) {
      if (found != kInvalidOid) {
        if (missing_ok_) return kInvalidOid;
        throw sql_error(SqlState::kAmbiguousFunction, "more than one operator named {}", text);
      }
      found = fact.oid;
    }
    return found_or(found,
                    sql_error(SqlState::kUndefinedFunction, "operator does not exist: {}", text));
  }

  // Those of users and extensions that the text, with a schema or without, may mean.
  std::vector<OperatorFact> created_operators(std::string_view text) const {
    size_t dot = text.rfind('.');
    std::string_view name = dot == text.npos ? text : text.substr(dot + 1);
    std::vector<OperatorFact> out = created_operators_named(catalog_, name);
    const Schema* schema = dot == text.npos ? nullptr : catalog_.find_schema(text.substr(0, dot));
    std::erase_if(out, [&](const OperatorFact& fact) {
      if (dot != text.npos) return schema == nullptr || fact.schema != schema->oid;
      return !path_.contains(fact.schema);
    });
    return out;
  }

  Oid regoperator(std::string_view text) const {
    std::string_view name, args;
    if (!split_call(text, name, args)) {
      throw sql_error(SqlState::kInvalidTextRepresentation, "expected a left parenthesis");
    }
    std::vector<Oid> types = types_of(args);
    if (types.size() == 1) {
      throw sql_error(SqlState::kUndefinedParameter, "missing argument")
          .hint("Use NONE to denote the missing argument of a unary operator.");
    }
    if (types.size() != 2) {
      throw sql_error(SqlState::kTooManyArguments, "too many arguments")
          .hint("Provide two argument types for operator.");
    }
    Oid found = kInvalidOid;
    for (const OperatorFact* fact : operator_facts_named(operator_name(name))) {
      if (fact->left == types[0] && fact->right == types[1] &&
          builtin_operator_exists(builtins_, *fact)) {
        found = fact->oid;
      }
    }
    for (const OperatorFact& fact : created_operators(name)) {
      if (found == kInvalidOid && fact.left == types[0] && fact.right == types[1]) found = fact.oid;
    }
    return found_or(found,
                    sql_error(SqlState::kUndefinedFunction, "operator does not exist: {}", text));
  }

  std::string single_name(std::string_view text) const {
    std::vector<std::string> names = split_qualified_name(text);
    if (names.size() != 1) throw sql_error(SqlState::kInvalidName, "invalid name syntax");
    return names[0];
  }

  Oid regnamespace(std::string_view text) const {
    std::string name = single_name(text);
    const Schema* schema = catalog_.find_schema(name);
    return found_or(schema == nullptr ? kInvalidOid : schema->oid,
                    sql_error(SqlState::kInvalidSchemaName, "schema \"{}\" does not exist", name));
  }

  Oid regrole(std::string_view text) const {
    std::string name = single_name(text);
    const Role* role = catalog_.find_role(name);
    return found_or(role == nullptr ? kInvalidOid : role->oid,
                    sql_error(SqlState::kUndefinedObject, "role \"{}\" does not exist", name));
  }

  Oid regcollation(std::string_view text) const {
    std::vector<std::string> names = split_qualified_name(text);
    QualifiedName name;
    name.name = names.back();
    if (names.size() > 1) name.schema = names[names.size() - 2];
    return found_or(find_collation(catalog_, path_, name),
                    sql_error(SqlState::kUndefinedObject,
                              "collation \"{}\" for encoding \"UTF8\" does not exist", text));
  }

  Oid text_search(FindByName find, std::string_view what, std::string_view text) const {
    std::vector<std::string> names = split_qualified_name(text);
    QualifiedName name;
    name.name = names.back();
    if (names.size() > 1) name.schema = names[names.size() - 2];
    return found_or(
        find(catalog_, path_, name),
        sql_error(SqlState::kUndefinedObject, "text search {} \"{}\" does not exist", what, text));
  }

  const Catalog& catalog_;
  const SearchPath& path_;
  const BuiltinAvailability& builtins_;
  bool missing_ok_;
};

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// With its schema unless it is found without.
std::string shown_name(const Catalog& catalog, const SearchPath& path, const CatalogObject& object,
                       Oid schema, FindByName find) {
  QualifiedName name;
  name.name = object.name;
  if (find(catalog, path, name) == object.oid) return quote_identifier(object.name);
  return quote_qualified(catalog.schema_name(schema), object.name);
}

}  // namespace

std::string CatalogObjectNames::function_name(const Function& function) const {
  for (Oid schema : path_->schemas) {
    const Function* first = catalog_->find_function(schema, function.name, function.input_types());
    if (first == &function) return quote_identifier(function.name);
    if (first != nullptr) break;
  }
  return quote_qualified(catalog_->schema_name(function.schema), function.name);
}

std::string CatalogObjectNames::operator_name(const OperatorFact& op) const {
  bool others = !operator_facts_named(op.name).empty() ||
                created_operators_named(*catalog_, op.name).size() > 1;
  if (path_->contains(op.schema) && !others) return std::string(op.name);
  return quote_identifier(catalog_->schema_name(op.schema)) + "." + std::string(op.name);
}

std::string CatalogObjectNames::name_of(Oid alias_type, Oid oid) const {
  switch (alias_type) {
    case kRegclass: {
      const Relation* relation = catalog_->relation(oid);
      return relation == nullptr ? "" : relation_display_name(*catalog_, *path_, *relation);
    }
    case kRegtype:
      return type_display_name(*catalog_, *path_, oid, -1, true);
    case kRegproc: {
      const ProcFact* fact = find_proc_fact(oid);
      if (const Function* user = catalog_->function(oid)) {
        bool unique = catalog_->functions_named(user->schema, user->name).size() == 1;
        return unique ? function_name(*user)
                      : quote_qualified(catalog_->schema_name(user->schema), user->name);
      }
      if (fact == nullptr) return "";
      bool unique = proc_facts_named(fact->name).size() == 1;
      return unique ? quote_identifier(fact->name) : quote_qualified("pg_catalog", fact->name);
    }
    case kRegprocedure: {
      const ProcFact* fact = find_proc_fact(oid);
      if (const Function* user = catalog_->function(oid)) {
        return function_name(*user) + argument_list(*catalog_, user->input_types());
      }
      return fact == nullptr
                 ? ""
                 : quote_identifier(fact->name) + argument_list(*catalog_, fact->arg_types);
    }
    case kRegoper: {
      const OperatorFact* fact = find_operator_fact(oid);
      if (auto created = find_created_operator(*catalog_, oid)) return operator_name(*created);
      if (fact == nullptr) return "";
      bool unique = operator_facts_named(fact->name).size() == 1;
      return (unique ? "" : "pg_catalog.") + std::string(fact->name);
    }
    case kRegoperator: {
      std::optional<OperatorFact> created = find_created_operator(*catalog_, oid);
      const OperatorFact* fact = created ? &*created : find_operator_fact(oid);
      if (fact == nullptr) return "";
      std::string name = created && !path_->contains(created->schema) ? operator_name(*created)
                                                                      : std::string(fact->name);
      std::string left = fact->left == kInvalidOid ? "NONE" : catalog_->type_name(fact->left);
      return fmt::format("{}({},{})", name, left, catalog_->type_name(fact->right));
    }
    case kRegnamespace: {
      const Schema* schema = catalog_->schema(oid);
      return schema == nullptr ? "" : quote_identifier(schema->name);
    }
    case kRegrole: {
      const Role* role = catalog_->role(oid);
      return role == nullptr ? "" : quote_identifier(role->name);
    }
    case kRegcollation: {
      std::optional<CollationObject> found = collation(*catalog_, oid);
      return found ? shown_name(*catalog_, *path_, *found, found->schema, find_collation) : "";
    }
    case kRegconfig: {
      const TextConfigurationObject* found = text_configuration(*catalog_, oid);
      return found == nullptr
                 ? ""
                 : shown_name(*catalog_, *path_, *found, found->schema, find_text_configuration);
    }
    case kRegdictionary: {
      const TextDictionaryObject* found = text_dictionary(*catalog_, oid);
      return found == nullptr
                 ? ""
                 : shown_name(*catalog_, *path_, *found, found->schema, find_text_dictionary);
    }
    default:
      return "";
  }
}

Oid CatalogObjectNames::oid_of(Oid alias_type, std::string_view text) const {
  return Lookup(*catalog_, *path_, *builtins_, false).find(alias_type, text);
}

Oid CatalogObjectNames::find_oid(Oid alias_type, std::string_view text) const {
  if (all_digits(text)) return kInvalidOid;
  try {
    return Lookup(*catalog_, *path_, *builtins_, true).find(alias_type, text);
  } catch (const SqlError& error) {
    bool missing = error.state == SqlState::kUndefinedObject ||
                   error.state == SqlState::kUndefinedTable ||
                   error.state == SqlState::kInvalidSchemaName;
    if (alias_type == kRegtype && missing) return kInvalidOid;
    throw;
  }
}

}  // namespace luma
