#include "server/binary_text.h"

#include "engine/base/sql_error.h"
#include "engine/type/user_type.h"

namespace luma {

namespace {

// Of pg_type; nothing else needs their numbers.
constexpr Oid kTsVector = 3614, kTsQuery = 3615, kJsonPath = 4072;

bool is_container(const TypeInfo& type) {
  return type.type_type == 'c' || type.type_type == 'r' || type.type_type == 'm' ||
         type.is_array() || type.oid == type_oid::kRecord || type.oid == kTsVector ||
         type.oid == kTsQuery;
}

// Elements that certainly have no text in them.
bool holds_text(const TypeInfo& type) {
  if (type.is_array()) {
    const TypeInfo& element = type_info(base_type_of(type.element));
    return is_binary_text(element) || (is_container(element) && holds_text(element));
  }
  return type.type_type == 'c' || type.oid == type_oid::kRecord || type.oid == kTsVector ||
         type.oid == kTsQuery;
}

}  // namespace

bool is_binary_text(const TypeInfo& type) {
  if (type.type_type == 'e') return true;
  switch (type.oid) {
    case type_oid::kText:
    case type_oid::kVarchar:
    case type_oid::kBpchar:
    case type_oid::kName:
    case type_oid::kJson:
    case type_oid::kJsonb:
    case kJsonPath:
    case type_oid::kUnknown:
    case type_oid::kCstring:
      return true;
    default:
      return false;
  }
}

void require_convertible(const TypeInfo& type, const Transcoder& transcoder) {
  if (!is_container(type) || !holds_text(type)) return;
  throw unsupported("binary values of type {} in client encoding {}", format_type(type.oid),
                    transcoder.encoding().name);
}

BinaryTextParameters::Values BinaryTextParameters::convert(Values values,
                                                           std::span<const int16_t> formats,
                                                           std::span<const Oid> types,
                                                           Transcoder& transcoder) {
  values_.assign(values.begin(), values.end());
  for (size_t i = 0; i < values_.size() && i < types.size(); ++i) {
    const bool binary = !formats.empty() && (formats.size() == 1 ? formats[0] : formats[i]) == 1;
    if (!binary || !values_[i]) continue;
    const TypeInfo* type = find_type(base_type_of(types[i]));
    if (type == nullptr) continue;
    require_convertible(*type, transcoder);
    if (!is_binary_text(*type)) continue;
    converted_.push_back(transcoder.to_utf8(*values_[i]));
    values_[i] = converted_.back();
  }
  return values_;
}

}  // namespace luma
