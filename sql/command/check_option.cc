#include "sql/command/check_option.h"

#include <algorithm>

#include "sql/function/updatable_view.h"

namespace luma {

void require_checkable(CommandContext& context, const Table& view) {
  bool checks = std::ranges::any_of(
      view.options, [](const std::string& option) { return option.starts_with("check_option="); });
  if (!checks) return;
  Arena arena;
  SearchPath path = context.environment().resolve_path(view.definition_search_path);
  ViewShape shape = shape_of_view(*context.ddl().view(), view, path, arena);
  if (shape.obstacle.empty() && !shape.has_updatable_columns()) {
    shape.obstacle = "Views that have no updatable columns are not automatically updatable.";
  }
  if (shape.obstacle.empty()) return;
  throw SqlError(SqlState::kFeatureNotSupported,
                 "WITH CHECK OPTION is supported only on automatically updatable views")
      .hint(std::string(shape.obstacle));
}

}  // namespace luma
