#pragma once
// Keys for boxes in the plane: the cells of a quadtree over all coordinates, in Z order. A box has
// the one to four smallest cells of one size that cover it, a point the smallest cell. A search
// looks at the cells that its box meets, down to some size, and at all below those. Pure functions.
#include <string>
#include <vector>

#include "engine/type/inverted_keys.h"

namespace luma {

// Ends included. Not-a-numbers and ends in the wrong order mean the whole plane.
struct GridBox {
  double low_x, high_x, low_y, high_y;
};

void append_grid_keys(const GridBox& box, std::vector<std::string>& keys);
// Finds all boxes that meet this one, and maybe others.
InvertedQuery boxes_that_meet(const GridBox& box);

}  // namespace luma
