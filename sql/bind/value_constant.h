#pragma once
// A value as a constant of a syntax tree, for statements that run without parameters.
#include "sql/ast/node.h"
#include "sql/bind/bind_environment.h"

namespace luma {

// CAST('text' AS type), in `arena`.
const ast::Node* constant_of(const BindEnvironment& environment, Oid type, const Value& value,
                             int location, Arena& arena);

}  // namespace luma
