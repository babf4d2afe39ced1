#include "sql/command/named_object.h"

#include "sql/ast/ast.h"
#include "sql/catalog/clone_object.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/privileges.h"
#include "sql/catalog/text_search_objects.h"
#include "sql/command/command_target.h"
#include "sql/command/table_storage.h"

namespace luma {
namespace {

struct KindRow {
  ast::ObjectType type;
  Oid class_id;
  std::string_view word;
  std::string_view tag;
  Oid (*find)(const Catalog&, const SearchPath&, const QualifiedName&);
  Oid (*find_in)(const Catalog&, Oid schema, std::string_view name);
  // How messages show a name: collations have an encoding.
  std::string_view shown;
};
constexpr KindRow kKinds[] = {
    {ast::ObjectType::kTsdictionary, class_oid::kTsDict, "text search dictionary",
     "TEXT SEARCH DICTIONARY", find_text_dictionary, text_dictionary_in, "\"{}\""},
    {ast::ObjectType::kTsconfiguration, class_oid::kTsConfig, "text search configuration",
     "TEXT SEARCH CONFIGURATION", find_text_configuration, text_configuration_in, "\"{}\""},
    {ast::ObjectType::kCollation, class_oid::kCollation, "collation", "COLLATION", find_collation,
     collation_in, "\"{}\" for encoding \"UTF8\""},
};

const KindRow& row_of(ast::ObjectType type) {
  for (const KindRow& row : kKinds) {
    if (row.type == type) return row;
  }
  LUMA_CHECK(false);
}

std::string written(const QualifiedName& name) {
  return name.schema.empty() ? std::string(name.name)
                             : fmt::format("{}.{}", name.schema, name.name);
}
std::string shown_as(const KindRow& row, std::string_view name) {
  return fmt::format("{} {}", row.word, fmt::format(fmt::runtime(row.shown), name));
}

Oid find(CommandContext& context, const KindRow& row, const QualifiedName& name) {
  return row.find(*context.ddl().view(), context.environment().search_path(), name);
}

// A copy to change, of a built-in object too: the database then has its own one of that oid.
std::shared_ptr<CatalogObject> copy_of(const Catalog& catalog, const KindRow& row, Oid oid) {
  if (row.class_id == class_oid::kTsDict) return clone_object(*text_dictionary(catalog, oid));
  if (row.class_id == class_oid::kTsConfig) {
    return clone_object(*text_configuration(catalog, oid));
  }
  return clone_object(*collation(catalog, oid));
}

Oid& schema_of(CatalogObject& object) {
  if (object.kind == ObjectKind::kTextDictionary) {
    return static_cast<TextDictionaryObject&>(object).schema;
  }
  if (object.kind == ObjectKind::kTextConfiguration) {
    return static_cast<TextConfigurationObject&>(object).schema;
  }
  return static_cast<CollationObject&>(object).schema;
}

std::shared_ptr<CatalogObject> own_copy(CommandContext& context, const KindRow& row,
                                        const QualifiedName& name) {
  if (!name.schema.empty() && name.schema != "pg_temp") {
    require_schema(*context.ddl().view(), context.environment().search_path(), name.schema);
  }
  Oid oid = find(context, row, name);
  if (oid == kInvalidOid) {
    throw sql_error(SqlState::kUndefinedObject, "{} does not exist", shown_as(row, written(name)));
  }
  std::shared_ptr<CatalogObject> copy = copy_of(*context.ddl().view(), row, oid);
  if (!has_privileges_of(*context.ddl().view(), context.current_user(), copy->owner)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of {} {}", row.word,
                    copy->name);
  }
  return copy;
}

void require_free_name(CommandContext& context, const KindRow& row, const CatalogObject& object,
                       Oid schema, std::string_view name) {
  if (row.find_in(*context.ddl().view(), schema, name) == kInvalidOid) return;
  // Those of ICU are good for any encoding.
  const bool any_encoding = object.kind == ObjectKind::kCollation &&
                            static_cast<const CollationObject&>(object).provider == 'i';
  throw sql_error(SqlState::kDuplicateObject, "{} already exists in schema \"{}\"",
                  any_encoding ? fmt::format("collation \"{}\"", name) : shown_as(row, name),
                  context.ddl().view()->schema_name(schema));
}

void refuse_builtin(const KindRow& row, const CatalogObject& object) {
  if (object.oid >= kFirstUserOid) return;
  throw unsupported("renaming or moving {} {}", row.word, object.name);
}

}  // namespace

