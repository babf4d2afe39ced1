#include "engine/base/sql_state.h"

namespace luma {

std::string sql_state_code(SqlState state) {
  std::string code(5, '0');
  auto packed = static_cast<uint32_t>(state);
  for (char& c : code) {
    c = static_cast<char>((packed & 0x3F) + '0');
    packed >>= 6;
  }
  return code;
}

std::string_view sql_state_condition(SqlState state) {
  struct Row {
    SqlState state;
    std::string_view condition;
  };
  static constexpr Row kRows[] = {
#define LUMA_SQLSTATE(name, code, condition) {SqlState::name, condition},
#include "engine/base/sql_state.inc"
#undef LUMA_SQLSTATE
  };
  for (const Row& row : kRows) {
    if (row.state == state) return row.condition;
  }
  return "";
}

}  // namespace luma
