// Window functions. Positions are row numbers in the sorted partition.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "sql/function/families.h"

namespace luma {

namespace {

// Fills rows with what `compute(row)` gives as int64 or double.
template <typename T, typename Compute>
void fill(uint64_t from, uint32_t count, Vector& result, Compute&& compute) {
  T* out = result.mutable_data<T>();
  for (uint32_t i = 0; i < count; ++i) out[i] = compute(from + i);
}

void row_number(const AggregateCall&, WindowPartition&, uint64_t from, uint32_t count,
                Vector& result) {
  fill<int64_t>(from, count, result, [](uint64_t row) { return static_cast<int64_t>(row) + 1; });
}

void rank(const AggregateCall&, WindowPartition& partition, uint64_t from, uint32_t count,
          Vector& result) {
  fill<int64_t>(from, count, result,
                [&](uint64_t row) { return static_cast<int64_t>(partition.peer_begin(row)) + 1; });
}

void dense_rank(const AggregateCall&, WindowPartition& partition, uint64_t from, uint32_t count,
                Vector& result) {
  // Groups before the first row are counted once, by hopping from group to group.
  int64_t groups = 0;
  uint64_t group_end = 0;
  while (group_end <= from) {
    group_end = partition.peer_end(group_end);
    ++groups;
  }
  fill<int64_t>(from, count, result, [&](uint64_t row) {
    while (row >= group_end) {
      group_end = partition.peer_end(group_end);
      ++groups;
    }
    return groups;
  });
}

void percent_rank(const AggregateCall&, WindowPartition& partition, uint64_t from, uint32_t count,
                  Vector& result) {
  uint64_t rows = partition.row_count();
  fill<double>(from, count, result, [&](uint64_t row) {
    return rows <= 1
               ? 0.0
               : static_cast<double>(partition.peer_begin(row)) / static_cast<double>(rows - 1);
  });
}

void cume_dist(const AggregateCall&, WindowPartition& partition, uint64_t from, uint32_t count,
               Vector& result) {
  auto rows = static_cast<double>(partition.row_count());
  fill<double>(from, count, result,
               [&](uint64_t row) { return static_cast<double>(partition.peer_end(row)) / rows; });
}

void ntile(const AggregateCall&, WindowPartition& partition, uint64_t from, uint32_t count,
           Vector& result) {
  // The argument is that of the partition's first row.
  Value argument = partition.argument(0, 0);
  if (argument.is_null) {
    for (uint32_t i = 0; i < count; ++i) result.set_null(i);
    return;
  }
  if (argument.datum.i32 <= 0) {
    throw sql_error(SqlState::kInvalidArgumentForNtile,
                    "argument of ntile must be greater than zero");
  }
  auto buckets = static_cast<uint64_t>(argument.datum.i32);
  uint64_t rows = partition.row_count();
  uint64_t size = rows / buckets, larger = rows % buckets;
  // The first `larger` buckets have one row more.
  fill<int32_t>(from, count, result, [&](uint64_t row) {
    uint64_t in_larger = larger * (size + 1);
    uint64_t bucket = row < in_larger ? row / (size + 1)
                                      : larger + (row - in_larger) / std::max<uint64_t>(size, 1);
    return static_cast<int32_t>(bucket) + 1;
  });
}

void shifted(const AggregateCall& call, WindowPartition& partition, uint64_t from, uint32_t count,
             Vector& result, int direction) {
  size_t args = call.expr.args.size();
  auto rows = static_cast<int64_t>(partition.row_count());
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t row = from + i;
    int64_t offset = 1;
    if (args > 1) {
      Value given = partition.argument(1, row);
      if (given.is_null) {
        result.set_null(i);
        continue;
      }
      offset = given.datum.i32;
    }
    int64_t target = static_cast<int64_t>(row) + direction * offset;
    if (target >= 0 && target < rows) {
      result.set_value(i, partition.argument(0, static_cast<uint64_t>(target)));
    } else {
      result.set_value(i, args > 2 ? partition.argument(2, row) : Value::null());
    }
  }
}
void lag(const AggregateCall& call, WindowPartition& partition, uint64_t from, uint32_t count,
         Vector& result) {
  shifted(call, partition, from, count, result, -1);
}
void lead(const AggregateCall& call, WindowPartition& partition, uint64_t from, uint32_t count,
          Vector& result) {
  shifted(call, partition, from, count, result, 1);
}

void first_value(const AggregateCall&, WindowPartition& partition, uint64_t from, uint32_t count,
                 Vector& result) {
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t at = partition.frame_begin(from + i), end = partition.frame_end(from + i);
    while (at < end && !partition.in_frame(from + i, at)) ++at;
    result.set_value(i, at < end ? partition.argument(0, at) : Value::null());
  }
}

void last_value(const AggregateCall&, WindowPartition& partition, uint64_t from, uint32_t count,
                Vector& result) {
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t begin = partition.frame_begin(from + i), at = partition.frame_end(from + i);
    while (at > begin && !partition.in_frame(from + i, at - 1)) --at;
    result.set_value(i, at > begin ? partition.argument(0, at - 1) : Value::null());
  }
}

void nth_value(const AggregateCall&, WindowPartition& partition, uint64_t from, uint32_t count,
               Vector& result) {
  for (uint32_t i = 0; i < count; ++i) {
    Value nth = partition.argument(1, from + i);
    if (nth.is_null) {
      result.set_null(i);
      continue;
    }
    if (nth.datum.i32 <= 0) {
      throw sql_error(SqlState::kInvalidArgumentForNthValue,
                      "argument of nth_value must be greater than zero");
    }
    uint64_t at = partition.frame_begin(from + i), end = partition.frame_end(from + i);
    int32_t left = nth.datum.i32;
    for (; at < end; ++at) {
      if (partition.in_frame(from + i, at) && --left == 0) break;
    }
    result.set_value(i, at < end ? partition.argument(0, at) : Value::null());
  }
}

constexpr WindowFunction kRowNumber{row_number}, kRank{rank}, kDenseRank{dense_rank},
    kPercentRank{percent_rank}, kCumeDist{cume_dist}, kNtile{ntile}, kLag{lag}, kLead{lead},
    kFirstValue{first_value}, kLastValue{last_value}, kNthValue{nth_value};

const KernelRow kRows[] = {
    window_row("row_number()", &kRowNumber, "number of the row in its partition"),
    window_row("rank()", &kRank, "rank with gaps"),
    window_row("dense_rank()", &kDenseRank, "rank without gaps"),
    window_row("percent_rank()", &kPercentRank, "relative rank"),
    window_row("cume_dist()", &kCumeDist, "cumulative distribution"),
    window_row("ntile(int4)", &kNtile, "number of the equal-sized bucket"),
    window_row("lag(anyelement)", &kLag, "value of the row before"),
    window_row("lag(anyelement,int4)", &kLag, "value of an earlier row"),
    window_row("lag(anycompatible,int4,anycompatible)", &kLag, "value of an earlier row"),
    window_row("lead(anyelement)", &kLead, "value of the next row"),
    window_row("lead(anyelement,int4)", &kLead, "value of a later row"),
    window_row("lead(anycompatible,int4,anycompatible)", &kLead, "value of a later row"),
    window_row("first_value(anyelement)", &kFirstValue, "value of the frame's first row"),
    window_row("last_value(anyelement)", &kLastValue, "value of the frame's last row"),
    window_row("nth_value(anyelement,int4)", &kNthValue, "value of the frame's n-th row"),
};

}  // namespace

std::span<const KernelRow> window_kernels() { return kRows; }

}  // namespace luma
