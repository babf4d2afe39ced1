#pragma once
// Operators, casts and operator classes of extensions. They are in force where the extension was
// created; their oids are the same in all databases and below kFirstUserOid, as those of
// extensions' types are (engine/type/extension_type.h). What they run is in
// sql/function/extension.h. Immutable, thread-safe.
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/catalog.h"

namespace luma {

struct ExtensionOperatorFact {
  Oid oid = kInvalidOid;
  std::string_view extension, name;
  std::string_view left, right, result;  // pg_type names; left "" for prefix operators
  std::string_view function;             // of the extension; it takes the operator's operands
  std::string_view commutator = {};      // of the same types
  std::string_view negator = {};
  bool can_merge = false, can_hash = false;
  std::string_view restrict_estimator = {}, join_estimator = {};

  OperatorFact fact() const;  // without functions of its own
};

struct ExtensionCastFact {
  Oid oid = kInvalidOid;
  std::string_view extension, source, target;
  std::string_view function;  // "" between types of one form
  char context = 'e';
};

struct ExtensionOpClassFact {
  Oid oid = kInvalidOid, family = kInvalidOid;
  std::string_view extension, name;
  Oid method = kInvalidOid;
  std::string_view type;
  bool is_default = false;
  std::string_view key_type = {};
  struct Member {
    int16_t number;
    std::string_view name;        // an operator, or a function
    std::string_view right = {};  // "": the class's type
  };
  std::span<const Member> operators = {};  // by strategy; of extensions or built in
  std::span<const Member> functions = {};

  OpClassFact fact() const;
};

// hstore -> text
inline constexpr Oid kHstoreFetchOperator = 15400;

std::span<const ExtensionOperatorFact> extension_operator_facts();
std::span<const ExtensionCastFact> extension_cast_facts();
std::span<const ExtensionOpClassFact> extension_opclass_facts();

// Operators of the database, of users and of the extensions that it has, with their schemas; names
// live as long as the catalog. What they run is left out.
std::optional<OperatorFact> find_created_operator(const Catalog& catalog, Oid oid);
std::vector<OperatorFact> created_operators_named(const Catalog& catalog, std::string_view name);

const ExtensionOperatorFact* find_extension_operator(Oid oid);
const ExtensionOpClassFact* find_extension_opclass(Oid oid);
// The operator behind a class's member: an extension's or a built-in one; 0: none.
Oid opclass_operator(const ExtensionOpClassFact& opclass,
                     const ExtensionOpClassFact::Member& member);
// The operator's number in a class, built in or of an extension; 0: it is none of its operators.
int16_t opclass_strategy(Oid opclass, Oid operator_oid);

}  // namespace luma
