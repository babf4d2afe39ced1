#pragma once
// The order of records by the bytes of their fields, which the operators *<, *= and so on use:
// total for every type, and finer than the types' own equality. Thread-safe.
#include "engine/type/datum.h"

namespace luma {

// Throws as compare_records() where field types or counts differ.
int compare_record_images(const Datum& a, const Datum& b);

}  // namespace luma
