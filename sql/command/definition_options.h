#pragma once
// Private to sql/command: the "(name = value, ...)" lists of CREATE AGGREGATE and OPERATOR, and the
// functions that they and CREATE CAST name.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/ast/ddl.h"
#include "sql/command/command_context.h"

namespace luma {

using WrittenName = std::vector<std::string_view>;

// The value of an option as a name (qualified or not). Throws 42601.
WrittenName written_name(const ast::DefElem& option);
QualifiedName qualified_name(const WrittenName& name);
// The value of an option as a type.
Oid written_type(CommandContext& context, const ast::DefElem& option);

// What is to be known of a function of either kind, built in or a user's.
struct FoundFunction {
  Oid oid = kInvalidOid;
  Oid result = kInvalidOid;
  bool strict = false;
  char volatility = 'v';
  char kind = 'f';
  bool returns_set = false;
  std::vector<Oid> arguments;
};
// By exact types, polymorphic and binary coercible ones included; 42883 when there is none.
FoundFunction require_function(CommandContext& context, const WrittenName& name,
                               std::span<const Oid> types);
// Built-in ones included, by exact types; 0: there is none.
Oid find_operator_oid(CommandContext& context, const WrittenName& name, Oid left, Oid right);
FoundFunction function_by_oid(CommandContext& context, Oid oid);

}  // namespace luma
