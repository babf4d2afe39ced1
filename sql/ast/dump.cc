#include "sql/ast/dispatch.h"
#include "sql/ast/tree.h"

namespace luma::ast {
namespace {

void append_text(std::string& out, std::string_view text) {
  if (text.data() == nullptr) {
    out += "null";
    return;
  }
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void append_node(std::string& out, const Node* node);

template <typename T>
void append_item(std::string& out, const T& item) {
  if constexpr (std::is_same_v<T, const Node*>) {
    append_node(out, item);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    append_text(out, item);
  } else {
    out += std::to_string(item);
  }
}

struct FieldDumper {
  std::string& out;

  void name(const char* text) const {
    out += ' ';
    out += text;
    out += ':';
  }

  template <typename T>
  void list(const char* field_name, const List<T>& items) const {
    if (items.empty()) return;
    name(field_name);
    out += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ' ';
      append_item(out, items[i]);
    }
    out += ']';
  }

  template <typename Field>
  void operator()(const char* field_name, const Field& field) const {
    if constexpr (kIsNodePointer<Field>) {
      if (field == nullptr) return;
      name(field_name);
      append_node(out, field);
    } else if constexpr (std::is_same_v<Field, std::string_view>) {
      if (field.data() == nullptr) return;
      name(field_name);
      append_text(out, field);
    } else if constexpr (requires { field.begin(); }) {
      list(field_name, field);
    } else {
      auto value = static_cast<int64_t>(field);
      if (value == 0) return;
      name(field_name);
      out += std::to_string(value);
    }
  }
};

void append_node(std::string& out, const Node* node) {
  if (node == nullptr) {
    out += "null";
    return;
  }
  out += '(';
  out += node_name(node->tag);
  dispatch(node, [&]<typename T>(const T& typed) { T::for_fields(typed, FieldDumper{out}); });
  out += ')';
}

}  // namespace

std::string dump(const Node* node) {
  std::string out;
  append_node(out, node);
  return out;
}

}  // namespace luma::ast
