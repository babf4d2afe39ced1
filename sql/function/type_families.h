#pragma once
// The function families of the less common types, one for each file of its name.
#include <span>

#include "sql/function/kernel_row.h"

namespace luma {

std::span<const KernelRow> bit_string_kernels();
std::span<const KernelRow> network_kernels();
std::span<const KernelRow> mac_address_kernels();
std::span<const KernelRow> tuple_id_kernels();  // system_columns.cc
std::span<const KernelRow> range_kernels();
std::span<const KernelRow> multirange_kernels();
std::span<const KernelRow> box_kernels();
std::span<const KernelRow> line_kernels();
std::span<const KernelRow> point_kernels();
std::span<const KernelRow> polygon_kernels();
std::span<const KernelRow> path_kernels();
std::span<const KernelRow> circle_kernels();
std::span<const KernelRow> snapshot_kernels();
std::span<const KernelRow> text_search_kernels();
std::span<const KernelRow> text_rank_kernels();
std::span<const KernelRow> text_search_json_kernels();
std::span<const KernelRow> text_debug_kernels();
std::span<const KernelRow> text_vector_part_kernels();
std::span<const KernelRow> postgres_hash_kernels();
std::span<const KernelRow> type_modifier_kernels();

}  // namespace luma
