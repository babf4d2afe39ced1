#pragma once
// An expression node of a type's own representation and collation.
#include "engine/exec/expr.h"
#include "engine/type/type_info.h"

namespace luma {

inline Expr make_node(ExprKind kind, Oid type, int location) {
  const TypeInfo& info = type_info(type);
  Expr node;
  node.kind = kind;
  node.type = {type, -1};
  node.physical = info.physical;
  node.collation = info.collation;
  node.location = location;
  return node;
}

}  // namespace luma
