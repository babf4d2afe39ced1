#pragma once
// What functions and system relations over the catalog see of the session they run in. The session
// implements it; SessionServices::native() returns exactly a SessionCatalog* (cast to void*).
#include "engine/exec/eval_context.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/catalog.h"
#include "sql/catalog/live_state.h"
#include "sql/catalog/name_resolution.h"

namespace luma {

class RoutineCaller;  // sql/function/routine_caller.h

class SessionCatalog {
 public:
  virtual ~SessionCatalog() = default;
  // The snapshot of the running statement, uncommitted changes of its transaction included.
  virtual const Catalog& catalog() const = 0;
  virtual const SearchPath& search_path() const = 0;
  virtual Oid current_user_oid() const = 0;
  virtual Oid session_user_oid() const = 0;
  virtual const BuiltinAvailability& builtins() const = 0;
  virtual LiveState& live_state() const = 0;
  // How many calls of triggers are going on.
  virtual int32_t trigger_depth() const = 0;
  // Calls functions that users have defined.
  virtual RoutineCaller& routines() const = 0;
  // Deparsed definitions are stored as text; nothing else is needed of the binder here.
};

inline const SessionCatalog& session_catalog(const EvalContext& context) {
  return *static_cast<const SessionCatalog*>(context.session->native());
}

}  // namespace luma
