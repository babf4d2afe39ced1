#include "sql/session/domain_constraints.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/bind/binder.h"
#include "sql/parse/parser.h"

namespace luma {

// A domain's own checks, by name, after those of the domain it is made of.
void SessionNames::bind_checks(const Type& domain, BoundDomain& out) const {
  const Type* below = catalog_.type(domain.base.oid);
  if (below != nullptr && below->type_type == 'd') bind_checks(*below, out);
  out.not_null |= domain.not_null;
  std::vector<const Constraint*> checks;
  for (const Constraint& constraint : domain.constraints) checks.push_back(&constraint);
  std::ranges::sort(checks, {}, [](const Constraint* c) { return std::string_view(c->name); });
  for (const Constraint* constraint : checks) {
    Check check;
    check.name = constraint->name;
    Arena tree;
    Binder binder(environment_, {});
    Expr* condition;
    try {
      condition = binder.bind_domain_check(parse_expression(constraint->expression, tree),
                                           base_type_of(domain.base));
    } catch (SqlError& error) {
      error.byte_offset = -1;  // it would point into text that the client did not send
      throw;
    }
    check.context = binder.release_context();
    check.evaluator = std::make_unique<ExprEvaluator>(*condition, 1);
    out.checks.push_back(std::move(check));
  }
}

SessionNames::BoundDomain& SessionNames::bound(Oid domain) const {
  if (auto found = bound_.find(domain); found != bound_.end()) return *found->second;
  auto fresh = std::make_unique<BoundDomain>();
  if (const Type* type = catalog_.type(domain); type != nullptr && type->type_type == 'd') {
    bind_checks(*type, *fresh);
  }
  PhysicalType physical = type_info(domain).physical;
  fresh->value.init(std::span(&physical, 1), 1);
  return *bound_.emplace(domain, std::move(fresh)).first->second;
}

// What the error says of the type.
SqlError SessionNames::of_domain(Oid domain, SqlError error) const {
  if (const Type* type = catalog_.type(domain))
    error.schema_name = catalog_.schema_name(type->schema);
  error.datatype_name = type_info(domain).name;
  return error;
}

void SessionNames::check_domain(Oid domain, const Value& value) const {
  BoundDomain& constraints = bound(domain);
  if (constraints.not_null && value.is_null) {
    throw of_domain(domain,
                    sql_error(SqlState::kNotNullViolation, "domain {} does not allow null values",
                              name_of(type_oid::kRegtype, domain)));
  }
  if (constraints.checks.empty()) return;
  constraints.value.columns[0].set_constant(value);
  constraints.value.size = 1;
  constraints.arena.reset();
  EvalContext context;
  context.io = &environment_.io();
  context.session = services_;
  context.arena = &constraints.arena;
  for (const Check& check : constraints.checks) {
    Value passed = check.evaluator->evaluate(context, constraints.value).value(0);
    if (passed.is_null || passed.datum.b) continue;
    throw of_domain(domain, sql_error(SqlState::kCheckViolation,
                                      "value for domain {} violates check constraint \"{}\"",
                                      name_of(type_oid::kRegtype, domain), check.name))
        .constraint(check.name);
  }
}

}  // namespace luma
