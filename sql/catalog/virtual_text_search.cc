// pg_ts_dict, pg_ts_config and pg_ts_config_map: PostgreSQL's rows and what users have created.
#include "sql/catalog/text_search_objects.h"
#include "sql/catalog/virtual_row.h"

namespace luma {

void generate_pg_ts_dict(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for (const TextDictionaryObject* one : all_text_dictionaries(scan.catalog())) {
    row.oid(one->oid).text(one->name).oid(one->schema).oid(one->owner).oid(one->template_oid);
    row.text_or_null(one->options).emit();
  }
}

void generate_pg_ts_config(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for (const TextConfigurationObject* one : all_text_configurations(scan.catalog())) {
    row.oid(one->oid).text(one->name).oid(one->schema).oid(one->owner).oid(kDefaultTextParser);
    row.emit();
  }
}

void generate_pg_ts_config_map(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for (const TextConfigurationObject* one : all_text_configurations(scan.catalog())) {
    for (const TextMapping& mapping : one->mappings) {
      int32_t place = 0;
      for (Oid dictionary : mapping.dictionaries) {
        row.oid(one->oid).int4(mapping.token_type).int4(++place).oid(dictionary).emit();
      }
    }
  }
}

}  // namespace luma
