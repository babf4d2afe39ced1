#pragma once
// Structure of an array literal, without the meaning of its elements. For array_codec.cc.
#include <string>
#include <string_view>
#include <vector>

#include "engine/type/array.h"

namespace luma {

struct ArrayLiteral {
  struct Element {
    std::string text;  // quotes and backslashes removed
    bool is_null;
  };
  std::vector<ArrayDimension> dimensions;  // none: the empty array
  std::vector<Element> elements;           // row-major
};

// Throws 22P02 "malformed array literal", 2202E and 54000.
ArrayLiteral parse_array_literal(std::string_view text, char delimiter);

}  // namespace luma
