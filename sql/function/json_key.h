#pragma once
// Keys of JSON objects that are made of values of any type. Thread-safe.
#include <string>

#include "sql/function/variadic.h"

namespace luma {

// Appends the text of a value that is not NULL as a key. 22023 for a type whose values cannot be
// keys: arrays, rows, json and jsonb.
void append_json_key(const EvalContext& context, const TypedValue& value, std::string& out);

}  // namespace luma
