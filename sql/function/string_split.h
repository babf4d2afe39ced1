#pragma once
// What string_to_array and string_to_table do. Thread-safe.
#include <span>
#include <vector>

#include "engine/type/datum.h"

namespace luma {

// args: text (not NULL), delimiter (NULL: every character), optionally the text that stands for
// NULL. The pieces point into the text.
std::vector<Value> split_string(std::span<const Value> args);

}  // namespace luma
