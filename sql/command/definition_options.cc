#include "sql/command/definition_options.h"

#include <algorithm>

#include "sql/ast/ast.h"
#include "sql/bind/polymorphic.h"
#include "sql/command/command_target.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

FoundFunction of_user(const Function& function) {
  return {function.oid,     function.result,      function.strict,       function.volatility,
          function.routine, function.returns_set, function.input_types()};
}

FoundFunction of_entry(const FunctionEntry& entry) {
  return {entry.oid,
          entry.result,
          entry.strict,
          entry.volatility,
          entry.kind,
          entry.returns_set,
          {entry.arg_types.begin(), entry.arg_types.end()}};
}

bool accepts(const std::vector<Oid>& declared, std::span<const Oid> types) {
  if (declared.size() != types.size()) return false;
  for (size_t i = 0; i < types.size(); ++i) {
    if (!is_polymorphic(declared[i]) && !is_binary_coercible(types[i], declared[i])) return false;
  }
  return polymorphic_consistent(types, declared);
}

}  // namespace

WrittenName written_name(const ast::DefElem& option) {
  if (const auto* type = ast::try_as<ast::TypeName>(option.arg)) {
    return {type->names.begin(), type->names.end()};
  }
  if (const auto* text = ast::try_as<ast::String>(option.arg)) return {text->sval};
  if (const auto* list = ast::try_as<ast::ListNode>(option.arg)) {
    WrittenName parts;
    for (const ast::Node* node : list->items) {
      if (const auto* text = ast::try_as<ast::String>(node)) parts.push_back(text->sval);
    }
    if (!parts.empty()) return parts;
  }
  throw sql_error(SqlState::kSyntaxError, "argument of {} must be a name", option.defname);
}

QualifiedName qualified_name(const WrittenName& name) {
  return qualified_name(ast::NameList(name.data(), name.size()));
}

Oid written_type(CommandContext& context, const ast::DefElem& option) {
  const auto* type = ast::try_as<ast::TypeName>(option.arg);
  if (type == nullptr) {
    const auto* text = ast::try_as<ast::String>(option.arg);
    if (text == nullptr) {
      throw sql_error(SqlState::kSyntaxError, "argument of {} must be a type name", option.defname);
    }
    return parse_type_text(*context.ddl().view(), context.environment().search_path(), text->sval)
        .oid;
  }
  return resolve_type_name(*context.ddl().view(), context.environment().search_path(), *type).oid;
}

FoundFunction require_function(CommandContext& context, const WrittenName& name,
                               std::span<const Oid> types) {
  const QualifiedName wanted = qualified_name(name);
  const SearchPath& path = context.environment().search_path();
  const Catalog& catalog = *context.ddl().view();
  std::vector<Oid> schemas = path.schemas;
  if (!wanted.schema.empty()) schemas = {require_schema(catalog, path, wanted.schema).oid};
  std::vector<FoundFunction> found;
  for (Oid schema : schemas) {
    for (const FunctionEntry* entry : FunctionRegistry::instance().functions(wanted.name)) {
      if (entry->schema == schema) found.push_back(of_entry(*entry));
    }
    for (const Function* user : catalog.functions_named(schema, wanted.name)) {
      found.push_back(of_user(*user));
    }
  }
  for (const FoundFunction& function : found) {
    if (std::ranges::equal(function.arguments, types)) return function;
  }
  for (const FoundFunction& function : found) {
    if (accepts(function.arguments, types)) return function;
  }
  std::string shown;
  for (Oid type : types) shown += (shown.empty() ? "" : ", ") + catalog.type_name(type);
  std::string text;
  for (std::string_view part : name) text += (text.empty() ? "" : ".") + std::string(part);
  throw sql_error(SqlState::kUndefinedFunction, "function {}({}) does not exist", text, shown);
}

FoundFunction function_by_oid(CommandContext& context, Oid oid) {
  if (const Function* user = context.ddl().view()->function(oid)) return of_user(*user);
  const FunctionEntry* entry = FunctionRegistry::instance().function(oid);
  LUMA_CHECK(entry != nullptr);
  return of_entry(*entry);
}

}  // namespace luma
