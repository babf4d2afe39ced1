#include "sql/catalog/virtual_relation.h"

#include <algorithm>

#include "sql/catalog/fact_table.h"
#include "sql/catalog/object_set.h"
#include "sql/catalog/virtual_row.h"

namespace luma {
namespace {

// Sorted by name. What generates nothing belongs to features that do not exist yet: such a relation
// is truly empty.
constexpr VirtualRelation kVirtualRelations[] = {
    {"_pg_foreign_data_wrappers", generate_nothing},
    {"_pg_foreign_servers", generate_nothing},
    {"_pg_foreign_table_columns", generate_nothing},
    {"_pg_foreign_tables", generate_nothing},
    {"_pg_user_mappings", generate_nothing},
    {"check_constraint_routine_usage", generate_nothing},
    {"column_options", generate_nothing},
    {"foreign_data_wrapper_options", generate_nothing},
    {"foreign_data_wrappers", generate_nothing},
    {"foreign_server_options", generate_nothing},
    {"foreign_servers", generate_nothing},
    {"foreign_table_options", generate_nothing},
    {"foreign_tables", generate_nothing},
    {"pg_aggregate", generate_pg_aggregate},
    {"pg_am", generate_fact_rows},
    {"pg_amop", generate_pg_amop},
    {"pg_amproc", generate_pg_amproc},
    {"pg_attrdef", generate_pg_attrdef, {"adrelid", "oid"}, 0.3},
    {"pg_attribute", generate_pg_attribute, {"attrelid"}, 3},
    {"pg_auth_members", generate_pg_auth_members},
    {"pg_authid", generate_pg_authid},
    {"pg_available_extension_versions", generate_pg_available_extension_versions},
    {"pg_available_extensions", generate_pg_available_extensions},
    {"pg_cast", generate_pg_cast},
    {"pg_class", generate_pg_class, {"oid", "relname", "reltype"}, 1},
    {"pg_collation", generate_pg_collation},
    {"pg_config", generate_pg_config},
    {"pg_constraint", generate_pg_constraint, {"conrelid", "oid", "confrelid", "contypid"}, 0.6},
    {"pg_conversion", generate_fact_rows},
    {"pg_cursors", generate_pg_cursors},
    {"pg_database", generate_pg_database},
    {"pg_db_role_setting", generate_pg_db_role_setting},
    {"pg_default_acl", generate_pg_default_acl},
    {"pg_depend", generate_pg_depend, {"objid", "refobjid"}, 3},
    {"pg_description", generate_pg_description, {"objoid"}, 0.2},
    {"pg_enum", generate_pg_enum, {"enumtypid"}, 0.2},
    {"pg_event_trigger", generate_pg_event_trigger},
    {"pg_extension", generate_pg_extension},
    {"pg_foreign_data_wrapper", generate_nothing},
    {"pg_foreign_server", generate_nothing},
    {"pg_foreign_table", generate_nothing},
    {"pg_hba_file_rules", generate_pg_hba_file_rules},
    {"pg_ident_file_mappings", generate_nothing},
    {"pg_index", generate_pg_index, {"indrelid", "indexrelid"}, 0.5},
    {"pg_inherits", generate_pg_inherits, {"inhrelid", "inhparent"}, 0.1},
    {"pg_init_privs", generate_pg_init_privs},
    {"pg_language", generate_fact_rows},
    {"pg_largeobject", generate_pg_largeobject},
    {"pg_largeobject_metadata", generate_pg_largeobject_metadata},
    {"pg_locks", generate_pg_locks},
    {"pg_namespace", generate_pg_namespace},
    {"pg_opclass", generate_pg_opclass},
    {"pg_operator", generate_pg_operator},
    {"pg_opfamily", generate_pg_opfamily},
    {"pg_parameter_acl", generate_nothing},
    {"pg_partitioned_table", generate_pg_partitioned_table, {"partrelid"}},
    {"pg_policies", generate_pg_policies},
    {"pg_policy", generate_pg_policy, {"polrelid"}, 0.05},
    {"pg_prepared_statements", generate_pg_prepared_statements},
    {"pg_prepared_xacts", generate_pg_prepared_xacts},
    {"pg_proc", generate_pg_proc, {"oid", "proname"}, 0.1},
    {"pg_publication", generate_nothing},
    {"pg_publication_namespace", generate_nothing},
    {"pg_publication_rel", generate_nothing},
    {"pg_publication_tables", generate_nothing},
    {"pg_range", generate_pg_range},
    {"pg_replication_origin", generate_nothing},
    {"pg_replication_origin_status", generate_nothing},
    {"pg_replication_slots", generate_nothing},
    {"pg_rewrite", generate_pg_rewrite, {"ev_class"}, 0.1},
    {"pg_seclabel", generate_nothing},
    {"pg_seclabels", generate_nothing},
    {"pg_sequence", generate_pg_sequence, {"seqrelid"}, 0.2},
    {"pg_sequences", generate_pg_sequences},
    {"pg_settings", generate_pg_settings},
    {"pg_shdepend", generate_pg_shdepend},
    {"pg_shdescription", generate_pg_shdescription},
    {"pg_shseclabel", generate_nothing},
    {"pg_stat_activity", generate_pg_stat_activity},
    {"pg_stat_progress_analyze", generate_nothing},
    {"pg_stat_progress_basebackup", generate_nothing},
    {"pg_stat_progress_cluster", generate_nothing},
    {"pg_stat_progress_copy", generate_nothing},
    {"pg_stat_progress_create_index", generate_nothing},
    {"pg_stat_progress_vacuum", generate_nothing},
    {"pg_stat_replication", generate_nothing},
    {"pg_stat_replication_slots", generate_nothing},
    {"pg_stat_slru", generate_nothing},
    {"pg_stat_ssl", generate_pg_stat_ssl},
    {"pg_stat_subscription", generate_nothing},
    {"pg_stat_subscription_stats", generate_nothing},
    {"pg_stat_user_functions", generate_nothing},
    {"pg_stat_wal_receiver", generate_nothing},
    {"pg_stat_xact_user_functions", generate_nothing},
    {"pg_statistic", generate_pg_statistic, {"starelid"}, 1},
    {"pg_statistic_ext", generate_pg_statistic_ext},
    {"pg_statistic_ext_data", generate_pg_statistic_ext_data},
    {"pg_stats", generate_pg_stats},
    {"pg_stats_ext", generate_pg_stats_ext},
    {"pg_stats_ext_exprs", generate_nothing},
    {"pg_subscription", generate_nothing},
    {"pg_subscription_rel", generate_nothing},
    {"pg_tablespace", generate_fact_rows},
    {"pg_timezone_abbrevs", generate_pg_timezone_abbrevs},
    {"pg_timezone_names", generate_pg_timezone_names},
    {"pg_transform", generate_nothing},
    {"pg_trigger", generate_pg_trigger, {"tgrelid"}, 0.05},
    {"pg_ts_config", generate_pg_ts_config},
    {"pg_ts_config_map", generate_pg_ts_config_map},
    {"pg_ts_dict", generate_pg_ts_dict},
    {"pg_ts_parser", generate_fact_rows},
    {"pg_ts_template", generate_fact_rows},
    {"pg_type", generate_pg_type, {"oid", "typname", "typrelid", "typelem", "typarray"}, 0.8},
    {"pg_user_mapping", generate_nothing},
    {"pg_user_mappings", generate_nothing},
    {"routine_column_usage", generate_nothing},
    {"routine_routine_usage", generate_nothing},
    {"routine_sequence_usage", generate_nothing},
    {"routine_table_usage", generate_nothing},
    {"transforms", generate_nothing},
    {"triggered_update_columns", generate_triggered_update_columns},
    {"triggers", generate_triggers},
    {"user_mapping_options", generate_nothing},
    {"user_mappings", generate_nothing},
    {"view_routine_usage", generate_nothing},
};
static_assert(std::ranges::is_sorted(kVirtualRelations, {}, &VirtualRelation::name));

const VirtualFilter* find_filter(const VirtualScan& scan, std::string_view column) {
  for (const VirtualFilter& filter : scan.filters) {
    if (!filter.value.is_null && scan.relation.columns[filter.column].name == column)
      return &filter;
  }
  return nullptr;
}

}  // namespace

std::optional<Oid> VirtualScan::oid_filter(std::string_view column) const {
  const VirtualFilter* filter = find_filter(*this, column);
  return filter == nullptr ? std::nullopt : std::optional<Oid>(filter->value.datum.oid());
}

std::optional<std::string_view> VirtualScan::text_filter(std::string_view column) const {
  const VirtualFilter* filter = find_filter(*this, column);
  return filter == nullptr ? std::nullopt
                           : std::optional<std::string_view>(filter->value.datum.str.view());
}

const VirtualRelation* find_virtual_relation(std::string_view name) {
  auto it = std::ranges::lower_bound(kVirtualRelations, name, {}, &VirtualRelation::name);
  return it != std::end(kVirtualRelations) && it->name == name ? it : nullptr;
}

bool VirtualRelation::is_key(std::string_view column) const {
  return !column.empty() && std::ranges::find(keys, column) != keys.end();
}

VirtualEstimate estimate_virtual_relation(const Catalog& catalog, const Table& relation) {
  // What is shown of the server's state, and has no exported rows, is little.
  constexpr double kFewRows = 50, kBuiltinRelations = 400, kBuiltinColumns = 4000;
  VirtualEstimate out;
  out.relation = relation.virtual_relation;
  if (out.relation == nullptr) return out;
  const FactTable* facts = find_fact_table(relation.name);
  out.rows = relation.name == "pg_class"       ? kBuiltinRelations
             : relation.name == "pg_attribute" ? kBuiltinColumns
             : facts != nullptr                ? static_cast<double>(facts->row_count())
                                               : kFewRows;
  out.rows +=
      out.relation->rows_per_object * static_cast<double>(catalog.local_objects()->object_count());
  return out;
}

double VirtualEstimate::distinct(const Column& column) const {
  constexpr double kLetters = 4, kRowsOfKey = 4;
  if (relation == nullptr) return 0;
  if (column.name == "oid" || column.name == "indexrelid") return rows;
  if (relation->is_key(column.name)) return std::max(1.0, rows / kRowsOfKey);
  return column.type.oid == type_oid::kChar ? kLetters : 0;
}

void scan_virtual_relation(const SessionCatalog& session, const Table& relation,
                           std::span<const VirtualFilter> filters, Arena& arena,
                           VirtualRowSink& sink, uint64_t wanted_columns) {
  relation.virtual_relation->generate({session, relation, filters, arena, wanted_columns}, sink);
}

}  // namespace luma
