#pragma once
// Operator classes whose values cover a part of a line or of the plane (ranges, multiranges,
// networks, shapes), as rows of the table behind find_inverted_keys().
#include <vector>

#include "engine/type/inverted_keys.h"

namespace luma {

std::vector<InvertedKeys> overlap_classes();

}  // namespace luma
