#include "sql/function/families.h"

#include "sql/function/type_families.h"

namespace luma {

std::span<const std::span<const KernelRow>> all_kernel_families() {
  static const std::span<const KernelRow> kFamilies[] = {
      integer_kernels(),
      float_kernels(),
      math_kernels(),
      numeric_kernels(),
      text_compare_kernels(),
      text_kernels(),
      like_kernels(),
      regexp_kernels(),
      aggregate_sum_kernels(),
      aggregate_statistics_kernels(),
      window_kernels(),
      in_range_kernels(),
      aggregate_collect_kernels(),
      table_series_kernels(),
      table_split_kernels(),
      datetime_compare_kernels(),
      datetime_kernels(),
      array_kernels(),
      text_format_kernels(),
      bytea_kernels(),
      json_kernels(),
      jsonb_kernels(),
      jsonpath_kernels(),
      json_object_kernels(),
      identifier_kernels(),
      connection_kernels(),
      hypothetical_kernels(),
      json_record_kernels(),
      enum_kernels(),
      session_kernels(),
      session_control_kernels(),
      number_text_kernels(),
      catalog_kernels(),
      catalog_definition_kernels(),
      privilege_kernels(),
      catalog_table_kernels(),
      statistics_kernels(),
      bit_string_kernels(),
      network_kernels(),
      mac_address_kernels(),
      tuple_id_kernels(),
      range_kernels(),
      multirange_kernels(),
      point_kernels(),
      line_kernels(),
      box_kernels(),
      circle_kernels(),
      path_kernels(),
      polygon_kernels(),
      snapshot_kernels(),
      text_search_kernels(),
      text_rank_kernels(),
  };
  return kFamilies;
}

}  // namespace luma
