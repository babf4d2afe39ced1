#pragma once
// Private to the text search functions: the configuration that a call uses.
#include "engine/exec/expr.h"
#include "engine/exec/function.h"
#include "sql/function/text_parser.h"

namespace luma {

inline bool has_configuration(const RowCall& call) {
  return call.expr.args[0]->type.oid == type_oid::kRegconfig;
}
// Its first argument when that is a regconfig, else the session's.
inline TextConfiguration configuration_of(const RowCall& call, const Value* args) {
  return {call.context,
          has_configuration(call) ? args[0].datum.oid() : default_text_configuration(call.context)};
}

}  // namespace luma
