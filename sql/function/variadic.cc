#include "sql/function/variadic.h"

#include "engine/type/array.h"

namespace luma {

const IoContext& io_of(const EvalContext& context) {
  static const IoContext kDefault;
  return context.io == nullptr ? kDefault : *context.io;
}

std::vector<TypedValue> variadic_arguments(const RowCall& call, const Value* args, size_t from) {
  std::vector<TypedValue> out;
  size_t count = call.expr.args.size();
  for (size_t i = from; i < count; ++i) {
    if (call.expr.index == 1 && i + 1 == count) {
      if (args[i].is_null) break;
      ArrayView view(args[i].datum);
      for (uint32_t e = 0; e < view.size(); ++e)
        out.push_back({view.element(e), {view.element_oid(), -1}});
    } else {
      out.push_back({args[i], call.expr.args[i]->type});
    }
  }
  return out;
}

bool spreads_null(const RowCall& call, const Value* args) {
  return call.expr.index == 1 && args[call.expr.args.size() - 1].is_null;
}

void append_value_text(const EvalContext& context, const TypedValue& value, std::string& out) {
  const TypeInfo& type = type_info(value.type.oid);
  if (type.oid == type_oid::kText || type.oid == type_oid::kVarchar ||
      type.oid == type_oid::kUnknown) {
    out += value.value.datum.str.view();
  } else {
    type.output(value.value.datum, type, io_of(context), out);
  }
}

}  // namespace luma
