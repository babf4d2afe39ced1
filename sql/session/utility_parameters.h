#pragma once
// Private to sql/session: parameters of statements that are no plans but have a part that is one
// (EXPLAIN, DECLARE CURSOR, CREATE TABLE AS, CALL). Their values become constants of the tree, so
// that what runs such a statement knows nothing of parameters.
#include <span>
#include <vector>

#include "sql/ast/node.h"
#include "sql/bind/bind_environment.h"

namespace luma {

// The types of $1.., as declared or as their use tells; just the declared ones for statements that
// take no parameters. Throws what binding throws.
std::vector<Oid> utility_parameter_types(BindEnvironment& environment, const ast::Node* statement,
                                         std::span<const Oid> declared);

// The statement with constants for its parameters, in `arena`.
const ast::Node* with_parameter_values(const BindEnvironment& environment,
                                       const ast::Node* statement, std::span<const Oid> types,
                                       std::span<const Value> values, Arena& arena);

}  // namespace luma
