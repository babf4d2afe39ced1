#pragma once
// The part that all GRANTs and REVOKEs share: which privileges, to whom, in whose name, and what
// the lists become. Lives during one command.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/ast/object.h"
#include "sql/catalog/acl_change.h"
#include "sql/command/command_context.h"

namespace luma {

class Granter {
 public:
  // Resolves the grantees. Throws 42704, 0A000 for a grantor other than the current user, 0LP01.
  Granter(const ast::GrantStmt& statement, CommandContext& context);

  // The letters that the statement's list means for a whole object; `allowed` says which there are,
  // `what` names the kind in 0LP01 "invalid privilege type SELECT for schema".
  std::string wanted(std::string_view allowed, std::string_view what) const;
  char letter(std::string_view name, std::string_view allowed, std::string_view what) const;
  bool all_privileges() const { return statement_.privileges.empty(); }
  bool is_grant() const { return statement_.is_grant; }

  struct Target {
    const AclKind& kind;
    Oid owner = kInvalidOid;
    std::string_view kind_name;  // in "permission denied for table t"
    std::string name;
    std::string relation;  // of columns: in "column x of relation t"
  };
  // `also`: a list that counts for the right to grant (the table's, for a column).
  void change(std::optional<Acl>& acl, const Target& target, const std::string& letters,
              bool all_letters, const Acl* also = nullptr) const;
  // In the name of `grantor`, whose right is not asked (default privileges).
  void change_as(Acl& acl, Oid owner, Oid grantor, const std::string& letters) const;

 private:
  void refuse_or_warn(const Acl& acl, const Target& target, Oid grantor, std::string_view options,
                      std::string_view letters, bool all_letters) const;

  const ast::GrantStmt& statement_;
  CommandContext& context_;
  std::vector<Oid> grantees_;
};

// Adds or replaces the list of a built-in object.
void put_access_list(CommandContext& context, Oid class_id, Oid oid, std::optional<Acl> acl);

}  // namespace luma
