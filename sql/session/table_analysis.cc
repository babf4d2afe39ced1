#include "sql/session/table_analysis.h"

#include <algorithm>

#include "engine/table/row_sample.h"
#include "sql/catalog/analyze_column.h"
#include "sql/catalog/analyze_together.h"
#include "sql/session/instance.h"

namespace luma {
namespace {

// Rows that make a histogram of one slice reliable (Chaudhuri, Motwani and Narasayya 1998, as
// PostgreSQL uses it).
constexpr size_t kRowsPerTarget = 300;

int target_of(const TableAnalysis& analysis, const Column& column) {
  return column.statistics_target < 0 ? analysis.default_target : column.statistics_target;
}

std::vector<const Column*> columns_to_analyze(const TableAnalysis& analysis) {
  std::vector<const Column*> out;
  for (const Column& column : analysis.table.columns) {
    bool wanted = analysis.all_columns ||
                  std::ranges::find(analysis.only, column.number) != analysis.only.end();
    if (!wanted || column.dropped || target_of(analysis, column) == 0) continue;
    if (find_type(column.type.oid) != nullptr) out.push_back(&column);
  }
  return out;
}

int32_t pages_of(SqlInstance& instance, uint32_t storage_id, double rows) {
  int64_t bytes = instance.storage_size_bytes(storage_id);
  return std::max(static_cast<int32_t>((bytes + 8191) / 8192), rows > 0 ? 1 : 0);
}

void set_sizes(const TableAnalysis& analysis, double rows, TableStatisticsObject& out) {
  out.storage_id = analysis.table.storage_id;
  out.rows = rows;
  out.pages = pages_of(analysis.instance, analysis.table.storage_id, rows);
  out.indexes.clear();
  for (Oid oid : analysis.catalog.indexes_of(analysis.table.oid)) {
    const Index* index = analysis.catalog.index(oid);
    if (index == nullptr) continue;
    // A partial index has fewer entries; how many is not known.
    double entries = index->predicate.empty() ? rows : -1;
    out.indexes.push_back({oid, entries, pages_of(analysis.instance, index->storage_id, rows)});
  }
}

void replace(std::vector<ColumnStatistics>& columns, ColumnStatistics made) {
  auto at = std::ranges::lower_bound(columns, made.number, {}, &ColumnStatistics::number);
  if (at != columns.end() && at->number == made.number) {
    *at = std::move(made);
  } else {
    columns.insert(at, std::move(made));
  }
}

// Statistics of the table whose columns are not all in the sample stay as they are.
std::vector<JointStatistics> joint_statistics(const TableAnalysis& analysis,
                                              const std::vector<const Column*>& columns,
                                              const RowSample& sample) {
  std::vector<JointStatistics> out;
  const TableStatisticsObject* before = analysis.catalog.statistics(analysis.table.oid);
  for (const ExtendedStatistics* one :
       extended_statistics_of(analysis.catalog, analysis.table.oid)) {
    JointSample together;
    together.table_rows = sample.table_rows;
    int target = 0;
    for (int16_t number : one->columns) {
      auto at = std::ranges::find(columns, number, &Column::number);
      if (at == columns.end()) break;
      together.types.push_back((*at)->type);
      together.columns.push_back(&sample.columns[static_cast<size_t>(at - columns.begin())]);
      target = std::max(target, target_of(analysis, **at));
    }
    const bool complete = together.columns.size() == one->columns.size();
    together.target = one->target >= 0 ? one->target : target;
    if (complete && together.target > 0 && !together.columns.front()->empty()) {
      out.push_back(analyze_together(*one, together));
      analysis.breathe();
    } else if (before != nullptr) {
      for (const JointStatistics& known : before->joint) {
        if (known.object == one->oid) out.push_back(known);
      }
    }
  }
  return out;
}

}  // namespace

AnalyzedTable analyze_table(const TableAnalysis& analysis) {
  std::vector<const Column*> columns = columns_to_analyze(analysis);
  RowSampleOptions options;
  int target = 0;
  for (const Column* column : columns) {
    options.attributes.push_back(column->number - 1);
    target = std::max(target, target_of(analysis, *column));
  }
  options.rows = static_cast<size_t>(target) * kRowsPerTarget;
  options.view = analysis.view;
  options.breathe = analysis.breathe;
  RowSample sample = sample_rows(*analysis.desc, analysis.transaction, options);

  AnalyzedTable out;
  const TableStatisticsObject* before = analysis.catalog.statistics(analysis.table.oid);
  out.statistics = before == nullptr ? std::make_shared<TableStatisticsObject>()
                                     : std::make_shared<TableStatisticsObject>(*before);
  TableStatisticsObject& made = *out.statistics;
  made.oid = analysis.table.oid;
  made.name = std::to_string(analysis.table.oid);
  set_sizes(analysis, sample.table_rows, made);
  made.joint = joint_statistics(analysis, columns, sample);
  for (size_t i = 0; i < columns.size(); ++i) {
    const Column& column = *columns[i];
    out.sample_rows = sample.columns[i].size();
    // Of an empty table nothing new is learnt.
    if (sample.columns[i].empty()) continue;
    ColumnStatistics statistics = analyze_column({column.type, std::move(sample.columns[i]),
                                                  sample.table_rows, target_of(analysis, column)});
    statistics.number = column.number;
    replace(made.columns, std::move(statistics));
    analysis.breathe();
  }
  return out;
}

}  // namespace luma
