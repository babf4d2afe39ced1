#pragma once
// CREATE FUNCTION ... LANGUAGE plpgsql: what is looked at before the function is ever called.
#include "sql/bind/bind_environment.h"
#include "sql/catalog/object.h"

namespace luma {

// Parses the body and the SQL in it. Throws with offsets into the body.
void check_pl_body(BindEnvironment& environment, const Function& function);

}  // namespace luma
