#include "sql/ast/dispatch.h"
#include "sql/ast/tree.h"

namespace luma::ast {
namespace {

struct ChildVisitor {
  FunctionRef<void(const Node*)> visit;

  template <typename Field>
  void operator()(const char*, const Field& field) const {
    if constexpr (kIsNodePointer<Field>) {
      if (field != nullptr) visit(field);
    } else if constexpr (std::is_same_v<Field, NodeList>) {
      for (const Node* item : field) {
        if (item != nullptr) visit(item);
      }
    }
  }
};

}  // namespace

void for_each_child(const Node* node, FunctionRef<void(const Node*)> visit) {
  if (node == nullptr) return;
  ChildVisitor visitor{visit};
  dispatch(node, [&]<typename T>(const T& typed) { T::for_fields(typed, visitor); });
}

void walk(const Node* node, FunctionRef<bool(const Node*)> visit) {
  if (node == nullptr || !visit(node)) return;
  for_each_child(node, [&](const Node* child) { walk(child, visit); });
}

}  // namespace luma::ast
