#include "sql/catalog/name_resolution.h"

#include <algorithm>
#include <cctype>

#include "engine/base/sql_error.h"
#include "engine/type/extension_type.h"
#include "engine/type/type_info.h"
#include "engine/type/typmod.h"
#include "sql/ast/expression.h"
#include "sql/catalog/array_type_name.h"
#include "sql/catalog/fact_table.h"
#include "sql/catalog/privileges.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

std::string fold(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Parts between separators, quotes undone. False when quotes don't match or a part is empty.
bool split_names(std::string_view text, char separator, std::vector<std::string>& out) {
  size_t i = 0;
  auto skip_space = [&] {
    while (i < text.size() && std::isspace(static_cast<unsigned char>(text[i])) != 0) ++i;
  };
  skip_space();
  if (i == text.size()) return true;
  for (;;) {
    skip_space();
    std::string part;
    if (i < text.size() && text[i] == '"') {
      for (++i;; ++i) {
        if (i >= text.size()) return false;
        if (text[i] != '"') {
          part += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == '"') {
          part += text[i++];
        } else {
          break;
        }
      }
      ++i;
    } else {
      size_t start = i;
      while (i < text.size() && text[i] != separator && text[i] != '"' &&
             std::isspace(static_cast<unsigned char>(text[i])) == 0) {
        ++i;
      }
      part = fold(text.substr(start, i - start));
      if (part.empty()) return false;
    }
    out.push_back(std::move(part));
    skip_space();
    if (i == text.size()) return true;
    if (text[i++] != separator) return false;
  }
}

std::string display(const QualifiedName& name) {
  std::string out;
  if (!name.database.empty()) out += std::string(name.database) + ".";
  if (!name.schema.empty()) out += std::string(name.schema) + ".";
  return out + std::string(name.name);
}

bool may_use(const Catalog& catalog, const SearchPath& path, const Schema& schema) {
  return path.user == kInvalidOid || schema.oid == schema_oid::kPgCatalog ||
         has_schema_privilege(catalog, path.user, schema, 'U');
}

// 0 when there is no such schema.
Oid schema_by_name(const Catalog& catalog, const SearchPath& path, std::string_view name) {
  if (name == "pg_temp") return path.temp_schema;
  const Schema* schema = catalog.find_schema(name);
  return schema == nullptr ? kInvalidOid : schema->oid;
}

// Of a schema that qualifies a name: throws 42501 without the privilege to use it.
Oid usable_schema(const Catalog& catalog, const SearchPath& path, const QualifiedName& name) {
  Oid oid = schema_by_name(catalog, path, name.schema);
  if (oid == kInvalidOid || oid == path.temp_schema) return oid;
  const Schema& schema = *catalog.schema(oid);
  if (may_use(catalog, path, schema)) return oid;
  throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for schema {}", schema.name)
      .at_byte(name.location);
}

void require_this_database(const Catalog& catalog, const QualifiedName& name) {
  if (name.database.empty()) return;
  const Database* current = catalog.database(catalog.database_oid());
  if (current != nullptr && current->name == name.database) return;
  throw sql_error(SqlState::kFeatureNotSupported,
                  "cross-database references are not implemented: \"{}\"", display(name))
      .at_byte(name.location);
}

}  // namespace

bool SearchPath::contains(Oid schema) const {
  return std::ranges::find(schemas, schema) != schemas.end();
}

SearchPath resolve_search_path(const Catalog& catalog, std::string_view setting,
                               std::string_view user_name, Oid temp_schema,
                               bool stored_definition) {
  SearchPath path;
  const Role* user = stored_definition ? nullptr : catalog.find_role(user_name);
  if (user != nullptr) path.user = user->oid;
  path.temp_schema = temp_schema;
  std::vector<std::string> names;
  split_names(setting, ',', names);
  bool temp_named = false;
  for (const std::string& name : names) {
    Oid oid = kInvalidOid;
    if (name == "pg_temp") {
      temp_named = true;
      oid = temp_schema;
    } else {
      const Schema* schema = catalog.find_schema(name == "$user" ? user_name : name);
      if (schema != nullptr && may_use(catalog, path, *schema)) oid = schema->oid;
    }
    if (oid == kInvalidOid ||
        std::ranges::find(path.explicit_schemas, oid) != path.explicit_schemas.end()) {
      continue;
    }
    path.explicit_schemas.push_back(oid);
  }
  if (!path.explicit_schemas.empty()) path.creation_schema = path.explicit_schemas.front();
  path.schemas = path.explicit_schemas;
  if (std::ranges::find(path.schemas, schema_oid::kPgCatalog) == path.schemas.end()) {
    path.schemas.insert(path.schemas.begin(), schema_oid::kPgCatalog);
  }
  if (temp_schema != kInvalidOid && !temp_named) {
    path.schemas.insert(path.schemas.begin(), temp_schema);
  }
  return path;
}

