#include "sql/function/json_key.h"

#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"
#include "engine/type/user_type.h"

namespace luma {

void append_json_key(const EvalContext& context, const TypedValue& value, std::string& out) {
  const TypeInfo& info = type_info(base_type_of(value.type.oid));
  bool structured = info.is_array() || info.type_type == 'c' || info.oid == type_oid::kRecord ||
                    info.oid == type_oid::kRecordArray || info.oid == type_oid::kJson ||
                    info.oid == type_oid::kJsonb;
  if (structured) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "key value must be scalar, not array, composite, or json");
  }
  if (info.oid == type_oid::kBool) {
    out += value.value.datum.b ? "true" : "false";
    return;
  }
  append_value_text(context, value, out);
}

}  // namespace luma
