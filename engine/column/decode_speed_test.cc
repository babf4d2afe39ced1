// Hidden: run with [.speed]. Decoded bytes per second of each encoding, beside memcpy.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <random>

#include "engine/column/column_chunk.h"

namespace luma {

namespace {

template <typename Action>
double gigabytes_per_second(size_t bytes, Action&& action) {
  double best = 0;
  for (int round = 0; round < 15; ++round) {
    auto start = std::chrono::steady_clock::now();
    action();
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(bytes) / took.count() / 1e9);
  }
  return best;
}

constexpr uint32_t kRows = 64 * kBlockRows;

template <typename Make>
void measure(const char* name, ColumnSpec spec, Make&& make) {
  ColumnBuilder builder(spec);
  Vector rows(spec.physical, kBlockRows);
  size_t text_bytes = 0;
  for (uint32_t i = 0; i < kRows; i += kBlockRows) {
    rows.begin_flat();
    for (uint32_t row = 0; row < kBlockRows; ++row) {
      Value value = make(i + row);
      if (spec.physical == PhysicalType::kVarlen) text_bytes += value.datum.str.size();
      rows.set_value(row, value);
    }
    builder.append(rows, 0, kBlockRows);
  }
  std::string bytes;
  auto start = std::chrono::steady_clock::now();
  builder.encode(bytes);
  std::chrono::duration<double> encoding = std::chrono::steady_clock::now() - start;
  std::vector<uint64_t> aligned(bytes.size() / 8 + 1);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  ColumnChunkReader reader({reinterpret_cast<const char*>(aligned.data()), bytes.size()}, spec);
  size_t decoded = size_t{kRows} * physical_size(spec.physical);
  double speed = gigabytes_per_second(decoded, [&] {
    for (uint32_t block = 0; block < kRows / kBlockRows; ++block) {
      rows.begin_flat();
      reader.read_block(block, rows);
    }
  });
  std::printf("%-22s %-22s %7.2f bytes/value  decode %6.2f GB/s  encode %6.1f M values/s\n", name,
              reader.description().c_str(), static_cast<double>(bytes.size()) / kRows, speed,
              kRows / encoding.count() / 1e6);
}

}  // namespace

TEST_CASE("speed of decoding", "[.speed]") {
  std::mt19937_64 random(3);
  std::vector<std::byte> from(64 << 20), to(64 << 20);
  std::printf("%-45s %6.2f GB/s\n", "memcpy of 64 MiB", gigabytes_per_second(from.size(), [&] {
                std::memcpy(to.data(), from.data(), from.size());
              }));
  std::printf("%-45s %6.2f GB/s\n", "memcpy of 16 KiB, cached",
              gigabytes_per_second(from.size(), [&] {
                for (size_t i = 0; i < from.size(); i += 16384) {
                  std::memcpy(to.data(), from.data() + i % 32768, 16384);
                }
              }));
  auto ints = [&](uint64_t mask) {
    return [&random, mask](uint32_t) { return Datum::of_int64(int64_t(random() & mask)); };
  };
  ColumnSpec int64{PhysicalType::kInt64, false}, text{PhysicalType::kVarlen, false};
  measure("int8, 10 bits", int64, ints(1023));
  measure("int8, 40 bits", int64, ints((uint64_t{1} << 40) - 1));
  measure("int8, 64 bits", int64, ints(~uint64_t{0}));
  measure("int4, 17 bits", {PhysicalType::kInt32, false},
          [&](uint32_t) { return Datum::of_int32(int32_t(random() & 0x1FFFF)); });
  measure("timestamps", int64, [&](uint32_t i) {
    return Datum::of_int64(int64_t{700'000'000'000'000} + i * 1'000'000 + int64_t(random() % 1000));
  });
  measure("runs of 100", int64,
          [](uint32_t i) { return Datum::of_int64(int64_t{i / 100} * 1'000'000'007); });
  measure("5 distinct", int64,
          [&](uint32_t) { return Datum::of_int64(int64_t(random() % 5) * 1'000'000'000'039); });
  measure("constant", int64, [](uint32_t) { return Datum::of_int64(7); });
  measure("double, 2 decimals", {PhysicalType::kDouble, false},
          [&](uint32_t) { return Datum::of_double(double(random() % 10'000'000) / 100); });
  measure("double, random", {PhysicalType::kDouble, false}, [&](uint32_t) {
    return Datum::of_double(std::uniform_real_distribution<double>(0, 1)(random));
  });
  Arena arena;
  auto of_text = [&](const std::string& value) {
    return Datum::of_string(StringRef(arena.copy(value)));
  };
  measure("text, 7 distinct", text,
          [&](uint32_t) { return of_text("shipping mode " + std::to_string(random() % 7)); });
  measure("text, comments", text, [&](uint32_t) {
    static const char* kWords[] = {"carefully", "final", "deposits", "sleep", "quickly", "even"};
    std::string value;
    for (int i = 0; i < 5; ++i) value += std::string(kWords[random() % 6]) + " ";
    return of_text(value + std::to_string(random() % 100000));
  });
  measure("text, random", text, [&](uint32_t) {
    std::string value;
    for (int i = 0; i < 20; ++i) value.push_back(char(random()));
    return of_text(value);
  });
}

}  // namespace luma
