// pg_default_acl, pg_policy, pg_policies.
#include <algorithm>

#include "sql/catalog/virtual_row.h"

namespace luma {
namespace {

template <typename Visit>
void for_each_policy(const VirtualScan& scan, const Visit& visit) {
  auto visit_table = [&](const Relation& relation) {
    if (relation.kind != ObjectKind::kTable) return;
    const auto& table = static_cast<const Table&>(relation);
    for (const Policy& policy : table.policies) visit(table, policy);
  };
  if (std::optional<Oid> of = scan.oid_filter("polrelid")) {
    if (const Relation* relation = scan.catalog().relation(*of)) visit_table(*relation);
    return;
  }
  scan.catalog().for_each_relation(visit_table);
}

std::string_view command_name(char command) {
  switch (command) {
    case 'r':
      return "SELECT";
    case 'a':
      return "INSERT";
    case 'w':
      return "UPDATE";
    case 'd':
      return "DELETE";
    default:
      return "ALL";
  }
}

}  // namespace

void generate_pg_default_acl(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  scan.catalog().for_each_default_acl([&](const DefaultAcl& list) {
    row.oid(list.oid).oid(list.owner).oid(list.schema).letter(list.object_type);
    row.acl(list.acl).emit();
  });
}

void generate_pg_policy(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for_each_policy(scan, [&](const Table& table, const Policy& policy) {
    row.oid(policy.oid).text(policy.name).oid(table.oid).letter(policy.command);
    row.boolean(policy.permissive).oid_array(type_oid::kOid, policy.roles);
    row.text_or_null(policy.using_sql).text_or_null(policy.check_sql).emit();
  });
}

void generate_pg_policies(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  const Catalog& catalog = scan.catalog();
  for_each_policy(scan, [&](const Table& table, const Policy& policy) {
    std::vector<std::string> roles;
    for (Oid role : policy.roles) {
      roles.push_back(role == kPublicGrantee ? "public" : catalog.role_name(role));
    }
    std::ranges::sort(roles);
    row.text(catalog.schema_name(table.schema)).text(table.name).text(policy.name);
    row.text(policy.permissive ? "PERMISSIVE" : "RESTRICTIVE").text_array(roles);
    row.text(command_name(policy.command)).text_or_null(policy.using_sql);
    row.text_or_null(policy.check_sql).emit();
  });
}

}  // namespace luma
