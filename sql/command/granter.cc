#include "sql/command/granter.h"

#include <algorithm>

#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"

namespace luma {
namespace {

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

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

Granter::Granter(const ast::GrantStmt& statement, CommandContext& context)
    : statement_(statement), context_(context) {
  if (statement.grantor != nullptr &&
      role_oid(context, *statement.grantor) != context.current_user()) {
    throw SqlError(SqlState::kFeatureNotSupported, "grantor must be current user");
  }
  for (const ast::Node* node : statement.grantees) {
    grantees_.push_back(role_oid(context, *ast::as<ast::RoleSpec>(node), true));
  }
}

std::string Granter::wanted(std::string_view allowed, std::string_view what) const {
  if (all_privileges()) return letters_in_order(allowed);
  std::string out;
  for (const ast::Node* node : statement_.privileges) {
    const auto& privilege = *ast::as<ast::AccessPriv>(node);
    if (!privilege.cols.empty()) continue;
    if (privilege.priv_name.empty()) return letters_in_order(allowed);
    out += letter(privilege.priv_name, allowed, what);
  }
  return letters_in_order(out);
}

char Granter::letter(std::string_view name, std::string_view allowed, std::string_view what) const {
  for (const PrivilegeRow& row : kPrivileges) {
    if (row.name != name) continue;
    if (allowed.find(row.letter) != std::string_view::npos) return row.letter;
    throw sql_error(SqlState::kInvalidGrantOperation, "invalid privilege type {} for {}",
                    upper(row.name == "temp" ? "temporary" : row.name), what);
  }
  throw sql_error(SqlState::kSyntaxError, "unrecognized privilege type \"{}\"", name);
}

void Granter::refuse_or_warn(const Acl& acl, const Target& target, Oid grantor,
                             std::string_view options, std::string_view letters,
                             bool all_letters) const {
  std::string where = target.relation.empty() ? fmt::format("\"{}\"", target.name)
                                              : fmt::format("column \"{}\" of relation \"{}\"",
                                                            target.name, target.relation);
  if (options.empty()) {
    const Catalog& catalog = *context_.ddl().view();
    bool has_any = std::ranges::any_of(target.kind.all, [&](char letter) {
      return has_privilege(catalog, grantor, target.owner, acl, letter);
    });
    if (!has_any && target.relation.empty()) {
      throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for {} {}",
                      target.kind_name, target.name);
    }
    if (!has_any) {
      throw sql_error(SqlState::kInsufficientPrivilege,
                      "permission denied for column \"{}\" of relation \"{}\"", target.name,
                      target.relation);
    }
  }
  bool some = !letters_common(letters, options).empty();
  if (some && (all_letters || options.size() == letters.size())) return;
  warning(
      context_,
      is_grant() ? SqlState::kWarningPrivilegeNotGranted : SqlState::kWarningPrivilegeNotRevoked,
      fmt::format("{} privileges {} for {}", some ? "not all" : "no",
                  is_grant() ? "were granted" : "could be revoked", where));
}

void Granter::change(std::optional<Acl>& acl, const Target& target, const std::string& letters,
                     bool all_letters, const Acl* also) const {
  if (letters.empty()) return;
  Acl list = acl.has_value() ? *acl : default_acl(target.owner, target.kind);
  Acl judged = list;
  if (also != nullptr) judged.insert(judged.begin(), also->begin(), also->end());
  Grantor grantor =
      best_grantor(*context_.ddl().view(), context_.current_user(), letters, judged, target.owner);
  refuse_or_warn(judged, target, grantor.role, grantor.options, letters, all_letters);
  change_as(list, target.owner, grantor.role, letters_common(letters, grantor.options));
  acl = std::move(list);
}

void Granter::change_as(Acl& acl, Oid owner, Oid grantor, const std::string& letters) const {
  // GRANT ... WITH GRANT OPTION gives both, REVOKE GRANT OPTION FOR takes only the option.
  bool basic = is_grant() || !statement_.grant_option;
  bool option = !is_grant() || statement_.grant_option;
  for (Oid grantee : grantees_) {
    if (grantee == kPublicGrantee && is_grant() && option) {
      throw SqlError(SqlState::kInvalidGrantOperation,
                     "grant options can only be granted to roles");
    }
    change_acl(*context_.ddl().view(), acl, owner,
               {is_grant(), grantee, grantor, basic ? letters : "", option ? letters : "",
                statement_.behavior == ast::DropBehavior::kCascade});
  }
}

void put_access_list(CommandContext& context, Oid class_id, Oid oid, std::optional<Acl> acl) {
  auto list = std::make_shared<AccessList>();
  list->oid = oid;
  list->name = fmt::format("{}", oid);
  list->target_class = class_id;
  list->acl = std::move(acl);
  context.ddl().put(std::move(list));
}

}  // namespace luma
