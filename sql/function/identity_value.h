#pragma once
// nextval(regclass) as identity columns call it: whoever may insert needs no privilege on the
// column's sequence.
#include "engine/exec/function.h"

namespace luma {

VectorKernel identity_value_kernel();

}  // namespace luma
