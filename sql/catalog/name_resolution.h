#pragma once
// Names to objects by PostgreSQL's rules: search_path with "$user", pg_temp and the implicit
// pg_catalog; quoting; the texts of "does not exist" errors. Pure functions over a snapshot.
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/catalog.h"
#include "sql/parse/deparse.h"  // quote_identifier, quote_literal

namespace luma::ast {
struct TypeName;
}  // namespace luma::ast

namespace luma {

// The effective search path of a session under one snapshot.
struct SearchPath {
  std::vector<Oid> schemas;           // in order of search: pg_temp, pg_catalog when implicit, rest
  std::vector<Oid> explicit_schemas;  // without the implicit ones: current_schemas(false)
  Oid creation_schema = kInvalidOid;  // first existing one; 0: 3F000 "no schema has been selected"
  Oid temp_schema = kInvalidOid;      // this session's pg_temp_N; 0 = not made yet
  // Whose USAGE privilege naming a schema needs: names in others throw 42501. 0: any may be named
  // (in stored definitions).
  Oid user = kInvalidOid;

  bool contains(Oid schema) const;
};

// `setting` is the text of search_path; names that do not exist are skipped, and so are schemas
// that the user may not use, unless the path is that of a stored definition.
SearchPath resolve_search_path(const Catalog& catalog, std::string_view setting,
                               std::string_view user_name, Oid temp_schema,
                               bool stored_definition = false);

// [database.][schema.]name; empty schema = search the path. `location` is a byte offset or -1.
struct QualifiedName {
  std::string_view schema;
  std::string_view name;
  std::string_view database = {};
  int location = -1;
};

// nullptr when there is none. An explicit schema that doesn't exist counts as none.
const Relation* find_relation(const Catalog& catalog, const SearchPath& path,
                              const QualifiedName& name);
// Throws 42P01 `relation "s.x" does not exist`, 0A000 for another database.
const Relation& require_relation(const Catalog& catalog, const SearchPath& path,
                                 const QualifiedName& name);
// Throws 3F000 `schema "x" does not exist`. "pg_temp" means the session's.
const Schema& require_schema(const Catalog& catalog, const SearchPath& path, std::string_view name,
                             int location = -1);
const Role& require_role(const Catalog& catalog, std::string_view name);          // 42704
const Database& require_database(const Catalog& catalog, std::string_view name);  // 3D000
// Schema in which CREATE puts an object: the named one or the path's first. Throws 3F000.
Oid creation_schema(const Catalog& catalog, const SearchPath& path, std::string_view schema_name,
                    int location = -1);

// Type by name; 0 when there is none. Built-in SQL spellings ("integer") are the parser's business:
// it gives pg_catalog names; regtype input handles them through parse_type_text.
Oid find_type(const Catalog& catalog, const SearchPath& path, const QualifiedName& name);
// "numeric(10,2)", "character varying(5)[]", "public.mood": type text as regtype and to_regtype
// accept it. Throws 42704 `type "x" does not exist` or 42601.
TypeRef parse_type_text(const Catalog& catalog, const SearchPath& path, std::string_view text);

// A type name of the grammar: search path, modifiers, array bounds. Same errors, at its location.
// SETOF and %TYPE are the caller's.
TypeRef resolve_type_name(const Catalog& catalog, const SearchPath& path,
                          const ast::TypeName& name);
// The array type over `element`; 0 when there is none.
Oid array_type_of(const Catalog& catalog, Oid element);

// True when the unqualified name finds this very object (pg_table_is_visible, ...).
bool relation_is_visible(const Catalog& catalog, const SearchPath& path, const Relation& relation);
bool type_is_visible(const Catalog& catalog, const SearchPath& path, Oid type);

std::string quote_qualified(std::string_view schema, std::string_view name);
// "a.b" or "\"A\".b" split into unquoted parts, folded to lower case where unquoted; throws 42602
// `invalid name syntax`.
std::vector<std::string> split_qualified_name(std::string_view text);
// format_type() for any type, schema-qualified when the search path doesn't find it. "" when the
// type does not exist and `missing_ok`, otherwise "???".
std::string type_display_name(const Catalog& catalog, const SearchPath& path, Oid type,
                              int32_t typmod = -1, bool missing_ok = false);
// Relation name for messages and regclass: qualified only when it is not visible.
std::string relation_display_name(const Catalog& catalog, const SearchPath& path,
                                  const Relation& relation);

}  // namespace luma
