#pragma once
// Choosing among overloads by PostgreSQL's rules ("Function Type Resolution", "Operator Type
// Resolution").
#include <functional>
#include <span>
#include <vector>

#include "engine/type/oid.h"

namespace luma {

// One overload: its argument types, VARIADIC expanded and defaults cut to the call's argument
// count.
struct Candidate {
  std::vector<Oid> arg_types;
  const void* entry = nullptr;
  bool expanded_variadic = false;
};

// The single best candidate for arguments of types `actual` (kUnknown for untyped literals), all of
// which the candidates accept by implicit conversion; nullptr when several are equally good.
// `accepts` tells whether arguments of some types convert implicitly to others.
using AcceptsTypes = std::function<bool(std::span<const Oid> from, std::span<const Oid> to)>;
const Candidate* choose_candidate(std::span<const Oid> actual,
                                  const std::vector<const Candidate*>& viable,
                                  const AcceptsTypes& accepts);

}  // namespace luma
