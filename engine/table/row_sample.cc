#include "engine/table/row_sample.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "engine/columnar/columnar_cursor.h"
#include "engine/row/key_codec.h"
#include "engine/row/row_codec.h"
#include "engine/txn/txn_iterator.h"

namespace luma {
namespace {

// Long rows make the sample smaller.
constexpr size_t kMostBytes = size_t{64} << 20;
constexpr uint64_t kBreatheRows = 1024;
// Blocks of a columnar table that are decoded at most.
constexpr size_t kMostWindows = 3000;

// The same rows every time: plans should not change because somebody looked again.
using Random = std::mt19937_64;

uint64_t below(Random& random, uint64_t bound) {
  return std::uniform_int_distribution<uint64_t>(0, bound - 1)(random);
}

// Keeps each of the rows seen so far with the same probability.
class Reservoir {
 public:
  explicit Reservoir(size_t capacity) : capacity_(capacity) {}

  void offer(std::string_view bytes) {
    uint64_t position = seen_++;
    if (rows_.size() < capacity_) {
      add(position, bytes);
      return;
    }
    uint64_t place = below(random_, seen_);
    if (place >= capacity_) return;
    Row& row = rows_[place];
    bytes_ += bytes.size();
    bytes_ -= row.bytes.size();
    row.position = position;
    row.bytes.assign(bytes);
    if (bytes_ > kMostBytes) halve();
  }

  uint64_t seen() const { return seen_; }
  struct Row {
    uint64_t position;
    std::string bytes;
  };
  // In the order in which they came.
  std::vector<Row>& finish() {
    std::ranges::sort(rows_, {}, &Row::position);
    return rows_;
  }

 private:
  void add(uint64_t position, std::string_view bytes) {
    rows_.push_back({position, std::string(bytes)});
    bytes_ += bytes.size();
    if (bytes_ > kMostBytes) halve();
  }
  void halve() {
    if (rows_.size() < 2) return;
    std::shuffle(rows_.begin(), rows_.end(), random_);
    capacity_ = rows_.size() / 2;
    rows_.resize(capacity_);
    bytes_ = 0;
    for (const Row& row : rows_) bytes_ += row.bytes.size();
  }

  size_t capacity_;
  std::vector<Row> rows_;
  size_t bytes_ = 0;
  uint64_t seen_ = 0;
  Random random_;
};

void sample_ordinary(const TableDesc& table, Transaction& transaction,
                     const RowSampleOptions& options, RowSample& out) {
  std::string lower, upper;
  append_storage_id(lower, table.storage_id);
  upper = lower;
  make_prefix_end(upper);
  Reservoir reservoir(options.rows);
  uint64_t rows = 0;
  auto iterator = transaction.scan(KvFamily::kData, lower, upper, options.view, false);
  for (iterator->seek_first(); iterator->valid(); iterator->next()) {
    if ((++rows & (kBreatheRows - 1)) == 0) options.breathe();
    if (options.rows != 0) reservoir.offer(iterator->value());
  }
  out.table_rows = static_cast<double>(rows);
  StoredLayout layout(table);
  for (Reservoir::Row& bytes : reservoir.finish()) {
    StoredRow row(layout, bytes.bytes);
    for (size_t i = 0; i < options.attributes.size(); ++i) {
      auto attribute = static_cast<uint32_t>(options.attributes[i]);
      Value value = row.is_null(attribute) ? Value::null() : row.value(attribute);
      if (!value.is_null) {
        value.datum = copy_datum(value.datum, layout.columns()[attribute].physical, *out.arena);
      }
      out.columns[i].push_back(value);
    }
    bytes.bytes = {};
  }
}

// Which rows of a window of `size` rows, ascending.
std::vector<uint32_t> choose(Random& random, uint32_t size, size_t wanted) {
  std::vector<uint32_t> rows(size);
  for (uint32_t i = 0; i < size; ++i) rows[i] = i;
  if (wanted >= size) return rows;
  std::vector<uint32_t> out;
  std::sample(rows.begin(), rows.end(), std::back_inserter(out), wanted, random);
  return out;
}

void sample_columnar(const TableDesc& table, Transaction& transaction,
                     const RowSampleOptions& options, RowSample& out) {
  uint64_t rows = 0;
  size_t windows = 0;
  ColumnarCursor cursor(table, options.attributes);
  for (cursor.open(transaction, options.view); cursor.next(); ++windows) {
    rows += cursor.size();
    options.breathe();
  }
  cursor.close();
  out.table_rows = static_cast<double>(rows);
  if (rows == 0 || options.rows == 0) return;
  Random random;
  double part_of_windows =
      std::min(1.0, static_cast<double>(kMostWindows) / static_cast<double>(windows));
  double part_of_rows = std::min(
      1.0, static_cast<double>(options.rows) / (static_cast<double>(rows) * part_of_windows));
  std::uniform_real_distribution<double> chance;
  size_t bytes = 0;
  for (cursor.open(transaction, options.view); cursor.next() && bytes < kMostBytes;) {
    options.breathe();
    if (part_of_windows < 1 && chance(random) >= part_of_windows) continue;
    // Rounded up or down by chance, so that the sum is right.
    double exact = part_of_rows * cursor.size();
    auto wanted = static_cast<size_t>(exact);
    if (chance(random) < exact - std::floor(exact)) ++wanted;
    std::vector<uint32_t> chosen = choose(random, cursor.size(), wanted);
    if (chosen.empty()) continue;
    for (size_t i = 0; i < options.attributes.size(); ++i) {
      const Vector& column = cursor.column(i);
      for (uint32_t row : chosen) {
        Value value = column.value(cursor.selection() == nullptr ? row : cursor.selection()[row]);
        if (!value.is_null) {
          value.datum = copy_datum(value.datum, column.physical(), *out.arena);
          if (column.physical() == PhysicalType::kVarlen) bytes += value.datum.str.size();
        }
        out.columns[i].push_back(value);
      }
    }
  }
  cursor.close();
}

}  // namespace

RowSample sample_rows(const TableDesc& table, Transaction& transaction,
                      const RowSampleOptions& options) {
  RowSample out;
  out.columns.resize(options.attributes.size());
  if (table.columnar != nullptr) {
    sample_columnar(table, transaction, options, out);
  } else {
    sample_ordinary(table, transaction, options, out);
  }
  return out;
}

}  // namespace luma
