#include "sql/optimize/joint_estimates.h"

#include <algorithm>
#include <limits>

#include "engine/type/array.h"

namespace luma {
namespace {

const FixedColumn* find(const std::vector<FixedColumn>& columns, int16_t number) {
  auto at = std::ranges::find(columns, number, &FixedColumn::number);
  return at == columns.end() ? nullptr : &*at;
}

bool has_value(const ArrayView& values, uint32_t place, const FixedColumn& column, Arena& arena) {
  if (values.is_null(place)) return false;
  const TypeInfo& type = type_info(column.type.oid);
  IoContext io;
  Datum stored = type.input(values.datum(place).str.view(), type, column.type.typmod, io, arena);
  return std::ranges::any_of(
      column.values, [&](const Datum& value) { return type.compare(stored, value, type) == 0; });
}

// From the most common combinations; what is not among them is estimated as if the columns were
// independent.
double common_selectivity(const JointStatistics& joint, const std::vector<FixedColumn>& columns) {
  double matching = 0, base = 0, total = 0, simple = 1;
  for (const FixedColumn& column : columns) {
    if (std::ranges::find(joint.columns, column.number) != joint.columns.end()) {
      simple *= column.selectivity;
    }
  }
  Arena arena;
  for (size_t i = 0; i < joint.common_values.size(); ++i) {
    ArrayView values(Datum::of_string(std::string_view(joint.common_values[i])));
    bool matches = true;
    for (uint32_t place = 0; place < joint.columns.size() && matches; ++place) {
      const FixedColumn* column = find(columns, joint.columns[place]);
      matches = column == nullptr || has_value(values, place, *column, arena);
    }
    total += joint.common_frequencies[i];
    if (!matches) continue;
    matching += joint.common_frequencies[i];
    base += joint.base_frequencies[i];
  }
  double other = std::clamp(simple - base, 0.0, std::max(0.0, 1 - total));
  return std::clamp(matching + other, 0.0, 1.0);
}

size_t covered_columns(const JointStatistics& joint, const std::vector<FixedColumn>& columns) {
  return static_cast<size_t>(std::ranges::count_if(
      joint.columns, [&](int16_t number) { return find(columns, number) != nullptr; }));
}

double take_common(const TableStatisticsObject& table, std::vector<FixedColumn>& columns) {
  double product = 1;
  for (;;) {
    const JointStatistics* best = nullptr;
    size_t most = 1;
    for (const JointStatistics& joint : table.joint) {
      size_t covered = joint.common_values.empty() ? 0 : covered_columns(joint, columns);
      if (covered > most) {
        most = covered;
        best = &joint;
      }
    }
    if (best == nullptr) return product;
    product *= common_selectivity(*best, columns);
    std::erase_if(columns, [&](const FixedColumn& column) {
      return std::ranges::find(best->columns, column.number) != best->columns.end();
    });
  }
}

// The dependency that explains a column best: by the most columns, then by degree.
const JointStatistics::Group* strongest_dependency(const TableStatisticsObject& table,
                                                   const std::vector<FixedColumn>& columns,
                                                   const std::vector<int16_t>& explained) {
  const JointStatistics::Group* best = nullptr;
  for (const JointStatistics& joint : table.joint) {
    for (const JointStatistics::Group& group : joint.dependencies) {
      bool usable = std::ranges::all_of(group.columns, [&](int16_t number) {
        return find(columns, number) != nullptr &&
               std::ranges::find(explained, number) == explained.end();
      });
      if (!usable) continue;
      if (best == nullptr || group.columns.size() > best->columns.size() ||
          (group.columns.size() == best->columns.size() && group.value > best->value)) {
        best = &group;
      }
    }
  }
  return best;
}

double take_dependent(const TableStatisticsObject& table, std::vector<FixedColumn>& columns) {
  std::vector<const JointStatistics::Group*> chain;
  std::vector<int16_t> explained;
  while (const auto* group = strongest_dependency(table, columns, explained)) {
    chain.push_back(group);
    explained.push_back(group->columns.back());
  }
  std::vector<int16_t> involved;
  for (const auto* group : chain) {
    involved.insert(involved.end(), group->columns.begin(), group->columns.end());
  }
  // From the last to the first: what a column adds to those that it follows from.
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    const std::vector<int16_t>& names = (*at)->columns;
    double determining = 1;
    for (size_t i = 0; i + 1 < names.size(); ++i) {
      determining *= find(columns, names[i])->selectivity;
    }
    auto& implied = *std::ranges::find(columns, names.back(), &FixedColumn::number);
    const double degree = (*at)->value, own = implied.selectivity;
    implied.selectivity =
        (determining <= own ? degree : degree * own / determining) + (1 - degree) * own;
  }
  double product = 1;
  std::erase_if(columns, [&](const FixedColumn& column) {
    if (std::ranges::find(involved, column.number) == involved.end()) return false;
    product *= column.selectivity;
    return true;
  });
  return product;
}

}  // namespace

double joint_selectivity(const TableStatisticsObject& table, std::vector<FixedColumn>& columns) {
  double product = take_common(table, columns);
  return product * take_dependent(table, columns);
}

std::optional<double> joint_distinct(const TableStatisticsObject& table,
                                     std::vector<int16_t>& columns) {
  const JointStatistics::Group* best = nullptr;
  for (const JointStatistics& joint : table.joint) {
    for (const JointStatistics::Group& group : joint.distinct) {
      bool usable = std::ranges::all_of(group.columns, [&](int16_t number) {
        return std::ranges::find(columns, number) != columns.end();
      });
      if (usable && (best == nullptr || group.columns.size() > best->columns.size())) {
        best = &group;
      }
    }
  }
  if (best == nullptr) return std::nullopt;
  std::erase_if(columns, [&](int16_t number) {
    return std::ranges::find(best->columns, number) != best->columns.end();
  });
  return best->value;
}

double joint_groups(const TableStatisticsObject* table, const std::vector<int16_t>& numbers,
                    const std::vector<double>& values, double rows) {
  std::vector<int16_t> rest = numbers;
  double product = 1, most = 1;
  int factors = 0;
  auto multiply = [&](double distinct) {
    product *= distinct;
    most = std::max(most, distinct);
    ++factors;
  };
  if (table != nullptr) {
    while (std::optional<double> together = joint_distinct(*table, rest)) multiply(*together);
  }
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (std::ranges::find(rest, numbers[i]) != rest.end()) multiply(values[i]);
  }
  // Columns are seldom independent.
  if (factors > 1) product = std::min(product, std::max(most, rows / 10));
  return std::min(product, rows);
}

}  // namespace luma
