// GRANT and REVOKE of privileges on objects.
#include <algorithm>

#include "sql/catalog/privileges.h"
#include "sql/command/column_build.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"

namespace luma {
namespace {

// PostgreSQL's letters, in the order in which aclitem shows them.
constexpr std::string_view kLetters = "arwdDxtXUCcTsA";

struct PrivilegeRow {
  std::string_view name;
  char letter;
};
constexpr PrivilegeRow kPrivileges[] = {
    {"insert", 'a'},   {"select", 'r'},     {"update", 'w'},       {"delete", 'd'},
    {"truncate", 'D'}, {"references", 'x'}, {"trigger", 't'},      {"execute", 'X'},
    {"usage", 'U'},    {"create", 'C'},     {"connect", 'c'},      {"temporary", 'T'},
    {"temp", 'T'},     {"set", 's'},        {"alter system", 'A'},
};

// What can be granted on a kind of object, and what everybody has without a list.
struct TargetKind {
  std::string_view name;
  std::string_view all;
  std::string_view default_public;
};
constexpr TargetKind kTableKind{"table", "arwdDxt", ""};
constexpr TargetKind kSequenceKind{"sequence", "rwU", ""};
constexpr TargetKind kSchemaKind{"schema", "UC", ""};
constexpr TargetKind kDatabaseKind{"database", "CcT", "cT"};
constexpr TargetKind kTypeKind{"type", "U", "U"};
constexpr TargetKind kColumnKind{"column", "arwx", ""};

std::string in_order(std::string_view letters) {
  std::string out;
  for (char letter : kLetters) {
    if (letters.find(letter) != std::string_view::npos) out += letter;
  }
  return out;
}

std::string united(std::string_view a, std::string_view b) {
  return in_order(std::string(a) + std::string(b));
}

std::string without(std::string_view a, std::string_view b) {
  std::string out;
  for (char c : a) {
    if (b.find(c) == std::string_view::npos) out += c;
  }
  return out;
}

std::string common(std::string_view a, std::string_view b) {
  std::string out;
  for (char c : a) {
    if (b.find(c) != std::string_view::npos) out += c;
  }
  return out;
}

Acl default_acl(Oid owner, const TargetKind& kind) {
  Acl acl;
  if (!kind.default_public.empty()) {
    acl.push_back({kPublicGrantee, owner, in_order(kind.default_public), ""});
  }
  if (kind.name != "column") acl.push_back({owner, owner, in_order(kind.all), ""});
  return acl;
}

AclItem& item_for(Acl& acl, Oid grantee, Oid grantor) {
  for (AclItem& item : acl) {
    if (item.grantee == grantee && item.grantor == grantor) return item;
  }
  acl.push_back({grantee, grantor, "", ""});
  return acl.back();
}

class Granter {
 public:
  Granter(const ast::GrantStmt& statement, CommandContext& context)
      : statement_(statement), context_(context) {
    for (const ast::Node* node : statement.grantees) {
      Oid grantee = role_oid(context, *ast::as<ast::RoleSpec>(node), true);
      if (grantee == kPublicGrantee && statement.is_grant && statement.grant_option) {
        throw SqlError(SqlState::kInvalidGrantOperation,
                       "grant options can only be granted to roles");
      }
      grantees_.push_back(grantee);
    }
    if (statement.grantor != nullptr &&
        role_oid(context, *statement.grantor) != context.current_user()) {
      throw SqlError(SqlState::kFeatureNotSupported, "grantor must be current user");
    }
  }

  // The letters that the statement's list means for the whole object.
  std::string wanted(const TargetKind& kind) const {
    if (statement_.privileges.empty()) return std::string(kind.all);
    std::string out;
    for (const ast::Node* node : statement_.privileges) {
      const auto& privilege = *ast::as<ast::AccessPriv>(node);
      if (!privilege.cols.empty()) continue;
      out += privilege.priv_name.empty() ? std::string(kind.all)
                                         : std::string(1, letter(privilege.priv_name, kind));
    }
    return in_order(out);
  }

  char letter(std::string_view name, const TargetKind& kind) const {
    for (const PrivilegeRow& row : kPrivileges) {
      if (row.name != name) continue;
      bool fits = kind.all.find(row.letter) != std::string_view::npos;
      // GRANT ... ON TABLE is allowed to name sequences.
      if (!fits) {
        std::string upper(name);
        for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        throw sql_error(SqlState::kInvalidGrantOperation, "invalid privilege type {} for {}", upper,
                        kind.name);
      }
      return row.letter;
    }
    throw sql_error(SqlState::kSyntaxError, "unrecognized privilege type \"{}\"", name);
  }

