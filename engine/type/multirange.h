#pragma once
// Multiranges: ranges in ascending order that neither overlap nor touch; none is empty. The bytes
// of one: u32 count, then for each range u32 size and its bytes (range.h).
#include <span>
#include <string>
#include <vector>

#include "engine/type/range.h"

namespace luma {

std::span<const TypeCodec> multirange_codecs();

using RangeList = std::vector<Range>;

RangeList read_multirange(const RangeOps& ops, std::string_view value);
Datum store_multirange(const RangeOps& ops, const RangeList& ranges, Arena& arena);
// Sorts, joins and drops ranges until the list is a multirange.
RangeList normalize_ranges(const RangeOps& ops, RangeList ranges);

// The range from the first to the last bound; empty without ranges.
Range span_of(const RangeList& ranges);
int compare_multiranges(const RangeOps& ops, const RangeList& a, const RangeList& b);

RangeList intersect_multiranges(const RangeOps& ops, const RangeList& a, const RangeList& b);
RangeList subtract_multiranges(const RangeOps& ops, const RangeList& a, const RangeList& b);
bool multirange_contains(const RangeOps& ops, const RangeList& ranges, const Range& part);
bool multirange_overlaps(const RangeOps& ops, const RangeList& ranges, const Range& other);

}  // namespace luma
