#pragma once
// Changing syntax trees: trees are immutable, so the result is a new one.
#include <vector>

#include "engine/base/arena.h"
#include "sql/ast/node.h"
#include "sql/ast/tree.h"

namespace luma::ast {

// A deep copy of `node` in `arena`, bottom-up: `edit` gets each copied node after its children were
// rewritten; it may change the node in place and returns what takes its place (usually the node
// itself). Null stays null.
const Node* rewrite(const Node* node, Arena& arena, FunctionRef<const Node*(Node*)> edit);

// A list in `arena`.
template <typename T>
List<T> make_list(Arena& arena, const std::vector<T>& items) {
  if (items.empty()) return {};
  T* to = arena.allocate_array<T>(items.size());
  for (size_t i = 0; i < items.size(); ++i) new (to + i) T(items[i]);
  return List<T>(to, items.size());
}

}  // namespace luma::ast
