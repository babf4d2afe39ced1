#pragma once
// Kernels of calls that the binder makes without there being a function of that name: conversion to
// a domain, and what becomes of a value when a part of it is assigned.
#include "engine/exec/function.h"

namespace luma {

// (value): the value itself, checked against the constraints of the call's type. 23502, 23514.
VectorKernel domain_kernel();

// (shape, int4): a point of a box or a segment, a coordinate of a point or a line, whichever type
// the call has; counted from 0, NULL beyond the last.
VectorKernel shape_element_kernel();

// (row, field): the row with field Expr::index replaced. A NULL row is one of NULLs.
VectorKernel store_field_kernel();

// (array, value, lower, upper, ...): a pair of bounds for each dimension; Expr::index has
// kSliceAssignment, and for slices a bit for each bound that was left out (a NULL one otherwise is
// 22004).
VectorKernel assign_elements_kernel();
inline constexpr uint32_t kSliceAssignment = 1;
inline constexpr uint32_t omitted_lower(size_t dimension) { return 2u << (2 * dimension); }
inline constexpr uint32_t omitted_upper(size_t dimension) { return 4u << (2 * dimension); }

// (jsonb, value, step, ...): steps are text; missing containers and elements are made. Expr::index
// is 1 when the first step was an integer: a NULL value becomes an array then.
VectorKernel assign_jsonb_kernel();
// (hstore, value, key). (extension_hstore.cc)
VectorKernel assign_hstore_kernel();

}  // namespace luma
