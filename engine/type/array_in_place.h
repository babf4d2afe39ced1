#pragma once
// Changes of an array in the very bytes that hold it (the form of array.h), for variables that are
// filled one element at a time. Each returns false, with the bytes as they were, for what needs the
// array to be made anew: several dimensions, NULLs, a gap, an element too many.
#include <string>

#include "engine/type/datum.h"

namespace luma {

// `subscript` exists and the elements have a fixed size, or it is the next one.
bool set_element_in_place(std::string& array, int32_t subscript, const Datum& element);
// `element` must not point into `array`.
bool append_element_in_place(std::string& array, const Datum& element);

}  // namespace luma
