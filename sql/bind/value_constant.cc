#include "sql/bind/value_constant.h"

#include "engine/type/type_info.h"
#include "sql/ast/ast.h"
#include "sql/ast/rewrite.h"

namespace luma {
namespace {

const ast::TypeName* type_name(const Catalog& catalog, Oid oid, Arena& arena) {
  auto* name = arena.make<ast::TypeName>();
  const Type* type = catalog.type(oid);
  if (const Type* element = type == nullptr ? catalog.type_of_array(oid) : nullptr) {
    type = element;
    name->array_bounds = ast::make_list<int32_t>(arena, {-1});
  }
  std::string schema = type == nullptr ? "pg_catalog" : catalog.schema_name(type->schema);
  std::string_view own = type == nullptr ? type_info(oid).name : std::string_view(type->name);
  name->names = ast::make_list<std::string_view>(arena, {arena.copy(schema), arena.copy(own)});
  return name;
}

}  // namespace

const ast::Node* constant_of(const BindEnvironment& environment, Oid type, const Value& value,
                             int location, Arena& arena) {
  auto* constant = arena.make<ast::AConst>();
  if (!value.is_null) {
    const TypeInfo& info = type_info(type);
    std::string text;
    info.output(value.datum, info, environment.io(), text);
    constant->kind = ast::ConstKind::kString;
    constant->text = arena.copy(text);
  }
  auto* cast = arena.make<ast::TypeCast>();
  cast->arg = constant;
  cast->type_name = type_name(environment.catalog(), type, arena);
  cast->location = location;
  return cast;
}

}  // namespace luma