bool is_named_object(ast::ObjectType type) {
  for (const KindRow& row : kKinds) {
    if (row.type == type) return true;
  }
  return false;
}

std::shared_ptr<CatalogObject> own_object_copy(CommandContext& context, ast::ObjectType type,
                                               const QualifiedName& name) {
  return own_copy(context, row_of(type), name);
}

bool has_named_object(CommandContext& context, ast::ObjectType type, Oid schema,
                      std::string_view name) {
  return row_of(type).find_in(*context.ddl().view(), schema, name) != kInvalidOid;
}

std::string alter_named_tag(ast::ObjectType type) {
  return fmt::format("ALTER {}", row_of(type).tag);
}

CommandResult drop_named_objects(const ast::DropStmt& statement, CommandContext& context) {
  const KindRow& row = row_of(statement.remove_type);
  std::vector<ObjectAddress> targets;
  for (const ast::Node* node : statement.objects) {
    QualifiedName name = qualified_name(node);
    if (statement.missing_ok) {
      const bool no_schema = !name.schema.empty() && name.schema != "pg_temp" &&
                             context.ddl().view()->find_schema(name.schema) == nullptr;
      if (no_schema) {
        notice(context, fmt::format("schema \"{}\" does not exist, skipping", name.schema));
        continue;
      }
      if (find(context, row, name) == kInvalidOid) {
        notice(context, fmt::format("{} \"{}\" does not exist, skipping", row.word, written(name)));
        continue;
      }
    }
    std::shared_ptr<CatalogObject> found = own_copy(context, row, name);
    if (found->oid < kFirstUserOid) {
      throw sql_error(SqlState::kDependentObjectsStillExist,
                      "cannot drop {} {} because it is required by the database system", row.word,
                      quote_identifier(found->name));
    }
    targets.push_back(found->address());
  }
  if (!targets.empty()) {
    drop_and_finish(context, targets,
                    statement.behavior == ast::DropBehavior::kCascade ? DropBehavior::kCascade
                                                                      : DropBehavior::kRestrict);
  }
  return {fmt::format("DROP {}", row.tag)};
}

CommandResult rename_named_object(const ast::RenameStmt& statement, CommandContext& context) {
  const KindRow& row = row_of(statement.rename_type);
  auto copy = own_copy(context, row, qualified_name(statement.object));
  refuse_builtin(row, *copy);
  std::string new_name = truncated_name(statement.newname);
  require_free_name(context, row, *copy, schema_of(*copy), new_name);
  copy->name = new_name;
  context.ddl().put(std::move(copy));
  return {alter_named_tag(row.type)};
}

CommandResult move_named_object(const ast::AlterObjectSchemaStmt& statement,
                                CommandContext& context) {
  const KindRow& row = row_of(statement.object_type);
  auto copy = own_copy(context, row, qualified_name(statement.object));
  refuse_builtin(row, *copy);
  const Oid schema = require_schema(*context.ddl().view(), context.environment().search_path(),
                                    statement.newschema)
                         .oid;
  require_create_privilege(context, schema);
  if (schema == schema_of(*copy)) return {alter_named_tag(row.type)};
  require_free_name(context, row, *copy, schema, copy->name);
  schema_of(*copy) = schema;
  context.ddl().put(std::move(copy));
  return {alter_named_tag(row.type)};
}

}  // namespace luma
