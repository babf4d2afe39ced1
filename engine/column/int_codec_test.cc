#include "engine/column/int_codec.h"

#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <vector>

#include "engine/column/alp.h"

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

}  // namespace luma
