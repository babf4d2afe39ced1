// Window frames against a reference that looks at every row of the partition.
#include "engine/exec/op_window.h"

#include <catch2/catch.hpp>

#include "engine/exec/op_test_aggregates.h"

namespace luma {
namespace {

using namespace testing;  // NOLINT

void row_number(const AggregateCall&, WindowPartition&, uint64_t from, uint32_t count,
                Vector& result) {
  for (uint32_t i = 0; i < count; ++i)
    result.mutable_data<int64_t>()[i] = static_cast<int64_t>(from + i + 1);
}
// How many rows are in the frame, as the partition tells it.
void frame_size(const AggregateCall&, WindowPartition& partition, uint64_t from, uint32_t count,
                Vector& result) {
  for (uint32_t i = 0; i < count; ++i) {
    int64_t size = 0;
    for (uint64_t r = 0; r < partition.row_count(); ++r)
      size += partition.in_frame(from + i, r) ? 1 : 0;
    result.mutable_data<int64_t>()[i] = size;
  }
}
constexpr WindowFunction kRowNumber{row_number};
constexpr WindowFunction kFrameSize{frame_size};

struct FrameCase {
  WindowFrame frame;
  int64_t start = 0, end = 0;
};

// Rows of one partition, sorted: (partition, order, value). Whether `c` is in the frame of `r`.
bool reference_in_frame(const FrameCase& f, bool descending, const Rows& rows, size_t r, size_t c) {
  auto same = [&](size_t a, size_t b) { return rows[a][1] == rows[b][1]; };
  std::vector<size_t> group(f.frame.mode == FrameMode::kGroups ? rows.size() : 0);
  for (size_t i = 1; i < group.size(); ++i) group[i] = group[i - 1] + (same(i, i - 1) ? 0 : 1);
  auto inside = [&](FrameBound bound, int64_t offset, bool is_start) {
    if (bound == FrameBound::kUnboundedPreceding) return is_start;
    if (bound == FrameBound::kUnboundedFollowing) return !is_start;
    int64_t distance = 0;  // of c from r in the frame's unit, along the order
    if (bound == FrameBound::kCurrentRow) offset = 0;
    if (bound == FrameBound::kPreceding) offset = -offset;
    switch (f.frame.mode) {
      case FrameMode::kRows:
        distance = static_cast<int64_t>(c) - static_cast<int64_t>(r);
        break;
      case FrameMode::kGroups:
        distance = static_cast<int64_t>(group[c]) - static_cast<int64_t>(group[r]);
        break;
      case FrameMode::kRange:
        if (!rows[r][1] || !rows[c][1]) {
          // NULLs sort last here and are in range of each other only.
          if (!rows[r][1] && !rows[c][1]) return true;
          bool after = rows[c][1] == Cell();
          return after == is_start;
        }
        distance = (*rows[c][1] - *rows[r][1]) * (descending ? -1 : 1);
        break;
    }
    return is_start ? distance >= offset : distance <= offset;
  };
  if (!inside(f.frame.start, f.start, true) || !inside(f.frame.end, f.end, false)) return false;
  switch (f.frame.exclude) {
    case FrameExclude::kNone:
      return true;
    case FrameExclude::kCurrentRow:
      return c != r;
    case FrameExclude::kGroup:
      return !same(c, r);
    case FrameExclude::kTies:
      return c == r || !same(c, r);
  }
  return true;
}

TEST_CASE("window frames") {
  std::mt19937 random(21);
  TestExprs e;
  const FrameBound starts[] = {FrameBound::kUnboundedPreceding, FrameBound::kPreceding,
                               FrameBound::kCurrentRow, FrameBound::kFollowing};
  const FrameBound ends[] = {FrameBound::kPreceding, FrameBound::kCurrentRow,
                             FrameBound::kFollowing, FrameBound::kUnboundedFollowing};
  for (bool spill : {false, true}) {
    for (bool descending : {false, true}) {
      std::vector<FrameCase> frames;
      for (FrameMode mode : {FrameMode::kRows, FrameMode::kRange, FrameMode::kGroups}) {
        for (FrameBound start : starts) {
          for (FrameBound end : ends) {
            if (start > end) continue;
            FrameCase f;
            f.frame.mode = mode;
            f.frame.start = start;
            f.frame.end = end;
            f.frame.exclude = static_cast<FrameExclude>(random() % 4);
            f.start = start == FrameBound::kFollowing ? 1 : 3;
            f.end = end == FrameBound::kPreceding ? 1 : 2;
            f.frame.start_offset = e.number(f.start);
            f.frame.end_offset = e.number(f.end);
            frames.push_back(f);
          }
        }
      }
      Rows rows = random_rows(random, 800, 3, 60, 10);
      for (Row& row : rows) row[0] = row[0] ? Cell(*row[0] < 20 ? 0 : *row[0]) : Cell();
      std::vector<SortKey> order{{.expr = e.slot(1), .descending = descending}};
      WindowSpec spec;
      spec.partition_by = {e.slot(0, kTextType)};
      spec.order_by = order;
      auto add = [&](const FrameCase& f, const AggregateFunction* function,
                     const WindowFunction* window, Expr* filter) {
        auto* info = e.window_info();
        info->frame = f.frame;
        info->filter = filter;
        Expr* call = e.node(ExprKind::kWindow, kInt8Type, {e.slot(2)});
        call->window = info;
        call->implementation.aggregate = function;
        call->implementation.window = window;
        spec.calls.push_back(call);
      };
      for (const FrameCase& f : frames) {
        add(f, &kSum, nullptr, nullptr);
        add(f, &kRemovableSum, nullptr, e.less(e.slot(2), e.number(30)));
        add(f, nullptr, &kFrameSize, nullptr);
      }
      add(frames[0], nullptr, &kRowNumber, nullptr);
      WindowOperator plan(
          std::make_unique<TestSource>(std::vector<TypeRef>{kTextType, kInt8Type, kInt8Type}, rows),
          spec);
      TestExecution execution(spill);
      plan.open(execution.context);
      Rows result = execution.read(plan);
      plan.close(execution.context);
      CHECK(execution.budget.used_bytes() == 0);
      CHECK((plan.stats().spilled_bytes > 0) == spill);
      REQUIRE(result.size() == rows.size());
      // The result itself tells the order within partitions; its values are checked frame by frame.
      std::map<Cell, Rows> partitions;
      for (const Row& row : result) partitions[row[0]].push_back(row);
      size_t wrong = 0;
      for (const auto& [key, part] : partitions) {
        for (size_t r = 0; r < part.size(); ++r) {
          for (size_t f = 0; f < frames.size(); ++f) {
            Cell sum, filtered;
            int64_t size = 0;
            for (size_t c = 0; c < part.size(); ++c) {
              if (!reference_in_frame(frames[f], descending, part, r, c)) continue;
              ++size;
              if (!part[c][2]) continue;
              sum = sum.value_or(0) + *part[c][2];
              if (*part[c][2] < 30) filtered = filtered.value_or(0) + *part[c][2];
            }
            bool right = part[r][3 + 3 * f] == sum && part[r][4 + 3 * f] == filtered &&
                         part[r][5 + 3 * f] == size;
            if (!right && wrong++ == 0) UNSCOPED_INFO("first wrong frame: " << f << " row " << r);
          }
          if (part[r].back() != Cell(static_cast<int64_t>(r + 1))) ++wrong;
        }
      }
      CHECK(wrong == 0);
      Rows input;
      for (const Row& row : result) input.push_back({row[0], row[1], row[2]});
      CHECK(sorted(input) == sorted(rows));
    }
  }
}

}  // namespace
}  // namespace luma
