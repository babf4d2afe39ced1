#include "sql/ast/node.h"

namespace luma::ast {

std::string_view node_name(NodeTag tag) {
  static constexpr std::string_view kNames[] = {
#define LUMA_NODE(name) #name,
#include "sql/ast/node_tags.inc"
#undef LUMA_NODE
  };
  return kNames[static_cast<size_t>(tag)];
}

}  // namespace luma::ast
