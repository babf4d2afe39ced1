#include "sql/command/relation_create.h"

#include "sql/command/command_target.h"

namespace luma {

NewRelationPlace place_of_new_relation(CommandContext& context, const ast::RangeVar& name,
                                       char persistence) {
  NewRelationPlace place;
  place.persistence = persistence == 0 ? 'p' : persistence;
  bool names_temp = name.schemaname == "pg_temp";
  if (place.persistence == 't' || names_temp) {
    if (!name.schemaname.empty() && !names_temp) {
      const Schema* schema = context.ddl().view()->find_schema(name.schemaname);
      if (schema == nullptr || schema->oid != context.temp_schema(false)) {
        throw SqlError(SqlState::kInvalidTableDefinition,
                       "cannot create temporary relation in non-temporary schema")
            .at_byte(name.location);
      }
    }
    if (place.persistence == 'u') {
      throw SqlError(SqlState::kInvalidTableDefinition,
                     "only temporary relations may be created in temporary schemas")
          .at_byte(name.location);
    }
    place.persistence = 't';
    place.schema = context.temp_schema(true);
    return place;
  }
  if (!name.catalogname.empty()) {
    const Catalog& catalog = *context.ddl().view();
    const Database* current = catalog.database(catalog.database_oid());
    if (current != nullptr && current->name != name.catalogname) {
      throw sql_error(SqlState::kFeatureNotSupported,
                      "cross-database references are not implemented: \"{}\"", display_name(name))
          .at_byte(name.location);
    }
  }
  place.schema = creation_schema(*context.ddl().view(), context.environment().search_path(),
                                 name.schemaname, name.location);
  Oid temp = context.temp_schema(false);
  if (temp != kInvalidOid && place.schema == temp) {
    place.persistence = 't';
    return place;
  }
  if (place.schema == schema_oid::kPgCatalog && is_superuser_now(context)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "permission denied to create \"{}.{}\"",
                    context.ddl().view()->schema_name(place.schema), name.relname)
        .detail("System catalog modifications are currently disallowed.");
  }
  require_create_privilege(context, place.schema);
  return place;
}

bool skip_existing(CommandContext& context, Oid schema, std::string_view name, bool if_not_exists) {
  if (context.ddl().view()->find_relation(schema, name) == nullptr) return false;
  if (!if_not_exists) {
    throw sql_error(SqlState::kDuplicateTable, "relation \"{}\" already exists", name);
  }
  context.notice({.state = SqlState::kDuplicateTable,
                  .message = fmt::format("relation \"{}\" already exists, skipping", name)});
  return true;
}

}  // namespace luma
