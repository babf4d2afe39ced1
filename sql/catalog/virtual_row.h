#pragma once
// Builds one row of a system relation, column after column, and hands it on. For generators.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/object.h"
#include "sql/catalog/virtual_relation.h"

namespace luma {

class VirtualRow {
 public:
  VirtualRow(const VirtualScan& scan, VirtualRowSink& sink) : scan_(scan), sink_(sink) {}

  VirtualRow& value(const Value& v) {
    values_.push_back(v);
    return *this;
  }
  VirtualRow& null() { return value(Value::null()); }
  VirtualRow& nulls(int count) {
    for (int i = 0; i < count; ++i) null();
    return *this;
  }
  VirtualRow& oid(Oid v) { return value(Datum::of_oid(v)); }
  VirtualRow& boolean(bool v) { return value(Datum::of_bool(v)); }
  VirtualRow& letter(char v) { return value(Datum::of_int8(static_cast<int8_t>(v))); }
  VirtualRow& int2(int64_t v) { return value(Datum::of_int16(static_cast<int16_t>(v))); }
  VirtualRow& int4(int64_t v) { return value(Datum::of_int32(static_cast<int32_t>(v))); }
  VirtualRow& int8(int64_t v) { return value(Datum::of_int64(v)); }
  VirtualRow& float4(double v) { return value(Datum::of_float(static_cast<float>(v))); }
  VirtualRow& text(std::string_view v) {
    return is_wanted() ? value(Datum::of_string(scan_.arena.copy(v))) : null();
  }
  // "" becomes NULL.
  VirtualRow& text_or_null(std::string_view v) { return v.empty() ? null() : text(v); }
  VirtualRow& optional_text(const std::optional<std::string>& v) {
    return v.has_value() ? text(std::string_view(*v)) : null();
  }
  VirtualRow& timestamp(const std::optional<int64_t>& v) {
    return v.has_value() ? int8(*v) : null();
  }

  VirtualRow& oidvector(std::span<const Oid> v);
  VirtualRow& int2vector(std::span<const int16_t> v);
  // Arrays; empty ones become NULL, as pg_catalog's nullable arrays do.
  VirtualRow& int2_array(std::span<const int16_t> v);
  VirtualRow& oid_array(Oid element_type, std::span<const Oid> v);
  VirtualRow& text_array(std::span<const std::string> v);
  VirtualRow& acl(const std::optional<Acl>& v);

  // Passes the row on and starts the next one. The number of columns must be the relation's.
  void emit();

 private:
  // Whether somebody looks at the next column: what takes memory is left out otherwise.
  bool is_wanted() const { return scan_.wants(static_cast<uint32_t>(values_.size())); }

  const VirtualScan& scan_;
  VirtualRowSink& sink_;
  std::vector<Value> values_;
};

// "role=arw/grantor": an aclitem's text.
std::string acl_item_text(const Catalog& catalog, const AclItem& item);
Value acl_value(const Catalog& catalog, const std::optional<Acl>& acl, Arena& arena);

// The generators, by file.
void generate_fact_rows(const VirtualScan& scan, VirtualRowSink& sink);  // virtual_facts.cc
void generate_pg_proc(const VirtualScan& scan, VirtualRowSink& sink);
void generate_nothing(const VirtualScan& scan, VirtualRowSink& sink);
// virtual_statistics.cc
void generate_pg_statistic(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_stats(const VirtualScan& scan, VirtualRowSink& sink);
// virtual_extended_statistics.cc
void generate_pg_statistic_ext(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_statistic_ext_data(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_stats_ext(const VirtualScan& scan, VirtualRowSink& sink);
// virtual_relations.cc
void generate_pg_init_privs(const VirtualScan& scan,
                            VirtualRowSink& sink);  // virtual_privileges.cc
void generate_pg_class(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_attribute(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_attrdef(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_index(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_constraint(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_inherits(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_partitioned_table(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_sequence(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_rewrite(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_depend(const VirtualScan& scan, VirtualRowSink& sink);
// virtual_types.cc
void generate_pg_type(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_range(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_enum(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_namespace(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_description(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_shdescription(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_database(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_authid(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_auth_members(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_db_role_setting(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_shdepend(const VirtualScan& scan, VirtualRowSink& sink);
// virtual_operators.cc
void generate_pg_operator(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_cast(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_opclass(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_opfamily(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_amop(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_amproc(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_aggregate(const VirtualScan& scan, VirtualRowSink& sink);
// virtual_security.cc
void generate_pg_default_acl(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_policy(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_policies(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_event_trigger(const VirtualScan& scan, VirtualRowSink& sink);  // event_trigger.cc
// virtual_triggers.cc
void generate_pg_trigger(const VirtualScan& scan, VirtualRowSink& sink);
void generate_triggers(const VirtualScan& scan, VirtualRowSink& sink);
void generate_triggered_update_columns(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_collation(const VirtualScan& scan, VirtualRowSink& sink);  // virtual_operators.cc
// virtual_text_search.cc
void generate_pg_ts_dict(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_ts_config(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_ts_config_map(const VirtualScan& scan, VirtualRowSink& sink);
// virtual_live.cc
void generate_pg_config(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_hba_file_rules(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_settings(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_stat_activity(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_stat_ssl(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_locks(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_prepared_statements(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_available_extension_versions(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_available_extensions(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_extension(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_largeobject(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_largeobject_metadata(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_prepared_xacts(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_cursors(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_timezone_names(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_timezone_abbrevs(const VirtualScan& scan, VirtualRowSink& sink);
void generate_pg_sequences(const VirtualScan& scan, VirtualRowSink& sink);

}  // namespace luma
