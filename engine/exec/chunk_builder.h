#pragma once
// Copying rows between vectors: for operators that collect small pieces into full chunks.
#include "engine/vector/vector.h"

namespace luma {

// Deep copy of rows [first, first + count) of `from` to rows starting at `at` of the flat vector
// `to`.
void append_rows(Vector& to, uint32_t at, const Vector& from, uint32_t first, uint32_t count);
// The same for every column of `to`, at its end; grows to.size.
void append_rows(Chunk& to, const Chunk& from, uint32_t first, uint32_t count);

}  // namespace luma
