#include "sql/session/procedural.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/ast/ast.h"
#include "sql/bind/binder.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

std::string type_of_argument(const ast::Node* node, BindEnvironment& environment) {
  const auto* constant = ast::try_as<ast::AConst>(node);
  bool is_untyped = constant != nullptr && (constant->kind == ast::ConstKind::kString ||
                                            constant->kind == ast::ConstKind::kNull);
  if (is_untyped) return "unknown";
  Binder binder(environment, {});
  Expr* bound = binder.bind_standalone(node, Clause::kCallArgument, {}, Coercion::kImplicit);
  return format_type(bound->type.oid);
}

}  // namespace

void refuse_do(const ast::DoStmt& statement) {
  std::string language = "plpgsql";
  for (const ast::Node* node : statement.args) {
    const auto* option = ast::as<ast::DefElem>(node);
    if (option->defname == "language") language = ast::as<ast::String>(option->arg)->sval;
  }
  if (language == "sql" || language == "c" || language == "internal") {
    throw sql_error(SqlState::kFeatureNotSupported,
                    "language \"{}\" does not support inline code execution", language);
  }
  if (language != "plpgsql") {
    throw sql_error(SqlState::kUndefinedObject, "language \"{}\" does not exist", language);
  }
  throw unsupported("DO");
}

void refuse_call(const ast::FuncCall& call, BindEnvironment& environment) {
  std::string signature;
  for (std::string_view part : call.funcname) {
    signature += (signature.empty() ? "" : ".") + std::string(part);
  }
  signature += "(";
  for (size_t i = 0; i < call.args.size(); ++i) {
    signature += (i > 0 ? ", " : "") + type_of_argument(call.args[i], environment);
  }
  signature += ")";
  auto functions = FunctionRegistry::instance().functions(call.funcname.back());
  bool is_function =
      std::any_of(functions.begin(), functions.end(), [&](const FunctionEntry* entry) {
        return call.args.size() >= entry->required_args() &&
               call.args.size() <= entry->arg_types.size();
      });
  if (is_function) {
    throw sql_error(SqlState::kWrongObjectType, "{} is not a procedure", signature)
        .hint("To call a function, use SELECT.")
        .at_byte(call.location);
  }
  throw sql_error(SqlState::kUndefinedFunction, "procedure {} does not exist", signature)
      .hint(
          "No procedure matches the given name and argument types. You might need to add explicit "
          "type casts.")
      .at_byte(call.location);
}

}  // namespace luma
