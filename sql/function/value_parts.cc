#include "sql/function/value_parts.h"

#include <algorithm>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array_assign.h"
#include "engine/type/jsonb.h"
#include "engine/type/record.h"
#include "engine/type/user_type.h"

namespace luma {
namespace {

Value as_domain(RowCall& call, const Value* args) {
  check_domain(call.expr.type.oid, args[0], *call.context.io);
  return args[0];
}

Value store_field(RowCall& call, const Value* args) {
  const TypeInfo& type = type_info(base_type_of(call.expr.type.oid));
  LUMA_CHECK(type.user != nullptr);
  const std::vector<TypeRef>& fields = type.user->fields;
  RecordBuilder builder;
  if (args[0].is_null) {
    for (uint32_t i = 0; i < fields.size(); ++i)
      builder.add(fields[i], i == call.expr.index ? args[1] : Value::null());
    return builder.finish(call.arena);
  }
  RecordView old(args[0].datum);
  for (uint32_t i = 0; i < fields.size(); ++i) {
    bool known = i < old.size();
    builder.add(fields[i], i == call.expr.index ? args[1] : known ? old.field(i) : Value::null());
  }
  return builder.finish(call.arena);
}

SqlError null_subscript() {
  return SqlError(SqlState::kNullValueNotAllowed, "array subscript in assignment must not be null");
}

Value assign_elements(RowCall& call, const Value* args) {
  const TypeInfo& type = type_info(base_type_of(call.expr.type.oid));
  Datum array = args[0].is_null ? empty_array(type.element) : args[0].datum;
  size_t dimensions = (call.expr.args.size() - 2) / 2;
  if ((call.expr.index & kSliceAssignment) == 0) {
    std::vector<int32_t> subscripts;
    for (size_t d = 0; d < dimensions; ++d) {
      const Value& subscript = args[3 + 2 * d];
      if (subscript.is_null) throw null_subscript();
      subscripts.push_back(subscript.datum.i32);
    }
    return assign_array_element(array, subscripts, args[1], call.arena);
  }
  std::vector<SliceBounds> bounds(dimensions);
  for (size_t d = 0; d < dimensions; ++d) {
    auto read = [&](const Value& bound, uint32_t omitted, std::optional<int32_t>& out) {
      if ((call.expr.index & omitted) != 0) return;
      if (bound.is_null) throw null_subscript();
      out = bound.datum.i32;
    };
    read(args[2 + 2 * d], omitted_lower(d), bounds[d].lower);
    read(args[3 + 2 * d], omitted_upper(d), bounds[d].upper);
  }
  // A NULL source leaves the array as it is.
  if (args[1].is_null) return args[0].is_null ? Value(array) : args[0];
  return assign_array_slice(array, bounds, args[1].datum, call.arena);
}

Value assign_jsonb(RowCall& call, const Value* args) {
  std::vector<std::string_view> path;
  for (size_t i = 2; i < call.expr.args.size(); ++i) {
    if (args[i].is_null) {
      throw SqlError(SqlState::kNullValueNotAllowed,
                     "jsonb subscript in assignment must not be null");
    }
    path.push_back(args[i].datum.str.view());
  }
  JsonbBuilder empty;
  Datum whole = args[0].datum;
  if (args[0].is_null) {
    if (call.expr.index == 1) {
      empty.begin_array();
      empty.end_array();
    } else {
      empty.begin_object();
      empty.end_object();
    }
    whole = empty.finish(call.arena);
  }
  JsonbView value = args[1].is_null ? JsonbView() : JsonbView(args[1].datum);
  return jsonb_assign(JsonbView(whole), path, value, call.arena);
}

}  // namespace

VectorKernel domain_kernel() { return row_kernel<as_domain, false>; }
VectorKernel store_field_kernel() { return row_kernel<store_field, false>; }
VectorKernel assign_elements_kernel() { return row_kernel<assign_elements, false>; }
VectorKernel assign_jsonb_kernel() { return row_kernel<assign_jsonb, false>; }

}  // namespace luma