  void change(std::optional<Acl>& acl, Oid owner, std::string letters, const TargetKind& kind,
              std::string_view object_name) {
    if (letters.empty()) return;
    const Catalog& catalog = *context_.ddl().view();
    Oid grantor = owner;
    if (!has_privileges_of(catalog, context_.current_user(), owner)) {
      grantor = context_.current_user();
      std::string allowed;
      for (char c : letters) {
        if (has_privilege(catalog, grantor, owner, acl, c, true)) allowed += c;
      }
      if (allowed.empty()) refuse(acl, owner, kind, object_name);
      if (allowed != letters) warn_partly(object_name);
      letters = allowed;
    }
    Acl list = acl.has_value() ? *acl : default_acl(owner, kind);
    for (Oid grantee : grantees_) {
      if (statement_.is_grant) {
        grant(list, grantee, grantor, letters);
      } else {
        revoke(list, grantee, grantor, letters);
      }
    }
    std::erase_if(list, [](const AclItem& item) { return item.privileges.empty(); });
    acl = std::move(list);
  }

 private:
  void refuse(const std::optional<Acl>& acl, Oid owner, const TargetKind& kind,
              std::string_view object_name) const {
    bool has_any = std::ranges::any_of(kind.all, [&](char c) {
      return has_privilege(*context_.ddl().view(), context_.current_user(), owner, acl, c, false,
                           kind.default_public);
    });
    if (!has_any) {
      throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for {} {}", kind.name,
                      object_name);
    }
    warning(context_,
            statement_.is_grant ? SqlState::kWarningPrivilegeNotGranted
                                : SqlState::kWarningPrivilegeNotRevoked,
            fmt::format("no privileges {} for \"{}\"",
                        statement_.is_grant ? "were granted" : "could be revoked", object_name));
  }

  void warn_partly(std::string_view object_name) const {
    warning(context_,
            statement_.is_grant ? SqlState::kWarningPrivilegeNotGranted
                                : SqlState::kWarningPrivilegeNotRevoked,
            fmt::format("not all privileges {} for \"{}\"",
                        statement_.is_grant ? "were granted" : "could be revoked", object_name));
  }

  void grant(Acl& acl, Oid grantee, Oid grantor, const std::string& letters) const {
    AclItem& item = item_for(acl, grantee, grantor);
    item.privileges = united(item.privileges, letters);
    if (statement_.grant_option) item.grantable = united(item.grantable, letters);
  }

  void revoke(Acl& acl, Oid grantee, Oid grantor, const std::string& letters) const {
    auto found = std::ranges::find_if(acl, [&](const AclItem& item) {
      return item.grantee == grantee && item.grantor == grantor;
    });
    if (found == acl.end()) return;
    std::string lost = common(found->grantable, letters);
    found->grantable = without(found->grantable, letters);
    if (!statement_.grant_option) found->privileges = without(found->privileges, letters);
    revoke_granted_by(acl, grantee, lost);
  }

  // What the grantee has passed on goes with the right to do so.
  void revoke_granted_by(Acl& acl, Oid grantor, const std::string& letters) const {
    if (letters.empty()) return;
    std::vector<std::pair<Oid, std::string>> further;
    for (AclItem& item : acl) {
      if (item.grantor != grantor || item.grantee == grantor) continue;
      std::string lost = common(item.privileges, letters);
      if (lost.empty()) continue;
      if (statement_.behavior != ast::DropBehavior::kCascade) {
        throw SqlError(SqlState::kDependentObjectsStillExist, "dependent privileges exist")
            .hint("Use CASCADE to revoke them too.");
      }
      further.emplace_back(item.grantee, common(item.grantable, letters));
      item.privileges = without(item.privileges, letters);
      item.grantable = without(item.grantable, letters);
    }
    for (const auto& [grantee, lost] : further) revoke_granted_by(acl, grantee, lost);
  }

