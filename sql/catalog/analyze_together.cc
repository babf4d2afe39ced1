#include "sql/catalog/analyze_together.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/type/array.h"

namespace luma {
namespace {

using Columns = std::vector<size_t>;  // places in the sample

// All sets of `size` of the first `count` places, in ascending order.
std::vector<Columns> combinations(size_t count, size_t size) {
  std::vector<Columns> out;
  Columns chosen(size);
  std::iota(chosen.begin(), chosen.end(), 0);
  for (;;) {
    out.push_back(chosen);
    size_t i = size;
    while (i > 0 && chosen[i - 1] == count - size + i - 1) --i;
    if (i == 0) return out;
    ++chosen[i - 1];
    for (; i < size; ++i) chosen[i] = chosen[i - 1] + 1;
  }
}

class Rows {
 public:
  explicit Rows(const JointSample& sample) : sample_(sample) {
    for (TypeRef type : sample.types) types_.push_back(&type_info(type.oid));
  }

  size_t size() const { return sample_.columns.front()->size(); }
  // NULLs are equal to each other and come last.
  int compare(const Columns& columns, uint32_t a, uint32_t b) const {
    for (size_t column : columns) {
      const Value& left = (*sample_.columns[column])[a];
      const Value& right = (*sample_.columns[column])[b];
      if (left.is_null || right.is_null) {
        if (left.is_null == right.is_null) continue;
        return left.is_null ? 1 : -1;
      }
      int order = types_[column]->compare(left.datum, right.datum, *types_[column]);
      if (order != 0) return order;
    }
    return 0;
  }
  std::vector<uint32_t> sorted(const Columns& columns) const {
    std::vector<uint32_t> rows(size());
    std::iota(rows.begin(), rows.end(), 0);
    std::ranges::sort(rows, [&](uint32_t a, uint32_t b) { return compare(columns, a, b) < 0; });
    return rows;
  }
  // Runs of rows that are equal in the columns, as [first, last) of what sorted() gave.
  template <typename Visit>
  void for_each_group(const std::vector<uint32_t>& rows, const Columns& columns,
                      Visit&& visit) const {
    for (size_t first = 0, last = 0; first < rows.size(); first = last) {
      while (last < rows.size() && compare(columns, rows[first], rows[last]) == 0) ++last;
      visit(first, last);
    }
  }

 private:
  const JointSample& sample_;
  std::vector<const TypeInfo*> types_;
};

// Haas and Stokes' Duj1, as for single columns.
double distinct_groups(const Rows& rows, const Columns& columns, double table_rows) {
  double groups = 0, single = 0;
  rows.for_each_group(rows.sorted(columns), columns, [&](size_t first, size_t last) {
    ++groups;
    if (last - first == 1) ++single;
  });
  const auto seen = static_cast<double>(rows.size());
  double estimate = seen * groups / (seen - single + single * seen / table_rows);
  return std::floor(std::clamp(estimate, groups, std::max(groups, table_rows)) + 0.5);
}

// The part of the rows in groups with one value of the last column.
double dependency_degree(const Rows& rows, const Columns& columns) {
  Columns determining(columns.begin(), columns.end() - 1), implied{columns.back()};
  size_t supporting = 0;
  std::vector<uint32_t> order = rows.sorted(columns);
  rows.for_each_group(order, determining, [&](size_t first, size_t last) {
    if (rows.compare(implied, order[first], order[last - 1]) == 0) supporting += last - first;
  });
  return static_cast<double>(supporting) / static_cast<double>(rows.size());
}

// Combinations that are seen less often may be so by chance.
double least_common_count(double sample_rows, double table_rows) {
  double denominator = table_rows - sample_rows + 0.04 * sample_rows * (table_rows - 1);
  return denominator == 0 ? 0 : sample_rows * (table_rows - sample_rows) / denominator;
}

std::string values_of(const JointSample& sample, uint32_t row, Arena& arena) {
  ArrayBuilder builder(type_oid::kText);
  IoContext io;
  for (size_t i = 0; i < sample.columns.size(); ++i) {
    const Value& value = (*sample.columns[i])[row];
    if (value.is_null) {
      builder.add(Value::null());
      continue;
    }
    const TypeInfo& type = type_info(sample.types[i].oid);
    std::string text;
    type.output(value.datum, type, io, text);
    builder.add(Datum::of_string(arena.copy(text)));
  }
  return std::string(builder.finish(arena).str.view());
}

void find_common(const Rows& rows, const JointSample& sample, JointStatistics& out) {
  Columns all(sample.columns.size());
  std::iota(all.begin(), all.end(), 0);
  struct Group {
    uint32_t row;
    size_t count;
  };
  std::vector<Group> groups;
  std::vector<uint32_t> order = rows.sorted(all);
  rows.for_each_group(order, all, [&](size_t first, size_t last) {
    groups.push_back({order[first], last - first});
  });
  std::ranges::stable_sort(groups, std::greater<>(), &Group::count);
  const auto seen = static_cast<double>(rows.size());
  const double least = least_common_count(seen, sample.table_rows);
  if (groups.size() > static_cast<size_t>(sample.target)) {
    groups.resize(static_cast<size_t>(sample.target));
  }
  while (!groups.empty() && static_cast<double>(groups.back().count) < least) groups.pop_back();
  std::vector<double> base(groups.size(), 1);
  for (size_t column : all) {
    std::vector<uint32_t> by_value = rows.sorted({column});
    for (size_t i = 0; i < groups.size(); ++i) {
      auto same = std::ranges::equal_range(by_value, groups[i].row, [&](uint32_t a, uint32_t b) {
        return rows.compare({column}, a, b) < 0;
      });
      base[i] *= static_cast<double>(same.size()) / seen;
    }
  }
  Arena arena;
  for (size_t i = 0; i < groups.size(); ++i) {
    out.common_values.push_back(values_of(sample, groups[i].row, arena));
    out.common_frequencies.push_back(static_cast<double>(groups[i].count) / seen);
    out.base_frequencies.push_back(base[i]);
  }
}

}  // namespace

JointStatistics analyze_together(const ExtendedStatistics& statistics, const JointSample& sample) {
  JointStatistics out;
  out.object = statistics.oid;
  out.columns = statistics.columns;
  const Rows rows(sample);
  const size_t count = statistics.columns.size();
  auto numbers = [&](const Columns& columns) {
    std::vector<int16_t> named;
    for (size_t column : columns) named.push_back(statistics.columns[column]);
    return named;
  };
  for (size_t size = 2; size <= count && statistics.has_kind('d'); ++size) {
    for (const Columns& columns : combinations(count, size)) {
      out.distinct.push_back({numbers(columns), distinct_groups(rows, columns, sample.table_rows)});
    }
  }
  for (size_t size = 1; size < count && statistics.has_kind('f'); ++size) {
    for (Columns columns : combinations(count, size)) {
      for (size_t implied = 0; implied < count; ++implied) {
        if (std::ranges::find(columns, implied) != columns.end()) continue;
        columns.push_back(implied);
        double degree = dependency_degree(rows, columns);
        if (degree > 0) out.dependencies.push_back({numbers(columns), degree});
        columns.pop_back();
      }
    }
  }
  if (statistics.has_kind('m')) find_common(rows, sample, out);
  return out;
}

}  // namespace luma
