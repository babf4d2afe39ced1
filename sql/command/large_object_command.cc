#include "sql/command/large_object_command.h"

#include <charconv>

#include "sql/catalog/large_objects.h"
#include "sql/catalog/operations_state.h"
#include "sql/catalog/privileges.h"
#include "sql/catalog/session_catalog.h"
#include "sql/command/command_target.h"

namespace luma {

namespace {

LargeObjects& objects_of(CommandContext& context) {
  auto* state = dynamic_cast<OperationsState*>(&session_catalog(context.exec()).live_state());
  if (state == nullptr) throw unsupported("large objects outside of a session");
  return state->large_objects();
}

// A number as the grammar gives it: an integer, or a larger one as text.
Oid oid_of(const ast::Node* number) {
  if (const auto* small = ast::try_as<ast::Integer>(number)) return static_cast<Oid>(small->ival);
  std::string_view text;
  if (const auto* large = ast::try_as<ast::Float>(number)) text = large->fval;
  Oid oid = kInvalidOid;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), oid);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw sql_error(SqlState::kInvalidTextRepresentation,
                    "invalid input syntax for type oid: \"{}\"", text);
  }
  return oid;
}

LargeObjectInfo require_object(CommandContext& context, const ast::Node* number) {
  Oid oid = oid_of(number);
  std::optional<LargeObjectInfo> info = objects_of(context).find(oid);
  if (!info) throw sql_error(SqlState::kUndefinedObject, "large object {} does not exist", oid);
  return *std::move(info);
}

void require_object_owner(CommandContext& context, const LargeObjectInfo& info) {
  if (has_privileges_of(*context.ddl().view(), context.current_user(), info.owner)) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of large object {}", info.oid);
}

}  // namespace

void change_large_object_owner(CommandContext& context, const ast::Node* number, Oid owner) {
  LargeObjectInfo info = require_object(context, number);
  if (info.owner == owner) return;
  require_object_owner(context, info);
  const Catalog& catalog = *context.ddl().view();
  if (!is_superuser_now(context) && !is_member_of(catalog, context.current_user(), owner)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be member of role \"{}\"",
                    catalog.role_name(owner));
  }
  if (info.acl) {
    for (AclItem& item : *info.acl) {
      if (item.grantor == info.owner) item.grantor = owner;
      if (item.grantee == info.owner) item.grantee = owner;
    }
  }
  info.owner = owner;
  objects_of(context).change(info);
}

void comment_on_large_object(CommandContext& context, const ast::Node* number,
                             std::string_view text) {
  LargeObjectInfo info = require_object(context, number);
  require_object_owner(context, info);
  info.comment = text;
  objects_of(context).change(info);
}

void change_large_object_acl(const Granter& granter, CommandContext& context,
                             const ast::Node* number) {
  static constexpr AclKind kLargeObjectAcl{"large object", "rw", ""};
  LargeObjectInfo info = require_object(context, number);
  granter.change(info.acl,
                 {kLargeObjectAcl, info.owner, "large object", std::to_string(info.oid), ""},
                 granter.wanted(kLargeObjectAcl.all, "large object"), granter.all_privileges());
  objects_of(context).change(info);
}

}  // namespace luma
