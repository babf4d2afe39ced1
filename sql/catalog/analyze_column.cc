#include "sql/catalog/analyze_column.h"

#include <algorithm>
#include <cmath>

#include "engine/base/arena.h"
#include "engine/type/array.h"
#include "engine/type/user_type.h"

namespace luma {
namespace {

// Wider values count, but are neither compared nor kept.
constexpr uint32_t kWidthLimit = 1024;
constexpr Oid kTextVector = 3614;

struct Item {
  Datum value;
  size_t row;  // among the values that are kept
};

// Equal values next to each other in the sorted sample.
struct Run {
  size_t first, count;
};

bool has_scalar_statistics(const TypeInfo& type) {
  // Ranges have histograms of their bounds in PostgreSQL, text vectors of their lexemes.
  return type.compare != nullptr && type.type_type != 'r' && type.type_type != 'm' &&
         type.oid != kTextVector;
}

std::string array_bytes(const ArrayBuilder& builder) {
  Arena arena;
  Datum array = builder.finish(arena);
  return std::string(array.str.view());
}

double estimate_distinct(double sample_rows, double table_rows, double nulls, double distinct,
                         double seen_once) {
  double n = sample_rows - nulls;
  double all = table_rows * (1 - nulls / sample_rows);
  double estimate = all > 0 ? n * distinct / ((n - seen_once) + seen_once * n / all) : 0;
  return std::floor(std::clamp(estimate, std::min(distinct, all), std::max(distinct, all)) + 0.5);
}

class ScalarAnalysis {
 public:
  ScalarAnalysis(const ColumnSample& sample, const TypeInfo& type, std::vector<Item> items,
                 size_t too_wide, ColumnStatistics& out)
      : sample_(sample),
        type_(type),
        items_(std::move(items)),
        too_wide_(too_wide),
        rows_(static_cast<double>(sample.values.size())),
        out_(out) {}

  void run() {
    std::sort(items_.begin(), items_.end(), [this](const Item& a, const Item& b) {
      int order = type_.compare(a.value, b.value, type_);
      return order != 0 ? order < 0 : a.row < b.row;
    });
    collect_runs();
    set_distinct();
    size_t kept = common_count();
    common_.resize(kept);
    keep_common();
    keep_histogram();
    set_correlation();
  }

 private:
  void collect_runs() {
    for (size_t i = 0; i < items_.size();) {
      size_t end = i + 1;
      while (end < items_.size() && type_.compare(items_[i].value, items_[end].value, type_) == 0) {
        ++end;
      }
      ++distinct_;
      if (end - i > 1) {
        ++repeated_;
        common_.push_back({i, end - i});
      }
      i = end;
    }
    // Of equally common ones the smaller come first.
    std::stable_sort(common_.begin(), common_.end(),
                     [](const Run& a, const Run& b) { return a.count > b.count; });
    if (common_.size() > static_cast<size_t>(sample_.target)) {
      common_.resize(static_cast<size_t>(sample_.target));
    }
  }

  void set_distinct() {
    double nulls = out_.null_fraction * rows_;
    double distinct;
    if (repeated_ == 0) {
      distinct = -1.0 * (1.0 - out_.null_fraction);
    } else if (too_wide_ == 0 && repeated_ == distinct_) {
      distinct = static_cast<double>(distinct_);
    } else {
      double once = static_cast<double>(distinct_ - repeated_ + too_wide_);
      distinct = estimate_distinct(rows_, sample_.table_rows, std::round(nulls),
                                   once + static_cast<double>(repeated_), once);
    }
    // Many distinct values grow with the table.
    if (distinct > 0.1 * sample_.table_rows) distinct = -(distinct / sample_.table_rows);
    out_.distinct = static_cast<float>(distinct);
  }

  size_t common_count() const {
    bool complete = common_.size() == distinct_ && too_wide_ == 0 && out_.distinct > 0 &&
                    common_.size() <= static_cast<size_t>(sample_.target);
    if (complete) return common_.size();
    std::vector<size_t> counts;
    for (const Run& run : common_) counts.push_back(run.count);
    return count_common_values(counts, out_.distinct, out_.null_fraction, rows_,
                               sample_.table_rows);
  }

  void keep_common() {
    if (common_.empty()) return;
    ArrayBuilder builder(type_.oid, type_.physical);
    for (const Run& run : common_) {
      builder.add(items_[run.first].value);
      out_.common_frequencies.push_back(static_cast<float>(static_cast<double>(run.count) / rows_));
    }
    out_.common_values = array_bytes(builder);
  }

