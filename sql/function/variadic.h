#pragma once
// Arguments of VARIADIC "any" functions. When a call spreads an array (VARIADIC array), the binder
// sets index = 1 on the call; the array is then the last argument. Thread-safe.
#include <vector>

#include "engine/exec/expr.h"
#include "engine/exec/function.h"

namespace luma {

struct TypedValue {
  Value value;
  TypeRef type;
};

// The arguments from `from` on, a spread array resolved into its elements.
std::vector<TypedValue> variadic_arguments(const RowCall& call, const Value* args, size_t from);
// Whether the spread array itself is NULL.
bool spreads_null(const RowCall& call, const Value* args);
// Appends the text output of a value that is not NULL.
void append_value_text(const EvalContext& context, const TypedValue& value, std::string& out);
// The session's settings for input and output, defaults without a session.
const IoContext& io_of(const EvalContext& context);

}  // namespace luma
