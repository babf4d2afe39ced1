#include "sql/catalog/acl_change.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/catalog/privileges.h"

namespace luma {
namespace {

constexpr std::string_view kLetters = "arwdDxtXUCTcsA";

template <typename Keep>
std::string filtered(std::string_view letters, Keep keep) {
  std::string out;
  for (char letter : letters) {
    if (keep(letter)) out += letter;
  }
  return out;
}

bool has(std::string_view letters, char letter) { return letters.find(letter) != letters.npos; }

// Which of the letters the role may grant to others.
std::string grant_options(const Catalog& catalog, const Acl& acl, Oid role, Oid owner,
                          std::string_view letters) {
  return filtered(
      letters, [&](char letter) { return has_privilege(catalog, role, owner, acl, letter, true); });
}

// Nobody may hold a grant option only by way of those that they gave it to.
void refuse_circle(const Catalog& catalog, Acl acl, Oid owner, const AclChange& change) {
  if (change.grantor == owner) return;
  for (bool again = true; again;) {
    again = false;
    for (const AclItem& item : acl) {
      if (item.grantee != change.grantee || item.grantable.empty()) continue;
      AclChange removal{false, item.grantee, item.grantor, item.privileges, item.grantable, true};
      change_acl(catalog, acl, owner, removal);
      again = true;
      break;
    }
  }
  std::string own = grant_options(catalog, acl, change.grantor, owner, change.grantable);
  if (letters_without(change.grantable, own).empty()) return;
  throw SqlError(SqlState::kInvalidGrantOperation,
                 "grant options cannot be granted back to your own grantor");
}

// What `grantor` has passed on goes with its right to do so.
void revoke_granted_by(const Catalog& catalog, Acl& acl, Oid owner, Oid grantor,
                       std::string letters, bool cascade) {
  if (grantor == owner) return;  // whose right is never lost
  letters = letters_without(letters, grant_options(catalog, acl, grantor, owner, letters));
  if (letters.empty()) return;
  for (bool again = true; again;) {
    again = false;
    for (const AclItem& item : acl) {
      std::string lost = letters_common(item.privileges, letters);
      if (item.grantor != grantor || lost.empty()) continue;
      if (!cascade) {
        throw SqlError(SqlState::kDependentObjectsStillExist, "dependent privileges exist")
            .hint("Use CASCADE to revoke them too.");
      }
      change_acl(catalog, acl, owner, {false, item.grantee, grantor, letters, letters, true});
      again = true;
      break;
    }
  }
}

}  // namespace

std::string letters_in_order(std::string_view letters) {
  return filtered(kLetters, [&](char letter) { return has(letters, letter); });
}
std::string letters_united(std::string_view a, std::string_view b) {
  return filtered(kLetters, [&](char letter) { return has(a, letter) || has(b, letter); });
}
std::string letters_without(std::string_view a, std::string_view b) {
  return filtered(a, [&](char letter) { return !has(b, letter); });
}
std::string letters_common(std::string_view a, std::string_view b) {
  return filtered(a, [&](char letter) { return has(b, letter); });
}

Acl default_acl(Oid owner, const AclKind& kind) {
  Acl acl;
  if (!kind.default_public.empty()) {
    acl.push_back({kPublicGrantee, owner, letters_in_order(kind.default_public), ""});
  }
  if (kind.name != kColumnAcl.name) {
    acl.push_back({owner, owner, letters_in_order(kind.all), ""});
  }
  return acl;
}

void change_acl(const Catalog& catalog, Acl& acl, Oid owner, const AclChange& change) {
  if (change.is_grant && !change.grantable.empty()) refuse_circle(catalog, acl, owner, change);
  auto found = std::ranges::find_if(acl, [&](const AclItem& item) {
    return item.grantee == change.grantee && item.grantor == change.grantor;
  });
  if (found == acl.end()) {
    if (!change.is_grant) return;
    found = acl.insert(acl.end(), {change.grantee, change.grantor, "", ""});
  }
  std::string before = found->grantable;
  if (change.is_grant) {
    found->privileges = letters_united(found->privileges, change.privileges);
    found->grantable = letters_united(found->grantable, change.grantable);
  } else {
    found->privileges = letters_without(found->privileges, change.privileges);
    found->grantable = letters_without(found->grantable, change.grantable);
  }
  std::string lost = letters_without(before, found->grantable);
  if (found->privileges.empty() && found->grantable.empty()) acl.erase(found);
  if (!lost.empty()) {
    revoke_granted_by(catalog, acl, owner, change.grantee, lost, change.cascade);
  }
}

Grantor best_grantor(const Catalog& catalog, Oid role, std::string_view letters, const Acl& acl,
                     Oid owner) {
  if (has_privileges_of(catalog, role, owner)) return {owner, std::string(letters)};
  Grantor best{role, ""};
  for (Oid candidate : roles_with_privileges_of(catalog, role)) {
    std::string options;
    for (const AclItem& item : acl) {
      if (item.grantee == candidate) options = letters_united(options, item.grantable);
    }
    options = letters_common(letters, options);
    if (options.size() > best.options.size()) best = {candidate, options};
  }
  return best;
}

const AclKind& acl_kind_of_default(char object_type) {
  switch (object_type) {
    case 'r':
      return kTableAcl;
    case 'S':
      return kSequenceAcl;
    case 'f':
      return kFunctionAcl;
    case 'T':
      return kTypeAcl;
    default:
      return kSchemaAcl;
  }
}

std::optional<Acl> acl_of_new_object(const Catalog& catalog, const CatalogObject& object) {
  char type = '\0';
  Oid schema = kInvalidOid;
  if (const auto* relation = dynamic_cast<const Relation*>(&object)) {
    schema = relation->schema;
    if (relation->kind == ObjectKind::kSequence) type = 'S';
    if (relation->kind == ObjectKind::kTable && relation->relkind != 'c') type = 'r';
  } else if (object.kind == ObjectKind::kType) {
    type = 'T';
    schema = static_cast<const Type&>(object).schema;
  } else if (object.kind == ObjectKind::kFunction) {
    type = 'f';
    schema = static_cast<const Function&>(object).schema;
  } else if (object.kind == ObjectKind::kSchema && !object.name.starts_with("pg_")) {
    type = 'n';
  }
  if (type == '\0') return std::nullopt;
  const DefaultAcl* everywhere = catalog.find_default_acl(object.owner, kInvalidOid, type);
  const DefaultAcl* here =
      schema == kInvalidOid ? nullptr : catalog.find_default_acl(object.owner, schema, type);
  if (everywhere == nullptr && here == nullptr) return std::nullopt;
  Acl usual = default_acl(object.owner, acl_kind_of_default(type));
  if (everywhere != nullptr && everywhere->acl->empty() && here == nullptr) return std::nullopt;
  Acl acl = everywhere == nullptr ? usual : *everywhere->acl;
  if (here != nullptr) {
    for (const AclItem& item : *here->acl) {
      change_acl(catalog, acl, object.owner,
                 {true, item.grantee, item.grantor, item.privileges, item.grantable, false});
    }
  }
  auto by_grantee = [](const AclItem& a, const AclItem& b) {
    return std::tie(a.grantee, a.grantor) < std::tie(b.grantee, b.grantor);
  };
  std::ranges::sort(acl, by_grantee);
  std::ranges::sort(usual, by_grantee);
  if (acl == usual) return std::nullopt;
  return acl;
}

}  // namespace luma
