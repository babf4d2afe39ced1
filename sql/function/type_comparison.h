#pragma once
// Comparison operators of types by TypeInfo::compare: what a type's order says is written once, in
// its codec. For values of variable length.
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "sql/function/kernel_row.h"

namespace luma {

// The order of a call's arguments, of which the first says the type. Throws 42883 without order.
inline int compare_arguments(const RowCall& call, const Datum& a, const Datum& b) {
  const TypeInfo& type = type_info(call.expr.args[0]->type.oid);
  if (type.compare == nullptr) {
    throw sql_error(SqlState::kUndefinedFunction,
                    "could not identify a comparison function for type {}", format_type(type.oid));
  }
  return type.compare(a, b, type);
}

struct TypeOrder {
  static bool eq(RowCall& c, const Datum& a, const Datum& b) {
    return compare_arguments(c, a, b) == 0;
  }
  static bool ne(RowCall& c, const Datum& a, const Datum& b) {
    return compare_arguments(c, a, b) != 0;
  }
  static bool lt(RowCall& c, const Datum& a, const Datum& b) {
    return compare_arguments(c, a, b) < 0;
  }
  static bool le(RowCall& c, const Datum& a, const Datum& b) {
    return compare_arguments(c, a, b) <= 0;
  }
  static bool gt(RowCall& c, const Datum& a, const Datum& b) {
    return compare_arguments(c, a, b) > 0;
  }
  static bool ge(RowCall& c, const Datum& a, const Datum& b) {
    return compare_arguments(c, a, b) >= 0;
  }
  static int32_t cmp(RowCall& c, const Datum& a, const Datum& b) {
    return compare_arguments(c, a, b);
  }
  static Datum larger(RowCall& c, const Datum& a, const Datum& b) {
    return compare_arguments(c, a, b) > 0 ? a : b;
  }
  static Datum smaller(RowCall& c, const Datum& a, const Datum& b) {
    return compare_arguments(c, a, b) < 0 ? a : b;
  }
};

constexpr KernelRow type_equality_row(std::string_view signature) {
  KernelRow row = scalar_row(signature, strict_kernel<&TypeOrder::eq>);
  row.implementation.is_equality = true;
  return row;
}

#define LUMA_TYPE_COMPARISONS(prefix, sql)                                     \
  type_equality_row(prefix "eq(" sql "," sql ")"),                             \
      scalar_row(prefix "ne(" sql "," sql ")", strict_kernel<&TypeOrder::ne>), \
      scalar_row(prefix "lt(" sql "," sql ")", strict_kernel<&TypeOrder::lt>), \
      scalar_row(prefix "le(" sql "," sql ")", strict_kernel<&TypeOrder::le>), \
      scalar_row(prefix "gt(" sql "," sql ")", strict_kernel<&TypeOrder::gt>), \
      scalar_row(prefix "ge(" sql "," sql ")", strict_kernel<&TypeOrder::ge>)

}  // namespace luma
