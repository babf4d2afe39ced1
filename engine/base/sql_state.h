#pragma once
// SQLSTATE codes: PostgreSQL 15's names and values, one enum for the whole code base.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace luma {

namespace detail {
// Five characters, six bits each, the way PostgreSQL packs them; fits an int and compares cheaply.
constexpr uint32_t pack_sql_state(const char (&code)[6]) {
  uint32_t packed = 0;
  for (int i = 0; i < 5; ++i) packed |= ((static_cast<uint32_t>(code[i]) - '0') & 0x3F) << (6 * i);
  return packed;
}
}  // namespace detail

enum class SqlState : uint32_t {
#define LUMA_SQLSTATE(name, code, condition) name = detail::pack_sql_state(code),
#include "engine/base/sql_state.inc"
#undef LUMA_SQLSTATE
};

// The five characters of `state`, for the wire.
std::string sql_state_code(SqlState state);

// The condition name ("unique_violation"), or "" for a code that has none.
std::string_view sql_state_condition(SqlState state);

}  // namespace luma
