#include "sql/parse/asof_join.h"

#include <algorithm>
#include <climits>

#include "engine/base/ascii_case.h"
#include "sql/ast/tree.h"

namespace luma::parse {
namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

void skip_space(std::string_view& text) {
  while (!text.empty()) {
    if (std::string_view(" \t\n\r\f\v").find(text.front()) != std::string_view::npos) {
      text.remove_prefix(1);
    } else if (text.starts_with("--")) {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
    } else if (text.starts_with("/*")) {
      size_t end = 2;
      for (int depth = 1; depth > 0 && end < text.size(); ++end) {
        if (text.substr(end).starts_with("/*"))
          ++depth, ++end;
        else if (text.substr(end).starts_with("*/"))
          --depth, ++end;
      }
      text.remove_prefix(std::min(end, text.size()));
    } else {
      return;
    }
  }
}

std::string next_word(std::string_view& text) {
  skip_space(text);
  size_t size = 0;
  while (size < text.size() && is_word_character(text[size])) ++size;
  std::string word = ascii_lower(text.substr(0, size));
  text.remove_prefix(size);
  return word;
}

// JOIN, INNER JOIN, LEFT [OUTER] JOIN.
bool begins_join(std::string_view text) {
  std::string word = next_word(text);
  if (word == "inner") return next_word(text) == "join";
  if (word == "left") {
    word = next_word(text);
    if (word == "outer") word = next_word(text);
  }
  return word == "join";
}

// Of everything below a node that says where it stands.
struct Extent {
  int first = INT_MAX, last = -1;
};
Extent extent_of(const ast::Node* node) {
  Extent extent;
  ast::walk(node, [&](const ast::Node* at) {
    if (at->location >= 0) {
      extent.first = std::min(extent.first, at->location);
      extent.last = std::max(extent.last, at->location);
    }
    return true;
  });
  return extent;
}

}  // namespace

bool AsofWords::take_out(const SqlError& error, std::span<char> text) {
  constexpr size_t kWordBytes = 4;
  if (error.state != SqlState::kSyntaxError || error.byte_offset < 0) return false;
  const auto at = static_cast<size_t>(error.byte_offset);
  std::string_view rest(text.data(), text.size());
  if (at >= rest.size()) return false;
  rest.remove_prefix(at);
  std::string_view behind = rest;
  if (next_word(behind) != "asof" || behind.size() + kWordBytes != rest.size()) return false;
  if (!begins_join(behind)) return false;
  std::fill_n(text.begin() + static_cast<ptrdiff_t>(at), kWordBytes, ' ');
  places_.push_back(static_cast<int>(at));
  return true;
}

bool AsofWords::stood_between(const ast::Node* left, const ast::Node* right) const {
  const int begin = extent_of(left).last, end = extent_of(right).first;
  if (begin < 0) return false;
  return std::any_of(places_.begin(), places_.end(),
                     [&](int place) { return begin < place && place < end; });
}

}  // namespace luma::parse
