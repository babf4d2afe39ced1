// pg_extension, pg_available_extensions, pg_available_extension_versions.
#include "sql/catalog/extension_facts.h"
#include "sql/catalog/virtual_row.h"

namespace luma {

namespace {

// In every database from the beginning.
constexpr std::string_view kPlpgsql = "plpgsql";
constexpr Oid kPlpgsqlOid = 13577;

bool is_installed(const Catalog& catalog, std::string_view name) {
  return name == kPlpgsql || catalog.find_extension(name) != nullptr;
}

}  // namespace

void generate_pg_extension(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  row.oid(kPlpgsqlExtension).text(kPlpgsql).oid(kBootstrapRole).oid(schema_oid::kPgCatalog);
  row.boolean(false).text("1.0").nulls(2).emit();
  scan.catalog().for_each_extension([&](const Extension& extension) {
    row.oid(extension.oid).text(extension.name).oid(extension.owner).oid(extension.schema);
    row.boolean(extension.relocatable).text(extension.version).nulls(2).emit();
  });
}

void generate_pg_available_extensions(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for (const ExtensionFact& fact : extension_facts()) {
    row.text(fact.name).text(fact.version);
    is_installed(scan.catalog(), fact.name) ? row.text(fact.version) : row.null();
    row.text(fact.comment).emit();
  }
}

void generate_pg_available_extension_versions(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for (const ExtensionFact& fact : extension_facts()) {
    row.text(fact.name).text(fact.version).boolean(is_installed(scan.catalog(), fact.name));
    row.boolean(fact.superuser).boolean(fact.trusted).boolean(fact.relocatable);
    row.text_or_null(fact.schema).null().text(fact.comment).emit();
  }
}

}  // namespace luma
