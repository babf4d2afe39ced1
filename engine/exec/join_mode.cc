#include "engine/exec/join_mode.h"

#include "engine/base/sql_error.h"

namespace luma {

std::vector<PhysicalType> join_output_types(JoinMode mode, const std::vector<PhysicalType>& left,
                                            const std::vector<PhysicalType>& right) {
  std::vector<PhysicalType> types;
  if (outputs_left(mode)) types = left;
  if (outputs_right(mode)) types.insert(types.end(), right.begin(), right.end());
  if (mode == JoinMode::kMark) types.push_back(PhysicalType::kBool);
  return types;
}

const char* join_mode_label(JoinMode mode) {
  switch (mode) {
    case JoinMode::kInner:
      return "";
    case JoinMode::kLeft:
      return "Left";
    case JoinMode::kRight:
      return "Right";
    case JoinMode::kFull:
      return "Full";
    case JoinMode::kSemi:
      return "Semi";
    case JoinMode::kAnti:
      return "Anti";
    case JoinMode::kNullAwareAnti:
      return "Null-Aware Anti";
    case JoinMode::kMark:
      return "Mark";
    case JoinMode::kSingle:
      return "Single";
    case JoinMode::kRightSemi:
      return "Right Semi";
    case JoinMode::kRightAnti:
      return "Right Anti";
  }
  return "";
}

void throw_second_row() {
  throw SqlError(SqlState::kCardinalityViolation,
                 "more than one row returned by a subquery used as an expression");
}

}  // namespace luma
