#include "sql/catalog/virtual_row.h"

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "sql/catalog/name_resolution.h"

namespace luma {

VirtualRow& VirtualRow::oidvector(std::span<const Oid> v) {
  if (!is_wanted()) return null();
  ArrayBuilder builder(type_oid::kOid);
  for (Oid item : v) builder.add(Datum::of_oid(item));
  return value(builder.finish(scan_.arena, 0));
}

VirtualRow& VirtualRow::int2vector(std::span<const int16_t> v) {
  if (!is_wanted()) return null();
  ArrayBuilder builder(type_oid::kInt2);
  for (int16_t item : v) builder.add(Datum::of_int16(item));
  return value(builder.finish(scan_.arena, 0));
}

VirtualRow& VirtualRow::int2_array(std::span<const int16_t> v) {
  if (v.empty() || !is_wanted()) return null();
  ArrayBuilder builder(type_oid::kInt2);
  for (int16_t item : v) builder.add(Datum::of_int16(item));
  return value(builder.finish(scan_.arena));
}

VirtualRow& VirtualRow::oid_array(Oid element_type, std::span<const Oid> v) {
  if (v.empty() || !is_wanted()) return null();
  ArrayBuilder builder(element_type);
  for (Oid item : v) builder.add(Datum::of_oid(item));
  return value(builder.finish(scan_.arena));
}

VirtualRow& VirtualRow::text_array(std::span<const std::string> v) {
  if (v.empty() || !is_wanted()) return null();
  ArrayBuilder builder(type_oid::kText);
  for (const std::string& item : v) builder.add(Datum::of_string(std::string_view(item)));
  return value(builder.finish(scan_.arena));
}

VirtualRow& VirtualRow::acl(const std::optional<Acl>& v) {
  return is_wanted() ? value(acl_value(scan_.catalog(), v, scan_.arena)) : null();
}

void VirtualRow::emit() {
  LUMA_CHECK(values_.size() == scan_.relation.columns.size());
  sink_.add(values_);
  values_.clear();
}

std::string acl_item_text(const Catalog& catalog, const AclItem& item) {
  std::string out;
  if (item.grantee != kPublicGrantee) out = quote_identifier(catalog.role_name(item.grantee));
  out += '=';
  for (char privilege : item.privileges) {
    out += privilege;
    if (item.grantable.find(privilege) != std::string::npos) out += '*';
  }
  return out + '/' + quote_identifier(catalog.role_name(item.grantor));
}

Value acl_value(const Catalog& catalog, const std::optional<Acl>& acl, Arena& arena) {
  if (!acl.has_value()) return Value::null();
  ArrayBuilder builder(type_oid::kAclItem);
  for (const AclItem& item : *acl) {
    std::string text = acl_item_text(catalog, item);
    builder.add(Datum::of_string(std::string_view(text)));
  }
  return builder.finish(arena);
}

void generate_nothing(const VirtualScan&, VirtualRowSink&) {}

}  // namespace luma
