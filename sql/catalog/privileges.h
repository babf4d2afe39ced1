#pragma once
// Who may do what: owners, superusers, role membership and access control lists. Pure functions
// over a snapshot. Privileges are PostgreSQL's letters: r SELECT, a INSERT, w UPDATE, d DELETE, D
// TRUNCATE, x REFERENCES, t TRIGGER, X EXECUTE, U USAGE, C CREATE, c CONNECT, T TEMPORARY, s SET, A
// ALTER SYSTEM.
#include <optional>
#include <string_view>

#include "sql/catalog/catalog.h"

namespace luma {

// True when `role` has the privileges of `other`: is it, is a superuser, or is a member through
// roles that inherit. (pg_has_role(..., 'USAGE'); membership without inheritance is is_member.)
bool has_privileges_of(const Catalog& catalog, Oid role, Oid other);
bool is_member_of(const Catalog& catalog, Oid role, Oid other, bool with_admin = false);
bool is_superuser(const Catalog& catalog, Oid role);
// The role and those whose privileges it has by inheritance, itself first.
std::vector<Oid> roles_with_privileges_of(const Catalog& catalog, Oid role);

// True when `role` holds the privilege (with grant option when asked) by ownership or the list.
// `default_public`: what everybody may without a list (c and T of databases, X of functions, ...).
bool has_privilege(const Catalog& catalog, Oid role, Oid owner, const std::optional<Acl>& acl,
                   char privilege, bool grant_option = false, std::string_view default_public = {});
bool has_relation_privilege(const Catalog& catalog, Oid role, const Relation& relation,
                            char privilege, bool grant_option = false);
// Of the table or of the column.
bool has_column_privilege(const Catalog& catalog, Oid role, const Table& table,
                          const Column& column, char privilege, bool grant_option = false);
bool has_schema_privilege(const Catalog& catalog, Oid role, const Schema& schema, char privilege,
                          bool grant_option = false);
bool has_database_privilege(const Catalog& catalog, Oid role, const Database& database,
                            char privilege, bool grant_option = false);

// Whether the table's policies count for the role.
bool is_subject_to_row_security(const Catalog& catalog, Oid role, const Table& table);
// The list of a relation, with what GRANT has changed of a built-in one's.
const std::optional<Acl>& relation_acl(const Catalog& catalog, const Relation& relation);
// The list of a function; nullopt: its owner and everybody may EXECUTE it.
std::optional<Acl> function_acl(const Catalog& catalog, Oid function);
bool has_default_acl(const Catalog& catalog, Oid function);
bool has_function_privilege(const Catalog& catalog, Oid role, Oid function, char privilege = 'X',
                            bool grant_option = false);

}  // namespace luma
