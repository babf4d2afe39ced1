#include "sql/ast/dispatch.h"
#include "sql/ast/tree.h"

namespace luma::ast {
namespace {

template <typename T>
bool same(const List<T>& a, const List<T>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if constexpr (std::is_same_v<T, const Node*>) {
      if (!equal(a[i], b[i])) return false;
    } else {
      if (a[i] != b[i]) return false;
    }
  }
  return true;
}

// Fields are compared by their offset in the second node, which has the same type as the first.
template <typename T>
struct FieldComparer {
  const T& a;
  const T& b;
  bool result = true;

  template <typename Field>
  void operator()(const char*, const Field& left) {
    if (!result) return;
    auto offset = reinterpret_cast<const char*>(&left) - reinterpret_cast<const char*>(&a);
    const auto& right = *reinterpret_cast<const Field*>(reinterpret_cast<const char*>(&b) + offset);
    if constexpr (kIsNodePointer<Field>) {
      result = equal(left, right);
    } else if constexpr (requires { left.begin(); } && !std::is_same_v<Field, std::string_view>) {
      result = same(left, right);
    } else if constexpr (std::is_same_v<Field, std::string_view>) {
      result = left == right && (left.data() == nullptr) == (right.data() == nullptr);
    } else {
      result = left == right;
    }
  }
};

}  // namespace

bool equal(const Node* a, const Node* b) {
  if (a == b) return true;
  if (a == nullptr || b == nullptr || a->tag != b->tag) return false;
  return dispatch(a, [&]<typename T>(const T& left) {
    FieldComparer<T> comparer{left, *static_cast<const T*>(b)};
    T::for_fields(left, comparer);
    return comparer.result;
  });
}

}  // namespace luma::ast
