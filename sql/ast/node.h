#pragma once
// The syntax tree: what the parser produces and the binder reads. Node and field names are those of
// PostgreSQL's parse nodes, in this code base's spelling (targetList -> target_list, A_Expr ->
// AExpr).
//
// All nodes are plain structs in an Arena that the caller of the parser owns; texts are views into
// the same arena. A tree is immutable once built and may be read by many threads. Families:
// expression.h, query.h, ddl.h, object.h, utility.h; enumerations in enums.h.
//
// An absent text has data() == nullptr; an empty text that was written ('') has not.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "engine/base/sql_error.h"

namespace luma::ast {

enum class NodeTag : uint16_t {
#define LUMA_NODE(name) k##name,
#include "sql/ast/node_tags.inc"
#undef LUMA_NODE
};

// The struct's name ("SelectStmt").
std::string_view node_name(NodeTag tag);

struct Node {
  NodeTag tag;
  int32_t location = -1;  // byte offset in the statement text, -1 when unknown

  explicit Node(NodeTag node_tag) : tag(node_tag) {}
};

template <NodeTag kNodeTag>
struct NodeOf : Node {
  static constexpr NodeTag kTag = kNodeTag;
  NodeOf() : Node(kNodeTag) {}
};

// True when `node` is not null and a T.
template <typename T>
bool is(const Node* node) {
  return node != nullptr && node->tag == T::kTag;
}

// Null when `node` is null or of another kind.
template <typename T>
const T* try_as(const Node* node) {
  return is<T>(node) ? static_cast<const T*>(node) : nullptr;
}

// `node` must be a T; anything else is a bug (XX000).
template <typename T>
const T* as(const Node* node) {
  LUMA_CHECK(is<T>(node));
  return static_cast<const T*>(node);
}

// A view of an array in the arena.
template <typename T>
class List {
 public:
  List() = default;
  List(const T* items, size_t size) : items_(items), size_(static_cast<uint32_t>(size)) {}

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T* begin() const { return items_; }
  const T* end() const { return items_ + size_; }
  const T& operator[](size_t i) const { return items_[i]; }
  const T& front() const { return items_[0]; }
  const T& back() const { return items_[size_ - 1]; }

 private:
  const T* items_ = nullptr;
  uint32_t size_ = 0;
};

using NodeList = List<const Node*>;
using NameList = List<std::string_view>;  // a possibly qualified name, or a list of names

// T::for_fields(node, f) calls f("name", node.name) for each field, in order. dump, walk, equal and
// copy are written once on top of it.
#define LUMA_AST_FIELDS(...)                                                           \
  template <typename Self, typename Function>                                          \
  static void for_fields([[maybe_unused]] Self& self, [[maybe_unused]] Function&& f) { \
    __VA_OPT__(LUMA_AST_EXPAND(LUMA_AST_EACH(__VA_ARGS__)))                            \
  }
#define LUMA_AST_EACH(name, ...) \
  f(#name, self.name);           \
  __VA_OPT__(LUMA_AST_AGAIN LUMA_AST_PARENS(__VA_ARGS__))
#define LUMA_AST_AGAIN() LUMA_AST_EACH
#define LUMA_AST_PARENS ()
#define LUMA_AST_EXPAND(...) LUMA_AST_EXPAND2(LUMA_AST_EXPAND2(LUMA_AST_EXPAND2(__VA_ARGS__)))
#define LUMA_AST_EXPAND2(...) LUMA_AST_EXPAND1(LUMA_AST_EXPAND1(LUMA_AST_EXPAND1(__VA_ARGS__)))
#define LUMA_AST_EXPAND1(...) LUMA_AST_EXPAND0(LUMA_AST_EXPAND0(LUMA_AST_EXPAND0(__VA_ARGS__)))
#define LUMA_AST_EXPAND0(...) __VA_ARGS__

// A list where a single node is expected (the right side of IN, one row of VALUES, a qualified
// name).
struct ListNode : NodeOf<NodeTag::kListNode> {
  NodeList items;
  LUMA_AST_FIELDS(items)
};

struct String : NodeOf<NodeTag::kString> {
  std::string_view sval;
  LUMA_AST_FIELDS(sval)
};

struct Integer : NodeOf<NodeTag::kInteger> {
  int32_t ival = 0;
  LUMA_AST_FIELDS(ival)
};

// A number that is not an int4: decimals and exponents, but also integers too large; as written.
struct Float : NodeOf<NodeTag::kFloat> {
  std::string_view fval;
  LUMA_AST_FIELDS(fval)
};

struct Boolean : NodeOf<NodeTag::kBoolean> {
  bool boolval = false;
  LUMA_AST_FIELDS(boolval)
};

// 'b' or 'x' followed by the digits.
struct BitString : NodeOf<NodeTag::kBitString> {
  std::string_view bsval;
  LUMA_AST_FIELDS(bsval)
};

enum class ConstKind : uint8_t { kNull, kInteger, kFloat, kBoolean, kString, kBitString };

// A literal. `ival` holds integers, `boolval` booleans, `text` the other kinds.
struct AConst : NodeOf<NodeTag::kAConst> {
  ConstKind kind = ConstKind::kNull;
  bool boolval = false;
  int32_t ival = 0;
  std::string_view text;
  bool isnull() const { return kind == ConstKind::kNull; }
  LUMA_AST_FIELDS(kind, boolval, ival, text)
};

}  // namespace luma::ast
