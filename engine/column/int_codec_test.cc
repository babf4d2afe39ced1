#include "engine/column/int_codec.h"

#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <vector>

#include "engine/column/alp.h"
#include "engine/column/int_bounds.h"
#include "engine/type/numeric.h"

namespace luma {

namespace {

std::vector<int64_t> read_all(const std::string& bytes) {
  // Streams begin at 8-byte boundaries.
  std::vector<uint64_t> aligned(bytes.size() / 8 + 1);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  IntReader reader({reinterpret_cast<const char*>(aligned.data()), bytes.size()});
  std::vector<int64_t> out, block(kBlockRows);
  for (uint32_t i = 0; i < block_count(reader.size()); ++i) {
    reader.read_block(i, block.data());
    out.insert(out.end(), block.begin(), block.begin() + reader.rows_of_block(i));
  }
  for (size_t i = 0; i < out.size(); i += 97) {
    REQUIRE(reader.value(static_cast<uint32_t>(i)) == out[i]);
  }
  return out;
}

std::vector<std::vector<int64_t>> patterns() {
  std::mt19937_64 random(1);
  std::vector<std::vector<int64_t>> all = {{7}, {INT64_MIN, INT64_MAX}, {INT64_MAX, 0, INT64_MIN}};
  for (uint32_t width = 1; width <= 64; width += width < 30 || width > 34 ? 7 : 1) {
    std::vector<int64_t> values;
    for (size_t i = 0; i < 2 * kBlockRows + 65; ++i) {
      values.push_back(static_cast<int64_t>(random() >> (64 - width)) - 5);
    }
    all.push_back(values);
  }
  std::vector<int64_t> sorted, runs, few;
  for (int64_t i = 0; i < 5000; ++i) {
    sorted.push_back(1'600'000'000'000'000 + i * 1000 + static_cast<int64_t>(random() % 10));
    runs.push_back(i / 700 * 1'000'000'007);
    few.push_back(static_cast<int64_t>(random() % 5) * 1'000'000'000'039);
  }
  all.push_back(sorted);
  all.push_back(runs);
  all.push_back(few);
  return all;
}

}  // namespace

TEST_CASE("integers come back from every encoding") {
  for (const auto& values : patterns()) {
    std::string chosen;
    encode_ints(values, chosen);
    REQUIRE(read_all(chosen) == values);
    for (IntEncoding encoding : {IntEncoding::kPacked, IntEncoding::kDelta, IntEncoding::kRuns,
                                 IntEncoding::kDictionary}) {
      std::string bytes;
      encode_ints_as(encoding, values, bytes);
      REQUIRE(read_all(bytes) == values);
    }
  }
}

TEST_CASE("the encoding follows the data") {
  auto chosen = [](const std::vector<int64_t>& values) {
    std::string bytes;
    encode_ints(values, bytes);
    return static_cast<IntEncoding>(bytes[0]);
  };
  auto all = patterns();
  CHECK(chosen(std::vector<int64_t>(100, 3)) == IntEncoding::kConstant);
  CHECK(chosen(all[all.size() - 3]) == IntEncoding::kDelta);
  CHECK(chosen(all[all.size() - 2]) == IntEncoding::kRuns);
  CHECK(chosen(all[all.size() - 1]) == IntEncoding::kDictionary);
}

TEST_CASE("ALP keeps every bit of floats") {
  std::mt19937_64 random(2);
  std::vector<double> values;
  for (int i = 0; i < 6000; ++i) {
    values.push_back(static_cast<double>(static_cast<int64_t>(random() % 1'000'000)) / 100);
  }
  values[3] = -0.0;
  values[5] = std::numeric_limits<double>::quiet_NaN();
  values[2100] = std::numeric_limits<double>::infinity();
  values[4096] = 1e300;
  values[4097] = std::numeric_limits<double>::denorm_min();
  std::string bytes;
  REQUIRE(encode_alp(std::span<const double>(values), bytes));
  CHECK(bytes.size() < values.size() * 4);
  std::vector<uint64_t> aligned(bytes.size() / 8 + 1);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  AlpReader<double> reader({reinterpret_cast<const char*>(aligned.data()), bytes.size()});
  std::vector<double> block(kBlockRows);
  for (uint32_t i = 0; i < 3; ++i) {
    reader.read_block(i, block.data());
    size_t first = size_t{i} * kBlockRows;
    size_t rows = std::min<size_t>(kBlockRows, values.size() - first);
    REQUIRE(std::memcmp(block.data(), values.data() + first, rows * 8) == 0);
  }
}

TEST_CASE("ranges of encoded integers are those of the integers") {
  std::mt19937_64 random(2);
  for (const auto& values : patterns()) {
    auto pick = [&] {
      // Near one of the values, wrapping.
      return static_cast<int64_t>(static_cast<uint64_t>(values[random() % values.size()]) +
                                  random() % 3 - 1);
    };
    for (IntEncoding encoding : {IntEncoding::kConstant, IntEncoding::kPacked, IntEncoding::kDelta,
                                 IntEncoding::kRuns, IntEncoding::kDictionary}) {
      if (encoding == IntEncoding::kConstant && values.size() > 1) continue;
      std::string bytes;
      encode_ints_as(encoding, values, bytes);
      std::vector<uint64_t> aligned(bytes.size() / 8 + 1);
      std::memcpy(aligned.data(), bytes.data(), bytes.size());
      IntReader reader({reinterpret_cast<const char*>(aligned.data()), bytes.size()});
      std::vector<IntRange> ranges{{INT64_MIN, INT64_MAX}, {1, 0}, {INT64_MIN, 0}, {1, INT64_MAX}};
      for (int i = 0; i < 10; ++i) {
        int64_t a = pick(), b = i % 3 == 0 ? a : pick();
        ranges.push_back({std::min(a, b), std::max(a, b)});
      }
      for (IntRange range : ranges) {
        for (uint32_t block = 0; block < block_count(reader.size()); ++block) {
          const uint32_t rows = reader.rows_of_block(block);
          RowMask mask;
          mask.set_range(1, rows);
          reader.keep_range(block, range, mask);
          uint32_t kept[kBlockRows];
          uint32_t count = mask.list(kept), next = 0;
          for (uint32_t row = 1; row < rows; ++row) {
            const bool found = next < count && kept[next] == row;
            next += found;
            if (range.contains(values[block * kBlockRows + row]) != found) {
              FAIL("row " << row << " encoding " << int(encoding));
            }
          }
          REQUIRE(next == count);
        }
      }
    }
  }
}

TEST_CASE("bounds become ranges of stored integers") {
  using enum ZoneCompare;
  Arena arena;
  const char* bounds[] = {"0",
                          "1.5",
                          "-1.5",
                          "-2",
                          "0.004",
                          "92233720368547758.07",
                          "92233720368547758.08",
                          "-92233720368547758.085",
                          "1e30",
                          "-1e30",
                          "NaN",
                          "Infinity",
                          "-Infinity"};
  const int64_t values[] = {INT64_MIN, -201, -200, -151, -150, -149,
                            0,         1,    149,  150,  151,  INT64_MAX};
  for (const char* text : bounds) {
    Datum bound = numeric_from_text(text, arena);
    for (ZoneCompare compare : {kEqual, kLess, kLessEqual, kGreater, kGreaterEqual}) {
      IntRange range = decimal_range(compare, bound, 2);
      for (int64_t value : values) {
        int order = numeric_compare(numeric_make_small(value, 2), bound);
        bool wanted = compare == kEqual       ? order == 0
                      : compare == kLess      ? order < 0
                      : compare == kLessEqual ? order <= 0
                      : compare == kGreater   ? order > 0
                                              : order >= 0;
        INFO(value << " " << int(compare) << " " << text);
        CHECK((!range.empty() && range.contains(value)) == wanted);
      }
    }
  }
  CHECK(int_range(kLess, -7, 5).greatest == -2);
  CHECK(int_range(kGreaterEqual, -7, 5).least == -1);
  CHECK(int_range(kEqual, -7, 5).empty());
  CHECK(int_range(kLessEqual, 10, 5).greatest == 2);
  CHECK(int_range(kLess, 10, 5).greatest == 1);
  CHECK(int_range(kLess, INT64_MIN).empty());
}

}  // namespace luma
