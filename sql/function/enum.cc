// Labels of enums in their order.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/user_type.h"
#include "sql/function/families.h"

namespace luma {

namespace {

std::vector<UserType::Label> ordered_labels(const TypeInfo& type) {
  if (type.user == nullptr || type.user->type_type != 'e') {
    throw SqlError(SqlState::kFeatureNotSupported, "could not determine actual enum type");
  }
  std::vector<UserType::Label> labels = type.user->labels;
  std::ranges::sort(labels, {}, &UserType::Label::sort_order);
  return labels;
}

template <bool last>
Value enum_end(RowCall& call, const Value*) {
  const TypeInfo& type = type_info(call.expr.args[0]->type.oid);
  std::vector<UserType::Label> labels = ordered_labels(type);
  if (labels.empty()) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState, "enum {} contains no values",
                    format_type(type.oid));
  }
  return Datum::of_oid(last ? labels.back().oid : labels.front().oid);
}

// Labels between two bounds, each of which may be NULL for an open end.
Value range_between(RowCall& call, const TypeInfo& type, const Value& from, const Value& to) {
  ArrayBuilder builder(type.oid);
  bool inside = from.is_null;
  for (const UserType::Label& label : ordered_labels(type)) {
    inside |= !from.is_null && label.oid == from.datum.oid();
    if (inside) builder.add(Datum::of_oid(label.oid));
    if (!to.is_null && label.oid == to.datum.oid()) break;
  }
  return builder.finish(call.arena);
}

Value enum_range(RowCall& call, const Value* args) {
  return range_between(call, type_info(call.expr.args[0]->type.oid), args[0], args[1]);
}
Value enum_range_all(RowCall& call, const Value*) {
  return range_between(call, type_info(call.expr.args[0]->type.oid), Value::null(), Value::null());
}

const KernelRow kRows[] = {
    scalar_row("enum_first(anyenum)", row_kernel<enum_end<false>, false>, "first label"),
    scalar_row("enum_last(anyenum)", row_kernel<enum_end<true>, false>, "last label"),
    scalar_row("enum_range(anyenum)", row_kernel<enum_range_all, false>, "all labels, in order"),
    scalar_row("enum_range(anyenum,anyenum)", row_kernel<enum_range, false>,
               "labels between two, in order"),
};

}  // namespace

std::span<const KernelRow> enum_kernels() { return kRows; }

}  // namespace luma
