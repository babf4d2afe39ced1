#pragma once
// Generic operations on syntax trees, written once on top of the nodes' field lists.
#include <string>

#include "engine/base/arena.h"
#include "sql/ast/node.h"

namespace luma::ast {

// A non-owning reference to a callable; valid during the call it is passed to.
template <typename Signature>
class FunctionRef;

template <typename Result, typename... Args>
class FunctionRef<Result(Args...)> {
 public:
  template <typename Callable,
            typename = std::enable_if_t<!std::is_same_v<std::decay_t<Callable>, FunctionRef>>>
  FunctionRef(Callable&& callable)  // NOLINT: implicit by design
      : object_(const_cast<void*>(static_cast<const void*>(&callable))),
        call_([](void* object, Args... args) -> Result {
          return (*static_cast<std::remove_reference_t<Callable>*>(object))(
              std::forward<Args>(args)...);
        }) {}
  Result operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  Result (*call_)(void*, Args...);
};

// Calls `visit` for each direct child that is not null, in field order. The members of a list are
// children of the node that has the list; a ListNode is itself a child.
void for_each_child(const Node* node, FunctionRef<void(const Node*)> visit);

// Pre-order over `node` and everything below it; where `visit` returns false its children are
// skipped. A null `node` is nothing to do. Depth is bounded by the parser's limit.
void walk(const Node* node, FunctionRef<bool(const Node*)> visit);

// The same tree but for locations. Null equals null.
bool equal(const Node* a, const Node* b);

// A deep copy into `arena`, texts included.
const Node* copy(const Node* node, Arena& arena);

// One line of text for tests and debugging: `(SelectStmt target_list:[(ResTarget ...)])`. Fields
// that hold their zero value are left out, and so are locations.
std::string dump(const Node* node);

}  // namespace luma::ast
