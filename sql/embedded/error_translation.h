#pragma once
// From the engine's errors to the library's.
#include <exception>
#include <new>
#include <string_view>

#include "engine/base/sql_error.h"
#include "sql/embedded/luma.h"

namespace luma::embedded_internal {

// The exception being handled as the engine's error: 53200 for bad_alloc, XX000 for what is none.
SqlError current_error();
// `sql`: the text that byte offsets count in; "" when there is none.
embedded::Error public_error(const SqlError& error, std::string_view sql);
embedded::Error public_error(SqlState state, std::string message, std::string detail = {},
                             std::string hint = {});

// Runs `work`; what it throws becomes an embedded::Error.
template <typename Work>
auto translated(Work&& work) {
  try {
    return work();
  } catch (const embedded::Error&) {
    throw;
  } catch (...) {
    throw public_error(current_error(), {});
  }
}

}  // namespace luma::embedded_internal
