#pragma once
// Bodies of functions in SQL: statements in which arguments are named or numbered. Parsed once,
// bound for each set of argument types. Not thread-safe.
#include <memory>
#include <string>
#include <vector>

#include "engine/base/arena.h"
#include "sql/ast/node.h"
#include "sql/bind/bind_environment.h"
#include "sql/bind/variable_scope.h"
#include "sql/catalog/object.h"

namespace luma {

// Types of a function as one call has them: polymorphic ones are resolved.
struct RoutineTypes {
  std::vector<Oid> inputs;
  // What the call gives: the type of the value or of one row (record with `columns`).
  Oid result = kInvalidOid;
  // Of a row: output arguments, or the live columns of a composite result. Empty for scalars.
  struct Field {
    std::string name;
    TypeRef type;
  };
  std::vector<Field> fields;
};

// Throws nothing for types that nobody can resolve: they stay as declared.
RoutineTypes routine_types(const Catalog& catalog, const Function& function,
                           std::span<const Oid> actual_inputs, Oid actual_result);

// "f(integer,text)", as in CONTEXT lines and hints.
std::string routine_signature(const Catalog& catalog, const Function& function);

struct SqlBody {
  struct Statement {
    const ast::Node* node = nullptr;
    std::string_view text;
  };
  Arena arena;
  std::string text;
  std::vector<Statement> statements;
};
// Throws what the parser throws, with offsets into the body.
std::unique_ptr<SqlBody> parse_sql_body(const Function& function);

// Arguments of a function in SQL: parameter i is input i.
class ArgumentScope final : public VariableScope {
 public:
  ArgumentScope(const Catalog& catalog, const Function& function, std::vector<Oid> input_types);
  VariableConflict on_conflict() const override { return VariableConflict::kColumn; }
  Expr* find(std::span<const std::string_view> names, bool is_column, Arena& arena) override;
  Expr* parameter(int32_t number, Arena& arena) override;
  std::vector<Oid> parameter_types() const override { return types_; }

 private:
  Expr* field_of(size_t input, std::string_view field, Arena& arena);
  const Catalog& catalog_;
  std::string function_name_;
  std::vector<std::string> names_;
  std::vector<Oid> types_;
};

// Which column types the last statement of the body must have; throws 42P13 when it does not.
// `columns`: those that it has; nullptr: it returns no rows.
void check_sql_result(const Catalog& catalog, const RoutineTypes& types,
                      const std::vector<TypeRef>* columns);

// CREATE FUNCTION with check_function_bodies: binds every statement that can be bound. Throws what
// is wrong, with offsets into the body and a CONTEXT.
void check_sql_body(BindEnvironment& environment, const Function& function);

}  // namespace luma
