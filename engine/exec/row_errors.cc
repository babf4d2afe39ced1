#include "engine/exec/row_errors.h"

namespace luma {

namespace {

// SQLSTATE classes of what a value can be blamed for: not those of resources, interrupts, conflicts
// and the server itself.
bool is_of_a_row(const SqlError& error) {
  if (error.fatal) return false;
  std::string state = sql_state_code(error.state);
  return state.starts_with("21") || state.starts_with("22") || state.starts_with("23") ||
         state.starts_with("42");
}

}  // namespace

bool RowErrors::is_repeatable(const Expr& expr) {
  return !expr_contains(expr, [](const Expr& e) {
    return e.is_volatile || e.kind == ExprKind::kSubquery || e.kind == ExprKind::kSetReturning ||
           e.subplan != nullptr;
  });
}

const Chunk& RowErrors::rows_before(const SqlError& error, const Chunk& chunk,
                                    const std::function<void(const Chunk&)>& evaluate) {
  if (chunk.size < 2 || !is_of_a_row(error)) throw;
  rows_ = Chunk();
  rows_.init(types_);
  for (uint32_t row = 0; row < chunk.size; ++row) {
    rows_.slice(chunk, identity_selection() + row, 1);
    try {
      evaluate(rows_);
    } catch (const SqlError& of_row) {
      if (row == 0 || !is_of_a_row(of_row)) throw;
      kept_ = std::current_exception();
      rows_.slice(chunk, identity_selection(), row);
      return rows_;
    }
  }
  // Together they fail, one by one they don't: as before.
  throw;
}

}  // namespace luma