  void keep_histogram() {
    size_t slices = std::min(distinct_ - common_.size(), static_cast<size_t>(sample_.target) + 1);
    if (slices < 2) return;
    std::vector<bool> is_common(items_.size());
    for (const Run& run : common_) {
      for (size_t i = 0; i < run.count; ++i) is_common[run.first + i] = true;
    }
    std::vector<const Datum*> rest;
    for (size_t i = 0; i < items_.size(); ++i) {
      if (!is_common[i]) rest.push_back(&items_[i].value);
    }
    ArrayBuilder builder(type_.oid, type_.physical);
    for (size_t i = 0; i < slices; ++i) {
      builder.add(*rest[i * (rest.size() - 1) / (slices - 1)]);
    }
    out_.histogram = array_bytes(builder);
  }

  void set_correlation() {
    if (items_.size() < 2) return;
    double products = 0;
    for (size_t i = 0; i < items_.size(); ++i) {
      products += static_cast<double>(i) * static_cast<double>(items_[i].row);
    }
    double n = static_cast<double>(items_.size());
    double sum = (n - 1) * n / 2, squares = (n - 1) * n * (2 * n - 1) / 6;
    out_.has_correlation = true;
    out_.correlation = static_cast<float>((n * products - sum * sum) / (n * squares - sum * sum));
  }

  const ColumnSample& sample_;
  const TypeInfo& type_;
  std::vector<Item> items_;
  size_t too_wide_;
  double rows_;
  ColumnStatistics& out_;
  size_t distinct_ = 0, repeated_ = 0;
  std::vector<Run> common_;
};

// NUMERIC as PostgreSQL stores it: a header of two bytes and two for every four decimal digits.
int32_t numeric_width_bytes(const Datum& value, const TypeInfo& type) {
  std::string sent;
  type.send(value, type, IoContext{}, sent);
  bool short_header = sent.size() <= 8 + 2 * 64;
  return 1 + (short_header ? 2 : 4) + static_cast<int32_t>(sent.size()) - 8;
}

}  // namespace

int32_t stored_width_bytes(const Datum& value, const TypeInfo& type) {
  if (type.len > 0) return type.len;
  if (type.oid == type_oid::kNumeric) return numeric_width_bytes(value, type);
  auto bytes = static_cast<int32_t>(value.str.size());
  return bytes + (bytes < 127 ? 1 : 4);
}

size_t count_common_values(const std::vector<size_t>& counts, double distinct, double null_fraction,
                           double sample_rows, double table_rows) {
  size_t kept = counts.size();
  if (sample_rows == table_rows || table_rows <= 1) return kept;
  double in_table = distinct < 0 ? -distinct * table_rows : distinct;
  double sum = 0;
  for (size_t i = 0; i + 1 < kept; ++i) sum += static_cast<double>(counts[i]);
  while (kept > 0) {
    double selectivity = std::clamp(1.0 - sum / sample_rows - null_fraction, 0.0, 1.0);
    double others = in_table - static_cast<double>(kept - 1);
    if (others > 1) selectivity /= others;
    // A count is kept when it is two standard deviations (of drawing without putting back) and half
    // a row above what the average of the rest would give.
    double count = static_cast<double>(counts[kept - 1]);
    double expected = table_rows * count / sample_rows;
    double variance = sample_rows * expected * (table_rows - expected) *
                      (table_rows - sample_rows) / (table_rows * table_rows * (table_rows - 1));
    if (count > selectivity * sample_rows + 2 * std::sqrt(variance) + 0.5) break;
    --kept;
    if (kept > 0) sum -= static_cast<double>(counts[kept - 1]);
  }
  return kept;
}

ColumnStatistics analyze_column(const ColumnSample& sample) {
  ColumnStatistics out;
  out.type = sample.type.oid;
  const TypeInfo& declared = type_info(sample.type.oid);
  const TypeInfo& type =
      declared.type_type == 'd' ? type_info(base_type_of(declared.oid)) : declared;
  std::vector<Item> items;
  size_t nulls = 0, too_wide = 0;
  int64_t width_bytes = 0;
  for (const Value& value : sample.values) {
    if (value.is_null) {
      ++nulls;
      continue;
    }
    width_bytes += stored_width_bytes(value.datum, type);
    if (type.physical == PhysicalType::kVarlen && value.datum.str.size() > kWidthLimit) {
      ++too_wide;
    } else {
      items.push_back({value.datum, items.size()});
    }
  }
  size_t rows = sample.values.size();
  if (rows == 0) return out;
  out.null_fraction = static_cast<float>(static_cast<double>(nulls) / static_cast<double>(rows));
  size_t present = rows - nulls;
  if (type.len > 0) {
    out.width_bytes = type.len;
  } else if (present > 0) {
    out.width_bytes = static_cast<int32_t>(width_bytes / static_cast<int64_t>(present));
  }
  if (present == 0) return out;
  if (type.type_type == 'r' || type.type_type == 'm' || items.empty() || type.oid == kTextVector) {
    out.distinct = -1.0f * (1.0f - out.null_fraction);
    return out;
  }
  if (!has_scalar_statistics(type)) return out;
  ScalarAnalysis(sample, type, std::move(items), too_wide, out).run();
  return out;
}

}  // namespace luma
