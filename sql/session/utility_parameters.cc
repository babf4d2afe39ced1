#include "sql/session/utility_parameters.h"

#include <algorithm>

#include "engine/type/type_info.h"
#include "sql/ast/ast.h"
#include "sql/ast/rewrite.h"
#include "sql/bind/binder.h"
#include "sql/bind/value_constant.h"

namespace luma {
namespace {

// The query inside, if any.
const ast::Node* planned_part(const ast::Node* statement) {
  if (const auto* explain = ast::try_as<ast::ExplainStmt>(statement)) {
    return ast::is<ast::ExecuteStmt>(explain->query) || Binder::can_bind(explain->query)
               ? explain->query
               : planned_part(explain->query);
  }
  if (const auto* cursor = ast::try_as<ast::DeclareCursorStmt>(statement)) return cursor->query;
  if (const auto* table = ast::try_as<ast::CreateTableAsStmt>(statement)) return table->query;
  return nullptr;
}

bool has_parameters(const ast::Node* node) {
  bool found = false;
  ast::walk(node, [&](const ast::Node* each) {
    found |= ast::is<ast::ParamRef>(each);
    return !found;
  });
  return found;
}

}  // namespace

std::vector<Oid> utility_parameter_types(BindEnvironment& environment, const ast::Node* statement,
                                         std::span<const Oid> declared) {
  std::vector<Oid> types(declared.begin(), declared.end());
  if (!has_parameters(statement)) return types;
  const auto* call = ast::try_as<ast::CallStmt>(statement);
  // Drivers declare what a procedure gives back as void: then it is the procedure that says.
  if (call != nullptr) std::ranges::replace(types, type_oid::kVoid, kInvalidOid);
  Binder binder(environment, types);
  if (call != nullptr) {
    binder.bind_call(*call->funccall);
    types = binder.parameter_types();
    for (Oid& type : types) {
      if (type == kInvalidOid) type = type_oid::kText;
    }
    return types;
  }
  const ast::Node* query = planned_part(statement);
  if (query == nullptr || !Binder::can_bind(query)) return types;
  types.clear();
  for (TypeRef type : binder.bind(query).parameter_types) types.push_back(type.oid);
  return types;
}

const ast::Node* with_parameter_values(const BindEnvironment& environment,
                                       const ast::Node* statement, std::span<const Oid> types,
                                       std::span<const Value> values, Arena& arena) {
  return ast::rewrite(statement, arena, [&](ast::Node* node) -> const ast::Node* {
    const auto* parameter = ast::try_as<ast::ParamRef>(node);
    auto index = static_cast<size_t>(parameter == nullptr ? 0 : parameter->number - 1);
    if (parameter == nullptr || index >= values.size()) return node;
    return constant_of(environment, types[index], values[index], parameter->location, arena);
  });
}

}  // namespace luma
