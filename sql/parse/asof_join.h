#pragma once
// Private to sql/parse: ASOF [LEFT] JOIN, which PostgreSQL's grammar does not know. Where the
// parser stops at the word ASOF before a join, and only there, the word is taken out of the text
// and its place remembered: whatever PostgreSQL accepts keeps its meaning (`FROM a ASOF JOIN b`
// has an alias), and positions in errors stay what they are.
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/sql_error.h"
#include "sql/ast/ast.h"

namespace luma::parse {

class AsofWords {
 public:
  // Whether `error` is about an ASOF that begins a join: then it has become spaces in `text`.
  bool take_out(const SqlError& error, std::span<char> text);
  // Whether one of them stood between these sides of a join.
  bool stood_between(const ast::Node* left, const ast::Node* right) const;
  bool empty() const { return places_.empty(); }

 private:
  std::vector<int> places_;
};

}  // namespace luma::parse
