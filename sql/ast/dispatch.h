#pragma once
// Private to sql/ast: from a node to its real type.
#include "sql/ast/ast.h"

namespace luma::ast {

// Calls f(const T&) with the node as what it is.
template <typename Function>
decltype(auto) dispatch(const Node* node, Function&& f) {
  switch (node->tag) {
#define LUMA_NODE(name)  \
  case NodeTag::k##name: \
    return f(*static_cast<const name*>(node));
#include "sql/ast/node_tags.inc"
#undef LUMA_NODE
  }
  __builtin_unreachable();
}

// The fields that lead to other nodes: `const Node*` or a pointer to one kind of node.
template <typename Field>
inline constexpr bool kIsNodePointer =
    std::is_pointer_v<Field>&& std::is_base_of_v<Node, std::remove_pointer_t<Field>>;

}  // namespace luma::ast
