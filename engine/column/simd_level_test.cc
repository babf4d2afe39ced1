#include "engine/base/simd_level.h"

#include <catch2/catch.hpp>
#include <random>

#include "engine/column/alp.h"
#include "engine/column/bit_pack.h"
#include "engine/column/mask_kernels.h"
#include "engine/column/section.h"

namespace luma {

namespace {

// Runs a test at every level that this machine has.
class EveryLevel {
 public:
  ~EveryLevel() { use_simd_level(simd_levels().back()); }
  template <typename Test>
  void run(Test&& test) {
    for (SimdLevel level : simd_levels()) {
      use_simd_level(level);
      INFO(std::string(simd_level_name(level)));
      test();
    }
  }
};

template <typename T>
void check_unpacked(const std::vector<uint64_t>& packed, uint32_t width, uint32_t rows,
                    const std::vector<uint64_t>& values) {
  std::vector<T> out(kBlockRows);
  unpack_block(reinterpret_cast<const std::byte*>(packed.data()), width, 3, rows, out.data());
  for (uint32_t i = 0; i < rows; ++i) {
    if (out[i] != static_cast<T>(values[i] + 3)) FAIL("width " << width << " row " << i);
  }
}

}  // namespace

TEST_CASE("levels of instructions have names") {
  for (SimdLevel level : simd_levels()) CHECK(simd_level_of(simd_level_name(level)) == level);
  CHECK(!simd_level_of("auto"));
}

TEST_CASE("every level of instructions unpacks the same") {
  EveryLevel().run([] {
    std::mt19937_64 random(7);
    for (uint32_t width = 1; width <= 64; ++width) {
      for (uint32_t rows : {kBlockRows, 77u}) {
        std::vector<uint64_t> values(kBlockRows);
        for (uint32_t i = 0; i < rows; ++i) values[i] = random() >> (64 - width);
        std::vector<uint64_t> packed(packed_size_bytes(width, rows) / 8 + 1);
        pack_block(values.data(), width, rows, reinterpret_cast<std::byte*>(packed.data()));
        check_unpacked<int64_t>(packed, width, rows, values);
        check_unpacked<int32_t>(packed, width, rows, values);
        check_unpacked<int16_t>(packed, width, rows, values);
        check_unpacked<int8_t>(packed, width, rows, values);
      }
    }
  });
}

TEST_CASE("every level of instructions keeps the same rows") {
  EveryLevel().run([] {
    std::mt19937_64 random(8);
    std::vector<uint32_t> narrow(kBlockRows);
    std::vector<uint64_t> wide(kBlockRows);
    for (uint32_t i = 0; i < kBlockRows; ++i) {
      narrow[i] = static_cast<uint32_t>(random() % 30);
      wide[i] = random() % 30 << 40;
    }
    std::vector<uint64_t> mask(kBlockRows / 64, ~uint64_t{0}), wide_mask = mask, flagged = mask;
    keep_range(narrow.data(), kBlockRows, 5, 7, mask.data());
    keep_range(wide.data(), kBlockRows, uint64_t{5} << 40, uint64_t{7} << 40, wide_mask.data());
    std::vector<uint8_t> flags(30, 0);
    for (uint32_t code : {1u, 17u, 29u}) flags[code] = 1;
    keep_flagged(narrow.data(), kBlockRows, flags.data(), flags.size(), flagged.data());
    for (uint32_t i = 0; i < kBlockRows; ++i) {
      auto kept = [&](const std::vector<uint64_t>& m) { return (m[i / 64] >> (i % 64) & 1) != 0; };
      const uint64_t value = wide[i] >> 40;
      const bool good = kept(mask) == (narrow[i] >= 5 && narrow[i] <= 12) &&
                        kept(wide_mask) == (value >= 5 && value <= 12) &&
                        kept(flagged) == (flags[narrow[i]] != 0);
      if (!good) FAIL("row " << i);
    }
    CHECK(greatest_of(narrow.data(), kBlockRows) == 29);
  });
}

TEST_CASE("every level of instructions decodes the same floats") {
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i) values.push_back(i * 7 % 1000 / 100.0);
  std::string bytes;
  REQUIRE(encode_alp(std::span<const double>(values), bytes));
  bytes.resize((bytes.size() + 7) / 8 * 8);
  std::vector<uint64_t> aligned(bytes.size() / 8);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  EveryLevel().run([&] {
    AlpReader<double> reader({reinterpret_cast<const char*>(aligned.data()), bytes.size()});
    std::vector<double> out(kBlockRows);
    for (uint32_t block = 0; block * kBlockRows < values.size(); ++block) {
      reader.read_block(block, out.data());
      for (uint32_t i = block * kBlockRows;
           i < std::min<size_t>(values.size(), (block + 1) * kBlockRows); ++i) {
        if (out[i - block * kBlockRows] != values[i]) FAIL("row " << i);
      }
    }
  });
}

}  // namespace luma
