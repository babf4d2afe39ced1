#pragma once
// Finding, locking and checking the objects a command names; copies to change; notices.
#include <memory>
#include <string>
#include <string_view>

#include "sql/ast/ddl.h"
#include "sql/command/command_context.h"

namespace luma {

// The relation in the newest catalog, locked; nullptr when there is none. Looks again after
// waiting. The pointer lives until the next change of the catalog.
const Relation* find_and_lock(CommandContext& context, const ast::RangeVar& name,
                              TableLockMode mode);
// Throws 42P01.
const Relation& require_and_lock(CommandContext& context, const ast::RangeVar& name,
                                 TableLockMode mode);
QualifiedName qualified_name(const ast::RangeVar& name);
std::string display_name(const ast::RangeVar& name);
// "a", "b.c" of a list of String nodes.
QualifiedName qualified_name(const ast::NodeList& names);
QualifiedName qualified_name(const ast::NameList& names);
QualifiedName qualified_name(const ast::Node* list_or_string);

// A copy to change and put back.
std::shared_ptr<Table> copy_of(const Table& table);
std::shared_ptr<Table> table_to_change(CommandContext& context, Oid table);

// "table", "view", "index", ...
std::string_view relkind_name(char relkind);

bool is_superuser_now(CommandContext& context);
// 42501 "must be owner of table t"; system relations are refused for everybody.
void require_owner(CommandContext& context, const Relation& relation);
void require_owner(CommandContext& context, const Schema& schema);
void require_owner(CommandContext& context, const Type& type);
void require_database_owner(CommandContext& context);
// 42501 "permission denied for schema s".
void require_create_privilege(CommandContext& context, Oid schema);
// Schema of an object that is to be made, which is no relation; pg_temp is made when it is named.
// Throws 3F000, and 42501 without the privilege to create in it.
Oid place_of_new_object(CommandContext& context, std::string_view schema_name, int location);
// 42501 "permission denied for type t" when it may not be used in a definition.
void require_type_usage(CommandContext& context, Oid type);
void require_superuser(CommandContext& context, std::string_view what);

// 42809 `"v" is not a table`.
[[noreturn]] void throw_wrong_kind(const Relation& relation, std::string_view wanted);

void notice(CommandContext& context, std::string message, std::string detail = {});
void warning(CommandContext& context, SqlState state, std::string message);

// For messages about dependencies: names are qualified when not visible.
std::function<bool(const Relation&)> visibility(CommandContext& context);

// The role a grammar role specification means. PUBLIC is kPublicGrantee where `allow_public`.
Oid role_oid(CommandContext& context, const ast::RoleSpec& role, bool allow_public = false);

// "name" cut to what PostgreSQL keeps of identifiers (63 bytes, whole characters).
std::string truncated_name(std::string_view name);

// The value of an option: its text ("on", "10", "abc"); "" without one.
std::string option_text(const ast::DefElem& option);
bool option_bool(const ast::DefElem& option);
int64_t option_int64(const ast::DefElem& option);

}  // namespace luma
