#pragma once
// Access control lists as GRANT, REVOKE and new objects change them, by PostgreSQL's rules: who the
// grantor is, what a lost grant option takes with it, default privileges. Pure functions over a
// snapshot. Privileges are letters (privileges.h).
#include <optional>
#include <string>
#include <string_view>

#include "sql/catalog/catalog.h"

namespace luma {

// --- sets of letters ---
std::string letters_in_order(std::string_view letters);  // as an aclitem shows them
std::string letters_united(std::string_view a, std::string_view b);
std::string letters_without(std::string_view a, std::string_view b);
std::string letters_common(std::string_view a, std::string_view b);

// What can be granted on a kind of object, and what everybody has without a list.
struct AclKind {
  std::string_view name;  // as messages say it
  std::string_view all;
  std::string_view default_public;
};
inline constexpr AclKind kTableAcl{"table", "arwdDxt", ""};
inline constexpr AclKind kSequenceAcl{"sequence", "rwU", ""};
inline constexpr AclKind kColumnAcl{"column", "arwx", ""};
inline constexpr AclKind kSchemaAcl{"schema", "UC", ""};
inline constexpr AclKind kDatabaseAcl{"database", "CTc", "Tc"};
inline constexpr AclKind kTypeAcl{"type", "U", "U"};
inline constexpr AclKind kFunctionAcl{"function", "X", "X"};
inline constexpr AclKind kLanguageAcl{"language", "U", "U"};

// The list that an object without one stands for.
Acl default_acl(Oid owner, const AclKind& kind);

struct AclChange {
  bool is_grant = true;
  Oid grantee = kPublicGrantee;
  Oid grantor = kInvalidOid;
  std::string privileges;
  std::string grantable;
  bool cascade = false;  // what a lost grant option has given to others goes too
};
// Throws 2BP01 for dependent privileges, 0LP01 for grant options given back to their grantor.
void change_acl(const Catalog& catalog, Acl& acl, Oid owner, const AclChange& change);

// The role in whose name `role` grants: the owner when it has its privileges, else the one of its
// roles with the most grant options among `letters`.
struct Grantor {
  Oid role = kInvalidOid;
  std::string options;  // what it may grant of `letters`
};
Grantor best_grantor(const Catalog& catalog, Oid role, std::string_view letters, const Acl& acl,
                     Oid owner);

// What ALTER DEFAULT PRIVILEGES says about objects like this one; nullopt: nothing special.
std::optional<Acl> acl_of_new_object(const Catalog& catalog, const CatalogObject& object);
// Of pg_default_acl's letters: r, S, f, T, n.
const AclKind& acl_kind_of_default(char object_type);

}  // namespace luma
