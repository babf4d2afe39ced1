#include "sql/command/access_method.h"

#include "engine/base/sql_error.h"
#include "engine/exec/eval_context.h"
#include "sql/catalog/access_method.h"

namespace luma {

Oid table_access_method(CommandContext& context, std::string_view named) {
  std::string name(named);
  if (name.empty()) {
    const SessionServices* session = context.exec().session;
    if (session == nullptr || !session->setting("default_table_access_method", true, name)) {
      name = "heap";
    }
  }
  if (name == "heap") return kHeapAm;
  if (name == "columnar") return kColumnarAm;
  if (find_index_method(name) != nullptr) {
    throw sql_error(SqlState::kWrongObjectType, "access method \"{}\" is not of type TABLE", name);
  }
  throw sql_error(SqlState::kUndefinedObject, "access method \"{}\" does not exist", name);
}

}  // namespace luma