  const ast::GrantStmt& statement_;
  CommandContext& context_;
  std::vector<Oid> grantees_;
};

void change_columns(Granter& granter, const ast::GrantStmt& statement, Table& table) {
  for (const ast::Node* node : statement.privileges) {
    const auto& privilege = *ast::as<ast::AccessPriv>(node);
    if (privilege.cols.empty()) continue;
    std::string letters = privilege.priv_name.empty()
                              ? std::string(kColumnKind.all)
                              : std::string(1, granter.letter(privilege.priv_name, kColumnKind));
    for (std::string_view name : privilege.cols) {
      Column& column = require_column_of(table, name);
      granter.change(column.acl, table.owner, letters, kColumnKind, table.name);
      if (column.acl.has_value() && column.acl->empty()) column.acl.reset();
    }
  }
}

void change_relation(Granter& granter, const ast::GrantStmt& statement, CommandContext& context,
                     const Relation& relation) {
  if (relation.kind == ObjectKind::kIndex) {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is an index", relation.name);
  }
  if (relation.relkind == 'c') {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is a composite type", relation.name);
  }
  bool wants_sequence = statement.objtype == ast::ObjectType::kSequence;
  if (wants_sequence && relation.kind != ObjectKind::kSequence) {
    throw_wrong_kind(relation, "sequence");
  }
  if (relation.oid < kFirstUserOid) {
    throw unsupported("changing privileges of system relation \"{}\"", relation.name);
  }
  bool sequence = relation.kind == ObjectKind::kSequence;
  const TargetKind& kind = sequence ? kSequenceKind : kTableKind;
  std::shared_ptr<CatalogObject> copy = clone_object(relation);
  std::string letters = granter.wanted(kind);
  granter.change(copy->acl, copy->owner, letters, kind, copy->name);
  if (!sequence) change_columns(granter, statement, static_cast<Table&>(*copy));
  context.ddl().put(std::move(copy));
}

std::vector<Oid> relations_in_schemas(const ast::GrantStmt& statement, CommandContext& context) {
  std::vector<Oid> out;
  for (const ast::Node* node : statement.objects) {
    const Schema& schema = require_schema(
        *context.ddl().view(), context.environment().search_path(), qualified_name(node).name);
    context.ddl().view()->for_each_relation([&](const Relation& relation) {
      if (relation.schema != schema.oid) return;
      bool wanted =
          statement.objtype == ast::ObjectType::kSequence
              ? relation.relkind == 'S'
              : relation.relkind == 'r' || relation.relkind == 'v' || relation.relkind == 'm';
      if (wanted) out.push_back(relation.oid);
    });
  }
  return out;
}

void change_object(Granter& granter, CommandContext& context, const CatalogObject& object,
                   const TargetKind& kind) {
  std::shared_ptr<CatalogObject> copy = clone_object(object);
  granter.change(copy->acl, copy->owner, granter.wanted(kind), kind, copy->name);
  context.ddl().put(std::move(copy));
}

}  // namespace

CommandResult grant_privileges(const ast::GrantStmt& statement, CommandContext& context) {
  CommandResult done{statement.is_grant ? "GRANT" : "REVOKE"};
  Granter granter(statement, context);
  const SearchPath path = context.environment().search_path();
  bool relations = statement.objtype == ast::ObjectType::kTable ||
                   statement.objtype == ast::ObjectType::kSequence;
  if (statement.targtype == ast::GrantTargetType::kAllInSchema) {
    if (!relations) return done;  // there are no functions of users
    for (Oid oid : relations_in_schemas(statement, context)) {
      change_relation(granter, statement, context, *context.ddl().view()->relation(oid));
    }
    return done;
  }
  for (const ast::Node* node : statement.objects) {
    const Catalog& catalog = *context.ddl().view();
    switch (statement.objtype) {
      case ast::ObjectType::kTable:
      case ast::ObjectType::kSequence: {
        QualifiedName name = qualified_name(*ast::as<ast::RangeVar>(node));
        name.location = -1;
        change_relation(granter, statement, context, require_relation(catalog, path, name));
        break;
      }
      case ast::ObjectType::kSchema:
        change_object(granter, context, require_schema(catalog, path, qualified_name(node).name),
                      kSchemaKind);
        break;
      case ast::ObjectType::kDatabase:
        change_object(granter, context, require_database(catalog, qualified_name(node).name),
                      kDatabaseKind);
        break;
      case ast::ObjectType::kType:
      case ast::ObjectType::kDomain: {
        QualifiedName name = qualified_name(node);
        Oid oid = find_type(catalog, path, name);
        if (oid == kInvalidOid) {
          throw sql_error(SqlState::kUndefinedObject, "type \"{}\" does not exist", name.name);
        }
        const Type* type = catalog.type(oid);
        if (type == nullptr) throw unsupported("privileges of type \"{}\"", name.name);
        change_object(granter, context, *type, kTypeKind);
        break;
      }
      default:
        throw unsupported("{} on this kind of object", statement.is_grant ? "GRANT" : "REVOKE");
    }
  }
  return done;
}

}  // namespace luma
