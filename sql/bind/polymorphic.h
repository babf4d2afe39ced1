#pragma once
// Pseudo-types that stand for families of types (anyelement, anyarray, anycompatible, ...).
#include <span>
#include <string>
#include <vector>

#include "engine/type/oid.h"

namespace luma {

struct Expr;

bool is_polymorphic(Oid type);

// True when actual argument types can stand for the declared ones as far as polymorphism goes.
bool polymorphic_consistent(std::span<const Oid> actual, std::span<const Oid> declared);

// Replaces pseudo-types in `declared` by the actual types they stand for (unknown literals follow
// the others) and returns the concrete result type. Throws 42804 when they cannot be determined.
Oid resolve_polymorphic(std::span<const Oid> actual, std::vector<Oid>& declared, Oid result);

// A column of the record that a function with OUT parameters returns.
struct OutColumn {
  std::string name;
  Oid type;
};

// Those of a bound call, with the types that its arguments decide; none when it has no OUT
// parameters.
std::vector<OutColumn> out_columns(const Expr& call);

// True when a value of `source` is one of `target` without conversion.
bool is_binary_coercible(Oid source, Oid target);

}  // namespace luma
