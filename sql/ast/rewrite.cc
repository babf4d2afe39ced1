#include "sql/ast/rewrite.h"

#include "sql/ast/dispatch.h"

namespace luma::ast {
namespace {

struct FieldRewriter {
  Arena& arena;
  FunctionRef<const Node*(Node*)> edit;

  std::string_view text(std::string_view from) const {
    if (from.data() == nullptr) return {};
    return from.empty() ? std::string_view("") : arena.copy(from);
  }

  template <typename T>
  List<T> list(const List<T>& from) const {
    if (from.empty()) return {};
    T* items = arena.allocate_array<T>(from.size());
    for (size_t i = 0; i < from.size(); ++i) {
      if constexpr (std::is_same_v<T, const Node*>) {
        items[i] = rewrite(from[i], arena, edit);
      } else if constexpr (std::is_same_v<T, std::string_view>) {
        items[i] = text(from[i]);
      } else {
        items[i] = from[i];
      }
    }
    return List<T>(items, from.size());
  }

  template <typename Field>
  void operator()(const char*, Field& field) const {
    if constexpr (kIsNodePointer<Field>) {
      field = static_cast<Field>(rewrite(field, arena, edit));
    } else if constexpr (std::is_same_v<Field, std::string_view>) {
      field = text(field);
    } else if constexpr (requires { field.begin(); }) {
      field = list(field);
    }
  }
};

}  // namespace

const Node* rewrite(const Node* node, Arena& arena, FunctionRef<const Node*(Node*)> edit) {
  if (node == nullptr) return nullptr;
  return dispatch(node, [&]<typename T>(const T& typed) -> const Node* {
    T* to = arena.make<T>(typed);
    T::for_fields(*to, FieldRewriter{arena, edit});
    return edit(to);
  });
}

}  // namespace luma::ast
