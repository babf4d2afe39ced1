#pragma once
// Names that mean something to the statements of a function's body, besides columns: its arguments
// and variables. The language implements it; one statement is bound with one scope.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/exec/expr.h"

namespace luma {

// What a name means that is both a column and a variable.
enum class VariableConflict : uint8_t { kError, kVariable, kColumn };

class VariableScope {
 public:
  virtual ~VariableScope() = default;
  virtual VariableConflict on_conflict() const = 0;
  // "v", "block.v", "record.field": an expression of parameters (kParameter, or kRow of them) in
  // `arena`; nullptr when there is no such variable. With `is_column` a column of that name was
  // found: a record without that field is no error then.
  virtual Expr* find(std::span<const std::string_view> names, bool is_column, Arena& arena) = 0;
  // $n; nullptr when there is none.
  virtual Expr* parameter(int32_t number, Arena& arena) = 0;
  // Of the parameters in what was found so far.
  virtual std::vector<Oid> parameter_types() const = 0;

  // A set of rows that has a name in FROM: transition tables.
  struct NamedRows {
    Expr* call = nullptr;  // kSetReturning
    std::vector<std::string> names;
    std::vector<TypeRef> types;
  };
  virtual bool find_rows(std::string_view name, NamedRows& rows, Arena& arena) {
    static_cast<void>(name);
    static_cast<void>(rows);
    static_cast<void>(arena);
    return false;
  }
};

}  // namespace luma