const Relation* find_relation(const Catalog& catalog, const SearchPath& path,
                              const QualifiedName& name) {
  require_this_database(catalog, name);
  if (!name.schema.empty()) {
    Oid schema = usable_schema(catalog, path, name);
    return schema == kInvalidOid ? nullptr : catalog.find_relation(schema, name.name);
  }
  for (Oid schema : path.schemas) {
    if (const Relation* found = catalog.find_relation(schema, name.name)) return found;
  }
  return nullptr;
}

const Relation& require_relation(const Catalog& catalog, const SearchPath& path,
                                 const QualifiedName& name) {
  if (const Relation* found = find_relation(catalog, path, name)) return *found;
  throw sql_error(SqlState::kUndefinedTable, "relation \"{}\" does not exist", display(name))
      .at_byte(name.location);
}

const Schema& require_schema(const Catalog& catalog, const SearchPath& path, std::string_view name,
                             int location) {
  const Schema* schema = catalog.schema(schema_by_name(catalog, path, name));
  if (schema != nullptr) return *schema;
  throw sql_error(SqlState::kInvalidSchemaName, "schema \"{}\" does not exist", name)
      .at_byte(location);
}

const Role& require_role(const Catalog& catalog, std::string_view name) {
  if (const Role* role = catalog.find_role(name)) return *role;
  throw sql_error(SqlState::kUndefinedObject, "role \"{}\" does not exist", name);
}

const Database& require_database(const Catalog& catalog, std::string_view name) {
  if (const Database* database = catalog.find_database(name)) return *database;
  throw sql_error(SqlState::kUndefinedDatabase, "database \"{}\" does not exist", name);
}

Oid creation_schema(const Catalog& catalog, const SearchPath& path, std::string_view schema_name,
                    int location) {
  if (!schema_name.empty()) return require_schema(catalog, path, schema_name, location).oid;
  if (path.creation_schema == kInvalidOid) {
    throw sql_error(SqlState::kInvalidSchemaName, "no schema has been selected to create in")
        .at_byte(location);
  }
  return path.creation_schema;
}

Oid find_type(const Catalog& catalog, const SearchPath& path, const QualifiedName& name) {
  require_this_database(catalog, name);
  if (!name.schema.empty()) {
    Oid schema = usable_schema(catalog, path, name);
    return schema == kInvalidOid ? kInvalidOid : catalog.find_type_oid(schema, name.name);
  }
  for (Oid schema : path.schemas) {
    Oid found = catalog.find_type_oid(schema, name.name);
    if (found != kInvalidOid) return found;
  }
  return kInvalidOid;
}

Oid array_type_of(const Catalog& catalog, Oid element) {
  if (const TypeInfo* builtin = find_type(element)) return builtin->array;
  if (const Type* type = catalog.type(element)) return type->array_type;
  const Table* table = catalog.table_of_row_type(element);
  return table != nullptr && table->row_type == element ? table->array_type : kInvalidOid;
}

namespace {

// The modifiers in parentheses, which PostgreSQL wants to be constants.
std::vector<int32_t> modifiers_of(const ast::TypeName& name) {
  std::vector<int32_t> out;
  for (const ast::Node* node : name.typmods) {
    const auto* constant = ast::try_as<ast::AConst>(node);
    if (constant == nullptr || constant->kind != ast::ConstKind::kInteger) {
      throw sql_error(SqlState::kSyntaxError,
                      "type modifiers must be simple constants or identifiers")
          .at_byte(name.location);
    }
    out.push_back(constant->ival);
  }
  return out;
}

}  // namespace

