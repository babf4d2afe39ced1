#pragma once
// What operators cost, in PostgreSQL's unit (one page read in sequence), so that 0.01 is a row of
// an ordinary table that a scan reads: about 300 ns on the machine where the constants were
// measured (TPC-H: scans of lineitem, its join with orders by hash, and by lookup, where a key and
// its four rows take 5 to 6 us). Only ratios decide; EXPLAIN shows the sums.
#include <algorithm>
#include <cmath>
#include <cstddef>

namespace luma::cost {

// What a setting has switched off is dearer than everything else, and still possible.
inline constexpr double kDisabled = 1e10;

// Scans, by row.
inline constexpr double kScanRow = 0.01;
inline constexpr double kColumnarScanColumn = 0.0001;  // of one column
inline constexpr double kVirtualRow = 0.02;            // of a system relation, made from objects
inline constexpr double kVirtualLookup = 0.05;         // to find its rows by a key
inline constexpr double kCondition = 0.0003;           // one more conjunct evaluated
// To find the first row of a range of keys; rows found by index entries are read one by one.
inline constexpr double kLookup = 0.1;
inline constexpr double kFetchRow = 0.06;
// Of a row table that is otherwise scanned through its columnar index: its blocks are not at hand,
// and one thread looks rows up where several scan. Such a scan has to begin, too.
inline constexpr double kColdLookup = 0.2;
inline constexpr double kColumnarStart = 2;
// A block of one column of a columnar table is decoded for one row.
inline constexpr double kFetchColumn = 0.1;

inline constexpr double kModifyRow = 0.05;  // written, with its indexes

// Joins, by row.
inline constexpr double kBuildRow = 0.004;
inline constexpr double kProbeRow = 0.0015;
inline constexpr double kFilteredRow = 0.0003;  // that the keys spare, in a columnar scan
inline constexpr double kPair = 0.0003;         // that a nested loop looks at
inline constexpr double kRescan = 0.005;        // the inner side of a lookup starts anew
inline constexpr double kSpillRow = 0.006;      // to a temporary file and back

inline constexpr double kOutputRow = 0.0004;
inline constexpr double kAggregateRow = 0.0015;
inline constexpr double kGroup = 0.004;
inline constexpr double kSortComparison = 0.0004;

// Beyond work_mem both sides go to files once.
inline double hash_join(double build_rows, double build_width_bytes, double probe_rows,
                        double output_rows, size_t work_mem_bytes) {
  double total = build_rows * kBuildRow + probe_rows * kProbeRow + output_rows * kOutputRow;
  constexpr double kEntryBytes = 24;
  if (build_rows * (build_width_bytes + kEntryBytes) > static_cast<double>(work_mem_bytes)) {
    total += (build_rows + probe_rows) * kSpillRow;
  }
  return total;
}

inline double nested_loop(double outer_rows, double inner_rows, double output_rows) {
  return outer_rows * std::max(1.0, inner_rows) * kPair + output_rows * kOutputRow;
}

// `path_cost`: of one lookup.
inline double lookup_join(double outer_rows, double path_cost, double output_rows) {
  return outer_rows * (path_cost + kRescan) + output_rows * kOutputRow;
}

inline double sort(double rows) { return rows * std::log2(std::max(2.0, rows)) * kSortComparison; }

inline double aggregate(double rows, double groups) {
  return rows * kAggregateRow + groups * kGroup;
}

}  // namespace luma::cost
