#pragma once
// The function families, each in the file of its name. all_kernel_families() lists them.
#include <span>

#include "sql/function/kernel_row.h"

namespace luma {

std::span<const KernelRow> integer_kernels();
std::span<const KernelRow> float_kernels();
std::span<const KernelRow> math_kernels();
std::span<const KernelRow> numeric_kernels();
std::span<const KernelRow> text_compare_kernels();
std::span<const KernelRow> text_kernels();
std::span<const KernelRow> like_kernels();
std::span<const KernelRow> regexp_kernels();
std::span<const KernelRow> aggregate_sum_kernels();
std::span<const KernelRow> aggregate_statistics_kernels();
std::span<const KernelRow> window_kernels();
std::span<const KernelRow> in_range_kernels();
std::span<const KernelRow> aggregate_collect_kernels();
std::span<const KernelRow> table_series_kernels();
std::span<const KernelRow> table_split_kernels();
std::span<const KernelRow> datetime_compare_kernels();
std::span<const KernelRow> datetime_kernels();
std::span<const KernelRow> array_kernels();
std::span<const KernelRow> text_format_kernels();
std::span<const KernelRow> bytea_kernels();
std::span<const KernelRow> encoding_kernels();
std::span<const KernelRow> json_kernels();
std::span<const KernelRow> jsonb_kernels();
std::span<const KernelRow> jsonpath_kernels();
std::span<const KernelRow> json_object_kernels();
std::span<const KernelRow> identifier_kernels();
std::span<const KernelRow> connection_kernels();
std::span<const KernelRow> large_object_kernels();
std::span<const KernelRow> server_state_kernels();
std::span<const KernelRow> hypothetical_kernels();
std::span<const KernelRow> json_record_kernels();
std::span<const KernelRow> enum_kernels();
std::span<const KernelRow> collation_kernels();
std::span<const KernelRow> xml_kernels();
std::span<const KernelRow> session_kernels();
std::span<const KernelRow> session_control_kernels();
std::span<const KernelRow> number_text_kernels();
std::span<const KernelRow> catalog_kernels();
std::span<const KernelRow> catalog_definition_kernels();
std::span<const KernelRow> privilege_kernels();
std::span<const KernelRow> catalog_table_kernels();
std::span<const KernelRow> event_trigger_kernels();
std::span<const KernelRow> statistics_kernels();
std::span<const KernelRow> time_series_kernels();
std::span<const KernelRow> gap_fill_kernels();
std::span<const KernelRow> trigger_kernels();

}  // namespace luma
