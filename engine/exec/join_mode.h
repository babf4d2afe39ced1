#pragma once
// What a join hands out; shared by hash join, nested loop and apply. Output columns: left then
// right for inner, left, right, full and single; left only for semi and the anti joins; right only
// for right semi and right anti; left and one boolean for mark.
#include <cstdint>
#include <vector>

#include "engine/type/datum.h"

namespace luma {

enum class JoinMode : uint8_t {
  kInner,
  kLeft,
  kRight,
  kFull,
  kSemi,
  kAnti,           // left rows with / without a match
  kNullAwareAnti,  // NOT IN: left rows for which the comparison is false for every right row
  kMark,           // IN as a value: true, NULL (something compared as unknown) or false
  kSingle,         // like left; error 21000 when a left row has a second match
  kRightSemi,
  kRightAnti,  // right rows with / without a match; hash join only
};

inline bool outputs_right(JoinMode mode) {
  return mode != JoinMode::kSemi && mode != JoinMode::kAnti && mode != JoinMode::kNullAwareAnti &&
         mode != JoinMode::kMark;
}
inline bool outputs_left(JoinMode mode) {
  return mode != JoinMode::kRightSemi && mode != JoinMode::kRightAnti;
}
// Left rows without a match come out with NULLs.
inline bool keeps_left(JoinMode mode) {
  return mode == JoinMode::kLeft || mode == JoinMode::kFull || mode == JoinMode::kSingle;
}
inline bool keeps_right(JoinMode mode) {
  return mode == JoinMode::kRight || mode == JoinMode::kFull || mode == JoinMode::kRightAnti;
}
// Which right rows had a match decides what comes out in the end.
inline bool marks_right(JoinMode mode) { return keeps_right(mode) || mode == JoinMode::kRightSemi; }

std::vector<PhysicalType> join_output_types(JoinMode mode, const std::vector<PhysicalType>& left,
                                            const std::vector<PhysicalType>& right);

// The name EXPLAIN gives the node: "Hash Left Join", "Nested Loop", ...
const char* join_mode_label(JoinMode mode);

[[noreturn]] void throw_second_row();  // 21000 of a scalar subquery

}  // namespace luma