TypeRef resolve_type_name(const Catalog& catalog, const SearchPath& path,
                          const ast::TypeName& name) {
  QualifiedName wanted;
  wanted.location = name.location;
  size_t count = name.names.size();
  if (count > 3) {
    std::string all;
    for (std::string_view part : name.names) all += (all.empty() ? "" : ".") + std::string(part);
    throw sql_error(SqlState::kSyntaxError, "improper qualified name (too many dotted names): {}",
                    all)
        .at_byte(name.location);
  }
  wanted.name = name.names[count - 1];
  if (count > 1) wanted.schema = name.names[count - 2];
  if (count > 2) wanted.database = name.names[0];
  TypeRef type;
  type.oid = find_type(catalog, path, wanted);
  if (type.oid == kInvalidOid && !wanted.schema.empty() &&
      schema_by_name(catalog, path, wanted.schema) == kInvalidOid) {
    throw sql_error(SqlState::kInvalidSchemaName, "schema \"{}\" does not exist", wanted.schema)
        .at_byte(name.location);
  }
  std::string shown = display(wanted);
  for (size_t i = 0; i < name.array_bounds.size(); ++i) shown += "[]";
  if (type.oid != kInvalidOid && !name.typmods.empty()) {
    type.typmod = parse_typmod(type.oid, modifiers_of(name));
  }
  // Any number of dimensions is the same array type.
  if (type.oid != kInvalidOid && !name.array_bounds.empty()) {
    type.oid = array_type_of(catalog, type.oid);
  }
  if (type.oid == kInvalidOid) {
    throw sql_error(SqlState::kUndefinedObject, "type \"{}\" does not exist", shown)
        .at_byte(name.location);
  }
  return type;
}

TypeRef parse_type_text(const Catalog& catalog, const SearchPath& path, std::string_view text) {
  Arena arena;
  const ast::TypeName* name = parse_type_name(text, arena);
  if (name->setof || name->pct_type) {
    throw sql_error(SqlState::kSyntaxError, "invalid type name \"{}\"", text);
  }
  try {
    return resolve_type_name(catalog, path, *name);
  } catch (SqlError& error) {
    error.byte_offset = -1;  // it would point into `text`, not into the statement
    throw;
  }
}

bool relation_is_visible(const Catalog& catalog, const SearchPath& path, const Relation& relation) {
  if (!path.contains(relation.schema)) return false;
  for (Oid schema : path.schemas) {
    if (schema == relation.schema) return true;
    if (catalog.find_relation(schema, relation.name) != nullptr) return false;
  }
  return false;
}

bool type_is_visible(const Catalog& catalog, const SearchPath& path, Oid type) {
  std::string name;
  if (!is_created_type(type) && find_type(type) != nullptr) {
    name = find_type(type)->name;
  } else if (const Type* user = catalog.type(type)) {
    name = user->name;
  } else if (const Type* element = catalog.type_of_array(type)) {
    name = array_type_name(catalog, element->schema, element->name, type);
  } else if (const Table* row = catalog.table_of_row_type(type)) {
    name = row->array_type == type ? array_type_name(catalog, row->schema, row->name, type)
                                   : row->name;
  } else {
    return false;
  }
  return find_type(catalog, path, {{}, name}) == type;
}

std::string quote_qualified(std::string_view schema, std::string_view name) {
  return schema.empty() ? quote_identifier(name)
                        : quote_identifier(schema) + "." + quote_identifier(name);
}

std::vector<std::string> split_qualified_name(std::string_view text) {
  std::vector<std::string> out;
  if (!split_names(text, '.', out) || out.empty()) {
    throw sql_error(SqlState::kInvalidName, "invalid name syntax");
  }
  return out;
}

std::string relation_display_name(const Catalog& catalog, const SearchPath& path,
                                  const Relation& relation) {
  if (relation_is_visible(catalog, path, relation)) return quote_identifier(relation.name);
  return quote_qualified(catalog.schema_name(relation.schema), relation.name);
}

std::string type_display_name(const Catalog& catalog, const SearchPath& path, Oid type,
                              int32_t typmod, bool missing_ok) {
  if (!is_created_type(type) && find_type(type) != nullptr) return format_type(type, typmod);
  Oid schema = kInvalidOid;
  Oid element = type;
  if (const Type* array_of = catalog.type_of_array(type)) element = array_of->oid;
  if (const Type* user = catalog.type(element)) {
    schema = user->schema;
  } else if (const Table* row = catalog.table_of_row_type(type)) {
    schema = row->schema;
    element = row->row_type;
  } else {
    return missing_ok ? "" : "???";
  }
  std::string name = catalog.type_name(type);
  if (type_is_visible(catalog, path, element)) return name;
  return quote_identifier(catalog.schema_name(schema)) + "." + name;
}

}  // namespace luma
