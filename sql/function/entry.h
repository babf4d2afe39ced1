#pragma once
// What the binder, the planner and EXPLAIN know of a built-in function, operator or cast:
// PostgreSQL's facts plus our implementation. Entries live in the registry until the process ends;
// immutable.
#include <string_view>

#include "engine/exec/function.h"
#include "sql/catalog/builtin_facts.h"

namespace luma {

struct FunctionEntry : ProcFact {
  FunctionImplementation implementation;
  const AggregateFact* aggregate = nullptr;  // kind 'a'
  std::string_view doc;

  bool is_aggregate() const { return kind == 'a'; }
  bool is_window() const { return kind == 'w'; }
  bool is_variadic() const { return variadic != kInvalidOid; }
  size_t required_args() const { return arg_types.size() - defaults.size(); }
};

struct OperatorEntry : OperatorFact {
  const FunctionEntry* implementation = nullptr;  // of `function`, never null
};

struct CastEntry : CastFact {
  const FunctionEntry* implementation = nullptr;  // method 'f', never null then
};

}  // namespace luma
