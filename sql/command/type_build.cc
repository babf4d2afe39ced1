#include "sql/command/type_build.h"

#include "engine/type/extension_type.h"
#include "engine/type/user_type.h"
#include "sql/catalog/array_type_name.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/relation_create.h"

namespace luma {
namespace {

bool holds(Oid type, Oid wanted) {
  if (type == wanted) return true;
  const TypeInfo* info = find_type(type);
  if (info == nullptr || !is_created_type(type)) return false;
  if (info->is_array()) return holds(info->element, wanted);
  if (Oid base = base_type_below(type); base != type) return holds(base, wanted);
  if (info->type_type != 'c' || info->user == nullptr) return false;
  for (const TypeRef& field : info->user->fields) {
    if (holds(field.oid, wanted)) return true;
  }
  return false;
}

bool is_or_is_over(Oid type, Oid wanted) {
  while (type != wanted) {
    Oid base = base_type_below(type);
    if (base == type) return false;
    type = base;
  }
  return true;
}

}  // namespace

std::shared_ptr<Type> new_type(CommandContext& context, const QualifiedName& name, char kind) {
  auto type = std::make_shared<Type>();
  type->schema = place_of_new_object(context, name.schema, name.location);
  type->oid = context.ddl().new_oid();
  type->array_type = context.ddl().new_oid();
  type->name = truncated_name(name.name);
  type->owner = context.current_user();
  type->type_type = kind;
  if (!is_free_type_name(*context.ddl().view(), type->schema, type->name)) {
    throw sql_error(SqlState::kDuplicateObject, "type \"{}\" already exists", type->name);
  }
  return type;
}

const Type& require_own_type(CommandContext& context, const QualifiedName& name, char kind) {
  const Catalog& catalog = *context.ddl().view();
  Oid oid = find_type(catalog, context.environment().search_path(), name);
  if (oid == kInvalidOid) {
    throw sql_error(SqlState::kUndefinedObject, "type \"{}\" does not exist",
                    name.schema.empty() ? std::string(name.name)
                                        : fmt::format("{}.{}", name.schema, name.name));
  }
  const Type* type = catalog.type(oid);
  if (type == nullptr || type->type_type != kind) {
    throw sql_error(SqlState::kWrongObjectType, "{} is not {}", catalog.type_name(oid),
                    kind == 'e' ? "an enum" : "a domain");
  }
  require_owner(context, *type);
  return *type;
}

bool holds_type(Oid type, Oid wanted) { return holds(type, wanted); }

std::vector<TypeUse> uses_of_type(const Catalog& catalog, Oid type) {
  std::vector<TypeUse> uses;
  catalog.for_each_relation([&](const Relation& relation) {
    if (relation.kind != ObjectKind::kTable) return;
    if (relation.relkind != 'r' && relation.relkind != 'm' && relation.relkind != 'p') return;
    for (const Column& column : static_cast<const Table&>(relation).columns) {
      if (column.dropped || !holds(column.type.oid, type)) continue;
      uses.push_back({relation.oid, column.number, is_or_is_over(column.type.oid, type)});
    }
  });
  return uses;
}

}  // namespace luma
