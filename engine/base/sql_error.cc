#include "engine/base/sql_error.h"

namespace luma {

void check_failed(const char* expression, const char* file, int line) {
  throw sql_error(SqlState::kInternalError, "internal error: check \"{}\" failed at {}:{}",
                  expression, file, line);
}

}  // namespace luma
