#pragma once
// How error messages name the place an expression stands in.
#include <string_view>

#include "sql/bind/scope.h"

namespace luma {

// "WHERE", "JOIN conditions", "CHECK constraints": completes "aggregate functions are not allowed
// in ...".
std::string_view clause_name(Clause clause);

}  // namespace luma
