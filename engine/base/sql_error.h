#pragma once
// The one error type of LumaDB. Thrown inside sql/ and engine/, caught once per statement by the
// session, which turns it into an ErrorResponse. An error without a SQLSTATE cannot be made.
//
//   throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" does not exist", name).at(position);
//
// `position` counts characters (not bytes) of the statement text, from 1; 0 means none. Code that
// knows byte offsets uses `at_byte`, which the session converts when it sees the statement text.
#include <fmt/format.h>

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/sql_state.h"

namespace luma {

struct SqlError : std::exception {
  SqlState state;
  std::string message;
  std::string detail_text;
  std::string hint_text;
  std::string context_text;
  std::string schema_name, table_name, column_name, datatype_name, constraint_name;
  std::string routine;   // 'R' field; some drivers compare it ("RevalidateCachedQuery")
  int position = 0;      // 1-based character position, 0 = none
  int byte_offset = -1;  // 0-based byte offset of the statement text, -1 = none
  bool fatal = false;    // the connection ends after this error

  SqlError(SqlState code, std::string text) : state(code), message(std::move(text)) {}
  const char* what() const noexcept override { return message.c_str(); }

  SqlError& detail(std::string text) {
    detail_text = std::move(text);
    return *this;
  }
  SqlError& hint(std::string text) {
    hint_text = std::move(text);
    return *this;
  }
  SqlError& context(std::string text) {
    context_text = std::move(text);
    return *this;
  }
  // `location` is a parse location: a 0-based byte offset, negative when unknown.
  SqlError& at_byte(int location) {
    byte_offset = location;
    return *this;
  }
  SqlError& table(std::string schema, std::string name) {
    schema_name = std::move(schema);
    table_name = std::move(name);
    return *this;
  }
  SqlError& column(std::string name) {
    column_name = std::move(name);
    return *this;
  }
  SqlError& constraint(std::string name) {
    constraint_name = std::move(name);
    return *this;
  }
  SqlError& datatype(std::string name) {
    datatype_name = std::move(name);
    return *this;
  }
};

template <typename... Args>
SqlError sql_error(SqlState state, fmt::format_string<Args...> format, Args&&... args) {
  return SqlError(state, fmt::format(format, std::forward<Args>(args)...));
}

// 0A000: a feature of PostgreSQL that LumaDB does not have. `feature` names it for the user.
template <typename... Args>
SqlError unsupported(fmt::format_string<Args...> feature, Args&&... args) {
  return SqlError(SqlState::kFeatureNotSupported,
                  fmt::format(feature, std::forward<Args>(args)...) + " is not supported");
}

// A broken invariant: the statement fails with XX000 and the message says where.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

#define LUMA_CHECK(condition)                   \
  (__builtin_expect(!!(condition), 1) ? (void)0 \
                                      : ::luma::check_failed(#condition, __FILE__, __LINE__))
#ifdef NDEBUG
#define LUMA_DCHECK(condition) ((void)sizeof(!(condition)))
#else
#define LUMA_DCHECK(condition) LUMA_CHECK(condition)
#endif

}  // namespace luma
